/* parked_st.c: many State Threads at rest in st_sleep, on the default stack and on a small one.
 * Touches libst. It maps each stack and cannot go on when the system refuses; then the row is left out. */
#include <st.h>

#include "memory.h"

typedef struct parked_kind {
    const char *row;
    size_t count;
    int stack_size;
} parked_kind;

static size_t parked;
static int seconds;

static void *parking(void *arg)
{
    parked++;
    st_sleep(seconds);
    return arg;
}

static void measure(void *arg)
{
    parked_kind *kind = arg;
    bench_check(st_init() == 0, "st_init");
    bench_memory before = bench_memory_now();
    uint64_t began = bench_now();
    for (size_t i = 0; i < kind->count; i++) {
        if (!st_thread_create(parking, NULL, 0, kind->stack_size)) {
            char why[64];
            snprintf(why, sizeof why, "%zu threads were all it could make", i);
            bench_print_skip(kind->row, kind->count, "/resident", why);
            return;
        }
    }
    while (parked < kind->count)
        st_usleep(0);
    bench_memory_print(kind->row, kind->count, before, began);
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    seconds = (int)bench_setting("BENCH_PARKED_SECONDS");
    parked_kind plain = {.row = "default", .count = count}, small = {.row = "small", .count = count};
    small.stack_size = (int)bench_setting("BENCH_SMALL_STACK");
    bench_in_child(measure, &plain);
    bench_in_child(measure, &small);
}
