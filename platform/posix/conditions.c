/* conditions.c: conditions over POSIX threads.
 * Touches pthread. They wait on the monotonic clock. */
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
    pthread_condattr_t attributes;
    int rc = pthread_condattr_init(&attributes);
    if (rc != 0)
        return eddyi_error_from_system(rc);
    rc = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (rc == 0)
        rc = EDDYI_CALL(pthread_cond_init, errno, (condition_of(condition), &attributes));
    (void)pthread_condattr_destroy(&attributes);
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
    struct timespec deadline = {.tv_sec = (time_t)(deadline_ns / UINT64_C(1000000000)),
                                .tv_nsec = (long)(deadline_ns % UINT64_C(1000000000))};
    return pthread_cond_timedwait(condition_of(condition), mutex_of(mutex), &deadline) != ETIMEDOUT;
}
