/* suite_conditions.c: the condition: notified in order, the lock held however a wait ends, and no wake-up lost.
 * Touches the public API, and the record of who waits for what. Rule numbers D1-D4 are those of asyncio's inventory. */
#include "core/task/task.h"
#include "suite.h"
#include "sync_bodies.h"

static void take(eddy_condition *condition)
{
    assert_int_equal(eddy_condition_acquire(condition), 0);
}

static void give(eddy_condition *condition)
{
    assert_int_equal(eddy_condition_release(condition), 0);
}

static void notify(eddy_condition *condition, size_t count)
{
    take(condition);
    assert_int_equal(eddy_condition_notify(condition, count), 0);
    give(condition);
}

/* ---- waiting and notifying ---- */

/* ConditionTests.test_wait */
TASK_TEST(notified_tasks_go_on_in_order_each_when_it_has_the_lock)
{
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    meeting all[3];
    (void)arg;
    trace_clear();
    meet_all(all, 3, &condition_calls, &condition, true);
    yield_times(1);
    assert_false(eddy_condition_locked(&condition));
    take(&condition);
    assert_int_equal(eddy_condition_notify(&condition, 1), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "");
    assert_true(eddy_condition_locked(&condition)); /* notify does not release */
    give(&condition);
    yield_times(1);
    assert_string_equal(trace_text(), "a");
    assert_true(eddy_condition_locked(&condition));
    assert_int_equal(eddy_condition_notify(&condition, 2), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "a");
    give(&condition);
    yield_times(1);
    assert_string_equal(trace_text(), "ab");
    give(&condition);
    yield_times(1);
    assert_string_equal(trace_text(), "abc");
    give(&condition);
    assert_true(is_unused(&condition.waiters));
    part_all(all, 3);
    return 0;
}

/* test_notify, test_notify_all */
TASK_TEST(notify_wakes_as_many_as_it_says)
{
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    meeting all[4];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_condition_init(&condition, NULL), 0);
    meet_all(all, 4, &condition_calls, &condition, false);
    yield_times(1);
    notify(&condition, 0);
    yield_times(1);
    assert_string_equal(trace_text(), "");
    notify(&condition, 1);
    yield_times(1);
    assert_string_equal(trace_text(), "a");
    take(&condition);
    assert_int_equal(eddy_condition_notify(&condition, 1), 0);
    assert_int_equal(eddy_condition_notify(&condition, 1), 0); /* the next one: b is woken already */
    give(&condition);
    yield_times(1);
    assert_string_equal(trace_text(), "abc");
    take(&condition);
    assert_int_equal(eddy_condition_notify_all(&condition), 0);
    give(&condition);
    yield_times(1);
    assert_string_equal(trace_text(), "abcd");
    notify(&condition, 1); /* nobody is there, and nothing is kept */
    part_all(all, 4);
    return 0;
}

TASK_TEST(notify_skips_cancelled_waiters)
{
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    meeting all[2];
    (void)arg;
    trace_clear();
    meet_all(all, 2, &condition_calls, &condition, false);
    yield_times(1);
    take(&condition);
    assert_true(eddy_task_cancel(all[0].task));
    assert_int_equal(eddy_condition_notify(&condition, 1), 0);
    give(&condition);
    yield_times(2);
    assert_string_equal(trace_text(), "Ab");
    part_all(all, 2);
    return 0;
}

static void take_it_later(void *task)
{
    assert_true(eddy_task_cancel(task));
}

/* D4: the woken task queues behind b, which waited for the lock before. */
TASK_TEST(D4_notified_task_queues_behind_those_that_wait_for_the_lock)
{
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    meeting waiting, locking = {.calls = &lock_calls, .primitive = &condition.own, .letter = 'b'};
    (void)arg;
    trace_clear();
    meet_all(&waiting, 1, &condition_calls, &condition, false);
    yield_times(1);
    take(&condition);
    meet(&locking);
    yield_times(1);
    assert_int_equal(eddy_condition_notify(&condition, 1), 0);
    yield_times(1);
    give(&condition);
    yield_times(2);
    assert_string_equal(trace_text(), "ba");
    part(&waiting);
    part(&locking);
    return 0;
}

