/* echo_libuv.c: an echo server on libuv: read callbacks that answer with uv_try_write.
 * Touches libuv. uv_try_write needs no request and no copy; what it leaves goes to uv_write. */
#include <uv.h>

#include "tcp.h"

typedef struct leftover {
    uv_write_t request;
    char bytes[]; /* what uv_try_write left */
} leftover;

static char
    *buffer; /* one for all: uv_read_start's callback has it from the allocation to the end of the read */
static size_t buffer_size;

static void check_uv(int result, const char *what)
{
    if (result < 0)
        bench_fail(what, uv_strerror(result));
}

static void lend_buffer(uv_handle_t *client, size_t suggested, uv_buf_t *out)
{
    (void)client;
    (void)suggested;
    *out = uv_buf_init(buffer, (unsigned)buffer_size);
}

static void closed(uv_handle_t *client)
{
    free(client);
}

static void written(uv_write_t *request, int status)
{
    (void)status; /* an error comes to the reader too */
    free(request);
}

static void write_rest(uv_stream_t *client, const char *bytes, size_t size)
{
    leftover *rest = bench_allocate(1, sizeof *rest + size);
    uv_buf_t buf = uv_buf_init(rest->bytes, (unsigned)size);
    memcpy(rest->bytes, bytes, size);
    check_uv(uv_write(&rest->request, client, &buf, 1, written), "uv_write");
}

static void on_read(uv_stream_t *client, ssize_t got, const uv_buf_t *buf)
{
    if (got < 0) {
        uv_close((uv_handle_t *)client, closed);
        return;
    }
    uv_buf_t answer = uv_buf_init(buf->base, (unsigned)got);
    int sent = got > 0 ? uv_try_write(client, &answer, 1) : 0;
    if (sent < 0)
        sent = 0;
    if (sent < got)
        write_rest(client, buf->base + sent, (size_t)(got - sent));
}

static void on_client(uv_stream_t *server, int status)
{
    check_uv(status, "accept");
    uv_tcp_t *client = bench_allocate(1, sizeof *client);
    uv_tcp_init(server->loop, client);
    check_uv(uv_accept(server, (uv_stream_t *)client), "uv_accept");
    uv_tcp_nodelay(client, 1);
    check_uv(uv_read_start((uv_stream_t *)client, lend_buffer, on_read), "uv_read_start");
}

int main(void)
{
    uv_tcp_t server;
    struct sockaddr_in address = bench_loopback(0);
    int size = sizeof address;
    bench_raise_files();
    buffer_size = (size_t)bench_setting("BENCH_BUFFER");
    buffer = bench_allocate(1, buffer_size);
    uv_tcp_init(uv_default_loop(), &server);
    check_uv(uv_tcp_bind(&server, (struct sockaddr *)&address, 0), "uv_tcp_bind");
    check_uv(uv_listen((uv_stream_t *)&server, SOMAXCONN, on_client), "uv_listen");
    check_uv(uv_tcp_getsockname(&server, (struct sockaddr *)&address, &size), "uv_tcp_getsockname");
    bench_say_port(ntohs(address.sin_port));
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
