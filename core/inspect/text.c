/* text.c: text that grows, and labels.
 * Touches memory. A label holds no control character, no quote that would end it, and no broken UTF-8. */
#include "core/inspect/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/memory.h"

enum { FIRST_ROOM = 512, LABEL_LONGEST = 64 };

static bool make_room(eddyi_text *text, size_t more)
{
    size_t wanted;
    if (!eddyi_add(&wanted, text->size, more + 1))
        return false;
    if (wanted <= text->room)
        return true;
    size_t room = text->room != 0 ? text->room : FIRST_ROOM;
    while (room < wanted)
        if (!eddyi_multiply(&room, room, 2))
            return false;
    char *data = eddyi_reallocate(text->allocator, text->data, room);
    if (data == NULL)
        return false;
    text->data = data;
    text->room = room;
    return true;
}

void eddyi_text_add(eddyi_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (text->cut || length < 0 || !make_room(text, (size_t)length)) {
        text->cut = true;
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(text->data + text->size, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->size += (size_t)length;
}

void eddyi_text_free(eddyi_text *text)
{
    eddyi_release(text->allocator, text->data);
    text->data = NULL;
    text->size = text->room = 0;
}

int eddyi_text_put(eddyi_text *text, int rc, FILE *file)
{
    if (rc == 0 && (fputs(eddyi_text_get(text), file) == EOF || fflush(file) == EOF))
        rc = EDDY_EIO;
    eddyi_text_free(text);
    return rc;
}

/* ---- labels ---- */

/* How many bytes of UTF-8 begin here that may be shown as they are; 0: this byte may not. (RFC 3629; no C1 controls.) */
static size_t showable(const unsigned char *at)
{
    size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0x80)
        return at[0] >= 0x20 && at[0] != 0x7f && at[0] != '\'' && at[0] != '\\' ? 1 : 0;
    if (at[0] < 0xc2 || at[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool beyond = (at[0] == 0xed && at[1] >= 0xa0) || (at[0] == 0xf4 && at[1] >= 0x90);
    bool control = at[0] == 0xc2 && at[1] < 0xa0;
    return overlong || beyond || control ? 0 : length;
}

const char *eddyi_digits(uint64_t number, unsigned base, char digits[EDDYI_DIGITS])
{
    char *at = digits + EDDYI_DIGITS - 1;
    *at = '\0';
    do
        *--at = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    return at;
}

static void escape(const char *name, char label[EDDYI_LABEL_SIZE])
{
    const unsigned char *from = (const unsigned char *)name;
    size_t size = 0;
    label[size++] = '\'';
    while (*from != 0) {
        size_t length = showable(from);
        if (size + (length != 0 ? length : 4) > LABEL_LONGEST) {
            memcpy(label + size, "...", 3);
            size += 3;
            break;
        }
        if (length == 0) {
            label[size++] = '\\';
            label[size++] = 'x';
            label[size++] = "0123456789abcdef"[*from >> 4];
            label[size++] = "0123456789abcdef"[*from & 15];
            from++;
            continue;
        }
        memcpy(label + size, from, length);
        size += length;
        from += length;
    }
    label[size++] = '\'';
    label[size] = '\0';
}

const char *eddyi_task_label(const eddy_task *task, char label[EDDYI_LABEL_SIZE])
{
    char number[32] = "Task-", digits[EDDYI_DIGITS];
    const char *id = eddyi_digits(task->id, 10, digits);
    memcpy(number + strlen(number), id, strlen(id) + 1);
    escape(task->name != NULL ? task->name : number, label);
    return label;
}

const char *eddyi_future_label(const eddy_future *future, char label[EDDYI_LABEL_SIZE])
{
    if (eddyi_future_is_task(future))
        return eddyi_task_label((const eddy_task *)future, label);
    (void)snprintf(label, EDDYI_LABEL_SIZE, "%s 0x%" PRIxPTR, future->kind->name, (uintptr_t)future);
    return label;
}
