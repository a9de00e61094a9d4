/* suite_cancel_races.c: cancels that meet a result, a task that ignores them, or an odd moment: one defined outcome each.
 * Touches the public API, and the one way to wait for what only I/O may do. Fault ids are those of the fault catalogue. */
#include "bodies.h"
#include "core/task/task.h"
#include "suite.h"

/* ---- fault C1: cancel and result in one iteration ---- */

typedef struct tie {
    eddy_future *gate;
    int rc, after;
} tie;

static int tie_body(void *arg)
{
    tie *self = arg;
    self->rc = eddy_await_future(self->gate, NULL);
    self->after = eddy_sleep(0);
    return 1;
}

/* Both orders, from a plain callback's point of view: nothing of the task runs in between.
 * T7: the cancel is delivered instead of the result, exactly once; what was set stays readable. */
TASK_TEST(fault_C1_cancel_in_the_iteration_of_the_result_is_delivered_once)
{
    (void)arg;
    for (int order = 0; order < 2; order++) {
        tie self = {.gate = make_future(), .rc = 77, .after = 77};
        eddy_task *task;
        assert_int_equal(eddy_create_task(&task, tie_body, &self, NULL), 0);
        yield_times(1);
        if (order == 0) {
            assert_int_equal(eddy_future_set_result(self.gate, 5), 0);
            assert_true(eddy_task_cancel(task));
        } else {
            assert_true(eddy_task_cancel(task));
            assert_int_equal(eddy_future_set_result(self.gate, 5), EDDY_EINVALIDSTATE);
        }
        assert_int_equal(eddy_await(task, NULL), 1);
        assert_int_equal(self.rc, EDDY_ECANCELED);
        assert_int_equal(self.after, 0);
        assert_int_equal(eddy_future_result(self.gate), order == 0 ? 5 : EDDY_ECANCELED);
        eddy_task_release(task);
        eddy_future_release(self.gate);
    }
    return 0;
}

/* The same with a task as what is awaited, and with a sleep whose time is up: the value is not lost, the cancel not swallowed. */
TASK_TEST(fault_C1_cancel_after_the_awaited_task_ended)
{
    child body = {.result = 9};
    telling self = {.awaited = spawn(&body), .rc = 1, .outcome = 1};
    eddy_task *awaiter;
    (void)arg;
    assert_int_equal(eddy_create_task(&awaiter, tell_whose, &self, NULL), 0);
    yield_times(1);
    assert_true(eddy_task_done(self.awaited)); /* it ran before the awaiter did, which so never waited */
    assert_int_equal(self.outcome, 9);
    eddy_task_release(awaiter);
    eddy_task_release(self.awaited);

    eddy_future *gate = make_future();
    child gated = {.gate = gate, .result = 9};
    self = (telling){.awaited = spawn(&gated), .rc = 1, .outcome = 1};
    assert_int_equal(eddy_create_task(&awaiter, tell_whose, &self, NULL), 0);
    yield_times(1);
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    yield_times(1);
    assert_true(eddy_task_done(self.awaited)); /* its waiter is queued and has not run */
    assert_false(eddy_task_done(awaiter));
    assert_true(eddy_task_cancel(awaiter));
    yield_times(1);
    assert_int_equal(self.rc, EDDY_ECANCELED);
    assert_int_equal(self.outcome, 1);
    assert_int_equal(eddy_task_result(self.awaited), 9);
    assert_int_equal(eddy_task_cancelling(self.awaited), 0);
    eddy_task_release(awaiter);
    eddy_task_release(self.awaited);
    eddy_future_release(gate);
    return 0;
}

/* ---- what only I/O does ---- */

/* A wait as a descriptor's is: a result that is there is handed over, and a cancel that comes with it is kept. */
typedef struct io_like {
    eddyi_wait wait;
    int first, second;
    bool awaits_again, uncancels;
} io_like;

static bool io_like_cancel(eddyi_wait *wait)
{
    eddyi_task_wake(wait->task, EDDY_ECANCELED);
    return true;
}

static void io_like_abandon(eddyi_wait *wait)
{
    (void)wait;
}

static const eddyi_wait_kind io_like_kind = {"test", io_like_cancel, io_like_abandon, NULL};

static int io_like_body(void *arg)
{
    io_like *self = arg;
    self->wait = (eddyi_wait){.kind = &io_like_kind, .task = eddy_current_task()};
    self->first = eddyi_suspend(&self->wait, true);
    if (self->uncancels)
        (void)eddy_task_uncancel(eddy_current_task());
    self->second = self->awaits_again ? eddy_sleep(0) : 0;
    return self->second < 0 ? self->second : self->first;
}

