/* http_libuv.c: a server that says hello, on libuv.
 * Touches libuv and http_parser. uv_try_write needs no request and no copy; an answer that it cannot take at once goes to uv_write. */
#include <uv.h>

#include "hello.h"
#include "tcp.h"

typedef struct client {
    uv_tcp_t tcp; /* first */
    hello hello;
} client;

static char buffer[65536]; /* one for all, as eddy has it */

static void check_uv(int result, const char *what)
{
    if (result < 0)
        bench_fail(what, uv_strerror(result));
}

static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)handle;
    (void)suggested;
    *out = uv_buf_init(buffer, sizeof buffer);
}

static void closed(uv_handle_t *handle)
{
    free(handle);
}

static void written(uv_write_t *request, int status)
{
    (void)status; /* an error comes to the reader too */
    free(request);
}

static void answer(uv_stream_t *stream)
{
    uv_buf_t all = uv_buf_init(HELLO_ANSWER, sizeof HELLO_ANSWER - 1);
    int sent = uv_try_write(stream, &all, 1);
    if (sent == (int)all.len)
        return;
    uv_buf_t rest =
        uv_buf_init(all.base + (sent > 0 ? sent : 0), (unsigned)all.len - (unsigned)(sent > 0 ? sent : 0));
    uv_write_t *request = bench_allocate(1, sizeof *request);
    if (uv_write(request, stream, &rest, 1, written) < 0)
        free(request);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    long due = got > 0 ? hello_parse(&((client *)stream)->hello, buf->base, (size_t)got) : (long)got;
    if (due < 0)
        uv_close((uv_handle_t *)stream, closed);
    while (due-- > 0)
        answer(stream);
}

static void on_client(uv_stream_t *server, int status)
{
    check_uv(status, "accept");
    client *self = bench_allocate(1, sizeof *self);
    hello_init(&self->hello);
    uv_tcp_init(server->loop, &self->tcp);
    check_uv(uv_accept(server, (uv_stream_t *)&self->tcp), "uv_accept");
    uv_tcp_nodelay(&self->tcp, 1);
    check_uv(uv_read_start((uv_stream_t *)&self->tcp, lend_buffer, on_read), "uv_read_start");
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
