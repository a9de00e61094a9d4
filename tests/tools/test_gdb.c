/* test_gdb.c: gdb with tools/gdb/eddy-gdb.py on a child of the test, and on a core file of it.
 * Touches children, gdb, a folder for the core file. What the script cannot tell is a message, never a traceback of Python. */
#include "looked_at.h"

#include <sys/wait.h>

#include "core/platform.h"
#include "core/task/task.h"

extern eddy_record eddyi_record;

/* ---- asking gdb ---- */

static char *run_gdb(const char *arguments)
{
    enum { ROOM = 1 << 18 };
    char line[2048];
    char *text = malloc(ROOM);
    assert_non_null(text);
    (void)snprintf(line, sizeof line, "'%s' -batch -nx -iex 'set debuginfod enabled off' -x '%s' %s 2>&1",
                   EDDY_GDB, EDDY_GDB_SCRIPT, arguments);
    FILE *answer = popen(line, "r");
    assert_non_null(answer);
    size_t size = fread(text, 1, ROOM - 1, answer);
    text[size] = '\0';
    (void)pclose(answer);
    if (strstr(text, "Traceback") != NULL)
        print_error("%s\n", text);
    assert_null(strstr(text, "Traceback"));
    return text;
}

static char *ask_live(pid_t child, const char *commands)
{
    char arguments[1024];
    (void)snprintf(arguments, sizeof arguments, "-p %ld %s", (long)child, commands);
    return run_gdb(arguments);
}

static void expect(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL)
        print_error("no '%s' in:\n%s\n", wanted, text);
    assert_non_null(strstr(text, wanted));
}

/* Each after the one before. */
static void expect_in_order(const char *text, const char *const *wanted, size_t count)
{
    const char *at = text;
    for (size_t i = 0; i < count; i++) {
        const char *found = strstr(at, wanted[i]);
        if (found == NULL)
            print_error("no '%s' behind that in:\n%s\n", wanted[i], text);
        assert_non_null(found);
        at = found + strlen(wanted[i]);
    }
}

/* ---- a child that holds still ---- */

static int (*volatile no_shortcut)(int); /* so that each call has a frame */

static int sleep_deep_down(int depth)
{
    if (depth > 0)
        return no_shortcut(depth - 1) + 1;
    return eddy_sleep(1000000) - 1;
}

static int sleeper(void *arg)
{
    (void)arg;
    return no_shortcut(3) + 1;
}

static int await_it(void *task)
{
    return eddy_await(task, NULL) + 1;
}

static int tasks_of_all_kinds(void *arg)
{
    (void)arg;
    no_shortcut = sleep_deep_down;
    eddy_task *one = looked_at_make("sleepy", sleeper, NULL);
    eddy_task *two = looked_at_make("hostile\n\x1b[2J'\\", await_it, one);
    looked_at_when_settled();
    return eddy_gather(NULL, (eddy_task *[]){one, two}, 2);
}

static void expect_tasks(const char *text)
{
    static const char *const rows[] = {"loop 0x",
                                       "runs in thread 0x",
                                       "3 tasks",
                                       "1  Task-1",
                                       "waiting in future, for sleepy (2)",
                                       "tasks_of_all_kinds",
                                       "2  sleepy",
                                       "waiting in sleep",
                                       "sleeper",
                                       "3  hostile\\x0a\\x1b[2J'\\x5c",
                                       "waiting in future, for sleepy (2)",
                                       "await_it"};
    expect_in_order(text, rows, sizeof rows / sizeof rows[0]);
}

static void expect_frames(const char *text)
{
    static const char *const frames[] = {"2  sleepy",         "#0 ",
                                         "eddy_sleep (",      "sleep_deep_down (",
                                         "sleep_deep_down (", "sleep_deep_down (",
                                         "sleep_deep_down (", "sleeper (",
                                         "3  hostile",        "eddy_await (",
                                         "await_it ("};
    if (eddyi_context_registers[0] == '\0')
        expect(text, "this build's task switch does not say where it saves registers");
    else
        expect_in_order(text, frames, sizeof frames / sizeof frames[0]);
}

static void tasks_are_listed_with_whom_they_wait_for(void **state)
{
    pid_t child = looked_at_run(tasks_of_all_kinds, NULL);
    (void)state;
    char *text = ask_live(child, "-ex 'info eddy-tasks'");
    looked_at_end(child);
    expect_tasks(text);
    free(text);
}

