/* suite_inspect_graph.c: the call graph without stacks: who waits for whom (asyncio 19.1, and faults I1, I2, I4).
 * Touches the public API, and a thread that asks what it must not. */
#include "bodies.h"
#include "suite.h"

#include "core/platform.h"

/* ---- what is there, with names for addresses ---- */

static char graph_text[131072];

/* The graph of that future as text, without ids. */
static const char *graph_of(eddy_future *future)
{
    static char raw[131072];
    const eddy_call_graph_options options = {.size = sizeof options, .no_stacks = true};
    ptrdiff_t length = eddy_format_call_graph(raw, sizeof raw, future, &options);
    size_t size = 0;
    assert_in_range(length, 0, sizeof raw - 1);
    assert_int_equal(strlen(raw), length);
    for (const char *at = raw; *at != '\0'; at++) {
        if (strncmp(at, ", id=0x", 7) == 0 || strncmp(at, "id=0x", 5) == 0) {
            at += strspn(at, ", id=0x");
            at += strspn(at, "0123456789abcdef");
        }
        graph_text[size++] = *at;
    }
    graph_text[size] = '\0';
    return graph_text;
}

static const char *graph_of_task(eddy_task *task)
{
    return graph_of(eddy_task_future(task));
}

static eddy_task *make(const char *name, eddy_coro_fn body, void *arg)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, body, arg, EDDY_OPTIONS(eddy_task_options, .name = name)), 0);
    return task;
}

static eddy_event awaited;

static int wait_event(void *arg)
{
    (void)arg;
    return eddy_event_wait(&awaited);
}

/* Lets all of them end, and gives them back. */
static void end_all(eddy_task *const *tasks, size_t count)
{
    assert_int_equal(eddy_event_set(&awaited), 0);
    for (size_t i = 0; i < count; i++) {
        int outcome;
        assert_int_equal(eddy_await(tasks[i], &outcome), 0);
        eddy_task_release(tasks[i]);
    }
    assert_int_equal(eddy_event_clear(&awaited), 0);
}

/* ---- each way to wait for a task is an edge ---- */

static int await_it(void *task)
{
    return eddy_await(task, NULL);
}

static int gather_it(void *task)
{
    eddy_task *tasks[] = {task};
    return eddy_gather(NULL, tasks, 1);
}

static int gather_in_gather(void *task)
{
    eddy_future *inner, *outer, *futures[] = {eddy_task_future(task)};
    assert_int_equal(eddy_gather_future(eddy_get_running_loop(), &inner, NULL, futures, 1, false), 0);
    assert_int_equal(eddy_gather_future(eddy_get_running_loop(), &outer, NULL, &inner, 1, false), 0);
    int rc = eddy_await_future(outer, NULL);
    eddy_future_release(inner);
    eddy_future_release(outer);
    return rc;
}

static int wait_it(void *task)
{
    eddy_task *tasks[] = {task};
    return eddy_wait(NULL, tasks, 1, (double)INFINITY, EDDY_ALL_COMPLETED);
}

static int complete_it(void *task)
{
    eddy_task *tasks[] = {task}, *first;
    eddy_completions *completions;
    assert_int_equal(eddy_as_completed(&completions, tasks, 1, (double)INFINITY), 0);
    int rc = eddy_completions_next(completions, &first);
    eddy_completions_release(completions);
    return rc;
}

static int shield_it(void *task)
{
    return eddy_shield(task, NULL);
}

static int shield_its_future(void *task)
{
    eddy_future *future;
    assert_int_equal(eddy_shield_future(&future, eddy_task_future(task)), 0);
    int rc = eddy_await_future(future, NULL);
    eddy_future_release(future);
    return rc;
}

static int wait_for_it(void *task)
{
    return eddy_wait_for(task, NULL, 1000);
}

