/* suite_streams_rules.c: asyncio's rules of reading to the byte, water marks, and integrity: fragments, tiny buffers, cancels, no memory.
 * Touches the public API, the injection table, and the system's socket options where there are real sockets. */
#include "pair.h"
#include "suite.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "core/base/inject.h"

static char pattern(size_t position)
{
    return (char)(position * 31 + (position >> 11));
}

static eddy_task *start(eddy_coro_fn fn, void *arg)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, fn, arg, NULL), 0);
    return task;
}

static int end_of(eddy_task *task)
{
    int outcome = 0;
    assert_int_equal(eddy_await(task, &outcome), 0);
    eddy_task_release(task);
    return outcome;
}

/* ---- M1 to M5, to the byte ---- */

/* M3: nothing is removed, and `consumed` is all that surely holds no start of the separator: reading just that much finds it whole. */
TASK_TEST(limit_error_says_how_much_can_be_read)
{
    stream_pair pair;
    eddy_view data;
    char skipped[16];
    (void)arg;
    pair_open(&pair, NULL, EDDY_OPTIONS(eddy_server_options, .limit = 8));
    assert_int_equal(eddy_stream_write(pair.client, "123456789ab", 11),
                     0); /* "abc" may begin in what is there */
    assert_int_equal(eddy_stream_readuntil(pair.peer, &data, "abc", 3), EDDY_ELIMIT);
    assert_int_equal(eddy_last_error()->consumed, 9);
    assert_string_equal(eddy_last_error()->operation, "readuntil");
    assert_int_equal(eddy_stream_readuntil(pair.peer, &data, "abc", 3), EDDY_ELIMIT); /* the same again */
    assert_int_equal(eddy_last_error()->consumed, 9);
    assert_int_equal(eddy_stream_readexactly(pair.peer, skipped, 9), 9);
    assert_memory_equal(skipped, "123456789", 9);
    assert_int_equal(eddy_stream_write(pair.client, "cX", 2), 0);
    assert_int_equal(eddy_stream_readuntil(pair.peer, &data, "abc", 3), 3);
    assert_memory_equal(data.data, "abc", 3);
    pair_close(&pair);
    return 0;
}

/* M2: with exactly limit bytes before it the separator is found, however it arrives. */
TASK_TEST(separator_after_exactly_limit_bytes_is_found)
{
    stream_pair pair;
    eddy_view data;
    (void)arg;
    pair_open(&pair, NULL, EDDY_OPTIONS(eddy_server_options, .limit = 8));
    for (int i = 0; i < 20; i++) {
        assert_int_equal(eddy_stream_write(pair.client, "12345678#", 9), 0);
        if (i % 2 == 0)
            assert_int_equal(eddy_sleep(0), 0);
        assert_int_equal(eddy_stream_write(pair.client, "#", 1), 0);
        assert_int_equal(eddy_stream_readuntil(pair.peer, &data, "##", 2), 10);
        assert_memory_equal(data.data, "12345678##", 10);
    }
    pair_close(&pair);
    return 0;
}

/* M4: a line that is too long goes with its newline when that was seen, and else all that is buffered. */
TASK_TEST(overlong_line_is_dropped_to_the_byte)
{
    stream_pair pair;
    eddy_view line;
    (void)arg;
    if (support_is_simulated())
        return support_skip("how much has come is the seed's choice there");
    pair_open(&pair, NULL, EDDY_OPTIONS(eddy_server_options, .limit = 8));
    assert_int_equal(eddy_stream_write(pair.client, "0123456789\nnext\n0123456789", 26), 0);
    assert_int_equal(eddy_stream_readline(pair.peer, &line), EDDY_ELIMIT);
    assert_int_equal(eddy_last_error()->consumed, 10);
    assert_string_equal(eddy_last_error()->operation, "readline");
    assert_int_equal(eddy_stream_readline(pair.peer, &line), 5);
    assert_memory_equal(line.data, "next\n", 5);
    assert_int_equal(eddy_stream_readline(pair.peer, &line),
                     EDDY_ELIMIT); /* no newline yet: all of it goes */
    assert_int_equal(eddy_stream_write(pair.client, "tail\n", 5), 0);
    assert_int_equal(eddy_stream_readline(pair.peer, &line), 5);
    assert_memory_equal(line.data, "tail\n", 5);
    pair_close(&pair);
    return 0;
}

