/* runner.h: from main() into a loop and out again: run, Runner, exit status.
 * asyncio.run and asyncio.Runner. SIGINT cancels the main task; a second one interrupts at once. */
#ifndef EDDY_RUNNER_H
#define EDDY_RUNNER_H

#include <eddy/config.h>
#include <eddy/error.h>
#include <eddy/loop.h>

EDDY_BEGIN

typedef struct eddy_run_options {
    size_t size;
    bool debug;
    bool no_debug; /* off, though the loop's options or EDDY_DEBUG of the environment say otherwise */
    bool no_interrupt_handler;                       /* leave SIGINT alone */
    const eddy_loop_options *loop;                   /* NULL for the defaults */
    int (*loop_factory)(eddy_loop **out, void *arg); /* NULL: eddy_new_event_loop with `loop` */
    void *loop_factory_arg;
} eddy_run_options;

EDDY_API void eddy_run_options_init(eddy_run_options *options);

/**
 * Make a loop, run fn(arg) on it as the main task, shut down in order, and return what it returned.
 *
 * asyncio   run
 * errors    EDDY_ERUNNING a loop runs in this thread · EDDY_EINTERRUPTED ended by SIGINT · of eddy_new_event_loop · fn's own
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
 * Run one main task on the runner's loop.
 *
 * asyncio   Runner.run
 * errors    EDDY_ERUNNING · EDDY_EINTERRUPTED · EDDY_EINVAL · of eddy_new_event_loop · fn's own
 * thread    always the same
 * since     0.1
 */
EDDY_API int eddy_runner_run(eddy_runner *runner, eddy_coro_fn fn, void *arg);

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

EDDY_END

#endif
