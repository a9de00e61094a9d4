/* suite_subprocess_protocols.c: subprocess_exec and subprocess_shell (asyncio 18.3). J2-J7 are rules of asyncio's inventory.
 * Touches the public API, /bin/sh and small tools. Every test leaves no child. */
#include "processes.h"
#include "story.h"
#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/inject.h"

enum { ROOM = 1 << 16, MUCH = 1 << 20 };

/* `story`: M made, o and e data of output and errors, 0 1 2 a pipe is lost, X exited, p paused, r resumed, L lost. */
typedef struct keeper {
    eddy_subprocess_protocol protocol; /* first */
    eddy_subprocess_transport *transport;
    story story;
    char data[3][ROOM];
    size_t sizes[3];
    int code, lost_with, pipe_lost_with[3];
    int fails_with; /* what pipe_data_received returns */
    bool pauses_output, closes_when_made;
    const char *input; /* written when it is made, then the end */
} keeper;

static keeper *of(eddy_subprocess_protocol *protocol)
{
    return (keeper *)(void *)protocol;
}

static void made(eddy_subprocess_protocol *protocol, eddy_subprocess_transport *transport)
{
    keeper *k = of(protocol);
    eddy_transport *pipe = eddy_subprocess_transport_get_pipe_transport(transport, 0);
    k->transport = transport;
    story_tell(&k->story, 'M');
    if (k->input != NULL) {
        assert_int_equal(eddy_transport_write(pipe, k->input, strlen(k->input)), 0);
        assert_int_equal(eddy_transport_write_eof(pipe), 0);
    }
    if (k->pauses_output)
        eddy_transport_pause_reading(eddy_subprocess_transport_get_pipe_transport(transport, 1));
    if (k->closes_when_made)
        eddy_subprocess_transport_close(transport);
}

static void lost(eddy_subprocess_protocol *protocol, int error)
{
    keeper *k = of(protocol);
    k->lost_with = error;
    story_tell(&k->story, 'L');
}

static void paused(eddy_subprocess_protocol *protocol)
{
    story_tell(&of(protocol)->story, 'p');
}

static void resumed(eddy_subprocess_protocol *protocol)
{
    story_tell(&of(protocol)->story, 'r');
}

static int pipe_data(eddy_subprocess_protocol *protocol, int fd, const void *data, size_t size)
{
    keeper *k = of(protocol);
    assert_true(fd == 1 || fd == 2);
    assert_true(size > 0 && size < ROOM - k->sizes[fd]);
    memcpy(k->data[fd] + k->sizes[fd], data, size);
    k->sizes[fd] += size;
    story_tell(&k->story, fd == 1 ? 'o' : 'e');
    return k->fails_with;
}

static void pipe_lost(eddy_subprocess_protocol *protocol, int fd, int error)
{
    keeper *k = of(protocol);
    k->pipe_lost_with[fd] = error;
    story_tell(&k->story, (char)('0' + fd));
}

static void exited(eddy_subprocess_protocol *protocol)
{
    keeper *k = of(protocol);
    assert_true(eddy_subprocess_transport_get_returncode(k->transport, NULL));
    assert_true(eddy_subprocess_transport_get_returncode(k->transport, &k->code));
    story_tell(&k->story, 'X');
}

static const eddy_subprocess_protocol_type keeper_type = {.size = sizeof keeper_type,
                                                          .connection_made = made,
                                                          .connection_lost = lost,
                                                          .pause_writing = paused,
                                                          .resume_writing = resumed,
                                                          .pipe_data_received = pipe_data,
                                                          .pipe_connection_lost = pipe_lost,
                                                          .process_exited = exited};

static keeper *new_keeper(void)
{
    static keeper k;
    memset(&k, 0, sizeof k);
    k.protocol.type = &keeper_type;
    return &k;
}

static int factory(eddy_subprocess_protocol **out, void *arg)
{
    keeper *k = arg;
    *out = &k->protocol;
    return 0;
}

