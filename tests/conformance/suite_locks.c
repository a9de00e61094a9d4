/* suite_locks.c: the lock: who gets it, in which order, and what a cancel changes.
 * Touches the public API, and the record of who waits for what. Rule numbers K1-K4 are those of asyncio's inventory. */
#include "core/task/task.h"
#include "suite.h"
#include "sync_bodies.h"

static void release_soon(void *lock)
{
    assert_int_equal(eddy_lock_release(lock), 0);
}

/* ---- taking it ---- */

static void count_up(void *arg)
{
    ++*(int *)arg;
}

/* HZ30: no suspension, and so no cancel either. */
TASK_TEST(free_lock_is_taken_without_suspending)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    int turns = 0;
    (void)arg;
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, count_up, &turns), 0);
    assert_true(eddy_task_cancel(eddy_current_task()));
    assert_false(eddy_lock_locked(&lock));
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    assert_true(eddy_lock_locked(&lock));
    assert_int_equal(eddy_lock_release(&lock), 0);
    assert_false(eddy_lock_locked(&lock));
    assert_int_equal(turns, 0);
    assert_true(is_unused(&lock.waiters));
    assert_int_equal(eddy_sleep(0), EDDY_ECANCELED);
    return 0;
}

TASK_TEST(lock_of_zeros_is_an_initialised_one)
{
    eddy_lock zero, made;
    (void)arg;
    memset(&zero, 0, sizeof zero);
    memset(&made, 1, sizeof made);
    assert_int_equal(eddy_lock_init(&made), 0);
    assert_int_equal(eddy_lock_acquire(&zero), 0);
    assert_int_equal(eddy_lock_acquire(&made), 0);
    assert_int_equal(eddy_lock_release(&zero), 0);
    assert_int_equal(eddy_lock_release(&made), 0);
    return 0;
}

/* LockTests.test_acquire */
TASK_TEST(lock_goes_round_in_order_one_iteration_a_hand_over)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    meeting all[3];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    meet_all(all, 2, &lock_calls, &lock, true);
    yield_times(1);
    assert_string_equal(trace_text(), "");
    assert_int_equal(eddy_lock_release(&lock), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "a");
    yield_times(1);
    assert_string_equal(trace_text(), "a");
    all[2] = (meeting){.calls = &lock_calls, .primitive = &lock, .letter = 'c', .keeps = true};
    meet(&all[2]);
    assert_int_equal(eddy_lock_release(&lock), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "ab");
    assert_int_equal(eddy_lock_release(&lock), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "abc");
    assert_int_equal(eddy_lock_release(&lock), 0);
    part_all(all, 3);
    return 0;
}

/* K1, and the window of Lock.locked ★ */
TASK_TEST(K1_newcomer_queues_though_the_lock_is_free_for_a_moment)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    meeting woken;
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    meet_all(&woken, 1, &lock_calls, &lock, false);
    yield_times(1);
    assert_int_equal(eddy_lock_release(&lock), 0);
    assert_false(eddy_lock_locked(&lock));
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    assert_string_equal(trace_text(), "a");
    assert_true(eddy_lock_locked(&lock));
    assert_int_equal(eddy_lock_release(&lock), 0);
    part(&woken);
    return 0;
}

/* K2: the second release finds a lock that is free, although nobody has had it since. */
TASK_TEST(K2_release_frees_the_lock_and_hands_nothing_over)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    meeting all[2];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    meet_all(all, 2, &lock_calls, &lock, true);
    yield_times(1);
    assert_int_equal(eddy_lock_release(&lock), 0);
    assert_int_equal(eddy_lock_release(&lock), EDDY_EINVALIDSTATE);
    yield_times(2);
    assert_string_equal(trace_text(), "a");
    assert_int_equal(eddy_lock_release(&lock), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "ab");
    assert_int_equal(eddy_lock_release(&lock), 0);
    part_all(all, 2);
    return 0;
}

TASK_TEST(any_task_or_callback_may_release)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    meeting all[2];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    meet_all(all, 2, &lock_calls, &lock, true);
    yield_times(1);
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, release_soon, &lock), 0);
    yield_times(2);
    assert_string_equal(trace_text(), "a");
    release_soon(&lock);
    yield_times(1);
    assert_string_equal(trace_text(), "ab");
    release_soon(&lock);
    part_all(all, 2);
    return 0;
}

/* ---- cancels ---- */

