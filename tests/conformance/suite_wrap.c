/* suite_wrap.c: concurrent futures brought into a loop, and cancels that travel both ways.
 * Touches the public API and seam 2's threads. Who waits, waits at a gate or for a future, never for time. */
#include <math.h>

#include "home.h"
#include "suite.h"

static const double FOREVER = (double)INFINITY;

/* In a task of a second loop, with an errand at the first one. */
typedef struct wrapping {
    home h;
    errand e;
    eddy_concurrent_future *sent;
    eddy_future *future;
} wrapping;

static void wrapping_begin(wrapping *w)
{
    gate_init(&w->e.door, 0);
    home_start(&w->h);
    w->sent = send_errand(w->h.loop, &w->e);
    assert_int_equal(eddy_wrap_future(eddy_get_running_loop(), &w->future, w->sent), 0);
}

static void wrapping_end(wrapping *w)
{
    eddy_future_release(w->future);
    eddy_concurrent_future_release(w->sent);
    home_stop(&w->h);
    eddy_loop_release(w->h.loop);
    gate_free(&w->e.door);
}

TASK_TEST(a_result_flows_into_the_wrapping_future)
{
    wrapping w = {.e = {.result = 9, .yields = true}};
    eddy_future *second;
    (void)arg;
    wrapping_begin(&w);
    assert_int_equal(eddy_await_future(w.future, NULL), 9);
    assert_int_equal(eddy_wrap_future(eddy_get_running_loop(), &second, w.sent), 0);
    assert_false(eddy_future_done(second)); /* told in a later turn, as all are */
    assert_int_equal(eddy_await_future(second, NULL), 9);
    assert_false(eddy_future_cancel(second));
    assert_int_equal(eddy_future_set_result(second, 1), EDDY_EINVALIDSTATE);
    eddy_future_release(second);
    wrapping_end(&w);
    return 0;
}

TASK_TEST(an_error_flows_into_the_wrapping_future)
{
    wrapping w = {.e = {.result = EDDY_EPIPE}};
    (void)arg;
    wrapping_begin(&w);
    assert_int_equal(eddy_await_future(w.future, NULL), EDDY_EPIPE);
    wrapping_end(&w);
    return 0;
}

TASK_TEST(a_cancel_flows_into_the_wrapping_future)
{
    wrapping w = {.e = {.forever = true}};
    int outcome = 0;
    (void)arg;
    wrapping_begin(&w);
    assert_true(eddy_concurrent_future_cancel(w.sent));
    assert_int_equal(eddy_await_future(w.future, &outcome), 0);
    assert_int_equal(outcome, EDDY_ECANCELED);
    assert_true(eddy_future_cancelled(w.future));
    gate_await_released(&w.e.door, 1);
    wrapping_end(&w);
    return 0;
}

TASK_TEST(a_cancel_of_the_wrapping_future_flows_out)
{
    wrapping w = {.e = {.forever = true}};
    (void)arg;
    wrapping_begin(&w);
    gate_await_arrivals(&w.e.door, 1);
    assert_true(eddy_future_cancel(w.future));
    assert_true(eddy_concurrent_future_cancelled(w.sent));
    gate_await_released(&w.e.door, 1);
    assert_int_equal(w.e.cancels, 1);
    wrapping_end(&w);
    return 0;
}

/* Cancelled wrapper, finished source: no effect. */
TASK_TEST(a_cancelled_wrapper_of_a_finished_future_changes_nothing)
{
    wrapping w = {.e = {.result = 4}};
    (void)arg;
    wrapping_begin(&w);
    assert_int_equal(eddy_concurrent_future_result(w.sent, NULL, FOREVER), 4);
    if (!eddy_future_done(w.future)) { /* its news is still on the way */
        assert_true(eddy_future_cancel(w.future));
        assert_true(eddy_future_cancelled(w.future));
    }
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(eddy_concurrent_future_result(w.sent, NULL, FOREVER), 4);
    wrapping_end(&w);
    return 0;
}

