/* unwind.c: where the calls on a stack return to, by the tables that the system keeps of every function ("x64 exception handling").
 * Touches those tables, which take registers from wherever they are: nothing has to run on the stack that is looked at. */
#include "core/platform.h"
#include "platform/windows/stack.h"
#include "platform/windows/system.h"

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
    CONTEXT there = {0};
    eddyi_context_read(context, &there);
    (void)low;
    return walk(&there, above, addresses, room);
}

uintptr_t eddyi_unwind_function(uintptr_t address)
{
    DWORD64 base;
    const RUNTIME_FUNCTION *function = RtlLookupFunctionEntry(address, &base, NULL);
    return function != NULL ? (uintptr_t)(base + function->BeginAddress) : 0;
}
