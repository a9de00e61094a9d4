/* lock_switch.c: the yardstick of this work: one jump_fcontext between two contexts, whatever the size.
 * Touches libboost_context. */
#include "fcontext.h"

static void back(transfer_t here)
{
    for (;;)
        here = jump_fcontext(here.from, NULL);
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    bench_meter meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    int batch = (int)bench_setting("BENCH_BATCH");
    fcontext_t other = bench_fcontext(back);
    while (!meter.over) {
        for (int i = 0; i < batch; i++)
            other = jump_fcontext(other, NULL).from;
        meter.ops += 2 * (uint64_t)batch; /* there and back */
        bench_meter_lap(&meter);
    }
    bench_print("lock", count, "", meter.ns_per_op, "ns");
}
