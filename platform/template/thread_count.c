/* thread_count.c: how many threads the process has, for the report of deadlocks.
 * Touches what the system tells of a process. Not knowing is a full answer: then no loop claims a deadlock. */
#include "core/platform.h"

unsigned eddyi_process_thread_count(void)
{
    return 0; /* Fill in: all threads, those that eddy did not start too */
}
