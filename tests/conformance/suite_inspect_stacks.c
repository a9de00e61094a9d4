/* suite_inspect_stacks.c: the stacks of tasks that run, wait, or have not begun (asyncio 4 and 19.1).
 * Touches the public API, and seam 2's unwinder to tell functions by their addresses. Names are looked at where they are known. */
#include "bodies.h"
#include "suite.h"

#include <stdio.h>
#include <unistd.h>

#include "core/platform.h"

enum { MOST = 64 };

static eddy_event awaited;
static eddy_frame frames[MOST];

static uintptr_t address_of(int (*fn)(void *))
{
    uintptr_t address;
    memcpy(&address, &fn, sizeof address);
    return address;
}

static bool is_in(const eddy_frame *frame, int (*fn)(void *))
{
    return eddyi_unwind_function((uintptr_t)frame->address - 1) == address_of(fn);
}

/* What these call, they call by a pointer, and use the result: no call is inlined, and each has a frame. */
static int (*volatile call)(void *);
static volatile int used;

static int innermost(void *arg)
{
    (void)arg;
    int rc = eddy_event_wait(&awaited);
    used++;
    return rc;
}

static int middle(void *arg)
{
    call = innermost;
    int rc = call(arg);
    used++;
    return rc;
}

static int outermost(void *arg)
{
    call = middle;
    int rc = call(arg);
    used++;
    return rc;
}

static eddy_task *make(eddy_coro_fn body, void *arg)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, body, arg,
                                      EDDY_OPTIONS(eddy_task_options, .name = "task", .stack_size = 1 << 18)),
                     0);
    return task;
}

static void end(eddy_task *task)
{
    assert_int_equal(eddy_event_set(&awaited), 0);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(eddy_event_clear(&awaited), 0);
    eddy_task_release(task);
}

/* Nobody knows how to read stacks here (the switch is ucontext's). */
static bool unreadable(eddy_task *task)
{
    return eddy_task_get_stack(task, NULL, 0, 0) == 0;
}

static int frames_of(eddy_task *task, unsigned limit)
{
    memset(frames, 0, sizeof frames);
    int count = eddy_task_get_stack(task, frames, MOST, limit);
    assert_in_range(count, 1, MOST);
    return count;
}

TASK_TEST(stack_of_a_waiting_task_goes_from_its_function_to_the_call_that_waits)
{
    eddy_task *task = make(outermost, NULL);
    (void)arg;
    yield_times(1);
    if (!unreadable(task)) {
        int count = frames_of(task, 0);
        assert_true(count >= 3);
        assert_true(is_in(&frames[0], outermost));
        assert_true(is_in(&frames[1], middle));
        assert_true(is_in(&frames[2], innermost));
        if (frames[0].function[0] != '\0') { /* names are known */
            assert_string_equal(frames[0].function, "outermost");
            assert_string_equal(frames[count - 1].function, "eddy_event_wait");
            assert_int_equal(count, 4);
        }
        if (frames[0].line != 0) {
            const char *file = strrchr(frames[2].file, '/');
            assert_string_equal(file != NULL ? file + 1 : frames[2].file, "suite_inspect_stacks.c");
        }
        assert_int_equal(eddy_task_get_stack(task, frames, 1, 0), count); /* only as many as there is room */
        assert_true(is_in(&frames[0], outermost));
        assert_int_equal(frames_of(task, (unsigned)count - 1), count - 1); /* the innermost */
        assert_true(is_in(&frames[0], middle));
    }
    end(task);
    return 0;
}

static int recurse(void *depth)
{
    int rc;
    if (depth != NULL) {
        call = recurse;
        rc = call((char *)depth - 1);
    } else {
        rc = eddy_event_wait(&awaited);
    }
    used++;
    return rc;
}

TASK_TEST(stack_of_a_function_that_calls_itself_has_all_its_calls)
{
    eddy_task *task = make(recurse, (void *)(uintptr_t)3);
    (void)arg;
    yield_times(1);
    if (!unreadable(task)) {
        assert_true(frames_of(task, 0) >= 4);
        for (int i = 0; i < 4; i++)
            assert_true(is_in(&frames[i], recurse));
    }
    end(task);
    return 0;
}

static int seen;

