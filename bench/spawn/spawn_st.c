/* spawn_st.c: State Threads that are made, run and joined.
 * Touches libst. It keeps the stacks of ended threads for new ones, so no stack is mapped while it is measured. */
#include <st.h>

#include "meter.h"

static void *nothing(void *arg)
{
    return arg;
}

static void spawn(st_thread_t *threads, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bench_check((threads[i] = st_thread_create(nothing, NULL, 1, 0)) != NULL, "st_thread_create");
    for (size_t i = 0; i < count; i++)
        bench_check(st_thread_join(threads[i], NULL) == 0, "st_thread_join");
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    size_t rounds = count == 1 ? (size_t)bench_setting("BENCH_BATCH") : 1;
    bench_meter meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    st_thread_t *threads = bench_allocate(count, sizeof *threads);
    bench_check(st_init() == 0, "st_init");
    while (!meter.over) {
        for (size_t i = 0; i < rounds; i++)
            spawn(threads, count);
        meter.ops += rounds * count;
        bench_meter_lap(&meter);
    }
    bench_print("spawn", count, "", meter.ns_per_op, "ns");
}
