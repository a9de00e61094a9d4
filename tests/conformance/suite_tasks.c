/* suite_tasks.c: how tasks are made and named, who runs now, sleeping, deferring, and the error record.
 * Touches the public API. Rule numbers T1-T12 are those of asyncio's inventory. */
#include "bodies.h"
#include "suite.h"

/* ---- making ---- */

/* T1 */
TASK_TEST(tasks_start_in_the_order_of_creation_and_never_inline)
{
    child bodies[4] = {{.letter = 'a'}, {.letter = 'b'}, {.letter = 'c'}, {.letter = 'd'}};
    eddy_task *tasks[4];
    (void)arg;
    trace_clear();
    for (int i = 0; i < 4; i++)
        tasks[i] = spawn(&bodies[i]);
    assert_string_equal(trace_text(), "");
    yield_times(1);
    assert_string_equal(trace_text(), "aAbBcCdD");
    for (int i = 0; i < 4; i++) {
        assert_true(eddy_task_done(tasks[i]));
        eddy_task_release(tasks[i]);
    }
    return 0;
}

/* T1: one queue for callbacks and steps. */
TASK_TEST(first_step_waits_its_turn_among_callbacks)
{
    child body = {.letter = 't'};
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_loop_call_soon(loop, NULL, trace_soon, "1"), 0);
    eddy_task *task = spawn(&body);
    assert_int_equal(eddy_loop_call_soon(loop, NULL, trace_soon, "2"), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "1tT2");
    eddy_task_release(task);
    return 0;
}

static int counted_releases;

static void count_release(void *arg)
{
    (void)arg;
    counted_releases++;
}

static void refusals_without_a_loop(void **state)
{
    eddy_task *task = NULL;
    (void)state;
    counted_releases = 0;
    assert_int_equal(
        eddy_create_task(&task, child_body, NULL, EDDY_OPTIONS(eddy_task_options, .release = count_release)),
        EDDY_ENOLOOP);
    assert_int_equal(eddy_sleep(0), EDDY_ENOTASK);
    assert_int_equal(eddy_defer(count_release, NULL), EDDY_ENOTASK);
    assert_int_equal(eddy_set_value(NULL, NULL), EDDY_ENOTASK);
    assert_null(eddy_current_task());
    assert_null(task);
    assert_int_equal(counted_releases, 0);
}

TASK_TEST(refused_task_leaves_its_argument_alone)
{
    eddy_task *task = NULL;
    (void)arg;
    counted_releases = 0;
    assert_int_equal(
        eddy_create_task(&task, NULL, NULL, EDDY_OPTIONS(eddy_task_options, .release = count_release)),
        EDDY_EINVAL);
    assert_int_equal(eddy_create_task(&task, child_body, NULL,
                                      EDDY_OPTIONS(eddy_task_options, .release = count_release,
                                                   .stack_size = SIZE_MAX / 2)),
                     EDDY_EINVAL);
    assert_null(task);
    assert_int_equal(counted_releases, 0);
    return 0;
}

