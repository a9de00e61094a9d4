/* suite_timeouts.c: a timeout cancels its own block and nobody else's, and knows afterwards whose cancel it was.
 * Touches the public API. Rule numbers O1-O7 and V1-V6 are those of asyncio's inventory. A deadline in the past stands for one
 * that is due: no test waits for time where order will do. */
#include "bodies.h"
#include "suite.h"

static const double never = (double)INFINITY;

/* Make it due now; it fires from the ready queue, as call_soon does. */
static void fire(eddy_timeout *limit)
{
    assert_int_equal(eddy_timeout_reschedule(limit, 0), 0);
}

static int count_now(void)
{
    return eddy_task_cancelling(eddy_current_task());
}

/* ---- firing ---- */

/* O1, O2, test_outer_task_is_not_cancelled */
TASK_TEST(timeout_cancels_its_block_and_the_task_goes_on)
{
    eddy_timeout limit;
    double before = eddy_loop_time(eddy_get_running_loop());
    (void)arg;
    assert_int_equal(eddy_timeout_enter(&limit, 0.003), 0);
    assert_false(eddy_timeout_expired(&limit));
    int rc = eddy_sleep(never);
    assert_true(eddy_loop_time(eddy_get_running_loop()) >= before + 0.003);
    assert_int_equal(rc, EDDY_ECANCELED);
    assert_true(eddy_timeout_expired(&limit));
    assert_int_equal(count_now(), 1);
    assert_int_equal(eddy_timeout_exit(&limit, rc), EDDY_ETIMEDOUT);
    assert_true(eddy_timeout_expired(&limit));
    assert_int_equal(count_now(), 0);
    assert_int_equal(eddy_last_error()->code, EDDY_ETIMEDOUT);
    yield_times(2);
    return 0;
}

TASK_TEST(block_that_ends_in_time_keeps_its_result)
{
    static const int results[] = {0, 7, EDDY_EPIPE};
    (void)arg;
    for (int i = 0; i < 3; i++) {
        eddy_timeout limit;
        assert_int_equal(eddy_timeout_enter(&limit, i == 0 ? never : 100.0), 0);
        yield_times(2);
        assert_int_equal(eddy_timeout_exit(&limit, results[i]), results[i]);
        assert_false(eddy_timeout_expired(&limit));
        assert_int_equal(count_now(), 0);
    }
    return 0;
}

/* O5, test_timeout_zero_sleep_zero, test_timeout_in_the_past_sleep_zero: at the first suspension, also a bare yield. */
TASK_TEST(deadline_in_the_past_fires_at_the_first_suspension)
{
    (void)arg;
    for (int absolute = 0; absolute < 2; absolute++) {
        eddy_timeout limit;
        eddy_loop *loop = eddy_get_running_loop();
        assert_int_equal(absolute ? eddy_timeout_enter_at(&limit, eddy_loop_time(loop) - 1)
                                  : eddy_timeout_enter(&limit, 0),
                         0);
        assert_false(eddy_timeout_expired(&limit));
        int rc = eddy_sleep(0);
        assert_int_equal(rc, EDDY_ECANCELED);
        assert_int_equal(eddy_timeout_exit(&limit, rc), EDDY_ETIMEDOUT);
    }
    return 0;
}

/* O5: it never fires while the task runs, however late it is. */
TASK_TEST(block_that_does_not_suspend_is_never_timed_out)
{
    eddy_timeout limit;
    eddy_future *done = make_future();
    (void)arg;
    assert_int_equal(eddy_future_set_result(done, 4), 0);
    assert_int_equal(eddy_timeout_enter(&limit, 0), 0);
    int rc = eddy_await_future(done, NULL);
    assert_int_equal(eddy_timeout_exit(&limit, rc), 4);
    assert_false(eddy_timeout_expired(&limit));
    yield_times(2);
    assert_int_equal(count_now(), 0);
    eddy_future_release(done);
    return 0;
}

