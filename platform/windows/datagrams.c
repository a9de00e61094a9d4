/* datagrams.c: one try of an op on a datagram socket.
 * Touches WSARecvFrom and WSASendTo. A datagram goes and comes whole; one that was cut is told by a length beyond its room. */
#include "platform/windows/addresses.h"
#include "platform/windows/attempts.h"

static int64_t failed(int32_t *os_error)
{
    int number = WSAGetLastError();
    if (number == WSAEWOULDBLOCK)
        return EDDY_EAGAIN;
    *os_error = number;
    return eddyi_error_from_system(number);
}

static uint32_t fill(WSABUF *buffers, const eddyi_op *op)
{
    uint32_t count = eddyi_fill_buffers(buffers, op);
    if (count == 0) /* an empty datagram is one too */
        buffers[count++] = (WSABUF){.len = 0, .buf = (char *)buffers};
    return count;
}

static int64_t room_of(const eddyi_op *op)
{
    uint64_t room = 0;
    for (uint32_t i = 0; i < op->buffer_count; i++)
        room += op->buffers[i].size;
    return room < INT32_MAX ? (int64_t)room : INT32_MAX;
}

/* That a datagram sent before found nobody: the news of the one whom a connected socket speaks with; of others nobody wants to know, and on most
 * systems nobody is told. */
static bool is_old_news(const eddyi_op *op, int number)
{
    eddyi_address peer;
    return (number == WSAECONNRESET || number == WSAENETRESET) &&
           eddyi_platform_net.peer_address(NULL, op->descriptor->fd, &peer) < 0;
}

static int64_t receive_one(eddyi_op *op, int32_t *os_error)
{
    WSABUF buffers[EDDYI_MOST_BUFFERS];
    eddyi_address ignored, *from = op->address != NULL ? op->address : &ignored;
    uint32_t count = fill(buffers, op);
    for (;;) {
        DWORD got = 0, flags = 0;
        int size = sizeof from->bytes;
        int rc = EDDYI_CALL_AS(recvmsg, WSARecvFrom, SOCKET_ERROR,
                               ((SOCKET)op->descriptor->fd, buffers, count, &got, &flags,
                                (struct sockaddr *)(void *)from->bytes, &size, NULL, NULL));
        int number = rc == 0 ? 0 : WSAGetLastError();
        if (number == WSAEINTR || is_old_news(op, number))
            continue;
        if (number == WSAECONNRESET) {
            *os_error = number;
            return EDDY_ECONNREFUSED; /* what other systems call it */
        }
        if (number != 0 && number != WSAEMSGSIZE)
            return failed(os_error);
        from->size = (uint32_t)size;
        return number == WSAEMSGSIZE ? room_of(op) + 1 : (int64_t)got;
    }
}

static int64_t send_one(eddyi_op *op, int32_t *os_error)
{
    WSABUF buffers[EDDYI_MOST_BUFFERS];
    bool named = op->address != NULL && op->address->size != 0;
    uint32_t count = fill(buffers, op);
    DWORD sent = 0;
    int rc;
    do
        rc = EDDYI_CALL_AS(sendmsg, WSASendTo, SOCKET_ERROR,
                           ((SOCKET)op->descriptor->fd, buffers, count, &sent, 0,
                            named ? eddyi_sockaddr(op->address) : NULL, named ? (int)op->address->size : 0,
                            NULL, NULL));
    while (rc != 0 && WSAGetLastError() == WSAEINTR);
    return rc == 0 ? (int64_t)sent : failed(os_error);
}

static int64_t attempt_one(eddyi_op *op, int32_t *os_error)
{
    return op->kind == EDDYI_RECVFROM ? receive_one(op, os_error) : send_one(op, os_error);
}

/* No call of the system's takes many. What went before an error is the answer; the error is the next op's. */
static int64_t attempt_many(eddyi_op *op, int32_t *os_error)
{
    eddyi_op one = *op;
    one.flags = 0;
    one.buffer_count = 1;
    for (uint32_t i = 0; i < op->buffer_count; i++) {
        one.buffers = &op->buffers[i];
        one.address = op->address != NULL ? &op->address[i] : NULL;
        int64_t value = attempt_one(&one, os_error);
        if (value < 0)
            return i > 0 ? (int64_t)i : value;
        if (op->kind == EDDYI_RECVFROM && op->lengths != NULL)
            op->lengths[i] = (uint32_t)value;
    }
    return op->buffer_count;
}

int64_t eddyi_attempt_datagram(eddyi_op *op, int32_t *os_error)
{
    return (op->flags & EDDYI_MANY) ? attempt_many(op, os_error) : attempt_one(op, os_error);
}
