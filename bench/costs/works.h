/* works.h: what costs are asked of, each so many times: to yield, to spawn, to call soon, and to echo over loopback.
 * Touches the public API. Nothing here looks at the clock: the instructions of twice as many are counted from outside, and the difference told. */
#ifndef BENCH_COSTS_WORKS_H
#define BENCH_COSTS_WORKS_H

#include "eddy_check.h"

static size_t wanted; /* how many times */

/* ---- yield: two tasks ---- */

static inline int give_way(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < wanted / 2; i++) {
        int rc = eddy_sleep(0);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static inline int run_yield(void *arg)
{
    eddy_task_group group;
    (void)arg;
    int rc = eddy_task_group_enter(&group);
    for (int i = 0; rc >= 0 && i < 2; i++)
        rc = eddy_task_group_create_task(&group, NULL, give_way, NULL, NULL);
    return eddy_task_group_exit(&group, rc);
}

/* ---- spawn: one task at a time, made, run and joined ---- */

static inline int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static inline int run_spawn(void *arg)
{
    int rc = 0;
    (void)arg;
    for (size_t i = 0; rc >= 0 && i < wanted; i++) {
        eddy_task *task;
        rc = eddy_create_task(&task, do_nothing, NULL, NULL);
        if (rc < 0)
            return rc;
        rc = eddy_await(task, NULL);
        eddy_task_release(task);
    }
    return rc;
}

/* ---- call_soon: a callback that calls itself ---- */

static size_t calls_left;
static eddy_future *calls_over;

static inline void call_again(void *loop)
{
    int rc = --calls_left > 0 ? eddy_loop_call_soon(loop, NULL, call_again, loop)
                              : eddy_future_set_result(calls_over, 0);
    bench_check_eddy(rc, "call_soon");
}

static inline int run_call_soon(void *arg)
{
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    calls_left = wanted;
    int rc = eddy_loop_create_future(loop, &calls_over);
    if (rc >= 0)
        rc = eddy_loop_call_soon(loop, NULL, call_again, loop);
    if (rc >= 0)
        rc = eddy_await_future(calls_over, NULL);
    eddy_future_release(calls_over);
    return rc;
}

/* ---- echo: 64 bytes there and back, server and client in one loop ---- */

static inline int answer(eddy_stream *stream, void *arg)
{
    char buffer[64];
    (void)arg;
    int rc;
    do {
        rc = eddy_stream_readexactly(stream, buffer, sizeof buffer) < 0
                 ? EDDY_ECONNRESET
                 : eddy_stream_write(stream, buffer, sizeof buffer);
    } while (rc >= 0);
    return 0;
}

static inline int ask(eddy_stream *stream)
{
    char buffer[64] = {0};
    int rc = 0;
    for (size_t i = 0; rc >= 0 && i < wanted; i++) {
        rc = eddy_stream_write(stream, buffer, sizeof buffer);
        if (rc >= 0)
            rc = (int)eddy_stream_readexactly(stream, buffer, sizeof buffer);
    }
    return rc;
}

static inline int run_echo(void *arg)
{
    eddy_server *server;
    eddy_stream *stream;
    char port[8];
    (void)arg;
    int rc = eddy_start_server(&server, "127.0.0.1", "0", answer, NULL, NULL);
    if (rc < 0)
        return rc;
    snprintf(port, sizeof port, "%d", eddy_server_port(server, 0));
    rc = eddy_open_connection(&stream, "127.0.0.1", port, NULL);
    if (rc >= 0) {
        rc = ask(stream);
        eddy_stream_release(stream);
    }
    eddy_server_release(server);
    return rc;
}

typedef struct cost_work {
    const char *name;
    eddy_coro_fn run;
} cost_work;

static const cost_work cost_works[] = {
    {"yield", run_yield}, {"spawn", run_spawn}, {"call_soon", run_call_soon}, {"echo", run_echo}};

#endif
