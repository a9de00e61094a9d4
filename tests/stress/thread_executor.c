/* thread_executor.c: jobs, cancels, shut downs and closing loops, all at once, in several threads that share one pool.
 * Touches the public API. Each argument is released exactly once, whatever became of its call, and nothing is left. */
#include <stdatomic.h>
#include <stdio.h>

#include "support/support.h"
#include "core/platform.h"

enum { THREADS = 3, ROUNDS = 60, CALLS = 24 };

static eddy_executor *shared;
static atomic_long made, released, called;

typedef struct storm {
    uint64_t random;
    int failed;
} storm;

/* SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014). */
static uint64_t draw(storm *s, uint64_t below)
{
    uint64_t x = s->random += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (x ^ (x >> 31)) % below;
}

/* An argument is a number of its own: once called and once released, in this order. */
typedef struct ticket {
    atomic_int calls, releases;
    int yields;
} ticket;

static int use_ticket(void *arg)
{
    ticket *t = arg;
    atomic_fetch_add(&t->calls, 1);
    atomic_fetch_add(&called, 1);
    for (int i = 0; i < t->yields; i++)
        eddyi_thread_yield();
    return atomic_load(&t->releases) == 0 ? t->yields : EDDY_EPROTO;
}

static void release_ticket(void *arg)
{
    ticket *t = arg;
    if (atomic_fetch_add(&t->releases, 1) != 0 || atomic_load(&t->calls) > 1)
        abort();
    atomic_fetch_add(&released, 1);
    free(t);
}

static const eddy_job_options options = {.size = sizeof options, .release = release_ticket};

static ticket *make_ticket(storm *s)
{
    ticket *t = calloc(1, sizeof *t);
    if (t == NULL)
        abort();
    t->yields = (int)draw(s, 4);
    atomic_fetch_add(&made, 1);
    return t;
}

static int call_in_thread(void *arg)
{
    return eddy_to_thread(use_ticket, make_ticket(arg), &options);
}

static int await_all(storm *s, eddy_future **futures, int count)
{
    int rc = 0;
    for (int i = 0; i < count; i++) {
        int outcome = 0;
        if (draw(s, 4) == 0)
            (void)eddy_future_cancel(futures[i]);
        if (rc == 0 && draw(s, 8) != 0)
            rc = eddy_await_future(futures[i], &outcome);
        if (outcome == EDDY_EPROTO)
            rc = outcome;
        eddy_future_release(futures[i]);
    }
    return rc;
}

static int one_batch(void *arg)
{
    storm *s = arg;
    eddy_loop *loop = eddy_get_running_loop();
    eddy_future *futures[CALLS];
    eddy_task *tasks[CALLS];
    int started = 0, rc = 0, results[CALLS];
    for (int i = 0; i < CALLS; i++) {
        ticket *t = make_ticket(s);
        rc = eddy_loop_run_in_executor(loop, &futures[started], draw(s, 2) == 0 ? shared : NULL, use_ticket,
                                       t, &options);
        if (rc < 0)
            release_ticket(t);
        else
            started++;
        rc = eddy_create_task(&tasks[i], call_in_thread, s, NULL);
        if (rc < 0)
            abort();
        if (draw(s, 3) == 0 && eddy_sleep(0) < 0)
            abort();
        if (draw(s, 3) == 0)
            eddy_task_cancel(tasks[draw(s, (uint64_t)i + 1)]);
    }
    rc = await_all(s, futures, started);
    int gathered = eddy_gather_return_exceptions(results, tasks, CALLS);
    if (rc == 0)
        rc = gathered;
    for (int i = 0; i < CALLS; i++) {
        if (results[i] < 0 && results[i] != EDDY_ECANCELED)
            rc = results[i];
        eddy_task_release(tasks[i]);
    }
    return rc;
}

static void ignore_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context;
    (void)arg;
}

/* A loop that is closed in the middle, with calls queued, running, and on their way back. */
static void close_in_the_middle(storm *s)
{
    eddy_loop_options loop_options = {.size = sizeof loop_options, .backend = support_backend()};
    eddy_loop *loop;
    eddy_future *future;
    if (eddy_new_event_loop(&loop, &loop_options) < 0)
        abort();
    (void)eddy_loop_set_exception_handler(loop, ignore_report, NULL);
    for (int i = 0; i < CALLS; i++) {
        int rc = eddy_loop_run_in_executor(loop, &future, draw(s, 2) == 0 ? shared : NULL, use_ticket,
                                           make_ticket(s), &options);
        if (rc < 0)
            abort();
        if (draw(s, 4) == 0)
            (void)eddy_loop_run_once(loop, 0);
        if (draw(s, 4) == 0)
            (void)eddy_future_cancel(future);
        eddy_future_release(future);
    }
    eddy_loop_release(loop);
}

static void rage(void *arg)
{
    storm *s = arg;
    eddy_loop_options loop_options = {.size = sizeof loop_options, .backend = support_backend()};
    eddy_run_options run_options = {
        .size = sizeof run_options, .loop = &loop_options, .no_interrupt_handler = true};
    for (int round = 0; round < ROUNDS; round++) {
        int rc = eddy_run(one_batch, s, &run_options);
        if (rc < 0) {
            fprintf(stderr, "round %d: %s\n", round, eddy_error_name(rc));
            s->failed++;
        }
        close_in_the_middle(s);
    }
}

static void storm_of_jobs_loses_none_and_leaves_nothing(void **state)
{
    eddyi_thread threads[THREADS];
    storm storms[THREADS];
    long blocks = support_live_blocks();
    (void)state;
    assert_int_equal(
        eddy_thread_pool_create(&shared, EDDY_OPTIONS(eddy_thread_pool_options, .max_workers = 3)), 0);
    for (int i = 0; i < THREADS; i++) {
        storms[i] = (storm){.random = (uint64_t)i + 1};
        assert_int_equal(eddyi_thread_create(&threads[i], rage, &storms[i], "rage"), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        eddyi_thread_join(&threads[i]);
        assert_int_equal(storms[i].failed, 0);
    }
    assert_int_equal(eddy_executor_shutdown(shared, true), 0);
    eddy_executor_release(shared);
    uint64_t limit = eddyi_clock_now() + UINT64_C(20000000000);
    while (support_live_blocks() != blocks &&
           eddyi_clock_now() < limit) /* abandoned calls end by themselves */
        eddyi_thread_yield();
    assert_int_equal(support_live_blocks(), blocks);
    assert_int_equal(atomic_load(&released), atomic_load(&made));
    assert_true(atomic_load(&called) > 0 && atomic_load(&called) < atomic_load(&made));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(storm_of_jobs_loses_none_and_leaves_nothing)};
    support_init(argc, argv);
    return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
