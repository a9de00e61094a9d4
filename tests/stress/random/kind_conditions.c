/* kind_conditions.c: conditions: wait with the lock, notify some or all.
 * Touches the public API and the ledger. Every notification goes to somebody who waits, also when the first that had it is cancelled. */
#include "random.h"

enum { CONDITIONS = 2 };
static struct {
    eddy_condition condition;
    line acquiring, waiting;
    const actor *holder;
} conditions[CONDITIONS];

static int take(actor *me, int at, int i)
{
    line_join(&conditions[i].acquiring, me);
    await_begin(me, at, STRICT);
    int rc = await_end(me, eddy_condition_acquire(&conditions[i].condition));
    line_leave(&conditions[i].acquiring, me, rc == 0);
    if (rc == 0) {
        EXPECT(me->w, conditions[i].holder == NULL, "two tasks hold the lock of one condition");
        conditions[i].holder = me;
    }
    return rc;
}

static void give_back(actor *me, int i)
{
    EXPECT(me->w, conditions[i].holder == me, "the lock of a condition was lost while it was held");
    conditions[i].holder = NULL;
    line_heat(&conditions[i].acquiring, me->w);
    EXPECT(me->w, eddy_condition_release(&conditions[i].condition) == 0, "a condition could not be released");
}

static void notify(actor *me, const step *s)
{
    int rc, count = s->b < 2 ? 1 : s->b < 3 ? 2 : ACTORS;
    line_heat(&conditions[s->a].waiting, me->w);
    (void)line_promise(&conditions[s->a].waiting, count);
    if (count == ACTORS)
        rc = eddy_condition_notify_all(&conditions[s->a].condition);
    else
        rc = eddy_condition_notify(&conditions[s->a].condition, (size_t)count);
    EXPECT(me->w, rc == 0, "a condition could not be notified");
}

static int run_wait(actor *me, int at)
{
    int i = me->w->script->steps[at].a;
    line *waiting = &conditions[i].waiting;
    int rc = take(me, at, i);
    if (rc < 0)
        return rc;
    line_join(waiting, me);
    conditions[i].holder = NULL;
    await_begin(me, at, PATIENT);
    rc = await_end(me, eddy_condition_wait(&conditions[i].condition));
    EXPECT(me->w, conditions[i].holder == NULL, "a wait ended and somebody else holds the lock");
    conditions[i].holder = me;
    bool owed = line_owes(waiting, me);
    line_leave(waiting, me, rc == 0);
    if (rc < 0 && owed)
        (void)line_promise(waiting, 1);
    give_back(me, i);
    return rc;
}

/* Held over other awaits, so that those who were notified queue for the lock. */
static int run_hold(actor *me, int at)
{
    int i = me->w->script->steps[at].a, rc = take(me, at, i);
    if (rc < 0)
        return rc;
    rc = run_body(me, at);
    give_back(me, i);
    return rc;
}

static int run_notify(actor *me, int at)
{
    const step *s = &me->w->script->steps[at];
    int rc = take(me, at, s->a);
    if (rc < 0)
        return rc;
    notify(me, s);
    actor *hot = me->w->hot;
    give_back(me, s->a);
    me->w->hot = hot;
    return 0;
}

/* Gives way before it lets go, as a body between notify and the end of the block would. */
static int run_notify_held(actor *me, int at)
{
    const step *s = &me->w->script->steps[at];
    int rc = take(me, at, s->a);
    if (rc < 0)
        return rc;
    notify(me, s);
    rc = give_way(me, at);
    give_back(me, s->a);
    return rc;
}

static int make(world *w)
{
    (void)w;
    memset(conditions, 0, sizeof conditions);
    return 0;
}

static void check_idle(world *w)
{
    for (int i = 0; i < CONDITIONS; i++) {
        if (conditions[i].holder != NULL)
            continue;
        EXPECT(w, conditions[i].acquiring.count == 0,
               "the lock of a condition is free and tasks wait for it");
        EXPECT(w, !line_has_promises(&conditions[i].waiting), "a notification was lost");
    }
}

static void finish(world *w)
{
    for (int i = 0; i < CONDITIONS; i++)
        EXPECT(w, !eddy_condition_locked(&conditions[i].condition), "a condition is locked after the end");
}

static const action actions[] = {
    {"cond wait", run_wait, 24, CONDITIONS, 1, LEAF},
    {"notify", run_notify, 16, CONDITIONS, 4, LEAF},
    {"hold", run_hold, 8, CONDITIONS, 1, BLOCK},
    {"notify held", run_notify_held, 10, CONDITIONS, 4, LEAF},
};

const kind kind_conditions = {.name = "conditions",
                              .actions = actions,
                              .action_count = 4,
                              .make = make,
                              .check_idle = check_idle,
                              .finish = finish};
