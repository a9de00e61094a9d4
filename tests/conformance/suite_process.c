/* suite_process.c: subprocesses: starting, streams, waiting, communicate, signals. J2-J7 are rules of asyncio's inventory.
 * Touches the public API, /bin/sh and small tools. Every test leaves no child. */
#include "pair.h"
#include "processes.h"
#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const eddy_process_options all_pipes = {.size = sizeof all_pipes,
                                               .standard_input = EDDY_SUBPROCESS_PIPE,
                                               .standard_output = EDDY_SUBPROCESS_PIPE,
                                               .standard_error = EDDY_SUBPROCESS_PIPE};

static void finish(eddy_process *process)
{
    eddy_process_release(process);
    assert_true(there_is_no_child());
}

/* ---- starting and ending ---- */

TASK_TEST(a_program_runs_and_its_exit_status_is_told)
{
    const char *argv[] = {"true", NULL};
    eddy_process *process;
    int returncode = 1000;
    NEEDS_PROCESSES();
    assert_int_equal(eddy_create_subprocess_exec(&process, argv, NULL), 0);
    assert_true(eddy_process_pid(process) > 0);
    assert_null(eddy_process_stdin(process));
    assert_null(eddy_process_stdout(process));
    assert_null(eddy_process_stderr(process));
    assert_int_equal(ending(process), 0);
    assert_true(eddy_process_returncode(process, &returncode));
    assert_int_equal(returncode, 0);
    finish(process);
    process = shell("cat; exit 42", &all_pipes);
    assert_false(eddy_process_returncode(process, &returncode));
    assert_int_equal(returncode, 0); /* not written */
    eddy_stream_close(eddy_process_stdin(process));
    assert_int_equal(ending(process), 42);
    assert_int_equal(ending(process), 42); /* at once, as often as asked */
    finish(process);
    return 0;
}

TASK_TEST(a_signal_that_ends_it_is_its_number_below_zero)
{
    NEEDS_PROCESSES();
    eddy_process *process = shell("kill -USR1 $$; sleep 100", NULL);
    assert_int_equal(ending(process), -SIGUSR1);
    finish(process);
    return 0;
}

TASK_TEST(executable_is_the_program_and_the_first_argument_its_name)
{
    const char *argv[] = {"a-name", "-c", "echo $0", NULL};
    eddy_process_options options = {
        .size = sizeof options, .executable = "/bin/sh", .standard_output = EDDY_SUBPROCESS_PIPE};
    eddy_process *process;
    eddy_view output;
    NEEDS_PROCESSES();
    assert_int_equal(eddy_create_subprocess_exec(&process, argv, &options), 0);
    assert_int_equal(eddy_process_communicate(process, &output, NULL, NULL, 0, 0), 0);
    assert_int_equal(output.size, 7);
    assert_memory_equal(output.data, "a-name\n", 7);
    finish(process);
    return 0;
}

/* ---- streams ---- */

TASK_TEST(pipes_are_streams)
{
    char buffer[64];
    eddy_view line;
    NEEDS_PROCESSES();
    eddy_process *process = shell("cat; echo wrong >&2; exit 3", &all_pipes);
    assert_int_equal(eddy_stream_write(eddy_process_stdin(process), "one\ntwo", 7), 0);
    assert_int_equal(eddy_stream_readline(eddy_process_stdout(process), &line), 4);
    eddy_stream_close(eddy_process_stdin(process));
    assert_int_equal(pair_read_all(eddy_process_stdout(process), buffer, sizeof buffer), 3);
    assert_int_equal(pair_read_all(eddy_process_stderr(process), buffer, sizeof buffer), 6);
    assert_memory_equal(buffer, "wrong\n", 6);
    assert_int_equal(ending(process), 3);
    finish(process);
    return 0;
}

