/* entries.c: handing over: an entry of the ring for each op that waits, for each cancel, and for the bell.
 * Touches the ring's entries and the op's scratch area. What finds no room in the ring stays where it is. */
#include <poll.h>
#include <string.h>

#include "backends/io_uring/inside.h"

enum { MOST_BUFFERS = 1024 }; /* UIO_MAXIOV */

static void ask(struct io_uring_sqe *entry, uint8_t bits)
{
    uint32_t events = (bits & EDDYI_IN ? POLLIN : 0u) | (bits & EDDYI_OUT ? POLLOUT : 0u);
    if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) /* io_uring_enter(2), IORING_OP_POLL_ADD */
        events = events << 16 | events >> 16;
    entry->opcode = IORING_OP_POLL_ADD;
    entry->poll32_events = events;
}

static void into_message(struct io_uring_sqe *entry, eddyi_op *op)
{
    struct msghdr *message = &eddyi_uring_lent_of(op)->message;
    memset(message, 0, sizeof *message);
    message->msg_iov = (struct iovec *)(void *)op->buffers;
    uint32_t count = op->buffer_count < MOST_BUFFERS ? op->buffer_count : MOST_BUFFERS;
    message->msg_iovlen = (__typeof__(message->msg_iovlen))count;
    entry->opcode = IORING_OP_RECVMSG;
    entry->addr = (uint64_t)(uintptr_t)message;
}

static void receive(struct io_uring_sqe *entry, eddyi_op *op)
{
    eddyi_uring_lent *lent = eddyi_uring_lent_of(op);
    const eddyi_buffer *first = op->buffers;
    bool picks = (op->flags & EDDYI_PICK_BUFFER) != 0;
    if (picks)
        first += lent->picked = (uint8_t)eddyi_uring_free_buffer(op);
    while (!picks && first->size == 0) /* there is one with room */
        first++;
    if (op->buffer_count > 1 && !picks && eddyi_limited(INT32_MAX) == INT32_MAX) {
        into_message(entry, op);
        return;
    }
    size_t size = eddyi_limited(first->size);
    entry->opcode = IORING_OP_RECV;
    entry->addr = (uint64_t)(uintptr_t)first->data;
    entry->len = size < INT32_MAX ? (uint32_t)size : INT32_MAX;
}

static void receive_from(struct io_uring_sqe *entry, eddyi_op *op)
{
    eddyi_uring_lent *lent = eddyi_uring_lent_of(op);
    into_message(entry, op);
    entry->msg_flags = MSG_TRUNC; /* tell the true length */
    if (op->address != NULL) {
        lent->message.msg_name = op->address->bytes;
        lent->message.msg_namelen = sizeof op->address->bytes;
    }
}

static void accept_all(const eddyi_backend *backend, struct io_uring_sqe *entry)
{
    entry->opcode = IORING_OP_ACCEPT;
    entry->accept_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    if (!backend->no_multishot)
        entry->ioprio = IORING_ACCEPT_MULTISHOT;
}

static enum eddyi_inject_call call_of(const eddyi_op *op)
{
    if (op->kind == EDDYI_ACCEPT)
        return EDDYI_INJECT_accept4;
    return op->kind == EDDYI_RECV && op->buffer_count == 1 ? EDDYI_INJECT_recv : EDDYI_INJECT_recvmsg;
}

/* A test may refuse what the kernel would be asked for. */
static bool is_refused(eddyi_backend *backend, eddyi_op *op)
{
    bool refused = EDDYI_REFUSED(call_of(op)) && !eddyi_uring_fails_for_now(errno);
    if (refused)
        eddyi_uring_keep(backend, op, eddyi_error_from_system(errno), errno);
    return refused;
}

static uint64_t user_data_of(const eddyi_op *op)
{
    const eddyi_descriptor *d = op->descriptor;
    bool writes = eddyi_op_place(op) == &d->writer;
    return (uint64_t)d->generation << 32 | (uint64_t)d->slot << URING_SLOT_SHIFT |
           (writes ? URING_IS_WRITER : 0u);
}

static void write_entry(eddyi_backend *backend, struct io_uring_sqe *entry, eddyi_op *op)
{
    eddyi_uring_lent *lent = eddyi_uring_lent_of(op);
    if (lent->asked)
        ask(entry, eddyi_uring_bits(op));
    else if (op->kind == EDDYI_RECV)
        receive(entry, op);
    else if (op->kind == EDDYI_RECVFROM)
        receive_from(entry, op);
    else
        accept_all(backend, entry);
    entry->fd = (int32_t)op->descriptor->fd;
    entry->user_data = lent->user_data = user_data_of(op);
    op->state = URING_HANDED;
    backend->handed++;
}

/* False: the ring is full, and it stays where it is. */
static bool hand_over(eddyi_backend *backend, eddyi_op *op)
{
    eddyi_uring_lent *lent = eddyi_uring_lent_of(op);
    lent->asked = !eddyi_uring_is_native(backend, op);
    if (!lent->asked && is_refused(backend, op))
        return true;
    struct io_uring_sqe *entry = eddyi_ring_entry(&backend->ring);
    if (entry != NULL)
        write_entry(backend, entry, op);
    return entry != NULL;
}

static bool watch_bell(eddyi_backend *backend)
{
    struct io_uring_sqe *entry = backend->bell_watched ? NULL : eddyi_ring_entry(&backend->ring);
    if (entry == NULL)
        return backend->bell_watched;
    ask(entry, EDDYI_IN);
    entry->fd = backend->bell;
    entry->len = IORING_POLL_ADD_MULTI;
    entry->user_data = URING_BELL;
    backend->bell_watched = true;
    return true;
}

static bool hand_over_cancels(eddyi_backend *backend)
{
    while (!eddyi_list_empty(&backend->cancels)) {
        struct io_uring_sqe *entry = eddyi_ring_entry(&backend->ring);
        if (entry == NULL)
            return false;
        eddyi_op *op = eddyi_uring_op_of(eddyi_list_take(&backend->cancels));
        entry->opcode = IORING_OP_ASYNC_CANCEL;
        entry->addr = eddyi_uring_lent_of(op)->user_data;
        entry->user_data = entry->addr | URING_IS_CANCEL;
    }
    return true;
}

bool eddyi_uring_hand_over(eddyi_backend *backend)
{
    eddyi_list turn, *link;
    if (!watch_bell(backend) || !hand_over_cancels(backend))
        return false;
    bool room = true;
    eddyi_list_init(&turn);
    eddyi_list_move_all(&turn, &backend->waiting);
    while (room && (link = eddyi_list_take(&turn)) != NULL) {
        eddyi_op *op = eddyi_uring_op_of(link);
        room = eddyi_uring_starved(op) || hand_over(backend, op);
        if (!room || eddyi_uring_starved(op))
            eddyi_list_append(&backend->waiting, link);
    }
    eddyi_list_move_all(&backend->waiting, &turn);
    return room;
}
