/* attempt.c: one try of an op, without blocking: what readiness backends are made of.
 * Touches the I/O calls. One buffer is a plain recv or send and nothing else: this is the hot path. */
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/platform.h"
#include "platform/posix/addresses.h"
#include "platform/posix/datagrams.h"
#include "platform/posix/quiet.h"
#include "platform/posix/system.h"

_Static_assert(sizeof(eddyi_buffer) == sizeof(struct iovec), "a buffer is an iovec");
_Static_assert(offsetof(eddyi_buffer, size) == offsetof(struct iovec, iov_len), "a buffer is an iovec");

enum { MOST_BUFFERS = 1024 }; /* Linux's UIO_MAXIOV; POSIX systems take at least 16 and usually as many */
enum { CONNECT_FRESH, CONNECT_STARTED };

static int fd_of(const eddyi_op *op)
{
    return (int)op->descriptor->fd;
}

static int64_t failed(int32_t *os_error)
{
    int number = errno;
    if (number == EAGAIN || number == EWOULDBLOCK)
        return EDDY_EAGAIN;
    *os_error = number;
    return eddyi_error_from_system(number);
}

/* The first buffer with room: were a transfer cut before it, moving nothing would look like the end of the stream. */
static eddyi_buffer *first_buffer(const eddyi_op *op)
{
    eddyi_buffer *first = op->buffers, *last = op->buffers + op->buffer_count - 1;
    while (first < last && first->size == 0)
        first++;
    return first;
}

static void fill_message(struct msghdr *message, const eddyi_op *op, struct iovec *one)
{
    memset(message, 0, sizeof *message);
    if (op->buffer_count == 0)
        return;
    eddyi_buffer *first = first_buffer(op);
    size_t count = op->buffer_count - (size_t)(first - op->buffers);
    message->msg_iov = (struct iovec *)(void *)first;
    message->msg_iovlen = (__typeof__(message->msg_iovlen))(count < MOST_BUFFERS ? count : MOST_BUFFERS);
#ifdef EDDY_INJECT
    if (eddyi_inject_most_bytes() != UINT32_MAX) {
        *one = (struct iovec){first->data, eddyi_limited(first->size)};
        message->msg_iov = one;
        message->msg_iovlen = 1;
    }
#else
    (void)one;
#endif
}

static int64_t attempt_recv(eddyi_op *op, int32_t *os_error)
{
    struct msghdr message;
    struct iovec one;
    ssize_t n;
    do {
        if (op->buffer_count == 1) {
            n = EDDYI_CALL(recv, -1, (fd_of(op), op->buffers[0].data, eddyi_limited(op->buffers[0].size), 0));
        } else {
            fill_message(&message, op, &one);
            n = EDDYI_CALL(recvmsg, -1, (fd_of(op), &message, 0));
        }
    } while (n < 0 && errno == EINTR);
    return n >= 0 ? n : failed(os_error);
}

static int64_t attempt_send(eddyi_op *op, int32_t *os_error)
{
    struct msghdr message;
    struct iovec one;
    ssize_t n;
    do {
        if (op->buffer_count == 1) {
            n = EDDYI_CALL(
                send, -1, (fd_of(op), op->buffers[0].data, eddyi_limited(op->buffers[0].size), MSG_NOSIGNAL));
        } else {
            fill_message(&message, op, &one);
            n = EDDYI_CALL(sendmsg, -1, (fd_of(op), &message, MSG_NOSIGNAL));
        }
    } while (n < 0 && errno == EINTR);
    return n >= 0 ? n : failed(os_error);
}

/* A connection that died while it waited in the queue is nobody's error (accept(2), "Error handling"). */
static bool died_in_queue(int number)
{
    switch (number) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
#ifdef ENONET
    case ENONET:
#endif
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EOPNOTSUPP:
        return true;
    default:
        return false;
    }
}

static int64_t attempt_accept(eddyi_op *op, int32_t *os_error)
{
    enum { MOST_SKIPPED = 64 }; /* a descriptor that cannot accept at all must not keep us here */
    for (int i = 0; i < MOST_SKIPPED; i++) {
        int fd = eddyi_open_accepted(fd_of(op));
        if (fd >= 0)
            return fd;
        if (!died_in_queue(errno))
            break;
    }
    return failed(os_error);
}

