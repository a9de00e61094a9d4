/* suite_executor_pool.c: executors themselves: the pool's limits, an executor of the user's, the default one, and how they end.
 * Touches the public API. A call that blocks waits at a gate, never for time. */
#include <math.h>
#include <stdio.h>

#include "gate.h"
#include "suite.h"

#include "core/task/task.h"

static const eddy_job_options with_release = {.size = sizeof with_release, .release = gate_release};

static eddy_executor *make_pool(unsigned max_workers, unsigned max_queued)
{
    eddy_executor *executor;
    assert_int_equal(
        eddy_thread_pool_create(&executor, EDDY_OPTIONS(eddy_thread_pool_options, .max_workers = max_workers,
                                                        .max_queued = max_queued)),
        0);
    return executor;
}

static int run_at(gate *door, eddy_future **out, eddy_executor *executor)
{
    return eddy_loop_run_in_executor(eddy_get_running_loop(), out, executor, gate_pass, door, &with_release);
}

static int outcome_of(eddy_future *future)
{
    int outcome = 0;
    assert_int_equal(eddy_await_future(future, &outcome), 0);
    eddy_future_release(future);
    return outcome;
}

/* ---- the pool ---- */

TASK_TEST(pool_makes_no_more_threads_than_it_may)
{
    enum { JOBS = 6, WORKERS = 2 };
    eddy_future *futures[JOBS];
    eddy_executor *executor = make_pool(WORKERS, 0);
    gate door;
    (void)arg;
    gate_init(&door, WORKERS + 1);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(run_at(&door, &futures[i], executor), 0);
    gate_await_arrivals(&door, WORKERS);
    for (int i = 0; i < 20; i++)
        assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(gate_arrived(&door), WORKERS);
    gate_open(&door);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(outcome_of(futures[i]), 0);
    eddy_executor_release(executor);
    gate_free(&door);
    return 0;
}

TASK_TEST(pool_with_a_limited_queue_refuses_what_is_too_much)
{
    eddy_future *futures[3], *refused = NULL;
    eddy_executor *executor = make_pool(1, 2);
    gate door;
    (void)arg;
    gate_init(&door, 2);
    assert_int_equal(run_at(&door, &futures[0], executor), 0);
    gate_await_arrivals(&door, 1);
    assert_int_equal(run_at(&door, &futures[1], executor), 0);
    assert_int_equal(run_at(&door, &futures[2], executor), 0);
    assert_int_equal(run_at(&door, &refused, executor), EDDY_EAGAIN);
    assert_null(refused);
    gate_open(&door);
    for (int i = 0; i < 3; i++)
        assert_int_equal(outcome_of(futures[i]), 0);
    assert_int_equal(gate_released(&door), 3);
    eddy_executor_release(executor);
    gate_free(&door);
    return 0;
}

/* X9: whoever is woken wakes the next one. Most rounds find all threads asleep: they had time for that. */
TASK_TEST(fault_X9_idle_threads_are_all_woken_for_jobs_that_come_at_once)
{
    enum { WORKERS = 4, ROUNDS = 30 };
    eddy_future *futures[WORKERS];
    eddy_executor *executor = make_pool(WORKERS, 0);
    (void)arg;
    for (int round = 0; round < ROUNDS; round++) {
        gate door;
        gate_init(&door, WORKERS); /* opened by the last one that arrives */
        for (int i = 0; i < WORKERS; i++)
            assert_int_equal(run_at(&door, &futures[i], executor), 0);
        for (int i = 0; i < WORKERS; i++)
            assert_int_equal(outcome_of(futures[i]), 0);
        gate_free(&door);
        support_let_others_run();
    }
    eddy_executor_release(executor);
    return 0;
}

static int read_own_name(void *arg)
{
    return support_thread_name(arg, 32) ? 0 : EDDY_ENOENT;
}

TASK_TEST(threads_of_the_default_executor_are_called_eddy_and_a_number)
{
    char name[32] = "";
    (void)arg;
    int rc = eddy_to_thread(read_own_name, name, NULL);
    if (rc == 0)
        assert_string_equal(name, "eddy_0");
    return 0; /* else the system shows no names */
}

