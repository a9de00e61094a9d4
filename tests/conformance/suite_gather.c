/* suite_gather.c: gather waits for all or for the first error, cancels them all when it is cancelled, and hides no error.
 * Touches the public API. Rule numbers G1-G7 are those of asyncio's inventory. */
#include "bodies.h"
#include "suite.h"

static void spawn_all(eddy_task **tasks, child *bodies, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tasks[i] = spawn(&bodies[i]);
}

static void release_all(eddy_task **tasks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        eddy_task_release(tasks[i]);
}

static void futures_of(eddy_future **futures, eddy_task *const *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        futures[i] = eddy_task_future(tasks[i]);
}

typedef struct gathering {
    eddy_task **tasks;
    size_t count;
    bool return_exceptions;
    int results[4];
} gathering;

static int gather_body(void *arg)
{
    gathering *self = arg;
    return self->return_exceptions ? eddy_gather_return_exceptions(self->results, self->tasks, self->count)
                                   : eddy_gather(self->results, self->tasks, self->count);
}

static eddy_task *start_gathering(gathering *self)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, gather_body, self, NULL), 0);
    yield_times(1);
    return task;
}

/* ---- results ---- */

/* In the order of the arguments, whatever the order of their ends. */
TASK_TEST(gather_gives_results_in_the_order_of_the_tasks)
{
    child bodies[3] = {
        {.steps = 5, .result = 10, .letter = 'a'}, {.result = 20, .letter = 'b'}, {.steps = 2, .result = 30}};
    eddy_task *tasks[3];
    int results[3] = {-1, -1, -1};
    (void)arg;
    trace_clear();
    spawn_all(tasks, bodies, 3);
    assert_int_equal(eddy_gather(results, tasks, 3), 0);
    assert_string_equal(trace_text(), "abBA");
    for (int i = 0; i < 3; i++)
        assert_int_equal(results[i], 10 * (i + 1));
    assert_int_equal(eddy_gather(NULL, tasks, 3), 0);
    release_all(tasks, 3);
    return 0;
}

/* G1 */
TASK_TEST(gather_of_nothing_is_done_at_once)
{
    eddy_future *outer;
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, trace_soon, "x"), 0);
    assert_int_equal(eddy_gather(NULL, NULL, 0), 0);
    assert_int_equal(eddy_gather_return_exceptions(NULL, NULL, 0), 0);
    assert_int_equal(eddy_gather_future(eddy_get_running_loop(), &outer, NULL, NULL, 0, false), 0);
    assert_true(eddy_future_done(outer));
    eddy_future_release(outer);
    assert_string_equal(trace_text(), "");
    yield_times(1);
    return 0;
}

/* G1, test_duplicate_coroutines: it runs once and fills each slot. */
TASK_TEST(gather_fills_every_slot_of_a_task_given_twice)
{
    child bodies[2] = {{.steps = 1, .result = 1}, {.result = 2}};
    eddy_task *tasks[2];
    int results[4] = {0};
    (void)arg;
    spawn_all(tasks, bodies, 2);
    eddy_task *const twice[4] = {tasks[0], tasks[1], tasks[0], tasks[0]};
    assert_int_equal(eddy_gather(results, twice, 4), 0);
    assert_int_equal(results[0], 1);
    assert_int_equal(results[1], 2);
    assert_int_equal(results[2], 1);
    assert_int_equal(results[3], 1);
    release_all(tasks, 2);
    return 0;
}

/* G7 */
TASK_TEST(gather_of_done_tasks_is_done_at_once)
{
    child bodies[2] = {{.result = 1}, {.result = EDDY_EPIPE}};
    eddy_task *tasks[2];
    eddy_future *outer, *futures[2];
    int results[2] = {0};
    (void)arg;
    spawn_all(tasks, bodies, 2);
    yield_times(1);
    futures_of(futures, tasks, 2);
    assert_int_equal(eddy_gather_future(eddy_get_running_loop(), &outer, results, futures, 2, true), 0);
    assert_true(eddy_future_done(outer));
    assert_int_equal(eddy_future_result(outer), 0);
    assert_int_equal(results[0], 1);
    assert_int_equal(results[1], EDDY_EPIPE);
    eddy_future_release(outer);
    release_all(tasks, 2);
    return 0;
}

