/* suite_futures_told.c: who is told that a future is done, and what a report of an unseen error says.
 * Touches the public API. Rule numbers F1-F6 and T1-T12 are those of asyncio's inventory. */
#include "bodies.h"
#include "loops.h"
#include "suite.h"

/* ---- registrations ---- */

/* F3: an awaiting task, a wait and other callbacks stand in the same line and stay there. */
TASK_TEST(removing_a_callback_leaves_everybody_else_in_line)
{
    static char a[] = "a", b[] = "b";
    child body = {.steps = 3, .letter = 't'}, other = {.letter = 'w'};
    eddy_task *task = spawn(&body);
    eddy_future *future = eddy_task_future(task), *shield;
    telling waiting = {.awaited = task};
    eddy_task *waiter;
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_future_add_done_callback(future, trace_callback, a), 0);
    assert_int_equal(eddy_create_task(&waiter, tell_whose, &waiting, NULL), 0);
    assert_int_equal(eddy_shield_future(&shield, future), 0);
    yield_times(1);
    assert_int_equal(eddy_future_add_done_callback(future, trace_callback, a), 0);
    assert_int_equal(eddy_future_add_done_callback(future, trace_callback, b), 0);
    assert_int_equal(eddy_future_remove_done_callback(future, trace_callback, a), 2);
    assert_int_equal(eddy_await(waiter, NULL), 0);
    assert_int_equal(waiting.rc, 0);
    assert_int_equal(waiting.outcome, 0);
    eddy_task_release(waiter);
    waiter = spawn(&other);
    assert_int_equal(eddy_await_future(shield, NULL), 0);
    assert_int_equal(eddy_await(waiter, NULL), 0);
    assert_string_equal(trace_text(), "tTbwW");
    eddy_future_release(shield);
    eddy_task_release(waiter);
    eddy_task_release(task);
    return 0;
}

static int removed;

static void remove_all(eddy_future *future, void *letter)
{
    trace('!');
    removed += eddy_future_remove_done_callback(future, trace_callback, letter);
    removed += eddy_future_remove_done_callback(future, remove_all, letter);
}

/* F3: all are queued when the first runs, so it can remove neither itself nor the others. */
TASK_TEST(callback_that_removes_the_others_comes_too_late)
{
    static char a[] = "a";
    eddy_future *future = make_future();
    (void)arg;
    trace_clear();
    removed = 0;
    assert_int_equal(eddy_future_add_done_callback(future, remove_all, a), 0);
    assert_int_equal(eddy_future_add_done_callback(future, trace_callback, a), 0);
    assert_true(eddy_future_cancel(future));
    yield_times(2);
    assert_string_equal(trace_text(), "!a");
    assert_int_equal(removed, 0);
    eddy_future_release(future);
    return 0;
}

/* A future that goes, pending, gives back the callbacks that will never run: they hold it, so removing them lets it go. */
TASK_TEST(removing_the_last_callback_lets_the_future_go)
{
    static char a[] = "a";
    long blocks = support_live_blocks();
    (void)arg;
    for (int i = 0; i < 1000; i++) {
        eddy_future *future = make_future();
        assert_int_equal(eddy_future_add_done_callback(future, trace_callback, a), 0);
        assert_int_equal(eddy_future_add_done_callback(future, trace_callback, a), 0);
        assert_int_equal(eddy_future_remove_done_callback(future, trace_callback, a), 2);
        eddy_future_release(future);
        if (i == 0)
            blocks = support_live_blocks();
    }
    assert_int_equal(support_live_blocks(), blocks);
    return 0;
}

/* ---- closed loops ---- */

/* 12.3: create_future works on a closed loop; so do setting, looking and cancelling. */
static void future_of_a_closed_loop_can_be_made_and_finished(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_future *set, *cancelled;
    (void)state;
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(eddy_loop_create_future(loop, &set), 0);
    assert_int_equal(eddy_loop_create_future(loop, &cancelled), 0);
    assert_ptr_equal(eddy_future_get_loop(set), loop);
    assert_int_equal(eddy_future_set_result(set, 3), 0);
    assert_int_equal(eddy_future_result(set), 3);
    assert_true(eddy_future_cancel(cancelled));
    assert_int_equal(eddy_future_result(cancelled), EDDY_ECANCELED);
    assert_null(eddy_future_get_loop(NULL));
    eddy_future_release(set);
    eddy_future_release(cancelled);
    eddy_loop_release(loop);
}

/* ---- what a report says ---- */

static struct {
    int count, exception;
    char message[64];
    eddy_error detail;
    const eddy_future *future;
    const eddy_task *task;
    eddy_future *kept;
} told;

static void listen_to(eddy_loop *loop, const eddy_exception_context *context, void *keep)
{
    assert_ptr_equal(loop, eddy_get_running_loop());
    told.count++;
    told.exception = context->exception;
    (void)snprintf(told.message, sizeof told.message, "%s", context->message);
    assert_non_null(context->error);
    told.detail = *context->error;
    told.future = context->future;
    told.task = context->task;
    if (keep != NULL)
        told.kept = eddy_future_retain(context->future);
}

static void begin_listening(void *keep)
{
    memset(&told, 0, sizeof told);
    assert_int_equal(eddy_loop_set_exception_handler(eddy_get_running_loop(), listen_to, keep), 0);
}

static int fail_in_sleep(void *arg)
{
    (void)arg;
    return eddy_sleep((double)NAN);
}

