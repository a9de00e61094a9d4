/* privilege.c: whether the environment is to be believed: the kernel says so at exec (AT_SECURE, getauxval(3)).
 * Touches the auxiliary vector. Covers what ids do not show: file capabilities, and programs that gave their ids up. */
#include <sys/auxv.h>

#include "core/platform.h"

bool eddyi_process_is_privileged(void)
{
    return getauxval(AT_SECURE) != 0;
}
