/* chat.c: a chat of clients and servers on the simulator, seed after seed: first faults, then calm; everything ends and nothing is left.
 * Touches the public API. `chat SEED` replays one seed; a failing one is printed as the command that does so.
 *
 * Every client opens connections one after the other, sends lines that carry its number and a count, and reads each one back; some of
 * it under timeouts that strike, and some clients are cancelled in the middle. A line that comes back must be the one that was sent next:
 * a connection may break, never lie. When the faults are over each client must get one whole conversation through. */
#include "support/support.h"

#include <stdio.h>

enum { SEEDS = 2000, CLIENTS = 6, LINES = 12, PATIENCE = 200 };

typedef struct chat {
    uint64_t random;
    char service[16];
    eddy_server *server;
    int finished, cancelled, broken, timed_out;
} chat;

typedef struct client {
    chat *chat;
    int number;
} client;

/* SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014). */
static uint64_t draw(chat *c, uint64_t below)
{
    uint64_t x = c->random += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (x ^ (x >> 31)) % below;
}

static int answer(eddy_stream *stream, void *arg)
{
    eddy_view line;
    ptrdiff_t size;
    (void)arg;
    while ((size = eddy_stream_readline(stream, &line)) > 0) {
        int rc = eddy_stream_write(stream, line.data, (size_t)size);
        if (rc < 0)
            return 0; /* the peer is gone, as happens here */
    }
    return 0;
}

/* One conversation; 0 when all of it came back. */
static int talk(const client *me, eddy_stream *stream)
{
    for (int i = 0; i < LINES; i++) {
        char line[600], filler[500];
        eddy_view back;
        size_t size = (size_t)draw(me->chat, sizeof filler);
        memset(filler, 'a' + i, size);
        int length = snprintf(line, sizeof line, "%d:%d:%.*s\n", me->number, i, (int)size, filler);
        int rc = eddy_stream_write(stream, line, (size_t)length);
        if (rc < 0)
            return rc;
        ptrdiff_t got = eddy_stream_readline(stream, &back);
        if (got < 0)
            return (int)got;
        if (got != length || memcmp(back.data, line, (size_t)got) != 0)
            return got < length ? EDDY_ECONNRESET : EDDY_EPROTO;
    }
    return 0;
}

static int one_conversation(const client *me)
{
    eddy_stream *stream;
    int rc = eddy_open_connection(&stream, "localhost", me->chat->service, NULL);
    if (rc < 0)
        return rc;
    rc = talk(me, stream);
    if (draw(me->chat, 4) == 0)
        eddy_stream_abort(stream);
    else
        eddy_stream_close(stream);
    eddy_stream_release(stream);
    return rc;
}

static int be_client(void *arg)
{
    client *me = arg;
    chat *c = me->chat;
    for (int i = 0; i < PATIENCE; i++) {
        eddy_timeout limit;
        eddy_timeout_enter(&limit, draw(c, 3) == 0 ? 0.02 : 30.0);
        int rc = one_conversation(me);
        rc = eddy_timeout_exit(&limit, rc);
        if (rc == 0) {
            c->finished++;
            return 0;
        }
        if (rc == EDDY_ECANCELED || rc == EDDY_EPROTO)
            return rc;
        c->timed_out += rc == EDDY_ETIMEDOUT;
        c->broken += rc != EDDY_ETIMEDOUT;
        rc = eddy_sleep(0.01 + (double)draw(c, 100) / 100.0);
        if (rc < 0)
            return rc;
    }
    return EDDY_ETIMEDOUT; /* calm came long ago, and still nothing gets through */
}

/* A server may fail to start while faults last. */
static int start(chat *c)
{
    int rc = EDDY_ETIMEDOUT;
    for (int i = 0; i < PATIENCE && rc < 0; i++) {
        rc = eddy_start_server(&c->server, "localhost", "0", answer, NULL, NULL);
        if (rc < 0 && eddy_sleep(0.1) < 0)
            return EDDY_ECANCELED;
    }
    if (rc == 0)
        snprintf(c->service, sizeof c->service, "%d", eddy_server_port(c->server, 0));
    return rc;
}

static int run_clients(chat *c)
{
    client clients[CLIENTS];
    eddy_task *tasks[CLIENTS];
    int results[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (client){c, i};
        int rc = eddy_create_task(&tasks[i], be_client, &clients[i], NULL);
        if (rc < 0)
            return rc;
    }
    for (int i = 0; i < CLIENTS; i++) {
        if (draw(c, 3) != 0)
            continue;
        int rc = eddy_sleep((double)draw(c, 50) / 1000.0);
        if (rc < 0)
            return rc;
        eddy_task_cancel(tasks[draw(c, CLIENTS)]);
    }
    int rc = eddy_gather_return_exceptions(results, tasks, CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
        c->cancelled += results[i] == EDDY_ECANCELED;
        if (results[i] < 0 && results[i] != EDDY_ECANCELED)
            rc = results[i];
        eddy_task_release(tasks[i]);
    }
    return rc;
}

static int run_chat(void *arg)
{
    chat *c = arg;
    support_catch_reports(); /* accept out of resources and the like: part of the faults */
    int rc = start(c);
    if (rc < 0)
        return rc;
    rc = run_clients(c);
    eddy_server_close(c->server);
    eddy_server_close_clients(c->server);
    int closed = eddy_server_wait_closed(c->server);
    eddy_server_release(c->server);
    if (rc == 0 && c->finished + c->cancelled != CLIENTS)
        rc = EDDY_EPROTO;
    return rc < 0 ? rc : closed;
}

static int run_seed(uint64_t seed, chat *c)
{
    eddy_loop_options loop = {.size = sizeof loop,
                              .backend = "sim",
                              .seed = seed,
                              .fault_percent = (uint32_t)(seed % 40),
                              .fault_seconds = 1.0};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    long blocks = support_live_blocks();
    *c = (chat){.random = seed};
    int rc = eddy_run(run_chat, c, &options);
    if (rc == 0 && support_live_blocks() != blocks)
        rc = EDDY_EUNCLOSED;
    return rc;
}

static void seeds_of_a_chat_all_end(void **state)
{
    chat sum = {0};
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        chat c;
        int rc = run_seed(seed, &c);
        if (rc < 0)
            fail_msg("%s; replay with: chat %llu", eddy_error_name(rc), (unsigned long long)seed);
        sum.finished += c.finished;
        sum.cancelled += c.cancelled;
        sum.broken += c.broken;
        sum.timed_out += c.timed_out;
    }
    /* Every kind of end must have happened, or the chat tests nothing. */
    assert_true(sum.finished > SEEDS && sum.cancelled > SEEDS / 10);
    assert_true(sum.broken > SEEDS / 2 && sum.timed_out > SEEDS / 10);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(seeds_of_a_chat_all_end)};
    support_init(1, argv);
    if (argc == 2) {
        chat c;
        int rc = run_seed(strtoull(argv[1], NULL, 10), &c);
        printf("seed %s: %s; %d finished, %d cancelled, %d broken, %d timed out\n", argv[1],
               eddy_error_name(rc), c.finished, c.cancelled, c.broken, c.timed_out);
        return rc < 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
