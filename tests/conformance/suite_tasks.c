/* suite_tasks.c: tasks begin in order, end once, own their argument, carry a name, and leave no error unseen.
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
    assert_int_equal(eddy_create_task(&task, child_body, NULL,
                                      EDDY_OPTIONS(eddy_task_options, .release = count_release)),
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

/* ---- how a task ends ---- */

/* T4 */
TASK_TEST(task_ends_with_what_its_body_returns)
{
    static const int results[] = {0, 42, EDDY_EPIPE, EDDY_EUSER - 7};
    (void)arg;
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        int outcome = 1;
        child body = {.steps = 1, .result = results[i]};
        eddy_task *task = spawn(&body);
        assert_int_equal(eddy_task_result(task), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_await(task, &outcome), 0);
        assert_int_equal(outcome, results[i]);
        assert_int_equal(eddy_await(task, NULL), results[i]);
        assert_int_equal(eddy_task_result(task), results[i]);
        assert_int_equal(eddy_task_exception(task, NULL), results[i] < 0 ? results[i] : 0);
        assert_false(eddy_task_cancelled(task));
        eddy_task_release(task);
    }
    return 0;
}

/* T4: also when nobody called cancel. */
TASK_TEST(task_that_returns_a_cancel_ends_cancelled)
{
    child body = {.result = EDDY_ECANCELED};
    eddy_task *task = spawn(&body);
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_true(eddy_task_cancelled(task));
    assert_int_equal(eddy_task_cancelling(task), 0);
    eddy_task_release(task);
    assert_int_equal(support_reports(), 0);
    return 0;
}

/* T5 */
TASK_TEST(awaiter_runs_one_iteration_after_the_task_ended)
{
    child body = {.letter = 'a'};
    eddy_loop *loop = eddy_get_running_loop();
    eddy_task *task = spawn(&body);
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_loop_call_soon(loop, NULL, trace_soon, "1"), 0);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_string_equal(trace_text(), "aA1");
    eddy_task_release(task);
    return 0;
}

/* ---- misuse ---- */

static int await_itself(void *arg)
{
    (void)arg;
    return eddy_await(eddy_current_task(), NULL);
}

/* T6, test_task_awaits_on_itself */
TASK_TEST(task_that_awaits_itself_is_told)
{
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, await_itself, NULL, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), EDDY_EDEADLK);
    eddy_task_release(task);
    return 0;
}

static int await_that(void *arg)
{
    return eddy_await(*(eddy_task **)arg, NULL);
}

/* T6: the one that would close the ring is refused, and the others end with it. */
TASK_TEST(ring_of_awaiting_tasks_is_refused)
{
    eddy_task *tasks[3];
    (void)arg;
    for (int i = 0; i < 3; i++)
        assert_int_equal(eddy_create_task(&tasks[i], await_that, &tasks[(i + 1) % 3], NULL), 0);
    yield_times(1);
    assert_true(eddy_task_done(tasks[2]));
    assert_int_equal(eddy_task_result(tasks[2]), EDDY_EDEADLK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(eddy_await(tasks[i], NULL), EDDY_EDEADLK);
        eddy_task_release(tasks[i]);
    }
    return 0;
}

static int pending_reports;
static eddy_task *pending_task;

static void note_pending(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)arg;
    pending_reports++;
    pending_task = context->task;
    assert_string_equal(context->message, "Task was destroyed but it is pending!");
}

/* T6 */
TASK_TEST(fault_C9_task_of_another_loop_is_refused)
{
    child body = {.result = 3};
    eddy_loop *other;
    eddy_task *foreign;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    (void)arg;
    assert_int_equal(eddy_new_event_loop(&other, &options), 0);
    assert_int_equal(eddy_loop_create_task(other, &foreign, child_body, &body, NULL), 0);
    assert_int_equal(eddy_await(foreign, NULL), EDDY_EWRONGLOOP);
    assert_int_equal(eddy_shield(foreign, NULL), EDDY_EWRONGLOOP);
    assert_int_equal(eddy_wait(NULL, &foreign, 1, 1.0, EDDY_ALL_COMPLETED), EDDY_EWRONGLOOP);
    assert_int_equal(eddy_gather(NULL, &foreign, 1), EDDY_EWRONGLOOP);
    assert_int_equal(eddy_wait_for(foreign, NULL, 0), EDDY_EWRONGLOOP);
    assert_int_equal(eddy_wait_for(foreign, NULL, 1.0), EDDY_EWRONGLOOP);
    assert_int_equal(eddy_task_cancelling(foreign), 0);
    pending_reports = 0;
    assert_int_equal(eddy_loop_set_exception_handler(other, note_pending, NULL), 0);
    assert_int_equal(eddy_loop_close(other), 0);
    assert_int_equal(pending_reports, 1);
    assert_ptr_equal(pending_task, foreign);
    eddy_task_release(foreign);
    assert_false(body.started);
    eddy_loop_release(other);
    return 0;
}

/* ---- whose the argument is ---- */

TASK_TEST(argument_is_released_once_when_the_task_has_ended)
{
    child body = {.steps = 1};
    eddy_task *task;
    (void)arg;
    counted_releases = 0;
    assert_int_equal(eddy_create_task(&task, child_body, &body,
                                      EDDY_OPTIONS(eddy_task_options, .release = count_release)),
                     0);
    yield_times(1);
    assert_int_equal(counted_releases, 0);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(counted_releases, 1);
    eddy_task_release(task);
    assert_int_equal(counted_releases, 1);
    return 0;
}

