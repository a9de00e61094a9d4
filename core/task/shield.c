/* shield.c: a future that follows another and takes cancels itself. Rule numbers H1-H5 are those of asyncio's inventory.
 * Touches futures. Cancelling the outer one leaves nothing of it on the inner one. */
#include "core/task/task.h"

typedef struct shield {
    eddy_future outer; /* first: a shield is a future */
    eddyi_waiter waiter;
} shield;

_Static_assert(sizeof(shield) <= EDDYI_CELL_SIZE, "a shield fits a cell");

/* Kept after the end too: it knows the detail. */
static eddy_future *cause_of_shield(const eddy_future *future)
{
    return ((const shield *)future)->waiter.future;
}

static void detach(shield *s)
{
    eddy_future *inner = s->waiter.future;
    if (inner == NULL)
        return;
    eddyi_waiter_remove(&s->waiter);
    s->waiter.future = NULL;
    eddy_future_release(inner);
}

static void inner_done(eddyi_node *node)
{
    shield *s = EDDYI_CONTAINER(node, shield, waiter.node);
    eddy_future *inner = s->waiter.future;
    if (!s->outer.loop->closed && s->outer.state == EDDYI_FUTURE_PENDING) {
        int outcome = eddyi_future_outcome(inner);
        bool cancelled = inner->state == EDDYI_FUTURE_CANCELLED;
        eddyi_future_finish(&s->outer, cancelled ? EDDYI_FUTURE_CANCELLED : EDDYI_FUTURE_FINISHED, outcome);
    }
}

static bool cancel_shield(eddy_future *future, const char *message)
{
    shield *s = (shield *)future;
    if (!eddyi_future_cancel_plain(future, message))
        return false;
    detach(s); /* H2: an error of inner that comes later is reported only when inner goes */
    return true;
}

static void destroy_shield(eddy_future *future)
{
    detach((shield *)future);
    eddyi_cell_give(future->loop, future);
}

static const eddy_reach reach_of_shield = {.shape = EDDY_REACH_ONE, .at = offsetof(shield, waiter.future)};

static const eddyi_future_kind shield_kind = {"shield", cancel_shield, destroy_shield, cause_of_shield,
                                              &reach_of_shield};

int eddy_shield_future(eddy_future **out, eddy_future *inner)
{
    if (out == NULL || inner == NULL)
        return eddyi_fail(EDDY_EINVAL, "shield");
    if (inner->state != EDDYI_FUTURE_PENDING) { /* H1 */
        *out = eddy_future_retain(inner);
        return 0;
    }
    eddy_future *outer;
    if (eddyi_future_allocate(&outer, inner->loop, &shield_kind) < 0)
        return eddyi_fail(EDDY_ENOMEM, "shield");
    shield *s = (shield *)outer;
    s->waiter = (eddyi_waiter){.node.run = inner_done};
    eddyi_future_watch(eddy_future_retain(inner), &s->waiter);
    *out = outer;
    return 0;
}
