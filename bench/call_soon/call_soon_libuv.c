/* call_soon_libuv.c: idle handles that stop and start themselves: what schedules a callback for the next iteration.
 * Touches libuv. It has no call_soon: uv_async_send goes through a descriptor, a timer of 0 through the heap; an
 * idle handle only through two lists. uv_run asks the system for events once an iteration, as it always does. */
#include <uv.h>

#include "meter.h"

typedef struct chain {
    uv_idle_t idle;
    int left;
    bool leader;
} chain;

static bench_meter meter;
static int batch;

static void again(uv_idle_t *idle)
{
    chain *self = (chain *)idle;
    if (--self->left == 0) {
        self->left = batch;
        meter.ops += (uint64_t)batch;
        if (self->leader)
            bench_meter_lap(&meter);
        if (meter.over)
            uv_stop(idle->loop);
    }
    uv_idle_stop(idle);
    uv_idle_start(idle, again);
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    chain *chains = bench_allocate(count, sizeof *chains);
    uv_loop_t *loop = uv_default_loop();
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    batch = (int)bench_setting("BENCH_BATCH");
    for (size_t i = 0; i < count; i++) {
        chains[i].left = batch;
        chains[i].leader = i == 0;
        uv_idle_init(loop, &chains[i].idle);
        uv_idle_start(&chains[i].idle, again);
    }
    uv_run(loop, UV_RUN_DEFAULT);
    bench_print("call_soon", count, "", meter.ns_per_op, "ns");
}
