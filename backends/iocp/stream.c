/* stream.c: receiving and sending on sockets: one overlapped call, and what its packet says.
 * Touches the op's buffers. The array of buffers is the provider's only during the call, so it is built on the stack; sizes are cut to 32 bits and
 * rows to IOCP_GATHERED buffers, which is a short transfer as any other. A datagram is never cut. */
#include "backends/iocp/inside.h"

/* A send is told when all of it has gone: who waits for it to become less shall see that before the end. */
enum { LARGEST_SEND = 256 * 1024 };

/* The first buffer with room: were a transfer cut before it, moving nothing would look like the end of the stream. */
eddyi_buffer *eddyi_iocp_first_buffer(const eddyi_op *op)
{
    eddyi_buffer *first = op->buffers, *last = op->buffers + op->buffer_count - 1;
    while (first < last && first->size == 0)
        first++;
    return first;
}

static DWORD gather(const eddyi_op *op, WSABUF out[IOCP_GATHERED])
{
    DWORD count = 0;
    if (op->buffer_count == 0) {
        out[0] = (WSABUF){0, NULL};
        return 1;
    }
    bool whole = op->kind == EDDYI_RECVFROM || op->kind == EDDYI_SENDTO;
    bool sends = op->kind == EDDYI_SEND || op->kind == EDDYI_WRITE;
    uint32_t left = whole ? INT32_MAX : eddyi_limited(sends ? LARGEST_SEND : SIZE_MAX);
    const eddyi_buffer *end = op->buffers + op->buffer_count;
    for (const eddyi_buffer *b = eddyi_iocp_first_buffer(op); b < end && count < IOCP_GATHERED; b++) {
        ULONG size = b->size < left ? (ULONG)b->size : left;
        out[count++] = (WSABUF){size, b->data};
        left -= size;
    }
    return count;
}

static uint64_t room_of(const eddyi_op *op)
{
    uint64_t room = 0;
    for (uint32_t i = 0; i < op->buffer_count; i++)
        room += op->buffers[i].size;
    return room;
}

/* ---- picked buffers ---- */

int eddyi_iocp_pick(const eddyi_op *op)
{
    uint32_t known = op->buffer_count >= 32 ? UINT32_MAX : (UINT32_C(1) << op->buffer_count) - 1;
    uint32_t usable = op->free_buffers & known;
    int index = 0;
    if (usable == 0)
        return -1;
    while (!(usable >> index & 1))
        index++;
    return index;
}

void eddyi_iocp_took(eddyi_op *op, int index, eddyi_result *result)
{
    if (result->value <= 0)
        return;
    op->free_buffers &= ~(UINT32_C(1) << index);
    result->flags |= (uint32_t)index << 16;
}

/* ---- what a packet says ---- */

static bool was_cut_short(DWORD error)
{
    return error == ERROR_OPERATION_ABORTED || error == ERROR_REQUEST_ABORTED;
}

/* What moved before it was cancelled has moved. */
static void moved(eddyi_op *op, DWORD error, DWORD bytes, eddyi_result *result)
{
    if (error == 0 || (was_cut_short(error) && bytes > 0))
        result->value = bytes;
    else if (was_cut_short(error))
        result->value = EDDY_ECANCELED;
    else
        (void)eddyi_iocp_failed(result, error);
    /* What a peer's system says of a datagram that nobody wanted. */
    if (result->value == EDDY_ECONNRESET && op->descriptor->kind == EDDYI_DATAGRAM)
        result->value = EDDY_ECONNREFUSED;
}

void eddyi_iocp_received(eddyi_op *op, DWORD error, DWORD bytes, eddyi_result *result)
{
    iocp_lent *lent = eddyi_iocp_lent_of(op);
    bool more = error == WSAEMSGSIZE || error == ERROR_MORE_DATA;
    if (op->kind == EDDYI_RECVFROM && more)
        result->value = (int64_t)room_of(op) + 1; /* it was longer, and nobody knows how much */
    else if (op->kind == EDDYI_READ && (error == ERROR_BROKEN_PIPE || error == ERROR_HANDLE_EOF))
        result->value = 0;
    else
        moved(op, more ? 0 : error, bytes, result);
    if (op->kind == EDDYI_RECVFROM && op->address != NULL && result->value >= 0)
        op->address->size = (uint32_t)lent->address_size;
    if (op->flags & EDDYI_PICK_BUFFER)
        eddyi_iocp_took(op, lent->picked, result);
}

