/* text.c: growing texts.
 * Touches memory alone. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(text *out, size_t more)
{
    if (out->failed)
        return false;
    if (out->room - out->size > more)
        return true;
    size_t room = 2 * out->room + more + 1;
    char *data = realloc(out->data, room);
    out->failed = data == NULL;
    if (out->failed)
        return false;
    out->data = data;
    out->room = room;
    return true;
}

void text_add(text *out, const char *data, size_t size)
{
    if (!make_room(out, size))
        return;
    memcpy(out->data + out->size, data, size);
    out->size += size;
    out->data[out->size] = '\0';
}

void text_add_string(text *out, const char *string)
{
    text_add(out, string, strlen(string));
}

void text_format(text *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0 || !make_room(out, (size_t)size))
        return;
    va_start(arguments, format);
    (void)vsnprintf(out->data + out->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    out->size += (size_t)size;
}

const char *text_string(const text *from)
{
    return from->data != NULL ? from->data : "";
}

void text_clear(text *out)
{
    out->size = 0;
    if (out->data != NULL)
        out->data[0] = '\0';
}

void text_free(text *out)
{
    free(out->data);
    *out = (text){0};
}
