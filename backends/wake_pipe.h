/* wake_pipe.h: the wake of a poller that can wait for descriptors only: a byte in a pipe of its own.
 * Touches a pipe. Rings from any thread and any signal handler; more rings than one between two waits need no system call. */
#ifndef EDDYI_WAKE_PIPE_H
#define EDDYI_WAKE_PIPE_H

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "core/platform.h"

typedef struct eddyi_wake_pipe {
    eddy_fd ends[2];   /* [0] is waited for; both -1: not open */
    atomic_bool woken; /* a byte is in the pipe */
} eddyi_wake_pipe;

static inline void eddyi_wake_pipe_init(eddyi_wake_pipe *self)
{
    self->ends[0] = self->ends[1] = -1;
    atomic_init(&self->woken, false);
}

/* One byte at most is written, so that end may block. */
static inline int eddyi_wake_pipe_open(eddyi_wake_pipe *self)
{
    return eddyi_pipe_create(self->ends, 0);
}

static inline void eddyi_wake_pipe_close(eddyi_wake_pipe *self)
{
    for (int i = 0; i < 2; i++)
        if (self->ends[i] >= 0)
            (void)close((int)self->ends[i]); /* no EDDYI_CALL: whatever close says, the descriptor is gone */
}

static inline void eddyi_wake_pipe_ring(eddyi_wake_pipe *self)
{
    if (atomic_exchange(&self->woken, true))
        return;
    int saved = errno;
    /* no EDDYI_CALL: runs in signal handlers; a full pipe is as good as one byte */
    ssize_t written = write((int)self->ends[1], "", 1);
    (void)written;
    errno = saved;
}

static inline void eddyi_wake_pipe_empty(eddyi_wake_pipe *self)
{
    char bytes[16];
    /* no EDDYI_CALL: the pipe is ours, and something is in it */
    ssize_t taken = read((int)self->ends[0], bytes, sizeof bytes);
    (void)taken;
    /* After the read: a ring between the two writes nothing and is answered by this wait, which ends early. */
    (void)atomic_exchange(&self->woken, false);
}

#endif
