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
    return eddyi_iocp_ask(file, op, result);
}

int eddyi_iocp_try_now(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    if (op->kind == EDDYI_POLL)
        result->value = eddyi_iocp_answer(op);
    if (op->kind == EDDYI_POLL ? result->value != 0 : try_once(op, result))
        return IOCP_DONE;
    return eddyi_iocp_ask(file, op, result);
}
