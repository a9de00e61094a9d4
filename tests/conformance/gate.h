/* gate.h: a gate at which threads wait, for tests that must know where a thread is: never time.
 * Touches seam 2's locks. A gate that nobody opens lets everybody through after a while, and says so. */
#ifndef GATE_H
#define GATE_H

#include <stdatomic.h>

#include "support/support.h"
#include "core/platform.h"

typedef struct gate {
    eddyi_mutex mutex;
    eddyi_condition changed;
    int arrived;    /* calls of gate_pass */
    int wanted;     /* open once so many have arrived */
    int passed;     /* calls that are through */
    bool stuck;     /* somebody gave up waiting: the test has failed */
    int result;     /* what gate_pass returns */
    int released;   /* calls of gate_release */
    uintptr_t last; /* the thread that arrived last */
} gate;

void gate_init(gate *self, int wanted);
void gate_free(gate *self); /* fails the test when it was stuck */
void gate_open(gate *self);
int gate_pass(void *self);     /* for run_in_executor and to_thread: waits until it is open */
void gate_release(void *self); /* a release of options */
int gate_arrived(gate *self);
int gate_passed(gate *self);
int gate_released(gate *self);
void gate_await_arrivals(gate *self, int count);      /* in a task: gives way until so many arrived */
void gate_await_released(gate *self, int count);      /* in a task */
void gate_block_until_arrived(gate *self, int count); /* in a plain thread */
void gate_block_until_released(gate *self, int count);
/* With no loop left: until eddy's memory is as before. */
void gate_block_until_blocks(long blocks);

#endif
