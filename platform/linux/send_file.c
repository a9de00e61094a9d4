/* send_file.c: one try to send a piece of a file: sendfile(2).
 * Touches it alone. The file's own position is neither used nor moved. */
#include <sys/sendfile.h>

#include "core/platform.h"
#include "platform/posix/quiet.h"
#include "platform/posix/system.h"

int64_t eddyi_attempt_sendfile(eddyi_op *op, int32_t *os_error)
{
    ssize_t n;
    eddyi_quiet quiet; /* it has no MSG_NOSIGNAL */
    off_t offset = (off_t)op->offset;
    size_t size = eddyi_limited(op->buffers[0].size);
    eddyi_quiet_begin(&quiet);
    do
        n = EDDYI_CALL(sendfile, -1, ((int)op->descriptor->fd, (int)op->file, &offset, size));
    while (n < 0 && errno == EINTR);
    eddyi_quiet_end(&quiet, n < 0 && errno == EPIPE);
    if (n >= 0)
        return n;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return EDDY_EAGAIN;
    *os_error = errno;
    return eddyi_error_from_system(errno);
}
