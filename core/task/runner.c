/* runner.c: from main() into a loop and out again. Rule numbers R1-R7 are those of asyncio's inventory.
 * Touches the public API and SIGINT. The shutdown order is asyncio's: cancel all, wait for all, report,
 * close the generators, end the executor, close. */
#include <math.h>
#include <signal.h>
#include <stdio.h>

#include <eddy/runner.h>
#include "core/loop/policy.h"
#include "core/loop/signals.h"
#include "core/task/generator.h"
#include "core/task/task.h"

enum { EXECUTOR_LIMIT_SECONDS = 300 };

enum runner_state { RUNNER_CREATED, RUNNER_INITIALIZED };

struct eddy_runner {
    eddy_allocator allocator; /* that gave this memory; the process's may be another by the end */
    eddy_run_options options;
    eddy_loop *loop;
    eddy_event_loop_policy *policy; /* through which the loop was made current; NULL: it was not */
    eddy_context *context;          /* of all its runs */
    enum runner_state state;
    eddyi_signal_watch interrupt;
};

void eddy_run_options_init(eddy_run_options *options)
{
    if (options != NULL)
        *options = (eddy_run_options){.size = sizeof *options};
}

/* ---- SIGINT ---- */

static atomic_bool interrupted_once; /* since the run that has the handler began */

/* In signal context. R2: the first cancels the main task; R3: the second has the default effect at once. */
static void on_interrupt(void *arg)
{
    eddy_loop *loop = arg;
    if (atomic_exchange(&interrupted_once, true)) {
        eddyi_interrupt_raise_default();
        return;
    }
    atomic_store(&loop->interrupted, true);
    eddyi_signal_came(loop);
}

static bool take_interrupt(eddy_runner *runner)
{
    if (runner->options.no_interrupt_handler)
        return false;
    runner->interrupt = (eddyi_signal_watch){.fn = on_interrupt, .arg = runner->loop};
    return eddyi_signal_watch_add(&runner->interrupt, SIGINT, true) == 0; /* refusal is tolerated (R1) */
}

/* ---- the runner ---- */

/* R6 */
static int make_loop(eddy_runner *runner)
{
    const eddy_run_options *options = &runner->options;
    if (options->loop_factory != NULL)
        return options->loop_factory(&runner->loop, options->loop_factory_arg);
    eddy_event_loop_policy *policy = eddy_get_event_loop_policy();
    int rc = eddyi_policy_new_event_loop(policy, &runner->loop, options->loop);
    if (rc < 0)
        return rc;
    rc = eddyi_policy_set_event_loop(policy, runner->loop);
    if (rc < 0) {
        eddy_loop_release(runner->loop);
        runner->loop = NULL;
        return rc;
    }
    runner->policy = policy;
    return 0;
}

static int initialize(eddy_runner *runner)
{
    if (runner->state == RUNNER_INITIALIZED)
        return 0;
    int rc = runner->context == NULL ? eddy_copy_context(&runner->context) : 0;
    if (rc == 0)
        rc = make_loop(runner);
    if (rc < 0)
        return rc;
    if (runner->options.debug || runner->options.no_debug)
        eddy_loop_set_debug(runner->loop, runner->options.debug);
    runner->state = RUNNER_INITIALIZED;
    return 0;
}

int eddy_runner_create(eddy_runner **out, const eddy_run_options *options)
{
    if (out == NULL || (options != NULL && options->size < sizeof options->size))
        return eddyi_fail(EDDY_EINVAL, "Runner");
    const eddy_allocator *allocator = eddyi_default_allocator();
    eddy_runner *runner = eddyi_allocate_zero(allocator, sizeof *runner);
    if (runner == NULL)
        return eddyi_fail(EDDY_ENOMEM, "Runner");
    runner->allocator = *allocator;
    if (options != NULL)
        runner->options = *options;
    *out = runner;
    return 0;
}

int eddy_runner_get_loop(eddy_runner *runner, eddy_loop **out)
{
    if (runner == NULL || out == NULL)
        return eddyi_fail(EDDY_EINVAL, "get_loop");
    int rc = initialize(runner);
    if (rc == 0)
        *out = runner->loop;
    return rc;
}

