/* suite_streams_whole.c: the rest of asyncio's streams: several separators, all until the end, gathering writes.
 * Touches the public API. Rule numbers are those of asyncio's inventory. */
#include <stdio.h>

#include "pair.h"
#include "suite.h"

static const eddy_view ends_of_line[] = {{"\r\n", 2}, {"\n", 1}, {"\r", 1}};

TASK_TEST(rule_M1_separator_that_ends_first_wins)
{
    stream_pair pair;
    eddy_view data;
    static const eddy_view letters[] = {{"DEF", 3}, {"BCDE", 4}};
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write(pair.client, "ABCDEFGone\r\ntwo\nthree\r", 22), 0);
    assert_int_equal(eddy_stream_readuntil_any(pair.peer, &data, letters, 2), 5);
    assert_memory_equal(data.data, "ABCDE", 5);
    assert_int_equal(eddy_stream_readuntil_any(pair.peer, &data, ends_of_line, 3), 6);
    assert_memory_equal(data.data, "FGone\r", 6);
    assert_int_equal(eddy_stream_readuntil_any(pair.peer, &data, ends_of_line, 2), 1);
    assert_int_equal(eddy_stream_readuntil_any(pair.peer, &data, ends_of_line, 2), 4);
    assert_memory_equal(data.data, "two\n", 4);
    assert_int_equal(eddy_stream_readuntil_any(pair.peer, &data, ends_of_line, 3), 6);
    pair_close(&pair);
    return 0;
}

TASK_TEST(rule_M3_consumed_leaves_room_for_the_longest_separator)
{
    stream_pair pair;
    eddy_view data;
    char room[16];
    eddy_server_options options = {.size = sizeof options, .limit = 4};
    static const eddy_view some[] = {{"#", 1}, {"abcd", 4}};
    (void)arg;
    pair_open(&pair, NULL, &options);
    assert_int_equal(eddy_stream_write(pair.client, "xxxxxxxxab", 10), 0);
    assert_int_equal(eddy_stream_readuntil_any(pair.peer, &data, some, 2), EDDY_ELIMIT);
    uint64_t consumed = eddy_last_error()->consumed; /* what came so far may be less than all */
    assert_true(consumed > 4 && consumed <= 7);
    assert_int_equal(eddy_stream_readexactly(pair.peer, room, 8), 8);
    assert_int_equal(eddy_stream_write(pair.client, "cd", 2), 0);
    assert_int_equal(eddy_stream_readuntil_any(pair.peer, &data, some, 2), 4);
    pair_close(&pair);
    return 0;
}

TASK_TEST(rule_M1_no_separator_or_an_empty_one_is_refused)
{
    stream_pair pair;
    eddy_view data;
    static const eddy_view bad[] = {{"x", 1}, {"", 0}};
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_readuntil_any(pair.peer, &data, bad, 2), EDDY_EINVAL);
    assert_int_equal(eddy_stream_readuntil_any(pair.peer, &data, bad, 0), EDDY_EINVAL);
    assert_int_equal(eddy_stream_readuntil_any(pair.peer, &data, NULL, 1), EDDY_EINVAL);
    assert_int_equal(eddy_stream_readuntil_any(pair.peer, NULL, bad, 1), EDDY_EINVAL);
    assert_int_equal(eddy_stream_readuntil_any(NULL, &data, bad, 1), EDDY_EINVAL);
    pair_close(&pair);
    return 0;
}

enum { MUCH = 300000, BLOCK = 65536 };

static int write_much(void *arg)
{
    eddy_stream *stream = arg;
    char piece[1000];
    int rc = 0;
    for (int i = 0; i < MUCH / 1000 && rc == 0; i++) {
        memset(piece, i & 0xff, sizeof piece);
        rc = eddy_stream_write(stream, piece, sizeof piece);
    }
    return rc == 0 ? eddy_stream_write_eof(stream) : rc;
}

TASK_TEST(read_all_reads_until_the_end)
{
    stream_pair pair;
    eddy_view data;
    eddy_task *task;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_create_task(&task, write_much, pair.client, NULL), 0);
    assert_int_equal(eddy_stream_read_all(pair.peer, &data, SIZE_MAX), MUCH);
    for (int i = 0; i < MUCH; i++)
        assert_int_equal((unsigned char)data.data[i], (i / 1000) & 0xff);
    assert_int_equal(eddy_stream_read_all(pair.peer, &data, 1), 0);
    assert_true(eddy_stream_at_eof(pair.peer));
    assert_int_equal(eddy_await(task, NULL), 0);
    eddy_task_release(task);
    pair_close(&pair);
    return 0;
}

