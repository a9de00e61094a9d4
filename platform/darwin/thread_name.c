/* thread_name.c: a name for the calling thread, as debuggers show it; a thread can name itself only.
 * Touches pthread. */
#include <pthread.h>

#include "platform/posix/this_thread.h"

void eddyi_thread_name_self(const char *name)
{
    (void)pthread_setname_np(name);
}
