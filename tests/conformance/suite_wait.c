/* suite_wait.c: wait and as_completed look on: they cancel nobody, lose nothing, and leave nothing behind.
 * Touches the public API. Rule numbers W1-W5 and A1-A7 are those of asyncio's inventory. */
#include "bodies.h"
#include "suite.h"

static void spawn_all(eddy_task **tasks, child *bodies, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tasks[i] = spawn(&bodies[i]);
}

static void cancel_and_release(eddy_task **tasks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)eddy_task_cancel(tasks[i]);
    yield_times(1);
    for (size_t i = 0; i < count; i++) {
        assert_true(eddy_task_done(tasks[i]));
        eddy_task_release(tasks[i]);
    }
}

static const double forever = (double)INFINITY;

/* ---- wait ---- */

/* test_wait_first_completed: the other is pending and not cancelled. */
TASK_TEST(wait_returns_when_the_first_has_ended)
{
    child bodies[3] = {{.forever = true}, {.steps = 2}, {.forever = true}};
    eddy_task *tasks[3];
    bool done[3];
    (void)arg;
    spawn_all(tasks, bodies, 3);
    assert_int_equal(eddy_wait(done, tasks, 3, forever, EDDY_FIRST_COMPLETED), 1);
    assert_false(done[0]);
    assert_true(done[1]);
    assert_false(done[2]);
    assert_int_equal(eddy_task_cancelling(tasks[0]) + eddy_task_cancelling(tasks[2]), 0);
    cancel_and_release(tasks, 3);
    return 0;
}

/* W4, test_wait_really_done: what ended in the same iteration counts. */
TASK_TEST(wait_counts_all_that_ended_in_the_same_iteration)
{
    eddy_future *gate = make_future();
    child bodies[3] = {{.gate = gate}, {.gate = gate}, {.forever = true}};
    eddy_task *tasks[3];
    bool done[3];
    (void)arg;
    spawn_all(tasks, bodies, 3);
    yield_times(1);
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    assert_int_equal(eddy_wait(done, tasks, 3, forever, EDDY_FIRST_COMPLETED), 2);
    assert_true(done[0]);
    assert_true(done[1]);
    assert_false(done[2]);
    cancel_and_release(tasks, 3);
    eddy_future_release(gate);
    return 0;
}

/* W2: no error of a member is raised; the caller looks for itself. */
TASK_TEST(wait_for_all_raises_no_error_of_a_member)
{
    child bodies[3] = {{.result = EDDY_EPIPE}, {.result = EDDY_ECANCELED}, {.steps = 2, .result = 3}};
    eddy_task *tasks[3];
    bool done[3] = {false};
    (void)arg;
    support_catch_reports();
    spawn_all(tasks, bodies, 3);
    assert_int_equal(eddy_wait(done, tasks, 3, forever, EDDY_ALL_COMPLETED), 3);
    assert_true(done[0] && done[1] && done[2]);
    assert_int_equal(eddy_task_result(tasks[0]), EDDY_EPIPE);
    assert_int_equal(eddy_wait(NULL, tasks, 3, forever, EDDY_ALL_COMPLETED), 3);
    cancel_and_release(tasks, 3);
    return 0;
}

/* W2: it is no look either, so an error that nobody else takes is reported. */
TASK_TEST(wait_does_not_look_at_errors)
{
    child body = {.result = EDDY_EPIPE};
    eddy_task *task = spawn(&body);
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_wait(NULL, &task, 1, forever, EDDY_ALL_COMPLETED), 1);
    eddy_task_release(task);
    assert_int_equal(support_reports(), 1);
    return 0;
}

