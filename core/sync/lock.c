/* lock.c: the lock (asyncio K1-K4), and in debug mode who holds it.
 * Touches the FIFO of waiters. Free and nobody live in line: taken at once; else in line, and never handed over but woken for. */
#include "core/sync/waiters.h"
#include "core/task/stacks.h"

int eddy_lock_init(eddy_lock *lock)
{
    if (lock == NULL)
        return eddyi_fail(EDDY_EINVAL, "lock_init");
    *lock = (eddy_lock)EDDY_LOCK_INIT;
    return 0;
}

bool eddy_lock_locked(const eddy_lock *lock)
{
    return lock != NULL && lock->locked;
}

/* ---- who holds it, in debug mode (fault C11) ---- */

/* The lock may be gone before its holder is, and the holder before the lock: so the one keeps a number, the other a count. */
static void note_holder(eddy_lock *lock, eddy_task *task)
{
    lock->holder = task->id;
    eddyi_stack_own(task)->locks_held++;
}

/* Any task may release. A holder of a loop that does not run here is out of reach, and stays counted. */
static void forget_holder(eddy_lock *lock)
{
    eddy_loop *loop = eddyi_running_loop;
    uint64_t holder = lock->holder;
    lock->holder = 0;
    if (loop == NULL)
        return;
    if (loop->current != NULL && loop->current->id == holder) {
        eddyi_stack_own(loop->current)->locks_held--;
        return;
    }
    eddyi_list_each (link, &loop->tasks) {
        eddy_task *task = EDDYI_LIST_ITEM(link, eddy_task, all);
        if (task->id == holder) {
            eddyi_stack_own(task)->locks_held--;
            return;
        }
    }
}

/* ---- acquire ---- */

/* Bound while it is held: a task of another loop is refused rather than woken from here. */
static inline void take(eddy_lock *lock, eddy_task *task)
{
    eddy_loop *loop = task->future.loop;
    lock->locked = true;
    lock->waiters.loop = loop;
    if (atomic_load_explicit(&loop->debug, memory_order_relaxed))
        note_holder(lock, task);
}

static void unbind_if_idle(eddy_lock *lock)
{
    if (!lock->locked)
        eddyi_waiters_unbind_if_empty(&lock->waiters);
}

/* A task that was woken or cancelled stays in line until it runs. K2: the first one alone is looked at, and one that was woken or
 * cancelled already will take the lock or pass it on. */
static void wake_first(eddy_lock *lock)
{
    if (lock->waiters.first == NULL)
        return;
    eddyi_sync_wait *node = EDDYI_LIST_ITEM(lock->waiters.first, eddyi_sync_wait, link);
    if (!node->live || node->woken)
        return;
    node->woken = true;
    eddyi_task_wake(node->wait.task, 0);
}

static bool lock_cancel(eddyi_wait *wait)
{
    eddyi_sync_wait *node = EDDYI_CONTAINER(wait, eddyi_sync_wait, wait);
    node->live = false;
    node->queue->live--;
    eddyi_task_wake(wait->task, EDDY_ECANCELED);
    return true;
}

static void lock_abandon(eddyi_wait *wait)
{
    eddyi_waiters_leave(EDDYI_CONTAINER(wait, eddyi_sync_wait, wait));
    unbind_if_idle(wait->object);
}

static const eddy_reach lock_reach = {.shape = EDDY_REACH_HOLDER, /* 0 while it is free */
                                      .from_object = true,
                                      .at = offsetof(eddy_lock, holder)};

static const eddyi_wait_kind lock_kind = {"lock", lock_cancel, lock_abandon, &lock_reach};

static int wait_in_line(eddy_lock *lock, eddy_task *task)
{
    eddyi_sync_wait node = {.wait = {.kind = &lock_kind, .task = task, .object = lock},
                            .queue = &lock->waiters};
    int rc = eddyi_waiters_admit(&lock->waiters, task);
    if (rc < 0)
        return eddyi_fail(rc, "lock_acquire");
    rc = eddyi_waiters_wait(&node);
    if (rc == 0) {
        take(lock, task);
        return 0;
    }
    if (!lock->locked)
        wake_first(lock); /* K3 */
    unbind_if_idle(lock);
    return rc;
}

int eddy_lock_acquire(eddy_lock *lock)
{
    eddy_task *task = eddyi_current_task();
    if (lock == NULL || task == NULL)
        return eddyi_fail(lock == NULL ? EDDY_EINVAL : EDDY_ENOTASK, "lock_acquire");
    if (lock->locked || lock->waiters.live != 0) /* K1, K4 */
        return wait_in_line(lock, task);
    take(lock, task);
    return 0;
}

/* ---- release ---- */

static int release_and_wake(eddy_lock *lock)
{
    int rc = eddyi_waiters_reach(&lock->waiters);
    if (rc < 0)
        return eddyi_fail(rc, "lock_release");
    if (lock->holder != 0)
        forget_holder(lock);
    lock->locked = false;
    wake_first(lock);
    unbind_if_idle(lock);
    return 0;
}

int eddy_lock_release(eddy_lock *lock)
{
    if (lock == NULL || !lock->locked)
        return eddyi_fail(lock == NULL ? EDDY_EINVAL : EDDY_EINVALIDSTATE, "lock_release");
    if (lock->waiters.first != NULL || lock->holder != 0)
        return release_and_wake(lock);
    lock->locked = false;
    lock->waiters.loop = NULL;
    return 0;
}
