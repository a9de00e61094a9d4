/* report.c: errors that nobody looked at: the exception handler and its default.
 * Touches standard error, and only here does eddy print. A handler's own report cannot come back into it. */
#include <stdio.h>

#include "core/task/task.h"

int eddy_loop_set_exception_handler(eddy_loop *loop, eddy_exception_handler_fn handler, void *arg)
{
    if (loop == NULL)
        return eddyi_fail(EDDY_EINVAL, "set_exception_handler");
    loop->exception_handler = handler;
    loop->exception_handler_arg = arg;
    return 0;
}

eddy_exception_handler_fn eddy_loop_get_exception_handler(const eddy_loop *loop)
{
    return loop != NULL ? loop->exception_handler : NULL;
}

void eddy_loop_default_exception_handler(eddy_loop *loop, const eddy_exception_context *context)
{
    char name[64] = "";
    (void)loop;
    if (context == NULL)
        return;
    if (context->task != NULL)
        (void)eddy_task_get_name(context->task, name, sizeof name);
    fprintf(stderr, "eddy: %s", context->message != NULL ? context->message : "unhandled error");
    if (name[0] != '\0')
        fprintf(stderr, "; task: %s", name);
    if (context->exception != 0)
        fprintf(stderr, "; error: %s (%s)", eddy_error_name(context->exception),
                eddy_strerror(context->exception));
    if (context->error != NULL && context->error->operation != NULL)
        fprintf(stderr, "; in: %s", context->error->operation);
    if (context->error != NULL && context->error->os_error != 0)
        fprintf(stderr, "; system error: %d", context->error->os_error);
    fputc('\n', stderr);
}

/* asyncio X4: whose variables the handler runs with. */
static eddyi_variables *variables_of(const eddy_exception_context *context)
{
    bool has_handle = context->size >= sizeof *context;
    if (context->task != NULL)
        return &context->task->variables;
    if (context->future != NULL && eddyi_future_is_task(context->future))
        return &((eddy_task *)context->future)->variables;
    return has_handle && context->handle != NULL ? eddyi_handle_variables(context->handle)
                                                 : eddyi_variables_current();
}

void eddy_loop_call_exception_handler(eddy_loop *loop, const eddy_exception_context *context)
{
    if (loop == NULL || context == NULL)
        return;
    eddy_exception_handler_fn handler = loop->exception_handler;
    if (handler == NULL || loop->reporting) {
        eddy_loop_default_exception_handler(loop, context);
        return;
    }
    loop->reporting = true;
    eddyi_variables *variables = variables_of(context);
    eddyi_borrowed borrowed = eddyi_variables_borrow(variables);
    handler(loop, context, loop->exception_handler_arg); /* may set another, or none */
    eddyi_variables_return(borrowed);
    loop->reporting = false;
}
