/* timer_eddy.c: eddy_loop_call_later and eddy_handle_cancel while many timers are pending.
 * Touches the public API. The loop gets its turn after each batch, so that work put off to it is paid for. */
#include "eddy_check.h"
#include "random.h"

static bench_meter meter;

static void nothing(void *arg)
{
    (void)arg;
}

static int set_and_cancel(eddy_loop *loop, double delay)
{
    eddy_handle *timer;
    int rc = eddy_loop_call_later(loop, &timer, delay, nothing, NULL);
    if (rc < 0)
        return rc;
    eddy_handle_cancel(timer);
    eddy_handle_release(timer);
    return 0;
}

static int run(void *arg)
{
    size_t count = *(size_t *)arg;
    size_t batch = (size_t)bench_setting("BENCH_TIMER_BATCH");
    bench_random delays =
        bench_random_make(bench_setting("BENCH_TIMER_NEAREST"), bench_setting("BENCH_TIMER_FARTHEST"));
    eddy_loop *loop = eddy_get_running_loop();
    int rc = 0;
    for (size_t i = 0; i < count && rc >= 0; i++)
        rc = eddy_loop_call_later(loop, NULL, bench_random_next(&delays), nothing, NULL);
    while (!meter.over && rc >= 0) {
        for (size_t i = 0; i < batch && rc >= 0; i++)
            rc = set_and_cancel(loop, bench_random_next(&delays));
        meter.ops += batch;
        bench_meter_lap(&meter);
        if (rc >= 0)
            rc = eddy_sleep(0);
    }
    return rc;
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    bench_check_eddy(eddy_run(run, &count, NULL), "eddy_run");
    bench_print("timer", count, "", meter.ns_per_op, "ns");
}
