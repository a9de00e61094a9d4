/* queue_eddy.c: pairs of tasks that ask and answer through two queues: eddy_queue_put and eddy_queue_get.
 * Touches the public API. Queues of pointers for one item; each round trip blocks both tasks once. */
#include "eddy_check.h"

typedef struct pair {
    eddy_queue *questions, *answers;
} pair;

static bench_meter meter;
static int batch;

static int ask_batch(pair *self)
{
    void *item = self;
    int rc = 0;
    for (int i = 0; i < batch && rc >= 0; i++) {
        rc = eddy_queue_put(self->questions, item);
        if (rc >= 0)
            rc = eddy_queue_get(self->answers, &item);
    }
    return rc;
}

static int asking(void *arg)
{
    pair *self = arg;
    int rc = 0;
    while (!meter.over && rc >= 0) {
        rc = ask_batch(self);
        meter.ops += (uint64_t)batch;
        bench_meter_lap(&meter);
    }
    eddy_queue_shutdown(self->questions, false);
    return rc;
}

static int answering(void *arg)
{
    pair *self = arg;
    void *item;
    int rc = 0;
    while (rc >= 0) {
        rc = eddy_queue_get(self->questions, &item);
        if (rc >= 0)
            rc = eddy_queue_put(self->answers, item);
    }
    return rc == EDDY_EQUEUESHUTDOWN ? 0 : rc;
}

static int run(void *arg)
{
    size_t count = *(size_t *)arg / 2;
    eddy_queue_options one = {.size = sizeof one, .maxsize = 1};
    pair *pairs = bench_allocate(count, sizeof *pairs);
    eddy_task_group group;
    int rc = eddy_task_group_enter(&group);
    for (size_t i = 0; rc >= 0 && i < count; i++) {
        bench_check_eddy(eddy_queue_create(&pairs[i].questions, &one), "eddy_queue_create");
        bench_check_eddy(eddy_queue_create(&pairs[i].answers, &one), "eddy_queue_create");
        rc = eddy_task_group_create_task(&group, NULL, asking, &pairs[i], NULL);
        if (rc >= 0)
            rc = eddy_task_group_create_task(&group, NULL, answering, &pairs[i], NULL);
    }
    return eddy_task_group_exit(&group, rc);
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    batch = (int)bench_setting("BENCH_BATCH");
    bench_check_eddy(eddy_run(run, &count, NULL), "eddy_run");
    bench_print("queue", count, "", meter.ns_per_op, "ns");
}
