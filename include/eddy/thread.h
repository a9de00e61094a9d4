/* thread.h: work on other threads, and other threads that reach a loop: executors, to_thread, concurrent futures.
 * asyncio's thread functions. Nothing of a loop may be called from another thread but what says so. */
#ifndef EDDY_THREAD_H
#define EDDY_THREAD_H

#include <eddy/config.h>
#include <eddy/error.h>
#include <eddy/task.h>

EDDY_BEGIN

/* One call that is to be made on some thread. Made and freed by eddy; the members are for the executor that has it. */
typedef struct eddy_job {
    struct eddy_job *next, *previous;
} eddy_job;

/* What runs jobs. Supply your own by filling this in, usually as the first member of a larger struct; `self` is where it lies. */
typedef struct eddy_executor eddy_executor;
struct eddy_executor {
    size_t size;
    /* Take a job: 0, and eddy_job_run or eddy_job_discard is called with it exactly once, from any thread but not from within
     * submit; < 0: refused. Called from any thread. */
    int (*submit)(eddy_executor *self, eddy_job *job);
    /* Give back a job that was submitted and has not been run or discarded: true, and it is forgotten. false: it cannot be had back,
     * and if it has not begun it will do nothing when it is run. NULL: never. */
    bool (*take_back)(eddy_executor *self, eddy_job *job);
    /* Refuse every later job. With `wait`: return when all jobs have been run. Without: discard those that have not begun, and
     * return at once. Called from any thread, also more than once. NULL: it does not end. */
    int (*shutdown)(eddy_executor *self, bool wait);
    /* The last reference went: no job is left, none will come. NULL: nothing to give back. */
    void (*destroy)(eddy_executor *self);
    uintptr_t references; /* eddy's own: zero it */
};

/**
 * Make the call of a job, on this thread. For executors; the job is not yours afterwards.
 *
 * thread    any that is no loop's
 * since     0.1
 */
EDDY_API void eddy_job_run(eddy_job *job);

/**
 * Give a job up that has not begun: its future is cancelled. For executors; the job is not yours afterwards.
 *
 * thread    any
 * since     0.1
 */
EDDY_API void eddy_job_discard(eddy_job *job);

/**
 * One more reference.
 *
 * thread    any
 * since     0.1
 */
EDDY_API eddy_executor *eddy_executor_retain(eddy_executor *executor);

/**
 * Give a reference back; NULL is fine. The last one destroys it: loops and unfinished jobs hold references of their own.
 *
 * thread    any
 * since     0.1
 */
EDDY_API void eddy_executor_release(eddy_executor *executor);

/**
 * Refuse new jobs, and wait for all that there are, or discard those that have not begun.
 *
 * With `wait` it blocks the thread: inside a loop use eddy_loop_shutdown_default_executor.
 *
 * asyncio   Executor.shutdown
 * takes     wait: false: running jobs run on, the others are cancelled
 * errors    EDDY_EDEADLK to wait on one of its own threads · EDDY_ENOSYS it does not end · EDDY_EINVAL
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_executor_shutdown(eddy_executor *executor, bool wait);

typedef struct eddy_thread_pool_options {
    size_t size;
    unsigned max_workers; /* threads at most; 0: processors + 4, at most 32 */
    unsigned
        max_queued; /* jobs that wait for a thread at most: more are refused with EDDY_EAGAIN; 0: no limit */
    const char *
        thread_name_prefix; /* a literal or longer-lived than the pool; NULL: "eddy". Threads are "eddy_0", "eddy_1" ... */
} eddy_thread_pool_options;

EDDY_API void eddy_thread_pool_options_init(eddy_thread_pool_options *options);

/**
 * Make an executor of threads, which are started when a job finds none idle, and reused. Its memory is the process's allocator's.
 *
 * asyncio   ThreadPoolExecutor
 * returns   0 and a reference in *out, which eddy_executor_release gives back
 * errors    EDDY_ENOMEM · EDDY_EAGAIN · EDDY_EINVAL
 * thread    any
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_thread_pool_create(eddy_executor **out, const eddy_thread_pool_options *options);

typedef struct eddy_job_options {
    size_t size;
    eddy_callback_fn
        release; /* runs once with arg when fn has returned, or never will be called; on any thread */
} eddy_job_options;

EDDY_API void eddy_job_options_init(eddy_job_options *options);

