/* wrap.c: a concurrent future as a future of a loop, which follows it.
 * Touches concurrent.h. One piece of memory, freed when neither the future nor the other side needs it any more. */
#include "core/thread/concurrent.h"

typedef struct wrapper {
    eddy_future future; /* first */
    eddyi_follower follower;
    eddy_concurrent_future *followed; /* one reference */
    eddyi_owned owned;
} wrapper;

static void disown(wrapper *self)
{
    eddyi_disown(&self->owned, self);
}

/* The loop closed first: nobody hears of it. */
static void refused(eddyi_follower *follower)
{
    disown(EDDYI_CONTAINER(follower, wrapper, follower));
}

static void followed_done(eddyi_node *node)
{
    wrapper *self = EDDYI_CONTAINER(node, wrapper, follower.node);
    enum eddyi_future_state state;
    /* This node is one owner; the future goes on this thread only, so it is there exactly while there are two. */
    if (atomic_load(&self->owned.owners) == 2 && !self->follower.loop->closed &&
        self->future.state == EDDYI_FUTURE_PENDING) {
        int result = eddyi_concurrent_outcome(self->followed, &state);
        eddyi_future_finish(&self->future, state, result);
    }
    disown(self);
}

static bool cancel_wrapper(eddy_future *future, const char *message)
{
    wrapper *self = (wrapper *)future;
    if (!eddyi_future_cancel_plain(future, message))
        return false;
    (void)eddy_concurrent_future_cancel(self->followed);
    return true;
}

static void destroy_wrapper(eddy_future *future)
{
    wrapper *self = (wrapper *)future;
    if (eddyi_concurrent_unfollow(self->followed, &self->follower))
        disown(self);
    eddy_concurrent_future_release(self->followed);
    disown(self);
}

static const eddyi_future_kind wrapper_kind = {"wrap_future", cancel_wrapper, destroy_wrapper, NULL, NULL};

int eddy_wrap_future(eddy_loop *loop, eddy_future **out, eddy_concurrent_future *future)
{
    int rc = eddyi_loop_usable(loop);
    if (out == NULL || future == NULL)
        rc = EDDY_EINVAL;
    if (rc < 0)
        return eddyi_fail(rc, "wrap_future");
    wrapper *self = eddyi_allocate_zero(&loop->allocator, sizeof *self);
    if (self == NULL)
        return eddyi_fail(EDDY_ENOMEM, "wrap_future");
    eddyi_future_init(&self->future, loop, &wrapper_kind);
    eddyi_owned_init(&self->owned, 2, &loop->allocator);
    self->followed = eddy_concurrent_future_retain(future);
    self->follower.loop = loop;
    self->follower.refused = refused;
    eddyi_list_init(&self->follower.link);
    eddyi_node_init(&self->follower.node, followed_done);
    eddyi_concurrent_follow(future, &self->follower);
    *out = &self->future;
    return 0;
}
