/* suite_inspect_hope.c: a loop that something may still wake is never told to be in a deadlock (fault C16), one test for each kind of hope.
 * Touches the public API, SIGALRM, SIGINT, a pipe and a thread. What wakes the loop comes from outside, after it has looked for hope. */
#include "bodies.h"
#include "processes.h"
#include "stuck.h"
#include "suite.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/inspect/inspect.h"

static eddy_event awaited;

static int wait_event(void *arg)
{
    (void)arg;
    return eddy_event_wait(&awaited);
}

static void set_event(void *arg)
{
    (void)arg;
    (void)eddy_event_set(&awaited);
}

/* Runs the body, which brings hope with it and waits for the event. */
static void must_be_silent(eddy_coro_fn body, int result)
{
    assert_int_equal(eddy_event_init(&awaited), 0);
    assert_int_equal(stuck_run(body, NULL, false), result);
    assert_int_equal(stuck_told()->count, 0);
}

/* ---- an alarm from outside: a signal that eddy knows nothing of ---- */

static int alarm_pipe[2];
static int alarm_raises;

static void on_alarm(int number)
{
    (void)number;
    if (alarm_raises != 0)
        (void)raise(alarm_raises);
    else if (write(alarm_pipe[1], "x", 1) < 0)
        return;
}

static struct sigaction before_alarm;

static void set_alarm(int raises)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval soon = {.it_value = {.tv_usec = 20000}};
    alarm_raises = raises;
    assert_int_equal(sigemptyset(&action.sa_mask), 0);
    assert_int_equal(sigaction(SIGALRM, &action, &before_alarm), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
}

static void end_alarm(void)
{
    const struct itimerval never = {{0, 0}, {0, 0}};
    (void)setitimer(ITIMER_REAL, &never, NULL);
    (void)sigaction(SIGALRM, &before_alarm, NULL);
}

/* ---- timers ---- */

static int with_a_timer(void *arg)
{
    assert_int_equal(eddy_loop_call_later(eddy_get_running_loop(), NULL, 0.02, set_event, arg), 0);
    return wait_event(arg);
}

static int sleep_and_set(void *arg)
{
    int rc = eddy_sleep(0.02);
    set_event(arg);
    return rc;
}

static int with_a_sleeper(void *arg)
{
    stuck_spawn("sleeper", sleep_and_set, arg);
    return wait_event(arg);
}

static int with_a_limit(void *arg)
{
    return eddy_wait_for_call(wait_event, arg, 0.02);
}

static void fault_C16_timers_are_hope(void **state)
{
    (void)state;
    must_be_silent(with_a_timer, 0);
    must_be_silent(with_a_sleeper, 0);
    must_be_silent(with_a_limit, EDDY_ETIMEDOUT);
}

/* ---- descriptors ---- */

static void take_and_set(void *arg)
{
    char byte;
    assert_int_equal(read(alarm_pipe[0], &byte, 1), 1);
    assert_int_equal(eddy_loop_remove_reader(eddy_get_running_loop(), alarm_pipe[0]), 1);
    set_event(arg);
}

static int with_a_reader(void *arg)
{
    assert_int_equal(pipe(alarm_pipe), 0);
    assert_int_equal(eddy_loop_add_reader(eddy_get_running_loop(), alarm_pipe[0], take_and_set, arg), 0);
    set_alarm(0);
    int rc = wait_event(arg);
    end_alarm();
    close(alarm_pipe[0]);
    close(alarm_pipe[1]);
    return rc;
}

static void fault_C16_a_watched_descriptor_is_hope(void **state)
{
    (void)state;
    if (support_is_simulated()) {
        (void)support_skip("foreign descriptors cannot be reached");
        return;
    }
    must_be_silent(with_a_reader, 0);
}

static int on_client(eddy_stream *stream, void *arg)
{
    (void)stream;
    (void)arg;
    return 0;
}

static int with_a_server(void *arg)
{
    eddy_server *server;
    int rc = eddy_start_server(&server, "127.0.0.1", "0", on_client, NULL, NULL);
    if (rc < 0)
        return rc;
    set_alarm(SIGINT);
    rc = wait_event(arg);
    end_alarm();
    eddy_server_close(server);
    eddy_server_release(server);
    return rc;
}

static void fault_C16_a_server_that_waits_for_clients_is_hope(void **state)
{
    (void)state;
    must_be_silent(with_a_server, EDDY_EINTERRUPTED);
}

/* ---- threads ---- */

static int a_job(void *loop)
{
    while (!atomic_load(&((eddy_loop *)loop)->sleeping))
        eddyi_thread_yield();
    support_let_others_run();
    return 5;
}

static int with_a_job(void *arg)
{
    (void)arg;
    return eddy_to_thread(a_job, eddy_get_running_loop(), NULL);
}

/* Nobody waits for the job's future; what it does at its end wakes the task. */
static void job_done(eddy_future *future, void *arg)
{
    (void)future;
    set_event(arg);
}

static int with_a_job_in_the_background(void *arg)
{
    eddy_loop *loop = eddy_get_running_loop();
    eddy_future *future;
    assert_int_equal(eddy_loop_run_in_executor(loop, &future, NULL, a_job, loop, NULL), 0);
    assert_int_equal(eddy_future_add_done_callback(future, job_done, arg), 0);
    int rc = wait_event(arg);
    eddy_future_release(future);
    return rc;
}

