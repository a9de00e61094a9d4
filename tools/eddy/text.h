/* text.h: a text that grows.
 * Touches memory. What could not be added is missing from there on, and `failed` says so once for all of it. */
#ifndef EDDY_TOOL_TEXT_H
#define EDDY_TOOL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is an empty text. */
typedef struct text {
    char *data; /* ends with a zero byte; NULL while nothing was added */
    size_t size;
    size_t room;
    bool failed; /* memory ran out */
} text;

void text_add(text *out, const char *data, size_t size);
void text_add_string(text *out, const char *string);
void text_format(text *out, const char *format, ...);
const char *text_string(const text *from); /* never NULL */
void text_clear(text *out);                /* empty again; its memory stays */
void text_free(text *out);

#endif
