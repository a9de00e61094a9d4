/* test_trees.c: eddy ps and pstree on processes that hold still: trees, diamonds, cycles, many tasks, every way to wait.
 * Touches children and the program eddy. What is expected is what is printed, with addresses masked. */
#include "looked_at.h"

#define PLACE "tools_test_trees+0x#"
#ifdef EDDY_TOOL_NAMES
#define IF_NAMES(name, place) name
#else
#define IF_NAMES(name, place) place
#endif
#define LOOP "loop 0x#, runs in thread 0x#, "

static int ask_and_sleep(void)
{
    looked_at_when_settled();
    return eddy_sleep(1000000);
}

/* ---- a tree ---- */

static int await_a_child(void *arg)
{
    (void)arg;
    return eddy_await(looked_at_make("b1", looked_at_sleep, NULL), NULL);
}

static int add(eddy_task_group *group, const char *name, eddy_coro_fn body)
{
    return eddy_task_group_create_task(group, NULL, body, NULL,
                                       EDDY_OPTIONS(eddy_task_options, .name = name));
}

static int have_two(void *arg)
{
    eddy_task_group group;
    (void)arg;
    int rc = eddy_task_group_enter(&group);
    rc = rc < 0 ? rc : add(&group, "a1", looked_at_sleep);
    rc = rc < 0 ? rc : add(&group, "a2", looked_at_sleep);
    return eddy_task_group_exit(&group, rc);
}

static int tree(void *arg)
{
    eddy_task_group group;
    (void)arg;
    int rc = eddy_task_group_enter(&group);
    rc = rc < 0 ? rc : add(&group, "a", have_two);
    rc = rc < 0 ? rc : add(&group, "b", await_a_child);
    looked_at_when_settled();
    return eddy_task_group_exit(&group, rc);
}

static void trees_are_shown_as_trees(void **state)
{
    pid_t child = looked_at_run(tree, NULL);
    (void)state;
    looked_at_expect(child, "pstree", 0,
                     LOOP "6 tasks\n"
                          "(T) Task-1 (1) waiting in task group, " PLACE "\n"
                          "├── (T) a (2) waiting in task group, " PLACE "\n"
                          "│   ├── (T) a1 (4) waiting in sleep, " PLACE "\n"
                          "│   └── (T) a2 (5) waiting in sleep, " PLACE "\n"
                          "└── (T) b (3) waiting in future, " PLACE "\n"
                          "    └── (T) b1 (6) waiting in sleep, " PLACE "\n");
    looked_at_expect(
        child, "ps", 0,
        LOOP
        "6 tasks\n"
        "   task id  task name             state      waits in        coroutine                 awaited by\n"
        "         1  Task-1                waiting    task group      " PLACE "  -\n"
        "         2  a                     waiting    task group      " PLACE "  Task-1 (1)\n"
        "         3  b                     waiting    future          " PLACE "  Task-1 (1)\n"
        "         4  a1                    waiting    sleep           " PLACE "  a (2)\n"
        "         5  a2                    waiting    sleep           " PLACE "  a (2)\n"
        "         6  b1                    waiting    sleep           " PLACE "  b (3)\n");
    looked_at_end(child);
}

static void functions_are_shown_by_name_where_it_is_known(void **state)
{
    char *text;
    pid_t child = looked_at_run(tree, NULL);
    (void)state;
    assert_int_equal(looked_at_ask_plainly(child, "pstree", &text), 0);
    looked_at_end(child);
    assert_non_null(strstr(text, "(T) Task-1 (1) waiting in task group, " IF_NAMES("tree", PLACE) "\n"));
    assert_non_null(strstr(text, "(T) b (3) waiting in future, " IF_NAMES("await_a_child", PLACE) "\n"));
    assert_non_null(strstr(text, "(T) b1 (6) waiting in sleep, " IF_NAMES("looked_at_sleep", PLACE) "\n"));
    free(text);
}

/* ---- diamonds and cycles ---- */

enum { LAYERS = 20 };
static eddy_task *layers[LAYERS][2];

static int await_both(void *layer)
{
    return eddy_gather(NULL, layer, 2);
}

