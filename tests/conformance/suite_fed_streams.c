/* suite_fed_streams.c: streams that are fed, by hand and by transports (asyncio's StreamReader, 17). M1-M10 are rules of its inventory.
 * Touches the public API. */
#include "pair.h"
#include "recorder.h"
#include "suite.h"

#include <unistd.h>

#include "core/base/inject.h"

static eddy_stream *fed(size_t limit)
{
    eddy_stream *stream;
    assert_int_equal(eddy_stream_reader_create(&stream, limit), 0);
    return stream;
}

static void feed(eddy_stream *stream, const char *text)
{
    assert_true(eddy_stream_feed_data(stream, text, strlen(text)) >= 0);
}

static void expect_view(ptrdiff_t got, eddy_view view, const char *text)
{
    assert_int_equal(got, strlen(text));
    assert_int_equal(view.size, strlen(text));
    assert_memory_equal(view.data, text, view.size);
}

/* ---- every way to read ---- */

TASK_TEST(fed_stream_is_read_in_every_way)
{
    static const eddy_view either[] = {{";", 1}, {"..", 2}};
    char buffer[16];
    eddy_view view;
    (void)arg;
    eddy_stream *stream = fed(0);
    feed(stream, "0123456789line\nkey: value;a..rest of");
    assert_int_equal(eddy_stream_read(stream, buffer, 4), 4);
    assert_memory_equal(buffer, "0123", 4);
    assert_int_equal(eddy_stream_readexactly(stream, buffer, 6), 6);
    assert_memory_equal(buffer, "456789", 6);
    expect_view(eddy_stream_readline(stream, &view), view, "line\n");
    expect_view(eddy_stream_readuntil(stream, &view, ": ", 2), view, "key: ");
    expect_view(eddy_stream_readuntil_any(stream, &view, either, 2), view, "value;");
    expect_view(eddy_stream_readuntil_any(stream, &view, either, 2), view, "a..");
    feed(stream, " it");
    assert_int_equal(eddy_stream_feed_eof(stream), 0);
    assert_false(eddy_stream_at_eof(stream));
    expect_view(eddy_stream_read_all(stream, &view, 100), view, "rest of it");
    assert_true(eddy_stream_at_eof(stream));
    assert_int_equal(eddy_stream_read(stream, buffer, 4), 0);
    assert_int_equal(eddy_stream_readline(stream, &view), 0);
    eddy_stream_release(stream);
    return 0;
}

typedef struct line_reader {
    eddy_stream *stream;
    char text[64];
    ptrdiff_t length;
} line_reader;

static int read_line(void *arg)
{
    line_reader *self = arg;
    eddy_view line;
    self->length = eddy_stream_readline(self->stream, &line);
    if (self->length < 0)
        return (int)self->length;
    memcpy(self->text, line.data, line.size);
    return 0;
}

static eddy_task *start_reading(line_reader *self, eddy_stream *stream)
{
    eddy_task *task;
    *self = (line_reader){.stream = stream};
    assert_int_equal(eddy_create_task(&task, read_line, self, NULL), 0);
    support_turn_the_loop();
    assert_false(eddy_task_done(task));
    return task;
}

static int outcome(eddy_task *task)
{
    int rc = eddy_await(task, NULL);
    eddy_task_release(task);
    return rc;
}

TASK_TEST(fault_S1_fed_one_byte_at_a_time_keeps_lines_whole)
{
    line_reader self;
    (void)arg;
    eddy_stream *stream = fed(0);
    eddy_task *task = start_reading(&self, stream);
    for (const char *at = "one byte at a time\n"; *at != '\0'; at++) {
        assert_false(eddy_task_done(task));
        assert_int_equal(eddy_stream_feed_data(stream, at, 1), 0);
        support_turn_the_loop();
    }
    assert_int_equal(outcome(task), 0);
    assert_int_equal(self.length, 19);
    assert_memory_equal(self.text, "one byte at a time\n", 19);
    eddy_stream_release(stream);
    return 0;
}

