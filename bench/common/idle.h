/* idle.h: many connections at rest: a process of their own connects them and holds them, the server is measured around it.
 * Touches the system. Nothing is sent: what is counted is what a server keeps for a connection of which it hears nothing. */
#ifndef BENCH_IDLE_H
#define BENCH_IDLE_H

#include <sys/prctl.h>

#include "memory.h"
#include "tcp.h"

#include <signal.h>

enum { BENCH_IDLE_PAUSE = 64 }; /* connections between two breaks, so that no backlog overflows */

/* Connects to the port, and stays until its parent ends. */
static inline void bench_idle_clients(int port, size_t count)
{
    struct sockaddr_in address = bench_loopback(port);
    pid_t child = fork();
    bench_check(child >= 0, "fork");
    if (child != 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        bench_check(fd >= 0, "socket");
        bench_check(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
        if (i % BENCH_IDLE_PAUSE == 0)
            usleep(1000);
    }
    for (;;)
        pause();
}

#endif
