/* suite_runner.c: run and Runner. Rule numbers R1-R7 are those of asyncio's inventory.
 * Touches the public API, and child processes where SIGINT is the subject. */
#include "support/support.h"
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

static void run_returns_what_main_returns(void **state)
{
    (void)state;
    assert_int_equal(eddy_run(give, (void *)42, options()), 42);
    assert_int_equal(eddy_run(give, (void *)(intptr_t)EDDY_EIO, options()), EDDY_EIO);
    assert_int_equal(eddy_run(give, (void *)(intptr_t)EDDY_ECANCELED, options()), EDDY_ECANCELED);
    assert_int_equal(eddy_run(NULL, NULL, options()), EDDY_EINVAL);
    assert_int_equal(eddy_run(give, NULL, &(eddy_run_options){.debug = true}), EDDY_EINVAL); /* no size */
}

static void exit_status_tells_success_interrupt_and_failure(void **state)
{
    int ends[2], status;
    char said[128];
    (void)state;
    assert_int_equal(eddy_exit_status(0), 0);
    assert_int_equal(eddy_exit_status(42), 0);
    assert_int_equal(eddy_exit_status(EDDY_EINTERRUPTED), 130);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        _exit(eddy_exit_status(EDDY_EIO));
    }
    close(ends[1]);
    ssize_t got = read(ends[0], said, sizeof said - 1);
    said[got > 0 ? got : 0] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    assert_non_null(strstr(said, "EDDY_EIO"));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

TASK_TEST(run_inside_a_loop_is_refused)
{
    eddy_runner *runner;
    (void)arg;
    assert_int_equal(eddy_run(give, NULL, NULL), EDDY_ERUNNING);
    assert_int_equal(eddy_runner_create(&runner, options()), 0);
    assert_int_equal(eddy_runner_run(runner, give, NULL), EDDY_ERUNNING);
    assert_int_equal(eddy_runner_close(runner), 0);
    return 0;
}

static int close_own_runner(void *runner)
{
    return eddy_runner_close(runner) == EDDY_ERUNNING ? 6 : EDDY_EPROTO;
}

