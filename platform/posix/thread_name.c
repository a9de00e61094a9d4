/* thread_name.c: a name for the calling thread, where the system has no way to give one: none.
 * Touches nothing. */
#include "platform/posix/this_thread.h"

void eddyi_thread_name_self(const char *name)
{
    (void)name;
}
