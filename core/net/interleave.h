/* interleave.h: the order in which addresses of several families are tried.
 * Touches nothing. */
#ifndef EDDYI_INTERLEAVE_H
#define EDDYI_INTERLEAVE_H

#include <stddef.h>
#include <stdint.h>

/* RFC 8305, section 4: order[] becomes the indices 0 ... count-1: first_count-1 of the first family, then the families take turns in the order
 * in which they first appear. first_count 0: the order in which they are. At most 256. */
void eddyi_interleave(uint8_t *order, const uint8_t *families, size_t count, size_t first_count);

#endif