TASK_TEST(read_all_over_its_limit_loses_nothing)
{
    stream_pair pair;
    eddy_view data;
    char room[8];
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write(pair.client, "abcdef", 6), 0);
    assert_int_equal(eddy_stream_write_eof(pair.client), 0);
    assert_int_equal(eddy_stream_read_all(pair.peer, &data, 5), EDDY_ELIMIT);
    assert_int_equal(eddy_last_error()->consumed, 6);
    assert_int_equal(eddy_stream_readexactly(pair.peer, room, 1), 1);
    assert_int_equal(eddy_stream_read_all(pair.peer, &data, 5), 5); /* exactly the limit */
    assert_memory_equal(data.data, "bcdef", 5);
    assert_int_equal(eddy_stream_read_all(pair.peer, &data, 0), EDDY_EINVAL);
    assert_int_equal(eddy_stream_read_all(pair.peer, NULL, 1), EDDY_EINVAL);
    pair_close(&pair);
    return 0;
}

static int read_all(void *arg)
{
    eddy_view data;
    ptrdiff_t got = eddy_stream_read_all(arg, &data, SIZE_MAX);
    return (int)got;
}

/* M6: asyncio loses what it had taken. */
TASK_TEST(rule_M6_cancelled_read_all_loses_nothing)
{
    stream_pair pair;
    eddy_task *task;
    eddy_view data;
    int outcome;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(eddy_create_task(&task, read_all, pair.peer, NULL), 0);
        assert_int_equal(eddy_stream_write(pair.client, "x", 1), 0);
        for (int k = 0; k < i * 20; k++)
            assert_int_equal(eddy_sleep(0), 0);
        eddy_task_cancel(task);
        assert_int_equal(eddy_await(task, &outcome), 0);
        assert_int_equal(outcome, EDDY_ECANCELED);
        eddy_task_release(task);
    }
    assert_int_equal(eddy_stream_write_eof(pair.client), 0);
    assert_int_equal(eddy_stream_read_all(pair.peer, &data, SIZE_MAX), 10);
    pair_close(&pair);
    return 0;
}

TASK_TEST(writelines_sends_all_pieces_in_order)
{
    stream_pair pair;
    char room[16] = "";
    static const eddy_view pieces[] = {{"one", 3}, {NULL, 0}, {"two", 3}, {"", 0}, {"three", 5}};
    static const eddy_view bad[] = {{"one", 3}, {NULL, 1}};
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_writelines(pair.client, pieces, 5), 0);
    assert_int_equal(eddy_stream_writelines(pair.client, NULL, 0), 0);
    assert_int_equal(eddy_stream_writelines(pair.client, bad, 2), EDDY_EINVAL);
    assert_int_equal(eddy_stream_writelines(pair.client, NULL, 1), EDDY_EINVAL);
    assert_int_equal(eddy_stream_writelines_nowait(pair.client, bad, 2), EDDY_EINVAL);
    assert_int_equal(eddy_stream_writelines_nowait(pair.client, pieces, 1), 0);
    assert_int_equal(eddy_stream_write_eof(pair.client), 0);
    assert_int_equal(pair_read_all(pair.peer, room, sizeof room), 14); /* nothing of the bad ones */
    assert_string_equal(room, "onetwothreeone");
    assert_int_equal(eddy_stream_writelines(pair.client, pieces, 5), EDDY_ECLOSED);
    pair_close(&pair);
    return 0;
}

static int write_for_ever(void *stream)
{
    static char block[BLOCK];
    eddy_view pieces[2] = {{block, sizeof block}, {block, sizeof block}};
    int rc = 0;
    while (rc == 0)
        rc = eddy_stream_writelines(stream, pieces, 2);
    return rc;
}

/* S3: above the mark it waits, for what is kept is one write at most beyond it. */
TASK_TEST(fault_S3_writelines_waits_above_the_mark)
{
    stream_pair pair;
    eddy_task *writer;
    int outcome;
    size_t low, high;
    eddy_connect_options options = {.size = sizeof options, .high_water = 1000};
    (void)arg;
    pair_open(&pair, &options, NULL);
    eddy_stream_get_write_buffer_limits(pair.client, &low, &high);
    assert_int_equal(high, 1000);
    assert_int_equal(low, 250);
    assert_int_equal(eddy_create_task(&writer, write_for_ever, pair.client, NULL), 0);
    while (eddy_stream_write_buffer_size(pair.client) <= high)
        assert_int_equal(eddy_sleep(0), 0);
    for (int i = 0; i < 100; i++) {
        assert_true(eddy_stream_write_buffer_size(pair.client) <= high + 2 * BLOCK);
        assert_int_equal(eddy_sleep(0), 0);
    }
    assert_false(eddy_task_done(writer));
    eddy_task_cancel(writer);
    assert_int_equal(eddy_await(writer, &outcome), 0);
    assert_int_equal(outcome, EDDY_ECANCELED);
    eddy_task_release(writer);
    pair_close(&pair);
    return 0;
}

