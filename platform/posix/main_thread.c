/* main_thread.c: which thread is the main one, where the system does not tell: the one in which the library was loaded.
 * Touches pthread. */
#include <pthread.h>

#include "platform/posix/this_thread.h"

static pthread_t loader;

__attribute__((constructor)) static void remember_loader(void)
{
    loader = pthread_self();
}

bool eddyi_is_main_thread(void)
{
    return pthread_equal(loader, pthread_self());
}
