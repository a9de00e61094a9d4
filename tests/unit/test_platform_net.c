/* test_platform_net.c: sockets, names, and single attempts of operations, over loopback, local sockets and pipes.
 * Touches seam 2 and the system's own calls to look at the result. Port 0 always; nothing asks a name server. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/inject.h"
#include "core/platform.h"

static const eddyi_net_ops *const net = &eddyi_platform_net;

/* ---- operations ---- */

typedef struct port { /* a descriptor and what is needed to try operations on it */
    eddyi_descriptor descriptor;
    int32_t os_error;
} port;

static port port_of(eddy_fd fd, enum eddyi_descriptor_kind kind)
{
    return (port){.descriptor = {.fd = fd, .kind = (uint8_t)kind}};
}

static int64_t attempt_buffers(port *p, enum eddyi_op_kind kind, eddyi_buffer *buffers, uint32_t count,
                               eddyi_address *address, uint64_t offset)
{
    eddyi_op op = {.descriptor = &p->descriptor,
                   .kind = (uint8_t)kind,
                   .buffers = buffers,
                   .buffer_count = count,
                   .address = address,
                   .offset = offset};
    return eddyi_attempt(&op, &p->os_error);
}

static int64_t attempt(port *p, enum eddyi_op_kind kind, const void *data, size_t size)
{
    eddyi_buffer one = {(void *)(uintptr_t)data, size};
    return attempt_buffers(p, kind, &one, 1, NULL, UINT64_MAX);
}

static void await_events(const port *p, short events)
{
    struct pollfd one = {.fd = (int)p->descriptor.fd, .events = events};
    assert_int_equal(poll(&one, 1, 10000), 1);
}

/* Try until it is not "would block". */
static int64_t complete(port *p, enum eddyi_op_kind kind, const void *data, size_t size)
{
    short events = kind == EDDYI_RECV || kind == EDDYI_ACCEPT || kind == EDDYI_READ ? POLLIN : POLLOUT;
    int64_t value;
    while ((value = attempt(p, kind, data, size)) == EDDY_EAGAIN)
        await_events(p, events);
    return value;
}

static int64_t connect_to(port *p, eddyi_address *address)
{
    eddyi_op op = {.descriptor = &p->descriptor, .kind = EDDYI_CONNECT, .address = address};
    int64_t value;
    while ((value = eddyi_attempt(&op, &p->os_error)) == EDDY_EAGAIN) {
        assert_int_equal(op.state, 1);
        await_events(p, POLLOUT);
    }
    return value;
}

static void close_port(port *p)
{
    assert_int_equal(net->close(NULL, p->descriptor.fd), 0);
}

/* ---- sockets ---- */

static eddyi_address address_of(const char *host, const char *service, enum eddyi_family family)
{
    eddyi_address address;
    memset(&address, 0, sizeof address);
    assert_int_equal(
        net->resolve(NULL, host, service, family, EDDYI_SOCKET_STREAM, EDDYI_RESOLVE_NUMERIC, &address, 1),
        1);
    return address;
}

static port open_socket(enum eddyi_family family, enum eddyi_socket_type type)
{
    eddy_fd fd = -1;
    assert_int_equal(net->socket(NULL, &fd, family, type), 0);
    return port_of(fd, type == EDDYI_SOCKET_STREAM ? EDDYI_STREAM : EDDYI_DATAGRAM);
}

static char socket_path[64]; /* set by main, in a directory of its own */

/* An address to listen on. */
static eddyi_address fresh_address(enum eddyi_family family)
{
    switch (family) {
    case EDDYI_FAMILY_UNIX:
        (void)unlink(socket_path);
        return address_of(socket_path, NULL, family);
    case EDDYI_FAMILY_IPV6:
        return address_of("::1", "0", family);
    default:
        return address_of("127.0.0.1", "0", EDDYI_FAMILY_IPV4);
    }
}

/* false: this machine lacks the family. */
static bool try_listen(port *listener, eddyi_address *address, enum eddyi_family family, int backlog)
{
    eddy_fd fd = -1;
    int rc = net->socket(NULL, &fd, family, EDDYI_SOCKET_STREAM);
    if (rc == EDDY_EAFNOSUPPORT)
        return false;
    assert_int_equal(rc, 0);
    *listener = port_of(fd, EDDYI_LISTENER);
    *address = fresh_address(family);
    rc = net->bind(NULL, fd, address);
    if (rc == EDDY_EADDRNOTAVAIL && family == EDDYI_FAMILY_IPV6) {
        close_port(listener);
        return false;
    }
    assert_int_equal(rc, 0);
    assert_int_equal(net->listen(NULL, fd, backlog), 0);
    assert_int_equal(net->local_address(NULL, fd, address), 0);
    return true;
}

typedef struct pair {
    port listener, client, server;
    eddyi_address address;
} pair;

static bool try_connect(pair *p, enum eddyi_family family)
{
    if (!try_listen(&p->listener, &p->address, family, 16))
        return false;
    p->client = open_socket(family, EDDYI_SOCKET_STREAM);
    assert_int_equal(connect_to(&p->client, &p->address), 0);
    int64_t fd = complete(&p->listener, EDDYI_ACCEPT, NULL, 0);
    assert_true(fd >= 0);
    p->server = port_of((eddy_fd)fd, EDDYI_STREAM);
    return true;
}

static pair connected(void)
{
    pair p;
    assert_true(try_connect(&p, EDDYI_FAMILY_IPV4));
    return p;
}

static void close_pair(pair *p)
{
    close_port(&p->client);
    close_port(&p->server);
    close_port(&p->listener);
}

