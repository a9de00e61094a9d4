/* queue_wait.c: putting, getting and joining. Rule numbers Q1-Q5 are those of asyncio's inventory.
 * Touches the store and suspend. An item changes hands only when its task runs, so a cancel can lose none; the wake-up that a
 * cancelled task was given goes to the next one. */
#include "core/sync/queue_wait.h"

/* ---- waiting ---- */

static void unlink_wait(eddyi_wait *wait)
{
    eddyi_list_remove(&EDDYI_CONTAINER(wait, eddyi_queue_wait, wait)->link);
}

static bool cancel_wait(eddyi_wait *wait)
{
    unlink_wait(wait);
    eddyi_task_wake(wait->task, EDDY_ECANCELED);
    return true;
}

static void abandon_wait(eddyi_wait *wait)
{
    eddy_queue *queue = wait->object;
    unlink_wait(wait);
    queue->waiting--;
    eddyi_queue_let_go(queue);
}

static const eddyi_wait_kind get_kind = {"queue get", cancel_wait, abandon_wait};
static const eddyi_wait_kind put_kind = {"queue put", cancel_wait, abandon_wait};
static const eddyi_wait_kind join_kind = {"queue join", cancel_wait, abandon_wait};

/* The caller lets the queue go when it needs it no longer. */
static int wait_at(eddy_queue *queue, eddyi_list *waiters, const eddyi_wait_kind *kind, eddy_task *task)
{
    eddyi_queue_wait w = {.wait = {.kind = kind, .task = task, .object = queue}};
    if (queue->waiting != 0 && queue->loop != task->future.loop)
        return eddyi_fail(EDDY_EWRONGLOOP, kind->name);
    queue->loop = task->future.loop;
    queue->waiting++;
    eddyi_list_append(waiters, &w.link);
    int rc = eddyi_suspend(&w.wait, false);
    queue->waiting--;
    return rc;
}

/* Q3: it had been woken, and then came the cancel. */
static bool was_woken_first(const eddy_task *task, int rc)
{
    return rc == EDDY_ECANCELED && task->wake_result == 0;
}

/* ---- what may be done ---- */

/* Whether the items are what the call takes them for, and the call is made where it may wait. Out of the way of those that may. */
static int refuse(const eddy_queue *queue, const eddy_task *task, bool usable, const char *operation)
{
    if (queue == NULL || !usable)
        return eddyi_fail(EDDY_EINVAL, operation);
    return task == NULL ? eddyi_fail(EDDY_ENOTASK, operation) : 0;
}

/* ---- putting ---- */

static inline int put_now(eddy_queue *queue, const void *item, size_t size)
{
    if (queue->shut)
        return EDDY_EQUEUESHUTDOWN;
    if (eddyi_queue_is_full(queue))
        return EDDY_EQUEUEFULL;
    int rc = eddyi_queue_insert(queue, item, size);
    if (rc < 0)
        return rc;
    queue->unfinished++;
    eddyi_queue_wake_first(&queue->getters);
    return 0;
}

static int put_in_time(eddy_queue *queue, eddy_task *task, const void *item)
{
    int rc = 0;
    while (rc == 0 && eddyi_queue_is_full(queue) && !queue->shut) {
        rc = wait_at(queue, &queue->putters, &put_kind, task);
        if (was_woken_first(task, rc) && !eddyi_queue_is_full(queue))
            eddyi_queue_wake_first(&queue->putters);
    }
    if (rc == 0) {
        rc = put_now(queue, item, eddyi_queue_slot_size(queue));
        if (rc < 0) {
            (void)eddyi_fail(rc, "put");
            eddyi_queue_wake_first(&queue->putters); /* the room is still there */
        }
    }
    eddyi_queue_let_go(queue);
    return rc;
}

static inline int put(eddy_queue *queue, const void *item, size_t size, eddy_task *task)
{
    int rc = put_now(queue, item, size);
    if (rc == 0)
        return 0;
    return rc == EDDY_EQUEUEFULL ? put_in_time(queue, task, item) : eddyi_fail(rc, "put");
}

int eddy_queue_put(eddy_queue *queue, void *item)
{
    eddy_task *task = eddyi_current_task();
    if (queue == NULL || queue->item_size != 0 || task == NULL)
        return refuse(queue, task, queue != NULL && queue->item_size == 0, "put");
    return put(queue, &item, sizeof item, task);
}

