/* suite_streams.c: reading and writing streams: asyncio's rules M1-M10 and the faults that streams must survive.
 * Touches the public API, and the injection table for system calls that fail. Every body leaves memory and descriptors as found. */
#include "pair.h"
#include "suite.h"

#include <errno.h>

#include "core/base/inject.h"

/* ---- reading ---- */

TASK_TEST(read_gives_what_is_there_then_the_end_again_and_again)
{
    stream_pair pair;
    char buffer[16];
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write(pair.client, "hello", 5), 0);
    assert_int_equal(eddy_stream_write_eof(pair.client), 0);
    assert_int_equal(pair_read_all(pair.peer, buffer, sizeof buffer), 5);
    assert_memory_equal(buffer, "hello", 5);
    assert_int_equal(eddy_stream_read(pair.peer, buffer, sizeof buffer), 0);
    assert_int_equal(eddy_stream_read(pair.peer, buffer, sizeof buffer), 0);
    assert_true(eddy_stream_at_eof(pair.peer));
    pair_close(&pair);
    return 0;
}

/* S1: framing over one-byte transfers. */
TASK_TEST(fault_S1_one_byte_at_a_time_keeps_lines_whole)
{
    stream_pair pair;
    eddy_view line;
    eddyi_inject_plan plan = {.most_bytes = 1};
    (void)arg;
    pair_open(&pair, NULL, NULL);
    eddyi_inject_start(&plan);
    assert_int_equal(eddy_stream_write(pair.client, "one\ntwo\r\nthree", 14), 0);
    assert_int_equal(eddy_stream_write_eof(pair.client), 0);
    assert_int_equal(eddy_stream_readline(pair.peer, &line), 4);
    assert_memory_equal(line.data, "one\n", 4);
    assert_int_equal(eddy_stream_readuntil(pair.peer, &line, "\r\n", 2), 5);
    assert_memory_equal(line.data, "two\r\n", 5);
    assert_int_equal(eddy_stream_readline(pair.peer, &line), 5);
    assert_memory_equal(line.data, "three", 5);
    assert_int_equal(eddy_stream_readline(pair.peer, &line), 0);
    eddyi_inject_stop();
    pair_close(&pair);
    return 0;
}

TASK_TEST(readexactly_gives_exactly_and_says_what_is_missing)
{
    stream_pair pair;
    char buffer[8];
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write(pair.client, "abcdefgXYZ", 10), 0);
    assert_int_equal(eddy_stream_write_eof(pair.client), 0);
    assert_int_equal(eddy_stream_readexactly(pair.peer, buffer, 7), 7);
    assert_memory_equal(buffer, "abcdefg", 7);
    assert_int_equal(eddy_stream_readexactly(pair.peer, buffer, 8), EDDY_EINCOMPLETE);
    assert_int_equal(eddy_last_error()->partial, 3);
    assert_int_equal(eddy_last_error()->expected, 8);
    assert_memory_equal(buffer, "XYZ", 3);
    assert_int_equal(eddy_stream_readexactly(pair.peer, buffer, 0), 0);
    pair_close(&pair);
    return 0;
}

/* M2: exactly limit bytes and the separator is fine; one more is not. */
TASK_TEST(limit_bounds_the_data_before_the_separator)
{
    stream_pair pair;
    eddy_view data;
    (void)arg;
    pair_open(&pair, NULL, EDDY_OPTIONS(eddy_server_options, .limit = 8));
    assert_int_equal(eddy_stream_write(pair.client, "12345678\n123456789\nrest\n", 24), 0);
    assert_int_equal(eddy_stream_readuntil(pair.peer, &data, "\n", 1), 9);
    assert_int_equal(eddy_stream_readuntil(pair.peer, &data, "\n", 1), EDDY_ELIMIT);
    assert_true(eddy_last_error()->consumed <= 9); /* nothing was removed: */
    assert_int_equal(eddy_stream_readline(pair.peer, &data), EDDY_ELIMIT);
    pair_close(&pair);
    return 0;
}

