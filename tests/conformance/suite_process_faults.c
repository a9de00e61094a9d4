/* suite_process_faults.c: subprocesses that fail, end early, end unseen, and come in crowds: faults B1-B9.
 * Touches the public API, the injection table and small tools. Every test leaves no child, no descriptor, no thread. */
#include "home.h"
#include "processes.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/inject.h"

static const eddy_process_options all_pipes = {.size = sizeof all_pipes,
                                               .standard_input = EDDY_SUBPROCESS_PIPE,
                                               .standard_output = EDDY_SUBPROCESS_PIPE,
                                               .standard_error = EDDY_SUBPROCESS_PIPE};

/* ---- B1: the call says what failed ---- */

typedef struct refusal {
    const char *program, *cwd;
    int code, os_error;
    const char *step;
} refusal;

static void must_refuse(const refusal *what)
{
    const char *argv[] = {what->program, NULL};
    eddy_process_options options = all_pipes;
    eddy_process *process = NULL;
    int descriptors = support_open_descriptors();
    options.cwd = what->cwd;
    eddy_error_clear();
    assert_int_equal(eddy_create_subprocess_exec(&process, argv, &options), what->code);
    assert_null(process);
    assert_int_equal(eddy_last_error()->os_error, what->os_error);
    assert_string_equal(eddy_last_error()->operation, what->step);
    assert_int_equal(support_open_descriptors(), descriptors);
    assert_true(there_is_no_child());
}

