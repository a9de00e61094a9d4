/* timer_libevent.c: evtimer_add and evtimer_del while many timers are pending.
 * Touches libevent. Its heap: the delays are all different, so its queues for common timeouts do not apply. */
#include <event2/event.h>
#include <event2/event_struct.h>

#include "meter.h"
#include "random.h"

static struct event_base *base;
static struct event *timers, lone;
static size_t count, batch;
static bench_random delays;

static void nothing(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    (void)arg;
}

static void set(struct event *timer)
{
    double delay = bench_random_next(&delays);
    long whole = (long)delay;
    struct timeval time = {.tv_sec = whole, .tv_usec = (long)((delay - (double)whole) * 1e6)};
    evtimer_add(timer, &time);
}

static void set_and_cancel(void)
{
    set(&lone);
    evtimer_del(&lone);
}

static void replace(void)
{
    size_t i = bench_random_below(&delays, count);
    evtimer_del(&timers[i]);
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
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    bench_print(row, count, "", meter.ns_per_op, "ns");
}

int main(int argc, char **argv)
{
    count = bench_size(argc, argv);
    batch = (size_t)bench_setting("BENCH_TIMER_BATCH");
    delays = bench_random_make(bench_setting("BENCH_TIMER_NEAREST"), bench_setting("BENCH_TIMER_FARTHEST"));
    timers = bench_allocate(count, sizeof *timers);
    base = event_base_new();
    bench_check(base != NULL, "event_base_new");
    evtimer_assign(&lone, base, nothing, NULL);
    for (size_t i = 0; i < count; i++) {
        evtimer_assign(&timers[i], base, nothing, NULL);
        set(&timers[i]);
    }
    measure("timer", set_and_cancel);
    measure("replace", replace);
}
