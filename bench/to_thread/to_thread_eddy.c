/* to_thread_eddy.c: tasks that call a function on another thread and wait for it: eddy_to_thread.
 * Touches the public API. The pool is made with the same number of threads as everybody's. */
#include "eddy_check.h"

static bench_meter meter;
static int batch;

static int nothing(void *arg)
{
    (void)arg;
    return 0;
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
    int rc = eddy_task_group_enter(&group);
    for (size_t i = 0; rc >= 0 && i < count; i++)
        rc = eddy_task_group_create_task(&group, NULL, calling, i ? NULL : &meter, NULL);
    return eddy_task_group_exit(&group, rc);
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    batch = (int)bench_setting("BENCH_THREAD_BATCH");
    bench_check_eddy(eddy_run(run, &count, NULL), "eddy_run");
    bench_print("to_thread", count, "", meter.ns_per_op, "ns");
}
