/* suite_sendfile.c: files into streams, transports and sockets: asyncio's 16.3, C10-C12, and a file cut short (S14).
 * Touches the public API, the injection table, and a file in /tmp that it removes. */
#include "pair.h"
#include "recorder.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/inject.h"

enum { SIZE = 700 * 1000 };
static char content[SIZE], received[SIZE + 16];
static char path[64];

static eddy_file *make_file(size_t size)
{
    eddy_file *file = NULL;
    snprintf(path, sizeof path, "/tmp/eddy_sendfile_XXXXXX");
    int fd = mkstemp(path);
    for (size_t i = 0; i < SIZE; i++)
        content[i] = (char)(i * 13 + i / 999);
    assert_true(fd >= 0 && write(fd, content, size) == (ssize_t)size);
    close(fd);
    int rc = eddy_file_open(&file, path, "r");
    unlink(path);
    assert_int_equal(rc, 0);
    return file;
}

/* ---- streams ---- */

typedef struct reading {
    eddy_stream *stream;
    size_t size; /* to be read */
    size_t got;
} reading;

static int read_some(void *arg)
{
    reading *r = arg;
    ptrdiff_t n = 1;
    while (r->got < r->size &&
           (n = eddy_stream_read(r->stream, received + r->got, sizeof received - r->got)) > 0)
        r->got += (size_t)n;
    return n < 0 ? (int)n : 0;
}

/* Whatever comes, and however much. */
static int read_and_forget(void *stream)
{
    ptrdiff_t n;
    while ((n = eddy_stream_read(stream, received, sizeof received)) > 0)
        continue;
    return (int)n;
}

static void send_and_compare(const eddy_sendfile_options *options, size_t from, size_t size)
{
    stream_pair pair;
    eddy_task *task;
    int outcome;
    eddy_file *file = make_file(SIZE);
    pair_open(&pair, NULL, NULL);
    reading r = {.stream = pair.peer, .size = 5 + size + 4};
    assert_int_equal(eddy_create_task(&task, read_some, &r, NULL), 0);
    assert_int_equal(eddy_stream_write(pair.client, "first", 5), 0);
    assert_int_equal(eddy_stream_sendfile(pair.client, file, options), size);
    assert_int_equal(eddy_file_tell(file), from + size);
    assert_int_equal(eddy_stream_write(pair.client, "last", 4), 0);
    assert_int_equal(eddy_await(task, &outcome), 0);
    assert_int_equal(outcome, 0);
    eddy_task_release(task);
    assert_int_equal(r.got, r.size);
    assert_memory_equal(received, "first", 5);
    assert_memory_equal(received + 5, content + from, size);
    assert_memory_equal(received + 5 + size, "last", 4);
    eddy_file_release(file);
    pair_close(&pair);
}

TASK_TEST(sendfile_C11_sends_all_of_a_file_or_a_part)
{
    (void)arg;
    send_and_compare(NULL, 0, SIZE);
    send_and_compare(EDDY_OPTIONS(eddy_sendfile_options, .offset = 100), 100, SIZE - 100);
    send_and_compare(EDDY_OPTIONS(eddy_sendfile_options, .offset = 7, .count = 40000), 7, 40000);
    send_and_compare(EDDY_OPTIONS(eddy_sendfile_options, .offset = SIZE - 3, .count = 40000), SIZE - 3, 3);
    return 0;
}

TASK_TEST(sendfile_C12_nothing_to_send_is_nothing)
{
    stream_pair pair;
    eddy_file *file = make_file(10);
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(
        eddy_stream_sendfile(pair.client, file, EDDY_OPTIONS(eddy_sendfile_options, .offset = 10)), 0);
    assert_int_equal(
        eddy_stream_sendfile(pair.client, file, EDDY_OPTIONS(eddy_sendfile_options, .offset = 999)), 0);
    eddy_file_release(file);
    pair_close(&pair);
    return 0;
}

/* C10: the system refuses; then it is read and written, or that is told. */
TASK_TEST(sendfile_C10_falls_back_or_says_that_it_would_have_to)
{
    stream_pair pair;
    eddy_file *file = make_file(1000);
    char in[1000];
    const eddy_sendfile_options strict = {.size = sizeof strict, .no_fallback = true};
    eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_send, .os_error = EINVAL};
    (void)arg;
    if (!support_has(SUPPORT_SENDS_FILES)) {
        eddy_file_release(file);
        return support_skip("the backend sends no files");
    }
    pair_open(&pair, NULL, NULL);
    eddyi_inject_start(&plan);
    int64_t refused = eddy_stream_sendfile(pair.client, file, &strict);
    eddyi_inject_start(&plan);
    int64_t sent = eddy_stream_sendfile(pair.client, file, NULL);
    eddyi_inject_stop();
    assert_int_equal(refused, EDDY_ESENDFILE);
    assert_int_equal(sent, 1000);
    assert_int_equal(eddy_stream_readexactly(pair.peer, in, 1000), 1000);
    assert_memory_equal(in, content, 1000);
    eddy_file_release(file);
    pair_close(&pair);
    return 0;
}

