/* close_on_exec.c: no descriptor but the standard ones survives exec, where the system has no call for that: one after the other.
 * Touches fcntl. Async-signal-safe. */
#include <fcntl.h>
#include <unistd.h>

#include "platform/posix/spawn.h"

enum { FIRST_OTHER = 3, MOST = 1 << 20 };

void eddyi_close_on_exec_from_3(void)
{
    long most = sysconf(_SC_OPEN_MAX);
    if (most < 0 || most > MOST)
        most = MOST;
    for (int fd = FIRST_OTHER; fd < most; fd++)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* no EDDYI_CALL: fails for numbers that are not open only */
}
