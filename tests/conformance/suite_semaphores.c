/* suite_semaphores.c: semaphores with and without a ceiling: who is given a unit, and where it goes when that one is cancelled.
 * Touches the public API, and the record of who waits for what. Rule numbers S1-S4 are those of asyncio's inventory. */
#include "core/task/task.h"
#include "suite.h"
#include "sync_bodies.h"

/* SemaphoreTests.test_acquire */
TASK_TEST(semaphore_lets_as_many_in_as_it_has_and_more_as_they_are_released)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(3);
    meeting all[4];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_semaphore_acquire(&semaphore), 0);
    assert_int_equal(eddy_semaphore_acquire(&semaphore), 0);
    assert_false(eddy_semaphore_locked(&semaphore));
    meet_all(all, 3, &semaphore_calls, &semaphore, true);
    yield_times(1);
    assert_string_equal(trace_text(), "a");
    assert_true(eddy_semaphore_locked(&semaphore));
    all[3] = (meeting){.calls = &semaphore_calls, .primitive = &semaphore, .letter = 'd', .keeps = true};
    meet(&all[3]);
    assert_int_equal(eddy_semaphore_release(&semaphore), 0);
    assert_int_equal(eddy_semaphore_release(&semaphore), 0);
    assert_int_equal(semaphore.value, 0); /* S2: they are handed over */
    yield_times(1);
    assert_string_equal(trace_text(), "abc");
    assert_int_equal(eddy_semaphore_release(&semaphore), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "abcd");
    assert_true(is_unused(&semaphore.waiters));
    part_all(all, 4);
    return 0;
}

TASK_TEST(semaphore_that_has_one_gives_it_without_suspending)
{
    eddy_semaphore semaphore;
    (void)arg;
    assert_int_equal(eddy_semaphore_init(&semaphore, 1), 0);
    assert_true(eddy_task_cancel(eddy_current_task()));
    assert_int_equal(eddy_semaphore_acquire(&semaphore), 0);
    assert_true(eddy_semaphore_locked(&semaphore));
    assert_int_equal(eddy_sleep(0), EDDY_ECANCELED);
    return 0;
}

/* test_release_no_waiters; no upper bound */
TASK_TEST(semaphore_may_be_released_beyond_what_it_began_with)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(0);
    (void)arg;
    for (int i = 0; i < 3; i++)
        assert_int_equal(eddy_semaphore_release(&semaphore), 0);
    for (int i = 0; i < 3; i++) {
        assert_false(eddy_semaphore_locked(&semaphore));
        assert_int_equal(eddy_semaphore_acquire(&semaphore), 0);
    }
    assert_true(eddy_semaphore_locked(&semaphore));
    return 0;
}

/* S1: with a value above 0, as a task was woken and has not run. */
TASK_TEST(S1_newcomer_waits_while_another_was_woken_and_has_not_run)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(0);
    meeting all[1];
    (void)arg;
    trace_clear();
    meet_all(all, 1, &semaphore_calls, &semaphore, true);
    yield_times(1);
    assert_int_equal(eddy_semaphore_release(&semaphore), 0);
    assert_int_equal(eddy_semaphore_release(&semaphore), 0);
    assert_int_equal(semaphore.value, 1);
    assert_true(eddy_semaphore_locked(&semaphore));
    assert_int_equal(eddy_semaphore_acquire(&semaphore), 0); /* S4: woken by the other one when it runs */
    assert_string_equal(trace_text(), "a");
    assert_int_equal(semaphore.value, 0);
    part_all(all, 1);
    return 0;
}

/* ---- order ---- */

typedef struct twice {
    eddy_semaphore *semaphore;
    char letter;
} twice;

static int take_and_release_twice(void *arg)
{
    const twice *self = arg;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(eddy_semaphore_acquire(self->semaphore), 0);
        trace(self->letter);
        yield_times(2);
        assert_int_equal(eddy_semaphore_release(self->semaphore), 0);
    }
    return 0;
}