/* test_wait_first_exception, test_wait_first_exception_in_wait */
TASK_TEST(wait_returns_at_the_first_error)
{
    (void)arg;
    for (int steps = 0; steps < 3; steps++) {
        child bodies[3] = {{.forever = true}, {.result = 1}, {.steps = steps, .result = EDDY_EPIPE}};
        eddy_task *tasks[3];
        bool done[3];
        spawn_all(tasks, bodies, 3);
        if (steps == 0)
            yield_times(1); /* it has failed before the wait begins */
        assert_int_equal(eddy_wait(done, tasks, 3, forever, EDDY_FIRST_EXCEPTION), 2);
        assert_false(done[0]);
        assert_true(done[1] && done[2]);
        assert_int_equal(eddy_task_result(tasks[2]), EDDY_EPIPE);
        cancel_and_release(tasks, 3);
    }
    return 0;
}

/* W3 */
TASK_TEST(cancelled_member_is_no_error_to_wait)
{
    eddy_future *gate = make_future();
    child bodies[2] = {{.result = EDDY_ECANCELED}, {.gate = gate}};
    eddy_task *tasks[2];
    (void)arg;
    spawn_all(tasks, bodies, 2);
    assert_int_equal(eddy_wait(NULL, tasks, 2, 0.001, EDDY_FIRST_EXCEPTION), 1);
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    assert_int_equal(eddy_wait(NULL, tasks, 2, forever, EDDY_FIRST_EXCEPTION), 2);
    cancel_and_release(tasks, 2);
    eddy_future_release(gate);
    return 0;
}

/* W2, test_wait_with_timeout: no error, nobody cancelled. */
TASK_TEST(wait_that_times_out_says_how_many_are_done)
{
    child bodies[2] = {{.result = 1}, {.forever = true}};
    eddy_task *tasks[2];
    bool done[2];
    double before = eddy_loop_time(eddy_get_running_loop());
    (void)arg;
    spawn_all(tasks, bodies, 2);
    assert_int_equal(eddy_wait(done, tasks, 2, 0.003, EDDY_ALL_COMPLETED), 1);
    assert_true(eddy_loop_time(eddy_get_running_loop()) >= before + 0.003);
    assert_true(done[0]);
    assert_false(done[1]);
    assert_int_equal(eddy_task_cancelling(tasks[1]), 0);
    cancel_and_release(tasks, 2);
    return 0;
}

/* A limit that is over already still lets what is ready run. */
TASK_TEST(wait_without_time_left_returns_soon)
{
    child body = {.forever = true};
    eddy_task *task = spawn(&body);
    (void)arg;
    assert_int_equal(eddy_wait(NULL, &task, 1, 0, EDDY_ALL_COMPLETED), 0);
    assert_int_equal(eddy_wait(NULL, &task, 1, -1, EDDY_ALL_COMPLETED), 0);
    cancel_and_release(&task, 1);
    return 0;
}

/* Both timers below are due when it returns; virtual time needs no help. */
static void stay_busy(void *loop)
{
    double until = eddy_loop_time(loop) + 0.003;
    while (!support_is_simulated() && eddy_loop_time(loop) < until)
        ;
}

static int sleep_shortly(void *arg)
{
    (void)arg;
    return eddy_sleep(0.001);
}

/* test_wait_concurrent_complete: a member due in the iteration of the limit counts as done, for the waiter looks last. */
TASK_TEST(member_that_ends_in_the_iteration_of_the_limit_counts_as_done)
{
    eddy_task *task;
    bool done = false;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    assert_int_equal(eddy_create_task(&task, sleep_shortly, NULL, NULL), 0);
    yield_times(1);
    assert_int_equal(eddy_loop_call_soon(loop, NULL, stay_busy, loop), 0);
    assert_int_equal(eddy_wait(&done, &task, 1, 0.0015, EDDY_ALL_COMPLETED), 1);
    assert_true(done);
    eddy_task_release(task);
    return 0;
}

