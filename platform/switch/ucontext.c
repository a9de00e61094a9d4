/* ucontext.c: the context switch where there is no assembly: POSIX ucontext (removed from POSIX.1-2008, still everywhere).
 * Touches ucontext.h. Slower by a system call a switch; the saved state lies on the stack of whoever leaves. */
#include <fenv.h>
#include <string.h>
#include <ucontext.h>

#include "core/platform.h"

const char eddyi_context_registers[] = "";
const size_t eddyi_context_room = 2 * sizeof(ucontext_t) + 1024; /* the first frame, and one that left */

typedef struct first_frame {
    ucontext_t state;
    void (*entry)(void *arg);
    void *arg;
} first_frame;

/* makecontext passes ints, so a pointer comes in two halves. */
static void *joined(unsigned high, unsigned low)
{
    return (void *)(((uintptr_t)high << 16 << 16) | (uintptr_t)low);
}

static void make(ucontext_t *state, void (*fn)(unsigned high, unsigned low), void *arg)
{
    uintptr_t address = (uintptr_t)arg;
    makecontext(state, (void (*)(void))fn, 2, (unsigned)(address >> 16 >> 16), (unsigned)address);
}

static void start(unsigned high, unsigned low)
{
    first_frame *frame = joined(high, low);
    (void)fesetenv(FE_DFL_ENV); /* what getcontext took was the leaver's */
    frame->entry(frame->arg);
}

void eddyi_context_enter(eddyi_context *from, void *low, size_t size, void (*entry)(void *arg), void *arg)
{
    eddyi_context new;
    char *top = (char *)low + size - sizeof(first_frame);
    top -= (uintptr_t)top % 64;
    first_frame *frame = (first_frame *)(void *)top;
    (void)getcontext(&frame->state);
    frame->state.uc_stack.ss_sp = low;
    frame->state.uc_stack.ss_size = (size_t)(top - (char *)low);
    frame->state.uc_link = NULL;
    frame->entry = entry;
    frame->arg = arg;
    make(&frame->state, start, frame);
    new.stack_pointer = &frame->state;
    eddyi_context_switch(from, &new);
}

void eddyi_context_switch(eddyi_context *from, const eddyi_context *to)
{
    ucontext_t here;
    from->stack_pointer = &here;
    (void)swapcontext(&here, to->stack_pointer);
}

typedef struct guest {
    void (*fn)(void *arg);
    void *arg;
} guest;

static void call(unsigned high, unsigned low)
{
    guest *self = joined(high, low);
    self->fn(self->arg);
}

/* The frame that holds the saved state is eddyi_context_switch's own, and has little more than that in it. */
bool eddyi_context_call(const eddyi_context *context, void (*fn)(void *arg), void *arg)
{
    enum { REST_OF_FRAME = 1024, BORROWED = 16384 };
    guest self = {fn, arg};
    ucontext_t here, there;
    char *top = (char *)context->stack_pointer - REST_OF_FRAME;
    (void)getcontext(&there);
    there.uc_stack.ss_sp = top - BORROWED; /* only its end counts: what lies below is free too */
    there.uc_stack.ss_size = BORROWED;
    there.uc_link = &here;
    make(&there, call, &self);
    (void)swapcontext(&here, &there);
    return true;
}

const bool eddyi_context_call_can_be_unwound = false;
