/* suite_streams_lookups.c: the threads behind name lookups: jobs that block, fail to start, are cancelled, or outlive their loop.
 * Touches the inside of tasks, since a job is no public thing. A job that blocks waits for a gate, never for time. */
#include "suite.h"
#include "support/support.h"

#include <stdatomic.h>

#include "core/base/inject.h"
#include "core/task/task.h"

/* ---- a job that waits at a gate ---- */

typedef struct gate {
    eddyi_mutex mutex;
    eddyi_condition changed;
    int arrived; /* jobs that run, or ran */
    int wanted;  /* the gate is open once so many have arrived */
    bool stuck;  /* somebody gave up waiting: the test has failed */
} gate;

static gate door;
static atomic_int destroyed;

static void gate_init(int wanted)
{
    memset(&door, 0, sizeof door);
    assert_int_equal(eddyi_mutex_init(&door.mutex), 0);
    assert_int_equal(eddyi_condition_init(&door.changed), 0);
    door.wanted = wanted;
    atomic_store(&destroyed, 0);
}

static void gate_free(void)
{
    eddyi_condition_destroy(&door.changed);
    eddyi_mutex_destroy(&door.mutex);
}

static void gate_open(void)
{
    eddyi_mutex_lock(&door.mutex);
    door.wanted = 0;
    eddyi_condition_broadcast(&door.changed);
    eddyi_mutex_unlock(&door.mutex);
}

static int gate_arrived(void)
{
    eddyi_mutex_lock(&door.mutex);
    int arrived = door.arrived;
    eddyi_mutex_unlock(&door.mutex);
    return arrived;
}

typedef struct gate_job {
    eddyi_job job;
    eddy_allocator allocator;
    bool ran;
} gate_job;

static void gate_work(eddyi_job *job)
{
    uint64_t limit = eddyi_clock_now() + UINT64_C(20000000000);
    EDDYI_CONTAINER(job, gate_job, job)->ran = true;
    eddyi_mutex_lock(&door.mutex);
    door.arrived++;
    eddyi_condition_broadcast(&door.changed);
    while (door.arrived < door.wanted && !door.stuck)
        door.stuck = !eddyi_condition_wait_until(&door.changed, &door.mutex, limit);
    eddyi_mutex_unlock(&door.mutex);
}

static void gate_destroy(eddyi_job *job)
{
    gate_job *self = EDDYI_CONTAINER(job, gate_job, job);
    eddy_allocator allocator = self->allocator;
    eddyi_release(&allocator, self);
    atomic_fetch_add(&destroyed, 1);
}

static int run_job(void *arg)
{
    (void)arg;
    eddy_loop *loop = eddy_get_running_loop();
    gate_job *self = eddyi_allocate_zero(&loop->allocator, sizeof *self);
    if (self == NULL)
        return EDDY_ENOMEM;
    self->allocator = loop->allocator;
    self->job.work = gate_work;
    self->job.destroy = gate_destroy;
    int rc = eddyi_job_await(loop, &self->job);
    if (rc == EDDY_ECANCELED)
        return rc; /* the job has itself */
    if (rc == 0 && !self->ran)
        rc = EDDY_EPROTO;
    gate_destroy(&self->job);
    return rc;
}

static eddy_task *start_job(void)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, run_job, NULL, NULL), 0);
    return task;
}

static int end_of(eddy_task *task)
{
    int outcome = 0;
    assert_int_equal(eddy_await(task, &outcome), 0);
    eddy_task_release(task);
    return outcome;
}

static void yield_until_arrived(int count)
{
    while (gate_arrived() < count)
        assert_int_equal(eddy_sleep(0), 0);
}

/* ---- the tests ---- */

/* D2: jobs that are handed over in one go run at the same time, also when there were idle threads for some of them. Each round
 * has one job more than there are threads, and ends only when all of its jobs run at once. */
TASK_TEST(fault_D2_job_that_blocks_holds_no_other_up)
{
    enum { MOST = 5 };
    eddy_task *tasks[MOST];
    (void)arg;
    for (int count = 1; count <= MOST; count++) {
        gate_init(count);
        for (int i = 0; i < count; i++)
            tasks[i] = start_job();
        for (int i = 0; i < count; i++)
            assert_int_equal(end_of(tasks[i]), 0);
        assert_false(door.stuck);
        assert_int_equal(atomic_load(&destroyed), count);
        gate_free();
    }
    return 0;
}

TASK_TEST(more_jobs_than_threads_all_run)
{
    enum { JOBS = 200 };
    static eddy_task *tasks[JOBS];
    (void)arg;
    gate_init(0);
    for (int i = 0; i < JOBS; i++)
        tasks[i] = start_job();
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(end_of(tasks[i]), 0);
    assert_int_equal(gate_arrived(), JOBS);
    gate_free();
    return 0;
}

