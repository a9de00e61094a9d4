/* unwind.c: where the calls on a stack return to, by the tables that every function has here ("x64 exception handling").
 * Touches RtlVirtualUnwind, which takes registers from wherever they are: another stack needs not be stood on. */
#include "core/platform.h"
#include "platform/windows/stack.h"
#include "platform/windows/system.h"

#if defined(_M_X64) || defined(__x86_64__)

/* Goes on to the caller; the registers are its then. */
static void step(CONTEXT *registers)
{
    DWORD64 base, frame;
    void *data;
    RUNTIME_FUNCTION *function = RtlLookupFunctionEntry(registers->Rip, &base, NULL);
    if (function != NULL) {
        (void)RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, registers->Rip, function, registers, &data, &frame,
                               NULL);
    } else { /* it calls nobody and saves nothing */
        registers->Rip = *(const DWORD64 *)(uintptr_t)registers->Rsp;
        registers->Rsp += sizeof(DWORD64);
    }
}

static size_t walk(CONTEXT *registers, const void *above, uintptr_t *addresses, size_t room)
{
    size_t count = 0;
    while (registers->Rip != 0) {
        uintptr_t address = (uintptr_t)registers->Rip;
        step(registers);
        if ((uintptr_t)registers->Rsp <= (uintptr_t)above)
            continue;
        if (count < room)
            addresses[count] = address;
        count++;
    }
    return count;
}

size_t eddyi_unwind_here(const void *above, uintptr_t *addresses, size_t room)
{
    CONTEXT registers;
    RtlCaptureContext(&registers);
    return walk(&registers, above, addresses, room);
}

size_t eddyi_unwind_context(const eddyi_context *context, const void *low, const void *above,
                            uintptr_t *addresses, size_t room)
{
    CONTEXT registers = {0};
    (void)low;
    eddyi_context_read(context, &registers);
    return walk(&registers, above, addresses, room);
}

uintptr_t eddyi_unwind_function(uintptr_t address)
{
    DWORD64 base;
    const RUNTIME_FUNCTION *function = RtlLookupFunctionEntry(address, &base, NULL);
    return function != NULL ? (uintptr_t)(base + function->BeginAddress) : 0;
}

#else

size_t eddyi_unwind_here(const void *above, uintptr_t *addresses, size_t room)
{
    (void)above;
    (void)addresses;
    (void)room;
    return 0;
}

size_t eddyi_unwind_context(const eddyi_context *context, const void *low, const void *above,
                            uintptr_t *addresses, size_t room)
{
    (void)context;
    (void)low;
    return eddyi_unwind_here(above, addresses, room);
}

uintptr_t eddyi_unwind_function(uintptr_t address)
{
    (void)address;
    return 0;
}

#endif