TASK_TEST(line_may_hold_any_byte)
{
    stream_pair pair;
    eddy_view line;
    static const char bytes[] = "a\0b\xff\r\n\0\n\0";
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write(pair.client, bytes, sizeof bytes - 1), 0);
    assert_int_equal(eddy_stream_write_eof(pair.client), 0);
    assert_int_equal(eddy_stream_readline(pair.peer, &line), 6);
    assert_memory_equal(line.data, bytes, 6);
    assert_int_equal(eddy_stream_readline(pair.peer, &line), 2);
    assert_memory_equal(line.data, "\0\n", 2);
    assert_int_equal(eddy_stream_readline(pair.peer, &line), 1);
    assert_int_equal(line.data[0], '\0');
    assert_int_equal(eddy_stream_readline(pair.peer, &line), 0);
    pair_close(&pair);
    return 0;
}

static int answer_within_a_limit(eddy_stream *stream, void *arg)
{
    eddy_timeout limit;
    eddy_view line;
    int *too_slow = arg;
    (void)eddy_timeout_enter(&limit, 1);
    ptrdiff_t got = eddy_stream_readline(stream, &line);
    int rc = eddy_timeout_exit(&limit, (int)got);
    if (rc == EDDY_ETIMEDOUT) {
        *too_slow += 1;
        return 0; /* the server closes it */
    }
    return rc < 0 ? rc : eddy_stream_write(stream, line.data, line.size);
}

static int drip(void *arg)
{
    eddy_stream *stream = NULL;
    int rc = eddy_open_connection(&stream, "127.0.0.1", arg, NULL);
    while (rc == 0) { /* until the server has had enough */
        rc = eddy_stream_write(stream, "x", 1);
        if (rc == 0)
            rc = eddy_sleep(0.05);
    }
    eddy_stream_release(stream);
    return rc;
}

/* Clients that never come to an end cost their own time only. */
TASK_TEST(slow_loris_is_ended_by_a_limit_and_others_are_served)
{
    enum { DRIPPING = 20 };
    eddy_server *server;
    eddy_task *drips[DRIPPING];
    eddy_stream *stream;
    eddy_view line;
    char service[16];
    int too_slow = 0, outcome;
    (void)arg;
    assert_int_equal(eddy_start_server(&server, "127.0.0.1", "0", answer_within_a_limit, &too_slow, NULL), 0);
    snprintf(service, sizeof service, "%s", pair_service(server));
    for (int i = 0; i < DRIPPING; i++)
        assert_int_equal(eddy_create_task(&drips[i], drip, service, NULL), 0);
    assert_int_equal(eddy_sleep(0.02), 0);
    assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", service, NULL), 0);
    assert_int_equal(eddy_stream_write(stream, "quick\n", 6), 0);
    assert_int_equal(eddy_stream_readline(stream, &line), 6);
    eddy_stream_release(stream);
    for (int i = 0; i < DRIPPING; i++) {
        assert_int_equal(eddy_await(drips[i], &outcome), 0);
        assert_true(outcome == EDDY_ECONNRESET || outcome == EDDY_EPIPE);
        eddy_task_release(drips[i]);
    }
    assert_int_equal(too_slow, DRIPPING);
    eddy_server_close(server);
    assert_int_equal(eddy_server_wait_closed(server), 0);
    eddy_server_release(server);
    return 0;
}

int suite_streams_whole(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_M1_separator_that_ends_first_wins),
        cmocka_unit_test(rule_M3_consumed_leaves_room_for_the_longest_separator),
        cmocka_unit_test(rule_M1_no_separator_or_an_empty_one_is_refused),
        cmocka_unit_test(read_all_reads_until_the_end),
        cmocka_unit_test(read_all_over_its_limit_loses_nothing),
        cmocka_unit_test(rule_M6_cancelled_read_all_loses_nothing),
        cmocka_unit_test(writelines_sends_all_pieces_in_order),
        cmocka_unit_test(fault_S3_writelines_waits_above_the_mark),
        cmocka_unit_test(line_may_hold_any_byte),
        cmocka_unit_test(slow_loris_is_ended_by_a_limit_and_others_are_served),
    };
    return cmocka_run_group_tests_name("streams_whole", tests, NULL, NULL);
}
