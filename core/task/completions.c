/* completions.c: asyncio's as_completed as an iterator. Rule numbers A1-A7 are those of asyncio's inventory.
 * Touches futures and timers. Members that end are lined up as their waiters run; a cancelled next takes nothing from the line. */
#include "core/task/task.h"

typedef struct entry {
    eddyi_waiter waiter;
    eddyi_list link; /* in `ready` once it has ended */
    eddy_completions *owner;
} entry;

struct eddy_completions {
    eddy_loop *loop;
    eddyi_list ready;
    size_t count, left; /* left: not yet given out */
    eddyi_timer timer;
    bool timed_out;
    eddy_task *waiting; /* in next; one at a time */
    entry entries[];
};

static void wake_waiting(eddy_completions *completions)
{
    eddy_task *task = completions->waiting;
    completions->waiting = NULL;
    if (task != NULL)
        eddyi_task_wake(task, 0);
}

static void member_done(eddyi_node *node)
{
    entry *e = EDDYI_CONTAINER(node, entry, waiter.node);
    eddyi_list_append(&e->owner->ready, &e->link);
    if (!e->owner->loop->closed)
        wake_waiting(e->owner);
}

static void timer_fired(eddyi_timer *timer)
{
    eddy_completions *completions = EDDYI_CONTAINER(timer, eddy_completions, timer);
    completions->timed_out = true;
    for (size_t i = 0; i < completions->count; i++) /* A5: what has not ended by now does not come */
        if (completions->entries[i].waiter.future->state == EDDYI_FUTURE_PENDING)
            eddyi_waiter_remove(&completions->entries[i].waiter);
    if (!completions->loop->closed)
        wake_waiting(completions);
}

static int check(const eddy_loop *loop, eddy_task *const *tasks, size_t count, double timeout)
{
    if (loop == NULL)
        return EDDY_ENOLOOP;
    if ((tasks == NULL && count > 0) || timeout != timeout)
        return EDDY_EINVAL;
    for (size_t i = 0; i < count; i++) {
        if (tasks[i] == NULL)
            return EDDY_EINVAL;
        if (tasks[i]->future.loop != loop)
            return EDDY_EWRONGLOOP;
        tasks[i]->future.mark = false;
    }
    return 0;
}

static void watch_members(eddy_completions *completions, eddy_task *const *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        eddy_future *future = &tasks[i]->future;
        if (future->mark)
            continue; /* A1: duplicates count once */
        future->mark = true;
        entry *e = &completions->entries[completions->count++];
        e->owner = completions;
        e->waiter = (eddyi_waiter){.node.run = member_done};
        eddyi_list_init(&e->link);
        eddyi_future_watch(eddy_future_retain(future), &e->waiter);
    }
    completions->left = completions->count;
}

int eddy_as_completed(eddy_completions **out, eddy_task *const *tasks, size_t count, double timeout)
{
    size_t size;
    uint64_t deadline;
    eddy_loop *loop = eddy_get_running_loop();
    int rc = out == NULL ? EDDY_EINVAL : check(loop, tasks, count, timeout);
    if (rc < 0)
        return eddyi_fail(rc, "as_completed");
    if (!eddyi_multiply(&size, count, sizeof(entry)) || !eddyi_add(&size, size, sizeof(eddy_completions)))
        return eddyi_fail(EDDY_EOVERFLOW, "as_completed");
    eddy_completions *completions = eddyi_allocate_zero(&loop->allocator, size);
    if (completions == NULL)
        return eddyi_fail(EDDY_ENOMEM, "as_completed");
    completions->loop = loop;
    eddyi_loop_object_add(loop);
    eddyi_list_init(&completions->ready);
    eddyi_timer_init(&completions->timer, timer_fired);
    watch_members(completions, tasks, count);
    (void)eddyi_deadline_after(loop, timeout, &deadline);
    if (deadline != UINT64_MAX && count > 0)
        eddyi_timers_add(&loop->timers, &completions->timer, deadline);
    *out = completions;
    return 0;
}

/* ---- waiting for the next ---- */

static void next_abandon(eddyi_wait *wait)
{
    eddy_completions *completions = wait->object;
    completions->waiting = NULL;
}

static bool next_cancel(eddyi_wait *wait)
{
    next_abandon(wait);
    eddyi_task_wake(wait->task, EDDY_ECANCELED);
    return true;
}

static const eddy_reach next_reach = {.shape = EDDY_REACH_ARRAY,
                                      .from_object = true,
                                      .at = offsetof(eddy_completions, entries),
                                      .count = offsetof(eddy_completions, count),
                                      .stride = sizeof(entry),
                                      .item = offsetof(entry, waiter.future)};

static const eddyi_wait_kind next_kind = {"as_completed", next_cancel, next_abandon, &next_reach};

int eddy_completions_next(eddy_completions *completions, eddy_task **out)
{
    eddy_task *self = eddyi_current_task();
    if (completions == NULL || out == NULL)
        return eddyi_fail(EDDY_EINVAL, "as_completed");
    if (self == NULL)
        return eddyi_fail(EDDY_ENOTASK, "as_completed");
    if (completions->waiting != NULL)
        return eddyi_fail(EDDY_EBUSY, "as_completed");
    while (eddyi_list_empty(&completions->ready)) {
        if (completions->left == 0)
            return 0;
        if (completions->timed_out)
            return eddyi_fail(EDDY_ETIMEDOUT, "as_completed");
        eddyi_wait wait = {.kind = &next_kind, .task = self, .object = completions};
        completions->waiting = self;
        int rc = eddyi_suspend(&wait, false);
        if (rc < 0)
            return rc;
    }
    entry *e = EDDYI_LIST_ITEM(eddyi_list_take(&completions->ready), entry, link);
    completions->left--;
    *out = (eddy_task *)e->waiter.future;
    return 1;
}

void eddy_completions_release(eddy_completions *completions)
{
    if (completions == NULL)
        return;
    eddy_loop *loop = completions->loop;
    eddyi_timers_remove(&loop->timers, &completions->timer);
    for (size_t i = 0; i < completions->count; i++) {
        eddyi_waiter_remove(&completions->entries[i].waiter);
        eddy_future_release(completions->entries[i].waiter.future);
    }
    eddyi_release(&loop->allocator, completions);
    eddyi_loop_object_remove(loop);
}
