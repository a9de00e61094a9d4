/* suite_shield.c: shield takes a cancel alone: what it follows runs on, with nothing left on it.
 * Touches the public API. Rule numbers H1-H5 are those of asyncio's inventory. */
#include "bodies.h"
#include "suite.h"

static int shield_body(void *arg)
{
    telling *self = arg;
    self->rc = eddy_shield(self->awaited, &self->outcome);
    return 0;
}

static eddy_task *start_shielding(telling *self, eddy_task *inner)
{
    eddy_task *task;
    *self = (telling){.awaited = inner, .rc = 1, .outcome = 1};
    assert_int_equal(eddy_create_task(&task, shield_body, self, NULL), 0);
    yield_times(1);
    return task;
}

/* H2, test_shield_effect */
TASK_TEST(shielded_task_runs_on_when_the_caller_is_cancelled)
{
    telling self;
    eddy_future *gate = make_future();
    child body = {.gate = gate, .result = 4};
    eddy_task *inner = spawn(&body), *outer = start_shielding(&self, inner);
    (void)arg;
    assert_true(eddy_task_cancel(outer));
    assert_int_equal(eddy_await(outer, NULL), 0);
    assert_int_equal(self.rc, EDDY_ECANCELED);
    assert_int_equal(self.outcome, 1);
    assert_false(eddy_task_done(inner));
    assert_int_equal(eddy_task_cancelling(inner), 0);
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    assert_int_equal(eddy_await(inner, NULL), 4);
    assert_int_equal(body.cancels, 0);
    eddy_task_release(inner);
    eddy_task_release(outer);
    eddy_future_release(gate);
    return 0;
}

/* H4 */
TASK_TEST(shield_gives_result_or_error_as_await_does)
{
    static const int results[] = {0, 6, EDDY_EPIPE};
    (void)arg;
    for (int i = 0; i < 3; i++) {
        int outcome = 1;
        child body = {.steps = 1, .result = results[i]};
        eddy_task *task = spawn(&body);
        assert_int_equal(eddy_shield(task, &outcome), 0);
        assert_int_equal(outcome, results[i]);
        assert_int_equal(eddy_shield(task, NULL), results[i]); /* H1: it is done */
        eddy_task_release(task);
    }
    return 0;
}

/* H3, test_shield_cancel_inner */
TASK_TEST(shielded_task_that_others_cancel_is_a_cancelled_outcome)
{
    telling self;
    child body = {.forever = true};
    eddy_task *inner = spawn(&body), *outer = start_shielding(&self, inner);
    (void)arg;
    assert_true(eddy_task_cancel(inner));
    assert_int_equal(eddy_await(outer, NULL), 0);
    assert_int_equal(self.rc, 0);
    assert_int_equal(self.outcome, EDDY_ECANCELED);
    eddy_task_release(inner);
    eddy_task_release(outer);
    return 0;
}

/* H3 */
TASK_TEST(shield_future_is_cancelled_with_its_inner_future)
{
    eddy_future *inner = make_future(), *outer;
    (void)arg;
    assert_int_equal(eddy_shield_future(&outer, inner), 0);
    assert_true(eddy_future_cancel(inner));
    assert_false(eddy_future_done(outer));
    yield_times(1);
    assert_true(eddy_future_cancelled(outer));
    eddy_future_release(outer);
    eddy_future_release(inner);
    return 0;
}

/* H4 */
TASK_TEST(shield_future_copies_result_and_error)
{
    (void)arg;
    for (int failing = 0; failing < 2; failing++) {
        eddy_future *inner = make_future(), *outer;
        assert_int_equal(eddy_shield_future(&outer, inner), 0);
        assert_int_equal(
            failing ? eddy_future_set_exception(inner, EDDY_EIO) : eddy_future_set_result(inner, 3), 0);
        assert_int_equal(eddy_await_future(outer, NULL), failing ? EDDY_EIO : 3);
        assert_false(eddy_future_cancelled(outer));
        eddy_future_release(outer);
        eddy_future_release(inner);
    }
    return 0;
}

/* H1, test_shield_shortcut */
TASK_TEST(shield_of_a_done_future_is_that_future)
{
    eddy_future *inner = make_future(), *outer;
    (void)arg;
    assert_int_equal(eddy_future_set_result(inner, 3), 0);
    assert_int_equal(eddy_shield_future(&outer, inner), 0);
    assert_ptr_equal(outer, inner);
    eddy_future_release(outer);
    assert_int_equal(eddy_future_result(inner), 3);
    eddy_future_release(inner);
    return 0;
}

/* H2, test_shield_cancel_outer */
TASK_TEST(cancelled_shield_future_leaves_the_inner_one_alone)
{
    eddy_error detail;
    eddy_future *inner = make_future(), *outer;
    (void)arg;
    assert_int_equal(eddy_shield_future(&outer, inner), 0);
    assert_true(eddy_future_cancel_with_message(outer, "only me"));
    assert_true(eddy_future_cancelled(outer));
    assert_false(eddy_future_cancel(outer));
    assert_int_equal(eddy_future_exception(outer, &detail), EDDY_ECANCELED);
    assert_string_equal(detail.message, "only me");
    assert_false(eddy_future_done(inner));
    assert_int_equal(eddy_future_set_result(inner, 5), 0);
    yield_times(2);
    assert_int_equal(eddy_future_result(inner), 5);
    eddy_future_release(outer);
    eddy_future_release(inner);
    return 0;
}

