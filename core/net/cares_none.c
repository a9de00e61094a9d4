/* cares_none.c: a build without c-ares: every lookup is a thread's.
 * Touches nothing. */
#include "core/net/cares.h"

eddyi_cares_settings eddyi_cares_settings_in_force;

bool eddyi_cares_available(void)
{
    return false;
}

int eddyi_cares_resolve(eddy_loop *loop, eddyi_resolution *resolution)
{
    (void)loop;
    (void)resolution;
    return EDDY_ENOSYS;
}

int eddyi_cares_name(eddy_loop *loop, const eddyi_cares_naming *naming)
{
    (void)loop;
    (void)naming;
    return EDDY_ENOSYS;
}
