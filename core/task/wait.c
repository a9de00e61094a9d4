/* wait.c: asyncio's wait: some of many, with a limit, touching none of them. Rule numbers W1-W5 are those of asyncio's inventory.
 * Touches futures and timers. Leaves no callback behind: every waiter is taken back before it returns. */
#include "core/task/task.h"

enum { WAITERS_ON_STACK = 4 };

typedef struct set_wait set_wait;

typedef struct watcher {
    eddyi_waiter waiter;
    set_wait *owner;
} watcher;

struct set_wait {
    eddyi_wait wait;
    eddyi_timer timer;
    eddy_return_when return_when;
    size_t remaining;
    bool woken;
};

/* A task begins with its future. */
static eddy_future *future_at(eddy_task *const *tasks, size_t index)
{
    return eddy_task_future(tasks[index]);
}

static bool failed(const eddy_future *future)
{
    return future->state == EDDYI_FUTURE_FINISHED &&
           future->result < 0; /* W3: a cancelled one is no exception */
}

static void wake(set_wait *set)
{
    if (set->woken)
        return;
    set->woken = true;
    eddyi_task_wake(set->wait.task, 0);
}

static void member_done(eddyi_node *node)
{
    watcher *w = EDDYI_CONTAINER(node, watcher, waiter.node);
    set_wait *set = w->owner;
    if (w->waiter.future->loop->closed)
        return;
    set->remaining--;
    if (set->remaining == 0 || set->return_when == EDDY_FIRST_COMPLETED ||
        (set->return_when == EDDY_FIRST_EXCEPTION && failed(w->waiter.future)))
        wake(set);
}

static void timed_out(eddyi_timer *timer)
{
    wake(EDDYI_CONTAINER(timer, set_wait, timer));
}

static bool set_cancel(eddyi_wait *wait)
{
    set_wait *set = EDDYI_CONTAINER(wait, set_wait, wait);
    if (set->woken)
        return false;
    set->woken = true;
    eddyi_task_wake(wait->task, EDDY_ECANCELED);
    return true;
}

/* Where the waiters are is known to the call that waits; it stands on the same stack, below. */
typedef struct watched {
    set_wait set;
    watcher *watchers;
    size_t count;
} watched;

static void take_back(watched *w)
{
    eddyi_timers_remove(&w->set.wait.task->future.loop->timers, &w->set.timer);
    for (size_t i = 0; i < w->count; i++)
        eddyi_waiter_remove(&w->watchers[i].waiter);
}

static void set_abandon(eddyi_wait *wait)
{
    set_wait *set = EDDYI_CONTAINER(wait, set_wait, wait);
    watched *w = EDDYI_CONTAINER(set, watched, set);
    eddy_loop *loop = wait->task->future.loop;
    take_back(w);
    if (w->count > WAITERS_ON_STACK)
        eddyi_release(&loop->allocator, w->watchers);
}

_Static_assert(offsetof(watched, set.wait) == 0, "reach begins at the wait");
static const eddy_reach set_reach = {.shape = EDDY_REACH_ARRAY_AT,
                                     .at = offsetof(watched, watchers),
                                     .count = offsetof(watched, count),
                                     .stride = sizeof(watcher),
                                     .item = offsetof(watcher, waiter.future)};

static const eddyi_wait_kind set_kind = {"wait", set_cancel, set_abandon, &set_reach};

/* Whether the condition holds before anybody waits. */
static bool holds(eddy_task *const *tasks, size_t count, eddy_return_when return_when)
{
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        const eddy_future *future = future_at(tasks, i);
        if (future->state == EDDYI_FUTURE_PENDING)
            continue;
        done++;
        if (return_when == EDDY_FIRST_COMPLETED || (return_when == EDDY_FIRST_EXCEPTION && failed(future)))
            return true;
    }
    return done == count;
}

static void watch_pending(watched *w, eddy_task *const *tasks)
{
    for (size_t i = 0; i < w->count; i++) {
        eddyi_waiter *waiter = &w->watchers[i].waiter;
        eddy_future *future = future_at(tasks, i);
        w->watchers[i].owner = &w->set;
        *waiter = (eddyi_waiter){.node.run = member_done};
        eddyi_list_init(&waiter->node.link);
        if (future->state != EDDYI_FUTURE_PENDING)
            continue;
        eddyi_future_watch(future, waiter);
        w->set.remaining++;
    }
}

/* 0, or how the waiting failed. */
static int suspend_for(watched *w, eddy_task *self, eddy_task *const *tasks, double timeout)
{
    uint64_t deadline;
    eddy_loop *loop = self->future.loop;
    (void)eddyi_deadline_after(loop, timeout, &deadline);
    w->set.wait = (eddyi_wait){.kind = &set_kind, .task = self, .object = &w->set};
    eddyi_timer_init(&w->set.timer, timed_out);
    watch_pending(w, tasks);
    if (deadline != UINT64_MAX)
        eddyi_timers_add(&loop->timers, &w->set.timer, deadline);
    int rc = eddyi_suspend(&w->set.wait, false);
    take_back(w);
    return rc;
}

static int wait_for_condition(eddy_task *self, eddy_task *const *tasks, size_t count, double timeout,
                              eddy_return_when return_when)
{
    watcher on_stack[WAITERS_ON_STACK];
    watched w = {.watchers = on_stack, .count = count};
    size_t size;
    eddy_loop *loop = self->future.loop;
    w.set.return_when = return_when;
    if (count > WAITERS_ON_STACK) {
        w.watchers =
            eddyi_multiply(&size, count, sizeof *w.watchers) ? eddyi_allocate(&loop->allocator, size) : NULL;
        if (w.watchers == NULL)
            return eddyi_fail(EDDY_ENOMEM, "wait");
    }
    int rc = suspend_for(&w, self, tasks, timeout);
    if (count > WAITERS_ON_STACK)
        eddyi_release(&loop->allocator, w.watchers);
    return rc;
}

static int check(const eddy_task *self, eddy_task *const *tasks, size_t count, double timeout,
                 eddy_return_when return_when)
{
    if (self == NULL)
        return EDDY_ENOTASK;
    if (tasks == NULL || count == 0 || timeout != timeout || (unsigned)return_when > EDDY_FIRST_EXCEPTION)
        return EDDY_EINVAL;
    for (size_t i = 0; i < count; i++) {
        if (tasks[i] == NULL)
            return EDDY_EINVAL;
        if (tasks[i]->future.loop != self->future.loop)
            return EDDY_EWRONGLOOP;
    }
    return 0;
}

/* W4: the sets are made now, so what ended in the same iteration counts. */
static int count_done(bool *done, eddy_task *const *tasks, size_t count)
{
    int distinct = 0;
    for (size_t i = 0; i < count; i++)
        tasks[i]->future.mark = false;
    for (size_t i = 0; i < count; i++) {
        eddy_future *future = &tasks[i]->future;
        bool is_done = future->state != EDDYI_FUTURE_PENDING;
        if (done != NULL)
            done[i] = is_done;
        if (is_done && !future->mark)
            distinct++;
        future->mark = true;
    }
    return distinct;
}

int eddy_wait(bool *done, eddy_task *const *tasks, size_t count, double timeout, eddy_return_when return_when)
{
    eddy_task *self = eddyi_current_task();
    int rc = check(self, tasks, count, timeout, return_when);
    if (rc < 0)
        return eddyi_fail(rc, "wait");
    if (!holds(tasks, count, return_when))
        rc = wait_for_condition(self, tasks, count, timeout, return_when);
    return rc < 0 ? rc : count_done(done, tasks, count);
}
