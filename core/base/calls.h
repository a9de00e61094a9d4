/* calls.h: counting, and how often each system call was made, for whoever counts in this thread: the loop that runs in it.
 * Touches a pointer of the thread. EDDYI_CALL counts before it calls; a call that is made without it counts by itself, where it matters. */
#ifndef EDDYI_CALLS_H
#define EDDYI_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/inject.h"

/* Off in one library only, which is never installed: the one that bench/costs compares with. */
#ifdef EDDY_NO_METRICS
enum { EDDYI_METRICS = 0 };
#else
enum { EDDYI_METRICS = 1 };
#endif

static inline void eddyi_count(uint64_t *counter, uint64_t by)
{
    if (EDDYI_METRICS)
        *counter += by;
}

extern _Thread_local uint64_t
    *eddyi_calls_counted; /* one for each enum eddyi_inject_call; NULL: nobody counts */

static inline void eddyi_calls_count(enum eddyi_inject_call call)
{
    uint64_t *counts = EDDYI_METRICS ? eddyi_calls_counted : NULL;
    if (counts != NULL)
        counts[call]++;
}

const char *eddyi_call_name(enum eddyi_inject_call call);

#endif
