/* attempt.c: one try of an op, without blocking: what readiness backends are made of.
 * Touches the I/O calls. Several buffers are converted, for the system's have their members the other way round. */
#include <string.h>

#include "core/platform.h"
#include "platform/windows/addresses.h"
#include "platform/windows/attempts.h"

enum { CONNECT_FRESH, CONNECT_STARTED };

static SOCKET socket_of(const eddyi_op *op)
{
    return (SOCKET)op->descriptor->fd;
}

static int64_t failed(int32_t *os_error)
{
    int number = WSAGetLastError();
    if (number == WSAEWOULDBLOCK)
        return EDDY_EAGAIN;
    *os_error = number;
    /* The system's own end of a broken connection: everywhere else this is a reset. */
    return number == WSAECONNABORTED ? EDDY_ECONNRESET : eddyi_error_from_system(number);
}

uint32_t eddyi_fill_buffers(WSABUF *out, const eddyi_op *op)
{
    uint32_t count = 0;
    uint64_t left = eddyi_limited(SIZE_MAX);
    for (uint32_t i = 0; i < op->buffer_count && count < EDDYI_MOST_BUFFERS && left > 0; i++) {
        const eddyi_buffer *buffer = &op->buffers[i];
        if (buffer->size ==
            0) /* were a transfer cut here, moving nothing would look like the end of the stream */
            continue;
        out[count].buf = buffer->data;
        out[count].len = buffer->size < left ? (ULONG)buffer->size : (ULONG)left;
        left -= out[count++].len;
    }
    return count;
}

static int64_t attempt_recv(eddyi_op *op, int32_t *os_error)
{
    WSABUF buffers[EDDYI_MOST_BUFFERS];
    DWORD got = 0, flags = 0;
    uint32_t count = eddyi_fill_buffers(buffers, op);
    int rc;
    if (count == 0)
        buffers[count++] = (WSABUF){.len = 0, .buf = (char *)buffers};
    do
        rc = EDDYI_CALL_AS(recv, WSARecv, SOCKET_ERROR,
                           (socket_of(op), buffers, count, &got, &flags, NULL, NULL));
    while (rc != 0 && WSAGetLastError() == WSAEINTR);
    return rc == 0 ? (int64_t)got : failed(os_error);
}

static int64_t attempt_send(eddyi_op *op, int32_t *os_error)
{
    WSABUF buffers[EDDYI_MOST_BUFFERS];
    DWORD sent = 0;
    uint32_t count = eddyi_fill_buffers(buffers, op);
    int rc;
    if (count == 0)
        return 0;
    do
        rc =
            EDDYI_CALL_AS(send, WSASend, SOCKET_ERROR, (socket_of(op), buffers, count, &sent, 0, NULL, NULL));
    while (rc != 0 && WSAGetLastError() == WSAEINTR);
    return rc == 0 ? (int64_t)sent : failed(os_error);
}

/* A connection that died while it waited in the queue is nobody's error. */
static bool died_in_queue(int number)
{
    return number == WSAEINTR || number == WSAECONNRESET || number == WSAECONNABORTED ||
           number == WSAENETDOWN || number == WSAENETUNREACH || number == WSAEHOSTUNREACH ||
           number == WSAEHOSTDOWN || number == WSAEOPNOTSUPP || number == WSAENOPROTOOPT;
}

static int64_t attempt_accept(eddyi_op *op, int32_t *os_error)
{
    enum { MOST_SKIPPED = 64 }; /* a descriptor that cannot accept at all must not keep us here */
    for (int i = 0; i < MOST_SKIPPED; i++) {
        u_long on = 1;
        SOCKET made = EDDYI_CALL_AS(accept4, accept, INVALID_SOCKET, (socket_of(op), NULL, NULL));
        if (made == INVALID_SOCKET && died_in_queue(WSAGetLastError()))
            continue;
        if (made == INVALID_SOCKET)
            break;
        /* no EDDYI_CALL: they fail for what is no socket only */
        (void)SetHandleInformation((HANDLE)made, HANDLE_FLAG_INHERIT, 0);
        (void)ioctlsocket(made, (long)FIONBIO, &on);
        return (int64_t)made;
    }
    return failed(os_error);
}

/* ---- connecting ---- */

/* A client whose chosen port is the one it connects to is connected to itself (RFC 793, simultaneous open). */
static bool connected_to_itself(eddy_fd fd)
{
    eddyi_address local, peer;
    memset(&local, 0, sizeof local);
    memset(&peer, 0, sizeof peer);
    if (eddyi_platform_net.local_address(NULL, fd, &local) < 0 ||
        eddyi_platform_net.peer_address(NULL, fd, &peer) < 0)
        return false;
    if (eddyi_address_port(&local) <= 0 || local.size != peer.size)
        return false;
    return memcmp(local.bytes, peer.bytes, local.size) == 0;
}

