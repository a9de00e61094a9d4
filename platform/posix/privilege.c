/* privilege.c: whether the environment is to be believed, where the system does not tell.
 * Touches the process's ids. A set-user-id or set-group-id program is privileged until it gives the ids up. */
#include <unistd.h>

#include "core/platform.h"

bool eddyi_process_is_privileged(void)
{
    return getuid() != geteuid() || getgid() != getegid();
}
