/* threads.c: threads, mutexes, conditions.
 * Touches the system's threads. Storage is the caller's and of fixed size: assert here that the system's own types fit. */
#include "core/platform.h"

int eddyi_mutex_init(eddyi_mutex *mutex)
{
    (void)mutex; /* Fill in: not recursive; no memory, if the system can, else EDDY_ENOMEM */
    return EDDY_ENOSYS;
}

void eddyi_mutex_destroy(eddyi_mutex *mutex)
{
    (void)mutex;
}

void eddyi_mutex_lock(eddyi_mutex *mutex)
{
    (void)mutex; /* Fill in: cannot fail once the mutex is there */
}

void eddyi_mutex_unlock(eddyi_mutex *mutex)
{
    (void)mutex;
}

int eddyi_condition_init(eddyi_condition *condition)
{
    (void)condition; /* Fill in: its timed waits are on the clock of eddyi_clock_now */
    return EDDY_ENOSYS;
}

void eddyi_condition_destroy(eddyi_condition *condition)
{
    (void)condition;
}

void eddyi_condition_signal(eddyi_condition *condition)
{
    (void)condition; /* Fill in: wakes one waiter; with none it is lost */
}

void eddyi_condition_broadcast(eddyi_condition *condition)
{
    (void)condition;
}

void eddyi_condition_wait(eddyi_condition *condition, eddyi_mutex *mutex)
{
    (void)condition; /* Fill in: unlocks, waits, locks; may come back without a reason, callers look again */
    (void)mutex;
}

bool eddyi_condition_wait_until(eddyi_condition *condition, eddyi_mutex *mutex, uint64_t deadline_ns)
{
    (void)condition; /* Fill in: false only when the deadline has passed, never before it: round up */
    (void)mutex;
    (void)deadline_ns;
    return false;
}

int eddyi_thread_create(eddyi_thread *thread, void (*fn)(void *arg), void *arg, const char *name)
{
    (void)
        thread; /* Fill in: a thread in which no signal handler runs. The name is for debuggers and is copied; one that is too */
    (void)fn;   /* long is cut. On failure nothing was started */
    (void)arg;
    (void)name;
    return EDDY_ENOSYS;
}

void eddyi_thread_join(eddyi_thread *thread)
{
    (void)thread; /* Fill in: what the thread wrote is visible afterwards */
}

void eddyi_thread_detach(eddyi_thread *thread)
{
    (void)thread;
}

uintptr_t eddyi_thread_id(void)
{
    /* Fill in: a number that no other living thread has, never 0. Asked at every call that checks its thread: the address of a
     * _Thread_local will do. */
    return 1;
}

void eddyi_thread_yield(void)
{
}

unsigned eddyi_processor_count(void)
{
    /* Fill in: those that this process may use, at least 1. */
    return 1;
}
