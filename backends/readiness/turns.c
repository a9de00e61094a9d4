/* turns.c: trying an op, what each try says about readiness, and giving every ready descriptor its turn.
 * Touches the platform's attempt and the poller. Readiness is kept between waits, results never are: so a parked op
 * has done nothing yet, and a cancel can always end it in place. */
#include <assert.h>

#include "backends/readiness/state.h"
#include "core/base/inject.h"
#include "core/platform.h"

enum {
    MOST_ACCEPTS =
        16, /* of one listener in one wait: others shall have their turn, and the rest is told again */
    MOST_PATIENCE = 15, /* waits in a row that took what was allowed, before more is tried */
    MOST_PROVABLE = 16  /* buffers that no system cuts off */
};

/* The first free buffer, -1: none. */
static int free_buffer(const eddyi_op *op)
{
    for (uint32_t i = 0; i < op->buffer_count && i < 32; i++)
        if (op->free_buffers & UINT32_C(1) << i)
            return (int)i;
    return -1;
}

bool eddyi_readiness_starved(const eddyi_op *op)
{
    return (op->flags & EDDYI_PICK_BUFFER) && free_buffer(op) < 0;
}

uint32_t eddyi_readiness_useful(const eddyi_op *op)
{
    return op == NULL || eddyi_readiness_starved(op) ? 0 : eddyi_readiness_bits(op);
}

static bool can_run(const eddyi_slot *slot, const eddyi_op *op)
{
    return op != NULL && (slot->error < 0 || (slot->descriptor->ready & eddyi_readiness_useful(op)));
}

bool eddyi_readiness_has_turns(eddyi_backend *backend)
{
    eddyi_slots *slots = &backend->slots;
    for (uint32_t i = slots->head; i != EDDYI_SLOT_NONE; i = slots->slots[i].next) {
        const eddyi_slot *slot = &slots->slots[i];
        if (can_run(slot, slot->descriptor->reader) || can_run(slot, slot->descriptor->writer))
            return true;
    }
    return false;
}

void eddyi_readiness_arm(eddyi_backend *backend, eddyi_slot *slot, uint32_t bits)
{
    eddyi_descriptor *d = slot->descriptor;
    if (!slot->level || slot->error < 0 || d->armed == bits)
        return;
    eddyi_event event = {.slot = d->slot, .generation = d->generation, .bits = bits};
    int rc = backend->ops->change(backend->poller, d->fd, event);
    if (rc < 0) {
        slot->error = rc;
        eddyi_queue_append(&backend->slots, slot);
        return;
    }
    d->armed = (uint8_t)bits;
}

/* ---- what a try proves ---- */

static bool is_internet(const eddyi_slot *slot)
{
    eddyi_address address;
    if (eddyi_platform_net.local_address(NULL, slot->descriptor->fd, &address) < 0)
        return false;
    enum eddyi_family family = eddyi_platform_net.family(&address);
    return family == EDDYI_FAMILY_IPV4 || family == EDDYI_FAMILY_IPV6;
}

static bool has_peer(const eddyi_slot *slot)
{
    eddyi_address address;
    return eddyi_platform_net.peer_address(NULL, slot->descriptor->fd, &address) >= 0;
}

/* Local sockets stop a read where a passed descriptor lies, and those of datagrams that have a peer where an error does: a short one says nothing
 * there. Asked once, when the first short transfer comes. */
static bool can_prove(eddyi_slot *slot)
{
    if (slot->proof == EDDYI_PROOF_UNKNOWN) {
        bool proves = is_internet(slot) && (slot->descriptor->kind == EDDYI_STREAM || !has_peer(slot));
        slot->proof = proves ? EDDYI_PROOF_YES : EDDYI_PROOF_NO;
    }
    return slot->proof == EDDYI_PROOF_YES;
}

