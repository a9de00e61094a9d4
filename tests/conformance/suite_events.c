/* suite_events.c: the event: a flag that any number of tasks waits for.
 * Touches the public API, and the record of who waits for what. */
#include "core/task/task.h"
#include "suite.h"
#include "sync_bodies.h"

/* EventTests.test_wait, test_wait_on_set */
TASK_TEST(event_wakes_all_in_the_order_in_which_they_came)
{
    eddy_event event = EDDY_EVENT_INIT;
    meeting all[3];
    (void)arg;
    trace_clear();
    assert_false(eddy_event_is_set(&event));
    meet_all(all, 3, &event_calls, &event, false);
    yield_times(1);
    assert_string_equal(trace_text(), "");
    assert_int_equal(eddy_event_set(&event), 0);
    assert_string_equal(trace_text(), "");
    yield_times(1);
    assert_string_equal(trace_text(), "abc");
    assert_true(eddy_event_is_set(&event));
    assert_true(is_unused(&event.waiters));
    part_all(all, 3);
    return 0;
}

TASK_TEST(event_that_is_set_lets_pass_without_suspending)
{
    eddy_event event;
    (void)arg;
    memset(&event, 1, sizeof event);
    assert_int_equal(eddy_event_init(&event), 0);
    assert_int_equal(eddy_event_set(&event), 0);
    assert_int_equal(eddy_event_set(&event), 0);
    assert_true(eddy_task_cancel(eddy_current_task()));
    assert_int_equal(eddy_event_wait(&event), 0);
    assert_int_equal(eddy_sleep(0), EDDY_ECANCELED);
    assert_int_equal(eddy_event_clear(&event), 0);
    assert_false(eddy_event_is_set(&event));
    return 0;
}

/* test_clear_with_waiters ★ */
TASK_TEST(event_set_and_cleared_at_once_wakes_those_that_waited)
{
    eddy_event event = EDDY_EVENT_INIT;
    meeting all[3];
    (void)arg;
    trace_clear();
    meet_all(all, 2, &event_calls, &event, false);
    yield_times(1);
    assert_int_equal(eddy_event_set(&event), 0);
    assert_int_equal(eddy_event_clear(&event), 0);
    assert_int_equal(eddy_event_set(&event), 0); /* each wakes once */
    assert_int_equal(eddy_event_clear(&event), 0);
    all[2] = (meeting){.calls = &event_calls, .primitive = &event, .letter = 'c'};
    meet(&all[2]);
    yield_times(3);
    assert_string_equal(trace_text(), "ab");
    assert_int_equal(eddy_event_set(&event), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "abc");
    part_all(all, 3);
    return 0;
}

/* EventTests.test_wait_cancel */
TASK_TEST(cancelled_waiter_of_an_event_leaves_no_trace)
{
    eddy_event event = EDDY_EVENT_INIT;
    meeting all[3];
    (void)arg;
    trace_clear();
    meet_all(all, 3, &event_calls, &event, false);
    yield_times(1);
    assert_true(eddy_task_cancel(all[1].task)); /* before it is set, and after */
    assert_int_equal(eddy_event_set(&event), 0);
    assert_true(eddy_task_cancel(all[0].task));
    yield_times(1);
    assert_string_equal(trace_text(), "BAc"); /* in the order in which they were woken */
    assert_true(is_unused(&event.waiters));
    part_all(all, 3);
    return 0;
}

TASK_TEST(waiting_task_names_the_event_it_waits_for)
{
    eddy_event event = EDDY_EVENT_INIT;
    meeting all[1];
    (void)arg;
    trace_clear();
    meet_all(all, 1, &event_calls, &event, false);
    yield_times(1);
    assert_ptr_equal(all[0].task->wait->object, &event);
    assert_string_equal(all[0].task->wait->kind->name, "event");
    assert_int_equal(eddy_event_set(&event), 0);
    yield_times(1);
    part_all(all, 1);
    return 0;
}

static void event_mistakes(void **state)
{
    eddy_event event = EDDY_EVENT_INIT;
    (void)state;
    assert_int_equal(eddy_event_wait(&event), EDDY_ENOTASK);
    assert_int_equal(eddy_event_wait(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_event_set(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_event_clear(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_event_init(NULL), EDDY_EINVAL);
    assert_false(eddy_event_is_set(NULL));
    assert_int_equal(eddy_event_set(&event),
                     0); /* outside a loop nobody can wait, and the flag is just a flag */
    assert_true(eddy_event_is_set(&event));
}

int suite_events(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_wakes_all_in_the_order_in_which_they_came),
        cmocka_unit_test(event_that_is_set_lets_pass_without_suspending),
        cmocka_unit_test(event_set_and_cleared_at_once_wakes_those_that_waited),
        cmocka_unit_test(cancelled_waiter_of_an_event_leaves_no_trace),
        cmocka_unit_test(waiting_task_names_the_event_it_waits_for),
        cmocka_unit_test(event_mistakes),
    };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