static int look_at_myself(void *arg)
{
    (void)arg;
    seen = eddy_task_get_stack(eddy_current_task(), frames, MOST, 0);
    used++;
    return 0;
}

static int call_look(void *arg)
{
    call = look_at_myself;
    int rc = call(arg);
    used++;
    return rc;
}

TASK_TEST(stack_of_the_running_task_begins_with_who_asks)
{
    eddy_task *task = make(call_look, arg);
    seen = 0;
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(seen, 2);
    assert_true(is_in(&frames[0], call_look));
    assert_true(is_in(&frames[1], look_at_myself));
    eddy_task_release(task);
    return 0;
}

TASK_TEST(stack_of_a_task_that_has_not_begun_is_its_function)
{
    eddy_task *task = make(outermost, arg);
    assert_int_equal(frames_of(task, 0), 1);
    assert_true(is_in(&frames[0], outermost) || eddyi_unwind_function(address_of(outermost)) == 0);
    end(task);
    return 0;
}

/* test_call_graph_finished_task */
TASK_TEST(task_that_has_ended_has_no_frames)
{
    eddy_task *task = make(look_at_myself, arg);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(eddy_task_get_stack(task, frames, MOST, 0), 0);
    eddy_task_release(task);
    assert_int_equal(eddy_task_get_stack(NULL, frames, MOST, 0), EDDY_EINVAL);
    assert_int_equal(eddy_task_get_stack(eddy_current_task(), NULL, 1, 0), EDDY_EINVAL);
    return 0;
}

static int yielding_body(void *arg)
{
    call = innermost;
    int rc = call(arg);
    used++;
    return rc;
}

static int consume(void *generator)
{
    void *value;
    int rc = eddy_generator_next(generator, &value);
    used++;
    return rc;
}

TASK_TEST(stack_of_a_task_inside_a_generator_has_both)
{
    eddy_generator *generator;
    assert_int_equal(eddy_generator_create(&generator, yielding_body, arg, NULL), 0);
    eddy_task *task = make(consume, generator);
    int outcome;
    yield_times(1);
    if (!unreadable(task)) {
        int count = frames_of(task, 0), body = 0;
        assert_true(is_in(&frames[0], consume));
        while (body < count && !is_in(&frames[body], yielding_body))
            body++;
        assert_true(body > 0 && body + 1 < count);
        assert_true(is_in(&frames[body + 1], innermost));
    }
    assert_int_equal(eddy_event_set(&awaited), 0);
    assert_int_equal(eddy_await(task, &outcome), 0);
    assert_int_equal(eddy_event_clear(&awaited), 0);
    eddy_task_release(task);
    eddy_generator_release(generator);
    return 0;
}

TASK_TEST(stack_that_has_no_room_to_be_looked_at_is_left_alone)
{
    eddy_task *task;
    assert_int_equal(
        eddy_create_task(&task, outermost, arg, EDDY_OPTIONS(eddy_task_options, .stack_size = 8192)), 0);
    yield_times(1);
    assert_true(eddy_task_get_stack(task, frames, MOST, 0) >= 0);
    end(task);
    return 0;
}

/* ---- as text ---- */

static char text[8192];