/* W1, test_wait_duplicate_coroutines */
TASK_TEST(wait_counts_a_task_given_twice_once)
{
    child bodies[2] = {{.steps = 1}, {.steps = 2}};
    eddy_task *tasks[2];
    bool done[7] = {false};
    (void)arg;
    spawn_all(tasks, bodies, 2);
    eddy_task *const many[7] = {tasks[0], tasks[1], tasks[0], tasks[0], tasks[1], tasks[0], tasks[1]};
    assert_int_equal(eddy_wait(done, many, 7, forever, EDDY_ALL_COMPLETED), 2);
    for (int i = 0; i < 7; i++)
        assert_true(done[i]);
    cancel_and_release(tasks, 2);
    return 0;
}

/* W1, test_wait_errors, test_wait_invalid_args */
TASK_TEST(wait_refuses_what_makes_no_sense)
{
    child body = {0};
    eddy_task *task = spawn(&body), *const with_hole[2] = {task, NULL};
    (void)arg;
    assert_int_equal(eddy_wait(NULL, NULL, 0, forever, EDDY_ALL_COMPLETED), EDDY_EINVAL);
    assert_int_equal(eddy_wait(NULL, &task, 0, forever, EDDY_ALL_COMPLETED), EDDY_EINVAL);
    assert_int_equal(eddy_wait(NULL, NULL, 1, forever, EDDY_ALL_COMPLETED), EDDY_EINVAL);
    assert_int_equal(eddy_wait(NULL, with_hole, 2, forever, EDDY_ALL_COMPLETED), EDDY_EINVAL);
    assert_int_equal(eddy_wait(NULL, &task, 1, (double)NAN, EDDY_ALL_COMPLETED), EDDY_EINVAL);
    assert_int_equal(eddy_wait(NULL, &task, 1, forever, (eddy_return_when)17), EDDY_EINVAL);
    cancel_and_release(&task, 1);
    return 0;
}

typedef struct waiting {
    eddy_task **tasks;
    size_t count;
    int rc;
} waiting;

static int wait_body(void *arg)
{
    waiting *self = arg;
    self->rc = eddy_wait(NULL, self->tasks, self->count, 100.0, EDDY_ALL_COMPLETED);
    return 0;
}

/* W2, W5, test_yield_wait_does_not_shield_cancel, test_wait_discards_awaited_by_for_pending: the members run on, and nothing
 * of the wait is left on them, neither on the stack nor beyond it. */
TASK_TEST(cancelled_wait_leaves_its_members_alone)
{
    (void)arg;
    for (size_t count = 1; count <= 8; count += 7) {
        eddy_future *gate = make_future();
        child bodies[8];
        eddy_task *tasks[8], *waiter;
        waiting self = {.tasks = tasks, .count = count};
        for (size_t i = 0; i < count; i++)
            bodies[i] = (child){.gate = gate, .result = 2};
        spawn_all(tasks, bodies, count);
        assert_int_equal(eddy_create_task(&waiter, wait_body, &self, NULL), 0);
        yield_times(1);
        assert_true(eddy_task_cancel(waiter));
        assert_int_equal(eddy_await(waiter, NULL), 0);
        assert_int_equal(self.rc, EDDY_ECANCELED);
        assert_int_equal(eddy_future_set_result(gate, 0), 0);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(eddy_task_cancelling(tasks[i]), 0);
            assert_int_equal(eddy_await(tasks[i], NULL), 2);
        }
        cancel_and_release(tasks, count);
        eddy_task_release(waiter);
        eddy_future_release(gate);
    }
    return 0;
}

/* T7: cancelled in the iteration in which the condition came true. */
TASK_TEST(wait_cancelled_when_its_members_just_ended_is_cancelled)
{
    child bodies[2] = {{.steps = 1}, {.steps = 1}};
    eddy_task *tasks[2], *waiter;
    waiting self = {.tasks = tasks, .count = 2};
    (void)arg;
    spawn_all(tasks, bodies, 2);
    assert_int_equal(eddy_create_task(&waiter, wait_body, &self, NULL), 0);
    yield_times(2);
    assert_true(eddy_task_done(tasks[1]));
    assert_false(eddy_task_done(waiter));
    assert_true(eddy_task_cancel(waiter));
    assert_int_equal(eddy_await(waiter, NULL), 0);
    assert_int_equal(self.rc, EDDY_ECANCELED);
    cancel_and_release(tasks, 2);
    eddy_task_release(waiter);
    return 0;
}