/* A client whose chosen port is the one it connects to is connected to itself (RFC 793, simultaneous open). */
static bool connected_to_itself(int fd)
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
    if (op->descriptor->kind == EDDYI_DATAGRAM || !connected_to_itself(fd_of(op)))
        return 0;
    *os_error = ECONNREFUSED;
    return EDDY_ECONNREFUSED;
}

static int ask(struct pollfd *ready)
{
    int rc;
    do
        rc = EDDYI_CALL(poll, -1, (ready, 1, 0));
    while (rc < 0 && errno == EINTR); /* not "would block": an edge is told only once */
    return rc;
}

static int64_t connect_outcome(const eddyi_op *op, int32_t *os_error)
{
    int error = 0;
    socklen_t size = sizeof error;
    struct pollfd ready = {.fd = fd_of(op), .events = POLLOUT};
    int rc = ask(&ready);
    if (rc < 0)
        return failed(os_error);
    if (rc == 0)
        return EDDY_EAGAIN;
    if (EDDYI_CALL(getsockopt, -1, (fd_of(op), SOL_SOCKET, SO_ERROR, &error, &size)) != 0)
        error = errno;
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
    int rc = EDDYI_CALL(connect, -1, (fd_of(op), eddyi_sockaddr(op->address), (socklen_t)op->address->size));
    if (rc == 0)
        return connected(op, os_error);
    if (errno == EINPROGRESS || errno == EINTR) {
        op->state = CONNECT_STARTED;
        return EDDY_EAGAIN;
    }
    *os_error = errno;
    if (errno == EAGAIN) /* a local listener whose queue is full: nothing was begun and no event will come */
        return EDDY_ECONNREFUSED;
    return eddyi_error_from_system(errno);
}

static int64_t attempt_read(eddyi_op *op, int32_t *os_error)
{
    ssize_t n;
    if (op->buffer_count == 0)
        return EDDY_EINVAL;
    eddyi_buffer *buffer = first_buffer(op);
    size_t size = eddyi_limited(buffer->size);
    do
        n = op->offset == UINT64_MAX ? EDDYI_CALL(read, -1, (fd_of(op), buffer->data, size))
                                     : pread(fd_of(op), buffer->data, size, (off_t)op->offset);
    while (n < 0 && errno == EINTR);
    return n >= 0 ? n : failed(os_error);
}

/* write(2) has no MSG_NOSIGNAL. */
static ssize_t write_quietly(int fd, const void *data, size_t size)
{
    eddyi_quiet quiet;
    eddyi_quiet_begin(&quiet);
    ssize_t n = EDDYI_CALL(write, -1, (fd, data, size));
    eddyi_quiet_end(&quiet, n < 0 && errno == EPIPE);
    return n;
}

static int64_t attempt_write(eddyi_op *op, int32_t *os_error)
{
    ssize_t n;
    if (op->buffer_count == 0)
        return EDDY_EINVAL;
    const eddyi_buffer *buffer = first_buffer(op);
    size_t size = eddyi_limited(buffer->size);
    do
        n = op->offset != UINT64_MAX             ? pwrite(fd_of(op), buffer->data, size, (off_t)op->offset)
            : op->descriptor->kind == EDDYI_FILE ? EDDYI_CALL(write, -1, (fd_of(op), buffer->data, size))
                                                 : write_quietly(fd_of(op), buffer->data, size);
    while (n < 0 && errno == EINTR);
    return n >= 0 ? n : failed(os_error);
}

/* Errors and hang-ups wake both directions, so that the caller's own call reports them (asyncio 12.4). */
static int64_t attempt_poll(eddyi_op *op, int32_t *os_error)
{
    struct pollfd ready = {.fd = fd_of(op)};
    int64_t found = 0;
    if (op->events & EDDYI_IN)
        ready.events |= POLLIN;
    if (op->events & EDDYI_OUT)
        ready.events |= POLLOUT;
    if (ask(&ready) < 0)
        return failed(os_error);
    if (ready.revents & POLLNVAL)
        return EDDY_EBADF;
    if (ready.revents & (POLLIN | POLLHUP | POLLERR))
        found |= EDDYI_IN;
    if (ready.revents & (POLLOUT | POLLHUP | POLLERR))
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
    case EDDYI_READ:
        return attempt_read(op, os_error);
    case EDDYI_WRITE:
        return attempt_write(op, os_error);
    case EDDYI_SENDFILE:
        return eddyi_attempt_sendfile(op, os_error);
    case EDDYI_POLL:
        return attempt_poll(op, os_error);
    default:
        return EDDY_ENOSYS;
    }
}