static int start_with(keeper *k, const char *command, const eddy_process_options *options)
{
    return eddy_loop_subprocess_shell(eddy_get_running_loop(), NULL, command, factory, k, options);
}

/* The transport is kept, to be asked after the end. */
static keeper *start(const char *command)
{
    keeper *k = new_keeper();
    assert_int_equal(start_with(k, command, NULL), 0);
    assert_int_equal(k->story.text[0], 'M');
    (void)eddy_subprocess_transport_retain(k->transport);
    return k;
}

static eddy_transport *pipe_of(const keeper *k, int fd)
{
    return eddy_subprocess_transport_get_pipe_transport(k->transport, fd);
}

/* It comes to its end by itself: whatever the order, each thing is told once and connection_lost last. */
static void finish(keeper *k)
{
    story_wait(&k->story, 'L', 1);
    assert_int_equal(k->story.text[k->story.told - 1], 'L');
    assert_int_equal(story_count(&k->story, 'X'), 1);
    for (int fd = 0; fd < 3; fd++)
        assert_int_equal(story_count(&k->story, (char)('0' + fd)), pipe_of(k, fd) != NULL ? 1 : 0);
    assert_true(eddy_subprocess_transport_is_closing(k->transport));
    eddy_subprocess_transport_release(k->transport);
    assert_true(there_is_no_child());
}

static const char *text_of(keeper *k, int fd)
{
    k->data[fd][k->sizes[fd]] = '\0';
    return k->data[fd];
}

static size_t place(const keeper *k, char letter)
{
    const char *found = strchr(k->story.text, letter);
    return found != NULL ? (size_t)(found - k->story.text) : SIZE_MAX;
}

/* ---- what is told ---- */

TASK_TEST(subprocess_protocol_is_told_data_and_end_of_each_pipe_and_of_the_process)
{
    NEEDS_PROCESSES();
    keeper *k = start("cat; echo wrong >&2; exit 3");
    assert_true(eddy_subprocess_transport_get_pid(k->transport) > 0);
    assert_false(eddy_subprocess_transport_is_closing(k->transport));
    assert_int_equal(eddy_transport_write(pipe_of(k, 0), "input", 5), 0);
    assert_int_equal(eddy_transport_write_eof(pipe_of(k, 0)), 0);
    finish(k);
    assert_string_equal(text_of(k, 1), "input");
    assert_string_equal(text_of(k, 2), "wrong\n");
    assert_true(place(k, 'o') < place(k, '1') && place(k, 'e') < place(k, '2'));
    for (int fd = 0; fd < 3; fd++)
        assert_int_equal(k->pipe_lost_with[fd], 0);
    assert_int_equal(k->lost_with, 0);
    return 0;
}

TASK_TEST(subprocess_exit_status_is_known_when_process_exited_is_called)
{
    const char *argv[] = {"sh", "-c", "exit 42", NULL};
    eddy_subprocess_transport *transport;
    NEEDS_PROCESSES();
    keeper *k = new_keeper();
    assert_int_equal(eddy_loop_subprocess_exec(eddy_get_running_loop(), &transport, argv, factory, k, NULL),
                     0);
    assert_ptr_equal(transport, k->transport);
    (void)eddy_subprocess_transport_retain(transport);
    finish(k);
    assert_int_equal(k->code, 42);
    return 0;
}

TASK_TEST(subprocess_writes_in_connection_made_arrive)
{
    NEEDS_PROCESSES();
    keeper *k = new_keeper();
    k->input = "from the beginning\n";
    assert_int_equal(start_with(k, "cat", NULL), 0);
    (void)eddy_subprocess_transport_retain(k->transport);
    finish(k);
    assert_string_equal(text_of(k, 1), k->input);
    return 0;
}

