/* future.c: futures: finish once, tell each waiter once, in order of registration.
 * Touches the ready queue. Nobody is called inline: a waiter is queued, or its task's step is. */
#include <assert.h>

#include "core/inspect/origins.h"

_Static_assert(sizeof(eddy_future) <= EDDYI_CELL_SIZE, "a future fits a cell");

static void destroy_plain(eddy_future *future)
{
    eddyi_cell_give(future->loop, future);
}

static const eddyi_future_kind plain_kind = {"Future", eddyi_future_cancel_plain, destroy_plain, NULL, NULL};

void eddyi_future_init(eddy_future *future, eddy_loop *loop, const eddyi_future_kind *kind)
{
    *future = (eddy_future){.loop = loop, .kind = kind, .references = 1};
    eddyi_list_init(&future->waiters);
    eddyi_loop_object_add(loop);
}

int eddyi_future_allocate(eddy_future **out, eddy_loop *loop, const eddyi_future_kind *kind)
{
    eddy_future *future = eddyi_cell_take(loop);
    if (future == NULL)
        return EDDY_ENOMEM;
    eddyi_future_init(future, loop, kind);
    *out = future;
    return 0;
}

int eddy_loop_create_future(eddy_loop *loop, eddy_future **out)
{
    if (loop == NULL || out == NULL)
        return eddyi_fail(EDDY_EINVAL, "create_future");
    int rc = eddyi_future_allocate(out, loop, &plain_kind);
    if (rc < 0)
        return eddyi_fail(rc, "create_future");
    if ((loop->held & EDDYI_HELD_BY_DEBUG) != 0)
        eddyi_origin_note_future(*out);
    return 0;
}

eddy_future *eddy_future_retain(eddy_future *future)
{
    if (future != NULL)
        future->references++;
    return future;
}

static void fill_detail(eddy_future *future, int code, eddy_error *detail)
{
    eddy_future *cause = future->kind->cause != NULL ? future->kind->cause(future) : NULL;
    *detail = (eddy_error){.code = code};
    if (cause != NULL)
        fill_detail(cause, code, detail);
    else if (code >= 0)
        *detail = (eddy_error){0};
    else if (eddyi_future_is_task(future))
        *detail = ((eddy_task *)future)->error;
    else if (future->state == EDDYI_FUTURE_CANCELLED)
        detail->message = future->value;
}

static void report_unseen(eddy_future *future)
{
    static const char *const messages[2][2] = {
        {"Future result was never retrieved", "Task result was never retrieved"},
        {"Future exception was never retrieved", "Task exception was never retrieved"}};
    bool is_task = eddyi_future_is_task(future), failed = future->result < 0;
    eddy_error detail;
    fill_detail(future, future->result, &detail);
    eddy_exception_context context = {
        .size = sizeof context,
        .message = messages[failed][is_task],
        .exception = failed ? future->result : 0,
        .error = failed ? &detail : NULL,
        .future = future,
        .task = is_task ? (eddy_task *)future : NULL,
    };
    eddy_loop_call_exception_handler(future->loop, &context);
}

void eddy_future_release(eddy_future *future)
{
    if (future == NULL || --future->references != 0)
        return;
    eddy_loop *loop = future->loop;
    if (future->unseen && !future->silent && !loop->closing) {
        future->references++; /* a handler may look at it, and even keep it */
        future->unseen = false;
        report_unseen(future);
        if (--future->references != 0)
            return;
    }
    if (future->value_release != NULL)
        future->value_release(future->value);
    if (future->has_origin)
        eddyi_origin_forget(loop, future);
    future->kind->destroy(future);
    eddyi_loop_object_remove(loop);
}

/* ---- waiters ---- */

static void notify(eddy_future *future, eddyi_waiter *waiter)
{
    if (waiter->task != NULL)
        eddyi_task_wake(waiter->task, 0);
    else
        eddyi_ready_push(future->loop, &waiter->node);
}

void eddyi_future_watch(eddy_future *future, eddyi_waiter *waiter)
{
    waiter->future = future;
    eddyi_list_init(&waiter->node.link);
    if (future->state == EDDYI_FUTURE_PENDING)
        eddyi_list_append(&future->waiters, &waiter->node.link);
    else
        notify(future, waiter);
}