TASK_TEST(fault_B1_a_program_that_cannot_run_is_an_error_of_the_call)
{
    char folder[] = "/tmp/eddy-exec-XXXXXX", junk[64], plain[64], loop[64];
    NEEDS_PROCESSES();
    assert_non_null(mkdtemp(folder));
    snprintf(junk, sizeof junk, "%s/junk", folder);
    snprintf(plain, sizeof plain, "%s/plain", folder);
    snprintf(loop, sizeof loop, "%s/loop", folder);
    int file = open(junk, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    assert_int_equal(write(file, "no program", 10), 10);
    close(file);
    close(open(plain, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    assert_int_equal(symlink(loop, loop), 0);
    const refusal table[] = {
        {"/nowhere/to/be/found", NULL, EDDY_ENOENT, ENOENT, "exec"},
        {"no-such-program-in-path", NULL, EDDY_ENOENT, ENOENT, "exec"},
        {"", NULL, EDDY_ENOENT, ENOENT, "exec"},
        {plain, NULL, EDDY_EACCES, EACCES, "exec"},
        {"/", NULL, EDDY_EACCES, EACCES, "exec"},
        {junk, NULL, EDDY_ESYSTEM, ENOEXEC, "exec"},
        {"/bin/sh/x", NULL, EDDY_ESYSTEM, ENOTDIR, "exec"},
        {loop, NULL, EDDY_ESYSTEM, ELOOP, "exec"},
        {"true", "/nowhere", EDDY_ENOENT, ENOENT, "chdir"},
        {"true", plain, EDDY_ESYSTEM, ENOTDIR, "chdir"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        must_refuse(&table[i]);
    assert_int_equal(unlink(junk), 0);
    assert_int_equal(unlink(plain), 0);
    assert_int_equal(unlink(loop), 0);
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

TASK_TEST(fault_B1_arguments_too_many_for_the_system_are_an_error_of_the_call)
{
    enum { LONG = 1 << 20 };
    NEEDS_PROCESSES();
    const char *preloaded = getenv("LD_PRELOAD");
    if (preloaded != NULL && strstr(preloaded, "vgpreload") != NULL)
        return 0; /* docs/platforms.md: Valgrind dies of it */
    char *text = malloc(LONG + 1);
    const char *argv[] = {"true", text, NULL};
    eddy_process *process;
    memset(text, 'x', LONG);
    text[LONG] = '\0';
    assert_int_equal(eddy_create_subprocess_exec(&process, argv, NULL), EDDY_ESYSTEM);
    assert_int_equal(eddy_last_error()->os_error, E2BIG);
    free(text);
    assert_true(there_is_no_child());
    return 0;
}

/* Each step of the child is made to fail once; a descriptor that cannot be passed fails by itself. */
TASK_TEST(fault_B1_the_step_that_failed_is_named)
{
    const struct {
        enum eddyi_inject_call call;
        const char *step;
        int code;
    } steps[] = {
        {EDDYI_INJECT_setsid, "setsid", EDDY_ENOMEM}, {EDDYI_INJECT_setpgid, "setpgid", EDDY_ENOMEM},
        {EDDYI_INJECT_chdir, "chdir", EDDY_EPERM},    {EDDYI_INJECT_setgroups, "setgroups", EDDY_EPERM},
        {EDDYI_INJECT_setgid, "setgid", EDDY_EPERM},  {EDDYI_INJECT_setuid, "setuid", EDDY_EPERM},
        {EDDYI_INJECT_execve, "exec", EDDY_EPERM},    {EDDYI_INJECT_dup2, "dup2", EDDY_EMFILE},
        {EDDYI_INJECT_pipe2, "pipe", EDDY_EMFILE},    {EDDYI_INJECT_pidfd_open, "pidfd_open", EDDY_EMFILE},
    };
    const char *argv[] = {"/bin/true", NULL};
    const uint32_t id = getuid();
    const int group = 0;
    eddy_process *process;
    NEEDS_PROCESSES();
    eddy_process_options options = all_pipes;
    options.cwd = "/";
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        eddyi_inject_plan plan = {
            .fail_at = 1, .fail_after_too = true, .calls = UINT64_C(1) << steps[i].call};
        bool ids = strncmp(steps[i].step, "setg", 4) == 0 || strcmp(steps[i].step, "setuid") == 0;
        options.start_new_session = steps[i].call == EDDYI_INJECT_setsid;
        options.process_group = steps[i].call == EDDYI_INJECT_setpgid ? &group : NULL;
        options.user = options.group = options.extra_groups = ids ? &id : NULL;
        options.extra_group_count = ids && geteuid() == 0 ? 1 : 0;
        eddy_error_clear();
        eddyi_inject_start(&plan);
        int rc = eddy_create_subprocess_exec(&process, argv, &options);
        eddyi_inject_stop();
        assert_int_equal(rc, steps[i].code);
        assert_string_equal(eddy_last_error()->operation, steps[i].step);
        assert_true(there_is_no_child());
    }
    eddy_fd passed = 3999;
    eddy_process_options passing = {.size = sizeof passing, .pass_fds = &passed, .pass_fd_count = 1};
    eddy_error_clear();
    assert_int_equal(eddy_create_subprocess_exec(&process, argv, &passing), EDDY_EBADF);
    assert_string_equal(eddy_last_error()->operation, "pass_fds");
    assert_true(there_is_no_child());
    return 0;
}

/* Every call and allocation fails once, then it and all after it: an error or a child, and nothing left either way. */
static void sweep(bool after_too)
{
    const char *argv[] = {"/bin/cat", NULL};
    eddy_process *process;
    /* A child of ours cannot be unknown to the system unless somebody else reaped it, which has tests of its own. */
    eddyi_inject_plan plan = {
        .fail_at = 1, .fail_after_too = after_too, .calls = ~(UINT64_C(1) << EDDYI_INJECT_waitid)};
    int rc, refused = 0;
    bool more;
    do {
        int descriptors = support_open_descriptors();
        eddy_error_clear();
        eddyi_inject_start(&plan);
        rc = eddy_create_subprocess_exec(&process, argv, &all_pipes);
        more = eddyi_inject_failures() > 0;
        eddyi_inject_stop();
        if (rc < 0) {
            refused++;
            assert_true(there_is_no_child());
        } else {
            eddy_stream_close(eddy_process_stdin(process));
            assert_int_equal(eddy_process_wait(process, NULL), 0);
            eddy_process_release(process);
        }
        while (support_open_descriptors() != descriptors) /* streams close in their turn */
            assert_int_equal(eddy_sleep(0.001), 0);
        plan.fail_at++;
    } while (more || rc < 0);
    assert_true(refused > 15);
    assert_true(there_is_no_child());
}

TASK_TEST(fault_B1_M1_every_call_of_a_spawn_fails_once)
{
    NEEDS_PROCESSES();
    sweep(false);
    return 0;
}

TASK_TEST(fault_B1_M2_every_call_of_a_spawn_from_one_on_fails)
{
    NEEDS_PROCESSES();
    sweep(true);
    return 0;
}

static void limit_descriptors(rlim_t most, struct rlimit *before)
{
    struct rlimit less;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
    less = *before;
    less.rlim_cur = most;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
}

TASK_TEST(fault_B1_out_of_descriptors_is_an_error_and_leaves_nothing)
{
    struct rlimit before;
    eddy_process *process;
    const char *argv[] = {"/bin/true", NULL};
    int rc = -1;
    NEEDS_PROCESSES();
    int lowest = dup(0);
    close(lowest);
    for (rlim_t room = 0; rc < 0; room++) {
        limit_descriptors((rlim_t)lowest + room, &before);
        rc = eddy_create_subprocess_exec(&process, argv, &all_pipes);
        (void)setrlimit(RLIMIT_NOFILE, &before);
        assert_true(rc == 0 || rc == EDDY_EMFILE);
        assert_true(rc == 0 || there_is_no_child());
    }
    assert_int_equal(ending(process), 0);
    eddy_process_release(process);
    return 0;
}

/* ---- B2: ends that come at once ---- */

enum { FAST = 1000 / PROCESSES_SLOWER }; /* more in tests/stress/per_backend_children.c */

static void run_fast(int count, eddyi_inject_plan *plan)
{
    const char *argv[] = {"/bin/true", NULL};
    for (int i = 0; i < count; i++) {
        eddy_process *process;
        siginfo_t info;
        if (plan != NULL)
            eddyi_inject_start(plan);
        int rc = eddy_create_subprocess_exec(&process, argv, NULL);
        eddyi_inject_stop();
        assert_int_equal(rc, 0);
        if (i % 2 == 0) /* it has ended before anybody looks */
            (void)waitid(P_PID, (id_t)eddy_process_pid(process), &info, WEXITED | WNOWAIT);
        assert_int_equal(ending(process), 0);
        eddy_process_release(process);
    }
    assert_true(there_is_no_child());
}

TASK_TEST(fault_B2_no_end_of_a_fast_child_is_lost)
{
    NEEDS_PROCESSES();
    run_fast(FAST, NULL);
    return 0;
}

static eddyi_inject_plan without_pidfd = {.fail_at = 1,
                                          .fail_after_too = true,
                                          .calls = UINT64_C(1) << EDDYI_INJECT_pidfd_open,
                                          .os_error = ENOSYS};

TASK_TEST(fault_B2_P16_without_a_descriptor_for_children_a_thread_waits)
{
    NEEDS_PROCESSES();
    run_fast(FAST / 10, &without_pidfd);
    return 0;
}

static eddy_process *shell_with_thread(const char *command, const eddy_process_options *options)
{
    eddyi_inject_start(&without_pidfd);
    eddy_process *process = shell(command, options);
    eddyi_inject_stop();
    return process;
}

TASK_TEST(fault_P16_a_child_with_a_thread_is_signalled_killed_and_let_go)
{
    NEEDS_PROCESSES();
    eddy_process *process = shell_with_thread("exec sleep 100", NULL);
    assert_int_equal(eddy_process_terminate(process), 0);
    assert_int_equal(ending(process), -SIGTERM);
    assert_int_equal(eddy_process_kill(process), 0);
    eddy_process_release(process);
    process = shell_with_thread("exec sleep 100", NULL);
    int pid = eddy_process_pid(process);
    eddy_process_release(process);
    while (kill(pid, 0) == 0)
        assert_int_equal(eddy_sleep(0.001), 0);
    return 0;
}

static eddy_process *kept;

static int leave_running(void *arg)
{
    (void)arg;
    kept = shell_with_thread("exec sleep 100", &all_pipes);
    return 0;
}

static void fault_P16_a_loop_that_closes_ends_a_child_with_a_thread(void **state)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    int returncode;
    (void)state;
    if (support_is_simulated()) {
        (void)support_skip("it reaches no processes");
        return;
    }
    long blocks = support_live_blocks();
    int descriptors = support_open_descriptors();
    assert_int_equal(eddy_run(leave_running, NULL, &options), 0);
    assert_true(there_is_no_child());
    assert_int_equal(support_open_descriptors(), descriptors);
    assert_true(eddy_process_returncode(kept, &returncode));
    assert_int_equal(returncode, -SIGKILL);
    eddy_process_release(kept);
    assert_int_equal(support_live_blocks(), blocks);
}

/* The backend fails to watch it: the child is ended, or a thread waits for it. */
TASK_TEST(fault_P7_a_backend_that_cannot_watch_a_child_loses_no_end)
{
    eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_poll};
    NEEDS_PROCESSES();
    eddyi_inject_start(&plan);
    eddy_process *process = shell("exec sleep 100", NULL);
    eddyi_inject_stop();
    assert_false(eddy_process_returncode(process, NULL));
    assert_int_equal(eddy_process_terminate(process), 0);
    assert_int_equal(ending(process), -SIGTERM);
    eddy_process_release(process);
    return 0;
}

TASK_TEST(fault_X3_without_a_thread_to_wait_there_is_no_child)
{
    eddy_process *process;
    eddyi_inject_plan plan = {.fail_at = 1,
                              .fail_after_too = true,
                              .calls = UINT64_C(1) << EDDYI_INJECT_pidfd_open |
                                       UINT64_C(1) << EDDYI_INJECT_pthread_create,
                              .os_error = EPERM};
    NEEDS_PROCESSES();
    eddyi_inject_start(&plan);
    int rc = eddy_create_subprocess_shell(&process, "exec sleep 100", NULL);
    eddyi_inject_stop();
    assert_int_equal(rc, EDDY_EPERM);
    assert_string_equal(eddy_last_error()->operation, "thread");
    assert_true(there_is_no_child());
    return 0;
}

/* ---- B3 ---- */

static void reap_behind_its_back(eddy_process *process)
{
    int status;
    support_catch_reports();
    eddy_stream_close(eddy_process_stdin(process)); /* from here to the await the loop has no turn */
    assert_int_equal(waitpid(eddy_process_pid(process), &status, 0), eddy_process_pid(process));
    assert_int_equal(ending(process), 255);
    eddyi_inject_start(NULL);
    assert_int_equal(eddy_process_kill(process), 0); /* its number may be another's: nothing is sent */
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_kill), 0);
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_pidfd_send_signal), 0);
    eddyi_inject_stop();
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(support_reports(), 1);
    assert_non_null(strstr(support_last_message(), "somebody else"));
    eddy_process_release(process);
}

