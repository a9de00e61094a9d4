/* suite_streams_close.c: closing under somebody: under readers, writers, cancelled tasks, and whole loops under all of their tasks.
 * Touches the public API; the loop's network table for a listener that never answers. Nothing is left, whoever was waiting. */
#include "pair.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>

#include "core/loop/loop.h"

static int end_of(eddy_task *task)
{
    int outcome = 0;
    assert_int_equal(eddy_await(task, &outcome), 0);
    eddy_task_release(task);
    return outcome;
}

static eddy_task *start(eddy_coro_fn fn, void *arg)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, fn, arg, NULL), 0);
    return task;
}

/* ---- close and cancel at once ---- */

typedef struct reading {
    eddy_stream *stream;
    ptrdiff_t read;
    int after;
} reading;

/* A cancel must show at the read or at the await that follows it. */
static int read_then_wait(void *arg)
{
    reading *r = arg;
    char byte;
    r->read = eddy_stream_read(r->stream, &byte, 1);
    r->after = eddy_sleep(0);
    return 0;
}

TASK_TEST(fault_C1_cancel_is_not_swallowed_by_a_close_in_the_same_step)
{
    int cancelled_reads = 0, closed_reads = 0;
    (void)arg;
    for (int i = 0; i < 60; i++) {
        stream_pair pair;
        pair_open(&pair, NULL, NULL);
        reading r = {.stream = pair.client};
        eddy_task *task = start(read_then_wait, &r);
        assert_int_equal(eddy_sleep(0), 0);
        if (i % 2 == 0) {
            eddy_task_cancel(task);
            eddy_stream_close(pair.client);
        } else {
            eddy_stream_close(pair.client);
            eddy_task_cancel(task);
        }
        assert_int_equal(end_of(task), 0);
        assert_true(r.read == EDDY_ECANCELED || r.read == EDDY_ECLOSED);
        assert_int_equal(r.after, r.read == EDDY_ECANCELED ? 0 : EDDY_ECANCELED);
        cancelled_reads += r.read == EDDY_ECANCELED;
        closed_reads += r.read == EDDY_ECLOSED;
        pair_close(&pair);
    }
    assert_true(cancelled_reads > 0 && closed_reads > 0); /* both orders of events happened */
    return 0;
}

TASK_TEST(reader_whose_stream_is_aborted_ends_with_closed)
{
    stream_pair pair;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    reading r = {.stream = pair.client};
    eddy_task *task = start(read_then_wait, &r);
    assert_int_equal(eddy_sleep(0), 0);
    eddy_stream_abort(pair.client);
    eddy_stream_abort(pair.client);
    assert_int_equal(end_of(task), 0);
    assert_int_equal(r.read, EDDY_ECLOSED);
    assert_int_equal(r.after, 0);
    pair_close(&pair);
    return 0;
}

/* ---- writers that wait ---- */

typedef struct writing {
    eddy_stream *stream;
    const char *data;
    size_t size;
    bool drains; /* only drains */
} writing;

static int write_all(void *arg)
{
    writing *w = arg;
    return w->drains ? eddy_stream_drain(w->stream) : eddy_stream_write(w->stream, w->data, w->size);
}

enum { LARGE = 8 * 1024 * 1024 };
static char large[LARGE], back[LARGE + 1];

static void fill_large(void)
{
    for (size_t i = 0; i < LARGE; i++)
        large[i] = (char)(i * 7 + (i >> 10));
}

/* The writer and the drainers are told at once; what they wrote was taken and still goes out. */
TASK_TEST(close_ends_waiting_writers_with_closed_and_sends_what_they_wrote)
{
    stream_pair pair;
    (void)arg;
    fill_large();
    pair_open(&pair, NULL, NULL);
    writing w = {.stream = pair.client, .data = large, .size = LARGE};
    writing d = {.stream = pair.client, .drains = true};
    eddy_task *writer = start(write_all, &w);
    assert_int_equal(eddy_sleep(0), 0);
    eddy_task *drainer = start(write_all, &d);
    assert_int_equal(eddy_sleep(0), 0);
    assert_false(eddy_task_done(writer));
    assert_false(eddy_task_done(drainer));
    eddy_stream_close(pair.client);
    assert_int_equal(end_of(writer), EDDY_ECLOSED);
    assert_int_equal(end_of(drainer), EDDY_ECLOSED);
    assert_int_equal(pair_read_all(pair.peer, back, sizeof back), LARGE);
    assert_memory_equal(back, large, LARGE);
    assert_int_equal(eddy_stream_wait_closed(pair.client), 0);
    pair_close(&pair);
    return 0;
}

