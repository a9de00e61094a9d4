/* threadsafe_libuv.c: callbacks from other threads: a queue under a mutex, and uv_async_send.
 * Touches libuv, whose one call for other threads wakes the loop and carries nothing. A node is allocated for each call, and the loop
 * takes the whole queue at once, as programs do. */
#include <uv.h>

#include "posters.h"

typedef struct node {
    struct node *next;
    void (*fn)(void *arg);
    void *arg;
} node;

static uv_loop_t *loop;
static uv_async_t async;
static uv_mutex_t mutex;
static node *first, **end = &first;
static bench_meter meter;
static bench_poster *posters;
static size_t count;

static void ran(void *arg)
{
    bench_poster_ran(arg);
    if (meter.over && bench_posters_over(posters, count))
        uv_stop(loop);
}

static void run_queue(uv_async_t *handle)
{
    (void)handle;
    uv_mutex_lock(&mutex);
    node *next = first;
    first = NULL;
    end = &first;
    uv_mutex_unlock(&mutex);
    while (next) {
        node *self = next;
        next = self->next;
        self->fn(self->arg);
        free(self);
    }
}

static void post(bench_poster *poster)
{
    node *self = malloc(sizeof *self);
    bench_check(self != NULL, "malloc");
    *self = (node){.fn = ran, .arg = poster};
    uv_mutex_lock(&mutex);
    *end = self;
    end = &self->next;
    uv_mutex_unlock(&mutex);
    uv_async_send(&async);
}

int main(int argc, char **argv)
{
    count = bench_size(argc, argv);
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    loop = uv_default_loop();
    uv_mutex_init(&mutex);
    uv_async_init(loop, &async, run_queue);
    posters = bench_posters_start(count, &meter, post);
    uv_run(loop, UV_RUN_DEFAULT);
    bench_posters_join(posters, count);
    bench_print("threadsafe", count, "", meter.ns_per_op, "ns");
}
