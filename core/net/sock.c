/* sock.c: asyncio's loop.sock_...: one op on a socket of the user's. Rule numbers are those of asyncio's inventory.
 * Touches io.c, watch.h and the resolver. A socket is borrowed for the length of a call, so nothing of it stays registered. */
#include <eddy/socket.h>

#include "core/loop/watch.h"
#include "core/net/resolve.h"

/* DB5. Where the system cannot say, it is believed. */
static int check_non_blocking(eddy_loop *loop, eddy_fd fd)
{
    int on = 1;
    int rc = loop->net->get_option(loop->backend, fd, EDDYI_NON_BLOCKING, &on);
    if (rc < 0 && rc != EDDY_ENOSYS)
        return rc;
    return on ? 0 : EDDY_EINVAL;
}

static int check(eddy_loop *loop, eddy_fd fd, const char *operation)
{
    eddy_task *task = eddyi_current_task();
    int rc = 0;
    if (loop == NULL || fd == -1)
        rc = EDDY_EINVAL;
    else if (task == NULL)
        rc = EDDY_ENOTASK;
    else if (task->future.loop != loop)
        rc = EDDY_EWRONGLOOP;
    else if (loop->debug)
        rc = check_non_blocking(loop, fd);
    return rc < 0 ? eddyi_fail(rc, operation) : 0;
}

/* Z1: a second one in a direction is refused. Z2, Z3: the op's own rule: cancelled means that nothing was done. */
static int64_t await_op(eddy_loop *loop, eddy_fd fd, eddyi_op *op, const char *operation)
{
    int32_t os_error = 0;
    int rc = eddyi_watch_borrow(loop, &op->descriptor, fd);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    int64_t value = eddyi_io_await(loop, op, &os_error);
    eddyi_watch_give_back(op->descriptor);
    if (value < 0 && value != EDDY_ECANCELED)
        eddyi_fail_system((int)value, os_error, operation);
    return value;
}

static ptrdiff_t receive(eddy_loop *loop, eddy_fd fd, uint8_t kind, eddyi_buffer buffer, eddy_address *from,
                         const char *operation)
{
    eddyi_op op = {.kind = kind, .buffers = &buffer, .buffer_count = 1, .address = from};
    int rc = check(loop, fd, operation);
    if (rc < 0)
        return rc;
    if (buffer.data == NULL || buffer.size == 0 || buffer.size > PTRDIFF_MAX)
        return eddyi_fail(EDDY_EINVAL, operation);
    int64_t got = await_op(loop, fd, &op, operation);
    return got > (int64_t)buffer.size ? (ptrdiff_t)buffer.size : (ptrdiff_t)got; /* a datagram that was cut */
}

ptrdiff_t eddy_loop_sock_recv(eddy_loop *loop, eddy_fd fd, void *buffer, size_t size)
{
    return receive(loop, fd, EDDYI_RECV, (eddyi_buffer){buffer, size}, NULL, "sock_recv");
}

ptrdiff_t eddy_loop_sock_recvfrom(eddy_loop *loop, eddy_fd fd, void *buffer, size_t size, eddy_address *from)
{
    return receive(loop, fd, EDDYI_RECVFROM, (eddyi_buffer){buffer, size}, from, "sock_recvfrom");
}

/* The record may be an older failure's that is kept. */
static int failed_partly(int code, size_t gone)
{
    eddy_error *record = eddyi_error_record();
    if (record->code == code)
        record->partial = gone;
    return code;
}

int eddy_loop_sock_sendall(eddy_loop *loop, eddy_fd fd, const void *data, size_t size)
{
    static const char operation[] = "sock_sendall";
    eddyi_buffer buffer = {(void *)(uintptr_t)data, size};
    int rc = check(loop, fd, operation);
    if (rc < 0)
        return rc;
    if (data == NULL && size > 0)
        return eddyi_fail(EDDY_EINVAL, operation);
    while (buffer.size > 0) {
        eddyi_op op = {.kind = EDDYI_SEND, .buffers = &buffer, .buffer_count = 1};
        int64_t sent = await_op(loop, fd, &op, operation);
        if (sent < 0)
            return failed_partly((int)sent, size - buffer.size);
        buffer.data = (char *)buffer.data + sent;
        buffer.size -= (size_t)sent;
    }
    return 0;
}

ptrdiff_t eddy_loop_sock_sendto(eddy_loop *loop, eddy_fd fd, const void *data, size_t size,
                                const eddy_address *to)
{
    static const char operation[] = "sock_sendto";
    eddyi_buffer buffer = {(void *)(uintptr_t)data, size};
    eddyi_op op = {.kind = EDDYI_SENDTO,
                   .buffers = &buffer,
                   .buffer_count = 1,
                   .address = (eddy_address *)(uintptr_t)to};
    int rc = check(loop, fd, operation);
    if (rc < 0)
        return rc;
    if ((data == NULL && size > 0) || size > PTRDIFF_MAX)
        return eddyi_fail(EDDY_EINVAL, operation);
    return (ptrdiff_t)await_op(loop, fd, &op, operation);
}

int eddy_loop_sock_accept(eddy_loop *loop, eddy_fd *out, eddy_fd fd, eddy_address *from)
{
    static const char operation[] = "sock_accept";
    eddyi_op op;
    int64_t value;
    int rc = check(loop, fd, operation);
    if (rc < 0)
        return rc;
    if (out == NULL)
        return eddyi_fail(EDDY_EINVAL, operation);
    do {
        op = (eddyi_op){.kind = EDDYI_ACCEPT};
        value = await_op(loop, fd, &op, operation);
    } while (value == EDDY_ECONNABORTED || value == EDDY_EPROTO);
    if (value < 0)
        return (int)value;
    *out = (eddy_fd)value;
    if (from != NULL && loop->net->peer_address(loop->backend, *out, from) < 0)
        from->size = 0;
    return 0;
}

/* The first address of the host that a socket of that family can be connected to; nothing is held when this returns. */
static int find_target(eddy_loop *loop, eddy_fd fd, eddyi_address *target, const char *host,
                       const char *service)
{
    eddyi_resolution *found;
    eddyi_address local = {0};
    int type = 0;
    int rc = loop->net->local_address(loop->backend, fd, &local);
    if (rc >= 0)
        rc = loop->net->get_option(loop->backend, fd, EDDYI_SOCKET_TYPE, &type);
    if (rc < 0)
        return rc;
    rc = eddyi_resolve_await(loop, &found, host, service, loop->net->family(&local),
                             type == EDDYI_SOCKET_DATAGRAM ? EDDYI_RESOLVE_DATAGRAM : 0);
    if (rc < 0)
        return rc;
    *target = found->addresses[0];
    eddyi_resolution_free(found);
    return 0;
}

int eddy_loop_sock_connect(eddy_loop *loop, eddy_fd fd, const char *host, const char *service)
{
    static const char operation[] = "sock_connect";
    eddyi_address target;
    eddyi_op op = {.kind = EDDYI_CONNECT, .address = &target};
    int rc = check(loop, fd, operation);
    if (rc < 0)
        return rc;
    rc = find_target(loop, fd, &target, host, service);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    int64_t value = await_op(loop, fd, &op, operation);
    return value < 0 ? (int)value : 0;
}
