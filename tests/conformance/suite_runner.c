/* suite_runner.c: run and Runner. Rule numbers R1-R7 are those of asyncio's inventory.
 * Touches the public API, and child processes where SIGINT is the subject. */
#include "support/support.h"
#include "suite.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void run_returns_what_main_returns(void **state)
{
    (void)state;
    assert_int_equal(eddy_run(give, (void *)42, options()), 42);
    assert_int_equal(eddy_run(give, (void *)(intptr_t)EDDY_EIO, options()), EDDY_EIO);
    assert_int_equal(eddy_run(give, (void *)(intptr_t)EDDY_ECANCELED, options()), EDDY_ECANCELED);
    assert_int_equal(eddy_run(NULL, NULL, options()), EDDY_EINVAL);
    assert_int_equal(eddy_exit_status(42), 0);
    assert_int_equal(eddy_exit_status(EDDY_EINTERRUPTED), 130);
}

TASK_TEST(run_inside_a_loop_is_refused)
{
    (void)arg;
    assert_int_equal(eddy_run(give, NULL, NULL), EDDY_ERUNNING);
    return 0;
}

static int ended;

static int leftover(void *arg)
{
    int rc = eddy_sleep(1000);
    (void)arg;
    assert_int_equal(rc, EDDY_ECANCELED);
    rc = eddy_sleep(0); /* clean-up may await */
    ended++;
    return rc < 0 ? rc : EDDY_EIO;
}

static void catch_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    *(int *)arg += strstr(context->message, "shutdown") != NULL && context->exception == EDDY_EIO;
}

static int leave_tasks(void *reports)
{
    assert_int_equal(eddy_loop_set_exception_handler(eddy_get_running_loop(), catch_report, reports), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(eddy_create_task(NULL, leftover, NULL, NULL), 0);
    return eddy_sleep(0);
}

/* R5: what main left behind is cancelled, waited for, and its errors are reported. */
static void leftovers_are_cancelled_waited_for_and_reported(void **state)
{
    int reports = 0;
    (void)state;
    ended = 0;
    assert_int_equal(eddy_run(leave_tasks, &reports, options()), 0);
    assert_int_equal(ended, 3);
    assert_int_equal(reports, 3);
}

static void runner_runs_several_mains_on_one_loop(void **state)
{
    eddy_runner *runner;
    eddy_loop *first, *second;
    long blocks = support_live_blocks();
    (void)state;
    assert_int_equal(eddy_runner_create(&runner, options()), 0);
    assert_int_equal(eddy_runner_run(runner, give, (void *)1), 1);
    assert_int_equal(eddy_runner_get_loop(runner, &first), 0);
    assert_int_equal(eddy_runner_run(runner, give, (void *)2), 2);
    assert_int_equal(eddy_runner_get_loop(runner, &second), 0);
    assert_ptr_equal(first, second);
    assert_int_equal(eddy_runner_close(runner), 0);
    assert_int_equal(eddy_runner_close(NULL), 0);
    assert_int_equal(eddy_runner_create(&runner, NULL), 0);
    assert_int_equal(eddy_runner_close(runner), 0); /* never used: nothing was made */
    assert_int_equal(support_live_blocks(), blocks);
}

static int factory_calls;

static int factory(eddy_loop **out, void *arg)
{
    factory_calls++;
    return eddy_new_event_loop(out, arg);
}

static int failing_factory(eddy_loop **out, void *arg)
{
    (void)out;
    (void)arg;
    return EDDY_EMFILE;
}

/* R6 */
static void loop_factory_is_used_once_and_its_failure_told(void **state)
{
    eddy_run_options with = *options();
    (void)state;
    factory_calls = 0;
    with.loop_factory = factory;
    with.loop_factory_arg = &loop_options;
    assert_int_equal(eddy_run(give, (void *)7, &with), 7);
    assert_int_equal(factory_calls, 1);
    with.loop_factory = failing_factory;
    assert_int_equal(eddy_run(give, (void *)7, &with), EDDY_EMFILE);
}

/* ---- SIGINT, in a child: its exit status tells ---- */

static int interrupted_main(void *swallow)
{
    (void)raise(SIGINT);
    int rc = eddy_sleep(1000);
    return swallow != NULL && rc == EDDY_ECANCELED ? 5 : rc;
}

static int twice(void *arg)
{
    (void)arg;
    (void)raise(SIGINT);
    int rc = eddy_sleep(1000);
    (void)raise(SIGINT); /* while cleaning up */
    return rc;
}

static int also_cancelled(void *arg)
{
    (void)arg;
    eddy_task_cancel(eddy_current_task());
    (void)raise(SIGINT);
    int rc = eddy_sleep(1000);
    return rc;
}

static int in_child(eddy_coro_fn fn, void *arg)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGINT, SIG_DFL);
        _exit(-eddy_run(fn, arg, options()) & 0xff);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void first_interrupt_cancels_main_and_is_told(void **state)
{
    (void)state;
    int status = in_child(interrupted_main, NULL);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), -EDDY_EINTERRUPTED & 0xff);
}

/* R4: a main that swallows the cancel has its own result. */
static void main_that_swallows_the_interrupt_keeps_its_result(void **state)
{
    (void)state;
    int status = in_child(interrupted_main, (void *)1);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), -5 & 0xff);
}

/* R3 */
static void second_interrupt_ends_the_process_at_once(void **state)
{
    (void)state;
    int status = in_child(twice, NULL);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
}

/* R4: somebody else cancelled too: then it is a cancel. */
static void outside_cancel_beside_the_interrupt_is_a_cancel(void **state)
{
    (void)state;
    int status = in_child(also_cancelled, NULL);
    assert_true(WIFEXITED(status));
    int code = WEXITSTATUS(status);
    assert_true(code == (-EDDY_ECANCELED & 0xff));
}

static void own_handler(int number)
{
    (void)number;
}

/* R1: somebody else's handler is left alone. */
static void foreign_interrupt_handler_is_kept(void **state)
{
    (void)state;
    void (*before)(int) = signal(SIGINT, own_handler);
    assert_int_equal(eddy_run(give, (void *)3, options()), 3);
    assert_true(signal(SIGINT, before) == own_handler);
}

int suite_runner(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_returns_what_main_returns),
        cmocka_unit_test(run_inside_a_loop_is_refused),
        cmocka_unit_test(leftovers_are_cancelled_waited_for_and_reported),
        cmocka_unit_test(runner_runs_several_mains_on_one_loop),
        cmocka_unit_test(loop_factory_is_used_once_and_its_failure_told),
        cmocka_unit_test(first_interrupt_cancels_main_and_is_told),
        cmocka_unit_test(main_that_swallows_the_interrupt_keeps_its_result),
        cmocka_unit_test(second_interrupt_ends_the_process_at_once),
        cmocka_unit_test(outside_cancel_beside_the_interrupt_is_a_cancel),
        cmocka_unit_test(foreign_interrupt_handler_is_kept),
    };
    return cmocka_run_group_tests_name("runner", tests, NULL, NULL);
}