TASK_TEST(standard_error_may_go_where_standard_output_goes)
{
    eddy_process_options options = {.size = sizeof options,
                                    .standard_output = EDDY_SUBPROCESS_PIPE,
                                    .standard_error = EDDY_SUBPROCESS_STDOUT};
    eddy_view output, errors;
    NEEDS_PROCESSES();
    eddy_process *process = shell("echo out; echo err >&2", &options);
    assert_null(eddy_process_stderr(process));
    assert_int_equal(eddy_process_communicate(process, &output, &errors, NULL, 0, 0), 0);
    assert_int_equal(output.size, 8);
    assert_memory_equal(output.data, "out\nerr\n", 8);
    assert_null(errors.data);
    finish(process);
    return 0;
}

TASK_TEST(devnull_and_descriptors_are_passed_on)
{
    int ends[2];
    char buffer[64];
    NEEDS_PROCESSES();
    assert_int_equal(pipe(ends), 0);
    eddy_process_options options = {.size = sizeof options,
                                    .standard_input = EDDY_SUBPROCESS_DEVNULL,
                                    .standard_output = EDDY_SUBPROCESS_FD,
                                    .standard_output_fd = ends[1],
                                    .standard_error = EDDY_SUBPROCESS_DEVNULL};
    eddy_process *process = shell("cat; echo out; echo nobody hears >&2", &options);
    assert_int_equal(ending(process), 0);
    close(ends[1]); /* it is ours still */
    assert_int_equal(read(ends[0], buffer, sizeof buffer), 4);
    assert_int_equal(read(ends[0], buffer, sizeof buffer), 0);
    close(ends[0]);
    finish(process);
    return 0;
}

/* Standard error into standard output's place and the other way round: no source is overwritten before it was copied. */
TASK_TEST(standard_streams_may_be_crossed)
{
    eddy_process_options options = {.size = sizeof options,
                                    .standard_output = EDDY_SUBPROCESS_FD,
                                    .standard_output_fd = STDERR_FILENO,
                                    .standard_error = EDDY_SUBPROCESS_FD,
                                    .standard_error_fd = STDOUT_FILENO};
    int saved[2], ends[2][2];
    char buffer[2][16];
    ssize_t got[2];
    NEEDS_PROCESSES();
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        saved[i] = dup(STDOUT_FILENO + i);
        assert_int_equal(pipe(ends[i]), 0);
        (void)dup2(ends[i][1], STDOUT_FILENO + i);
        close(ends[i][1]);
    }
    eddy_process *process;
    int rc = eddy_create_subprocess_shell(&process, "echo out; echo err >&2", &options);
    int code = 1000, waited = rc == 0 ? eddy_process_wait(process, &code) : rc;
    for (int i = 0; i < 2; i++) {
        (void)dup2(saved[i], STDOUT_FILENO + i);
        close(saved[i]);
        got[i] = read(ends[i][0], buffer[i], sizeof buffer[i]);
        close(ends[i][0]);
    }
    assert_int_equal(rc, 0);
    assert_int_equal(waited, 0);
    assert_int_equal(got[0], 4);
    assert_memory_equal(buffer[0], "err\n", 4);
    assert_int_equal(got[1], 4);
    assert_memory_equal(buffer[1], "out\n", 4);
    finish(process);
    return 0;
}

TASK_TEST(limit_is_of_the_streams_that_are_read)
{
    eddy_process_options options = {
        .size = sizeof options, .limit = 8, .standard_output = EDDY_SUBPROCESS_PIPE};
    eddy_view line;
    NEEDS_PROCESSES();
    eddy_process *process = shell("echo a line that is too long; echo short", &options);
    assert_int_equal(eddy_stream_readline(eddy_process_stdout(process), &line), EDDY_ELIMIT);
    assert_int_equal(ending(process), 0);
    finish(process);
    return 0;
}

/* ---- waiting ---- */

typedef struct waiting {
    eddy_process *process;
    int returncode;
} waiting;

static int wait_for_it(void *arg)
{
    waiting *self = arg;
    return eddy_process_wait(self->process, &self->returncode);
}

