/* send_file.c: a file to a stream by the system's own call.
 * Touches that call. EDDY_ENOSYS is a full answer: then blocks are read on a thread and sent. */
#include "core/platform.h"

int64_t eddyi_attempt_sendfile(eddyi_op *op, int32_t *os_error)
{
    (void)op; /* Fill in: at most buffers[0].size bytes of op->file at op->offset; 0 is the end of the file */
    (void)os_error;
    return EDDY_ENOSYS;
}
