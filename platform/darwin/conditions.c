/* conditions.c: conditions where none waits on the monotonic clock: by the time that is left (pthread_cond_timedwait_relative_np).
 * Touches pthread. Never early: the clock is asked again. */
#include <pthread.h>
#include <time.h>

#include "core/platform.h"
#include "platform/posix/system.h"

_Static_assert(sizeof(pthread_cond_t) <= sizeof(eddyi_condition), "a condition fits");

static pthread_mutex_t *mutex_of(eddyi_mutex *mutex)
{
    return (pthread_mutex_t *)(void *)mutex->storage;
}

static pthread_cond_t *condition_of(eddyi_condition *condition)
{
    return (pthread_cond_t *)(void *)condition->storage;
}

int eddyi_condition_init(eddyi_condition *condition)
{
    int rc = EDDYI_CALL(pthread_cond_init, errno, (condition_of(condition), NULL));
    return rc == 0 ? 0 : eddyi_error_from_system(rc);
}

void eddyi_condition_destroy(eddyi_condition *condition)
{
    (void)pthread_cond_destroy(condition_of(condition));
}

void eddyi_condition_signal(eddyi_condition *condition)
{
    (void)pthread_cond_signal(condition_of(condition));
}

void eddyi_condition_broadcast(eddyi_condition *condition)
{
    (void)pthread_cond_broadcast(condition_of(condition));
}

void eddyi_condition_wait(eddyi_condition *condition, eddyi_mutex *mutex)
{
    (void)pthread_cond_wait(condition_of(condition), mutex_of(mutex));
}

bool eddyi_condition_wait_until(eddyi_condition *condition, eddyi_mutex *mutex, uint64_t deadline_ns)
{
    if (deadline_ns == UINT64_MAX) {
        eddyi_condition_wait(condition, mutex);
        return true;
    }
    for (uint64_t now; (now = eddyi_clock_now()) < deadline_ns;) {
        uint64_t left = deadline_ns - now;
        struct timespec limit = {.tv_sec = (time_t)(left / UINT64_C(1000000000)),
                                 .tv_nsec = (long)(left % UINT64_C(1000000000))};
        int rc = pthread_cond_timedwait_relative_np(condition_of(condition), mutex_of(mutex), &limit);
        if (rc != ETIMEDOUT)
            return true;
    }
    return false;
}
