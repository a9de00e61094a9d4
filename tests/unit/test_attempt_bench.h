/* test_attempt_bench.h: ports, on which the tests of seam 2 try single operations.
 * Touches the seam and poll. What a test opens it closes by close_port or close_pair. */
#ifndef TEST_ATTEMPT_BENCH_H
#define TEST_ATTEMPT_BENCH_H

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

static inline port port_of(eddy_fd fd, enum eddyi_descriptor_kind kind)
{
    return (port){.descriptor = {.fd = fd, .kind = (uint8_t)kind}};
}

static inline int64_t attempt_buffers(port *p, enum eddyi_op_kind kind, eddyi_buffer *buffers, uint32_t count,
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

static inline int64_t attempt(port *p, enum eddyi_op_kind kind, const void *data, size_t size)
{
    eddyi_buffer one = {(void *)(uintptr_t)data, size};
    return attempt_buffers(p, kind, &one, 1, NULL, UINT64_MAX);
}

static inline void await_events(const port *p, short events)
{
    struct pollfd one = {.fd = (int)p->descriptor.fd, .events = events};
    assert_int_equal(poll(&one, 1, 10000), 1);
}

/* Try until it is not "would block". */
static inline int64_t complete(port *p, enum eddyi_op_kind kind, const void *data, size_t size)
{
    short events = kind == EDDYI_RECV || kind == EDDYI_ACCEPT || kind == EDDYI_READ ? POLLIN : POLLOUT;
    int64_t value;
    while ((value = attempt(p, kind, data, size)) == EDDY_EAGAIN)
        await_events(p, events);
    return value;
}

static inline int64_t connect_to(port *p, eddyi_address *address)
{
    eddyi_op op = {.descriptor = &p->descriptor, .kind = EDDYI_CONNECT, .address = address};
    int64_t value;
    while ((value = eddyi_attempt(&op, &p->os_error)) == EDDY_EAGAIN) {
        assert_int_equal(op.state, 1);
        await_events(p, POLLOUT);
    }
    return value;
}

static inline void close_port(port *p)
{
    assert_int_equal(net->close(NULL, p->descriptor.fd), 0);
}

/* ---- sockets ---- */

static inline eddyi_address address_of(const char *host, const char *service, enum eddyi_family family)
{
    eddyi_address address;
    memset(&address, 0, sizeof address);
    assert_int_equal(
        net->resolve(NULL, host, service, family, EDDYI_SOCKET_STREAM, EDDYI_RESOLVE_NUMERIC, &address, 1),
        1);
    return address;
}

static inline port open_socket(enum eddyi_family family, enum eddyi_socket_type type)
{
    eddy_fd fd = -1;
    assert_int_equal(net->socket(NULL, &fd, family, type), 0);
    return port_of(fd, type == EDDYI_SOCKET_STREAM ? EDDYI_STREAM : EDDYI_DATAGRAM);
}

static char socket_path[64]; /* set by main, in a directory of its own */

/* An address to listen on. */
static inline eddyi_address fresh_address(enum eddyi_family family)
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
static inline bool try_listen(port *listener, eddyi_address *address, enum eddyi_family family, int backlog)
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

static inline bool try_connect(pair *p, enum eddyi_family family)
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

static inline pair connected(void)
{
    pair p;
    assert_true(try_connect(&p, EDDYI_FAMILY_IPV4));
    return p;
}

static inline void close_pair(pair *p)
{
    close_port(&p->client);
    close_port(&p->server);
    close_port(&p->listener);
}

static inline port datagram_socket(eddyi_address *address)
{
    port p = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_DATAGRAM);
    *address = fresh_address(EDDYI_FAMILY_IPV4);
    assert_int_equal(net->bind(NULL, p.descriptor.fd, address), 0);
    assert_int_equal(net->local_address(NULL, p.descriptor.fd, address), 0);
    return p;
}

#endif
