/* metrics.h: what a loop counts of itself.
 * Touches nothing but itself. Of the loop's thread, plain counters: what can be told from what is there anyway is not counted again. */
#ifndef EDDYI_METRICS_H
#define EDDYI_METRICS_H

#include "core/base/calls.h"

typedef struct eddyi_metrics {
    uint64_t run_by_loop;   /* nodes of the ready queue that the loop's own stack ran */
    uint64_t steps_by_loop; /* those of them that were steps of tasks */
    uint64_t eager_steps;   /* first steps that never stood in the ready queue */
    uint64_t nodes;         /* all that ran until the steps were last granted */
    int32_t granted;        /* how many were granted then: what loop->steps_to_poll was */
    uint64_t ids_taken;     /* numbers for tasks, used or not */
    uint64_t operations, polls, events;
    uint64_t busy_last_ns, busy_max_ns, busy_ns, idle_ns;
    uint64_t calls[EDDYI_INJECT_CALLS];
} eddyi_metrics;

#endif
