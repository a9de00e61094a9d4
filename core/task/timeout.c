/* timeout.c: asyncio's timeout: a deadline that cancels its own task, and an exit that knows whose cancel it was.
 * Touches timers and scope.h. It fires from the loop only, so a block that does not suspend is never timed out (asyncio O5). */
#include <string.h>

#include "core/task/scope.h"

typedef struct timeout_scope {
    eddyi_scope scope;
    eddyi_timer timer;
    eddyi_node soon;     /* for a deadline that has passed: fires at the next suspension, like call_soon */
    uint32_t cancelling; /* of the task when it was entered (O7) */
    bool expiring;
    uint64_t deadline;
} timeout_scope;

_Static_assert(sizeof(timeout_scope) <= EDDYI_CELL_SIZE, "a timeout fits a cell");

static eddyi_scope_ticket *ticket_of(eddy_timeout *timeout)
{
    return (eddyi_scope_ticket *)(void *)timeout;
}

static void expire(timeout_scope *scope)
{
    scope->expiring = true;
    eddy_task_cancel(scope->scope.task);
}

static void timer_fired(eddyi_timer *timer)
{
    expire(EDDYI_CONTAINER(timer, timeout_scope, timer));
}

static void soon_ran(eddyi_node *node)
{
    timeout_scope *scope = EDDYI_CONTAINER(node, timeout_scope, soon);
    if (!scope->scope.task->future.loop->closed)
        expire(scope);
}

static void disarm(timeout_scope *scope)
{
    eddy_loop *loop = scope->scope.task->future.loop;
    eddyi_timers_remove(&loop->timers, &scope->timer);
    eddyi_ready_remove(loop, &scope->soon);
}

static void arm(timeout_scope *scope, uint64_t deadline)
{
    eddy_loop *loop = scope->scope.task->future.loop;
    scope->deadline = deadline;
    if (deadline == UINT64_MAX)
        return;
    if (deadline <= eddyi_loop_now(loop))
        eddyi_ready_push(loop, &scope->soon);
    else
        eddyi_timers_add(&loop->timers, &scope->timer, deadline);
}

/* The end of the block; the node goes back. */
static int finish(eddyi_scope *base, int result)
{
    timeout_scope *scope = EDDYI_CONTAINER(base, timeout_scope, scope);
    eddy_task *task = base->task;
    bool ours = false;
    disarm(scope);
    eddyi_scope_leave(base);
    if (scope->expiring)
        ours = (uint32_t)eddy_task_uncancel(task) <= scope->cancelling && result == EDDY_ECANCELED;
    eddyi_cell_give(task->future.loop, scope);
    if (!ours)
        return result;
    task->error = (eddy_error){.code = EDDY_ETIMEDOUT, .operation = "timeout"};
    task->error_settled = false;
    return EDDY_ETIMEDOUT;
}

static void abandon(eddyi_scope *base)
{
    timeout_scope *scope = EDDYI_CONTAINER(base, timeout_scope, scope);
    disarm(scope);
    eddyi_scope_leave(base);
    eddyi_cell_give(base->task->future.loop, scope);
}

static const eddyi_scope_kind timeout_kind = {"timeout", finish, abandon};

static int enter_at_deadline(eddy_timeout *timeout, uint64_t deadline)
{
    eddyi_scope *base;
    eddyi_scope_ticket *ticket = ticket_of(timeout);
    int rc = eddyi_scope_enter(ticket, &base, &timeout_kind, "timeout");
    if (rc < 0)
        return rc;
    timeout_scope *scope = EDDYI_CONTAINER(base, timeout_scope, scope);
    eddyi_timer_init(&scope->timer, timer_fired);
    eddyi_node_init(&scope->soon, soon_ran);
    scope->cancelling = base->task->cancelling;
    scope->expiring = false;
    arm(scope, deadline);
    ticket->when = eddyi_time_of(base->task->future.loop, deadline);
    return 0;
}

int eddy_timeout_enter(eddy_timeout *timeout, double seconds)
{
    uint64_t deadline;
    eddy_task *task = eddyi_current_task();
    if (timeout == NULL)
        return eddyi_fail(EDDY_EINVAL, "timeout");
    if (task == NULL)
        return eddyi_scope_refuse(ticket_of(timeout), EDDY_ENOTASK, "timeout");
    if (eddyi_deadline_after(task->future.loop, seconds, &deadline) < 0)
        return eddyi_scope_refuse(ticket_of(timeout), EDDY_EINVAL, "timeout");
    return enter_at_deadline(timeout, deadline);
}

int eddy_timeout_enter_at(eddy_timeout *timeout, double when)
{
    uint64_t deadline;
    if (timeout == NULL)
        return eddyi_fail(EDDY_EINVAL, "timeout_at");
    const eddy_task *task = eddyi_current_task();
    if (task == NULL)
        return eddyi_scope_refuse(ticket_of(timeout), EDDY_ENOTASK, "timeout_at");
    if (eddyi_deadline_at(task->future.loop, when, &deadline) < 0)
        return eddyi_scope_refuse(ticket_of(timeout), EDDY_EINVAL, "timeout_at");
    return enter_at_deadline(timeout, deadline);
}

int eddy_timeout_exit(eddy_timeout *timeout, int body_result)
{
    eddyi_scope *base;
    if (timeout == NULL)
        return eddyi_fail(EDDY_EINVAL, "timeout_exit");
    eddyi_scope_ticket *ticket = ticket_of(timeout);
    int rc = eddyi_scope_exit(ticket, &base, "timeout_exit");
    if (rc < 0)
        return rc;
    timeout_scope *scope = EDDYI_CONTAINER(base, timeout_scope, scope);
    ticket->when = eddyi_time_of(base->task->future.loop, scope->deadline);
    ticket->state = scope->expiring ? EDDYI_SCOPE_EXPIRED : EDDYI_SCOPE_FINISHED;
    return finish(base, body_result);
}

static timeout_scope *active(const eddy_timeout *timeout)
{
    eddyi_scope *base = eddyi_scope_find((const eddyi_scope_ticket *)(const void *)timeout);
    return base != NULL ? EDDYI_CONTAINER(base, timeout_scope, scope) : NULL;
}

int eddy_timeout_reschedule(eddy_timeout *timeout, double when)
{
    uint64_t deadline;
    if (timeout == NULL || when != when)
        return eddyi_fail(EDDY_EINVAL, "reschedule");
    timeout_scope *scope = active(timeout);
    if (scope == NULL || scope->expiring)
        return eddyi_fail(EDDY_EINVALIDSTATE, "reschedule");
    (void)eddyi_deadline_at(scope->scope.task->future.loop, when, &deadline);
    disarm(scope);
    arm(scope, deadline);
    return 0;
}

double eddy_timeout_when(const eddy_timeout *timeout)
{
    if (timeout == NULL)
        return eddyi_seconds(UINT64_MAX);
    const timeout_scope *scope = active(timeout);
    if (scope != NULL)
        return eddyi_time_of(scope->scope.task->future.loop, scope->deadline);
    return ((const eddyi_scope_ticket *)(const void *)timeout)->when;
}

bool eddy_timeout_expired(const eddy_timeout *timeout)
{
    if (timeout == NULL)
        return false;
    const timeout_scope *scope = active(timeout);
    if (scope != NULL)
        return scope->expiring;
    return ((const eddyi_scope_ticket *)(const void *)timeout)->state == EDDYI_SCOPE_EXPIRED;
}
