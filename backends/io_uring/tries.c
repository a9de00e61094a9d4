/* tries.c: what the kernel does by itself, how all else is tried, and when a try is worth the call.
 * Touches the platform's single attempts. EDDYI_IN and EDDYI_OUT stand in a descriptor's `ready` while a try may bring something. */
#include "backends/io_uring/inside.h"

static bool knows(const eddyi_backend *backend, unsigned operation)
{
    return (backend->operations >> operation & 1) != 0;
}

static uint64_t room_of(const eddyi_op *op)
{
    uint64_t room = 0;
    for (uint32_t i = 0; i < op->buffer_count; i++)
        room += op->buffers[i].size;
    return room;
}

/* Whether the kernel does it by itself. A receive of nothing would wait for data. */
bool eddyi_uring_is_native(const eddyi_backend *backend, const eddyi_op *op)
{
    switch (op->kind) {
    case EDDYI_RECV:
        return knows(backend, IORING_OP_RECV) && knows(backend, IORING_OP_RECVMSG) && room_of(op) > 0;
    case EDDYI_RECVFROM:
        return knows(backend, IORING_OP_RECVMSG) && !(op->flags & EDDYI_MANY);
    case EDDYI_ACCEPT: /* one is tried: it can be taken back */
        return knows(backend, IORING_OP_ACCEPT) && (op->flags & EDDYI_MULTI) != 0;
    default:
        return false;
    }
}

int eddyi_uring_free_buffer(const eddyi_op *op)
{
    for (uint32_t i = 0; i < op->buffer_count && i < 32; i++)
        if (op->free_buffers & UINT32_C(1) << i)
            return (int)i;
    return -1;
}

bool eddyi_uring_starved(const eddyi_op *op)
{
    return (op->flags & EDDYI_PICK_BUFFER) && eddyi_uring_free_buffer(op) < 0;
}

void eddyi_uring_took(eddyi_op *op, int index, eddyi_result *result)
{
    if (result->value <= 0)
        return;
    op->free_buffers &= ~(UINT32_C(1) << index);
    result->flags |= (uint32_t)index << 16;
}

static void try_picked(eddyi_op *op, eddyi_result *result)
{
    int index = eddyi_uring_free_buffer(op);
    eddyi_op one = *op;
    one.buffers = &op->buffers[index];
    one.buffer_count = 1;
    one.flags = 0;
    result->value = eddyi_attempt(&one, &result->os_error);
    eddyi_uring_took(op, index, result);
}

bool eddyi_uring_try(eddyi_op *op, eddyi_result *result)
{
    eddyi_uring_lent *lent = eddyi_uring_lent_of(op);
    uint8_t state = op->state;
    *result = (eddyi_result){.op = op};
    if (op->flags & EDDYI_PICK_BUFFER) {
        if (eddyi_uring_starved(op))
            return false;
        try_picked(op, result);
    } else {
        op->state = lent->attempt;
        result->value = eddyi_attempt(op, &result->os_error);
        lent->attempt = op->state;
        op->state = state;
    }
    return result->value != EDDY_EAGAIN;
}

/* ---- what is known of a descriptor ---- */

uint8_t eddyi_uring_bits(const eddyi_op *op)
{
    if (op->kind == EDDYI_POLL)
        return op->events;
    return eddyi_op_place(op) == &op->descriptor->reader ? EDDYI_IN : EDDYI_OUT;
}

void eddyi_uring_learn(const eddyi_op *op, bool worth)
{
    if (worth)
        op->descriptor->ready |= eddyi_uring_bits(op);
    else
        op->descriptor->ready &= (uint8_t)~eddyi_uring_bits(op);
}

/* After a try. A receive that was not filled has taken all: the kernel is asked for the next one. */
void eddyi_uring_learn_of_try(const eddyi_backend *backend, const eddyi_op *op, bool ended, int64_t value)
{
    if (!ended)
        eddyi_uring_learn(op, false);
    else if (op->kind == EDDYI_RECV && eddyi_uring_is_native(backend, op))
        eddyi_uring_learn(op, value > 0 && (uint64_t)value >= room_of(op));
}

bool eddyi_uring_is_worth_a_try(const eddyi_op *op)
{
    if (op->flags & EDDYI_MULTI)
        return false;
    return op->kind == EDDYI_CONNECT || (op->descriptor->ready & eddyi_uring_bits(op)) != 0;
}
