/* context.c: contexts as objects: made, copied, run in, looked into.
 * Touches the process's allocator. A context outlives every loop; what is set in it goes with its last reference. */
#include "core/context/context.h"

#include "core/task/task.h"

static int create(eddy_context **out, eddyi_snapshot *snapshot, const char *operation)
{
    const eddy_allocator *allocator = eddyi_default_allocator();
    if (out == NULL)
        return eddyi_fail(EDDY_EINVAL, operation);
    eddy_context *context = eddyi_allocate(allocator, sizeof *context);
    if (context == NULL)
        return eddyi_fail(EDDY_ENOMEM, operation);
    eddyi_owned_init(&context->owned, 1, allocator);
    context->snapshot = eddyi_snapshot_retain(snapshot);
    atomic_init(&context->entered, NULL);
    *out = context;
    return 0;
}

int eddy_context_create(eddy_context **out)
{
    return create(out, NULL, "Context");
}

int eddy_copy_context(eddy_context **out)
{
    return create(out, eddyi_variables_snapshot(eddyi_variables_current()), "copy_context");
}

int eddy_context_copy(const eddy_context *context, eddy_context **out)
{
    if (context == NULL)
        return eddyi_fail(EDDY_EINVAL, "Context.copy");
    return create(out, context->snapshot, "Context.copy");
}

eddy_context *eddy_context_retain(eddy_context *context)
{
    if (context != NULL)
        eddyi_own(&context->owned);
    return context;
}

void eddy_context_release(eddy_context *context)
{
    if (context == NULL || !eddyi_disown_last(&context->owned))
        return;
    eddyi_snapshot_release(context->snapshot);
    eddyi_owned_free(&context->owned, context);
}

int eddy_context_run(eddy_context *context, eddy_coro_fn fn, void *arg)
{
    if (context == NULL || fn == NULL)
        return eddyi_fail(EDDY_EINVAL, "Context.run");
    eddyi_variables *variables = eddyi_variables_current();
    if (!eddyi_variables_enter(variables, context))
        return eddyi_fail(EDDY_EINVALIDSTATE, "Context.run");
    int result = fn(arg);
    eddyi_variables_leave(variables, context);
    return result;
}

/* ---- looking ---- */

static const eddyi_snapshot *snapshot_of(const eddy_context *context)
{
    return context != NULL ? context->snapshot : eddyi_variables_snapshot(eddyi_variables_current());
}

bool eddy_context_get(const eddy_context *context, void **out, const eddy_context_var *var)
{
    const eddyi_binding *binding = eddyi_snapshot_find(snapshot_of(context), var);
    if (binding != NULL && out != NULL)
        *out = binding->value;
    return binding != NULL;
}

size_t eddy_context_items(const eddy_context *context, eddy_context_item *out, size_t capacity)
{
    const eddyi_snapshot *snapshot = snapshot_of(context);
    size_t count = snapshot != NULL ? snapshot->count : 0;
    for (size_t i = 0; out != NULL && i < count && i < capacity; i++)
        out[i] = (eddy_context_item){snapshot->entries[i].var, snapshot->entries[i].binding->value};
    return count;
}