/* X4: a hundred jobs that block hold up neither the loop nor eddy's own lookups. */
TASK_TEST(fault_X4_blocked_jobs_hold_up_neither_loop_nor_lookups)
{
    enum { JOBS = 100 };
    static eddy_future *futures[JOBS];
    eddy_stream *stream = NULL;
    gate door;
    (void)arg;
    gate_init(&door, JOBS + 1);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(run_at(&door, &futures[i], NULL), 0);
    gate_await_arrivals(&door, 1);
    assert_int_equal(eddy_sleep(0.001), 0);
    int rc = eddy_open_connection(&stream, "localhost", "1", NULL); /* asks for the name on a thread */
    assert_true(rc < 0);
    assert_int_equal(gate_passed(&door), 0);
    gate_open(&door);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(outcome_of(futures[i]), 0);
    gate_free(&door);
    return 0;
}

static int shut_down_and_wait(void *executor)
{
    return eddy_executor_shutdown(executor, true);
}

TASK_TEST(pool_shut_down_on_one_of_its_threads_does_not_wait_for_itself)
{
    eddy_executor *executor = make_pool(1, 0);
    eddy_future *future;
    (void)arg;
    assert_int_equal(eddy_loop_run_in_executor(eddy_get_running_loop(), &future, executor, shut_down_and_wait,
                                               executor, NULL),
                     0);
    assert_int_equal(outcome_of(future), EDDY_EDEADLK);
    eddy_executor_release(executor);
    return 0;
}

/* Whatever holds the last reference: here a job's. */
TASK_TEST(pool_lives_as_long_as_its_jobs)
{
    eddy_executor *executor = make_pool(1, 0);
    eddy_future *future;
    gate door;
    (void)arg;
    gate_init(&door, 2);
    assert_int_equal(run_at(&door, &future, executor), 0);
    eddy_executor_release(executor);
    gate_open(&door);
    assert_int_equal(outcome_of(future), 0);
    gate_free(&door);
    return 0;
}

TASK_TEST(pool_that_is_shut_down_without_waiting_cancels_what_has_not_begun)
{
    eddy_executor *executor = make_pool(1, 0);
    eddy_future *running, *queued, *refused;
    gate door;
    (void)arg;
    gate_init(&door, 2);
    assert_int_equal(run_at(&door, &running, executor), 0);
    gate_await_arrivals(&door, 1);
    assert_int_equal(run_at(&door, &queued, executor), 0);
    assert_int_equal(eddy_executor_shutdown(executor, false), 0);
    assert_int_equal(run_at(&door, &refused, executor), EDDY_ECLOSED);
    assert_int_equal(outcome_of(queued), EDDY_ECANCELED);
    assert_int_equal(gate_released(&door), 1);
    gate_open(&door);
    assert_int_equal(outcome_of(running), 0);
    eddy_executor_release(executor);
    gate_free(&door);
    return 0;
}

/* ---- an executor of the user's: jobs wait until the test says so ---- */

typedef struct by_hand {
    eddy_executor executor; /* first */
    eddy_job *first;
    int shutdowns, destroyed;
} by_hand;

static int hold(eddy_executor *executor, eddy_job *job)
{
    by_hand *self = (by_hand *)executor;
    job->next = self->first;
    self->first = job;
    return 0;
}

static int count_shutdown(eddy_executor *executor, bool wait)
{
    by_hand *self = (by_hand *)executor;
    self->shutdowns++;
    while (self->first != NULL) {
        eddy_job *job = self->first;
        self->first = job->next;
        if (wait)
            eddy_job_run(job);
        else
            eddy_job_discard(job);
    }
    return 0;
}

static void count_destroy(eddy_executor *executor)
{
    ((by_hand *)executor)->destroyed++;
}

static by_hand make_by_hand(void)
{
    return (by_hand){.executor = {.size = sizeof(eddy_executor),
                                  .submit = hold,
                                  .shutdown = count_shutdown,
                                  .destroy = count_destroy}};
}

static void run_first(void *arg)
{
    by_hand *self = arg;
    eddy_job *job = self->first;
    self->first = job->next;
    eddy_job_run(job);
}

static void run_first_elsewhere(by_hand *self)
{
    eddyi_thread thread;
    assert_int_equal(eddyi_thread_create(&thread, run_first, self, "by hand"), 0);
    eddyi_thread_join(&thread);
}

