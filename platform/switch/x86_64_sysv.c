/* x86_64_sysv.c: what x86_64_sysv.S says about itself in C.
 * Touches nothing. */
#include "core/platform.h"

const size_t eddyi_context_room = 0;

const bool eddyi_context_call_can_be_unwound = true;
