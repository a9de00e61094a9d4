/* semaphore.c: a counter that tasks wait on, and the same with a ceiling (asyncio S1-S4).
 * Touches the FIFO of waiters. Who is woken was given its unit by the waker; who is cancelled then gives it back. */
#include "core/sync/waiters.h"

static int init(eddy_semaphore *semaphore, int value, const char *operation)
{
    if (semaphore == NULL || value < 0)
        return eddyi_fail(EDDY_EINVAL, operation);
    *semaphore = (eddy_semaphore)EDDY_SEMAPHORE_INIT(value);
    return 0;
}

int eddy_semaphore_init(eddy_semaphore *semaphore, int value)
{
    return init(semaphore, value, "semaphore_init");
}

bool eddy_semaphore_locked(const eddy_semaphore *semaphore)
{
    return semaphore != NULL && (semaphore->value <= 0 || semaphore->waiters.live != 0); /* S1 */
}

/* ---- acquire ---- */

/* S2: false: nobody is left to be given one. */
static bool hand_over(eddy_semaphore *semaphore)
{
    if (!eddyi_waiters_wake_first(&semaphore->waiters))
        return false;
    semaphore->value--;
    return true;
}

/* The unit that a task was given and never came to have is there again, for a later loop. */
static void semaphore_abandon(eddyi_wait *wait)
{
    eddy_semaphore *semaphore = wait->object;
    if (EDDYI_CONTAINER(wait, eddyi_sync_wait, wait)->woken)
        semaphore->value++;
    eddyi_waiters_abandon(wait);
}

static const eddyi_wait_kind semaphore_kind = {"semaphore", eddyi_waiters_cancel, semaphore_abandon, NULL};

static int wait_in_line(eddy_semaphore *semaphore, eddy_task *task, const char *operation)
{
    eddyi_sync_wait node = {.wait = {.kind = &semaphore_kind, .task = task, .object = semaphore},
                            .queue = &semaphore->waiters};
    int rc = semaphore->value < 0 ? EDDY_EINVAL : eddyi_waiters_admit(&semaphore->waiters, task);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    rc = eddyi_waiters_wait(&node);
    if (rc < 0 && node.woken)
        semaphore->value++; /* S3 */
    while (semaphore->value > 0 && hand_over(semaphore))
        ; /* S4 */
    eddyi_waiters_unbind_if_empty(&semaphore->waiters);
    return rc;
}

static int acquire(eddy_semaphore *semaphore, const char *operation)
{
    eddy_task *task = eddyi_current_task();
    if (semaphore == NULL || task == NULL)
        return eddyi_fail(semaphore == NULL ? EDDY_EINVAL : EDDY_ENOTASK, operation);
    if (eddy_semaphore_locked(semaphore))
        return wait_in_line(semaphore, task, operation);
    semaphore->value--;
    return 0;
}

int eddy_semaphore_acquire(eddy_semaphore *semaphore)
{
    return acquire(semaphore, "semaphore_acquire");
}

/* ---- release ---- */

static int release(eddy_semaphore *semaphore, const char *operation)
{
    int rc = semaphore->value < 0 ? EDDY_EINVAL : eddyi_waiters_reach(&semaphore->waiters);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    semaphore->value++;
    (void)hand_over(semaphore);
    return 0;
}

int eddy_semaphore_release(eddy_semaphore *semaphore)
{
    if (semaphore == NULL)
        return eddyi_fail(EDDY_EINVAL, "semaphore_release");
    return release(semaphore, "semaphore_release");
}

/* ---- with a ceiling ---- */

int eddy_bounded_semaphore_init(eddy_bounded_semaphore *semaphore, int value)
{
    if (semaphore == NULL || value < 0)
        return eddyi_fail(EDDY_EINVAL, "bounded_semaphore_init");
    *semaphore = (eddy_bounded_semaphore)EDDY_BOUNDED_SEMAPHORE_INIT(value);
    return 0;
}

int eddy_bounded_semaphore_acquire(eddy_bounded_semaphore *semaphore)
{
    return acquire(semaphore != NULL ? &semaphore->semaphore : NULL, "bounded_semaphore_acquire");
}

int eddy_bounded_semaphore_release(eddy_bounded_semaphore *semaphore)
{
    if (semaphore == NULL)
        return eddyi_fail(EDDY_EINVAL, "bounded_semaphore_release");
    if (semaphore->semaphore.value >= semaphore->bound)
        return eddyi_fail(EDDY_EINVALIDSTATE, "bounded_semaphore_release");
    return release(&semaphore->semaphore, "bounded_semaphore_release");
}

bool eddy_bounded_semaphore_locked(const eddy_bounded_semaphore *semaphore)
{
    return semaphore != NULL && eddy_semaphore_locked(&semaphore->semaphore);
}