/* test_acquire_fifo_order: who releases and comes again is behind those that wait. */
TASK_TEST(S1_order_one_everybody_has_a_turn_before_anybody_has_two)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(1);
    twice all[3] = {{&semaphore, 'a'}, {&semaphore, 'b'}, {&semaphore, 'c'}};
    eddy_task *tasks[3];
    (void)arg;
    trace_clear();
    for (int i = 0; i < 3; i++)
        assert_int_equal(eddy_create_task(&tasks[i], take_and_release_twice, &all[i], NULL), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(eddy_await(tasks[i], NULL), 0);
        eddy_task_release(tasks[i]);
    }
    assert_string_equal(trace_text(), "abcabc");
    return 0;
}

static int take_release_take(void *semaphore)
{
    assert_int_equal(eddy_semaphore_acquire(semaphore), 0);
    trace('2');
    assert_int_equal(eddy_semaphore_release(semaphore), 0);
    assert_int_equal(eddy_semaphore_acquire(semaphore), 0);
    trace('4');
    return 0;
}

/* test_acquire_fifo_order_2 */
TASK_TEST(S1_order_two_releases_in_a_burst_serve_those_that_came_first)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(1);
    meeting first = {.calls = &semaphore_calls, .primitive = &semaphore, .letter = '1', .keeps = true};
    meeting third = {.calls = &semaphore_calls, .primitive = &semaphore, .letter = '3', .keeps = true};
    eddy_task *second;
    (void)arg;
    trace_clear();
    meet(&first);
    assert_int_equal(eddy_create_task(&second, take_release_take, &semaphore, NULL), 0);
    meet(&third);
    yield_times(1);
    assert_int_equal(eddy_semaphore_release(&semaphore), 0);
    assert_int_equal(eddy_semaphore_release(&semaphore), 0);
    assert_int_equal(eddy_await(second, NULL), 0);
    assert_string_equal(trace_text(), "1234");
    eddy_task_release(second);
    part(&first);
    part(&third);
    return 0;
}

/* test_acquire_fifo_order_3 */
TASK_TEST(S1_order_three_the_first_is_cancelled_before_the_burst)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(0);
    meeting all[3];
    (void)arg;
    trace_clear();
    meet_all(all, 3, &semaphore_calls, &semaphore, true);
    yield_times(1);
    assert_true(eddy_task_cancel(all[0].task));
    yield_times(1);
    assert_int_equal(eddy_semaphore_release(&semaphore), 0);
    assert_int_equal(eddy_semaphore_release(&semaphore), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "Abc");
    part_all(all, 3);
    return 0;
}

/* test_acquire_fifo_order_4: a was handed a unit and is cancelled; it goes to the first of those that wait, and who came
 * meanwhile stays behind them. */
TASK_TEST(S3_order_four_a_unit_that_comes_back_goes_to_the_first_in_line)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(0);
    meeting all[4];
    (void)arg;
    trace_clear();
    meet_all(all, 3, &semaphore_calls, &semaphore, true);
    yield_times(1);
    assert_int_equal(eddy_semaphore_release(&semaphore), 0);
    assert_true(eddy_task_cancel(all[0].task));
    all[3] = (meeting){.calls = &semaphore_calls, .primitive = &semaphore, .letter = 'd', .keeps = true};
    meet(&all[3]);
    yield_times(2);
    assert_string_equal(trace_text(), "Ab");
    assert_int_equal(eddy_semaphore_release(&semaphore), 0);
    assert_int_equal(eddy_semaphore_release(&semaphore), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "Abcd");
    part_all(all, 4);
    return 0;
}

/* ---- cancels ---- */

/* test_acquire_cancel */
TASK_TEST(cancelled_waiter_of_a_semaphore_leaves_no_trace)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(0);
    meeting all[1];
    (void)arg;
    trace_clear();
    meet_all(all, 1, &semaphore_calls, &semaphore, true);
    yield_times(1);
    assert_true(eddy_task_cancel(all[0].task));
    yield_times(1);
    assert_int_equal(all[0].rc, EDDY_ECANCELED);
    assert_true(is_unused(&semaphore.waiters));
    assert_int_equal(semaphore.value, 0);
    part_all(all, 1);
    return 0;
}