/* ---- wait_for ---- */

typedef struct waiting_for {
    eddy_condition *condition;
    bool truth;
    int asked;
} waiting_for;

static bool is_true(void *arg)
{
    waiting_for *self = arg;
    self->asked++;
    return self->truth;
}

static int wait_for_truth(void *arg)
{
    waiting_for *self = arg;
    take(self->condition);
    int rc = eddy_condition_wait_for(self->condition, is_true, self);
    assert_true(eddy_condition_locked(self->condition));
    give(self->condition);
    return rc;
}

/* test_wait_for */
TASK_TEST(wait_for_goes_on_until_it_is_true)
{
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    waiting_for self = {.condition = &condition};
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, wait_for_truth, &self, NULL), 0);
    yield_times(1);
    notify(&condition, 1);
    yield_times(1);
    assert_false(eddy_task_done(task));
    assert_int_equal(self.asked, 2);
    self.truth = true;
    notify(&condition, 1);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(self.asked, 3);
    eddy_task_release(task);
    return 0;
}

/* test_wait_for_unacquired */
TASK_TEST(wait_for_what_is_true_needs_no_lock)
{
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    waiting_for self = {.condition = &condition, .truth = true};
    (void)arg;
    assert_int_equal(eddy_condition_wait_for(&condition, is_true, &self), 0);
    self.truth = false;
    assert_int_equal(eddy_condition_wait_for(&condition, is_true, &self), EDDY_EINVALIDSTATE);
    return 0;
}

/* ---- cancels ---- */

/* test_wait_cancel */
TASK_TEST(D1_cancelled_wait_returns_with_the_lock)
{
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    (void)arg;
    take(&condition);
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, take_it_later, eddy_current_task()),
                     0);
    assert_int_equal(eddy_condition_wait(&condition), EDDY_ECANCELED);
    assert_true(eddy_condition_locked(&condition));
    give(&condition);
    assert_true(is_unused(&condition.waiters));
    assert_true(is_unused(&condition.own.waiters));
    return 0;
}

/* test_wait_cancel_contested, test_wait_cancel_after_notify: the lock is busy when the cancel comes, once before the task is
 * notified and once after, and it is cancelled again while it waits for the lock. */
TASK_TEST(D1_cancel_while_the_lock_is_busy_is_told_once_it_is_held)
{
    (void)arg;
    for (int notified = 0; notified < 2; notified++) {
        eddy_condition condition = EDDY_CONDITION_INIT(NULL);
        meeting all[1];
        trace_clear();
        meet_all(all, 1, &condition_calls, &condition, false);
        yield_times(1);
        take(&condition);
        if (notified)
            assert_int_equal(eddy_condition_notify(&condition, 1), 0);
        yield_times(1);
        for (int i = 0; i < 3; i++) {
            assert_true(eddy_task_cancel(all[0].task));
            yield_times(2);
            assert_string_equal(trace_text(), "");
        }
        give(&condition);
        yield_times(1);
        assert_string_equal(trace_text(), "A");
        assert_false(eddy_condition_locked(&condition));
        part_all(all, 1);
    }
    return 0;
}

/* test_cancelled_error_re_aquire: the error's record is that of the last cancel, and waiting for the lock has not settled it. */
TASK_TEST(D3_message_of_the_last_cancel_comes_out)
{
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    meeting all[1];
    eddy_error detail;
    (void)arg;
    trace_clear();
    meet_all(all, 1, &condition_calls, &condition, false);
    yield_times(1);
    take(&condition);
    assert_true(eddy_task_cancel_with_message(all[0].task, "first"));
    yield_times(1);
    assert_true(eddy_task_cancel_with_message(all[0].task, "second"));
    yield_times(1);
    give(&condition);
    yield_times(1);
    assert_int_equal(eddy_task_exception(all[0].task, &detail), EDDY_ECANCELED);
    assert_string_equal(detail.message, "second");
    part_all(all, 1);
    return 0;
}