TASK_TEST(separator_that_begins_like_the_data_is_found)
{
    stream_pair pair;
    eddy_view data;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write(pair.client, "aaaab|ababac.", 13), 0);
    assert_int_equal(eddy_stream_readuntil(pair.peer, &data, "aab", 3), 5);
    assert_int_equal(eddy_stream_readuntil(pair.peer, &data, "|", 1), 1);
    assert_int_equal(eddy_stream_readuntil(pair.peer, &data, "abac", 4), 6);
    assert_memory_equal(data.data, "ababac", 6);
    pair_close(&pair);
    return 0;
}

/* An empty end is a view of no bytes, and never of nowhere. */
TASK_TEST(end_without_data_gives_an_empty_view)
{
    stream_pair pair;
    eddy_view view = {NULL, 7};
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write_eof(pair.client), 0);
    assert_int_equal(eddy_stream_readline(pair.peer, &view), 0);
    assert_non_null(view.data);
    assert_int_equal(view.size, 0);
    assert_int_equal(eddy_stream_readuntil(pair.peer, &view, "x", 1), EDDY_EINCOMPLETE);
    assert_int_equal(view.size, 0);
    pair_close(&pair);
    return 0;
}

/* ---- marks ---- */

enum { LOW = 20000, HIGH = 50000, MUCH = 6 * 1024 * 1024 };

typedef struct marked {
    eddy_stream *stream;
    size_t unsent_then; /* when the writer went on */
    bool went_on;
} marked;

static int write_much(void *arg)
{
    static char data[MUCH];
    marked *m = arg;
    int rc = eddy_stream_write(m->stream, data, sizeof data);
    m->unsent_then = eddy_stream_write_buffer_size(m->stream);
    m->went_on = true;
    return rc;
}

static int drain_it(void *arg)
{
    marked *m = arg;
    int rc = eddy_stream_drain(m->stream);
    m->went_on = true;
    return rc;
}

/* Writer and drainers wait until the low mark is reached, and not a byte longer. */
TASK_TEST(fault_S6_waiting_writers_go_on_exactly_at_the_low_mark)
{
    stream_pair pair;
    static char buffer[8192];
    (void)arg;
    pair_open(&pair, EDDY_OPTIONS(eddy_connect_options, .high_water = HIGH, .low_water = LOW), NULL);
    marked w = {.stream = pair.client}, d = {.stream = pair.client};
    eddy_task *writer = start(write_much, &w);
    assert_int_equal(eddy_sleep(0), 0);
    eddy_task *drainer = start(drain_it, &d);
    while (!w.went_on || !d.went_on) {
        assert_true(eddy_stream_read(pair.peer, buffer, sizeof buffer) > 0);
        if (eddy_stream_write_buffer_size(pair.client) <=
            LOW) { /* they were woken, and have their turn now */
            assert_int_equal(eddy_sleep(0), 0);
            assert_true(w.went_on && d.went_on);
        }
    }
    assert_true(w.unsent_then <= LOW);
    assert_int_equal(end_of(writer), 0);
    assert_int_equal(end_of(drainer), 0);
    pair_close(&pair);
    return 0;
}

/* S6: a hundred thousand tiny writes to a peer that does not read are accounted for one by one. */
TASK_TEST(fault_S6_many_tiny_writes_are_accounted_for)
{
    enum { WRITES = 100000 };
    stream_pair pair;
    static char back[WRITES];
    (void)arg;
    pair_open(&pair, NULL, NULL);
    for (size_t i = 0; i < WRITES; i++) {
        size_t before = eddy_stream_write_buffer_size(pair.client);
        char byte = pattern(i);
        assert_int_equal(eddy_stream_write_nowait(pair.client, &byte, 1), 0);
        assert_true(eddy_stream_write_buffer_size(pair.client) <= before + 1);
    }
    assert_int_equal(eddy_stream_write_eof(pair.client), 0);
    assert_int_equal(pair_read_all(pair.peer, back, sizeof back), WRITES);
    for (size_t i = 0; i < WRITES; i++)
        if (back[i] != pattern(i))
            fail_msg("byte %zu differs", i);
    assert_int_equal(eddy_stream_write_buffer_size(pair.client), 0);
    pair_close(&pair);
    return 0;
}

/* ---- integrity ---- */

typedef struct transfer {
    eddy_stream *stream;
    size_t total, chunk;
} transfer;

