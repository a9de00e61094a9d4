/* scope.h: timeouts and task groups: asyncio's `async with` blocks as enter/exit pairs.
 * exit takes the body's result and returns what the whole block returns; it is legal after a failed enter. */
#ifndef EDDY_SCOPE_H
#define EDDY_SCOPE_H

#include <eddy/config.h>
#include <eddy/error.h>
#include <eddy/task.h>

EDDY_BEGIN

/* Both are yours, anywhere, and hold no more than a number: what is linked lives in the task. */
typedef struct eddy_timeout {
    uint64_t reserved[4];
} eddy_timeout;

typedef struct eddy_task_group {
    uint64_t reserved[4];
} eddy_task_group;

/**
 * Begin a block that may last that long: past it the task is cancelled, and exit turns that into EDDY_ETIMEDOUT.
 *
 * asyncio   timeout, Timeout.__aenter__
 * takes     seconds: infinity for no limit; <= 0 fires at the next suspension
 * errors    EDDY_ENOTASK · EDDY_ENOMEM · EDDY_EINVAL NaN · EDDY_EINVALIDSTATE entered already.
 *           A failed block is cancelled at its next await, and exit returns the error
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_timeout_enter(eddy_timeout *timeout, double seconds);

/**
 * The same with an absolute time of eddy_loop_time.
 *
 * asyncio   timeout_at
 * errors    as eddy_timeout_enter
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_timeout_enter_at(eddy_timeout *timeout, double when);

/**
 * End the block. An outside cancel always wins; an error that is not a cancel passes on.
 *
 * asyncio   Timeout.__aexit__
 * takes     body_result: what the body came to
 * returns   body_result, or the errors
 * errors    EDDY_ETIMEDOUT the cancel was this block's · the error of a failed enter · EDDY_EINVALIDSTATE never entered
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_timeout_exit(eddy_timeout *timeout, int body_result);

/**
 * Move the deadline. Any task of the loop may.
 *
 * asyncio   Timeout.reschedule
 * takes     when: a time of eddy_loop_time, infinity for never
 * errors    EDDY_EINVALIDSTATE not entered, expired or over · EDDY_EINVAL NaN
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_timeout_reschedule(eddy_timeout *timeout, double when);

/**
 * The deadline; infinity when there is none. Stays readable afterwards.
 *
 * asyncio   Timeout.when
 * thread    the loop's
 * since     0.1
 */
EDDY_API double eddy_timeout_when(const eddy_timeout *timeout);

/**
 * True from the moment it fired.
 *
 * asyncio   Timeout.expired
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_timeout_expired(const eddy_timeout *timeout);

/**
 * Begin a block that owns tasks: it does not end before they do, and a failure cancels the rest.
 *
 * asyncio   TaskGroup, TaskGroup.__aenter__
 * errors    EDDY_ENOTASK · EDDY_ENOMEM · EDDY_EINVALIDSTATE already entered. exit returns the error
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_task_group_enter(eddy_task_group *group);

/**
 * Make a task in the group. Children may add siblings while the group is exiting.
 *
 * asyncio   TaskGroup.create_task
 * takes     out: NULL, or gets a reference
 * errors    EDDY_EINVALIDSTATE not entered, over, or shutting down (arg stays yours) · EDDY_ENOMEM · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_task_group_create_task(eddy_task_group *group, eddy_task **out, eddy_coro_fn fn, void *arg,
                                         const eddy_task_options *options);

/**
 * Wait for all children, then say how the block ended.
 *
 * The error record's group holds the first errors in the order in which they happened; the body's own comes last.
 * eddy_error_in_group has all of them in full.
 *
 * Children that go on for ten seconds after they were cancelled are reported by name and cancelled once more, again and again, unless they took
 * the cancel back (eddy_task_uncancel).
 *
 * asyncio   TaskGroup.__aexit__
 * suspends  while a child is alive
 * takes     body_result: what the body came to; < 0 cancels the children
 * returns   body_result, or the first error of a child, or the body's
 * errors    EDDY_ECANCELED an outside cancel, when no child failed · EDDY_EINVALIDSTATE never entered · the children's own
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_task_group_exit(eddy_task_group *group, int body_result);

EDDY_END

#endif
