/* poller.h: the small seam under readiness.c: what select, epoll, kqueue, poll and event ports implement.
 * Touches backend.h's types only. A poller turns (descriptor, bits) into (slot, generation, bits), and knows no ops. */
#ifndef EDDYI_POLLER_H
#define EDDYI_POLLER_H

#include "core/backend.h"

typedef struct eddyi_poller eddyi_poller;

typedef struct eddyi_event {
    uint32_t slot, generation;
    uint32_t bits; /* EDDYI_IN, OUT, END_IN, END_OUT; an error sets IN and OUT so that the op's own call reports it */
} eddyi_event;

typedef struct eddyi_poller_ops {
    const char *name, *description;
    bool edge; /* true: streams are watched once, at attach, edge-triggered; false: at each park, level-triggered */
    int (*probe)(void);
    int (*open)(eddyi_poller **out, const eddyi_backend_config *config);
    void (*close)(eddyi_poller *);
    /* Change what is watched from `before` to `now` (bits IN | OUT; 0 = not at all). `event` names slot and generation.
     * `level`: report as long as it holds. Only a call with before == 0 may fail (EDDY_ENOMEM, EDDY_EPERM, EDDY_EBADF, EDDY_EEXIST, EDDY_EINVAL). */
    int (*watch)(eddyi_poller *, eddy_fd, eddyi_event event, uint32_t before, uint32_t now, bool level);
    /* Deadline and return value as in eddyi_backend_ops.wait. */
    int (*wait)(eddyi_poller *, uint64_t deadline_ns, eddyi_event *events, int capacity);
    void (*wake)(eddyi_poller *);
    eddy_fd (*pollable)(eddyi_poller *); /* NULL: cannot */
} eddyi_poller_ops;

/* readiness.c: the whole of eddyi_backend_ops over a poller. A backend file is a poller and this one line. */
int eddyi_readiness_open(eddyi_backend **out, const eddyi_backend_config *config, uint32_t *kinds,
                         const eddyi_poller_ops *poller);
void eddyi_readiness_close(eddyi_backend *);
int eddyi_readiness_attach(eddyi_backend *, eddyi_descriptor *);
void eddyi_readiness_detach(eddyi_backend *, eddyi_descriptor *);
int eddyi_readiness_submit(eddyi_backend *, eddyi_op *, eddyi_result *now);
int eddyi_readiness_cancel(eddyi_backend *, eddyi_op *, eddyi_result *now);
int eddyi_readiness_wait(eddyi_backend *, uint64_t deadline_ns, eddyi_result *results, int room);
void eddyi_readiness_wake(eddyi_backend *);
eddy_fd eddyi_readiness_pollable(eddyi_backend *);

#endif
