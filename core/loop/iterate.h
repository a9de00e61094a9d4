/* iterate.h: one turn of the loop.
 * Touches loop.h and task.h. Order inside a turn is asyncio's: what was ready, then I/O, then timers, and exactly that runs. */
#ifndef EDDYI_ITERATE_H
#define EDDYI_ITERATE_H

#include "core/task/task.h"

/* Wait until `limit` at the latest, and make a batch of what is ready. */
void eddyi_iteration_begin(eddy_loop *loop, uint64_t limit);
void eddyi_iteration_run(eddy_loop *loop); /* the batch */
/* So many steps may run before the backend is asked. Those that ran since the last time are counted here, and not one by one. */
static inline void eddyi_steps_grant(eddy_loop *loop, int32_t steps)
{
    eddyi_count(&loop->metrics.nodes, (uint64_t)(int64_t)(loop->metrics.granted - loop->steps_to_poll));
    loop->metrics.granted = loop->steps_to_poll = steps;
}
/* From the last look at the backend until `until` the loop ran things; since then it has waited. */
void eddyi_turn_count(eddy_loop *loop, uint64_t until);
/* The queue is not empty. */
static inline eddyi_node *eddyi_ready_take(eddyi_ready *ready)
{
    eddyi_list *link = ready->queue.next;
    if (link == ready->batch_last)
        ready->batch_last = NULL;
    ready->queue.next = link->next;
    link->next->previous = &ready->queue;
    link->next = link; /* not queued: all that asks looks at `next` alone */
    return EDDYI_LIST_ITEM(link, eddyi_node, link);
}

/* The next node of the batch if it is a task's step, beginning a new batch in place where that is allowed; NULL: the loop's own
 * stack must go on. Inline, since every switch between tasks begins with it. */
static inline eddyi_node *eddyi_next_step(eddy_loop *loop)
{
    eddyi_ready *ready = &loop->ready;
    /* Debug mode times each step from the loop's own stack; an eager step goes back to the task's creator. */
    if (eddyi_list_empty(&ready->queue) || loop->held != 0)
        return NULL;
    if (ready->batch_last == NULL) {
        if (!loop->renew_in_place || loop->steps_to_poll <= 0 || eddyi_timers_have_fresh(&loop->timers))
            return NULL;
        ready->batch_last = ready->queue.previous;
        loop->iterations++;
    }
    eddyi_node *node = EDDYI_LIST_ITEM(ready->queue.next, eddyi_node, link);
    if (node->run != eddyi_task_step)
        return NULL;
    loop->steps_to_poll--;
    return eddyi_ready_take(ready);
}

#endif
