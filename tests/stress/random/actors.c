/* actors.c: the tasks of a random program: they run steps, and every await of theirs goes through here.
 * Touches the public API and the ledger. A cancel is delivered once, at the await that it met or the next one, never twice. */
#include "random.h"

/* ---- running steps ---- */

static int run_step(actor *me, int at)
{
    world *w = me->w;
    const action *a = action_of(&w->script->steps[at]);
    if (w->broken != NULL)
        return EDDY_EUSER;
    int rc = a->run(me, at);
    w->counts[rc < 0][w->script->steps[at].action]++;
    return rc;
}

static int run_steps(actor *me, int from, int end)
{
    const step *steps = me->w->script->steps;
    for (int at = from; at < end; at = steps[at].end) {
        int rc = steps[at].action == 0 || steps[at].dropped ? 0 : run_step(me, at);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int run_body(actor *me, int at)
{
    return run_steps(me, at + 1, me->w->script->steps[at].end);
}

/* ---- tasks ---- */

/* Also for a task that was cancelled before its first step. */
static void actor_over(void *arg)
{
    actor *me = arg;
    if (!me->started)
        EXPECT(me->w, eddy_task_cancelling(me->task) > 0, "a task never ran, and nobody had cancelled it");
    me->ended = true;
    me->end_serial = me->w->ended++;
}

static int actor_body(void *arg)
{
    actor *me = arg;
    world *w = me->w;
    me->started = true;
    w->last = me;
    EXPECT(w, !cancel_has_come(me), "a task that was cancelled before its first step ran");
    ready_leave(w, me);
    me->result = run_body(me, me->at);
    EXPECT(w, me->scopes == 0, "a block was left without its end");
    return me->result;
}

actor *actor_start(world *w, int at, eddy_task_group *group)
{
    if (w->actor_count == ACTORS || w->script->steps[at].dropped)
        return NULL;
    actor *a = &w->actors[w->actor_count];
    eddy_task_options *options = EDDY_OPTIONS(eddy_task_options, .release = actor_over);
    *a = (actor){.w = w, .number = w->actor_count, .at = at, .group = group, .result = EDDY_ECANCELED};
    int rc;
    if (group != NULL)
        rc = eddy_task_group_create_task(group, &a->task, actor_body, a, options);
    else
        rc = eddy_create_task(&a->task, actor_body, a, options);
    if (rc < 0) {
        EXPECT(w, rc == EDDY_EINVALIDSTATE && group != NULL, "a task could not be made");
        return NULL;
    }
    w->actor_count++;
    ready_join(w, a);
    return a;
}

int start_children(actor *me, int at, eddy_task_group *group, actor **children)
{
    const step *steps = me->w->script->steps;
    int count = 0;
    for (int i = at + 1; i < steps[at].end && count < CHILDREN; i = steps[i].end)
        if (steps[i].action == 0 && (children[count] = actor_start(me->w, i, group)) != NULL)
            count++;
    return count;
}

void actor_cancel(actor *target)
{
    bool was_over = target->ended;
    bool asked = eddy_task_cancel(target->task);
    EXPECT(target->w, !was_over || !asked, "a task that had ended could be cancelled");
    if (was_over || !asked)
        return;
    target->asked++;
    target->owed = OWED_SURELY;
}

/* ---- awaits ---- */

void await_begin(actor *me, int at, enum await_mode mode)
{
    world *w = me->w;
    tell(w, me, at, 1);
    me->awaiting = true;
    me->awaits_at = at;
    me->mode = mode;
    w->outside += me->outside;
    w->last = me;
}

/* Nobody but the task's own blocks changes its count, where there is no block and no parent. */
static void check_count(const actor *me)
{
    if (me->root && me->scopes == 0)
        EXPECT(me->w, eddy_task_cancelling(me->task) == me->asked,
               "the count of cancels is not what was asked for");
}

int await_end(actor *me, int rc)
{
    world *w = me->w;
    bool due = eddy_task_cancelling(me->task) > me->settled;
    if (due)
        me->owed = OWED_SURELY;
    me->suspended = w->last != me;
    w->last = me;
    w->outside -= me->outside;
    me->outside = me->awaiting = false;
    tell(w, me, me->awaits_at, rc < 0 ? rc : 0);
    if (rc == EDDY_ECANCELED) {
        if (me->mode != FREE)
            EXPECT(w, me->owed != OWED_NOTHING, "a cancel was delivered that nobody had asked for, or twice");
        me->owed = me->mode == FREE && me->owed != OWED_NOTHING ? OWED_PERHAPS : OWED_NOTHING;
    } else if (me->mode == STRICT || me->mode == PATIENT) {
        EXPECT(w, !me->suspended || me->owed != OWED_SURELY,
               "an await went on although its task was cancelled");
    } else if (me->owed != OWED_NOTHING) {
        me->owed = OWED_PERHAPS;
    }
    me->settled = eddy_task_cancelling(me->task);
    check_count(me);
    return rc;
}

void scope_left(actor *me)
{
    me->settled = eddy_task_cancelling(me->task);
    if (me->settled == 0)
        me->owed = OWED_NOTHING;
    check_count(me);
}