int eddy_queue_put_copy(eddy_queue *queue, const void *item)
{
    eddy_task *task = eddyi_current_task();
    if (queue == NULL || queue->item_size == 0 || item == NULL || task == NULL)
        return refuse(queue, task, queue != NULL && queue->item_size != 0 && item != NULL, "put");
    return put(queue, item, queue->item_size, task);
}

int eddy_queue_put_nowait(eddy_queue *queue, void *item)
{
    int rc = queue != NULL && queue->item_size == 0 ? put_now(queue, &item, sizeof item) : EDDY_EINVAL;
    return rc == 0 ? 0 : eddyi_fail(rc, "put_nowait");
}

int eddy_queue_put_copy_nowait(eddy_queue *queue, const void *item)
{
    bool usable = queue != NULL && queue->item_size != 0 && item != NULL;
    int rc = usable ? put_now(queue, item, queue->item_size) : EDDY_EINVAL;
    return rc == 0 ? 0 : eddyi_fail(rc, "put_nowait");
}

/* ---- getting ---- */

static inline int get_now(eddy_queue *queue, void *item, size_t size)
{
    if (queue->count == 0)
        return queue->shut ? EDDY_EQUEUESHUTDOWN : EDDY_EQUEUEEMPTY;
    int rc = eddyi_queue_remove(queue, item, size);
    if (rc == 0)
        eddyi_queue_wake_first(&queue->putters);
    return rc;
}

static int get_in_time(eddy_queue *queue, eddy_task *task, void *item)
{
    int rc = 0;
    while (rc == 0 && queue->count == 0 && !queue->shut) {
        rc = wait_at(queue, &queue->getters, &get_kind, task);
        if (was_woken_first(task, rc) && queue->count != 0)
            eddyi_queue_wake_first(&queue->getters);
    }
    if (rc == 0) {
        rc = get_now(queue, item, eddyi_queue_slot_size(queue));
        if (rc < 0) {
            (void)eddyi_fail(rc, "get");
            eddyi_queue_wake_first(&queue->getters); /* what it was woken for is still there */
        }
    }
    eddyi_queue_let_go(queue);
    return rc;
}

static inline int get(eddy_queue *queue, void *item, size_t size, eddy_task *task)
{
    int rc = get_now(queue, item, size);
    if (rc == 0)
        return 0;
    return rc == EDDY_EQUEUEEMPTY ? get_in_time(queue, task, item) : eddyi_fail(rc, "get");
}

int eddy_queue_get(eddy_queue *queue, void **item)
{
    eddy_task *task = eddyi_current_task();
    if (queue == NULL || queue->item_size != 0 || item == NULL || task == NULL)
        return refuse(queue, task, queue != NULL && queue->item_size == 0 && item != NULL, "get");
    return get(queue, item, sizeof *item, task);
}

int eddy_queue_get_copy(eddy_queue *queue, void *item)
{
    eddy_task *task = eddyi_current_task();
    if (queue == NULL || queue->item_size == 0 || item == NULL || task == NULL)
        return refuse(queue, task, queue != NULL && queue->item_size != 0 && item != NULL, "get");
    return get(queue, item, queue->item_size, task);
}

int eddy_queue_get_nowait(eddy_queue *queue, void **item)
{
    bool usable = queue != NULL && queue->item_size == 0 && item != NULL;
    int rc = usable ? get_now(queue, item, sizeof *item) : EDDY_EINVAL;
    return rc == 0 ? 0 : eddyi_fail(rc, "get_nowait");
}

int eddy_queue_get_copy_nowait(eddy_queue *queue, void *item)
{
    bool usable = queue != NULL && queue->item_size != 0 && item != NULL;
    int rc = usable ? get_now(queue, item, queue->item_size) : EDDY_EINVAL;
    return rc == 0 ? 0 : eddyi_fail(rc, "get_nowait");
}

/* ---- joining ---- */

/* Woken at the moment at which nothing was unfinished; what is put after that is not waited for. */
int eddy_queue_join(eddy_queue *queue)
{
    int rc = 0;
    eddy_task *task = eddyi_current_task();
    if (queue == NULL || task == NULL)
        return refuse(queue, task, queue != NULL, "join");
    if (queue->unfinished != 0) {
        rc = wait_at(queue, &queue->joiners, &join_kind, task);
        eddyi_queue_let_go(queue);
    }
    return rc;
}
