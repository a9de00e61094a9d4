/* lifecycle.h: between suspend.c, which owns the switch, and task.c, which owns what a task is.
 * Touches task.h. */
#ifndef EDDYI_LIFECYCLE_H
#define EDDYI_LIFECYCLE_H

#include "core/task/task.h"

void eddyi_task_prepare(eddy_task *task); /* its first switch will enter eddyi_task_run on its own stack */
void eddyi_task_run(eddy_task *task);     /* the body, then all that ends with it */
void eddyi_task_end(eddy_task *task, int result); /* all that ends with the body */
void eddyi_run_deferred(eddy_task *task);

/* A generator's block becomes a task that goes on with what block->context holds. Its step is queued. Needs no memory. */
void eddyi_task_revive(eddy_loop *loop, eddy_task *block);
/* Go on in the same task on the stack below the block `ground`. Returns when somebody switches back to `from`. */
void eddyi_task_change_ground(eddy_task *task, eddy_task *ground, eddyi_context *from,
                              const eddyi_context *to, bool for_ever);
void eddyi_task_arrive(eddy_task *task);           /* on its stack, by its step */
_Noreturn void eddyi_task_depart(eddy_task *task); /* it has ended */

#endif
