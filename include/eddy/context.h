/* context.h: context variables: values that belong to a task, a callback or a thread, and travel with what it starts.
 * Python's contextvars. A copy of a context costs one count, so every task and every callback has a context of its own. */
#ifndef EDDY_CONTEXT_H
#define EDDY_CONTEXT_H

#include <eddy/config.h>
#include <eddy/error.h>

EDDY_BEGIN

/* A variable. Make it static: it is known by its address. EDDY_CONTEXT_VAR("user", "nobody") is its initialiser, or with a release:
 *     static const eddy_context_var request = {.name = "request", .release = request_release}; */
typedef struct eddy_context_var {
    const char *name;
    void *default_value; /* what eddy_context_var_get gives while none is set; never released */
    /* NULL, or called once with each value that was set, when the last context that holds it has let it go; on that one's thread */
    eddy_callback_fn release;
} eddy_context_var;

#define EDDY_CONTEXT_VAR(name, default_value)                                                                \
    {                                                                                                        \
        (name), (void *)(default_value), NULL                                                                \
    }

/* What a set can be taken back with. Give it to eddy_context_var_reset or eddy_context_token_release, once; not to be copied. */
typedef struct eddy_context_token {
    void *reserved[4];
    int state;
} eddy_context_token;

/**
 * The value of a variable where the caller runs: in the task's context, else the callback's, else the thread's.
 *
 * asyncio   contextvars.ContextVar.get
 * returns   the value, or the variable's default when none is set
 * thread    any
 * since     0.1
 */
EDDY_API void *eddy_context_var_get(const eddy_context_var *var);

/**
 * Set it in the current context. Who was started before does not see it.
 *
 * asyncio   contextvars.ContextVar.set
 * takes     token: NULL, or filled in, to take this back with; value: the context's on success, for the variable's release
 * errors    EDDY_ENOMEM · EDDY_EAGAIN the thread cannot be made to give its values back at its end · EDDY_EINVAL
 * thread    any
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_context_var_set(const eddy_context_var *var, eddy_context_token *token,
                                             void *value);

/**
 * Put back what the variable was, or was not, before the set that made the token.
 *
 * Needs no memory when nothing was set in this context since, or no copy was taken of it since.
 *
 * asyncio   contextvars.ContextVar.reset
 * takes     token: used up on success
 * errors    EDDY_EINVALIDSTATE the token was used up before · EDDY_EINVAL it is another variable's, or another context's ·
 *           EDDY_ENOMEM nothing has changed
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_context_var_reset(const eddy_context_var *var, eddy_context_token *token);

/**
 * What the variable was before that set.
 *
 * asyncio   contextvars.Token.old_value
 * takes     out: gets the value, if there was one
 * returns   false when it was not set, or the token is used up
 * thread    any
 * since     0.1
 */
EDDY_API bool eddy_context_token_old_value(const eddy_context_token *token, void **out);

/**
 * Give a token back that will not be used. A used one, an empty one and NULL are fine.
 *
 * thread    any
 * since     0.1
 */
EDDY_API void eddy_context_token_release(eddy_context_token *token);

/**
 * A context that is as the current one now, and goes its own way from here.
 *
 * asyncio   contextvars.copy_context
 * returns   0 and a reference in *out, which eddy_context_release gives back
 * errors    EDDY_ENOMEM · EDDY_EINVAL
 * thread    any
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_copy_context(eddy_context **out);

/**
 * A context in which nothing is set.
 *
 * asyncio   contextvars.Context
 * returns   as eddy_copy_context
 * errors    EDDY_ENOMEM · EDDY_EINVAL
 * thread    any
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_context_create(eddy_context **out);

/**
 * A copy of that context.
 *
 * asyncio   contextvars.Context.copy
 * returns   as eddy_copy_context
 * errors    EDDY_ENOMEM · EDDY_EINVAL
 * thread    the one that uses the context
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_context_copy(const eddy_context *context, eddy_context **out);

/**
 * One more reference.
 *
 * thread    any
 * since     0.1
 */
EDDY_API eddy_context *eddy_context_retain(eddy_context *context);

/**
 * Give a reference back; NULL is fine.
 *
 * thread    any
 * since     0.1
 */
EDDY_API void eddy_context_release(eddy_context *context);

/**
 * Call fn(arg) in that context: what it sets stays in the context, and is not seen where it was called from.
 *
 * One call at a time: the context of a caller, or one in which a call has not come back, cannot be entered again. In a task fn may
 * await; other tasks keep their own contexts meanwhile.
 *
 * asyncio   contextvars.Context.run
 * suspends  as fn does
 * returns   what fn returns
 * errors    EDDY_EINVALIDSTATE already entered, fn was not called · EDDY_EINVAL · fn's own
 * thread    any, one at a time
 * since     0.1
 */
EDDY_AWAIT int eddy_context_run(eddy_context *context, eddy_coro_fn fn, void *arg);

/**
 * Look a variable up in a context.
 *
 * asyncio   contextvars.Context.get
 * takes     context: NULL is the current one; out: gets the value when it is set; may be NULL
 * returns   whether it is set there; a default does not count
 * thread    the one that uses the context
 * since     0.1
 */
EDDY_API bool eddy_context_get(const eddy_context *context, void **out, const eddy_context_var *var);

typedef struct eddy_context_item {
    const eddy_context_var *var;
    void *value;
} eddy_context_item;

/**
 * All that is set in a context, in no particular order. Valid while the context is not changed.
 *
 * asyncio   contextvars.Context.items
 * takes     context: NULL is the current one; out: room for `capacity` items; may be NULL with 0
 * returns   how many there are, also when more than capacity
 * thread    the one that uses the context
 * since     0.1
 */
EDDY_API size_t eddy_context_items(const eddy_context *context, eddy_context_item *out, size_t capacity);

EDDY_END

#endif
