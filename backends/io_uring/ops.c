/* ops.c: the life of an operation: tried or queued by submit, handed to the kernel by a wait, ended by its answer.
 * Touches the op's scratch area and the ring's entries. Nothing here fails for memory or a full ring: what finds no room stays queued. */
#include "backends/io_uring/inside.h"

_Static_assert(sizeof(eddyi_uring_lent) <= sizeof(((eddyi_op *)0)->scratch), "what a lent op keeps fits");

/* ---- the end ---- */

static void end(eddyi_op *op, eddyi_result *result)
{
    *eddyi_op_place(op) = NULL;
    op->state = URING_IDLE;
    result->flags |= EDDYI_LAST;
}

void eddyi_uring_queue(eddyi_backend *backend, eddyi_op *op)
{
    op->state = URING_QUEUED;
    eddyi_list_append(&backend->waiting, &eddyi_uring_lent_of(op)->link);
}

void eddyi_uring_keep(eddyi_backend *backend, eddyi_op *op, int64_t value, int32_t os_error)
{
    eddyi_uring_lent *lent = eddyi_uring_lent_of(op);
    op->state = URING_KEPT;
    lent->value = value;
    lent->os_error = os_error;
    eddyi_list_append(&backend->kept, &lent->link);
}

int eddyi_uring_tell_kept(eddyi_backend *backend, eddyi_result *results, int room)
{
    int count = 0;
    while (count < room && !eddyi_list_empty(&backend->kept)) {
        eddyi_op *op = eddyi_uring_op_of(eddyi_list_take(&backend->kept));
        const eddyi_uring_lent *lent = eddyi_uring_lent_of(op);
        results[count] = (eddyi_result){.op = op, .value = lent->value, .os_error = lent->os_error};
        end(op, &results[count++]);
    }
    return count;
}

void eddyi_uring_tell(eddyi_backend *backend, eddyi_op *op, bool more, eddyi_result *result)
{
    bool last = op->kind == EDDYI_RECV ? result->value <= 0 : result->value < 0;
    if (!(op->flags & EDDYI_MULTI) || last)
        end(op, result);
    else if (more)
        return;
    else if (op->state == URING_CANCELLING)
        eddyi_uring_keep(backend, op, EDDY_ECANCELED, 0);
    else
        eddyi_uring_queue(backend, op);
}

/* ---- submit and cancel ---- */

static int done(eddyi_op *op, eddyi_result *now, int code)
{
    *now = (eddyi_result){.op = op, .value = code, .flags = EDDYI_LAST};
    return EDDYI_DONE;
}

int eddyi_uring_submit(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    eddyi_descriptor *d = op->descriptor;
    if (op->kind >= EDDYI_KINDS)
        return done(op, now, EDDY_ENOSYS);
    if (!d->attached)
        return done(op, now, EDDY_EBADF);
    eddyi_op **place = eddyi_op_place(op);
    if (*place != NULL)
        return done(op, now, EDDY_EBUSY);
    if (op->kind == EDDYI_POLL && !(op->events & (EDDYI_IN | EDDYI_OUT)))
        return done(op, now, EDDY_EINVAL);
    int32_t error = eddyi_slot_of(&backend->slots, d)->error;
    if (error < 0)
        return done(op, now, error);
    *eddyi_uring_lent_of(op) = (eddyi_uring_lent){0};
    if (eddyi_uring_is_worth_a_try(op)) {
        bool ended = eddyi_uring_try(op, now);
        eddyi_uring_learn_of_try(backend, op, ended, now->value);
        if (ended) {
            now->flags |= EDDYI_LAST;
            return EDDYI_DONE;
        }
    }
    *place = op;
    eddyi_uring_queue(backend, op);
    eddyi_uring_knock(backend);
    return EDDYI_PENDING;
}

static void ask_to_end(eddyi_backend *backend, eddyi_op *op)
{
    op->state = URING_CANCELLING;
    eddyi_list_append(&backend->cancels, &eddyi_uring_lent_of(op)->link);
}

/* A receive that was queued has not been looked at yet. The next one tries: else who gives each read little time would never read. */
static int end_in_place(const eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    if (op->state == URING_QUEUED && eddyi_uring_is_native(backend, op))
        eddyi_uring_learn(op, true);
    eddyi_list_remove(&eddyi_uring_lent_of(op)->link);
    done(op, now, EDDY_ECANCELED);
    end(op, now);
    return EDDYI_DONE;
}

int eddyi_uring_cancel(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    if (op->state == URING_IDLE || op->state > URING_KEPT)
        return done(op, now, EDDY_EINVALIDSTATE);
    if (op->state == URING_QUEUED || backend->broken)
        return end_in_place(backend, op, now);
    if (op->state == URING_HANDED) {
        ask_to_end(backend, op);
        eddyi_uring_knock(backend);
    }
    return EDDYI_PENDING;
}

/* ---- ops of a descriptor that was closed behind our back, and of a ring that is no more ---- */

static void lose_op(eddyi_backend *backend, eddyi_op *op)
{
    if (op == NULL)
        return;
    if (op->state == URING_QUEUED) {
        eddyi_list_remove(&eddyi_uring_lent_of(op)->link);
        eddyi_uring_keep(backend, op, EDDY_EBADF, 0);
    } else if (op->state == URING_HANDED) {
        ask_to_end(backend, op);
    }
}

void eddyi_uring_lose(eddyi_backend *backend, eddyi_descriptor *d)
{
    eddyi_slots_disown(&backend->slots, d, EDDY_EBADF);
    lose_op(backend, d->reader);
    lose_op(backend, d->writer);
}

static void take_back(eddyi_backend *backend, eddyi_op *op)
{
    if (op == NULL || (op->state != URING_HANDED && op->state != URING_CANCELLING))
        return;
    eddyi_list_remove(&eddyi_uring_lent_of(op)->link);
    if (op->state == URING_HANDED)
        eddyi_uring_queue(backend, op);
    else
        eddyi_uring_keep(backend, op, EDDY_ECANCELED, 0);
}

void eddyi_uring_take_back(eddyi_backend *backend)
{
    for (uint32_t i = 0; i < backend->slots.count; i++) {
        const eddyi_descriptor *d = backend->slots.slots[i].descriptor;
        if (d == NULL)
            continue;
        take_back(backend, d->reader);
        take_back(backend, d->writer);
    }
    backend->handed = 0;
    backend->bell_watched = false;
}
