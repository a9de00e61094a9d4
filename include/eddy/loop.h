/* loop.h: the event loop: its life, callbacks, timers, watched descriptors, error reports, guest mode.
 * asyncio's loop methods. One running loop a thread; only the functions that say so may be called from others. */
#ifndef EDDY_LOOP_H
#define EDDY_LOOP_H

#include <eddy/config.h>
#include <eddy/context.h>
#include <eddy/error.h>
#include <eddy/memory.h>

EDDY_BEGIN

typedef struct eddy_loop_options {
    size_t size;
    const char *backend; /* "epoll", "select", "sim" ...; NULL: EDDY_BACKEND of the environment, else the
                                        build's default */
    const eddy_allocator *allocator; /* copied; NULL: the process's */
    bool debug;                      /* also on when EDDY_DEBUG is set in the environment */
    uint64_t seed;                   /* sim; 0: EDDY_SEED of the environment, else 1 */
    uint32_t fault_percent;          /* sim: share of decisions that go wrong, 0..100 */
    double fault_seconds;            /* sim: faults end after so many virtual seconds; 0: never */
    /* A loop that nothing can wake any more waits on in silence, instead of saying who waits for what and ending run_forever with
     * EDDY_EDEADLK. */
    bool no_deadlock_report;
} eddy_loop_options;

EDDY_API void eddy_loop_options_init(eddy_loop_options *options);

/**
 * Make a loop. It belongs to nobody's thread until it runs, and is not made current. The policy makes it (policy.h).
 *
 * asyncio   new_event_loop
 * takes     options: NULL for the defaults
 * returns   0 and a reference in *out, which eddy_loop_release gives back
 * errors    EDDY_EBACKEND no such backend in this build (the detail's message lists those there are) · EDDY_ENOMEM ·
 *           EDDY_EMFILE · EDDY_ENOSYS this machine cannot run it · EDDY_EINVAL · EDDY_EINVALIDSTATE called by the policy's own
 *           new_event_loop · the policy's own
 * thread    any
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_new_event_loop(eddy_loop **out, const eddy_loop_options *options);

/**
 * One more reference; each is given back by eddy_loop_release. The last one closes the loop if it still is open.
 *
 * thread    any
 * since     0.1
 */
EDDY_API eddy_loop *eddy_loop_retain(eddy_loop *loop);

/**
 * Give a reference back. NULL is fine.
 *
 * thread    any; the last one: the loop's
 * since     0.1
 */
EDDY_API void eddy_loop_release(eddy_loop *loop);

/**
 * The loop that runs in this thread, NULL when none does. Not a new reference.
 *
 * asyncio   get_running_loop
 * thread    any
 * since     0.1
 */
EDDY_API eddy_loop *eddy_get_running_loop(void);

/**
 * Iterate until eddy_loop_stop.
 *
 * asyncio   loop.run_forever
 * returns   0 when stopped; < 0 also when the poller failed hard
 * errors    EDDY_ECLOSED · EDDY_ERUNNING this or another loop runs in this thread · EDDY_EFORKED · EDDY_EINVAL ·
 *           EDDY_EDEADLK tasks wait, and nothing can ever wake the loop: no timer, operation, job, signal handler, child or other
 *           thread is left. Who waits for what was reported. A task that sleeps for ever does so on purpose, and is no deadlock
 * thread    any; it is the loop's from now until the return
 * since     0.1
 */
EDDY_API int eddy_loop_run_forever(eddy_loop *loop);

/**
 * Iterate until that future is done.
 *
 * asyncio   loop.run_until_complete
 * returns   the future's result, or its error
 * errors    EDDY_ESTOPPED stopped before, the future stays usable · EDDY_EDEADLK as eddy_loop_run_forever, the future stays usable ·
 *           EDDY_EWRONGLOOP · EDDY_ECLOSED · EDDY_ERUNNING · EDDY_EFORKED · EDDY_EINVAL
 * thread    as eddy_loop_run_forever
 * since     0.1
 */
EDDY_API int eddy_loop_run_until_complete(eddy_loop *loop, eddy_future *future);

