/* waiters.h: who waits on a primitive: a FIFO of nodes on the waiting tasks' stacks.
 * Touches task.h. `live` counts who waits or was woken and has not run yet; a cancelled task is live no more. */
#ifndef EDDYI_SYNC_WAITERS_H
#define EDDYI_SYNC_WAITERS_H

#include <eddy/sync.h>
#include "core/task/task.h"

/* One task in the FIFO, which is a ring without a head, so that all zero is an empty one. */
typedef struct eddyi_sync_wait {
    eddyi_wait wait;
    eddyi_list link;
    eddy_waiters *queue;
    bool linked, live;
    bool woken; /* was given what it waits for: a cancel that comes now must pass it on (asyncio T7) */
} eddyi_sync_wait;

/* Whether a task may wait here: 0, or EDDY_EWRONGLOOP. */
static inline int eddyi_waiters_admit(const eddy_waiters *queue, const eddy_task *task)
{
    return queue->loop == NULL || queue->loop == task->future.loop ? 0 : EDDY_EWRONGLOOP;
}
/* Whether the caller may wake those who wait: 0, EDDY_EWRONGLOOP, EDDY_EWRONGTHREAD. Asked before anything is changed. */
static inline int eddyi_waiters_reach(const eddy_waiters *queue)
{
    const eddy_loop *running = eddyi_running_loop;
    if (queue->first == NULL || queue->loop == running)
        return 0;
    if (running != NULL)
        return EDDY_EWRONGLOOP;
    /* This thread runs no loop: if that one runs, it does so in another. */
    return queue->loop->running ? EDDY_EWRONGTHREAD : 0;
}
/* HZ35: nobody waits, so the next wait may be another loop's. */
static inline void eddyi_waiters_unbind_if_empty(eddy_waiters *queue)
{
    if (queue->live == 0 && queue->first == NULL)
        queue->loop = NULL;
}

/* Queue up and suspend: 0 when woken, EDDY_ECANCELED. Out of the FIFO afterwards; the binding is left as it is. */
int eddyi_waiters_wait(eddyi_sync_wait *node);
/* Take it out of the FIFO and of the count. */
void eddyi_waiters_leave(eddyi_sync_wait *node);
/* Wake the first and take it out of the FIFO; false: there is none. */
bool eddyi_waiters_wake_first(eddy_waiters *queue);
static inline void eddyi_waiters_wake_all(eddy_waiters *queue)
{
    while (eddyi_waiters_wake_first(queue))
        ;
}

/* cancel and abandon of a wait kind. */
bool eddyi_waiters_cancel(eddyi_wait *wait);
void eddyi_waiters_abandon(eddyi_wait *wait);

#endif