static void exchange(enum eddyi_family family)
{
    char buffer[16], text[128], peer[128];
    eddyi_address local;
    pair p;
    if (!try_connect(&p, family)) {
        skip();
        return;
    }
    assert_int_equal(net->family(&p.address), family);
    assert_int_equal(attempt(&p.server, EDDYI_RECV, buffer, sizeof buffer), EDDY_EAGAIN);
    assert_int_equal(complete(&p.client, EDDYI_SEND, "hello", 5), 5);
    assert_int_equal(complete(&p.server, EDDYI_RECV, buffer, sizeof buffer), 5);
    assert_memory_equal(buffer, "hello", 5);
    assert_int_equal(complete(&p.server, EDDYI_SEND, "you", 3), 3);
    assert_int_equal(net->shutdown(NULL, p.server.descriptor.fd, EDDYI_SHUT_WRITE), 0);
    assert_int_equal(complete(&p.client, EDDYI_RECV, buffer, sizeof buffer), 3);
    assert_int_equal(complete(&p.client, EDDYI_RECV, buffer, sizeof buffer), 0);
    assert_int_equal(complete(&p.client, EDDYI_RECV, buffer, sizeof buffer), 0);
    /* S8: the other direction stays usable */
    assert_int_equal(complete(&p.client, EDDYI_SEND, "more", 4), 4);
    assert_int_equal(complete(&p.server, EDDYI_RECV, buffer, sizeof buffer), 4);

    assert_int_equal(net->peer_address(NULL, p.client.descriptor.fd, &local), 0);
    assert_true(net->format(&local, peer, sizeof peer) > 0);
    assert_true(net->format(&p.address, text, sizeof text) > 0);
    assert_string_equal(peer, text);
    assert_int_equal(net->port(&local), net->port(&p.address));
    assert_int_equal(net->port(&local) > 0, family != EDDYI_FAMILY_UNIX);
    close_pair(&p);
}

static void streams_carry_bytes_over_ipv4(void **state)
{
    (void)state;
    exchange(EDDYI_FAMILY_IPV4);
}

static void streams_carry_bytes_over_ipv6(void **state)
{
    (void)state;
    exchange(EDDYI_FAMILY_IPV6);
}

static void streams_carry_bytes_over_local_sockets(void **state)
{
    (void)state;
    exchange(EDDYI_FAMILY_UNIX);
}

static void a_socket_pair_of_somebody_else_works_too(void **state)
{
    int ends[2];
    char buffer[8];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    port a = port_of(ends[0], EDDYI_STREAM), b = port_of(ends[1], EDDYI_STREAM);
    assert_int_equal(attempt(&a, EDDYI_SEND, "ab", 2), 2);
    assert_int_equal(attempt(&b, EDDYI_RECV, buffer, 1), 1);
    assert_int_equal(attempt(&b, EDDYI_RECV, buffer, 8), 1);
    close_port(&a);
    assert_int_equal(attempt(&b, EDDYI_RECV, buffer, 8), 0);
    assert_int_equal(attempt(&b, EDDYI_SEND, "x", 1), EDDY_EPIPE); /* and no signal */
    assert_int_equal(b.os_error, EPIPE);
    close_port(&b);
}