/**
 * Finish the iteration in hand, then return from run_forever. Not running: the next run does one iteration.
 *
 * Does not wake a loop that is blocked: from another thread pass it to eddy_loop_call_soon_threadsafe.
 *
 * asyncio   loop.stop
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_loop_stop(eddy_loop *loop);

/**
 * Whether it runs now.
 *
 * asyncio   loop.is_running
 * thread    any
 * since     0.1
 */
EDDY_API bool eddy_loop_is_running(const eddy_loop *loop);

/**
 * Whether it was closed.
 *
 * asyncio   loop.is_closed
 * thread    any
 * since     0.1
 */
EDDY_API bool eddy_loop_is_closed(const eddy_loop *loop);

/**
 * Discard what is queued, without running it, and give the backend back. Idempotent.
 *
 * Tasks that still are pending are reported to the exception handler, their stacks are given back, and what they
 * deferred runs; streams and servers are aborted.
 *
 * asyncio   loop.close
 * returns   0
 * errors    EDDY_ERUNNING · EDDY_EFORKED closed for this process; what is the kernel's was not touched
 * thread    any, while it does not run
 * since     0.1
 */
EDDY_API int eddy_loop_close(eddy_loop *loop);

/**
 * The loop's clock: seconds, monotonic, of an unspecified start. Every deadline is in it.
 *
 * asyncio   loop.time
 * thread    the loop's
 * since     0.1
 */
EDDY_API double eddy_loop_time(eddy_loop *loop);

/**
 * Run a callback in the next iteration; first come, first served.
 *
 * asyncio   loop.call_soon
 * takes     out: NULL, or gets a reference to cancel it with, given back by eddy_handle_release; arg: yours, until it ran
 * errors    EDDY_ECLOSED · EDDY_ENOMEM · EDDY_EINVAL · EDDY_EWRONGTHREAD in debug mode
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_call_soon(eddy_loop *loop, eddy_handle **out, eddy_callback_fn fn, void *arg);

/**
 * The same in that context, which is used itself.
 *
 * asyncio   loop.call_soon with context
 * takes     context: NULL is a copy of the current one
 * errors    as eddy_loop_call_soon
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_call_soon_in_context(eddy_loop *loop, eddy_handle **out, eddy_callback_fn fn,
                                            void *arg, eddy_context *context);

/**
 * eddy_loop_call_soon from any thread; wakes the loop.
 *
 * asyncio   loop.call_soon_threadsafe
 * takes     out: as in eddy_loop_call_soon; that handle may be cancelled from any thread
 * errors    EDDY_ECLOSED nothing was queued · EDDY_ENOMEM · EDDY_EFORKED · EDDY_EINVAL
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_loop_call_soon_threadsafe(eddy_loop *loop, eddy_handle **out, eddy_callback_fn fn,
                                            void *arg);

/**
 * The same in that context, which is used itself, on the loop's thread.
 *
 * asyncio   loop.call_soon_threadsafe with context
 * takes     context: NULL is a copy of the caller's
 * errors    as eddy_loop_call_soon_threadsafe
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_loop_call_soon_threadsafe_in_context(eddy_loop *loop, eddy_handle **out,
                                                       eddy_callback_fn fn, void *arg, eddy_context *context);

/**
 * Run a callback after `delay` seconds; never early; equal deadlines in the order of the calls.
 *
 * asyncio   loop.call_later
 * takes     delay: seconds; <= 0 is at once, infinity never; out: as in eddy_loop_call_soon
 * errors    EDDY_EINVAL not a number, NULL · EDDY_ECLOSED · EDDY_ENOMEM · EDDY_EWRONGTHREAD in debug mode
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_call_later(eddy_loop *loop, eddy_handle **out, double delay, eddy_callback_fn fn,
                                  void *arg);

/**
 * The same in that context, which is used itself.
 *
 * asyncio   loop.call_later with context
 * takes     context: NULL is a copy of the current one
 * errors    as eddy_loop_call_later
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_call_later_in_context(eddy_loop *loop, eddy_handle **out, double delay,
                                             eddy_callback_fn fn, void *arg, eddy_context *context);

/**
 * Run a callback at a time of eddy_loop_time.
 *
 * asyncio   loop.call_at
 * takes     when: seconds; out: as in eddy_loop_call_soon
 * errors    as eddy_loop_call_later
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_call_at(eddy_loop *loop, eddy_handle **out, double when, eddy_callback_fn fn,
                               void *arg);

/**
 * The same in that context, which is used itself.
 *
 * asyncio   loop.call_at with context
 * takes     context: NULL is a copy of the current one
 * errors    as eddy_loop_call_later
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_call_at_in_context(eddy_loop *loop, eddy_handle **out, double when,
                                          eddy_callback_fn fn, void *arg, eddy_context *context);

/**
 * Do not run it. No effect after it ran; idempotent.
 *
 * From another thread it either keeps the callback from running or waits until it has run; so does eddy_handle_cancelled.
 *
 * asyncio   Handle.cancel
 * thread    the loop's; any for a handle of eddy_loop_call_soon_threadsafe
 * since     0.1
 */