/* X3: without any thread it is an error and the job is still ours; with one, the rest waits for it. */
TASK_TEST(fault_X3_threads_that_cannot_be_made)
{
    eddyi_inject_plan plan = {
        .fail_at = 1, .fail_after_too = true, .calls = UINT64_C(1) << EDDYI_INJECT_pthread_create};
    (void)arg;
    gate_init(0);
    eddyi_inject_start(&plan);
    int first = end_of(start_job());
    eddyi_inject_stop();
    assert_true(first == EDDY_EAGAIN || first == EDDY_ENOMEM);
    assert_int_equal(atomic_load(&destroyed), 1);
    assert_int_equal(end_of(start_job()), 0); /* tried again, it works */
    gate_free();

    gate_init(2); /* the first job holds the only thread until the gate opens */
    eddyi_inject_start(&plan);
    eddy_task *holds = start_job(), *waits = start_job();
    yield_until_arrived(1);
    for (int i = 0; i < 10; i++)
        assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(gate_arrived(), 1);
    assert_true(eddyi_inject_failures() > 0);
    gate_open();
    assert_int_equal(end_of(holds), 0);
    assert_int_equal(end_of(waits), 0);
    eddyi_inject_stop();
    gate_free();
    return 0;
}

/* X5: cancelled, a queued job is destroyed now and never runs; a running one is left alone, and its task ends now. */
TASK_TEST(fault_X5_queued_job_is_removed_and_running_one_abandoned)
{
    eddyi_inject_plan one_thread = {
        .fail_at = 2, .fail_after_too = true, .calls = UINT64_C(1) << EDDYI_INJECT_pthread_create};
    (void)arg;
    gate_init(2);
    eddyi_inject_start(&one_thread);
    eddy_task *running = start_job(), *queued = start_job();
    yield_until_arrived(1);
    eddy_task_cancel(queued);
    assert_int_equal(end_of(queued), EDDY_ECANCELED);
    assert_int_equal(atomic_load(&destroyed), 1);
    eddy_task_cancel(running);
    assert_int_equal(end_of(running), EDDY_ECANCELED);
    assert_int_equal(atomic_load(&destroyed), 1);
    gate_open();
    while (atomic_load(&destroyed) < 2)
        assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(gate_arrived(), 1);
    eddyi_inject_stop();
    gate_free();
    return 0;
}

TASK_TEST(job_of_a_task_that_is_cancelled_already_does_not_run)
{
    (void)arg;
    gate_init(0);
    eddy_task *task = start_job();
    eddy_task_cancel(task);
    assert_int_equal(end_of(task), EDDY_ECANCELED);
    assert_int_equal(gate_arrived(), 0);
    gate_free();
    return 0;
}

/* ---- jobs that outlive their loop ---- */

static int leave_job_running(void *arg)
{
    (void)arg;
    eddy_task *task = start_job();
    yield_until_arrived(1);
    eddy_task_cancel(task);
    return end_of(task) == EDDY_ECANCELED ? 0 : EDDY_EPROTO;
}

static void ignore_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context;
    (void)arg;
}

static void wait_until_destroyed(int count)
{
    while (atomic_load(&destroyed) < count)
        eddyi_thread_yield();
}

/* X6, D3: the loop closes and its memory goes while the job still runs: nobody waits, and the late result goes to nobody. */
static void fault_X6_job_that_ends_after_its_loop(void **state)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    long blocks = support_live_blocks();
    (void)state;
    gate_init(2);
    assert_int_equal(eddy_run(leave_job_running, NULL, &options), 0);
    assert_int_equal(atomic_load(&destroyed), 0); /* it waits at the gate, and eddy_run did not wait for it */
    gate_open();
    wait_until_destroyed(1);
    while (support_live_blocks() != blocks)
        eddyi_thread_yield();
    gate_free();
}

/* The same for a loop that closes under the task that awaits it, with a second job still queued. */
static void fault_X6_loop_closed_under_its_jobs(void **state)
{
    eddyi_inject_plan one_thread = {
        .fail_at = 2, .fail_after_too = true, .calls = UINT64_C(1) << EDDYI_INJECT_pthread_create};
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    eddy_task *tasks[2];
    eddy_loop *loop;
    long blocks = support_live_blocks();
    (void)state;
    gate_init(2);
    eddyi_inject_start(&one_thread);
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(eddy_loop_create_task(loop, &tasks[i], run_job, NULL, NULL), 0);
    while (gate_arrived() < 1)
        assert_true(eddy_loop_run_once(loop, 0) >= 0);
    assert_int_equal(eddy_loop_set_exception_handler(loop, ignore_report, NULL), 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(atomic_load(&destroyed), 1); /* the queued one */
    for (int i = 0; i < 2; i++)
        eddy_task_release(tasks[i]);
    eddy_loop_release(loop);
    gate_open();
    wait_until_destroyed(2);
    eddyi_inject_stop();
    while (support_live_blocks() != blocks)
        eddyi_thread_yield();
    assert_int_equal(gate_arrived(), 1);
    gate_free();
}

int suite_streams_lookups(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_D2_job_that_blocks_holds_no_other_up),
        cmocka_unit_test(more_jobs_than_threads_all_run),
        cmocka_unit_test(fault_X3_threads_that_cannot_be_made),
        cmocka_unit_test(fault_X5_queued_job_is_removed_and_running_one_abandoned),
        cmocka_unit_test(job_of_a_task_that_is_cancelled_already_does_not_run),
        cmocka_unit_test(fault_X6_job_that_ends_after_its_loop),
        cmocka_unit_test(fault_X6_loop_closed_under_its_jobs),
    };
    return cmocka_run_group_tests_name("lookups", tests, NULL, NULL);
}