/* Each call of the system takes little, and the peer reads slowly: all arrives, once. */
TASK_TEST(sendfile_in_small_pieces_keeps_every_byte)
{
    stream_pair pair;
    eddy_task *task;
    eddy_file *file = make_file(20000);
    eddyi_inject_plan plan = {.most_bytes = 777};
    (void)arg;
    pair_open(&pair, NULL, NULL);
    reading r = {.stream = pair.peer, .size = 20000};
    assert_int_equal(eddy_create_task(&task, read_some, &r, NULL), 0);
    eddyi_inject_start(&plan);
    int64_t sent = eddy_stream_sendfile(pair.client, file, NULL);
    eddyi_inject_stop();
    assert_int_equal(sent, 20000);
    assert_int_equal(eddy_await(task, NULL), 0);
    eddy_task_release(task);
    assert_memory_equal(received, content, 20000);
    eddy_file_release(file);
    pair_close(&pair);
    return 0;
}

/* ---- while one is under way ---- */

typedef struct sender {
    eddy_stream *stream;
    eddy_file *file;
    int64_t result;
    uint64_t partial;
} sender;

static int send_it(void *arg)
{
    sender *s = arg;
    s->result = eddy_stream_sendfile(s->stream, s->file, NULL);
    s->partial = eddy_last_error()->partial;
    return 0;
}

/* Several files after each other into a peer that does not read: the last one waits. */
static eddy_task *send_until_it_waits(sender *s, stream_pair *pair, eddy_file *file)
{
    for (;;) {
        eddy_task *task;
        *s = (sender){.stream = pair->client, .file = file, .result = EDDY_EINVALIDSTATE};
        assert_int_equal(eddy_create_task(&task, send_it, s, NULL), 0);
        for (int i = 0; i < 50 && !eddy_task_done(task); i++)
            assert_int_equal(eddy_sleep(0.001), 0);
        if (!eddy_task_done(task))
            return task;
        eddy_task_release(task);
    }
}

TASK_TEST(sendfile_forbids_writing_meanwhile_and_can_be_cancelled)
{
    stream_pair pair;
    sender s;
    eddy_file *file = make_file(SIZE);
    (void)arg;
    pair_open(&pair, NULL, NULL);
    eddy_task *task = send_until_it_waits(&s, &pair, file);
    assert_int_equal(eddy_stream_write(pair.client, "x", 1), EDDY_EBUSY);
    assert_int_equal(eddy_stream_write_eof(pair.client), EDDY_EBUSY);
    assert_int_equal(eddy_stream_sendfile(pair.client, file, NULL), EDDY_EBUSY);
    eddy_task_cancel(task);
    assert_int_equal(eddy_await(task, NULL), 0);
    eddy_task_release(task);
    assert_int_equal(s.result, EDDY_ECANCELED);
    assert_int_equal(eddy_file_tell(file), s.partial);
    eddy_error_clear();
    assert_int_equal(eddy_stream_write_nowait(pair.client, "x", 1), 0); /* free again */
    eddy_file_release(file);
    pair_close(&pair);
    return 0;
}

TASK_TEST(sendfile_ends_when_the_stream_is_closed_or_lost)
{
    eddy_file *file = make_file(SIZE);
    (void)arg;
    for (int how = 0; how < 3; how++) {
        stream_pair pair;
        sender s;
        pair_open(&pair, NULL, NULL);
        eddy_task *task = send_until_it_waits(&s, &pair, file);
        if (how == 0)
            eddy_stream_close(pair.client);
        else if (how == 1)
            eddy_stream_abort(pair.client);
        else
            eddy_stream_abort(pair.peer);
        assert_int_equal(eddy_await(task, NULL), 0);
        eddy_task_release(task);
        if (how < 2)
            assert_int_equal(s.result, EDDY_ECLOSED);
        else
            assert_true(s.result == EDDY_ECONNRESET || s.result == EDDY_EPIPE);
        assert_true(s.partial < SIZE);
        if (how == 0)
            eddy_stream_abort(pair.client);
        pair_close(&pair);
    }
    eddy_file_release(file);
    return 0;
}

