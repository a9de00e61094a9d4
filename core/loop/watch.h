/* watch.h: add_reader and add_writer.
 * Touches io.c through loop.h. One reader and one writer a descriptor. */
#ifndef EDDYI_WATCH_H
#define EDDYI_WATCH_H

#include "core/loop/loop.h"

void eddyi_watches_close(eddy_loop *loop);

#endif
