/* waiters.c: queueing up, being woken, being cancelled: the same for all primitives but the lock, which keeps who was woken in line.
 * Touches the one way to wait. Every step is O(1), also among cancelled tasks, and nothing is allocated. */
#include "core/sync/waiters.h"

static void append(eddy_waiters *queue, eddyi_sync_wait *node)
{
    eddyi_list *first = queue->first;
    eddyi_list_init(&node->link);
    if (first == NULL)
        queue->first = &node->link;
    else
        eddyi_list_append(first, &node->link); /* before the first of a ring is behind its last */
    node->linked = true;
}

static void detach(eddyi_sync_wait *node)
{
    eddy_waiters *queue = node->queue;
    if (!node->linked)
        return;
    if (queue->first == &node->link)
        queue->first = eddyi_list_empty(&node->link) ? NULL : node->link.next;
    eddyi_list_remove(&node->link);
    node->linked = false;
}

void eddyi_waiters_leave(eddyi_sync_wait *node)
{
    detach(node);
    if (node->live)
        node->queue->live--;
    node->live = false;
}

int eddyi_waiters_wait(eddyi_sync_wait *node)
{
    eddy_waiters *queue = node->queue;
    queue->loop = node->wait.task->future.loop;
    append(queue, node);
    node->live = true;
    queue->live++;
    int rc = eddyi_suspend(&node->wait, false);
    eddyi_waiters_leave(node);
    return rc;
}

bool eddyi_waiters_wake_first(eddy_waiters *queue)
{
    if (queue->first == NULL)
        return false;
    eddyi_sync_wait *node = EDDYI_LIST_ITEM(queue->first, eddyi_sync_wait, link);
    detach(node);
    node->woken = true;
    eddyi_task_wake(node->wait.task, 0);
    return true;
}

bool eddyi_waiters_cancel(eddyi_wait *wait)
{
    eddyi_waiters_leave(EDDYI_CONTAINER(wait, eddyi_sync_wait, wait));
    eddyi_task_wake(wait->task, EDDY_ECANCELED);
    return true;
}

void eddyi_waiters_abandon(eddyi_wait *wait)
{
    eddyi_sync_wait *node = EDDYI_CONTAINER(wait, eddyi_sync_wait, wait);
    eddyi_waiters_leave(node);
    eddyi_waiters_unbind_if_empty(node->queue);
}
