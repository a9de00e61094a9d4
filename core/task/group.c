/* group.c: asyncio's TaskGroup: owns tasks, waits for all, a failure cancels the rest.
 * Touches scope.h and tasks: a child is linked in its group by itself. Rule numbers P1-P10 are those of asyncio's inventory. */
#include "core/task/group_errors.h"
#include "core/task/scope.h"

typedef struct eddyi_group {
    eddyi_scope scope;
    eddyi_list children;   /* eddy_task.sibling */
    eddyi_list failed;     /* the same of those whose end was seen: in the order in which it happened */
    eddyi_wait *exit_wait; /* the parent waits in exit */
    uint32_t error_count;
    bool aborting, exiting, parent_cancel_requested;
} eddyi_group;

_Static_assert(sizeof(eddyi_group) <= EDDYI_CELL_SIZE, "a group fits a cell");
_Static_assert(offsetof(eddyi_group, scope) == 0, "whose children they are is found by the scope");
_Static_assert(sizeof(eddyi_group_errors) <= EDDYI_CELL_SIZE, "its errors fit the same cell");

static eddyi_scope_ticket *ticket_of(eddy_task_group *group)
{
    return (eddyi_scope_ticket *)(void *)group;
}

static void abort_children(eddyi_group *group)
{
    group->aborting = true;
    eddyi_list_each (link, &group->children)
        eddy_task_cancel(EDDYI_LIST_ITEM(link, eddy_task, sibling));
}

/* P9: a generator's body has the group open at a yield, and the task in which it last ran has ended. */
static void report_to_nobody(const eddyi_group *group, eddy_task *child)
{
    eddy_exception_context context = {.size = sizeof context,
                                      .message =
                                          "Task has errored out but its parent task is already completed",
                                      .exception = child->error.code,
                                      .error = &child->error,
                                      .future = &child->future,
                                      .task = child};
    eddy_loop_call_exception_handler(group->scope.task->future.loop, &context);
}

/* P2. A child that was cancelled is no error. */
static void child_failed(eddyi_group *group, eddy_task *child)
{
    eddyi_list_remove(&child->sibling);
    eddyi_list_append(&group->failed, &child->sibling);
    group->error_count++;
    if (group->scope.task->future.state != EDDYI_FUTURE_PENDING) {
        report_to_nobody(group, child);
        return;
    }
    if (group->aborting || group->parent_cancel_requested)
        return;
    abort_children(group);
    group->parent_cancel_requested = true;
    eddy_task_cancel(group->scope.task);
}

static void forget_child(eddy_task *task)
{
    eddyi_list_remove(&task->sibling);
    task->group = NULL;
    eddy_task_release(task);
}

static void child_done(eddyi_node *node)
{
    eddy_task *task = EDDYI_CONTAINER(node, eddy_task, step);
    eddyi_group *group = task->group;
    eddy_loop *loop = task->future.loop;
    int outcome = eddyi_future_outcome(&task->future);
    if (outcome >= 0 || outcome == EDDY_ECANCELED || loop->closed)
        forget_child(task);
    else
        child_failed(group, task);
    if (loop->closed)
        return;
    if (eddyi_list_empty(&group->children) && group->exit_wait != NULL) {
        group->exit_wait = NULL;
        eddyi_task_wake(group->scope.task, 0);
    }
}

/* P1: through the ready queue, also when the child was done at once. The ended task needs its step no more. */
void eddyi_group_child_ended(eddy_task *task)
{
    task->step.run = child_done;
    eddyi_ready_push(task->future.loop, &task->step);
}

/* ---- waiting for the children ---- */

typedef struct exit_wait {
    eddyi_wait wait;
    eddyi_timer reminder; /* C4: the children were cancelled, and some go on */
} exit_wait;

static void exit_abandon(eddyi_wait *wait)
{
    eddyi_group *group = wait->object;
    group->exit_wait = NULL;
    eddyi_timers_remove(&wait->task->future.loop->timers, &EDDYI_CONTAINER(wait, exit_wait, wait)->reminder);
}

static bool exit_cancel(eddyi_wait *wait)
{
    exit_abandon(wait);
    eddyi_task_wake(wait->task, EDDY_ECANCELED);
    return true;
}

static void reminder_due(eddyi_timer *timer)
{
    eddyi_wait *wait = &EDDYI_CONTAINER(timer, exit_wait, reminder)->wait;
    exit_abandon(wait);
    eddyi_task_wake(wait->task, 0);
}

