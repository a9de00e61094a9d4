/* suite_server_made.c: what a server is made of: several hosts, or a socket that somebody else made (asyncio's create_server).
 * Touches the public API, and the network table to make sockets. A server that cannot be made leaves all as it was. */
#include <stdio.h>

#include "loops.h"
#include "pair.h"
#include "suite.h"

#include "core/loop/loop.h"
#include "core/platform.h"

static int echo(eddy_stream *stream, void *arg)
{
    char byte;
    (void)arg;
    ptrdiff_t got = eddy_stream_read(stream, &byte, 1);
    return got > 0 ? eddy_stream_write(stream, &byte, 1) : (int)got;
}

static void expect_echo(const char *host, const char *service)
{
    char byte = 'x';
    eddy_stream *stream;
    assert_int_equal(eddy_open_connection(&stream, host, service, NULL), 0);
    assert_int_equal(eddy_stream_write(stream, "e", 1), 0);
    assert_int_equal(eddy_stream_read(stream, &byte, 1), 1);
    assert_int_equal(byte, 'e');
    eddy_stream_abort(stream);
    eddy_stream_release(stream);
}

static void end_server(eddy_server *server)
{
    eddy_server_close(server);
    assert_int_equal(eddy_server_wait_closed(server), 0);
    eddy_server_release(server);
}

static bool has_ipv6(void)
{
    eddy_fd fd;
    eddyi_address address;
    eddy_loop *loop = eddy_get_running_loop();
    if (loop->net->socket(loop->backend, &fd, EDDYI_FAMILY_IPV6, EDDYI_SOCKET_STREAM) < 0)
        return false;
    bool there = loop->net->resolve(loop->backend, "::1", "0", EDDYI_FAMILY_IPV6, EDDYI_SOCKET_STREAM,
                                    EDDYI_RESOLVE_NUMERIC, &address, 1) == 1 &&
                 loop->net->bind(loop->backend, fd, &address) >= 0;
    (void)loop->net->close(loop->backend, fd);
    return there;
}

TASK_TEST(server_on_several_hosts_binds_each_address_once)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "127.0.0.1", "::1"};
    char name[64], service[16];
    eddy_server *server;
    size_t count = has_ipv6() ? 2 : 1;
    eddy_server_options options = {.size = sizeof options, .hosts = hosts, .host_count = count == 2 ? 4 : 3};
    (void)arg;
    assert_int_equal(eddy_start_server(&server, NULL, "0", echo, NULL, &options), 0);
    int ipv6 = -1;
    for (size_t i = 0; i < count; i++) {
        assert_true(eddy_server_name(server, i, name, sizeof name) > 0);
        ipv6 = strncmp(name, "[::1]:", 6) == 0 ? (int)i : ipv6;
    }
    assert_int_equal(eddy_server_name(server, count, name, sizeof name), EDDY_EINVAL);
    assert_true((ipv6 >= 0) == (count == 2));
    for (size_t i = 0; i < count; i++) {
        snprintf(service, sizeof service, "%d", eddy_server_port(server, i));
        expect_echo((int)i == ipv6 ? "::1" : "127.0.0.1", service);
    }
    end_server(server);
    return 0;
}

TASK_TEST(hosts_that_make_no_sense_are_refused_and_nothing_is_bound)
{
    static const char *const hosts[] = {"127.0.0.1", "no-such-host.invalid"};
    eddy_server *server = NULL;
    eddy_server_options options = {.size = sizeof options, .hosts = hosts, .host_count = 1};
    (void)arg;
    int descriptors = support_open_descriptors();
    assert_int_equal(eddy_start_server(&server, "127.0.0.1", "0", echo, NULL, &options), EDDY_EINVAL);
    options.host_count = 0;
    assert_int_equal(eddy_start_server(&server, NULL, "0", echo, NULL, &options), EDDY_EINVAL);
    options.hosts = NULL;
    options.host_count = 1;
    assert_int_equal(eddy_start_server(&server, NULL, "0", echo, NULL, &options), EDDY_EINVAL);
    options.hosts = hosts;
    options.host_count = 2;
    int rc = eddy_start_server(&server, NULL, "0", echo, NULL, &options);
    assert_true(rc == EDDY_ENOHOST || rc == EDDY_ERESOLVE || rc == EDDY_ERESOLVEFAIL);
    assert_null(server);
    assert_int_equal(support_open_descriptors(), descriptors);
    return 0;
}

/* A socket of the kind, bound to a free port of 127.0.0.1 unless it is not to be. */
static eddy_fd make_socket(enum eddyi_socket_type type, bool listening)
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

