/* parked_eddy.c: many tasks at rest in eddy_sleep, on the default stack and on a small one.
 * Touches the public API. */
#include "eddy_check.h"
#include "memory.h"

typedef struct parked_kind {
    const char *row;
    size_t count;
    eddy_task_options options;
} parked_kind;

static size_t parked;
static double seconds;

static int parking(void *arg)
{
    (void)arg;
    parked++;
    return eddy_sleep(seconds);
}

static int run(void *arg)
{
    parked_kind *kind = arg;
    bench_memory before = bench_memory_now();
    uint64_t began = bench_now();
    int rc = 0;
    for (size_t i = 0; i < kind->count && rc >= 0; i++)
        rc = eddy_create_task(NULL, parking, NULL, &kind->options);
    while (rc >= 0 && parked < kind->count)
        rc = eddy_sleep(0);
    if (rc >= 0)
        bench_memory_print(kind->row, kind->count, before, began);
    return rc; /* the tasks are cancelled and waited for by eddy_run */
}

static void measure(void *arg)
{
    parked_kind *kind = arg;
    bench_check_eddy(eddy_run(run, kind, NULL), kind->row);
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    seconds = bench_setting("BENCH_PARKED_SECONDS");
    parked_kind plain = {.row = "default", .count = count}, small = {.row = "small", .count = count};
    eddy_task_options_init(&plain.options);
    eddy_task_options_init(&small.options);
    small.options.stack_size = (size_t)bench_setting("BENCH_SMALL_STACK");
    small.options.stack_without_signals = true;
    bench_in_child(measure, &plain);
    bench_in_child(measure, &small);
}
