/* timer_libevent.c: evtimer_add and evtimer_del while many timers are pending.
 * Touches libevent. Its heap: the delays are all different, so its queues for common timeouts do not apply. */
#include <event2/event.h>
#include <event2/event_struct.h>

#include "meter.h"
#include "random.h"

static void nothing(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    (void)arg;
}

static void add(struct event *timer, bench_random *delays)
{
    double delay = bench_random_next(delays);
    long whole = (long)delay;
    struct timeval time = {.tv_sec = whole, .tv_usec = (long)((delay - (double)whole) * 1e6)};
    evtimer_add(timer, &time);
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    size_t batch = (size_t)bench_setting("BENCH_TIMER_BATCH");
    bench_random delays =
        bench_random_make(bench_setting("BENCH_TIMER_NEAREST"), bench_setting("BENCH_TIMER_FARTHEST"));
    bench_meter meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    struct event *timers = bench_allocate(count, sizeof *timers), timer;
    struct event_base *base = event_base_new();
    bench_check(base != NULL, "event_base_new");
    for (size_t i = 0; i < count; i++) {
        evtimer_assign(&timers[i], base, nothing, NULL);
        add(&timers[i], &delays);
    }
    evtimer_assign(&timer, base, nothing, NULL);
    while (!meter.over) {
        for (size_t i = 0; i < batch; i++) {
            add(&timer, &delays);
            evtimer_del(&timer);
        }
        meter.ops += batch;
        bench_meter_lap(&meter);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    bench_print("timer", count, "", meter.ns_per_op, "ns");
}