TASK_TEST(a_wrapper_that_goes_first_leaves_the_other_alone)
{
    wrapping w = {.e = {.result = 4, .yields = true}};
    (void)arg;
    for (int i = 0; i < 2; i++) { /* the second one: when its news is on the way */
        if (i == 0)
            wrapping_begin(&w);
        else
            assert_int_equal(eddy_wrap_future(eddy_get_running_loop(), &w.future, w.sent), 0);
        eddy_future_release(w.future);
        w.future = NULL;
        assert_int_equal(eddy_concurrent_future_result(w.sent, NULL, FOREVER), 4);
    }
    eddy_concurrent_future_release(w.sent);
    w.sent = NULL;
    for (int i = 0; i < 200; i++)           /* a busy loop looks at its inbox now and then */
        assert_int_equal(eddy_sleep(0), 0); /* the news comes, to nobody and of nobody */
    wrapping_end(&w);
    return 0;
}

TASK_TEST(wrap_future_refuses_null)
{
    eddy_future *future = NULL;
    (void)arg;
    assert_int_equal(eddy_wrap_future(eddy_get_running_loop(), &future, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_wrap_future(NULL, &future, NULL), EDDY_EINVAL);
    assert_null(future);
    return 0;
}

/* The loop of the wrapper is closed by the time of the end: dropped without a word (X6). */
static void fault_X6_end_that_comes_after_the_wrappers_loop_is_dropped(void **state)
{
    home h, away;
    errand e = {.result = 2};
    eddy_future *future;
    (void)state;
    gate_init(&e.door, 2);
    home_start(&h);
    home_make(&away);
    eddy_concurrent_future *sent = send_errand(h.loop, &e);
    gate_block_until_arrived(&e.door, 1);
    assert_int_equal(eddy_wrap_future(away.loop, &future, sent), 0);
    assert_int_equal(eddy_loop_close(away.loop), 0);
    gate_open(&e.door);
    assert_int_equal(eddy_concurrent_future_result(sent, NULL, FOREVER), 2);
    assert_false(eddy_future_done(future));
    eddy_future_release(future);
    eddy_loop_release(away.loop);
    eddy_concurrent_future_release(sent);
    home_end(&h);
    gate_free(&e.door);
}

static int return_at_once(void *arg)
{
    (void)arg;
    return 3;
}

/* Two loops in one process wait for each other's coroutines without a thread being blocked. */
TASK_TEST(loops_wait_for_each_other_through_wrapped_futures)
{
    home h;
    (void)arg;
    home_start(&h);
    for (int i = 0; i < 200; i++) {
        eddy_concurrent_future *sent;
        eddy_future *future;
        assert_int_equal(eddy_run_coroutine_threadsafe(h.loop, &sent, return_at_once, NULL, NULL), 0);
        assert_int_equal(eddy_wrap_future(eddy_get_running_loop(), &future, sent), 0);
        eddy_concurrent_future_release(sent);
        assert_int_equal(eddy_await_future(future, NULL), 3);
        eddy_future_release(future);
    }
    home_stop(&h);
    eddy_loop_release(h.loop);
    return 0;
}

int suite_wrap(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_flows_into_the_wrapping_future),
        cmocka_unit_test(an_error_flows_into_the_wrapping_future),
        cmocka_unit_test(a_cancel_flows_into_the_wrapping_future),
        cmocka_unit_test(a_cancel_of_the_wrapping_future_flows_out),
        cmocka_unit_test(a_cancelled_wrapper_of_a_finished_future_changes_nothing),
        cmocka_unit_test(a_wrapper_that_goes_first_leaves_the_other_alone),
        cmocka_unit_test(wrap_future_refuses_null),
        cmocka_unit_test(fault_X6_end_that_comes_after_the_wrappers_loop_is_dropped),
        cmocka_unit_test(loops_wait_for_each_other_through_wrapped_futures),
    };
    return cmocka_run_group_tests_name("wrap", tests, NULL, NULL);
}
