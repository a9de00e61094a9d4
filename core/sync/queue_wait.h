/* queue_wait.h: those who wait at a queue.
 * Touches queue.h. A node is in a list until its task is woken or cancelled, and on its task's stack (Q2). */
#ifndef EDDYI_QUEUE_WAIT_H
#define EDDYI_QUEUE_WAIT_H

#include "core/sync/queue.h"

typedef struct eddyi_queue_wait {
    eddyi_wait wait; /* object: the queue */
    eddyi_list link;
} eddyi_queue_wait;

/* Q1: it is only woken, and looks for itself. */
static inline void eddyi_queue_wake_first(eddyi_list *waiters)
{
    eddyi_list *link = waiters->next;
    if (link == waiters)
        return;
    waiters->next = link->next;
    link->next->previous = waiters;
    link->next = link; /* in no list: unlinking looks at `next` alone */
    eddyi_task_wake(EDDYI_LIST_ITEM(link, eddyi_queue_wait, link)->wait.task, 0);
}

static inline void eddyi_queue_wake_all(eddyi_list *waiters)
{
    while (!eddyi_list_empty(waiters))
        eddyi_queue_wake_first(waiters);
}

#endif
