/* group.c: asyncio's TaskGroup: owns tasks, waits for all, a failure cancels the rest.
 * Touches scope.h and futures. Rule numbers P1-P10 are those of asyncio's inventory. */
#include "core/task/group_errors.h"
#include "core/task/scope.h"

typedef struct group_scope {
    eddyi_scope scope;
    eddyi_list children;
    eddyi_wait *exit_wait;                       /* the parent waits in exit */
    eddyi_group_error *first_error, *last_error; /* in the order in which they happened */
    uint32_t error_count;
    bool aborting, exiting, parent_cancel_requested;
} group_scope;

typedef struct group_child {
    eddyi_waiter waiter;
    eddyi_list link; /* in the group's children until its end was seen */
    eddy_task *task;
    group_scope *group;
} group_child;

_Static_assert(sizeof(group_scope) <= EDDYI_CELL_SIZE, "a group fits a cell");
_Static_assert(sizeof(group_child) <= EDDYI_CELL_SIZE, "a child fits a cell");
_Static_assert(sizeof(eddyi_group_error) <= EDDYI_CELL_SIZE, "its error fits the same cell");

static eddyi_scope_ticket *ticket_of(eddy_task_group *group)
{
    return (eddyi_scope_ticket *)(void *)group;
}

static void abort_children(group_scope *group)
{
    group->aborting = true;
    eddyi_list_each (link, &group->children)
        eddy_task_cancel(EDDYI_LIST_ITEM(link, group_child, link)->task);
}

static void add_error(group_scope *group, eddyi_group_error *error)
{
    if (group->error_count++ == 0)
        group->first_error = error;
    else
        group->last_error->next = error;
    group->last_error = error;
}

/* P9: a generator's body has the group open at a yield, and the task in which it last ran has ended. */
static void report_to_nobody(const group_scope *group, const eddy_error *error, eddy_task *child)
{
    eddy_exception_context context = {.size = sizeof context,
                                      .message =
                                          "Task has errored out but its parent task is already completed",
                                      .exception = error->code,
                                      .error = error,
                                      .future = &child->future,
                                      .task = child};
    eddy_loop_call_exception_handler(group->scope.task->future.loop, &context);
}

/* P2. A child that was cancelled is no error. */
static void child_failed(group_scope *group, eddyi_group_error *error, eddy_task *child)
{
    add_error(group, error);
    if (group->scope.task->future.state != EDDYI_FUTURE_PENDING) {
        report_to_nobody(group, &error->error, child);
        return;
    }
    if (group->aborting || group->parent_cancel_requested)
        return;
    abort_children(group);
    group->parent_cancel_requested = true;
    eddy_task_cancel(group->scope.task);
}

static void forget_child(eddy_loop *loop, group_child *child)
{
    eddy_task *task = child->task;
    eddyi_list_remove(&child->link);
    eddyi_cell_give(loop, child);
    eddy_task_release(task);
}

static eddyi_group_error make_error(const eddy_task *task, const eddy_error *record, int code)
{
    if (record->code != code) /* it is of something else */
        return (eddyi_group_error){.error.code = code};
    return (eddyi_group_error){.error = *record, .inner = eddyi_group_errors_of(task, record)};
}

/* The child's cell becomes its error's. */
static void fail_child(group_scope *group, group_child *child, int code)
{
    eddy_task *task = child->task;
    eddyi_group_error *error = (eddyi_group_error *)(void *)child;
    eddyi_list_remove(&child->link);
    *error = make_error(task, &task->error, code);
    child_failed(group, error, task);
    eddy_task_release(task);
}

/* P1: through the ready queue, also when the child was done at once. */
static void child_done(eddyi_node *node)
{
    group_child *child = EDDYI_CONTAINER(node, group_child, waiter.node);
    group_scope *group = child->group;
    eddy_loop *loop = child->task->future.loop;
    int outcome = eddyi_future_outcome(&child->task->future);
    bool failed = outcome < 0 && outcome != EDDY_ECANCELED && !loop->closed;
    if (failed)
        fail_child(group, child, outcome);
    else
        forget_child(loop, child);
    if (loop->closed)
        return;
    if (eddyi_list_empty(&group->children) && group->exit_wait != NULL) {
        group->exit_wait = NULL;
        eddyi_task_wake(group->scope.task, 0);
    }
}

/* ---- waiting for the children ---- */

static bool exit_cancel(eddyi_wait *wait)
{
    group_scope *group = wait->object;
    group->exit_wait = NULL;
    eddyi_task_wake(wait->task, EDDY_ECANCELED);
    return true;
}

static void exit_abandon(eddyi_wait *wait)
{
    group_scope *group = wait->object;
    group->exit_wait = NULL;
}

static const eddyi_wait_kind exit_kind = {"task group", exit_cancel, exit_abandon};

/* P3, P4: survives any number of cancels; true: the one to raise afterwards came from outside. */
static bool wait_for_children(group_scope *group, int body_result)
{
    bool cancelled = body_result == EDDY_ECANCELED;
    eddy_task *task = group->scope.task;
    group->exiting = true;
    if (body_result < 0 && !group->aborting)
        abort_children(group);
    while (!eddyi_list_empty(&group->children)) {
        eddyi_wait wait = {.kind = &exit_kind, .task = task, .object = group};
        group->exit_wait = &wait;
        int rc = eddyi_suspend(&wait, false);
        group->exit_wait = NULL;
        if (rc == EDDY_ECANCELED && !group->aborting) {
            cancelled = true;
            abort_children(group);
        }
    }
    return cancelled;
}

