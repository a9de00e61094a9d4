/* clock.c: the monotonic clock, in nanoseconds; stands still while the machine sleeps, as the limits of kevent and of conditions do.
 * Touches clock_gettime. Never 0. */
#include <time.h>

#include "core/platform.h"

uint64_t eddyi_clock_now(void)
{
    uint64_t time = clock_gettime_nsec_np(CLOCK_UPTIME_RAW);
    return time != 0 ? time : 1;
}

uint64_t eddyi_clock_resolution(void)
{
    struct timespec resolution;
    if (clock_getres(CLOCK_UPTIME_RAW, &resolution) != 0)
        return 1;
    return (uint64_t)resolution.tv_sec * UINT64_C(1000000000) + (uint64_t)resolution.tv_nsec;
}
