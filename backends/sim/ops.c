/* ops.c: operations, completion-style: what is done may be told at once, later, or against a cancel, as the seed says.
 * Touches the op's scratch area. An op is in one state at a time, and leaves its descriptor before it is told. */
#include "backends/sim/inside.h"

_Static_assert(sizeof(sim_lent) <= sizeof(((eddyi_op *)0)->scratch), "what a lent op keeps fits");

sim_lent *eddyi_sim_lent_of(eddyi_op *op)
{
    return (sim_lent *)(void *)op->scratch;
}

static eddyi_op *op_of(sim_lent *lent)
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

static sim_socket *socket_of(eddyi_backend *sim, const eddyi_op *op)
{
    return eddyi_sim_find(sim, op->descriptor->fd);
}

/* ---- telling ---- */

static void answer(eddyi_backend *sim, eddyi_op *op, eddyi_result *result, int64_t value)
{
    op->state = SIM_IDLE;
    if (*place_of(op) == op)
        *place_of(op) = NULL;
    eddyi_sim_note(sim, 4, ((uint64_t)op->kind << 32) ^ (uint64_t)value ^ (uint64_t)op->descriptor->fd);
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
    line_up(lent->sim, op_of(lent), lent->value);
}

static void tell_later(eddyi_backend *sim, eddyi_op *op, int64_t value, uint64_t delay)
{
    sim_lent *lent = eddyi_sim_lent_of(op);
    op->state = SIM_COMPLETING;
    lent->value = value;
    lent->timer.fire = told_later;
    eddyi_timers_add(&sim->timers, &lent->timer, sim->now + delay);
}

static void cancelled(eddyi_timer *timer)
{
    sim_lent *lent = EDDYI_CONTAINER(timer, sim_lent, timer);
    line_up(lent->sim, op_of(lent), EDDY_ECANCELED);
}

/* ---- waiting ops ---- */

