/* suite_wait_for.c: one task or one call with a limit: cancelled at the limit, waited for, and its own end told when it has one.
 * Touches the public API. Rule numbers V1-V6 are those of asyncio's inventory. */
#include "bodies.h"
#include "suite.h"

static const double never = (double)INFINITY;

/* V1 */
TASK_TEST(wait_for_without_a_limit_is_an_await)
{
    int outcome = 1;
    child body = {.steps = 2, .result = 6};
    eddy_task *task = spawn(&body);
    (void)arg;
    assert_int_equal(eddy_wait_for(task, &outcome, never), 0);
    assert_int_equal(outcome, 6);
    assert_int_equal(eddy_wait_for(task, NULL, never), 6);
    assert_int_equal(eddy_wait_for(task, NULL, 0), 6); /* V3: done */
    eddy_task_release(task);
    return 0;
}

/* V2 */
TASK_TEST(wait_for_cancels_the_task_at_the_limit)
{
    int outcome = 1;
    child body = {.forever = true};
    eddy_task *task = spawn(&body);
    (void)arg;
    yield_times(1);
    assert_int_equal(eddy_wait_for(task, &outcome, 0.002), EDDY_ETIMEDOUT);
    assert_int_equal(outcome, 1);
    assert_true(eddy_task_cancelled(task));
    assert_int_equal(body.cancels, 1);
    assert_int_equal(eddy_task_cancelling(eddy_current_task()), 0);
    eddy_task_release(task);
    return 0;
}

TASK_TEST(error_of_the_task_is_its_outcome)
{
    int outcome = 1;
    child body = {.steps = 1, .result = EDDY_EPIPE};
    eddy_task *task = spawn(&body);
    (void)arg;
    assert_int_equal(eddy_wait_for(task, &outcome, 100.0), 0);
    assert_int_equal(outcome, EDDY_EPIPE);
    assert_int_equal(eddy_wait_for(task, NULL, 100.0), EDDY_EPIPE);
    eddy_task_release(task);
    return 0;
}

/* V4, test_wait_for_waits_for_task_cancellation */
TASK_TEST(wait_for_waits_for_slow_clean_up)
{
    static const double limits[] = {0.001, 0};
    (void)arg;
    for (int i = 0; i < 2; i++) {
        child body = {.forever = true, .cleanup_steps = 10};
        eddy_task *task = spawn(&body);
        yield_times(1);
        assert_int_equal(eddy_wait_for(task, NULL, limits[i]), EDDY_ETIMEDOUT);
        assert_true(body.ended);
        assert_int_equal(body.cancels, 1);
        eddy_task_release(task);
    }
    return 0;
}

/* V3, V4, test_wait_for_cancellation_race_condition, test_wait_for_cancel_suppressed,
 * test_wait_for_reraises_exception_during_cancellation: its own value or error wins. */
TASK_TEST(end_that_the_task_gave_itself_wins_over_the_limit)
{
    static const double limits[] = {0.001, 0};
    static const int ends[] = {13, EDDY_EIO};
    (void)arg;
    for (int i = 0; i < 4; i++) {
        int outcome = 1;
        child body = {.forever = true, .cleanup_steps = 2, .on_cancel = ends[i / 2]};
        eddy_task *task = spawn(&body);
        yield_times(1);
        if (i % 2 == 0) {
            assert_int_equal(eddy_wait_for(task, NULL, limits[i % 2]), ends[i / 2]);
        } else {
            assert_int_equal(eddy_wait_for(task, &outcome, limits[i % 2]), 0);
            assert_int_equal(outcome, ends[i / 2]);
        }
        assert_false(eddy_task_cancelled(task));
        assert_int_equal(eddy_task_cancelling(eddy_current_task()), 0);
        eddy_task_release(task);
    }
    return 0;
}

