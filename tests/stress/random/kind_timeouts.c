/* kind_timeouts.c: blocks that may last only so long, one in the other, and calls with a limit.
 * Touches the public API and the ledger. A timeout strikes in time, takes back its own cancel, and reports that one only. */
#include "random.h"

static const double limits[] = {0, 0.0002, 0.0005, 0.001, 0.002, 1000};

static int run_timeout(actor *me, int at)
{
    world *w = me->w;
    eddy_timeout limit;
    int before = eddy_task_cancelling(me->task), asked = me->asked;
    int rc = eddy_timeout_enter(&limit, limits[w->script->steps[at].a]);
    EXPECT(w, rc == 0, "a timeout could not be entered");
    me->scopes++;
    me->timeouts[me->timeout_count++] = &limit;
    rc = run_body(me, at);
    me->timeout_count--;
    me->scopes--;
    bool expired = eddy_timeout_expired(&limit);
    int inside = eddy_task_cancelling(me->task), result = eddy_timeout_exit(&limit, rc);
    int after = eddy_task_cancelling(me->task);
    bool ours = expired && rc == EDDY_ECANCELED && after <= before;
    EXPECT(w, after == inside - expired, "a timeout did not take back its cancel, or took back another's");
    EXPECT(w, result == (ours ? EDDY_ETIMEDOUT : rc),
           "a timeout reported what was not its own, or hid what was");
    EXPECT(w, !ours || !me->root || me->asked == asked,
           "a timeout reported a cancel from outside as its own");
    scope_left(me);
    return result == EDDY_ETIMEDOUT && ours ? 0 : result;
}

/* Of the innermost block of this task; not when it struck already. */
static int run_reschedule(actor *me, int at)
{
    world *w = me->w;
    if (me->timeout_count == 0)
        return 0;
    eddy_timeout *limit = me->timeouts[me->timeout_count - 1];
    bool expired = eddy_timeout_expired(limit);
    int rc = eddy_timeout_reschedule(limit, eddy_loop_time(w->loop) + limits[w->script->steps[at].a]);
    EXPECT(w, rc == (expired ? EDDY_EINVALIDSTATE : 0), "a timeout was moved after it struck, or not before");
    return 0;
}

typedef struct limited {
    actor *me;
    int at;
    bool called;
} limited;

static int call_body(void *arg)
{
    limited *call = arg;
    call->called = true;
    return run_body(call->me, call->at);
}

static int run_limited(actor *me, int at)
{
    limited call = {me, at, false};
    double limit = limits[me->w->script->steps[at].a];
    int before = eddy_task_cancelling(me->task), asked = me->asked;
    me->scopes++;
    int rc = eddy_wait_for_call(call_body, &call, limit);
    me->scopes--;
    EXPECT(me->w, call.called == (limit > 0) || rc == EDDY_ECANCELED,
           "a call with a limit was made, or not made, wrongly");
    EXPECT(me->w, me->scopes > 0 || !me->root || eddy_task_cancelling(me->task) - before == me->asked - asked,
           "a call with a limit did not take back its cancel");
    if (rc != EDDY_ECANCELED || call.called)
        scope_left(me);
    return rc == EDDY_ETIMEDOUT ? 0 : rc;
}

/* An await that was cancelled by one has not run yet, so it cannot be idle with one that is due. */
static void check_idle(world *w)
{
    for (int i = 0; i < w->actor_count; i++) {
        const actor *a = &w->actors[i];
        for (int k = 0; k < a->timeout_count && !a->ended; k++) {
            bool expired = eddy_timeout_expired(a->timeouts[k]);
            double when = eddy_timeout_when(a->timeouts[k]);
            EXPECT(w, expired || !w->quiet || when > eddy_loop_time(w->loop) + (double)LONG_TIME,
                   "a timeout will never strike");
            EXPECT(w, expired || !w->simulated || when > eddy_loop_time(w->loop) - 1e-4,
                   "a timeout is due and did not strike");
        }
    }
}

static const action actions[] = {
    {"timeout", run_timeout, 24, 6, 1, BLOCK},
    {"limited", run_limited, 8, 6, 1, BLOCK},
    {"reschedule", run_reschedule, 5, 6, 1, LEAF},
};

const kind kind_timeouts = {
    .name = "timeouts", .actions = actions, .action_count = 3, .check_idle = check_idle};