static eddy_task *io_like_start(io_like *self)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, io_like_body, self, NULL), 0);
    yield_times(1);
    return task;
}

TASK_TEST(io_result_that_is_there_is_handed_over_and_the_cancel_kept)
{
    io_like self = {.awaits_again = true};
    eddy_task *task = io_like_start(&self);
    (void)arg;
    eddyi_task_wake(task, 5);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_int_equal(self.first, 5);
    assert_int_equal(self.second, EDDY_ECANCELED);
    eddy_task_release(task);
    return 0;
}

TASK_TEST(io_result_survives_when_the_body_ends_without_another_await)
{
    io_like self = {0};
    eddy_task *task = io_like_start(&self);
    (void)arg;
    eddyi_task_wake(task, 5);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), 5);
    assert_false(eddy_task_cancelled(task));
    assert_int_equal(eddy_task_cancelling(task), 1);
    eddy_task_release(task);
    return 0;
}

/* T10 holds for a kept cancel too. */
TASK_TEST(kept_cancel_is_withdrawn_by_uncancel)
{
    io_like self = {.awaits_again = true, .uncancels = true};
    eddy_task *task = io_like_start(&self);
    (void)arg;
    eddyi_task_wake(task, 5);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), 5);
    assert_int_equal(self.second, 0);
    eddy_task_release(task);
    return 0;
}

TASK_TEST(io_that_has_no_result_yet_is_cancelled_at_once)
{
    io_like self = {.awaits_again = true};
    eddy_task *task = io_like_start(&self);
    (void)arg;
    assert_true(eddy_task_cancel(task));
    yield_times(2);
    assert_int_equal(self.first, EDDY_ECANCELED);
    assert_int_equal(self.second, 0);
    assert_int_equal(eddy_task_result(task), EDDY_ECANCELED);
    eddy_task_release(task);
    return 0;
}

/* ---- fault C4: a task that ignores the cancel ---- */

static int wait_shielded_with_a_limit(void *arg)
{
    eddy_timeout limit;
    (void)eddy_timeout_enter(&limit, 0.002);
    int rc = eddy_shield(arg, NULL);
    return eddy_timeout_exit(&limit, rc);
}

/* Clean-up that takes too long is left to itself after its deadline. */
TASK_TEST(fault_C4_shielded_clean_up_has_a_deadline)
{
    eddy_future *gate = make_future();
    child cleanup = {.gate = gate, .result = 3};
    eddy_task *inner = spawn(&cleanup), *outer;
    (void)arg;
    assert_int_equal(eddy_create_task(&outer, wait_shielded_with_a_limit, inner, NULL), 0);
    assert_int_equal(eddy_await(outer, NULL), EDDY_ETIMEDOUT);
    assert_false(eddy_task_done(inner));
    assert_int_equal(eddy_task_cancelling(inner), 0);
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    assert_int_equal(eddy_await(inner, NULL), 3);
    eddy_task_release(inner);
    eddy_task_release(outer);
    eddy_future_release(gate);
    return 0;
}

static int ignore_cancels(void *arg)
{
    int *left = arg;
    while (*left > 0)
        if (eddy_sleep((double)INFINITY) == EDDY_ECANCELED)
            --*left;
    return 0;
}

/* A task that ignores cancels ends when it has had enough of them, not sooner; each request is delivered. */
TASK_TEST(fault_C4_each_new_request_is_delivered_to_a_task_that_ignores_them)
{
    int left = 3;
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, ignore_cancels, &left, NULL), 0);
    yield_times(1);
    for (int i = 3; i > 0; i--) {
        assert_int_equal(left, i);
        assert_true(eddy_task_cancel(task));
        yield_times(1);
    }
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_false(eddy_task_cancelled(task));
    assert_int_equal(eddy_task_cancelling(task), 3);
    eddy_task_release(task);
    return 0;
}

static int swallow_in_sleep(void *gate)
{
    int dropped = eddy_sleep((double)INFINITY);
    (void)dropped;
    return eddy_await_future(gate, NULL);
}

static int swallow_on_purpose(void *gate)
{
    int rc = swallow_in_sleep(gate);
    (void)eddy_task_uncancel(eddy_current_task());
    return rc;
}

static void cancel_and_finish(eddy_coro_fn body, int result)
{
    eddy_future *gate = make_future();
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, body, gate, NULL), 0);
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    yield_times(2);
    if (result < 0)
        assert_int_equal(eddy_future_set_exception(gate, result), 0);
    else
        assert_int_equal(eddy_future_set_result(gate, result), 0);
    assert_int_equal(eddy_await(task, NULL), result);
    eddy_task_release(task);
    eddy_future_release(gate);
}

