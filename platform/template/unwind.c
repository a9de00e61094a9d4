/* unwind.c: the frames of a stack, for the inside view.
 * Touches an unwinder. No frames is a full answer: then call graphs name the tasks without their frames. */
#include "core/platform.h"

size_t eddyi_unwind_here(const void *above, uintptr_t *addresses, size_t room)
{
    (void)
        above; /* Fill in: return addresses of the calling thread, innermost first, of frames above this address */
    (void)addresses;
    (void)room;
    return 0;
}

size_t eddyi_unwind_context(const eddyi_context *context, const void *low, const void *above,
                            uintptr_t *addresses, size_t room)
{
    (void)context; /* Fill in: the same for a stack that was left; eddyi_context_call runs a function on it */
    (void)low;
    (void)above;
    (void)addresses;
    (void)room;
    return 0;
}

uintptr_t eddyi_unwind_function(uintptr_t address)
{
    (void)address; /* Fill in: where the function that this is in begins */
    return 0;
}