/* M8: on loss every one that waits is told, once, and each later call again. */
TASK_TEST(fault_S7_loss_is_told_to_each_waiting_writer)
{
    stream_pair pair;
    eddy_task *drainers[3];
    (void)arg;
    pair_open(&pair, NULL, NULL);
    writing w = {.stream = pair.client, .data = large, .size = LARGE};
    writing d = {.stream = pair.client, .drains = true};
    eddy_task *writer = start(write_all, &w);
    assert_int_equal(eddy_sleep(0), 0);
    for (int i = 0; i < 3; i++)
        drainers[i] = start(write_all, &d);
    assert_int_equal(eddy_sleep(0), 0);
    eddy_stream_abort(pair.peer);
    int told = end_of(writer);
    assert_true(told == EDDY_ECONNRESET || told == EDDY_EPIPE);
    for (int i = 0; i < 3; i++)
        assert_int_equal(end_of(drainers[i]), told);
    assert_int_equal(eddy_stream_drain(pair.client), told);
    assert_int_equal(eddy_stream_write_nowait(pair.client, "x", 1), told);
    assert_int_equal(eddy_stream_write_nowait(pair.client, "x", 1), told);
    pair_close(&pair);
    return 0;
}

/* S9: a peer that does not read keeps close waiting; abort ends it, exactly once. */
TASK_TEST(fault_S9_abort_ends_a_close_that_is_stuck)
{
    stream_pair pair;
    eddy_timeout limit;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write_nowait(pair.client, large, LARGE), 0);
    eddy_stream_close(pair.client);
    eddy_timeout_enter(&limit, 0);
    int rc = eddy_stream_wait_closed(pair.client);
    assert_int_equal(eddy_timeout_exit(&limit, rc), EDDY_ETIMEDOUT);
    assert_true(eddy_stream_is_closing(pair.client));
    assert_true(eddy_stream_fileno(pair.client) != -1);
    eddy_stream_abort(pair.client);
    assert_int_equal(eddy_stream_wait_closed(pair.client), 0);
    assert_int_equal(eddy_stream_fileno(pair.client), -1);
    assert_int_equal(eddy_stream_write_buffer_size(pair.client), 0);
    pair_close(&pair);
    return 0;
}

/* S9: ... or its limit does, and who waits is told why, each time. */
static void close_against_nobody(eddy_stream *stream)
{
    eddy_loop *loop = eddy_get_running_loop();
    assert_int_equal(eddy_stream_write_nowait(stream, large, LARGE), 0);
    double began = eddy_loop_time(loop);
    eddy_stream_close(stream);
    assert_true(eddy_stream_fileno(stream) != -1);
    assert_int_equal(eddy_stream_wait_closed(stream), EDDY_ETIMEDOUT);
    assert_true(eddy_loop_time(loop) - began >= 0.02);
    assert_int_equal(eddy_stream_wait_closed(stream), EDDY_ETIMEDOUT);
    assert_non_null(eddy_last_error()->message);
    assert_int_equal(eddy_stream_fileno(stream), -1);
    assert_int_equal(eddy_stream_write_buffer_size(stream), 0);
}

TASK_TEST(fault_S9_close_that_is_stuck_ends_with_its_limit)
{
    stream_pair pair;
    (void)arg;
    pair_open(&pair, EDDY_OPTIONS(eddy_connect_options, .close_timeout = 0.02), NULL);
    close_against_nobody(pair.client);
    pair_close(&pair);
    pair_open(&pair, NULL, EDDY_OPTIONS(eddy_server_options, .close_timeout = 0.02));
    close_against_nobody(pair.peer);
    pair_close(&pair);
    return 0;
}

