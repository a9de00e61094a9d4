/* await.c: waiting for one future, for a while, or without passing the cancel on.
 * Touches suspend. A future that is done is looked at without suspending (asyncio F4). */
#include <eddy/scope.h>
#include "core/task/task.h"

/* ---- await ---- */

typedef struct future_wait {
    eddyi_wait wait;
    eddyi_waiter waiter;
    bool cancel_passed; /* our own cancel went to the future: its cancelled end is ours */
} future_wait;

/* T8: a cancel goes down to the leaf; a leaf that refuses leaves us waiting. */
static bool await_cancel(eddyi_wait *wait)
{
    future_wait *w = EDDYI_CONTAINER(wait, future_wait, wait);
    eddy_future *future = wait->object;
    w->cancel_passed = future->kind->cancel(future, wait->task->cancel_message);
    return w->cancel_passed;
}

/* The call that waits will not return: its reference is given back in its place. */
static void await_abandon(eddyi_wait *wait)
{
    eddyi_waiter_remove(&EDDYI_CONTAINER(wait, future_wait, wait)->waiter);
    eddy_future_release(wait->object);
}

static const eddy_reach await_reach = {.shape = EDDY_REACH_ONE, .at = offsetof(eddyi_wait, object)};

static const eddyi_wait_kind await_kind = {"future", await_cancel, await_abandon, &await_reach};

/* Would waiting for `future` close a ring of tasks that wait for each other? */
static bool closes_ring(const eddy_task *self, const eddy_future *future)
{
    while (eddyi_future_is_task(future)) {
        const eddy_task *task = (const eddy_task *)future;
        if (task == self)
            return true;
        if (!eddyi_task_waiting(task) || task->wait->kind != &await_kind)
            return false;
        future = task->wait->object;
    }
    return false;
}

static int check(eddy_task *task, const eddy_future *future)
{
    if (future == NULL)
        return EDDY_EINVAL;
    if (task == NULL)
        return EDDY_ENOTASK;
    if (future->loop != task->future.loop)
        return EDDY_EWRONGLOOP;
    return closes_ring(task, future) ? EDDY_EDEADLK : 0;
}

/* 0: the future is done. < 0: how the waiting failed. */
static int wait_until_done(eddy_task *task, eddy_future *future)
{
    future_wait w = {.wait = {.kind = &await_kind, .task = task, .object = future}, .waiter = {.task = task}};
    if (future->state != EDDYI_FUTURE_PENDING)
        return 0;
    eddyi_future_watch(future, &w.waiter);
    int rc = eddyi_suspend(&w.wait, false);
    eddyi_waiter_remove(&w.waiter);
    if (rc == 0 && w.cancel_passed && eddyi_future_outcome(future) == EDDY_ECANCELED)
        return eddyi_fail_canceled(task);
    return rc;
}

static int deliver_outcome(eddy_future *future, int *outcome)
{
    int result = eddyi_future_outcome(future);
    if (result < 0)
        eddyi_fail_with(future, result);
    if (outcome == NULL)
        return result;
    *outcome = result;
    return 0;
}

int eddy_await_future(eddy_future *future, int *outcome)
{
    eddy_task *task = eddyi_current_task();
    int rc = check(task, future);
    if (rc < 0)
        return eddyi_fail(rc, "await");
    eddy_future_retain(future); /* it may be let go by everybody else meanwhile */
    rc = wait_until_done(task, future);
    if (rc == 0)
        rc = deliver_outcome(future, outcome);
    eddy_future_release(future);
    return rc;
}

int eddy_await(eddy_task *task, int *outcome)
{
    return eddy_await_future(eddy_task_future(task), outcome);
}

/* ---- shield ---- */

static bool shield_cancel(eddyi_wait *wait)
{
    eddyi_waiter_remove(&EDDYI_CONTAINER(wait, future_wait, wait)->waiter);
    eddyi_task_wake(wait->task, EDDY_ECANCELED);
    return true;
}

static const eddyi_wait_kind shield_kind = {"shield", shield_cancel, await_abandon, &await_reach};

