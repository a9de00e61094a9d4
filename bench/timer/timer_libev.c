/* timer_libev.c: ev_timer_start and ev_timer_stop while many timers are pending.
 * Touches libev. */
#include <ev.h>

#include "meter.h"
#include "random.h"

static void nothing(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)timer;
    (void)events;
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    size_t batch = (size_t)bench_setting("BENCH_TIMER_BATCH");
    bench_random delays =
        bench_random_make(bench_setting("BENCH_TIMER_NEAREST"), bench_setting("BENCH_TIMER_FARTHEST"));
    bench_meter meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    ev_timer *timers = bench_allocate(count, sizeof *timers), timer;
    struct ev_loop *loop = ev_default_loop(0);
    bench_check(loop != NULL, "ev_default_loop");
    for (size_t i = 0; i < count; i++) {
        ev_timer_init(&timers[i], nothing, bench_random_next(&delays), 0.);
        ev_timer_start(loop, &timers[i]);
    }
    ev_init(&timer, nothing);
    while (!meter.over) {
        for (size_t i = 0; i < batch; i++) {
            ev_timer_set(&timer, bench_random_next(&delays), 0.);
            ev_timer_start(loop, &timer);
            ev_timer_stop(loop, &timer);
        }
        meter.ops += batch;
        bench_meter_lap(&meter);
        ev_run(loop, EVRUN_NOWAIT);
    }
    bench_print("timer", count, "", meter.ns_per_op, "ns");
}