TASK_TEST(fault_S9_close_within_its_limit_sends_everything)
{
    stream_pair pair;
    (void)arg;
    fill_large();
    pair_open(&pair, EDDY_OPTIONS(eddy_connect_options, .close_timeout = 1000), NULL);
    assert_int_equal(eddy_stream_write_nowait(pair.client, large, LARGE), 0);
    eddy_stream_close(pair.client);
    assert_int_equal(pair_read_all(pair.peer, back, sizeof back), LARGE);
    assert_memory_equal(back, large, LARGE);
    assert_int_equal(eddy_stream_wait_closed(pair.client), 0);
    pair_close(&pair);
    return 0;
}

/* The loop closes under it: its timer goes too. */
TASK_TEST(fault_S9_loop_closed_under_a_close_with_a_limit_leaves_nothing)
{
    stream_pair pair;
    (void)arg;
    pair_open(&pair, EDDY_OPTIONS(eddy_connect_options, .close_timeout = 1000), NULL);
    assert_int_equal(eddy_stream_write_nowait(pair.client, large, LARGE), 0);
    eddy_stream_release(pair.client);
    eddy_future_set_result(pair.leave, 0);
    eddy_stream_release(pair.peer);
    eddy_server_release(pair.server);
    eddy_future_release(pair.here);
    eddy_future_release(pair.leave);
    return 0;
}

static int never_serves(eddy_stream *stream, void *arg)
{
    (void)stream;
    (void)arg;
    return 0;
}

TASK_TEST(close_timeout_that_makes_no_sense_is_refused)
{
    static const double bad[] = {-1, (double)NAN};
    eddy_server *server;
    eddy_stream *stream;
    (void)arg;
    for (int i = 0; i < 2; i++) {
        eddy_connect_options connect = {.size = sizeof connect, .close_timeout = bad[i]};
        eddy_server_options serve = {.size = sizeof serve, .close_timeout = bad[i]};
        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", "1", &connect), EDDY_EINVAL);
        assert_int_equal(eddy_open_connection_fd(&stream, -1, &connect), EDDY_EINVAL);
        assert_int_equal(eddy_start_server(&server, "127.0.0.1", "0", never_serves, NULL, &serve),
                         EDDY_EINVAL);
    }
    return 0;
}

/* The last reference closes gracefully: the stream lives until all is sent. */
TASK_TEST(released_stream_sends_what_is_unsent)
{
    stream_pair pair;
    (void)arg;
    fill_large();
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write_nowait(pair.client, large, LARGE), 0);
    eddy_stream_release(pair.client);
    pair.client = NULL;
    assert_int_equal(pair_read_all(pair.peer, back, sizeof back), LARGE);
    assert_memory_equal(back, large, LARGE);
    eddy_stream_abort(pair.peer);
    eddy_future_set_result(pair.leave, 0);
    eddy_server_close(pair.server);
    assert_int_equal(eddy_server_wait_closed(pair.server), 0);
    eddy_stream_release(pair.peer);
    eddy_server_release(pair.server);
    eddy_future_release(pair.here);
    eddy_future_release(pair.leave);
    return 0;
}

/* ---- a loop that closes under its tasks ---- */

static void release_stream(void *stream)
{
    eddy_stream_release(stream);
}

static void release_server(void *server)
{
    eddy_server_release(server);
}

/* The server's end waits too: in a read, or without ever reading. */
static int only_read(eddy_stream *stream, void *arg)
{
    eddy_view line;
    (void)arg;
    return (int)eddy_stream_readline(stream, &line);
}

static int never_read(eddy_stream *stream, void *arg)
{
    (void)stream;
    (void)arg;
    return eddy_sleep(1e9);
}

static int open_server(eddy_server **out, eddy_client_fn fn)
{
    int rc = eddy_start_server(out, "127.0.0.1", "0", fn, NULL, NULL);
    return rc < 0 ? rc : eddy_defer(release_server, *out);
}

