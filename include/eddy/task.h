/* task.h: tasks, and the functions that wait for them: await, sleep, gather, wait, wait_for, as_completed, shield.
 * A task is a stackful coroutine: any function it calls may await. It never changes threads. */
#ifndef EDDY_TASK_H
#define EDDY_TASK_H

#include <eddy/config.h>
#include <eddy/context.h>
#include <eddy/error.h>
#include <eddy/future.h>

EDDY_BEGIN

/* Whether a task's first step runs inside the call that makes it. */
typedef enum eddy_eager_start {
    EDDY_EAGER_START_DEFAULT, /* as the task factory has it; without one: no */
    EDDY_EAGER_START_YES,
    EDDY_EAGER_START_NO
} eddy_eager_start;

typedef struct eddy_task_options {
    size_t size;
    const char *name; /* copied; NULL: "Task-N" */
    size_t
        stack_size; /* bytes of address space; 0: some 256 KiB, guard included. Rounded up; too large is EDDY_EINVAL */
    bool
        stack_without_signals; /* allows stacks too small for a signal handler to run on, down to 1 KiB: for programs whose
                                   handlers run on an alternate stack */
    eddy_callback_fn release; /* runs once with arg when the task has ended, also when it never ran */
    /* YES: the body runs at once, until it first suspends, and then the caller goes on. Only on the loop that runs in this
     * thread; otherwise the first step is queued as ever. */
    eddy_eager_start eager_start;
    eddy_context *context; /* used itself, also by several tasks; NULL: a copy of the current one */
} eddy_task_options;

EDDY_API void eddy_task_options_init(eddy_task_options *options);

/**
 * Make a task on the running loop, through its task factory if one is set. Its first step is queued, or runs now when it is
 * to start eagerly; queued ones start in the order of creation.
 *
 * asyncio   create_task
 * takes     out: NULL (the loop keeps it alive), or gets a reference that eddy_task_release gives back; arg: yours, given to fn
 * errors    EDDY_ENOLOOP · EDDY_ENOMEM (arg stays yours, release does not run) · EDDY_EINVAL · the factory's own
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_create_task(eddy_task **out, eddy_coro_fn fn, void *arg, const eddy_task_options *options);

/**
 * The same on a loop that need not run yet.
 *
 * asyncio   loop.create_task
 * errors    EDDY_ECLOSED · EDDY_ENOMEM · EDDY_EINVAL · EDDY_EWRONGTHREAD in debug mode · the factory's own
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_create_task(eddy_loop *loop, eddy_task **out, eddy_coro_fn fn, void *arg,
                                   const eddy_task_options *options);

/**
 * What eddy_loop_create_task does when no factory is set: the constructor, for factories.
 *
 * asyncio   Task
 * takes     as eddy_create_task; out is set before an eager body runs
 * errors    EDDY_ECLOSED · EDDY_ENOMEM · EDDY_EINVAL · EDDY_EWRONGTHREAD in debug mode
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_task_create(eddy_loop *loop, eddy_task **out, eddy_coro_fn fn, void *arg,
                              const eddy_task_options *options);

/* Makes the tasks of a loop, as eddy_task_create does: 0 and a reference in *out (never NULL), or an error and `arg` is the
 * caller's. `options` may be NULL; what it does not know it passes on. */
typedef int (*eddy_task_factory_fn)(eddy_loop *loop, eddy_task **out, eddy_coro_fn fn, void *arg,
                                    const eddy_task_options *options, void *factory_arg);

/**
 * Set what makes the tasks of create_task, of task groups, of runners and of other threads; not those of servers and eddy's own.
 *
 * asyncio   loop.set_task_factory
 * takes     factory: NULL restores the default; arg: given to it
 * errors    EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_set_task_factory(eddy_loop *loop, eddy_task_factory_fn factory, void *arg);

/**
 * The factory that was set, NULL for the default one.
 *
 * asyncio   loop.get_task_factory
 * takes     arg: NULL, or gets what is given to it
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_task_factory_fn eddy_loop_get_task_factory(const eddy_loop *loop, void **arg);

/* A factory of one's own with its argument. */
typedef struct eddy_task_constructor {
    eddy_task_factory_fn create;
    void *arg;
} eddy_task_constructor;

