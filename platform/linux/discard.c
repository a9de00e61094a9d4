/* discard.c: memory is given back by MADV_DONTNEED, which on Linux reads as zero afterwards (madvise(2)).
 * Touches madvise. */
#include <sys/mman.h>

#include "core/platform.h"
#include "platform/posix/system.h"

void eddyi_pages_discard(void *pages, size_t size)
{
    (void)EDDYI_CALL(madvise, -1, (pages, size, MADV_DONTNEED)); /* failing costs memory only */
}