EDDY_API void eddy_handle_cancel(eddy_handle *handle);

/**
 * Whether it was cancelled.
 *
 * asyncio   Handle.cancelled
 * thread    as eddy_handle_cancel
 * since     0.1
 */
EDDY_API bool eddy_handle_cancelled(const eddy_handle *handle);

/**
 * When it is due, on the clock of eddy_loop_time; 0 for a handle that is no timer.
 *
 * asyncio   TimerHandle.when
 * thread    the loop's
 * since     0.1
 */
EDDY_API double eddy_handle_when(const eddy_handle *handle);

/**
 * The context its callback runs in: the one that was given, or its own.
 *
 * asyncio   Handle.get_context
 * takes     out: gets a reference that eddy_context_release gives back
 * errors    EDDY_ENOMEM · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_handle_get_context(eddy_handle *handle, eddy_context **out);

/**
 * Give a handle back. The callback still runs. NULL is fine.
 *
 * thread    as eddy_handle_cancel
 * since     0.1
 */
EDDY_API void eddy_handle_release(eddy_handle *handle);

/**
 * Call back in every iteration in which that descriptor is readable (ended and failed count as readable).
 *
 * One reader and one writer a descriptor; a new one replaces the old. The descriptor stays yours: remove before you
 * close it.
 *
 * asyncio   loop.add_reader
 * errors    EDDY_EINVAL · EDDY_EBADF · EDDY_EPERM a regular file · EDDY_ENOMEM · EDDY_ECLOSED · EDDY_EBUSY a stream's own
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_add_reader(eddy_loop *loop, eddy_fd fd, eddy_callback_fn fn, void *arg);

/**
 * The same for writable.
 *
 * asyncio   loop.add_writer
 * errors    as eddy_loop_add_reader
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_add_writer(eddy_loop *loop, eddy_fd fd, eddy_callback_fn fn, void *arg);

/**
 * Stop calling back; a call that is queued does not run.
 *
 * asyncio   loop.remove_reader
 * returns   1 when there was one, else 0 (also on a closed loop)
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_remove_reader(eddy_loop *loop, eddy_fd fd);

/**
 * The same for the writer.
 *
 * asyncio   loop.remove_writer
 * returns   1 when there was one, else 0
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_remove_writer(eddy_loop *loop, eddy_fd fd);

/**
 * Call fn(arg) in the loop whenever a signal came; in its turn, never in signal context. Signals that come faster than it is called merge.
 *
 * Each loop of any thread has its own for each signal, and all are called; a new one replaces the loop's old one. Who had a handler before is
 * still called, in signal context, and has the signal back when the last of the loops removes its own. While any loop watches SIGINT,
 * eddy_run does not cancel its main task for it. A child of fork begins without.
 *
 * asyncio   loop.add_signal_handler
 * takes     signum: of signal.h
 * errors    EDDY_EINVAL no such signal, or one that cannot be caught (SIGKILL, SIGSTOP) or that a handler cannot survive (SIGSEGV,
 *           SIGBUS, SIGFPE, SIGILL) · EDDY_ENOMEM · EDDY_ECLOSED · EDDY_EFORKED
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_add_signal_handler(eddy_loop *loop, int signum, eddy_callback_fn fn, void *arg);

/**
 * Stop calling back; a call that is queued does not run.
 *
 * asyncio   loop.remove_signal_handler
 * returns   1 when there was one, else 0 (also on a closed loop)
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_remove_signal_handler(eddy_loop *loop, int signum);

/* What is told to an exception handler: asyncio's context dict. Valid during the call only. */
typedef struct eddy_exception_context {
    size_t size;
    const char *message;
    int exception;             /* EDDY_E..., or 0 */
    const eddy_error *error;   /* its detail, or NULL */
    eddy_future *future;       /* whose error it is, or NULL */
    eddy_task *task;           /* or NULL */
    eddy_handle *handle;       /* the callback's, or NULL */
    eddy_generator *generator; /* or NULL */
    eddy_server *server;       /* or NULL */
    eddy_stream *stream;       /* asyncio's transport, or NULL */
    const char *text;          /* more of it, in lines that end with a newline; or NULL */
} eddy_exception_context;

