/* send_file.c: no call of the system's sends a piece of a file without waiting or an overlapped answer: it is read and written instead.
 * Touches nothing. A backend that takes such answers has TransmitFile of its own. */
#include "core/platform.h"

int64_t eddyi_attempt_sendfile(eddyi_op *op, int32_t *os_error)
{
    (void)op;
    (void)os_error;
    return EDDY_ENOSYS;
}
