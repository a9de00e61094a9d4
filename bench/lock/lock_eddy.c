/* lock_eddy.c: eddy_lock_acquire and eddy_lock_release in one task.
 * Touches the public API. Nobody else wants the lock, so nothing suspends. */
#include "eddy_check.h"

static bench_meter meter;

static int run(void *arg)
{
    eddy_lock *lock = arg;
    int batch = (int)bench_setting("BENCH_BATCH");
    while (!meter.over) {
        for (int i = 0; i < batch; i++) {
            int rc = eddy_lock_acquire(lock);
            if (rc == 0)
                rc = eddy_lock_release(lock);
            if (rc < 0)
                return rc;
        }
        meter.ops += (uint64_t)batch;
        bench_meter_lap(&meter);
    }
    return 0;
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    eddy_lock lock = EDDY_LOCK_INIT;
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    bench_check_eddy(eddy_run(run, &lock, NULL), "eddy_run");
    bench_print("lock", count, "", meter.ns_per_op, "ns");
}
