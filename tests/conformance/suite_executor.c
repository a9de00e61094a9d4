/* suite_executor.c: calls on other threads: to_thread, run_in_executor, cancels, refusals, and jobs that outlive their loop.
 * Touches the public API and the injection table. A call that blocks waits at a gate, never for time. */
#include "gate.h"
#include "suite.h"

#include "core/base/inject.h"

static const eddy_job_options with_release = {.size = sizeof with_release, .release = gate_release};

/* A pool of one thread as default executor. */
static void use_one_thread(void)
{
    eddy_executor *executor;
    assert_int_equal(
        eddy_thread_pool_create(&executor, EDDY_OPTIONS(eddy_thread_pool_options, .max_workers = 1)), 0);
    assert_int_equal(eddy_loop_set_default_executor(eddy_get_running_loop(), executor), 0);
    eddy_executor_release(executor);
}

static eddy_future *run_at(gate *door, eddy_executor *executor)
{
    eddy_future *future;
    assert_int_equal(
        eddy_loop_run_in_executor(eddy_get_running_loop(), &future, executor, gate_pass, door, &with_release),
        0);
    return future;
}

static int outcome_of(eddy_future *future)
{
    int outcome = 0;
    assert_int_equal(eddy_await_future(future, &outcome), 0);
    eddy_future_release(future);
    return outcome;
}

/* ---- to_thread ---- */

static int pass_in_thread(void *door)
{
    return eddy_to_thread(gate_pass, door, &with_release);
}

static eddy_task *start_call(gate *door)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, pass_in_thread, door, NULL), 0);
    return task;
}

static int end_of(eddy_task *task)
{
    int outcome = 0;
    assert_int_equal(eddy_await(task, &outcome), 0);
    eddy_task_release(task);
    return outcome;
}

TASK_TEST(to_thread_returns_what_a_call_on_another_thread_returned)
{
    gate door;
    (void)arg;
    gate_init(&door, 0);
    door.result = 42;
    assert_int_equal(eddy_to_thread(gate_pass, &door, NULL), 42);
    assert_int_equal(door.arrived, 1);
    assert_true(door.last != eddyi_thread_id());
    assert_int_equal(eddy_to_thread(gate_pass, &door, &with_release), 42);
    assert_int_equal(door.released, 1);
    gate_free(&door);
    return 0;
}

TASK_TEST(to_thread_passes_an_error_on)
{
    gate door;
    (void)arg;
    gate_init(&door, 0);
    door.result = EDDY_EIO;
    assert_int_equal(eddy_to_thread(gate_pass, &door, NULL), EDDY_EIO);
    assert_int_equal(eddy_last_error()->code, EDDY_EIO);
    assert_string_equal(eddy_last_error()->operation, "to_thread");
    gate_free(&door);
    return 0;
}

TASK_TEST(calls_run_at_the_same_time_and_the_loop_goes_on)
{
    enum { CALLS = 5 };
    eddy_task *tasks[CALLS];
    gate door;
    (void)arg;
    gate_init(&door, CALLS + 1);
    for (int i = 0; i < CALLS; i++)
        tasks[i] = start_call(&door);
    gate_await_arrivals(&door, CALLS);
    assert_int_equal(gate_passed(&door), 0);
    gate_open(&door);
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(end_of(tasks[i]), 0);
    gate_free(&door);
    return 0;
}

TASK_TEST(an_idle_thread_is_used_again)
{
    gate door;
    uintptr_t first;
    (void)arg;
    gate_init(&door, 0);
    assert_int_equal(eddy_to_thread(gate_pass, &door, NULL), 0);
    first = door.last;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(eddy_to_thread(gate_pass, &door, NULL), 0);
        assert_true(door.last == first);
    }
    gate_free(&door);
    return 0;
}

static void to_thread_outside_a_task_is_refused_and_lets_go(void **state)
{
    gate door;
    (void)state;
    gate_init(&door, 0);
    assert_int_equal(eddy_to_thread(gate_pass, &door, &with_release), EDDY_ENOTASK);
    assert_int_equal(door.arrived, 0);
    assert_int_equal(door.released, 1);
    assert_int_equal(eddy_to_thread(NULL, &door, &with_release), EDDY_EINVAL);
    assert_int_equal(door.released, 2);
    gate_free(&door);
}

TASK_TEST(call_of_a_task_that_is_cancelled_already_is_not_made)
{
    gate door;
    (void)arg;
    gate_init(&door, 0);
    eddy_task_cancel(eddy_current_task());
    assert_int_equal(eddy_to_thread(gate_pass, &door, &with_release), EDDY_ECANCELED);
    assert_int_equal(door.arrived, 0);
    assert_int_equal(door.released, 1);
    gate_free(&door);
    return 0;
}