/* G3, G7: also what comes after the first error has its slot. */
TASK_TEST(gather_of_done_tasks_fills_the_slots_after_an_error)
{
    child bodies[4] = {{.result = 1}, {.result = EDDY_EPIPE}, {.result = 3}, {.result = EDDY_EIO}};
    eddy_task *tasks[4];
    int results[4] = {99, 99, 99, 99};
    (void)arg;
    support_catch_reports();
    spawn_all(tasks, bodies, 4);
    yield_times(1);
    assert_int_equal(eddy_gather(results, tasks, 4), EDDY_EPIPE);
    assert_int_equal(results[0], 1);
    assert_int_equal(results[1], EDDY_EPIPE);
    assert_int_equal(results[2], 3);
    assert_int_equal(results[3], EDDY_EIO);
    release_all(tasks, 4);
    assert_int_equal(support_reports(), 0);
    return 0;
}

/* ---- errors ---- */

/* G3, test_one_exception: it returns at the first error; the others run on. */
TASK_TEST(gather_returns_the_first_error_and_lets_the_others_run)
{
    eddy_future *gate = make_future();
    child bodies[3] = {{.gate = gate, .result = 1}, {.steps = 1, .result = EDDY_EPIPE}, {.result = 3}};
    eddy_task *tasks[3];
    int results[3] = {0};
    (void)arg;
    spawn_all(tasks, bodies, 3);
    assert_int_equal(eddy_gather(results, tasks, 3), EDDY_EPIPE);
    assert_int_equal(results[0], EDDY_EINVALIDSTATE);
    assert_int_equal(results[1], EDDY_EPIPE);
    assert_int_equal(results[2], 3);
    assert_false(eddy_task_done(tasks[0]));
    assert_int_equal(eddy_task_cancelling(tasks[0]), 0);
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    assert_int_equal(eddy_await(tasks[0], NULL), 1);
    release_all(tasks, 3);
    eddy_future_release(gate);
    return 0;
}

/* G3, test_exception_marking: later errors count as looked at. */
TASK_TEST(gather_hides_the_errors_that_come_after_the_first)
{
    eddy_future *gate = make_future();
    child bodies[2] = {{.result = EDDY_EPIPE}, {.gate = gate, .result = EDDY_EIO}};
    eddy_task *tasks[2];
    (void)arg;
    support_catch_reports();
    spawn_all(tasks, bodies, 2);
    assert_int_equal(eddy_gather(NULL, tasks, 2), EDDY_EPIPE);
    release_all(tasks, 2);
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    eddy_future_release(gate);
    yield_times(4);
    assert_true(bodies[1].ended);
    assert_int_equal(support_reports(), 0);
    return 0;
}

/* Two that fail in one iteration: the first in order of their ends is returned, and both slots are filled. */
TASK_TEST(gather_fills_the_slots_of_all_that_ended_by_then)
{
    child bodies[2] = {{.steps = 1, .result = EDDY_EPIPE}, {.steps = 1, .result = EDDY_EIO}};
    eddy_task *tasks[2];
    int results[2] = {0};
    (void)arg;
    spawn_all(tasks, bodies, 2);
    assert_int_equal(eddy_gather(results, tasks, 2), EDDY_EPIPE);
    assert_int_equal(results[0], EDDY_EPIPE);
    assert_int_equal(results[1], EDDY_EIO);
    release_all(tasks, 2);
    return 0;
}

static int fail_with_detail(void *arg)
{
    (void)arg;
    return eddy_sleep((double)NAN);
}

/* The detail of the first error is the caller's. */
TASK_TEST(gather_hands_on_the_detail_of_the_first_error)
{
    eddy_task *tasks[2];
    child other = {.steps = 3};
    (void)arg;
    tasks[0] = spawn(&other);
    assert_int_equal(eddy_create_task(&tasks[1], fail_with_detail, NULL, NULL), 0);
    assert_int_equal(eddy_gather(NULL, tasks, 2), EDDY_EINVAL);
    assert_string_equal(eddy_last_error()->operation, "sleep");
    assert_int_equal(eddy_await(tasks[0], NULL), 0);
    release_all(tasks, 2);
    return 0;
}

/* G4, test_return_exceptions */
TASK_TEST(gather_return_exceptions_puts_errors_in_their_slots)
{
    child bodies[3] = {{.steps = 3, .result = EDDY_EPIPE}, {.result = EDDY_EIO}, {.steps = 5, .result = 3}};
    eddy_task *tasks[3];
    int results[3] = {0};
    (void)arg;
    support_catch_reports();
    spawn_all(tasks, bodies, 3);
    assert_int_equal(eddy_gather_return_exceptions(results, tasks, 3), 0);
    assert_int_equal(results[0], EDDY_EPIPE);
    assert_int_equal(results[1], EDDY_EIO);
    assert_int_equal(results[2], 3);
    release_all(tasks, 3);
    assert_int_equal(support_reports(), 0);
    return 0;
}