/* V3: a task that has not begun never begins. */
TASK_TEST(wait_for_without_time_left_cancels_what_has_not_begun)
{
    child body = {.letter = 'x'};
    eddy_task *task = spawn(&body);
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_wait_for(task, NULL, -1), EDDY_ETIMEDOUT);
    assert_int_equal(eddy_last_error()->code, EDDY_ETIMEDOUT);
    assert_string_equal(trace_text(), "");
    assert_true(eddy_task_cancelled(task));
    eddy_task_release(task);
    return 0;
}

static int wait_for_body(void *arg)
{
    telling *self = arg;
    self->rc = eddy_wait_for(self->awaited, &self->outcome, 100.0);
    return 0;
}

static eddy_task *start_waiting_for(telling *self, eddy_task *awaited)
{
    eddy_task *task;
    *self = (telling){.awaited = awaited, .rc = 1, .outcome = 1};
    assert_int_equal(eddy_create_task(&task, wait_for_body, self, NULL), 0);
    yield_times(1);
    return task;
}

/* V5, test_cancel_wait_for */
TASK_TEST(cancelling_wait_for_cancels_the_task)
{
    telling self;
    child body = {.forever = true};
    eddy_task *inner = spawn(&body), *outer = start_waiting_for(&self, inner);
    (void)arg;
    assert_true(eddy_task_cancel(outer));
    assert_int_equal(eddy_await(outer, NULL), 0);
    assert_int_equal(self.rc, EDDY_ECANCELED);
    assert_true(eddy_task_cancelled(inner));
    eddy_task_release(inner);
    eddy_task_release(outer);
    return 0;
}

/* A task that others cancel is an outcome, not a timeout. */
TASK_TEST(task_that_others_cancel_is_no_timeout)
{
    telling self;
    child body = {.forever = true};
    eddy_task *inner = spawn(&body), *outer = start_waiting_for(&self, inner);
    (void)arg;
    assert_true(eddy_task_cancel(inner));
    assert_int_equal(eddy_await(outer, NULL), 0);
    assert_int_equal(self.rc, 0);
    assert_int_equal(self.outcome, EDDY_ECANCELED);
    eddy_task_release(inner);
    eddy_task_release(outer);
    return 0;
}

/* V6, test_wait_for_issue86296: the result stays readable. */
TASK_TEST(fault_C1_wait_for_cancelled_in_the_iteration_in_which_the_task_ended)
{
    telling self;
    eddy_future *gate = make_future();
    child body = {.gate = gate, .result = 21};
    eddy_task *inner = spawn(&body), *outer = start_waiting_for(&self, inner);
    (void)arg;
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    yield_times(1);
    assert_true(eddy_task_done(inner));
    assert_false(eddy_task_done(outer));
    assert_true(eddy_task_cancel(outer));
    assert_int_equal(eddy_await(outer, NULL), 0);
    assert_int_equal(self.rc, EDDY_ECANCELED);
    assert_int_equal(self.outcome, 1);
    assert_int_equal(eddy_task_result(inner), 21);
    eddy_task_release(inner);
    eddy_task_release(outer);
    eddy_future_release(gate);
    return 0;
}

/* test_shielded_timeout */
static int shield_call(void *task)
{
    return eddy_shield(task, NULL);
}

TASK_TEST(shielded_work_lives_on_after_the_limit)
{
    eddy_future *gate = make_future();
    child body = {.gate = gate, .result = 2};
    eddy_task *task = spawn(&body);
    (void)arg;
    assert_int_equal(eddy_wait_for_call(shield_call, task, 0.001), EDDY_ETIMEDOUT);
    assert_false(eddy_task_done(task));
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    assert_int_equal(eddy_await(task, NULL), 2);
    eddy_task_release(task);
    eddy_future_release(gate);
    return 0;
}

/* ---- a call in the current task ---- */

/* V2: in the caller's own task. */
static int which_task(void *arg)
{
    assert_ptr_equal(eddy_current_task(), *(eddy_task **)arg);
    assert_int_equal(eddy_sleep(0), 0);
    return 5;
}

