/* child.c: a child's end, and signals to it.
 * Touches processes. Until it is reaped its number is nobody else's, so a signal reaches it or nobody. */
#include "core/platform.h"

const int eddyi_signal_terminate =
    0; /* Fill in: the number that asks a program to end, SIGTERM where there is one */
const int eddyi_signal_kill = 0; /* Fill in: the number that nothing survives */

int eddyi_child_reap(const eddyi_child *child, int *returncode)
{
    (void)child; /* Fill in: never blocks. The exit status, or minus the number of the signal that ended it */
    (void)returncode;
    return EDDY_ENOSYS;
}

void eddyi_child_await(const eddyi_child *child)
{
    (void)
        child; /* Fill in: blocks until it has ended, and leaves it to be reaped. For children without a descriptor only */
}

int eddyi_child_signal(const eddyi_child *child, int number)
{
    (void)child;
    (void)number;
    return EDDY_ENOSYS;
}

bool eddyi_child_kill_and_reap(const eddyi_child *child, int *returncode)
{
    (void)child; /* Fill in: true when it is gone, by this or before; false: it may not be killed */
    (void)returncode;
    return true;
}

void eddyi_child_close(eddyi_child *child)
{
    child->descriptor = -1; /* Fill in: close it; idempotent */
}
