/* process_eddy.c: tasks that each start a child and wait for it: eddy_create_subprocess_exec and eddy_process_wait.
 * Touches the public API. With the default options: descriptors are closed and signals reset in the child. */
#include "eddy_check.h"

static bench_meter meter;

static int running(void *leader)
{
    const char *argv[] = {"/bin/true", NULL};
    while (!meter.over) {
        eddy_process *process;
        int rc = eddy_create_subprocess_exec(&process, argv, NULL);
        if (rc < 0)
            return rc;
        rc = eddy_process_wait(process, NULL);
        eddy_process_release(process);
        if (rc < 0)
            return rc;
        meter.ops++;
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
        rc = eddy_task_group_create_task(&group, NULL, running, i ? NULL : &meter, NULL);
    return eddy_task_group_exit(&group, rc);
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    bench_check_eddy(eddy_run(run, &count, NULL), "eddy_run");
    bench_print("process", count, "", meter.ns_per_op / 1000, "us");
}