TASK_TEST(any_executor_runs_jobs)
{
    by_hand own = make_by_hand();
    eddy_future *future;
    gate door;
    (void)arg;
    gate_init(&door, 0);
    door.result = 5;
    assert_int_equal(run_at(&door, &future, &own.executor), 0);
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(door.arrived, 0);
    run_first_elsewhere(&own);
    assert_int_equal(outcome_of(future), 5);
    eddy_executor_release(&own.executor);
    assert_int_equal(own.destroyed, 1);
    gate_free(&door);
    return 0;
}

/* X5: an executor that cannot give a job back runs one that does nothing. */
TASK_TEST(fault_X5_cancelled_job_that_cannot_be_had_back_is_not_made)
{
    by_hand own = make_by_hand();
    eddy_future *future;
    gate door;
    (void)arg;
    gate_init(&door, 0);
    assert_int_equal(run_at(&door, &future, &own.executor), 0);
    assert_true(eddy_future_cancel(future));
    assert_int_equal(outcome_of(future), EDDY_ECANCELED);
    assert_int_equal(door.released, 0);
    run_first_elsewhere(&own);
    gate_await_released(&door, 1);
    assert_int_equal(door.arrived, 0);
    eddy_executor_release(&own.executor);
    assert_int_equal(own.destroyed, 1);
    gate_free(&door);
    return 0;
}

static int refuse(eddy_executor *executor, eddy_job *job)
{
    (void)executor;
    (void)job;
    return EDDY_EPERM;
}

TASK_TEST(refusal_of_an_executor_is_told)
{
    static by_hand own; /* the loop keeps it until it closes */
    eddy_future *future = NULL;
    gate door;
    (void)arg;
    gate_init(&door, 0);
    own = make_by_hand();
    own.executor.submit = refuse;
    assert_int_equal(run_at(&door, &future, &own.executor), EDDY_EPERM);
    assert_null(future);
    assert_int_equal(door.released, 0);
    assert_int_equal(eddy_loop_set_default_executor(eddy_get_running_loop(), &own.executor), 0);
    assert_int_equal(eddy_to_thread(gate_pass, &door, &with_release), EDDY_EPERM);
    assert_int_equal(door.released, 1);
    eddy_executor_release(&own.executor);
    gate_free(&door);
    return 0;
}

static int pass_in_thread(void *door)
{
    return eddy_to_thread(gate_pass, door, &with_release);
}

/* The executor that was default before is not shut down; the one that is when the loop closes, is. */
static int replace_default(void *arg)
{
    by_hand *own = arg;
    eddy_loop *loop = eddy_get_running_loop();
    eddy_task *task;
    int outcome;
    gate door;
    gate_init(&door, 0);
    assert_int_equal(eddy_loop_set_default_executor(loop, &own[0].executor), 0);
    assert_int_equal(eddy_create_task(&task, pass_in_thread, &door, NULL), 0);
    assert_int_equal(eddy_sleep(0), 0);
    assert_non_null(own[0].first);
    assert_int_equal(eddy_loop_set_default_executor(loop, &own[1].executor), 0);
    assert_int_equal(own[0].shutdowns, 0);
    assert_int_equal(eddy_executor_shutdown(&own[0].executor, false), 0);
    assert_int_equal(eddy_await(task, &outcome), 0);
    assert_int_equal(outcome, EDDY_ECLOSED); /* its job was discarded */
    eddy_task_release(task);
    assert_int_equal(door.released, 1);
    gate_free(&door);
    return 0;
}

static void replaced_default_executor_is_not_shut_down(void **state)
{
    by_hand own[2] = {make_by_hand(), make_by_hand()};
    (void)state;
    assert_int_equal(support_run(replace_default, own), 0);
    assert_int_equal(own[0].shutdowns, 1); /* the test's own */
    assert_true(own[1].shutdowns > 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(own[i].destroyed, 0);
        eddy_executor_release(&own[i].executor);
        assert_int_equal(own[i].destroyed, 1);
    }
}

/* ---- shutdown_default_executor ---- */