static uint64_t bytes_asked(const eddyi_op *op)
{
    uint64_t asked = 0;
    if (op->buffer_count > MOST_PROVABLE)
        return 0;
    for (uint32_t i = 0; i < op->buffer_count; i++)
        asked += op->buffers[i].size;
#ifdef EDDY_INJECT
    if (eddyi_inject_most_bytes() != UINT32_MAX) /* transfers are cut by a test, not by the kernel */
        return 0;
#endif
    return asked;
}

/* A short read proves "drained" and a short write "full" only for an edge-triggered stream with no end bit pending. */
static void learn_of_stream(eddyi_slot *slot, const eddyi_op *op, int64_t value)
{
    eddyi_descriptor *d = slot->descriptor;
    bool receives = op->kind == EDDYI_RECV;
    if (!receives && op->kind != EDDYI_SEND)
        return;
    uint8_t end = receives ? EDDYI_END_IN : EDDYI_END_OUT;
    if ((d->ready & end) || (uint64_t)value >= bytes_asked(op) || !can_prove(slot))
        return;
    d->ready &= (uint8_t) ~(receives ? EDDYI_IN : EDDYI_OUT);
}

/* So do fewer datagrams than there was room for. */
static void learn_of_datagrams(eddyi_slot *slot, const eddyi_op *op, int64_t value)
{
    uint32_t asked = op->buffer_count < EDDYI_MOST_AT_ONCE ? op->buffer_count : EDDYI_MOST_AT_ONCE;
    if (op->kind == EDDYI_RECVFROM && (op->flags & EDDYI_MANY) && value < (int64_t)asked && can_prove(slot))
        slot->descriptor->ready &= (uint8_t)~EDDYI_IN;
}

static void learn(eddyi_slot *slot, const eddyi_op *op, int64_t value)
{
    if (slot->level || value <= 0)
        return;
    if (slot->descriptor->kind == EDDYI_STREAM)
        learn_of_stream(slot, op, value);
    else if (slot->descriptor->kind == EDDYI_DATAGRAM)
        learn_of_datagrams(slot, op, value);
}

/* ---- one try ---- */

/* What the kernel told in this very round needs no second question; what it did not tell may hold all the same, if only since earlier. */
static int64_t try_poll(eddyi_backend *backend, eddyi_slot *slot, eddyi_op *op, int32_t *os_error)
{
    if (slot->fresh_round != backend->round || (slot->fresh & EDDYI_EVENT_ASK))
        return eddyi_attempt(op, os_error);
    uint32_t asked = op->events;
    asked |= (asked & EDDYI_IN ? EDDYI_END_IN : 0u) | (asked & EDDYI_OUT ? EDDYI_END_OUT : 0u);
    uint32_t holds = slot->fresh & asked & EDDYI_EVENT_BITS;
    return holds != 0 ? (int64_t)holds : eddyi_attempt(op, os_error);
}

static int64_t try_pick(eddyi_slot *slot, eddyi_op *op, eddyi_result *result)
{
    int index = free_buffer(op);
    if (index < 0)
        return EDDY_EAGAIN;
    eddyi_op one = *op;
    one.buffers = &op->buffers[index];
    one.buffer_count = 1;
    one.flags = 0;
    int64_t value = eddyi_attempt(&one, &result->os_error);
    op->state = one.state;
    if (value > 0) {
        op->free_buffers &= ~(UINT32_C(1) << index);
        result->flags |= (uint32_t)index << 16;
        learn(slot, &one, value);
    }
    return value;
}

bool eddyi_readiness_try(eddyi_backend *backend, eddyi_slot *slot, eddyi_op *op, eddyi_result *result)
{
    eddyi_descriptor *d = op->descriptor;
    *result = (eddyi_result){.op = op};
    if (slot->error < 0) {
        result->value = slot->error;
    } else if (op->kind == EDDYI_POLL) {
        result->value = try_poll(backend, slot, op, &result->os_error);
    } else if (op->flags & EDDYI_PICK_BUFFER) {
        if (eddyi_readiness_starved(op))
            return false; /* the bits stay: nothing was asked */
        result->value = try_pick(slot, op, result);
    } else {
        result->value = eddyi_attempt(op, &result->os_error);
        learn(slot, op, result->value);
    }
    /* A local socket whose listener is full says EAGAIN to connect, and no event would follow: an answer, not a wait. */
    bool not_started = op->kind == EDDYI_CONNECT && op->state == 0;
    if (result->value == EDDY_EAGAIN && !not_started) {
        d->ready &= (uint8_t)~eddyi_readiness_bits(op);
        return false;
    }
    bool end_of_stream = op->kind == EDDYI_RECV && result->value == 0;
    if (!(op->flags & EDDYI_MULTI) || result->value < 0 || end_of_stream)
        result->flags |= EDDYI_LAST;
    return true;
}

