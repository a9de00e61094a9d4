/* inbox.h: the loop's side of the inbox; the posters' side is eddyi_loop_post in loop.h.
 * Touches loop.h. All of it is of the loop's thread. */
#ifndef EDDYI_INBOX_H
#define EDDYI_INBOX_H

#include "core/loop/loop.h"

bool eddyi_inbox_empty(eddy_loop *loop);
void eddyi_inbox_drain(eddy_loop *loop); /* into the ready queue, oldest first */
void eddyi_inbox_close(eddy_loop *loop); /* drain a last time; every later post is refused */

#endif