/**
 * A factory whose tasks start eagerly unless their options say no.
 *
 * asyncio   eager_task_factory and create_eager_task_factory
 * takes     constructor: NULL for eddy_task_create, or an eddy_task_constructor to make them with, yours while it is set
 * errors    as eddy_task_create, or the constructor's
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_eager_task_factory(eddy_loop *loop, eddy_task **out, eddy_coro_fn fn, void *arg,
                                     const eddy_task_options *options, void *constructor);

/**
 * One more reference.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_task *eddy_task_retain(eddy_task *task);

/**
 * Give a reference back; NULL is fine. The task runs on; the last reference to a failed one reports an error that nobody
 * looked at.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_task_release(eddy_task *task);

/**
 * The task seen as a future: for callbacks, results and everything that takes futures. Not a new reference.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_future *eddy_task_future(eddy_task *task);

/**
 * Wait for a task. Cancelling the awaiting task cancels it.
 *
 * asyncio   await task
 * suspends  while it is not done
 * takes     outcome: NULL, or gets what the task came to
 * returns   with outcome: 0, or how the waiting failed; without: the task's result or error, or how the waiting failed
 * errors    EDDY_ECANCELED · EDDY_ENOTASK · EDDY_EWRONGLOOP · EDDY_EDEADLK · EDDY_EINVAL · the task's own
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_await(eddy_task *task, int *outcome);

/**
 * Suspend for that long. 0 or less gives way for exactly one iteration.
 *
 * asyncio   sleep
 * suspends  always
 * takes     seconds: infinity is for ever
 * returns   0
 * errors    EDDY_ECANCELED · EDDY_ENOTASK · EDDY_EINVAL not a number · EDDY_ENOMEM
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_sleep(double seconds);

/**
 * Ask the task to end: one EDDY_ECANCELED at its current or next await.
 *
 * asyncio   Task.cancel
 * returns   false when it was done already
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_task_cancel(eddy_task *task);

/**
 * The same with a message for the error record.
 *
 * asyncio   Task.cancel
 * takes     message: a literal or longer-lived than every record of it
 * returns   false when it was done already
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_task_cancel_with_message(eddy_task *task, const char *message);

/**
 * Requests to cancel that were not taken back.
 *
 * asyncio   Task.cancelling
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_task_cancelling(const eddy_task *task);

/**
 * Take one request back; for the party that made it. At 0 an undelivered cancel is withdrawn.
 *
 * asyncio   Task.uncancel
 * returns   what is left
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_task_uncancel(eddy_task *task);

/**
 * Whether it has ended.
 *
 * asyncio   Task.done
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_task_done(const eddy_task *task);

/**
 * Whether it ended cancelled.
 *
 * asyncio   Task.cancelled
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_task_cancelled(const eddy_task *task);

/**
 * As eddy_future_result.
 *
 * asyncio   Task.result
 * errors    EDDY_EINVALIDSTATE · the task's own
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_task_result(eddy_task *task);

/**
 * As eddy_future_exception.
 *
 * asyncio   Task.exception
 * takes     detail: NULL, or gets a copy of the error's record
 * errors    EDDY_EINVALIDSTATE · the task's own
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_task_exception(eddy_task *task, eddy_error *detail);

/**
 * Write its name, "Task-N" unless one was given. Always ends it with a zero byte if size > 0.
 *
 * asyncio   Task.get_name
 * returns   the length of the whole name
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_task_get_name(const eddy_task *task, char *buffer, size_t size);

/**
 * Give it another name.
 *
 * asyncio   Task.set_name
 * takes     name: copied; NULL: "Task-N" again
 * errors    EDDY_ENOMEM the old one stays
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_task_set_name(eddy_task *task, const char *name);

/**
 * The function that it runs.
 *
 * asyncio   Task.get_coro
 * takes     arg: NULL, or gets the function's argument, NULL once the task has ended
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_coro_fn eddy_task_get_coro(const eddy_task *task, void **arg);

/**
 * The context it runs in: the one that was given, or its own.
 *
 * asyncio   Task.get_context
 * takes     out: gets a reference that eddy_context_release gives back
 * errors    EDDY_ENOMEM · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_task_get_context(eddy_task *task, eddy_context **out);

/**
 * Its number: counts up over all tasks of the process, from 1.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API uint64_t eddy_task_id(const eddy_task *task);

/**
 * How many bytes of its stack it has used so far, at the deepest. For choosing a stack_size: every call of eddy, what it needs is in
 * docs/stacks.md. Reads the whole stack.
 *
 * takes     size: NULL, or gets how many bytes there are, 0 when it has no stack
 * returns   0 unless it began in debug mode and has not ended; what was reserved at the low end and never written is not seen
 * thread    the loop's
 * since     0.1
 */
EDDY_API size_t eddy_task_stack_used(const eddy_task *task, size_t *size);

/**
 * Leave a pointer as the task's own bigger result, for eddy_future_value of its future.
 *
 * takes     value: of the current task; release: NULL, or called with it when the task's last reference goes
 * errors    EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_set_value(void *value, eddy_callback_fn release);

/**
 * The task that runs now, NULL in a plain callback and outside a loop. Not a new reference.
 *
 * asyncio   current_task
 * thread    any
 * since     0.1
 */
EDDY_API eddy_task *eddy_current_task(void);

/**
 * The tasks of a loop that have not ended, in order of creation.
 *
 * asyncio   all_tasks
 * takes     out: room for `capacity` references, each to be given back by eddy_task_release; may be NULL with 0
 * returns   how many there are, also when more than capacity
 * thread    the loop's
 * since     0.1
 */
EDDY_API size_t eddy_all_tasks(eddy_loop *loop, eddy_task **out, size_t capacity);

