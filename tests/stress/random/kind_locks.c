/* kind_locks.c: blocks with a lock held.
 * Touches the public API and the ledger. One holder at a time, in order of arrival, and a free lock has nobody who waits. */
#include "random.h"

enum { LOCKS = 2 };
static struct {
    eddy_lock lock;
    line waiting;
    const actor *holder;
} locks[LOCKS];

static int run_lock(actor *me, int at)
{
    world *w = me->w;
    int i = w->script->steps[at].a;
    line_join(&locks[i].waiting, me);
    await_begin(me, at, STRICT);
    int rc = await_end(me, eddy_lock_acquire(&locks[i].lock));
    line_leave(&locks[i].waiting, me, rc == 0);
    if (rc < 0)
        return rc;
    EXPECT(w, locks[i].holder == NULL, "two tasks hold one lock");
    locks[i].holder = me;
    rc = run_body(me, at);
    EXPECT(w, locks[i].holder == me && eddy_lock_locked(&locks[i].lock), "a lock was lost while it was held");
    locks[i].holder = NULL;
    line_heat(&locks[i].waiting, w);
    EXPECT(w, eddy_lock_release(&locks[i].lock) == 0, "a lock that was held could not be released");
    return rc;
}

static int make(world *w)
{
    (void)w;
    memset(locks, 0, sizeof locks);
    return 0;
}

static void check(world *w)
{
    for (int i = 0; i < LOCKS; i++)
        EXPECT(w, locks[i].holder == NULL || eddy_lock_locked(&locks[i].lock),
               "a lock is free while it is held");
}

static void check_idle(world *w)
{
    for (int i = 0; i < LOCKS; i++)
        EXPECT(w, locks[i].holder != NULL || locks[i].waiting.count == 0,
               "a lock is free and tasks wait for it");
}

static void finish(world *w)
{
    for (int i = 0; i < LOCKS; i++)
        EXPECT(w, !eddy_lock_locked(&locks[i].lock), "a lock is taken after the end");
}

static const action actions[] = {{"lock", run_lock, 40, LOCKS, 1, BLOCK}};

const kind kind_locks = {.name = "locks",
                         .actions = actions,
                         .action_count = 1,
                         .make = make,
                         .check = check,
                         .check_idle = check_idle,
                         .finish = finish};