static int fail_in_clean_up(void *condition)
{
    take(condition);
    assert_int_equal(eddy_condition_wait(condition), EDDY_ECANCELED);
    assert_int_equal(eddy_condition_wait(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_last_error()->code, EDDY_ECANCELED);
    assert_string_equal(eddy_last_error()->message, "why");
    give(condition);
    return EDDY_ECANCELED;
}

TASK_TEST(D3_clean_up_after_a_cancelled_wait_does_not_replace_its_record)
{
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, fail_in_clean_up, &condition, NULL), 0);
    yield_times(1);
    take(&condition);
    assert_true(eddy_task_cancel_with_message(task, "why"));
    yield_times(1);
    give(&condition);
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    eddy_task_release(task);
    return 0;
}

/* test_cancelled_wakeup: a is notified and cancelled, before it runs. */
TASK_TEST(D2_cancelled_task_hands_its_wake_up_on)
{
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    meeting all[3];
    (void)arg;
    trace_clear();
    meet_all(all, 3, &condition_calls, &condition, false);
    yield_times(1);
    notify(&condition, 1);
    assert_true(eddy_task_cancel(all[0].task));
    yield_times(2);
    assert_string_equal(trace_text(), "Ab");
    notify(&condition, 1);
    yield_times(1);
    part_all(all, 3);
    return 0;
}

/* test_cancelled_wakeup_relock: a is notified and waits for the lock when it is cancelled. */
TASK_TEST(D2_task_that_is_cancelled_while_it_takes_the_lock_again_hands_its_wake_up_on)
{
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    meeting all[3];
    (void)arg;
    trace_clear();
    meet_all(all, 3, &condition_calls, &condition, false);
    yield_times(1);
    take(&condition);
    assert_int_equal(eddy_condition_notify(&condition, 1), 0);
    yield_times(1);
    assert_string_equal(all[0].task->wait->kind->name, "lock");
    assert_true(eddy_task_cancel(all[0].task));
    yield_times(1);
    give(&condition);
    yield_times(2);
    assert_string_equal(trace_text(), "Ab");
    notify(&condition, 1);
    yield_times(1);
    part_all(all, 3);
    return 0;
}

static int wait_without_time(void *condition)
{
    eddy_timeout limit;
    take(condition);
    (void)eddy_timeout_enter(&limit, 0);
    int rc = eddy_timeout_exit(&limit, eddy_condition_wait(condition));
    assert_true(eddy_condition_locked(condition));
    give(condition);
    return rc;
}

/* test_timeout_in_block */
TASK_TEST(time_limit_around_a_wait_leaves_the_lock_held)
{
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    (void)arg;
    assert_int_equal(wait_without_time(&condition), EDDY_ETIMEDOUT);
    assert_false(eddy_condition_locked(&condition));
    return 0;
}

/* ---- a shared lock ---- */

/* test_explicit_lock */
TASK_TEST(conditions_may_share_a_lock)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    eddy_condition full = EDDY_CONDITION_INIT(&lock), empty;
    meeting waiting[2];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_condition_init(&empty, &lock), 0);
    meet_all(&waiting[0], 1, &condition_calls, &full, false);
    meet_all(&waiting[1], 1, &condition_calls, &empty, false);
    waiting[1].letter = 'b';
    yield_times(1);
    take(&full);
    assert_true(eddy_lock_locked(&lock));
    assert_true(eddy_condition_locked(&empty));
    assert_int_equal(eddy_condition_notify(&empty, 1), 0); /* HZ31: the lock is the same */
    assert_int_equal(eddy_condition_notify(&full, 1), 0);
    assert_int_equal(eddy_lock_release(&lock), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "ba");
    part_all(waiting, 2);
    return 0;
}