int eddy_shield(eddy_task *inner, int *outcome)
{
    eddy_task *task = eddyi_current_task();
    eddy_future *future = eddy_task_future(inner);
    int rc = check(task, future);
    if (rc < 0)
        return eddyi_fail(rc, "shield");
    eddy_future_retain(future);
    if (future->state == EDDYI_FUTURE_PENDING) {
        future_wait w = {.wait = {.kind = &shield_kind, .task = task, .object = future},
                         .waiter = {.task = task}};
        eddyi_future_watch(future, &w.waiter);
        rc = eddyi_suspend(&w.wait, false);
        eddyi_waiter_remove(&w.waiter);
    }
    if (rc == 0)
        rc = deliver_outcome(future, outcome);
    eddy_future_release(future);
    return rc;
}

/* ---- sleep ---- */

typedef struct sleep_wait {
    eddyi_wait wait;
    eddyi_timer timer;
} sleep_wait;

static void sleep_fired(eddyi_timer *timer)
{
    eddyi_task_wake(EDDYI_CONTAINER(timer, sleep_wait, timer)->wait.task, 0);
}

static void sleep_abandon(eddyi_wait *wait)
{
    sleep_wait *w = EDDYI_CONTAINER(wait, sleep_wait, wait);
    eddyi_timers_remove(&wait->task->future.loop->timers, &w->timer);
}

static bool sleep_cancel(eddyi_wait *wait)
{
    sleep_abandon(wait);
    eddyi_task_wake(wait->task, EDDY_ECANCELED);
    return true;
}

const eddyi_wait_kind eddyi_sleep_kind = {"sleep", sleep_cancel, sleep_abandon, NULL};

int eddy_sleep(double seconds)
{
    uint64_t deadline;
    eddy_task *task = eddyi_current_task();
    if (task == NULL)
        return eddyi_fail(EDDY_ENOTASK, "sleep");
    if (seconds <= 0)
        return eddyi_yield(task);
    eddy_loop *loop = task->future.loop;
    if (eddyi_deadline_after(loop, seconds, &deadline) < 0)
        return eddyi_fail(EDDY_EINVAL, "sleep");
    sleep_wait w = {.wait = {.kind = &eddyi_sleep_kind, .task = task}};
    eddyi_timer_init(&w.timer, sleep_fired);
    if (deadline != UINT64_MAX)
        eddyi_timers_add(&loop->timers, &w.timer, deadline);
    return eddyi_suspend(&w.wait, false);
}

/* ---- wait_for ---- */

/* V3: with no time left a task that is done gives its result, any other is cancelled and waited for. */
static int await_without_time(eddy_task *task, int *outcome)
{
    int own = 0;
    if (!eddy_task_done(task))
        eddy_task_cancel(task);
    int rc = eddy_await(task, &own);
    if (rc < 0)
        return rc;
    if (own == EDDY_ECANCELED) {
        eddy_error_clear();
        return eddyi_fail(EDDY_ETIMEDOUT, "wait_for");
    }
    if (outcome == NULL)
        return own;
    *outcome = own;
    return 0;
}

int eddy_wait_for(eddy_task *task, int *outcome, double timeout)
{
    eddy_timeout limit;
    if (timeout != timeout)
        return eddyi_fail(EDDY_EINVAL, "wait_for");
    int rc = check(eddyi_current_task(), eddy_task_future(task)); /* before it may be cancelled */
    if (rc < 0)
        return eddyi_fail(rc, "wait_for");
    if (eddy_task_done(task))
        return eddy_await(task, outcome);
    if (timeout <= 0)
        return await_without_time(task, outcome);
    eddy_timeout_enter(&limit, timeout);
    rc = eddy_await(task, outcome);
    return eddy_timeout_exit(&limit, rc);
}

int eddy_wait_for_call(eddy_coro_fn fn, void *arg, double timeout)
{
    eddy_timeout limit;
    if (fn == NULL || timeout != timeout)
        return eddyi_fail(EDDY_EINVAL, "wait_for");
    if (eddyi_current_task() == NULL)
        return eddyi_fail(EDDY_ENOTASK, "wait_for");
    if (timeout <= 0)
        return eddyi_fail(EDDY_ETIMEDOUT, "wait_for");
    int rc = eddy_timeout_enter(&limit, timeout);
    if (rc == 0)
        rc = fn(arg);
    return eddy_timeout_exit(&limit, rc);
}