static void expect_born_well(eddy_fd fd)
{
    assert_true(fcntl((int)fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl((int)fd, F_GETFL) & O_NONBLOCK);
}

static void fault_F5_descriptors_are_close_on_exec_and_non_blocking_from_birth(void **state)
{
    static const enum eddyi_family families[] = {EDDYI_FAMILY_IPV4, EDDYI_FAMILY_UNIX};
    (void)state;
    for (int i = 0; i < 2; i++) {
        pair p;
        assert_true(try_connect(&p, families[i]));
        expect_born_well(p.listener.descriptor.fd);
        expect_born_well(p.client.descriptor.fd);
        expect_born_well(p.server.descriptor.fd); /* accepted */
        close_pair(&p);
        port datagrams = open_socket(families[i], EDDYI_SOCKET_DATAGRAM);
        expect_born_well(datagrams.descriptor.fd);
        close_port(&datagrams);
    }
}

static void a_family_that_is_none_is_refused(void **state)
{
    eddy_fd fd = 77;
    (void)state;
    assert_int_equal(net->socket(NULL, &fd, EDDYI_FAMILY_OTHER, EDDYI_SOCKET_STREAM), EDDY_EAFNOSUPPORT);
    assert_int_equal(fd, 77);
}

static void fault_S7_a_reset_is_an_error_once_and_never_a_signal(void **state)
{
    char buffer[8];
    pair p = connected();
    (void)state;
    assert_int_equal(net->set_option(NULL, p.server.descriptor.fd, EDDYI_LINGER_RESET, 1), 0);
    close_port(&p.server);
    await_events(&p.client, POLLIN);
    assert_int_equal(attempt(&p.client, EDDYI_RECV, buffer, sizeof buffer), EDDY_ECONNRESET);
    assert_int_equal(p.client.os_error, ECONNRESET);
    assert_int_equal(attempt(&p.client, EDDYI_RECV, buffer, sizeof buffer), 0);
    assert_int_equal(attempt(&p.client, EDDYI_SEND, "x", 1), EDDY_EPIPE);
    eddyi_buffer two[] = {{"x", 1}, {"y", 1}};
    assert_int_equal(attempt_buffers(&p.client, EDDYI_SEND, two, 2, NULL, 0), EDDY_EPIPE);
    close_port(&p.client);
    close_port(&p.listener);
}

/* ---- binding and connecting ---- */

static void a_port_in_use_is_refused(void **state)
{
    port listener, other = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
    eddyi_address address;
    (void)state;
    assert_true(try_listen(&listener, &address, EDDYI_FAMILY_IPV4, 1));
    assert_int_equal(net->bind(NULL, other.descriptor.fd, &address), EDDY_EADDRINUSE);
    close_port(&other);
    close_port(&listener);
}

/* A port that is bound and does not listen: it stays refused, and nobody else gets it. */
static eddyi_address refusing(port *holder)
{
    eddyi_address address = fresh_address(EDDYI_FAMILY_IPV4);
    *holder = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
    assert_int_equal(net->bind(NULL, holder->descriptor.fd, &address), 0);
    assert_int_equal(net->local_address(NULL, holder->descriptor.fd, &address), 0);
    return address;
}

static void fault_S12_a_refused_connection_is_told(void **state)
{
    port holder, client = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
    eddyi_address address = refusing(&holder);
    (void)state;
    assert_int_equal(connect_to(&client, &address), EDDY_ECONNREFUSED);
    assert_int_equal(client.os_error, ECONNREFUSED);
    close_port(&client);
    close_port(&holder);
}

static void fault_S12_the_question_how_it_went_may_fail_too(void **state)
{
    static const struct {
        enum eddyi_inject_call call;
        int os_error, expected;
    } rows[] = {
        {EDDYI_INJECT_getsockopt, ENOBUFS, EDDY_ENOBUFS},
        {EDDYI_INJECT_poll, ENOMEM, EDDY_ENOMEM},
        {EDDYI_INJECT_poll, EINTR, 0},
        {EDDYI_INJECT_connect, EINTR, 0}, /* it goes on in the kernel: nothing to repeat */
        {EDDYI_INJECT_connect, ENETUNREACH, EDDY_ENETUNREACH},
        {EDDYI_INJECT_connect, EADDRNOTAVAIL, EDDY_EADDRNOTAVAIL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const eddyi_inject_plan plan = {
            .fail_at = 1, .calls = UINT64_C(1) << rows[i].call, .os_error = rows[i].os_error};
        port listener, client = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
        eddyi_address address;
        assert_true(try_listen(&listener, &address, EDDYI_FAMILY_IPV4, 1));
        if (rows[i].call == EDDYI_INJECT_connect &&
            rows[i].os_error == EINTR) /* as a signal would leave it */
            (void)connect((int)client.descriptor.fd, (struct sockaddr *)(void *)address.bytes,
                          (socklen_t)address.size);
        eddyi_inject_start(&plan);
        int64_t value = connect_to(&client, &address);
        assert_int_equal(eddyi_inject_failures(), 1);
        eddyi_inject_stop();
        assert_int_equal(value, rows[i].expected);
        assert_int_equal(client.os_error, rows[i].expected == 0 ? 0 : rows[i].os_error);
        close_port(&client);
        close_port(&listener);
    }
}

static void fault_S13_a_connection_to_itself_is_refused(void **state)
{
    port client;
    eddyi_address address = refusing(&client);
    (void)state;
    assert_int_equal(connect_to(&client, &address), EDDY_ECONNREFUSED);
    assert_int_equal(client.os_error, ECONNREFUSED);
    close_port(&client);
}

static void a_local_listener_whose_queue_is_full_refuses(void **state)
{
    enum { MOST = 16 };
    port listener, clients[MOST];
    eddyi_address address;
    int64_t value = 0;
    int count = 0;
    (void)state;
    assert_true(try_listen(&listener, &address, EDDYI_FAMILY_UNIX, 0));
    while (value == 0 && count < MOST) { /* "would block" here would never be followed by an event */
        clients[count] = open_socket(EDDYI_FAMILY_UNIX, EDDYI_SOCKET_STREAM);
        value = connect_to(&clients[count++], &address);
    }
    assert_int_equal(value, EDDY_ECONNREFUSED);
    while (count > 0)
        close_port(&clients[--count]);
    close_port(&listener);
}

static void connecting_needs_an_address(void **state)
{
    port client = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
    (void)state;
    assert_int_equal(connect_to(&client, NULL), EDDY_EINVAL);
    close_port(&client);
}

static void fault_F9_local_paths_are_checked(void **state)
{
    char path[200];
    eddyi_address address;
    port p = open_socket(EDDYI_FAMILY_UNIX, EDDYI_SOCKET_STREAM), q;
    (void)state;
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[108] = '\0';
    assert_int_equal(net->resolve(NULL, path, NULL, EDDYI_FAMILY_UNIX, EDDYI_SOCKET_STREAM, 0, &address, 1),
                     EDDY_ENAMETOOLONG);
    assert_int_equal(net->resolve(NULL, "", NULL, EDDYI_FAMILY_UNIX, EDDYI_SOCKET_STREAM, 0, &address, 1),
                     EDDY_EINVAL);
    assert_int_equal(net->resolve(NULL, NULL, NULL, EDDYI_FAMILY_UNIX, EDDYI_SOCKET_STREAM, 0, &address, 1),
                     EDDY_EINVAL);
    path[107] = '\0';
    address = address_of(path, NULL, EDDYI_FAMILY_UNIX);
    char text[200];
    assert_int_equal(net->format(&address, text, sizeof text), 107);
    assert_string_equal(text, path);

    address = address_of("/nonexistent/eddy", NULL, EDDYI_FAMILY_UNIX);
    assert_int_equal(net->bind(NULL, p.descriptor.fd, &address), EDDY_ENOENT);
    assert_int_equal(connect_to(&p, &address), EDDY_ENOENT);
    assert_true(try_listen(&q, &address, EDDYI_FAMILY_UNIX, 1));
    assert_int_equal(net->bind(NULL, p.descriptor.fd, &address), EDDY_EADDRINUSE);
    close_port(&q);
    assert_int_equal(connect_to(&p, &address), EDDY_ECONNREFUSED); /* a stale socket file */
    close_port(&p);
}

static void abstract_names_are_shown_whole(void **state)
{
    char name[64], text[64];
    (void)state;
    (void)snprintf(name, sizeof name, "@eddy-%ld", (long)getpid());
    eddyi_address address = address_of(name, NULL, EDDYI_FAMILY_UNIX);
    assert_int_equal(net->format(&address, text, sizeof text), strlen(name));
    assert_string_equal(text, name);
    ((char *)address.bytes)[4] = '\0'; /* a zero inside ends nothing */
    name[2] = '@';
    assert_int_equal(net->format(&address, text, sizeof text), strlen(name));
    assert_string_equal(text, name);

    port p = open_socket(EDDYI_FAMILY_UNIX, EDDYI_SOCKET_STREAM); /* has no name at all */
    assert_int_equal(net->local_address(NULL, p.descriptor.fd, &address), 0);
    assert_int_equal(net->format(&address, text, sizeof text), 0);
    assert_string_equal(text, "");
    close_port(&p);
}

/* ---- accepting ---- */

static void fault_F2_connections_that_died_in_the_queue_are_skipped(void **state)
{
    static const int errors[] = {ECONNABORTED, EPROTO, EINTR, EPERM, ENETDOWN, EHOSTUNREACH};
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        const eddyi_inject_plan plan = {
            .fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_accept4, .os_error = errors[i]};
        pair p;
        assert_true(try_listen(&p.listener, &p.address, EDDYI_FAMILY_IPV4, 16));
        p.client = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
        assert_int_equal(connect_to(&p.client, &p.address), 0);
        await_events(&p.listener, POLLIN);
        eddyi_inject_start(&plan);
        int64_t fd = attempt(&p.listener, EDDYI_ACCEPT, NULL, 0);
        assert_int_equal(eddyi_inject_failures(), 1);
        eddyi_inject_stop();
        assert_true(fd >= 0);
        p.server = port_of((eddy_fd)fd, EDDYI_STREAM);
        close_pair(&p);
    }
}

static void fault_F1_a_process_without_descriptors_is_told_so(void **state)
{
    const eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_accept4};
    port listener;
    eddyi_address address;
    (void)state;
    assert_true(try_listen(&listener, &address, EDDYI_FAMILY_IPV4, 16));
    assert_int_equal(attempt(&listener, EDDYI_ACCEPT, NULL, 0), EDDY_EAGAIN);
    eddyi_inject_start(&plan);
    assert_int_equal(attempt(&listener, EDDYI_ACCEPT, NULL, 0), EDDY_EMFILE);
    assert_int_equal(listener.os_error, EMFILE);
    eddyi_inject_stop();
    close_port(&listener);
    port client = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM); /* one that cannot accept, ever */
    assert_int_equal(attempt(&client, EDDYI_ACCEPT, NULL, 0), EDDY_EINVAL);
    close_port(&client);
}

