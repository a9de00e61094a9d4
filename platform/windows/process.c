/* process.c: there are no forks here.
 * Touches nothing. */
#include "core/platform.h"

uint32_t eddyi_fork_generation(void)
{
    return 0;
}
