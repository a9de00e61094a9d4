/* suite_futures.c: futures finish once, tell everybody once and in order, and report an error that nobody looked at.
 * Touches the public API. Rule numbers F1-F6 are those of asyncio's inventory. */
#include "bodies.h"
#include "suite.h"

/* ---- finishing ---- */

/* F1 */
TASK_TEST(future_is_pending_until_it_is_set)
{
    eddy_future *future = make_future();
    (void)arg;
    assert_false(eddy_future_done(future));
    assert_false(eddy_future_cancelled(future));
    assert_int_equal(eddy_future_set_result(future, 7), 0);
    assert_true(eddy_future_done(future));
    assert_false(eddy_future_cancelled(future));
    assert_int_equal(eddy_future_result(future), 7);
    assert_int_equal(eddy_future_exception(future, NULL), 0);
    eddy_future_release(future);
    return 0;
}

static int set_result_one(eddy_future *future)
{
    return eddy_future_set_result(future, 1);
}

static int set_value_null(eddy_future *future)
{
    return eddy_future_set_value(future, NULL, NULL);
}

static int set_exception_pipe(eddy_future *future)
{
    return eddy_future_set_exception(future, EDDY_EPIPE);
}

static int cancel_it(eddy_future *future)
{
    return eddy_future_cancel(future) ? 0 : EDDY_EINVALIDSTATE;
}

static int (*const finishers[])(eddy_future *) = {set_result_one, set_value_null, set_exception_pipe,
                                                  cancel_it};
static const int finished_as[] = {1, 0, EDDY_EPIPE, EDDY_ECANCELED};

/* F1: every way to finish it a second time is refused, and the first outcome stays. */
TASK_TEST(fault_C9_future_finishes_only_once)
{
    (void)arg;
    for (size_t first = 0; first < 4; first++) {
        for (size_t second = 0; second < 4; second++) {
            eddy_future *future = make_future();
            assert_int_equal(finishers[first](future), 0);
            assert_int_equal(finishers[second](future), EDDY_EINVALIDSTATE);
            assert_int_equal(eddy_future_result(future), finished_as[first]);
            assert_int_equal(eddy_future_cancelled(future), first == 3);
            eddy_future_release(future);
        }
    }
    return 0;
}

TASK_TEST(future_refuses_values_that_make_no_sense)
{
    eddy_future *future = make_future();
    (void)arg;
    assert_int_equal(eddy_future_set_result(future, -1), EDDY_EINVAL);
    assert_int_equal(eddy_future_set_exception(future, 0), EDDY_EINVAL);
    assert_int_equal(eddy_future_set_exception(future, 5), EDDY_EINVAL);
    assert_int_equal(eddy_future_set_exception(future, EDDY_ECANCELED), EDDY_EINVAL);
    assert_false(eddy_future_done(future));
    assert_int_equal(eddy_future_set_exception(future, EDDY_EUSER - 3), 0);
    assert_int_equal(eddy_future_result(future), EDDY_EUSER - 3);
    eddy_future_release(future);
    return 0;
}

