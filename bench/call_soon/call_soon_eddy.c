/* call_soon_eddy.c: callbacks that schedule themselves again: eddy_loop_call_soon.
 * Touches the public API. Each runs once an iteration of the loop, so I/O and timers get their turn between. */
#include "eddy_check.h"

typedef struct chain {
    int left; /* calls until the batch is counted */
    bool leader;
} chain;

static eddy_loop *loop;
static bench_meter meter;
static int batch;

static void again(void *arg)
{
    chain *self = arg;
    if (--self->left == 0) {
        self->left = batch;
        meter.ops += (uint64_t)batch;
        if (self->leader)
            bench_meter_lap(&meter);
        if (meter.over)
            eddy_loop_stop(loop);
    }
    bench_check_eddy(eddy_loop_call_soon(loop, NULL, again, self), "eddy_loop_call_soon");
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    chain *chains = bench_allocate(count, sizeof *chains);
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    batch = (int)bench_setting("BENCH_BATCH");
    bench_check_eddy(eddy_new_event_loop(&loop, NULL), "eddy_new_event_loop");
    for (size_t i = 0; i < count; i++) {
        chains[i] = (chain){.left = batch, .leader = i == 0};
        bench_check_eddy(eddy_loop_call_soon(loop, NULL, again, &chains[i]), "eddy_loop_call_soon");
    }
    bench_check_eddy(eddy_loop_run_forever(loop), "eddy_loop_run_forever");
    bench_print("call_soon", count, "", meter.ns_per_op, "ns");
    eddy_loop_release(loop);
    free(chains);
}
