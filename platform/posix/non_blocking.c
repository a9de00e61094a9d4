/* non_blocking.c: whether a descriptor that somebody else made waits.
 * Touches fcntl. The flag belongs to the open file, which others may share: who takes it over learns how it was. */
#include <fcntl.h>

#include "core/platform.h"
#include "platform/posix/quiet.h"
#include "platform/posix/system.h"

int eddyi_set_non_blocking(int fd, bool on, bool *was)
{
    int flags = EDDYI_CALL(fcntl, -1, (fd, F_GETFL, 0));
    if (flags < 0)
        return eddyi_error_from_system(errno);
    if (on)
        eddyi_quiet_descriptor(fd, true); /* from now on it is ours to write with */
    *was = (flags & O_NONBLOCK) != 0;
    if (*was == on)
        return 0;
    int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    return EDDYI_CALL(fcntl, -1, (fd, F_SETFL, wanted)) < 0 ? eddyi_error_from_system(errno) : 0;
}