TASK_TEST(subprocess_pipes_are_the_default_and_others_are_as_asked)
{
    eddy_process_options options = {.size = sizeof options,
                                    .standard_input = EDDY_SUBPROCESS_DEVNULL,
                                    .standard_error = EDDY_SUBPROCESS_STDOUT};
    NEEDS_PROCESSES();
    keeper *k = new_keeper();
    assert_int_equal(start_with(k, "cat; echo out; echo err >&2", &options), 0);
    (void)eddy_subprocess_transport_retain(k->transport);
    assert_null(pipe_of(k, 0));
    assert_non_null(pipe_of(k, 1));
    assert_null(pipe_of(k, 2));
    assert_null(pipe_of(k, 3));
    assert_null(pipe_of(k, -1));
    finish(k);
    assert_string_equal(text_of(k, 1), "out\nerr\n");
    options.standard_output = EDDY_SUBPROCESS_DEVNULL;
    options.standard_error = EDDY_SUBPROCESS_INHERIT;
    k = new_keeper();
    assert_int_equal(start_with(k, "exit 4", &options), 0);
    (void)eddy_subprocess_transport_retain(k->transport);
    finish(k);
    assert_string_equal(k->story.text, "MXL");
    return 0;
}

TASK_TEST(subprocess_default_is_inherited_for_tasks)
{
    eddy_process_options options = {.size = sizeof options};
    NEEDS_PROCESSES();
    eddy_process *process = shell("exit 5", &options);
    assert_null(eddy_process_stdout(process));
    assert_int_equal(ending(process), 5);
    eddy_process_release(process);
    return 0;
}

/* ---- pipes ---- */

TASK_TEST(subprocess_I1_writing_to_its_input_is_paused_and_resumed)
{
    static char much[MUCH];
    NEEDS_PROCESSES();
    keeper *k = start("read x; cat >/dev/null");
    memset(much, 'a', sizeof much);
    assert_int_equal(eddy_transport_write(pipe_of(k, 0), much, sizeof much), 0);
    assert_int_equal(story_count(&k->story, 'p'), 1);
    assert_int_equal(eddy_transport_write(pipe_of(k, 0), "\n", 1), 0);
    assert_int_equal(eddy_transport_write_eof(pipe_of(k, 0)), 0);
    story_wait(&k->story, 'r', 1);
    finish(k);
    assert_int_equal(k->code, 0);
    return 0;
}

TASK_TEST(subprocess_output_that_is_paused_is_told_when_it_is_resumed)
{
    NEEDS_PROCESSES();
    keeper *k = new_keeper();
    k->pauses_output = true;
    assert_int_equal(start_with(k, "echo out; echo err >&2", NULL), 0);
    (void)eddy_subprocess_transport_retain(k->transport);
    story_wait(&k->story, 'X', 1);
    story_wait(&k->story, '2', 1);
    assert_int_equal(story_count(&k->story, 'o'), 0);
    assert_int_equal(story_count(&k->story, 'L'), 0);
    eddy_transport_resume_reading(pipe_of(k, 1));
    finish(k);
    assert_string_equal(text_of(k, 1), "out\n");
    return 0;
}

TASK_TEST(fault_S15_subprocess_that_closes_its_input_but_lives_is_noticed)
{
    NEEDS_PROCESSES();
    keeper *k = start("exec <&-; read x; echo still there; exec sleep 100");
    story_wait(&k->story, '0', 1);
    assert_int_equal(k->pipe_lost_with[0], 0); /* nothing was unsent */
    story_wait(&k->story, 'o', 1);
    assert_int_equal(story_count(&k->story, 'X'), 0);
    assert_int_equal(eddy_subprocess_transport_kill(k->transport), 0);
    finish(k);
    assert_int_equal(k->code, -SIGKILL);
    return 0;
}

TASK_TEST(fault_S15_subprocess_that_ends_with_input_unsent_is_told)
{
    static char much[MUCH];
    NEEDS_PROCESSES();
    keeper *k = start("read x; exit 6");
    memset(much, 'a', sizeof much);
    much[0] = '\n';
    int rc = eddy_transport_write(pipe_of(k, 0), much, sizeof much);
    assert_true(rc == 0 || rc == EDDY_EPIPE); /* it may be gone in the middle of the call */
    finish(k);
    assert_int_equal(k->pipe_lost_with[0], EDDY_EPIPE);
    assert_int_equal(k->lost_with, 0);
    assert_int_equal(k->code, 6);
    return 0;
}

