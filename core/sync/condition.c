/* condition.c: wait and notify with a lock (asyncio D1-D4).
 * Touches the FIFO of waiters and the lock. A wait that began ends with the lock held, and no wake-up is lost for a cancel. */
#include "core/sync/waiters.h"

int eddy_condition_init(eddy_condition *condition, eddy_lock *lock)
{
    if (condition == NULL)
        return eddyi_fail(EDDY_EINVAL, "condition_init");
    *condition = (eddy_condition)EDDY_CONDITION_INIT(lock);
    return 0;
}

/* ---- the lock's ---- */

/* Not stored for an own one: a struct that is all zero works, and one may be copied before it is used. NULL for NULL. */
static eddy_lock *lock_of(eddy_condition *condition)
{
    if (condition == NULL)
        return NULL;
    return condition->shared != NULL ? condition->shared : &condition->own;
}

int eddy_condition_acquire(eddy_condition *condition)
{
    return eddy_lock_acquire(lock_of(condition));
}

int eddy_condition_release(eddy_condition *condition)
{
    return eddy_lock_release(lock_of(condition));
}

bool eddy_condition_locked(const eddy_condition *condition)
{
    if (condition == NULL)
        return false;
    return condition->shared != NULL ? condition->shared->locked : condition->own.locked;
}

/* ---- wait ---- */

static const eddyi_wait_kind condition_kind = {"condition", eddyi_waiters_cancel, eddyi_waiters_abandon,
                                               NULL};

/* HZ31: it is enough that anybody holds the lock. */
static int check_wait(eddy_condition *condition, const eddy_task *task)
{
    if (!eddy_condition_locked(condition))
        return EDDY_EINVALIDSTATE;
    int rc = eddyi_waiters_admit(&condition->waiters, task);
    if (rc == 0) /* else the lock is not ours to give, nor could it be taken again */
        rc = eddyi_waiters_admit(&lock_of(condition)->waiters, task);
    return rc;
}

/* D1: cancels that come meanwhile are swallowed, and the last one is told once the lock is held. Behind those who queue (D4). */
static int acquire_again(eddy_lock *lock, int rc)
{
    int again;
    while ((again = eddy_lock_acquire(lock)) == EDDY_ECANCELED)
        rc = EDDY_ECANCELED;
    return again < 0 ? again : rc;
}

static int wait_notified(eddy_condition *condition, eddy_task *task)
{
    eddyi_sync_wait node = {.wait = {.kind = &condition_kind, .task = task, .object = condition},
                            .queue = &condition->waiters};
    int rc = check_wait(condition, task);
    if (rc < 0)
        return eddyi_fail(rc, "condition_wait");
    (void)eddy_lock_release(lock_of(condition));
    rc = eddyi_waiters_wait(&node);
    rc = acquire_again(lock_of(condition), rc);
    if (rc < 0) {
        /* D3: that the lock was taken is no success by which the story of the cancel ends. */
        task->error_settled = false;
        (void)eddyi_waiters_wake_first(&condition->waiters); /* D2 */
    }
    eddyi_waiters_unbind_if_empty(&condition->waiters);
    return rc;
}

int eddy_condition_wait(eddy_condition *condition)
{
    eddy_task *task = eddyi_current_task();
    if (condition == NULL || task == NULL)
        return eddyi_fail(condition == NULL ? EDDY_EINVAL : EDDY_ENOTASK, "condition_wait");
    return wait_notified(condition, task);
}

int eddy_condition_wait_for(eddy_condition *condition, bool (*predicate)(void *), void *arg)
{
    eddy_task *task = eddyi_current_task();
    if (condition == NULL || predicate == NULL)
        return eddyi_fail(EDDY_EINVAL, "condition_wait_for");
    if (task == NULL)
        return eddyi_fail(EDDY_ENOTASK, "condition_wait_for");
    while (!predicate(arg)) {
        int rc = wait_notified(condition, task);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- notify ---- */

int eddy_condition_notify(eddy_condition *condition, size_t count)
{
    int rc = condition == NULL ? EDDY_EINVAL : eddyi_waiters_reach(&condition->waiters);
    if (rc == 0 && !eddy_condition_locked(condition))
        rc = EDDY_EINVALIDSTATE;
    if (rc < 0)
        return eddyi_fail(rc, "condition_notify");
    while (count > 0 && eddyi_waiters_wake_first(&condition->waiters))
        count--;
    return 0;
}

int eddy_condition_notify_all(eddy_condition *condition)
{
    return eddy_condition_notify(condition, SIZE_MAX);
}