/* M4, S5: a line that is too long is dropped and the connection goes on. */
TASK_TEST(fault_S5_overlong_line_is_dropped_and_the_next_one_read)
{
    stream_pair pair;
    eddy_view line;
    char exact[20];
    (void)arg;
    pair_open(&pair, NULL, EDDY_OPTIONS(eddy_server_options, .limit = 8));
    assert_int_equal(eddy_stream_write(pair.client, "0123456789abcdef", 16), 0);
    assert_int_equal(eddy_stream_write_eof(pair.client), 0);
    assert_int_equal(eddy_stream_readuntil(pair.peer, &line, "#", 1), EDDY_ELIMIT);
    size_t sure = (size_t)eddy_last_error()->consumed;
    assert_in_range(sure, 1, 16);
    assert_int_equal(eddy_stream_readexactly(pair.peer, exact, sure), sure);
    assert_memory_equal(exact, "0123456789abcdef", sure);
    pair_close(&pair);

    pair_open(&pair, NULL, EDDY_OPTIONS(eddy_server_options, .limit = 8));
    assert_int_equal(eddy_stream_write(pair.client, "0123456789\nok\n", 14), 0);
    ptrdiff_t length;
    int dropped = 0;
    while ((length = eddy_stream_readline(pair.peer, &line)) == EDDY_ELIMIT)
        dropped++;
    assert_true(dropped > 0 && length > 0);
    assert_int_equal(line.data[length - 1], '\n');
    pair_close(&pair);
    return 0;
}

/* M5: a complete message that came with the end is given first. */
TASK_TEST(message_before_the_end_is_read_before_the_end)
{
    stream_pair pair;
    eddy_view data;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write(pair.client, "a;b", 3), 0);
    assert_int_equal(eddy_stream_write_eof(pair.client), 0);
    assert_int_equal(eddy_stream_readuntil(pair.peer, &data, ";", 1), 2);
    assert_int_equal(eddy_stream_readuntil(pair.peer, &data, ";", 1), EDDY_EINCOMPLETE);
    assert_int_equal(data.size, 1);
    assert_memory_equal(data.data, "b", 1);
    assert_int_equal(eddy_last_error()->partial, 1);
    pair_close(&pair);
    return 0;
}

static int read_line_later(void *arg)
{
    eddy_view line;
    return (int)eddy_stream_readline(arg, &line);
}

/* M6: a read that is cancelled loses nothing. */
TASK_TEST(cancelled_readline_keeps_its_bytes)
{
    stream_pair pair;
    eddy_task *reader;
    eddy_view line;
    char first;
    int outcome;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write(pair.client, "-half", 5), 0);
    assert_int_equal(eddy_stream_readexactly(pair.peer, &first, 1), 1);
    assert_int_equal(eddy_create_task(&reader, read_line_later, pair.peer, NULL), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(eddy_sleep(0), 0);
    eddy_task_cancel(reader);
    assert_int_equal(eddy_await(reader, &outcome), 0);
    assert_int_equal(outcome, EDDY_ECANCELED);
    eddy_task_release(reader);
    assert_int_equal(eddy_stream_write(pair.client, "line\n", 5), 0);
    assert_int_equal(eddy_stream_readline(pair.peer, &line), 9);
    assert_memory_equal(line.data, "halfline\n", 9);
    pair_close(&pair);
    return 0;
}

/* M10, S11 */
TASK_TEST(fault_S11_second_reader_is_refused_at_once)
{
    stream_pair pair;
    eddy_task *reader;
    char buffer[4];
    int outcome;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_create_task(&reader, read_line_later, pair.peer, NULL), 0);
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(eddy_stream_read(pair.peer, buffer, sizeof buffer), EDDY_EBUSY);
    assert_int_equal(eddy_stream_write(pair.client, "x\n", 2), 0);
    assert_int_equal(eddy_await(reader, &outcome), 0);
    assert_int_equal(outcome, 2);
    eddy_task_release(reader);
    pair_close(&pair);
    return 0;
}

TASK_TEST(close_ends_a_waiting_reader_with_closed)
{
    stream_pair pair;
    eddy_task *reader;
    int outcome;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_create_task(&reader, read_line_later, pair.peer, NULL), 0);
    assert_int_equal(eddy_sleep(0), 0);
    eddy_stream_close(pair.peer);
    assert_true(eddy_stream_is_closing(pair.peer));
    assert_int_equal(eddy_await(reader, &outcome), 0);
    assert_int_equal(outcome, EDDY_ECLOSED);
    eddy_task_release(reader);
    assert_int_equal(eddy_stream_wait_closed(pair.peer), 0);
    assert_int_equal(eddy_stream_fileno(pair.peer), -1);
    pair_close(&pair);
    return 0;
}

