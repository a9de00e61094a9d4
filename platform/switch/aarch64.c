/* aarch64.c: the first frame of a context for aarch64.S, which says how it is laid out.
 * Touches the new stack only. */
#include <string.h>

#include "core/platform.h"

void eddyi_context_start(void);

const char eddyi_context_registers[] =
    "x19@0 x20@8 x21@16 x22@24 x23@32 x24@40 x25@48 x26@56 x27@64 x28@72 x29@80 pc@88 sp=176";
const size_t eddyi_context_room = 0;

void eddyi_context_enter(eddyi_context *from, void *low, size_t size, void (*entry)(void *arg), void *arg)
{
    eddyi_context new;
    struct frame {
        uint64_t x19, x20, x21_to_x28[8], x29, x30, d8_to_d15[8], fpcr, padding;
    } frame = {.x19 = (uint64_t)(uintptr_t)arg,
               .x20 = (uint64_t)(uintptr_t)entry,
               .x30 = (uint64_t)(uintptr_t)eddyi_context_start};
    _Static_assert(sizeof frame == 176, "as aarch64.S lays it out");
    char *top = (char *)low + size;
    top -= (uintptr_t)top % 16;
    top -= sizeof frame;
    memcpy(top, &frame, sizeof frame);
    new.stack_pointer = top;
    eddyi_context_switch(from, &new);
}

const bool eddyi_context_call_can_be_unwound = true;