/* test_acquire_cancel */
TASK_TEST(cancelled_waiter_does_not_have_the_lock_and_leaves_no_trace)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    meeting all[1];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    meet_all(all, 1, &lock_calls, &lock, false);
    yield_times(1);
    assert_true(eddy_task_cancel_with_message(all[0].task, "enough"));
    yield_times(1);
    assert_int_equal(all[0].rc, EDDY_ECANCELED);
    eddy_error detail;
    assert_int_equal(eddy_task_exception(all[0].task, &detail), EDDY_ECANCELED);
    assert_string_equal(detail.message, "enough");
    assert_null(lock.waiters.first);
    assert_true(eddy_lock_locked(&lock));
    assert_int_equal(eddy_lock_release(&lock), 0);
    assert_true(is_unused(&lock.waiters));
    part_all(all, 1);
    return 0;
}

/* test_cancel_race: a is woken, and cancelled before it runs; b must not be left waiting for a free lock. */
TASK_TEST(K3_woken_waiter_that_is_cancelled_passes_the_lock_on)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    meeting all[2];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    meet_all(all, 2, &lock_calls, &lock, true);
    yield_times(1);
    assert_int_equal(eddy_lock_release(&lock), 0);
    assert_true(eddy_task_cancel(all[0].task));
    yield_times(1);
    assert_string_equal(trace_text(), "A");
    yield_times(1);
    assert_string_equal(trace_text(), "Ab");
    assert_int_equal(eddy_lock_release(&lock), 0);
    part_all(all, 2);
    return 0;
}

typedef struct cancel_and_release {
    eddy_lock *lock;
    eddy_task *task;
    bool release_first;
} cancel_and_release;

static void cancel_and_release_soon(void *arg)
{
    const cancel_and_release *self = arg;
    if (self->release_first)
        release_soon(self->lock);
    assert_true(eddy_task_cancel(self->task));
    if (!self->release_first)
        release_soon(self->lock);
}

/* test_cancel_release_race, both orders: exactly one of the two that are left gets the lock. */
TASK_TEST(K3_cancel_and_release_in_one_callback)
{
    (void)arg;
    for (int order = 0; order < 2; order++) {
        eddy_lock lock = EDDY_LOCK_INIT;
        meeting all[3];
        trace_clear();
        assert_int_equal(eddy_lock_acquire(&lock), 0);
        meet_all(all, 3, &lock_calls, &lock, true);
        yield_times(1);
        cancel_and_release both = {&lock, all[0].task, order == 1};
        assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, cancel_and_release_soon, &both),
                         0);
        yield_times(4);
        assert_string_equal(trace_text(), "Ab");
        assert_int_equal(eddy_lock_release(&lock), 0);
        yield_times(1);
        assert_string_equal(trace_text(), "Abc");
        assert_int_equal(eddy_lock_release(&lock), 0);
        part_all(all, 3);
    }
    return 0;
}

/* test_finished_waiter_cancelled: the woken one is cancelled, and so is the one that it would pass the lock on to. */
TASK_TEST(K3_the_lock_is_passed_on_as_often_as_it_takes)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    meeting all[3];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    meet_all(all, 3, &lock_calls, &lock, true);
    yield_times(1);
    assert_int_equal(eddy_lock_release(&lock), 0);
    assert_true(eddy_task_cancel(all[0].task));
    yield_times(1); /* b is woken */
    assert_true(eddy_task_cancel(all[1].task));
    yield_times(2);
    assert_string_equal(trace_text(), "ABc");
    assert_int_equal(eddy_lock_release(&lock), 0);
    part_all(all, 3);
    return 0;
}

/* K2: the first in line alone is looked at; it was cancelled and runs next, and passes the lock on one iteration later. */
TASK_TEST(K2_cancelled_first_in_line_passes_a_release_on_when_it_runs)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    meeting all[2];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    meet_all(all, 2, &lock_calls, &lock, true);
    yield_times(1);
    assert_true(eddy_task_cancel(all[0].task));
    assert_int_equal(eddy_lock_release(&lock), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "A");
    yield_times(1);
    assert_string_equal(trace_text(), "Ab");
    assert_int_equal(eddy_lock_release(&lock), 0);
    part_all(all, 2);
    return 0;
}

TASK_TEST(K4_lock_whose_waiters_are_all_cancelled_is_uncontended)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    meeting all[3];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    meet_all(all, 3, &lock_calls, &lock, false);
    yield_times(1);
    for (int i = 0; i < 3; i++)
        assert_true(eddy_task_cancel(all[i].task));
    assert_int_equal(eddy_lock_release(&lock), 0);
    assert_int_equal(eddy_lock_acquire(&lock), 0); /* they are still in line, and have not run */
    assert_string_equal(trace_text(), "");
    yield_times(1);
    assert_string_equal(trace_text(), "ABC");
    assert_int_equal(eddy_lock_release(&lock), 0);
    assert_true(is_unused(&lock.waiters));
    part_all(all, 3);
    return 0;
}