static int send_pattern(void *arg)
{
    transfer *t = arg;
    static char block[65536]; /* no await between filling it and handing it over */
    for (size_t sent = 0; sent < t->total;) {
        size_t size = t->total - sent < t->chunk ? t->total - sent : t->chunk;
        for (size_t i = 0; i < size; i++)
            block[i] = pattern(sent + i);
        int rc = eddy_stream_write(t->stream, block, size);
        if (rc < 0)
            return rc;
        sent += size;
    }
    return eddy_stream_write_eof(t->stream);
}

static int receive_pattern(void *arg)
{
    transfer *t = arg;
    char *block = malloc(t->chunk);
    size_t got = 0;
    ptrdiff_t size;
    while ((size = eddy_stream_read(t->stream, block, t->chunk)) > 0)
        for (ptrdiff_t i = 0; i < size; i++)
            if (block[i] != pattern(got++))
                size = PTRDIFF_MIN; /* ends both loops */
    free(block);
    return size < 0 || got != t->total ? EDDY_EPROTO : 0;
}

/* Only the sending side: a receive window smaller than a segment makes kernels probe it by a timer. */
static void shrink_buffer(const eddy_stream *stream)
{
    int bytes = 4096;
    if (!support_is_simulated()) /* its windows are small */
        assert_int_equal(
            setsockopt((int)eddy_stream_fileno(stream), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes), 0);
}

static void both_ways(size_t total, size_t chunk)
{
    stream_pair pair;
    pair_open(&pair, NULL, NULL);
    shrink_buffer(pair.client);
    shrink_buffer(pair.peer);
    transfer client = {pair.client, total, chunk}, peer = {pair.peer, total, chunk + 1};
    eddy_task *tasks[] = {start(send_pattern, &client), start(receive_pattern, &client),
                          start(send_pattern, &peer), start(receive_pattern, &peer)};
    for (int i = 0; i < 4; i++)
        assert_int_equal(end_of(tasks[i]), 0);
    pair_close(&pair);
}

TASK_TEST(fault_S1_ten_megabytes_both_ways_through_tiny_buffers)
{
    (void)arg;
    both_ways(10 * 1024 * 1024, 30011);
    return 0;
}

TASK_TEST(fault_S1_both_ways_one_byte_at_a_time)
{
    eddyi_inject_plan plan = {.most_bytes = 1};
    (void)arg;
    eddyi_inject_start(&plan);
    both_ways(20000, 777);
    eddyi_inject_stop();
    return 0;
}

/* S8: the other direction: the server's end says goodbye first, and goes on reading. */
TASK_TEST(fault_S8_half_close_by_the_server_leaves_the_client_usable)
{
    stream_pair pair;
    char buffer[16];
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write(pair.peer, "greeting", 8), 0);
    assert_int_equal(eddy_stream_write_eof(pair.peer), 0);
    assert_int_equal(pair_read_all(pair.client, buffer, sizeof buffer), 8);
    assert_true(eddy_stream_at_eof(pair.client));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(eddy_stream_write(pair.client, "more", 4), 0);
        assert_int_equal(eddy_stream_readexactly(pair.peer, buffer, 4), 4);
    }
    pair_close(&pair);
    return 0;
}

/* ---- S10: readers that are cancelled at every step ---- */

enum { DRIP = 600 };

typedef struct dripping {
    eddy_stream *stream;
    char got[DRIP];
    size_t count;
    int kind;
} dripping;

static void keep(dripping *d, const char *data, size_t size)
{
    assert_true(d->count + size <= DRIP);
    memcpy(d->got + d->count, data, size);
    d->count += size;
}

/* Reads with all four calls in turn; every byte that a call gave is kept, and a call that failed gave none. */
static int read_in_turn(void *arg)
{
    dripping *d = arg;
    while (d->count < DRIP) {
        char buffer[32];
        eddy_view view = {buffer, 0};
        size_t left = DRIP - d->count;
        ptrdiff_t size = 0;
        switch (d->kind++ % 4) {
        case 0:
            size = eddy_stream_read(d->stream, buffer, sizeof buffer);
            break;
        case 1:
            size = eddy_stream_readexactly(d->stream, buffer, left < 5 ? left : 5);
            break;
        case 2:
            size = eddy_stream_readline(d->stream, &view);
            break;
        default:
            size = eddy_stream_readuntil(d->stream, &view, "::", 2);
            size = size == EDDY_EINCOMPLETE ? (ptrdiff_t)view.size : size;
            break;
        }
        if (size <= 0)
            return (int)size;
        keep(d, view.data, (size_t)size);
    }
    return 0;
}

static char drip_byte(size_t i)
{
    return i % 17 == 0 ? '\n' : i % 23 < 2 ? ':' : (char)('a' + i % 19);
}