TASK_TEST(fed_stream_gives_its_end_to_the_task_that_waits)
{
    line_reader self;
    eddy_view view;
    (void)arg;
    eddy_stream *stream = fed(0);
    eddy_task *task = start_reading(&self, stream);
    feed(stream, "no newline");
    assert_int_equal(eddy_stream_feed_eof(stream), 0); /* both before it has its turn: M5 */
    assert_int_equal(outcome(task), 0);
    assert_memory_equal(self.text, "no newline", 10);
    assert_int_equal(eddy_stream_feed_eof(stream), 0);
    assert_int_equal(eddy_stream_feed_data(stream, "x", 1), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_stream_feed_data(stream, NULL, 0), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_stream_readuntil(stream, &view, "x", 1), EDDY_EINCOMPLETE);
    eddy_stream_release(stream);
    return 0;
}

TASK_TEST(fed_stream_readexactly_that_comes_to_the_end_tells_what_there_was)
{
    char buffer[8];
    (void)arg;
    eddy_stream *stream = fed(0);
    feed(stream, "abc");
    assert_int_equal(eddy_stream_feed_eof(stream), 0);
    assert_int_equal(eddy_stream_readexactly(stream, buffer, sizeof buffer), EDDY_EINCOMPLETE);
    assert_int_equal(eddy_last_error()->partial, 3);
    assert_memory_equal(buffer, "abc", 3);
    eddy_stream_release(stream);
    return 0;
}

TASK_TEST(M6_fault_S10_read_that_is_cancelled_loses_nothing_that_was_fed)
{
    line_reader self;
    (void)arg;
    eddy_stream *stream = fed(0);
    eddy_task *task = start_reading(&self, stream);
    feed(stream, "half ");
    support_turn_the_loop();
    eddy_task_cancel(task);
    assert_int_equal(outcome(task), EDDY_ECANCELED);
    task = start_reading(&self, stream);
    feed(stream, "whole\n");
    eddy_task_cancel(task); /* what is there is handed over */
    int rc = outcome(task);
    assert_true(rc == 0 || rc == EDDY_ECANCELED);
    if (rc == EDDY_ECANCELED)
        assert_int_equal(read_line(&self), 0);
    assert_memory_equal(self.text, "half whole\n", 11);
    eddy_stream_release(stream);
    return 0;
}

TASK_TEST(M10_fault_S11_second_reader_of_a_fed_stream_is_refused)
{
    line_reader self;
    char buffer[4];
    (void)arg;
    eddy_stream *stream = fed(0);
    eddy_task *task = start_reading(&self, stream);
    assert_int_equal(eddy_stream_read(stream, buffer, sizeof buffer), EDDY_EBUSY);
    feed(stream, "\n");
    assert_int_equal(outcome(task), 0);
    eddy_stream_release(stream);
    return 0;
}

/* ---- what was handed out stays ---- */

TASK_TEST(fed_stream_keeps_what_a_read_handed_out_until_the_next_one)
{
    static char much[100000];
    eddy_view first, second;
    (void)arg;
    eddy_stream *stream = fed(SIZE_MAX / 4);
    feed(stream, "first\nsecond\nthi");
    assert_int_equal(eddy_stream_readline(stream, &first), 6);
    memset(much, 'x', sizeof much);
    for (int i = 0; i < 10; i++) /* more than there is room for, many times over */
        assert_int_equal(eddy_stream_feed_data(stream, much, sizeof much), 0);
    feed(stream, "\n");
    expect_view(6, first, "first\n");
    assert_int_equal(eddy_stream_readline(stream, &second), 7);
    expect_view(7, second, "second\n");
    assert_int_equal(eddy_stream_feed_eof(stream), 0);
    expect_view(7, second, "second\n");
    assert_int_equal(eddy_stream_readline(stream, &first), 3 + 10 * sizeof much + 1);
    assert_memory_equal(first.data, "thixxx", 6);
    assert_true(eddy_stream_at_eof(stream));
    eddy_stream_release(stream);
    return 0;
}

