/* watch.h: add_reader and add_writer, and descriptors of others for single ops.
 * Touches io.c through loop.h. One reader and one writer a descriptor. */
#ifndef EDDYI_WATCH_H
#define EDDYI_WATCH_H

#include "core/loop/loop.h"

void eddyi_watches_close(eddy_loop *loop);
/* Somebody else's descriptor, attached from the first borrower or watch to the last. EDDY_EBUSY: eddy has it for itself. */
int eddyi_watch_borrow(eddy_loop *loop, eddyi_descriptor **out, eddy_fd fd);
void eddyi_watch_give_back(eddyi_descriptor *); /* no op of the borrower's is lent on it */

#endif
