/* generator_eddy.c: eddy_generator_next over a body that only yields.
 * Touches the public API. Each value is a switch into the body and one back; the ready queue is not asked. */
#include "eddy_check.h"

static bench_meter meter;

static int yield_for_ever(void *arg)
{
    int rc = 0;
    while (rc == 0)
        rc = eddy_generator_yield(arg, NULL);
    return rc;
}

static int run(void *arg)
{
    eddy_generator *generator;
    void *value;
    int batch = (int)bench_setting("BENCH_BATCH");
    int rc = eddy_generator_create(&generator, yield_for_ever, arg, NULL);
    if (rc < 0)
        return rc;
    while (!meter.over && rc >= 0) {
        for (int i = 0; i < batch && rc >= 0; i++)
            rc = eddy_generator_next(generator, &value);
        meter.ops += (uint64_t)batch;
        bench_meter_lap(&meter);
    }
    rc = eddy_generator_aclosing(generator, rc);
    eddy_generator_release(generator);
    return rc;
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    bench_check_eddy(eddy_run(run, NULL, NULL), "eddy_run");
    bench_print("generator", count, "", meter.ns_per_op, "ns");
}
