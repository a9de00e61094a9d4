/* readiness.c: operations over a poller: try first, then park; an event gives the parked op its turn.
 * Touches the seam, the poller and the slots. Nothing but open and attach takes memory or can fail for want of it. */
#include <assert.h>

#include "backends/readiness/state.h"
#include "core/base/memory.h"
#include "core/platform.h"

#define LONGEST_WAIT (UINT64_C(86400) * 1000000000)

enum {
    DEFAULT_BATCH = 1024,
    STALE_LIMIT =
        2 /* one stale event may be chance, a second one comes from a watch that no call can reach */
};

/* ---- open and close ---- */

int eddyi_readiness_open(eddyi_backend **out, const eddyi_backend_config *config, uint32_t *kinds,
                         const eddyi_poller_ops *poller)
{
    const eddy_allocator *allocator = config->allocator;
    size_t size;
    int rc = EDDY_ENOMEM;
    eddyi_backend_config given = *config;
    if (given.batch == 0)
        given.batch = DEFAULT_BATCH;
    if (given.batch > INT32_MAX || !eddyi_multiply(&size, given.batch, sizeof(eddyi_event)))
        return EDDY_EINVAL;
    eddyi_backend *backend = eddyi_allocate_zero(allocator, sizeof *backend);
    if (backend == NULL)
        return rc;
    backend->events = eddyi_allocate(allocator, size);
    if (backend->events == NULL)
        goto out;
    backend->ops = poller;
    backend->allocator = allocator;
    backend->capacity = (int)given.batch;
    backend->stale_limit = STALE_LIMIT;
    eddyi_slots_init(&backend->slots, allocator);
    rc = poller->open(&backend->poller, &given);
    if (rc < 0)
        goto out;
    *kinds = (UINT32_C(1) << EDDYI_KINDS) - 1;
    *out = backend;
    return 0;
out:
    eddyi_release(allocator, backend->events);
    eddyi_release(allocator, backend);
    return rc;
}

void eddyi_readiness_close(eddyi_backend *backend)
{
    backend->ops->close(backend->poller);
    eddyi_slots_release(&backend->slots);
    eddyi_release(backend->allocator, backend->events);
    eddyi_release(backend->allocator, backend);
}

/* ---- attach and detach ---- */

static void lose(eddyi_backend *backend, eddyi_slot *slot, int error)
{
    slot->error = error;
    eddyi_queue_append(&backend->slots, slot);
}

/* A fresh one is watched when an op first waits: a connection that never does costs two calls of the kernel less. */
static int watch_after_all(eddyi_backend *backend, eddyi_slot *slot)
{
    eddyi_descriptor *d = slot->descriptor;
    eddyi_event event = {.slot = d->slot, .generation = d->generation, .bits = EDDYI_IN | EDDYI_OUT};
    int rc = backend->ops->add(backend->poller, d->fd, event, false);
    if (rc == 0) {
        d->armed = (uint8_t)event.bits;
        slot->unwatched = false;
    }
    return rc;
}

/* Somebody wants a number that is taken. Whether its file is still the same only the poller can tell, if it knows the old one. */
static int contest(eddyi_backend *backend, const eddyi_descriptor *d)
{
    eddyi_descriptor *old = eddyi_slots_owner(&backend->slots, d->fd);
    eddyi_slot *slot = old != NULL ? eddyi_slot_of(&backend->slots, old) : NULL;
    return slot != NULL && slot->unwatched && !d->fresh ? watch_after_all(backend, slot) : 0;
}

int eddyi_readiness_attach(eddyi_backend *backend, eddyi_descriptor *d)
{
    eddyi_slots *slots = &backend->slots;
    bool level = !backend->ops->edge || d->kind == EDDYI_LISTENER || d->kind == EDDYI_FOREIGN;
    bool later = d->fresh && !level;
    if (d->attached)
        return EDDY_EEXIST;
    if (d->fd < 0 || d->fd > INT32_MAX)
        return EDDY_EBADF;
    int rc = eddyi_slots_reserve(slots, d->fd);
    if (rc == 0)
        rc = contest(backend, d);
    if (rc < 0)
        return rc;
    eddyi_event event = {.slot = slots->free,
                         .generation = eddyi_slots_next_generation(slots),
                         .bits = level || later ? 0 : EDDYI_IN | EDDYI_OUT};
    rc = later ? 0 : backend->ops->add(backend->poller, d->fd, event, level);
    if (rc < 0)
        return rc;
    eddyi_descriptor *old = eddyi_slots_owner(slots, d->fd);
    if (old != NULL) { /* closed behind our back, and its number was given to another file */
        eddyi_slots_disown(slots, old, EDDY_EBADF);
        lose(backend, eddyi_slot_of(slots, old), EDDY_EBADF);
    }
    eddyi_slots_take(slots, d, level);
    eddyi_slot_of(slots, d)->unwatched = later;
    d->ready = EDDYI_IN | EDDYI_OUT; /* nobody knows yet: a try will tell */
    d->armed = (uint8_t)event.bits;
    d->attached = 1;
    d->reader = d->writer = NULL;
    return 0;
}

