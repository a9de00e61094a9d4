/* test_moving.c: eddy ps on a process that never holds still.
 * Touches children and the program eddy. However it comes at them, no task is shown below another than its own. */
#include "looked_at.h"

enum { HOSTS = 4, WORKERS = 3, LOOKS = 1000 / FEWER, MOST_TASKS = 256 };

/* ---- the process: hosts have workers and an inn, and inns have guests who come and go ---- */

static int work(void *arg)
{
    int rc = 0;
    (void)arg;
    while (rc == 0)
        rc = eddy_sleep(0);
    return rc;
}

static int visit(void *arg)
{
    (void)arg;
    return eddy_sleep(0);
}

static int add(eddy_task_group *group, const char *name, intptr_t number, eddy_coro_fn body)
{
    char full[32];
    (void)snprintf(full, sizeof full, "%s-%ld", name, (long)number);
    return eddy_task_group_create_task(group, NULL, body, (void *)number,
                                       EDDY_OPTIONS(eddy_task_options, .name = full));
}

static int keep_inn(void *number)
{
    for (;;) {
        eddy_task_group group;
        int rc = eddy_task_group_enter(&group);
        rc = rc < 0 ? rc : add(&group, "guest", (intptr_t)number, visit);
        rc = rc < 0 ? rc : eddy_sleep(0);
        rc = rc < 0 ? rc : add(&group, "guest", (intptr_t)number, visit);
        rc = eddy_task_group_exit(&group, rc);
        if (rc < 0)
            return rc;
    }
}

static int host(void *number)
{
    eddy_task_group group;
    int rc = eddy_task_group_enter(&group);
    for (int i = 0; rc == 0 && i < WORKERS; i++)
        rc = add(&group, "worker", (intptr_t)number, work);
    rc = rc < 0 ? rc : add(&group, "inn", (intptr_t)number, keep_inn);
    return eddy_task_group_exit(&group, rc);
}

static int world(void *arg)
{
    eddy_task_group group;
    (void)arg;
    int rc = eddy_task_group_enter(&group);
    for (intptr_t i = 0; rc == 0 && i < HOSTS; i++)
        rc = add(&group, "host", i, host);
    looked_at_when_settled();
    return eddy_task_group_exit(&group, rc);
}

/* ---- what is shown of it ---- */

typedef struct shown {
    unsigned long long id;
    char name[16];
    long number;
    const char *waits_for; /* in the text */
} shown;

static size_t read_tasks(const char *text, shown out[MOST_TASKS])
{
    static const char begin[] = "{\"id\": ";
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, begin)) != NULL; at++) {
        shown *task = &out[count++];
        assert_true(count <= MOST_TASKS);
        assert_int_equal(
            sscanf(at, "{\"id\": %llu, \"name\": \"%15[A-Za-z]-%ld\"", &task->id, task->name, &task->number),
            3);
        task->waits_for = strstr(at, "\"waits_for\": [");
        assert_non_null(task->waits_for);
        task->waits_for += strlen("\"waits_for\": [");
    }
    return count;
}

static bool waits_for(const shown *waiter, unsigned long long id)
{
    char *end;
    for (const char *at = waiter->waits_for; *at != ']'; at = end + (*end == ',')) {
        if (strtoull(at, &end, 10) == id)
            return true;
        assert_true(end != at);
    }
    return false;
}

/* Everybody but the main task has one who waits for it: its own. */
static void check_parent(const shown *tasks, size_t count, const shown *child)
{
    const char *expected = strcmp(child->name, "guest") == 0  ? "inn"
                           : strcmp(child->name, "host") == 0 ? "Task"
                                                              : "host";
    size_t parents = 0;
    for (size_t i = 0; i < count; i++) {
        if (!waits_for(&tasks[i], child->id))
            continue;
        parents++;
        assert_string_equal(tasks[i].name, expected);
        if (strcmp(expected, "Task") != 0)
            assert_int_equal(tasks[i].number, child->number);
    }
    assert_int_equal(parents, strcmp(child->name, "Task") == 0 ? 0 : 1);
}

static size_t count_of(const shown *tasks, size_t count, const char *name)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += strcmp(tasks[i].name, name) == 0;
    return found;
}

static void fault_I1_no_wrong_tree_of_a_process_under_load(void **state)
{
    static shown tasks[MOST_TASKS];
    pid_t child = looked_at_run(world, NULL);
    (void)state;
    for (int i = 0; i < LOOKS; i++) {
        char *text;
        int status = looked_at_ask(child, "ps --json", &text);
        if (status != 0)
            print_error("%s", text);
        assert_int_equal(status, 0);
        size_t count = read_tasks(text, tasks);
        assert_int_equal(count_of(tasks, count, "Task"), 1);
        assert_int_equal(count_of(tasks, count, "host"), HOSTS);
        assert_int_equal(count_of(tasks, count, "worker"), HOSTS * WORKERS);
        assert_int_equal(count_of(tasks, count, "inn"), HOSTS);
        for (size_t n = 0; n < count; n++)
            check_parent(tasks, count, &tasks[n]);
        free(text);
    }
    looked_at_end(child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_I1_no_wrong_tree_of_a_process_under_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
