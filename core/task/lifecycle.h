/* lifecycle.h: between suspend.c, which owns the switch, and task.c, which owns what a task is.
 * Touches task.h. */
#ifndef EDDYI_LIFECYCLE_H
#define EDDYI_LIFECYCLE_H

#include "core/task/task.h"

/* asyncio E1: its first step, inside the caller, which goes on when the task first suspends or has ended (and then may be gone). */
void eddyi_task_begin(eddy_task *task);
void eddyi_task_run(eddy_task *task);             /* the body, then all that ends with it */
void eddyi_task_end(eddy_task *task, int result); /* all that ends with the body */
/* What was deferred on that stack; NULL: nothing. */
void eddyi_run_deferred(eddy_loop *loop, struct eddyi_stack *stack);

/* A generator's block, which has its stack, becomes a task that goes on with what block->context holds; `fn` is what it tells of itself.
 * Its step is queued. Needs no memory. */
void eddyi_task_revive(eddy_loop *loop, eddy_task *block, eddy_coro_fn fn);
/* Go on in the same task on another stack: at its beginning, or with what `to` holds. Both return when somebody switches back to
 * `from`. */
void eddyi_task_enter_stack(eddy_task *task, struct eddyi_stack *stack, eddyi_context *from,
                            void (*entry)(void *arg), void *arg);
void eddyi_task_change_stack(eddy_task *task, struct eddyi_stack *stack, eddyi_context *from,
                             const eddyi_context *to, bool for_ever);
void eddyi_task_arrive(eddy_task *task); /* on its stack, by its step */
void eddyi_task_depart(eddy_task *task); /* it has ended: does not return */

#endif
