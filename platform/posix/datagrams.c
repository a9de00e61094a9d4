/* datagrams.c: one try of an op on a datagram socket.
 * Touches recvmsg and sendmsg. A datagram goes and comes whole; one that was cut is told by a length beyond its room. */
#include "platform/posix/datagrams.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "core/platform.h"
#include "platform/posix/addresses.h"
#include "platform/posix/system.h"

#define MOST_BUFFERS UINT32_C(1024)

static int64_t failed(int32_t *os_error)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return EDDY_EAGAIN;
    *os_error = errno;
    return eddyi_error_from_system(errno);
}

static uint64_t room_of(const eddyi_op *op)
{
    uint64_t room = 0;
    for (uint32_t i = 0; i < op->buffer_count && i < MOST_BUFFERS; i++)
        room += op->buffers[i].size;
    return room;
}

static void fill(struct msghdr *message, const eddyi_op *op)
{
    static struct iovec nothing;
    memset(message, 0, sizeof *message);
    uint32_t count = op->buffer_count < MOST_BUFFERS ? op->buffer_count : MOST_BUFFERS;
    message->msg_iov = count > 0 ? (struct iovec *)(void *)op->buffers : &nothing;
    /* an emulator may not send what has no pieces at all */
    message->msg_iovlen = (__typeof__(message->msg_iovlen))(count > 0 ? count : 1);
    if (op->address != NULL && op->kind == EDDYI_RECVFROM) {
        message->msg_name = op->address->bytes;
        message->msg_namelen = sizeof op->address->bytes;
    } else if (op->address != NULL && op->address->size != 0) {
        message->msg_name = op->address->bytes;
        message->msg_namelen = (socklen_t)op->address->size;
    }
}

static int64_t receive_one(eddyi_op *op, int32_t *os_error)
{
    struct msghdr message;
    ssize_t n;
    do {
        fill(&message, op);
        n = EDDYI_CALL(recvmsg, -1, ((int)op->descriptor->fd, &message, eddyi_true_length));
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return failed(os_error);
    if (op->address != NULL)
        op->address->size = (uint32_t)message.msg_namelen;
    uint64_t room = room_of(op);
    return (message.msg_flags & MSG_TRUNC) && (uint64_t)n <= room ? (int64_t)room + 1 : n;
}

/* A local receiver that is not our peer is full: no event would tell when it no longer is. */
static bool names_local(const eddyi_op *op)
{
    return op->address != NULL && op->address->size != 0 &&
           eddyi_address_family(op->address) == EDDYI_FAMILY_UNIX;
}

static int64_t send_one(eddyi_op *op, int32_t *os_error)
{
    struct msghdr message;
    ssize_t n;
    fill(&message, op);
    do
        n = EDDYI_CALL(sendmsg, -1, ((int)op->descriptor->fd, &message, MSG_NOSIGNAL));
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    int64_t value = failed(os_error);
    return value == EDDY_EAGAIN && names_local(op) ? EDDY_ENOBUFS : value;
}

int64_t eddyi_attempt_one_datagram(eddyi_op *op, int32_t *os_error)
{
    return op->kind == EDDYI_RECVFROM ? receive_one(op, os_error) : send_one(op, os_error);
}

int64_t eddyi_attempt_datagram(eddyi_op *op, int32_t *os_error)
{
    return (op->flags & EDDYI_MANY) ? eddyi_attempt_many(op, os_error)
                                    : eddyi_attempt_one_datagram(op, os_error);
}
