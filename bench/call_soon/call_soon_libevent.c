/* call_soon_libevent.c: events that make themselves active again: event_active, the nearest to call_soon.
 * Touches libevent. It runs what a callback makes active in the same iteration, so this never polls and is a looser
 * promise than call_soon's. No lock: libevent takes none unless the program asks for threads. */
#include <event2/event.h>

#include "meter.h"

typedef struct chain {
    struct event *event;
    int left;
    bool leader;
} chain;

static bench_meter meter;
static int batch;

static void again(evutil_socket_t fd, short events, void *arg)
{
    chain *self = arg;
    (void)fd;
    if (--self->left == 0) {
        self->left = batch;
        meter.ops += (uint64_t)batch;
        if (self->leader)
            bench_meter_lap(&meter);
    }
    if (!meter.over)
        event_active(self->event, events, 0);
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    chain *chains = bench_allocate(count, sizeof *chains);
    struct event_base *base = event_base_new();
    bench_check(base != NULL, "event_base_new");
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    batch = (int)bench_setting("BENCH_BATCH");
    for (size_t i = 0; i < count; i++) {
        chains[i] =
            (chain){.event = event_new(base, -1, 0, again, &chains[i]), .left = batch, .leader = i == 0};
        bench_check(chains[i].event != NULL, "event_new");
        event_active(chains[i].event, EV_TIMEOUT, 0);
    }
    event_base_loop(base, EVLOOP_NONBLOCK);
    bench_print("call_soon", count, "", meter.ns_per_op, "ns");
}
