/* label.c: names of another process made fit to be shown.
 * Touches nothing. What comes out holds no control character, no quote and no broken UTF-8. */
#include "snapshot.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST = 64 };

/* How many bytes of UTF-8 may be shown as they are; 0: this one may not. (RFC 3629; no C1 controls.) */
static size_t showable(const unsigned char *at, size_t left)
{
    size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0x80)
        return at[0] >= 0x20 && at[0] != 0x7f && at[0] != '\'' && at[0] != '\\' ? 1 : 0;
    if (at[0] < 0xc2 || at[0] > 0xf4 || left < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool beyond = (at[0] == 0xed && at[1] >= 0xa0) || (at[0] == 0xf4 && at[1] >= 0x90);
    bool control = at[0] == 0xc2 && at[1] < 0xa0;
    return overlong || beyond || control ? 0 : length;
}

void label_make(char label[LABEL_SIZE], const char *name, size_t size)
{
    const unsigned char *from = (const unsigned char *)name;
    const char *end = memchr(name, 0, size);
    size_t left = end != NULL ? (size_t)(end - name) : size, written = 0;
    while (left > 0) {
        size_t length = showable(from, left);
        size_t taken = length != 0 ? length : 1;
        if (written + (length != 0 ? length : 4) > LONGEST) {
            memcpy(label + written, "...", 3);
            written += 3;
            break;
        }
        if (length != 0)
            memcpy(label + written, from, length);
        else
            (void)snprintf(label + written, 5, "\\x%02x", *from);
        written += length != 0 ? length : 4;
        from += taken;
        left -= taken;
    }
    label[written] = '\0';
}