/* test_stack_gather, test_stack_shield, test_stack_wait, test_stack_as_completed */
TASK_TEST(fault_I4_every_way_to_wait_for_a_task_is_an_edge)
{
    static const eddy_coro_fn ways[] = {await_it,    gather_it, gather_in_gather,  wait_it,
                                        complete_it, shield_it, shield_its_future, wait_for_it};
    (void)arg;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        eddy_task *leaf = make("leaf", wait_event, NULL);
        eddy_task *waiter = make("waiter", ways[i], leaf);
        yield_times(1);
        assert_string_equal(graph_of_task(leaf), "* Task(name='leaf')\n"
                                                 "  + Awaited by:\n"
                                                 "    * Task(name='waiter')\n");
        end_all((eddy_task *[]){leaf, waiter}, 2);
    }
    return 0;
}

static int family(void *out)
{
    eddy_task_group group;
    int rc = eddy_task_group_enter(&group);
    if (rc == 0)
        rc = eddy_task_group_create_task(&group, out, wait_event, NULL,
                                         EDDY_OPTIONS(eddy_task_options, .name = "child"));
    if (rc == 0)
        rc = eddy_sleep(0);
    return eddy_task_group_exit(&group, rc);
}

/* test_stack_tgroup: also while the parent does something else */
TASK_TEST(fault_I4_children_of_a_group_are_awaited_by_its_parent)
{
    static const char expected[] = "* Task(name='child')\n"
                                   "  + Awaited by:\n"
                                   "    * Task(name='parent')\n";
    eddy_task *young = NULL, *parent = make("parent", family, &young);
    (void)arg;
    yield_times(1);
    assert_string_equal(graph_of_task(young), expected);
    yield_times(2);
    assert_string_equal(graph_of_task(young), expected); /* once, though it waits in exit now */
    end_all((eddy_task *[]){young, parent}, 2);
    return 0;
}

static eddy_lock lock;

static int hold_lock(void *arg)
{
    int rc = eddy_lock_acquire(&lock);
    if (rc == 0)
        rc = wait_event(arg);
    (void)eddy_lock_release(&lock);
    return rc;
}

TASK_TEST(fault_I4_who_waits_for_a_lock_waits_for_its_holder)
{
    (void)arg;
    bool debug = eddy_loop_get_debug(eddy_get_running_loop());
    eddy_loop_set_debug(eddy_get_running_loop(), true);
    eddy_task *holder = make("holder", hold_lock, NULL), *waiter = make("waiter", hold_lock, NULL);
    yield_times(1);
    assert_string_equal(graph_of_task(holder), "* Task(name='holder')\n"
                                               "  + Awaited by:\n"
                                               "    * Task(name='waiter')\n");
    end_all((eddy_task *[]){holder, waiter}, 2);
    eddy_loop_set_debug(eddy_get_running_loop(), debug);
    return 0;
}

/* test_stack_gather_survivor, test_wait_discards_awaited_by_for_pending */
TASK_TEST(edges_go_with_the_wait)
{
    eddy_task *leaf = make("leaf", wait_event, NULL);
    static const eddy_coro_fn ways[] = {gather_it, wait_it, complete_it, shield_it};
    (void)arg;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        eddy_task *waiter = make("waiter", ways[i], leaf);
        int outcome;
        yield_times(1);
        if (ways[i] == gather_it) /* which would cancel the leaf */
            assert_int_equal(eddy_event_set(&awaited), 0);
        else
            assert_true(eddy_task_cancel(waiter));
        assert_int_equal(eddy_await(waiter, &outcome), 0);
        eddy_task_release(waiter);
        assert_string_equal(graph_of_task(leaf), "* Task(name='leaf')\n");
        if (ways[i] == gather_it) {
            assert_int_equal(eddy_event_clear(&awaited), 0);
            eddy_task_release(leaf);
            leaf = make("leaf", wait_event, NULL);
        }
    }
    end_all(&leaf, 1);
    return 0;
}

/* ---- shapes ---- */

