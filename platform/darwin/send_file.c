/* send_file.c: one try to send a piece of a file: sendfile(2) of macOS.
 * Touches it alone. The file's own position is neither used nor moved; the socket raises no SIGPIPE (quiet.c). */
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "core/platform.h"
#include "platform/posix/system.h"

int64_t eddyi_attempt_sendfile(eddyi_op *op, int32_t *os_error)
{
    int rc;
    off_t sent;
    size_t size = eddyi_limited(op->buffers[0].size);
    if (size == 0)
        return 0; /* there it would mean all of the file */
    do {
        sent = (off_t)size;
        rc = EDDYI_CALL_AS(send, sendfile, -1,
                           ((int)op->file, (int)op->descriptor->fd, (off_t)op->offset, &sent, NULL, 0));
        if (rc < 0 && errno != EAGAIN && errno != EINTR)
            sent = 0; /* it says nothing then */
    } while (rc < 0 && errno == EINTR && sent == 0);
    if (sent > 0) /* also what went before it would block */
        return sent;
    if (rc == 0)
        return 0; /* the end of the file */
    if (errno == EAGAIN)
        return EDDY_EAGAIN;
    *os_error = errno;
    return errno == ENOTSUP || errno == ENOTSOCK ? EDDY_EOPNOTSUPP : eddyi_error_from_system(errno);
}
