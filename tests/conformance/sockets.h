/* sockets.h: sockets that eddy did not make, for tests of what takes or borrows them.
 * Touches the network table of the running loop, so that they are of the backend's network. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "support/support.h"

#include "core/platform.h"

/* Bound to a free port of 127.0.0.1. */
eddy_fd socket_make(enum eddyi_socket_type type, bool listening);
void socket_drop(eddy_fd fd);
const char *socket_service(eddy_fd fd); /* its port as text */

/* Two connected stream sockets. */
void socket_pair(eddy_fd ends[2]);

#endif
