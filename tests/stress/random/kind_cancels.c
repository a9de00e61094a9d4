/* kind_cancels.c: tasks that cancel each other and themselves, take it back, fail, and go on after a cancel.
 * Touches the public API and the ledger. A cancel is taken back only by who was told of it, or by who asked, before it was delivered. */
#include "random.h"

/* Most interesting is a task that was just woken: it has what it waited for and does not run yet. */
static int run_cancel(actor *me, int at)
{
    world *w = me->w;
    const step *s = &w->script->steps[at];
    actor *target = s->b != 0 && w->hot != NULL ? w->hot : &w->actors[s->a % w->actor_count];
    int before = eddy_task_cancelling(me->task);
    tell(w, target, at, 1);
    actor_cancel(target);
    if (eddy_task_cancelling(me->task) > before)
        me->owed = OWED_SURELY; /* the other one waits for this one */
    return 0;
}

static int run_cancel_and_take_back(actor *me, int at)
{
    int before = eddy_task_cancelling(me->task);
    (void)at;
    if (before != 0)
        return 0;
    EXPECT(me->w, eddy_task_cancel(me->task), "a running task could not be cancelled");
    EXPECT(me->w, eddy_task_uncancel(me->task) == 0, "a cancel that was taken back still counts");
    return 0;
}

/* Right only where no timeout or group is around that made the cancel, and in no task that a parent cancels. */
static int run_survive(actor *me, int at)
{
    int rc = run_body(me, at);
    if (rc != EDDY_ECANCELED || !me->root || me->scopes > 0)
        return rc;
    while (eddy_task_cancelling(me->task) > 0)
        eddy_task_uncancel(me->task);
    me->asked = 0;
    scope_left(me);
    return 0;
}

/* Cleaning up awaits too, also after a cancel. */
static int run_finally(actor *me, int at)
{
    int rc = run_body(me, at), late = give_way(me, at);
    return rc < 0 ? rc : late;
}

static int run_fail(actor *me, int at)
{
    (void)me;
    return EDDY_EUSER - at;
}

/* A cancel that met a task goes out at once, unless that task has yet to get something back before it can end. */
static void check_idle(world *w)
{
    for (int i = 0; i < w->actor_count; i++) {
        const actor *a = &w->actors[i];
        if (a->awaiting && a->mode == STRICT)
            EXPECT(w, a->owed != OWED_SURELY && eddy_task_cancelling(a->task) <= a->settled,
                   "a cancel was lost: its task still waits");
        EXPECT(w, a->ended || a->awaiting, "a task that was ready never ran");
    }
}

static const action actions[] = {
    {"cancel", run_cancel, 8, ACTORS, 2, LEAF}, {"take back", run_cancel_and_take_back, 1, 1, 1, LEAF},
    {"survive", run_survive, 5, 1, 1, BLOCK},   {"finally", run_finally, 6, 1, 1, BLOCK},
    {"fail", run_fail, 1, 1, 1, LEAF},
};

const kind kind_cancels = {
    .name = "cancels", .actions = actions, .action_count = 5, .check_idle = check_idle};
