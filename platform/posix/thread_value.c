/* thread_value.c: one pointer a thread, which is given back when the thread ends.
 * Touches thread-specific data. The key is made once a process; a failure to make it is tried again. */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "core/platform.h"
#include "platform/posix/system.h"

static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t key;
static atomic_bool made;
static void (*_Atomic give_back)(void *);

static void at_thread_exit(void *value)
{
    void (*fn)(void *) = atomic_load(&give_back);
    fn(value);
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

void *eddyi_thread_value(void)
{
    return atomic_load(&made) ? pthread_getspecific(key) : NULL;
}

int eddyi_thread_value_set(void *value, void (*fn)(void *value))
{
    if (value == NULL) { /* no EDDYI_CALL: clearing needs no memory */
        if (atomic_load(&made))
            (void)pthread_setspecific(key, NULL);
        return 0;
    }
    int rc = atomic_load(&made) ? 0 : make_key();
    if (rc != 0)
        return eddyi_error_from_system(rc);
    atomic_store(&give_back, fn);
    rc = EDDYI_CALL(pthread_setspecific, errno, (key, value));
    return rc == 0 ? 0 : eddyi_error_from_system(rc);
}