void eddyi_readiness_detach(eddyi_backend *backend, eddyi_descriptor *d)
{
    if (!d->attached)
        return;
    assert(d->reader == NULL && d->writer == NULL);
    eddyi_event event = {.slot = d->slot, .generation = d->generation};
    if (eddyi_slots_owner(&backend->slots, d->fd) == d && /* else the number is another's by now */
        !eddyi_slot_of(&backend->slots, d)->unwatched)
        backend->ops->remove(backend->poller, d->fd, event);
    eddyi_slots_give_back(&backend->slots, d);
    d->ready = d->armed = d->attached = 0;
}

/* ---- submit and cancel ---- */

static int done(eddyi_op *op, eddyi_result *now, int value)
{
    *now = (eddyi_result){.op = op, .value = value, .flags = EDDYI_LAST};
    return EDDYI_DONE;
}

static void knock(eddyi_backend *backend)
{
    if (backend->guest && eddyi_readiness_has_turns(backend))
        backend->ops->wake(backend->poller);
}

int eddyi_readiness_submit(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    eddyi_descriptor *d = op->descriptor;
    if (op->kind >= EDDYI_KINDS)
        return done(op, now, EDDY_ENOSYS);
    if (!d->attached)
        return done(op, now, EDDY_EBADF);
    eddyi_op **place = eddyi_op_place(op);
    if (*place != NULL)
        return done(op, now, EDDY_EBUSY);
    eddyi_slot *slot = eddyi_slot_of(&backend->slots, d);
    uint32_t bits = eddyi_readiness_bits(op);
    bool connects = op->kind == EDDYI_CONNECT;
    if (bits == 0)
        return done(op, now, EDDY_EINVAL);
    if (connects) /* what the kernel says of a socket that is not connected yet does not count */
        d->ready &= (uint8_t) ~(EDDYI_END_IN | EDDYI_END_OUT);
    slot->fresh_round = backend->round - 1; /* time went by since that batch */
    if (!(op->flags & EDDYI_MULTI) && (connects || slot->error < 0 || (d->ready & bits)) &&
        eddyi_readiness_try(backend, slot, op, now))
        return EDDYI_DONE;
    if (slot->unwatched && slot->error == 0) { /* what is there by now will be told as an edge */
        int rc = watch_after_all(backend, slot);
        if (rc < 0)
            return done(op, now, rc);
    }
    *place = op;
    if (!slot->level || slot->error < 0) {
        if (eddyi_readiness_due(slot)) /* the edge was told before */
            eddyi_queue_append(&backend->slots, slot);
    } else if (eddyi_readiness_starved(op)) { /* nothing is watched without a buffer: try when one came */
        d->ready |= (uint8_t)bits;
        eddyi_queue_append(&backend->slots, slot);
    } else {
        eddyi_readiness_arm(backend, slot, d->armed | bits);
    }
    knock(backend);
    return EDDYI_PENDING;
}

int eddyi_readiness_cancel(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    eddyi_op **place = eddyi_op_place(op);
    (void)backend;
    if (*place != op)
        return done(op, now, EDDY_EINVALIDSTATE);
    *place = NULL; /* what is watched for it is disarmed when it next speaks */
    return done(op, now, EDDY_ECANCELED);
}

/* ---- wait ---- */

uint64_t eddyi_readiness_left(uint64_t deadline_ns)
{
    if (deadline_ns == 0 || deadline_ns == UINT64_MAX)
        return deadline_ns;
    uint64_t now = eddyi_clock_now(), left = deadline_ns > now ? deadline_ns - now : 0;
    return left < LONGEST_WAIT ? left : LONGEST_WAIT;
}

