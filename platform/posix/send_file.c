/* send_file.c: no call of the system's sends a file: it is read and written instead.
 * Touches nothing. A folder of a system that has one replaces this file. */
#include "core/platform.h"

int64_t eddyi_attempt_sendfile(eddyi_op *op, int32_t *os_error)
{
    (void)op;
    (void)os_error;
    return EDDY_ENOSYS;
}