/* B5: a grandchild keeps the output. The end is told at once, the loss when the grandchild is gone. */
TASK_TEST(J4_fault_B5_exit_is_told_though_a_grandchild_holds_the_pipes)
{
    NEEDS_PROCESSES();
    keeper *k = start("sleep 100 & echo $!; exit 5");
    story_wait(&k->story, 'X', 1);
    story_wait(&k->story, 'o', 1);
    assert_int_equal(story_count(&k->story, '1'), 0);
    assert_int_equal(story_count(&k->story, 'L'), 0);
    assert_int_equal(kill(atoi(text_of(k, 1)), SIGKILL), 0);
    finish(k);
    assert_true(place(k, 'X') < place(k, '1'));
    assert_int_equal(k->code, 5);
    return 0;
}

/* ... and a close does not wait for it. */
TASK_TEST(J3_fault_B5_close_keeps_the_code_and_does_not_wait_for_a_grandchild)
{
    NEEDS_PROCESSES();
    keeper *k = start("sleep 100 & echo $!; exit 5");
    story_wait(&k->story, 'X', 1);
    story_wait(&k->story, 'o', 1);
    eddy_subprocess_transport_close(k->transport);
    finish(k);
    assert_int_equal(k->code, 5);
    assert_int_equal(kill(atoi(text_of(k, 1)), SIGKILL), 0);
    return 0;
}

TASK_TEST(subprocess_I3_protocol_that_fails_loses_that_pipe_and_is_reported)
{
    NEEDS_PROCESSES();
    support_catch_reports();
    keeper *k = new_keeper();
    k->fails_with = EDDY_EPROTO;
    assert_int_equal(start_with(k, "echo out; cat; exit 7", NULL), 0);
    (void)eddy_subprocess_transport_retain(k->transport);
    story_wait(&k->story, '1', 1);
    assert_int_equal(k->pipe_lost_with[1], EDDY_EPROTO);
    assert_int_equal(support_reports(), 1);
    assert_int_equal(support_last_code(), EDDY_EPROTO);
    assert_int_equal(eddy_transport_write_eof(pipe_of(k, 0)), 0);
    finish(k);
    assert_int_equal(k->code, 7);
    return 0;
}

/* ---- signals ---- */

TASK_TEST(J3_subprocess_transport_signals_until_the_end_is_known)
{
    NEEDS_PROCESSES();
    keeper *k = start("trap 'exit 9' USR1; echo ready; while :; do sleep 0.01; done");
    story_wait(&k->story, 'o', 1);
    assert_int_equal(eddy_subprocess_transport_send_signal(k->transport, -1), EDDY_EINVAL);
    assert_int_equal(eddy_subprocess_transport_send_signal(k->transport, SIGUSR1), 0);
    story_wait(&k->story, 'X', 1);
    assert_int_equal(eddy_subprocess_transport_terminate(k->transport), 0); /* silently nothing */
    story_wait(&k->story, 'L', 1);
    assert_int_equal(eddy_subprocess_transport_kill(k->transport), EDDY_ECLOSED);
    assert_int_equal(k->code, 9);
    finish(k);
    k = start("exec sleep 100");
    assert_int_equal(eddy_subprocess_transport_terminate(k->transport), 0);
    finish(k);
    assert_int_equal(k->code, -SIGTERM);
    return 0;
}

TASK_TEST(J3_close_kills_one_that_runs_and_is_idempotent)
{
    NEEDS_PROCESSES();
    keeper *k = start("exec sleep 100");
    eddy_subprocess_transport_close(k->transport);
    eddy_subprocess_transport_close(k->transport);
    assert_true(eddy_subprocess_transport_is_closing(k->transport));
    assert_string_equal(k->story.text, "M"); /* through the loop */
    finish(k);
    assert_int_equal(k->code, -SIGKILL);
    assert_int_equal(k->lost_with, 0);
    eddy_subprocess_transport_close(NULL);
    return 0;
}

