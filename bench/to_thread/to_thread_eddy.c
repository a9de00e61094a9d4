/* to_thread_eddy.c: tasks that call a function on another thread and wait for it: eddy_to_thread.
 * Touches the public API. The pool may have as many threads as everybody's. They all run before it is measured, as libuv's do by
 * themselves; the variant `demand` has those that eddy starts of itself, which is one for one call under way. */
#include <pthread.h>

#include "eddy_check.h"

static bench_meter meter;
static int batch;
static bool on_demand;

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

/* Holds a thread until as many as there may be run. */
static int meet(void *barrier)
{
    (void)pthread_barrier_wait(barrier);
    return 0;
}

static void start_all(unsigned threads)
{
    pthread_barrier_t barrier;
    eddy_future **futures = bench_allocate(threads, sizeof(eddy_future *));
    bench_check(pthread_barrier_init(&barrier, NULL, threads) == 0, "pthread_barrier_init");
    for (unsigned i = 0; i < threads; i++)
        bench_check_eddy(
            eddy_loop_run_in_executor(eddy_get_running_loop(), &futures[i], NULL, meet, &barrier, NULL),
            "eddy_loop_run_in_executor");
    for (unsigned i = 0; i < threads; i++) {
        bench_check_eddy(eddy_await_future(futures[i], NULL), "eddy_await_future");
        eddy_future_release(futures[i]);
    }
    (void)pthread_barrier_destroy(&barrier);
    free(futures);
}

static int calling(void *leader)
{
    while (!meter.over) {
        for (int i = 0; i < batch; i++) {
            int rc = eddy_to_thread(nothing, NULL, NULL);
            if (rc < 0)
                return rc;
        }
        meter.ops += (uint64_t)batch;
        if (leader)
            bench_meter_lap(&meter);
    }
    return 0;
}

static int run(void *arg)
{
    size_t count = *(size_t *)arg;
    unsigned threads = (unsigned)bench_setting("BENCH_THREADS");
    eddy_executor *executor;
    eddy_task_group group;
    bench_check_eddy(
        eddy_thread_pool_create(&executor, EDDY_OPTIONS(eddy_thread_pool_options, .max_workers = threads)),
        "eddy_thread_pool_create");
    bench_check_eddy(eddy_loop_set_default_executor(eddy_get_running_loop(), executor),
                     "eddy_loop_set_default_executor");
    eddy_executor_release(executor);
    if (!on_demand)
        start_all(threads);
    int rc = eddy_task_group_enter(&group);
    for (size_t i = 0; rc >= 0 && i < count; i++)
        rc = eddy_task_group_create_task(&group, NULL, calling, i ? NULL : &meter, NULL);
    return eddy_task_group_exit(&group, rc);
}

static void measure(size_t count, const char *variant)
{
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    bench_check_eddy(eddy_run(run, &count, NULL), "eddy_run");
    bench_print("to_thread", count, variant, meter.ns_per_op, "ns");
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    batch = (int)bench_setting("BENCH_THREAD_BATCH");
    measure(count, "");
    on_demand = true;
    measure(count, "@demand");
}
