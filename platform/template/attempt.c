/* attempt.c: one try of an op, without blocking: what backends over a poller are made of.
 * Touches the I/O calls. A system whose only backend is native answers EDDY_ENOSYS here for ever. */
#include "core/platform.h"

int64_t eddyi_attempt(eddyi_op *op, int32_t *os_error)
{
    *os_error = 0;
    switch (op->kind) {
    /* Fill in: a case for each kind; what each value means stands in core/backend.h. "Would block" is EDDY_EAGAIN, an interrupted call
     * is made again. More buffers than the system takes are cut. CONNECT begins when op->state is 0 and sets it to 1; then it
     * asks how it went, and a client that is connected to itself is EDDY_ECONNREFUSED. ACCEPT skips connections that died in the queue.
     * POLL asks for what holds now. A write to a pipe without a reader raises no signal. */
    case EDDYI_SENDFILE:
        return eddyi_attempt_sendfile(op, os_error);
    default:
        return EDDY_ENOSYS;
    }
}
