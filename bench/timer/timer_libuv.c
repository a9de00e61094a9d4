/* timer_libuv.c: uv_timer_start and uv_timer_stop while many timers are pending.
 * Touches libuv. The handle of the operation is made once, as a program that uses it often would. */
#include <uv.h>

#include "meter.h"
#include "random.h"

static void nothing(uv_timer_t *timer)
{
    (void)timer;
}

static uint64_t milliseconds(bench_random *delays)
{
    return (uint64_t)(bench_random_next(delays) * 1e3);
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    size_t batch = (size_t)bench_setting("BENCH_TIMER_BATCH");
    bench_random delays =
        bench_random_make(bench_setting("BENCH_TIMER_NEAREST"), bench_setting("BENCH_TIMER_FARTHEST"));
    bench_meter meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    uv_timer_t *timers = bench_allocate(count, sizeof *timers), timer;
    uv_loop_t *loop = uv_default_loop();
    for (size_t i = 0; i < count; i++) {
        uv_timer_init(loop, &timers[i]);
        uv_timer_start(&timers[i], nothing, milliseconds(&delays), 0);
    }
    uv_timer_init(loop, &timer);
    while (!meter.over) {
        for (size_t i = 0; i < batch; i++) {
            uv_timer_start(&timer, nothing, milliseconds(&delays), 0);
            uv_timer_stop(&timer);
        }
        meter.ops += batch;
        bench_meter_lap(&meter);
        uv_run(loop, UV_RUN_NOWAIT);
    }
    bench_print("timer", count, "", meter.ns_per_op, "ns");
}
