/* parked_eddy.c: many tasks at rest in eddy_sleep: what each occupies and what making it costs.
 * Touches the public API. One process measures one kind of stack: the size is followed by no word or by "small". */
#include "eddy_check.h"
#include "memory.h"

typedef struct work {
    size_t count;
    eddy_task_options options;
    const char *row;
} work;

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
    work *work = arg;
    bench_memory before = bench_memory_now();
    uint64_t began = bench_now();
    int rc = 0;
    for (size_t i = 0; i < work->count && rc >= 0; i++)
        rc = eddy_create_task(NULL, parking, NULL, &work->options);
    while (rc >= 0 && parked < work->count)
        rc = eddy_sleep(0);
    if (rc >= 0)
        bench_memory_print(work->row, work->count, before, (double)(bench_now() - began));
    return rc;
}

static void measure(work *work)
{
    parked = 0;
    bench_check_eddy(eddy_run(run, work, NULL), work->row);
}

int main(int argc, char **argv)
{
    work work = {.count = bench_size(argc, argv), .row = "default"};
    eddy_task_options_init(&work.options);
    seconds = bench_setting("BENCH_PARKED_SECONDS");
    if (argc > 2) {
        work.row = "small";
        work.options.stack_size = (size_t)bench_setting("BENCH_SMALL_STACK");
        work.options.stack_without_signals = true;
    }
    measure(&work);
}
