/* process.c: noticing that this process is a copy.
 * Touches the system's hook for forks. The generation only grows, and only in children. */
#include "core/platform.h"

uint32_t eddyi_fork_generation(void)
{
    /* Fill in: one more in the child of every fork. Asked at each wait: it reads a variable. Where there is no fork this is the whole of it. */
    return 0;
}
