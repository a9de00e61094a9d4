/* timer_libev.c: ev_timer_start and ev_timer_stop while many timers are pending.
 * Touches libev. */
#include <ev.h>

#include "meter.h"
#include "random.h"

static struct ev_loop *loop;
static ev_timer *timers, lone;
static size_t count, batch;
static bench_random delays;

static void nothing(struct ev_loop *unused, ev_timer *timer, int events)
{
    (void)unused;
    (void)timer;
    (void)events;
}

static void set(ev_timer *timer)
{
    ev_timer_set(timer, bench_random_next(&delays), 0.);
    ev_timer_start(loop, timer);
}

static void set_and_cancel(void)
{
    set(&lone);
    ev_timer_stop(loop, &lone);
}

static void replace(void)
{
    size_t i = bench_random_below(&delays, count);
    ev_timer_stop(loop, &timers[i]);
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
        ev_run(loop, EVRUN_NOWAIT);
    }
    bench_print(row, count, "", meter.ns_per_op, "ns");
}

int main(int argc, char **argv)
{
    count = bench_size(argc, argv);
    batch = (size_t)bench_setting("BENCH_TIMER_BATCH");
    delays = bench_random_make(bench_setting("BENCH_TIMER_NEAREST"), bench_setting("BENCH_TIMER_FARTHEST"));
    timers = bench_allocate(count, sizeof *timers);
    loop = ev_default_loop(0);
    bench_check(loop != NULL, "ev_default_loop");
    ev_init(&lone, nothing);
    for (size_t i = 0; i < count; i++) {
        ev_init(&timers[i], nothing);
        set(&timers[i]);
    }
    measure("timer", set_and_cancel);
    measure("replace", replace);
}
