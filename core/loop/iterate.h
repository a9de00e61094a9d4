/* iterate.h: one turn of the loop.
 * Touches loop.h. Order inside a turn is asyncio's: what was ready, then I/O, then timers, and exactly that runs. */
#ifndef EDDYI_ITERATE_H
#define EDDYI_ITERATE_H

#include "core/loop/loop.h"

/* Wait until `limit` at the latest, and make a batch of what is ready. */
void eddyi_iteration_begin(eddy_loop *loop, uint64_t limit);
/* Run the batch. Returns how many nodes ran on the loop's own stack or were switched to from it. */
int eddyi_iteration_run(eddy_loop *loop);
/* The next node of the batch if it is a task's step, beginning a new batch in place where that is allowed; NULL: the loop's own
 * stack must go on. */
eddyi_node *eddyi_next_step(eddy_loop *loop);

#endif
