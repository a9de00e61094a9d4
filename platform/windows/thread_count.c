/* thread_count.c: how many threads the process has: the system adds some of its own whenever it likes, so that the number says nothing.
 * Touches nothing. */
#include "core/platform.h"

unsigned eddyi_process_thread_count(void)
{
    return 0;
}