TASK_TEST(fault_C4_debug_mode_reports_a_swallowed_cancel_with_both_places)
{
    (void)arg;
    support_catch_reports();
    cancel_and_finish(swallow_in_sleep, 1);
    assert_int_equal(support_reports(), 0); /* asyncio allows it */
    eddy_loop_set_debug(eddy_get_running_loop(), true);
    cancel_and_finish(swallow_in_sleep, 1);
    assert_int_equal(support_reports(), 1);
    assert_int_equal(support_last_code(), EDDY_ECANCELED);
    assert_non_null(strstr(support_last_message(), "delivered in 'sleep'"));
    assert_non_null(strstr(support_last_message(), "last to 'future'"));
    return 0;
}

TASK_TEST(fault_C4_cancel_that_was_taken_back_or_ended_in_an_error_is_not_swallowed)
{
    (void)arg;
    support_catch_reports();
    eddy_loop_set_debug(eddy_get_running_loop(), true);
    cancel_and_finish(swallow_on_purpose, 1);
    cancel_and_finish(swallow_in_sleep, EDDY_EIO);
    assert_int_equal(support_reports(), 0);
    return 0;
}

static char reminded[32];

static void note_reminder(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    assert_int_equal(context->exception, EDDY_ECANCELED);
    (void)eddy_task_get_name(context->task, reminded, sizeof reminded);
    ++*(int *)arg;
}

static int clean_up_long(void *arg)
{
    int rc = eddy_sleep((double)INFINITY);
    *(int *)arg = eddy_sleep(25); /* it is told of, and left to it */
    return rc;
}

static int leave_a_group_with_a_stubborn_child(void *reports)
{
    int slept = -1;
    eddy_task_group group;
    eddy_task_options named = {.size = sizeof named, .name = "stubborn"};
    (void)eddy_loop_set_exception_handler(eddy_get_running_loop(), note_reminder, reports);
    (void)eddy_task_group_enter(&group);
    assert_int_equal(eddy_task_group_create_task(&group, NULL, clean_up_long, &slept, &named), 0);
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(eddy_task_group_exit(&group, EDDY_EPIPE), EDDY_EPIPE);
    assert_int_equal(slept, 0);
    assert_int_equal(eddy_task_cancelling(eddy_current_task()), 0);
    return 0;
}

static void fault_C4_group_that_shuts_down_names_who_goes_on(void **state)
{
    int reports = 0;
    (void)state;
    if (!support_is_simulated()) {
        (void)support_skip("the reminder comes after ten seconds, which pass at once there");
        return;
    }
    assert_int_equal(support_run(leave_a_group_with_a_stubborn_child, &reports), 0);
    assert_int_equal(reports, 2);
    assert_string_equal(reminded, "stubborn");
}

static int clean_up_slowly(void *arg)
{
    int rc = eddy_sleep((double)INFINITY);
    if (rc != EDDY_ECANCELED)
        return EDDY_EPROTO;
    (void)eddy_task_uncancel(eddy_current_task()); /* it took the cancel, and ends in its own time */
    *(int *)arg = eddy_sleep(25);
    return 0;
}

static int leave_a_group_with_a_slow_child(void *reports)
{
    int slept = -1;
    eddy_task_group group;
    (void)eddy_loop_set_exception_handler(eddy_get_running_loop(), note_reminder, reports);
    (void)eddy_task_group_enter(&group);
    assert_int_equal(eddy_task_group_create_task(&group, NULL, clean_up_slowly, &slept, NULL), 0);
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(eddy_task_group_exit(&group, EDDY_EPIPE), EDDY_EPIPE);
    assert_int_equal(slept, 0);
    return 0;
}

static void fault_C4_child_that_took_its_cancel_is_not_reminded(void **state)
{
    int reports = 0;
    (void)state;
    if (!support_is_simulated()) {
        (void)support_skip("the reminder comes after ten seconds, which pass at once there");
        return;
    }
    assert_int_equal(support_run(leave_a_group_with_a_slow_child, &reports), 0);
    assert_int_equal(reports, 0);
}

/* ---- fault C5: the table of moments ---- */

TASK_TEST(fault_C5_cancel_after_the_end_answers_false_and_counts_nothing)
{
    static const int results[] = {4, EDDY_EPIPE, EDDY_ECANCELED};
    (void)arg;
    for (size_t i = 0; i < 3; i++) {
        child body = {.result = results[i]};
        eddy_task *task = spawn(&body);
        assert_int_equal(eddy_await(task, NULL), results[i]);
        assert_false(eddy_task_cancel(task));
        assert_int_equal(eddy_task_cancelling(task), 0);
        assert_int_equal(eddy_task_result(task), results[i]);
        eddy_task_release(task);
    }
    return 0;
}

