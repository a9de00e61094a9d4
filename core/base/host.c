/* host.c: the limits of a host's name (RFC 1035, section 2.3.4).
 * Touches nothing. What the platform's resolver and the simulated one are not asked for is the same. */
#include "core/base/host.h"

#include <string.h>

#include <eddy/error.h>

enum { LONGEST_HOST = 253 /* without the final dot */, LONGEST_LABEL = 63 };

int eddyi_check_host(const char *host)
{
    size_t length = strlen(host), label = 0;
    if (length > LONGEST_HOST + 1 || (length == LONGEST_HOST + 1 && host[length - 1] != '.'))
        return EDDY_ENAMETOOLONG;
    for (const char *c = host; *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return EDDY_EINVAL;
    for (const char *c = host; *c != '\0'; c += label + (c[label] == '.')) {
        label = strcspn(c, ".");
        if (label == 0 || label > LONGEST_LABEL)
            return EDDY_ENOHOST;
    }
    return 0;
}