TASK_TEST(bad_arguments_are_refused_and_nothing_is_lost)
{
    stream_pair pair;
    eddy_view view;
    char buffer[4];
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_read(NULL, buffer, 1), EDDY_EINVAL);
    assert_int_equal(eddy_stream_read(pair.peer, NULL, 1), EDDY_EINVAL);
    assert_int_equal(eddy_stream_read(pair.peer, buffer, 0), EDDY_EINVAL);
    assert_int_equal(eddy_stream_readuntil(pair.peer, &view, "", 0), EDDY_EINVAL);
    assert_int_equal(eddy_stream_readuntil(pair.peer, NULL, "x", 1), EDDY_EINVAL);
    assert_int_equal(eddy_stream_readline(pair.peer, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_stream_write(pair.client, NULL, 1), EDDY_EINVAL);
    assert_int_equal(eddy_stream_write(NULL, "x", 1), EDDY_EINVAL);
    assert_int_equal(eddy_stream_write(pair.client, NULL, 0), 0); /* M5 of the fault list: nothing to do */
    eddy_stream_close(NULL);
    eddy_stream_release(NULL);
    pair_close(&pair);
    return 0;
}

/* ---- writing ---- */

enum { FLOOD = 4 * 1024 * 1024 };

static char pattern(size_t position)
{
    return (char)(position * 31 + (position >> 11));
}

/* How much the kernel takes for a peer that does not read is its own choice, so a flood that must fill it has no size until it did. */
typedef struct flood {
    eddy_stream *stream;
    size_t written;
    size_t chunk;
    size_t size; /* 0: endless */
} flood;

static int write_flood(void *arg)
{
    flood *f = arg;
    char chunk[8192];
    while (f->size == 0 || f->written < f->size) {
        size_t size = f->size != 0 && f->size - f->written < f->chunk ? f->size - f->written : f->chunk;
        for (size_t i = 0; i < size; i++)
            chunk[i] = pattern(f->written + i);
        int rc = eddy_stream_write(f->stream, chunk, size);
        if (rc < 0)
            return rc;
        f->written += size;
    }
    return eddy_stream_write_eof(f->stream);
}

/* S3: a peer that does not read costs at most the mark and one write. */
TASK_TEST(fault_S3_writer_waits_above_the_mark_and_memory_is_bounded)
{
    stream_pair pair;
    eddy_task *writer;
    static char buffer[65536];
    size_t read = 0;
    (void)arg;
    pair_open(&pair, EDDY_OPTIONS(eddy_connect_options, .high_water = 10000, .low_water = 2000), NULL);
    flood f = {.stream = pair.client, .chunk = 4096};
    assert_int_equal(eddy_create_task(&writer, write_flood, &f, NULL), 0);
    while (eddy_stream_write_buffer_size(pair.client) <= 10000)
        assert_int_equal(eddy_sleep(0), 0);
    size_t stuck = f.written;
    f.size = stuck + FLOOD;
    for (int i = 0; i < 50; i++)
        assert_int_equal(eddy_sleep(0), 0);
    assert_true(f.written <= stuck + 2 * f.chunk || support_is_simulated());
    assert_true(eddy_stream_write_buffer_size(pair.client) <= 10000 + 4096);
    ptrdiff_t got;
    while ((got = eddy_stream_read(pair.peer, buffer, sizeof buffer)) > 0) {
        for (ptrdiff_t i = 0; i < got; i++)
            assert_int_equal(buffer[i], pattern(read + (size_t)i));
        read += (size_t)got;
        assert_true(eddy_stream_write_buffer_size(pair.client) <= 10000 + 4096);
    }
    assert_int_equal(got, 0);
    assert_int_equal(read, f.size);
    assert_int_equal(eddy_await(writer, NULL), 0);
    eddy_task_release(writer);
    pair_close(&pair);
    return 0;
}

/* M8, S6: several tasks may drain; equality with the mark does not suspend. */
TASK_TEST(fault_S6_drain_at_the_mark_returns_at_once)
{
    stream_pair pair;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_drain(pair.client), 0);
    assert_int_equal(eddy_stream_write_nowait(pair.client, "x", 1), 0);
    assert_int_equal(eddy_stream_drain(pair.client), 0);
    pair_close(&pair);
    return 0;
}

/* S2: a call that is interrupted or would block although it was said to be ready is tried again, and nothing is lost. An edge-triggered
 * poller may believe the kernel's "would block", which is the truth there, so that answer is given to level-triggered ones only. */