void eddyi_iocp_sent(eddyi_op *op, DWORD error, DWORD bytes, eddyi_result *result)
{
    moved(op, error, bytes, result);
}

/* ---- beginning ---- */

static int picked_buffer(eddyi_op *op, WSABUF *out)
{
    int index = eddyi_iocp_pick(op);
    if (index < 0)
        return IOCP_STARVED;
    eddyi_iocp_lent_of(op)->picked = (uint8_t)index;
    *out = (WSABUF){eddyi_limited(op->buffers[index].size), op->buffers[index].data};
    return 0;
}

int eddyi_iocp_begin_receive(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    WSABUF buffers[IOCP_GATHERED];
    iocp_lent *lent = eddyi_iocp_lent_of(op);
    DWORD count = 1;
    if (!(op->flags & EDDYI_PICK_BUFFER))
        count = gather(op, buffers);
    else if (picked_buffer(op, buffers) == IOCP_STARVED)
        return IOCP_STARVED;
    if (room_of(op) == 0 && file->descriptor->kind != EDDYI_DATAGRAM)
        return IOCP_DONE; /* a receive of nothing would wait for data */
    lent->overlapped = (OVERLAPPED){0};
    lent->flags = 0;
    int rc = EDDYI_CALL_AS(recv, WSARecv, SOCKET_ERROR,
                           ((SOCKET)file->fd, buffers, count, NULL, &lent->flags, &lent->overlapped, NULL));
    return eddyi_iocp_begun(file, op, rc == 0, result);
}

int eddyi_iocp_begin_send(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    WSABUF buffers[IOCP_GATHERED];
    iocp_lent *lent = eddyi_iocp_lent_of(op);
    if (room_of(op) == 0 && file->descriptor->kind != EDDYI_DATAGRAM)
        return IOCP_DONE;
    lent->overlapped = (OVERLAPPED){0};
    int rc =
        EDDYI_CALL_AS(send, WSASend, SOCKET_ERROR,
                      ((SOCKET)file->fd, buffers, gather(op, buffers), NULL, 0, &lent->overlapped, NULL));
    return eddyi_iocp_begun(file, op, rc == 0, result);
}

int eddyi_iocp_begin_receive_from(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    WSABUF buffers[IOCP_GATHERED];
    iocp_lent *lent = eddyi_iocp_lent_of(op);
    struct sockaddr *from = op->address != NULL ? (struct sockaddr *)(void *)op->address->bytes : NULL;
    if (op->buffer_count > IOCP_GATHERED)
        return eddyi_iocp_failed(result, WSAEINVAL);
    lent->overlapped = (OVERLAPPED){0};
    lent->flags = 0;
    lent->address_size = (INT)sizeof op->address->bytes;
    int rc = EDDYI_CALL_AS(recvmsg, WSARecvFrom, SOCKET_ERROR,
                           ((SOCKET)file->fd, buffers, gather(op, buffers), NULL, &lent->flags, from,
                            from != NULL ? &lent->address_size : NULL, &lent->overlapped, NULL));
    return eddyi_iocp_begun(file, op, rc == 0, result);
}

int eddyi_iocp_begin_send_to(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    WSABUF buffers[IOCP_GATHERED];
    iocp_lent *lent = eddyi_iocp_lent_of(op);
    bool known = op->address != NULL && op->address->size != 0;
    const struct sockaddr *to = known ? (const struct sockaddr *)(const void *)op->address->bytes : NULL;
    if (op->buffer_count > IOCP_GATHERED)
        return eddyi_iocp_failed(result, WSAEMSGSIZE);
    lent->overlapped = (OVERLAPPED){0};
    int rc = EDDYI_CALL_AS(sendmsg, WSASendTo, SOCKET_ERROR,
                           ((SOCKET)file->fd, buffers, gather(op, buffers), NULL, 0, to,
                            known ? (int)op->address->size : 0, &lent->overlapped, NULL));
    return eddyi_iocp_begun(file, op, rc == 0, result);
}