static void fault_F7_close_is_never_retried(void **state)
{
    static const int errors[] = {EINTR, EIO};
    (void)state;
    for (int i = 0; i < 2; i++) {
        const eddyi_inject_plan plan = {
            .fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_close, .os_error = errors[i]};
        port p = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
        eddyi_inject_start(&plan);
        assert_int_equal(net->close(NULL, p.descriptor.fd), errors[i] == EINTR ? EDDY_EINTR : EDDY_EIO);
        assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_close), 1);
        eddyi_inject_stop();
        assert_int_equal(fcntl((int)p.descriptor.fd, F_GETFD), -1); /* gone all the same */
        assert_int_equal(errno, EBADF);
    }
}

static void calls_on_a_closed_descriptor_are_errors(void **state)
{
    port p = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
    eddyi_address address = {.size = 7};
    int value = 77;
    char byte = 'x';
    (void)state;
    close_port(&p);
    assert_int_equal(net->close(NULL, p.descriptor.fd), EDDY_EBADF);
    assert_int_equal(net->listen(NULL, p.descriptor.fd, 1), EDDY_EBADF);
    assert_int_equal(net->local_address(NULL, p.descriptor.fd, &address), EDDY_EBADF);
    assert_int_equal(net->peer_address(NULL, p.descriptor.fd, &address), EDDY_EBADF);
    assert_int_equal(address.size, 7); /* written on success only */
    assert_int_equal(net->get_option(NULL, p.descriptor.fd, EDDYI_SOCKET_TYPE, &value), EDDY_EBADF);
    assert_int_equal(value, 77);
    assert_int_equal(attempt(&p, EDDYI_RECV, &byte, 1), EDDY_EBADF);
    assert_int_equal(attempt(&p, EDDYI_SEND, &byte, 1), EDDY_EBADF);
    eddyi_op op = {.descriptor = &p.descriptor, .kind = EDDYI_POLL, .events = EDDYI_IN};
    assert_int_equal(eddyi_attempt(&op, &p.os_error), EDDY_EBADF);
}

/* ---- options ---- */