static int open_client(eddy_stream **out, eddy_client_fn fn)
{
    eddy_server *server = NULL;
    int rc = open_server(&server, fn);
    if (rc == 0)
        rc = eddy_open_connection(out, "127.0.0.1", pair_service(server), NULL);
    return rc < 0 ? rc : eddy_defer(release_stream, *out);
}

static int wait_in_read(void *arg)
{
    eddy_stream *stream;
    char byte;
    (void)arg;
    int rc = open_client(&stream, only_read);
    return rc < 0 ? rc : (int)eddy_stream_read(stream, &byte, 1);
}

static int wait_in_write(void *arg)
{
    eddy_stream *stream;
    (void)arg;
    int rc = open_client(&stream, never_read);
    while (rc == 0)
        rc = eddy_stream_write(stream, large, 100000);
    return rc;
}

static int wait_for_closed_stream(void *arg)
{
    eddy_stream *stream;
    (void)arg;
    int rc = open_client(&stream, never_read);
    if (rc == 0)
        rc = eddy_stream_write_nowait(stream, large, LARGE);
    eddy_stream_close(rc == 0 ? stream : NULL);
    return rc < 0 ? rc : eddy_stream_wait_closed(stream);
}

static int wait_for_closed_server(void *arg)
{
    eddy_server *server;
    (void)arg;
    int rc = open_server(&server, only_read);
    return rc < 0 ? rc : eddy_server_wait_closed(server);
}

static int wait_in_serve_forever(void *arg)
{
    eddy_server *server;
    (void)arg;
    int rc = open_server(&server, only_read);
    return rc < 0 ? rc : eddy_server_serve_forever(server);
}

static int wait_in_lookup(void *arg)
{
    eddy_stream *stream;
    (void)arg;
    int rc = eddy_open_connection(&stream, "127.0.0.1", "9",
                                  EDDY_OPTIONS(eddy_connect_options, .local_host = "localhost"));
    return rc < 0 ? rc : eddy_defer(release_stream, stream);
}

/* A listener whose queue is full: the kernel lets further connections wait. */
typedef struct silent {
    eddy_loop *loop;
    eddy_fd fd;
    char port[16];
} silent;

static void close_silent(void *arg)
{
    silent *s = arg;
    (void)s->loop->net->close(s->loop->backend, s->fd);
}

static int open_silent(silent *s)
{
    eddyi_address address;
    eddy_loop *loop = eddy_get_running_loop();
    const eddyi_net_ops *net = loop->net;
    s->loop = loop;
    int rc = net->socket(loop->backend, &s->fd, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
    if (rc < 0 || (rc = eddy_defer(close_silent, s)) < 0)
        return rc;
    rc = net->resolve(loop->backend, "127.0.0.1", "0", EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM,
                      EDDYI_RESOLVE_NUMERIC | EDDYI_RESOLVE_PASSIVE, &address, 1);
    if (rc < 0 || (rc = net->bind(loop->backend, s->fd, &address)) < 0 ||
        (rc = net->listen(loop->backend, s->fd, 0)) < 0 ||
        (rc = net->local_address(loop->backend, s->fd, &address)) < 0)
        return rc;
    snprintf(s->port, sizeof s->port, "%d", net->port(&address));
    return 0;
}

static int wait_in_connect(void *arg)
{
    static silent s;
    eddy_stream *stream;
    (void)arg;
    int rc = open_silent(&s);
    while (rc == 0) {
        rc = eddy_open_connection(&stream, "127.0.0.1", s.port, NULL);
        if (rc == 0)
            rc = eddy_defer(release_stream, stream);
    }
    return rc;
}

static void ignore_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context;
    (void)arg;
}

static void close_under(eddy_coro_fn body, int iterations, bool *pending)
{
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    eddy_loop *loop;
    eddy_task *task;
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    assert_int_equal(eddy_loop_set_exception_handler(loop, ignore_report, NULL), 0);
    assert_int_equal(eddy_loop_create_task(loop, &task, body, NULL, NULL), 0);
    for (int i = 0; i < iterations; i++)
        assert_true(eddy_loop_run_once(loop, support_is_simulated() ? 0.001 : 0) >=
                    0); /* virtual time costs none */
    *pending = !eddy_task_done(task);
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_task_release(task);
    eddy_loop_release(loop);
}

