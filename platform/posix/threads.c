/* threads.c: threads and mutexes over POSIX threads.
 * Touches pthread. A new thread has all signals blocked, so that handlers run elsewhere. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/memory.h"
#include "core/platform.h"
#include "platform/posix/system.h"
#include "platform/posix/this_thread.h"

_Static_assert(sizeof(pthread_mutex_t) <= sizeof(eddyi_mutex), "a mutex fits");
_Static_assert(sizeof(pthread_t) <= sizeof(eddyi_thread), "a thread fits");

static pthread_mutex_t *mutex_of(eddyi_mutex *mutex)
{
    return (pthread_mutex_t *)(void *)mutex->storage;
}

int eddyi_mutex_init(eddyi_mutex *mutex)
{
    int rc = EDDYI_CALL(pthread_mutex_init, errno, (mutex_of(mutex), NULL));
    return rc == 0 ? 0 : eddyi_error_from_system(rc);
}

void eddyi_mutex_destroy(eddyi_mutex *mutex)
{
    (void)pthread_mutex_destroy(mutex_of(mutex));
}

void eddyi_mutex_lock(eddyi_mutex *mutex)
{
    (void)pthread_mutex_lock(mutex_of(mutex));
}

void eddyi_mutex_unlock(eddyi_mutex *mutex)
{
    (void)pthread_mutex_unlock(mutex_of(mutex));
}

enum { NAME_SIZE = 16 };

typedef struct start {
    void (*fn)(void *arg);
    void *arg;
    char name[NAME_SIZE];
} start;

static void *run(void *arg)
{
    start *given = arg;
    start copy = *given;
    eddyi_release(eddyi_default_allocator(), given);
    eddyi_thread_name_self(copy.name);
    copy.fn(copy.arg);
    return NULL;
}

int eddyi_thread_create(eddyi_thread *thread, void (*fn)(void *arg), void *arg, const char *name)
{
    sigset_t all, before;
    start *given = eddyi_allocate(eddyi_default_allocator(), sizeof *given);
    if (given == NULL)
        return EDDY_ENOMEM;
    *given = (start){.fn = fn, .arg = arg};
    (void)snprintf(given->name, sizeof given->name, "%s", name);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = EDDYI_CALL(pthread_create, errno, ((pthread_t *)(void *)thread->storage, NULL, run, given));
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0)
        return 0;
    eddyi_release(eddyi_default_allocator(), given);
    return eddyi_error_from_system(rc);
}

void eddyi_thread_join(eddyi_thread *thread)
{
    (void)pthread_join(*(pthread_t *)(void *)thread->storage, NULL);
}

void eddyi_thread_detach(eddyi_thread *thread)
{
    (void)pthread_detach(*(pthread_t *)(void *)thread->storage);
}

/* The address of a thread's own byte is unique among living threads, and costs no call. */
uintptr_t eddyi_thread_id(void)
{
    static _Thread_local char own;
    return (uintptr_t)&own;
}

void eddyi_thread_yield(void)
{
    (void)sched_yield();
}

unsigned eddyi_processor_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (unsigned)count : 1;
}
