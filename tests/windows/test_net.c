/* test_net.c: sockets, addresses and one try of an op, on Windows, as core/platform.h promises them.
 * Touches seam 2. What the system has not (local sockets, in an emulator) is asked for. */
#include <errno.h>

#include "windows/child.h"

#define MILLISECOND UINT64_C(1000000)

static const eddyi_net_ops *const net = &eddyi_platform_net;

static eddyi_address loopback(int port)
{
    char service[16];
    eddyi_address address;
    snprintf(service, sizeof service, "%d", port);
    assert_int_equal(net->resolve(NULL, "127.0.0.1", service, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM,
                                  EDDYI_RESOLVE_NUMERIC, &address, 1),
                     1);
    return address;
}

static eddy_fd make(enum eddyi_socket_type type)
{
    eddy_fd fd;
    assert_int_equal(net->socket(NULL, &fd, EDDYI_FAMILY_IPV4, type), 0);
    return fd;
}

static eddy_fd bound(enum eddyi_socket_type type, eddyi_address *at)
{
    eddy_fd fd = make(type);
    *at = loopback(0);
    assert_int_equal(net->bind(NULL, fd, at), 0);
    assert_int_equal(net->local_address(NULL, fd, at), 0);
    return fd;
}

static bool is_inherited(eddy_fd fd)
{
    DWORD flags = 0;
    assert_true(GetHandleInformation((HANDLE)fd, &flags));
    return (flags & HANDLE_FLAG_INHERIT) != 0;
}

/* Tries until it does not have to wait, or for some seconds. */
static int64_t try_for_long(eddyi_op *op)
{
    int32_t os_error;
    int64_t value;
    uint64_t limit = eddyi_clock_now() + 20000 * MILLISECOND;
    while ((value = eddyi_attempt(op, &os_error)) == EDDY_EAGAIN && eddyi_clock_now() < limit)
        eddyi_thread_yield();
    return value;
}

static eddyi_op op_on(eddyi_descriptor *d, enum eddyi_op_kind kind, eddyi_buffer *buffers, uint32_t count)
{
    return (eddyi_op){.descriptor = d,
                      .kind = (uint8_t)kind,
                      .buffers = buffers,
                      .buffer_count = count,
                      .events = EDDYI_IN,
                      .offset = UINT64_MAX};
}

/* ---- sockets ---- */