TASK_TEST(J3_close_in_connection_made_ends_it)
{
    NEEDS_PROCESSES();
    keeper *k = new_keeper();
    k->closes_when_made = true;
    assert_int_equal(start_with(k, "exec sleep 100", NULL), 0);
    (void)eddy_subprocess_transport_retain(k->transport);
    finish(k);
    assert_int_equal(k->code, -SIGKILL);
    return 0;
}

TASK_TEST(J7_fault_B3_subprocess_that_somebody_else_reaped_has_an_unknown_end)
{
    NEEDS_PROCESSES();
    support_catch_reports();
    keeper *k = start("read x");
    pid_t pid = (pid_t)eddy_subprocess_transport_get_pid(k->transport);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    finish(k);
    assert_int_equal(k->code, 255);
    return 0;
}

/* ---- protocols ---- */

TASK_TEST(subprocess_protocol_can_be_changed_but_not_that_of_its_pipes)
{
    static keeper second;
    eddy_protocol_type nothing = {.size = sizeof nothing};
    eddy_protocol foreign = {&nothing};
    NEEDS_PROCESSES();
    keeper *first = start("read x; echo out");
    second = *first;
    assert_int_equal(eddy_subprocess_transport_set_protocol(first->transport, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_subprocess_transport_set_protocol(first->transport, &second.protocol), 0);
    assert_ptr_equal(eddy_subprocess_transport_get_protocol(first->transport), &second.protocol);
    assert_int_equal(eddy_transport_set_protocol(pipe_of(first, 1), &foreign), EDDY_EOPNOTSUPP);
    assert_int_equal(eddy_transport_write(pipe_of(first, 0), "\n", 1), 0);
    story_wait(&second.story, 'L', 1);
    assert_string_equal(text_of(&second, 1), "out\n");
    assert_string_equal(first->story.text, "M");
    assert_int_equal(eddy_subprocess_transport_set_protocol(first->transport, &first->protocol),
                     EDDY_ECLOSED);
    eddy_subprocess_transport_release(first->transport);
    return 0;
}

TASK_TEST(subprocess_protocol_without_callbacks_is_fine)
{
    eddy_subprocess_protocol_type type = {.size = sizeof type};
    eddy_subprocess_transport *transport;
    NEEDS_PROCESSES();
    keeper *k = new_keeper();
    k->protocol.type = &type;
    assert_int_equal(
        eddy_loop_subprocess_shell(eddy_get_running_loop(), &transport, "echo out", factory, k, NULL), 0);
    (void)eddy_subprocess_transport_retain(transport);
    while (!eddy_subprocess_transport_is_closing(transport))
        assert_int_equal(eddy_sleep(0.001), 0);
    support_turn_the_loop();
    eddy_subprocess_transport_release(transport);
    return 0;
}

static int refuse(eddy_subprocess_protocol **out, void *arg)
{
    (void)out;
    return *(int *)arg;
}

TASK_TEST(subprocess_factory_that_fails_makes_no_child)
{
    int mine = EDDY_EUSER - 3, none = 0;
    eddy_loop *loop = eddy_get_running_loop();
    NEEDS_PROCESSES();
    assert_int_equal(eddy_loop_subprocess_shell(loop, NULL, "exit 0", refuse, &mine, NULL), mine);
    assert_int_equal(eddy_loop_subprocess_shell(loop, NULL, "exit 0", refuse, &none, NULL), EDDY_EINVAL);
    assert_true(there_is_no_child());
    return 0;
}

/* ---- what cannot be ---- */

TASK_TEST(J2_fault_B1_program_that_cannot_run_is_an_error_and_nobody_is_told)
{
    const char *argv[] = {"/no/such/program", NULL};
    NEEDS_PROCESSES();
    keeper *k = new_keeper();
    int descriptors = support_open_descriptors();
    assert_int_equal(eddy_loop_subprocess_exec(eddy_get_running_loop(), NULL, argv, factory, k, NULL),
                     EDDY_ENOENT);
    assert_string_equal(eddy_last_error()->operation, "exec");
    support_turn_the_loop();
    assert_int_equal(support_open_descriptors(), descriptors);
    assert_string_equal(k->story.text, "");
    assert_true(there_is_no_child());
    return 0;
}

TASK_TEST(subprocess_calls_refuse_what_makes_no_sense)
{
    const char *argv[] = {"true", NULL}, *none[] = {NULL};
    eddy_process_options options = {.size = sizeof options, .standard_input = EDDY_SUBPROCESS_STDOUT};
    eddy_loop *loop = eddy_get_running_loop();
    NEEDS_PROCESSES();
    keeper *k = new_keeper();
    assert_int_equal(eddy_loop_subprocess_exec(NULL, NULL, argv, factory, k, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_subprocess_exec(loop, NULL, NULL, factory, k, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_subprocess_exec(loop, NULL, none, factory, k, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_subprocess_exec(loop, NULL, argv, NULL, k, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_subprocess_exec(loop, NULL, argv, factory, k, &options), EDDY_EINVAL);
    assert_int_equal(eddy_loop_subprocess_shell(loop, NULL, NULL, factory, k, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_subprocess_transport_get_pid(NULL), -1);
    assert_false(eddy_subprocess_transport_get_returncode(NULL, NULL));
    assert_null(eddy_subprocess_transport_get_pipe_transport(NULL, 0));
    assert_int_equal(eddy_subprocess_transport_send_signal(NULL, SIGTERM), EDDY_EINVAL);
    assert_int_equal(eddy_subprocess_transport_set_protocol(NULL, &k->protocol), EDDY_EINVAL);
    assert_null(eddy_subprocess_transport_get_protocol(NULL));
    assert_true(eddy_subprocess_transport_is_closing(NULL));
    assert_null(eddy_subprocess_transport_retain(NULL));
    eddy_subprocess_transport_release(NULL);
    return 0;
}

TASK_TEST(subprocess_protocols_are_unknown_to_the_simulator)
{
    (void)arg;
    if (support_is_simulated())
        assert_int_equal(start_with(new_keeper(), "exit 0", NULL), EDDY_ENOSYS);
    return 0;
}

/* ---- cancels, memory, the end of the loop ---- */

static int start_one(void *arg)
{
    int rc = start_with(arg, "exec sleep 100", NULL);
    return rc < 0 ? rc : eddy_sleep(100);
}

/* Cancelled before there is a child there is none; later the transport is handed over and the cancel comes at the next await. */
TASK_TEST(J2_fault_B9_cancelled_at_any_step_orphans_no_child)
{
    NEEDS_PROCESSES();
    for (int steps = 0; steps < 4; steps++) {
        eddy_task *task;
        keeper *k = new_keeper();
        assert_int_equal(eddy_create_task(&task, start_one, k, NULL), 0);
        for (int i = 0; i < steps; i++)
            assert_int_equal(eddy_sleep(0), 0);
        eddy_task_cancel(task);
        assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
        eddy_task_release(task);
        assert_int_equal(k->transport != NULL, story_count(&k->story, 'M') == 1);
        if (k->transport != NULL) {
            (void)eddy_subprocess_transport_retain(k->transport);
            eddy_subprocess_transport_close(k->transport);
            finish(k);
        }
        assert_true(there_is_no_child());
        assert_true(steps != 0 || k->transport == NULL);
        assert_true(steps != 3 || k->transport != NULL);
    }
    return 0;
}

TASK_TEST(fault_M1_every_call_of_a_subprocess_with_a_protocol_fails_once)
{
    eddyi_inject_plan plan = {.fail_at = 1};
    int rc, failures = 0;
    keeper *k;
    NEEDS_PROCESSES();
    k = start("exit 0"); /* what the loop keeps for all is there */
    finish(k);
    long blocks = support_live_blocks();
    int descriptors = support_open_descriptors();
    do {
        k = new_keeper();
        eddyi_inject_start(&plan);
        rc = start_with(k, "read x", NULL);
        eddyi_inject_stop();
        if (rc < 0) {
            support_turn_the_loop(); /* what was closed gives its memory back in its turn */
            assert_string_equal(k->story.text, "");
            support_expect_unchanged(blocks, descriptors); /* a thread may still be on its way out */
            assert_true(there_is_no_child());
            failures++;
        } else {
            (void)eddy_subprocess_transport_retain(k->transport);
            eddy_subprocess_transport_close(k->transport);
            finish(k);
        }
        plan.fail_at++;
    } while (rc < 0 || plan.fail_at < 30);
    assert_true(failures >= 10);
    return 0;
}

static int leave_running(void *arg)
{
    keeper *k = arg;
    assert_int_equal(start_with(k, "exec sleep 100", NULL), 0);
    return 0;
}

static void fault_P14_loop_closed_under_a_subprocess_kills_it_and_tells_its_protocol(void **state)
{
    (void)state;
    if (support_is_simulated()) {
        (void)support_skip("it reaches no processes");
        return;
    }
    keeper *k = new_keeper();
    assert_int_equal(support_run(leave_running, k), 0);
    assert_int_equal(story_count(&k->story, 'X'), 1);
    assert_int_equal(story_count(&k->story, 'L'), 1);
    assert_int_equal(k->story.text[k->story.told - 1], 'L');
    assert_int_equal(k->lost_with, EDDY_ECANCELED);
    assert_true(there_is_no_child());
}

int suite_subprocess_protocols(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subprocess_protocol_is_told_data_and_end_of_each_pipe_and_of_the_process),
        cmocka_unit_test(subprocess_exit_status_is_known_when_process_exited_is_called),
        cmocka_unit_test(subprocess_writes_in_connection_made_arrive),
        cmocka_unit_test(subprocess_pipes_are_the_default_and_others_are_as_asked),
        cmocka_unit_test(subprocess_default_is_inherited_for_tasks),
        cmocka_unit_test(subprocess_I1_writing_to_its_input_is_paused_and_resumed),
        cmocka_unit_test(subprocess_output_that_is_paused_is_told_when_it_is_resumed),
        cmocka_unit_test(fault_S15_subprocess_that_closes_its_input_but_lives_is_noticed),
        cmocka_unit_test(fault_S15_subprocess_that_ends_with_input_unsent_is_told),
        cmocka_unit_test(J4_fault_B5_exit_is_told_though_a_grandchild_holds_the_pipes),
        cmocka_unit_test(J3_fault_B5_close_keeps_the_code_and_does_not_wait_for_a_grandchild),
        cmocka_unit_test(subprocess_I3_protocol_that_fails_loses_that_pipe_and_is_reported),
        cmocka_unit_test(J3_subprocess_transport_signals_until_the_end_is_known),
        cmocka_unit_test(J3_close_kills_one_that_runs_and_is_idempotent),
        cmocka_unit_test(J3_close_in_connection_made_ends_it),
        cmocka_unit_test(J7_fault_B3_subprocess_that_somebody_else_reaped_has_an_unknown_end),
        cmocka_unit_test(subprocess_protocol_can_be_changed_but_not_that_of_its_pipes),
        cmocka_unit_test(subprocess_protocol_without_callbacks_is_fine),
        cmocka_unit_test(subprocess_factory_that_fails_makes_no_child),
        cmocka_unit_test(J2_fault_B1_program_that_cannot_run_is_an_error_and_nobody_is_told),
        cmocka_unit_test(subprocess_calls_refuse_what_makes_no_sense),
        cmocka_unit_test(subprocess_protocols_are_unknown_to_the_simulator),
        cmocka_unit_test(J2_fault_B9_cancelled_at_any_step_orphans_no_child),
        cmocka_unit_test(fault_M1_every_call_of_a_subprocess_with_a_protocol_fails_once),
        cmocka_unit_test(fault_P14_loop_closed_under_a_subprocess_kills_it_and_tells_its_protocol),
    };
    return cmocka_run_group_tests_name("subprocess protocols", tests, NULL, NULL);
}
