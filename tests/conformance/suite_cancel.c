/* suite_cancel.c: a cancel is delivered once, at an await, to the leaf; requests are counted; none is ever lost.
 * Touches the public API. Rule numbers T3-T11 are those of asyncio's inventory. */
#include "bodies.h"
#include "suite.h"

/* ---- where it is delivered ---- */

/* T7, test_cancel, test_sleep_cancel */
TASK_TEST(sleeping_task_is_cancelled_at_once)
{
    child body = {.forever = true};
    eddy_task *task = spawn(&body);
    (void)arg;
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    assert_false(eddy_task_cancelled(task));
    yield_times(1);
    assert_true(eddy_task_done(task));
    assert_true(eddy_task_cancelled(task));
    assert_int_equal(eddy_task_result(task), EDDY_ECANCELED);
    assert_int_equal(body.cancels, 1);
    assert_false(eddy_task_cancel(task));
    eddy_task_release(task);
    return 0;
}

/* T7: the body never runs, and the message arrives; test_cancel_with_message_before_starting_task. */
TASK_TEST(task_cancelled_before_its_first_step_never_runs)
{
    eddy_error detail;
    child body = {0};
    eddy_task *task = spawn(&body);
    (void)arg;
    assert_true(eddy_task_cancel_with_message(task, "too late"));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_string_equal(eddy_last_error()->message, "too late");
    assert_int_equal(eddy_task_exception(task, &detail), EDDY_ECANCELED);
    assert_string_equal(detail.message, "too late");
    assert_false(body.started);
    assert_true(eddy_task_cancelled(task));
    eddy_task_release(task);
    return 0;
}

/* test_cancel_yield */
TASK_TEST(cancel_between_two_bare_yields)
{
    child body = {.steps = 2};
    eddy_task *task = spawn(&body);
    (void)arg;
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    yield_times(1);
    assert_true(eddy_task_cancelled(task));
    assert_int_equal(body.cancels, 1);
    eddy_task_release(task);
    return 0;
}

/* test_cancel_inner_future: the future that is awaited is cancelled, and the task ends so. */
TASK_TEST(cancelling_the_awaited_future_ends_the_task_cancelled)
{
    eddy_future *gate = make_future();
    child body = {.gate = gate};
    eddy_task *task = spawn(&body);
    (void)arg;
    yield_times(1);
    assert_true(eddy_future_cancel(gate));
    yield_times(1);
    assert_true(eddy_task_cancelled(task));
    assert_int_equal(eddy_task_cancelling(task), 0);
    eddy_task_release(task);
    eddy_future_release(gate);
    return 0;
}

/* test_cancel_both_task_and_inner_future */
TASK_TEST(cancelling_task_and_future_at_once_delivers_one_cancel)
{
    (void)arg;
    for (int order = 0; order < 2; order++) {
        eddy_future *gate = make_future();
        child body = {.gate = gate, .cleanup_steps = 3};
        eddy_task *task = spawn(&body);
        yield_times(1);
        if (order == 0) {
            assert_true(eddy_future_cancel(gate));
            assert_true(eddy_task_cancel(task));
        } else {
            assert_true(eddy_task_cancel(task));
            assert_false(eddy_future_cancel(gate));
        }
        assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
        assert_int_equal(body.cancels, 1);
        eddy_task_release(task);
        eddy_future_release(gate);
    }
    return 0;
}

typedef struct chain {
    eddy_task *next;
    eddy_future *leaf;
    int delivered;
} chain;

static int chain_body(void *arg)
{
    chain *self = arg;
    int rc = self->next != NULL ? eddy_await(self->next, NULL) : eddy_await_future(self->leaf, NULL);
    self->delivered += rc == EDDY_ECANCELED;
    return rc;
}

static void build_chain(chain links[3], eddy_task *tasks[3], eddy_future *leaf)
{
    for (int i = 2; i >= 0; i--) {
        links[i] = (chain){.next = i < 2 ? tasks[i + 1] : NULL, .leaf = leaf};
        assert_int_equal(eddy_create_task(&tasks[i], chain_body, &links[i], NULL), 0);
    }
    yield_times(2);
}

