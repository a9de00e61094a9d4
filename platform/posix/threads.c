/* threads.c: threads, mutexes and conditions over POSIX threads.
 * Touches pthread. Conditions wait on the monotonic clock; a new thread has all signals blocked, so that handlers run elsewhere. */
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
_Static_assert(sizeof(pthread_cond_t) <= sizeof(eddyi_condition), "a condition fits");
_Static_assert(sizeof(pthread_t) <= sizeof(eddyi_thread), "a thread fits");

static pthread_mutex_t *mutex_of(eddyi_mutex *mutex)
{
    return (pthread_mutex_t *)(void *)mutex->storage;
}

static pthread_cond_t *condition_of(eddyi_condition *condition)
{
    return (pthread_cond_t *)(void *)condition->storage;
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

typedef struct ending {
    void (*fn)(void *arg);
    void *arg;
} ending;

static void call_at_end(void *given)
{
    const ending *self = given;
    self->fn(self->arg);
}

/* Tried again when it failed. */
static int key_of_endings(pthread_key_t *out)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_key_t key;
    static bool made;
    int rc = 0;
    (void)pthread_mutex_lock(&mutex);
    if (!made)
        rc = EDDYI_CALL(pthread_key_create, errno, (&key, call_at_end));
    made = made || rc == 0;
    *out = key;
    (void)pthread_mutex_unlock(&mutex);
    return rc;
}

int eddyi_thread_at_end(void (*fn)(void *arg), void *arg)
{
    static _Thread_local ending own; /* outlives the thread's keys */
    pthread_key_t key;
    int rc = key_of_endings(&key);
    if (rc == 0)
        rc = EDDYI_CALL(pthread_setspecific, errno, (key, &own));
    if (rc != 0)
        return eddyi_error_from_system(rc);
    own = (ending){fn, arg};
    return 0;
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
