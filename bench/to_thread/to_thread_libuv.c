/* to_thread_libuv.c: work that is queued again in its after-work callback: uv_queue_work.
 * Touches libuv. A request is used again, as a program that does so often would; its pool gets the same number of threads. */
#include <uv.h>

#include "meter.h"

typedef struct caller {
    uv_work_t work;
    int left;
    bool leader;
} caller;

static bench_meter meter;
static int batch;

static void nothing(uv_work_t *work)
{
    (void)work;
}

static void again(uv_work_t *work, int status)
{
    caller *self = (caller *)work;
    if (status != 0)
        bench_fail("uv_queue_work", uv_strerror(status));
    if (--self->left == 0) {
        self->left = batch;
        meter.ops += (uint64_t)batch;
        if (self->leader)
            bench_meter_lap(&meter);
    }
    if (!meter.over)
        uv_queue_work(work->loop, work, nothing, again);
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    caller *callers = bench_allocate(count, sizeof *callers);
    bench_check(setenv("UV_THREADPOOL_SIZE", getenv("BENCH_THREADS"), 1) == 0, "setenv");
    uv_loop_t *loop = uv_default_loop();
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    batch = (int)bench_setting("BENCH_THREAD_BATCH");
    for (size_t i = 0; i < count; i++) {
        callers[i].left = batch;
        callers[i].leader = i == 0;
        uv_queue_work(loop, &callers[i].work, nothing, again);
    }
    uv_run(loop, UV_RUN_DEFAULT);
    bench_print("to_thread", count, "", meter.ns_per_op, "ns");
}