static void runner_cannot_be_closed_from_inside_and_stays(void **state)
{
    eddy_runner *runner;
    eddy_loop *loop;
    (void)state;
    assert_int_equal(eddy_runner_create(&runner, options()), 0);
    assert_int_equal(eddy_runner_run(runner, close_own_runner, runner), 6);
    assert_int_equal(eddy_runner_run(runner, give, (void *)4), 4);
    assert_int_equal(eddy_runner_run(NULL, give, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_runner_run(runner, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_runner_get_loop(runner, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_runner_get_loop(NULL, &loop), EDDY_EINVAL);
    assert_int_equal(eddy_runner_create(NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_runner_get_loop(runner, &loop), 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(eddy_runner_run(runner, give, (void *)4), EDDY_ECLOSED);
    assert_int_equal(eddy_runner_close(runner), 0);
}

static int is_debugged(void *arg)
{
    (void)arg;
    return eddy_loop_get_debug(eddy_get_running_loop());
}

static void debug_option_reaches_the_loop(void **state)
{
    eddy_run_options with = *options();
    (void)state;
    assert_int_equal(eddy_run(is_debugged, NULL, &with), 0);
    with.debug = true;
    assert_int_equal(eddy_run(is_debugged, NULL, &with), 1);
}

static int main_ended;

static int stop_my_loop(void *arg)
{
    (void)arg;
    eddy_loop_stop(eddy_get_running_loop());
    int rc = eddy_sleep(1000);
    main_ended = rc;
    return rc;
}

static void main_that_stops_its_loop_is_cancelled_at_close(void **state)
{
    (void)state;
    main_ended = 0;
    assert_int_equal(eddy_run(stop_my_loop, NULL, options()), EDDY_ESTOPPED);
    assert_int_equal(main_ended, EDDY_ECANCELED);
}

static void run_in_thread(void *result)
{
    *(int *)result = eddy_run(give, (void *)8, options());
}

/* R1: outside the main thread it runs without the interrupt. */
static void run_works_in_any_thread(void **state)
{
    eddyi_thread thread;
    int result = 0;
    (void)state;
    assert_int_equal(eddyi_thread_create(&thread, run_in_thread, &result, "runner"), 0);
    eddyi_thread_join(&thread);
    assert_int_equal(result, 8);
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

static int late_ended;

static int born_in_shutdown(void *arg)
{
    (void)arg;
    for (int i = 0; i < 5; i++)
        if (eddy_sleep(0.0005) < 0)
            return EDDY_EPROTO; /* it was cancelled */
    late_ended++;
    return 0;
}

static int ignores_its_cancel(void *arg)
{
    (void)arg;
    if (eddy_sleep(1000) != EDDY_ECANCELED)
        return EDDY_EPROTO;
    int rc = eddy_create_task(NULL, born_in_shutdown, NULL, NULL);
    for (int i = 0; rc == 0 && i < 10; i++)
        rc = eddy_sleep(0.0005);
    ended++;
    return rc;
}

static int leave_stubborn_tasks(void *reports)
{
    assert_int_equal(eddy_loop_set_exception_handler(eddy_get_running_loop(), catch_report, reports), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(eddy_create_task(NULL, ignores_its_cancel, NULL, NULL), 0);
    int rc = eddy_sleep(0);
    return rc < 0 ? rc : EDDY_EIO;
}

/* R7; and R5 also after a main that failed. */
static void shutdown_waits_for_the_stubborn_and_spares_the_newborn(void **state)
{
    int reports = 0;
    (void)state;
    ended = late_ended = 0;
    assert_int_equal(eddy_run(leave_stubborn_tasks, &reports, options()), EDDY_EIO);
    assert_int_equal(ended, 3);
    assert_int_equal(late_ended, 3);
    assert_int_equal(reports, 0);
}

static int cancels_needed;

static int need_two_cancels(void *arg)
{
    (void)arg;
    while (cancels_needed > 0)
        if (eddy_sleep((double)INFINITY) == EDDY_ECANCELED)
            cancels_needed--;
    return 0;
}

static char reminded[32];

static void note_reminder(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    ++*(int *)arg;
    (void)eddy_task_get_name(context->task, reminded, sizeof reminded);
}

static int leave_one_that_swallows(void *reports)
{
    eddy_task_options named = {.size = sizeof named, .name = "stubborn"};
    int rc = eddy_create_task(NULL, need_two_cancels, NULL, &named);
    (void)eddy_loop_set_exception_handler(eddy_get_running_loop(), note_reminder, reports);
    return rc < 0 ? rc : eddy_sleep(0);
}

static void fault_C4_shutdown_names_who_goes_on_and_cancels_again(void **state)
{
    int reports = 0;
    (void)state;
    if (!support_is_simulated()) {
        (void)support_skip("the reminder comes after seconds, which pass at once in virtual time only");
        return;
    }
    cancels_needed = 2;
    assert_int_equal(eddy_run(leave_one_that_swallows, &reports, options()), 0);
    assert_int_equal(cancels_needed, 0);
    assert_int_equal(reports, 1);
    assert_string_equal(reminded, "stubborn");
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

static int again_after_a_run_elsewhere(void *arg)
{
    eddyi_thread thread;
    int result = 0;
    (void)raise(SIGINT);
    int rc = eddy_sleep(1000);
    (void)arg;
    if (eddyi_thread_create(&thread, run_in_thread, &result, "runner") < 0)
        return EDDY_EIO;
    eddyi_thread_join(&thread);
    if (result == 8)
        (void)raise(SIGINT);
    return rc;
}

/* R3: a run in another thread, which has no handler, does not forget the first one. */
static void second_interrupt_is_one_though_another_thread_ran_a_loop(void **state)
{
    (void)state;
    int status = in_child(again_after_a_run_elsewhere, NULL);
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

static int told_to[2];

static void tell_ready(void *arg)
{
    ssize_t ignored = write(told_to[1], "r", 1);
    (void)arg;
    (void)ignored;
}

static int wait_in_the_poller(void *arg)
{
    (void)arg;
    int rc = eddy_loop_call_later(eddy_get_running_loop(), NULL, 0.001, tell_ready, NULL);
    return rc < 0 ? rc : eddy_sleep((double)INFINITY);
}

/* R2: it wakes a loop that waits for ever. */
static void interrupt_wakes_a_loop_that_waits(void **state)
{
    char byte;
    int status;
    (void)state;
    assert_int_equal(pipe(told_to), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGINT, SIG_DFL);
        _exit(-eddy_run(wait_in_the_poller, NULL, options()) & 0xff);
    }
    assert_int_equal(read(told_to[0], &byte, 1), 1);
    assert_int_equal(kill(child, SIGINT), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), -EDDY_EINTERRUPTED & 0xff);
    close(told_to[0]);
    close(told_to[1]);
}

static bool interrupt_is_default(void)
{
    struct sigaction now;
    return sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}

static int sees_its_handler(void *arg)
{
    (void)arg;
    return interrupt_is_default() ? EDDY_EPROTO : 1;
}

/* Each run of a runner counts anew, and the disposition is back after each. */
static int interrupted_again_and_again(void *arg)
{
    eddy_runner *runner;
    (void)arg;
    int rc = eddy_runner_create(&runner, options());
    for (int i = 0; rc == 0 && i < 3; i++) {
        bool told = eddy_runner_run(runner, interrupted_main, NULL) == EDDY_EINTERRUPTED;
        bool seen = eddy_runner_run(runner, sees_its_handler, NULL) == 1;
        if (!told || !seen || !interrupt_is_default())
            return 1;
    }
    return rc == 0 && eddy_runner_close(runner) == 0 ? 0 : 2;
}

static void every_run_takes_the_interrupt_anew_and_gives_it_back(void **state)
{
    int status;
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGINT, SIG_DFL);
        _exit(interrupted_again_and_again(NULL));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void without_the_handler_an_interrupt_ends_the_process(void **state)
{
    int status;
    eddy_run_options with = *options();
    (void)state;
    with.no_interrupt_handler = true;
    pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGINT, SIG_DFL);
        _exit(-eddy_run(interrupted_main, NULL, &with) & 0xff);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
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
        cmocka_unit_test(exit_status_tells_success_interrupt_and_failure),
        cmocka_unit_test(run_inside_a_loop_is_refused),
        cmocka_unit_test(runner_cannot_be_closed_from_inside_and_stays),
        cmocka_unit_test(debug_option_reaches_the_loop),
        cmocka_unit_test(main_that_stops_its_loop_is_cancelled_at_close),
        cmocka_unit_test(run_works_in_any_thread),
        cmocka_unit_test(leftovers_are_cancelled_waited_for_and_reported),
        cmocka_unit_test(shutdown_waits_for_the_stubborn_and_spares_the_newborn),
        cmocka_unit_test(fault_C4_shutdown_names_who_goes_on_and_cancels_again),
        cmocka_unit_test(runner_runs_several_mains_on_one_loop),
        cmocka_unit_test(loop_factory_is_used_once_and_its_failure_told),
        cmocka_unit_test(first_interrupt_cancels_main_and_is_told),
        cmocka_unit_test(main_that_swallows_the_interrupt_keeps_its_result),
        cmocka_unit_test(second_interrupt_ends_the_process_at_once),
        cmocka_unit_test(second_interrupt_is_one_though_another_thread_ran_a_loop),
        cmocka_unit_test(outside_cancel_beside_the_interrupt_is_a_cancel),
        cmocka_unit_test(interrupt_wakes_a_loop_that_waits),
        cmocka_unit_test(every_run_takes_the_interrupt_anew_and_gives_it_back),
        cmocka_unit_test(without_the_handler_an_interrupt_ends_the_process),
        cmocka_unit_test(foreign_interrupt_handler_is_kept),
    };
    return cmocka_run_group_tests_name("runner", tests, NULL, NULL);
}
