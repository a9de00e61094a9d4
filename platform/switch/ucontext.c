/* ucontext.c: the context switch where there is no assembly: POSIX ucontext (removed from POSIX.1-2008, still everywhere).
 * Touches ucontext.h. Slower by a system call a switch; the saved state lies on the stack of whoever leaves. */
#include <fenv.h>
#include <string.h>
#include <ucontext.h>

#include "core/platform.h"

const size_t eddyi_context_room = 2 * sizeof(ucontext_t) + 1024; /* the first frame, and one that left */

typedef struct first_frame {
    ucontext_t state;
    void (*entry)(void *arg);
    void *arg;
} first_frame;

/* makecontext passes ints, so the pointer comes in two halves. */
static void start(unsigned high, unsigned low)
{
    uintptr_t address = ((uintptr_t)high << 16 << 16) | (uintptr_t)low;
    first_frame *frame = (first_frame *)address;
    (void)fesetenv(FE_DFL_ENV); /* what getcontext took was the leaver's */
    frame->entry(frame->arg);
}

void eddyi_context_enter(eddyi_context *from, void *low, size_t size, void (*entry)(void *arg), void *arg)
{
    eddyi_context new;
    char *top = (char *)low + size - sizeof(first_frame);
    top -= (uintptr_t)top % 64;
    first_frame *frame = (first_frame *)(void *)top;
    uintptr_t address = (uintptr_t)frame;
    (void)getcontext(&frame->state);
    frame->state.uc_stack.ss_sp = low;
    frame->state.uc_stack.ss_size = (size_t)(top - (char *)low);
    frame->state.uc_link = NULL;
    frame->entry = entry;
    frame->arg = arg;
    makecontext(&frame->state, (void (*)(void))start, 2, (unsigned)(address >> 16 >> 16), (unsigned)address);
    new.stack_pointer = &frame->state;
    eddyi_context_switch(from, &new);
}

void eddyi_context_switch(eddyi_context *from, const eddyi_context *to)
{
    ucontext_t here;
    from->stack_pointer = &here;
    (void)swapcontext(&here, to->stack_pointer);
}