TASK_TEST(graph_of_a_future_shows_the_chain_of_those_who_wait)
{
    eddy_future *future = make_future();
    child waits = {.gate = future};
    eddy_task *all[] = {make("a", child_body, &waits), NULL, NULL};
    (void)arg;
    all[1] = make("b", await_it, all[0]);
    all[2] = make("c", await_it, all[1]);
    yield_times(1);
    assert_string_equal(graph_of(future), "* Future()\n"
                                          "  + Awaited by:\n"
                                          "    * Task(name='a')\n"
                                          "      + Awaited by:\n"
                                          "        * Task(name='b')\n"
                                          "          + Awaited by:\n"
                                          "            * Task(name='c')\n");
    assert_int_equal(eddy_future_set_result(future, 0), 0);
    end_all(all, 3);
    assert_string_equal(graph_of(future), "* Future()\n");
    eddy_future_release(future);
    return 0;
}

enum { LAYERS = 20 };

static eddy_task *layers[LAYERS + 1][2];

static int gather_layer(void *layer)
{
    eddy_task **tasks = layer;
    return eddy_gather(NULL, tasks, 2);
}

/* Two ways at each of 20 layers are a million ways. */
TASK_TEST(fault_I2_diamonds_are_written_once)
{
    int lines = 0, again = 0;
    (void)arg;
    for (int i = 0; i <= LAYERS; i++)
        for (int side = 0; side < 2; side++)
            layers[i][side] = make("node", i == 0 ? wait_event : gather_layer, i == 0 ? NULL : layers[i - 1]);
    yield_times(1);
    const char *text = graph_of_task(layers[0][0]);
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    for (const char *at = text; (at = strstr(at, " (as above)\n")) != NULL; at++)
        again++;
    assert_int_equal(again, 2 * (LAYERS - 1));
    assert_int_equal(lines, 1 + 2 * LAYERS + 2 * (LAYERS - 1) + 1 + 2 * (LAYERS - 1));
    for (int i = 0; i <= LAYERS; i++)
        end_all(layers[i], 2);
    return 0;
}

TASK_TEST(fault_I2_cycles_are_told)
{
    eddy_task *a = make("a", wait_event, NULL), *b = make("b", await_it, a);
    (void)arg;
    assert_int_equal(eddy_future_add_to_awaited_by(eddy_task_future(b), eddy_task_future(a)), 0);
    yield_times(1);
    assert_string_equal(graph_of_task(a), "* Task(name='a')\n"
                                          "  + Awaited by:\n"
                                          "    * Task(name='b')\n"
                                          "      + Awaited by:\n"
                                          "        * Task(name='a') (cycle)\n");
    end_all((eddy_task *[]){a, b}, 2);
    return 0;
}

TASK_TEST(chain_that_is_long_is_indented_so_far_and_no_farther)
{
    enum { LENGTH = 200 };
    static eddy_task *chain[LENGTH];
    (void)arg;
    for (int i = 0; i < LENGTH; i++)
        chain[i] = make("link", i == 0 ? wait_event : await_it, i == 0 ? NULL : chain[i - 1]);
    yield_times(1);
    assert_true(strlen(graph_of_task(chain[0])) < LENGTH * 400);
    end_all(chain, LENGTH);
    return 0;
}

/* ---- what the program says itself ---- */

TASK_TEST(declared_waits_are_edges_until_they_are_taken_back_or_the_future_is_done)
{
    eddy_future *inner = make_future(), *outer = make_future();
    child waits = {.gate = outer};
    eddy_task *task = make("task", child_body, &waits);
    (void)arg;
    yield_times(1);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(eddy_future_add_to_awaited_by(inner, outer), 0);
        assert_string_equal(graph_of(inner), "* Future()\n"
                                             "  + Awaited by:\n"
                                             "    * Task(name='task')\n");
        if (round == 0)
            assert_int_equal(eddy_future_discard_from_awaited_by(inner, outer), 1);
        else
            assert_int_equal(eddy_future_set_result(inner, 0), 0);
        yield_times(1);
        assert_int_equal(eddy_future_discard_from_awaited_by(inner, outer), 0);
        assert_string_equal(graph_of(inner), "* Future()\n");
    }
    assert_int_equal(eddy_future_add_to_awaited_by(inner, outer), 0); /* it is done */
    assert_int_equal(eddy_future_add_to_awaited_by(inner, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_future_discard_from_awaited_by(NULL, outer), 0);
    assert_int_equal(eddy_future_set_result(outer, 0), 0);
    end_all(&task, 1);
    eddy_future_release(inner);
    eddy_future_release(outer);
    return 0;
}