TASK_TEST(shutdown_without_an_executor_only_refuses)
{
    eddy_loop *loop = eddy_get_running_loop();
    eddy_executor *executor;
    eddy_future *future;
    gate door;
    (void)arg;
    gate_init(&door, 0);
    assert_int_equal(eddy_loop_shutdown_default_executor(loop, (double)INFINITY), 0);
    assert_int_equal(eddy_loop_shutdown_default_executor(loop, 0), 0);
    assert_int_equal(eddy_to_thread(gate_pass, &door, NULL), EDDY_ECLOSED);
    assert_int_equal(run_at(&door, &future, NULL), EDDY_ECLOSED);
    executor = make_pool(1, 0);
    assert_int_equal(run_at(&door, &future, executor), 0); /* one that is named still works */
    assert_int_equal(outcome_of(future), 0);
    eddy_executor_release(executor);
    gate_free(&door);
    return 0;
}

static int shut_down(void *loop)
{
    return eddy_loop_shutdown_default_executor(loop, (double)INFINITY);
}

TASK_TEST(shutdown_waits_off_the_loop_for_all_that_was_submitted)
{
    eddy_loop *loop = eddy_get_running_loop();
    eddy_executor *executor = make_pool(1, 0);
    eddy_future *running, *queued, *refused;
    eddy_task *task;
    gate door;
    (void)arg;
    gate_init(&door, 3);
    assert_int_equal(eddy_loop_set_default_executor(loop, executor), 0);
    eddy_executor_release(executor);
    assert_int_equal(run_at(&door, &running, NULL), 0);
    assert_int_equal(run_at(&door, &queued, NULL), 0);
    assert_int_equal(eddy_create_task(&task, shut_down, loop, NULL), 0);
    gate_await_arrivals(&door, 1);
    for (int i = 0; i < 20; i++)
        assert_int_equal(eddy_sleep(0), 0);
    assert_false(eddy_task_done(task));
    assert_int_equal(run_at(&door, &refused, NULL), EDDY_ECLOSED);
    gate_open(&door);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(gate_passed(&door), 2);
    assert_int_equal(outcome_of(running), 0);
    assert_int_equal(outcome_of(queued), 0);
    eddy_task_release(task);
    gate_free(&door);
    return 0;
}

/* The threads are left behind, and the loop does not hang. */
TASK_TEST(shutdown_that_times_out_leaves_the_threads_behind)
{
    eddy_loop *loop = eddy_get_running_loop();
    eddy_future *future;
    gate door;
    (void)arg;
    gate_init(&door, 2);
    assert_int_equal(run_at(&door, &future, NULL), 0);
    gate_await_arrivals(&door, 1);
    assert_int_equal(eddy_loop_shutdown_default_executor(loop, 0), EDDY_ETIMEDOUT);
    assert_int_equal(eddy_loop_shutdown_default_executor(loop, 0.001), EDDY_ETIMEDOUT);
    assert_int_equal(gate_passed(&door), 0);
    gate_open(&door);
    assert_int_equal(outcome_of(future), 0);
    assert_int_equal(eddy_loop_shutdown_default_executor(loop, (double)INFINITY), 0);
    gate_free(&door);
    return 0;
}

TASK_TEST(shutdown_that_is_cancelled_ends_now)
{
    eddy_loop *loop = eddy_get_running_loop();
    eddy_future *future;
    eddy_task *task;
    int outcome;
    gate door;
    (void)arg;
    gate_init(&door, 2);
    assert_int_equal(run_at(&door, &future, NULL), 0);
    gate_await_arrivals(&door, 1);
    for (int steps = 0; steps < 3; steps++) {
        assert_int_equal(eddy_create_task(&task, shut_down, loop, NULL), 0);
        for (int i = 0; i < steps; i++)
            assert_int_equal(eddy_sleep(0), 0);
        eddy_task_cancel(task);
        assert_int_equal(eddy_await(task, &outcome), 0);
        assert_int_equal(outcome, EDDY_ECANCELED);
        eddy_task_release(task);
    }
    eddy_task_cancel(eddy_current_task()); /* pending when the call begins */
    assert_int_equal(eddy_loop_shutdown_default_executor(loop, (double)INFINITY), EDDY_ECANCELED);
    gate_open(&door);
    assert_int_equal(outcome_of(future), 0);
    gate_free(&door);
    return 0;
}

TASK_TEST(shutdown_refuses_bad_arguments)
{
    eddy_loop *loop = eddy_get_running_loop(), *other;
    (void)arg;
    assert_int_equal(eddy_loop_shutdown_default_executor(NULL, 1), EDDY_EINVAL);
    assert_int_equal(eddy_loop_shutdown_default_executor(loop, (double)NAN), EDDY_EINVAL);
    assert_int_equal(
        eddy_new_event_loop(&other, EDDY_OPTIONS(eddy_loop_options, .backend = support_backend())), 0);
    assert_int_equal(eddy_loop_shutdown_default_executor(other, 1), EDDY_EWRONGLOOP);
    eddy_loop_release(other);
    return 0;
}

