/* variables.c: finding the current variables, copying them, and entering a context.
 * Touches the running loop's current task and callback. Nothing follows a switch: the current task is the answer. */
#include "core/context/variables.h"

#include "core/context/context.h"
#include "core/task/task.h"

static _Thread_local eddyi_variables of_thread;
static _Thread_local eddyi_thread_end end_of_thread;

/* ---- the word ---- */

static unsigned kind_of(uintptr_t word)
{
    return (unsigned)(word & EDDYI_VARIABLES_KINDS);
}

static void *pointer_of(uintptr_t word)
{
    return (void *)(word & ~(uintptr_t)EDDYI_VARIABLES_KINDS);
}

static uintptr_t word_of(void *pointer, unsigned kind)
{
    return (uintptr_t)pointer | kind;
}

static eddy_context *context_of(uintptr_t word)
{
    return kind_of(word) == EDDYI_VARIABLES_CONTEXT ? pointer_of(word) : NULL;
}

/* ---- which ones ---- */

static eddyi_variables *here(void)
{
    eddy_loop *loop = eddyi_running_loop;
    if (loop == NULL)
        return &of_thread;
    return loop->current != NULL ? &loop->current->variables : &loop->variables;
}

static eddyi_variables *resolve(eddyi_variables *variables)
{
    while (kind_of(variables->word) == EDDYI_VARIABLES_ELSEWHERE)
        variables = pointer_of(variables->word);
    return variables;
}

eddyi_variables *eddyi_variables_current(void)
{
    return resolve(here());
}

eddyi_borrowed eddyi_variables_borrow(eddyi_variables *from)
{
    eddyi_variables *place = here();
    eddyi_borrowed borrowed = {.place = place, .word = place->word};
    from = resolve(from);
    if (from == resolve(place))
        borrowed.place = NULL;
    else
        *place = eddyi_variables_elsewhere(from);
    return borrowed;
}

void eddyi_variables_return(eddyi_borrowed borrowed)
{
    if (borrowed.place != NULL)
        borrowed.place->word = borrowed.word;
}

/* ---- what is in them ---- */

eddyi_snapshot *eddyi_variables_snapshot(const eddyi_variables *variables)
{
    const eddy_context *context = context_of(variables->word);
    return context != NULL ? context->snapshot : pointer_of(variables->word);
}

bool eddyi_variables_are_of(const eddyi_variables *variables, const eddy_context *context)
{
    return context_of(variables->word) == context;
}

eddyi_variables eddyi_variables_copy_current(void)
{
    eddyi_snapshot *snapshot = eddyi_variables_snapshot(eddyi_variables_current());
    return (eddyi_variables){word_of(eddyi_snapshot_retain(snapshot), EDDYI_VARIABLES_SNAPSHOT)};
}

eddyi_variables eddyi_variables_in(eddy_context *context)
{
    return (eddyi_variables){word_of(eddy_context_retain(context), EDDYI_VARIABLES_CONTEXT)};
}

/* A release may set some again. */
static void give_back(void)
{
    eddyi_variables_drop(&of_thread);
}

/* Before something is put into them that has to be given back. */
static int prepare(const eddyi_variables *variables)
{
    return variables == &of_thread ? eddyi_thread_at_end(&end_of_thread, give_back) : 0;
}

int eddyi_variables_set(eddyi_variables *variables, const eddy_context_var *var, void *value)
{
    eddy_context *context = context_of(variables->word);
    if (context != NULL)
        return eddyi_snapshot_set(&context->snapshot, var, value);
    int rc = prepare(variables);
    eddyi_snapshot *snapshot = pointer_of(variables->word);
    if (rc == 0)
        rc = eddyi_snapshot_set(&snapshot, var, value);
    if (rc == 0)
        variables->word = word_of(snapshot, EDDYI_VARIABLES_SNAPSHOT);
    return rc;
}

int eddyi_variables_context(eddyi_variables *variables, eddy_context **out)
{
    variables = resolve(variables);
    eddy_context *context = context_of(variables->word);
    if (context == NULL) {
        int rc = prepare(variables);
        if (rc == 0)
            rc = eddy_context_create(&context);
        if (rc < 0)
            return rc;
        context->snapshot = pointer_of(variables->word);
        variables->word = word_of(context, EDDYI_VARIABLES_CONTEXT);
    }
    *out = eddy_context_retain(context);
    return 0;
}

/* ---- entering ---- */

/* The one outside of a context that was entered here; 0 when it was not. */
static uintptr_t outside_of(eddy_context *context, const eddyi_variables *variables)
{
    return atomic_load(&context->entered) == variables ? context->outside : 0;
}

static bool is_inside(eddy_context *context, const eddyi_variables *variables)
{
    eddy_context *inside = context_of(variables->word);
    while (inside != NULL && inside != context)
        inside = context_of(outside_of(inside, variables));
    return inside != NULL;
}

bool eddyi_variables_enter(eddyi_variables *variables, eddy_context *context)
{
    const eddyi_variables *nobody = NULL;
    if (is_inside(context, variables) ||
        !atomic_compare_exchange_strong(&context->entered, &nobody, variables))
        return false;
    context->outside = variables->word;
    variables->word = word_of(eddy_context_retain(context), EDDYI_VARIABLES_CONTEXT);
    return true;
}

void eddyi_variables_leave(eddyi_variables *variables, eddy_context *context)
{
    variables->word = context->outside;
    atomic_store(&context->entered, NULL);
    eddy_context_release(context);
}

/* A task that was left where it stood has not come back from the contexts that it entered. */
void eddyi_variables_clear(eddyi_variables *variables)
{
    uintptr_t word = variables->word;
    eddy_context *context;
    variables->word = 0;
    while ((context = context_of(word)) != NULL) {
        word = outside_of(context, variables);
        if (atomic_load(&context->entered) == variables)
            atomic_store(&context->entered, NULL);
        eddy_context_release(context);
    }
    eddyi_snapshot_release(pointer_of(word));
}