bool eddyi_readiness_passed(uint64_t deadline_ns)
{
    return deadline_ns == 0 || (deadline_ns != UINT64_MAX && eddyi_clock_now() >= deadline_ns);
}

/* Returns false for an event that reaches nobody. */
static bool dispatch(eddyi_backend *backend, const eddyi_event *event)
{
    eddyi_slot *slot = eddyi_slots_find(&backend->slots, event->slot, event->generation);
    if (slot == NULL)
        return false;
    eddyi_descriptor *d = slot->descriptor;
    d->ready |= (uint8_t)(event->bits & EDDYI_EVENT_BITS);
    uint8_t told = slot->fresh_round == backend->round ? slot->fresh : 0; /* kqueue: an event a direction */
    slot->fresh = (uint8_t)(told | event->bits);
    slot->fresh_round = backend->round;
    if (event->bits & EDDYI_EVENT_URGENT)
        slot->proof = EDDYI_PROOF_NO;
    if (event->bits & EDDYI_EVENT_DROPPED)
        d->armed = 0;
    if (slot->level) {
        uint32_t useful = eddyi_readiness_useful(d->reader) | eddyi_readiness_useful(d->writer);
        /* What nobody listens to must not be told again and again. */
        if (event->bits & d->armed & ~useful)
            eddyi_readiness_arm(backend, slot, d->armed & useful);
    }
    if (eddyi_readiness_due(slot))
        eddyi_queue_append(&backend->slots, slot);
    return true;
}

static bool dispatch_all(eddyi_backend *backend, int count)
{
    bool woken = false;
    backend->round++;
    for (int i = 0; i < count; i++) {
        const eddyi_event *event = &backend->events[i];
        if (event->slot == EDDYI_SLOT_WAKE) {
            woken = true;
        } else if (!dispatch(backend, event)) {
            backend->stale++;
            backend->stale_now++;
        }
    }
    return woken;
}

/* A descriptor that was closed before its detach, while a copy of it lives, is told for ever and no call can reach its
 * watch: only a new poller forgets it. */
static void renew(eddyi_backend *backend)
{
    backend->stale_now = 0;
    if (backend->ops->renew == NULL || backend->ops->renew(backend->poller) < 0) {
        backend->stale_limit *= backend->stale_limit < UINT32_MAX / 2 ? 2 : 1;
        return;
    }
    backend->renewals++;
    backend->stale_limit = STALE_LIMIT;
    for (uint32_t i = 0; i < backend->slots.count; i++) {
        eddyi_slot *slot = &backend->slots.slots[i];
        eddyi_descriptor *d = slot->descriptor;
        if (d == NULL || eddyi_slots_owner(&backend->slots, d->fd) != d || slot->unwatched)
            continue;
        eddyi_event event = {.slot = i, .generation = slot->generation, .bits = d->armed};
        int rc = backend->ops->add(backend->poller, d->fd, event, slot->level);
        if (rc < 0)
            lose(backend, slot, rc);
    }
}

int eddyi_readiness_wait(eddyi_backend *backend, uint64_t deadline_ns, eddyi_result *results, int room)
{
    if (room <= 0)
        return EDDY_EINVAL;
    for (;;) {
        bool kept = eddyi_readiness_has_turns(backend);
        int events =
            backend->ops->wait(backend->poller, kept ? 0 : deadline_ns, backend->events, backend->capacity);
        if (events < 0)
            return events;
        bool woken = dispatch_all(backend, events);
        if (backend->stale_now >= backend->stale_limit)
            renew(backend);
        int count = eddyi_readiness_turns(backend, results, room);
        if (count > 0 || woken) {
            knock(backend);
            return count;
        }
        /* Nothing came of it. A poller that finds nothing has waited until the deadline, unless it was only asked. */
        if ((events == 0 && !kept) || eddyi_readiness_passed(deadline_ns))
            return 0;
    }
}

void eddyi_readiness_wake(eddyi_backend *backend)
{
    backend->ops->wake(backend->poller);
}

eddy_fd eddyi_readiness_pollable(eddyi_backend *backend)
{
    if (backend->ops->pollable == NULL)
        return -1;
    backend->guest = true;
    knock(backend);
    return backend->ops->pollable(backend->poller);
}

uint64_t eddyi_readiness_stale(eddyi_backend *backend)
{
    return backend->stale;
}

uint64_t eddyi_readiness_renewals(eddyi_backend *backend)
{
    return backend->renewals;
}
