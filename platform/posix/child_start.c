/* child_start.c: a child by fork, which every system has.
 * Touches fork. Copies the page tables of the parent, so it is slower the more memory that has. */
#include <unistd.h>

#include "platform/posix/spawn.h"
#include "platform/posix/system.h"

int eddyi_child_start(eddyi_birth *birth, void *stack, size_t size)
{
    (void)stack;
    (void)size;
    pid_t pid = EDDYI_CALL(fork, -1, ());
    if (pid == 0)
        (void)eddyi_child_begin(birth);
    return (int)pid;
}