/* ---- as_completed ---- */

static eddy_completions *complete(eddy_task *const *tasks, size_t count, double timeout)
{
    eddy_completions *completions = NULL;
    assert_int_equal(eddy_as_completed(&completions, tasks, count, timeout), 0);
    return completions;
}

static void next_is(eddy_completions *completions, const eddy_task *expected)
{
    eddy_task *task = NULL;
    assert_int_equal(eddy_completions_next(completions, &task), 1);
    assert_ptr_equal(task, expected);
    assert_true(eddy_task_done(task));
}

static void ends(eddy_completions *completions)
{
    eddy_task *task = NULL;
    assert_int_equal(eddy_completions_next(completions, &task), 0);
    assert_int_equal(eddy_completions_next(completions, &task), 0);
    assert_null(task);
    eddy_completions_release(completions);
}

/* A3, A4, test_as_completed, test_as_completed_same_tasks_in_as_out */
TASK_TEST(tasks_come_in_the_order_in_which_they_end)
{
    child bodies[4] = {{.steps = 4}, {.steps = 1}, {.steps = 2, .result = EDDY_EPIPE}, {.steps = 1}};
    eddy_task *tasks[4];
    (void)arg;
    support_catch_reports();
    spawn_all(tasks, bodies, 4);
    eddy_completions *completions = complete(tasks, 4, forever);
    next_is(completions, tasks[1]);
    next_is(completions, tasks[3]);
    next_is(completions, tasks[2]);
    next_is(completions, tasks[0]);
    ends(completions);
    assert_int_equal(eddy_task_result(tasks[2]), EDDY_EPIPE);
    cancel_and_release(tasks, 4);
    return 0;
}

/* A1 */
TASK_TEST(task_given_twice_comes_once)
{
    child bodies[2] = {{.steps = 2}, {.steps = 1}};
    eddy_task *tasks[2];
    (void)arg;
    spawn_all(tasks, bodies, 2);
    eddy_task *const many[5] = {tasks[0], tasks[0], tasks[1], tasks[0], tasks[1]};
    eddy_completions *completions = complete(many, 5, forever);
    next_is(completions, tasks[1]);
    next_is(completions, tasks[0]);
    ends(completions);
    cancel_and_release(tasks, 2);
    return 0;
}

TASK_TEST(as_completed_of_nothing_ends_at_once)
{
    (void)arg;
    ends(complete(NULL, 0, forever));
    ends(complete(NULL, 0, 0));
    eddy_completions_release(NULL);
    return 0;
}

/* A5, test_as_completed_with_timeout: again at each call; members are not cancelled. */
TASK_TEST(as_completed_times_out_again_at_each_call)
{
    child bodies[2] = {{.steps = 1}, {.forever = true}};
    eddy_task *tasks[2], *task = NULL;
    (void)arg;
    spawn_all(tasks, bodies, 2);
    yield_times(2);
    eddy_completions *completions = complete(tasks, 2, 0.003);
    next_is(completions, tasks[0]);
    assert_int_equal(eddy_completions_next(completions, &task), EDDY_ETIMEDOUT);
    assert_int_equal(eddy_completions_next(completions, &task), EDDY_ETIMEDOUT);
    assert_null(task);
    assert_int_equal(eddy_task_cancelling(tasks[1]), 0);
    eddy_completions_release(completions);
    cancel_and_release(tasks, 2);
    return 0;
}

