/* privilege.c: whether the environment is to be believed: the kernel remembers what the program was when it began (issetugid(2)).
 * Touches it alone. Covers programs that gave their ids up. */
#include <unistd.h>

#include "core/platform.h"

bool eddyi_process_is_privileged(void)
{
    return issetugid() != 0;
}