TASK_TEST(fed_stream_goes_on_behind_a_view_of_all_that_there_was)
{
    eddy_view view;
    (void)arg;
    eddy_stream *stream = fed(0);
    for (int i = 0; i < 3; i++) {
        feed(stream, "a\n");
        assert_int_equal(eddy_stream_readline(stream, &view), 2);
        feed(stream, "b");
        feed(stream, "c\n");
        expect_view(2, view, "a\n");
        expect_view(eddy_stream_readline(stream, &view), view, "bc\n");
    }
    assert_false(eddy_stream_at_eof(stream));
    assert_int_equal(eddy_stream_feed_eof(stream), 0);
    assert_true(eddy_stream_at_eof(stream)); /* what is handed out is read */
    eddy_stream_release(stream);
    return 0;
}

/* ---- limits ---- */

TASK_TEST(M2_M3_fault_S5_limit_of_a_fed_stream)
{
    eddy_view view;
    (void)arg;
    eddy_stream *stream = fed(4);
    feed(stream, "1234\n");
    expect_view(eddy_stream_readline(stream, &view), view, "1234\n"); /* exactly the limit is fine */
    feed(stream, "12345\nok\n");
    assert_int_equal(eddy_stream_readuntil(stream, &view, "\n", 1), EDDY_ELIMIT);
    assert_int_equal(eddy_last_error()->consumed, 5);
    assert_int_equal(eddy_stream_readline(stream, &view), EDDY_ELIMIT); /* dropped with its newline */
    expect_view(eddy_stream_readline(stream, &view), view, "ok\n");
    eddy_stream_release(stream);
    return 0;
}

TASK_TEST(M7_fault_S4_feeding_tells_when_it_is_too_much)
{
    char buffer[16];
    (void)arg;
    eddy_stream *stream = fed(4);
    assert_int_equal(eddy_stream_feed_data(stream, "12345678", 8), 0); /* twice the limit is not above it */
    assert_int_equal(eddy_stream_feed_data(stream, "9", 1), 1);
    assert_int_equal(eddy_stream_read(stream, buffer, 5), 5);
    assert_int_equal(eddy_stream_feed_data(stream, "a", 1), 0);
    eddy_stream_release(stream);
    return 0;
}

/* ---- errors and the end ---- */

TASK_TEST(fed_stream_with_an_exception_fails_every_read)
{
    line_reader self;
    char buffer[4];
    (void)arg;
    eddy_stream *stream = fed(0);
    eddy_task *task = start_reading(&self, stream);
    feed(stream, "abc");
    assert_int_equal(eddy_stream_exception(stream), 0);
    assert_int_equal(eddy_stream_set_exception(stream, 1), EDDY_EINVAL);
    assert_int_equal(eddy_stream_set_exception(stream, EDDY_EPROTO), 0);
    assert_int_equal(eddy_stream_set_exception(stream, EDDY_EIO), 0); /* the first one stays */
    assert_int_equal(outcome(task), EDDY_EPROTO);
    assert_int_equal(eddy_stream_read(stream, buffer, 1), EDDY_EPROTO); /* also with bytes there */
    assert_int_equal(eddy_stream_read(stream, buffer, 1), EDDY_EPROTO);
    assert_int_equal(eddy_stream_exception(stream), EDDY_EPROTO);
    assert_int_equal(eddy_stream_wait_closed(stream), EDDY_EPROTO);
    assert_int_equal(eddy_stream_feed_data(stream, "x", 1), EDDY_ECLOSED);
    eddy_stream_release(stream);
    return 0;
}

TASK_TEST(fed_stream_that_is_closed_ends_the_task_that_reads)
{
    line_reader self;
    (void)arg;
    eddy_stream *stream = fed(0);
    eddy_task *task = start_reading(&self, stream);
    eddy_stream_close(stream);
    assert_int_equal(outcome(task), EDDY_ECLOSED);
    assert_true(eddy_stream_is_closing(stream));
    assert_int_equal(eddy_stream_wait_closed(stream), 0);
    task = NULL;
    assert_int_equal(read_line(&self), EDDY_ECLOSED);
    eddy_stream_release(stream);
    return 0;
}