static void shutdown_outside_a_task_is_refused(void **state)
{
    eddy_loop *loop;
    (void)state;
    assert_int_equal(
        eddy_new_event_loop(&loop, EDDY_OPTIONS(eddy_loop_options, .backend = support_backend())), 0);
    assert_int_equal(eddy_loop_shutdown_default_executor(loop, 1), EDDY_ENOTASK);
    eddy_loop_release(loop);
}

/* ---- the runner ---- */

typedef struct leaving {
    by_hand own;
    gate door;
} leaving;

static int leave_a_call_behind(void *arg)
{
    leaving *l = arg;
    assert_int_equal(eddy_loop_set_default_executor(eddy_get_running_loop(), &l->own.executor), 0);
    return run_at(&l->door, NULL, NULL);
}

/* R5, step 5: what was submitted is waited for, not discarded as in a loop that merely closes (L8). */
static void run_waits_for_the_default_executor(void **state)
{
    leaving l = {.own = make_by_hand()};
    (void)state;
    gate_init(&l.door, 0);
    assert_int_equal(support_run(leave_a_call_behind, &l), 0);
    assert_int_equal(l.door.passed, 1);
    assert_int_equal(l.door.released, 1);
    eddy_executor_release(&l.own.executor);
    assert_int_equal(l.own.destroyed, 1);
    gate_free(&l.door);
}

static void closed_loop_discards_what_has_not_begun(void **state)
{
    leaving l = {.own = make_by_hand()};
    eddy_loop *loop;
    (void)state;
    gate_init(&l.door, 0);
    assert_int_equal(
        eddy_new_event_loop(&loop, EDDY_OPTIONS(eddy_loop_options, .backend = support_backend())), 0);
    assert_int_equal(eddy_loop_set_default_executor(loop, &l.own.executor), 0);
    assert_int_equal(eddy_loop_run_in_executor(loop, NULL, NULL, gate_pass, &l.door, &with_release), 0);
    eddy_loop_release(loop);
    assert_int_equal(l.door.passed, 0);
    assert_int_equal(l.door.released, 1);
    eddy_executor_release(&l.own.executor);
    assert_int_equal(l.own.destroyed, 1);
    gate_free(&l.door);
}

int suite_executor_pool(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool_makes_no_more_threads_than_it_may),
        cmocka_unit_test(pool_with_a_limited_queue_refuses_what_is_too_much),
        cmocka_unit_test(fault_X9_idle_threads_are_all_woken_for_jobs_that_come_at_once),
        cmocka_unit_test(threads_of_the_default_executor_are_called_eddy_and_a_number),
        cmocka_unit_test(fault_X4_blocked_jobs_hold_up_neither_loop_nor_lookups),
        cmocka_unit_test(pool_shut_down_on_one_of_its_threads_does_not_wait_for_itself),
        cmocka_unit_test(pool_lives_as_long_as_its_jobs),
        cmocka_unit_test(pool_that_is_shut_down_without_waiting_cancels_what_has_not_begun),
        cmocka_unit_test(any_executor_runs_jobs),
        cmocka_unit_test(fault_X5_cancelled_job_that_cannot_be_had_back_is_not_made),
        cmocka_unit_test(refusal_of_an_executor_is_told),
        cmocka_unit_test(replaced_default_executor_is_not_shut_down),
        cmocka_unit_test(shutdown_without_an_executor_only_refuses),
        cmocka_unit_test(shutdown_waits_off_the_loop_for_all_that_was_submitted),
        cmocka_unit_test(shutdown_that_times_out_leaves_the_threads_behind),
        cmocka_unit_test(shutdown_that_is_cancelled_ends_now),
        cmocka_unit_test(shutdown_refuses_bad_arguments),
        cmocka_unit_test(shutdown_outside_a_task_is_refused),
        cmocka_unit_test(run_waits_for_the_default_executor),
        cmocka_unit_test(closed_loop_discards_what_has_not_begun),
    };
    return cmocka_run_group_tests_name("executor pool", tests, NULL, NULL);
}
