/* kind_barriers.c: barriers that fill, go apart, and are reset.
 * Touches the public API and the ledger. As soon as enough have come, all of them go on, and each has a number of its own. */
#include "random.h"

enum { BARRIERS = 2 };
static struct {
    eddy_barrier barrier;
    int parties, waiting;
    /* since the loop was idle */
    int passed, sum;
    bool disturbed; /* by a cancel or a reset, so that a round need not be whole */
} barriers[BARRIERS];

static int run_wait(actor *me, int at)
{
    int i = me->w->script->steps[at].a;
    barriers[i].waiting++;
    await_begin(me, at, STRICT);
    int rc = await_end(me, eddy_barrier_wait(&barriers[i].barrier));
    barriers[i].waiting--;
    if (rc < 0) {
        EXPECT(me->w,
               barriers[i].disturbed || eddy_barrier_broken(&barriers[i].barrier) || rc == EDDY_ECANCELED,
               "a barrier says that it was broken, and nobody did");
        barriers[i].disturbed = true;
        return rc == EDDY_EBROKENBARRIER ? 0 : rc;
    }
    EXPECT(me->w, rc < barriers[i].parties, "a number is too big for its barrier");
    barriers[i].passed++;
    barriers[i].sum += rc;
    return 0;
}

static int run_reset(actor *me, int at)
{
    int i = me->w->script->steps[at].a;
    barriers[i].disturbed = true;
    EXPECT(me->w, eddy_barrier_reset(&barriers[i].barrier) == 0, "a barrier could not be reset");
    return 0;
}

static int run_abort(actor *me, int at)
{
    int i = me->w->script->steps[at].a;
    barriers[i].disturbed = true;
    EXPECT(me->w, eddy_barrier_abort(&barriers[i].barrier) == 0, "a barrier could not be broken");
    EXPECT(me->w, eddy_barrier_broken(&barriers[i].barrier), "a barrier that was broken says that it is not");
    return 0;
}

static int make(world *w)
{
    uint64_t state = w->script->seed ^ 99;
    memset(barriers, 0, sizeof barriers);
    for (int i = 0; i < BARRIERS; i++) {
        barriers[i].parties = 2 + (int)draw(&state, 2);
        int rc = eddy_barrier_init(&barriers[i].barrier, barriers[i].parties);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void check_idle(world *w)
{
    for (int i = 0; i < BARRIERS; i++) {
        int parties = barriers[i].parties, rounds = barriers[i].passed / parties;
        EXPECT(w, barriers[i].waiting == 0 || !eddy_barrier_broken(&barriers[i].barrier),
               "a barrier is broken and tasks wait at it");
        EXPECT(w, barriers[i].waiting < parties, "enough tasks have come to a barrier and they wait");
        EXPECT(w, eddy_barrier_n_waiting(&barriers[i].barrier) == barriers[i].waiting,
               "a barrier counts others than those who wait");
        if (!barriers[i].disturbed) {
            EXPECT(w, barriers[i].passed % parties == 0, "not all of a round went on");
            EXPECT(w, barriers[i].sum == rounds * (parties * (parties - 1) / 2),
                   "two tasks of a round have the same number");
        }
        barriers[i].passed = barriers[i].sum = 0;
        barriers[i].disturbed &= barriers[i].waiting > 0; /* the number of one that left is given again */
    }
}

static const action actions[] = {
    {"barrier", run_wait, 30, BARRIERS, 1, LEAF},
    {"reset", run_reset, 3, BARRIERS, 1, LEAF},
    {"abort", run_abort, 1, BARRIERS, 1, LEAF},
};

const kind kind_barriers = {
    .name = "barriers", .actions = actions, .action_count = 3, .make = make, .check_idle = check_idle};