/* test_acquire_cancel_before_awoken */
TASK_TEST(release_skips_cancelled_waiters)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(0);
    meeting all[4];
    (void)arg;
    trace_clear();
    meet_all(all, 4, &semaphore_calls, &semaphore, true);
    yield_times(1);
    assert_true(eddy_task_cancel(all[0].task));
    assert_true(eddy_task_cancel(all[1].task));
    assert_int_equal(eddy_semaphore_release(&semaphore), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "ABc");
    assert_true(eddy_task_cancel(all[3].task));
    yield_times(1);
    assert_true(eddy_semaphore_locked(&semaphore));
    part_all(all, 4);
    return 0;
}

/* test_acquire_hang: cancel and release before either runs. */
TASK_TEST(release_after_a_cancel_reaches_the_next)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(0);
    meeting all[2];
    (void)arg;
    trace_clear();
    meet_all(all, 2, &semaphore_calls, &semaphore, true);
    yield_times(1);
    assert_true(eddy_task_cancel(all[0].task));
    assert_int_equal(eddy_semaphore_release(&semaphore), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "Ab");
    assert_true(eddy_semaphore_locked(&semaphore));
    part_all(all, 2);
    return 0;
}

/* test_acquire_no_hang */
TASK_TEST(S3_unit_of_a_cancelled_waiter_is_there_again)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(1);
    meeting all[1];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_semaphore_acquire(&semaphore), 0);
    meet_all(all, 1, &semaphore_calls, &semaphore, true);
    yield_times(1);
    assert_int_equal(eddy_semaphore_release(&semaphore), 0);
    assert_true(eddy_task_cancel(all[0].task));
    yield_times(1);
    assert_string_equal(trace_text(), "A");
    assert_false(eddy_semaphore_locked(&semaphore));
    assert_int_equal(semaphore.value, 1);
    part_all(all, 1);
    return 0;
}

/* S4: releases that found nobody to wake but newcomers in line behind a woken task, which is then cancelled. */
TASK_TEST(S4_who_leaves_wakes_as_many_as_there_are_units)
{
    (void)arg;
    for (int cancelled = 0; cancelled < 2; cancelled++) {
        eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(0);
        meeting all[4];
        trace_clear();
        meet_all(all, 1, &semaphore_calls, &semaphore, true);
        yield_times(1);
        for (int i = 1; i < 4; i++) { /* they are queued before a is, so they are in line when it runs */
            all[i] = (meeting){
                .calls = &semaphore_calls, .primitive = &semaphore, .letter = (char)('a' + i), .keeps = true};
            meet(&all[i]);
        }
        for (int i = 0; i < 3; i++)
            assert_int_equal(eddy_semaphore_release(&semaphore), 0);
        if (cancelled)
            assert_true(eddy_task_cancel(all[0].task));
        yield_times(1);
        assert_string_equal(trace_text(), cancelled ? "A" : "a");
        yield_times(3);
        assert_string_equal(trace_text(), cancelled ? "Abcd" : "abc");
        if (!cancelled) {
            assert_int_equal(eddy_semaphore_release(&semaphore), 0);
            yield_times(1);
        }
        part_all(all, 4);
    }
    return 0;
}

/* ---- the ceiling ---- */

/* test_release_not_acquired */
TASK_TEST(bounded_semaphore_refuses_more_than_it_began_with)
{
    eddy_bounded_semaphore semaphore = EDDY_BOUNDED_SEMAPHORE_INIT(2);
    (void)arg;
    assert_int_equal(eddy_bounded_semaphore_release(&semaphore), EDDY_EINVALIDSTATE);
    assert_string_equal(eddy_last_error()->operation, "bounded_semaphore_release");
    assert_int_equal(eddy_bounded_semaphore_acquire(&semaphore), 0);
    assert_int_equal(eddy_bounded_semaphore_acquire(&semaphore), 0);
    assert_true(eddy_bounded_semaphore_locked(&semaphore));
    assert_int_equal(eddy_bounded_semaphore_release(&semaphore), 0);
    assert_false(eddy_bounded_semaphore_locked(&semaphore));
    assert_int_equal(eddy_bounded_semaphore_release(&semaphore), 0);
    assert_int_equal(eddy_bounded_semaphore_release(&semaphore), EDDY_EINVALIDSTATE);
    return 0;
}

