/* collect.c: the results of one wait: of ops that have ended, and one of each MULTI op that has something to report.
 * Touches the lists of both. A MULTI op does its work only here, so what it has done is always told. */
#include "backends/sim/inside.h"

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
    bool picks = (op->flags & EDDYI_PICK_BUFFER) != 0;
    uint32_t known = op->buffer_count >= 32 ? UINT32_MAX : (UINT32_C(1) << op->buffer_count) - 1;
    uint32_t usable = picks ? op->free_buffers & known : known & 1;
    if (usable == 0)
        return EDDY_EAGAIN;
    int index = lowest_bit(usable);
    int64_t value = eddyi_sim_receive_into(s, &op->buffers[index], 1);
    if (value > 0 && picks) {
        op->free_buffers &= ~(UINT32_C(1) << index);
        *flags |= (uint32_t)index << 16;
    }
    return value;
}

/* One result of a multi-shot op; false: it has none now. */
static bool collect_multi(eddyi_backend *sim, eddyi_op *op, eddyi_result *result)
{
    sim_lent *lent = eddyi_sim_lent_of(op);
    sim_socket *s = eddyi_sim_socket_of(sim, op->descriptor);
    uint32_t flags = 0;
    eddyi_sim_show(op);
    int64_t value = s == NULL                ? EDDY_EBADF
                    : op->kind == EDDYI_RECV ? multi_receive(s, op, &flags)
                                             : eddyi_sim_attempt(s, op);
    bool last =
        op->kind == EDDYI_RECV ? value <= 0 : value < 0; /* the end of the stream is the end of the op */
    if (last && value != EDDY_EAGAIN) {
        eddyi_list_remove(&lent->link);
        eddyi_timers_remove(&sim->timers, &lent->timer);
        eddyi_sim_answer(sim, op, result, value);
        return true;
    }
    if (op->flags & EDDYI_PICK_BUFFER)
        eddyi_sim_hide(op); /* the one that was picked is core's */
    if (value == EDDY_EAGAIN)
        return false;
    eddyi_sim_note(sim, SIM_EVENT_REPORTED, (uint64_t)value);
    *result = (eddyi_result){.op = op, .value = value, .flags = flags};
    return true;
}

static int collect_done(eddyi_backend *sim, eddyi_result *results, int room)
{
    int count = 0;
    while (count < room && !eddyi_list_empty(&sim->done)) {
        sim_lent *lent = EDDYI_LIST_ITEM(eddyi_list_take(&sim->done), sim_lent, link);
        eddyi_sim_answer(sim, eddyi_sim_op_of(lent), &results[count++], lent->value);
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
        eddyi_op *op = eddyi_sim_op_of(EDDYI_LIST_ITEM(link, sim_lent, link));
        if (collect_multi(sim, op, &results[count]))
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
