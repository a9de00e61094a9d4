/* kind_futures.c: futures that several tasks await, themselves or behind a shield, and done callbacks.
 * Touches the public API and the ledger. Everybody who waits hears of the end, all of the same one, in order; callbacks run once. */
#include "random.h"

enum { FUTURES = 3 };
static struct {
    eddy_future *future;
    line waiting, shielded;
    int calls_due, calls;
    bool cancelled; /* by a task that awaited it itself and was cancelled */
} futures[FUTURES];

/* One outcome for all, once it is done. */
static void check_outcome(actor *me, int i, int outcome)
{
    EXPECT(me->w, eddy_future_done(futures[i].future), "a task went on before its future was done");
    EXPECT(me->w, outcome == eddy_future_result(futures[i].future),
           "a future came to something else than was told");
}

static int run_await(actor *me, int at)
{
    int i = me->w->script->steps[at].a, outcome = 0;
    bool done = eddy_future_done(futures[i].future);
    line_join(&futures[i].waiting, me);
    await_begin(me, at, STRICT);
    int rc = await_end(me, eddy_await_future(futures[i].future, &outcome));
    line_leave(&futures[i].waiting, me, rc == 0 && !done);
    futures[i].cancelled |= rc < 0;
    if (rc == 0)
        check_outcome(me, i, outcome);
    return rc;
}

static int run_shielded(actor *me, int at)
{
    int i = me->w->script->steps[at].a, outcome = 0;
    eddy_future *outer;
    bool done = eddy_future_done(futures[i].future);
    int rc = eddy_shield_future(&outer, futures[i].future);
    EXPECT(me->w, rc == 0, "a shield could not be made");
    if (rc < 0)
        return rc;
    line_join(&futures[i].shielded, me);
    await_begin(me, at, STRICT);
    rc = await_end(me, eddy_await_future(outer, &outcome));
    line_leave(&futures[i].shielded, me, rc == 0 && !done);
    if (rc == 0)
        check_outcome(me, i, outcome);
    eddy_future_release(outer);
    return rc;
}

static int run_set(actor *me, int at)
{
    const step *s = &me->w->script->steps[at];
    eddy_future *future = futures[s->a].future;
    int rc, code = s->b == 0 ? at : EDDY_EUSER - at;
    bool done = eddy_future_done(future);
    line_heat(&futures[s->a].waiting, me->w);
    rc = s->b == 0 ? eddy_future_set_result(future, code) : eddy_future_set_exception(future, code);
    EXPECT(me->w, rc == (done ? EDDY_EINVALIDSTATE : 0), "a future was finished twice, or not at all");
    EXPECT(me->w, done || eddy_future_result(future) == code, "a future came to something else than was set");
    return 0;
}

static void called(eddy_future *future, void *arg)
{
    (void)future;
    ++*(int *)arg;
}

static int run_add_callback(actor *me, int at)
{
    int i = me->w->script->steps[at].a;
    int rc = eddy_future_add_done_callback(futures[i].future, called, &futures[i].calls);
    EXPECT(me->w, rc == 0, "a callback could not be added");
    futures[i].calls_due++;
    return 0;
}

static int make(world *w)
{
    memset(futures, 0, sizeof futures);
    for (int i = 0; i < FUTURES; i++) {
        int rc = eddy_loop_create_future(w->loop, &futures[i].future);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void check_idle(world *w)
{
    for (int i = 0; i < FUTURES; i++) {
        bool done = eddy_future_done(futures[i].future);
        EXPECT(w, futures[i].cancelled || !eddy_future_cancelled(futures[i].future),
               "a shield let a cancel through");
        EXPECT(w, !done || futures[i].waiting.count == 0, "a future is done and tasks wait for it");
        EXPECT(w, !done || futures[i].shielded.count == 0,
               "a future is done and tasks wait behind a shield for it");
        EXPECT(w, futures[i].calls == (done ? futures[i].calls_due : 0),
               "a done callback did not run exactly once");
    }
}

static void finish(world *w)
{
    (void)w;
    for (int i = 0; i < FUTURES; i++) {
        eddy_future_cancel(futures[i].future);
        eddy_future_release(futures[i].future);
    }
}

static const action actions[] = {
    {"await future", run_await, 20, FUTURES, 1, LEAF},
    {"shielded", run_shielded, 12, FUTURES, 1, LEAF},
    {"set future", run_set, 8, FUTURES, 2, LEAF},
    {"callback", run_add_callback, 4, FUTURES, 1, LEAF},
};

const kind kind_futures = {.name = "futures",
                           .actions = actions,
                           .action_count = 4,
                           .make = make,
                           .check_idle = check_idle,
                           .finish = finish};
