/* threadsafe_eddy.c: callbacks from other threads: eddy_loop_call_soon_threadsafe.
 * Touches the public API. It allocates a handle for each call. */
#include "eddy_check.h"
#include "posters.h"

static eddy_loop *loop;
static bench_meter meter;
static bench_poster *posters;
static size_t count;

static void ran(void *arg)
{
    bench_poster_ran(arg);
    if (meter.over && bench_posters_over(posters, count))
        eddy_loop_stop(loop);
}

static void post(bench_poster *self)
{
    bench_check_eddy(eddy_loop_call_soon_threadsafe(loop, NULL, ran, self), "eddy_loop_call_soon_threadsafe");
}

int main(int argc, char **argv)
{
    count = bench_size(argc, argv);
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    bench_check_eddy(eddy_new_event_loop(&loop, NULL), "eddy_new_event_loop");
    posters = bench_posters_start(count, &meter, post);
    bench_check_eddy(eddy_loop_run_forever(loop), "eddy_loop_run_forever");
    bench_posters_join(posters, count);
    bench_print("threadsafe", count, "", meter.ns_per_op, "ns");
    eddy_loop_release(loop);
}
