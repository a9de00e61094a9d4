/* suite_runner_rules.c: the rules R1-R7 of asyncio's Runner, one test or more a rule, where suite_runner.c has none.
 * Touches the public API, and child processes where SIGINT is the subject. */
#include "bodies.h"
#include "suite.h"

#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/platform.h"

static eddy_loop_options loop_options;
static eddy_run_options run_options;

static const eddy_run_options *options(void)
{
    loop_options = (eddy_loop_options){.size = sizeof loop_options, .backend = support_backend()};
    run_options = (eddy_run_options){.size = sizeof run_options, .loop = &loop_options};
    return &run_options;
}

static int give(void *number)
{
    return (int)(intptr_t)number;
}

/* What the function returns in a child whose SIGINT is the default one; the child must not die of a signal. */
static int in_child(int (*fn)(void))
{
    int status;
    pid_t process = fork();
    if (process == 0) {
        (void)signal(SIGINT, SIG_DFL);
        _exit(-fn() & 0xff);
    }
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFEXITED(status));
    return -WEXITSTATUS(status);
}

/* ---- R1 ---- */

static int disposition(void *arg)
{
    struct sigaction now;
    (void)arg;
    if (sigaction(SIGINT, NULL, &now) != 0)
        return EDDY_EPROTO;
    return now.sa_handler == SIG_DFL ? 1 : now.sa_handler == SIG_IGN ? 2 : 3;
}

static void run_in_thread(void *result)
{
    *(int *)result = eddy_run(disposition, NULL, options());
}

static int run_beside_the_main_thread(void)
{
    eddyi_thread thread;
    int result = 0;
    if (eddyi_thread_create(&thread, run_in_thread, &result, "runner") < 0)
        return -9;
    eddyi_thread_join(&thread);
    return -result;
}

static int run_with_the_interrupt_ignored(void)
{
    (void)signal(SIGINT, SIG_IGN);
    return -eddy_run(disposition, NULL, options());
}

static int run_in_the_main_thread(void)
{
    return -eddy_run(disposition, NULL, options());
}

static void R1_interrupt_is_taken_in_the_main_thread_and_from_its_default_only(void **state)
{
    (void)state;
    assert_int_equal(in_child(run_in_the_main_thread), -3);
    assert_int_equal(in_child(run_beside_the_main_thread), -1);
    assert_int_equal(in_child(run_with_the_interrupt_ignored), -2);
}

/* ---- R2, R3, R4 ---- */

static int sleeps(void *cancels)
{
    int rc = eddy_sleep(1000);
    *(int *)cancels += rc == EDDY_ECANCELED;
    return rc;
}

static int interrupted_with_a_child(void *arg)
{
    static int cancels; /* the child outlives its maker */
    eddy_task *task;
    (void)arg;
    int rc = eddy_create_task(&task, sleeps, &cancels, NULL);
    (void)raise(SIGINT);
    if (rc < 0 || eddy_sleep(1000) != EDDY_ECANCELED)
        return 1;
    for (int i = 0; i < 5; i++) /* one cancel, and no more */
        if (eddy_sleep(0) < 0)
            return 2;
    rc = cancels == 0 && eddy_task_cancelling(eddy_current_task()) == 1 ? 3 : 4;
    eddy_task_release(task);
    return rc;
}

static int run_interrupted_with_a_child(void)
{
    return -eddy_run(interrupted_with_a_child, NULL, options());
}

static void R2_interrupt_cancels_the_main_task_once_and_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(in_child(run_interrupted_with_a_child), -3);
}

static int interrupted_in_its_last_step(void *result)
{
    (void)raise(SIGINT);
    return (int)(intptr_t)result;
}

static int run_interrupted_late(void)
{
    int rc = eddy_run(interrupted_in_its_last_step, (void *)5, options());
    if (rc != EDDY_EINTERRUPTED)
        return -1;
    return eddy_run(interrupted_in_its_last_step, (void *)(intptr_t)EDDY_EIO, options()) == EDDY_EIO ? -3
                                                                                                     : -2;
}

static void R3_R4_interrupt_in_the_last_step_of_main_is_told_unless_it_failed(void **state)
{
    (void)state;
    assert_int_equal(in_child(run_interrupted_late), -3);
}

static int fails_when_interrupted(void *arg)
{
    (void)arg;
    (void)raise(SIGINT);
    return eddy_sleep(1000) == EDDY_ECANCELED ? EDDY_EIO : 0;
}

static int run_failing_when_interrupted(void)
{
    return eddy_run(fails_when_interrupted, NULL, options()) == EDDY_EIO ? -3 : -1;
}

static void R4_main_that_fails_when_it_is_interrupted_tells_its_own_error(void **state)
{
    (void)state;
    assert_int_equal(in_child(run_failing_when_interrupted), -3);
}

/* ---- R5 ---- */

