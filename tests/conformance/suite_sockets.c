/* suite_sockets.c: loop.sock_...: a task's calls on a socket of the user's (rules Z1-Z3, DB5 of asyncio's inventory).
 * Touches the public API and sockets.h. After each call nothing of the socket stays registered. */
#include <stdio.h>

#include "loops.h"
#include "pair.h"
#include "sockets.h"
#include "suite.h"

#include "core/loop/loop.h"

/* ---- sockets of others ---- */

eddy_fd socket_make(enum eddyi_socket_type type, bool listening)
{
    eddy_fd fd;
    eddyi_address address;
    eddy_loop *loop = eddy_get_running_loop();
    assert_int_equal(loop->net->socket(loop->backend, &fd, EDDYI_FAMILY_IPV4, type), 0);
    assert_int_equal(loop->net->resolve(loop->backend, "127.0.0.1", "0", EDDYI_FAMILY_IPV4, type,
                                        EDDYI_RESOLVE_NUMERIC, &address, 1),
                     1);
    assert_true(loop->net->bind(loop->backend, fd, &address) >= 0);
    if (listening)
        assert_true(loop->net->listen(loop->backend, fd, 5) >= 0);
    return fd;
}

void socket_drop(eddy_fd fd)
{
    eddy_loop *loop = eddy_get_running_loop();
    assert_int_equal(loop->net->close(loop->backend, fd), 0);
}

const char *socket_service(eddy_fd fd)
{
    static char text[16];
    eddyi_address address;
    eddy_loop *loop = eddy_get_running_loop();
    assert_true(loop->net->local_address(loop->backend, fd, &address) >= 0);
    snprintf(text, sizeof text, "%d", loop->net->port(&address));
    return text;
}

void socket_pair(eddy_fd ends[2])
{
    eddy_loop *loop = eddy_get_running_loop();
    eddy_fd listener = socket_make(EDDYI_SOCKET_STREAM, true);
    ends[0] = socket_make(EDDYI_SOCKET_STREAM, false);
    assert_int_equal(eddy_loop_sock_connect(loop, ends[0], "127.0.0.1", socket_service(listener)), 0);
    assert_int_equal(eddy_loop_sock_accept(loop, &ends[1], listener, NULL), 0);
    socket_drop(listener);
}

/* Nothing of it is registered: a stream can have it. */
static void expect_unregistered(eddy_fd fd)
{
    eddy_stream *stream;
    assert_int_equal(eddy_open_connection_fd(&stream, fd, NULL), 0);
    eddy_stream_abort(stream);
    eddy_stream_release(stream);
}

/* ---- what they do ---- */

TASK_TEST(sock_connect_accept_send_and_receive)
{
    char text[8] = "", name[64], ours[64];
    eddy_address from;
    eddy_fd accepted;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    eddy_fd listener = socket_make(EDDYI_SOCKET_STREAM, true), fd = socket_make(EDDYI_SOCKET_STREAM, false);
    snprintf(ours, sizeof ours, "127.0.0.1:%s", socket_service(fd));
    assert_int_equal(eddy_loop_sock_connect(loop, fd, "127.0.0.1", socket_service(listener)), 0);
    assert_int_equal(eddy_loop_sock_accept(loop, &accepted, listener, &from), 0);
    assert_true(eddy_address_format(&from, name, sizeof name) > 0);
    assert_string_equal(name, ours);
    assert_int_equal(eddy_loop_sock_sendall(loop, fd, "hello", 5), 0);
    assert_int_equal(eddy_loop_sock_sendall(loop, fd, NULL, 0), 0);
    for (ptrdiff_t got = 0; got < 5;) {
        ptrdiff_t more = eddy_loop_sock_recv(loop, accepted, text + got, sizeof text - (size_t)got);
        assert_true(more > 0);
        got += more;
    }
    assert_string_equal(text, "hello");
    assert_true(loop->net->shutdown(loop->backend, fd, EDDYI_SHUT_WRITE) >= 0);
    assert_int_equal(eddy_loop_sock_recv(loop, accepted, text, sizeof text), 0);
    socket_drop(listener);
    expect_unregistered(fd);
    expect_unregistered(accepted);
    return 0;
}

