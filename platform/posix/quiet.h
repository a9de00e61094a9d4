/* quiet.h: calls that raise SIGPIPE and have no flag against it.
 * Touches the calling thread's signal mask. What was waiting before is left alone. */
#ifndef EDDYI_POSIX_QUIET_H
#define EDDYI_POSIX_QUIET_H

#include <signal.h>
#include <stdbool.h>

typedef struct eddyi_quiet {
    sigset_t before;
    bool waited; /* a SIGPIPE was waiting already */
} eddyi_quiet;

void eddyi_quiet_begin(eddyi_quiet *);
/* `broken`: the call failed with EPIPE, so the signal is taken back. errno is kept. */
void eddyi_quiet_end(const eddyi_quiet *, bool broken);
/* Where the system keeps it with the descriptor: no call on it raises SIGPIPE any more, or again. Nothing elsewhere. */
void eddyi_quiet_descriptor(int fd, bool on);

#endif