/* S14: the file is cut while it is being sent: what was there is sent, and it ends. */
TASK_TEST(fault_S14_file_that_shrinks_ends_the_sendfile)
{
    stream_pair pair;
    sender s;
    eddy_task *reader;
    (void)arg;
    snprintf(path, sizeof path, "/tmp/eddy_sendfile_XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0 && ftruncate(fd, 1 << 26) == 0);
    eddy_file *file = NULL;
    int rc = eddy_file_open(&file, path, "r");
    unlink(path);
    assert_int_equal(rc, 0);
    pair_open(&pair, NULL, NULL);
    eddy_task *task = send_until_it_waits(&s, &pair, file);
    assert_int_equal(ftruncate(fd, 10), 0);
    close(fd);
    assert_int_equal(eddy_create_task(&reader, read_and_forget, pair.peer, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), 0);
    eddy_task_release(task);
    assert_true(s.result > 0 && s.result < 1 << 26);
    eddy_task_cancel(reader);
    (void)!eddy_await(reader, &rc);
    eddy_task_release(reader);
    eddy_file_release(file);
    pair_close(&pair);
    return 0;
}

/* ---- what is no regular file ---- */

TASK_TEST(sendfile_of_a_pipe_is_read_and_written)
{
    stream_pair pair;
    char in[8];
    eddy_file *file;
    (void)arg;
    if (access("/dev/stdin", R_OK) != 0 && access("/proc/self/fd", R_OK) != 0)
        return 0;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "through", 7), 7);
    close(ends[1]);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    int rc = eddy_file_open(&file, path, "r");
    close(ends[0]);
    assert_int_equal(rc, 0);
    pair_open(&pair, NULL, NULL);
    assert_int_equal(
        eddy_stream_sendfile(pair.client, file, EDDY_OPTIONS(eddy_sendfile_options, .offset = 1)),
        EDDY_EOPNOTSUPP);
    assert_int_equal(
        eddy_stream_sendfile(pair.client, file, EDDY_OPTIONS(eddy_sendfile_options, .no_fallback = true)),
        EDDY_ESENDFILE);
    assert_int_equal(eddy_stream_sendfile(pair.client, file, NULL), 7);
    assert_int_equal(eddy_stream_readexactly(pair.peer, in, 7), 7);
    assert_memory_equal(in, "through", 7);
    eddy_file_release(file);
    pair_close(&pair);
    return 0;
}

/* ---- transports ---- */

TASK_TEST(sendfile_into_a_transport_comes_after_what_is_unsent)
{
    static recorder_pair pair;
    eddy_file *file = make_file(60000);
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    recorder_init(&pair.client, false);
    recorder_init(&pair.peer, false);
    recorder_pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_transport_write(pair.client.transport, "head", 4), 0);
    assert_int_equal(eddy_loop_sendfile(loop, pair.client.transport, file, NULL), 60000);
    assert_true(eddy_transport_is_reading(pair.client.transport));
    assert_int_equal(eddy_transport_write(pair.client.transport, "tail", 4), 0);
    recorder_wait_data(&pair.peer, 60008);
    assert_memory_equal(pair.peer.data, "head", 4);
    assert_memory_equal(pair.peer.data + 4, content, 60000);
    assert_memory_equal(pair.peer.data + 60004, "tail", 4);
    eddy_transport *kept = eddy_transport_retain(pair.client.transport);
    recorder_pair_close(&pair);
    assert_int_equal(eddy_loop_sendfile(loop, kept, file, NULL), EDDY_ECLOSED);
    eddy_transport_release(kept);
    eddy_file_release(file);
    return 0;
}

TASK_TEST(sendfile_waits_until_a_full_transport_is_empty)
{
    static recorder_pair pair;
    static char much[1 << 20];
    eddy_file *file = make_file(1000);
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    recorder_init(&pair.client, false);
    recorder_init(&pair.peer, false);
    recorder_pair_open(&pair, NULL, NULL);
    for (int i = 0; i < 8; i++)
        assert_int_equal(eddy_transport_write(pair.client.transport, much, sizeof much), 0);
    assert_true(eddy_transport_get_write_buffer_size(pair.client.transport) > 0);
    assert_int_equal(eddy_loop_sendfile(loop, pair.client.transport, file, NULL), 1000);
    recorder_wait_data(&pair.peer, 8 * sizeof much + 1000);
    recorder_pair_close(&pair);
    eddy_file_release(file);
    return 0;
}

/* ---- bare sockets ---- */

