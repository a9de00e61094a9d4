/* errors.c: the system's error numbers as codes that are the same everywhere.
 * Touches nothing. A number that is not known is EDDY_ESYSTEM; its own value travels beside it, as os_error. */
#include "platform/template/system.h"

#include "core/platform.h"

int eddyi_error_from_system(int os_error)
{
    switch (os_error) {
    /* Fill in: a case for each code of include/eddy/error.h that the system has a number for. Beware of numbers that are the same by
     * two names (EAGAIN and EWOULDBLOCK), and of calls that have numbers of their own. */
    default:
        return EDDY_ESYSTEM;
    }
}