static void options_are_set_and_read_back(void **state)
{
    static const enum eddyi_socket_option flags[] = {EDDYI_REUSE_ADDRESS, EDDYI_REUSE_PORT, EDDYI_NO_DELAY,
                                                     EDDYI_KEEP_ALIVE};
    port p = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
    eddy_fd fd = p.descriptor.fd;
    int value;
    (void)state;
    for (int i = 0; i < 4; i++) {
        for (int on = 1; on >= 0; on--) {
            assert_int_equal(net->set_option(NULL, fd, flags[i], on), 0);
            assert_int_equal(net->get_option(NULL, fd, flags[i], &value), 0);
            assert_int_equal(value != 0, on);
        }
    }
    assert_int_equal(net->set_option(NULL, fd, EDDYI_RECEIVE_BUFFER, 8192), 0);
    assert_int_equal(net->get_option(NULL, fd, EDDYI_RECEIVE_BUFFER, &value), 0);
    assert_true(value >= 8192);
    assert_int_equal(net->get_option(NULL, fd, EDDYI_SOCKET_TYPE, &value), 0);
    assert_int_equal(value, EDDYI_SOCKET_STREAM);
    assert_int_equal(net->get_option(NULL, fd, EDDYI_SOCKET_ERROR, &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(net->set_option(NULL, fd, (enum eddyi_socket_option)99, 1), EDDY_EINVAL);
    assert_int_equal(net->get_option(NULL, fd, (enum eddyi_socket_option)99, &value), EDDY_EINVAL);
    close_port(&p);
    p = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_DATAGRAM);
    assert_int_equal(net->get_option(NULL, p.descriptor.fd, EDDYI_SOCKET_TYPE, &value), 0);
    assert_int_equal(value, EDDYI_SOCKET_DATAGRAM);
    close_port(&p);
}

/* ---- names ---- */

static int resolve(const char *host, const char *service, enum eddyi_family family, int flags,
                   eddyi_address *out)
{
    return net->resolve(NULL, host, service, family, EDDYI_SOCKET_STREAM, flags, out, 1);
}

static void numeric_addresses_and_localhost_resolve(void **state)
{
    static const struct {
        const char *host, *service;
        enum eddyi_family family;
        int flags;
        const char *text;
    } rows[] = {
        {"127.0.0.1", "80", EDDYI_FAMILY_ANY, EDDYI_RESOLVE_NUMERIC, "127.0.0.1:80"},
        {"::1", "443", EDDYI_FAMILY_ANY, EDDYI_RESOLVE_NUMERIC, "[::1]:443"},
        {"::ffff:1.2.3.4", "1", EDDYI_FAMILY_IPV6, EDDYI_RESOLVE_NUMERIC, "[::ffff:1.2.3.4]:1"},
        {"255.255.255.255", "65535", EDDYI_FAMILY_IPV4, EDDYI_RESOLVE_NUMERIC, "255.255.255.255:65535"},
        {"127.0.0.1", NULL, EDDYI_FAMILY_IPV4, 0, "127.0.0.1:0"},
        {"127.0.0.1", "", EDDYI_FAMILY_IPV4, 0, "127.0.0.1:0"},
        {NULL, "7", EDDYI_FAMILY_IPV4, 0, "127.0.0.1:7"},
        {"", "7", EDDYI_FAMILY_IPV4, 0, "127.0.0.1:7"},
        {NULL, "7", EDDYI_FAMILY_IPV4, EDDYI_RESOLVE_PASSIVE, "0.0.0.0:7"},
        {"", "7", EDDYI_FAMILY_IPV6, EDDYI_RESOLVE_PASSIVE, "[::]:7"},
        {"localhost", "80", EDDYI_FAMILY_IPV4, 0, "127.0.0.1:80"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eddyi_address address;
        char text[100];
        assert_true(resolve(rows[i].host, rows[i].service, rows[i].family, rows[i].flags, &address) >= 1);
        int length = net->format(&address, text, sizeof text);
        assert_int_equal(length, strlen(rows[i].text));
        assert_string_equal(text, rows[i].text);
        for (size_t size = 0; size <= (size_t)length; size++) /* never cut */
            assert_int_equal(net->format(&address, text, size), EDDY_EINVAL);
    }
}

static void fault_D1_bad_names_are_refused_before_anybody_is_asked(void **state)
{
    static char long_name[300], long_label[100];
    const struct {
        const char *host, *service;
        int flags, expected;
    } rows[] = {
        {long_name, "80", 0, EDDY_ENAMETOOLONG},
        {long_label, "80", 0, EDDY_ENOHOST},
        {"a..example", "80", 0, EDDY_ENOHOST},
        {".example", "80", 0, EDDY_ENOHOST},
        {".", "80", 0, EDDY_ENOHOST},
        {" 127.0.0.1", "80", 0, EDDY_EINVAL},
        {"127.0.0.1 x", "80", 0, EDDY_EINVAL},
        {"two words", "80", 0, EDDY_EINVAL},
        {"line\nbreak", "80", 0, EDDY_EINVAL},
        {"delete\x7f", "80", 0, EDDY_EINVAL},
        {"\x01", "80", 0, EDDY_EINVAL},
        {"localhost", "80", EDDYI_RESOLVE_NUMERIC, EDDY_ENOHOST},
        {"256.1.1.1", "80", EDDYI_RESOLVE_NUMERIC, EDDY_ENOHOST},
        {"\xff\xfe", "80", EDDYI_RESOLVE_NUMERIC, EDDY_ENOHOST},
        {"127.0.0.1", "65536", 0, EDDY_EINVAL},
        {"127.0.0.1", "99999999999999999999999", 0, EDDY_EINVAL},
        {"127.0.0.1", "-1", 0, EDDY_EINVAL},
        {"127.0.0.1", "+80", 0, EDDY_EINVAL},
        {"127.0.0.1", " 80", 0, EDDY_EINVAL},
        {"127.0.0.1", "80 ", 0, EDDY_EINVAL},
        {"127.0.0.1", "no-such-service", 0, EDDY_ENOHOST},
        {"127.0.0.1", "0x50", 0, EDDY_ENOHOST},
        {"127.0.0.1", "http", EDDYI_RESOLVE_NUMERIC, EDDY_ENOHOST},
    };
    (void)state;
    memset(long_name, 'a', 254);
    for (int i = 50; i < 254; i += 50)
        long_name[i] = '.';
    memset(long_label, 'a', 64);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eddyi_address address = {.size = 7};
        int rc = resolve(rows[i].host, rows[i].service, EDDYI_FAMILY_ANY, rows[i].flags, &address);
        if (rc != rows[i].expected)
            print_error("'%s' '%s'\n", rows[i].host, rows[i].service);
        assert_int_equal(rc, rows[i].expected);
        assert_int_equal(address.size, 7);
    }
    /* The longest that may be, with and without the final dot, gets as far as the resolver. */
    long_name[253] = '\0';
    eddyi_address address;
    assert_int_equal(resolve(long_name, "80", EDDYI_FAMILY_ANY, EDDYI_RESOLVE_NUMERIC, &address),
                     EDDY_ENOHOST);
    long_name[253] = '.';
    assert_int_equal(resolve(long_name, "80", EDDYI_FAMILY_ANY, EDDYI_RESOLVE_NUMERIC, &address),
                     EDDY_ENOHOST);
}

static void resolving_fills_no_more_than_there_is_room_for(void **state)
{
    eddyi_address two[2];
    (void)state;
    memset(two, 0, sizeof two);
    int count = net->resolve(NULL, NULL, "7", EDDYI_FAMILY_ANY, EDDYI_SOCKET_STREAM,
                             EDDYI_RESOLVE_NUMERIC | EDDYI_RESOLVE_PASSIVE, two, 1);
    assert_in_range(count, 1, 2); /* one for each family */
    assert_int_not_equal(two[0].size, 0);
    assert_int_equal(two[1].size, 0);
    assert_int_equal(net->resolve(NULL, NULL, "7", EDDYI_FAMILY_ANY, EDDYI_SOCKET_STREAM,
                                  EDDYI_RESOLVE_NUMERIC | EDDYI_RESOLVE_PASSIVE, NULL, 0),
                     count);
}

static void a_resolver_without_memory_is_told(void **state)
{
    const eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_getaddrinfo};
    eddyi_address address = {.size = 7};
    (void)state;
    eddyi_inject_start(&plan);
    assert_int_equal(resolve("127.0.0.1", "80", EDDYI_FAMILY_ANY, EDDYI_RESOLVE_NUMERIC, &address),
                     EDDY_ENOMEM);
    eddyi_inject_stop();
    assert_int_equal(address.size, 7);
}

