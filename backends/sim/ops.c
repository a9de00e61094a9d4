/* ops.c: operations, completion-style: what is done may be told at once, later, or against a cancel, as the seed says.
 * Touches the op's scratch area. An op is in one state at a time, and leaves its descriptor before it is told. */
#include "backends/sim/inside.h"

enum { SLOWEST_COMPLETION = 50000, SLOWEST_CANCEL = 200000 }; /* nanoseconds */

_Static_assert(sizeof(sim_lent) <= sizeof(((eddyi_op *)0)->scratch), "what a lent op keeps fits");

sim_lent *eddyi_sim_lent_of(eddyi_op *op)
{
    return (sim_lent *)(void *)op->scratch;
}

eddyi_op *eddyi_sim_op_of(sim_lent *lent)
{
    return EDDYI_CONTAINER(lent, eddyi_op, scratch);
}

static eddyi_op **place_of(const eddyi_op *op)
{
    eddyi_descriptor *descriptor = op->descriptor;
    switch (op->kind) {
    case EDDYI_RECV:
    case EDDYI_RECVFROM:
    case EDDYI_ACCEPT:
    case EDDYI_READ:
        return &descriptor->reader;
    case EDDYI_POLL:
        return (op->events & EDDYI_IN) ? &descriptor->reader : &descriptor->writer;
    default:
        return &descriptor->writer;
    }
}

/* ---- telling ---- */

void eddyi_sim_answer(eddyi_backend *sim, eddyi_op *op, eddyi_result *result, int64_t value)
{
    eddyi_sim_show(op);
    op->state = SIM_IDLE;
    if (*place_of(op) == op)
        *place_of(op) = NULL;
    eddyi_sim_note(sim, SIM_EVENT_ANSWERED, (uint64_t)op->kind << 32 ^ (uint64_t)op->descriptor->fd);
    eddyi_sim_note(sim, SIM_EVENT_ANSWERED, (uint64_t)value);
    *result = (eddyi_result){.op = op, .value = value, .flags = EDDYI_LAST};
}

/* Results of different ops may come in any order. */
static void line_up(eddyi_backend *sim, eddyi_op *op, int64_t value)
{
    sim_lent *lent = eddyi_sim_lent_of(op);
    op->state = SIM_DONE;
    lent->value = value;
    eddyi_list_append(eddyi_sim_chance(sim, 70) ? &sim->done : sim->done.next, &lent->link);
}

static void told_later(eddyi_timer *timer)
{
    sim_lent *lent = EDDYI_CONTAINER(timer, sim_lent, timer);
    line_up(lent->sim, eddyi_sim_op_of(lent), lent->value);
}

static void tell_later(eddyi_backend *sim, eddyi_op *op, int64_t value)
{
    sim_lent *lent = eddyi_sim_lent_of(op);
    op->state = SIM_COMPLETING;
    lent->value = value;
    lent->timer.fire = told_later;
    eddyi_timers_add(&sim->timers, &lent->timer, sim->now + eddyi_sim_random(sim, SLOWEST_COMPLETION));
}

/* ---- waiting ops ---- */

static void try_waiting(eddyi_backend *sim, sim_socket *s, eddyi_op *op)
{
    sim_lent *lent = op != NULL ? eddyi_sim_lent_of(op) : NULL;
    if (op == NULL || (op->state != SIM_WAITING && op->state != SIM_CANCELLING))
        return;
    eddyi_sim_show(op);
    int64_t value = eddyi_sim_attempt(s, op);
    eddyi_sim_hide(op);
    if (value == EDDY_EAGAIN)
        return;
    eddyi_timers_remove(&sim->timers, &lent->timer); /* data won against a cancel that was on its way */
    if (eddyi_sim_chance(sim, 50))
        line_up(sim, op, value);
    else
        tell_later(sim, op, value);
}

/* An attempt may change its own socket, by a reset, and both sides; then its ops are looked at again afterwards, never in the middle. */
void eddyi_sim_pump(sim_socket *s)
{
    s->pump_again = true;
    if (s->pumping)
        return;
    s->pumping = true;
    while (s->pump_again && s->descriptor != NULL) {
        s->pump_again = false;
        try_waiting(s->sim, s, s->descriptor->reader);
        try_waiting(s->sim, s, s->descriptor->writer);
    }
    s->pumping = false;
}

/* ---- submit ---- */

static int begin_multi(eddyi_backend *sim, eddyi_op *op)
{
    op->state = SIM_MULTI;
    eddyi_sim_hide(op);
    eddyi_list_append(&sim->multi, &eddyi_sim_lent_of(op)->link);
    return EDDYI_PENDING;
}