TASK_TEST(future_calls_refuse_null)
{
    eddy_future *future;
    (void)arg;
    assert_int_equal(eddy_loop_create_future(NULL, &future), EDDY_EINVAL);
    assert_int_equal(eddy_loop_create_future(eddy_get_running_loop(), NULL), EDDY_EINVAL);
    assert_int_equal(eddy_future_set_result(NULL, 1), EDDY_EINVAL);
    assert_int_equal(eddy_future_set_exception(NULL, EDDY_EPIPE), EDDY_EINVAL);
    assert_int_equal(eddy_future_result(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_await_future(NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_future_add_done_callback(NULL, trace_callback, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_future_remove_done_callback(NULL, trace_callback, NULL), 0);
    assert_false(eddy_future_cancel(NULL));
    assert_false(eddy_future_done(NULL));
    assert_null(eddy_future_value(NULL));
    eddy_future_release(NULL);
    return 0;
}

/* ---- values ---- */

static void count_release(void *value)
{
    ++*(int *)value;
}

TASK_TEST(future_value_is_released_with_the_last_reference)
{
    int released = 0;
    eddy_future *future = make_future();
    (void)arg;
    assert_null(eddy_future_value(future));
    assert_int_equal(eddy_future_set_value(future, &released, count_release), 0);
    assert_ptr_equal(eddy_future_value(future), &released);
    assert_ptr_equal(eddy_future_retain(future), future);
    eddy_future_release(future);
    assert_int_equal(released, 0);
    eddy_future_release(future);
    assert_int_equal(released, 1);
    return 0;
}

TASK_TEST(future_that_refuses_a_value_does_not_own_it)
{
    int released = 0;
    eddy_future *future = make_future();
    (void)arg;
    assert_true(eddy_future_cancel_with_message(future, "no more"));
    assert_int_equal(eddy_future_set_value(future, &released, count_release), EDDY_EINVALIDSTATE);
    assert_null(eddy_future_value(future));
    eddy_future_release(future);
    assert_int_equal(released, 0);
    return 0;
}

/* ---- looking ---- */

/* F5 */
TASK_TEST(result_and_exception_never_wait)
{
    eddy_error detail = {0};
    eddy_future *future = make_future();
    (void)arg;
    assert_int_equal(eddy_future_result(future), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_future_exception(future, &detail), EDDY_EINVALIDSTATE);
    assert_int_equal(detail.code, 0);
    assert_true(eddy_future_cancel_with_message(future, "enough"));
    assert_int_equal(eddy_future_result(future), EDDY_ECANCELED);
    assert_int_equal(eddy_future_exception(future, &detail), EDDY_ECANCELED);
    assert_int_equal(detail.code, EDDY_ECANCELED);
    assert_string_equal(detail.message, "enough");
    eddy_future_release(future);
    return 0;
}

/* A future knows its loop, and its kind forbids to set a task's outcome; test_set_result_causes_invalid_state. */
TASK_TEST(task_cannot_be_finished_from_outside)
{
    child body = {.steps = 1, .result = 42};
    eddy_task *task = spawn(&body);
    eddy_future *future = eddy_task_future(task);
    (void)arg;
    assert_ptr_equal(eddy_future_get_loop(future), eddy_get_running_loop());
    assert_int_equal(eddy_future_set_result(future, 1), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_future_set_exception(future, EDDY_EPIPE), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_future_set_value(future, &body, NULL), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_await(task, NULL), 42);
    eddy_task_release(task);
    return 0;
}

/* ---- done callbacks ---- */

/* F2 */
TASK_TEST(done_callbacks_are_queued_in_order_and_never_inline)
{
    eddy_future *future = make_future();
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_future_add_done_callback(future, trace_callback, "a"), 0);
    assert_int_equal(eddy_future_add_done_callback(future, trace_callback, "b"), 0);
    assert_int_equal(eddy_loop_call_soon(loop, NULL, trace_soon, "1"), 0);
    assert_int_equal(eddy_future_set_result(future, 0), 0);
    assert_int_equal(eddy_loop_call_soon(loop, NULL, trace_soon, "2"), 0);
    assert_string_equal(trace_text(), "");
    yield_times(1);
    assert_string_equal(trace_text(), "1ab2");
    yield_times(2);
    assert_string_equal(trace_text(), "1ab2");
    eddy_future_release(future);
    return 0;
}

/* F2 */
TASK_TEST(done_callback_of_a_done_future_is_queued_at_once)
{
    eddy_future *future = make_future();
    (void)arg;
    trace_clear();
    assert_true(eddy_future_cancel(future));
    assert_int_equal(eddy_future_add_done_callback(future, trace_callback, "x"), 0);
    assert_string_equal(trace_text(), "");
    yield_times(1);
    assert_string_equal(trace_text(), "x");
    eddy_future_release(future);
    return 0;
}

static void add_another(eddy_future *future, void *letter)
{
    trace('(');
    assert_int_equal(eddy_future_add_done_callback(future, trace_callback, letter), 0);
    trace(')');
}

/* F2: what a callback adds waits for the next iteration. */
TASK_TEST(done_callback_added_by_a_done_callback_runs_later)
{
    eddy_future *future = make_future();
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_future_add_done_callback(future, add_another, "z"), 0);
    assert_int_equal(eddy_future_set_result(future, 0), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "()");
    yield_times(1);
    assert_string_equal(trace_text(), "()z");
    eddy_future_release(future);
    return 0;
}

/* F3 */
TASK_TEST(removing_a_callback_removes_every_equal_one)
{
    static char a[] = "a", b[] = "b";
    eddy_future *future = make_future();
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_future_add_done_callback(future, trace_callback, a), 0);
    assert_int_equal(eddy_future_add_done_callback(future, trace_callback, b), 0);
    assert_int_equal(eddy_future_add_done_callback(future, trace_callback, a), 0);
    assert_int_equal(eddy_future_add_done_callback(future, add_another, a), 0);
    assert_int_equal(eddy_future_remove_done_callback(future, trace_callback, a), 2);
    assert_int_equal(eddy_future_remove_done_callback(future, trace_callback, a), 0);
    assert_int_equal(eddy_future_remove_done_callback(future, add_another, a), 1);
    assert_int_equal(eddy_future_set_result(future, 0), 0);
    yield_times(3);
    assert_string_equal(trace_text(), "b");
    eddy_future_release(future);
    return 0;
}