/* T8, test_cancel_awaited_task, test_yield_future_passes_cancel: down to the leaf; each on the way counts it and sees it once. */
TASK_TEST(cancel_goes_down_the_chain_of_awaits)
{
    chain links[3];
    eddy_task *tasks[3];
    eddy_future *leaf = make_future();
    (void)arg;
    build_chain(links, tasks, leaf);
    assert_true(eddy_task_cancel(tasks[0]));
    assert_true(eddy_future_cancelled(leaf));
    assert_int_equal(eddy_await(tasks[0], NULL), EDDY_ECANCELED);
    for (int i = 0; i < 3; i++) {
        assert_true(eddy_task_cancelled(tasks[i]));
        assert_int_equal(eddy_task_cancelling(tasks[i]), 1);
        assert_int_equal(links[i].delivered, 1);
        eddy_task_release(tasks[i]);
    }
    eddy_future_release(leaf);
    return 0;
}

/* T8: the message goes along. */
TASK_TEST(cancel_message_reaches_every_awaiter_on_the_way)
{
    eddy_error detail;
    chain links[3];
    eddy_task *tasks[3];
    eddy_future *leaf = make_future();
    (void)arg;
    build_chain(links, tasks, leaf);
    assert_true(eddy_task_cancel_with_message(tasks[0], "the user left"));
    assert_int_equal(eddy_await(tasks[0], NULL), EDDY_ECANCELED);
    assert_string_equal(eddy_last_error()->message, "the user left");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(eddy_task_exception(tasks[i], &detail), EDDY_ECANCELED);
        assert_string_equal(detail.message, "the user left");
        eddy_task_release(tasks[i]);
    }
    assert_int_equal(eddy_future_exception(leaf, &detail), EDDY_ECANCELED);
    assert_string_equal(detail.message, "the user left");
    eddy_future_release(leaf);
    return 0;
}

/* T8: a leaf that swallows the cancel and returns a value leaves the ones above it with that value. */
TASK_TEST(leaf_that_swallows_the_cancel_gives_its_value_to_the_waiter)
{
    child body = {.forever = true, .on_cancel = 7};
    eddy_task *leaf = spawn(&body), *outer;
    chain link = {.next = leaf};
    (void)arg;
    assert_int_equal(eddy_create_task(&outer, chain_body, &link, NULL), 0);
    yield_times(1);
    assert_true(eddy_task_cancel(outer));
    assert_int_equal(eddy_await(outer, NULL), 7);
    assert_int_equal(link.delivered, 0);
    assert_false(eddy_task_cancelled(outer));
    assert_int_equal(eddy_task_cancelling(outer), 1);
    eddy_task_release(leaf);
    eddy_task_release(outer);
    return 0;
}

/* A task that is cancelled by somebody else is an outcome; our own cancel is how the waiting went. */
TASK_TEST(awaiter_can_tell_whose_cancel_it_was)
{
    (void)arg;
    for (int ours = 0; ours < 2; ours++) {
        child body = {.forever = true};
        telling self = {.awaited = spawn(&body), .rc = 1, .outcome = 1};
        eddy_task *awaiter;
        assert_int_equal(eddy_create_task(&awaiter, tell_whose, &self, NULL), 0);
        yield_times(1);
        assert_true(eddy_task_cancel(ours ? awaiter : self.awaited));
        assert_int_equal(eddy_await(awaiter, NULL), 0);
        assert_int_equal(self.rc, ours ? EDDY_ECANCELED : 0);
        assert_int_equal(self.outcome, ours ? 1 : EDDY_ECANCELED);
        assert_true(eddy_task_cancelled(self.awaited));
        eddy_task_release(awaiter);
        eddy_task_release(self.awaited);
    }
    return 0;
}

/* ---- catching it ---- */

/* test_cancel_task_catching */
TASK_TEST(task_that_turns_the_cancel_into_a_value_is_not_cancelled)
{
    child body = {.forever = true, .on_cancel = 42};
    eddy_task *task = spawn(&body);
    (void)arg;
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), 42);
    assert_false(eddy_task_cancelled(task));
    assert_int_equal(eddy_task_cancelling(task), 1);
    eddy_task_release(task);
    return 0;
}

typedef struct ignoring {
    eddy_future *first, *second;
} ignoring;

static int ignore_and_go_on(void *arg)
{
    const ignoring *self = arg;
    assert_int_equal(eddy_await_future(self->first, NULL), EDDY_ECANCELED);
    assert_int_equal(eddy_task_cancelling(eddy_current_task()), 1);
    assert_int_equal(eddy_sleep(0), 0);
    return eddy_await_future(self->second, NULL);
}

