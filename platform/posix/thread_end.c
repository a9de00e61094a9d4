/* thread_end.c: what is called when a thread ends.
 * Touches thread-specific data. The key is made once a process; a failure to make it is tried again. What has to be called is a list of the
 * askers' own memory, last asked first; so one key serves all of them, and only a thread's first asking can fail. */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "core/platform.h"
#include "platform/posix/system.h"

static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t key;
static atomic_bool made;
static _Thread_local eddyi_thread_end *first; /* outlives the thread's keys */

/* Also those that are asked for meanwhile. */
static void at_thread_exit(void *unused)
{
    eddyi_thread_end *end;
    (void)unused;
    while ((end = first) != NULL) {
        void (*fn)(void) = end->fn;
        first = end->next;
        *end = (eddyi_thread_end){0};
        fn();
    }
}

static int make_key(void)
{
    int rc = 0;
    (void)pthread_mutex_lock(&making);
    if (!atomic_load(&made)) {
        rc = EDDYI_CALL(pthread_key_create, errno, (&key, at_thread_exit));
        atomic_store(&made, rc == 0);
    }
    (void)pthread_mutex_unlock(&making);
    return rc;
}

int eddyi_thread_at_end(eddyi_thread_end *end, void (*fn)(void))
{
    if (end->fn != NULL)
        return 0;
    int rc = atomic_load(&made) ? 0 : make_key();
    if (rc == 0 && first == NULL)
        rc = EDDYI_CALL(pthread_setspecific, errno, (key, &first));
    if (rc != 0)
        return eddyi_error_from_system(rc);
    *end = (eddyi_thread_end){.next = first, .fn = fn};
    first = end;
    return 0;
}
