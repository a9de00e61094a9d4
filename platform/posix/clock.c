/* clock.c: the monotonic clock.
 * Touches clock_gettime. Does not jump with the wall clock; never 0. */
#include <time.h>

#include "core/platform.h"

static uint64_t nanoseconds(const struct timespec *time)
{
    return (uint64_t)time->tv_sec * UINT64_C(1000000000) + (uint64_t)time->tv_nsec;
}

uint64_t eddyi_clock_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for a clock that POSIX requires */
    uint64_t time = nanoseconds(&now);
    return time != 0 ? time : 1;
}

uint64_t eddyi_clock_resolution(void)
{
    struct timespec resolution;
    if (clock_getres(CLOCK_MONOTONIC, &resolution) != 0)
        return 1;
    return nanoseconds(&resolution);
}
