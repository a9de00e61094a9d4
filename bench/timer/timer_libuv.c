/* timer_libuv.c: uv_timer_start and uv_timer_stop while many timers are pending.
 * Touches libuv. Handles are made once, as a program that uses them often would. */
#include <uv.h>

#include "meter.h"
#include "random.h"

static uv_loop_t *loop;
static uv_timer_t *timers, lone;
static size_t count, batch;
static bench_random delays;

static void nothing(uv_timer_t *timer)
{
    (void)timer;
}

static void set(uv_timer_t *timer)
{
    uv_timer_start(timer, nothing, (uint64_t)(bench_random_next(&delays) * 1e3), 0);
}

static void set_and_cancel(void)
{
    set(&lone);
    uv_timer_stop(&lone);
}

static void replace(void)
{
    size_t i = bench_random_below(&delays, count);
    uv_timer_stop(&timers[i]);
    set(&timers[i]);
}

static void measure(const char *row, void (*operation)(void))
{
    bench_meter meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    while (!meter.over) {
        for (size_t i = 0; i < batch; i++)
            operation();
        meter.ops += batch;
        bench_meter_lap(&meter);
        uv_run(loop, UV_RUN_NOWAIT);
    }
    bench_print(row, count, "", meter.ns_per_op, "ns");
}

int main(int argc, char **argv)
{
    count = bench_size(argc, argv);
    batch = (size_t)bench_setting("BENCH_TIMER_BATCH");
    delays = bench_random_make(bench_setting("BENCH_TIMER_NEAREST"), bench_setting("BENCH_TIMER_FARTHEST"));
    timers = bench_allocate(count, sizeof *timers);
    loop = uv_default_loop();
    uv_timer_init(loop, &lone);
    for (size_t i = 0; i < count; i++) {
        uv_timer_init(loop, &timers[i]);
        set(&timers[i]);
    }
    measure("timer", set_and_cancel);
    measure("replace", replace);
}
