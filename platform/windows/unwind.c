/* unwind.c: where the calls on a stack return to, by the tables that the system keeps of every function ("x64 exception handling").
 * Touches those tables, and the layout in which eddyi_context_switch of x86_64_win64.S leaves a stack: so nothing has to run there. */
#include "core/platform.h"
#include "platform/windows/system.h"

/* Upwards from a context's stack pointer, behind what SAVED of x86_64_win64.S stands for. */
typedef struct saved_registers {
    unsigned char below[200];
    DWORD64 r15, r14, r13, r12, rsi, rdi, rbx, rbp;
    DWORD64 return_address;
} saved_registers;

/* From the frame that `context` is in, outwards. */
static size_t walk(CONTEXT *context, const void *above, uintptr_t *addresses, size_t room)
{
    size_t count = 0;
    while (context->Rip != 0) {
        DWORD64 base, frame, stack = context->Rsp;
        void *handler;
        if (stack > (uintptr_t)above) {
            if (count < room)
                addresses[count] = (uintptr_t)context->Rip;
            count++;
        }
        RUNTIME_FUNCTION *function = RtlLookupFunctionEntry(context->Rip, &base, NULL);
        if (function == NULL)
            break; /* nobody wrote down how to leave it */
        (void)RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, context->Rip, function, context, &handler, &frame,
                               NULL);
        if (context->Rsp <= stack)
            break;
    }
    return count;
}

size_t eddyi_unwind_here(const void *above, uintptr_t *addresses, size_t room)
{
    CONTEXT context;
    RtlCaptureContext(&context);
    return walk(&context, above, addresses, room);
}

size_t eddyi_unwind_context(const eddyi_context *context, const void *low, const void *above,
                            uintptr_t *addresses, size_t room)
{
    const saved_registers *saved = context->stack_pointer;
    CONTEXT there = {.ContextFlags = CONTEXT_FULL,
                     .Rip = saved->return_address,
                     .Rsp = (uintptr_t)(saved + 1),
                     .Rbp = saved->rbp,
                     .Rbx = saved->rbx,
                     .Rdi = saved->rdi,
                     .Rsi = saved->rsi,
                     .R12 = saved->r12,
                     .R13 = saved->r13,
                     .R14 = saved->r14,
                     .R15 = saved->r15};
    (void)low;
    return walk(&there, above, addresses, room);
}

uintptr_t eddyi_unwind_function(uintptr_t address)
{
    DWORD64 base;
    const RUNTIME_FUNCTION *function = RtlLookupFunctionEntry(address, &base, NULL);
    return function != NULL ? (uintptr_t)(base + function->BeginAddress) : 0;
}
