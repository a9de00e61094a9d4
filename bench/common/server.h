/* server.h: a server in a process of its own, as the loads of echo and datagram start it.
 * Touches Linux: processors. The server says "port N" on its first line; it ends with its parent. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tcp.h"

static pid_t bench_server;

static inline void bench_run_on(const char *setting)
{
    cpu_set_t cpus;
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
        return;
    CPU_ZERO(&cpus);
    CPU_SET((size_t)bench_setting(setting), &cpus);
    bench_check(sched_setaffinity(0, sizeof cpus, &cpus) == 0, "sched_setaffinity");
}

/* Starts the server; returns its port. */
static inline int bench_start_server(char **command)
{
    int ends[2], port = 0;
    bench_check(pipe(ends) == 0, "pipe");
    bench_server = fork();
    bench_check(bench_server >= 0, "fork");
    if (bench_server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        bench_run_on("BENCH_SERVER_CPU");
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execvp(command[0], command);
        bench_check(false, command[0]);
    }
    close(ends[1]);
    FILE *output = fdopen(ends[0], "r");
    if (!output || fscanf(output, "port %d", &port) != 1)
        bench_fail(command[0], "did not say its port");
    return port;
}

static inline double bench_server_seconds(void)
{
    clockid_t clock;
    struct timespec time = {0};
    bench_check(clock_getcpuclockid(bench_server, &clock) == 0 && clock_gettime(clock, &time) == 0,
                "the server's clock");
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static inline void bench_stop_server(void)
{
    kill(bench_server, SIGKILL);
    waitpid(bench_server, NULL, 0);
}

#endif
