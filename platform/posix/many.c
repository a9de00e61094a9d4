/* many.c: many datagrams in one op, one call after the other, where the system has no call for it.
 * Touches datagrams.c. What went before an error is the answer; the error is the next op's. */
#include "platform/posix/datagrams.h"

const int eddyi_true_length = 0;

int64_t eddyi_attempt_many(eddyi_op *op, int32_t *os_error)
{
    eddyi_op one = *op;
    one.flags = 0;
    one.buffer_count = 1;
    for (uint32_t i = 0; i < op->buffer_count; i++) {
        one.buffers = &op->buffers[i];
        one.address = op->address != NULL ? &op->address[i] : NULL;
        int64_t value = eddyi_attempt_one_datagram(&one, os_error);
        if (value < 0)
            return i > 0 ? (int64_t)i : value;
        if (op->lengths != NULL)
            op->lengths[i] = (uint32_t)value;
    }
    return op->buffer_count;
}
