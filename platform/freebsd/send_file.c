/* send_file.c: one try to send a piece of a file: sendfile(2) of FreeBSD and DragonFly.
 * Touches it alone. The file's own position is neither used nor moved. */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "core/platform.h"
#include "platform/posix/quiet.h"
#include "platform/posix/system.h"

int64_t eddyi_attempt_sendfile(eddyi_op *op, int32_t *os_error)
{
    int rc;
    off_t sent;
    eddyi_quiet quiet; /* it has no MSG_NOSIGNAL */
    size_t size = eddyi_limited(op->buffers[0].size);
    if (size == 0)
        return 0; /* there it would mean all of the file */
    eddyi_quiet_begin(&quiet);
    do {
        sent = 0;
        rc = EDDYI_CALL_AS(send, sendfile, -1,
                           ((int)op->file, (int)op->descriptor->fd, (off_t)op->offset, size, NULL, &sent, 0));
    } while (rc < 0 && errno == EINTR && sent == 0);
    eddyi_quiet_end(&quiet, rc < 0 && errno == EPIPE);
    if (sent > 0) /* also what went before it would block */
        return sent;
    if (rc == 0)
        return 0; /* the end of the file */
    if (errno == EAGAIN)
        return EDDY_EAGAIN;
    *os_error = errno;
    return eddyi_error_from_system(errno);
}