static void backtraces_are_those_of_the_tasks(void **state)
{
    pid_t child = looked_at_run(tasks_of_all_kinds, NULL);
    (void)state;
    char *all = ask_live(child, "-ex 'eddy-backtrace all'");
    char *one = ask_live(child, "-ex 'eddy-backtrace sleepy'");
    char *none = ask_live(child, "-ex 'eddy-backtrace 77'");
    char *thread = ask_live(child, "-ex 'eddy-backtrace' -ex 'printf \"and then\\n\"' -ex backtrace");
    looked_at_end(child);
    expect_frames(all);
    assert_null(strstr(one, "await_it"));
    expect(none, "there is no task '77'");
    const char *own = strstr(thread, "and then");
    assert_non_null(own);
    expect(own, "eddy_run ("); /* the thread's own stack again */
    assert_null(strstr(own, "sleep_deep_down"));
    free(all);
    free(one);
    free(none);
    free(thread);
}

/* Nothing of the library runs any more. */
static int hold_still(void)
{
    looked_at_ready();
    while (pause() == -1)
        continue;
    return 0;
}

static int run_beside_others(void *arg)
{
    (void)arg;
    (void)looked_at_make("not yet", looked_at_sleep, NULL);
    return hold_still();
}

static void running_and_new_tasks_are_told_as_such(void **state)
{
    pid_t child = looked_at_run(run_beside_others, NULL);
    (void)state;
    char *text = ask_live(child, "-ex 'info eddy-tasks' -ex eddy-backtrace");
    looked_at_end(child);
    expect(text, "*     1  Task-1                running, run_beside_others");
    expect(text, "2  not yet               scheduled, looked_at_sleep");
    expect(text, "it runs: see the backtrace of its thread");
    expect(text, "it has not begun");
    free(text);
}

/* ---- a core file ---- */

/* gdb's own core file leaves a mapping out from the first page on that cannot be read, which a light guard is. */
static int run_with_readable_guards(void *arg)
{
    (void)setenv("EDDY_GUARD", "protect", 1);
    return eddy_run(tasks_of_all_kinds, arg, NULL);
}

static void core_file_tells_the_same(void **state)
{
    char folder[] = "/tmp/eddy-test-XXXXXX", path[64], self[512], command[1024];
    (void)state;
    assert_non_null(mkdtemp(folder));
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(size > 0);
    self[size] = '\0';
    (void)snprintf(path, sizeof path, "%s/core", folder);
    (void)snprintf(command, sizeof command, "-ex 'generate-core-file %s'", path);
    pid_t child = looked_at_start(run_with_readable_guards, NULL);
    char *made = ask_live(child, command);
    looked_at_end(child);
    (void)snprintf(command, sizeof command, "'%s' '%s' -ex 'info eddy-tasks' -ex 'eddy-backtrace all'", self,
                   path);
    char *text = run_gdb(command);
    (void)unlink(path);
    (void)rmdir(folder);
    expect(made, "Saved corefile");
    expect_tasks(text);
    expect_frames(text);
    free(made);
    free(text);
}

/* ---- what cannot be shown ---- */

static void process_without_eddy_is_told(void **state)
{
    (void)state;
    char *text = run_gdb("-ex 'info eddy-tasks' -ex eddy-backtrace");
    expect(text, "eddy: there is no process, and no core file");
    free(text);
}

static int be_from_the_future(void *arg)
{
    (void)arg;
    eddyi_record.version++;
    looked_at_when_settled();
    return eddy_sleep(1000000);
}

static int have_a_broken_list(void *arg)
{
    (void)arg;
    eddy_task *task = looked_at_make("lost", looked_at_sleep, NULL);
    task->all.next = (eddyi_list *)(uintptr_t)16;
    return hold_still();
}

static int have_a_list_without_an_end(void *arg)
{
    (void)arg;
    eddy_task *task = looked_at_make("round", looked_at_sleep, NULL);
    task->all.next = &task->all;
    return hold_still();
}

static int have_a_broken_wait(void *arg)
{
    (void)arg;
    eddy_task *task = looked_at_make("astray", looked_at_sleep, NULL);
    if (eddy_sleep(0) < 0 || eddy_sleep(0) < 0)
        return -1;
    task->wait = (eddyi_wait *)(uintptr_t)8;
    return hold_still();
}

static void corrupted_memory_is_told_in_a_message(void **state)
{
    static const struct {
        eddy_coro_fn fn;
        const char *message;
    } cases[] = {{be_from_the_future, "eddy: its eddy's record is version"},
                 {have_a_broken_list, "eddy: memory at 0x"},
                 {have_a_list_without_an_end, "eddy: a list of tasks has no end"},
                 {have_a_broken_wait, "memory at 0x8 cannot be read"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pid_t child = looked_at_run(cases[i].fn, NULL);
        char *text = ask_live(child, "-ex 'info eddy-tasks'");
        looked_at_end(child);
        expect(text, cases[i].message);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_are_listed_with_whom_they_wait_for),
        cmocka_unit_test(backtraces_are_those_of_the_tasks),
        cmocka_unit_test(running_and_new_tasks_are_told_as_such),
        cmocka_unit_test(core_file_tells_the_same),
        cmocka_unit_test(process_without_eddy_is_told),
        cmocka_unit_test(corrupted_memory_is_told_in_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