static int drip(void *arg)
{
    for (size_t i = 0; i < DRIP; i++) {
        char byte = drip_byte(i);
        int rc = eddy_stream_write(arg, &byte, 1);
        if (rc == 0)
            rc = eddy_sleep(0);
        if (rc < 0)
            return rc;
    }
    return eddy_stream_write_eof(arg);
}

TASK_TEST(fault_S10_read_cancelled_at_every_step_loses_no_byte)
{
    int cancelled = 0;
    (void)arg;
    for (int gap = 1; gap <= 12; gap++) {
        stream_pair pair;
        pair_open(&pair, NULL, NULL);
        dripping d = {.stream = pair.peer, .kind = gap};
        eddy_task *source = start(drip, pair.client);
        int outcome = EDDY_ECANCELED;
        while (outcome == EDDY_ECANCELED) {
            eddy_task *reader = start(read_in_turn, &d);
            for (int i = 0; i < gap && !eddy_task_done(reader); i++)
                assert_int_equal(eddy_sleep(0), 0);
            eddy_task_cancel(reader); /* no effect on one that has ended */
            outcome = end_of(reader);
            cancelled += outcome == EDDY_ECANCELED;
        }
        assert_int_equal(outcome, 0);
        assert_int_equal(end_of(source), 0);
        assert_int_equal(d.count, DRIP);
        for (size_t i = 0; i < DRIP; i++)
            if (d.got[i] != drip_byte(i))
                fail_msg("gap %d: byte %zu differs", gap, i);
        pair_close(&pair);
    }
    printf("CANC %d\n", cancelled);
    assert_true(cancelled > 10);
    return 0;
}

/* ---- no memory ---- */

static const eddyi_inject_plan no_memory = {
    .fail_at = 1, .fail_after_too = true, .calls = UINT64_C(1) << EDDYI_INJECT_memory};

/* M1: a write that finds no memory says how much it took; what is left, written again, completes the data. */
TASK_TEST(fault_M1_write_without_memory_says_how_much_was_taken)
{
    stream_pair pair;
    static char data[MUCH], back[MUCH + 1];
    (void)arg;
    for (size_t i = 0; i < MUCH; i++)
        data[i] = pattern(i);
    pair_open(&pair, NULL, NULL);
    eddyi_inject_start(&no_memory);
    int rc = eddy_stream_write_nowait(pair.client, data, MUCH);
    uint64_t taken = eddy_last_error()->partial;
    size_t unsent = eddy_stream_write_buffer_size(pair.client);
    eddyi_inject_stop();
    assert_int_equal(rc, EDDY_ENOMEM);
    assert_int_equal(unsent, 0);
    assert_true(taken < MUCH && (taken > 0 || support_is_simulated()));
    assert_int_equal(eddy_stream_write_nowait(pair.client, data + taken, MUCH - (size_t)taken), 0);
    assert_int_equal(eddy_stream_write_eof(pair.client), 0);
    assert_int_equal(pair_read_all(pair.peer, back, sizeof back), MUCH);
    assert_memory_equal(back, data, MUCH);
    pair_close(&pair);
    return 0;
}

TASK_TEST(fault_M1_reads_without_memory_lose_nothing)
{
    stream_pair pair;
    eddy_view line;
    char buffer[8];
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write(pair.client, "line\nexact", 10), 0);
    eddyi_inject_start(&no_memory);
    assert_int_equal(eddy_stream_readline(pair.peer, &line), EDDY_ENOMEM);
    assert_int_equal(eddy_stream_readexactly(pair.peer, buffer, 2), EDDY_ENOMEM);
    ptrdiff_t got = eddy_stream_read(pair.peer, buffer, 2); /* needs none */
    eddyi_inject_stop();
    assert_true(got == 1 || got == 2); /* as much as is there: sim splits what is sent */
    assert_memory_equal(buffer, "li", (size_t)got);
    assert_int_equal(eddy_stream_readline(pair.peer, &line), 5 - got);
    assert_memory_equal(line.data, &"line\n"[got], (size_t)(5 - got));
    assert_int_equal(eddy_stream_readexactly(pair.peer, buffer, 5), 5);
    assert_memory_equal(buffer, "exact", 5);
    pair_close(&pair);
    return 0;
}

/* ---- what a small exchange costs ---- */

/* A buffer that a message does not fill: a short read proves that nothing more is there, so nobody asks again. */
enum { MESSAGE = 64, ROOM = 4096 };

