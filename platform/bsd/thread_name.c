/* thread_name.c: a name for the calling thread, as debuggers and ps show it.
 * Touches pthread. */
#include <pthread.h>
#if defined(__NetBSD__)
#define pthread_set_name_np(thread, name) (void)pthread_setname_np(thread, "%s", (void *)(uintptr_t)(name))
#include <stdint.h>
#else
#include <pthread_np.h>
#endif

#include "platform/posix/this_thread.h"

void eddyi_thread_name_self(const char *name)
{
    pthread_set_name_np(pthread_self(), name);
}