/* ---- mistakes ---- */

static int wait_for_it(void *condition)
{
    return eddy_condition_wait(condition);
}

/* HZ31: it is not asked who holds the lock. test_wait_unacquired, test_notify_unacquired */
TASK_TEST(HZ31_it_is_enough_that_anybody_holds_the_lock)
{
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_condition_wait(&condition), EDDY_EINVALIDSTATE);
    assert_string_equal(eddy_last_error()->operation, "condition_wait");
    assert_int_equal(eddy_condition_notify(&condition, 1), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_condition_notify_all(&condition), EDDY_EINVALIDSTATE);
    take(&condition);
    assert_int_equal(eddy_create_task(&task, wait_for_it, &condition, NULL), 0);
    yield_times(1);
    assert_false(eddy_condition_locked(&condition)); /* it gave our lock back */
    notify(&condition, 1);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_true(eddy_condition_locked(&condition));
    give(&condition);
    eddy_task_release(task);
    return 0;
}

static void condition_mistakes(void **state)
{
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    waiting_for self = {.truth = true};
    (void)state;
    assert_int_equal(eddy_condition_init(NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_condition_acquire(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_condition_release(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_condition_wait(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_condition_notify(NULL, 1), EDDY_EINVAL);
    assert_int_equal(eddy_condition_notify_all(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_condition_wait_for(NULL, is_true, &self), EDDY_EINVAL);
    assert_int_equal(eddy_condition_wait_for(&condition, NULL, &self), EDDY_EINVAL);
    assert_int_equal(eddy_condition_wait_for(&condition, is_true, &self), EDDY_ENOTASK);
    assert_int_equal(eddy_condition_acquire(&condition), EDDY_ENOTASK);
    assert_int_equal(eddy_condition_wait(&condition), EDDY_ENOTASK);
    assert_false(eddy_condition_locked(NULL));
    assert_int_equal(self.asked, 0);
}

TASK_TEST(waiting_task_names_the_condition_it_waits_for)
{
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    meeting all[1];
    (void)arg;
    trace_clear();
    meet_all(all, 1, &condition_calls, &condition, false);
    yield_times(1);
    assert_ptr_equal(all[0].task->wait->object, &condition);
    assert_string_equal(all[0].task->wait->kind->name, "condition");
    notify(&condition, 1);
    yield_times(1);
    part_all(all, 1);
    return 0;
}

int suite_conditions(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notified_tasks_go_on_in_order_each_when_it_has_the_lock),
        cmocka_unit_test(notify_wakes_as_many_as_it_says),
        cmocka_unit_test(notify_skips_cancelled_waiters),
        cmocka_unit_test(D4_notified_task_queues_behind_those_that_wait_for_the_lock),
        cmocka_unit_test(wait_for_goes_on_until_it_is_true),
        cmocka_unit_test(wait_for_what_is_true_needs_no_lock),
        cmocka_unit_test(D1_cancelled_wait_returns_with_the_lock),
        cmocka_unit_test(D1_cancel_while_the_lock_is_busy_is_told_once_it_is_held),
        cmocka_unit_test(D3_message_of_the_last_cancel_comes_out),
        cmocka_unit_test(D3_clean_up_after_a_cancelled_wait_does_not_replace_its_record),
        cmocka_unit_test(D2_cancelled_task_hands_its_wake_up_on),
        cmocka_unit_test(D2_task_that_is_cancelled_while_it_takes_the_lock_again_hands_its_wake_up_on),
        cmocka_unit_test(time_limit_around_a_wait_leaves_the_lock_held),
        cmocka_unit_test(conditions_may_share_a_lock),
        cmocka_unit_test(HZ31_it_is_enough_that_anybody_holds_the_lock),
        cmocka_unit_test(condition_mistakes),
        cmocka_unit_test(waiting_task_names_the_condition_it_waits_for),
    };
    return cmocka_run_group_tests_name("conditions", tests, NULL, NULL);
}