/* T10: a cancel that is taken back before it was delivered changes nothing. */
TASK_TEST(woken_waiter_keeps_the_lock_when_its_cancel_is_withdrawn)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    meeting all[1];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    meet_all(all, 1, &lock_calls, &lock, true);
    yield_times(1);
    assert_int_equal(eddy_lock_release(&lock), 0);
    assert_true(eddy_task_cancel(all[0].task));
    assert_int_equal(eddy_task_uncancel(all[0].task), 0);
    yield_times(1);
    assert_int_equal(all[0].rc, 0);
    assert_int_equal(eddy_lock_release(&lock), 0);
    part_all(all, 1);
    return 0;
}

TASK_TEST(time_limit_ends_the_wait_for_a_lock)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    eddy_timeout limit;
    (void)arg;
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    (void)eddy_timeout_enter(&limit, 0);
    assert_int_equal(eddy_timeout_exit(&limit, eddy_lock_acquire(&lock)), EDDY_ETIMEDOUT);
    assert_null(lock.waiters.first);
    assert_int_equal(eddy_lock_release(&lock), 0);
    return 0;
}

/* ---- mistakes ---- */

static void lock_without_a_task(void **state)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    (void)state;
    assert_int_equal(eddy_lock_acquire(&lock), EDDY_ENOTASK);
    assert_string_equal(eddy_last_error()->operation, "lock_acquire");
    assert_int_equal(eddy_lock_release(&lock), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_lock_acquire(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_lock_release(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_lock_init(NULL), EDDY_EINVAL);
    assert_false(eddy_lock_locked(NULL));
    assert_false(eddy_lock_locked(&lock));
}

static int take_twice(void *lock)
{
    assert_int_equal(eddy_lock_acquire(lock), 0);
    int rc = eddy_lock_acquire(lock);
    assert_int_equal(eddy_lock_release(lock), 0);
    return rc;
}

/* The table of the catalogue: not taken, released by another, released twice, taken twice: released by another, cancelled. */
TASK_TEST(fault_C12_misuse_of_a_lock_is_defined)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_lock_release(&lock), EDDY_EINVALIDSTATE);
    assert_string_equal(eddy_last_error()->operation, "lock_release");
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    assert_int_equal(eddy_lock_release(&lock), 0);
    assert_int_equal(eddy_lock_release(&lock), EDDY_EINVALIDSTATE);
    for (int cancelled = 0; cancelled < 2; cancelled++) {
        assert_int_equal(eddy_create_task(&task, take_twice, &lock, NULL), 0);
        yield_times(3);
        assert_false(eddy_task_done(task));
        if (cancelled)
            assert_true(eddy_task_cancel(task));
        else
            assert_int_equal(eddy_lock_release(&lock), 0);
        assert_int_equal(eddy_await(task, NULL), cancelled ? EDDY_ECANCELED : 0);
        assert_false(eddy_lock_locked(&lock));
        eddy_task_release(task);
    }
    return 0;
}

/* ---- the record of who waits for what ---- */

TASK_TEST(waiting_task_names_the_lock_it_waits_for)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    meeting all[1];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    meet_all(all, 1, &lock_calls, &lock, false);
    yield_times(1);
    assert_true(eddyi_task_waiting(all[0].task));
    assert_ptr_equal(all[0].task->wait->object, &lock);
    assert_string_equal(all[0].task->wait->kind->name, "lock");
    assert_int_equal(eddy_lock_release(&lock), 0);
    yield_times(1);
    part_all(all, 1);
    return 0;
}

/* ---- fault C11: a task ends and still holds it ---- */

static char reported[64];

static void note_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    ++*(int *)arg;
    assert_non_null(strstr(context->message, "lock"));
    assert_non_null(context->task);
    (void)eddy_task_get_name(context->task, reported, sizeof reported);
}

static int take_and_end(void *lock)
{
    return eddy_lock_acquire(lock);
}

static int take_and_be_cancelled(void *lock)
{
    assert_int_equal(eddy_lock_acquire(lock), 0);
    return eddy_sleep((double)INFINITY);
}

static int take_and_defer(void *lock)
{
    assert_int_equal(eddy_lock_acquire(lock), 0);
    return eddy_defer(release_soon, lock);
}

static void run_named(eddy_coro_fn fn, void *arg, bool cancel)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, fn, arg, EDDY_OPTIONS(eddy_task_options, .name = "owner")), 0);
    yield_times(1);
    if (cancel)
        assert_true(eddy_task_cancel(task));
    yield_times(1);
    assert_true(eddy_task_done(task));
    eddy_task_release(task);
}

