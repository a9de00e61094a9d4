/* unwind.c: where the calls on a stack return to, by the unwinder that comes with the compiler (Itanium C++ ABI, "Exception Handling", 1.2).
 * Touches unwind.h. It knows the calling thread's stack only, so for another one it is called on that stack. */
#include <unwind.h>

#include "core/platform.h"

/* What the unwinder, and the dynamic linker that may have to find it first, need on a stack. */
enum { ROOM_ON_STACK = 16384 };

typedef struct walk {
    uintptr_t above;
    uintptr_t *addresses;
    size_t room, count;
} walk;

static _Unwind_Reason_Code visit(struct _Unwind_Context *context, void *arg)
{
    walk *self = arg;
    if ((uintptr_t)_Unwind_GetCFA(context) <= self->above)
        return _URC_NO_REASON;
    uintptr_t address = (uintptr_t)_Unwind_GetIP(context);
    if (address == 0)
        return _URC_END_OF_STACK;
    if (self->count < self->room)
        self->addresses[self->count] = address;
    self->count++;
    return _URC_NO_REASON;
}

size_t eddyi_unwind_here(const void *above, uintptr_t *addresses, size_t room)
{
    walk self = {.above = (uintptr_t)above, .addresses = addresses, .room = room};
    (void)_Unwind_Backtrace(visit, &self);
    return self.count;
}

uintptr_t eddyi_unwind_function(uintptr_t address)
{
    return (uintptr_t)_Unwind_FindEnclosingFunction(
        (void *)(address + 1)); /* it takes what a call returns to */
}

static void unwind_there(void *arg)
{
    (void)_Unwind_Backtrace(visit, arg);
}

size_t eddyi_unwind_context(const eddyi_context *context, const void *low, const void *above,
                            uintptr_t *addresses, size_t room)
{
    uintptr_t top = (uintptr_t)context->stack_pointer;
    walk self = {.above = (uintptr_t)above, .addresses = addresses, .room = room};
    if (!eddyi_context_call_can_be_unwound || top < (uintptr_t)low + ROOM_ON_STACK)
        return 0;
    if (self.above < top)
        self.above = top; /* below that are the unwinder's own */
    return eddyi_context_call(context, unwind_there, &self) ? self.count : 0;
}
