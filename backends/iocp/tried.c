/* tried.c: what is done by readiness: POLL, and operations on sockets that are not given to the port.
 * Touches the socket driver and the platform's single attempts. Tried first, then asked about, then tried again: a cancel takes nothing back. */
#include "backends/iocp/inside.h"

/* Local sockets know no ConnectEx. */
static bool is_local_connect(const eddyi_op *op)
{
    return op->kind == EDDYI_CONNECT && op->address != NULL &&
           eddyi_platform_net.family(op->address) == EDDYI_FAMILY_UNIX;
}

bool eddyi_iocp_is_tried(const iocp_file *file, const eddyi_op *op)
{
    return !file->ported || op->kind == EDDYI_POLL || is_local_connect(op);
}

static uint32_t bits_of(const eddyi_op *op)
{
    switch (op->kind) {
    case EDDYI_POLL:
        return op->events;
    case EDDYI_RECV:
    case EDDYI_RECVFROM:
    case EDDYI_ACCEPT:
    case EDDYI_READ:
        return EDDYI_IN;
    default:
        return EDDYI_OUT;
    }
}

/* Sockets know no reads and writes. A receive that picks has one buffer a try. */
static int64_t attempt(eddyi_op *op, eddyi_result *result)
{
    iocp_lent *lent = eddyi_iocp_lent_of(op);
    eddyi_op one = *op;
    if (op->kind == EDDYI_READ)
        one.kind = EDDYI_RECV;
    if (op->kind == EDDYI_WRITE)
        one.kind = EDDYI_SEND;
    if (op->flags & EDDYI_PICK_BUFFER) {
        one.buffers = &op->buffers[lent->picked];
        one.buffer_count = 1;
    }
    one.flags = 0;
    one.state = lent->attempt;
    int64_t value = eddyi_attempt(&one, &result->os_error);
    lent->attempt = one.state;
    return value;
}

static bool try_once(eddyi_op *op, eddyi_result *result)
{
    result->value = attempt(op, result);
    if (result->value == EDDY_EAGAIN)
        return false;
    if (op->flags & EDDYI_PICK_BUFFER)
        eddyi_iocp_took(op, eddyi_iocp_lent_of(op)->picked, result);
    return true;
}

int eddyi_iocp_begin_tried(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    if (op->flags & EDDYI_PICK_BUFFER) {
        int index = eddyi_iocp_pick(op);
        if (index < 0)
            return IOCP_STARVED;
        eddyi_iocp_lent_of(op)->picked = (uint8_t)index;
    }
    if (op->kind != EDDYI_POLL && try_once(op, result))
        return IOCP_DONE;
    return eddyi_iocp_ask(file, op, bits_of(op), result);
}

bool eddyi_iocp_tried_arrived(iocp_file *file, eddyi_op *op, DWORD error, eddyi_result *result)
{
    const iocp_question *question = &eddyi_iocp_lent_of(op)->question;
    uint32_t asked = bits_of(op);
    if (op->state == IOCP_CANCELLING) {
        result->value = EDDY_ECANCELED;
        return true;
    }
    if (error != 0 || eddyi_iocp_answer_is_closed(question)) {
        result->value = EDDY_EBADF;
        return true;
    }
    if (op->kind != EDDYI_POLL) {
        if (try_once(op, result))
            return true;
    } else {
        asked |= (asked & EDDYI_IN ? EDDYI_END_IN : 0u) | (asked & EDDYI_OUT ? EDDYI_END_OUT : 0u);
        result->value = eddyi_iocp_answer(question) & asked;
        if (result->value != 0)
            return true;
    }
    return eddyi_iocp_ask(file, op, bits_of(op), result) == IOCP_DONE;
}
