/* test_ps.c: eddy ps and pstree on Windows: a program that looks at this one.
 * Touches children. The loop stands still in a task while it is looked at. */
#include "windows/child.h"

#include <eddy.h>

/* It lies beside the folder of the tests: build/tests/this.exe, build/tools/eddy.exe. */
static const char *command(void)
{
    static char path[1100];
    const char *self = child_self();
    size_t size = strlen(self);
    for (int up = 0; up < 2; up++)
        while (size > 0 && self[--size] != '\\' && self[size] != '/')
            continue;
    (void)snprintf(path, sizeof path, "%.*s\\tools\\eddy.exe", (int)size, self);
    return path;
}

static void ask(told *out, const char *what, const char *pid)
{
    const char *const arguments[] = {command(), what, pid, NULL};
    assert_int_equal(child_run(out, arguments, NULL), 0);
}

static void expect(const told *out, const char *wanted)
{
    if (strstr(out->text, wanted) == NULL)
        print_error("no '%s' in:\n%s\n", wanted, out->text);
    assert_non_null(strstr(out->text, wanted));
}

static int sleep_long(void *arg)
{
    (void)arg;
    return eddy_sleep(1000);
}

static int await_it(void *task)
{
    return eddy_await(task, NULL);
}

static eddy_task *make(const char *name, eddy_coro_fn fn, void *arg)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, fn, arg, EDDY_OPTIONS(eddy_task_options, .name = name)), 0);
    return task;
}

static void end(eddy_task *task)
{
    int outcome;
    eddy_task_cancel(task);
    assert_int_equal(eddy_await(task, &outcome), 0);
    eddy_task_release(task);
}

static int be_looked_at(void *arg)
{
    static told out;
    char pid[32];
    (void)arg;
    eddy_task *sleeper = make("sleepy\n", sleep_long, NULL), *waiter = make("patient", await_it, sleeper);
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(eddy_sleep(0), 0);
    (void)snprintf(pid, sizeof pid, "%lu", (unsigned long)GetCurrentProcessId());
    ask(&out, "ps", pid);
    assert_int_equal(out.returncode, 0);
    expect(&out, "3 tasks");
    expect(&out, "Task-1                running");
    expect(&out, "sleepy\\x0a            waiting    sleep");
    expect(&out, "patient               waiting    future");
    expect(&out, ".exe+0x");
    ask(&out, "pstree", pid);
    assert_int_equal(out.returncode, 0);
    expect(&out, "(T) patient (3) waiting in future");
    expect(&out, "(T) sleepy\\x0a (2) waiting in sleep");
    end(sleeper);
    end(waiter);
    return 0;
}

static void tasks_of_a_process_are_shown(void **state)
{
    (void)state;
    assert_int_equal(eddy_run(be_looked_at, NULL, NULL), 0);
}

static void processes_that_cannot_be_shown_are_told(void **state)
{
    static told out;
    const char *const nothing[] = {command(), "ps", "3",
                                   NULL}; /* numbers of processes are multiples of four */
    (void)state;
    assert_int_equal(child_run(&out, nothing, NULL), 0);
    assert_int_equal(out.returncode, 1);
    expect(&out, "process 3: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_of_a_process_are_shown),
        cmocka_unit_test(processes_that_cannot_be_shown_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