TASK_TEST(J7_fault_B3_a_child_that_somebody_else_reaped_has_an_unknown_end)
{
    NEEDS_PROCESSES();
    reap_behind_its_back(shell("cat; exit 3", &all_pipes));
    reap_behind_its_back(shell_with_thread("cat; exit 3", &all_pipes));
    return 0;
}

TASK_TEST(J7_fault_G3_ignored_sigchld_makes_every_end_unknown)
{
    NEEDS_PROCESSES();
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    assert_int_equal(sigaction(SIGCHLD, &ignore, &before), 0);
    support_catch_reports();
    eddy_process *process = shell("exit 3", NULL);
    assert_int_equal(ending(process), 255);
    assert_int_equal(sigaction(SIGCHLD, &before, NULL), 0);
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(support_reports(), 1);
    eddy_process_release(process);
    return 0;
}

/* J6: nobody waits for any child, so others' children stay theirs. */
TASK_TEST(J6_children_of_others_are_left_alone)
{
    int status;
    NEEDS_PROCESSES();
    pid_t other = fork();
    if (other == 0)
        _exit(33);
    eddy_process *process = shell("exit 3", NULL);
    assert_int_equal(ending(process), 3);
    eddy_process_release(process);
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(WEXITSTATUS(status), 33);
    return 0;
}