/* A5: what was done before the limit can still be fetched after it. */
TASK_TEST(what_ended_before_the_limit_can_be_fetched_after_it)
{
    child bodies[3] = {{.steps = 1}, {.forever = true}, {.steps = 2}};
    eddy_task *tasks[3], *task = NULL;
    (void)arg;
    spawn_all(tasks, bodies, 3);
    eddy_completions *completions = complete(tasks, 3, 0.002);
    yield_times(4);
    assert_int_equal(eddy_sleep(0.004), 0);
    next_is(completions, tasks[0]);
    next_is(completions, tasks[2]);
    assert_int_equal(eddy_completions_next(completions, &task), EDDY_ETIMEDOUT);
    eddy_completions_release(completions);
    cancel_and_release(tasks, 3);
    return 0;
}

/* The limit is over when all were fetched. */
TASK_TEST(limit_does_not_matter_after_the_last_item)
{
    child body = {0};
    eddy_task *task = spawn(&body);
    (void)arg;
    yield_times(1);
    eddy_completions *completions = complete(&task, 1, 0.001);
    next_is(completions, task);
    assert_int_equal(eddy_sleep(0.003), 0);
    ends(completions);
    cancel_and_release(&task, 1);
    return 0;
}

/* A6, test_as_completed_resume_iterator */
TASK_TEST(iterator_can_be_left_and_resumed)
{
    child bodies[4] = {{.steps = 1}, {.steps = 2}, {.steps = 3}, {.steps = 4}};
    eddy_task *tasks[4];
    (void)arg;
    spawn_all(tasks, bodies, 4);
    eddy_completions *completions = complete(tasks, 4, forever);
    next_is(completions, tasks[0]);
    next_is(completions, tasks[1]);
    yield_times(10);
    next_is(completions, tasks[2]);
    next_is(completions, tasks[3]);
    ends(completions);
    cancel_and_release(tasks, 4);
    return 0;
}

TASK_TEST(iterator_given_back_early_leaves_the_tasks_running)
{
    eddy_future *gate = make_future();
    child bodies[2] = {{.gate = gate}, {.steps = 1}};
    eddy_task *tasks[2];
    (void)arg;
    spawn_all(tasks, bodies, 2);
    eddy_completions *completions = complete(tasks, 2, 100.0);
    next_is(completions, tasks[1]);
    eddy_completions_release(completions);
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    assert_int_equal(eddy_await(tasks[0], NULL), 0);
    cancel_and_release(tasks, 2);
    eddy_future_release(gate);
    return 0;
}

typedef struct fetching {
    eddy_completions *completions;
    eddy_task *task;
    int rc;
} fetching;

static int fetch_next(void *arg)
{
    fetching *self = arg;
    self->rc = eddy_completions_next(self->completions, &self->task);
    return 0;
}

/* A7, test_as_completed_async_iterator_cancelled_anext; also when the item is there already and was not yet taken. */
TASK_TEST(cancelled_fetch_loses_no_item)
{
    (void)arg;
    for (int late = 0; late < 2; late++) {
        eddy_future *gate = make_future();
        child bodies[2] = {{.gate = gate}, {.gate = gate}};
        eddy_task *tasks[2], *fetcher;
        spawn_all(tasks, bodies, 2);
        fetching self = {.completions = complete(tasks, 2, forever)};
        assert_int_equal(eddy_create_task(&fetcher, fetch_next, &self, NULL), 0);
        yield_times(1);
        if (late) {
            assert_int_equal(eddy_future_set_result(gate, 0), 0);
            yield_times(2); /* both have ended, the fetcher is woken and has not run */
            assert_false(eddy_task_done(fetcher));
        }
        assert_true(eddy_task_cancel(fetcher));
        assert_int_equal(eddy_await(fetcher, NULL), 0);
        assert_int_equal(self.rc, EDDY_ECANCELED);
        assert_null(self.task);
        if (!late)
            assert_int_equal(eddy_future_set_result(gate, 0), 0);
        next_is(self.completions, tasks[0]);
        next_is(self.completions, tasks[1]);
        ends(self.completions);
        cancel_and_release(tasks, 2);
        eddy_task_release(fetcher);
        eddy_future_release(gate);
    }
    return 0;
}