/* R4: a cancel that only SIGINT asked for is told as an interrupt. So is one that came in the main task's last step, which no cancel could
 * reach any more: a result is dropped for it, as asyncio does (T4), an error is not. */
static int explain(eddy_task *task, bool applied, int result)
{
    bool only_ours = applied ? result == EDDY_ECANCELED && eddy_task_uncancel(task) == 0 : result >= 0;
    return only_ours ? eddyi_fail(EDDY_EINTERRUPTED, "run") : result;
}

static int create_main(eddy_runner *runner, eddy_task **out, eddy_coro_fn fn, void *arg,
                       eddy_context *context)
{
    eddy_task_options options = {.size = sizeof options};
    options.context = context != NULL ? context : runner->context;
    return eddy_loop_create_task(runner->loop, out, fn, arg, &options);
}

int eddy_runner_run(eddy_runner *runner, eddy_coro_fn fn, void *arg)
{
    return eddy_runner_run_in_context(runner, fn, arg, NULL);
}

int eddy_runner_run_in_context(eddy_runner *runner, eddy_coro_fn fn, void *arg, eddy_context *context)
{
    eddy_task *task;
    if (runner == NULL || fn == NULL)
        return eddyi_fail(EDDY_EINVAL, "run");
    if (eddy_get_running_loop() != NULL)
        return eddyi_fail(EDDY_ERUNNING, "run");
    int rc = initialize(runner);
    if (rc == 0)
        rc = create_main(runner, &task, fn, arg, context);
    if (rc < 0)
        return rc;
    task->silent_at_close = true;
    runner->loop->main_task = task;
    bool installed = take_interrupt(runner);
    rc = eddy_loop_run_until_complete(runner->loop, &task->future);
    if (installed)
        eddyi_signal_watch_remove(&runner->interrupt);
    runner->loop->main_task = NULL;
    bool applied = !atomic_exchange(&runner->loop->interrupted, false);
    if (installed &&
        atomic_exchange(&interrupted_once, false)) /* only the run that had the handler forgets */
        rc = explain(task, applied, rc);
    eddy_task_release(task);
    return rc;
}

/* ---- closing (R5) ---- */

static void report_failed(eddy_loop *loop, eddy_task *task)
{
    int code = eddyi_future_outcome(&task->future);
    eddy_exception_context context = {.size = sizeof context,
                                      .message = "unhandled exception during eddy_run() shutdown",
                                      .exception = code,
                                      .error = &task->error,
                                      .future = &task->future,
                                      .task = task};
    if (code < 0 && code != EDDY_ECANCELED)
        eddy_loop_call_exception_handler(loop, &context);
}

static void report_ended(eddy_loop *loop)
{
    eddyi_list *link;
    while ((link = eddyi_list_take(&loop->ended)) != NULL) {
        eddy_task *task = EDDYI_LIST_ITEM(link, eddy_task, all);
        report_failed(loop, task);
        eddy_task_release(task);
    }
}

/* The poller failed: they will not end. */
static void let_go_of_pending(eddy_loop *loop)
{
    eddyi_list_each (link, &loop->tasks) {
        eddy_task *task = EDDYI_LIST_ITEM(link, eddy_task, all);
        if (task->kept_at_end)
            eddy_task_release(task);
        task->kept_at_end = false;
    }
}

/* C4: who still runs long after the cancel is named and told again. Tasks that were made meanwhile are not asked to end. */
static void remind_all(eddy_loop *loop)
{
    eddyi_list_each (link, &loop->tasks) {
        eddy_task *task = EDDYI_LIST_ITEM(link, eddy_task, all);
        if (eddyi_report_going_on(task,
                                  "Task goes on although the loop shuts down; it is cancelled once more"))
            eddy_task_cancel(task);
    }
}