/* T9, test_cancel_task_ignoring: an edge, not a level. */
TASK_TEST(swallowed_cancel_does_not_touch_the_next_await)
{
    ignoring self = {.first = make_future(), .second = make_future()};
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, ignore_and_go_on, &self, NULL), 0);
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    yield_times(3);
    assert_false(eddy_task_done(task));
    assert_false(eddy_future_done(self.second));
    assert_int_equal(eddy_future_set_result(self.second, 8), 0);
    assert_int_equal(eddy_await(task, NULL), 8);
    eddy_task_release(task);
    eddy_future_release(self.first);
    eddy_future_release(self.second);
    return 0;
}

/* ---- itself ---- */

static int cancel_self_then_wait(void *arg)
{
    eddy_future *done = make_future();
    assert_true(eddy_task_cancel(eddy_current_task()));
    assert_int_equal(eddy_task_cancelling(eddy_current_task()), 1);
    assert_int_equal(eddy_future_set_result(done, 3), 0);
    assert_int_equal(eddy_await_future(done, NULL),
                     3); /* F4: does not suspend, so it is no place to deliver */
    eddy_future_release(done);
    trace('w');
    assert_int_equal(eddy_await_future(arg, NULL), EDDY_ECANCELED);
    trace('c');
    assert_int_equal(eddy_sleep(0), 0);
    return EDDY_ECANCELED;
}

/* test_cancel_current_task: acts at the next await that suspends. */
TASK_TEST(task_that_cancels_itself_is_cancelled_at_its_next_suspension)
{
    eddy_future *gate = make_future();
    eddy_task *task;
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_create_task(&task, cancel_self_then_wait, gate, NULL), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "w");
    assert_true(eddy_future_cancelled(gate));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_string_equal(trace_text(), "wc");
    eddy_task_release(task);
    eddy_future_release(gate);
    return 0;
}

static int cancel_self_and_return(void *arg)
{
    assert_true(eddy_task_cancel_with_message(eddy_current_task(), "at the end"));
    return *(int *)arg;
}

/* T4, test_cancel_at_end: the value is dropped ... */
TASK_TEST(cancel_that_was_not_delivered_drops_the_value)
{
    int value = 42;
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, cancel_self_and_return, &value, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_true(eddy_task_cancelled(task));
    assert_string_equal(eddy_last_error()->message, "at the end");
    eddy_task_release(task);
    return 0;
}

/* ... but an error is kept (T4: anything else is a stored error). */
TASK_TEST(cancel_that_was_not_delivered_keeps_the_error)
{
    int error = EDDY_EPIPE;
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, cancel_self_and_return, &error, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), EDDY_EPIPE);
    assert_false(eddy_task_cancelled(task));
    eddy_task_release(task);
    return 0;
}

/* ---- counting ---- */

/* T7, test_cancelling: both answer true; one is delivered. */
TASK_TEST(two_requests_before_delivery_are_one_cancel_and_count_two)
{
    child body = {.forever = true, .cleanup_steps = 4};
    eddy_task *task = spawn(&body);
    (void)arg;
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_task_cancelling(task), 1);
    assert_true(eddy_task_cancel_with_message(task, "again"));
    assert_int_equal(eddy_task_cancelling(task), 2);
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_int_equal(body.cancels, 1);
    assert_int_equal(eddy_task_cancelling(task), 2);
    eddy_task_release(task);
    return 0;
}

static int uncancel_and_go_on(void *arg)
{
    eddy_task *self = eddy_current_task();
    int *left = arg;
    assert_int_equal(eddy_sleep((double)INFINITY), EDDY_ECANCELED);
    *left = eddy_task_uncancel(self);
    assert_int_equal(eddy_task_uncancel(self), 0); /* never below 0 */
    return eddy_sleep((double)INFINITY);
}

/* T10, test_uncancel_basic */
TASK_TEST(task_uncancels_itself_goes_on_and_can_be_cancelled_again)
{
    int left = -1;
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, uncancel_and_go_on, &left, NULL), 0);
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    yield_times(2);
    assert_int_equal(left, 0);
    assert_false(eddy_task_done(task));
    assert_int_equal(eddy_task_cancelling(task), 0);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_int_equal(eddy_task_cancelling(task), 1);
    assert_int_equal(eddy_task_uncancel(task), 0);
    assert_true(eddy_task_cancelled(task));
    eddy_task_release(task);
    return 0;
}

