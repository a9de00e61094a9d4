/* yield_eddy.c: tasks that give way to each other: eddy_sleep(0).
 * Touches the public API. Each lets every other one run before it runs again. */
#include "eddy_check.h"

static bench_meter meter;
static int batch;

static int giving_way(void *leader)
{
    while (!meter.over) {
        for (int i = 0; i < batch; i++) {
            int rc = eddy_sleep(0);
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
    eddy_task_group group;
    int rc = eddy_task_group_enter(&group);
    for (size_t i = 0; rc >= 0 && i < count; i++)
        rc = eddy_task_group_create_task(&group, NULL, giving_way, i ? NULL : &meter, NULL);
    return eddy_task_group_exit(&group, rc);
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    batch = (int)bench_setting("BENCH_BATCH");
    bench_check_eddy(eddy_run(run, &count, NULL), "eddy_run");
    bench_print("yield", count, "", meter.ns_per_op, "ns");
}
