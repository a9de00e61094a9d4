/* state.h: what readiness.c and turns.c share: the state of one backend over a poller.
 * Touches the seam, the poller and the slots. An op is parked if and only if its descriptor's reader or writer is it. */
#ifndef EDDYI_READINESS_STATE_H
#define EDDYI_READINESS_STATE_H

#include "backends/readiness/poller.h"
#include "backends/readiness/slots.h"

struct eddyi_backend {
    const eddyi_poller_ops *ops;
    eddyi_poller *poller;
    const eddy_allocator *allocator;
    eddyi_event *events;
    int capacity;
    uint32_t round; /* one for each batch of events */
    bool guest;     /* pollable() was asked for: somebody waits outside of wait() */
    uint64_t stale, renewals;
    uint32_t stale_now, stale_limit; /* since the last renewal, and how many call for one */
    eddyi_slots slots;
};

/* What an op waits for. */
static inline uint32_t eddyi_readiness_bits(const eddyi_op *op)
{
    if (op->kind == EDDYI_POLL)
        return op->events & (EDDYI_IN | EDDYI_OUT);
    return eddyi_op_place(op) == &op->descriptor->reader ? EDDYI_IN : EDDYI_OUT;
}

/* Some parked op waits for bits that are there, whether or not it is starved. */
static inline bool eddyi_readiness_due(const eddyi_slot *slot)
{
    const eddyi_descriptor *d = slot->descriptor;
    uint32_t ready = slot->error < 0 ? EDDYI_IN | EDDYI_OUT : d->ready;
    return (d->reader != NULL && (ready & eddyi_readiness_bits(d->reader))) ||
           (d->writer != NULL && (ready & eddyi_readiness_bits(d->writer)));
}

/* turns.c */

/* EDDYI_PICK_BUFFER and no buffer is free: nothing can be done until core gives one back. */
bool eddyi_readiness_starved(const eddyi_op *op);
/* Bits that an op waits for and could use if they came; NULL is fine. */
uint32_t eddyi_readiness_useful(const eddyi_op *op);
/* The queue holds something that can be tried now. */
bool eddyi_readiness_has_turns(eddyi_backend *);
/* One try: fills *result as the seam says. false: it would block, and the bits are cleared. */
bool eddyi_readiness_try(eddyi_backend *, eddyi_slot *slot, eddyi_op *op, eddyi_result *result);
/* Each slot that is in the queue gets one turn, as far as `room` goes. Returns the number of results. */
int eddyi_readiness_turns(eddyi_backend *, eddyi_result *results, int room);
/* A level-triggered descriptor: watch exactly these bits. A failure is the end of the descriptor. */
void eddyi_readiness_arm(eddyi_backend *, eddyi_slot *slot, uint32_t bits);

#endif
