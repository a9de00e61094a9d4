/* thread_count.c: how many threads the process has, for the report of deadlocks: nobody claims to know.
 * Touches nothing. The system starts threads of its own in a process, for loading and for the console, so a loop's thread is hardly ever the only
 * one; and which ones those are no documented call tells. */
#include "core/platform.h"

unsigned eddyi_process_thread_count(void)
{
    return 0;
}