static void try_waiting(eddyi_backend *sim, sim_socket *s, eddyi_op *op)
{
    sim_lent *lent = op != NULL ? eddyi_sim_lent_of(op) : NULL;
    if (op == NULL || (op->state != SIM_WAITING && op->state != SIM_CANCELLING))
        return;
    int64_t value = eddyi_sim_attempt(s, op);
    if (value == EDDY_EAGAIN)
        return;
    eddyi_timers_remove(&sim->timers, &lent->timer); /* data won against a cancel that was on its way */
    if (eddyi_sim_chance(sim, 50))
        line_up(sim, op, value);
    else
        tell_later(sim, op, value, eddyi_sim_random(sim, 50000));
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

/* ---- submit and cancel ---- */

static int begin_multi(eddyi_backend *sim, eddyi_op *op)
{
    op->state = SIM_MULTI;
    eddyi_list_append(&sim->multi, &eddyi_sim_lent_of(op)->link);
    return EDDYI_PENDING;
}

static int tell(eddyi_backend *sim, const sim_socket *s, eddyi_op *op, eddyi_result *now, int64_t value)
{
    if (value == EDDY_EAGAIN) {
        op->state = SIM_WAITING;
        return EDDYI_PENDING;
    }
    if (op->kind != EDDYI_CONNECT && eddyi_sim_chance(sim, 50)) {
        answer(sim, op, now, value);
        return EDDYI_DONE;
    }
    /* A connect takes a round trip, a refusal too, and nobody answering takes long. */
    uint64_t delay = op->kind == EDDYI_CONNECT ? s->way + eddyi_sim_delay(sim) : eddyi_sim_random(sim, 50000);
    tell_later(sim, op, value, value == EDDY_ETIMEDOUT ? UINT64_C(3000000000) : delay);
    return EDDYI_PENDING;
}

int eddyi_sim_submit(eddyi_backend *sim, eddyi_op *op, eddyi_result *now)
{
    sim_lent *lent = eddyi_sim_lent_of(op);
    sim_socket *s = socket_of(sim, op);
    if (s == NULL || op->kind == EDDYI_READ || op->kind == EDDYI_WRITE || op->kind == EDDYI_SENDFILE) {
        answer(sim, op, now, s == NULL ? EDDY_EBADF : EDDY_ENOSYS);
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
    int told = tell(sim, s, op, now, value);
    if (s->pump_again)
        eddyi_sim_pump(s);
    return told;
}
/* What is done already may be told now or by wait(); it is never taken back. */
static int cancel_completed(eddyi_backend *sim, eddyi_op *op, eddyi_result *now)
{
    sim_lent *lent = eddyi_sim_lent_of(op);
    if (eddyi_sim_chance(sim, 50))
        return EDDYI_PENDING;
    eddyi_timers_remove(&sim->timers, &lent->timer);
    eddyi_list_remove(&lent->link);
    answer(sim, op, now, lent->value);
    return EDDYI_DONE;
}

static int cancel_connect(eddyi_backend *sim, eddyi_op *op, eddyi_result *now)
{
    sim_lent *lent = eddyi_sim_lent_of(op);
    sim_socket *s = socket_of(sim, op);
    eddyi_timers_remove(&sim->timers, &lent->timer);
    eddyi_list_remove(&lent->link);
    if (s != NULL && s->peer != NULL && s->peer->knocking)
        eddyi_sim_forget_knock(s->peer);
    else if (s != NULL && s->state == SIM_CONNECTED)
        eddyi_sim_reset(s); /* the other side was reached already, and learns that nobody is there */
    answer(sim, op, now, EDDY_ECANCELED);
    return EDDYI_DONE;
}

int eddyi_sim_cancel(eddyi_backend *sim, eddyi_op *op, eddyi_result *now)
{
    sim_lent *lent = eddyi_sim_lent_of(op);
    switch (op->state) {
    case SIM_COMPLETING:
    case SIM_DONE:
        if (op->kind == EDDYI_CONNECT && lent->value == 0 && op->state == SIM_COMPLETING &&
            eddyi_sim_chance(sim, 50))
            return cancel_connect(sim, op, now);
        return cancel_completed(sim, op, now);
    case SIM_CANCELLING:
        return EDDYI_PENDING;
    case SIM_MULTI:
        eddyi_list_remove(&lent->link);
        break;
    case SIM_WAITING:
        break;
    default:
        *now = (eddyi_result){.op = op, .value = EDDY_EINVALIDSTATE, .flags = EDDYI_LAST};
        return EDDYI_DONE;
    }
    if (eddyi_sim_chance(sim, 50)) {
        answer(sim, op, now, EDDY_ECANCELED);
        return EDDYI_DONE;
    }
    op->state = op->flags & EDDYI_MULTI ? SIM_COMPLETING : SIM_CANCELLING;
    lent->value = EDDY_ECANCELED;
    lent->timer.fire = op->flags & EDDYI_MULTI ? told_later : cancelled;
    eddyi_timers_add(&sim->timers, &lent->timer, sim->now + eddyi_sim_random(sim, 200000));
    return EDDYI_PENDING;
}

/* ---- collecting ---- */

static int lowest_bit(uint32_t bits)
{
    int index = 0;
    while (!(bits & 1)) {
        bits >>= 1;
        index++;
    }
    return index;
}

/* A receive that picks its buffer: one buffer a result; with none free it waits until core gives one back. */
static int64_t multi_receive(sim_socket *s, eddyi_op *op, uint32_t *flags)
{
    uint32_t known = op->buffer_count >= 32 ? UINT32_MAX : (UINT32_C(1) << op->buffer_count) - 1;
    uint32_t usable = op->flags & EDDYI_PICK_BUFFER ? op->free_buffers & known : known & 1;
    if (usable == 0)
        return EDDY_EAGAIN;
    int index = lowest_bit(usable);
    int64_t value = eddyi_sim_receive_into(s, &op->buffers[index], 1);
    if (value > 0 && (op->flags & EDDYI_PICK_BUFFER)) {
        op->free_buffers &= ~(UINT32_C(1) << index);
        *flags |= (uint32_t)index << 16;
    }
    return value;
}

/* One result of a multi-shot op; false: it has none now. */
static bool collect_multi(eddyi_backend *sim, eddyi_op *op, eddyi_result *result)
{
    sim_socket *s = socket_of(sim, op);
    uint32_t flags = 0;
    int64_t value = s == NULL                ? EDDY_EBADF
                    : op->kind == EDDYI_RECV ? multi_receive(s, op, &flags)
                                             : eddyi_sim_attempt(s, op);
    if (value == EDDY_EAGAIN)
        return false;
    bool last = value < 0 || (op->kind == EDDYI_RECV && value == 0);
    if (last) {
        eddyi_list_remove(&eddyi_sim_lent_of(op)->link);
        answer(sim, op, result, value);
        return true;
    }
    eddyi_sim_note(sim, 5, (uint64_t)value);
    *result = (eddyi_result){.op = op, .value = value, .flags = flags};
    return true;
}

static int collect_done(eddyi_backend *sim, eddyi_result *results, int room)
{
    int count = 0;
    while (count < room && !eddyi_list_empty(&sim->done)) {
        sim_lent *lent = EDDYI_LIST_ITEM(eddyi_list_take(&sim->done), sim_lent, link);
        answer(sim, op_of(lent), &results[count++], lent->value);
    }
    return count;
}

/* Each has one turn and goes to the end of the line; who finds no room keeps its place. */
static int collect_multis(eddyi_backend *sim, eddyi_result *results, int room)
{
    int count = 0;
    size_t turns = 0;
    eddyi_list_each (link, &sim->multi)
        turns++;
    while (turns-- > 0 && count < room) {
        eddyi_list *link = eddyi_list_take(&sim->multi);
        eddyi_list_append(&sim->multi, link);
        if (collect_multi(sim, op_of(EDDYI_LIST_ITEM(link, sim_lent, link)), &results[count]))
            count++;
    }
    return count;
}

int eddyi_sim_collect(eddyi_backend *sim, eddyi_result *results, int room)
{
    sim->multi_first = !sim->multi_first;
    if (sim->multi_first) {
        int count = collect_multis(sim, results, room);
        return count + collect_done(sim, results + count, room - count);
    }
    int count = collect_done(sim, results, room);
    return count + collect_multis(sim, results + count, room - count);
}