static void trace_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)arg;
    if (strcmp(context->message, "unhandled exception during eddy_run() shutdown") == 0) {
        assert_non_null(context->task);
        assert_ptr_equal(context->future, eddy_task_future(context->task));
        assert_int_equal(context->exception, EDDY_EIO);
        assert_int_equal(context->error->code, EDDY_EIO);
        trace('r');
    } else if (strstr(context->message, "closing of asynchronous generator") != NULL) {
        trace('g');
    } else if (strstr(context->message, "destroyed but it is pending") != NULL) {
        trace('c');
    } else {
        trace('?');
    }
}

static int cleans_up_and_fails(void *steps)
{
    int rc = eddy_sleep(1000);
    for (intptr_t i = 0; i < (intptr_t)steps; i++)
        rc = eddy_sleep(0);
    trace('t');
    return rc < 0 && steps != NULL ? rc : EDDY_EIO;
}

static int waits_for_ever(void *arg)
{
    (void)arg;
    return eddy_sleep((double)INFINITY); /* sim's time flies while the executor ends */
}

static int leaves_a_task(void *arg)
{
    int rc = eddy_generator_yield(arg, NULL);
    trace('y');
    if (eddy_create_task(NULL, waits_for_ever, NULL, NULL) < 0)
        return EDDY_EPROTO;
    return rc == EDDY_EGENERATOREXIT ? EDDY_EPROTO : rc;
}

static int refuse_job(eddy_executor *executor, eddy_job *job)
{
    (void)executor;
    (void)job;
    return EDDY_EAGAIN;
}

/* In a thread that the loop waits for. */
static int trace_executor_shutdown(eddy_executor *executor, bool wait)
{
    (void)executor;
    if (wait)
        trace('e');
    return 0;
}

static eddy_executor tracing_executor = {
    .size = sizeof tracing_executor, .submit = refuse_job, .shutdown = trace_executor_shutdown};
static eddy_generator *left_open;

static int leaves_everything(void *result)
{
    eddy_loop *loop = eddy_get_running_loop();
    trace_clear();
    assert_int_equal(eddy_loop_set_exception_handler(loop, trace_report, NULL), 0);
    assert_int_equal(eddy_loop_set_default_executor(loop, &tracing_executor), 0);
    assert_int_equal(eddy_generator_create(&left_open, leaves_a_task, NULL, NULL), 0);
    assert_int_equal(eddy_generator_next(left_open, NULL), 1);
    for (intptr_t i = 0; i < 3; i++)
        assert_int_equal(eddy_create_task(NULL, cleans_up_and_fails, (void *)(i * 2), NULL), 0);
    assert_int_equal(eddy_sleep(0), 0);
    return (int)(intptr_t)result;
}

/* All tasks end before any is reported; a failure of a step stops none of the next; the loop is closed in the end. */
static void R5_tasks_then_reports_then_generators_then_the_executor_then_the_loop(void **state)
{
    long blocks = support_live_blocks();
    (void)state;
    for (int i = 0; i < 2; i++) {
        int result = i == 0 ? 4 : EDDY_EPROTO;
        assert_int_equal(eddy_run(leaves_everything, (void *)(intptr_t)result, options()), result);
        assert_string_equal(trace_text(), "tttrrrygec");
        eddy_generator_release(left_open);
        assert_int_equal(support_live_blocks(), blocks);
    }
}

static int fails_at_once(void *arg)
{
    (void)arg;
    return EDDY_EIO;
}

static int leaves_what_it_awaits(void *arg)
{
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_loop_set_exception_handler(eddy_get_running_loop(), trace_report, NULL), 0);
    trace_clear();
    assert_int_equal(eddy_create_task(&task, fails_at_once, NULL, NULL), 0);
    int rc = eddy_await(task, NULL); /* looked at, and not left behind */
    eddy_task_release(task);
    return rc;
}

static void R5_only_what_is_left_is_reported(void **state)
{
    (void)state;
    assert_int_equal(eddy_run(leaves_what_it_awaits, NULL, options()), EDDY_EIO);
    assert_string_equal(trace_text(), "");
}

/* ---- R6, the options ---- */

static int factory_calls;

static int factory_that_fails_first(eddy_loop **out, void *arg)
{
    return factory_calls++ == 0 ? EDDY_EMFILE : eddy_new_event_loop(out, arg);
}

static int is_debugged(void *arg)
{
    (void)arg;
    return eddy_loop_get_debug(eddy_get_running_loop());
}

static void R6_loop_is_made_once_and_a_failed_attempt_may_be_repeated(void **state)
{
    eddy_runner *runner;
    eddy_loop *loop = NULL;
    eddy_run_options with = *options();
    (void)state;
    factory_calls = 0;
    with.loop_factory = factory_that_fails_first;
    with.loop_factory_arg = &loop_options;
    assert_int_equal(eddy_runner_create(&runner, &with), 0);
    assert_int_equal(factory_calls, 0); /* nothing is made before it is needed */
    assert_int_equal(eddy_runner_get_loop(runner, &loop), EDDY_EMFILE);
    assert_null(loop);
    for (intptr_t i = 1; i < 4; i++)
        assert_int_equal(eddy_runner_run(runner, give, (void *)i), i);
    assert_int_equal(factory_calls, 2);
    assert_int_equal(eddy_runner_close(runner), 0);
}