/* ---- turns ---- */

/* An accept in vain would delay the connection before it, and cost a call more. So while connections come one by one a wait takes one, and the kernel
 * tells again if there are more; now and then two are tried, and twice as many as long as that is right. */
static int accepts_allowed(const eddyi_slot *slot)
{
    return slot->accepts > 0 ? slot->accepts : 1;
}

static void learn_accepts(eddyi_slot *slot, int allowed, int taken)
{
    if (taken < allowed) { /* the last one was in vain */
        slot->accepts_full = 0;
        if (taken > 1)
            return;
        slot->accepts = (uint8_t)(allowed / 2);
        if (slot->accepts_patience < MOST_PATIENCE)
            slot->accepts_patience = (uint8_t)(slot->accepts_patience * 2 + 1);
        return;
    }
    if (allowed > 1)
        slot->accepts_patience = 0;
    if (slot->accepts_full++ < slot->accepts_patience)
        return;
    slot->accepts_full = 0;
    slot->accepts = (uint8_t)(allowed * 2 < MOST_ACCEPTS ? allowed * 2 : MOST_ACCEPTS);
}

static int run_op(eddyi_backend *backend, eddyi_slot *slot, eddyi_op *op, eddyi_result *results, int room)
{
    eddyi_descriptor *d = slot->descriptor;
    uint32_t bits = eddyi_readiness_bits(op);
    bool accepts = op->kind == EDDYI_ACCEPT && (op->flags & EDDYI_MULTI);
    int most = accepts ? accepts_allowed(slot) : 1, count = 0;
    while (count < room && count < most && eddyi_readiness_try(backend, slot, op, &results[count])) {
        if (results[count++].flags & EDDYI_LAST) {
            *eddyi_op_place(op) = NULL;
            return count;
        }
    }
    if (accepts && (count == most || count < room))
        learn_accepts(slot, most, count);
    if (slot->level) { /* still parked: the kernel tells again what is left */
        d->ready &= (uint8_t)~bits;
        eddyi_readiness_arm(backend, slot, d->armed | eddyi_readiness_useful(op));
        if (eddyi_readiness_starved(op))
            d->ready |= (uint8_t)bits; /* but of this it is not asked: try when a buffer came */
    }
    return count;
}

static int run_slot(eddyi_backend *backend, eddyi_slot *slot, eddyi_result *results, int room)
{
    eddyi_descriptor *d = slot->descriptor;
    int count = 0;
    for (int i = 0; i < 2; i++) {
        bool writer = (i == 0) == slot->writer_first;
        eddyi_op *op = writer ? d->writer : d->reader;
        if (!can_run(slot, op))
            continue;
        if (count == room) { /* the other one begins next time */
            slot->writer_first = writer;
            break;
        }
        count += run_op(backend, slot, op, results + count, room - count);
    }
    return count;
}

int eddyi_readiness_turns(eddyi_backend *backend, eddyi_result *results, int room)
{
    eddyi_slots *slots = &backend->slots;
    int count = 0;
    for (uint32_t turns = slots->queued; turns > 0 && count < room; turns--) {
        assert(slots->head != EDDYI_SLOT_NONE);
        eddyi_slot *slot = &slots->slots[slots->head];
        eddyi_queue_remove(slots, slot);
        count += run_slot(backend, slot, results + count, room - count);
        if (eddyi_readiness_due(slot))
            eddyi_queue_append(slots, slot);
    }
    return count;
}