/* < 0: the poller failed. */
static int wait_for_all(eddy_loop *loop)
{
    const double pause = eddyi_seconds(EDDYI_REMINDER_NS);
    double reminder = eddy_loop_time(loop) + pause;
    while (loop->task_count > 0) {
        int rc = eddy_loop_run_once(loop, reminder - eddy_loop_time(loop));
        if (rc < 0)
            return rc;
        if (loop->task_count == 0 || eddy_loop_time(loop) < reminder)
            continue;
        remind_all(loop);
        reminder = eddy_loop_time(loop) + pause;
    }
    return eddy_loop_run_once(loop, 0); /* the callbacks of the last ones are queued */
}

/* R5, steps 1 to 3. R7: tasks that ignore the cancel are waited for without limit, and those that they make are not cancelled. Needs
 * no memory: who has ended is kept in the list that it leaves the loop's for. */
static void cancel_all(eddy_loop *loop)
{
    eddyi_list_each (link, &loop->tasks) {
        eddy_task *task = EDDYI_LIST_ITEM(link, eddy_task, all);
        eddy_task_cancel(task);
        eddy_task_retain(task);
        task->kept_at_end = true;
    }
    if (wait_for_all(loop) < 0)
        let_go_of_pending(loop);
    report_ended(loop);
}

/* R5, step 4. Needs no memory: each generator is closed by a task that its own block becomes. */
static void end_generators(eddy_loop *loop)
{
    eddyi_generators_shut(loop);
    while (loop->generators_closing > 0)
        if (eddy_loop_run_once(loop, (double)INFINITY) < 0)
            return;
}

static int shut_down_executor(void *arg)
{
    eddy_loop *loop = arg;
    bool is_virtual =
        (loop->ops->caps & EDDYI_CAP_VIRTUAL_TIME) != 0; /* its time does not wait for threads */
    return eddy_loop_shutdown_default_executor(loop, is_virtual ? (double)INFINITY
                                                                : (double)EXECUTOR_LIMIT_SECONDS);
}

/* R5, step 5. What goes wrong here is told, and the loop is closed all the same. */
static void end_executor(eddy_loop *loop)
{
    eddy_task *task;
    eddy_exception_context context = {.size = sizeof context,
                                      .message = "the default executor did not end before eddy_run() did"};
    context.exception = eddy_task_create(loop, &task, shut_down_executor, loop, NULL); /* by no factory */
    if (context.exception == 0) {
        context.exception = eddy_loop_run_until_complete(loop, &task->future);
        eddy_task_release(task);
    }
    if (context.exception < 0)
        eddy_loop_call_exception_handler(loop, &context);
}

int eddy_runner_close(eddy_runner *runner)
{
    if (runner == NULL)
        return 0;
    eddy_loop *loop = runner->loop;
    if (loop != NULL) {
        if (loop->running)
            return eddyi_fail(EDDY_ERUNNING, "close");
        if (!loop->closed && loop->task_count > 0)
            cancel_all(loop);
        if (!loop->closed)
            end_generators(loop);
        if (!loop->closed && loop->executor != NULL)
            end_executor(loop);
        if (runner->policy != NULL)
            (void)eddyi_policy_set_event_loop(runner->policy, NULL);
        (void)eddy_loop_close(loop);
        eddy_loop_release(loop);
    }
    eddy_context_release(runner->context);
    eddy_allocator allocator = runner->allocator;
    eddyi_release(&allocator, runner);
    return 0;
}

int eddy_run(eddy_coro_fn fn, void *arg, const eddy_run_options *options)
{
    eddy_runner *runner;
    if (fn == NULL)
        return eddyi_fail(EDDY_EINVAL, "run");
    if (eddy_get_running_loop() != NULL)
        return eddyi_fail(EDDY_ERUNNING, "run");
    int rc = eddy_runner_create(&runner, options);
    if (rc < 0)
        return rc;
    int result = eddy_runner_run(runner, fn, arg);
    rc = eddy_runner_close(runner);
    return result < 0 ? result : rc < 0 ? rc : result;
}

int eddy_exit_status(int result)
{
    if (result >= 0)
        return 0;
    if (result == EDDY_EINTERRUPTED)
        return 130;
    fprintf(stderr, "eddy: %s (%s)\n", eddy_strerror(result), eddy_error_name(result));
    return 1;
}
