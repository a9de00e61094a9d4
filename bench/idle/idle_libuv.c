/* idle_libuv.c: many idle connections of a server on libuv: a uv_tcp_t for each, being read.
 * Touches libuv. The buffer of a read is lent when there is something to read, so an idle connection has none. */
#include <uv.h>

#include "idle.h"

static size_t wanted, arrived;
static bench_memory before;
static uint64_t began;

static void lend_nothing(uv_handle_t *client, size_t suggested, uv_buf_t *out)
{
    (void)client;
    (void)suggested;
    *out = uv_buf_init(NULL, 0);
}

static void on_read(uv_stream_t *client, ssize_t got, const uv_buf_t *buf)
{
    (void)client;
    (void)got;
    (void)buf;
}

static void on_client(uv_stream_t *server, int status)
{
    bench_check(status == 0, "accept");
    uv_tcp_t *client = bench_allocate(1, sizeof *client);
    uv_tcp_init(server->loop, client);
    bench_check(uv_accept(server, (uv_stream_t *)client) == 0, "uv_accept");
    uv_tcp_nodelay(client, 1);
    bench_check(uv_read_start((uv_stream_t *)client, lend_nothing, on_read) == 0, "uv_read_start");
    if (++arrived == wanted)
        uv_stop(server->loop);
}

static void measure(void *arg)
{
    uv_tcp_t server;
    struct sockaddr_in address = bench_loopback(0);
    int size = sizeof address;
    (void)arg;
    uv_tcp_init(uv_default_loop(), &server);
    bench_check(uv_tcp_bind(&server, (struct sockaddr *)&address, 0) == 0, "uv_tcp_bind");
    bench_check(uv_listen((uv_stream_t *)&server, SOMAXCONN, on_client) == 0, "uv_listen");
    bench_check(uv_tcp_getsockname(&server, (struct sockaddr *)&address, &size) == 0, "uv_tcp_getsockname");
    bench_idle_clients(ntohs(address.sin_port), wanted);
    before = bench_memory_now();
    began = bench_now();
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    uv_run(uv_default_loop(), UV_RUN_NOWAIT); /* it registers a connection in the turn after */
    bench_memory_print("protocols", wanted, before, began);
}

int main(int argc, char **argv)
{
    wanted = bench_size(argc, argv);
    bench_raise_files();
    bench_in_child(measure, NULL);
}