static void fault_C16_jobs_are_hope(void **state)
{
    (void)state;
    must_be_silent(with_a_job, 5);
    must_be_silent(with_a_job_in_the_background, 0);
}

static void post_when_asleep(void *loop)
{
    (void)a_job(loop);
    (void)eddy_loop_call_soon_threadsafe(loop, NULL, set_event, NULL);
}

static int with_a_thread(void *arg)
{
    eddyi_thread thread;
    int rc = eddyi_thread_create(&thread, post_when_asleep, eddy_get_running_loop(), "poster");
    if (rc < 0)
        return rc;
    rc = wait_event(arg);
    eddyi_thread_join(&thread);
    return rc;
}

static void fault_C16_any_other_thread_is_hope(void **state)
{
    (void)state;
    must_be_silent(with_a_thread, 0);
}

/* ---- signals ---- */

static int with_a_signal_handler(void *arg)
{
    eddy_loop *loop = eddy_get_running_loop();
    assert_int_equal(eddy_loop_add_signal_handler(loop, SIGUSR1, set_event, arg), 0);
    set_alarm(SIGUSR1);
    int rc = wait_event(arg);
    end_alarm();
    assert_int_equal(eddy_loop_remove_signal_handler(loop, SIGUSR1), 1);
    return rc;
}

static void fault_C16_a_signal_handler_is_hope(void **state)
{
    (void)state;
    must_be_silent(with_a_signal_handler, 0);
}

/* ---- children ---- */

static int with_a_child(void *arg)
{
    const char *const argv[] = {"sleep", "0.02", NULL};
    eddy_process *process;
    (void)arg;
    int rc = eddy_create_subprocess_exec(&process, argv, NULL);
    if (rc < 0)
        return rc;
    rc = eddy_process_wait(process, NULL);
    eddy_process_release(process);
    return rc;
}

static void fault_C16_a_child_is_hope(void **state)
{
    (void)state;
    if (support_is_simulated()) {
        (void)support_skip("it reaches no processes");
        return;
    }
    must_be_silent(with_a_child, 0);
}

/* ---- on purpose ---- */

static int sleep_for_ever(void *arg)
{
    (void)arg;
    return eddy_sleep((double)INFINITY);
}

static int with_one_who_sleeps_for_ever(void *arg)
{
    stuck_spawn("sleeper", sleep_for_ever, arg);
    set_alarm(SIGINT);
    int rc = wait_event(arg);
    end_alarm();
    return rc;
}

static void fault_C16_who_sleeps_for_ever_does_so_on_purpose(void **state)
{
    (void)state;
    must_be_silent(with_one_who_sleeps_for_ever, EDDY_EINTERRUPTED);
}

static int wait_and_be_interrupted(void *arg)
{
    stuck_listen(eddy_get_running_loop());
    set_alarm(SIGINT);
    int rc = wait_event(arg);
    end_alarm();
    return rc;
}

static void fault_C16_a_loop_may_be_told_not_to_look(void **state)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend(), .no_deadlock_report = true};
    uint64_t patience = eddyi_patience_ns;
    (void)state;
    eddyi_patience_ns = 1;
    assert_int_equal(eddy_event_init(&awaited), 0);
    assert_int_equal(eddy_run(wait_and_be_interrupted, NULL, EDDY_OPTIONS(eddy_run_options, .loop = &loop)),
                     EDDY_EINTERRUPTED);
    eddyi_patience_ns = patience;
    assert_int_equal(stuck_told()->count, 0);
}

static void fault_C16_a_loop_inside_another_never_says_so(void **state)
{
    eddy_loop *loop;
    (void)state;
    assert_int_equal(eddy_event_init(&awaited), 0);
    assert_int_equal(
        eddy_new_event_loop(&loop, EDDY_OPTIONS(eddy_loop_options, .backend = support_backend())), 0);
    stuck_listen(loop);
    assert_int_equal(eddy_loop_create_task(loop, NULL, wait_event, NULL, NULL), 0);
    assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    assert_true(isinf(eddy_loop_next_timeout(loop)));
    assert_int_equal(eddy_loop_run_once(loop, 0.06), 0);
    set_event(NULL);
    assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    assert_int_equal(stuck_told()->count, 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_loop_release(loop);
}

int suite_inspect_hope(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_C16_timers_are_hope),
        cmocka_unit_test(fault_C16_a_watched_descriptor_is_hope),
        cmocka_unit_test(fault_C16_a_server_that_waits_for_clients_is_hope),
        cmocka_unit_test(fault_C16_jobs_are_hope),
        cmocka_unit_test(fault_C16_any_other_thread_is_hope),
        cmocka_unit_test(fault_C16_a_signal_handler_is_hope),
        cmocka_unit_test(fault_C16_a_child_is_hope),
        cmocka_unit_test(fault_C16_who_sleeps_for_ever_does_so_on_purpose),
        cmocka_unit_test(fault_C16_a_loop_may_be_told_not_to_look),
        cmocka_unit_test(fault_C16_a_loop_inside_another_never_says_so),
    };
    return cmocka_run_group_tests_name("hope", tests, NULL, NULL);
}
