/* cares.h: lookups by c-ares on the loop itself, in place of threads that block, where the build has it.
 * Touches task.h. One implementation is linked: cares.c, or cares_none.c which does none. What it does not do goes to threads as ever. */
#ifndef EDDYI_CARES_H
#define EDDYI_CARES_H

#include "core/net/resolve.h"

/* Zero: what the system says. For tests. */
typedef struct eddyi_cares_settings {
    const char *servers; /* "127.0.0.1:53,[::1]:53" */
    int timeout_ms;      /* of the first try of each server */
    int tries;
} eddyi_cares_settings;
extern eddyi_cares_settings eddyi_cares_settings_in_force;

bool eddyi_cares_available(void); /* in this build */

/* In a task. The answer is in the resolution. EDDY_ENOSYS: nothing was asked, a thread is to be. Any return but that of a loop that closes
 * leaves the resolution the caller's; then its job's destroy was called. */
int eddyi_cares_resolve(eddy_loop *, eddyi_resolution *);

typedef struct eddyi_cares_naming {
    eddyi_job *owner; /* destroyed should the loop close under the task */
    const eddyi_address *address;
    int flags; /* EDDYI_NAME_... */
    char *host, *service;
    size_t host_size, service_size;
} eddyi_cares_naming;

/* The same for the names of an address: 0 and the texts are filled in. */
int eddyi_cares_name(eddy_loop *, const eddyi_cares_naming *);

#endif
