/* suite_process_options.c: what a child is given (J1), told by the child itself, and what it is not given (F5, B8).
 * Touches the public API and this program as a child. Some need the super-user, and say nothing without. */
#include "processes.h"
#include "suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/inject.h"

TASK_TEST(J1_cwd_is_where_it_runs_and_where_a_relative_program_is_found)
{
    const char *argv[] = {"./sh", "-c", "exit 4", NULL};
    eddy_process_options options = {.size = sizeof options, .cwd = "/bin"};
    eddy_process *process;
    NEEDS_ITSELF_AS_CHILD();
    eddy_process_options report = {.size = sizeof report, .cwd = "/"};
    assert_string_equal(reported(child_report(&report), "cwd"), "/");
    assert_int_equal(eddy_create_subprocess_exec(&process, argv, &options), 0);
    assert_int_equal(ending(process), 4);
    eddy_process_release(process);
    return 0;
}

TASK_TEST(J1_env_is_all_that_it_has)
{
    const char *const env[] = {"EDDY_CHILD=given", NULL};
    NEEDS_ITSELF_AS_CHILD();
    eddy_process_options options = {.size = sizeof options, .env = env};
    assert_string_equal(reported(child_report(&options), "env"), "given");
    assert_int_equal(setenv("EDDY_CHILD", "inherited", 1), 0);
    assert_string_equal(reported(child_report(NULL), "env"), "inherited");
    const char *const none[] = {NULL};
    options.env = none;
    assert_string_equal(reported(child_report(&options), "env"), "(none)");
    assert_int_equal(unsetenv("EDDY_CHILD"), 0);
    return 0;
}

