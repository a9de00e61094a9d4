/* choose.h: which backend a loop gets.
 * Touches the table of backends and the environment. An unknown name is an error that lists the known ones. */
#ifndef EDDYI_CHOOSE_H
#define EDDYI_CHOOSE_H

#include "core/backend.h"

/* `name` NULL: the environment's choice (not when privileged), else the first of the table that is not on request and can run here.
 * On EDDY_EBACKEND *message lists the backends of this build. */
int eddyi_choose_backend(const eddyi_backend_ops **out, const char *name, const char **message);

#endif
