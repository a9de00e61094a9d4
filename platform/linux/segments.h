/* segments.h: between many.c and segments.c.
 * Touches the seam's types. */
#ifndef EDDYI_LINUX_SEGMENTS_H
#define EDDYI_LINUX_SEGMENTS_H

#include "core/backend.h"

/* The first `end` datagrams of the op, at most EDDYI_MOST_AT_ONCE. Returns how many went, or -1 with errno. */
int eddyi_send_many(const eddyi_op *op, uint32_t end);

#endif
