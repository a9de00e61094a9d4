/* privilege.c: no program here runs with rights that its environment's owner has not.
 * Touches nothing. Who elevates a process gives it an environment of its own. */
#include "core/platform.h"

bool eddyi_process_is_privileged(void)
{
    return false;
}
