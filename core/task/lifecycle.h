/* lifecycle.h: between suspend.c, which owns the switch, and task.c, which owns what a task is.
 * Touches task.h. */
#ifndef EDDYI_LIFECYCLE_H
#define EDDYI_LIFECYCLE_H

#include "core/task/task.h"

/* asyncio E1: its first step, inside the caller, which goes on when the task first suspends or has ended (and then may be gone). */
void eddyi_task_begin(eddy_task *task);
void eddyi_task_run(eddy_task *task); /* the body, then all that ends with it */

#endif