/* A second task that fetches at the same time is told so. */
TASK_TEST(iterator_serves_one_fetcher_at_a_time)
{
    child body = {.forever = true};
    eddy_task *task = spawn(&body), *fetcher, *other = NULL;
    fetching self = {.completions = complete(&task, 1, forever)};
    (void)arg;
    assert_int_equal(eddy_create_task(&fetcher, fetch_next, &self, NULL), 0);
    yield_times(1);
    assert_int_equal(eddy_completions_next(self.completions, &other), EDDY_EBUSY);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(fetcher, NULL), 0);
    assert_int_equal(self.rc, 1);
    assert_ptr_equal(self.task, task);
    ends(self.completions);
    eddy_task_release(task);
    eddy_task_release(fetcher);
    return 0;
}

/* The iterator keeps its tasks alive. */
TASK_TEST(iterator_holds_its_tasks)
{
    child body = {.result = 5};
    eddy_task *task = spawn(&body), *seen = NULL;
    (void)arg;
    eddy_completions *completions = complete(&task, 1, forever);
    eddy_task_release(task);
    assert_int_equal(eddy_completions_next(completions, &seen), 1);
    assert_int_equal(eddy_task_result(seen), 5);
    ends(completions);
    return 0;
}

TASK_TEST(as_completed_refuses_what_makes_no_sense)
{
    eddy_completions *completions = NULL;
    eddy_task *self = eddy_current_task(), *hole = NULL, *out;
    (void)arg;
    assert_int_equal(eddy_as_completed(NULL, &self, 1, forever), EDDY_EINVAL);
    assert_int_equal(eddy_as_completed(&completions, NULL, 1, forever), EDDY_EINVAL);
    assert_int_equal(eddy_as_completed(&completions, &hole, 1, forever), EDDY_EINVAL);
    assert_int_equal(eddy_as_completed(&completions, &self, 1, (double)NAN), EDDY_EINVAL);
    assert_null(completions);
    assert_int_equal(eddy_completions_next(NULL, &out), EDDY_EINVAL);
    return 0;
}

int suite_wait(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait_returns_when_the_first_has_ended),
        cmocka_unit_test(wait_counts_all_that_ended_in_the_same_iteration),
        cmocka_unit_test(wait_for_all_raises_no_error_of_a_member),
        cmocka_unit_test(wait_does_not_look_at_errors),
        cmocka_unit_test(wait_returns_at_the_first_error),
        cmocka_unit_test(cancelled_member_is_no_error_to_wait),
        cmocka_unit_test(wait_that_times_out_says_how_many_are_done),
        cmocka_unit_test(wait_without_time_left_returns_soon),
        cmocka_unit_test(member_that_ends_in_the_iteration_of_the_limit_counts_as_done),
        cmocka_unit_test(wait_counts_a_task_given_twice_once),
        cmocka_unit_test(wait_refuses_what_makes_no_sense),
        cmocka_unit_test(cancelled_wait_leaves_its_members_alone),
        cmocka_unit_test(wait_cancelled_when_its_members_just_ended_is_cancelled),
        cmocka_unit_test(tasks_come_in_the_order_in_which_they_end),
        cmocka_unit_test(task_given_twice_comes_once),
        cmocka_unit_test(as_completed_of_nothing_ends_at_once),
        cmocka_unit_test(as_completed_times_out_again_at_each_call),
        cmocka_unit_test(what_ended_before_the_limit_can_be_fetched_after_it),
        cmocka_unit_test(limit_does_not_matter_after_the_last_item),
        cmocka_unit_test(iterator_can_be_left_and_resumed),
        cmocka_unit_test(iterator_given_back_early_leaves_the_tasks_running),
        cmocka_unit_test(cancelled_fetch_loses_no_item),
        cmocka_unit_test(iterator_serves_one_fetcher_at_a_time),
        cmocka_unit_test(iterator_holds_its_tasks),
        cmocka_unit_test(as_completed_refuses_what_makes_no_sense),
    };
    return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}
