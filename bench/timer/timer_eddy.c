/* timer_eddy.c: eddy_loop_call_later and eddy_handle_cancel while many timers are pending.
 * Touches the public API. The loop gets its turn after each batch, so that work put off to it is paid for. */
#include "eddy_check.h"
#include "random.h"

static eddy_loop *loop;
static eddy_handle **timers, *lone;
static size_t count, batch;
static bench_random delays;

static void nothing(void *arg)
{
    (void)arg;
}

static int set(eddy_handle **timer)
{
    return eddy_loop_call_later(loop, timer, bench_random_next(&delays), nothing, NULL);
}

static void cancel(eddy_handle *timer)
{
    eddy_handle_cancel(timer);
    eddy_handle_release(timer);
}

static int set_and_cancel(void)
{
    int rc = set(&lone);
    if (rc >= 0)
        cancel(lone);
    return rc;
}

static int replace(void)
{
    size_t i = bench_random_below(&delays, count);
    cancel(timers[i]);
    return set(&timers[i]);
}

static int measure(const char *row, int (*operation)(void))
{
    bench_meter meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    int rc = 0;
    while (!meter.over && rc >= 0) {
        for (size_t i = 0; i < batch && rc >= 0; i++)
            rc = operation();
        meter.ops += batch;
        bench_meter_lap(&meter);
        if (rc >= 0)
            rc = eddy_sleep(0);
    }
    if (rc >= 0)
        bench_print(row, count, "", meter.ns_per_op, "ns");
    return rc;
}

static int run(void *arg)
{
    int rc = 0;
    (void)arg;
    loop = eddy_get_running_loop();
    for (size_t i = 0; i < count && rc >= 0; i++)
        rc = set(&timers[i]);
    if (rc >= 0)
        rc = measure("timer", set_and_cancel);
    return rc < 0 ? rc : measure("replace", replace);
}

int main(int argc, char **argv)
{
    count = bench_size(argc, argv);
    batch = (size_t)bench_setting("BENCH_TIMER_BATCH");
    delays = bench_random_make(bench_setting("BENCH_TIMER_NEAREST"), bench_setting("BENCH_TIMER_FARTHEST"));
    timers = bench_allocate(count, sizeof(eddy_handle *));
    bench_check_eddy(eddy_run(run, NULL, NULL), "eddy_run");
}