TASK_TEST(server_adopts_a_bound_or_listening_socket)
{
    eddy_server *server;
    (void)arg;
    for (int listening = 0; listening < 2; listening++) {
        eddy_fd fd = make_socket(EDDYI_SOCKET_STREAM, listening != 0);
        assert_int_equal(eddy_start_server_fd(&server, fd, echo, NULL, NULL), 0);
        expect_echo("127.0.0.1", pair_service(server));
        end_server(server); /* the socket is closed with it */
    }
    eddy_server_options later = {.size = sizeof later, .do_not_start = true};
    assert_int_equal(
        eddy_start_server_fd(&server, make_socket(EDDYI_SOCKET_STREAM, false), echo, NULL, &later), 0);
    assert_false(eddy_server_is_serving(server));
    assert_int_equal(eddy_server_start_serving(server), 0);
    expect_echo("127.0.0.1", pair_service(server));
    end_server(server);
    return 0;
}

static int greet(eddy_protocol **out, void *arg)
{
    *out = arg;
    return 0;
}

static void write_greeting(eddy_protocol *protocol, eddy_transport *transport)
{
    (void)protocol;
    assert_int_equal(eddy_transport_write(transport, "hi", 2), 0);
    eddy_transport_close(transport);
}

TASK_TEST(create_server_adopts_a_socket)
{
    static const eddy_protocol_type type = {.size = sizeof type, .connection_made = write_greeting};
    static eddy_protocol protocol = {.type = &type}; /* connection_lost may come after the server is gone */
    eddy_server *server;
    eddy_stream *stream;
    char text[3] = "";
    (void)arg;
    eddy_fd fd = make_socket(EDDYI_SOCKET_STREAM, true);
    assert_int_equal(eddy_loop_create_server_fd(eddy_get_running_loop(), &server, fd, greet, &protocol, NULL),
                     0);
    assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", pair_service(server), NULL), 0);
    assert_int_equal(eddy_stream_readexactly(stream, text, 2), 2);
    assert_string_equal(text, "hi");
    eddy_stream_release(stream);
    end_server(server);
    return 0;
}

TASK_TEST(socket_that_cannot_be_served_on_stays_the_callers)
{
    stream_pair pair;
    eddy_server *server = NULL;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    eddy_fd datagrams = make_socket(EDDYI_SOCKET_DATAGRAM, false);
    assert_int_equal(eddy_start_server_fd(&server, datagrams, echo, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(loop->net->close(loop->backend, datagrams), 0);
    assert_true(eddy_start_server_fd(&server, -1, echo, NULL, NULL) < 0);
    pair_open(&pair, NULL, NULL); /* a socket that the loop has */
    assert_int_equal(eddy_start_server_fd(&server, eddy_stream_fileno(pair.client), echo, NULL, NULL),
                     EDDY_EBUSY);
    assert_int_equal(eddy_stream_write(pair.client, "x", 1), 0);
    pair_close(&pair);
    eddy_fd fd = make_socket(EDDYI_SOCKET_STREAM, false);
    assert_int_equal(eddy_start_server_fd(&server, fd, NULL, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_start_server_fd(NULL, fd, echo, NULL, NULL), EDDY_EINVAL);
    assert_null(server);
    assert_int_equal(loop->net->close(loop->backend, fd), 0);
    return 0;
}

static int serve_on_two(void *arg)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "no-such-host.invalid"};
    eddy_server *server;
    eddy_server_options options = {.size = sizeof options, .hosts = hosts, .host_count = 3};
    (void)arg;
    int rc = eddy_start_server(&server, NULL, "0", echo, NULL, &options);
    return rc;
}

static void unheard(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context; /* the task is destroyed while it is pending: on purpose */
    (void)arg;
}

static void fault_D3_loop_closed_between_two_hosts_gives_the_first_back(void **state)
{
    (void)state;
    for (int turns = 1; turns < 5; turns++) {
        eddy_task *task;
        long blocks = support_live_blocks();
        int descriptors = support_open_descriptors();
        eddy_loop *loop = make_loop();
        assert_int_equal(eddy_loop_set_exception_handler(loop, unheard, NULL), 0);
        assert_int_equal(eddy_loop_create_task(loop, &task, serve_on_two, NULL, NULL), 0);
        for (int k = 0; k < turns; k++)
            assert_true(eddy_loop_run_once(loop, 0) >= 0);
        end_loop(loop);
        eddy_task_release(task);
        support_expect_unchanged(blocks, descriptors);
    }
}

int suite_server_made(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server_on_several_hosts_binds_each_address_once),
        cmocka_unit_test(hosts_that_make_no_sense_are_refused_and_nothing_is_bound),
        cmocka_unit_test(server_adopts_a_bound_or_listening_socket),
        cmocka_unit_test(create_server_adopts_a_socket),
        cmocka_unit_test(socket_that_cannot_be_served_on_stays_the_callers),
        cmocka_unit_test(fault_D3_loop_closed_between_two_hosts_gives_the_first_back),
    };
    return cmocka_run_group_tests_name("server_made", tests, NULL, NULL);
}
