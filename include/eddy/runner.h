/* runner.h: from main() into a loop and out again: run, Runner, exit status.
 * asyncio.run and asyncio.Runner. SIGINT cancels the main task; a second one interrupts at once. */
#ifndef EDDY_RUNNER_H
#define EDDY_RUNNER_H

#include <eddy/config.h>
#include <eddy/context.h>
#include <eddy/error.h>
#include <eddy/loop.h>

EDDY_BEGIN

typedef struct eddy_run_options {
    size_t size;
    bool debug;
    bool no_debug; /* off, though the loop's options or EDDY_DEBUG of the environment say otherwise */
    bool no_interrupt_handler;     /* leave SIGINT alone */
    const eddy_loop_options *loop; /* NULL for the defaults */
    /* NULL: eddy_new_event_loop with `loop`, and the loop is the thread's current one until it is closed. A factory's loop is not. */
    int (*loop_factory)(eddy_loop **out, void *arg);
    void *loop_factory_arg;
} eddy_run_options;

EDDY_API void eddy_run_options_init(eddy_run_options *options);

/**
 * Make a loop, run fn(arg) on it as the main task, shut down in order, and return what it returned.
 * Tasks that go on for ten seconds after they were cancelled are reported by name and cancelled once more, again and again.
 *
 * asyncio   run
 * errors    EDDY_ERUNNING a loop runs in this thread · EDDY_EINTERRUPTED ended by SIGINT · EDDY_EDEADLK nothing could ever wake the
 *           loop (as eddy_loop_run_forever; all tasks are cancelled then) · of eddy_new_event_loop · fn's own
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_run(eddy_coro_fn fn, void *arg, const eddy_run_options *options);

/**
 * A result as the exit status of a program: 0 for >= 0; 130 for an interrupt; else 1, after one line on standard error.
 *
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_exit_status(int result);

/**
 * Make a runner. Nothing else is made until it is used.
 *
 * asyncio   Runner
 * returns   0 and a runner in *out, which eddy_runner_close gives back
 * errors    EDDY_ENOMEM · EDDY_EINVAL
 * thread    any
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_runner_create(eddy_runner **out, const eddy_run_options *options);

/**
 * Run one main task on the runner's loop. All runs share one context, a copy of the current one of when the loop was made.
 *
 * asyncio   Runner.run
 * errors    EDDY_ERUNNING · EDDY_EINTERRUPTED · EDDY_EDEADLK · EDDY_EINVAL · of eddy_new_event_loop · fn's own
 * thread    always the same
 * since     0.1
 */
EDDY_API int eddy_runner_run(eddy_runner *runner, eddy_coro_fn fn, void *arg);

/**
 * The same in that context, instead of the one that the runner keeps from run to run.
 *
 * asyncio   Runner.run with context
 * takes     context: used itself; NULL is the runner's
 * errors    as eddy_runner_run
 * thread    always the same
 * since     0.1
 */
EDDY_API int eddy_runner_run_in_context(eddy_runner *runner, eddy_coro_fn fn, void *arg,
                                        eddy_context *context);

/**
 * The runner's loop, made if need be. Not a new reference.
 *
 * asyncio   Runner.get_loop
 * errors    of eddy_new_event_loop
 * thread    the runner's
 * since     0.1
 */
EDDY_API int eddy_runner_get_loop(eddy_runner *runner, eddy_loop **out);

/**
 * Cancel all tasks, wait for them, report what failed, close the generators that are open, wait up to 300 seconds for the default
 * executor, close the loop, and free the runner. What goes wrong on the way is reported and does not stop the rest. NULL is fine.
 *
 * asyncio   Runner.close
 * returns   0
 * errors    EDDY_ERUNNING inside its own loop; the runner stays
 * thread    the runner's
 * since     0.1
 */
EDDY_API int eddy_runner_close(eddy_runner *runner);

typedef struct eddy_run_threads_options {
    size_t size;
    const eddy_run_options
        *run;     /* of each thread; NULL for the defaults. A factory is called in each, several at once */
    int *results; /* NULL, or gets what each main came to, by its index, once all have ended */
    unsigned result_count; /* how many `results` has room for; any number will do */
} eddy_run_threads_options;

EDDY_API void eddy_run_threads_options_init(eddy_run_threads_options *options);

/**
 * Run fn(arg) as the main task of a loop of its own in each of so many threads; the calling thread is the first of them.
 *
 * No main begins before all loops are there, and all loops turn until the last main has ended; then all are shut down. The first main
 * that fails has the others cancelled, and SIGINT all of them.
 *
 * takes     count: 0 for one a processor; fn, arg: called in every thread, where eddy_thread_index() tells which
 * returns   0 when no main failed
 * errors    of the first main that failed; the record lists the others as a task group's does · EDDY_EINTERRUPTED ended by SIGINT ·
 *           of the first thread or loop that could not be had: then no main has begun · EDDY_ERUNNING a loop runs in this thread ·
 *           EDDY_EFORKED in the child of a fork in a main, once that main awaits · EDDY_ENOMEM · EDDY_EINVAL
 * thread    any without a loop; for SIGINT the one that began in main()
 * since     0.1
 */
EDDY_API int eddy_run_threads(unsigned count, eddy_coro_fn fn, void *arg,
                              const eddy_run_threads_options *options);

/**
 * Which thread of eddy_run_threads this is: from 0, which is the one that called it. Known to factories and policies too.
 *
 * errors    EDDY_EINVALIDSTATE it is none of them
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_thread_index(void);

/**
 * How many threads eddy_run_threads has, this one included.
 *
 * errors    EDDY_EINVALIDSTATE this is none of them
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_thread_count(void);

EDDY_END

#endif
