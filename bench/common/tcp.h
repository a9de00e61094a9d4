/* tcp.h: the sockets of the echo servers: a listener on a free port, clients accepted without delays.
 * Touches the system. Every server says "port N" on its first line of output; echo_load reads it. */
#ifndef BENCH_TCP_H
#define BENCH_TCP_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "meter.h"

/* As many descriptors as the system lets us have. */
static inline void bench_raise_files(void)
{
    struct rlimit limit;
    bench_check(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    bench_check(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
}

static inline struct sockaddr_in bench_loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static inline void bench_say_port(int port)
{
    printf("port %d\n", port);
    fflush(stdout);
}

static inline void bench_unblock(int fd)
{
    bench_check(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0, "O_NONBLOCK");
}

static inline void bench_no_delay(int fd)
{
    int on = 1;
    bench_check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "TCP_NODELAY");
}

/* A listener that does not block, on a free port that it says. */
static inline int bench_listen(void)
{
    struct sockaddr_in address = bench_loopback(0);
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bench_check(fd >= 0, "socket");
    bench_check(bind(fd, (struct sockaddr *)&address, size) == 0, "bind");
    bench_check(listen(fd, SOMAXCONN) == 0, "listen");
    bench_check(getsockname(fd, (struct sockaddr *)&address, &size) == 0, "getsockname");
    bench_unblock(fd);
    bench_say_port(ntohs(address.sin_port));
    return fd;
}

/* The next client, not blocking and without delays; -1 when none waits. */
static inline int bench_accept(int listener)
{
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) {
        bench_check(errno == EAGAIN || errno == ECONNABORTED, "accept");
        return -1;
    }
    bench_unblock(fd);
    bench_no_delay(fd);
    return fd;
}

#endif