TASK_TEST(fault_C11_task_that_ends_with_a_lock_is_reported_by_name)
{
    eddy_loop *loop = eddy_get_running_loop();
    eddy_lock lock = EDDY_LOCK_INIT;
    int reports = 0;
    (void)arg;
    assert_int_equal(eddy_loop_set_exception_handler(loop, note_report, &reports), 0);
    for (int cancelled = 0; cancelled < 2; cancelled++) {
        eddy_loop_set_debug(loop, true);
        reported[0] = '\0';
        run_named(cancelled ? take_and_be_cancelled : take_and_end, &lock, cancelled);
        assert_int_equal(reports, cancelled + 1);
        assert_string_equal(reported, "owner");
        eddy_loop_set_debug(loop, false);
        assert_true(eddy_lock_locked(&lock)); /* it stays taken, and anybody may free it */
        assert_int_equal(eddy_lock_release(&lock), 0);
    }
    return 0;
}

/* Nobody looks at the lock's memory, which may be gone: here it lies on the stack of the task that ended. */
static int take_an_own_one(void *arg)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    (void)arg;
    return eddy_lock_acquire(&lock);
}

TASK_TEST(fault_C11_lock_that_is_gone_before_its_holder)
{
    eddy_loop *loop = eddy_get_running_loop();
    int reports = 0;
    (void)arg;
    assert_int_equal(eddy_loop_set_exception_handler(loop, note_report, &reports), 0);
    eddy_loop_set_debug(loop, true);
    run_named(take_an_own_one, NULL, false);
    assert_int_equal(reports, 1);
    child innocent = {0};
    run_named(child_body, &innocent, false); /* in the memory of the other one */
    assert_int_equal(reports, 1);
    return 0;
}

/* Released by itself, by another while it lives, after it ended, while it ends; taken before debug mode began. */
TASK_TEST(fault_C11_released_locks_are_not_reported)
{
    eddy_loop *loop = eddy_get_running_loop();
    eddy_lock lock = EDDY_LOCK_INIT;
    int reports = 0;
    (void)arg;
    assert_int_equal(eddy_loop_set_exception_handler(loop, note_report, &reports), 0);
    run_named(take_and_end, &lock, false); /* debug is off */
    eddy_loop_set_debug(loop, true);
    assert_int_equal(eddy_lock_release(&lock), 0);
    run_named(take_and_defer, &lock, false);
    meeting all[3];
    trace_clear();
    meet_all(all, 3, &lock_calls, &lock, false);
    yield_times(6);
    part_all(all, 3);

    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, take_and_be_cancelled, &lock, NULL), 0);
    yield_times(1);
    assert_int_equal(eddy_lock_release(&lock), 0);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    eddy_task_release(task);
    assert_int_equal(reports, 0);
    return 0;
}

int suite_locks(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_lock_is_taken_without_suspending),
        cmocka_unit_test(lock_of_zeros_is_an_initialised_one),
        cmocka_unit_test(lock_goes_round_in_order_one_iteration_a_hand_over),
        cmocka_unit_test(K1_newcomer_queues_though_the_lock_is_free_for_a_moment),
        cmocka_unit_test(K2_release_frees_the_lock_and_hands_nothing_over),
        cmocka_unit_test(any_task_or_callback_may_release),
        cmocka_unit_test(cancelled_waiter_does_not_have_the_lock_and_leaves_no_trace),
        cmocka_unit_test(K3_woken_waiter_that_is_cancelled_passes_the_lock_on),
        cmocka_unit_test(K3_cancel_and_release_in_one_callback),
        cmocka_unit_test(K3_the_lock_is_passed_on_as_often_as_it_takes),
        cmocka_unit_test(K2_cancelled_first_in_line_passes_a_release_on_when_it_runs),
        cmocka_unit_test(K4_lock_whose_waiters_are_all_cancelled_is_uncontended),
        cmocka_unit_test(woken_waiter_keeps_the_lock_when_its_cancel_is_withdrawn),
        cmocka_unit_test(time_limit_ends_the_wait_for_a_lock),
        cmocka_unit_test(lock_without_a_task),
        cmocka_unit_test(fault_C12_misuse_of_a_lock_is_defined),
        cmocka_unit_test(waiting_task_names_the_lock_it_waits_for),
        cmocka_unit_test(fault_C11_task_that_ends_with_a_lock_is_reported_by_name),
        cmocka_unit_test(fault_C11_lock_that_is_gone_before_its_holder),
        cmocka_unit_test(fault_C11_released_locks_are_not_reported),
    };
    return cmocka_run_group_tests_name("locks", tests, NULL, NULL);
}