TASK_TEST(fault_S2_call_that_fails_for_now_is_tried_again)
{
    stream_pair pair;
    char buffer[64];
    eddyi_inject_plan plan = {.percent = 30,
                              .seed = 7,
                              .os_error = EINTR,
                              .calls = UINT64_C(1) << EDDYI_INJECT_recv | UINT64_C(1) << EDDYI_INJECT_send};
    (void)arg;
    if (support_is_simulated())
        return support_skip("there is no system call to fail or count");
    const char *name = eddy_loop_backend_name(eddy_get_running_loop());
    if (strcmp(name, "select") == 0 || strcmp(name, "poll") == 0)
        plan.os_error = EAGAIN;
    pair_open(&pair, NULL, NULL);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(eddy_stream_write(pair.client, "ping", 4), 0);
        assert_int_equal(eddy_stream_readexactly(pair.peer, buffer, 4), 4);
        if (i == 0)
            eddyi_inject_start(&plan);
        assert_int_equal(eddy_stream_write(pair.peer, "pong", 4), 0);
        assert_int_equal(eddy_stream_readexactly(pair.client, buffer, 4), 4);
    }
    eddyi_inject_stop();
    pair_close(&pair);
    return 0;
}

TASK_TEST(fault_S8_half_close_leaves_the_other_direction_usable)
{
    stream_pair pair;
    char buffer[16];
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write(pair.client, "last words", 10), 0);
    assert_int_equal(eddy_stream_write_eof(pair.client), 0);
    assert_int_equal(eddy_stream_write_eof(pair.client), 0);
    assert_int_equal(eddy_stream_write(pair.client, "x", 1), EDDY_ECLOSED);
    assert_int_equal(pair_read_all(pair.peer, buffer, sizeof buffer), 10);
    assert_int_equal(eddy_stream_write(pair.peer, "answer", 6), 0);
    assert_int_equal(eddy_stream_readexactly(pair.client, buffer, 6), 6);
    assert_memory_equal(buffer, "answer", 6);
    pair_close(&pair);
    return 0;
}

/* S9: graceful close sends what is unsent. */
TASK_TEST(fault_S9_close_sends_what_is_unsent_first)
{
    stream_pair pair;
    static char data[1024 * 1024], back[1024 * 1024 + 1];
    (void)arg;
    pair_open(&pair, NULL, NULL);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = pattern(i);
    assert_int_equal(eddy_stream_write_nowait(pair.client, data, sizeof data), 0);
    eddy_stream_close(pair.client);
    assert_int_equal(pair_read_all(pair.peer, back, sizeof back), sizeof data);
    assert_memory_equal(back, data, sizeof data);
    assert_int_equal(eddy_stream_wait_closed(pair.client), 0);
    assert_int_equal(eddy_stream_write(pair.client, "x", 1), EDDY_ECLOSED);
    pair_close(&pair);
    return 0;
}

/* S7: a reset in the middle of a write reaches the writer once, as a code, never as a signal. */
TASK_TEST(fault_S7_reset_mid_write_fails_the_writer)
{
    stream_pair pair;
    eddy_task *writer;
    int outcome;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    flood f = {.stream = pair.client, .chunk = 8192};
    assert_int_equal(eddy_create_task(&writer, write_flood, &f, NULL), 0);
    while (eddy_stream_write_buffer_size(pair.client) == 0)
        assert_int_equal(eddy_sleep(0), 0);
    eddy_stream_abort(pair.peer);
    assert_int_equal(eddy_await(writer, &outcome), 0);
    assert_true(outcome == EDDY_ECONNRESET || outcome == EDDY_EPIPE);
    eddy_task_release(writer);
    int again = eddy_stream_write(pair.client, "x", 1);
    assert_int_equal(again, outcome);
    int closed = eddy_stream_wait_closed(pair.client);
    assert_int_equal(closed, outcome);
    assert_int_equal(eddy_stream_wait_closed(pair.client), outcome);
    pair_close(&pair);
    return 0;
}

TASK_TEST(fault_S7_reset_reaches_the_reader_and_stays)
{
    stream_pair pair;
    char buffer[4];
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write(pair.client, "data", 4), 0);
    assert_int_equal(eddy_stream_readexactly(pair.peer, buffer, 2), 2);
    assert_int_equal(eddy_stream_write(pair.peer, "unread", 6), 0);
    while (eddy_stream_write_buffer_size(pair.peer) > 0)
        assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(eddy_stream_readexactly(pair.client, buffer, 1), 1);
    assert_int_equal(eddy_stream_write(pair.peer, "more", 4), 0);
    eddy_stream_abort(pair.client);
    ptrdiff_t rc = 1;
    while (rc > 0)
        rc = eddy_stream_read(pair.peer, buffer, sizeof buffer);
    /* As in asyncio, the reader is told the error that ended the connection: EPIPE where the bytes under way met the loss first. */
    assert_true(rc == EDDY_ECONNRESET || rc == EDDY_EPIPE || rc == 0);
    assert_int_equal(eddy_stream_read(pair.peer, buffer, sizeof buffer), rc);
    pair_close(&pair);
    return 0;
}

