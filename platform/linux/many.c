/* many.c: many datagrams in one call: recvmmsg(2), sendmmsg(2).
 * Touches the first; segments.c sends. What went before an error is the answer; the error is the next op's. */
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "core/platform.h"
#include "platform/linux/segments.h"
#include "platform/posix/datagrams.h"
#include "platform/posix/system.h"

const int eddyi_true_length = MSG_TRUNC;

static void fill(struct mmsghdr *messages, const eddyi_op *op, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct msghdr *message = &messages[i].msg_hdr;
        memset(&messages[i], 0, sizeof messages[i]);
        message->msg_iov = (struct iovec *)(void *)&op->buffers[i];
        message->msg_iovlen = 1;
        if (op->address == NULL)
            continue;
        message->msg_name = op->address[i].bytes;
        message->msg_namelen = sizeof op->address[i].bytes;
    }
}

static int receive_many(const eddyi_op *op, uint32_t count)
{
    struct mmsghdr messages[EDDYI_MOST_AT_ONCE];
    int n;
    do {
        fill(messages, op, count);
        n = EDDYI_CALL_AS(recvmsg, recvmmsg, -1, ((int)op->descriptor->fd, messages, count, MSG_TRUNC, NULL));
    } while (n < 0 && errno == EINTR);
    for (int i = 0; i < n; i++) {
        op->lengths[i] = messages[i].msg_len;
        if (op->address != NULL)
            op->address[i].size = (uint32_t)messages[i].msg_hdr.msg_namelen;
    }
    return n;
}

int64_t eddyi_attempt_many(eddyi_op *op, int32_t *os_error)
{
    uint32_t count = op->buffer_count < EDDYI_MOST_AT_ONCE ? op->buffer_count : EDDYI_MOST_AT_ONCE;
    int n = op->kind == EDDYI_RECVFROM ? receive_many(op, count) : eddyi_send_many(op, count);
    if (n >= 0)
        return n;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return EDDY_EAGAIN;
    *os_error = errno;
    return eddyi_error_from_system(errno);
}