TASK_TEST(task_calls_refuse_null)
{
    (void)arg;
    assert_int_equal(eddy_await(NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_task_result(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_task_get_name(NULL, NULL, 0), EDDY_EINVAL);
    assert_int_equal(eddy_task_set_name(NULL, "x"), EDDY_EINVAL);
    assert_int_equal(eddy_defer(NULL, NULL), EDDY_EINVAL);
    assert_false(eddy_task_cancel(NULL));
    assert_false(eddy_task_done(NULL));
    assert_int_equal(eddy_task_cancelling(NULL), 0);
    assert_int_equal(eddy_task_uncancel(NULL), 0);
    assert_null(eddy_task_future(NULL));
    eddy_task_release(NULL);
    return 0;
}

/* ---- names and numbers ---- */

TASK_TEST(task_is_called_by_its_number_unless_it_has_a_name)
{
    char name[64], expected[64];
    child body = {0};
    eddy_task *task = spawn(&body);
    (void)arg;
    int length = snprintf(expected, sizeof expected, "Task-%llu", (unsigned long long)eddy_task_id(task));
    assert_int_equal(eddy_task_get_name(task, name, sizeof name), length);
    assert_string_equal(name, expected);
    assert_int_equal(eddy_task_set_name(task, "reader of pages"), 0);
    assert_int_equal(eddy_task_get_name(task, name, 7), 15);
    assert_string_equal(name, "reader");
    assert_int_equal(eddy_task_get_name(task, NULL, 0), 15);
    assert_int_equal(eddy_task_set_name(task, NULL), 0);
    assert_int_equal(eddy_task_get_name(task, name, sizeof name), length);
    assert_string_equal(name, expected);
    assert_int_equal(eddy_await(task, NULL), 0);
    eddy_task_release(task);
    return 0;
}

TASK_TEST(task_name_is_copied)
{
    char given[] = "copy me", name[16];
    child body = {0};
    eddy_task *task;
    (void)arg;
    assert_int_equal(
        eddy_create_task(&task, child_body, &body, EDDY_OPTIONS(eddy_task_options, .name = given)), 0);
    given[0] = 'X';
    assert_int_equal(eddy_task_get_name(task, name, sizeof name), 7);
    assert_string_equal(name, "copy me");
    eddy_task_release(task);
    yield_times(1);
    return 0;
}

TASK_TEST(task_numbers_count_up)
{
    child body = {0};
    uint64_t last = eddy_task_id(eddy_current_task());
    (void)arg;
    assert_true(last >= 1);
    for (int i = 0; i < 600; i++) {
        eddy_task *task = spawn(&body);
        assert_true(eddy_task_id(task) > last);
        last = eddy_task_id(task);
        assert_int_equal(eddy_await(task, NULL), 0);
        eddy_task_release(task);
    }
    return 0;
}

/* ---- current_task, all_tasks ---- */

static eddy_task *seen_in_callback;

static void look_at_current(void *arg)
{
    (void)arg;
    seen_in_callback = eddy_current_task();
}

static int current_stays(void *arg)
{
    eddy_task *self = eddy_current_task();
    *(eddy_task **)arg = self;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(eddy_sleep(0), 0);
        assert_ptr_equal(eddy_current_task(), self);
    }
    return 0;
}

/* test_current_task_with_interleaving_tasks */
TASK_TEST(current_task_is_right_after_each_switch_and_none_in_callbacks)
{
    eddy_task *self = eddy_current_task(), *tasks[2], *seen[2] = {NULL, NULL};
    (void)arg;
    seen_in_callback = self;
    for (int i = 0; i < 2; i++)
        assert_int_equal(eddy_create_task(&tasks[i], current_stays, &seen[i], NULL), 0);
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, look_at_current, NULL), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(eddy_await(tasks[i], NULL), 0);
        assert_ptr_equal(seen[i], tasks[i]);
        assert_ptr_equal(eddy_current_task(), self);
        eddy_task_release(tasks[i]);
    }
    assert_null(seen_in_callback);
    return 0;
}

TASK_TEST(all_tasks_lists_what_has_not_ended_in_order_of_creation)
{
    child quick = {0}, slow = {.forever = true};
    eddy_loop *loop = eddy_get_running_loop();
    eddy_task *first = spawn(&quick), *second = spawn(&slow), *listed[4] = {NULL};
    (void)arg;
    assert_int_equal(eddy_all_tasks(loop, NULL, 0), 3);
    assert_int_equal(eddy_all_tasks(loop, listed, 2), 3);
    assert_ptr_equal(listed[0], eddy_current_task());
    assert_ptr_equal(listed[1], first);
    assert_null(listed[2]);
    eddy_task_release(listed[0]);
    eddy_task_release(listed[1]);
    yield_times(1);
    assert_int_equal(eddy_all_tasks(loop, listed, 4), 2);
    assert_ptr_equal(listed[1], second);
    eddy_task_release(listed[0]);
    eddy_task_release(listed[1]);
    assert_true(eddy_task_cancel(second));
    yield_times(1);
    assert_int_equal(eddy_all_tasks(loop, NULL, 0), 1);
    eddy_task_release(first);
    eddy_task_release(second);
    return 0;
}

/* ---- sleep ---- */

/* test_sleep_zero: exactly one iteration. */
TASK_TEST(bare_yield_takes_exactly_one_iteration)
{
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_loop_call_soon(loop, NULL, trace_soon, "1"), 0);
    assert_int_equal(eddy_sleep(0), 0);
    trace('a');
    assert_int_equal(eddy_loop_call_soon(loop, NULL, trace_soon, "2"), 0);
    assert_int_equal(eddy_sleep(-3.5), 0);
    trace('b');
    assert_int_equal(eddy_loop_call_soon(loop, NULL, trace_soon, "3"), 0);
    assert_string_equal(trace_text(), "1a2b");
    yield_times(1);
    return 0;
}

/* test_sleep_when_delay_is_nan */
TASK_TEST(sleep_refuses_what_is_no_number)
{
    (void)arg;
    assert_int_equal(eddy_sleep((double)NAN), EDDY_EINVAL);
    return 0;
}

TASK_TEST(sleep_never_ends_early)
{
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    for (int i = 1; i <= 3; i++) {
        double before = eddy_loop_time(loop);
        assert_int_equal(eddy_sleep(0.001 * i), 0);
        assert_true(eddy_loop_time(loop) >= before + 0.001 * i);
    }
    return 0;
}

/* ---- defer and values ---- */

typedef struct deferring {
    int rc;
    bool forever;
} deferring;

static int defer_three(void *arg)
{
    const deferring *self = arg;
    assert_int_equal(eddy_defer(trace_soon, "1"), 0);
    assert_int_equal(eddy_defer(trace_soon, "2"), 0);
    assert_int_equal(eddy_defer(trace_soon, "3"), 0);
    if (self->forever)
        return eddy_sleep((double)INFINITY);
    return self->rc;
}