static void declared_waits_that_are_left_go_with_the_loop(void **state)
{
    long blocks = support_live_blocks();
    eddy_loop *loop;
    eddy_future *futures[2];
    (void)state;
    assert_int_equal(
        eddy_new_event_loop(&loop, EDDY_OPTIONS(eddy_loop_options, .backend = support_backend())), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(eddy_loop_create_future(loop, &futures[i]), 0);
    assert_int_equal(eddy_future_add_to_awaited_by(futures[0], futures[1]), 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(eddy_future_add_to_awaited_by(futures[0], futures[1]), EDDY_ECLOSED);
    eddy_future_release(futures[0]);
    eddy_future_release(futures[1]);
    eddy_loop_release(loop);
    assert_int_equal(support_live_blocks(), blocks);
}

/* ---- the captured graph ---- */

TASK_TEST(captured_graph_is_a_graph_that_keeps_what_it_shows)
{
    const eddy_call_graph_options options = {.size = sizeof options, .no_stacks = true};
    eddy_call_graph *graph;
    eddy_task *leaf = make("leaf", wait_event, NULL);
    eddy_task *one = make("one", await_it, leaf), *two = make("two", await_it, leaf);
    (void)arg;
    yield_times(1);
    assert_int_equal(eddy_capture_call_graph(&graph, eddy_task_future(leaf), &options), 0);
    assert_ptr_equal(graph->task, leaf);
    assert_ptr_equal(graph->future, eddy_task_future(leaf));
    assert_int_equal(graph->call_stack_count, 0);
    assert_int_equal(graph->awaited_by_count, 2);
    assert_ptr_equal(graph->awaited_by[0]->task, one);
    assert_ptr_equal(graph->awaited_by[1]->task, two);
    assert_int_equal(graph->awaited_by[0]->awaited_by_count, 0);
    end_all((eddy_task *[]){leaf, one, two}, 3);
    assert_int_equal(eddy_task_id(graph->awaited_by[1]->task), eddy_task_id(graph->task) + 2);
    eddy_call_graph_release(graph);
    eddy_call_graph_release(NULL);
    return 0;
}

static void graph_needs_a_task_or_a_loop(void **state)
{
    eddy_call_graph *graph;
    char text[4];
    (void)state;
    assert_int_equal(eddy_capture_call_graph(&graph, NULL, NULL), EDDY_ENOLOOP);
    assert_int_equal(eddy_capture_call_graph(NULL, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_format_call_graph(text, sizeof text, NULL, NULL), EDDY_ENOLOOP);
    assert_int_equal(eddy_format_call_graph(NULL, 1, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_print_call_graph(NULL, NULL, NULL), EDDY_ENOLOOP);
}

static void look_from_a_callback(void *arg)
{
    eddy_call_graph *graph = arg;
    char text[4] = "xxx";
    assert_int_equal(eddy_capture_call_graph(&graph, NULL, NULL), 0);
    assert_null(graph);
    assert_int_equal(eddy_format_call_graph(text, sizeof text, NULL, NULL), 0);
    assert_string_equal(text, "");
}

TASK_TEST(graph_of_the_current_task_is_empty_in_a_callback)
{
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, look_from_a_callback, arg), 0);
    yield_times(1);
    return 0;
}

TASK_TEST(text_is_cut_where_the_room_ends_and_the_length_is_that_of_all)
{
    const eddy_call_graph_options options = {.size = sizeof options, .no_stacks = true};
    char text[8];
    eddy_task *leaf = make("leaf", wait_event, NULL);
    ptrdiff_t length = eddy_format_call_graph(NULL, 0, eddy_task_future(leaf), &options);
    (void)arg;
    assert_true(length > 20);
    assert_int_equal(eddy_format_call_graph(text, sizeof text, eddy_task_future(leaf), &options), length);
    assert_string_equal(text, "* Task(");
    end_all(&leaf, 1);
    return 0;
}

/* ---- from elsewhere, and all the time ---- */

static eddy_task *asked;
static int answers[3];

static void ask(void *arg)
{
    eddy_call_graph *graph = arg;
    answers[0] = eddy_capture_call_graph(&graph, eddy_task_future(asked), NULL);
    answers[1] = eddy_task_get_stack(asked, NULL, 0, 0);
    answers[2] = eddy_task_print_stack(asked, 0, NULL);
}

TASK_TEST(fault_I1_another_thread_is_refused)
{
    eddyi_thread thread;
    asked = eddy_current_task();
    int rc = eddyi_thread_create(&thread, ask, arg, "asker");
    if (rc < 0)
        return rc;
    eddyi_thread_join(&thread);
    for (int i = 0; i < 3; i++)
        assert_int_equal(answers[i], EDDY_EWRONGTHREAD);
    return 0;
}

static int come_and_go(void *depth)
{
    if (depth != NULL) {
        eddy_task *next = make("next", come_and_go, (char *)depth - 1);
        int rc = eddy_await(next, NULL);
        eddy_task_release(next);
        return rc;
    }
    return eddy_sleep(0);
}

TASK_TEST(fault_I1_graphs_taken_while_tasks_come_and_go)
{
    eddy_task *all[64];
    size_t count;
    (void)arg;
    eddy_task *root = make("root", come_and_go, (void *)(uintptr_t)20);
    do {
        count = eddy_all_tasks(eddy_get_running_loop(), all, 64);
        for (size_t i = 0; i < count; i++) {
            assert_non_null(strstr(graph_of_task(all[i]), "* Task(name="));
            assert_true(eddy_task_get_stack(all[i], NULL, 0, 0) >= 0);
        }
        yield_times(1);
        for (size_t i = 0; i < count; i++)
            eddy_task_release(all[i]);
    } while (count > 1);
    assert_true(eddy_task_done(root));
    assert_string_equal(graph_of_task(root), "* Task(name='root')\n");
    eddy_task_release(root);
    return 0;
}

int suite_inspect_graph(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_I4_every_way_to_wait_for_a_task_is_an_edge),
        cmocka_unit_test(fault_I4_children_of_a_group_are_awaited_by_its_parent),
        cmocka_unit_test(fault_I4_who_waits_for_a_lock_waits_for_its_holder),
        cmocka_unit_test(edges_go_with_the_wait),
        cmocka_unit_test(graph_of_a_future_shows_the_chain_of_those_who_wait),
        cmocka_unit_test(fault_I2_diamonds_are_written_once),
        cmocka_unit_test(fault_I2_cycles_are_told),
        cmocka_unit_test(chain_that_is_long_is_indented_so_far_and_no_farther),
        cmocka_unit_test(declared_waits_are_edges_until_they_are_taken_back_or_the_future_is_done),
        cmocka_unit_test(declared_waits_that_are_left_go_with_the_loop),
        cmocka_unit_test(captured_graph_is_a_graph_that_keeps_what_it_shows),
        cmocka_unit_test(graph_needs_a_task_or_a_loop),
        cmocka_unit_test(graph_of_the_current_task_is_empty_in_a_callback),
        cmocka_unit_test(text_is_cut_where_the_room_ends_and_the_length_is_that_of_all),
        cmocka_unit_test(fault_I1_another_thread_is_refused),
        cmocka_unit_test(fault_I1_graphs_taken_while_tasks_come_and_go),
    };
    return cmocka_run_group_tests_name("call graphs", tests, NULL, NULL);
}