/* ---- whose cancel, whose error ---- */

/* test_foreign_exception_passed */
TASK_TEST(other_errors_pass_through)
{
    eddy_timeout limit;
    (void)arg;
    assert_int_equal(eddy_timeout_enter(&limit, 100.0), 0);
    assert_int_equal(eddy_timeout_exit(&limit, EDDY_EPIPE), EDDY_EPIPE);
    assert_false(eddy_timeout_expired(&limit));
    return 0;
}

/* O2, test_foreign_exception_on_timeout: an error of the clean-up wins. */
TASK_TEST(error_of_the_clean_up_wins_over_the_timeout)
{
    eddy_timeout limit;
    (void)arg;
    assert_int_equal(eddy_timeout_enter(&limit, 0), 0);
    assert_int_equal(eddy_sleep(never), EDDY_ECANCELED);
    yield_times(2);
    assert_int_equal(eddy_timeout_exit(&limit, EDDY_EIO), EDDY_EIO);
    assert_true(eddy_timeout_expired(&limit));
    assert_int_equal(count_now(), 0);
    return 0;
}

/* O4 */
TASK_TEST(body_that_swallowed_the_cancel_is_not_timed_out)
{
    eddy_timeout limit;
    (void)arg;
    assert_int_equal(eddy_timeout_enter(&limit, 0), 0);
    assert_int_equal(eddy_sleep(never), EDDY_ECANCELED);
    assert_int_equal(eddy_timeout_exit(&limit, 9), 9);
    assert_true(eddy_timeout_expired(&limit));
    assert_int_equal(count_now(), 0);
    yield_times(1);
    return 0;
}

typedef struct limited {
    eddy_timeout limit;
    int rc, count_after;
    bool expired;
} limited;

static int limited_body(void *arg)
{
    limited *self = arg;
    (void)eddy_timeout_enter(&self->limit, never);
    int rc = eddy_sleep(never);
    self->rc = eddy_timeout_exit(&self->limit, rc);
    self->expired = eddy_timeout_expired(&self->limit);
    self->count_after = count_now();
    return self->rc;
}

static eddy_task *start_limited(limited *self)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, limited_body, self, NULL), 0);
    yield_times(1);
    return task;
}

/* test_foreign_cancel_doesnt_timeout_if_not_expired */
TASK_TEST(outside_cancel_is_no_timeout)
{
    limited self = {.rc = 0};
    eddy_task *task = start_limited(&self);
    (void)arg;
    assert_true(eddy_task_cancel_with_message(task, "from outside"));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_string_equal(eddy_last_error()->message, "from outside");
    assert_false(self.expired);
    assert_int_equal(self.count_after, 1);
    eddy_task_release(task);
    return 0;
}

/* O3: it always wins, in both orders. */
TASK_TEST(outside_cancel_wins_over_the_timeout)
{
    (void)arg;
    for (int order = 0; order < 2; order++) {
        limited self = {.rc = 0};
        eddy_task *task = start_limited(&self);
        fire(&self.limit);
        if (order == 1) {
            assert_int_equal(eddy_sleep(0), 0); /* it has fired, the cancel is on its way */
            assert_false(eddy_task_done(task));
        }
        assert_true(eddy_task_cancel(task));
        assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
        assert_int_equal(self.rc, EDDY_ECANCELED);
        assert_int_equal(self.count_after, 1);
        assert_int_equal(self.expired, 1);
        eddy_task_release(task);
    }
    return 0;
}

/* O7, test_timeout_after_cancellation: it compares with the count at entry. */
static int limit_in_clean_up(void *arg)
{
    eddy_timeout limit;
    assert_int_equal(eddy_sleep(never), EDDY_ECANCELED);
    (void)eddy_timeout_enter(&limit, 0);
    int rc = eddy_sleep(never);
    *(int *)arg = eddy_timeout_exit(&limit, rc);
    assert_int_equal(count_now(), 1);
    return EDDY_ECANCELED;
}