static void debug_may_be_forced_off(void **state)
{
    eddy_run_options with = *options();
    (void)state;
    loop_options.debug = true;
    assert_int_equal(eddy_run(is_debugged, NULL, &with), 1);
    with.no_debug = true;
    assert_int_equal(eddy_run(is_debugged, NULL, &with), 0);
}

/* Tasks outlive one run and go on in the next. */
static int starts_a_task(void *arg)
{
    return eddy_create_task(arg, give, (void *)8, NULL);
}

static int awaits_it(void *arg)
{
    return eddy_await(*(eddy_task **)arg, NULL);
}

static void tasks_of_one_run_go_on_in_the_next(void **state)
{
    eddy_runner *runner;
    eddy_task *task;
    (void)state;
    assert_int_equal(eddy_runner_create(&runner, options()), 0);
    assert_int_equal(eddy_runner_run(runner, starts_a_task, &task), 0);
    assert_int_equal(eddy_runner_run(runner, awaits_it, &task), 8);
    eddy_task_release(task);
    assert_int_equal(eddy_runner_close(runner), 0);
}

/* ---- R7 ---- */

static int newborn(void *arg)
{
    (void)arg;
    trace('b');
    int rc = eddy_sleep(1000);
    trace('t');
    return rc == EDDY_ECANCELED ? EDDY_EIO : rc;
}

static int makes_another(void *arg)
{
    int rc = eddy_sleep(1000);
    if (rc != EDDY_ECANCELED)
        return EDDY_EPROTO;
    rc = eddy_create_task(NULL, newborn, arg, NULL);
    trace('m');
    return rc;
}

static int leaves_one_that_makes_another(void *loop_out)
{
    trace_clear();
    *(eddy_loop **)loop_out = eddy_loop_retain(eddy_get_running_loop());
    int rc = eddy_create_task(NULL, makes_another, NULL, NULL);
    return rc == 0 ? eddy_sleep(0) : rc;
}

static int cancel_the_newborn(void *loop)
{
    eddy_task *tasks[1];
    assert_int_equal(eddy_all_tasks(loop, tasks, 1), 1);
    return eddy_task_cancel(tasks[0]) ? (eddy_task_release(tasks[0]), 0) : EDDY_EPROTO;
}

static void tick(void *loop)
{
    if (strcmp(trace_text(), "mb") != 0 || eddy_all_tasks(loop, NULL, 0) != 1)
        assert_int_equal(eddy_loop_call_soon(loop, NULL, tick, loop), 0);
    else
        assert_int_equal(cancel_the_newborn(loop), 0);
}

/* Made while the others are waited for: it is waited for too, but nobody cancels it until this test does. */
static void R7_task_made_in_the_shutdown_is_waited_for_and_not_cancelled(void **state)
{
    eddy_runner *runner;
    eddy_loop *loop;
    (void)state;
    assert_int_equal(eddy_runner_create(&runner, options()), 0);
    assert_int_equal(eddy_runner_run(runner, leaves_one_that_makes_another, &loop), 0);
    assert_int_equal(eddy_loop_set_exception_handler(loop, trace_report, NULL), 0);
    assert_int_equal(eddy_loop_call_soon(loop, NULL, tick, loop), 0);
    assert_int_equal(eddy_runner_close(runner), 0);
    assert_string_equal(trace_text(),
                        "mbt?"); /* '?': as of a task that nobody awaited, not as of one of the shutdown */
    eddy_loop_release(loop);
}

int suite_runner_rules(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R1_interrupt_is_taken_in_the_main_thread_and_from_its_default_only),
        cmocka_unit_test(R2_interrupt_cancels_the_main_task_once_and_nothing_else),
        cmocka_unit_test(R3_R4_interrupt_in_the_last_step_of_main_is_told_unless_it_failed),
        cmocka_unit_test(R4_main_that_fails_when_it_is_interrupted_tells_its_own_error),
        cmocka_unit_test(R5_tasks_then_reports_then_generators_then_the_executor_then_the_loop),
        cmocka_unit_test(R5_only_what_is_left_is_reported),
        cmocka_unit_test(R6_loop_is_made_once_and_a_failed_attempt_may_be_repeated),
        cmocka_unit_test(debug_may_be_forced_off),
        cmocka_unit_test(tasks_of_one_run_go_on_in_the_next),
        cmocka_unit_test(R7_task_made_in_the_shutdown_is_waited_for_and_not_cancelled),
    };
    return cmocka_run_group_tests_name("rules of the runner", tests, NULL, NULL);
}