static int diamonds(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < LAYERS; i++)
        for (size_t n = 0; n < 2; n++) {
            char name[32];
            (void)snprintf(name, sizeof name, "%zu.%zu", i, n);
            layers[i][n] = i == 0 ? looked_at_make(name, looked_at_sleep, NULL)
                                  : looked_at_make(name, await_both, layers[i - 1]);
        }
    looked_at_when_settled();
    return eddy_gather(NULL, layers[LAYERS - 1], 2);
}

static size_t count_lines(const char *text, const char *with)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, with)) != NULL; at += strlen(with))
        count++;
    return count;
}

static void fault_I2_diamonds_of_another_process_are_written_once(void **state)
{
    char *text;
    pid_t child = looked_at_run(diamonds, NULL);
    (void)state;
    int status = looked_at_ask(child, "pstree", &text);
    looked_at_end(child);
    assert_int_equal(status, 0);
    assert_int_equal(count_lines(text, "\n"), 2 + 4 * (LAYERS - 1) + 2); /* the loop, the main task, edges */
    assert_int_equal(count_lines(text, "(as above)"), 2 * (LAYERS - 1));
    assert_int_equal(count_lines(text, " waiting in "), 2 * LAYERS + 1);
    free(text);
}

static eddy_task *ring[3];

static int wait_for_next(void *next)
{
    return eddy_wait(NULL, next, 1, (double)INFINITY, EDDY_ALL_COMPLETED);
}

static int cycle(void *arg)
{
    static const char *const names[] = {"a", "b", "c"};
    (void)arg;
    for (size_t i = 0; i < 3; i++)
        ring[i] = looked_at_make(names[i], wait_for_next, &ring[(i + 1) % 3]);
    return ask_and_sleep();
}

static void fault_I2_cycles_of_another_process_are_told(void **state)
{
    pid_t child = looked_at_run(cycle, NULL);
    (void)state;
    looked_at_expect(child, "pstree", 0,
                     "the tasks wait in a cycle, so there is no tree of them\n"
                     "cycle: a → b → c → a\n" LOOP "4 tasks\n"
                     "(T) Task-1 (1) waiting in sleep, " PLACE "\n"
                     "(T) a (2) waiting in wait, " PLACE "\n"
                     "└── (T) b (3) waiting in wait, " PLACE "\n"
                     "    └── (T) c (4) waiting in wait, " PLACE "\n"
                     "        └── (T) a (2) (cycle)\n");
    looked_at_end(child);
}

/* ---- every way to wait ---- */

static int gather_in_gather(void *task)
{
    eddy_future *inner, *outer, *futures[] = {eddy_task_future(*(eddy_task **)task)};
    if (eddy_gather_future(eddy_get_running_loop(), &inner, NULL, futures, 1, false) < 0 ||
        eddy_gather_future(eddy_get_running_loop(), &outer, NULL, &inner, 1, false) < 0)
        _exit(94);
    return eddy_await_future(outer, NULL);
}

static int gather_it(void *task)
{
    return eddy_gather(NULL, task, 1);
}

static int wait_for_many(void *task)
{
    eddy_task *tasks[6];
    for (size_t i = 0; i < 6; i++)
        tasks[i] = *(eddy_task **)task;
    return eddy_wait(NULL, tasks, 6, (double)INFINITY, EDDY_ALL_COMPLETED);
}

static int complete_it(void *task)
{
    eddy_task *first;
    eddy_completions *completions;
    if (eddy_as_completed(&completions, task, 1, (double)INFINITY) < 0)
        _exit(95);
    return eddy_completions_next(completions, &first);
}

static int shield_it(void *task)
{
    return eddy_shield(*(eddy_task **)task, NULL);
}

static int shield_its_future(void *task)
{
    eddy_future *future;
    if (eddy_shield_future(&future, eddy_task_future(*(eddy_task **)task)) < 0)
        _exit(96);
    return eddy_await_future(future, NULL);
}

static int wait_for_it(void *task)
{
    return eddy_wait_for(*(eddy_task **)task, NULL, 1000000);
}

static int declare_it(void *task)
{
    if (eddy_future_add_to_awaited_by(eddy_task_future(*(eddy_task **)task),
                                      eddy_task_future(eddy_current_task())) < 0)
        _exit(97);
    return eddy_sleep(1000000);
}

