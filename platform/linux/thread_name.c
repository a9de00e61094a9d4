/* thread_name.c: a name for the calling thread, as debuggers and /proc show it: at most 15 characters.
 * Touches pthread. */
#include <pthread.h>

#include "platform/posix/this_thread.h"

void eddyi_thread_name_self(const char *name)
{
    (void)pthread_setname_np(pthread_self(), name); /* too long or refused: it keeps the process's */
}