static void read_back(FILE *file)
{
    rewind(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    assert_int_equal(fclose(file), 0);
}

TASK_TEST(stack_is_printed_outermost_first)
{
    eddy_task *task = make(outermost, arg);
    FILE *file = tmpfile();
    if (file == NULL)
        return EDDY_EMFILE;
    yield_times(1);
    assert_int_equal(eddy_task_print_stack(task, 0, file), 0);
    read_back(file);
    if (!unreadable(task)) {
        assert_memory_equal(text, "Stack for Task(name='task', id=0x", 33);
        assert_non_null(strstr(text, ") (most recent call last):\n  "));
        (void)frames_of(task, 0);
        if (frames[0].line != 0)
            assert_true(strstr(text, ", in outermost()\n") < strstr(text, ", in innermost()\n"));
    }
    end(task);
    return 0;
}

TASK_TEST(nothing_is_said_of_a_task_that_has_ended)
{
    eddy_task *task = make(look_at_myself, arg);
    FILE *file = tmpfile();
    if (file == NULL)
        return EDDY_EMFILE;
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(eddy_task_print_stack(task, 0, file), 0);
    read_back(file);
    assert_memory_equal(text, "No stack for Task(name='task', id=0x", 36);
    eddy_task_release(task);
    return 0;
}

/* Q6: a positive limit keeps the outermost, a negative one the innermost. */
TASK_TEST(stacks_in_a_graph_are_innermost_first_and_limited_at_either_end)
{
    eddy_call_graph *graph;
    eddy_call_graph_options options = {.size = sizeof options};
    eddy_task *task = make(outermost, arg);
    yield_times(1);
    if (!unreadable(task)) {
        size_t all;
        assert_int_equal(eddy_capture_call_graph(&graph, eddy_task_future(task), NULL), 0);
        all = graph->call_stack_count;
        assert_true(is_in(&graph->call_stack[all - 1], outermost));
        eddy_call_graph_release(graph);
        options.limit = 2;
        assert_int_equal(eddy_capture_call_graph(&graph, eddy_task_future(task), &options), 0);
        assert_int_equal(graph->call_stack_count, 2);
        assert_true(is_in(&graph->call_stack[0], middle));
        assert_true(is_in(&graph->call_stack[1], outermost));
        eddy_call_graph_release(graph);
        options.limit = -1;
        assert_int_equal(eddy_capture_call_graph(&graph, eddy_task_future(task), &options), 0);
        assert_int_equal(graph->call_stack_count, 1);
        assert_false(is_in(&graph->call_stack[0], outermost));
        eddy_call_graph_release(graph);
    }
    end(task);
    return 0;
}

static int capture_myself(void *depth)
{
    eddy_call_graph *graph;
    eddy_call_graph_options options = {.size = sizeof options, .depth = *(unsigned *)depth};
    assert_int_equal(eddy_capture_call_graph(&graph, NULL, &options), 0);
    seen = (int)graph->call_stack_count;
    assert_ptr_equal(graph->task, eddy_current_task());
    eddy_call_graph_release(graph);
    return 0;
}

static int call_capture(void *depth)
{
    call = capture_myself;
    int rc = call(depth);
    used++;
    return rc;
}

TASK_TEST(depth_leaves_out_calls_of_the_running_task)
{
    (void)arg;
    for (unsigned depth = 0; depth < 4; depth++) {
        eddy_task *task = make(call_capture, &depth);
        assert_int_equal(eddy_await(task, NULL), 0);
        assert_int_equal(seen, depth < 2 ? 2 - (int)depth : 0);
        eddy_task_release(task);
    }
    return 0;
}

TASK_TEST(graph_is_printed_with_its_stacks)
{
    eddy_task *task = make(outermost, arg);
    FILE *file = tmpfile();
    if (file == NULL)
        return EDDY_EMFILE;
    yield_times(1);
    assert_int_equal(eddy_print_call_graph(eddy_task_future(task), file, NULL), 0);
    read_back(file);
    assert_memory_equal(text, "* Task(name='task', id=0x", 25);
    if (!unreadable(task)) {
        assert_non_null(strstr(text, ")\n  + Call stack:\n  |   "));
        (void)frames_of(task, 0);
        if (frames[0].line != 0)
            assert_true(strstr(text, ", in outermost()\n") > strstr(text, ", in innermost()\n"));
    }
    end(task);
    return 0;
}

int suite_inspect_stacks(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stack_of_a_waiting_task_goes_from_its_function_to_the_call_that_waits),
        cmocka_unit_test(stack_of_a_function_that_calls_itself_has_all_its_calls),
        cmocka_unit_test(stack_of_the_running_task_begins_with_who_asks),
        cmocka_unit_test(stack_of_a_task_that_has_not_begun_is_its_function),
        cmocka_unit_test(task_that_has_ended_has_no_frames),
        cmocka_unit_test(stack_of_a_task_inside_a_generator_has_both),
        cmocka_unit_test(stack_that_has_no_room_to_be_looked_at_is_left_alone),
        cmocka_unit_test(stack_is_printed_outermost_first),
        cmocka_unit_test(nothing_is_said_of_a_task_that_has_ended),
        cmocka_unit_test(stacks_in_a_graph_are_innermost_first_and_limited_at_either_end),
        cmocka_unit_test(depth_leaves_out_calls_of_the_running_task),
        cmocka_unit_test(graph_is_printed_with_its_stacks),
    };
    return cmocka_run_group_tests_name("stacks of tasks", tests, NULL, NULL);
}
