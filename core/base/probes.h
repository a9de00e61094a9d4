/* probes.h: the places at which a profiler inside the process, or a tracer outside of it, may look on.
 * Touches nothing. What a tracer sees (USDT) is compiled in where EDDY_USDT is defined, and costs a look at one word while nobody traces. */
#ifndef EDDYI_PROBES_H
#define EDDYI_PROBES_H

#include <stdint.h>

/* clang-format off */
#define EDDYI_PROBE_MAP(X)                                                                                   \
    X(task_created) X(task_switched_in) X(task_switched_out) X(task_ended)                                   \
    X(operation_submitted) X(operation_completed) X(callback_began) X(callback_ended)
/* clang-format on */

enum eddyi_probe {
#define EDDYI_PROBE_ENUM(name) EDDYI_PROBE_##name,
    EDDYI_PROBE_MAP(EDDYI_PROBE_ENUM)
#undef EDDYI_PROBE_ENUM
        EDDYI_PROBES
};

#ifdef EDDY_USDT
/* Counted up by each tracer that watches the probe, from outside. */
#define EDDYI_PROBE_SEMAPHORE(name) extern volatile unsigned short eddy_##name##_semaphore;
EDDYI_PROBE_MAP(EDDYI_PROBE_SEMAPHORE)
#undef EDDYI_PROBE_SEMAPHORE
#define EDDYI_TRACED(name) (eddy_##name##_semaphore != 0)
/* `number`: a task's, or the descriptor of an operation; `value`: a result, or the kind of an operation. */
void eddyi_usdt_tell(enum eddyi_probe probe, const void *loop, uintptr_t what, uint64_t number,
                     int64_t value);
#else
#define EDDYI_TRACED(name) 0
#endif

#endif