TASK_TEST(stream_over_a_socket_that_was_made_elsewhere)
{
    eddy_fd ends[2];
    eddy_stream *stream, *second = NULL;
    eddy_view line;
    eddy_loop *loop = eddy_get_running_loop();
    eddy_connect_options options = {.size = sizeof options, .limit = 4};
    (void)arg;
    socket_pair(ends);
    assert_int_equal(eddy_open_connection_fd(&stream, ends[0], &options), 0);
    assert_int_equal(eddy_stream_fileno(stream), ends[0]);
    assert_int_equal(eddy_open_connection_fd(&second, ends[0], NULL), EDDY_EBUSY);
    assert_null(second);
    assert_int_equal(eddy_loop_sock_sendall(loop, ends[1], "four\nhello\n", 11), 0);
    assert_int_equal(eddy_stream_readline(stream, &line), 5);
    assert_int_equal(eddy_stream_readline(stream, &line), EDDY_ELIMIT);
    eddy_stream_close(stream);
    assert_int_equal(eddy_stream_wait_closed(stream), 0);
    eddy_stream_release(stream);
    socket_drop(ends[1]);
    eddy_fd datagrams = socket_make(EDDYI_SOCKET_DATAGRAM, false); /* what is no stream stays the caller's */
    assert_int_equal(eddy_open_connection_fd(&second, datagrams, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_open_connection_fd(NULL, datagrams, NULL), EDDY_EINVAL);
    socket_drop(datagrams);
    return 0;
}

typedef struct reading {
    eddy_fd fd;
    char text[16];
} reading;

static int receive(void *arg)
{
    reading *r = arg;
    ptrdiff_t got = eddy_loop_sock_recv(eddy_get_running_loop(), r->fd, r->text, sizeof r->text);
    return (int)got;
}

TASK_TEST(rule_Z1_second_call_in_a_direction_is_refused)
{
    eddy_fd ends[2];
    eddy_task *task;
    char byte;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    socket_pair(ends);
    reading r = {.fd = ends[0]};
    assert_int_equal(eddy_create_task(&task, receive, &r, NULL), 0);
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(eddy_loop_sock_recv(loop, ends[0], &byte, 1), EDDY_EBUSY);
    assert_int_equal(eddy_last_error()->code, EDDY_EBUSY);
    assert_int_equal(eddy_loop_sock_sendall(loop, ends[0], "y", 1), 0); /* the other direction is free */
    assert_int_equal(eddy_loop_sock_recv(loop, ends[1], &byte, 1), 1);
    assert_int_equal(eddy_loop_sock_sendall(loop, ends[1], "x", 1), 0);
    assert_int_equal(eddy_await(task, NULL), 1);
    assert_int_equal(r.text[0], 'x');
    eddy_task_release(task);
    expect_unregistered(ends[0]);
    expect_unregistered(ends[1]);
    return 0;
}

static void nothing(void *arg)
{
    (void)arg;
}

TASK_TEST(watched_socket_is_busy_in_that_direction_only)
{
    eddy_fd ends[2];
    char byte;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    socket_pair(ends);
    assert_int_equal(eddy_loop_add_reader(loop, ends[0], nothing, NULL), 0);
    assert_int_equal(eddy_loop_sock_recv(loop, ends[0], &byte, 1), EDDY_EBUSY);
    assert_int_equal(eddy_loop_sock_sendall(loop, ends[0], "x", 1), 0);
    assert_int_equal(eddy_loop_remove_reader(loop, ends[0]), 1);
    assert_int_equal(eddy_loop_sock_recv(loop, ends[1], &byte, 1), 1);
    assert_int_equal(eddy_sleep(0.01), 0); /* the watch's op is back */
    assert_int_equal(eddy_loop_sock_sendall(loop, ends[1], "x", 1), 0);
    assert_int_equal(eddy_loop_sock_recv(loop, ends[0], &byte, 1), 1);
    expect_unregistered(ends[0]);
    expect_unregistered(ends[1]);
    return 0;
}

TASK_TEST(rule_Z2_cancelled_call_consumes_nothing_and_unregisters)
{
    eddy_fd ends[2];
    eddy_task *task;
    char text[8];
    int outcome;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    socket_pair(ends);
    reading r = {.fd = ends[0]};
    assert_int_equal(eddy_create_task(&task, receive, &r, NULL), 0);
    assert_int_equal(eddy_sleep(0), 0);
    eddy_task_cancel(task);
    assert_int_equal(eddy_await(task, &outcome), 0);
    assert_int_equal(outcome, EDDY_ECANCELED);
    eddy_task_release(task);
    assert_int_equal(eddy_loop_sock_sendall(loop, ends[1], "x", 1), 0);
    assert_int_equal(eddy_loop_sock_recv(loop, ends[0], text, sizeof text), 1);
    expect_unregistered(ends[0]);
    expect_unregistered(ends[1]);
    return 0;
}

/* asyncio drops what was received (Z3); here each byte is either handed over or still there. */
TASK_TEST(rule_Z3_result_that_is_there_is_handed_over)
{
    int handed_over = 0, cancelled = 0;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    for (int steps = 0; steps < 400; steps += 8) { /* the backend is asked every so many */
        eddy_fd ends[2];
        eddy_task *task;
        int outcome;
        socket_pair(ends);
        reading r = {.fd = ends[0]};
        assert_int_equal(eddy_create_task(&task, receive, &r, NULL), 0);
        assert_int_equal(eddy_sleep(0), 0);
        assert_int_equal(eddy_loop_sock_sendall(loop, ends[1], "x", 1), 0);
        for (int k = 0; k < steps; k++)
            assert_int_equal(eddy_sleep(0), 0);
        eddy_task_cancel(task);
        assert_int_equal(eddy_await(task, &outcome), 0);
        eddy_task_release(task);
        assert_true(outcome == 1 || outcome == EDDY_ECANCELED);
        if (outcome == EDDY_ECANCELED)
            assert_int_equal(eddy_loop_sock_recv(loop, ends[0], r.text, sizeof r.text), 1);
        assert_int_equal(r.text[0], 'x');
        *(outcome == 1 ? &handed_over : &cancelled) += 1;
        socket_drop(ends[0]);
        socket_drop(ends[1]);
    }
    assert_true(handed_over > 0 && cancelled > 0);
    return 0;
}

static int accept_one(void *arg)
{
    eddy_fd *listener = arg, accepted;
    int rc = eddy_loop_sock_accept(eddy_get_running_loop(), &accepted, *listener, NULL);
    if (rc == 0)
        socket_drop(accepted);
    return rc;
}

TASK_TEST(rule_Z2_cancelled_accept_takes_no_connection)
{
    eddy_fd accepted;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    eddy_fd listener = socket_make(EDDYI_SOCKET_STREAM, true);
    for (int steps = 0; steps < 200; steps += 8) {
        eddy_task *task;
        int outcome;
        eddy_fd fd = socket_make(EDDYI_SOCKET_STREAM, false);
        assert_int_equal(eddy_create_task(&task, accept_one, &listener, NULL), 0);
        assert_int_equal(eddy_sleep(0), 0);
        assert_int_equal(eddy_loop_sock_connect(loop, fd, "127.0.0.1", socket_service(listener)), 0);
        for (int k = 0; k < steps; k++)
            assert_int_equal(eddy_sleep(0), 0);
        eddy_task_cancel(task);
        assert_int_equal(eddy_await(task, &outcome), 0);
        eddy_task_release(task);
        if (outcome != 0) { /* then it still waits in the queue */
            assert_int_equal(outcome, EDDY_ECANCELED);
            assert_int_equal(eddy_loop_sock_accept(loop, &accepted, listener, NULL), 0);
            socket_drop(accepted);
        }
        socket_drop(fd);
    }
    socket_drop(listener);
    return 0;
}

static int accept_and_connect(void *arg)
{
    eddy_task *task;
    eddy_fd listener = socket_make(EDDYI_SOCKET_STREAM, true);
    eddy_fd *kept = arg;
    kept[0] = listener;
    kept[1] = socket_make(EDDYI_SOCKET_STREAM, false);
    assert_int_equal(eddy_create_task(&task, accept_one, kept, NULL), 0);
    eddy_task_release(task);
    return eddy_loop_sock_connect(eddy_get_running_loop(), kept[1], "127.0.0.1", socket_service(listener));
}

static void unheard(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context; /* tasks are destroyed while they are pending: on purpose */
    (void)arg;
}

/* The accepted socket of a task that never runs again is closed. */
static void loop_closed_in_the_middle_leaves_no_socket(void **state)
{
    (void)state;
    for (int turns = 1; turns < 8; turns++) {
        eddy_task *task;
        eddy_fd kept[2] = {-1, -1};
        long blocks = support_live_blocks();
        int descriptors = support_open_descriptors();
        eddy_loop *loop = make_loop();
        assert_int_equal(eddy_loop_set_exception_handler(loop, unheard, NULL), 0);
        assert_int_equal(eddy_loop_create_task(loop, &task, accept_and_connect, kept, NULL), 0);
        for (int k = 0; k < turns; k++)
            assert_true(eddy_loop_run_once(loop, 0) >= 0);
        eddy_task_release(task);
        assert_int_equal(eddy_loop_close(loop), 0);
        for (int i = 0; i < 2 && !support_is_simulated(); i++)
            assert_int_equal(eddyi_platform_net.close(NULL, kept[i]), 0);
        eddy_loop_release(loop);
        support_expect_unchanged(blocks, descriptors);
    }
}

TASK_TEST(rule_DB5_debug_mode_wants_a_non_blocking_socket)
{
    eddy_fd ends[2];
    char byte;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    if (support_is_simulated())
        return support_skip("its sockets never block");
    if (!support_has(SUPPORT_TELLS_BLOCKING))
        return support_skip("whether a socket blocks cannot be asked");
    socket_pair(ends);
    bool debug = eddy_loop_get_debug(loop);
    eddy_loop_set_debug(loop, true);
    assert_int_equal(loop->net->set_option(loop->backend, ends[0], EDDYI_NON_BLOCKING, 0), 0);
    assert_int_equal(eddy_loop_sock_recv(loop, ends[0], &byte, 1), EDDY_EINVAL);
    assert_int_equal(eddy_loop_sock_sendall(loop, ends[0], "x", 1), EDDY_EINVAL);
    assert_int_equal(loop->net->set_option(loop->backend, ends[0], EDDYI_NON_BLOCKING, 1), 0);
    assert_int_equal(eddy_loop_sock_sendall(loop, ends[0], "x", 1), 0);
    assert_int_equal(eddy_loop_sock_recv(loop, ends[1], &byte, 1), 1);
    eddy_loop_set_debug(loop, debug);
    socket_drop(ends[0]);
    socket_drop(ends[1]);
    return 0;
}

TASK_TEST(sock_sendto_and_recvfrom_carry_addresses)
{
    char text[4] = "", name[64], ours[64];
    eddy_address to, from;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    eddy_fd one = socket_make(EDDYI_SOCKET_DATAGRAM, false), two = socket_make(EDDYI_SOCKET_DATAGRAM, false);
    snprintf(ours, sizeof ours, "127.0.0.1:%s", socket_service(one));
    snprintf(name, sizeof name, "127.0.0.1:%s", socket_service(two));
    assert_int_equal(eddy_address_parse(&to, name), 0);
    assert_int_equal(eddy_loop_sock_sendto(loop, one, "abc", 3, &to), 3);
    assert_int_equal(eddy_loop_sock_recvfrom(loop, two, text, sizeof text, &from), 3);
    assert_string_equal(text, "abc");
    assert_true(eddy_address_format(&from, name, sizeof name) > 0);
    assert_string_equal(name, ours);
    assert_int_equal(eddy_loop_sock_sendto(loop, one, "defgh", 5, &to), 5); /* cut */
    assert_int_equal(eddy_loop_sock_recvfrom(loop, two, text, sizeof text, NULL), 4);
    assert_memory_equal(text, "defg", 4);
    assert_int_equal(eddy_loop_sock_sendto(loop, one, NULL, 0, &to), 0); /* empty */
    assert_int_equal(eddy_loop_sock_recvfrom(loop, two, text, sizeof text, NULL), 0);
    socket_drop(one);
    socket_drop(two);
    return 0;
}

enum { MUCH = 1 << 20 };

static int send_much(void *arg)
{
    const reading *r = arg;
    char *data = calloc(1, MUCH);
    assert_non_null(data);
    int rc = eddy_loop_sock_sendall(eddy_get_running_loop(), r->fd, data, MUCH);
    if (rc == EDDY_ECANCELED)
        assert_true(eddy_last_error()->partial < MUCH);
    free(data);
    return rc;
}

TASK_TEST(sock_sendall_sends_all_to_a_slow_reader)
{
    static char room[65536];
    eddy_fd ends[2];
    eddy_task *task;
    size_t total = 0;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    socket_pair(ends);
    reading r = {.fd = ends[0]};
    assert_int_equal(eddy_create_task(&task, send_much, &r, NULL), 0);
    while (total < MUCH) {
        ptrdiff_t got = eddy_loop_sock_recv(loop, ends[1], room, sizeof room);
        assert_true(got > 0);
        total += (size_t)got;
    }
    assert_int_equal(eddy_await(task, NULL), 0);
    eddy_task_release(task);
    socket_drop(ends[0]);
    socket_drop(ends[1]);
    return 0;
}

/* S3: a peer that never reads makes the sender wait, and it can be cancelled out of it. */
TASK_TEST(fault_S3_sock_sendall_waits_and_tells_what_went)
{
    eddy_fd ends[2];
    eddy_task *task;
    int outcome;
    (void)arg;
    socket_pair(ends);
    eddy_loop *loop = eddy_get_running_loop();
    (void)loop->net->set_option(loop->backend, ends[0], EDDYI_SEND_BUFFER, 8192);
    reading r = {.fd = ends[0]};
    do {
        assert_int_equal(eddy_create_task(&task, send_much, &r, NULL), 0);
        assert_int_equal(eddy_sleep(0.02), 0);
        eddy_task_cancel(task);
        assert_int_equal(eddy_await(task, &outcome), 0);
        eddy_task_release(task);
    } while (outcome == 0); /* a kernel with room for it all */
    assert_int_equal(outcome, EDDY_ECANCELED);
    socket_drop(ends[0]);
    socket_drop(ends[1]);
    return 0;
}

TASK_TEST(fault_S12_sock_connect_that_fails_says_why)
{
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    eddy_fd held = socket_make(EDDYI_SOCKET_STREAM, false), fd = socket_make(EDDYI_SOCKET_STREAM, false);
    assert_int_equal(eddy_loop_sock_connect(loop, fd, "127.0.0.1", socket_service(held)), EDDY_ECONNREFUSED);
    assert_string_equal(eddy_last_error()->operation, "sock_connect");
    socket_drop(fd);
    socket_drop(held);
    fd = socket_make(EDDYI_SOCKET_STREAM, false); /* an address of another family is none of its own */
    int rc = eddy_loop_sock_connect(loop, fd, "::1", "9");
    assert_true(rc == EDDY_ENOHOST || rc == EDDY_EAFNOSUPPORT);
    socket_drop(fd);
    return 0;
}

TASK_TEST(sock_calls_refuse_what_makes_no_sense)
{
    stream_pair pair;
    char byte;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    assert_int_equal(eddy_loop_sock_recv(loop, -1, &byte, 1), EDDY_EINVAL);
    assert_int_equal(eddy_loop_sock_recv(NULL, 0, &byte, 1), EDDY_EINVAL);
    eddy_fd fd = socket_make(EDDYI_SOCKET_STREAM, true);
    assert_int_equal(eddy_loop_sock_recv(loop, fd, NULL, 1), EDDY_EINVAL);
    assert_int_equal(eddy_loop_sock_recv(loop, fd, &byte, 0), EDDY_EINVAL);
    assert_int_equal(eddy_loop_sock_accept(loop, NULL, fd, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_sock_sendall(loop, fd, NULL, 1), EDDY_EINVAL);
    socket_drop(fd);
    pair_open(&pair, NULL, NULL); /* a stream's descriptor is the stream's */
    assert_int_equal(eddy_loop_sock_recv(loop, eddy_stream_fileno(pair.client), &byte, 1), EDDY_EBUSY);
    pair_close(&pair);
    return 0;
}

int suite_sockets(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sock_connect_accept_send_and_receive),
        cmocka_unit_test(stream_over_a_socket_that_was_made_elsewhere),
        cmocka_unit_test(rule_Z1_second_call_in_a_direction_is_refused),
        cmocka_unit_test(watched_socket_is_busy_in_that_direction_only),
        cmocka_unit_test(rule_Z2_cancelled_call_consumes_nothing_and_unregisters),
        cmocka_unit_test(rule_Z3_result_that_is_there_is_handed_over),
        cmocka_unit_test(rule_Z2_cancelled_accept_takes_no_connection),
        cmocka_unit_test(loop_closed_in_the_middle_leaves_no_socket),
        cmocka_unit_test(rule_DB5_debug_mode_wants_a_non_blocking_socket),
        cmocka_unit_test(sock_sendto_and_recvfrom_carry_addresses),
        cmocka_unit_test(sock_sendall_sends_all_to_a_slow_reader),
        cmocka_unit_test(fault_S3_sock_sendall_waits_and_tells_what_went),
        cmocka_unit_test(fault_S12_sock_connect_that_fails_says_why),
        cmocka_unit_test(sock_calls_refuse_what_makes_no_sense),
    };
    return cmocka_run_group_tests_name("sockets", tests, NULL, NULL);
}
