/* many.c: many datagrams in one call: recvmmsg(2), sendmmsg(2).
 * Touches those two. What went before an error is the answer; the error is the next op's. */
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "core/platform.h"
#include "platform/posix/datagrams.h"
#include "platform/posix/system.h"

const int eddyi_true_length = MSG_TRUNC;

enum { MOST_AT_ONCE = 16 };

static unsigned fill(struct mmsghdr *messages, const eddyi_op *op)
{
    unsigned count = op->buffer_count < MOST_AT_ONCE ? op->buffer_count : MOST_AT_ONCE;
    for (unsigned i = 0; i < count; i++) {
        struct msghdr *message = &messages[i].msg_hdr;
        memset(&messages[i], 0, sizeof messages[i]);
        message->msg_iov = (struct iovec *)(void *)&op->buffers[i];
        message->msg_iovlen = 1;
        if (op->address == NULL)
            continue;
        uint32_t size = op->kind == EDDYI_RECVFROM ? sizeof op->address[i].bytes : op->address[i].size;
        message->msg_name = size != 0 ? op->address[i].bytes : NULL;
        message->msg_namelen = (socklen_t)size;
    }
    return count;
}

static void answer(const eddyi_op *op, const struct mmsghdr *messages, int count)
{
    for (int i = 0; i < count && op->kind == EDDYI_RECVFROM; i++) {
        op->lengths[i] = messages[i].msg_len;
        if (op->address != NULL)
            op->address[i].size = (uint32_t)messages[i].msg_hdr.msg_namelen;
    }
}

int64_t eddyi_attempt_many(eddyi_op *op, int32_t *os_error)
{
    struct mmsghdr messages[MOST_AT_ONCE];
    int fd = (int)op->descriptor->fd, n;
    do {
        unsigned count = fill(messages, op);
        n = op->kind == EDDYI_RECVFROM
                ? EDDYI_CALL_AS(recvmsg, recvmmsg, -1, (fd, messages, count, MSG_TRUNC, NULL))
                : EDDYI_CALL_AS(sendmsg, sendmmsg, -1, (fd, messages, count, MSG_NOSIGNAL));
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
        answer(op, messages, n);
        return n;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return EDDY_EAGAIN;
    *os_error = errno;
    return eddyi_error_from_system(errno);
}
