/* datagram_epoll.c: the limit: answers datagrams with recvmmsg and sendmmsg on epoll.
 * Touches Linux. The addresses and bytes that came are sent back as they lie. */
#include <sys/epoll.h>

#include "tcp.h"

enum { MOST = 16, ROOM = 65536 };

static char *bytes;
static struct sockaddr_in from[MOST];
static struct iovec pieces[MOST];
static struct mmsghdr messages[MOST];

static bool answer_some(int fd)
{
    for (int i = 0; i < MOST; i++) {
        pieces[i] = (struct iovec){bytes + i * ROOM, ROOM};
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &pieces[i], .msg_iovlen = 1};
    }
    int n = recvmmsg(fd, messages, MOST, MSG_DONTWAIT, NULL);
    if (n < 0) {
        bench_check(errno == EAGAIN, "recvmmsg");
        return false;
    }
    for (int i = 0; i < n; i++)
        pieces[i].iov_len = messages[i].msg_len;
    for (int done = 0; done < n;) {
        int sent = sendmmsg(fd, messages + done, (unsigned)(n - done), 0);
        bench_check(sent > 0, "sendmmsg");
        done += sent;
    }
    return n == MOST;
}

int main(void)
{
    struct sockaddr_in address = bench_loopback(0);
    socklen_t size = sizeof address;
    struct epoll_event event = {.events = EPOLLIN};
    int poller = epoll_create1(0), fd = socket(AF_INET, SOCK_DGRAM, 0);
    bytes = bench_allocate(MOST, ROOM);
    bench_check(poller >= 0 && fd >= 0, "socket");
    bench_check(bind(fd, (struct sockaddr *)&address, size) == 0, "bind");
    bench_check(getsockname(fd, (struct sockaddr *)&address, &size) == 0, "getsockname");
    bench_check(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
    bench_say_port(ntohs(address.sin_port));
    for (;;) {
        bench_check(epoll_wait(poller, &event, 1, -1) >= 0, "epoll_wait");
        while (answer_some(fd))
            continue;
    }
}