static int tell(eddyi_backend *sim, eddyi_op *op, eddyi_result *now, int64_t value)
{
    if (value == EDDY_EAGAIN) {
        op->state = SIM_WAITING;
    } else if (eddyi_sim_chance(sim, 50)) {
        eddyi_sim_answer(sim, op, now, value);
        return EDDYI_DONE;
    } else {
        tell_later(sim, op, value);
    }
    eddyi_sim_hide(op);
    return EDDYI_PENDING;
}

static bool is_offered(const eddyi_op *op)
{
    return op->kind != EDDYI_READ && op->kind != EDDYI_WRITE && op->kind != EDDYI_SENDFILE &&
           op->kind < EDDYI_KINDS;
}

int eddyi_sim_submit(eddyi_backend *sim, eddyi_op *op, eddyi_result *now)
{
    sim_lent *lent = eddyi_sim_lent_of(op);
    sim_socket *s = eddyi_sim_socket_of(sim, op->descriptor);
    eddyi_sim_note(sim, SIM_EVENT_SUBMITTED, (uint64_t)op->kind << 32 ^ (uint64_t)op->descriptor->fd);
    if (s == NULL || !is_offered(op)) {
        eddyi_sim_answer(sim, op, now, s == NULL ? EDDY_EBADF : EDDY_ENOSYS);
        return EDDYI_DONE;
    }
    *lent = (sim_lent){.sim = sim};
    eddyi_list_init(&lent->link);
    eddyi_timer_init(&lent->timer, told_later);
    *place_of(op) = op;
    if (op->flags & EDDYI_MULTI)
        return begin_multi(sim, op);
    s->pumping = true;
    s->pump_again = false;
    int64_t value = eddyi_sim_attempt(s, op);
    s->pumping = false;
    int told = tell(sim, op, now, value);
    if (s->pump_again)
        eddyi_sim_pump(s);
    return told;
}

/* ---- cancel ---- */

static void end_cancelled(eddyi_backend *sim, eddyi_op *op)
{
    sim_socket *s = eddyi_sim_socket_of(sim, op->descriptor);
    if (s != NULL && op->kind == EDDYI_CONNECT)
        eddyi_sim_connect_abandon(s);
}

static void cancel_arrived(eddyi_timer *timer)
{
    sim_lent *lent = EDDYI_CONTAINER(timer, sim_lent, timer);
    eddyi_op *op = eddyi_sim_op_of(lent);
    eddyi_list_remove(&lent->link); /* of the MULTI ops */
    line_up(lent->sim, op, EDDY_ECANCELED);
    end_cancelled(lent->sim, op);
}

/* What is done already may be told now or by wait(); it is never taken back. */
static int cancel_completed(eddyi_backend *sim, eddyi_op *op, eddyi_result *now)
{
    sim_lent *lent = eddyi_sim_lent_of(op);
    if (eddyi_sim_chance(sim, 50))
        return EDDYI_PENDING;
    eddyi_timers_remove(&sim->timers, &lent->timer);
    eddyi_list_remove(&lent->link);
    eddyi_sim_answer(sim, op, now, lent->value);
    return EDDYI_DONE;
}

static int cancel_waiting(eddyi_backend *sim, eddyi_op *op, eddyi_result *now)
{
    sim_lent *lent = eddyi_sim_lent_of(op);
    if (eddyi_sim_chance(sim, 50)) {
        eddyi_list_remove(&lent->link);
        eddyi_sim_answer(sim, op, now, EDDY_ECANCELED);
        end_cancelled(sim, op);
        return EDDYI_DONE;
    }
    op->state = op->state == SIM_MULTI ? SIM_MULTI_CANCELLING : SIM_CANCELLING;
    lent->timer.fire = cancel_arrived;
    eddyi_timers_add(&sim->timers, &lent->timer, sim->now + eddyi_sim_random(sim, SLOWEST_CANCEL));
    return EDDYI_PENDING;
}

int eddyi_sim_cancel(eddyi_backend *sim, eddyi_op *op, eddyi_result *now)
{
    eddyi_sim_note(sim, SIM_EVENT_CANCELLED, (uint64_t)op->kind << 32 ^ (uint64_t)op->descriptor->fd);
    switch (op->state) {
    case SIM_COMPLETING:
    case SIM_DONE:
        return cancel_completed(sim, op, now);
    case SIM_CANCELLING:
    case SIM_MULTI_CANCELLING:
        return EDDYI_PENDING;
    case SIM_MULTI:
    case SIM_WAITING:
        return cancel_waiting(sim, op, now);
    default:
        *now = (eddyi_result){.op = op, .value = EDDY_EINVALIDSTATE, .flags = EDDYI_LAST};
        return EDDYI_DONE;
    }
}