TASK_TEST(J1_the_program_is_looked_for_in_the_path_of_its_own_environment)
{
    const char *argv[] = {"tool", NULL};
    char folder[] = "/tmp/eddy-path-XXXXXX", name[64], path[128], cut[64];
    eddy_process *process;
    NEEDS_PROCESSES();
    assert_non_null(mkdtemp(folder));
    snprintf(name, sizeof name, "%s/tool", folder);
    FILE *script = fopen(name, "w");
    assert_non_null(script);
    fputs("#!/bin/sh\nexit 12\n", script);
    fclose(script);
    snprintf(path, sizeof path, "PATH=/nowhere:/etc/passwd:%s:", folder);
    const char *const env[] = {path, NULL};
    eddy_process_options options = {.size = sizeof options, .env = env};
    assert_int_equal(chmod(name, 0600), 0);
    assert_int_equal(eddy_create_subprocess_exec(&process, argv, &options),
                     EDDY_EACCES); /* the worst of the search */
    assert_int_equal(chmod(name, 0700), 0);
    assert_int_equal(eddy_create_subprocess_exec(&process, argv, NULL), EDDY_ENOENT);
    assert_int_equal(eddy_create_subprocess_exec(&process, argv, &options), 0);
    assert_int_equal(ending(process), 12);
    eddy_process_release(process);
    snprintf(cut, sizeof cut, "PATH=/nowhere:"); /* an empty folder is the current one */
    const char *const here[] = {cut, NULL};
    options.env = here;
    options.cwd = folder;
    assert_int_equal(eddy_create_subprocess_exec(&process, argv, &options), 0);
    assert_int_equal(ending(process), 12);
    eddy_process_release(process);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

TASK_TEST(J1_session_and_process_group)
{
    char own[16];
    int fresh = 0;
    NEEDS_ITSELF_AS_CHILD();
    snprintf(own, sizeof own, "%d", (int)getpgrp());
    assert_string_equal(reported(child_report(NULL), "session"), "0");
    assert_string_equal(reported(child_report(NULL), "group"), own);
    eddy_process_options session = {.size = sizeof session, .start_new_session = true};
    assert_string_equal(reported(child_report(&session), "session"), "1");
    eddy_process_options group = {.size = sizeof group, .process_group = &fresh};
    assert_string_not_equal(reported(child_report(&group), "group"), own);
    eddy_process *leader;
    const char *argv[] = {"sleep", "100", NULL};
    assert_int_equal(eddy_create_subprocess_exec(&leader, argv, &group), 0);
    int joined = eddy_process_pid(leader);
    eddy_process_options join = {.size = sizeof join, .process_group = &joined};
    snprintf(own, sizeof own, "%d", joined);
    assert_string_equal(reported(child_report(&join), "group"), own);
    eddy_process_release(leader);
    return 0;
}

TASK_TEST(J1_umask)
{
    unsigned mask = 027;
    NEEDS_ITSELF_AS_CHILD();
    mode_t ours = umask(022);
    assert_string_equal(reported(child_report(NULL), "umask"), "22");
    eddy_process_options options = {.size = sizeof options, .umask = &mask};
    assert_string_equal(reported(child_report(&options), "umask"), "27");
    assert_int_equal(umask(ours), 022); /* it is the child's alone */
    return 0;
}

/* Groups first, then the group, then the user: afterwards it may not any more. */
TASK_TEST(J1_fault_B8_user_and_groups)
{
    const uint32_t user = 65534, group = 65533, groups[] = {65531, 65532};
    NEEDS_PROCESSES();
    if (geteuid() != 0)
        return 0;
    eddy_process_options options = {.size = sizeof options,
                                    .user = &user,
                                    .group = &group,
                                    .extra_groups = groups,
                                    .extra_group_count = 2,
                                    .executable = "/bin/sh",
                                    .standard_output = EDDY_SUBPROCESS_PIPE};
    eddy_process *process;
    eddy_view output;
    const char *argv[] = {"sh", "-c", "id -u; id -g; id -G", NULL};
    assert_int_equal(eddy_create_subprocess_exec(&process, argv, &options), 0);
    assert_int_equal(eddy_process_communicate(process, &output, NULL, NULL, 0, 0), 0);
    const char said[] = "65534\n65533\n65533 65531 65532\n";
    assert_int_equal(output.size, sizeof said - 1);
    assert_memory_equal(output.data, said, sizeof said - 1);
    eddy_process_release(process);
    assert_int_equal(geteuid(), 0);
    return 0;
}

/* ---- what it is not given ---- */

TASK_TEST(fault_F5_a_child_has_no_descriptor_but_those_that_it_was_given)
{
    char numbers[32];
    NEEDS_ITSELF_AS_CHILD();
    int open_ones[8];
    for (int i = 0; i < 8; i++)
        open_ones[i] = open("/", O_RDONLY); /* inherited, if nobody looks after it */
    assert_string_equal(reported(child_report(NULL), "descriptors"), "0 1 2");
    const eddy_fd passed[] = {open_ones[2], open_ones[5]};
    eddy_process_options options = {.size = sizeof options, .pass_fds = passed, .pass_fd_count = 2};
    snprintf(numbers, sizeof numbers, "0 1 2 %d %d", open_ones[2], open_ones[5]);
    assert_string_equal(reported(child_report(&options), "descriptors"), numbers);
    assert_string_equal(reported(child_report(&options), "non-blocking"), "");
    for (int i = 0; i < 8; i++) {
        assert_int_equal(fcntl(open_ones[i], F_GETFD), 0); /* ours are as they were */
        close(open_ones[i]);
    }
    return 0;
}

TASK_TEST(fault_F5_P16_without_the_systems_call_descriptors_are_found_one_by_one)
{
    eddyi_inject_plan plan = {
        .fail_at = 1, .fail_after_too = true, .calls = UINT64_C(1) << EDDYI_INJECT_close_range};
    NEEDS_ITSELF_AS_CHILD();
    int low = open("/", O_RDONLY);
    int high = fcntl(low, F_DUPFD, 900);
    assert_true(high >= 900);
    eddyi_inject_start(&plan);
    const char *report = child_report(NULL);
    eddyi_inject_stop();
    assert_string_equal(reported(report, "descriptors"), "0 1 2");
    close(low);
    close(high);
    return 0;
}

static void nothing(int number)
{
    (void)number;
}

TASK_TEST(fault_B8_signals_are_as_if_nobody_had_touched_them)
{
    struct sigaction before[3], ignore = {.sa_handler = SIG_IGN}, handle = {.sa_handler = nothing};
    sigset_t blocked, mask;
    char numbers[64];
    NEEDS_ITSELF_AS_CHILD();
    (void)sigaction(SIGPIPE, &ignore, &before[0]);
    (void)sigaction(SIGHUP, &ignore, &before[1]);
    (void)sigaction(SIGUSR1, &handle, &before[2]);
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGUSR2);
    (void)sigprocmask(SIG_BLOCK, &blocked, &mask);
    const char *report = child_report(NULL);
    assert_string_equal(reported(report, "blocked"), "");
    snprintf(numbers, sizeof numbers, "%d", SIGHUP); /* who started us wants that */
    assert_string_equal(reported(report, "ignored"), numbers);
    eddy_process_options keep = {.size = sizeof keep, .no_restore_signals = true};
    report = child_report(&keep);
    snprintf(numbers, sizeof numbers, "%d", SIGUSR2);
    assert_string_equal(reported(report, "blocked"), numbers);
    snprintf(numbers, sizeof numbers, "%d %d", SIGHUP, SIGPIPE);
    assert_string_equal(reported(report, "ignored"), numbers);
    (void)sigprocmask(SIG_SETMASK, &mask, NULL);
    (void)sigaction(SIGPIPE, &before[0], NULL);
    (void)sigaction(SIGHUP, &before[1], NULL);
    (void)sigaction(SIGUSR1, &before[2], NULL);
    return 0;
}