void eddyi_waiter_remove(eddyi_waiter *waiter)
{
    if (eddyi_list_empty(&waiter->node.link))
        return;
    if (waiter->future->state == EDDYI_FUTURE_PENDING)
        eddyi_list_remove(&waiter->node.link);
    else
        eddyi_ready_remove(waiter->future->loop, &waiter->node);
}

/* In debug mode a result that says something is missed too; 0 says no more than that it is over. */
static bool is_to_be_seen(const eddy_future *future, int result)
{
    if (result < 0)
        return result != EDDY_ECANCELED;
    bool says_something = result > 0 || future->value != NULL;
    return says_something && future->loop->debug &&
           (eddyi_future_is_task(future) || future->kind == &plain_kind);
}

void eddyi_future_finish(eddy_future *future, enum eddyi_future_state state, int result)
{
    eddyi_list *link;
    assert(future->state == EDDYI_FUTURE_PENDING);
    future->state = (uint8_t)state;
    future->result = result;
    future->unseen = state == EDDYI_FUTURE_FINISHED && is_to_be_seen(future, result);
    while ((link = eddyi_list_take(&future->waiters)) != NULL)
        notify(future, EDDYI_CONTAINER(link, eddyi_waiter, node.link));
}

int eddyi_future_outcome(eddy_future *future)
{
    future->unseen = false;
    return future->state == EDDYI_FUTURE_CANCELLED ? EDDY_ECANCELED : future->result;
}

/* ---- setting ---- */

static int settable(const eddy_future *future, const char *operation)
{
    if (future == NULL)
        return eddyi_fail(EDDY_EINVAL, operation);
    if (future->state != EDDYI_FUTURE_PENDING || future->kind != &plain_kind)
        return eddyi_fail(EDDY_EINVALIDSTATE, operation);
    return 0;
}

int eddy_future_set_result(eddy_future *future, int result)
{
    int rc = settable(future, "set_result");
    if (rc == 0 && result < 0)
        rc = eddyi_fail(EDDY_EINVAL, "set_result");
    if (rc == 0)
        eddyi_future_finish(future, EDDYI_FUTURE_FINISHED, result);
    return rc;
}

int eddy_future_set_value(eddy_future *future, void *value, eddy_callback_fn release)
{
    int rc = settable(future, "set_value");
    if (rc < 0)
        return rc;
    future->value = value;
    future->value_release = release;
    eddyi_future_finish(future, EDDYI_FUTURE_FINISHED, 0);
    return 0;
}

int eddy_future_set_exception(eddy_future *future, int code)
{
    int rc = settable(future, "set_exception");
    if (rc == 0 && (code >= 0 || code == EDDY_ECANCELED))
        rc = eddyi_fail(EDDY_EINVAL, "set_exception");
    if (rc == 0)
        eddyi_future_finish(future, EDDYI_FUTURE_FINISHED, code);
    return rc;
}

bool eddyi_future_cancel_plain(eddy_future *future, const char *message)
{
    future->unseen = false;
    if (future->state != EDDYI_FUTURE_PENDING)
        return false;
    future->value = (void *)(uintptr_t)message;
    eddyi_future_finish(future, EDDYI_FUTURE_CANCELLED, EDDY_ECANCELED);
    return true;
}

bool eddy_future_cancel(eddy_future *future)
{
    return eddy_future_cancel_with_message(future, NULL);
}

bool eddy_future_cancel_with_message(eddy_future *future, const char *message)
{
    return future != NULL && future->kind->cancel(future, message);
}

/* ---- looking ---- */

bool eddy_future_cancelled(const eddy_future *future)
{
    return future != NULL && future->state == EDDYI_FUTURE_CANCELLED;
}

bool eddy_future_done(const eddy_future *future)
{
    return future != NULL && future->state != EDDYI_FUTURE_PENDING;
}

int eddy_future_result(eddy_future *future)
{
    if (future == NULL)
        return eddyi_fail(EDDY_EINVAL, "result");
    if (future->state == EDDYI_FUTURE_PENDING)
        return eddyi_fail(EDDY_EINVALIDSTATE, "result");
    return eddyi_future_outcome(future);
}