TASK_TEST(fed_stream_let_go_by_others_is_there_until_its_reader_has_gone_on)
{
    line_reader self;
    (void)arg;
    eddy_stream *stream = fed(0);
    eddy_task *task = start_reading(&self, stream);
    eddy_stream_close(stream);
    eddy_stream_release(stream);
    assert_int_equal(outcome(task), EDDY_ECLOSED);
    return 0;
}

TASK_TEST(fed_stream_is_not_written_and_has_no_names)
{
    char text[32];
    stream_pair pair;
    (void)arg;
    eddy_stream *stream = fed(0);
    assert_int_equal(eddy_stream_write(stream, "x", 1), EDDY_EOPNOTSUPP);
    assert_int_equal(eddy_stream_write_nowait(stream, "x", 1), EDDY_EOPNOTSUPP);
    assert_int_equal(eddy_stream_write_eof(stream), EDDY_EOPNOTSUPP);
    assert_int_equal(eddy_stream_peer_name(stream, text, sizeof text), EDDY_ENOTCONN);
    assert_int_equal(eddy_stream_local_name(stream, text, sizeof text), EDDY_ENOTCONN);
    assert_int_equal(eddy_stream_fileno(stream), -1);
    assert_null(eddy_stream_ssl_object(stream));
    assert_int_equal(eddy_stream_reader_create(NULL, 0), EDDY_EINVAL);
    assert_int_equal(eddy_stream_feed_data(NULL, "x", 1), EDDY_EINVAL);
    assert_int_equal(eddy_stream_feed_data(stream, NULL, 1), EDDY_EINVAL);
    assert_int_equal(eddy_stream_feed_data(stream, NULL, 0), 0);
    assert_int_equal(eddy_stream_feed_eof(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_stream_set_transport(stream, NULL), EDDY_EINVAL);
    eddy_stream_release(stream);
    pair_open(&pair, NULL, NULL); /* and one with a descriptor is not fed */
    assert_int_equal(eddy_stream_feed_data(pair.client, "x", 1), EDDY_EOPNOTSUPP);
    assert_int_equal(eddy_stream_feed_eof(pair.client), EDDY_EOPNOTSUPP);
    assert_int_equal(eddy_stream_set_exception(pair.client, EDDY_EIO), EDDY_EOPNOTSUPP);
    assert_null(eddy_stream_reader_protocol(pair.client));
    assert_int_equal(eddy_stream_exception(pair.client), 0);
    pair_close(&pair);
    return 0;
}

TASK_TEST(fault_M1_feeding_without_memory_takes_nothing)
{
    static char much[20000];
    eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_memory};
    eddy_view view;
    (void)arg;
    eddy_stream *stream = NULL;
    eddyi_inject_start(&plan);
    int rc = eddy_stream_reader_create(&stream, 0);
    eddyi_inject_stop();
    assert_int_equal(rc, EDDY_ENOMEM);
    plan.fail_at = 2;
    eddyi_inject_start(&plan);
    rc = eddy_stream_reader_create(&stream, 0);
    eddyi_inject_stop();
    assert_int_equal(rc, EDDY_ENOMEM);
    assert_null(stream);
    stream = fed(0);
    feed(stream, "a\nb");
    plan.fail_at = 1;
    eddyi_inject_start(&plan);
    rc = eddy_stream_feed_data(stream, much, sizeof much);
    eddyi_inject_stop();
    assert_int_equal(rc, EDDY_ENOMEM);
    assert_int_equal(eddy_stream_readline(stream, &view), 2);
    eddyi_inject_start(&plan);
    rc = eddy_stream_feed_data(stream, "\n", 1); /* while a view is out */
    eddyi_inject_stop();
    assert_int_equal(rc, EDDY_ENOMEM);
    expect_view(2, view, "a\n");
    feed(stream, "\n");
    expect_view(eddy_stream_readline(stream, &view), view, "b\n");
    eddy_stream_release(stream);
    return 0;
}

/* ---- fed by transports ---- */

typedef struct feeding {
    eddy_stream *stream;
    recorder client;
    eddy_server *server;
} feeding;

static int reader_factory(eddy_protocol **out, void *arg)
{
    *out = eddy_stream_reader_protocol(arg);
    return 0;
}

