/* echo_libev.c: an echo server on libev: one watcher a client that waits for one direction at a time.
 * Touches libev. It has no streams of its own: the program receives and sends itself. */
#include <ev.h>

#include "echo.h"

typedef struct watched {
    ev_io watcher;
    bench_client *client;
} watched;

static void serve(struct ev_loop *loop, ev_io *watcher, int events)
{
    watched *self = watcher->data;
    bool writing = events & EV_WRITE;
    bench_echo next = writing ? bench_echo_writable(self->client) : bench_echo_readable(self->client);
    if (next == BENCH_ECHO_END) {
        ev_io_stop(loop, watcher);
        bench_client_free(self->client);
        free(self);
    } else if ((next == BENCH_ECHO_WRITE) != writing) {
        ev_io_stop(loop, watcher);
        ev_io_modify(watcher, next == BENCH_ECHO_WRITE ? EV_WRITE : EV_READ);
        ev_io_start(loop, watcher);
    }
}

static void accept_all(struct ev_loop *loop, ev_io *listener, int events)
{
    (void)events;
    for (int fd; (fd = bench_accept(listener->fd)) >= 0;) {
        watched *self = bench_allocate(1, sizeof *self);
        self->client = bench_allocate(1, sizeof *self->client);
        self->client->fd = fd;
        ev_io_init(&self->watcher, serve, fd, EV_READ);
        self->watcher.data = self;
        ev_io_start(loop, &self->watcher);
    }
}

int main(void)
{
    ev_io listener;
    struct ev_loop *loop = ev_default_loop(0);
    bench_check(loop != NULL, "ev_default_loop");
    bench_echo_start();
    ev_io_init(&listener, accept_all, bench_listen(), EV_READ);
    ev_io_start(loop, &listener);
    ev_run(loop, 0);
}
