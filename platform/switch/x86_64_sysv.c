/* x86_64_sysv.c: the first frame of a context for x86_64_sysv.S, which says how it is laid out.
 * Touches the new stack only. */
#include "core/platform.h"

void eddyi_context_start(void);

const size_t eddyi_context_room = 0;

enum { MXCSR_DEFAULT = 0x1f80, X87_CONTROL_DEFAULT = 0x037f };

/* Upwards from the saved stack pointer. */
typedef struct first_frame {
    uint32_t mxcsr;
    uint16_t x87_control, padding;
    uintptr_t r15, r14, r13, r12, rbx, rbp, start;
} first_frame;

void eddyi_context_make(eddyi_context *context, void *low, size_t size, void (*entry)(void *arg), void *arg)
{
    /* When `start` has been returned to, the stack pointer is a multiple of 16, as the call in it wants. */
    char *top = (char *)low + size;
    top -= (uintptr_t)top % 16;
    first_frame *frame = (first_frame *)(void *)(top - sizeof *frame);
    frame->mxcsr = MXCSR_DEFAULT;
    frame->x87_control = X87_CONTROL_DEFAULT;
    frame->r13 = (uintptr_t)entry;
    frame->r12 = (uintptr_t)arg;
    frame->rbp = 0; /* where chains of frame pointers end */
    frame->start = (uintptr_t)eddyi_context_start;
    context->stack_pointer = frame;
}