TASK_TEST(timeout_works_in_the_clean_up_of_a_cancelled_task)
{
    int seen = 0;
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, limit_in_clean_up, &seen, NULL), 0);
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_int_equal(seen, EDDY_ETIMEDOUT);
    eddy_task_release(task);
    return 0;
}

static int cancelled_twice(void *arg)
{
    limited *self = arg;
    assert_int_equal(eddy_sleep(never), EDDY_ECANCELED);
    return limited_body(self);
}

/* test_cancel_in_timeout_after_cancellation */
TASK_TEST(second_cancel_inside_a_timeout_wins)
{
    limited self = {.rc = 0};
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, cancelled_twice, &self, NULL), 0);
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    yield_times(1);
    fire(&self.limit);
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_int_equal(self.rc, EDDY_ECANCELED);
    assert_int_equal(self.count_after, 2);
    eddy_task_release(task);
    return 0;
}

/* ---- nested ---- */

/* O6, test_nested_timeouts: due together: the inner one sees a foreign cancel, the outer one its own. */
TASK_TEST(nested_timeouts_due_together_are_the_outer_ones)
{
    eddy_timeout outer, inner;
    (void)arg;
    assert_int_equal(eddy_timeout_enter(&outer, 0), 0);
    assert_int_equal(eddy_timeout_enter(&inner, 0), 0);
    int rc = eddy_sleep(never);
    assert_int_equal(count_now(), 2);
    rc = eddy_timeout_exit(&inner, rc);
    assert_int_equal(rc, EDDY_ECANCELED);
    assert_int_equal(count_now(), 1);
    assert_int_equal(eddy_timeout_exit(&outer, rc), EDDY_ETIMEDOUT);
    assert_int_equal(count_now(), 0);
    assert_true(eddy_timeout_expired(&inner));
    assert_true(eddy_timeout_expired(&outer));
    return 0;
}

/* The inner one is first: the outer one goes on. */
TASK_TEST(inner_timeout_leaves_the_outer_one_running)
{
    eddy_timeout outer, inner;
    (void)arg;
    assert_int_equal(eddy_timeout_enter(&outer, 100.0), 0);
    assert_int_equal(eddy_timeout_enter(&inner, 0), 0);
    int rc = eddy_timeout_exit(&inner, eddy_sleep(never));
    assert_int_equal(rc, EDDY_ETIMEDOUT);
    yield_times(2);
    assert_int_equal(eddy_timeout_exit(&outer, 5), 5);
    assert_false(eddy_timeout_expired(&outer));
    return 0;
}

/* The outer one is first: it is a foreign cancel to the inner one. */
TASK_TEST(outer_timeout_passes_through_the_inner_one)
{
    eddy_timeout outer, inner;
    (void)arg;
    assert_int_equal(eddy_timeout_enter(&outer, 0), 0);
    assert_int_equal(eddy_timeout_enter(&inner, 100.0), 0);
    int rc = eddy_timeout_exit(&inner, eddy_sleep(never));
    assert_int_equal(rc, EDDY_ECANCELED);
    assert_false(eddy_timeout_expired(&inner));
    assert_int_equal(eddy_timeout_exit(&outer, rc), EDDY_ETIMEDOUT);
    return 0;
}

static void fire_soon(void *limit)
{
    fire(limit);
}

/* O6, test_nested_timeouts_concurrent, test_nested_timeouts_loop_busy: the inner one handled, the outer one fires at the next
 * suspension. */