/**
 * Run fn(arg) when the current task ends, however it ends; last deferred, first run.
 *
 * errors    EDDY_ENOTASK · EDDY_ENOMEM fn did not run and will not · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_defer(eddy_callback_fn fn, void *arg);

/**
 * Wait for all tasks, or for the first error; the others run on. Cancelling the caller cancels them all.
 *
 * asyncio   gather
 * suspends  while any is not done and none has failed
 * takes     results: NULL, or `count` results in the order of `tasks`; those not done are EDDY_EINVALIDSTATE
 * returns   0, or the first error
 * errors    EDDY_ECANCELED the caller, or a child, was cancelled · EDDY_EWRONGLOOP · EDDY_ENOMEM nothing was waited for ·
 *           EDDY_ENOTASK · EDDY_EINVAL · the tasks' own
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_gather(int *results, eddy_task *const *tasks, size_t count);

/**
 * Wait for all tasks whatever they come to. Cancelling the caller cancels them all, and waits for them.
 *
 * asyncio   gather with return_exceptions
 * suspends  while any is not done
 * takes     results: NULL, or `count` results or errors in the order of `tasks`
 * returns   0
 * errors    EDDY_ECANCELED · EDDY_EWRONGLOOP · EDDY_ENOMEM · EDDY_ENOTASK · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_gather_return_exceptions(int *results, eddy_task *const *tasks, size_t count);

/**
 * gather as a future of its own, to be shielded, awaited by several, or given a callback.
 *
 * asyncio   gather
 * takes     futures: kept alive until it is done; results: NULL, or filled as in eddy_gather, yours until it is done
 * errors    EDDY_EWRONGLOOP · EDDY_ENOMEM · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_gather_future(eddy_loop *loop, eddy_future **out, int *results,
                                           eddy_future *const *futures, size_t count, bool return_exceptions);

typedef enum eddy_return_when {
    EDDY_ALL_COMPLETED,
    EDDY_FIRST_COMPLETED,
    EDDY_FIRST_EXCEPTION
} eddy_return_when;

/**
 * Wait for some of the tasks. Never cancels them, never reports their errors, never fails for the timeout.
 *
 * asyncio   wait
 * suspends  while the condition does not hold
 * takes     done: NULL, or one flag a task; timeout: seconds, infinity for none
 * returns   how many of them (duplicates count once) are done
 * errors    EDDY_ECANCELED · EDDY_EINVAL no tasks, bad mode, NaN · EDDY_EWRONGLOOP · EDDY_ENOMEM · EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_wait(bool *done, eddy_task *const *tasks, size_t count, double timeout,
                         eddy_return_when return_when);

/**
 * Wait for a task with a limit; past it the task is cancelled and waited for.
 *
 * asyncio   wait_for
 * suspends  while it is not done
 * takes     outcome: NULL, or gets what the task came to; timeout: seconds, infinity for none
 * returns   as eddy_await
 * errors    EDDY_ETIMEDOUT · EDDY_ECANCELED · as eddy_await
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_wait_for(eddy_task *task, int *outcome, double timeout);

/**
 * Call fn(arg) in the current task with a limit. With timeout <= 0 it is never called.
 *
 * asyncio   wait_for with a coroutine
 * suspends  as fn does
 * returns   what fn returns
 * errors    EDDY_ETIMEDOUT · EDDY_ENOTASK · EDDY_EINVAL · fn's own
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_wait_for_call(eddy_coro_fn fn, void *arg, double timeout);

/**
 * Wait for a task, but take a cancel of the caller alone: the task runs on.
 *
 * asyncio   await shield
 * suspends  while it is not done
 * returns   as eddy_await
 * errors    as eddy_await
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_shield(eddy_task *task, int *outcome);

/**
 * A future that follows `inner` and takes cancels itself.
 *
 * asyncio   shield
 * returns   0 and a reference in *out: `inner` itself when it is done
 * errors    EDDY_ENOMEM · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_shield_future(eddy_future **out, eddy_future *inner);

typedef struct eddy_completions eddy_completions;

/**
 * An iterator over tasks in the order in which they end.
 *
 * asyncio   as_completed
 * takes     tasks: kept alive; timeout: seconds for the whole iteration, infinity for none
 * returns   0 and an iterator that eddy_completions_release gives back
 * errors    EDDY_ENOLOOP · EDDY_EWRONGLOOP · EDDY_ENOMEM · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_as_completed(eddy_completions **out, eddy_task *const *tasks, size_t count,
                                          double timeout);

/**
 * The next task that has ended. A cancelled call loses no item.
 *
 * asyncio   async for over as_completed
 * suspends  while none is ready
 * takes     out: gets the task, not a new reference
 * returns   1 and a task; 0 after the last
 * errors    EDDY_ETIMEDOUT, again at each call · EDDY_ECANCELED · EDDY_ENOTASK · EDDY_EBUSY another task waits in it ·
 *           EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_completions_next(eddy_completions *completions, eddy_task **out);

/**
 * Give the iterator back; the tasks run on. NULL is fine.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_completions_release(eddy_completions *completions);

EDDY_END

#endif