TASK_TEST(J4_any_number_of_tasks_may_wait)
{
    enum { WAITERS = 5 };
    waiting waiters[WAITERS];
    eddy_task *tasks[WAITERS];
    NEEDS_PROCESSES();
    eddy_process *process = shell("cat; exit 7", &all_pipes);
    for (int i = 0; i < WAITERS; i++) {
        waiters[i] = (waiting){process, 1000};
        assert_int_equal(eddy_create_task(&tasks[i], wait_for_it, &waiters[i], NULL), 0);
    }
    assert_int_equal(eddy_sleep(0), 0);
    eddy_stream_close(eddy_process_stdin(process));
    for (int i = 0; i < WAITERS; i++) {
        assert_int_equal(eddy_await(tasks[i], NULL), 0);
        assert_int_equal(waiters[i].returncode, 7);
        eddy_task_release(tasks[i]);
    }
    finish(process);
    return 0;
}

TASK_TEST(J4_a_wait_that_is_cancelled_leaves_the_child_alone)
{
    waiting waiter;
    eddy_task *task;
    NEEDS_PROCESSES();
    eddy_process *process = shell("cat; exit 7", &all_pipes);
    waiter = (waiting){process, 1000};
    assert_int_equal(eddy_create_task(&task, wait_for_it, &waiter, NULL), 0);
    assert_int_equal(eddy_sleep(0), 0);
    eddy_task_cancel(task);
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    eddy_task_release(task);
    assert_int_equal(waiter.returncode, 1000);
    assert_false(eddy_process_returncode(process, NULL));
    eddy_stream_close(eddy_process_stdin(process));
    assert_int_equal(ending(process), 7);
    finish(process);
    return 0;
}

/* J4, B5: a grandchild that keeps the pipe open does not keep us from hearing of the end. */
TASK_TEST(J4_fault_B5_the_end_is_told_though_a_grandchild_holds_the_pipes)
{
    char buffer[64];
    eddy_view line;
    NEEDS_PROCESSES();
    eddy_process *process = shell("sleep 100 & echo $!; exit 5", &all_pipes);
    assert_int_equal(ending(process), 5);
    ptrdiff_t length = eddy_stream_readline(eddy_process_stdout(process), &line);
    assert_true(length > 1);
    memcpy(buffer, line.data, (size_t)length);
    buffer[length] = '\0';
    eddy_timeout limit;
    (void)eddy_timeout_enter(&limit, 0.01);
    int rc = eddy_process_communicate(process, NULL, NULL, NULL, 0, 0);
    assert_int_equal(eddy_timeout_exit(&limit, rc), EDDY_ETIMEDOUT); /* its limit is a timeout */
    assert_int_equal(kill(atoi(buffer), SIGKILL), 0);
    assert_int_equal(pair_read_all(eddy_process_stdout(process), buffer, sizeof buffer), 0);
    eddy_process_release(process);
    return 0;
}

TASK_TEST(a_stopped_child_has_not_ended)
{
    eddy_view line;
    NEEDS_PROCESSES();
    eddy_process *process = shell("echo there; read x; exit 9", &all_pipes);
    assert_int_equal(eddy_stream_readline(eddy_process_stdout(process), &line), 6);
    assert_int_equal(eddy_process_send_signal(process, SIGSTOP), 0);
    int status;
    assert_int_equal(waitpid(eddy_process_pid(process), &status, WUNTRACED), eddy_process_pid(process));
    assert_true(WIFSTOPPED(status));
    assert_int_equal(eddy_sleep(0.001), 0);
    assert_false(eddy_process_returncode(process, NULL));
    assert_int_equal(eddy_process_send_signal(process, SIGCONT), 0);
    eddy_stream_close(eddy_process_stdin(process));
    assert_int_equal(ending(process), 9);
    finish(process);
    return 0;
}

/* ---- communicate ---- */

TASK_TEST(J5_communicate_feeds_reads_and_waits)
{
    eddy_view output, errors;
    int returncode;
    NEEDS_PROCESSES();
    eddy_process *process = shell("cat; echo wrong >&2; exit 3", &all_pipes);
    assert_int_equal(eddy_process_communicate(process, &output, &errors, "input", 5, 0), 0);
    assert_int_equal(output.size, 5);
    assert_memory_equal(output.data, "input", 5);
    assert_int_equal(errors.size, 6);
    assert_true(eddy_process_returncode(process, &returncode));
    assert_int_equal(returncode, 3);
    finish(process);
    return 0;
}

