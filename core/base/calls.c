/* calls.c: the names of the system calls, and who counts them in this thread.
 * Touches inject.h, which lists them. */
#include "core/base/calls.h"

_Thread_local uint64_t *eddyi_calls_counted;

static const char *const names[EDDYI_INJECT_CALLS] = {
#define EDDYI_INJECT_NAME(name) #name,
    EDDYI_INJECT_MAP(EDDYI_INJECT_NAME)
#undef EDDYI_INJECT_NAME
};

const char *eddyi_call_name(enum eddyi_inject_call call)
{
    return (unsigned)call < EDDYI_INJECT_CALLS ? names[call] : "?";
}
