/* suite_task_ends.c: a task ends once: with a result, an error, a refusal, or its loop; its argument goes and no error stays unseen.
 * Touches the public API. Rule numbers T4-T12 are those of asyncio's inventory. */
#include "bodies.h"
#include "suite.h"

static int counted_releases;

static void count_release(void *arg)
{
    (void)arg;
    counted_releases++;
}

/* ---- how a task ends ---- */

/* T4 */
TASK_TEST(task_ends_with_what_its_body_returns)
{
    static const int results[] = {0, 42, EDDY_EPIPE, EDDY_EUSER - 7};
    (void)arg;
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        int outcome = 1;
        child body = {.steps = 1, .result = results[i]};
        eddy_task *task = spawn(&body);
        assert_int_equal(eddy_task_result(task), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_await(task, &outcome), 0);
        assert_int_equal(outcome, results[i]);
        assert_int_equal(eddy_await(task, NULL), results[i]);
        assert_int_equal(eddy_task_result(task), results[i]);
        assert_int_equal(eddy_task_exception(task, NULL), results[i] < 0 ? results[i] : 0);
        assert_false(eddy_task_cancelled(task));
        eddy_task_release(task);
    }
    return 0;
}

/* T4: also when nobody called cancel. */
TASK_TEST(task_that_returns_a_cancel_ends_cancelled)
{
    child body = {.result = EDDY_ECANCELED};
    eddy_task *task = spawn(&body);
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_true(eddy_task_cancelled(task));
    assert_int_equal(eddy_task_cancelling(task), 0);
    eddy_task_release(task);
    assert_int_equal(support_reports(), 0);
    return 0;
}

/* T5 */
TASK_TEST(awaiter_runs_one_iteration_after_the_task_ended)
{
    child body = {.letter = 'a'};
    eddy_loop *loop = eddy_get_running_loop();
    eddy_task *task = spawn(&body);
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_loop_call_soon(loop, NULL, trace_soon, "1"), 0);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_string_equal(trace_text(), "aA1");
    eddy_task_release(task);
    return 0;
}

/* ---- misuse ---- */

static int await_itself(void *arg)
{
    (void)arg;
    return eddy_await(eddy_current_task(), NULL);
}

/* T6, test_task_awaits_on_itself */
TASK_TEST(task_that_awaits_itself_is_told)
{
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, await_itself, NULL, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), EDDY_EDEADLK);
    eddy_task_release(task);
    return 0;
}

static int await_that(void *arg)
{
    return eddy_await(*(eddy_task **)arg, NULL);
}

/* T6: the one that would close the ring is refused, and the others end with it. */
TASK_TEST(fault_C15_ring_of_awaiting_tasks_is_refused)
{
    eddy_task *tasks[3];
    (void)arg;
    for (int i = 0; i < 3; i++)
        assert_int_equal(eddy_create_task(&tasks[i], await_that, &tasks[(i + 1) % 3], NULL), 0);
    yield_times(1);
    assert_true(eddy_task_done(tasks[2]));
    assert_int_equal(eddy_task_result(tasks[2]), EDDY_EDEADLK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(eddy_await(tasks[i], NULL), EDDY_EDEADLK);
        eddy_task_release(tasks[i]);
    }
    return 0;
}

static int pending_reports;
static eddy_task *pending_task;

static void note_pending(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)arg;
    pending_reports++;
    pending_task = context->task;
    assert_string_equal(context->message, "Task was destroyed but it is pending!");
}

/* T6 */
TASK_TEST(fault_C9_task_of_another_loop_is_refused)
{
    child body = {.result = 3};
    eddy_loop *other;
    eddy_task *foreign;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    (void)arg;
    assert_int_equal(eddy_new_event_loop(&other, &options), 0);
    assert_int_equal(eddy_loop_create_task(other, &foreign, child_body, &body, NULL), 0);
    assert_int_equal(eddy_await(foreign, NULL), EDDY_EWRONGLOOP);
    assert_int_equal(eddy_shield(foreign, NULL), EDDY_EWRONGLOOP);
    assert_int_equal(eddy_wait(NULL, &foreign, 1, 1.0, EDDY_ALL_COMPLETED), EDDY_EWRONGLOOP);
    assert_int_equal(eddy_gather(NULL, &foreign, 1), EDDY_EWRONGLOOP);
    assert_int_equal(eddy_wait_for(foreign, NULL, 0), EDDY_EWRONGLOOP);
    assert_int_equal(eddy_wait_for(foreign, NULL, 1.0), EDDY_EWRONGLOOP);
    assert_int_equal(eddy_task_cancelling(foreign), 0);
    pending_reports = 0;
    assert_int_equal(eddy_loop_set_exception_handler(other, note_pending, NULL), 0);
    assert_int_equal(eddy_loop_close(other), 0);
    assert_int_equal(pending_reports, 1);
    assert_ptr_equal(pending_task, foreign);
    eddy_task_release(foreign);
    assert_false(body.started);
    eddy_loop_release(other);
    return 0;
}

/* ---- whose the argument is ---- */

TASK_TEST(argument_is_released_once_when_the_task_has_ended)
{
    child body = {.steps = 1};
    eddy_task *task;
    (void)arg;
    counted_releases = 0;
    assert_int_equal(
        eddy_create_task(&task, child_body, &body, EDDY_OPTIONS(eddy_task_options, .release = count_release)),
        0);
    yield_times(1);
    assert_int_equal(counted_releases, 0);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(counted_releases, 1);
    eddy_task_release(task);
    assert_int_equal(counted_releases, 1);
    return 0;
}

