/* threads.c: threads, mutexes and conditions over slim locks, which are one word and need no clean-up.
 * Touches the C library's threads, so that it has its own per-thread data. Waits count in the system's ticks, so the clock is looked at again. */
#include <process.h>

#include "core/base/memory.h"
#include "core/platform.h"
#include "platform/windows/system.h"

#define MILLISECOND UINT64_C(1000000)

_Static_assert(sizeof(SRWLOCK) <= sizeof(eddyi_mutex), "a mutex fits");
_Static_assert(sizeof(CONDITION_VARIABLE) <= sizeof(eddyi_condition), "a condition fits");
_Static_assert(sizeof(HANDLE) <= sizeof(eddyi_thread), "a thread fits");

static SRWLOCK *mutex_of(eddyi_mutex *mutex)
{
    return (SRWLOCK *)(void *)mutex->storage;
}

static CONDITION_VARIABLE *condition_of(eddyi_condition *condition)
{
    return (CONDITION_VARIABLE *)(void *)condition->storage;
}

static HANDLE *handle_of(eddyi_thread *thread)
{
    return (HANDLE *)(void *)thread->storage;
}

/* Nothing here can fail, but what tests rehearse for other systems is rehearsed here too. */
static int made(bool refused)
{
    return refused ? eddyi_error_from_system(eddyi_last_error()) : 0;
}

int eddyi_mutex_init(eddyi_mutex *mutex)
{
    InitializeSRWLock(mutex_of(mutex));
#ifdef EDDY_INJECT
    return made(eddyi_refused(EDDYI_INJECT_pthread_mutex_init));
#else
    return made(false);
#endif
}

void eddyi_mutex_destroy(eddyi_mutex *mutex)
{
    (void)mutex;
}

void eddyi_mutex_lock(eddyi_mutex *mutex)
{
    AcquireSRWLockExclusive(mutex_of(mutex));
}

void eddyi_mutex_unlock(eddyi_mutex *mutex)
{
    ReleaseSRWLockExclusive(mutex_of(mutex));
}

int eddyi_condition_init(eddyi_condition *condition)
{
    InitializeConditionVariable(condition_of(condition));
#ifdef EDDY_INJECT
    return made(eddyi_refused(EDDYI_INJECT_pthread_cond_init));
#else
    return made(false);
#endif
}

void eddyi_condition_destroy(eddyi_condition *condition)
{
    (void)condition;
}

void eddyi_condition_signal(eddyi_condition *condition)
{
    WakeConditionVariable(condition_of(condition));
}

void eddyi_condition_broadcast(eddyi_condition *condition)
{
    WakeAllConditionVariable(condition_of(condition));
}

void eddyi_condition_wait(eddyi_condition *condition, eddyi_mutex *mutex)
{
    (void)SleepConditionVariableSRW(condition_of(condition), mutex_of(mutex), INFINITE, 0);
}

bool eddyi_condition_wait_until(eddyi_condition *condition, eddyi_mutex *mutex, uint64_t deadline_ns)
{
    if (deadline_ns == UINT64_MAX) {
        eddyi_condition_wait(condition, mutex);
        return true;
    }
    for (;;) {
        uint64_t now = eddyi_clock_now();
        if (now >= deadline_ns)
            return false;
        uint64_t left = (deadline_ns - now + MILLISECOND - 1) / MILLISECOND;
        DWORD limit = left < INFINITE - 1 ? (DWORD)left : INFINITE - 1;
        if (SleepConditionVariableSRW(condition_of(condition), mutex_of(mutex), limit, 0))
            return true;
    }
}

/* ---- threads ---- */

enum { NAME_SIZE = 32 };

typedef struct start {
    void (*fn)(void *arg);
    void *arg;
    wchar_t name[NAME_SIZE];
} start;

static void name_self(const wchar_t *name)
{
    typedef HRESULT(WINAPI * describe_fn)(HANDLE, PCWSTR);
    describe_fn describe = (describe_fn)eddyi_system_function(L"kernel32.dll", "SetThreadDescription");
    if (describe != NULL) /* since Windows 10, 1607 */
        (void)describe(GetCurrentThread(), name);
}

static unsigned __stdcall run(void *arg)
{
    start *given = arg;
    start copy = *given;
    eddyi_release(eddyi_default_allocator(), given);
    name_self(copy.name);
    copy.fn(copy.arg);
    return 0;
}

int eddyi_thread_create(eddyi_thread *thread, void (*fn)(void *arg), void *arg, const char *name)
{
    start *given = eddyi_allocate(eddyi_default_allocator(), sizeof *given);
    if (given == NULL)
        return EDDY_ENOMEM;
    *given = (start){.fn = fn, .arg = arg};
    for (int i = 0; i < NAME_SIZE - 1 && name[i] != '\0'; i++)
        given->name[i] = (wchar_t)(unsigned char)name[i];
    uintptr_t handle = EDDYI_CALL_AS(pthread_create, _beginthreadex, 0, (NULL, 0, run, given, 0, NULL));
    if (handle != 0) {
        *handle_of(thread) = (HANDLE)handle;
        return 0;
    }
    eddyi_release(eddyi_default_allocator(), given);
    return EDDY_EAGAIN; /* the C library says why in errno only, and it is this or no memory for the same */
}

void eddyi_thread_join(eddyi_thread *thread)
{
    (void)WaitForSingleObject(*handle_of(thread), INFINITE);
    (void)CloseHandle(*handle_of(thread));
}

void eddyi_thread_detach(eddyi_thread *thread)
{
    (void)CloseHandle(*handle_of(thread));
}

/* Read from the thread's own block: no call of the system's. */
uintptr_t eddyi_thread_id(void)
{
    return (uintptr_t)GetCurrentThreadId();
}

void eddyi_thread_yield(void)
{
    if (!SwitchToThread())
        Sleep(0);
}

unsigned eddyi_processor_count(void)
{
    DWORD count = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
    return count > 0 ? (unsigned)count : 1;
}
