/* connect.h: from a name to a connected descriptor.
 * Touches task.h. */
#ifndef EDDYI_CONNECT_H
#define EDDYI_CONNECT_H

#include <eddy/stream.h>
#include "core/net/secure.h"

/* In a task: resolve and connect. On success *out is the caller's. `options` may be NULL. */
int eddyi_connect(eddy_fd *out, const char *host, const char *service, const eddy_connect_options *options,
                  const char *operation);
/* What the options say of TLS. */
eddyi_secure_settings eddyi_connect_secure(const char *host, const eddy_connect_options *);
/* Whether they make sense for a connection: 0, EDDY_EINVAL or EDDY_ENOSYS. */
int eddyi_connect_check(const eddy_connect_options *, const eddyi_secure_settings *, bool server_side);

#endif
