/* datagram_libuv.c: answers each datagram on libuv: recvmmsg asked for, uv_udp_try_send for the answer.
 * Touches libuv. try_send needs no request and no copy. */
#include <uv.h>

#include "tcp.h"

enum { MOST = 16, ROOM = 65536 };

static char *bytes;

static void check_uv(int result, const char *what)
{
    if (result < 0)
        bench_fail(what, uv_strerror(result));
}

static void lend_buffer(uv_handle_t *server, size_t suggested, uv_buf_t *out)
{
    (void)server;
    (void)suggested;
    *out = uv_buf_init(bytes, MOST * ROOM);
}

static void received(uv_udp_t *server, ssize_t got, const uv_buf_t *buffer, const struct sockaddr *from,
                     unsigned flags)
{
    (void)flags;
    if (from == NULL) /* the end of a batch */
        return;
    check_uv((int)got, "receive");
    uv_buf_t answer = uv_buf_init(buffer->base, (unsigned)got);
    int sent = uv_udp_try_send(server, &answer, 1, from);
    if (sent != UV_EAGAIN)
        check_uv(sent, "uv_udp_try_send");
}

int main(void)
{
    uv_udp_t server;
    struct sockaddr_in address = bench_loopback(0);
    int size = sizeof address;
    bytes = bench_allocate(MOST, ROOM);
    check_uv(uv_udp_init_ex(uv_default_loop(), &server, AF_INET | UV_UDP_RECVMMSG), "uv_udp_init_ex");
    check_uv(uv_udp_bind(&server, (struct sockaddr *)&address, 0), "uv_udp_bind");
    check_uv(uv_udp_getsockname(&server, (struct sockaddr *)&address, &size), "uv_udp_getsockname");
    bench_say_port(ntohs(address.sin_port));
    check_uv(uv_udp_recv_start(&server, lend_buffer, received), "uv_udp_recv_start");
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