static int64_t connected(const eddyi_op *op, int32_t *os_error)
{
    if (op->descriptor->kind == EDDYI_DATAGRAM || !connected_to_itself(op->descriptor->fd))
        return 0;
    *os_error = WSAECONNREFUSED;
    return EDDY_ECONNREFUSED;
}

typedef struct readiness {
    fd_set in, out, failed;
} readiness;

/* What holds for one socket now. A connection that failed is told as an exception only. Returns how many bits hold. */
static int ask(SOCKET socket, readiness *ready)
{
    struct timeval at_once = {0, 0};
    int rc;
    do {
        FD_ZERO(&ready->in);
        FD_ZERO(&ready->out);
        FD_ZERO(&ready->failed);
        ready->in.fd_array[ready->in.fd_count++] = socket;
        ready->out.fd_array[ready->out.fd_count++] = socket;
        ready->failed.fd_array[ready->failed.fd_count++] = socket;
        rc =
            EDDYI_CALL_AS(poll, select, SOCKET_ERROR, (0, &ready->in, &ready->out, &ready->failed, &at_once));
    } while (rc < 0 && WSAGetLastError() == WSAEINTR);
    return rc;
}

static int64_t connect_outcome(const eddyi_op *op, int32_t *os_error)
{
    int error = 0, size = sizeof error;
    readiness ready;
    if (ask(socket_of(op), &ready) < 0)
        return failed(os_error);
    if (ready.out.fd_count == 0 && ready.failed.fd_count == 0)
        return EDDY_EAGAIN;
    if (EDDYI_CALL(getsockopt, SOCKET_ERROR, (socket_of(op), SOL_SOCKET, SO_ERROR, (char *)&error, &size)) !=
        0)
        error = WSAGetLastError();
    if (error == 0 && ready.out.fd_count == 0) /* it failed, and somebody has taken the reason */
        error = WSAECONNREFUSED;
    if (error == 0)
        return connected(op, os_error);
    *os_error = error;
    return eddyi_error_from_system(error);
}

static int64_t attempt_connect(eddyi_op *op, int32_t *os_error)
{
    if (op->state == CONNECT_STARTED)
        return connect_outcome(op, os_error);
    if (op->address == NULL)
        return EDDY_EINVAL;
    op->state = CONNECT_STARTED;
    int rc = EDDYI_CALL(connect, SOCKET_ERROR,
                        (socket_of(op), eddyi_sockaddr(op->address), (int)op->address->size));
    if (rc == 0)
        return connected(op, os_error);
    int number = WSAGetLastError();
    if (number == WSAEWOULDBLOCK || number == WSAEINTR || number == WSAEALREADY)
        return EDDY_EAGAIN;
    *os_error = number;
    if (number == WSAEOPNOTSUPP ||
        number == WSAEFAULT) /* an address of another family is all that can be wrong so */
        return EDDY_EAFNOSUPPORT;
    return eddyi_error_from_system(number);
}

/* Errors and hang-ups wake both directions, so that the caller's own call reports them (asyncio 12.4). */
static int64_t attempt_poll(eddyi_op *op, int32_t *os_error)
{
    int64_t found = 0;
    readiness ready;
    if (ask(socket_of(op), &ready) < 0)
        return failed(os_error);
    if (ready.in.fd_count > 0 || ready.failed.fd_count > 0)
        found |= EDDYI_IN;
    if (ready.out.fd_count > 0 || ready.failed.fd_count > 0)
        found |= EDDYI_OUT;
    found &= op->events;
    return found != 0 ? found : EDDY_EAGAIN;
}

int64_t eddyi_attempt(eddyi_op *op, int32_t *os_error)
{
    *os_error = 0;
    switch (op->kind) {
    case EDDYI_RECV:
        return attempt_recv(op, os_error);
    case EDDYI_SEND:
        return attempt_send(op, os_error);
    case EDDYI_RECVFROM:
    case EDDYI_SENDTO:
        return eddyi_attempt_datagram(op, os_error);
    case EDDYI_ACCEPT:
        return attempt_accept(op, os_error);
    case EDDYI_CONNECT:
        return attempt_connect(op, os_error);
    case EDDYI_SENDFILE:
        return eddyi_attempt_sendfile(op, os_error);
    case EDDYI_POLL:
        return attempt_poll(op, os_error);
    default: /* reading and writing: pipes are no sockets here, and pollers watch sockets */
        return EDDY_ENOSYS;
    }
}