/* T10, test_uncancel_resets_must_cancel: at 0, what was not delivered is withdrawn; before that it is not. */
TASK_TEST(uncancel_to_zero_withdraws_an_undelivered_cancel)
{
    (void)arg;
    for (int cancels = 1; cancels <= 2; cancels++) {
        child body = {.steps = 1, .result = 42};
        eddy_task *task = spawn(&body);
        for (int i = 0; i < cancels; i++)
            assert_true(eddy_task_cancel(task));
        assert_int_equal(eddy_task_uncancel(task), cancels - 1);
        assert_int_equal(eddy_await(task, NULL), cancels == 1 ? 42 : EDDY_ECANCELED);
        eddy_task_release(task);
    }
    return 0;
}

/* T10: what is on its way through the awaited future cannot be called back. */
TASK_TEST(uncancel_does_not_call_back_a_cancel_on_its_way)
{
    child body = {.forever = true};
    eddy_task *task = spawn(&body);
    (void)arg;
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_task_uncancel(task), 0);
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_int_equal(body.cancels, 1);
    eddy_task_release(task);
    return 0;
}

static void cancel_later(void *task)
{
    (void)eddy_task_cancel(task);
}

static int hand_made_timeout(void *arg)
{
    eddy_task *self = eddy_current_task();
    (void)arg;
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, cancel_later, self), 0);
    assert_int_equal(eddy_sleep((double)INFINITY), EDDY_ECANCELED);
    assert_int_equal(eddy_task_uncancel(self), 0);
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(eddy_task_cancelling(self), 0);
    return 6;
}

/* T11, test_uncancel_structured_blocks */
TASK_TEST(block_that_takes_back_its_own_request_leaves_the_outer_code_alone)
{
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, hand_made_timeout, NULL, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), 6);
    assert_int_equal(eddy_task_cancelling(task), 0);
    eddy_task_release(task);
    return 0;
}

/* ---- messages ---- */

/* test_cancel_with_message_then_future_result; the last request's message counts, as in asyncio. */
TASK_TEST(cancel_message_is_in_the_error_and_none_when_none_was_given)
{
    static const char *const messages[] = {"because", NULL};
    (void)arg;
    for (int i = 0; i < 2; i++) {
        eddy_error detail;
        child body = {.forever = true};
        eddy_task *task = spawn(&body);
        yield_times(1);
        assert_true(eddy_task_cancel_with_message(task, messages[i]));
        assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
        assert_int_equal(eddy_task_exception(task, &detail), EDDY_ECANCELED);
        if (messages[i] != NULL)
            assert_string_equal(detail.message, messages[i]);
        else
            assert_null(detail.message);
        eddy_task_release(task);
    }
    return 0;
}

int suite_cancel(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sleeping_task_is_cancelled_at_once),
        cmocka_unit_test(task_cancelled_before_its_first_step_never_runs),
        cmocka_unit_test(cancel_between_two_bare_yields),
        cmocka_unit_test(cancelling_the_awaited_future_ends_the_task_cancelled),
        cmocka_unit_test(cancelling_task_and_future_at_once_delivers_one_cancel),
        cmocka_unit_test(cancel_goes_down_the_chain_of_awaits),
        cmocka_unit_test(cancel_message_reaches_every_awaiter_on_the_way),
        cmocka_unit_test(leaf_that_swallows_the_cancel_gives_its_value_to_the_waiter),
        cmocka_unit_test(awaiter_can_tell_whose_cancel_it_was),
        cmocka_unit_test(task_that_turns_the_cancel_into_a_value_is_not_cancelled),
        cmocka_unit_test(swallowed_cancel_does_not_touch_the_next_await),
        cmocka_unit_test(task_that_cancels_itself_is_cancelled_at_its_next_suspension),
        cmocka_unit_test(cancel_that_was_not_delivered_drops_the_value),
        cmocka_unit_test(cancel_that_was_not_delivered_keeps_the_error),
        cmocka_unit_test(two_requests_before_delivery_are_one_cancel_and_count_two),
        cmocka_unit_test(task_uncancels_itself_goes_on_and_can_be_cancelled_again),
        cmocka_unit_test(uncancel_to_zero_withdraws_an_undelivered_cancel),
        cmocka_unit_test(uncancel_does_not_call_back_a_cancel_on_its_way),
        cmocka_unit_test(block_that_takes_back_its_own_request_leaves_the_outer_code_alone),
        cmocka_unit_test(cancel_message_is_in_the_error_and_none_when_none_was_given),
    };
    return cmocka_run_group_tests_name("cancel", tests, NULL, NULL);
}