TASK_TEST(call_with_a_limit_runs_in_the_callers_task)
{
    eddy_task *self = eddy_current_task();
    (void)arg;
    assert_int_equal(eddy_wait_for_call(which_task, &self, 100.0), 5);
    assert_int_equal(eddy_wait_for_call(which_task, &self, never), 5);
    return 0;
}

/* V3, test_wait_for_timeout_less_then_0_or_0_coroutine_do_not_started */
TASK_TEST(call_without_time_left_is_never_made)
{
    child body = {0};
    (void)arg;
    assert_int_equal(eddy_wait_for_call(child_body, &body, 0), EDDY_ETIMEDOUT);
    assert_int_equal(eddy_wait_for_call(child_body, &body, -3), EDDY_ETIMEDOUT);
    assert_false(body.started);
    return 0;
}

/* V4 */
TASK_TEST(call_is_cancelled_at_the_limit_and_its_own_end_wins)
{
    child passing = {.forever = true, .cleanup_steps = 2};
    child swallowing = {.forever = true, .on_cancel = 17};
    child failing = {.forever = true, .on_cancel = EDDY_EPIPE};
    (void)arg;
    assert_int_equal(eddy_wait_for_call(child_body, &passing, 0.001), EDDY_ETIMEDOUT);
    assert_int_equal(passing.cancels, 1);
    assert_int_equal(eddy_wait_for_call(child_body, &swallowing, 0.001), 17);
    assert_int_equal(eddy_wait_for_call(child_body, &failing, 0.001), EDDY_EPIPE);
    assert_int_equal(eddy_task_cancelling(eddy_current_task()), 0);
    yield_times(1);
    return 0;
}

TASK_TEST(wait_for_refuses_what_makes_no_sense)
{
    child body = {0};
    eddy_task *task = spawn(&body);
    (void)arg;
    assert_int_equal(eddy_wait_for(NULL, NULL, 1), EDDY_EINVAL);
    assert_int_equal(eddy_wait_for(task, NULL, (double)NAN), EDDY_EINVAL);
    assert_int_equal(eddy_wait_for_call(NULL, NULL, 1), EDDY_EINVAL);
    assert_int_equal(eddy_wait_for_call(child_body, &body, (double)NAN), EDDY_EINVAL);
    assert_int_equal(eddy_wait_for(eddy_current_task(), NULL, 0), EDDY_EDEADLK);
    assert_int_equal(eddy_wait_for(eddy_current_task(), NULL, 1), EDDY_EDEADLK);
    assert_int_equal(eddy_await(task, NULL), 0);
    eddy_task_release(task);
    return 0;
}

int suite_wait_for(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait_for_without_a_limit_is_an_await),
        cmocka_unit_test(wait_for_cancels_the_task_at_the_limit),
        cmocka_unit_test(error_of_the_task_is_its_outcome),
        cmocka_unit_test(wait_for_waits_for_slow_clean_up),
        cmocka_unit_test(end_that_the_task_gave_itself_wins_over_the_limit),
        cmocka_unit_test(wait_for_without_time_left_cancels_what_has_not_begun),
        cmocka_unit_test(cancelling_wait_for_cancels_the_task),
        cmocka_unit_test(task_that_others_cancel_is_no_timeout),
        cmocka_unit_test(fault_C1_wait_for_cancelled_in_the_iteration_in_which_the_task_ended),
        cmocka_unit_test(shielded_work_lives_on_after_the_limit),
        cmocka_unit_test(call_with_a_limit_runs_in_the_callers_task),
        cmocka_unit_test(call_without_time_left_is_never_made),
        cmocka_unit_test(call_is_cancelled_at_the_limit_and_its_own_end_wins),
        cmocka_unit_test(wait_for_refuses_what_makes_no_sense),
    };
    return cmocka_run_group_tests_name("wait_for", tests, NULL, NULL);
}