/* ---- B7: crowds ---- */

enum { CROWD = 1000 / PROCESSES_SLOWER };

static int run_one(void *arg)
{
    eddy_process *process;
    const char *argv[] = {"/bin/cat", NULL};
    eddy_view output;
    int returncode = 1000;
    int rc = eddy_create_subprocess_exec(&process, argv, &all_pipes);
    if (rc < 0)
        return rc;
    rc = eddy_process_communicate(process, &output, NULL, arg, strlen(arg), 0);
    if (rc == 0 && (output.size != strlen(arg) || memcmp(output.data, arg, output.size) != 0))
        rc = EDDY_EPROTO;
    if (rc == 0 && (!eddy_process_returncode(process, &returncode) || returncode != 0))
        rc = EDDY_EPROTO;
    eddy_process_release(process);
    return rc;
}

TASK_TEST(a_thousand_at_once)
{
    static eddy_task *tasks[CROWD];
    static char texts[CROWD][16];
    NEEDS_PROCESSES();
    for (int i = 0; i < CROWD; i++) {
        snprintf(texts[i], sizeof texts[i], "child %d", i);
        assert_int_equal(eddy_create_task(&tasks[i], run_one, texts[i], NULL), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(eddy_await(tasks[i], NULL), 0);
        eddy_task_release(tasks[i]);
    }
    assert_true(there_is_no_child());
    return 0;
}

static int run_several(void *arg)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < 25; i++)
        rc = run_one(arg);
    return rc;
}