static int echo_small(void *arg)
{
    char buffer[ROOM];
    ptrdiff_t size;
    while ((size = eddy_stream_read(arg, buffer, sizeof buffer)) > 0) {
        int rc = eddy_stream_write(arg, buffer, (size_t)size);
        if (rc < 0)
            return rc;
    }
    return (int)size;
}

static uint64_t sends(void)
{
    return eddyi_inject_count_of(EDDYI_INJECT_send) + eddyi_inject_count_of(EDDYI_INJECT_sendmsg);
}

static uint64_t receives(void)
{
    return eddyi_inject_count_of(EDDYI_INJECT_recv) + eddyi_inject_count_of(EDDYI_INJECT_recvmsg);
}

/* One send and one receive for each message, no memory, and nothing else but waits. */
TASK_TEST(small_exchange_takes_no_memory_and_no_call_too_many)
{
    enum { ROUNDS = 500, BOTH_ENDS = 2 * ROUNDS };
    stream_pair pair;
    char message[ROOM] = {1};
    (void)arg;
    pair_open(&pair, NULL, NULL);
    eddy_task *echo = start(echo_small, pair.peer);
    for (int i = 0; i <= ROUNDS; i++) {
        if (i == 1) /* all is warm */
            eddyi_inject_start(NULL);
        assert_int_equal(eddy_stream_write(pair.client, message, MESSAGE), 0);
        size_t got = 0;
        while (got < MESSAGE) {
            ptrdiff_t size = eddy_stream_read(pair.client, message + got, ROOM - got);
            assert_true(size > 0);
            got += (size_t)size;
        }
    }
    uint64_t memory = eddyi_inject_count_of(EDDYI_INJECT_memory), sent = sends(), received = receives();
    uint64_t watched = eddyi_inject_count_of(EDDYI_INJECT_epoll_ctl);
    eddyi_inject_stop();
    if (!support_is_simulated()) {
        const char *name = eddy_loop_backend_name(eddy_get_running_loop());
        bool edge = strcmp(name, "epoll") == 0 || strcmp(name, "kqueue") == 0;
        assert_int_equal(memory, 0);
        assert_int_equal(watched, 0);
        assert_int_equal(sent, BOTH_ENDS);
        assert_in_range(received, BOTH_ENDS, edge ? BOTH_ENDS + 2 : 2 * BOTH_ENDS + 2);
    }
    assert_int_equal(eddy_stream_write_eof(pair.client), 0);
    assert_int_equal(end_of(echo), 0);
    pair_close(&pair);
    return 0;
}

/* N4 */
TASK_TEST(both_ends_send_without_delay)
{
    stream_pair pair;
    (void)arg;
    if (support_is_simulated())
        return support_skip("no such thing to ask there");
    pair_open(&pair, NULL, NULL);
    const eddy_stream *ends[] = {pair.client, pair.peer};
    for (int i = 0; i < 2; i++) {
        int value = 0;
        socklen_t size = sizeof value;
        assert_int_equal(
            getsockopt((int)eddy_stream_fileno(ends[i]), IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
        assert_true(value != 0);
    }
    pair_close(&pair);
    return 0;
}

int suite_streams_rules(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limit_error_says_how_much_can_be_read),
        cmocka_unit_test(separator_after_exactly_limit_bytes_is_found),
        cmocka_unit_test(overlong_line_is_dropped_to_the_byte),
        cmocka_unit_test(separator_that_begins_like_the_data_is_found),
        cmocka_unit_test(end_without_data_gives_an_empty_view),
        cmocka_unit_test(fault_S6_waiting_writers_go_on_exactly_at_the_low_mark),
        cmocka_unit_test(fault_S6_many_tiny_writes_are_accounted_for),
        cmocka_unit_test(fault_S1_ten_megabytes_both_ways_through_tiny_buffers),
        cmocka_unit_test(fault_S1_both_ways_one_byte_at_a_time),
        cmocka_unit_test(fault_S8_half_close_by_the_server_leaves_the_client_usable),
        cmocka_unit_test(fault_S10_read_cancelled_at_every_step_loses_no_byte),
        cmocka_unit_test(fault_M1_write_without_memory_says_how_much_was_taken),
        cmocka_unit_test(fault_M1_reads_without_memory_lose_nothing),
        cmocka_unit_test(small_exchange_takes_no_memory_and_no_call_too_many),
        cmocka_unit_test(both_ends_send_without_delay),
    };
    return cmocka_run_group_tests_name("rules of streams", tests, NULL, NULL);
}