TASK_TEST(deferred_calls_run_last_first_however_the_task_ends)
{
    deferring bodies[3] = {{.rc = 4}, {.rc = EDDY_EPIPE}, {.forever = true}};
    static const int outcomes[3] = {4, EDDY_EPIPE, EDDY_ECANCELED};
    (void)arg;
    for (int i = 0; i < 3; i++) {
        eddy_task *task;
        trace_clear();
        assert_int_equal(eddy_create_task(&task, defer_three, &bodies[i], NULL), 0);
        yield_times(1);
        if (bodies[i].forever)
            assert_true(eddy_task_cancel(task));
        assert_int_equal(eddy_await(task, NULL), outcomes[i]);
        assert_string_equal(trace_text(), "321");
        eddy_task_release(task);
    }
    return 0;
}

static int leave_values(void *arg)
{
    int *released = arg;
    assert_int_equal(eddy_set_value(&released[0], count_release), 0);
    assert_int_equal(eddy_set_value(&released[1], count_release), 0);
    return 2;
}

TASK_TEST(task_leaves_a_bigger_result_as_a_value)
{
    int slots[2];
    eddy_task *task;
    (void)arg;
    counted_releases = 0;
    assert_int_equal(eddy_create_task(&task, leave_values, slots, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), 2);
    assert_int_equal(counted_releases, 1); /* the one that was replaced */
    assert_ptr_equal(eddy_future_value(eddy_task_future(task)), &slots[1]);
    eddy_task_release(task);
    assert_int_equal(counted_releases, 2);
    return 0;
}

/* ---- the error record ---- */

static int fail_twice(void *arg)
{
    int rc = eddy_wait_for_call(child_body, arg, 0); /* EDDY_ETIMEDOUT of "wait_for" */
    assert_int_equal(eddy_sleep((double)NAN), EDDY_EINVAL);
    return rc;
}

/* The first failure is kept while clean-up fails too, and is copied to the awaiter. */
TASK_TEST(detail_of_the_first_failure_reaches_the_awaiter)
{
    eddy_error detail;
    eddy_task *task;
    (void)arg;
    eddy_error_clear();
    assert_int_equal(eddy_create_task(&task, fail_twice, NULL, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), EDDY_ETIMEDOUT);
    assert_int_equal(eddy_last_error()->code, EDDY_ETIMEDOUT);
    assert_string_equal(eddy_last_error()->operation, "wait_for");
    assert_int_equal(eddy_task_exception(task, &detail), EDDY_ETIMEDOUT);
    assert_string_equal(detail.operation, "wait_for");
    eddy_task_release(task);
    return 0;
}

TASK_TEST(next_failure_after_a_successful_await_is_a_first_one)
{
    (void)arg;
    assert_int_equal(eddy_sleep((double)NAN), EDDY_EINVAL);
    assert_string_equal(eddy_last_error()->operation, "sleep");
    assert_int_equal(eddy_await(NULL, NULL), EDDY_EINVAL);
    assert_string_equal(eddy_last_error()->operation, "sleep");
    yield_times(1);
    assert_int_equal(eddy_last_error()->code, EDDY_EINVAL); /* a success writes nothing */
    assert_int_equal(eddy_await(NULL, NULL), EDDY_EINVAL);
    assert_string_equal(eddy_last_error()->operation, "await");
    eddy_error_clear();
    assert_int_equal(eddy_last_error()->code, 0);
    return 0;
}

int suite_tasks(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_start_in_the_order_of_creation_and_never_inline),
        cmocka_unit_test(first_step_waits_its_turn_among_callbacks),
        cmocka_unit_test(refusals_without_a_loop),
        cmocka_unit_test(refused_task_leaves_its_argument_alone),
        cmocka_unit_test(task_calls_refuse_null),
        cmocka_unit_test(task_is_called_by_its_number_unless_it_has_a_name),
        cmocka_unit_test(task_name_is_copied),
        cmocka_unit_test(task_numbers_count_up),
        cmocka_unit_test(current_task_is_right_after_each_switch_and_none_in_callbacks),
        cmocka_unit_test(all_tasks_lists_what_has_not_ended_in_order_of_creation),
        cmocka_unit_test(bare_yield_takes_exactly_one_iteration),
        cmocka_unit_test(sleep_refuses_what_is_no_number),
        cmocka_unit_test(sleep_never_ends_early),
        cmocka_unit_test(deferred_calls_run_last_first_however_the_task_ends),
        cmocka_unit_test(task_leaves_a_bigger_result_as_a_value),
        cmocka_unit_test(detail_of_the_first_failure_reaches_the_awaiter),
        cmocka_unit_test(next_failure_after_a_successful_await_is_a_first_one),
    };
    return cmocka_run_group_tests_name("tasks", tests, NULL, NULL);
}
