/* yield_switch.c: the limit: contexts in a ring that jump to the next one, with no queue and no loop.
 * Touches libboost_context. The figure is the time of one jump_fcontext. */
#include "fcontext.h"

static fcontext_t *contexts;
static size_t count, current;
static fcontext_t home;
static bench_meter meter;
static int batch;

static inline void jump_on(void)
{
    size_t self = current;
    current = self + 1 == count ? 0 : self + 1;
    transfer_t here = jump_fcontext(contexts[current], (void *)self);
    contexts[(size_t)here.data] = here.from;
}

static void jumping(transfer_t first)
{
    size_t self = current;
    if (self == 0)
        home = first.from;
    else
        contexts[self - 1] = first.from;
    while (!meter.over) {
        for (int i = 0; i < batch; i++)
            jump_on();
        meter.ops += (uint64_t)batch;
        if (self == 0)
            bench_meter_lap(&meter);
    }
    jump_fcontext(home, NULL);
}

int main(int argc, char **argv)
{
    count = bench_size(argc, argv);
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    batch = (int)bench_setting("BENCH_BATCH");
    contexts = bench_allocate(count, sizeof *contexts);
    for (size_t i = 0; i < count; i++)
        contexts[i] = bench_fcontext(jumping);
    jump_fcontext(contexts[0], NULL);
    bench_print("yield", count, "", meter.ns_per_op, "ns");
}
