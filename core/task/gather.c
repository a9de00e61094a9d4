/* gather.c: one future that follows many. Rule numbers G1-G7 are those of asyncio's inventory.
 * Touches futures. One allocation holds the outer future and a waiter for each member; it lives until every member has ended. */
#include <string.h>

#include "core/task/task.h"

typedef struct gather gather;

typedef struct member {
    eddyi_waiter waiter;
    gather *owner;
} member;

struct gather {
    eddy_future outer;         /* first: a gather is a future */
    int *results;              /* the caller's, until `outer` is done */
    eddy_future *first_failed; /* NULL, or kept for its detail */
    size_t count, remaining;
    bool return_exceptions, cancel_requested;
    member members[];
};

/* asyncio stores the cancel as an error: the outer future itself is not `cancelled` (G3, G5). */
static void finish(gather *g, int result)
{
    if (g->outer.state == EDDYI_FUTURE_PENDING)
        eddyi_future_finish(&g->outer, EDDYI_FUTURE_FINISHED, result);
}

static void take_result(gather *g, size_t index, eddy_future *future)
{
    int outcome = eddyi_future_outcome(future); /* counts as looked at, also after the outer future is done */
    if (g->outer.state == EDDYI_FUTURE_PENDING && g->results != NULL)
        g->results[index] = outcome;
}

/* G3: the first error ends it; who has ended by now has a result, noticed or not. */
static void fail_early(gather *g, eddy_future *failed)
{
    for (size_t i = 0; i < g->count; i++) {
        eddy_future *future = g->members[i].waiter.future;
        if (future != NULL && future->state != EDDYI_FUTURE_PENDING)
            take_result(g, i, future);
    }
    g->first_failed = eddy_future_retain(failed);
    finish(g, eddyi_future_outcome(failed));
}

static void take_outcome(gather *g, size_t index, eddy_future *future)
{
    take_result(g, index, future);
    if (g->outer.state == EDDYI_FUTURE_PENDING && future->result < 0 && !g->return_exceptions)
        fail_early(g, future);
}

static void member_done(eddyi_node *node)
{
    member *m = EDDYI_CONTAINER(node, member, waiter.node);
    gather *g = m->owner;
    eddy_future *future = m->waiter.future;
    if (!g->outer.loop->closed)
        take_outcome(g, (size_t)(m - g->members), future);
    m->waiter.future = NULL;
    eddy_future_release(future);
    if (--g->remaining == 0 && !g->outer.loop->closed)
        finish(g, g->cancel_requested ? EDDY_ECANCELED : 0);
    eddy_future_release(&g->outer);
}

static bool cancel_gather(eddy_future *future, const char *message)
{
    gather *g = (gather *)future;
    bool accepted = false;
    future->unseen = false;
    if (future->state != EDDYI_FUTURE_PENDING)
        return false;
    for (size_t i = 0; i < g->count; i++) {
        eddy_future *inner = g->members[i].waiter.future;
        if (inner != NULL && inner->kind->cancel(inner, message))
            accepted = true;
    }
    g->cancel_requested = g->cancel_requested || accepted;
    return accepted;
}

static eddy_future *cause_of_gather(const eddy_future *future)
{
    return ((const gather *)future)->first_failed;
}

static void destroy_gather(eddy_future *future)
{
    eddy_future_release(((gather *)future)->first_failed);
    eddyi_release(&future->loop->allocator, future);
}

static const eddy_reach reach_of_gather = {.shape = EDDY_REACH_ARRAY,
                                           .at = offsetof(gather, members),
                                           .count = offsetof(gather, count),
                                           .stride = sizeof(member),
                                           .item = offsetof(member, waiter.future)};

static const eddyi_future_kind gather_kind = {"gather", cancel_gather, destroy_gather, cause_of_gather,
                                              &reach_of_gather};

