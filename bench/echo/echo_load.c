/* echo_load.c: the one client of all echo servers: starts the server, opens the connections, plays ping-pong, checks
 * every byte, prints requests a second and the server's processor time a request.
 * Touches Linux: epoll, processors. Call: echo_load CONNECTIONS SERVER [ARGUMENT...]. */
#include <sys/epoll.h>

#include "server.h"

enum { EVENTS = 1024, WORDS = 512, OPENED_AT_ONCE = 256, PATIENCE_MS = 20000 };

typedef struct connection {
    int fd;
    uint64_t sent, got; /* requests sent, bytes of the answer to the last one */
} connection;

static connection *connections;
static size_t connection_count, message_size;
static uint64_t answers;
static int poller;

/* What a request consists of: different in every connection and every time, cheap to make again for the check. */
static void make_message(const connection *self, uint64_t words[WORDS])
{
    uint64_t word = ((uint64_t)(self - connections) << 40) + self->sent;
    for (size_t i = 0; i * sizeof *words < message_size; i++)
        words[i] = word = word * 6364136223846793005u + 1442695040888963407u;
}

static void send_request(connection *self)
{
    uint64_t words[WORDS];
    self->sent++;
    self->got = 0;
    make_message(self, words);
    ssize_t sent = send(self->fd, words, message_size, MSG_NOSIGNAL);
    bench_check(sent >= 0, "send");
    if ((size_t)sent != message_size)
        bench_fail("send", "a request does not fit the socket");
}

/* True when the answer is complete. */
static bool receive_answer(connection *self)
{
    uint64_t words[WORDS];
    char bytes[sizeof words];
    ssize_t got = recv(self->fd, bytes, message_size, 0);
    if (got < 0 && errno == EAGAIN)
        return false;
    bench_check(got >= 0, "recv");
    if (got == 0)
        bench_fail("echo", "the server closed a connection");
    make_message(self, words);
    if (self->got + (size_t)got > message_size || memcmp((char *)words + self->got, bytes, (size_t)got) != 0)
        bench_fail("echo", "the answer is not the request");
    self->got += (size_t)got;
    return self->got == message_size;
}

/* One turn: answers are taken, and go on with the next request if `again`. Returns how many were complete.
 * A lone connection is polled without sleeping, or the figure would be mostly the time that the client takes to wake. */
static size_t turn(bool again)
{
    struct epoll_event events[EVENTS];
    size_t complete = 0;
    bool sleep = connection_count > 1 || !again;
    int count = epoll_wait(poller, events, EVENTS, sleep ? PATIENCE_MS : 0);
    bench_check(count >= 0, "epoll_wait");
    if (count == 0 && sleep)
        bench_fail("echo", "the server does not answer");
    for (int i = 0; i < count; i++) {
        connection *self = events[i].data.ptr;
        if (!receive_answer(self))
            continue;
        complete++;
        if (again)
            send_request(self);
    }
    answers += complete;
    return complete;
}

static void open_one(connection *self, int port)
{
    struct sockaddr_in address = bench_loopback(port);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = self};
    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_check(self->fd >= 0, "socket");
    bench_check(connect(self->fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
    bench_unblock(self->fd);
    bench_no_delay(self->fd);
    bench_check(epoll_ctl(poller, EPOLL_CTL_ADD, self->fd, &event) == 0, "epoll_ctl");
}

/* A group is answered before the next one is opened, so that no server's backlog overflows. */
static void open_all(int port)
{
    for (size_t opened = 0; opened < connection_count;) {
        size_t first = opened, waiting;
        for (; opened < connection_count && opened - first < OPENED_AT_ONCE; opened++)
            open_one(&connections[opened], port);
        for (size_t i = first; i < opened; i++)
            send_request(&connections[i]);
        for (waiting = opened - first; waiting > 0;)
            waiting -= turn(false);
    }
}

/* Reset instead of ended: nothing lingers in the system into the next measurement. */
static void close_all(void)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    for (size_t i = 0; i < connection_count; i++) {
        setsockopt(connections[i].fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(connections[i].fd);
    }
}

static void play_until(uint64_t end)
{
    while (bench_now() < end)
        turn(true);
}

static void measure(void)
{
    for (size_t i = 0; i < connection_count; i++)
        send_request(&connections[i]);
    play_until(bench_now() + bench_setting_ns("BENCH_ECHO_WARM"));
    uint64_t began = bench_now(), first = answers;
    double server_began = bench_server_seconds();
    play_until(began + bench_setting_ns("BENCH_ECHO_SECONDS"));
    double server_used = bench_server_seconds() - server_began;
    double elapsed = (double)(bench_now() - began) / 1e9, done = (double)(answers - first);
    if (answers == first)
        bench_fail("echo", "the server does not answer");
    bench_print("echo", connection_count, "", done / elapsed, "1/s");
    bench_print("cpu", connection_count, "", server_used / done * 1e9, "ns");
}

int main(int argc, char **argv)
{
    connection_count = bench_size(argc, argv);
    message_size = (size_t)bench_setting("BENCH_MESSAGE");
    if (argc < 3 || message_size > WORDS * sizeof(uint64_t))
        bench_fail(argv[0], "needs a server's command, and a message that fits its buffer");
    bench_raise_files();
    connections = bench_allocate(connection_count, sizeof *connections);
    poller = epoll_create1(EPOLL_CLOEXEC);
    bench_check(poller >= 0, "epoll_create1");
    int port = bench_start_server(argv + 2);
    bench_run_on("BENCH_CLIENT_CPU");
    open_all(port);
    measure();
    bench_stop_server();
    close_all();
}