static void an_address_that_is_none_has_no_family_and_no_text(void **state)
{
    char text[64];
    eddyi_address address;
    (void)state;
    memset(&address, 0x5a, sizeof address);
    for (uint32_t size = 0; size <= 2; size++) {
        address.size = size;
        assert_int_equal(net->family(&address), EDDYI_FAMILY_OTHER);
        assert_int_equal(net->port(&address), -1);
        assert_int_equal(net->format(&address, text, sizeof text), EDDY_EINVAL);
    }
}

/* ---- buffers ---- */

static void several_buffers_are_moved_in_one_go(void **state)
{
    char first[2], second[4], third[8];
    eddyi_buffer out[] = {{"ab", 2}, {"", 0}, {"cdefg", 5}}, in[] = {{first, 2}, {second, 4}, {third, 8}};
    pair p = connected();
    (void)state;
    assert_int_equal(attempt_buffers(&p.client, EDDYI_SEND, out, 3, NULL, 0), 7);
    await_events(&p.server, POLLIN);
    assert_int_equal(attempt_buffers(&p.server, EDDYI_RECV, in, 3, NULL, 0), 7);
    assert_memory_equal(first, "ab", 2);
    assert_memory_equal(second, "cdef", 4);
    assert_memory_equal(third, "g", 1);
    close_pair(&p);
}

static void fault_M5_empty_and_too_many_buffers_are_cut_never_refused(void **state)
{
    enum { MANY = 3000 };
    static eddyi_buffer buffers[MANY];
    static char bytes[MANY];
    pair p = connected();
    (void)state;
    assert_int_equal(attempt(&p.client, EDDYI_SEND, "x", 0), 0);
    assert_int_equal(attempt_buffers(&p.client, EDDYI_SEND, NULL, 0, NULL, 0), 0);
    for (int i = 0; i < MANY; i++)
        buffers[i] = (eddyi_buffer){&bytes[i], 1};
    int64_t sent = attempt_buffers(&p.client, EDDYI_SEND, buffers, MANY, NULL, 0);
    assert_in_range(sent, 16, MANY);
    await_events(&p.server, POLLIN);
    int64_t got = attempt_buffers(&p.server, EDDYI_RECV, buffers, MANY, NULL, 0);
    assert_in_range(got, 1, sent);
    while (got < sent)
        got += complete(&p.server, EDDYI_RECV, bytes, sizeof bytes);

    /* As many empty ones in front as the system would take: neither "nothing sent" nor "end of stream". */
    for (int i = 0; i < MANY - 1; i++)
        buffers[i].size = 0;
    assert_int_equal(attempt_buffers(&p.client, EDDYI_SEND, buffers, MANY, NULL, 0), 1);
    await_events(&p.server, POLLIN);
    assert_int_equal(attempt_buffers(&p.server, EDDYI_RECV, buffers, MANY, NULL, 0), 1);
    close_pair(&p);
}

static void fault_S1_transfers_of_one_byte_lose_nothing(void **state)
{
    const eddyi_inject_plan plan = {.most_bytes = 1};
    eddyi_buffer out[] = {{"", 0}, {"ab", 2}, {"c", 1}};
    char byte[2], rest[4];
    eddyi_buffer in[] = {{byte, 0}, {byte, 2}, {rest, 4}};
    pair p = connected();
    (void)state;
    eddyi_inject_start(&plan);
    assert_int_equal(attempt(&p.client, EDDYI_SEND, "xyz", 3), 1);
    assert_int_equal(attempt_buffers(&p.client, EDDYI_SEND, out, 3, NULL, 0), 1);
    assert_int_equal(complete(&p.server, EDDYI_RECV, byte, 2), 1);
    assert_int_equal(byte[0], 'x');
    await_events(&p.server, POLLIN);
    assert_int_equal(attempt_buffers(&p.server, EDDYI_RECV, in, 3, NULL, 0), 1);
    assert_int_equal(byte[0], 'a');
    eddyi_inject_stop();
    close_pair(&p);
}

static void an_interrupted_call_is_repeated(void **state)
{
    static const enum eddyi_inject_call calls[] = {EDDYI_INJECT_send, EDDYI_INJECT_recv};
    char byte;
    pair p = connected();
    (void)state;
    for (int i = 0; i < 2; i++) {
        const eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << calls[i], .os_error = EINTR};
        eddyi_inject_start(&plan);
        assert_int_equal(attempt(&p.client, EDDYI_SEND, "x", 1), 1);
        await_events(&p.server, POLLIN);
        assert_int_equal(attempt(&p.server, EDDYI_RECV, &byte, 1), 1);
        assert_int_equal(eddyi_inject_failures(), 1);
        eddyi_inject_stop();
    }
    close_pair(&p);
}

static void one_buffer_costs_one_plain_call(void **state)
{
    char byte;
    pair p = connected();
    (void)state;
    eddyi_inject_start(NULL);
    assert_int_equal(attempt(&p.client, EDDYI_SEND, "x", 1), 1);
    assert_int_equal(eddyi_inject_count(), 1);
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_send), 1);
    eddyi_inject_stop();
    await_events(&p.server, POLLIN);
    eddyi_inject_start(NULL);
    assert_int_equal(attempt(&p.server, EDDYI_RECV, &byte, 1), 1);
    assert_int_equal(eddyi_inject_count(), 1);
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_recv), 1);
    eddyi_inject_stop();
    close_pair(&p);
}

