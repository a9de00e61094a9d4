/* policy.c: the policy in force, and the default one: a current loop for each thread.
 * Touches one pointer of the process and one of each thread. A current loop is held by a reference; a parent's loop is none in a child. */
#include "core/loop/policy.h"

#include "core/loop/loop.h"
#include "core/task/task.h"

static bool is_foreign(const eddy_loop *loop)
{
    return loop->fork_generation != eddyi_fork_generation();
}

/* ---- the default policy ---- */

static _Thread_local eddy_loop *current;
static _Thread_local eddyi_thread_end end_of_thread;

static int get_current(eddy_event_loop_policy *self, eddy_loop **out)
{
    eddy_loop *loop = current;
    (void)self;
    if (loop == NULL || is_foreign(loop))
        return EDDY_ENOLOOP;
    *out = loop;
    return 0;
}

static void give_back(void)
{
    eddy_loop *loop = current;
    current = NULL;
    eddy_loop_release(loop);
}

/* A running loop whose last reference went could never be closed. */
static bool is_held_by_us_alone(eddy_loop *loop)
{
    return loop != NULL && !is_foreign(loop) && loop->running && atomic_load(&loop->references) == 1;
}

static int set_current(eddy_event_loop_policy *self, eddy_loop *loop)
{
    eddy_loop *before = current;
    (void)self;
    if (loop == before)
        return 0;
    if (is_held_by_us_alone(before))
        return EDDY_ERUNNING;
    int rc = loop != NULL ? eddyi_thread_at_end(&end_of_thread, give_back) : 0;
    if (rc < 0)
        return rc;
    current = eddy_loop_retain(loop);
    eddy_loop_release(before);
    return 0;
}

static int make(eddy_event_loop_policy *self, eddy_loop **out, const eddy_loop_options *options)
{
    (void)self;
    return eddyi_loop_create(out, options);
}

static eddy_event_loop_policy by_default = {.size = sizeof by_default,
                                            .get_event_loop = get_current,
                                            .set_event_loop = set_current,
                                            .new_event_loop = make};
static eddy_event_loop_policy *_Atomic in_force = &by_default;

/* ---- the policy in force ---- */

eddy_event_loop_policy *eddy_default_event_loop_policy(void)
{
    return &by_default;
}

eddy_event_loop_policy *eddy_get_event_loop_policy(void)
{
    return atomic_load(&in_force);
}

int eddy_set_event_loop_policy(eddy_event_loop_policy *policy)
{
    if (policy == NULL)
        policy = &by_default;
    if (policy->size < sizeof *policy || policy->get_event_loop == NULL || policy->set_event_loop == NULL ||
        policy->new_event_loop == NULL)
        return eddyi_fail(EDDY_EINVAL, "set_event_loop_policy");
    atomic_store(&in_force, policy);
    return 0;
}

/* ---- through a policy ---- */

int eddyi_policy_set_event_loop(eddy_event_loop_policy *policy, eddy_loop *loop)
{
    int rc = loop != NULL && is_foreign(loop) ? EDDY_EFORKED : policy->set_event_loop(policy, loop);
    return rc < 0 ? eddyi_fail(rc, "set_event_loop") : 0;
}

int eddy_set_event_loop(eddy_loop *loop)
{
    return eddyi_policy_set_event_loop(eddy_get_event_loop_policy(), loop);
}

int eddy_get_event_loop(eddy_loop **out)
{
    if (out == NULL)
        return eddyi_fail(EDDY_EINVAL, "get_event_loop");
    eddy_loop *loop = eddy_get_running_loop();
    int rc = 0;
    if (loop == NULL) {
        eddy_event_loop_policy *policy = eddy_get_event_loop_policy();
        rc = policy->get_event_loop(policy, &loop);
    }
    if (rc >= 0 && loop == NULL)
        rc = EDDY_ENOLOOP;
    if (rc < 0)
        return eddyi_fail(rc, "get_event_loop");
    *out = loop;
    return 0;
}

static _Thread_local bool asked; /* a policy is making a loop in this thread */

/* The default policy has recorded its failure, with its detail. */
static int ask_for_loop(eddy_event_loop_policy *policy, eddy_loop **out, const eddy_loop_options *options)
{
    eddy_loop *loop = NULL;
    if (asked) /* it would ask itself for ever */
        return eddyi_fail(EDDY_EINVALIDSTATE, "new_event_loop");
    asked = true;
    int rc = policy->new_event_loop(policy, &loop, options);
    asked = false;
    if (rc < 0)
        return eddy_last_error()->code == rc ? rc : eddyi_fail(rc, "new_event_loop");
    if (loop == NULL)
        return eddyi_fail(EDDY_ENOLOOP, "new_event_loop");
    *out = loop;
    return 0;
}

int eddyi_policy_new_event_loop(eddy_event_loop_policy *policy, eddy_loop **out,
                                const eddy_loop_options *options)
{
    return policy == &by_default ? eddyi_loop_create(out, options) : ask_for_loop(policy, out, options);
}

int eddy_new_event_loop(eddy_loop **out, const eddy_loop_options *options)
{
    if (out == NULL)
        return eddyi_fail(EDDY_EINVAL, "new_event_loop");
    return eddyi_policy_new_event_loop(eddy_get_event_loop_policy(), out, options);
}