TASK_TEST(outer_timeout_fires_after_the_inner_one_was_handled)
{
    eddy_timeout outer, inner;
    (void)arg;
    assert_int_equal(eddy_timeout_enter(&outer, never), 0);
    assert_int_equal(eddy_timeout_enter(&inner, 0), 0);
    int rc = eddy_timeout_exit(&inner, eddy_sleep(never));
    assert_int_equal(rc, EDDY_ETIMEDOUT);
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, fire_soon, &outer), 0);
    rc = eddy_sleep(never);
    assert_int_equal(rc, EDDY_ECANCELED);
    assert_int_equal(eddy_timeout_exit(&outer, rc), EDDY_ETIMEDOUT);
    assert_int_equal(count_now(), 0);
    return 0;
}

/* ---- moving the deadline ---- */

/* test_reschedule: another task moves it to never and back. */
TASK_TEST(another_task_moves_the_deadline)
{
    limited self = {.rc = 0};
    eddy_task *task = start_limited(&self);
    double soon = eddy_loop_time(eddy_get_running_loop()) + 0.002;
    (void)arg;
    assert_true(isinf(eddy_timeout_when(&self.limit)));
    assert_int_equal(eddy_timeout_reschedule(&self.limit, soon), 0);
    assert_true(fabs(eddy_timeout_when(&self.limit) - soon) < 1e-6);
    assert_int_equal(eddy_timeout_reschedule(&self.limit, never), 0);
    assert_true(isinf(eddy_timeout_when(&self.limit)));
    assert_int_equal(eddy_sleep(0.004), 0);
    assert_false(eddy_task_done(task));
    assert_int_equal(eddy_timeout_reschedule(&self.limit, soon), 0);
    assert_int_equal(eddy_await(task, NULL), EDDY_ETIMEDOUT);
    assert_true(fabs(eddy_timeout_when(&self.limit) - soon) < 1e-6);
    eddy_task_release(task);
    return 0;
}

/* A deadline that is due and not yet acted on can still be moved. */
TASK_TEST(due_deadline_can_be_moved_before_it_is_acted_on)
{
    limited self = {.rc = 0};
    eddy_task *task = start_limited(&self);
    (void)arg;
    fire(&self.limit);
    fire(&self.limit);
    assert_int_equal(eddy_timeout_reschedule(&self.limit, never), 0);
    yield_times(3);
    assert_false(eddy_task_done(task));
    assert_false(eddy_timeout_expired(&self.limit));
    fire(&self.limit);
    assert_int_equal(eddy_await(task, NULL), EDDY_ETIMEDOUT);
    eddy_task_release(task);
    return 0;
}

/* test_timeout_expired, test_timeout_expiring, test_timeout_finished, test_timeout_not_entered */
TASK_TEST(reschedule_is_refused_unless_the_block_is_active)
{
    eddy_timeout limit = {{0}};
    (void)arg;
    assert_int_equal(eddy_timeout_reschedule(&limit, 5), EDDY_EINVALIDSTATE); /* not entered */
    assert_false(eddy_timeout_expired(&limit));
    assert_int_equal(eddy_timeout_exit(&limit, 0), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_timeout_enter(&limit, 0), 0);
    assert_int_equal(eddy_timeout_reschedule(&limit, (double)NAN), EDDY_EINVAL);
    int rc = eddy_sleep(never);
    assert_int_equal(eddy_timeout_reschedule(&limit, never), EDDY_EINVALIDSTATE); /* expiring */
    assert_int_equal(eddy_timeout_exit(&limit, rc), EDDY_ETIMEDOUT);
    assert_int_equal(eddy_timeout_reschedule(&limit, never), EDDY_EINVALIDSTATE); /* expired */
    assert_int_equal(eddy_timeout_exit(&limit, rc), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_timeout_enter(&limit, never), 0);
    assert_int_equal(eddy_timeout_exit(&limit, 1), 1);
    assert_int_equal(eddy_timeout_reschedule(&limit, never), EDDY_EINVALIDSTATE); /* finished */
    return 0;
}

/* ---- entering that fails, exits that are forgotten ---- */

static int rc_outside;

static void enter_in_callback(void *limit)
{
    rc_outside = eddy_timeout_enter(limit, 5);
}