static int allocate(eddy_loop *loop, gather **out, size_t count)
{
    size_t size;
    if (!eddyi_multiply(&size, count, sizeof(member)) || !eddyi_add(&size, size, sizeof(gather)))
        return EDDY_EOVERFLOW;
    *out = eddyi_allocate_zero(&loop->allocator, size);
    return *out != NULL ? 0 : EDDY_ENOMEM;
}

/* `futures` is an array of pointers to futures or to tasks, which begin with their future. */
static eddy_future *future_at(const void *futures, size_t index)
{
    eddy_future *future;
    memcpy(&future, (const char *)futures + index * sizeof future, sizeof future);
    return future;
}

static int check_members(eddy_loop *loop, const void *futures, size_t count)
{
    if (futures == NULL && count > 0)
        return EDDY_EINVAL;
    for (size_t i = 0; i < count; i++) {
        const eddy_future *future = future_at(futures, i);
        if (future == NULL)
            return EDDY_EINVAL;
        if (future->loop != loop)
            return EDDY_EWRONGLOOP;
    }
    return 0;
}

/* G7: all members are done already, so the outer future is too. */
static bool all_done(gather *g, const void *futures)
{
    for (size_t i = 0; i < g->count; i++)
        if (future_at(futures, i)->state == EDDYI_FUTURE_PENDING)
            return false;
    for (size_t i = 0; i < g->count; i++)
        take_result(g, i, future_at(futures, i));
    for (size_t i = 0; i < g->count; i++)
        take_outcome(g, i, future_at(futures, i));
    finish(g, 0);
    return true;
}

static void watch_members(gather *g, const void *futures)
{
    g->remaining = g->count;
    for (size_t i = 0; i < g->count; i++) {
        member *m = &g->members[i];
        m->owner = g;
        m->waiter.node.run = member_done;
        if (g->results != NULL)
            g->results[i] = EDDY_EINVALIDSTATE;
        eddy_future_retain(&g->outer);
        eddyi_future_watch(eddy_future_retain(future_at(futures, i)), &m->waiter);
    }
}

static int gather_create(eddy_loop *loop, eddy_future **out, int *results, const void *futures, size_t count,
                         bool return_exceptions)
{
    gather *g;
    if (loop == NULL || out == NULL)
        return eddyi_fail(EDDY_EINVAL, "gather");
    int rc = check_members(loop, futures, count);
    if (rc == 0)
        rc = allocate(loop, &g, count);
    if (rc < 0)
        return eddyi_fail(rc, "gather");
    eddyi_future_init(&g->outer, loop, &gather_kind);
    g->results = results;
    g->count = count;
    g->return_exceptions = return_exceptions;
    if (!all_done(g, futures))
        watch_members(g, futures);
    *out = &g->outer;
    return 0;
}

int eddy_gather_future(eddy_loop *loop, eddy_future **out, int *results, eddy_future *const *futures,
                       size_t count, bool return_exceptions)
{
    return gather_create(loop, out, results, futures, count, return_exceptions);
}

/* ---- the calls that wait ---- */

static int gather_and_wait(int *results, eddy_task *const *tasks, size_t count, bool return_exceptions)
{
    eddy_task *self = eddyi_current_task();
    eddy_future *outer;
    if (self == NULL)
        return eddyi_fail(EDDY_ENOTASK, "gather");
    int rc = gather_create(self->future.loop, &outer, results, tasks, count, return_exceptions);
    if (rc < 0)
        return rc;
    rc = eddy_await_future(outer, NULL);
    ((gather *)outer)->results = NULL; /* the caller's array ends with this call; members may still run */
    eddy_future_release(outer);
    return rc;
}

int eddy_gather(int *results, eddy_task *const *tasks, size_t count)
{
    return gather_and_wait(results, tasks, count, false);
}

int eddy_gather_return_exceptions(int *results, eddy_task *const *tasks, size_t count)
{
    return gather_and_wait(results, tasks, count, true);
}
