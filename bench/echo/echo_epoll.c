/* echo_epoll.c: the limit: an echo server on epoll itself, level-triggered, one recv and one send an event.
 * Touches Linux. Nothing stands between the kernel and the echo. */
#include <sys/epoll.h>

#include "echo.h"

enum { EVENTS = 1024 };

static int poller, listener;

static void watch(int how, int fd, uint32_t events, void *data)
{
    struct epoll_event event = {.events = events, .data.ptr = data};
    bench_check(epoll_ctl(poller, how, fd, &event) == 0, "epoll_ctl");
}

static void accept_all(void)
{
    for (int fd; (fd = bench_accept(listener)) >= 0;) {
        bench_client *client = bench_allocate(1, sizeof *client);
        client->fd = fd;
        watch(EPOLL_CTL_ADD, fd, EPOLLIN, client);
    }
}

static void serve(bench_client *client, uint32_t events)
{
    bool writing = events & EPOLLOUT;
    bench_echo next = writing ? bench_echo_writable(client) : bench_echo_readable(client);
    if (next == BENCH_ECHO_END)
        bench_client_free(client);
    else if ((next == BENCH_ECHO_WRITE) != writing)
        watch(EPOLL_CTL_MOD, client->fd, next == BENCH_ECHO_WRITE ? EPOLLOUT : EPOLLIN, client);
}

int main(void)
{
    struct epoll_event events[EVENTS];
    bench_echo_start();
    poller = epoll_create1(0);
    bench_check(poller >= 0, "epoll_create1");
    listener = bench_listen();
    watch(EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    for (;;) {
        int count = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr)
                serve(events[i].data.ptr, events[i].events);
            else
                accept_all();
        }
    }
}
