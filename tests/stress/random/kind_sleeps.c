/* kind_sleeps.c: giving way, and sleeping for a while.
 * Touches the public API and the ledger. Who gives way runs again after all who were ready before, and a sleep ends in time. */
#include "random.h"

static int sleeping;

int give_way(actor *me, int at)
{
    ready_join(me->w, me);
    await_begin(me, at, STRICT);
    int rc = await_end(me, eddy_sleep(0));
    EXPECT(me->w, me->suspended || rc < 0 || me->w->actor_count - me->w->ended == 1,
           "giving way did not suspend");
    ready_leave(me->w, me);
    return rc;
}

static int run_sleep(actor *me, int at)
{
    static const double naps[] = {0.0002, 0.0005, 0.0005, 0.001, 0.002};
    world *w = me->w;
    double nap = naps[w->script->steps[at].a], began = eddy_loop_time(w->loop);
    sleeping++;
    await_begin(me, at, STRICT);
    int rc = await_end(me, eddy_sleep(nap));
    sleeping--;
    double lasted = eddy_loop_time(w->loop) - began;
    EXPECT(w, rc < 0 || lasted > nap - 1e-8, "a sleep ended too early");
    EXPECT(w, !w->simulated || lasted < nap + 1e-4, "a sleep lasted too long");
    return rc;
}

static int make(world *w)
{
    (void)w;
    sleeping = 0;
    return 0;
}

static void check_idle(world *w)
{
    EXPECT(w, sleeping == 0 || !w->quiet, "a task sleeps and no timer will wake it");
}

static const action actions[] = {
    {"yield", give_way, 14, 1, 1, LEAF},
    {"sleep", run_sleep, 8, 5, 1, LEAF},
};

const kind kind_sleeps = {
    .name = "sleeps", .actions = actions, .action_count = 2, .make = make, .check_idle = check_idle};