/* test_timeout_without_task */
TASK_TEST(timeout_needs_a_task)
{
    eddy_timeout limit;
    (void)arg;
    rc_outside = 0;
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, enter_in_callback, &limit), 0);
    yield_times(1);
    assert_int_equal(rc_outside, EDDY_ENOTASK);
    assert_int_equal(eddy_timeout_exit(&limit, 3), EDDY_ENOTASK);
    assert_int_equal(count_now(), 0);
    return 0;
}

/* A limit is never silently not armed: the block is cancelled at its next await, and exit gives the reason. */
TASK_TEST(block_whose_limit_could_not_be_armed_is_cancelled)
{
    eddy_timeout limit;
    (void)arg;
    assert_int_equal(eddy_timeout_enter(&limit, (double)NAN), EDDY_EINVAL);
    int rc = eddy_sleep(0);
    assert_int_equal(rc, EDDY_ECANCELED);
    assert_int_equal(eddy_timeout_exit(&limit, rc), EDDY_EINVAL);
    assert_int_equal(count_now(), 0);
    assert_int_equal(eddy_timeout_enter(&limit, (double)NAN), EDDY_EINVAL);
    assert_int_equal(eddy_timeout_exit(&limit, 0), EDDY_EINVAL); /* a body without an await */
    yield_times(1);
    return 0;
}

static int forget_to_exit(void *arg)
{
    (void)arg;
    eddy_timeout limit;
    (void)eddy_timeout_enter(&limit, 0.001);
    return 4;
}

TASK_TEST(forgotten_exit_is_reported_at_the_end_of_the_task)
{
    eddy_task *task;
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_create_task(&task, forget_to_exit, NULL, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), 4);
    assert_int_equal(support_reports(), 1);
    assert_int_equal(support_last_code(), EDDY_EUNCLOSED);
    assert_int_equal(eddy_sleep(0.002), 0); /* its timer is gone */
    eddy_task_release(task);
    return 0;
}

TASK_TEST(forgotten_inner_exit_is_reported_by_the_outer_one)
{
    eddy_timeout outer, inner;
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_timeout_enter(&outer, 100.0), 0);
    assert_int_equal(eddy_timeout_enter(&inner, 100.0), 0);
    assert_int_equal(eddy_timeout_exit(&outer, 2), 2);
    assert_int_equal(support_reports(), 1);
    assert_int_equal(support_last_code(), EDDY_EUNCLOSED);
    assert_int_equal(eddy_timeout_exit(&inner, 0), EDDY_EINVALIDSTATE);
    return 0;
}

static int enter_twice(void *arg)
{
    eddy_timeout limit;
    assert_int_equal(eddy_timeout_enter(&limit, never), 0);
    assert_int_equal(eddy_timeout_enter(&limit, 100.0), EDDY_EINVALIDSTATE);
    int rc = eddy_sleep(never);
    assert_int_equal(rc, EDDY_ECANCELED);
    assert_int_equal(eddy_timeout_exit(&limit, rc), EDDY_EINVALIDSTATE);
    assert_int_equal(count_now(), 0);
    assert_int_equal(eddy_timeout_exit(&limit, 0), EDDY_EINVALIDSTATE);
    return *(int *)arg;
}

/* Its second block was not armed, so it is cancelled; the first one is forgotten by then. */
TASK_TEST(timeout_entered_twice_is_refused)
{
    int result = 3;
    eddy_task *task;
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_create_task(&task, enter_twice, &result, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), 3);
    assert_int_equal(support_reports(), 1);
    assert_int_equal(support_last_code(), EDDY_EUNCLOSED);
    eddy_task_release(task);
    return 0;
}

/* ---- fault C2: limit and completion in one iteration ---- */

static int wait_for_gate(void *gate)
{
    return eddy_await_future(gate, NULL);
}

typedef struct tied {
    eddy_timeout limit;
    eddy_future *gate;
    int rc;
} tied;

