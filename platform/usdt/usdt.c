/* usdt.c: the probes as static tracepoints: a place that a tracer finds by its note in the file, and a word by which it says that it watches.
 * Touches <sys/sdt.h>, macros only. All have the same four arguments: the loop, what it is about, a number, a value. */
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

#include "core/base/probes.h"

#define SEMAPHORE(name)                                                                                      \
    __attribute__((section(".probes"), used,                                                                 \
                   visibility("hidden"))) volatile unsigned short eddy_##name##_semaphore;
EDDYI_PROBE_MAP(SEMAPHORE)

void eddyi_usdt_tell(enum eddyi_probe probe, const void *loop, uintptr_t what, uint64_t number, int64_t value)
{
    switch (probe) {
#define TELL(name)                                                                                           \
    case EDDYI_PROBE_##name:                                                                                 \
        STAP_PROBE4(eddy, name, loop, what, number, value);                                                  \
        break;
        EDDYI_PROBE_MAP(TELL)
    case EDDYI_PROBES:
        break;
    }
}
