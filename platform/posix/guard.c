/* guard.c: a system without light guards.
 * Touches nothing. stack.c falls back to protected pages. */
#include "platform/posix/guard.h"

bool eddyi_guard_light(void *pages, size_t size)
{
    (void)pages;
    (void)size;
    return false;
}

bool eddyi_guard_light_works(void)
{
    return false;
}

void eddyi_pages_advise(void *pages, size_t size)
{
    (void)pages;
    (void)size;
}