static void open_feeding(feeding *f, size_t limit)
{
    eddy_loop *loop = eddy_get_running_loop();
    f->stream = fed(limit);
    recorder_init(&f->client, false);
    assert_int_equal(
        eddy_loop_create_server(loop, &f->server, "127.0.0.1", "0", reader_factory, f->stream, NULL), 0);
    assert_int_equal(eddy_loop_create_connection(loop, NULL, "127.0.0.1", pair_service(f->server),
                                                 recorder_factory, &f->client, NULL),
                     0);
}

static void close_feeding(feeding *f)
{
    eddy_stream_close(f->stream);
    recorder_wait(&f->client, 'L');
    eddy_server_close(f->server);
    assert_int_equal(eddy_server_wait_closed(f->server), 0);
    eddy_server_release(f->server);
    eddy_stream_release(f->stream);
}

TASK_TEST(fed_stream_reads_what_a_transport_receives_and_closes_it)
{
    feeding f;
    eddy_view line;
    char buffer[4];
    (void)arg;
    open_feeding(&f, 0);
    assert_int_equal(eddy_transport_write(f.client.transport, "hello\nrest", 10), 0);
    expect_view(eddy_stream_readline(f.stream, &line), line, "hello\n");
    assert_int_equal(eddy_transport_write_eof(f.client.transport), 0);
    assert_int_equal(eddy_stream_readexactly(f.stream, buffer, 4), 4);
    assert_int_equal(eddy_stream_read(f.stream, buffer, 4), 0);
    assert_true(eddy_stream_at_eof(f.stream));
    support_turn_the_loop();
    assert_int_equal(recorder_count(&f.client, 'L'), 0); /* our half is open until the stream is closed */
    close_feeding(&f);
    assert_string_equal(f.client.story.text, "MeL");
    return 0;
}

TASK_TEST(fault_S7_fed_stream_gets_the_error_of_its_transport)
{
    static char much[4 << 20], buffer[1 << 16];
    feeding f;
    ptrdiff_t got;
    (void)arg;
    if (!support_has(SUPPORT_RESETS))
        return support_skip("an aborted connection ends like a closed one");
    open_feeding(&f, 0);
    assert_int_equal(eddy_transport_write(f.client.transport, much, sizeof much), 0);
    assert_true(eddy_stream_read(f.stream, buffer, sizeof buffer) > 0);
    eddy_transport_abort(f.client.transport); /* with bytes unsent: a reset */
    do
        got = eddy_stream_read(f.stream, buffer, sizeof buffer);
    while (got > 0);
    assert_int_equal(got, EDDY_ECONNRESET);
    assert_int_equal(eddy_stream_exception(f.stream), EDDY_ECONNRESET);
    close_feeding(&f);
    return 0;
}

/* M7: a peer that sends without end is held up, and goes on when it is read. */
TASK_TEST(M7_fault_S4_transport_is_paused_above_twice_the_limit)
{
    enum { MUCH = 4 << 20, LIMIT = 1000 };
    static char much[MUCH], got[MUCH];
    feeding f;
    (void)arg;
    open_feeding(&f, LIMIT);
    for (size_t i = 0; i < MUCH; i++)
        much[i] = (char)(i * 17);
    assert_int_equal(eddy_transport_write(f.client.transport, much, MUCH), 0);
    assert_int_equal(eddy_transport_write_eof(f.client.transport), 0);
    for (int i = 0; i < 50; i++)
        assert_int_equal(eddy_sleep(0), 0);
    assert_true(eddy_transport_get_write_buffer_size(f.client.transport) > 0);
    /* One read of a transport at most comes on top of that; a task that wants more than the limits gets it. */
    assert_int_equal(eddy_stream_readexactly(f.stream, got, MUCH / 2), MUCH / 2);
    assert_int_equal(eddy_stream_readexactly(f.stream, got + MUCH / 2, MUCH / 2), MUCH / 2);
    assert_memory_equal(got, much, MUCH);
    assert_int_equal(eddy_stream_read(f.stream, got, 1), 0);
    close_feeding(&f);
    return 0;
}

