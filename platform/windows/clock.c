/* clock.c: the monotonic clock.
 * Touches QueryPerformanceCounter. Does not jump with the wall clock; never 0. */
#include "core/platform.h"
#include "platform/windows/system.h"

#define SECOND UINT64_C(1000000000)

static uint64_t frequency(void)
{
    static _Atomic(uint64_t) known;
    uint64_t found = atomic_load_explicit(&known, memory_order_relaxed);
    if (found == 0) {
        LARGE_INTEGER ticks;
        (void)QueryPerformanceFrequency(&ticks); /* cannot fail since Windows XP */
        found = (uint64_t)ticks.QuadPart;
        atomic_store_explicit(&known, found, memory_order_relaxed);
    }
    return found;
}

uint64_t eddyi_clock_now(void)
{
    LARGE_INTEGER ticks;
    uint64_t per_second = frequency();
    (void)QueryPerformanceCounter(&ticks);
    uint64_t count = (uint64_t)ticks.QuadPart;
    uint64_t time = count / per_second * SECOND + count % per_second * SECOND / per_second;
    return time != 0 ? time : 1;
}

uint64_t eddyi_clock_resolution(void)
{
    uint64_t per_second = frequency();
    return per_second < SECOND ? SECOND / per_second : 1;
}