static const eddy_coro_fn ways[] = {gather_it, gather_in_gather,  wait_for_next, wait_for_many, complete_it,
                                    shield_it, shield_its_future, wait_for_it,   declare_it};

static int one_way(void *fn)
{
    static eddy_task *leaf;
    leaf = looked_at_make("leaf", looked_at_sleep, NULL);
    (void)looked_at_make("waiter", *(eddy_coro_fn *)fn, &leaf);
    return ask_and_sleep();
}

static void fault_I4_every_way_to_wait_is_seen_from_outside(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char *text;
        eddy_coro_fn way = ways[i];
        pid_t child = looked_at_run(one_way, &way);
        int status = looked_at_ask(child, "pstree", &text);
        looked_at_end(child);
        assert_int_equal(status, 0);
        const char *waiter = strstr(text, "(T) waiter (3) waiting in ");
        assert_non_null(waiter);
        const char *leaf = strstr(waiter, "\n└── (T) leaf (2) waiting in sleep");
        if (leaf == NULL)
            print_error("way %zu:\n%s", i, text);
        assert_non_null(leaf);
        free(text);
    }
}

static eddy_lock lock;

static int hold(void *arg)
{
    (void)arg;
    int rc = eddy_lock_acquire(&lock);
    return rc < 0 ? rc : eddy_sleep(1000000);
}

static int locked(void *arg)
{
    (void)arg;
    eddy_loop_set_debug(eddy_get_running_loop(), true); /* else nobody knows who holds it */
    (void)looked_at_make("holder", hold, NULL);
    (void)looked_at_make("waiter", hold, NULL);
    return ask_and_sleep();
}

static void fault_I4_holders_of_locks_are_seen_from_outside(void **state)
{
    pid_t child = looked_at_run(locked, NULL);
    (void)state;
    looked_at_expect(child, "pstree", 0,
                     LOOP "3 tasks\n"
                          "(T) Task-1 (1) waiting in sleep, " PLACE "\n"
                          "(T) waiter (3) waiting in lock, " PLACE "\n"
                          "└── (T) holder (2) waiting in sleep, " PLACE "\n");
    looked_at_end(child);
}

/* ---- names, threads, numbers ---- */

static int hostile(void *arg)
{
    char endless[2000];
    (void)arg;
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    (void)looked_at_make("a\033[2J\n\"'\\\xff\xc3\xa9", looked_at_sleep, NULL);
    (void)looked_at_make(endless, looked_at_sleep, NULL);
    (void)looked_at_make("", looked_at_sleep, NULL);
    return ask_and_sleep();
}

static void fault_I5_hostile_names_from_outside_are_cut_and_escaped(void **state)
{
    pid_t child = looked_at_run(hostile, NULL);
    (void)state;
    looked_at_expect(child, "pstree", 0,
                     LOOP
                     "4 tasks\n"
                     "(T) Task-1 (1) waiting in sleep, " PLACE "\n"
                     "(T) a\\x1b[2J\\x0a\"\\x27\\x5c\\xffé (2) waiting in sleep, " PLACE "\n"
                     "(T) xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... (3) waiting in "
                     "sleep, " PLACE "\n"
                     "(T)  (4) waiting in sleep, " PLACE "\n");
    looked_at_expect(
        child, "ps --json", 0,
        "{\"pid\": 0, \"changing\": false, \"left_out\": 0, \"loops\": [\n"
        " {\"address\": \"0x#\", \"thread\": \"0x#\", \"running\": true, \"tasks\": [\n"
        "  {\"id\": 1, \"name\": \"Task-1\", \"address\": \"0x#\", \"state\": \"waiting\", \"waits_in\": "
        "\"sleep\", "
        "\"coroutine\": \"" PLACE "\", \"waits_for\": []},\n"
        "  {\"id\": 2, \"name\": \"a\\\\x1b[2J\\\\x0a\\\"\\\\x27\\\\x5c\\\\xffé\", \"address\": \"0x#\", "
        "\"state\": "
        "\"waiting\", \"waits_in\": \"sleep\", \"coroutine\": \"" PLACE "\", \"waits_for\": []},\n"
        "  {\"id\": 3, \"name\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\", "
        "\"address\": \"0x#\", \"state\": \"waiting\", \"waits_in\": \"sleep\", \"coroutine\": \"" PLACE
        "\", \"waits_for\": []},\n"
        "  {\"id\": 4, \"name\": \"\", \"address\": \"0x#\", \"state\": \"waiting\", \"waits_in\": "
        "\"sleep\", "
        "\"coroutine\": \"" PLACE "\", \"waits_for\": []}]}]}\n");
    looked_at_end(child);
}

