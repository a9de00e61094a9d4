/* x86_64_win64.c: entering a new stack for x86_64_win64.S, which says how a stack's top is laid out.
 * Touches the new stack only. The limit in the top is believed only where it can be true: other code's memory may hold an old one. */
#include "core/platform.h"
#include "platform/windows/stack.h"

/* The top of every stack, upwards. */
typedef struct stack_top {
    uint64_t shadow[4]; /* of what `entry` is called from */
    uint64_t no_caller; /* 0: where unwinding ends */
    uint64_t unused;
    void *limit;      /* of the pages that can be used, as the switch last saw it */
    const void *mark; /* eddyi_context_end: this is one of our stacks */
} stack_top;

void eddyi_context_end(void);
void eddyi_context_begin(eddyi_context *from, stack_top *top, void *low, void (*entry)(void *arg), void *arg);

const char eddyi_context_registers[] =
    "r15@200 r14@208 r13@216 r12@224 rsi@232 rdi@240 rbx@248 rbp@256 rip@264 rsp=272";
const size_t eddyi_context_room = 512 + EDDYI_STACK_LOST; /* vector registers are kept too */

_Static_assert(sizeof(stack_top) == 64, "as x86_64_win64.S lays it out");

static stack_top *top_of(void *low, size_t size)
{
    return (stack_top *)(((uintptr_t)low + size) / 16 * 16 - sizeof(stack_top));
}

static const void *mark(void)
{
    return (const void *)(uintptr_t)&eddyi_context_end;
}

void eddyi_context_set_limit(void *low, size_t size, void *limit)
{
    stack_top *top = top_of(low, size);
    top->limit = limit;
    top->mark = mark();
}

void eddyi_context_enter(eddyi_context *from, void *low, size_t size, void (*entry)(void *arg), void *arg)
{
    stack_top *top = top_of(low, size);
    if (top->mark != mark() || (uintptr_t)top->limit < (uintptr_t)low ||
        (uintptr_t)top->limit > (uintptr_t)top)
        top->limit =
            (char *)low + eddyi_pages_untouched(low, size); /* not kept: somebody cleared the stack */
    top->mark = mark();
    top->no_caller = 0;
    eddyi_context_begin(from, top, low, entry, arg);
}

void eddyi_context_read(const eddyi_context *context, CONTEXT *registers)
{
    const struct saved {
        uint64_t vectors[20], control, stack[3], air;
        uint64_t r15, r14, r13, r12, rsi, rdi, rbx, rbp, address;
    } *saved = context->stack_pointer;
    registers->R15 = saved->r15;
    registers->R14 = saved->r14;
    registers->R13 = saved->r13;
    registers->R12 = saved->r12;
    registers->Rsi = saved->rsi;
    registers->Rdi = saved->rdi;
    registers->Rbx = saved->rbx;
    registers->Rbp = saved->rbp;
    registers->Rip = saved->address;
    registers->Rsp = (uintptr_t)(saved + 1);
}