TASK_TEST(argument_is_released_also_when_the_task_never_ran)
{
    child body = {0};
    eddy_task *task;
    (void)arg;
    counted_releases = 0;
    assert_int_equal(
        eddy_create_task(&task, child_body, &body, EDDY_OPTIONS(eddy_task_options, .release = count_release)),
        0);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_false(body.started);
    assert_int_equal(counted_releases, 1);
    eddy_task_release(task);
    return 0;
}

/* ---- closing with tasks alive ---- */

static int defer_and_wait(void *arg)
{
    assert_int_equal(eddy_defer(count_release, arg), 0);
    return eddy_sleep((double)INFINITY);
}

static void close_with_one_task(eddy_coro_fn fn, void *arg, bool run_it)
{
    eddy_loop *loop;
    eddy_task *task;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    pending_reports = 0;
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    assert_int_equal(eddy_loop_set_exception_handler(loop, note_pending, NULL), 0);
    assert_int_equal(eddy_loop_create_task(loop, &task, fn, arg,
                                           EDDY_OPTIONS(eddy_task_options, .release = count_release)),
                     0);
    if (run_it) {
        eddy_loop_stop(loop);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
    }
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(pending_reports, 1);
    assert_ptr_equal(pending_task, task);
    assert_true(eddy_task_cancelled(task));
    eddy_task_release(task);
    eddy_loop_release(loop);
}

/* T12 in C: the loop holds its tasks, so what is left at close is reported instead of collected;
 * test_log_destroyed_pending_task. */
static void pending_task_is_reported_when_its_loop_closes(void **state)
{
    child body = {0};
    long blocks = support_live_blocks();
    (void)state;
    counted_releases = 0;
    close_with_one_task(child_body, &body, false);
    assert_false(body.started);
    assert_int_equal(counted_releases, 1);
    close_with_one_task(defer_and_wait, NULL, true);
    assert_int_equal(counted_releases, 3); /* its argument, and what it deferred */
    assert_int_equal(support_live_blocks(), blocks);
}

static void closed_loop_takes_no_tasks(void **state)
{
    eddy_loop *loop;
    eddy_task *task = NULL;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    (void)state;
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(eddy_loop_create_task(loop, &task, child_body, NULL, NULL), EDDY_ECLOSED);
    assert_null(task);
    eddy_loop_release(loop);
}

static int stop_and_go_on(void *arg)
{
    eddy_loop_stop(eddy_get_running_loop());
    for (int i = 0; i < 3; i++)
        assert_int_equal(eddy_sleep(0), 0);
    return *(int *)arg;
}

/* test_stop_while_run_in_complete; a task may be made before its loop runs. */
static void loop_stopped_before_its_future_leaves_the_task_usable(void **state)
{
    int result = 9;
    eddy_loop *loop;
    eddy_task *task;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    (void)state;
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    assert_int_equal(eddy_loop_create_task(loop, &task, stop_and_go_on, &result, NULL), 0);
    assert_int_equal(eddy_loop_run_until_complete(loop, eddy_task_future(task)), EDDY_ESTOPPED);
    assert_false(eddy_task_done(task));
    assert_int_equal(eddy_loop_run_until_complete(loop, eddy_task_future(task)), 9);
    eddy_task_release(task);
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_loop_release(loop);
}

/* ---- dropped handles ---- */

/* The loop holds it: it goes on, and its error is reported once, when it ends. */
TASK_TEST(fault_C8_dropped_task_runs_on_and_reports_its_error_once)
{
    eddy_future *gate = make_future();
    child body = {.gate = gate, .result = EDDY_EPIPE};
    (void)arg;
    support_catch_reports();
    eddy_task_release(spawn(&body));
    yield_times(2);
    assert_true(body.started);
    assert_false(body.ended);
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    eddy_future_release(gate);
    yield_times(2);
    assert_true(body.ended);
    assert_int_equal(support_reports(), 1);
    assert_int_equal(support_last_code(), EDDY_EPIPE);
    assert_string_equal(support_last_message(), "Task exception was never retrieved");
    return 0;
}

TASK_TEST(fault_C8_task_made_without_a_handle_runs)
{
    child body = {.steps = 2};
    (void)arg;
    assert_int_equal(eddy_create_task(NULL, child_body, &body, NULL), 0);
    yield_times(4);
    assert_true(body.ended);
    return 0;
}

/* F6: an await that took the error is a look. */
TASK_TEST(task_error_that_was_awaited_is_not_reported)
{
    child body = {.result = EDDY_EPIPE};
    eddy_task *task = spawn(&body);
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_await(task, NULL), EDDY_EPIPE);
    eddy_task_release(task);
    yield_times(1);
    assert_int_equal(support_reports(), 0);
    return 0;
}

int suite_task_ends(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(task_ends_with_what_its_body_returns),
        cmocka_unit_test(task_that_returns_a_cancel_ends_cancelled),
        cmocka_unit_test(awaiter_runs_one_iteration_after_the_task_ended),
        cmocka_unit_test(task_that_awaits_itself_is_told),
        cmocka_unit_test(fault_C15_ring_of_awaiting_tasks_is_refused),
        cmocka_unit_test(fault_C9_task_of_another_loop_is_refused),
        cmocka_unit_test(argument_is_released_once_when_the_task_has_ended),
        cmocka_unit_test(argument_is_released_also_when_the_task_never_ran),
        cmocka_unit_test(pending_task_is_reported_when_its_loop_closes),
        cmocka_unit_test(closed_loop_takes_no_tasks),
        cmocka_unit_test(loop_stopped_before_its_future_leaves_the_task_usable),
        cmocka_unit_test(fault_C8_dropped_task_runs_on_and_reports_its_error_once),
        cmocka_unit_test(fault_C8_task_made_without_a_handle_runs),
        cmocka_unit_test(task_error_that_was_awaited_is_not_reported),
    };
    return cmocka_run_group_tests_name("task ends", tests, NULL, NULL);
}