static int cancel_parent(void *arg)
{
    assert_true(eddy_task_cancel(arg));
    return 11;
}

static int parent_of_a_canceller(void *arg)
{
    eddy_task *task;
    int *seen = arg, rc;
    assert_int_equal(eddy_create_task(&task, cancel_parent, eddy_current_task(), NULL), 0);
    rc = eddy_await(task, NULL);
    *seen = eddy_task_result(task);
    eddy_task_release(task);
    return rc;
}

/* It awaits the very task that cancels it: the cancel goes down to the running child, which ends cancelled, for it returns
 * without another await (T4, T8). */
TASK_TEST(fault_C5_child_cancels_its_awaiting_parent)
{
    int seen = 0;
    eddy_task *parent;
    (void)arg;
    assert_int_equal(eddy_create_task(&parent, parent_of_a_canceller, &seen, NULL), 0);
    assert_int_equal(eddy_await(parent, NULL), EDDY_ECANCELED);
    assert_int_equal(seen, EDDY_ECANCELED);
    assert_true(eddy_task_cancelled(parent));
    eddy_task_release(parent);
    return 0;
}

/* Twice before the first step, and once more while it cleans up. */
TASK_TEST(fault_C5_cancel_during_clean_up_is_delivered_too)
{
    child body = {.forever = true, .cleanup_steps = 3};
    eddy_task *task = spawn(&body);
    (void)arg;
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    yield_times(2);
    assert_false(eddy_task_done(task));
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_int_equal(body.cancels, 2);
    assert_int_equal(eddy_task_cancelling(task), 2);
    eddy_task_release(task);
    return 0;
}

/* T7 for a yielding task: it is scheduled, so the cancel is kept for the step that is queued; uncancel can still withdraw it. */
TASK_TEST(fault_C5_cancel_of_a_scheduled_task)
{
    child body = {.steps = 1, .result = 2};
    eddy_task *task = spawn(&body);
    (void)arg;
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_task_uncancel(task), 0);
    assert_int_equal(eddy_await(task, NULL), 2);
    assert_int_equal(body.cancels, 0);
    eddy_task_release(task);
    return 0;
}

/* test_tb_logger_not_called_after_cancel */
TASK_TEST(cancel_after_the_failure_silences_the_report)
{
    child body = {.result = EDDY_EPIPE};
    eddy_task *task = spawn(&body);
    (void)arg;
    support_catch_reports();
    yield_times(1);
    assert_true(eddy_task_done(task));
    assert_false(eddy_task_cancel(task));
    eddy_task_release(task);
    assert_int_equal(support_reports(), 0);
    return 0;
}

int suite_cancel_races(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_C1_cancel_in_the_iteration_of_the_result_is_delivered_once),
        cmocka_unit_test(fault_C1_cancel_after_the_awaited_task_ended),
        cmocka_unit_test(io_result_that_is_there_is_handed_over_and_the_cancel_kept),
        cmocka_unit_test(io_result_survives_when_the_body_ends_without_another_await),
        cmocka_unit_test(kept_cancel_is_withdrawn_by_uncancel),
        cmocka_unit_test(io_that_has_no_result_yet_is_cancelled_at_once),
        cmocka_unit_test(fault_C4_shielded_clean_up_has_a_deadline),
        cmocka_unit_test(fault_C4_each_new_request_is_delivered_to_a_task_that_ignores_them),
        cmocka_unit_test(fault_C4_group_that_shuts_down_names_who_goes_on),
        cmocka_unit_test(fault_C4_child_that_took_its_cancel_is_not_reminded),
        cmocka_unit_test(fault_C4_debug_mode_reports_a_swallowed_cancel_with_both_places),
        cmocka_unit_test(fault_C4_cancel_that_was_taken_back_or_ended_in_an_error_is_not_swallowed),
        cmocka_unit_test(fault_C5_cancel_after_the_end_answers_false_and_counts_nothing),
        cmocka_unit_test(fault_C5_child_cancels_its_awaiting_parent),
        cmocka_unit_test(fault_C5_cancel_during_clean_up_is_delivered_too),
        cmocka_unit_test(fault_C5_cancel_of_a_scheduled_task),
        cmocka_unit_test(cancel_after_the_failure_silences_the_report),
    };
    return cmocka_run_group_tests_name("cancel races", tests, NULL, NULL);
}
