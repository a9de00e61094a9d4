/* child_handle.c: a descriptor that stands for a child and is readable when it has ended (pidfd_open(2), Linux 5.3).
 * Touches the two calls. Old kernels, filters of system calls and emulators have none: then a thread waits for each child. */
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/posix/spawn.h"
#include "platform/posix/system.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

/* no EDDYI_CALL: what that calls; not every C library has the two */
#define pidfd_open(pid, flags) (int)syscall(SYS_pidfd_open, pid, flags)
#define pidfd_send_signal(fd, number, info, flags)                                                           \
    (int)syscall(SYS_pidfd_send_signal, fd, number, info, flags)

/* Close-on-exec by itself. The child is not reaped, so the number is its own; unless somebody else was that fast (ESRCH), which the thread
 * finds out like any other end. */
int eddyi_child_open(int pid)
{
    int fd = EDDYI_CALL(pidfd_open, -1, (pid, 0));
    if (fd >= 0)
        return fd;
    return errno == ENOSYS || errno == EPERM || errno == EINVAL || errno == ESRCH ? -1 : -2;
}

int eddyi_child_signal_by(int descriptor, int number)
{
    if (descriptor >= 0)
        return EDDYI_CALL(pidfd_send_signal, -1, (descriptor, number, NULL, 0));
    errno = ENOSYS;
    return -1;
}
