/* clock.c: the one clock of a loop.
 * Touches the system's monotonic clock. It never goes back, never jumps with the wall clock, and is never 0. */
#include "core/platform.h"

uint64_t eddyi_clock_now(void)
{
    /* Fill in: nanoseconds since some moment, monotonic. Asked very often: no system call, if that can be had. A clock in ticks is
     * multiplied without overflow after weeks (divide first, then the remainder). */
    return 1;
}

uint64_t eddyi_clock_resolution(void)
{
    /* Fill in: its smallest step in nanoseconds, at least 1. */
    return 1;
}