TASK_TEST(argument_is_released_also_when_the_task_never_ran)
{
    child body = {0};
    eddy_task *task;
    (void)arg;
    counted_releases = 0;
    assert_int_equal(eddy_create_task(&task, child_body, &body,
                                      EDDY_OPTIONS(eddy_task_options, .release = count_release)),
                     0);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_false(body.started);
    assert_int_equal(counted_releases, 1);
    eddy_task_release(task);
    return 0;
}

/* ---- closing with tasks alive ---- */

static int defer_and_wait(void *arg)
{
    assert_int_equal(eddy_defer(count_release, arg), 0);
    return eddy_sleep((double)INFINITY);
}

static void close_with_one_task(eddy_coro_fn fn, void *arg, bool run_it)
{
    eddy_loop *loop;
    eddy_task *task;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    pending_reports = 0;
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    assert_int_equal(eddy_loop_set_exception_handler(loop, note_pending, NULL), 0);
    assert_int_equal(
        eddy_loop_create_task(loop, &task, fn, arg, EDDY_OPTIONS(eddy_task_options, .release = count_release)),
        0);
    if (run_it) {
        eddy_loop_stop(loop);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
    }
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(pending_reports, 1);
    assert_ptr_equal(pending_task, task);
    assert_true(eddy_task_cancelled(task));
    eddy_task_release(task);
    eddy_loop_release(loop);
}

/* T12 in C: the loop holds its tasks, so what is left at close is reported instead of collected;
 * test_log_destroyed_pending_task. */
static void pending_task_is_reported_when_its_loop_closes(void **state)
{
    child body = {0};
    long blocks = support_live_blocks();
    (void)state;
    counted_releases = 0;
    close_with_one_task(child_body, &body, false);
    assert_false(body.started);
    assert_int_equal(counted_releases, 1);
    close_with_one_task(defer_and_wait, NULL, true);
    assert_int_equal(counted_releases, 3); /* its argument, and what it deferred */
    assert_int_equal(support_live_blocks(), blocks);
}

static void closed_loop_takes_no_tasks(void **state)
{
    eddy_loop *loop;
    eddy_task *task = NULL;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    (void)state;
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(eddy_loop_create_task(loop, &task, child_body, NULL, NULL), EDDY_ECLOSED);
    assert_null(task);
    eddy_loop_release(loop);
}

static int stop_and_go_on(void *arg)
{
    eddy_loop_stop(eddy_get_running_loop());
    for (int i = 0; i < 3; i++)
        assert_int_equal(eddy_sleep(0), 0);
    return *(int *)arg;
}

/* test_stop_while_run_in_complete; a task may be made before its loop runs. */
static void loop_stopped_before_its_future_leaves_the_task_usable(void **state)
{
    int result = 9;
    eddy_loop *loop;
    eddy_task *task;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    (void)state;
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    assert_int_equal(eddy_loop_create_task(loop, &task, stop_and_go_on, &result, NULL), 0);
    assert_int_equal(eddy_loop_run_until_complete(loop, eddy_task_future(task)), EDDY_ESTOPPED);
    assert_false(eddy_task_done(task));
    assert_int_equal(eddy_loop_run_until_complete(loop, eddy_task_future(task)), 9);
    eddy_task_release(task);
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_loop_release(loop);
}

/* ---- dropped handles ---- */

/* The loop holds it: it goes on, and its error is reported once, when it ends. */
TASK_TEST(fault_C8_dropped_task_runs_on_and_reports_its_error_once)
{
    eddy_future *gate = make_future();
    child body = {.gate = gate, .result = EDDY_EPIPE};
    (void)arg;
    support_catch_reports();
    eddy_task_release(spawn(&body));
    yield_times(2);
    assert_true(body.started);
    assert_false(body.ended);
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    eddy_future_release(gate);
    yield_times(2);
    assert_true(body.ended);
    assert_int_equal(support_reports(), 1);
    assert_int_equal(support_last_code(), EDDY_EPIPE);
    assert_string_equal(support_last_message(), "Task exception was never retrieved");
    return 0;
}

TASK_TEST(fault_C8_task_made_without_a_handle_runs)
{
    child body = {.steps = 2};
    (void)arg;
    assert_int_equal(eddy_create_task(NULL, child_body, &body, NULL), 0);
    yield_times(4);
    assert_true(body.ended);
    return 0;
}

/* F6: an await that took the error is a look. */
TASK_TEST(task_error_that_was_awaited_is_not_reported)
{
    child body = {.result = EDDY_EPIPE};
    eddy_task *task = spawn(&body);
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_await(task, NULL), EDDY_EPIPE);
    eddy_task_release(task);
    yield_times(1);
    assert_int_equal(support_reports(), 0);
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
        cmocka_unit_test(task_ends_with_what_its_body_returns),
        cmocka_unit_test(task_that_returns_a_cancel_ends_cancelled),
        cmocka_unit_test(awaiter_runs_one_iteration_after_the_task_ended),
        cmocka_unit_test(task_that_awaits_itself_is_told),
        cmocka_unit_test(ring_of_awaiting_tasks_is_refused),
        cmocka_unit_test(fault_C9_task_of_another_loop_is_refused),
        cmocka_unit_test(argument_is_released_once_when_the_task_has_ended),
        cmocka_unit_test(argument_is_released_also_when_the_task_never_ran),
        cmocka_unit_test(pending_task_is_reported_when_its_loop_closes),
        cmocka_unit_test(closed_loop_takes_no_tasks),
        cmocka_unit_test(loop_stopped_before_its_future_leaves_the_task_usable),
        cmocka_unit_test(fault_C8_dropped_task_runs_on_and_reports_its_error_once),
        cmocka_unit_test(fault_C8_task_made_without_a_handle_runs),
        cmocka_unit_test(task_error_that_was_awaited_is_not_reported),
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
