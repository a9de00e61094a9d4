/* accept_load.c: the one client of all servers that accept and close: keeps so many connections coming, prints their rate
 * and the server's processor time for each.
 * Touches Linux: epoll. Call: accept_load CONNECTIONS SERVER [ARGUMENT...]. A connection counts when the server's end of it was read. */
#include <sys/epoll.h>

#include "load.h"

enum { EVENTS = 256, PATIENCE_MS = 20000 };

static struct sockaddr_in address;
static uint64_t ended;
static int poller;

static void open_one(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    bench_check(fd >= 0, "socket");
    bench_check(connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS,
                "connect");
    bench_check(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

static void play_until(uint64_t end)
{
    struct epoll_event events[EVENTS];
    while (bench_now() < end) {
        int count = epoll_wait(poller, events, EVENTS, PATIENCE_MS);
        if (count <= 0)
            bench_fail("accept", "the server does not close");
        for (int i = 0; i < count; i++) {
            char byte;
            ssize_t got = recv(events[i].data.fd, &byte, 1, 0);
            bench_check(got >= 0, "recv");
            bench_reset(events[i].data.fd);
            ended++;
            open_one();
        }
    }
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    if (argc < 3)
        bench_fail(argv[0], "needs a server's command");
    bench_raise_files();
    poller = epoll_create1(EPOLL_CLOEXEC);
    bench_check(poller >= 0, "epoll_create1");
    address = bench_loopback(bench_start_server(argv + 2));
    bench_run_on("BENCH_CLIENT_CPU");
    for (size_t i = 0; i < count; i++)
        open_one();
    play_until(bench_now() + bench_setting_ns("BENCH_ECHO_WARM"));
    uint64_t began = bench_now(), first = ended;
    double server_began = bench_server_seconds();
    play_until(began + bench_setting_ns("BENCH_ECHO_SECONDS"));
    double server_used = bench_server_seconds() - server_began;
    double elapsed = (double)(bench_now() - began) / 1e9, done = (double)(ended - first);
    bench_print("accept", count, "", done / elapsed, "1/s");
    bench_print("cpu", count, "", server_used / done * 1e9, "ns");
    bench_end_server();
}