static const eddy_reach exit_reach = {.shape = EDDY_REACH_LIST,
                                      .from_object = true,
                                      .at = offsetof(eddyi_group, children),
                                      .item = offsetof(eddy_task, sibling)};

static const eddyi_wait_kind exit_kind = {"task group", exit_cancel, exit_abandon, &exit_reach};

static int wait_in_exit(eddyi_group *group)
{
    eddy_task *task = group->scope.task;
    eddyi_timers *timers = &task->future.loop->timers;
    exit_wait w = {.wait = {.kind = &exit_kind, .task = task, .object = group}};
    eddyi_timer_init(&w.reminder, reminder_due);
    if (group->aborting)
        eddyi_timers_add_fresh(timers, &w.reminder, EDDYI_REMINDER_NS);
    group->exit_wait = &w.wait;
    int rc = eddyi_suspend(&w.wait, false);
    group->exit_wait = NULL;
    eddyi_timers_remove(timers, &w.reminder);
    return rc;
}

/* It may well be cleaning up, so it is not cancelled again: asyncio would not, either. */
static void name_children(eddyi_group *group)
{
    eddyi_list_each (link, &group->children)
        (void)eddyi_report_going_on(EDDYI_LIST_ITEM(link, eddy_task, sibling),
                                    "Task goes on although its group was cancelled");
}

/* P3, P4: survives any number of cancels; true: the one to raise afterwards came from outside. */
static bool wait_for_children(eddyi_group *group, int body_result)
{
    bool cancelled = body_result == EDDY_ECANCELED;
    group->exiting = true;
    if (body_result < 0 && !group->aborting)
        abort_children(group);
    while (!eddyi_list_empty(&group->children)) {
        int rc = wait_in_exit(group);
        if (rc == EDDY_ECANCELED && !group->aborting) {
            cancelled = true;
            abort_children(group);
        } else if (rc == 0) { /* nothing, unless it is the reminder */
            name_children(group);
        }
    }
    return cancelled;
}

/* The group is over, and its cell becomes that of its errors. */
static eddyi_group_errors *keep_errors(eddy_task *task, eddyi_group *group, const eddy_error *body)
{
    eddy_loop *loop = task->future.loop;
    eddyi_list failed;
    eddyi_list_init(&failed);
    eddyi_list_move_all(&failed, &group->failed);
    eddyi_group_errors *errors = (eddyi_group_errors *)(void *)group;
    if (++loop->group_serial == 0)
        loop->group_serial = 1;
    *errors = (eddyi_group_errors){.loop = loop, .id = loop->group_serial, .references = 1, .body = *body};
    errors->body_inner = eddyi_group_errors_of(task, body);
    eddyi_list_init(&errors->failed);
    eddyi_list_move_all(&errors->failed, &failed);
    eddyi_list_append(&loop->group_errors, &errors->link);
    eddyi_group_errors_set(task, errors);
    return errors;
}

/* P7: all errors as one, an outside cancel that is still asked for delivered again at the next await. */
static int raise_errors(eddy_task *task, eddyi_group *group, const eddy_error *body)
{
    uint32_t count = group->error_count + (body->code != 0);
    if (task->cancelling > 0) {
        const char *message = task->cancel_message;
        eddy_task_uncancel(task);
        eddy_task_cancel_with_message(task, message);
    }
    const eddyi_group_errors *errors = keep_errors(task, group, body);
    const eddy_error *each = eddyi_group_errors_next(errors, NULL);
    task->error = *each;
    task->error.group_id = errors->id;
    task->error.group_count = count;
    for (int i = 0; i < EDDY_ERROR_GROUP_MAX; i++) {
        task->error.group[i] = each != NULL ? each->code : 0;
        each = each != NULL ? eddyi_group_errors_next(errors, each) : NULL;
    }
    task->error_settled = false;
    return task->error.code;
}

static int finish(eddyi_scope *base, int body_result)
{
    eddyi_group *group = EDDYI_CONTAINER(base, eddyi_group, scope);
    eddy_task *task = base->task;
    eddy_error body_error = task->error;
    bool cancelled = wait_for_children(group, body_result);
    int result = body_result;
    if (group->parent_cancel_requested && eddy_task_uncancel(task) == 0) /* P6 */
        cancelled = false;
    if (body_result >= 0 || body_result == EDDY_ECANCELED)
        body_error = (eddy_error){0};
    else if (body_error.code != body_result) /* it is of something else */
        body_error = (eddy_error){.code = body_result};
    eddyi_scope_leave(base);
    if (group->error_count > 0 || (body_error.code != 0 && !cancelled))
        return raise_errors(task, group, &body_error);
    if (cancelled)
        result = eddyi_fail_canceled(task);
    eddyi_cell_give(task->future.loop, group);
    return result;
}

