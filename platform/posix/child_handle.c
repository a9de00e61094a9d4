/* child_handle.c: a descriptor that stands for a child, where there is none: a thread waits for each child instead.
 * Touches nothing. Signals go by the child's number. */
#include "platform/posix/spawn.h"
#include "platform/posix/system.h"

int eddyi_child_open(int pid)
{
    (void)pid;
    return -1;
}

int eddyi_child_signal_by(int descriptor, int number)
{
    (void)descriptor;
    (void)number;
    errno = ENOSYS;
    return -1;
}