/* F5 as well: an end of a pipe that another thread's child has kept would never end. */
static void fault_B7_F5_loops_of_several_threads_spawn_at_once(void **state)
{
    enum { LOOPS = 4 };
    home homes[LOOPS];
    eddy_concurrent_future *sent[LOOPS];
    int outcome;
    (void)state;
    if (support_is_simulated()) {
        (void)support_skip("it reaches no processes");
        return;
    }
    long blocks = support_live_blocks();
    int descriptors = support_open_descriptors();
    for (int i = 0; i < LOOPS; i++)
        home_start(&homes[i]);
    for (int i = 0; i < LOOPS; i++)
        assert_int_equal(eddy_run_coroutine_threadsafe(homes[i].loop, &sent[i], run_several, "text", NULL),
                         0);
    for (int i = 0; i < LOOPS; i++) {
        assert_int_equal(eddy_concurrent_future_result(sent[i], &outcome, INFINITY), 0);
        assert_int_equal(outcome, 0);
        eddy_concurrent_future_release(sent[i]);
    }
    for (int i = 0; i < LOOPS; i++) {
        home_stop(&homes[i]);
        eddy_loop_release(homes[i].loop);
    }
    gate_block_until_blocks(blocks);
    assert_int_equal(support_open_descriptors(), descriptors);
    assert_true(there_is_no_child());
}

/* ---- B9 ---- */

