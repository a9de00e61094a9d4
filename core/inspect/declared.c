/* declared.c: add_to_awaited_by and its taking back.
 * Touches a future's waiters and cells. One cell for each that was told, in the loop's list until it is forgotten. */
#include "core/inspect/declared.h"

#include <eddy/inspect.h>

typedef eddyi_declared declared;

_Static_assert(sizeof(declared) <= EDDYI_CELL_SIZE, "it fits a cell");

static void forget(declared *self)
{
    eddy_future *future = self->waiter.future, *by = self->by;
    eddyi_list_remove(&self->link);
    eddyi_cell_give(future->loop, self);
    eddy_future_release(by);
    eddy_future_release(future);
}

static void future_done(eddyi_node *node)
{
    forget(EDDYI_CONTAINER(node, declared, waiter.node));
}

int eddy_future_add_to_awaited_by(eddy_future *future, eddy_future *waiter)
{
    int rc = future == NULL || waiter == NULL ? EDDY_EINVAL
             : future->loop != waiter->loop   ? EDDY_EWRONGLOOP
             : future->loop->closed           ? EDDY_ECLOSED
                                              : 0;
    if (rc < 0)
        return eddyi_fail(rc, "future_add_to_awaited_by");
    if (future->state != EDDYI_FUTURE_PENDING)
        return 0;
    declared *self = eddyi_cell_take(future->loop);
    if (self == NULL)
        return eddyi_fail(EDDY_ENOMEM, "future_add_to_awaited_by");
    *self = (declared){.waiter.node.run = future_done, .by = eddy_future_retain(waiter)};
    eddyi_list_append(&future->loop->declared, &self->link);
    eddyi_future_watch(eddy_future_retain(future), &self->waiter);
    waiter->waits_declared = true;
    return 0;
}

int eddy_future_discard_from_awaited_by(eddy_future *future, eddy_future *waiter)
{
    if (future == NULL || waiter == NULL || !waiter->waits_declared)
        return 0;
    eddyi_list_each (link, &waiter->loop->declared) {
        declared *self = EDDYI_LIST_ITEM(link, declared, link);
        if (self->by != waiter || self->waiter.future != future)
            continue;
        eddyi_waiter_remove(&self->waiter);
        forget(self);
        return 1;
    }
    return 0;
}

void eddyi_declared_targets(const eddy_future *waiter, eddyi_visit *visit)
{
    if (!waiter->waits_declared)
        return;
    eddyi_list_each (link, &waiter->loop->declared) {
        const declared *self = EDDYI_LIST_ITEM(link, declared, link);
        if (self->by == waiter && self->waiter.future->state == EDDYI_FUTURE_PENDING)
            visit->one(visit, self->waiter.future);
    }
}

void eddyi_declared_close(eddy_loop *loop)
{
    while (!eddyi_list_empty(&loop->declared)) {
        declared *self = EDDYI_LIST_ITEM(loop->declared.next, declared, link);
        eddyi_waiter_remove(&self->waiter);
        forget(self);
    }
}
