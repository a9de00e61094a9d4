/* ops.c: operations, completion-style: what is done may be told at once, later, or against a cancel, as the seed says.
 * Touches the op's scratch area. An op is in one state at a time, and leaves its descriptor before it is told. */
#include "backends/sim/inside.h"

_Static_assert(sizeof(sim_lent) <= sizeof(((eddyi_op *)0)->scratch), "what a lent op keeps fits");

sim_lent *sim_lent_of(eddyi_op *op)
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
    return sim_find(sim, op->descriptor->fd);
}

/* ---- telling ---- */

static void answer(eddyi_backend *sim, eddyi_op *op, eddyi_result *result, int64_t value)
{
    op->state = SIM_IDLE;
    if (*place_of(op) == op)
        *place_of(op) = NULL;
    sim_note(sim, 4, ((uint64_t)op->kind << 32) ^ (uint64_t)value ^ (uint64_t)op->descriptor->fd);
    *result = (eddyi_result){.op = op, .value = value, .flags = EDDYI_LAST};
}

/* Results of different ops may come in any order. */
static void line_up(eddyi_backend *sim, eddyi_op *op, int64_t value)
{
    sim_lent *lent = sim_lent_of(op);
    op->state = SIM_DONE;
    lent->value = value;
    eddyi_list_append(sim_chance(sim, 70) ? &sim->done : sim->done.next, &lent->link);
}

static void told_later(eddyi_timer *timer)
{
    sim_lent *lent = EDDYI_CONTAINER(timer, sim_lent, timer);
    eddyi_op *op = op_of(lent);
    sim_socket *any = op->waiter_sim;
    line_up(any->sim, op, lent->value);
}
