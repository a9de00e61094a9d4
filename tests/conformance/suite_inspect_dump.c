/* suite_inspect_dump.c: eddy_dump_tasks, from signal handlers too (fault I3).
 * Touches signals, an interval timer and pipes. A handler does nothing but tell and count. */
#include "suite.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/support.h"

static int told_to = -1;
static volatile sig_atomic_t told, last_told;

static void tell(int number)
{
    (void)number;
    last_told = eddy_dump_tasks(told_to);
    told = told + 1; /* whatever came of it: somebody may have made writing fail */
}

static void handle(int number, struct sigaction *before)
{
    struct sigaction action = {.sa_handler = tell};
    (void)sigemptyset(&action.sa_mask);
    told = 0;
    assert_int_equal(sigaction(number, &action, before), 0);
}

/* Once: one that comes again and again leaves no time for anything else where telling is slow. */
static void alarm_in(suseconds_t microseconds)
{
    const struct itimerval once = {.it_value = {0, microseconds}};
    assert_int_equal(setitimer(ITIMER_REAL, &once, NULL), 0);
}

static const char *find_after(const char *text, const char *wanted)
{
    const char *found = strstr(text, wanted);
    if (found == NULL)
        print_error("no '%s' in:\n%s\n", wanted, text);
    assert_non_null(found);
    return found + strlen(wanted);
}

static int wait_for_it(void *future)
{
    return eddy_await_future(future, NULL);
}

static eddy_task *make(const char *name, eddy_coro_fn fn, void *arg)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, fn, arg, EDDY_OPTIONS(eddy_task_options, .name = name)), 0);
    return task;
}

TASK_TEST(dump_tells_each_task_with_its_state)
{
    char text[2048];
    int ends[2], outcome;
    (void)arg;
    eddy_future *never;
    assert_int_equal(eddy_loop_create_future(eddy_get_running_loop(), &never), 0);
    eddy_task *waiter = make("patient\n", wait_for_it, never);
    assert_int_equal(eddy_sleep(0), 0);
    eddy_task *newcomer = make(NULL, wait_for_it, never);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(eddy_dump_tasks(ends[1]), 0);
    assert_int_equal(eddy_dump_tasks(-1), EDDY_EIO);
    (void)close(ends[1]);
    ssize_t size = read(ends[0], text, sizeof text - 1);
    (void)close(ends[0]);
    assert_true(size > 0);
    text[size] = '\0';
    const char *at = find_after(text, "eddy: loop 0x");
    at = find_after(at, ", tasks: 3\ntask ");
    at = find_after(at, " running, function 0x");
    at = find_after(at, "'patient\\x0a' waiting in future, function 0x");
    at = find_after(at, "'Task-");
    at = find_after(at, "' scheduled, function 0x");
    at = find_after(at, "\n");
    assert_string_equal(at, "");
    eddy_task_cancel(waiter);
    eddy_task_cancel(newcomer);
    assert_int_equal(eddy_await(waiter, &outcome), 0);
    assert_int_equal(eddy_await(newcomer, &outcome), 0);
    eddy_task_release(waiter);
    eddy_task_release(newcomer);
    eddy_future_release(never);
    return 0;
}

static void dump_without_a_loop_is_refused(void **state)
{
    (void)state;
    assert_int_equal(eddy_dump_tasks(1), EDDY_ENOLOOP);
}

/* It never gives way, so nothing but a signal can ask it. */
TASK_TEST(fault_I3_stuck_program_tells_by_a_signal_in_which_task)
{
    char text[512];
    int ends[2];
    struct sigaction before;
    (void)arg;
    assert_int_equal(pipe(ends), 0);
    told_to = ends[1];
    handle(SIGALRM, &before);
    assert_int_equal(eddy_task_set_name(eddy_current_task(), "stuck"), 0);
    alarm_in(1000);
    while (told == 0)
        continue;
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_int_equal(last_told, 0);
    (void)close(ends[1]);
    ssize_t size = read(ends[0], text, sizeof text - 1);
    (void)close(ends[0]);
    assert_true(size > 0);
    text[size] = '\0';
    (void)find_after(text, "'stuck' running, function 0x");
    return 0;
}

static int come_and_go(void *arg)
{
    (void)arg;
    return eddy_sleep(0);
}

TASK_TEST(fault_I3_signals_while_tasks_are_made_named_and_ended)
{
    enum { TASKS = 40, SIGNALS = 100 };
    eddy_task *tasks[TASKS];
    struct sigaction before;
    int outcome;
    (void)arg;
    told_to = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(told_to >= 0);
    handle(SIGALRM, &before);
    for (int round = 0; told < SIGNALS; round++) {
        alarm_in(1 + round * 7 % 100);
        for (int i = 0; i < TASKS; i++) {
            tasks[i] = make(i % 2 == 0 ? "of a name that has to be kept somewhere" : NULL, come_and_go, NULL);
            if (i % 4 == 0)
                assert_int_equal(eddy_task_set_name(tasks[i], "another name"), 0);
        }
        for (int i = 0; i < TASKS; i++) {
            assert_int_equal(eddy_await(tasks[i], &outcome), 0);
            assert_int_equal(outcome, 0);
            eddy_task_release(tasks[i]);
        }
    }
    alarm_in(0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    (void)close(told_to);
    return 0;
}

int suite_inspect_dump(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dump_tells_each_task_with_its_state),
        cmocka_unit_test(dump_without_a_loop_is_refused),
        cmocka_unit_test(fault_I3_stuck_program_tells_by_a_signal_in_which_task),
        cmocka_unit_test(fault_I3_signals_while_tasks_are_made_named_and_ended),
    };
    return cmocka_run_group_tests_name("dump of tasks", tests, NULL, NULL);
}