/* H2, test_shield_cancel_outer_exception_never_retrieved: reported once, when the inner one goes. */
TASK_TEST(error_after_a_cancelled_shield_is_reported_once)
{
    eddy_future *inner = make_future(), *outer;
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_shield_future(&outer, inner), 0);
    assert_true(eddy_future_cancel(outer));
    assert_int_equal(eddy_future_set_exception(inner, EDDY_EIO), 0);
    yield_times(2);
    assert_int_equal(support_reports(), 0);
    eddy_future_release(outer);
    eddy_future_release(inner);
    assert_int_equal(support_reports(), 1);
    assert_int_equal(support_last_code(), EDDY_EIO);
    return 0;
}

/* H4: the error passed on is the outer one's to report. */
TASK_TEST(error_that_a_shield_passed_on_is_reported_once_by_the_outer_future)
{
    eddy_future *inner = make_future(), *outer;
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_shield_future(&outer, inner), 0);
    assert_int_equal(eddy_future_set_exception(inner, EDDY_EIO), 0);
    yield_times(1);
    eddy_future_release(inner);
    assert_int_equal(support_reports(), 0);
    eddy_future_release(outer);
    assert_int_equal(support_reports(), 1);
    return 0;
}

/* The shield holds what it follows, and lets it go. */
TASK_TEST(shield_future_may_be_released_before_the_inner_one_ends)
{
    eddy_future *inner = make_future(), *outer;
    (void)arg;
    assert_int_equal(eddy_shield_future(&outer, inner), 0);
    eddy_future_release(outer);
    assert_int_equal(eddy_future_set_result(inner, 0), 0);
    eddy_future_release(inner);
    yield_times(1);
    return 0;
}

TASK_TEST(shield_refuses_null_and_its_own_task)
{
    eddy_future *outer;
    (void)arg;
    assert_int_equal(eddy_shield(NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_shield_future(&outer, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_shield(eddy_current_task(), NULL), EDDY_EDEADLK);
    return 0;
}

static int await_shielded_future(void *arg)
{
    return eddy_await_future(arg, NULL);
}

/* test_shield_gather: cancelling through the shield cancels no child. */
TASK_TEST(shield_around_gather_keeps_the_children)
{
    eddy_future *members[2] = {make_future(), make_future()}, *gathered, *outer;
    int results[2] = {0};
    eddy_task *awaiter;
    (void)arg;
    assert_int_equal(eddy_gather_future(eddy_get_running_loop(), &gathered, results, members, 2, false), 0);
    assert_int_equal(eddy_shield_future(&outer, gathered), 0);
    assert_int_equal(eddy_create_task(&awaiter, await_shielded_future, outer, NULL), 0);
    yield_times(1);
    assert_true(eddy_task_cancel(awaiter));
    assert_int_equal(eddy_await(awaiter, NULL), EDDY_ECANCELED);
    assert_false(eddy_future_done(gathered));
    for (int i = 0; i < 2; i++) {
        assert_false(eddy_future_done(members[i]));
        assert_int_equal(eddy_future_set_result(members[i], i + 8), 0);
    }
    assert_int_equal(eddy_await_future(gathered, NULL), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(results[i], i + 8);
        eddy_future_release(members[i]);
    }
    eddy_future_release(outer);
    eddy_future_release(gathered);
    eddy_task_release(awaiter);
    return 0;
}

/* test_gather_shield: cancelling the gather cancels its shields, not what they follow. */
TASK_TEST(gather_of_shields_keeps_what_they_follow)
{
    eddy_future *inner[2] = {make_future(), make_future()}, *shields[2], *gathered;
    (void)arg;
    for (int i = 0; i < 2; i++)
        assert_int_equal(eddy_shield_future(&shields[i], inner[i]), 0);
    assert_int_equal(eddy_gather_future(eddy_get_running_loop(), &gathered, NULL, shields, 2, false), 0);
    assert_true(eddy_future_cancel(gathered));
    assert_int_equal(eddy_await_future(gathered, NULL), EDDY_ECANCELED);
    for (int i = 0; i < 2; i++) {
        assert_true(eddy_future_cancelled(shields[i]));
        assert_false(eddy_future_done(inner[i]));
        assert_int_equal(eddy_future_set_result(inner[i], 0), 0);
        eddy_future_release(shields[i]);
        eddy_future_release(inner[i]);
    }
    eddy_future_release(gathered);
    yield_times(1);
    return 0;
}

int suite_shield(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shielded_task_runs_on_when_the_caller_is_cancelled),
        cmocka_unit_test(shield_gives_result_or_error_as_await_does),
        cmocka_unit_test(shielded_task_that_others_cancel_is_a_cancelled_outcome),
        cmocka_unit_test(shield_future_is_cancelled_with_its_inner_future),
        cmocka_unit_test(shield_future_copies_result_and_error),
        cmocka_unit_test(shield_of_a_done_future_is_that_future),
        cmocka_unit_test(cancelled_shield_future_leaves_the_inner_one_alone),
        cmocka_unit_test(error_after_a_cancelled_shield_is_reported_once),
        cmocka_unit_test(error_that_a_shield_passed_on_is_reported_once_by_the_outer_future),
        cmocka_unit_test(shield_future_may_be_released_before_the_inner_one_ends),
        cmocka_unit_test(shield_refuses_null_and_its_own_task),
        cmocka_unit_test(shield_around_gather_keeps_the_children),
        cmocka_unit_test(gather_of_shields_keeps_what_they_follow),
    };
    return cmocka_run_group_tests_name("shield", tests, NULL, NULL);
}
