/* echo_libevent.c: an echo server on libevent: one persistent event a client.
 * Touches libevent. Not its bufferevents: they hand each answer to the next turn of the loop and ask the system
 * whether the socket is writable; bare events are what it does fastest. */
#include <event2/event.h>

#include "echo.h"

typedef struct watched {
    struct event *event;
    bench_client *client;
} watched;

static struct event_base *base;

static void serve(evutil_socket_t fd, short events, void *arg)
{
    watched *self = arg;
    bool writing = events & EV_WRITE;
    bench_echo next = writing ? bench_echo_writable(self->client) : bench_echo_readable(self->client);
    if (next == BENCH_ECHO_END) {
        event_free(self->event);
        bench_client_free(self->client);
        free(self);
    } else if ((next == BENCH_ECHO_WRITE) != writing) {
        event_del(self->event);
        event_assign(self->event, base, fd, (short)(EV_PERSIST | (writing ? EV_READ : EV_WRITE)), serve,
                     self);
        event_add(self->event, NULL);
    }
}

static void accept_all(evutil_socket_t listener, short events, void *arg)
{
    (void)events;
    (void)arg;
    for (int fd; (fd = bench_accept(listener)) >= 0;) {
        watched *self = bench_allocate(1, sizeof *self);
        self->client = bench_allocate(1, sizeof *self->client);
        self->client->fd = fd;
        self->event = event_new(base, fd, EV_READ | EV_PERSIST, serve, self);
        bench_check(self->event && event_add(self->event, NULL) == 0, "event_add");
    }
}

int main(void)
{
    base = event_base_new();
    bench_check(base != NULL, "event_base_new");
    bench_echo_start();
    struct event *listener = event_new(base, bench_listen(), EV_READ | EV_PERSIST, accept_all, NULL);
    bench_check(listener && event_add(listener, NULL) == 0, "event_add");
    event_base_dispatch(base);
}
