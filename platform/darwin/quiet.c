/* quiet.c: a descriptor remembers that it raises no SIGPIPE (F_SETNOSIGPIPE, sockets and pipes), so calls need no more.
 * Touches fcntl. The signal would go to the process there, where no thread can catch it alone. */
#include "platform/posix/quiet.h"

#include <fcntl.h>

void eddyi_quiet_begin(eddyi_quiet *quiet)
{
    quiet->waited = false;
}

void eddyi_quiet_end(const eddyi_quiet *quiet, bool broken)
{
    (void)quiet;
    (void)broken;
}

void eddyi_quiet_descriptor(int fd, bool on)
{
    (void)fcntl(fd, F_SETNOSIGPIPE, on ? 1 : 0); /* no EDDYI_CALL: fails only for what raises none */
}