typedef void (*eddy_exception_handler_fn)(eddy_loop *loop, const eddy_exception_context *context, void *arg);

/**
 * Set who is told of errors that nobody looked at; NULL: the default handler.
 *
 * It runs in the context of the task, of the future that is a task, or of the handle that the report names. It must not await.
 *
 * asyncio   loop.set_exception_handler
 * errors    EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_set_exception_handler(eddy_loop *loop, eddy_exception_handler_fn handler, void *arg);

/**
 * The handler that was set, NULL for the default one.
 *
 * asyncio   loop.get_exception_handler
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_exception_handler_fn eddy_loop_get_exception_handler(const eddy_loop *loop);

/**
 * Log the report as an error (log.h), as the loop does when no handler is set: on standard error, unless there is a sink.
 *
 * asyncio   loop.default_exception_handler
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_loop_default_exception_handler(eddy_loop *loop, const eddy_exception_context *context);

/**
 * Give a report to the handler.
 *
 * asyncio   loop.call_exception_handler
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_loop_call_exception_handler(eddy_loop *loop, const eddy_exception_context *context);

/**
 * Switch debug mode: calls from the wrong thread are refused and logged; slow callbacks and steps, swallowed cancels, locks that a task kept, results that
 * nobody looked at (a number above 0, a value), and what was not closed before its loop are reported; and reports tell where the task, future, connection or server was made, if that was in debug mode too.
 *
 * asyncio   loop.set_debug
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_loop_set_debug(eddy_loop *loop, bool enabled);

/**
 * Whether debug mode is on.
 *
 * asyncio   loop.get_debug
 * thread    any
 * since     0.1
 */
EDDY_API bool eddy_loop_get_debug(const eddy_loop *loop);

/**
 * How long a callback or a step may take before debug mode reports it. Default 0.1.
 *
 * asyncio   loop.slow_callback_duration
 * takes     seconds: above 0
 * errors    EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_set_slow_callback_duration(eddy_loop *loop, double seconds);

/**
 * One iteration, for a foreign main loop: wait at most `timeout` seconds, then run what is ready.
 *
 * returns   how many callbacks and steps ran
 * errors    EDDY_EINVAL timeout is not a number · EDDY_ECLOSED · EDDY_ERUNNING · EDDY_EFORKED
 * thread    as eddy_loop_run_forever
 * since     0.1
 */
EDDY_API int eddy_loop_run_once(eddy_loop *loop, double timeout);

/**
 * Seconds until the loop has something to do of itself: 0 when something is ready, infinity when nothing is planned.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API double eddy_loop_next_timeout(eddy_loop *loop);

/**
 * A descriptor that turns readable when the loop has I/O or a wake-up to handle, to watch in a foreign loop.
 *
 * returns   0 and the loop's own descriptor in *out
 * errors    EDDY_ENOSYS this backend has none · EDDY_ECLOSED · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_loop_backend_fd(eddy_loop *loop, eddy_fd *out);

/**
 * The name of its backend: "epoll". A literal.
 *
 * thread    any
 * since     0.1
 */
EDDY_API const char *eddy_loop_backend_name(const eddy_loop *loop);

/**
 * The name of the i-th backend of this build, NULL past the last. 0 is the default.
 *
 * thread    any
 * since     0.1
 */
EDDY_API const char *eddy_backend_name(size_t index);

/**
 * How task stacks are guarded here: "light", "protect" or "none".
 *
 * thread    any
 * since     0.1
 */
EDDY_API const char *eddy_stack_guard_name(void);

EDDY_END

#endif
