/* thread_end.c: telling those who asked that a thread ends.
 * Touches the system's thread-local destructors. Whoever asked is told once, in the thread that ends, last asked first. */
#include "core/platform.h"

int eddyi_thread_at_end(eddyi_thread_end *end, void (*fn)(void))
{
    /* Fill in: link `end` in front of a list of the calling thread, which one destructor of the system's walks. `end` is _Thread_local of
     * the caller's: nothing is allocated. Already linked (end->fn is set): return 0. What is asked for while the list is walked is
     * called as well. */
    (void)end;
    (void)fn;
    return EDDY_ENOSYS;
}