static void sockets_are_exclusive_and_not_inherited(void **state)
{
    eddyi_address at;
    eddy_fd one = bound(EDDYI_SOCKET_DATAGRAM, &at), other = make(EDDYI_SOCKET_DATAGRAM);
    int value = -1;
    (void)state;
    assert_false(is_inherited(one));
    assert_int_equal(net->set_option(NULL, other, EDDYI_REUSE_ADDRESS, 1), 0); /* which lets nobody in here */
    assert_int_equal(net->bind(NULL, other, &at), EDDY_EADDRINUSE);
    assert_int_equal(net->set_option(NULL, other, EDDYI_REUSE_PORT, 1), EDDY_ENOSYS);
    assert_int_equal(net->get_option(NULL, other, EDDYI_SOCKET_TYPE, &value), 0);
    assert_int_equal(value, EDDYI_SOCKET_DATAGRAM);
    assert_int_equal(net->get_option(NULL, other, EDDYI_NON_BLOCKING, &value), EDDY_ENOSYS);
    assert_int_equal(net->get_option(NULL, other, EDDYI_SOCKET_ERROR, &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(net->close(NULL, one), 0);
    assert_int_equal(net->close(NULL, other), 0);
}

static void what_is_closed_or_no_socket_is_told_apart(void **state)
{
    eddyi_address at;
    eddy_fd fd = make(EDDYI_SOCKET_STREAM), nothing;
    int value;
    (void)state;
    assert_int_equal(net->local_address(NULL, fd, &at), 0); /* not bound: the family is known */
    assert_int_equal(net->family(&at), EDDYI_FAMILY_IPV4);
    assert_int_equal(net->peer_address(NULL, fd, &at), EDDY_ENOTCONN);
    assert_int_equal(net->close(NULL, fd), 0);
    assert_int_equal(net->get_option(NULL, fd, EDDYI_SOCKET_TYPE, &value), EDDY_EBADF);
    assert_int_equal(net->close(NULL, fd), EDDY_EBADF);
    assert_int_equal(eddyi_null_device_open(&nothing), 0);
    assert_int_equal(net->get_option(NULL, nothing, EDDYI_SOCKET_TYPE, &value), EDDY_ENOTSOCK);
    assert_int_equal(net->close(NULL, nothing), 0);
    assert_int_equal(net->socket(NULL, &fd, EDDYI_FAMILY_OTHER, EDDYI_SOCKET_STREAM), EDDY_EAFNOSUPPORT);
}

static void injected_numbers_come_out_as_the_systems_own(void **state)
{
    static const struct {
        int number, code;
    } rows[] = {{EMFILE, EDDY_EMFILE}, {ENOMEM, EDDY_ENOMEM}, {EACCES, EDDY_EACCES}, {0, EDDY_EMFILE}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eddyi_inject_plan plan = {
            .fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_socket, .os_error = rows[i].number};
        eddy_fd fd = -7;
        eddyi_inject_start(&plan);
        int rc = net->socket(NULL, &fd, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
        eddyi_inject_stop();
        assert_int_equal(rc, rows[i].code);
        assert_int_equal(fd, -7);
    }
    assert_int_equal(eddyi_error_from_system(12345678), EDDY_ESYSTEM);
}

/* ---- addresses ---- */

static void names_become_addresses_and_addresses_text(void **state)
{
    static const struct {
        const char *host, *service;
        int code;
    } wrong[] = {{"127.0.0.1", "65536", EDDY_EINVAL},
                 {"127.0.0.1", "-1", EDDY_EINVAL},
                 {"127.0.0.1", " 80", EDDY_EINVAL},
                 {"::1", "80", EDDY_ENOHOST},
                 {"no.such.host.invalid", "80", EDDY_ENOHOST},
                 {"\xff\xfe", "80", EDDY_EINVAL},
                 {"a..b", "80", EDDY_ENOHOST},
                 {"localhost", "no-such-service-here", EDDY_ENOHOST}};
    eddyi_address address = loopback(8080);
    char text[64], host[64], service[16];
    (void)state;
    assert_int_equal(net->format(&address, text, sizeof text), 14);
    assert_string_equal(text, "127.0.0.1:8080");
    assert_int_equal(net->format(&address, text, 14), EDDY_EINVAL);
    assert_int_equal(net->port(&address), 8080);
    assert_int_equal(net->name(NULL, &address, host, sizeof host, service, sizeof service,
                               EDDYI_NAME_NUMERIC_HOST | EDDYI_NAME_NUMERIC_SERVICE),
                     0);
    assert_string_equal(host, "127.0.0.1");
    assert_string_equal(service, "8080");
    assert_int_equal(net->name(NULL, &address, host, 4, service, sizeof service,
                               EDDYI_NAME_NUMERIC_HOST | EDDYI_NAME_NUMERIC_SERVICE),
                     EDDY_EOVERFLOW);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(net->resolve(NULL, wrong[i].host, wrong[i].service, EDDYI_FAMILY_IPV4,
                                      EDDYI_SOCKET_STREAM, 0, &address, 1),
                         wrong[i].code);
    assert_true(
        net->resolve(NULL, "localhost", "80", EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM, 0, &address, 1) >= 1);
    assert_int_equal(net->resolve(NULL, "localhost", "80", EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM,
                                  EDDYI_RESOLVE_NUMERIC, &address, 1),
                     EDDY_ENOHOST);
    assert_true(net->resolve(NULL, NULL, "80", EDDYI_FAMILY_IPV6, EDDYI_SOCKET_STREAM, EDDYI_RESOLVE_PASSIVE,
                             &address, 1) >= 1);
    assert_int_equal(net->format(&address, text, sizeof text), 7);
    assert_string_equal(text, "[::]:80");
}

/* ---- local sockets ---- */

static void local_sockets_are_there_or_said_to_be_missing(void **state)
{
    eddy_fd fd, again;
    eddyi_address at;
    eddyi_socket_file file;
    char text[64];
    (void)state;
    assert_int_equal(net->resolve(NULL, "@abstract", NULL, EDDYI_FAMILY_UNIX, EDDYI_SOCKET_STREAM, 0, &at, 1),
                     EDDY_EAFNOSUPPORT);
    assert_int_equal(
        net->resolve(NULL, "./eddy-test.socket", NULL, EDDYI_FAMILY_UNIX, EDDYI_SOCKET_STREAM, 0, &at, 1), 1);
    assert_int_equal(net->format(&at, text, sizeof text), 18);
    assert_int_equal(net->family(&at), EDDYI_FAMILY_UNIX);
    int rc = net->socket(NULL, &fd, EDDYI_FAMILY_UNIX, EDDYI_SOCKET_STREAM);
    if (rc == EDDY_EAFNOSUPPORT)
        return; /* docs/platforms.md: an emulator, or a system before Windows 10, 1803 */
    assert_int_equal(rc, 0);
    assert_int_equal(net->bind(NULL, fd, &at), 0);
    net->note_file(NULL, &at, &file);
    assert_true(file.address.size > 0);
    assert_int_equal(net->listen(NULL, fd, 5), 0);
    assert_int_equal(net->claim_file(NULL, &at, EDDYI_SOCKET_STREAM), EDDY_EADDRINUSE);
    assert_int_equal(net->close(NULL, fd), 0);
    assert_int_equal(net->claim_file(NULL, &at, EDDYI_SOCKET_STREAM), 0);
    assert_int_equal(net->socket(NULL, &again, EDDYI_FAMILY_UNIX, EDDYI_SOCKET_STREAM), 0);
    assert_int_equal(net->bind(NULL, again, &at), 0);
    net->remove_file(NULL, &file); /* another's by now */
    net->note_file(NULL, &at, &file);
    assert_true(file.address.size > 0);
    assert_int_equal(net->close(NULL, again), 0);
    net->remove_file(NULL, &file);
}

/* ---- attempts ---- */

static void connecting_succeeds_fails_and_waits_without_blocking(void **state)
{
    eddyi_address at;
    eddyi_descriptor listener = {.fd = bound(EDDYI_SOCKET_STREAM, &at), .kind = EDDYI_LISTENER};
    eddyi_op accept = op_on(&listener, EDDYI_ACCEPT, NULL, 0);
    int32_t os_error;
    (void)state;
    assert_int_equal(net->listen(NULL, listener.fd, 5), 0);
    assert_int_equal(eddyi_attempt(&accept, &os_error), EDDY_EAGAIN);
    eddyi_descriptor client = {.fd = make(EDDYI_SOCKET_STREAM), .kind = EDDYI_STREAM};
    eddyi_op connect = op_on(&client, EDDYI_CONNECT, NULL, 0);
    connect.address = &at;
    assert_int_equal(try_for_long(&connect), 0);
    int64_t accepted = try_for_long(&accept);
    assert_true(accepted >= 0);
    assert_false(is_inherited((eddy_fd)accepted));
    /* Several buffers, empty ones among them; an end that nobody has closed; then one that is. */
    char one[3], other[8];
    eddyi_buffer out[] = {{NULL, 0}, {"abc", 3}, {NULL, 0}, {"defgh", 5}},
                 in[] = {{NULL, 0}, {one, 3}, {other, 8}};
    eddyi_descriptor peer = {.fd = (eddy_fd)accepted, .kind = EDDYI_STREAM};
    eddyi_op send = op_on(&client, EDDYI_SEND, out, 4), recv = op_on(&peer, EDDYI_RECV, in, 3);
    assert_int_equal(eddyi_attempt(&recv, &os_error), EDDY_EAGAIN);
    assert_int_equal(try_for_long(&send), 8);
    assert_int_equal(try_for_long(&recv), 8);
    assert_memory_equal(one, "abc", 3);
    assert_memory_equal(other, "defgh", 5);
    assert_int_equal(net->shutdown(NULL, client.fd, EDDYI_SHUT_WRITE), 0);
    assert_int_equal(try_for_long(&recv), 0);
    assert_int_equal(eddyi_attempt(&send, &os_error), EDDY_EPIPE);
    assert_int_equal(net->close(NULL, client.fd), 0);
    assert_int_equal(net->close(NULL, peer.fd), 0);
    assert_int_equal(net->close(NULL, listener.fd), 0);
    client.fd = make(EDDYI_SOCKET_STREAM);
    connect.state = 0;
    assert_int_equal(try_for_long(&connect), EDDY_ECONNREFUSED);
    assert_int_equal(net->close(NULL, client.fd), 0);
}

static void datagrams_are_whole_cut_or_empty(void **state)
{
    static const size_t sizes[] = {0, 1, 4, 5, 1472};
    static char big[1472];
    eddyi_address at, from;
    char in[4];
    eddyi_descriptor server = {.fd = bound(EDDYI_SOCKET_DATAGRAM, &at), .kind = EDDYI_DATAGRAM};
    eddyi_descriptor client = {.fd = make(EDDYI_SOCKET_DATAGRAM), .kind = EDDYI_DATAGRAM};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        eddyi_buffer out = {big, sizes[i]}, room = {in, sizeof in};
        eddyi_op send = op_on(&client, EDDYI_SENDTO, &out, 1),
                 recv = op_on(&server, EDDYI_RECVFROM, &room, 1);
        send.address = &at;
        recv.address = &from;
        assert_int_equal(try_for_long(&send), sizes[i]);
        assert_int_equal(try_for_long(&recv), sizes[i] > sizeof in ? sizeof in + 1 : sizes[i]);
        assert_int_equal(net->family(&from), EDDYI_FAMILY_IPV4);
    }
    /* Nobody there, on a socket that is connected to nobody: what others would not be told either. */
    eddyi_buffer out = {big, 1}, room = {in, sizeof in};
    eddyi_op send = op_on(&client, EDDYI_SENDTO, &out, 1), recv = op_on(&client, EDDYI_RECVFROM, &room, 1);
    int32_t os_error;
    send.address = &at;
    assert_int_equal(net->close(NULL, server.fd), 0);
    assert_int_equal(try_for_long(&send), 1);
    for (int i = 0; i < 50; i++)
        assert_int_equal(eddyi_attempt(&recv, &os_error), EDDY_EAGAIN);
    assert_int_equal(net->close(NULL, client.fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_are_exclusive_and_not_inherited),
        cmocka_unit_test(what_is_closed_or_no_socket_is_told_apart),
        cmocka_unit_test(injected_numbers_come_out_as_the_systems_own),
        cmocka_unit_test(names_become_addresses_and_addresses_text),
        cmocka_unit_test(local_sockets_are_there_or_said_to_be_missing),
        cmocka_unit_test(connecting_succeeds_fails_and_waits_without_blocking),
        cmocka_unit_test(datagrams_are_whole_cut_or_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
