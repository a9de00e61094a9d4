/* thread_end.c: what is called when a thread ends.
 * Touches fiber-local storage, whose callbacks run before the C library and the loader take the thread apart. The slot is made once a process; a
 * failure to make it is tried again. What has to be called is a list of the askers' own memory, last asked first. */
#include "core/platform.h"
#include "platform/windows/system.h"
#include "platform/windows/this_thread.h"

static SRWLOCK making = SRWLOCK_INIT;
static DWORD slot = FLS_OUT_OF_INDEXES;
static atomic_bool made;
static _Thread_local eddyi_thread_end *first;

/* Also those that are asked for meanwhile. The main thread comes here when the process ends, and then nobody is called. */
static void WINAPI at_thread_exit(void *unused)
{
    eddyi_thread_end *end;
    (void)unused;
    while (!eddyi_is_main_thread() && (end = first) != NULL) {
        void (*fn)(void) = end->fn;
        first = end->next;
        *end = (eddyi_thread_end){0};
        fn();
    }
}

static bool make_slot(void)
{
    AcquireSRWLockExclusive(&making);
    if (!atomic_load(&made)) {
        slot = EDDYI_CALL_AS(pthread_key_create, FlsAlloc, FLS_OUT_OF_INDEXES, (at_thread_exit));
        atomic_store(&made, slot != FLS_OUT_OF_INDEXES);
    }
    ReleaseSRWLockExclusive(&making);
    return atomic_load(&made);
}

int eddyi_thread_at_end(eddyi_thread_end *end, void (*fn)(void))
{
    if (end->fn != NULL)
        return 0;
    if (!atomic_load(&made) && !make_slot())
        return EDDY_EAGAIN;
    if (first == NULL && !EDDYI_CALL_AS(pthread_setspecific, FlsSetValue, FALSE, (slot, &first)))
        return eddyi_error_from_system(eddyi_last_error());
    *end = (eddyi_thread_end){.next = first, .fn = fn};
    first = end;
    return 0;
}