/* X5: the task ends now; a call that has begun runs on and lets go of its argument, one that has not is never made. */
TASK_TEST(fault_X5_cancelled_to_thread_ends_now)
{
    gate door;
    (void)arg;
    gate_init(&door, 2);
    use_one_thread();
    eddy_task *running = start_call(&door), *queued = start_call(&door);
    gate_await_arrivals(&door, 1);
    eddy_task_cancel(queued);
    assert_int_equal(end_of(queued), EDDY_ECANCELED);
    assert_int_equal(gate_released(&door), 1);
    eddy_task_cancel(running);
    assert_int_equal(end_of(running), EDDY_ECANCELED);
    assert_int_equal(gate_released(&door), 1);
    assert_int_equal(gate_passed(&door), 0);
    gate_open(&door);
    gate_await_released(&door, 2);
    assert_int_equal(gate_arrived(&door), 1);
    gate_free(&door);
    return 0;
}

/* ---- run_in_executor ---- */

TASK_TEST(run_in_executor_starts_at_the_call)
{
    gate door;
    (void)arg;
    gate_init(&door, 2);
    door.result = 7;
    eddy_future *future = run_at(&door, NULL);
    gate_await_arrivals(&door, 1);
    assert_false(eddy_future_done(future));
    gate_open(&door);
    assert_int_equal(outcome_of(future), 7);
    assert_int_equal(gate_released(&door), 1);
    gate_free(&door);
    return 0;
}

/* F6 holds for these futures too, also when nobody keeps one. */
TASK_TEST(error_of_a_call_that_nobody_looked_at_is_reported)
{
    gate door;
    (void)arg;
    gate_init(&door, 0);
    support_catch_reports();
    door.result = EDDY_EIO;
    assert_int_equal(outcome_of(run_at(&door, NULL)), EDDY_EIO);
    assert_int_equal(support_reports(), 0);
    assert_int_equal(eddy_loop_run_in_executor(eddy_get_running_loop(), NULL, NULL, gate_pass, &door, NULL),
                     0);
    while (support_reports() == 0)
        assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(support_last_code(), EDDY_EIO);
    gate_free(&door);
    return 0;
}

TASK_TEST(call_that_returns_a_cancel_cancels_its_future)
{
    gate door;
    (void)arg;
    gate_init(&door, 0);
    door.result = EDDY_ECANCELED;
    eddy_future *future = eddy_future_retain(run_at(&door, NULL));
    assert_int_equal(outcome_of(future), EDDY_ECANCELED);
    assert_true(eddy_future_cancelled(future));
    eddy_future_release(future);
    gate_free(&door);
    return 0;
}

TASK_TEST(future_of_a_call_can_be_set_by_nobody)
{
    gate door;
    (void)arg;
    gate_init(&door, 0);
    eddy_future *future = run_at(&door, NULL);
    assert_int_equal(eddy_future_set_result(future, 1), EDDY_EINVALIDSTATE);
    assert_int_equal(outcome_of(future), 0);
    gate_free(&door);
    return 0;
}

/* X5: with asyncio's words: a cancel cancels the job only if it has not started, otherwise its result is dropped. */
TASK_TEST(fault_X5_cancelled_future_removes_a_queued_job_and_drops_the_result_of_a_running_one)
{
    gate door;
    (void)arg;
    gate_init(&door, 2);
    use_one_thread();
    eddy_future *running = run_at(&door, NULL), *queued = run_at(&door, NULL);
    gate_await_arrivals(&door, 1);
    assert_true(eddy_future_cancel(queued));
    assert_false(eddy_future_cancel(queued));
    assert_int_equal(gate_released(&door), 1);
    assert_true(eddy_future_cancel(running));
    assert_int_equal(outcome_of(queued), EDDY_ECANCELED);
    assert_int_equal(gate_released(&door), 1);
    gate_open(&door);
    gate_await_released(&door, 2);
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(outcome_of(running), EDDY_ECANCELED);
    assert_int_equal(gate_arrived(&door), 1);
    gate_free(&door);
    return 0;
}

/* The future is cancelled through the task that awaits it (T8). */
static int await_run(void *door)
{
    eddy_future *future = run_at(door, NULL);
    int rc = eddy_await_future(future, NULL);
    eddy_future_release(future);
    return rc;
}

