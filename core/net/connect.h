/* connect.h: from a name to a connected descriptor.
 * Touches task.h. */
#ifndef EDDYI_CONNECT_H
#define EDDYI_CONNECT_H

#include <eddy/stream.h>

/* In a task: resolve and connect. On success *out is the caller's. `options` may be NULL. */
int eddyi_connect(eddy_fd *out, const char *host, const char *service, const eddy_connect_options *options,
                  const char *operation);

#endif