TASK_TEST(fed_stream_set_transport_is_once_and_pauses_by_itself)
{
    recorder_pair pair;
    char buffer[16];
    (void)arg;
    recorder_init(&pair.client, false);
    recorder_init(&pair.peer, false);
    recorder_pair_open(&pair, NULL, NULL);
    eddy_stream *stream = fed(4);
    assert_int_equal(eddy_stream_set_transport(stream, pair.client.transport), 0);
    assert_int_equal(eddy_stream_set_transport(stream, pair.client.transport), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_stream_feed_data(stream, "123456789", 9), 1);
    assert_false(eddy_transport_is_reading(pair.client.transport));
    assert_int_equal(eddy_stream_read(stream, buffer, 4), 4);
    assert_false(eddy_transport_is_reading(pair.client.transport)); /* five are left */
    assert_int_equal(eddy_stream_read(stream, buffer, 1), 1);
    assert_true(eddy_transport_is_reading(pair.client.transport));
    assert_int_equal(eddy_stream_feed_data(stream, "56789", 5), 1);
    assert_int_equal(eddy_stream_feed_eof(stream), 0);
    eddy_stream_close(stream);
    assert_true(eddy_transport_is_closing(pair.client.transport));
    eddy_stream_release(stream);
    recorder_pair_close(&pair);
    return 0;
}

static eddy_stream *left;

static int leave_fed(void *arg)
{
    static feeding f;
    static line_reader self;
    (void)arg;
    open_feeding(&f, 0);
    eddy_server_release(f.server);
    eddy_task *task = start_reading(&self, f.stream);
    eddy_task_release(task);
    left = f.stream;
    return 0;
}

static void fault_P14_loop_closed_under_a_fed_stream_leaves_nothing(void **state)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    (void)state;
    long blocks = support_live_blocks();
    int descriptors = support_open_descriptors();
    assert_int_equal(eddy_run(leave_fed, NULL, &options), 0);
    assert_int_equal(support_open_descriptors(), descriptors);
    assert_true(eddy_stream_is_closing(left));
    eddy_stream_release(left);
    assert_int_equal(support_live_blocks(), blocks);
}

int suite_fed_streams(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fed_stream_is_read_in_every_way),
        cmocka_unit_test(fault_S1_fed_one_byte_at_a_time_keeps_lines_whole),
        cmocka_unit_test(fed_stream_gives_its_end_to_the_task_that_waits),
        cmocka_unit_test(fed_stream_readexactly_that_comes_to_the_end_tells_what_there_was),
        cmocka_unit_test(M6_fault_S10_read_that_is_cancelled_loses_nothing_that_was_fed),
        cmocka_unit_test(M10_fault_S11_second_reader_of_a_fed_stream_is_refused),
        cmocka_unit_test(fed_stream_keeps_what_a_read_handed_out_until_the_next_one),
        cmocka_unit_test(fed_stream_goes_on_behind_a_view_of_all_that_there_was),
        cmocka_unit_test(M2_M3_fault_S5_limit_of_a_fed_stream),
        cmocka_unit_test(M7_fault_S4_feeding_tells_when_it_is_too_much),
        cmocka_unit_test(fed_stream_with_an_exception_fails_every_read),
        cmocka_unit_test(fed_stream_that_is_closed_ends_the_task_that_reads),
        cmocka_unit_test(fed_stream_let_go_by_others_is_there_until_its_reader_has_gone_on),
        cmocka_unit_test(fed_stream_is_not_written_and_has_no_names),
        cmocka_unit_test(fault_M1_feeding_without_memory_takes_nothing),
        cmocka_unit_test(fed_stream_reads_what_a_transport_receives_and_closes_it),
        cmocka_unit_test(fault_S7_fed_stream_gets_the_error_of_its_transport),
        cmocka_unit_test(M7_fault_S4_transport_is_paused_above_twice_the_limit),
        cmocka_unit_test(fed_stream_set_transport_is_once_and_pauses_by_itself),
        cmocka_unit_test(fault_P14_loop_closed_under_a_fed_stream_leaves_nothing),
    };
    return cmocka_run_group_tests_name("fed streams", tests, NULL, NULL);
}
