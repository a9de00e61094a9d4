/* var.c: getting, setting and resetting a variable where the caller runs.
 * Touches the current variables. A token works once, for its variable, in the context in which it was made. */
#include "core/context/context.h"
#include "core/task/task.h"

enum { TOKEN_EMPTY, TOKEN_FRESH, TOKEN_USED };

/* What an eddy_context_token is. It holds what was set before and after, so that going back needs no memory. */
typedef struct token {
    const eddy_context_var *var;
    eddy_context *context;
    eddyi_snapshot *before, *after;
    int state;
} token;

_Static_assert(sizeof(token) <= sizeof(eddy_context_token), "a token fits");

static token *inside(eddy_context_token *given)
{
    return (token *)(void *)given;
}

void *eddy_context_var_get(const eddy_context_var *var)
{
    const eddyi_binding *binding;
    if (var == NULL)
        return NULL;
    binding = eddyi_snapshot_find(eddyi_variables_snapshot(eddyi_variables_current()), var);
    return binding != NULL ? binding->value : var->default_value;
}

static int set_with_token(eddyi_variables *variables, const eddy_context_var *var, token *made, void *value)
{
    eddy_context *context;
    int rc = eddyi_variables_context(variables, &context);
    if (rc < 0)
        return rc;
    eddyi_snapshot *before = eddyi_snapshot_retain(context->snapshot);
    rc = eddyi_snapshot_set(&context->snapshot, var, value);
    if (rc < 0) {
        eddyi_snapshot_release(before); /* not the last */
        eddy_context_release(context);
        return rc;
    }
    *made = (token){var, context, before, eddyi_snapshot_retain(context->snapshot), TOKEN_FRESH};
    return 0;
}

int eddy_context_var_set(const eddy_context_var *var, eddy_context_token *made, void *value)
{
    if (var == NULL)
        return eddyi_fail(EDDY_EINVAL, "ContextVar.set");
    eddyi_variables *variables = eddyi_variables_current();
    int rc = made != NULL ? set_with_token(variables, var, inside(made), value)
                          : eddyi_variables_set(variables, var, value);
    return rc < 0 ? eddyi_fail(rc, "ContextVar.set") : 0;
}

/* ---- tokens ---- */

/* What it holds goes last: a release may come back here. */
static void use_up(token *self)
{
    token copy = *self;
    self->state = TOKEN_USED;
    eddyi_snapshot_release(copy.before);
    eddyi_snapshot_release(copy.after);
    eddy_context_release(copy.context);
}

/* Nothing was set since: the whole of it is as it was before. */
static void go_back(eddy_context *context, const token *self)
{
    context->snapshot = eddyi_snapshot_retain(self->before);
    eddyi_snapshot_release(self->after); /* not the last */
}

int eddy_context_var_reset(const eddy_context_var *var, eddy_context_token *given)
{
    token *self = inside(given);
    if (var == NULL || given == NULL || self->state == TOKEN_EMPTY)
        return eddyi_fail(EDDY_EINVAL, "ContextVar.reset");
    if (self->state == TOKEN_USED)
        return eddyi_fail(EDDY_EINVALIDSTATE, "ContextVar.reset");
    if (self->var != var || !eddyi_variables_are_of(eddyi_variables_current(), self->context))
        return eddyi_fail(EDDY_EINVAL, "ContextVar.reset");
    if (self->context->snapshot == self->after) {
        go_back(self->context, self);
    } else if (eddyi_snapshot_adopt(&self->context->snapshot, var, self->before) < 0) {
        return eddyi_fail(EDDY_ENOMEM, "ContextVar.reset");
    }
    use_up(self);
    return 0;
}

bool eddy_context_token_old_value(const eddy_context_token *given, void **out)
{
    const token *self = (const token *)(const void *)given;
    if (given == NULL || self->state != TOKEN_FRESH)
        return false;
    const eddyi_binding *binding = eddyi_snapshot_find(self->before, self->var);
    if (binding != NULL && out != NULL)
        *out = binding->value;
    return binding != NULL;
}

void eddy_context_token_release(eddy_context_token *given)
{
    if (given != NULL && inside(given)->state == TOKEN_FRESH)
        use_up(inside(given));
}
