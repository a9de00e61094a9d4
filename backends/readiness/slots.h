/* slots.h: the table of attached descriptors: who owns a slot, which generation it is in, and whose turn it is.
 * Touches backend.h and the allocator. Grows in attach only; a slot's generation changes whenever its owner does. */
#ifndef EDDYI_READINESS_SLOTS_H
#define EDDYI_READINESS_SLOTS_H

#include "core/backend.h"

#define EDDYI_SLOT_NONE UINT32_MAX

typedef struct eddyi_slot {
    eddyi_descriptor *descriptor; /* NULL: free */
    uint32_t generation;
    uint32_t next, previous; /* neighbours in the turn queue; `next` also links free slots */
    int32_t error;           /* < 0: the descriptor was lost, and every op on it ends with this */
    uint32_t fresh_round;    /* `fresh` is true in this round only */
    uint8_t fresh;           /* bits the kernel told in that round */
    uint8_t proof;           /* enum eddyi_proof */
    bool level;
    bool queued;
    bool unwatched; /* its descriptor is fresh, and no op has had to wait: the poller does not know it yet */
    bool writer_first; /* whose turn it is when both directions have something */
    uint8_t accepts, accepts_full, accepts_patience; /* of a listener: see turns.c */
} eddyi_slot;

/* Whether a short read proves that a stream is drained. */
enum eddyi_proof { EDDYI_PROOF_UNKNOWN, EDDYI_PROOF_YES, EDDYI_PROOF_NO };

typedef struct eddyi_slots {
    const eddy_allocator *allocator;
    eddyi_slot *slots;
    uint32_t *owners; /* by descriptor number: slot + 1, 0: nobody */
    uint32_t count, free, owner_count;
    uint32_t head, tail, queued; /* slots that have something to do, in the order in which it came */
} eddyi_slots;

void eddyi_slots_init(eddyi_slots *, const eddy_allocator *allocator);
void eddyi_slots_release(eddyi_slots *);
/* A free slot and room for the number `fd`: all that attach needs. EDDY_ENOMEM leaves the table as it was. */
int eddyi_slots_reserve(eddyi_slots *, eddy_fd fd);
/* Give the reserved slot to the descriptor and write slot and generation into it. The queue does not hold it yet. */
void eddyi_slots_take(eddyi_slots *, eddyi_descriptor *, bool level);
void eddyi_slots_give_back(eddyi_slots *, eddyi_descriptor *);
/* The descriptor that owns this number, NULL: nobody. */
eddyi_descriptor *eddyi_slots_owner(const eddyi_slots *, eddy_fd fd);
/* The number belongs to somebody else now: events of this generation reach nobody any more. */
void eddyi_slots_disown(eddyi_slots *, eddyi_descriptor *, int error);
/* NULL: stale. */
eddyi_slot *eddyi_slots_find(eddyi_slots *, uint32_t slot, uint32_t generation);
uint32_t eddyi_slots_next_generation(const eddyi_slots *); /* of the reserved slot */

static inline eddyi_slot *eddyi_slot_of(eddyi_slots *slots, const eddyi_descriptor *descriptor)
{
    return &slots->slots[descriptor->slot];
}

void eddyi_queue_append(eddyi_slots *, eddyi_slot *); /* nothing if it is in the queue */
void eddyi_queue_remove(eddyi_slots *, eddyi_slot *); /* nothing if it is not */

#endif
