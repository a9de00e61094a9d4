/* queue_wait.c: putting, getting and joining. Rule numbers Q1-Q5 are those of asyncio's inventory.
 * Touches the store and suspend. An item changes hands only when its task runs, so a cancel can lose none; the wake-up that a
 * cancelled task was given goes to the next one. */
#include "core/sync/queue_wait.h"

/* ---- waiting ---- */

static void unlink_wait(eddyi_wait *wait)
{
    eddyi_list *link = &EDDYI_CONTAINER(wait, eddyi_queue_wait, wait)->link;
    if (!eddyi_list_empty(link))
        eddyi_list_remove(link);
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
    if (--queue->waiting == 0 && queue->references == 0)
        eddyi_queue_free(queue);
}

static const eddyi_wait_kind get_kind = {"queue get", cancel_wait, abandon_wait, NULL};
static const eddyi_wait_kind put_kind = {"queue put", cancel_wait, abandon_wait, NULL};
static const eddyi_wait_kind join_kind = {"queue join", cancel_wait, abandon_wait, NULL};

/* The last reference was given back meanwhile. */
static int outlive(eddy_queue *queue, int rc, const char *operation)
{
    if (queue->waiting == 0)
        eddyi_queue_free(queue);
    return rc < 0 ? rc : eddyi_fail(EDDY_EQUEUESHUTDOWN, operation);
}

/* Q3: it had been woken, and then came the cancel. */
static void pass_on(eddy_queue *queue, eddyi_list *waiters, const eddy_task *task)
{
    bool worth_it = waiters == &queue->getters ? queue->count != 0 : !eddyi_queue_is_full(queue);
    if (task->wake_result == 0 && worth_it && waiters != &queue->joiners)
        eddyi_queue_wake_first(waiters);
}

/* 0: look again; the queue is there. < 0: how the waiting failed; it may be gone. */
static int wait_at(eddy_queue *queue, eddyi_list *waiters, const eddyi_wait_kind *kind, eddy_task *task)
{
    eddyi_queue_wait w;
    eddy_loop *loop = eddyi_running_loop;
    if (queue->waiting != 0 && queue->loop != loop) /* HZ35 */
        return eddyi_fail(EDDY_EWRONGLOOP, kind->name);
    queue->loop = loop;
    queue->waiting++;
    w.wait = (eddyi_wait){.kind = kind, .task = task, .object = queue};
    eddyi_list_append(waiters, &w.link);
    int rc = eddyi_suspend(&w.wait, false);
    queue->waiting--;
    if (queue->references == 0)
        return outlive(queue, rc, kind->name);
    if (rc < 0)
        pass_on(queue, waiters, task);
    return rc;
}

/* ---- what may be done ---- */

/* Either the arguments are wrong, or the call is made where nothing can wait. */
static int refuse(bool usable, const char *operation)
{
    return eddyi_fail(usable ? EDDY_ENOTASK : EDDY_EINVAL, operation);
}

/* ---- putting ---- */

static inline int put_now(eddy_queue *queue, const void *item, size_t size)
{
    if (queue->shut)
        return EDDY_EQUEUESHUTDOWN;
    int rc = eddyi_queue_insert(queue, item, size);
    if (rc < 0)
        return rc;
    queue->unfinished++;
    eddyi_queue_wake_first(&queue->getters);
    return 0;
}

/* What came of putting at once was `rc`. 0: there may be room now. */
static int put_otherwise(eddy_queue *queue, eddy_task *task, int rc)
{
    if (rc == EDDY_EQUEUEFULL)
        return wait_at(queue, &queue->putters, &put_kind, task);
    if (!eddyi_queue_is_full(queue)) /* it may have been woken, and the room is still there */
        eddyi_queue_wake_first(&queue->putters);
    return eddyi_fail(rc, "put");
}

int eddy_queue_put(eddy_queue *queue, void *item)
{
    int rc;
    eddy_task *task = eddyi_current_task();
    if (queue == NULL || queue->item_size != 0 || task == NULL)
        return refuse(queue != NULL && queue->item_size == 0, "put");
    while ((rc = put_now(queue, &item, sizeof item)) < 0 && (rc = put_otherwise(queue, task, rc)) == 0)
        continue;
    return rc;
}

int eddy_queue_put_copy(eddy_queue *queue, const void *item)
{
    int rc;
    eddy_task *task = eddyi_current_task();
    if (queue == NULL || queue->item_size == 0 || item == NULL || task == NULL)
        return refuse(queue != NULL && queue->item_size != 0 && item != NULL, "put");
    while ((rc = put_now(queue, item, queue->item_size)) < 0 && (rc = put_otherwise(queue, task, rc)) == 0)
        continue;
    return rc;
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

/* What came of getting at once was `rc`. 0: there may be an item now. */
static int get_otherwise(eddy_queue *queue, eddy_task *task, int rc)
{
    if (rc == EDDY_EQUEUEEMPTY)
        return wait_at(queue, &queue->getters, &get_kind, task);
    if (queue->count != 0) /* it may have been woken, and the item is still there */
        eddyi_queue_wake_first(&queue->getters);
    return eddyi_fail(rc, "get");
}

int eddy_queue_get(eddy_queue *queue, void **item)
{
    int rc;
    eddy_task *task = eddyi_current_task();
    if (queue == NULL || queue->item_size != 0 || item == NULL || task == NULL)
        return refuse(queue != NULL && queue->item_size == 0 && item != NULL, "get");
    while ((rc = get_now(queue, item, sizeof *item)) < 0 && (rc = get_otherwise(queue, task, rc)) == 0)
        continue;
    return rc;
}

int eddy_queue_get_copy(eddy_queue *queue, void *item)
{
    int rc;
    eddy_task *task = eddyi_current_task();
    if (queue == NULL || queue->item_size == 0 || item == NULL || task == NULL)
        return refuse(queue != NULL && queue->item_size != 0 && item != NULL, "get");
    while ((rc = get_now(queue, item, queue->item_size)) < 0 && (rc = get_otherwise(queue, task, rc)) == 0)
        continue;
    return rc;
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
    eddy_task *task = eddyi_current_task();
    if (queue == NULL || task == NULL)
        return refuse(queue != NULL, "join");
    return queue->unfinished != 0 ? wait_at(queue, &queue->joiners, &join_kind, task) : 0;
}
