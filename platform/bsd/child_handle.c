/* child_handle.c: a descriptor that stands for a child and is readable when it has ended: a queue that waits for nothing else
 * (EVFILT_PROC, kqueue(2)).
 * Touches kqueue. Every poller can wait for a queue. Signals go by the child's number. */
#include <fcntl.h>
#include <sys/types.h>
#include <sys/event.h>
#include <time.h>
#include <unistd.h>

#include "platform/posix/spawn.h"
#include "platform/posix/system.h"

/* -1: a thread waits for it. So for one that has ended already, where the kernel does not find it any more (ESRCH). */
int eddyi_child_open(int pid)
{
    static const struct timespec at_once = {0};
    struct kevent end;
    int queue = EDDYI_CALL_AS(pidfd_open, kqueue, -1, ());
    if (queue < 0)
        return errno == ENOSYS || errno == EPERM ? -1 : -2;
    EV_SET(&end, (uintptr_t)pid, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, 0);
    if (EDDYI_CALL(fcntl, -1, (queue, F_SETFD, FD_CLOEXEC)) == 0 &&
        EDDYI_CALL(kevent, -1, (queue, &end, 1, NULL, 0, &at_once)) == 0)
        return queue;
    int saved = errno;
    (void)close(queue); /* no EDDYI_CALL: whatever it says, it is gone */
    errno = saved;
    return saved == ESRCH ? -1 : -2;
}

int eddyi_child_signal_by(int descriptor, int number)
{
    (void)descriptor;
    (void)number;
    errno = ENOSYS;
    return -1;
}