/* F6: asyncio's keys: exception and future; for a task the task too, and the detail that its body left. */
TASK_TEST(report_of_an_unseen_error_names_the_future_and_the_error)
{
    eddy_future *future = make_future();
    eddy_task *task;
    (void)arg;
    begin_listening(NULL);
    assert_int_equal(eddy_future_set_exception(future, EDDY_ECONNRESET), 0);
    const eddy_future *gone = future;
    eddy_future_release(future);
    assert_int_equal(told.count, 1);
    assert_int_equal(told.exception, EDDY_ECONNRESET);
    assert_int_equal(told.detail.code, EDDY_ECONNRESET);
    assert_string_equal(told.message, "Future exception was never retrieved");
    assert_ptr_equal(told.future, gone);
    assert_null(told.task);
    assert_int_equal(eddy_create_task(&task, fail_in_sleep, NULL, NULL), 0);
    yield_times(1);
    gone = eddy_task_future(task);
    eddy_task_release(task);
    assert_int_equal(told.count, 2);
    assert_int_equal(told.exception, EDDY_EINVAL);
    assert_string_equal(told.message, "Task exception was never retrieved");
    assert_string_equal(told.detail.operation, "sleep");
    assert_ptr_equal(told.future, gone);
    assert_ptr_equal(told.task, gone);
    return 0;
}

/* An error that a shield or a gather hands on keeps its detail in their reports. */
TASK_TEST(report_of_a_handed_on_error_has_its_detail)
{
    (void)arg;
    for (int gathered = 0; gathered < 2; gathered++) {
        eddy_task *task;
        eddy_future *outer;
        begin_listening(NULL);
        assert_int_equal(eddy_create_task(&task, fail_in_sleep, NULL, NULL), 0);
        eddy_future *inner = eddy_task_future(task);
        if (gathered)
            assert_int_equal(eddy_gather_future(eddy_get_running_loop(), &outer, NULL, &inner, 1, false), 0);
        else
            assert_int_equal(eddy_shield_future(&outer, inner), 0);
        yield_times(2);
        assert_true(eddy_future_done(outer));
        eddy_task_release(task);
        assert_int_equal(told.count, 0);
        eddy_future_release(outer);
        assert_int_equal(told.count, 1);
        assert_int_equal(told.detail.code, EDDY_EINVAL);
        assert_string_equal(told.detail.operation, "sleep");
        assert_null(told.task);
    }
    return 0;
}

/* A handler may keep what it is told of; its error was told then, and is not told again. */
TASK_TEST(handler_may_keep_the_future_whose_error_it_is_told)
{
    eddy_future *future = make_future();
    int yes = 1;
    (void)arg;
    begin_listening(&yes);
    assert_int_equal(eddy_future_set_exception(future, EDDY_EPIPE), 0);
    eddy_future_release(future);
    assert_int_equal(told.count, 1);
    assert_ptr_equal(told.kept, future);
    assert_int_equal(eddy_future_result(told.kept), EDDY_EPIPE);
    eddy_future_release(told.kept);
    assert_int_equal(told.count, 1);
    return 0;
}

/* ---- tasks as futures ---- */

/* test_uncancel_basic: the count may be taken back after the end; the outcome stays. */
TASK_TEST(uncancel_after_the_end_does_not_change_the_outcome)
{
    child body = {.forever = true};
    eddy_task *task = spawn(&body);
    (void)arg;
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_int_equal(eddy_task_uncancel(task), 0);
    assert_int_equal(eddy_task_cancelling(task), 0);
    assert_int_equal(eddy_task_uncancel(task), 0);
    assert_true(eddy_task_cancelled(task));
    assert_false(eddy_task_cancel(task));
    eddy_task_release(task);
    return 0;
}

static int by_number(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return a < b ? -1 : a > b;
}

static void ignore_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context;
    (void)arg;
}

/* One counter for the whole process: two loops never give the same number. */
static void task_numbers_are_unique_over_all_loops(void **state)
{
    enum { EACH = 600 };
    uint64_t numbers[2 * EACH];
    eddy_loop *loops[2] = {make_loop(), make_loop()};
    (void)state;
    for (int i = 0; i < 2 * EACH; i++) {
        child body = {0};
        eddy_task *task;
        (void)eddy_loop_set_exception_handler(loops[i % 2], ignore_report, NULL);
        assert_int_equal(eddy_loop_create_task(loops[i % 2], &task, child_body, &body, NULL), 0);
        numbers[i] = eddy_task_id(task);
        assert_true(eddy_task_cancel(task)); /* its body is gone when it could run */
        eddy_task_release(task);
    }
    qsort(numbers, sizeof numbers / sizeof numbers[0], sizeof numbers[0], by_number);
    for (int i = 1; i < 2 * EACH; i++)
        assert_true(numbers[i] > numbers[i - 1]);
    end_loop(loops[0]);
    end_loop(loops[1]);
}

int suite_futures_told(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(removing_a_callback_leaves_everybody_else_in_line),
        cmocka_unit_test(callback_that_removes_the_others_comes_too_late),
        cmocka_unit_test(removing_the_last_callback_lets_the_future_go),
        cmocka_unit_test(future_of_a_closed_loop_can_be_made_and_finished),
        cmocka_unit_test(report_of_an_unseen_error_names_the_future_and_the_error),
        cmocka_unit_test(report_of_a_handed_on_error_has_its_detail),
        cmocka_unit_test(handler_may_keep_the_future_whose_error_it_is_told),
        cmocka_unit_test(uncancel_after_the_end_does_not_change_the_outcome),
        cmocka_unit_test(task_numbers_are_unique_over_all_loops),
    };
    return cmocka_run_group_tests_name("futures, told", tests, NULL, NULL);
}