TASK_TEST(sendfile_into_a_socket_of_ones_own)
{
    int ends[2], got = 0;
    eddy_loop *loop = eddy_get_running_loop();
    eddy_file *file = make_file(3000);
    (void)arg;
    if (support_is_simulated()) { /* no foreign descriptors there */
        assert_true(eddy_loop_sock_sendfile(loop, 0, file, NULL) < 0);
        eddy_file_release(file);
        return 0;
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_send, .os_error = EINVAL};
    for (int fallback = 0; fallback < 2; fallback++) {
        if (fallback && support_has(SUPPORT_SENDS_FILES))
            eddyi_inject_start(&plan);
        int64_t sent = eddy_loop_sock_sendfile(loop, ends[0], file, NULL);
        eddyi_inject_stop();
        assert_int_equal(sent, 3000);
        for (got = 0; got < 3000;) {
            ssize_t n = read(ends[1], received + got, (size_t)(3000 - got));
            assert_true(n > 0);
            got += (int)n;
        }
        assert_memory_equal(received, content, 3000);
    }
    assert_int_equal(eddy_loop_sock_sendfile(loop, -1, file, NULL), EDDY_EBADF);
    close(ends[1]);
    int64_t told = 0; /* where the pair goes over a network, that may take some before it hears */
    for (int i = 0; i < 1000 && told >= 0; i++)
        told = eddy_loop_sock_sendfile(loop, ends[0], file, NULL);
    assert_true(told == EDDY_EPIPE || told == EDDY_ECONNRESET);
    close(ends[0]);
    eddy_file_release(file);
    return 0;
}

/* ---- the loop closes ---- */

static int leave_sending(void *arg)
{
    static sender s;
    static stream_pair pair;
    eddy_file *file = make_file(SIZE);
    (void)arg;
    pair_open(&pair, NULL, NULL);
    eddy_task_release(send_until_it_waits(&s, &pair, file));
    eddy_file_release(file);
    eddy_stream_release(pair.client);
    eddy_stream_release(pair.peer);
    eddy_server_release(pair.server);
    eddy_future_release(pair.here);
    eddy_future_release(pair.leave);
    return 0;
}

static void fault_P14_loop_closed_under_a_sendfile_leaves_nothing(void **state)
{
    (void)state;
    assert_int_equal(support_run(leave_sending, NULL), 0);
}

TASK_TEST(sendfile_refuses_what_makes_no_sense)
{
    stream_pair pair;
    eddy_file *file = make_file(10);
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_sendfile(NULL, file, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_stream_sendfile(pair.client, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(
        eddy_stream_sendfile(pair.client, file, EDDY_OPTIONS(eddy_sendfile_options, .offset = UINT64_MAX)),
        EDDY_EINVAL);
    assert_int_equal(eddy_loop_sendfile(NULL, NULL, file, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_sock_sendfile(NULL, 0, file, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_stream_write_eof(pair.client), 0);
    assert_int_equal(eddy_stream_sendfile(pair.client, file, NULL), EDDY_ECLOSED);
    assert_int_equal(eddy_file_close(file), 0);
    assert_int_equal(eddy_stream_sendfile(pair.peer, file, NULL), EDDY_ECLOSED);
    eddy_file_release(file);
    pair_close(&pair);
    return 0;
}

int suite_sendfile(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sendfile_C11_sends_all_of_a_file_or_a_part),
        cmocka_unit_test(sendfile_C12_nothing_to_send_is_nothing),
        cmocka_unit_test(sendfile_C10_falls_back_or_says_that_it_would_have_to),
        cmocka_unit_test(sendfile_in_small_pieces_keeps_every_byte),
        cmocka_unit_test(sendfile_forbids_writing_meanwhile_and_can_be_cancelled),
        cmocka_unit_test(sendfile_ends_when_the_stream_is_closed_or_lost),
        cmocka_unit_test(fault_S14_file_that_shrinks_ends_the_sendfile),
        cmocka_unit_test(sendfile_of_a_pipe_is_read_and_written),
        cmocka_unit_test(sendfile_into_a_transport_comes_after_what_is_unsent),
        cmocka_unit_test(sendfile_waits_until_a_full_transport_is_empty),
        cmocka_unit_test(sendfile_into_a_socket_of_ones_own),
        cmocka_unit_test(fault_P14_loop_closed_under_a_sendfile_leaves_nothing),
        cmocka_unit_test(sendfile_refuses_what_makes_no_sense),
    };
    return cmocka_run_group_tests_name("sendfile", tests, NULL, NULL);
}
