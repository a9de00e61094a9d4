/* guard.h: between stack.c, which maps pages, and what a system has to guard them with.
 * Touches platform.h. A system without a light guard answers EDDYI_GUARD_NONE for it. */
#ifndef EDDYI_POSIX_GUARD_H
#define EDDYI_POSIX_GUARD_H

#include <stdbool.h>
#include <stddef.h>

bool eddyi_guard_light(void *pages, size_t size);  /* false: not here */
bool eddyi_guard_light_works(void);                /* tried once, with a fault that is caught */
void eddyi_pages_advise(void *pages, size_t size); /* large regions that are touched sparsely */

#endif