/**
 * Call fn(arg) on a thread of the executor, in that thread's own context. It is handed over now; the future tells what it came to.
 *
 * Cancelling the future keeps a call that has not begun from being made; one that runs, runs on, and what it comes to is dropped.
 *
 * asyncio   loop.run_in_executor
 * takes     out: NULL, or gets a reference that eddy_future_release gives back; executor: NULL for the loop's default one;
 *           arg: yours, until fn has returned
 * errors    EDDY_ECLOSED the loop is closed, or the executor was shut down · EDDY_EAGAIN no thread to be had, or too many jobs wait ·
 *           EDDY_ENOMEM · EDDY_EINVAL · EDDY_EWRONGTHREAD in debug mode. Then arg stays yours and release does not run
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_run_in_executor(eddy_loop *loop, eddy_future **out, eddy_executor *executor,
                                       int (*fn)(void *arg), void *arg, const eddy_job_options *options);

/**
 * Call fn(arg) on a thread of the loop's default executor, in a copy of the caller's context, and wait for it.
 *
 * A cancel ends the waiting at once. A call that has not begun is not made; one that runs, runs on, so arg must outlive it: give an
 * arg of which the call is an owner, and a release. What fn came to before the cancel is handed over, as for I/O.
 *
 * asyncio   to_thread
 * suspends  always
 * takes     arg: with options that have a release: owned in any case, also when this fails
 * returns   what fn returns
 * errors    EDDY_ECANCELED · EDDY_ECLOSED the executor was shut down · EDDY_EAGAIN no thread to be had · EDDY_ENOMEM · EDDY_ENOTASK ·
 *           EDDY_EINVAL · fn's own
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_to_thread(int (*fn)(void *arg), void *arg, const eddy_job_options *options);

/**
 * Set what runs the jobs of this loop that name no executor. The one before is not shut down.
 *
 * asyncio   loop.set_default_executor
 * takes     executor: the loop holds a reference of its own, and shuts it down, without waiting, when it closes
 * errors    EDDY_EINVAL NULL, or without submit · EDDY_ECLOSED
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_set_default_executor(eddy_loop *loop, eddy_executor *executor);

/**
 * Refuse new jobs for the default executor, and wait until it has run those that it has.
 *
 * A loop that closes without this waits for nobody: what runs is left to itself, what has not begun is cancelled. eddy_run does
 * this with a limit of 300 seconds. Name lookups have threads of their own and are not waited for.
 *
 * asyncio   loop.shutdown_default_executor
 * suspends  unless there is no executor yet
 * takes     timeout: seconds, infinity for none
 * returns   0
 * errors    EDDY_ETIMEDOUT its threads are left behind · EDDY_ECANCELED the same · EDDY_ENOTASK · EDDY_EWRONGLOOP ·
 *           EDDY_EAGAIN no thread to wait in · EDDY_ENOMEM · EDDY_EINVAL not a number
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_loop_shutdown_default_executor(eddy_loop *loop, double timeout);

/* What a task on another thread's loop will have come to: may be waited for and cancelled from any thread. */
typedef struct eddy_concurrent_future eddy_concurrent_future;

/**
 * Make a task on a loop that runs in another thread. It may also run later; when it closes first, the future ends cancelled.
 *
 * asyncio   run_coroutine_threadsafe
 * takes     out: gets a reference that eddy_concurrent_future_release gives back; arg: yours, given to fn; options: copied
 * errors    EDDY_ECLOSED · EDDY_ENOMEM · EDDY_EFORKED · EDDY_EINVAL. Then arg stays yours. A task that cannot be made there fails the
 *           future and is reported to the loop's exception handler; then arg is released as if it had run
 * thread    any
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_run_coroutine_threadsafe(eddy_loop *loop, eddy_concurrent_future **out,
                                                      eddy_coro_fn fn, void *arg,
                                                      const eddy_task_options *options);

/**
 * One more reference.
 *
 * thread    any
 * since     0.1
 */
EDDY_API eddy_concurrent_future *eddy_concurrent_future_retain(eddy_concurrent_future *future);

/**
 * Give a reference back; NULL is fine. The task runs on.
 *
 * thread    any
 * since     0.1
 */
EDDY_API void eddy_concurrent_future_release(eddy_concurrent_future *future);

/**
 * Wait for it, blocking this thread. A timeout does not cancel it.
 *
 * Tasks of other loops use eddy_wrap_future instead.
 *
 * asyncio   Future.result
 * takes     outcome: NULL, or gets what the task came to; timeout: seconds, infinity for none, 0 or less to look only
 * returns   with outcome: 0, or how the waiting failed; without: the task's result or error, or how the waiting failed
 * errors    EDDY_ETIMEDOUT · EDDY_EDEADLK on the thread of the loop that would have to run it · EDDY_EINVAL · the task's own
 * thread    any
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_concurrent_future_result(eddy_concurrent_future *future, int *outcome,
                                                      double timeout);

/**
 * Cancel it: it ends now, and its task is cancelled as soon as its loop comes to it; at once on that loop's own thread.
 *
 * asyncio   Future.cancel
 * returns   false when it was done already
 * thread    any
 * since     0.1
 */
EDDY_API bool eddy_concurrent_future_cancel(eddy_concurrent_future *future);

/**
 * Whether it ended cancelled.
 *
 * asyncio   Future.cancelled
 * thread    any
 * since     0.1
 */
EDDY_API bool eddy_concurrent_future_cancelled(eddy_concurrent_future *future);

/**
 * Whether it has ended in any way.
 *
 * asyncio   Future.done
 * thread    any
 * since     0.1
 */
EDDY_API bool eddy_concurrent_future_done(eddy_concurrent_future *future);

/**
 * A future of this loop that follows the other one; cancelling either cancels both.
 *
 * A loop that closes before the other one ends never hears of it.
 *
 * asyncio   wrap_future
 * returns   0 and a reference in *out, which eddy_future_release gives back
 * errors    EDDY_ENOMEM · EDDY_ECLOSED · EDDY_EINVAL · EDDY_EWRONGTHREAD in debug mode
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_wrap_future(eddy_loop *loop, eddy_future **out, eddy_concurrent_future *future);

EDDY_END

#endif
