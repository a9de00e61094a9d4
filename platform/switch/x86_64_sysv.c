/* x86_64_sysv.c: the first frame of a context for x86_64_sysv.S, which says how it is laid out.
 * Touches the new stack only. */
#include <string.h>

#include "core/platform.h"

void eddyi_context_start(void);

const size_t eddyi_context_room = 0;

enum { MXCSR_DEFAULT = 0x1f80, X87_CONTROL_DEFAULT = 0x037f };

void eddyi_context_make(eddyi_context *context, void *low, size_t size, void (*entry)(void *arg), void *arg)
{
    struct frame {
        uint32_t mxcsr, x87_control;
        uintptr_t r15, r14, r13, r12, rbx, rbp, start;
    } frame = {.mxcsr = MXCSR_DEFAULT,
               .x87_control = X87_CONTROL_DEFAULT,
               .r13 = (uintptr_t)entry,
               .r12 = (uintptr_t)arg,
               .start = (uintptr_t)eddyi_context_start};
    /* When `start` has been returned to, the stack pointer is a multiple of 16, as the call in it wants. */
    char *top = (char *)low + size;
    top -= (uintptr_t)top % 16;
    top -= sizeof frame;
    memcpy(top, &frame, sizeof frame);
    context->stack_pointer = top;
}