TASK_TEST(waiting_task_names_the_semaphore_it_waits_for)
{
    eddy_bounded_semaphore semaphore;
    meeting all[1];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_bounded_semaphore_init(&semaphore, 1), 0);
    assert_int_equal(eddy_bounded_semaphore_acquire(&semaphore), 0);
    meet_all(all, 1, &semaphore_calls, &semaphore.semaphore, true);
    yield_times(1);
    assert_ptr_equal(all[0].task->wait->object, &semaphore);
    assert_string_equal(all[0].task->wait->kind->name, "semaphore");
    assert_int_equal(eddy_bounded_semaphore_release(&semaphore), 0);
    yield_times(1);
    part_all(all, 1);
    return 0;
}

static void semaphore_mistakes(void **state)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(1);
    eddy_bounded_semaphore bounded = EDDY_BOUNDED_SEMAPHORE_INIT(1);
    (void)state;
    assert_int_equal(eddy_semaphore_init(&semaphore, -1), EDDY_EINVAL);
    assert_int_equal(semaphore.value, 1);
    assert_int_equal(eddy_semaphore_init(NULL, 1), EDDY_EINVAL);
    assert_int_equal(eddy_bounded_semaphore_init(&bounded, -1), EDDY_EINVAL);
    assert_int_equal(eddy_bounded_semaphore_init(NULL, 1), EDDY_EINVAL);
    assert_int_equal(eddy_semaphore_acquire(&semaphore), EDDY_ENOTASK);
    assert_int_equal(eddy_bounded_semaphore_acquire(&bounded), EDDY_ENOTASK);
    assert_int_equal(eddy_semaphore_acquire(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_bounded_semaphore_acquire(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_semaphore_release(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_bounded_semaphore_release(NULL), EDDY_EINVAL);
    assert_false(eddy_semaphore_locked(NULL));
    assert_false(eddy_bounded_semaphore_locked(NULL));
}

TASK_TEST(semaphore_made_with_a_negative_value_is_refused)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(-1);
    (void)arg;
    assert_int_equal(eddy_semaphore_acquire(&semaphore), EDDY_EINVAL);
    assert_int_equal(eddy_semaphore_release(&semaphore), EDDY_EINVAL);
    return 0;
}

int suite_semaphores(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(semaphore_lets_as_many_in_as_it_has_and_more_as_they_are_released),
        cmocka_unit_test(semaphore_that_has_one_gives_it_without_suspending),
        cmocka_unit_test(semaphore_may_be_released_beyond_what_it_began_with),
        cmocka_unit_test(S1_newcomer_waits_while_another_was_woken_and_has_not_run),
        cmocka_unit_test(S1_order_one_everybody_has_a_turn_before_anybody_has_two),
        cmocka_unit_test(S1_order_two_releases_in_a_burst_serve_those_that_came_first),
        cmocka_unit_test(S1_order_three_the_first_is_cancelled_before_the_burst),
        cmocka_unit_test(S3_order_four_a_unit_that_comes_back_goes_to_the_first_in_line),
        cmocka_unit_test(cancelled_waiter_of_a_semaphore_leaves_no_trace),
        cmocka_unit_test(release_skips_cancelled_waiters),
        cmocka_unit_test(release_after_a_cancel_reaches_the_next),
        cmocka_unit_test(S3_unit_of_a_cancelled_waiter_is_there_again),
        cmocka_unit_test(S4_who_leaves_wakes_as_many_as_there_are_units),
        cmocka_unit_test(bounded_semaphore_refuses_more_than_it_began_with),
        cmocka_unit_test(waiting_task_names_the_semaphore_it_waits_for),
        cmocka_unit_test(semaphore_mistakes),
        cmocka_unit_test(semaphore_made_with_a_negative_value_is_refused),
    };
    return cmocka_run_group_tests_name("semaphores", tests, NULL, NULL);
}
