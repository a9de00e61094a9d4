/* tls_epoll.c: the limit: an echo server on OpenSSL and epoll themselves, level-triggered, OpenSSL reading from the socket.
 * Touches Linux and OpenSSL. The same settings as eddy's contexts have: tickets, no cache, buffers given back. */
#include <signal.h>
#include <sys/epoll.h>

#include "tcp.h"
#include "tls.h"

enum { EVENTS = 1024 };

typedef struct client {
    SSL *ssl;
    size_t kept; /* bytes of the buffer that are to be written still */
    char *bytes;
} client;

static int poller, listener;
static size_t buffer_size;
static SSL_CTX *context;

static void watch(int how, int fd, uint32_t events, void *data)
{
    struct epoll_event event = {.events = events, .data.ptr = data};
    bench_check(epoll_ctl(poller, how, fd, &event) == 0, "epoll_ctl");
}

static void accept_all(void)
{
    for (int fd; (fd = bench_accept(listener)) >= 0;) {
        client *c = bench_allocate(1, sizeof *c);
        c->bytes = bench_allocate(1, buffer_size);
        c->ssl = SSL_new(context);
        bench_check_tls(c->ssl && SSL_set_fd(c->ssl, fd) == 1, "SSL_new");
        SSL_set_accept_state(c->ssl);
        watch(EPOLL_CTL_ADD, fd, EPOLLIN, c);
    }
}

static void end(client *c)
{
    int fd = SSL_get_fd(c->ssl);
    SSL_free(c->ssl);
    close(fd);
    free(c->bytes);
    free(c);
}

/* Whether it waits for the socket now; the handshake is part of the first read. */
static bool waits(client *c, int rc)
{
    int why = SSL_get_error(c->ssl, rc);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        watch(EPOLL_CTL_MOD, SSL_get_fd(c->ssl), why == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT, c);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

static void serve(client *c)
{
    int rc = 1;
    ERR_clear_error();
    for (;;) {
        if (c->kept > 0) {
            rc = SSL_write(c->ssl, c->bytes, (int)c->kept);
            if (rc <= 0)
                break;
            c->kept = 0;
        }
        rc = SSL_read(c->ssl, c->bytes, (int)buffer_size);
        if (rc <= 0)
            break;
        c->kept = (size_t)rc;
    }
    if (SSL_get_error(c->ssl, rc) == SSL_ERROR_WANT_READ) /* which is what it waits for already */
        return;
    if (!waits(c, rc))
        end(c);
}

static void make_context(void)
{
    context = SSL_CTX_new(TLS_server_method());
    bench_check_tls(context != NULL, "SSL_CTX_new");
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    bench_use_certificate(context);
}

int main(void)
{
    struct epoll_event events[EVENTS];
    bench_raise_files();
    buffer_size = (size_t)bench_setting("BENCH_BUFFER");
    signal(SIGPIPE, SIG_IGN);
    make_context();
    poller = epoll_create1(0);
    bench_check(poller >= 0, "epoll_create1");
    listener = bench_listen();
    watch(EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    for (;;) {
        int count = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr)
                serve(events[i].data.ptr);
            else
                accept_all();
        }
    }
}