/* F3 */
TASK_TEST(callback_that_is_queued_cannot_be_removed)
{
    static char a[] = "a";
    eddy_future *future = make_future();
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_future_add_done_callback(future, trace_callback, a), 0);
    assert_int_equal(eddy_future_set_result(future, 0), 0);
    assert_int_equal(eddy_future_remove_done_callback(future, trace_callback, a), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "a");
    eddy_future_release(future);
    return 0;
}

/* A queued callback keeps the future alive. */
TASK_TEST(future_lives_until_its_callbacks_ran)
{
    int released = 0;
    eddy_future *future = make_future();
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_future_add_done_callback(future, trace_callback, "a"), 0);
    assert_int_equal(eddy_future_set_value(future, &released, count_release), 0);
    eddy_future_release(future);
    assert_int_equal(released, 0);
    yield_times(1);
    assert_string_equal(trace_text(), "a");
    assert_int_equal(released, 1);
    return 0;
}

/* ---- awaiting ---- */

/* F4 */
TASK_TEST(awaiting_a_done_future_does_not_give_way)
{
    int outcome = -1;
    eddy_future *future = make_future();
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_future_set_result(future, 5), 0);
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, trace_soon, "x"), 0);
    assert_int_equal(eddy_await_future(future, NULL), 5);
    assert_int_equal(eddy_await_future(future, &outcome), 0);
    assert_int_equal(outcome, 5);
    assert_string_equal(trace_text(), "");
    yield_times(1);
    assert_string_equal(trace_text(), "x");
    eddy_future_release(future);
    return 0;
}

/* F4, T5: all of them, in the order in which they came, in the iteration after it was set. */
TASK_TEST(fault_C9_many_tasks_may_await_one_future)
{
    eddy_future *gate = make_future();
    child bodies[3] = {{.gate = gate, .letter = 'a', .result = 1},
                       {.gate = gate, .letter = 'b', .result = 2},
                       {.gate = gate, .letter = 'c', .result = 3}};
    eddy_task *tasks[3];
    (void)arg;
    trace_clear();
    for (int i = 0; i < 3; i++)
        tasks[i] = spawn(&bodies[i]);
    yield_times(1);
    assert_string_equal(trace_text(), "abc");
    assert_int_equal(eddy_future_add_done_callback(gate, trace_callback, "."), 0);
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    assert_string_equal(trace_text(), "abc");
    yield_times(1);
    assert_string_equal(trace_text(), "abcABC.");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(eddy_task_result(tasks[i]), i + 1);
        eddy_task_release(tasks[i]);
    }
    eddy_future_release(gate);
    return 0;
}

typedef struct awaiting {
    eddy_future *future;
    int rc, outcome;
    const char *message;
} awaiting;

static int await_and_note(void *arg)
{
    awaiting *self = arg;
    self->outcome = 12345;
    self->rc = eddy_await_future(self->future, &self->outcome);
    self->message = eddy_last_error()->message;
    return 0;
}

