/* discard.c: memory is given back by mapping fresh pages in its place: no advice of POSIX promises zeros.
 * Touches mmap. */
#include "core/platform.h"
#include "platform/posix/pages.h"
#include "platform/posix/system.h"

void eddyi_pages_discard(void *pages, size_t size)
{
    /* failing costs memory only */
    (void)EDDYI_CALL(mmap, MAP_FAILED,
                     (pages, size, PROT_READ | PROT_WRITE, EDDYI_MAP_PAGES | MAP_FIXED, -1, 0));
}