static int tied_body(void *arg)
{
    tied *self = arg;
    (void)eddy_timeout_enter(&self->limit, never);
    int rc = wait_for_gate(self->gate);
    self->rc = eddy_timeout_exit(&self->limit, rc);
    return 0;
}

/* Every order of the two: a result that the body has seen is never followed by a timeout, and one that it has not seen stays
 * readable. Both ends must occur. */
TASK_TEST(fault_C2_limit_and_result_in_one_iteration)
{
    int results = 0, timeouts = 0;
    (void)arg;
    for (int order = 0; order < 4; order++) {
        tied self = {.gate = make_future(), .rc = 1};
        eddy_task *task;
        assert_int_equal(eddy_create_task(&task, tied_body, &self, NULL), 0);
        yield_times(1);
        if (order == 0) /* the task's step is queued before the limit fires: it is over by then */
            assert_int_equal(eddy_future_set_result(self.gate, 8), 0);
        fire(&self.limit);
        if (order == 1) /* the limit fires first, with the step already queued: T7 */
            assert_int_equal(eddy_future_set_result(self.gate, 8), 0);
        if (order >= 2)
            yield_times(1);
        if (order == 3) /* the limit has taken the future along */
            assert_int_equal(eddy_future_set_result(self.gate, 8), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_await(task, NULL), 0);
        assert_int_equal(self.rc, order == 0 ? 8 : EDDY_ETIMEDOUT);
        assert_int_equal(eddy_future_result(self.gate), order < 2 ? 8 : EDDY_ECANCELED);
        assert_int_equal(eddy_timeout_expired(&self.limit), order != 0);
        results += self.rc == 8;
        timeouts += self.rc == EDDY_ETIMEDOUT;
        eddy_task_release(task);
        eddy_future_release(self.gate);
    }
    assert_true(results > 0 && timeouts > 0);
    return 0;
}

int suite_timeouts(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timeout_cancels_its_block_and_the_task_goes_on),
        cmocka_unit_test(block_that_ends_in_time_keeps_its_result),
        cmocka_unit_test(deadline_in_the_past_fires_at_the_first_suspension),
        cmocka_unit_test(block_that_does_not_suspend_is_never_timed_out),
        cmocka_unit_test(other_errors_pass_through),
        cmocka_unit_test(error_of_the_clean_up_wins_over_the_timeout),
        cmocka_unit_test(body_that_swallowed_the_cancel_is_not_timed_out),
        cmocka_unit_test(outside_cancel_is_no_timeout),
        cmocka_unit_test(outside_cancel_wins_over_the_timeout),
        cmocka_unit_test(timeout_works_in_the_clean_up_of_a_cancelled_task),
        cmocka_unit_test(second_cancel_inside_a_timeout_wins),
        cmocka_unit_test(nested_timeouts_due_together_are_the_outer_ones),
        cmocka_unit_test(inner_timeout_leaves_the_outer_one_running),
        cmocka_unit_test(outer_timeout_passes_through_the_inner_one),
        cmocka_unit_test(outer_timeout_fires_after_the_inner_one_was_handled),
        cmocka_unit_test(another_task_moves_the_deadline),
        cmocka_unit_test(due_deadline_can_be_moved_before_it_is_acted_on),
        cmocka_unit_test(reschedule_is_refused_unless_the_block_is_active),
        cmocka_unit_test(timeout_needs_a_task),
        cmocka_unit_test(block_whose_limit_could_not_be_armed_is_cancelled),
        cmocka_unit_test(forgotten_exit_is_reported_at_the_end_of_the_task),
        cmocka_unit_test(forgotten_inner_exit_is_reported_by_the_outer_one),
        cmocka_unit_test(timeout_entered_twice_is_refused),
        cmocka_unit_test(fault_C2_limit_and_result_in_one_iteration),
    };
    return cmocka_run_group_tests_name("timeouts", tests, NULL, NULL);
}