static void abandon(eddyi_scope *base)
{
    eddyi_group *group = EDDYI_CONTAINER(base, eddyi_group, scope);
    eddy_loop *loop = base->task->future.loop;
    while (!eddyi_list_empty(&group->children)) {
        eddy_task *child = EDDYI_LIST_ITEM(group->children.next, eddy_task, sibling);
        if (eddy_task_done(child))
            eddyi_ready_remove(loop, &child->step);
        forget_child(child);
    }
    while (!eddyi_list_empty(&group->failed))
        forget_child(EDDYI_LIST_ITEM(group->failed.next, eddy_task, sibling));
    eddyi_scope_leave(base);
    eddyi_cell_give(loop, group);
}

static const eddyi_scope_kind group_kind = {"task group", finish, abandon};

void eddyi_groups_targets(const eddy_task *task, eddyi_visit *visit)
{
    for (const eddyi_scope *scope = task->scopes; scope != NULL; scope = scope->outer) {
        if (scope->kind != &group_kind)
            continue;
        const eddyi_group *group = EDDYI_CONTAINER(scope, eddyi_group, scope);
        eddyi_list_each (link, &group->children)
            visit->one(visit, &EDDYI_LIST_ITEM(link, eddy_task, sibling)->future);
    }
}

/* ---- the public side ---- */

int eddy_task_group_enter(eddy_task_group *group)
{
    eddyi_scope *base;
    if (group == NULL)
        return eddyi_fail(EDDY_EINVAL, "task_group");
    int rc = eddyi_scope_enter(ticket_of(group), &base, &group_kind, "task_group");
    if (rc < 0)
        return rc;
    eddyi_group *scope = EDDYI_CONTAINER(base, eddyi_group, scope);
    eddyi_list_init(&scope->children);
    eddyi_list_init(&scope->failed);
    scope->exit_wait = NULL;
    scope->error_count = 0;
    scope->aborting = scope->exiting = scope->parent_cancel_requested = false;
    return 0;
}

static int open_group(eddy_task_group *group, eddyi_group **out)
{
    eddyi_scope *base = group != NULL ? eddyi_scope_find(ticket_of(group)) : NULL;
    if (group == NULL)
        return EDDY_EINVAL;
    if (base == NULL)
        return EDDY_EINVALIDSTATE;
    eddyi_group *scope = EDDYI_CONTAINER(base, eddyi_group, scope);
    if (scope->aborting || (scope->exiting && eddyi_list_empty(&scope->children)))
        return EDDY_EINVALIDSTATE;
    *out = scope;
    return 0;
}

int eddy_task_group_create_task(eddy_task_group *group, eddy_task **out, eddy_coro_fn fn, void *arg,
                                const eddy_task_options *options)
{
    eddyi_group *scope;
    int rc = open_group(group, &scope);
    if (rc < 0)
        return eddyi_fail(rc, "task_group_create_task");
    eddy_loop *loop = scope->scope.task->future.loop;
    eddy_task *task;
    rc = eddy_loop_create_task(loop, &task, fn, arg, options);
    if (rc < 0)
        return rc;
    if (task->group != NULL || task->future.loop != loop) { /* a task factory's mistake */
        eddy_task_release(task);
        return eddyi_fail(EDDY_EINVALIDSTATE, "task_group_create_task");
    }
    task->group = scope;
    eddyi_list_append(&scope->children, &task->sibling);
    if (eddy_task_done(task)) /* it started eagerly */
        eddyi_group_child_ended(task);
    if (out != NULL)
        *out = eddy_task_retain(task);
    return 0;
}

int eddy_task_group_exit(eddy_task_group *group, int body_result)
{
    eddyi_scope *base;
    if (group == NULL)
        return eddyi_fail(EDDY_EINVAL, "task_group_exit");
    int rc = eddyi_scope_exit(ticket_of(group), &base, "task_group_exit");
    if (rc < 0)
        return rc;
    /* Children may add siblings until the last one is gone, so the ticket stays valid while exit waits. */
    rc = finish(base, body_result);
    ticket_of(group)->state = EDDYI_SCOPE_FINISHED;
    return rc;
}