TASK_TEST(J5_communicate_without_input_closes_standard_input)
{
    eddy_view output = {NULL, 1}, errors = {"x", 1};
    NEEDS_PROCESSES();
    eddy_process_options options = all_pipes;
    options.standard_error = EDDY_SUBPROCESS_INHERIT;
    eddy_process *process = shell("cat", &options);
    assert_int_equal(eddy_process_communicate(process, &output, &errors, NULL, 0, 0), 0);
    assert_non_null(output.data); /* a pipe that said nothing */
    assert_int_equal(output.size, 0);
    assert_null(errors.data); /* no pipe */
    assert_int_equal(errors.size, 0);
    assert_int_equal(ending(process), 0);
    finish(process);
    return 0;
}

enum { MUCH = 3 << 20 };
static char much[MUCH];

TASK_TEST(J5_a_child_that_does_not_read_its_input_is_no_error)
{
    eddy_view output;
    NEEDS_PROCESSES();
    eddy_process *process = shell("exec <&-; echo ready; exit 2", &all_pipes);
    assert_int_equal(eddy_process_communicate(process, &output, NULL, much, MUCH, 0), 0);
    assert_int_equal(output.size, 6);
    assert_int_equal(ending(process), 2);
    finish(process);
    return 0;
}

TASK_TEST(J5_fault_B6_a_child_that_dies_while_it_is_talked_to_is_no_error)
{
    eddy_view output;
    NEEDS_PROCESSES();
    eddy_process *process = shell("head -c 100000; kill -9 $$", &all_pipes);
    assert_int_equal(eddy_process_communicate(process, &output, NULL, much, MUCH, 0), 0);
    assert_int_equal(output.size, 100000);
    assert_int_equal(ending(process), -SIGKILL);
    finish(process);
    return 0;
}

TASK_TEST(fault_B5_a_child_that_closes_its_pipes_but_lives_has_not_ended)
{
    char buffer[4];
    NEEDS_PROCESSES();
    eddy_process *process = shell("exec <&- >&- 2>&-; exec sleep 100", &all_pipes);
    assert_int_equal(eddy_stream_read(eddy_process_stdout(process), buffer, sizeof buffer), 0);
    assert_int_equal(eddy_stream_read(eddy_process_stderr(process), buffer, sizeof buffer), 0);
    assert_int_equal(eddy_stream_wait_closed(eddy_process_stdin(process)), 0);
    assert_int_equal(eddy_stream_write(eddy_process_stdin(process), "x", 1), EDDY_EPIPE);
    assert_false(eddy_process_returncode(process, NULL));
    assert_int_equal(eddy_process_kill(process), 0);
    assert_int_equal(ending(process), -SIGKILL);
    finish(process);
    return 0;
}

/* Each side would wait for the other if we did one after the other. */
TASK_TEST(J5_fault_B6_much_in_and_much_out_of_both_at_once)
{
    eddy_view output, errors;
    NEEDS_PROCESSES();
    for (int i = 0; i < MUCH; i++)
        much[i] = (char)(i % 251);
    eddy_process *process =
        shell("dd if=/dev/zero bs=65536 count=16 >&2 2>/dev/null; tee /dev/stderr", &all_pipes);
    assert_int_equal(eddy_process_communicate(process, &output, &errors, much, MUCH, 0), 0);
    assert_int_equal(output.size, MUCH);
    assert_memory_equal(output.data, much, MUCH);
    assert_int_equal(errors.size, MUCH + (1 << 20));
    finish(process);
    return 0;
}

TASK_TEST(more_output_than_the_limit_is_an_error_and_the_child_goes_on)
{
    NEEDS_PROCESSES();
    eddy_process *process = shell("cat", &all_pipes);
    assert_int_equal(eddy_process_communicate(process, NULL, NULL, much, MUCH, 1 << 20), EDDY_ELIMIT);
    assert_false(eddy_process_returncode(process, NULL));
    assert_int_equal(eddy_process_kill(process), 0);
    assert_int_equal(ending(process), -SIGKILL);
    finish(process);
    return 0;
}