/* ---- cancelled children ---- */

/* G3, test_one_cancellation: the outer future fails with a cancel and yet is not cancelled itself. */
TASK_TEST(cancelled_child_fails_the_gather_which_is_not_cancelled)
{
    child bodies[2] = {{.forever = true}, {.forever = true}};
    eddy_task *tasks[2];
    eddy_future *outer, *futures[2];
    (void)arg;
    spawn_all(tasks, bodies, 2);
    futures_of(futures, tasks, 2);
    assert_int_equal(eddy_gather_future(eddy_get_running_loop(), &outer, NULL, futures, 2, false), 0);
    yield_times(1);
    assert_true(eddy_task_cancel(tasks[1]));
    yield_times(2);
    assert_true(eddy_future_done(outer));
    assert_false(eddy_future_cancelled(outer));
    assert_int_equal(eddy_future_result(outer), EDDY_ECANCELED);
    assert_false(eddy_task_done(tasks[0]));
    eddy_future_release(outer);
    assert_true(eddy_task_cancel(tasks[0]));
    yield_times(2);
    release_all(tasks, 2);
    return 0;
}

/* A cancel is no failure to report. */
TASK_TEST(gather_that_ended_with_a_cancel_is_not_reported)
{
    child body = {.forever = true};
    eddy_task *task = spawn(&body);
    eddy_future *outer, *future = eddy_task_future(task);
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_gather_future(eddy_get_running_loop(), &outer, NULL, &future, 1, false), 0);
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    yield_times(2);
    assert_true(eddy_future_done(outer));
    eddy_future_release(outer);
    eddy_task_release(task);
    assert_int_equal(support_reports(), 0);
    return 0;
}

/* G4, test_result_exception_one_cancellation */
TASK_TEST(cancelled_child_takes_its_slot_with_return_exceptions)
{
    child bodies[3] = {{.steps = 3, .result = 1}, {.forever = true}, {.steps = 1, .result = EDDY_EPIPE}};
    eddy_task *tasks[3];
    gathering self = {.tasks = tasks, .count = 3, .return_exceptions = true};
    (void)arg;
    spawn_all(tasks, bodies, 3);
    eddy_task *gatherer = start_gathering(&self);
    assert_true(eddy_task_cancel(tasks[1]));
    assert_int_equal(eddy_await(gatherer, NULL), 0);
    assert_int_equal(self.results[0], 1);
    assert_int_equal(self.results[1], EDDY_ECANCELED);
    assert_int_equal(self.results[2], EDDY_EPIPE);
    eddy_task_release(gatherer);
    release_all(tasks, 3);
    return 0;
}

/* ---- cancelling the gather ---- */

/* G5, test_cancellation_broadcast */
TASK_TEST(cancelling_the_caller_cancels_every_child)
{
    child bodies[2] = {{.forever = true}, {.forever = true}};
    eddy_task *tasks[2];
    gathering self = {.tasks = tasks, .count = 2};
    (void)arg;
    spawn_all(tasks, bodies, 2);
    eddy_task *gatherer = start_gathering(&self);
    assert_true(eddy_task_cancel_with_message(gatherer, "all of you"));
    assert_int_equal(eddy_await(gatherer, NULL), EDDY_ECANCELED);
    assert_true(eddy_task_cancelled(gatherer));
    assert_false(eddy_task_cancel(gatherer));
    for (int i = 0; i < 2; i++) {
        assert_true(eddy_task_cancelled(tasks[i]));
        assert_int_equal(bodies[i].cancels, 1);
    }
    eddy_task_release(gatherer);
    release_all(tasks, 2);
    return 0;
}

/* G5, test_cancel_gather_2: it waits for all of them, and then too it is a cancel. */
TASK_TEST(cancel_passes_through_return_exceptions_after_all_ended)
{
    child bodies[2] = {{.forever = true, .cleanup_steps = 4}, {.forever = true, .on_cancel = 5}};
    eddy_task *tasks[2];
    gathering self = {.tasks = tasks, .count = 2, .return_exceptions = true};
    (void)arg;
    spawn_all(tasks, bodies, 2);
    eddy_task *gatherer = start_gathering(&self);
    assert_true(eddy_task_cancel(gatherer));
    yield_times(2);
    assert_true(eddy_task_done(tasks[1]));
    assert_false(eddy_task_done(gatherer));
    assert_int_equal(eddy_await(gatherer, NULL), EDDY_ECANCELED);
    assert_true(eddy_task_done(tasks[0]));
    assert_int_equal(eddy_task_result(tasks[1]), 5);
    eddy_task_release(gatherer);
    release_all(tasks, 2);
    return 0;
}

