/* accept_libuv.c: a server on libuv that closes each connection as soon as it is there.
 * Touches libuv. It is not read from, so libuv never registers it; that is what it does fastest. */
#include <uv.h>

#include "tcp.h"

static void check_uv(int result, const char *what)
{
    if (result < 0)
        bench_fail(what, uv_strerror(result));
}

static void closed(uv_handle_t *client)
{
    free(client);
}

static void on_client(uv_stream_t *server, int status)
{
    check_uv(status, "accept");
    uv_tcp_t *client = bench_allocate(1, sizeof *client);
    uv_tcp_init(server->loop, client);
    check_uv(uv_accept(server, (uv_stream_t *)client), "uv_accept");
    uv_tcp_nodelay(client, 1);
    uv_close((uv_handle_t *)client, closed);
}

int main(void)
{
    uv_tcp_t server;
    struct sockaddr_in address = bench_loopback(0);
    int size = sizeof address;
    bench_raise_files();
    uv_tcp_init(uv_default_loop(), &server);
    check_uv(uv_tcp_bind(&server, (struct sockaddr *)&address, 0), "uv_tcp_bind");
    check_uv(uv_listen((uv_stream_t *)&server, SOMAXCONN, on_client), "uv_listen");
    check_uv(uv_tcp_getsockname(&server, (struct sockaddr *)&address, &size), "uv_tcp_getsockname");
    bench_say_port(ntohs(address.sin_port));
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
