/* scope.c: the chain of entered scopes of a task.
 * Touches cells and the exception handler. The caller's struct is never linked anywhere, so forgetting it corrupts nothing. */
#include "core/task/scope.h"

_Static_assert(sizeof(eddyi_scope_ticket) <= sizeof(eddy_timeout), "the public struct holds a ticket");
_Static_assert(sizeof(eddyi_scope_ticket) <= sizeof(eddy_task_group), "the public struct holds a ticket");

/* A limit is never silently not armed: the block is cancelled, and exit returns the error. */
int eddyi_scope_refuse(eddyi_scope_ticket *ticket, int code, const char *operation)
{
    eddy_task *task = eddyi_current_task();
    *ticket = (eddyi_scope_ticket){.error = code, .state = EDDYI_SCOPE_FAILED};
    eddyi_fail(code, operation);
    if (task != NULL)
        eddy_task_cancel(task);
    return code;
}

/* What the struct holds before it is entered is anybody's guess, so only its place is compared. */
static bool entered_already(const eddy_task *task, const void *ticket)
{
    for (const eddyi_scope *entered = task->scopes; entered != NULL; entered = entered->outer)
        if (entered->ticket == ticket)
            return true;
    return false;
}

int eddyi_scope_enter(eddyi_scope_ticket *ticket, eddyi_scope **out, const eddyi_scope_kind *kind,
                      const char *operation)
{
    eddy_task *task = eddyi_current_task();
    if (task == NULL)
        return eddyi_scope_refuse(ticket, EDDY_ENOTASK, operation);
    if (entered_already(task, ticket))
        return eddyi_scope_refuse(ticket, EDDY_EINVALIDSTATE, operation);
    eddy_loop *loop = task->future.loop;
    eddyi_scope *scope = eddyi_cell_take(loop);
    if (scope == NULL)
        return eddyi_scope_refuse(ticket, EDDY_ENOMEM, operation);
    *scope = (eddyi_scope){
        .outer = task->scopes, .kind = kind, .task = task, .ticket = ticket, .serial = ++loop->scope_serial};
    task->scopes = scope;
    *ticket = (eddyi_scope_ticket){.scope = scope, .serial = scope->serial, .state = EDDYI_SCOPE_ACTIVE};
    *out = scope;
    return 0;
}

/* Cells stay readable while the loop lives, so a stale ticket is found out by its number. */
eddyi_scope *eddyi_scope_find(const eddyi_scope_ticket *ticket)
{
    if (ticket->state != EDDYI_SCOPE_ACTIVE || ticket->scope->serial != ticket->serial)
        return NULL;
    return ticket->scope;
}

void eddyi_scope_leave(eddyi_scope *scope)
{
    scope->task->scopes = scope->outer;
    scope->serial = 0;
}

static int close_forgotten(eddy_task *task, int result)
{
    eddyi_scope *scope = task->scopes;
    eddy_exception_context context = {.size = sizeof context,
                                      .message = "a timeout or task group was entered and never exited",
                                      .exception = EDDY_EUNCLOSED,
                                      .task = task};
    eddy_loop_call_exception_handler(task->future.loop, &context);
    return scope->kind->close(scope, result);
}

static bool entered_in(const eddy_task *task, const eddyi_scope *scope)
{
    for (const eddyi_scope *entered = task->scopes; entered != NULL; entered = entered->outer)
        if (entered == scope)
            return true;
    return false;
}

int eddyi_scope_exit(eddyi_scope_ticket *ticket, eddyi_scope **out, const char *operation)
{
    eddy_task *task = eddyi_current_task();
    if (ticket->state == EDDYI_SCOPE_FAILED) {
        if (task != NULL)
            eddy_task_uncancel(task);
        ticket->state = EDDYI_SCOPE_FINISHED;
        return ticket->error;
    }
    eddyi_scope *scope = eddyi_scope_find(ticket);
    if (scope == NULL || task == NULL || !entered_in(task, scope))
        return eddyi_fail(EDDY_EINVALIDSTATE, operation);
    while (task->scopes != scope)
        (void)close_forgotten(task, 0);
    *out = scope;
    return 0;
}

int eddyi_scopes_close(eddy_task *task, const eddyi_scope *outer, int result)
{
    while (task->scopes != NULL && task->scopes != outer)
        result = close_forgotten(task, result);
    return result;
}

void eddyi_scopes_abandon(eddy_task *task, const eddyi_scope *outer)
{
    while (task->scopes != NULL && task->scopes != outer)
        task->scopes->kind->abandon(task->scopes);
}