/* The return says how the waiting went, the outcome what the future came to: a cancelled future is no cancelled awaiter. */
TASK_TEST(cancelled_future_is_an_outcome_to_its_awaiters)
{
    eddy_future *future = make_future();
    awaiting first = {.future = future}, second = {.future = future};
    eddy_task *tasks[2];
    (void)arg;
    assert_int_equal(eddy_create_task(&tasks[0], await_and_note, &first, NULL), 0);
    assert_int_equal(eddy_create_task(&tasks[1], await_and_note, &second, NULL), 0);
    yield_times(1);
    assert_true(eddy_future_cancel_with_message(future, "closing down"));
    yield_times(1);
    for (int i = 0; i < 2; i++) {
        const awaiting *one = i == 0 ? &first : &second;
        assert_int_equal(one->rc, 0);
        assert_int_equal(one->outcome, EDDY_ECANCELED);
        assert_string_equal(one->message, "closing down");
        assert_false(eddy_task_cancelled(tasks[i]));
        assert_int_equal(eddy_task_cancelling(tasks[i]), 0);
        eddy_task_release(tasks[i]);
    }
    assert_int_equal(eddy_await_future(future, NULL), EDDY_ECANCELED);
    eddy_future_release(future);
    return 0;
}

/* How the waiting failed leaves the outcome alone. */
TASK_TEST(cancelled_awaiter_gets_no_outcome)
{
    eddy_future *future = make_future();
    awaiting self = {.future = future};
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, await_and_note, &self, NULL), 0);
    yield_times(1);
    assert_true(eddy_task_cancel_with_message(task, "not you"));
    assert_true(eddy_future_cancelled(future));
    yield_times(1);
    assert_int_equal(self.rc, EDDY_ECANCELED);
    assert_int_equal(self.outcome, 12345);
    assert_string_equal(self.message, "not you");
    eddy_task_release(task);
    eddy_future_release(future);
    return 0;
}

/* The awaiter holds a reference of its own. */
TASK_TEST(future_may_be_released_while_it_is_awaited)
{
    eddy_future *future = make_future();
    awaiting self = {.future = future};
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, await_and_note, &self, NULL), 0);
    yield_times(1);
    assert_int_equal(eddy_future_set_exception(future, EDDY_EPIPE), 0);
    eddy_future_release(future);
    yield_times(1);
    assert_int_equal(self.rc, 0);
    assert_int_equal(self.outcome, EDDY_EPIPE);
    eddy_task_release(task);
    return 0;
}

static int await_rc;

static void await_in_callback(void *future)
{
    await_rc = eddy_await_future(future, NULL);
}

TASK_TEST(awaiting_needs_a_task)
{
    eddy_future *future = make_future();
    (void)arg;
    await_rc = 0;
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, await_in_callback, future), 0);
    yield_times(1);
    assert_int_equal(await_rc, EDDY_ENOTASK);
    eddy_future_release(future);
    return 0;
}

/* T6, test_other_loop_future */
TASK_TEST(fault_C9_future_of_another_loop_is_refused)
{
    eddy_loop *other;
    eddy_future *foreign;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    (void)arg;
    assert_int_equal(eddy_new_event_loop(&other, &options), 0);
    assert_int_equal(eddy_loop_create_future(other, &foreign), 0);
    assert_ptr_equal(eddy_future_get_loop(foreign), other);
    assert_int_equal(eddy_await_future(foreign, NULL), EDDY_EWRONGLOOP);
    assert_int_equal(eddy_last_error()->code, EDDY_EWRONGLOOP);
    eddy_future_release(foreign);
    assert_int_equal(eddy_loop_close(other), 0);
    eddy_loop_release(other);
    return 0;
}

/* ---- closed loops ---- */

/* Callbacks that are queued when a loop closes never run, and give back what they held. */
static void callbacks_of_a_closed_loop_do_not_run(void **state)
{
    eddy_loop *loop;
    eddy_future *future;
    long blocks = support_live_blocks();
    int released = 0;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    (void)state;
    trace_clear();
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    assert_int_equal(eddy_loop_create_future(loop, &future), 0);
    assert_int_equal(eddy_future_add_done_callback(future, trace_callback, "a"), 0);
    assert_int_equal(eddy_future_set_value(future, &released, count_release), 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(eddy_future_add_done_callback(future, trace_callback, "b"), EDDY_ECLOSED);
    assert_ptr_equal(eddy_future_value(future), &released);
    assert_int_equal(eddy_future_result(future), 0);
    eddy_future_release(future);
    eddy_loop_release(loop);
    assert_int_equal(released, 1);
    assert_string_equal(trace_text(), "");
    assert_int_equal(support_live_blocks(), blocks);
}

/* ---- errors that nobody looked at ---- */

/* F6 */
TASK_TEST(unseen_error_is_reported_once_when_the_future_goes)
{
    eddy_future *future = make_future();
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_future_set_exception(future, EDDY_ECONNRESET), 0);
    eddy_future_retain(future);
    eddy_future_release(future);
    assert_int_equal(support_reports(), 0);
    eddy_future_release(future);
    assert_int_equal(support_reports(), 1);
    assert_int_equal(support_last_code(), EDDY_ECONNRESET);
    assert_string_equal(support_last_message(), "Future exception was never retrieved");
    return 0;
}

