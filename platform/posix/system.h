/* system.h: how POSIX code calls the system: counted, through the injection table, with errno as the answer.
 * Touches errno. Every fallible system call of platform/posix and the readiness backends is written with EDDYI_CALL. */
#ifndef EDDYI_SYSTEM_H
#define EDDYI_SYSTEM_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/calls.h"

/* True: the plan says that it fails, and errno is set. */
#ifdef EDDY_INJECT
#define EDDYI_REFUSED(call) (eddyi_calls_count(call), eddyi_inject_fails(call, &errno))
#else
#define EDDYI_REFUSED(call) (eddyi_calls_count(call), false)
#endif
/* EDDYI_CALL(recv, -1, (fd, buffer, size, flags)): the call, or the failure value with errno set when the plan says so. */
#define EDDYI_CALL(name, failure, arguments) (EDDYI_REFUSED(EDDYI_INJECT_##name) ? (failure) : name arguments)
/* A call that counts as one of the table's, for it is another form of it: EDDYI_CALL_AS(recvmsg, recvmmsg, -1, (...)). */
#define EDDYI_CALL_AS(kind, name, failure, arguments)                                                        \
    (EDDYI_REFUSED(EDDYI_INJECT_##kind) ? (failure) : name arguments)

/* The injection table may cut a transfer short; in a release build this is the size. */
static inline size_t eddyi_limited(size_t size)
{
#ifdef EDDY_INJECT
    size_t most = eddyi_inject_most_bytes();
    return size < most ? size : most;
#else
    return size;
#endif
}

int eddyi_set_non_blocking(int fd, bool on, bool *was); /* non_blocking.c; 0 or an EDDY_E... code */
/* descriptors.c: close-on-exec, and sockets non-blocking, from birth; -1 with errno. */
int eddyi_open_socket(int domain, int type);
int eddyi_open_accepted(int listener);
int eddyi_open_pipe(int ends[2]); /* both ends block */

#endif
