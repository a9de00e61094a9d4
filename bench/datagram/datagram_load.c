/* datagram_load.c: the one client of all datagram servers: keeps so many datagrams under way and counts those that come back.
 * Touches Linux: recvmmsg and sendmmsg, so that the client is never what is measured. Call: datagram_load WINDOW SERVER [ARGUMENT...]. */
#include <poll.h>

#include "load.h"

enum { MOST = 64, MOST_SIZE = 2048, PATIENCE_MS = 200 };

static int client;
static uint64_t answers, lost;
static size_t message_size;
static char bytes[MOST][MOST_SIZE];
static struct iovec pieces[MOST];
static struct mmsghdr messages[MOST];

static void send_some(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pieces[i] = (struct iovec){bytes[i], message_size};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &pieces[i], .msg_iovlen = 1}};
    }
    for (size_t done = 0; done < count;) {
        int n = sendmmsg(client, messages + done, (unsigned)(count - done), 0);
        bench_check(n > 0, "sendmmsg");
        done += (size_t)n;
    }
}

/* What has come back goes out again. A window that was lost on the way is sent anew. */
static void turn(size_t window)
{
    struct pollfd ready = {.fd = client, .events = POLLIN};
    if (poll(&ready, 1, PATIENCE_MS) == 0) {
        lost++;
        send_some(window);
        return;
    }
    for (size_t i = 0; i < MOST; i++) {
        pieces[i] = (struct iovec){bytes[i], MOST_SIZE};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &pieces[i], .msg_iovlen = 1}};
    }
    int n = recvmmsg(client, messages, MOST, MSG_DONTWAIT, NULL);
    if (n < 0 && errno == EAGAIN)
        return;
    bench_check(n > 0, "recvmmsg");
    for (int i = 0; i < n; i++)
        if (messages[i].msg_len != message_size)
            bench_fail("datagram", "the answer is not the request");
    answers += (uint64_t)n;
    send_some((size_t)n);
}

static void play_until(uint64_t end, size_t window)
{
    while (bench_now() < end)
        turn(window);
}

int main(int argc, char **argv)
{
    size_t window = bench_size(argc, argv);
    message_size = (size_t)bench_setting("BENCH_MESSAGE");
    if (argc < 3 || window > MOST || message_size > MOST_SIZE)
        bench_fail(argv[0], "needs a window of at most 64, and a server's command");
    struct sockaddr_in address = bench_loopback(bench_start_server(argv + 2));
    bench_run_on("BENCH_CLIENT_CPU");
    client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bench_check(client >= 0, "socket");
    bench_check(connect(client, (struct sockaddr *)&address, sizeof address) == 0, "connect");
    send_some(window);
    play_until(bench_now() + bench_setting_ns("BENCH_ECHO_WARM"), window);
    uint64_t began = bench_now(), first = answers;
    double server_began = bench_server_seconds();
    play_until(began + bench_setting_ns("BENCH_ECHO_SECONDS"), window);
    double used = bench_server_seconds() - server_began;
    double elapsed = (double)(bench_now() - began) / 1e9, done = (double)(answers - first);
    if (answers == first)
        bench_fail("datagram", "the server does not answer");
    bench_print("datagram", window, "", done / elapsed, "1/s");
    bench_print("cpu", window, "", used / done * 1e9, "ns");
    bench_end_server();
}