TASK_TEST(cancel_of_the_awaiting_task_reaches_the_job)
{
    eddy_task *task;
    gate door;
    (void)arg;
    gate_init(&door, 2);
    assert_int_equal(eddy_create_task(&task, await_run, &door, NULL), 0);
    gate_await_arrivals(&door, 1);
    eddy_task_cancel(task);
    assert_int_equal(end_of(task), EDDY_ECANCELED);
    assert_int_equal(gate_passed(&door), 0);
    gate_open(&door);
    gate_await_released(&door, 1);
    gate_free(&door);
    return 0;
}

TASK_TEST(run_in_executor_refuses_bad_arguments)
{
    eddy_loop *loop = eddy_get_running_loop();
    eddy_executor nothing = {.size = sizeof nothing};
    eddy_future *future = NULL;
    gate door;
    (void)arg;
    gate_init(&door, 0);
    assert_int_equal(eddy_loop_run_in_executor(NULL, &future, NULL, gate_pass, &door, &with_release),
                     EDDY_EINVAL);
    assert_int_equal(eddy_loop_run_in_executor(loop, &future, NULL, NULL, &door, &with_release), EDDY_EINVAL);
    assert_int_equal(eddy_loop_run_in_executor(loop, &future, &nothing, gate_pass, &door, &with_release),
                     EDDY_EINVAL);
    assert_int_equal(eddy_loop_set_default_executor(loop, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_set_default_executor(loop, &nothing), EDDY_EINVAL);
    assert_int_equal(eddy_loop_set_default_executor(NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_executor_shutdown(NULL, true), EDDY_EINVAL);
    assert_int_equal(eddy_executor_shutdown(&nothing, true), EDDY_EINVAL);
    assert_int_equal(eddy_thread_pool_create(NULL, NULL), EDDY_EINVAL);
    eddy_executor_release(NULL);
    eddy_job_run(NULL);
    eddy_job_discard(NULL);
    assert_null(future);
    assert_int_equal(door.released, 0); /* owned only on success */
    gate_free(&door);
    return 0;
}

/* X3: no thread at all is an error, and the argument stays the caller's; fewer than wanted will do. */
TASK_TEST(fault_X3_no_thread_is_an_error_and_one_is_enough)
{
    eddyi_inject_plan none = {
        .fail_at = 1, .fail_after_too = true, .calls = UINT64_C(1) << EDDYI_INJECT_pthread_create};
    eddyi_inject_plan one = none;
    eddy_future *future = NULL, *first, *second;
    gate door;
    (void)arg;
    gate_init(&door, 0);
    eddyi_inject_start(&none);
    int rc =
        eddy_loop_run_in_executor(eddy_get_running_loop(), &future, NULL, gate_pass, &door, &with_release);
    assert_true(rc == EDDY_EAGAIN || rc == EDDY_ENOMEM);
    assert_null(future);
    assert_int_equal(gate_released(&door), 0);
    assert_true(eddy_to_thread(gate_pass, &door, &with_release) < 0);
    assert_int_equal(gate_released(&door), 1);
    one.fail_at = 2;
    eddyi_inject_start(&one);
    gate_free(&door);
    gate_init(&door, 2);
    first = run_at(&door, NULL);
    second = run_at(&door, NULL);
    gate_await_arrivals(&door, 1);
    assert_int_equal(gate_arrived(&door), 1);
    assert_true(eddyi_inject_failures() > 0);
    eddyi_inject_stop();
    gate_open(&door);
    assert_int_equal(outcome_of(first), 0);
    assert_int_equal(outcome_of(second), 0);
    gate_free(&door);
    return 0;
}

/* ---- loops that close ---- */

static eddy_loop *make_loop(void)
{
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    eddy_loop *loop;
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    return loop;
}

static void closed_loop_refuses_jobs(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_future *future = NULL;
    gate door;
    (void)state;
    gate_init(&door, 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(eddy_loop_run_in_executor(loop, &future, NULL, gate_pass, &door, &with_release),
                     EDDY_ECLOSED);
    assert_int_equal(door.released, 0);
    eddy_loop_release(loop);
    gate_free(&door);
}

/* X6, L8: close waits for nobody: a queued job is discarded, a running one goes on and is discarded when it ends. The future outlives
 * the loop, or goes before the job does. */
static void jobs_and_their_loop(bool future_first)
{
    long blocks = support_live_blocks();
    eddy_loop *loop = make_loop();
    eddy_executor *one;
    eddy_future *running, *queued;
    gate door;
    gate_init(&door, 2);
    assert_int_equal(eddy_thread_pool_create(&one, EDDY_OPTIONS(eddy_thread_pool_options, .max_workers = 1)),
                     0);
    assert_int_equal(eddy_loop_set_default_executor(loop, one), 0);
    eddy_executor_release(one);
    assert_int_equal(eddy_loop_run_in_executor(loop, &running, NULL, gate_pass, &door, &with_release), 0);
    gate_block_until_arrived(&door, 1);
    assert_int_equal(eddy_loop_run_in_executor(loop, &queued, NULL, gate_pass, &door, &with_release), 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(gate_released(&door), 1);
    assert_int_equal(gate_passed(&door), 0);
    assert_false(eddy_future_done(running));
    if (future_first) {
        eddy_future_release(running);
        eddy_future_release(queued);
        eddy_loop_release(loop);
        gate_open(&door);
        gate_block_until_released(&door, 2);
    } else {
        gate_open(&door);
        gate_block_until_released(&door, 2);
        assert_true(eddy_future_cancel(running)); /* it knows of no job any more */
        eddy_future_release(running);
        eddy_future_release(queued);
        eddy_loop_release(loop);
    }
    gate_block_until_blocks(blocks);
    assert_int_equal(gate_arrived(&door), 1);
    gate_free(&door);
}

static void fault_X6_job_that_ends_after_its_loop_and_its_future(void **state)
{
    (void)state;
    jobs_and_their_loop(true);
}

static void fault_X6_future_that_outlives_its_loop_and_its_job(void **state)
{
    (void)state;
    jobs_and_their_loop(false);
}

static void ignore_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context;
    (void)arg;
}

static void fault_X6_loop_closed_under_to_thread(void **state)
{
    long blocks = support_live_blocks();
    eddy_loop *loop = make_loop();
    eddy_task *task;
    gate door;
    (void)state;
    gate_init(&door, 2);
    assert_int_equal(eddy_loop_create_task(loop, &task, pass_in_thread, &door, NULL), 0);
    while (gate_arrived(&door) < 1)
        assert_true(eddy_loop_run_once(loop, 0) >= 0);
    assert_int_equal(eddy_loop_set_exception_handler(loop, ignore_report, NULL), 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_task_release(task);
    eddy_loop_release(loop);
    assert_int_equal(gate_released(&door), 0);
    gate_open(&door);
    gate_block_until_released(&door, 1);
    gate_block_until_blocks(blocks);
    gate_free(&door);
}

/* X6: the last reference of a loop closes it, though a job of it runs in another thread. */
static void fault_X6_released_loop_closes_while_its_job_runs(void **state)
{
    long blocks = support_live_blocks();
    eddy_loop *loop = make_loop();
    gate door;
    (void)state;
    gate_init(&door, 2);
    assert_int_equal(eddy_loop_run_in_executor(loop, NULL, NULL, gate_pass, &door, &with_release), 0);
    gate_block_until_arrived(&door, 1);
    eddy_loop_release(loop);
    gate_open(&door);
    gate_block_until_released(&door, 1);
    gate_block_until_blocks(blocks);
    gate_free(&door);
}

int suite_executor(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_thread_returns_what_a_call_on_another_thread_returned),
        cmocka_unit_test(to_thread_passes_an_error_on),
        cmocka_unit_test(calls_run_at_the_same_time_and_the_loop_goes_on),
        cmocka_unit_test(an_idle_thread_is_used_again),
        cmocka_unit_test(to_thread_outside_a_task_is_refused_and_lets_go),
        cmocka_unit_test(call_of_a_task_that_is_cancelled_already_is_not_made),
        cmocka_unit_test(fault_X5_cancelled_to_thread_ends_now),
        cmocka_unit_test(run_in_executor_starts_at_the_call),
        cmocka_unit_test(error_of_a_call_that_nobody_looked_at_is_reported),
        cmocka_unit_test(call_that_returns_a_cancel_cancels_its_future),
        cmocka_unit_test(future_of_a_call_can_be_set_by_nobody),
        cmocka_unit_test(
            fault_X5_cancelled_future_removes_a_queued_job_and_drops_the_result_of_a_running_one),
        cmocka_unit_test(cancel_of_the_awaiting_task_reaches_the_job),
        cmocka_unit_test(run_in_executor_refuses_bad_arguments),
        cmocka_unit_test(fault_X3_no_thread_is_an_error_and_one_is_enough),
        cmocka_unit_test(closed_loop_refuses_jobs),
        cmocka_unit_test(fault_X6_job_that_ends_after_its_loop_and_its_future),
        cmocka_unit_test(fault_X6_future_that_outlives_its_loop_and_its_job),
        cmocka_unit_test(fault_X6_loop_closed_under_to_thread),
        cmocka_unit_test(fault_X6_released_loop_closes_while_its_job_runs),
    };
    return cmocka_run_group_tests_name("executor", tests, NULL, NULL);
}
