/* accept_epoll.c: the limit: accept, no delays, close, on epoll itself.
 * Touches Linux. The connection is registered nowhere: no server that means to read could do with less. */
#include <sys/epoll.h>

#include "tcp.h"

int main(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    bench_raise_files();
    int poller = epoll_create1(0), listener = bench_listen();
    bench_check(poller >= 0 && epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) == 0, "epoll");
    for (;;) {
        epoll_wait(poller, &event, 1, -1);
        for (int fd; (fd = bench_accept(listener)) >= 0;)
            close(fd);
    }
}
