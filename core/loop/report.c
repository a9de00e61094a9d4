/* report.c: errors that nobody looked at: the exception handler and its default.
 * Touches the log. A handler's own report cannot come back into it. In debug mode a report tells where the thing was made. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <eddy/generator.h>
#include "core/inspect/origins.h"
#include "core/loop/log.h"
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

/* ---- the line of the default handler ---- */

typedef struct line {
    char text[1000];
    size_t size;
} line;

static void add(line *to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(to->text + to->size, sizeof to->text - to->size, format, arguments);
    va_end(arguments);
    to->size += length > 0 ? (size_t)length : 0;
    if (to->size >= sizeof to->text)
        to->size = sizeof to->text - 1; /* cut */
}

/* What asyncio's exceptions say of themselves. */
static void add_detail(line *to, const eddy_loop *loop, const eddy_error *error)
{
    unsigned long long partial = error->partial, expected = error->expected, consumed = error->consumed;
    if (error->operation != NULL)
        add(to, "; in: %s", error->operation);
    if (error->message != NULL)
        add(to, "; message: %s", error->message);
    if (error->os_error != 0)
        add(to, "; system error: %d", error->os_error);
    if (error->code == EDDY_EINCOMPLETE && expected != 0)
        add(to, "; %llu bytes read on a total of %llu expected bytes", partial, expected);
    else if (error->code == EDDY_EINCOMPLETE)
        add(to, "; %llu bytes read on a total of undefined expected bytes", partial);
    if (error->code == EDDY_ELIMIT)
        add(to, "; consumed: %llu", consumed);
    const eddyi_group_errors *group = eddyi_group_errors_find(loop, error->group_id);
    const char *before = "; errors of the group:";
    for (const eddy_error *each = NULL;
         group != NULL && (each = eddyi_group_errors_next(group, each)) != NULL; before = ",")
        add(to, "%s %s", before, eddy_error_name(each->code));
}

static const char *text_of(const eddy_exception_context *context)
{
    return context->size >= sizeof *context ? context->text : NULL;
}

void eddy_loop_default_exception_handler(eddy_loop *loop, const eddy_exception_context *context)
{
    char name[EDDYI_LABEL_SIZE] = "";
    line to = {.size = 0};
    if (context == NULL)
        return;
    add(&to, "%s", context->message != NULL ? context->message : "unhandled error");
    if (context->task != NULL)
        add(&to, "; task: %s", eddyi_task_label(context->task, name));
    if (context->generator != NULL)
        add(&to, "; asyncgen: %s", eddy_generator_name(context->generator));
    if (context->exception != 0)
        add(&to, "; error: %s (%s)", eddy_error_name(context->exception), eddy_strerror(context->exception));
    if (context->error != NULL)
        add_detail(&to, loop, context->error);
    eddyi_log(EDDY_LOG_ERROR, loop, text_of(context), "%s", to.text);
}

/* ---- telling the handler ---- */

/* asyncio X4: whose variables the handler runs with. */
static eddyi_variables *variables_of(const eddy_exception_context *context)
{
    bool has_handle = context->size >= offsetof(eddy_exception_context, generator);
    if (context->task != NULL)
        return &context->task->variables;
    if (context->future != NULL && eddyi_future_is_task(context->future))
        return &((eddy_task *)context->future)->variables;
    return has_handle && context->handle != NULL ? eddyi_handle_variables(context->handle)
                                                 : eddyi_variables_current();
}

static void tell(eddy_loop *loop, const eddy_exception_context *context)
{
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

/* asyncio's source_traceback. */
static void tell_with_origin(eddy_loop *loop, const eddy_exception_context *context)
{
    eddy_exception_context whole = {0};
    eddyi_text text;
    const void *object = context->task != NULL ? (const void *)context->task : context->future;
    eddyi_text_init(&text, &loop->allocator);
    EDDYI_ALLOW_MEMORY(); /* debug mode may fail to find some */
    if (object != NULL)
        eddyi_origin_tell(loop, object, &text);
    EDDYI_FORBID_MEMORY();
    memcpy(&whole, context, context->size < sizeof whole ? context->size : sizeof whole);
    whole.size = sizeof whole;
    whole.text = text.data;
    tell(loop, &whole);
    eddyi_text_free(&text);
}

void eddy_loop_call_exception_handler(eddy_loop *loop, const eddy_exception_context *context)
{
    if (loop == NULL || context == NULL)
        return;
    if (loop->origin_count == 0 || text_of(context) != NULL)
        tell(loop, context);
    else
        tell_with_origin(loop, context);
}