/* Cancelled after any number of turns: an error or a result, and never a child that nobody has. */
TASK_TEST(fault_B9_cancelled_at_any_step_leaves_no_child)
{
    int outcome = EDDY_ECANCELED, cancelled = 0;
    NEEDS_PROCESSES();
    for (int step = 0; outcome != 0; step += step < 30 ? 1 : step / 2) {
        eddy_task *task;
        assert_int_equal(eddy_create_task(&task, run_one, "text", NULL), 0);
        for (int i = 0; i < step && !eddy_task_done(task); i++)
            assert_int_equal(eddy_sleep(0), 0);
        eddy_task_cancel(task);
        assert_int_equal(eddy_await(task, &outcome), 0);
        assert_true(outcome == 0 || outcome == EDDY_ECANCELED);
        cancelled += outcome != 0;
        eddy_task_release(task);
    }
    assert_true(cancelled > 2);
    while (!there_is_no_child()) /* those that were killed are still on their way */
        assert_int_equal(eddy_sleep(0.001), 0);
    return 0;
}

TASK_TEST(fault_B9_cancelled_before_it_spawns_there_was_no_child)
{
    eddy_task *task;
    NEEDS_PROCESSES();
    eddyi_inject_start(NULL);
    assert_int_equal(eddy_create_task(&task, run_one, "text", NULL), 0);
    assert_int_equal(eddy_sleep(0), 0);
    eddy_task_cancel(task);
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_clone) + eddyi_inject_count_of(EDDYI_INJECT_fork), 0);
    eddyi_inject_stop();
    eddy_task_release(task);
    return 0;
}

/* ---- fork ---- */

/* X10: a child of fork has no say over its parent's children. */
TASK_TEST(fault_X10_a_forked_child_cannot_kill_its_parents_children)
{
    int status;
    NEEDS_PROCESSES();
    eddy_process *process = shell("cat; exit 3", &all_pipes);
    pid_t child = fork();
    if (child == 0) {
        int rc = eddy_process_kill(process);
        eddy_process_release(process);
        support_leave_child(rc == EDDY_EFORKED ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_false(eddy_process_returncode(process, NULL));
    eddy_stream_close(eddy_process_stdin(process));
    assert_int_equal(ending(process), 3);
    eddy_process_release(process);
    return 0;
}

int suite_process_faults(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_B1_a_program_that_cannot_run_is_an_error_of_the_call),
        cmocka_unit_test(fault_B1_arguments_too_many_for_the_system_are_an_error_of_the_call),
        cmocka_unit_test(fault_B1_the_step_that_failed_is_named),
        cmocka_unit_test(fault_B1_M1_every_call_of_a_spawn_fails_once),
        cmocka_unit_test(fault_B1_M2_every_call_of_a_spawn_from_one_on_fails),
        cmocka_unit_test(fault_B1_out_of_descriptors_is_an_error_and_leaves_nothing),
        cmocka_unit_test(fault_B2_no_end_of_a_fast_child_is_lost),
        cmocka_unit_test(fault_B2_P16_without_a_descriptor_for_children_a_thread_waits),
        cmocka_unit_test(fault_P16_a_child_with_a_thread_is_signalled_killed_and_let_go),
        cmocka_unit_test(fault_P16_a_loop_that_closes_ends_a_child_with_a_thread),
        cmocka_unit_test(fault_P7_a_backend_that_cannot_watch_a_child_loses_no_end),
        cmocka_unit_test(fault_X3_without_a_thread_to_wait_there_is_no_child),
        cmocka_unit_test(J7_fault_B3_a_child_that_somebody_else_reaped_has_an_unknown_end),
        cmocka_unit_test(J7_fault_G3_ignored_sigchld_makes_every_end_unknown),
        cmocka_unit_test(J6_children_of_others_are_left_alone),
        cmocka_unit_test(a_thousand_at_once),
        cmocka_unit_test(fault_B7_F5_loops_of_several_threads_spawn_at_once),
        cmocka_unit_test(fault_B9_cancelled_at_any_step_leaves_no_child),
        cmocka_unit_test(fault_B9_cancelled_before_it_spawns_there_was_no_child),
        cmocka_unit_test(fault_X10_a_forked_child_cannot_kill_its_parents_children),
    };
    return cmocka_run_group_tests_name("process faults", tests, NULL, NULL);
}