/* However far its task has come, a loop that closes leaves neither memory nor descriptors. */
static void leaves_nothing(eddy_coro_fn body, bool waits_for_ever)
{
    enum { MOST = 24 };
    bool pending = false;
    int times_pending = 0;
    eddyi_running_loop = NULL; /* a failed test before this one left its loop behind */
    for (int iterations = 0; iterations <= MOST; iterations++) {
        long blocks = support_live_blocks();
        int descriptors = support_open_descriptors();
        close_under(body, iterations, &pending);
        times_pending += pending;
        uint64_t limit = eddyi_clock_now() + UINT64_C(20000000000); /* a lookup may still end in its thread */
        while (support_live_blocks() != blocks && eddyi_clock_now() < limit)
            eddyi_thread_yield();
        assert_int_equal(support_live_blocks(), blocks);
        assert_int_equal(support_open_descriptors(), descriptors);
    }
    assert_true(pending || (!waits_for_ever && times_pending > 1)); /* it did wait there */
}

#define CLOSES_UNDER(name, body, waits_for_ever)                                                             \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        (void)state;                                                                                         \
        leaves_nothing(body, waits_for_ever);                                                                \
    }

CLOSES_UNDER(fault_P14_loop_closed_under_a_reader_leaves_nothing, wait_in_read, true)
CLOSES_UNDER(fault_P14_loop_closed_under_a_writer_leaves_nothing, wait_in_write, true)
CLOSES_UNDER(fault_P14_loop_closed_under_a_closing_stream_leaves_nothing, wait_for_closed_stream, true)
CLOSES_UNDER(fault_P14_loop_closed_under_a_server_leaves_nothing, wait_for_closed_server, true)
CLOSES_UNDER(fault_P14_loop_closed_under_serve_forever_leaves_nothing, wait_in_serve_forever, true)
CLOSES_UNDER(fault_P14_loop_closed_under_a_lookup_leaves_nothing, wait_in_lookup, false)
CLOSES_UNDER(fault_P14_loop_closed_under_a_connect_leaves_nothing, wait_in_connect, true)

int suite_streams_close(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_C1_cancel_is_not_swallowed_by_a_close_in_the_same_step),
        cmocka_unit_test(reader_whose_stream_is_aborted_ends_with_closed),
        cmocka_unit_test(close_ends_waiting_writers_with_closed_and_sends_what_they_wrote),
        cmocka_unit_test(fault_S7_loss_is_told_to_each_waiting_writer),
        cmocka_unit_test(fault_S9_abort_ends_a_close_that_is_stuck),
        cmocka_unit_test(fault_S9_close_that_is_stuck_ends_with_its_limit),
        cmocka_unit_test(fault_S9_close_within_its_limit_sends_everything),
        cmocka_unit_test(fault_S9_loop_closed_under_a_close_with_a_limit_leaves_nothing),
        cmocka_unit_test(close_timeout_that_makes_no_sense_is_refused),
        cmocka_unit_test(released_stream_sends_what_is_unsent),
        cmocka_unit_test(fault_P14_loop_closed_under_a_reader_leaves_nothing),
        cmocka_unit_test(fault_P14_loop_closed_under_a_writer_leaves_nothing),
        cmocka_unit_test(fault_P14_loop_closed_under_a_closing_stream_leaves_nothing),
        cmocka_unit_test(fault_P14_loop_closed_under_a_server_leaves_nothing),
        cmocka_unit_test(fault_P14_loop_closed_under_serve_forever_leaves_nothing),
        cmocka_unit_test(fault_P14_loop_closed_under_a_lookup_leaves_nothing),
        cmocka_unit_test(fault_P14_loop_closed_under_a_connect_leaves_nothing),
    };
    return cmocka_run_group_tests_name("closing", tests, NULL, NULL);
}