/* The group is over, and its cell becomes that of its errors. */
static void keep_errors(eddy_task *task, group_scope *group, uint64_t id, const eddyi_group_error *body)
{
    eddy_loop *loop = task->future.loop;
    eddyi_group_error *first = group->first_error, *last = group->last_error;
    eddyi_group_errors *errors = (eddyi_group_errors *)(void *)group;
    *errors = (eddyi_group_errors){.loop = loop, .id = id, .references = 1, .first = first};
    if (body != NULL) {
        errors->body = *body;
        *(first != NULL ? &last->next : &errors->first) = &errors->body;
    }
    eddyi_list_append(&loop->group_errors, &errors->link);
    eddyi_group_errors_set(task, errors);
}

/* P7: all errors as one, an outside cancel that is still asked for delivered again at the next await. */
static int raise_errors(eddy_task *task, group_scope *group, const eddyi_group_error *body)
{
    uint64_t id = ++task->future.loop->scope_serial;
    uint32_t count = group->error_count + (body != NULL);
    if (task->cancelling > 0) {
        const char *message = task->cancel_message;
        eddy_task_uncancel(task);
        eddy_task_cancel_with_message(task, message);
    }
    keep_errors(task, group, id, body);
    eddyi_group_error *each = task->group_errors->first;
    task->error = each->error;
    task->error.group_id = id;
    task->error.group_count = count;
    for (int i = 0; i < EDDY_ERROR_GROUP_MAX; i++) {
        task->error.group[i] = each != NULL ? each->error.code : 0;
        each = each != NULL ? each->next : NULL;
    }
    task->error_settled = false;
    return task->error.code;
}

static int finish(eddyi_scope *base, int body_result)
{
    group_scope *group = EDDYI_CONTAINER(base, group_scope, scope);
    eddy_task *task = base->task;
    eddy_error body_error = task->error;
    bool cancelled = wait_for_children(group, body_result);
    int result = body_result;
    if (group->parent_cancel_requested && eddy_task_uncancel(task) == 0) /* P6 */
        cancelled = false;
    bool body_failed = body_result < 0 && body_result != EDDY_ECANCELED;
    eddyi_scope_leave(base);
    if (group->error_count > 0 || (body_failed && !cancelled)) {
        eddyi_group_error body;
        if (body_failed)
            body = make_error(task, &body_error, body_result);
        return raise_errors(task, group, body_failed ? &body : NULL);
    }
    if (cancelled)
        result = eddyi_fail_canceled(task);
    eddyi_cell_give(task->future.loop, group);
    return result;
}

static void give_errors(eddy_loop *loop, group_scope *group)
{
    for (eddyi_group_error *each = group->first_error, *next; each != NULL; each = next) {
        next = each->next;
        eddyi_group_errors_release(each->inner);
        eddyi_cell_give(loop, each);
    }
}

static void abandon(eddyi_scope *base)
{
    group_scope *group = EDDYI_CONTAINER(base, group_scope, scope);
    eddy_loop *loop = base->task->future.loop;
    while (!eddyi_list_empty(&group->children)) {
        group_child *child = EDDYI_LIST_ITEM(group->children.next, group_child, link);
        eddyi_waiter_remove(&child->waiter);
        forget_child(loop, child);
    }
    give_errors(loop, group);
    eddyi_scope_leave(base);
    eddyi_cell_give(loop, group);
}

static const eddyi_scope_kind group_kind = {"task group", finish, abandon};

/* ---- the public side ---- */

int eddy_task_group_enter(eddy_task_group *group)
{
    eddyi_scope *base;
    if (group == NULL)
        return eddyi_fail(EDDY_EINVAL, "task_group");
    int rc = eddyi_scope_enter(ticket_of(group), &base, &group_kind, "task_group");
    if (rc < 0)
        return rc;
    group_scope *scope = EDDYI_CONTAINER(base, group_scope, scope);
    eddyi_list_init(&scope->children);
    scope->exit_wait = NULL;
    scope->first_error = scope->last_error = NULL;
    scope->error_count = 0;
    scope->aborting = scope->exiting = scope->parent_cancel_requested = false;
    return 0;
}

static int open_group(eddy_task_group *group, group_scope **out)
{
    eddyi_scope *base = group != NULL ? eddyi_scope_find(ticket_of(group)) : NULL;
    if (group == NULL)
        return EDDY_EINVAL;
    if (base == NULL)
        return EDDY_EINVALIDSTATE;
    group_scope *scope = EDDYI_CONTAINER(base, group_scope, scope);
    if (scope->aborting || (scope->exiting && eddyi_list_empty(&scope->children)))
        return EDDY_EINVALIDSTATE;
    *out = scope;
    return 0;
}

int eddy_task_group_create_task(eddy_task_group *group, eddy_task **out, eddy_coro_fn fn, void *arg,
                                const eddy_task_options *options)
{
    group_scope *scope;
    int rc = open_group(group, &scope);
    if (rc < 0)
        return eddyi_fail(rc, "task_group_create_task");
    eddy_loop *loop = scope->scope.task->future.loop;
    group_child *child = eddyi_cell_take(loop);
    if (child == NULL)
        return eddyi_fail(EDDY_ENOMEM, "task_group_create_task");
    rc = eddyi_task_create(loop, &child->task, fn, arg, options);
    if (rc < 0) {
        eddyi_cell_give(loop, child);
        return rc;
    }
    child->group = scope;
    child->waiter = (eddyi_waiter){.node.run = child_done};
    eddyi_list_append(&scope->children, &child->link);
    eddy_task_retain(child->task);
    eddyi_future_watch(&child->task->future, &child->waiter);
    if (out != NULL)
        *out = eddy_task_retain(child->task);
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
