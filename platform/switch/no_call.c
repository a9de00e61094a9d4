/* no_call.c: where nobody has written down how to call a function on the stack of a context that was left.
 * Touches nothing. */
#include "core/platform.h"

bool eddyi_context_call(const eddyi_context *context, void (*fn)(void *arg), void *arg)
{
    (void)context;
    (void)fn;
    (void)arg;
    return false;
}

const bool eddyi_context_call_can_be_unwound = false;
