/* yield_st.c: State Threads that give way in a ring: each signals the next one and waits.
 * Touches libst, which has no yield in 1.9: st_usleep(0) would go through its timer heap and the system's poll
 * each time. Signal and wait go through its run queue only, the fastest that it offers. */
#include <st.h>

#include "meter.h"

static st_cond_t *turns;
static size_t count;
static bench_meter meter;
static int batch;

static void *giving_way(void *arg)
{
    size_t self = (size_t)arg, next = (self + 1) % count;
    while (!meter.over) {
        for (int i = 0; i < batch; i++) {
            st_cond_signal(turns[next]);
            st_cond_wait(turns[self]);
        }
        meter.ops += (uint64_t)batch;
        if (self == 0)
            bench_meter_lap(&meter);
    }
    st_cond_signal(turns[next]); /* so that the next one sees the end too */
    return NULL;
}

int main(int argc, char **argv)
{
    count = bench_size(argc, argv);
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    batch = (int)bench_setting("BENCH_BATCH");
    bench_check(st_init() == 0, "st_init");
    turns = bench_allocate(count, sizeof(st_cond_t));
    st_thread_t *threads = bench_allocate(count, sizeof *threads);
    for (size_t i = 0; i < count; i++)
        bench_check((turns[i] = st_cond_new()) != NULL, "st_cond_new");
    for (size_t i = count; i-- > 0;) /* the first one last: when it signals, all the others wait */
        bench_check((threads[i] = st_thread_create(giving_way, (void *)i, 1, 0)) != NULL, "st_thread_create");
    st_thread_join(threads[0], NULL);
    bench_print("yield", count, "", meter.ns_per_op, "ns");
}
