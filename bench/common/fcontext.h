/* fcontext.h: the raw switch: the C symbols of Boost.Context, and stacks as its fixedsize_stack makes them.
 * Touches libboost_context, which has no header for C. A context is valid for one jump; the other side gets the next. */
#ifndef BENCH_FCONTEXT_H
#define BENCH_FCONTEXT_H

#include "meter.h"

typedef void *fcontext_t;
typedef struct transfer_t {
    fcontext_t from; /* who jumped here, to go on where that stopped */
    void *data;
} transfer_t;

transfer_t jump_fcontext(fcontext_t to, void *data);
fcontext_t make_fcontext(void *top, size_t size, void (*body)(transfer_t));

static inline fcontext_t bench_fcontext(void (*body)(transfer_t))
{
    const size_t size = 128 * 1024; /* Boost's default_size */
    char *stack = malloc(size);
    bench_check(stack != NULL, "malloc");
    return make_fcontext(stack + size, size, body);
}

static inline void bench_jump_back(transfer_t here)
{
    for (;;)
        here = jump_fcontext(here.from, NULL);
}

/* The yardstick of works that have no switch themselves: one jump between two contexts, whatever the size. */
static inline int bench_yardstick(int argc, char **argv, const char *work)
{
    size_t count = bench_size(argc, argv);
    bench_meter meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    int batch = (int)bench_setting("BENCH_BATCH");
    fcontext_t other = bench_fcontext(bench_jump_back);
    while (!meter.over) {
        for (int i = 0; i < batch; i++)
            other = jump_fcontext(other, NULL).from;
        meter.ops += 2 * (uint64_t)batch; /* there and back */
        bench_meter_lap(&meter);
    }
    bench_print(work, count, "", meter.ns_per_op, "ns");
    return 0;
}

#endif