/* S10: cancelled at any step, every byte that was taken arrives, in order. */
static int write_numbers(void *arg)
{
    flood *f = arg;
    char block[100];
    for (;;) {
        for (size_t i = 0; i < sizeof block; i++)
            block[i] = pattern(f->written + i);
        int rc = eddy_stream_write(f->stream, block, sizeof block);
        if (rc < 0 && rc != EDDY_ECANCELED)
            return rc;
        f->written += sizeof block; /* cancelled: all of it was taken and will be sent */
        if (rc < 0)
            return rc;
    }
}

TASK_TEST(fault_S10_write_cancelled_anywhere_loses_no_byte)
{
    static char back[1 << 20];
    (void)arg;
    for (int steps = 0; steps < 40; steps++) {
        stream_pair pair;
        eddy_task *writer;
        int outcome;
        pair_open(&pair, EDDY_OPTIONS(eddy_connect_options, .high_water = 500), NULL);
        flood f = {.stream = pair.client};
        assert_int_equal(eddy_create_task(&writer, write_numbers, &f, NULL), 0);
        for (int i = 0; i < steps; i++)
            assert_int_equal(eddy_sleep(0), 0);
        eddy_task_cancel(writer);
        assert_int_equal(eddy_await(writer, &outcome), 0);
        assert_int_equal(outcome, EDDY_ECANCELED);
        eddy_task_release(writer);
        eddy_stream_close(pair.client);
        assert_int_equal(pair_read_all(pair.peer, back, sizeof back), f.written);
        for (size_t i = 0; i < f.written; i++)
            assert_int_equal(back[i], pattern(i));
        pair_close(&pair);
    }
    return 0;
}

/* ---- names ---- */

TASK_TEST(names_of_both_ends_agree)
{
    stream_pair pair;
    char ours[64], theirs[64];
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_true(eddy_stream_local_name(pair.client, ours, sizeof ours) > 0);
    assert_true(eddy_stream_peer_name(pair.peer, theirs, sizeof theirs) > 0);
    assert_string_equal(ours, theirs);
    assert_memory_equal(ours, "127.0.0.1:", 10);
    assert_int_equal(eddy_stream_peer_name(pair.client, ours, 3), EDDY_EINVAL);
    pair_close(&pair);
    return 0;
}

int suite_streams(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_gives_what_is_there_then_the_end_again_and_again),
        cmocka_unit_test(fault_S1_one_byte_at_a_time_keeps_lines_whole),
        cmocka_unit_test(readexactly_gives_exactly_and_says_what_is_missing),
        cmocka_unit_test(limit_bounds_the_data_before_the_separator),
        cmocka_unit_test(fault_S5_overlong_line_is_dropped_and_the_next_one_read),
        cmocka_unit_test(message_before_the_end_is_read_before_the_end),
        cmocka_unit_test(cancelled_readline_keeps_its_bytes),
        cmocka_unit_test(fault_S11_second_reader_is_refused_at_once),
        cmocka_unit_test(close_ends_a_waiting_reader_with_closed),
        cmocka_unit_test(bad_arguments_are_refused_and_nothing_is_lost),
        cmocka_unit_test(fault_S3_writer_waits_above_the_mark_and_memory_is_bounded),
        cmocka_unit_test(fault_S6_drain_at_the_mark_returns_at_once),
        cmocka_unit_test(fault_S2_call_that_fails_for_now_is_tried_again),
        cmocka_unit_test(fault_S8_half_close_leaves_the_other_direction_usable),
        cmocka_unit_test(fault_S9_close_sends_what_is_unsent_first),
        cmocka_unit_test(fault_S7_reset_mid_write_fails_the_writer),
        cmocka_unit_test(fault_S7_reset_reaches_the_reader_and_stays),
        cmocka_unit_test(fault_S10_write_cancelled_anywhere_loses_no_byte),
        cmocka_unit_test(names_of_both_ends_agree),
    };
    return cmocka_run_group_tests_name("streams", tests, NULL, NULL);
}
