/* spawn_eddy.c: tasks that are made, run and joined: one at a time by await, many by a task group.
 * Touches the public API. The bodies do nothing. `@eager`: they run inside the call that makes them. */
#include "eddy_check.h"

static bench_meter meter;
static eddy_task_options options = {.size = sizeof options};

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int one(void)
{
    eddy_task *task;
    int rc = eddy_create_task(&task, nothing, NULL, &options);
    if (rc < 0)
        return rc;
    rc = eddy_await(task, NULL);
    eddy_task_release(task);
    return rc;
}

static int many(size_t count)
{
    eddy_task_group group;
    int rc = eddy_task_group_enter(&group);
    for (size_t i = 0; rc >= 0 && i < count; i++)
        rc = eddy_task_group_create_task(&group, NULL, nothing, NULL, &options);
    return eddy_task_group_exit(&group, rc);
}

static int run(void *arg)
{
    size_t count = *(size_t *)arg;
    size_t rounds = count == 1 ? (size_t)bench_setting("BENCH_BATCH") : 1;
    int rc = 0;
    while (!meter.over && rc >= 0) {
        for (size_t i = 0; i < rounds && rc >= 0; i++)
            rc = count == 1 ? one() : many(count);
        meter.ops += rounds * count;
        bench_meter_lap(&meter);
    }
    return rc;
}

static void measure(size_t count, const char *variant)
{
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    bench_check_eddy(eddy_run(run, &count, NULL), "eddy_run");
    bench_print("spawn", count, variant, meter.ns_per_op, "ns");
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    measure(count, "");
    options.eager_start = EDDY_EAGER_START_YES;
    measure(count, "@eager");
}