static int talk(void *process)
{
    return eddy_process_communicate(process, NULL, NULL, NULL, 0, 0);
}

TASK_TEST(J5_cancelled_communicate_leaves_the_child_alone)
{
    eddy_task *task;
    NEEDS_PROCESSES();
    eddy_process *process = shell("exec <&-; echo some; sleep 100", &all_pipes);
    assert_int_equal(eddy_create_task(&task, talk, process, NULL), 0);
    assert_int_equal(eddy_sleep(0.01), 0);
    assert_int_equal(eddy_process_communicate(process, NULL, NULL, NULL, 0, 0), EDDY_EBUSY);
    eddy_task_cancel(task);
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    eddy_task_release(task);
    assert_false(eddy_process_returncode(process, NULL));
    assert_int_equal(eddy_process_terminate(process), 0);
    assert_int_equal(ending(process), -SIGTERM);
    finish(process);
    return 0;
}

/* ---- signals ---- */

TASK_TEST(J3_signals_end_it_and_after_its_end_nothing_is_sent)
{
    NEEDS_PROCESSES();
    eddy_process *process = shell("exec sleep 100", NULL);
    assert_int_equal(eddy_process_send_signal(process, 0), 0);
    assert_int_equal(eddy_process_send_signal(process, 1000), EDDY_EINVAL);
    assert_int_equal(eddy_process_send_signal(process, -1), EDDY_EINVAL);
    assert_int_equal(eddy_process_send_signal(process, SIGUSR2), 0);
    assert_int_equal(ending(process), -SIGUSR2);
    assert_int_equal(eddy_process_send_signal(process, SIGTERM), 0);
    assert_int_equal(eddy_process_terminate(process), 0);
    assert_int_equal(eddy_process_kill(process), 0);
    assert_int_equal(ending(process), -SIGUSR2);
    finish(process);
    return 0;
}