const eddy_task *eddyi_future_origin(const eddy_future *future)
{
    while (future->kind->cause != NULL) {
        const eddy_future *cause = future->kind->cause(future);
        if (cause == NULL)
            return NULL;
        future = cause;
    }
    return eddyi_future_is_task(future) ? (const eddy_task *)future : NULL;
}

int eddy_future_exception(eddy_future *future, eddy_error *detail)
{
    int outcome = eddy_future_result(future);
    if (future == NULL || future->state == EDDYI_FUTURE_PENDING)
        return outcome;
    if (detail != NULL)
        fill_detail(future, outcome, detail);
    return outcome < 0 ? outcome : 0;
}

void *eddy_future_value(const eddy_future *future)
{
    if (future == NULL || future->state != EDDYI_FUTURE_FINISHED)
        return NULL;
    if (future->result >= 0)
        ((eddy_future *)(uintptr_t)future)->unseen = false; /* not part of what the caller sees of it */
    return future->value;
}

eddy_loop *eddy_future_get_loop(const eddy_future *future)
{
    return future != NULL ? future->loop : NULL;
}

/* ---- done callbacks ---- */

typedef struct done_callback {
    eddyi_waiter waiter;
    eddy_done_fn fn;
    void *arg;
    eddyi_variables variables;
} done_callback;

_Static_assert(sizeof(done_callback) <= EDDYI_CELL_SIZE, "a done callback fits a cell");

static void done_callback_run(eddyi_node *node)
{
    done_callback *callback = EDDYI_CONTAINER(node, done_callback, waiter.node);
    done_callback copy = *callback;
    eddy_loop *loop = copy.waiter.future->loop;
    eddyi_cell_give(loop, callback);
    loop->variables = copy.variables;
    if (!loop->closed)
        copy.fn(copy.waiter.future, copy.arg);
    eddy_future_release(copy.waiter.future);
}

int eddy_future_add_done_callback(eddy_future *future, eddy_done_fn fn, void *arg)
{
    return eddy_future_add_done_callback_in_context(future, fn, arg, NULL);
}

int eddy_future_add_done_callback_in_context(eddy_future *future, eddy_done_fn fn, void *arg,
                                             eddy_context *context)
{
    if (future == NULL || fn == NULL)
        return eddyi_fail(EDDY_EINVAL, "add_done_callback");
    if (future->loop->closed)
        return eddyi_fail(EDDY_ECLOSED, "add_done_callback");
    done_callback *callback = eddyi_cell_take(future->loop);
    if (callback == NULL)
        return eddyi_fail(EDDY_ENOMEM, "add_done_callback");
    *callback = (done_callback){.waiter.node.run = done_callback_run, .fn = fn, .arg = arg};
    callback->variables =
        context != NULL ? eddyi_variables_in(context) : eddyi_variables_capture(future->loop);
    eddy_future_retain(future);
    eddyi_future_watch(future, &callback->waiter);
    return 0;
}

/* After the search: what goes with its variables may be the user's. */
static int discard(eddy_future *future, eddyi_list *removed)
{
    eddyi_list *link;
    int count = 0;
    while ((link = eddyi_list_take(removed)) != NULL) {
        done_callback *callback = EDDYI_CONTAINER(link, done_callback, waiter.node.link);
        eddyi_variables variables = callback->variables;
        eddyi_cell_give(future->loop, callback);
        eddyi_variables_drop(&variables);
        eddy_future_release(future); /* the caller holds another reference */
        count++;
    }
    return count;
}

int eddy_future_remove_done_callback(eddy_future *future, eddy_done_fn fn, void *arg)
{
    eddyi_list removed;
    if (future == NULL)
        return 0;
    if (future->state != EDDYI_FUTURE_PENDING)
        return 0;
    eddyi_list_init(&removed);
    for (eddyi_list *link = future->waiters.next; link != &future->waiters;) {
        eddyi_waiter *waiter = EDDYI_CONTAINER(link, eddyi_waiter, node.link);
        link = link->next;
        done_callback *callback = EDDYI_CONTAINER(waiter, done_callback, waiter);
        if (waiter->task != NULL || waiter->node.run != done_callback_run || callback->fn != fn ||
            callback->arg != arg)
            continue;
        eddyi_list_remove(&waiter->node.link);
        eddyi_list_append(&removed, &waiter->node.link);
    }
    return discard(future, &removed);
}