/* ---- datagrams ---- */

static port datagram_socket(eddyi_address *address)
{
    port p = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_DATAGRAM);
    *address = fresh_address(EDDYI_FAMILY_IPV4);
    assert_int_equal(net->bind(NULL, p.descriptor.fd, address), 0);
    assert_int_equal(net->local_address(NULL, p.descriptor.fd, address), 0);
    return p;
}

static void fault_U5_datagrams_keep_their_bounds_and_may_be_empty(void **state)
{
    eddyi_address a_address, b_address, from;
    port a = datagram_socket(&a_address), b = datagram_socket(&b_address);
    char head[2], tail[14];
    eddyi_buffer out[] = {{"ab", 2}, {"cd", 2}}, in[] = {{head, 2}, {tail, 14}};
    (void)state;
    assert_int_equal(attempt_buffers(&b, EDDYI_RECVFROM, in, 2, &from, 0), EDDY_EAGAIN);
    assert_int_equal(attempt_buffers(&a, EDDYI_SENDTO, out, 2, &b_address, 0), 4);
    assert_int_equal(attempt_buffers(&a, EDDYI_SENDTO, out, 0, &b_address, 0), 0);
    await_events(&b, POLLIN);
    assert_int_equal(attempt_buffers(&b, EDDYI_RECVFROM, in, 2, &from, 0), 4);
    assert_memory_equal(tail, "cd", 2);
    assert_int_equal(net->port(&from), net->port(&a_address));
    assert_int_equal(attempt_buffers(&b, EDDYI_RECVFROM, in, 2, NULL, 0), 0); /* a message, not an end */
    assert_int_equal(attempt_buffers(&b, EDDYI_RECVFROM, in, 2, &from, 0), EDDY_EAGAIN);
    close_port(&a);
    close_port(&b);
}

static void fault_U1_a_refused_datagram_is_told_and_the_socket_goes_on(void **state)
{
    eddyi_address a_address, b_address;
    port a = datagram_socket(&a_address), b = datagram_socket(&b_address);
    char byte = 'x';
    eddyi_buffer one = {&byte, 1};
    (void)state;
    assert_int_equal(connect_to(&a, &b_address), 0);
    close_port(&b);
    assert_int_equal(attempt_buffers(&a, EDDYI_SENDTO, &one, 1, NULL, 0), 1);
    await_events(&a, POLLIN);
    assert_int_equal(attempt_buffers(&a, EDDYI_RECVFROM, &one, 1, NULL, 0), EDDY_ECONNREFUSED);
    assert_int_equal(attempt_buffers(&a, EDDYI_RECVFROM, &one, 1, NULL, 0), EDDY_EAGAIN);
    close_port(&a);
}

/* ---- pipes and files ---- */

static void make_pipe(port *reader, port *writer)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    *reader = port_of(ends[0], EDDYI_PIPE);
    *writer = port_of(ends[1], EDDYI_PIPE);
}

static void pipes_are_read_and_written(void **state)
{
    char buffer[8];
    eddyi_buffer out[] = {{"", 0}, {"ab", 2}};
    port reader, writer;
    (void)state;
    make_pipe(&reader, &writer);
    assert_int_equal(attempt(&reader, EDDYI_READ, buffer, 8), EDDY_EAGAIN);
    assert_int_equal(attempt_buffers(&writer, EDDYI_WRITE, out, 2, NULL, UINT64_MAX), 2);
    assert_int_equal(attempt(&reader, EDDYI_READ, buffer, 8), 2);
    assert_int_equal(attempt_buffers(&reader, EDDYI_READ, NULL, 0, NULL, UINT64_MAX), EDDY_EINVAL);
    close_port(&writer);
    assert_int_equal(attempt(&reader, EDDYI_READ, buffer, 8), 0);
    close_port(&reader);
}

static bool broken_pipe_waits(void)
{
    sigset_t waiting;
    return sigpending(&waiting) == 0 && sigismember(&waiting, SIGPIPE) == 1;
}

/* SIGPIPE has its default action here: one that got through would end this program. */
static void fault_S15_a_pipe_without_a_reader_is_an_error_and_no_signal(void **state)
{
    const struct timespec at_once = {0};
    sigset_t broken_pipe, before;
    port reader, writer;
    (void)state;
    (void)signal(SIGPIPE, SIG_DFL);
    make_pipe(&reader, &writer);
    close_port(&reader);
    assert_int_equal(attempt(&writer, EDDYI_WRITE, "x", 1), EDDY_EPIPE);
    assert_int_equal(writer.os_error, EPIPE);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_int_equal(sigismember(&before, SIGPIPE), 0); /* not left blocked */

    (void)sigemptyset(&broken_pipe);
    (void)sigaddset(&broken_pipe, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &broken_pipe, NULL);
    assert_int_equal(attempt(&writer, EDDYI_WRITE, "x", 1), EDDY_EPIPE);
    assert_false(broken_pipe_waits()); /* taken back */
    (void)raise(SIGPIPE);
    assert_int_equal(attempt(&writer, EDDYI_WRITE, "x", 1), EDDY_EPIPE);
    assert_true(broken_pipe_waits()); /* that one was not ours */
    assert_int_equal(sigtimedwait(&broken_pipe, NULL, &at_once), SIGPIPE);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    close_port(&writer);
}