/* B4: it is a zombie that nobody has reaped, so its number is its own still. */
TASK_TEST(J3_fault_B4_a_signal_to_one_that_has_ended_unnoticed_goes_nowhere)
{
    siginfo_t info;
    NEEDS_PROCESSES();
    eddy_process *process = shell("cat; exit 6", &all_pipes);
    eddy_stream_close(eddy_process_stdin(process));
    assert_int_equal(waitid(P_PID, (id_t)eddy_process_pid(process), &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(eddy_process_kill(process), 0);
    assert_int_equal(ending(process), 6);
    finish(process);
    return 0;
}

/* ---- handles and loops ---- */

TASK_TEST(a_process_that_is_let_go_is_killed_and_reaped)
{
    NEEDS_PROCESSES();
    eddy_process *process = shell("exec sleep 100", &all_pipes);
    int pid = eddy_process_pid(process);
    eddy_process_release(process);
    while (kill(pid, 0) == 0) /* until the zombie is gone too */
        assert_int_equal(eddy_sleep(0.001), 0);
    assert_true(there_is_no_child());
    return 0;
}

TASK_TEST(debug_mode_reports_a_process_that_is_let_go_while_it_runs)
{
    NEEDS_PROCESSES();
    support_catch_reports();
    eddy_process *process = shell("exec sleep 100", NULL);
    eddy_process_release(process);
    assert_int_equal(support_reports(), 0);
    eddy_loop_set_debug(eddy_get_running_loop(), true);
    process = shell("exec sleep 100", NULL);
    eddy_process_release(process);
    eddy_loop_set_debug(eddy_get_running_loop(), false);
    assert_int_equal(support_reports(), 1);
    return 0;
}

static eddy_process *kept;

static int leave_running(void *arg)
{
    waiting *waiter = arg;
    eddy_task *task;
    kept = shell("exec sleep 100", &all_pipes);
    waiter->process = kept;
    assert_int_equal(eddy_create_task(&task, talk, kept, NULL), 0);
    eddy_task_release(task);
    return eddy_create_task(&task, wait_for_it, waiter, NULL) < 0 ? -1 : (eddy_task_release(task), 0);
}

static void stop_it(void *loop)
{
    eddy_loop_stop(loop);
}

/* The loop is closed under a child and the tasks that wait for it. */
static void fault_P14_a_loop_that_closes_kills_and_reaps_its_children(void **state)
{
    waiting waiter = {NULL, 1000};
    eddy_loop *loop;
    eddy_task *task;
    int returncode;
    (void)state;
    if (support_is_simulated()) {
        (void)support_skip("it reaches no processes");
        return;
    }
    long blocks = support_live_blocks();
    int descriptors = support_open_descriptors();
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    (void)eddy_loop_set_exception_handler(loop, NULL, NULL);
    assert_int_equal(eddy_loop_create_task(loop, &task, leave_running, &waiter, NULL), 0);
    assert_int_equal(eddy_loop_call_later(loop, NULL, 0.05, stop_it, loop), 0);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    eddy_task_release(task);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_true(there_is_no_child());
    assert_int_equal(support_open_descriptors(), descriptors);
    assert_true(eddy_process_returncode(kept, &returncode));
    assert_int_equal(returncode, -SIGKILL);
    assert_int_equal(eddy_process_kill(kept), 0);
    eddy_process_release(kept);
    eddy_loop_release(loop);
    assert_int_equal(support_live_blocks(), blocks);
}

TASK_TEST(the_simulator_says_that_it_reaches_no_process)
{
    eddy_process *process = NULL;
    (void)arg;
    if (!support_is_simulated())
        return support_skip("they can be reached");
    assert_int_equal(eddy_create_subprocess_shell(&process, "exit 0", NULL), EDDY_ENOSYS);
    assert_null(process);
    return 0;
}

int suite_process(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_runs_and_its_exit_status_is_told),
        cmocka_unit_test(a_signal_that_ends_it_is_its_number_below_zero),
        cmocka_unit_test(executable_is_the_program_and_the_first_argument_its_name),
        cmocka_unit_test(pipes_are_streams),
        cmocka_unit_test(standard_error_may_go_where_standard_output_goes),
        cmocka_unit_test(devnull_and_descriptors_are_passed_on),
        cmocka_unit_test(standard_streams_may_be_crossed),
        cmocka_unit_test(limit_is_of_the_streams_that_are_read),
        cmocka_unit_test(J4_any_number_of_tasks_may_wait),
        cmocka_unit_test(J4_a_wait_that_is_cancelled_leaves_the_child_alone),
        cmocka_unit_test(J4_fault_B5_the_end_is_told_though_a_grandchild_holds_the_pipes),
        cmocka_unit_test(a_stopped_child_has_not_ended),
        cmocka_unit_test(J5_communicate_feeds_reads_and_waits),
        cmocka_unit_test(J5_communicate_without_input_closes_standard_input),
        cmocka_unit_test(J5_a_child_that_does_not_read_its_input_is_no_error),
        cmocka_unit_test(J5_fault_B6_a_child_that_dies_while_it_is_talked_to_is_no_error),
        cmocka_unit_test(fault_B5_a_child_that_closes_its_pipes_but_lives_has_not_ended),
        cmocka_unit_test(J5_fault_B6_much_in_and_much_out_of_both_at_once),
        cmocka_unit_test(more_output_than_the_limit_is_an_error_and_the_child_goes_on),
        cmocka_unit_test(J5_cancelled_communicate_leaves_the_child_alone),
        cmocka_unit_test(J3_signals_end_it_and_after_its_end_nothing_is_sent),
        cmocka_unit_test(J3_fault_B4_a_signal_to_one_that_has_ended_unnoticed_goes_nowhere),
        cmocka_unit_test(a_process_that_is_let_go_is_killed_and_reaped),
        cmocka_unit_test(debug_mode_reports_a_process_that_is_let_go_while_it_runs),
        cmocka_unit_test(fault_P14_a_loop_that_closes_kills_and_reaps_its_children),
        cmocka_unit_test(the_simulator_says_that_it_reaches_no_process),
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
