/* report.c: errors that nobody looked at: the exception handler and its default.
 * Touches standard error, and only here does eddy print. A handler's own report cannot come back into it. */
#include <stdio.h>

#include <eddy/generator.h>
#include "core/inspect/text.h"
#include "core/task/group_errors.h"

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

/* What asyncio's exceptions say of themselves. */
static void write_detail(const eddy_loop *loop, const eddy_error *error)
{
    unsigned long long partial = error->partial, expected = error->expected, consumed = error->consumed;
    if (error->operation != NULL)
        fprintf(stderr, "; in: %s", error->operation);
    if (error->message != NULL)
        fprintf(stderr, "; message: %s", error->message);
    if (error->os_error != 0)
        fprintf(stderr, "; system error: %d", error->os_error);
    if (error->code == EDDY_EINCOMPLETE && expected != 0)
        fprintf(stderr, "; %llu bytes read on a total of %llu expected bytes", partial, expected);
    else if (error->code == EDDY_EINCOMPLETE)
        fprintf(stderr, "; %llu bytes read on a total of undefined expected bytes", partial);
    if (error->code == EDDY_ELIMIT)
        fprintf(stderr, "; consumed: %llu", consumed);
    const eddyi_group_errors *group = eddyi_group_errors_find(loop, error->group_id);
    const char *before = "; errors of the group:";
    for (const eddy_error *each = NULL;
         group != NULL && (each = eddyi_group_errors_next(group, each)) != NULL; before = ",")
        fprintf(stderr, "%s %s", before, eddy_error_name(each->code));
}

void eddy_loop_default_exception_handler(eddy_loop *loop, const eddy_exception_context *context)
{
    char name[EDDYI_LABEL_SIZE] = "";
    if (context == NULL)
        return;
    if (context->task != NULL)
        (void)eddyi_task_label(context->task, name);
    fprintf(stderr, "eddy: %s", context->message != NULL ? context->message : "unhandled error");
    if (name[0] != '\0')
        fprintf(stderr, "; task: %s", name);
    if (context->generator != NULL)
        fprintf(stderr, "; asyncgen: %s", eddy_generator_name(context->generator));
    if (context->exception != 0)
        fprintf(stderr, "; error: %s (%s)", eddy_error_name(context->exception),
                eddy_strerror(context->exception));
    if (context->error != NULL)
        write_detail(loop, context->error);
    fputc('\n', stderr);
    if (context->size >= sizeof *context && context->text != NULL)
        fputs(context->text, stderr);
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
    EDDYI_ALLOW_MEMORY(); /* also while a loop closes: what user code does is its own affair */
    handler(loop, context, loop->exception_handler_arg); /* may set another, or none */
    EDDYI_FORBID_MEMORY();
    eddyi_variables_return(borrowed);
    loop->reporting = false;
}