/* G5: true if any child accepted; not marked cancelled by it. */
TASK_TEST(cancelling_the_outer_future_asks_the_children_that_are_left)
{
    child bodies[2] = {{.result = 1}, {.forever = true}};
    eddy_task *tasks[2];
    eddy_future *outer, *futures[2];
    (void)arg;
    spawn_all(tasks, bodies, 2);
    futures_of(futures, tasks, 2);
    assert_int_equal(eddy_gather_future(eddy_get_running_loop(), &outer, NULL, futures, 2, false), 0);
    yield_times(2);
    assert_true(eddy_future_cancel(outer));
    assert_false(eddy_future_done(outer));
    assert_int_equal(eddy_task_cancelling(tasks[0]), 0);
    assert_int_equal(eddy_task_cancelling(tasks[1]), 1);
    assert_int_equal(eddy_await_future(outer, NULL), EDDY_ECANCELED);
    assert_false(eddy_future_cancelled(outer));
    assert_false(eddy_future_cancel(outer));
    eddy_future_release(outer);
    release_all(tasks, 2);
    return 0;
}

/* G6, test_cancel_gather_1: refused when all children are done, though it has not noticed yet. */
TASK_TEST(cancel_is_refused_when_all_children_are_done)
{
    eddy_future *members[2] = {make_future(), make_future()}, *outer;
    int results[2] = {0};
    (void)arg;
    assert_int_equal(eddy_gather_future(eddy_get_running_loop(), &outer, results, members, 2, false), 0);
    assert_int_equal(eddy_future_set_result(members[0], 4), 0);
    assert_int_equal(eddy_future_set_result(members[1], 5), 0);
    assert_false(eddy_future_done(outer));
    assert_false(eddy_future_cancel(outer));
    assert_int_equal(eddy_await_future(outer, NULL), 0);
    assert_int_equal(results[0], 4);
    assert_int_equal(results[1], 5);
    eddy_future_release(outer);
    for (int i = 0; i < 2; i++)
        eddy_future_release(members[i]);
    return 0;
}

typedef struct outer_wait {
    eddy_future *outer;
    int rc, outcome;
} outer_wait;

static int await_outer(void *arg)
{
    outer_wait *self = arg;
    self->rc = eddy_await_future(self->outer, &self->outcome);
    return 0;
}

/* Our own cancel is how the waiting went, not what the gather came to. */
TASK_TEST(cancelled_awaiter_of_a_gather_future_gets_no_outcome)
{
    child body = {.forever = true};
    eddy_task *task = spawn(&body), *awaiter;
    eddy_future *future = eddy_task_future(task);
    outer_wait self = {.rc = 1, .outcome = 1};
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_gather_future(eddy_get_running_loop(), &self.outer, NULL, &future, 1, true), 0);
    assert_int_equal(eddy_create_task(&awaiter, await_outer, &self, NULL), 0);
    yield_times(1);
    assert_true(eddy_task_cancel(awaiter));
    assert_int_equal(eddy_await(awaiter, NULL), 0);
    assert_int_equal(self.rc, EDDY_ECANCELED);
    assert_int_equal(self.outcome, 1);
    eddy_future_release(self.outer);
    eddy_task_release(awaiter);
    eddy_task_release(task);
    assert_int_equal(support_reports(), 0);
    return 0;
}

/* ---- lives ---- */

/* The members keep the outer future's memory, not the caller's array. */
TASK_TEST(gather_future_may_be_released_before_its_members_end)
{
    eddy_future *gate = make_future(), *outer, *futures[1];
    child body = {.gate = gate};
    eddy_task *task = spawn(&body);
    (void)arg;
    futures[0] = eddy_task_future(task);
    assert_int_equal(eddy_gather_future(eddy_get_running_loop(), &outer, NULL, futures, 1, false), 0);
    eddy_task_release(task);
    eddy_future_release(outer);
    yield_times(1);
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    yield_times(3);
    assert_true(body.ended);
    eddy_future_release(gate);
    return 0;
}

