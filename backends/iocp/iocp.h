/* iocp.h: what tests may ask of the completion port beyond the seam.
 * Touches backend.h's types only. To be called on the loop's thread, before anything is attached but for the counts. */
#ifndef EDDYI_IOCP_H
#define EDDYI_IOCP_H

#include "core/backend.h"

/* As if no provider of sockets allowed it: every success comes by a packet, never at once. */
void eddyi_iocp_never_skip(eddyi_backend *);
/* As if the socket driver could not be opened by its name: it is asked through a socket. 0 or an error, which leaves all as it was. */
int eddyi_iocp_ask_through_socket(eddyi_backend *);
uint64_t
eddyi_iocp_strays(const eddyi_backend *); /* packets that were dropped because nobody waits for them */

#endif