static void ignore_signal(void *arg)
{
    (void)arg;
}

TASK_TEST(fault_B8_a_loops_own_handlers_are_not_the_childs)
{
    NEEDS_PROCESSES();
    eddy_loop *loop = eddy_get_running_loop();
    assert_int_equal(eddy_loop_add_signal_handler(loop, SIGTERM, ignore_signal, NULL), 0);
    eddy_process *process = shell("exec sleep 100", NULL);
    assert_int_equal(eddy_process_terminate(process), 0);
    assert_int_equal(ending(process), -SIGTERM);
    eddy_process_release(process);
    assert_int_equal(eddy_loop_remove_signal_handler(loop, SIGTERM), 1);
    return 0;
}

/* ---- what cannot be ---- */

TASK_TEST(options_that_make_no_sense_are_refused)
{
    const char *argv[] = {"true", NULL}, *nothing_to_run[] = {NULL};
    const eddy_fd bad[] = {-1};
    const int below = -1;
    eddy_process *process = NULL;
    NEEDS_PROCESSES();
    const eddy_process_options wrong[] = {
        {.size = 0},
        {.size = sizeof wrong[0], .standard_input = EDDY_SUBPROCESS_STDOUT},
        {.size = sizeof wrong[0], .standard_output = EDDY_SUBPROCESS_STDOUT},
        {.size = sizeof wrong[0], .standard_error = (eddy_subprocess_stdio)17},
        {.size = sizeof wrong[0], .standard_output = EDDY_SUBPROCESS_FD, .standard_output_fd = -1},
        {.size = sizeof wrong[0], .pass_fd_count = 1},
        {.size = sizeof wrong[0], .pass_fds = bad, .pass_fd_count = 1},
        {.size = sizeof wrong[0], .extra_group_count = 1},
        {.size = sizeof wrong[0], .process_group = &below},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(eddy_create_subprocess_exec(&process, argv, &wrong[i]), EDDY_EINVAL);
    assert_int_equal(eddy_create_subprocess_exec(NULL, argv, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_create_subprocess_exec(&process, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_create_subprocess_exec(&process, nothing_to_run, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_create_subprocess_shell(&process, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_process_wait(NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_process_communicate(NULL, NULL, NULL, NULL, 0, 0), EDDY_EINVAL);
    assert_int_equal(eddy_process_kill(NULL), EDDY_EINVAL);
    assert_false(eddy_process_returncode(NULL, NULL));
    assert_int_equal(eddy_process_pid(NULL), -1);
    eddy_process_release(NULL);
    assert_null(process);
    assert_true(there_is_no_child());
    return 0;
}

int suite_process_options(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(J1_cwd_is_where_it_runs_and_where_a_relative_program_is_found),
        cmocka_unit_test(J1_env_is_all_that_it_has),
        cmocka_unit_test(J1_the_program_is_looked_for_in_the_path_of_its_own_environment),
        cmocka_unit_test(J1_session_and_process_group),
        cmocka_unit_test(J1_umask),
        cmocka_unit_test(J1_fault_B8_user_and_groups),
        cmocka_unit_test(fault_F5_a_child_has_no_descriptor_but_those_that_it_was_given),
        cmocka_unit_test(fault_F5_P16_without_the_systems_call_descriptors_are_found_one_by_one),
        cmocka_unit_test(fault_B8_signals_are_as_if_nobody_had_touched_them),
        cmocka_unit_test(fault_B8_a_loops_own_handlers_are_not_the_childs),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests_name("process options", tests, NULL, NULL);
}
