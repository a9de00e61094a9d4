/* poller.h: the small seam under readiness.c: what select, epoll, kqueue, poll and event ports implement.
 * Touches backend.h's types only. A poller turns (descriptor, bits) into (slot, generation, bits), and knows no ops.
 * Only open, probe and add may fail for memory; user data in the kernel is slot and generation, never a pointer. */
#ifndef EDDYI_POLLER_H
#define EDDYI_POLLER_H

#include "core/backend.h"

typedef struct eddyi_poller eddyi_poller;

typedef struct eddyi_event {
    uint32_t slot, generation;
    uint32_t bits; /* EDDYI_IN, OUT, END_IN, END_OUT, and those below */
} eddyi_event;

enum {
    EDDYI_EVENT_ASK = 16,     /* an error: comes with IN and OUT, and each op's own call says what it is */
    EDDYI_EVENT_URGENT = 32,  /* comes with IN: a read may stop before the urgent byte though there is more */
    EDDYI_EVENT_DROPPED = 64, /* comes with ASK: the poller watches nothing of this descriptor any more */
    EDDYI_EVENT_BITS = EDDYI_IN | EDDYI_OUT | EDDYI_END_IN | EDDYI_END_OUT
};
#define EDDYI_SLOT_WAKE UINT32_MAX /* the slot of the event that reports wake() */

typedef struct eddyi_poller_ops {
    const char *name, *description;
    bool edge; /* true: all but `level` descriptors are watched once, edge-triggered, for both directions */
    int (*probe)(void);
    int (*open)(eddyi_poller **out, const eddyi_backend_config *config);
    void (*close)(eddyi_poller *);

    /* Take a descriptor and watch `event.bits` (IN | OUT; 0: nothing yet). `level`: report as long as it holds. All memory
     * that later changes need is taken here. EDDY_EEXIST: the same open file is watched under this number. When another
     * file had the number, it was closed behind our back: the new one takes its place. */
    int (*add)(eddyi_poller *, eddy_fd, eddyi_event event, bool level);
    /* Watch exactly `event.bits` of a level-triggered descriptor. Fails only when the descriptor is not what it was. */
    int (*change)(eddyi_poller *, eddy_fd, eddyi_event event);
    /* Never again an event with this slot and generation, unless a copy of a descriptor that was closed first lives on. */
    void (*remove)(eddyi_poller *, eddy_fd, eddyi_event event);
    /* Deadline and EINTR as in eddyi_backend_ops.wait. Returns the number of events, one of which may be the wake; 0 only
     * when the deadline has passed; < 0: the poller is broken. */
    int (*wait)(eddyi_poller *, uint64_t deadline_ns, eddyi_event *events, int capacity);
    void (*wake)(eddyi_poller *); /* any thread, any signal handler */

    /* Optional. Begin again with nothing watched; all living descriptors are added anew next. On failure nothing changed. */
    int (*renew)(eddyi_poller *);
    eddy_fd (*pollable)(eddyi_poller *); /* NULL: cannot */
} eddyi_poller_ops;

/* readiness.c: the whole of eddyi_backend_ops over a poller. A backend file is a poller and a table. */
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

/* For a poller's wait: nanoseconds until the deadline, at most a day, for kernels count milliseconds in an int; 0 and UINT64_MAX
 * stay what they are. After a call of the kernel that found nothing: whether that was the end. */
uint64_t eddyi_readiness_left(uint64_t deadline_ns);
bool eddyi_readiness_passed(uint64_t deadline_ns);

uint64_t eddyi_readiness_stale(eddyi_backend *); /* events that were dropped because their owner is gone */
uint64_t
eddyi_readiness_renewals(eddyi_backend *); /* how often the poller had to begin again because of them */

#endif