TASK_TEST(gather_future_serves_several_awaiters_and_callbacks)
{
    eddy_future *member = make_future(), *outer;
    int results[1] = {0};
    outer_wait waits[2];
    eddy_task *awaiters[2];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_gather_future(eddy_get_running_loop(), &outer, results, &member, 1, false), 0);
    assert_int_equal(eddy_future_add_done_callback(outer, trace_callback, "d"), 0);
    for (int i = 0; i < 2; i++) {
        waits[i] = (outer_wait){.outer = outer, .rc = 1, .outcome = 1};
        assert_int_equal(eddy_create_task(&awaiters[i], await_outer, &waits[i], NULL), 0);
    }
    yield_times(1);
    assert_int_equal(eddy_future_set_result(outer, 1), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_future_set_result(member, 6), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(eddy_await(awaiters[i], NULL), 0);
        assert_int_equal(waits[i].rc, 0);
        assert_int_equal(waits[i].outcome, 0);
        eddy_task_release(awaiters[i]);
    }
    assert_int_equal(results[0], 6);
    assert_string_equal(trace_text(), "d");
    eddy_future_release(outer);
    eddy_future_release(member);
    return 0;
}

/* ---- refusals ---- */

/* G2, test_constructor_heterogenous_futures, test_issue46672: nothing is touched, nothing is reported. */
TASK_TEST(gather_refuses_bad_members_cleanly)
{
    eddy_loop *other;
    eddy_future *members[2] = {make_future(), NULL}, *outer = NULL;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    (void)arg;
    support_catch_reports();
    eddy_loop *loop = eddy_get_running_loop();
    assert_int_equal(eddy_gather_future(loop, &outer, NULL, members, 2, false), EDDY_EINVAL);
    assert_int_equal(eddy_gather_future(loop, &outer, NULL, NULL, 2, false), EDDY_EINVAL);
    assert_int_equal(eddy_gather_future(NULL, &outer, NULL, members, 1, false), EDDY_EINVAL);
    assert_int_equal(eddy_gather_future(loop, NULL, NULL, members, 1, false), EDDY_EINVAL);
    assert_int_equal(eddy_gather(NULL, NULL, 1), EDDY_EINVAL);
    assert_int_equal(eddy_new_event_loop(&other, &options), 0);
    assert_int_equal(eddy_loop_create_future(other, &members[1]), 0);
    assert_int_equal(eddy_gather_future(loop, &outer, NULL, members, 2, false), EDDY_EWRONGLOOP);
    assert_null(outer);
    assert_false(eddy_future_done(members[0]));
    eddy_future_release(members[1]);
    eddy_loop_release(other);
    eddy_future_release(members[0]);
    assert_int_equal(support_reports(), 0);
    return 0;
}

int suite_gather(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gather_gives_results_in_the_order_of_the_tasks),
        cmocka_unit_test(gather_of_nothing_is_done_at_once),
        cmocka_unit_test(gather_fills_every_slot_of_a_task_given_twice),
        cmocka_unit_test(gather_of_done_tasks_is_done_at_once),
        cmocka_unit_test(gather_of_done_tasks_fills_the_slots_after_an_error),
        cmocka_unit_test(gather_returns_the_first_error_and_lets_the_others_run),
        cmocka_unit_test(gather_hides_the_errors_that_come_after_the_first),
        cmocka_unit_test(gather_fills_the_slots_of_all_that_ended_by_then),
        cmocka_unit_test(gather_hands_on_the_detail_of_the_first_error),
        cmocka_unit_test(gather_return_exceptions_puts_errors_in_their_slots),
        cmocka_unit_test(cancelled_child_fails_the_gather_which_is_not_cancelled),
        cmocka_unit_test(gather_that_ended_with_a_cancel_is_not_reported),
        cmocka_unit_test(cancelled_child_takes_its_slot_with_return_exceptions),
        cmocka_unit_test(cancelling_the_caller_cancels_every_child),
        cmocka_unit_test(cancel_passes_through_return_exceptions_after_all_ended),
        cmocka_unit_test(cancelling_the_outer_future_asks_the_children_that_are_left),
        cmocka_unit_test(cancel_is_refused_when_all_children_are_done),
        cmocka_unit_test(cancelled_awaiter_of_a_gather_future_gets_no_outcome),
        cmocka_unit_test(gather_future_may_be_released_before_its_members_end),
        cmocka_unit_test(gather_future_serves_several_awaiters_and_callbacks),
        cmocka_unit_test(gather_refuses_bad_members_cleanly),
    };
    return cmocka_run_group_tests_name("gather", tests, NULL, NULL);
}
