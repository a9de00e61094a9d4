/* call_soon_libev.c: watchers that are fed an event: ev_feed_event, the nearest to call_soon.
 * Touches libev. It runs what a callback feeds in the same iteration, last fed first, so a watcher that feeds itself
 * would starve the others: the one fed first, which runs last, feeds them all. Nothing polls between, a looser promise
 * than call_soon's; a prepare or idle watcher would poll each time. The fastest is shown. */
#include <ev.h>

#include "meter.h"

static ev_prepare *watchers; /* any watcher can be fed; these are never started */
static size_t count;
static bench_meter meter;
static int batch, left;

static void follower(struct ev_loop *loop, ev_prepare *watcher, int events)
{
    (void)loop;
    (void)watcher;
    (void)events;
}

static void leader(struct ev_loop *loop, ev_prepare *watcher, int events)
{
    (void)watcher;
    meter.ops += count;
    if (--left <= 0) {
        left = count == 1 ? batch : 1;
        bench_meter_lap(&meter);
    }
    for (size_t i = 0; i < count && !meter.over; i++)
        ev_feed_event(loop, &watchers[i], events);
}

int main(int argc, char **argv)
{
    struct ev_loop *loop = ev_default_loop(0);
    bench_check(loop != NULL, "ev_default_loop");
    count = bench_size(argc, argv);
    watchers = bench_allocate(count, sizeof *watchers);
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    batch = (int)bench_setting("BENCH_BATCH");
    for (size_t i = 0; i < count; i++)
        ev_init(&watchers[i], i ? follower : leader);
    ev_feed_event(loop, &watchers[0], EV_CUSTOM);
    ev_run(loop, EVRUN_NOWAIT);
    bench_print("call_soon", count, "", meter.ns_per_op, "ns");
}
