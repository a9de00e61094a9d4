/* text.h: text that grows while it is written, and names of tasks fit to be shown.
 * Touches memory. What finds no memory is left out and nothing fails. */
#ifndef EDDYI_TEXT_H
#define EDDYI_TEXT_H

#include <stdio.h>

#include "core/task/task.h"

typedef struct eddyi_text {
    const eddy_allocator *allocator;
    char *data; /* NULL: nothing yet */
    size_t size, room;
    bool cut; /* there was no memory for all of it */
} eddyi_text;

static inline void eddyi_text_init(eddyi_text *text, const eddy_allocator *allocator)
{
    *text = (eddyi_text){.allocator = allocator};
}
void eddyi_text_add(eddyi_text *text, const char *format, ...); /* as printf does */
static inline const char *eddyi_text_get(const eddyi_text *text)
{
    return text->data != NULL ? text->data : "";
}
void eddyi_text_free(eddyi_text *text);
int eddyi_text_put(eddyi_text *text, int rc,
                   FILE *file); /* writes it, if rc is 0, and frees it: rc, or EDDY_EIO */

/* A number's digits, as a signal handler may write them too. */
enum { EDDYI_DIGITS = 21 };
const char *eddyi_digits(uint64_t number, unsigned base, char digits[EDDYI_DIGITS]);

/* I5: a task's name between quotes, one line however hostile it is, at most so long; as a literal of C would be written. */
enum { EDDYI_LABEL_SIZE = 96 };
/* Signal-safe. */
const char *eddyi_task_label(const eddy_task *task, char label[EDDYI_LABEL_SIZE]);
/* The same for what is no task: "Future 0x55...". */
const char *eddyi_future_label(const eddy_future *future, char label[EDDYI_LABEL_SIZE]);

#endif