static void files_are_read_and_written_at_an_offset(void **state)
{
    char buffer[8] = {0};
    eddyi_buffer one = {"hello", 5}, in = {buffer, 8};
    FILE *file = tmpfile();
    (void)state;
    assert_non_null(file);
    port p = port_of(fileno(file), EDDYI_FILE);
    assert_int_equal(attempt_buffers(&p, EDDYI_WRITE, &one, 1, NULL, 3), 5);
    assert_int_equal(attempt_buffers(&p, EDDYI_WRITE, &one, 1, NULL, UINT64_MAX),
                     5); /* its own position, 0 */
    assert_int_equal(attempt_buffers(&p, EDDYI_READ, &in, 1, NULL, 5), 3);
    assert_memory_equal(buffer, "llo", 3);
    assert_int_equal(attempt_buffers(&p, EDDYI_READ, &in, 1, NULL, UINT64_MAX), 3); /* at 5 by now */
    assert_int_equal(attempt_buffers(&p, EDDYI_READ, &in, 1, NULL, 100), 0);
    assert_int_equal(attempt_buffers(&p, EDDYI_READ, &in, 1, NULL, UINT64_MAX - 1), EDDY_EINVAL);
    assert_int_equal(fclose(file), 0);
}

/* ---- polling ---- */

static int64_t poll_for(port *p, int events)
{
    eddyi_op op = {.descriptor = &p->descriptor, .kind = EDDYI_POLL, .events = (uint8_t)events};
    return eddyi_attempt(&op, &p->os_error);
}

static void polling_tells_what_holds_of_what_was_asked(void **state)
{
    const eddyi_inject_plan plan = {
        .fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_poll, .os_error = EINTR};
    pair p = connected();
    (void)state;
    assert_int_equal(poll_for(&p.server, EDDYI_IN), EDDY_EAGAIN);
    assert_int_equal(poll_for(&p.server, EDDYI_OUT), EDDYI_OUT);
    assert_int_equal(poll_for(&p.server, EDDYI_IN | EDDYI_OUT), EDDYI_OUT);
    assert_int_equal(complete(&p.client, EDDYI_SEND, "x", 1), 1);
    await_events(&p.server, POLLIN);
    eddyi_inject_start(&plan);
    assert_int_equal(poll_for(&p.server, EDDYI_IN), EDDYI_IN); /* an interruption is not "nothing" */
    eddyi_inject_stop();
    assert_int_equal(poll_for(&p.server, EDDYI_IN | EDDYI_OUT), EDDYI_IN | EDDYI_OUT);
    close_pair(&p);

    port reader, writer; /* a hang-up wakes who asks for either */
    make_pipe(&reader, &writer);
    close_port(&reader);
    assert_int_equal(poll_for(&writer, EDDYI_OUT), EDDYI_OUT);
    assert_int_equal(poll_for(&writer, EDDYI_IN), EDDYI_IN);
    close_port(&writer);
}

static void what_cannot_be_attempted_is_told(void **state)
{
    pair p = connected();
    (void)state;
    assert_int_equal(attempt(&p.client, EDDYI_KINDS, "", 0), EDDY_ENOSYS);
    close_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_carry_bytes_over_ipv4),
        cmocka_unit_test(streams_carry_bytes_over_ipv6),
        cmocka_unit_test(streams_carry_bytes_over_local_sockets),
        cmocka_unit_test(a_socket_pair_of_somebody_else_works_too),
        cmocka_unit_test(fault_F5_descriptors_are_close_on_exec_and_non_blocking_from_birth),
        cmocka_unit_test(a_family_that_is_none_is_refused),
        cmocka_unit_test(fault_S7_a_reset_is_an_error_once_and_never_a_signal),
        cmocka_unit_test(a_port_in_use_is_refused),
        cmocka_unit_test(fault_S12_a_refused_connection_is_told),
        cmocka_unit_test(fault_S12_the_question_how_it_went_may_fail_too),
        cmocka_unit_test(fault_S13_a_connection_to_itself_is_refused),
        cmocka_unit_test(a_local_listener_whose_queue_is_full_refuses),
        cmocka_unit_test(connecting_needs_an_address),
        cmocka_unit_test(fault_F9_local_paths_are_checked),
        cmocka_unit_test(abstract_names_are_shown_whole),
        cmocka_unit_test(fault_F2_connections_that_died_in_the_queue_are_skipped),
        cmocka_unit_test(fault_F1_a_process_without_descriptors_is_told_so),
        cmocka_unit_test(fault_F7_close_is_never_retried),
        cmocka_unit_test(calls_on_a_closed_descriptor_are_errors),
        cmocka_unit_test(options_are_set_and_read_back),
        cmocka_unit_test(numeric_addresses_and_localhost_resolve),
        cmocka_unit_test(fault_D1_bad_names_are_refused_before_anybody_is_asked),
        cmocka_unit_test(resolving_fills_no_more_than_there_is_room_for),
        cmocka_unit_test(a_resolver_without_memory_is_told),
        cmocka_unit_test(an_address_that_is_none_has_no_family_and_no_text),
        cmocka_unit_test(several_buffers_are_moved_in_one_go),
        cmocka_unit_test(fault_M5_empty_and_too_many_buffers_are_cut_never_refused),
        cmocka_unit_test(fault_S1_transfers_of_one_byte_lose_nothing),
        cmocka_unit_test(an_interrupted_call_is_repeated),
        cmocka_unit_test(one_buffer_costs_one_plain_call),
        cmocka_unit_test(fault_U5_datagrams_keep_their_bounds_and_may_be_empty),
        cmocka_unit_test(fault_U1_a_refused_datagram_is_told_and_the_socket_goes_on),
        cmocka_unit_test(pipes_are_read_and_written),
        cmocka_unit_test(fault_S15_a_pipe_without_a_reader_is_an_error_and_no_signal),
        cmocka_unit_test(files_are_read_and_written_at_an_offset),
        cmocka_unit_test(polling_tells_what_holds_of_what_was_asked),
        cmocka_unit_test(what_cannot_be_attempted_is_told),
    };
    char directory[] = "/tmp/eddy-net-XXXXXX";
    if (mkdtemp(directory) == NULL)
        return 1;
    (void)snprintf(socket_path, sizeof socket_path, "%s/socket", directory);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(socket_path);
    (void)rmdir(directory);
    return failed;
}
