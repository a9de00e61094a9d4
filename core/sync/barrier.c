/* barrier.c: a meeting point of a fixed number of tasks (asyncio B1-B7).
 * Touches the FIFO of waiters. `count` is who has come and not yet got out, also while draining; at 0 the next round begins. */
#include "core/sync/waiters.h"

/* All zero is filling. */
enum barrier_state { FILLING, DRAINING, RESETTING, BROKEN };

int eddy_barrier_init(eddy_barrier *barrier, int parties)
{
    if (barrier == NULL || parties < 1)
        return eddyi_fail(EDDY_EINVAL, "barrier_init");
    *barrier = (eddy_barrier)EDDY_BARRIER_INIT(parties);
    return 0;
}

/* ---- wait ---- */

typedef struct barrier_wait {
    eddyi_sync_wait node;
    bool inside; /* is counted */
} barrier_wait;

/* B3: true: that was the last one inside. */
static bool count_out(eddy_barrier *barrier)
{
    if (--barrier->count > 0)
        return false;
    if (barrier->state == DRAINING || barrier->state == RESETTING)
        barrier->state = FILLING;
    return true;
}

/* It no longer counts, so that a later loop finds a barrier that can fill. Nobody is woken. */
static void barrier_abandon(eddyi_wait *wait)
{
    const barrier_wait *w = EDDYI_CONTAINER(wait, barrier_wait, node.wait);
    eddy_barrier *barrier = wait->object;
    if (w->inside)
        (void)count_out(barrier);
    eddyi_waiters_abandon(wait);
}

static const eddyi_wait_kind barrier_kind = {"barrier", eddyi_waiters_cancel, barrier_abandon, NULL};

static int suspend_once(eddy_barrier *barrier, eddy_task *task, bool inside)
{
    barrier_wait w = {.node = {.wait = {.kind = &barrier_kind, .task = task, .object = barrier},
                               .queue = &barrier->waiters},
                      .inside = inside};
    return eddyi_waiters_wait(&w.node);
}

/* B1: a round that goes apart must be over first. Another may have begun to when the woken task runs. */
static int wait_outside(eddy_barrier *barrier, eddy_task *task)
{
    while (barrier->state == DRAINING || barrier->state == RESETTING) {
        int rc = suspend_once(barrier, task, false);
        if (rc < 0)
            return rc;
    }
    return barrier->state == BROKEN ? eddyi_fail(EDDY_EBROKENBARRIER, "barrier_wait") : 0;
}

/* Whoever wakes those inside has ended the filling, and it does not begin again while one of them is counted. B5, B6: what counts
 * is the state when the task runs, also for one that a drain had woken. */
static int wait_inside(eddy_barrier *barrier, eddy_task *task)
{
    int rc = suspend_once(barrier, task, true);
    if (rc == 0 && barrier->state != DRAINING)
        rc = eddyi_fail(EDDY_EBROKENBARRIER, "barrier_wait");
    return rc;
}

static int check_wait(const eddy_barrier *barrier, const eddy_task *task)
{
    if (barrier == NULL || barrier->parties < 1)
        return EDDY_EINVAL;
    if (task == NULL)
        return EDDY_ENOTASK;
    return eddyi_waiters_admit(&barrier->waiters, task);
}

int eddy_barrier_wait(eddy_barrier *barrier)
{
    eddy_task *task = eddyi_current_task();
    int rc = check_wait(barrier, task);
    if (rc < 0)
        return eddyi_fail(rc, "barrier_wait");
    rc = wait_outside(barrier, task);
    if (rc < 0) {
        eddyi_waiters_unbind_if_empty(&barrier->waiters);
        return rc;
    }
    int index = barrier->count++;
    if (barrier->count == barrier->parties) {
        barrier->state = DRAINING; /* B2 */
        eddyi_waiters_wake_all(&barrier->waiters);
    } else {
        rc = wait_inside(barrier, task);
    }
    if (count_out(barrier)) /* B4 when cancelled */
        eddyi_waiters_wake_all(&barrier->waiters);
    eddyi_waiters_unbind_if_empty(&barrier->waiters);
    return rc < 0 ? rc : index;
}

/* ---- reset and abort ---- */

int eddy_barrier_reset(eddy_barrier *barrier)
{
    int rc = barrier == NULL ? EDDY_EINVAL : eddyi_waiters_reach(&barrier->waiters);
    if (rc < 0)
        return eddyi_fail(rc, "barrier_reset");
    barrier->state = barrier->count > 0 ? RESETTING : FILLING;
    eddyi_waiters_wake_all(&barrier->waiters);
    return 0;
}

int eddy_barrier_abort(eddy_barrier *barrier)
{
    int rc = barrier == NULL ? EDDY_EINVAL : eddyi_waiters_reach(&barrier->waiters);
    if (rc < 0)
        return eddyi_fail(rc, "barrier_abort");
    barrier->state = BROKEN;
    eddyi_waiters_wake_all(&barrier->waiters);
    return 0;
}

/* ---- looking ---- */

int eddy_barrier_parties(const eddy_barrier *barrier)
{
    return barrier != NULL ? barrier->parties : 0;
}

int eddy_barrier_n_waiting(const eddy_barrier *barrier)
{
    return barrier != NULL && barrier->state == FILLING ? barrier->count : 0;
}

bool eddy_barrier_broken(const eddy_barrier *barrier)
{
    return barrier != NULL && barrier->state == BROKEN;
}
