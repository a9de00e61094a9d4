/* main_thread.c: the system knows which thread is the main one.
 * Touches pthread, or NetBSD's own call: its first thread has number 1. */
#include <pthread.h>
#if defined(__NetBSD__)
#include <lwp.h>
#define pthread_main_np() (_lwp_self() == 1)
#elif !defined(__APPLE__)
#include <pthread_np.h>
#endif

#include "platform/posix/this_thread.h"

bool eddyi_is_main_thread(void)
{
    return pthread_main_np() == 1;
}