enum { MANY = 100000 / FEWER, CHAIN = 30000 / FEWER };

static int many(void *arg)
{
    eddy_task_group group;
    (void)arg;
    int rc = eddy_task_group_enter(&group);
    for (int i = 0; rc == 0 && i < MANY; i++)
        rc = eddy_task_group_create_task(&group, NULL, looked_at_sleep, NULL,
                                         EDDY_OPTIONS(eddy_task_options, .stack_size = 16384));
    looked_at_when_settled();
    return eddy_task_group_exit(&group, rc);
}

static void a_hundred_thousand_tasks_are_shown(void **state)
{
    char *text;
    pid_t child = looked_at_run(many, NULL);
    (void)state;
    int status = looked_at_ask(child, "pstree", &text);
    assert_int_equal(status, 0);
    assert_int_equal(count_lines(text, "\n"), MANY + 2);
    assert_int_equal(count_lines(text, "\n├── (T) Task-"), MANY - 1);
    assert_int_equal(count_lines(text, "\n└── (T) Task-"), 1);
    free(text);
    status = looked_at_ask(child, "ps", &text);
    looked_at_end(child);
    assert_int_equal(status, 0);
    assert_int_equal(count_lines(text, "  Task-1 (1)\n"), MANY);
    free(text);
}

static int link_of_chain(void *left)
{
    eddy_task *next;
    intptr_t count = (intptr_t)left;
    if (count == 0) {
        looked_at_when_settled();
        return eddy_sleep(1000000);
    }
    if (eddy_create_task(&next, link_of_chain, (void *)(count - 1),
                         EDDY_OPTIONS(eddy_task_options, .stack_size = 16384)) < 0)
        _exit(98);
    return eddy_gather(NULL, &next, 1);
}

static void a_long_chain_is_shown_and_its_text_does_not_grow_with_its_depth(void **state)
{
    char *text;
    pid_t child = looked_at_run(link_of_chain, (void *)(intptr_t)CHAIN);
    (void)state;
    int status = looked_at_ask(child, "pstree", &text);
    looked_at_end(child);
    assert_int_equal(status, 0);
    assert_int_equal(count_lines(text, " waiting in "), CHAIN + 1);
    assert_true(strlen(text) < (size_t)CHAIN * 400);
    free(text);
}

static int loop_that_does_not_run(void *arg)
{
    static eddy_loop *idle;
    eddy_task *task;
    (void)arg;
    if (eddy_new_event_loop(&idle, NULL) < 0 ||
        eddy_loop_create_task(idle, &task, looked_at_sleep, NULL,
                              EDDY_OPTIONS(eddy_task_options, .name = "idle")) < 0)
        _exit(99);
    return ask_and_sleep();
}

static void every_loop_is_shown(void **state)
{
    pid_t child = looked_at_run(loop_that_does_not_run, NULL);
    (void)state;
    looked_at_expect(child, "pstree", 0,
                     LOOP "1 task\n"
                          "(T) Task-1 (1) waiting in sleep, " PLACE "\n"
                          "loop 0x#, does not run, 1 task\n"
                          "(T) idle (257) scheduled, " PLACE "\n");
    looked_at_end(child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_shown_as_trees),
        cmocka_unit_test(functions_are_shown_by_name_where_it_is_known),
        cmocka_unit_test(fault_I2_diamonds_of_another_process_are_written_once),
        cmocka_unit_test(fault_I2_cycles_of_another_process_are_told),
        cmocka_unit_test(fault_I4_every_way_to_wait_is_seen_from_outside),
        cmocka_unit_test(fault_I4_holders_of_locks_are_seen_from_outside),
        cmocka_unit_test(fault_I5_hostile_names_from_outside_are_cut_and_escaped),
        cmocka_unit_test(a_hundred_thousand_tasks_are_shown),
        cmocka_unit_test(a_long_chain_is_shown_and_its_text_does_not_grow_with_its_depth),
        cmocka_unit_test(every_loop_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