static void look_by_result(eddy_future *future)
{
    assert_int_equal(eddy_future_result(future), EDDY_EPIPE);
}

static void look_by_exception(eddy_future *future)
{
    assert_int_equal(eddy_future_exception(future, NULL), EDDY_EPIPE);
}

static void look_by_await(eddy_future *future)
{
    int outcome;
    assert_int_equal(eddy_await_future(future, &outcome), 0);
    assert_int_equal(outcome, EDDY_EPIPE);
}

/* test_tb_logger_not_called_after_cancel: it answers false and yet counts as a look. */
static void look_by_cancel(eddy_future *future)
{
    assert_false(eddy_future_cancel(future));
}

/* F6 */
TASK_TEST(error_that_somebody_looked_at_is_not_reported)
{
    void (*const looks[])(eddy_future *) = {look_by_result, look_by_exception, look_by_await, look_by_cancel};
    (void)arg;
    support_catch_reports();
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        eddy_future *future = make_future();
        assert_int_equal(eddy_future_set_exception(future, EDDY_EPIPE), 0);
        looks[i](future);
        eddy_future_release(future);
        assert_int_equal(support_reports(), 0);
    }
    return 0;
}

/* F6: neither is asking whether it is done a look, nor is a cancelled future an error. */
TASK_TEST(asking_for_the_state_is_no_look)
{
    eddy_future *failed = make_future(), *cancelled = make_future();
    (void)arg;
    support_catch_reports();
    assert_true(eddy_future_cancel(cancelled));
    eddy_future_release(cancelled);
    assert_int_equal(support_reports(), 0);
    assert_int_equal(eddy_future_set_exception(failed, EDDY_EPIPE), 0);
    assert_true(eddy_future_done(failed));
    assert_false(eddy_future_cancelled(failed));
    eddy_future_release(failed);
    assert_int_equal(support_reports(), 1);
    return 0;
}

int suite_futures(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(future_is_pending_until_it_is_set),
        cmocka_unit_test(fault_C9_future_finishes_only_once),
        cmocka_unit_test(future_refuses_values_that_make_no_sense),
        cmocka_unit_test(future_calls_refuse_null),
        cmocka_unit_test(future_value_is_released_with_the_last_reference),
        cmocka_unit_test(future_that_refuses_a_value_does_not_own_it),
        cmocka_unit_test(result_and_exception_never_wait),
        cmocka_unit_test(task_cannot_be_finished_from_outside),
        cmocka_unit_test(done_callbacks_are_queued_in_order_and_never_inline),
        cmocka_unit_test(done_callback_of_a_done_future_is_queued_at_once),
        cmocka_unit_test(done_callback_added_by_a_done_callback_runs_later),
        cmocka_unit_test(removing_a_callback_removes_every_equal_one),
        cmocka_unit_test(callback_that_is_queued_cannot_be_removed),
        cmocka_unit_test(future_lives_until_its_callbacks_ran),
        cmocka_unit_test(awaiting_a_done_future_does_not_give_way),
        cmocka_unit_test(fault_C9_many_tasks_may_await_one_future),
        cmocka_unit_test(cancelled_future_is_an_outcome_to_its_awaiters),
        cmocka_unit_test(cancelled_awaiter_gets_no_outcome),
        cmocka_unit_test(future_may_be_released_while_it_is_awaited),
        cmocka_unit_test(awaiting_needs_a_task),
        cmocka_unit_test(fault_C9_future_of_another_loop_is_refused),
        cmocka_unit_test(callbacks_of_a_closed_loop_do_not_run),
        cmocka_unit_test(unseen_error_is_reported_once_when_the_future_goes),
        cmocka_unit_test(error_that_somebody_looked_at_is_not_reported),
        cmocka_unit_test(asking_for_the_state_is_no_look),
    };
    return cmocka_run_group_tests_name("futures", tests, NULL, NULL);
}
