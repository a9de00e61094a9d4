/* concurrent.c: a task started from another thread, and the future by which that thread hears of it. Rule numbers Y2-Y4 are those of
 * asyncio's inventory.
 * Touches a loop's inbox and seam 2's locks. The state is under the mutex; the task is its loop's thread's alone. */
#include <string.h>

#include "core/thread/concurrent.h"

#include "core/base/monitor.h"

struct eddy_concurrent_future {
    atomic_uint references; /* users', the loop's side, a posted cancel, and each future that follows */
    eddyi_mutex mutex;
    eddyi_condition ended;
    enum eddyi_future_state state;
    int result;
    eddy_error error;
    eddyi_list followers; /* eddyi_follower.link */
    eddy_loop *loop;      /* one life of it */
    /* of its thread */
    eddyi_node start, cancel;
    eddyi_waiter waiter; /* on the task */
    eddy_task *task;
    eddy_coro_fn fn;
    void *arg;
    eddy_task_options options;
    eddyi_variables variables; /* that the task begins with */
    eddy_allocator allocator;
    char name[]; /* options.name */
};

/* ---- references ---- */

eddy_concurrent_future *eddy_concurrent_future_retain(eddy_concurrent_future *future)
{
    if (future != NULL)
        atomic_fetch_add(&future->references, 1);
    return future;
}

static void destroy(eddy_concurrent_future *future)
{
    eddy_allocator allocator = future->allocator;
    eddy_loop *loop = future->loop;
    eddyi_monitor_destroy(&future->mutex, &future->ended);
    eddyi_release(&allocator, future);
    eddyi_loop_life_remove(loop);
}

void eddy_concurrent_future_release(eddy_concurrent_future *future)
{
    if (future != NULL && atomic_fetch_sub(&future->references, 1) == 1)
        destroy(future);
}

/* ---- the end ---- */

static void post_follower(eddyi_follower *follower)
{
    eddy_loop *loop = follower->loop;
    if (eddyi_loop_post(loop, &follower->node) < 0)
        follower->refused(follower);
    eddyi_loop_life_remove(loop);
}

/* False: it was done already. */
static bool finish(eddy_concurrent_future *future, enum eddyi_future_state state, const eddy_error *error,
                   int result)
{
    eddyi_list *link;
    eddyi_mutex_lock(&future->mutex);
    bool pending = future->state == EDDYI_FUTURE_PENDING;
    if (pending) {
        future->state = state;
        future->result = result;
        future->error = *error;
        while ((link = eddyi_list_take(&future->followers)) != NULL)
            post_follower(EDDYI_LIST_ITEM(link, eddyi_follower, link));
        eddyi_condition_broadcast(&future->ended);
    }
    eddyi_mutex_unlock(&future->mutex);
    return pending;
}

static bool finish_cancelled(eddy_concurrent_future *future)
{
    const eddy_error error = {.code = EDDY_ECANCELED};
    return finish(future, EDDYI_FUTURE_CANCELLED, &error, EDDY_ECANCELED);
}

/* The task has ended, or never will since its loop has closed. */
static void task_done(eddyi_node *node)
{
    eddy_concurrent_future *future = EDDYI_CONTAINER(node, eddy_concurrent_future, waiter.node);
    eddy_task *task = future->task;
    int result = eddyi_future_outcome(&task->future);
    eddy_error error = {.code = result < 0 ? result : 0};
    if (result < 0 && task->error.code == result)
        error = task->error;
    (void)finish(future, (enum eddyi_future_state)task->future.state, &error, result);
    future->task = NULL;
    eddy_task_release(task);
    eddy_concurrent_future_release(future);
}

/* ---- the beginning ---- */

static void release_argument(const eddy_concurrent_future *future)
{
    if (future->options.release != NULL)
        future->options.release(future->arg);
}

/* Y2: told on both sides. */
static void fail_to_start(eddy_concurrent_future *future, int code)
{
    const eddy_error error = {.code = code, .operation = "run_coroutine_threadsafe"};
    eddy_exception_context context = {.size = sizeof context,
                                      .message = "a task could not be made for another thread",
                                      .exception = code,
                                      .error = &error};
    eddy_loop_call_exception_handler(future->loop, &context);
    (void)finish(future, EDDYI_FUTURE_FINISHED, &error, code);
}

static void start_task(eddy_concurrent_future *future)
{
    eddy_loop *loop = future->loop;
    int rc = EDDY_ECANCELED;
    if (loop->closed)
        (void)finish_cancelled(future);
    bool wanted = !eddy_concurrent_future_done(future); /* else cancelled before it began */
    if (wanted)
        rc = eddy_loop_create_task(loop, &future->task, future->fn, future->arg, &future->options);
    if (rc == 0) {
        future->waiter = (eddyi_waiter){.node.run = task_done};
        eddyi_future_watch(&future->task->future, &future->waiter);
        return;
    }
    if (wanted)
        fail_to_start(future, rc);
    release_argument(future);
    eddy_concurrent_future_release(future);
}

static void start(eddyi_node *node)
{
    eddy_concurrent_future *future = EDDYI_CONTAINER(node, eddy_concurrent_future, start);
    eddyi_variables variables = future->variables;
    eddyi_borrowed borrowed = eddyi_variables_borrow(&variables);
    start_task(future);
    eddyi_variables_return(borrowed);
    eddyi_variables_drop(&variables);
}

static int allocate(eddy_concurrent_future **out, eddy_loop *loop, const eddy_task_options *options)
{
    size_t size = sizeof **out;
    if (options->name != NULL && !eddyi_add(&size, size, strlen(options->name) + 1))
        return EDDY_EOVERFLOW;
    eddy_concurrent_future *future = eddyi_allocate_zero(&loop->allocator, size);
    if (future == NULL)
        return EDDY_ENOMEM;
    int rc = eddyi_monitor_init(&future->mutex, &future->ended);
    if (rc < 0) {
        eddyi_release(&loop->allocator, future);
        return rc;
    }
    future->options = *options;
    if (options->name != NULL)
        future->options.name = memcpy(future->name, options->name, size - sizeof *future);
    *out = future;
    return 0;
}

int eddy_run_coroutine_threadsafe(eddy_loop *loop, eddy_concurrent_future **out, eddy_coro_fn fn, void *arg,
                                  const eddy_task_options *options)
{
    static const eddy_task_options defaults = {.size = sizeof defaults};
    eddy_concurrent_future *future;
    if (loop == NULL || out == NULL || fn == NULL)
        return eddyi_fail(EDDY_EINVAL, "run_coroutine_threadsafe");
    int rc = allocate(&future, loop, options != NULL ? options : &defaults);
    if (rc < 0)
        return eddyi_fail(rc, "run_coroutine_threadsafe");
    atomic_init(&future->references, 2);
    eddyi_list_init(&future->followers);
    eddyi_node_init(&future->start, start);
    future->loop = loop;
    future->fn = fn;
    future->arg = arg;
    future->allocator = loop->allocator;
    future->variables = eddyi_variables_for(future->options.context);
    eddyi_loop_life_add(loop);
    rc = eddyi_loop_post(loop, &future->start);
    if (rc < 0) {
        eddyi_variables_drop(&future->variables);
        destroy(future);
        return eddyi_fail(rc, "run_coroutine_threadsafe");
    }
    *out = future;
    return 0;
}

/* ---- cancelling ---- */

static void cancel_task(eddyi_node *node)
{
    eddy_concurrent_future *future = EDDYI_CONTAINER(node, eddy_concurrent_future, cancel);
    if (!future->loop->closed)
        eddy_task_cancel(future->task);
    eddy_concurrent_future_release(future);
}

/* Y3: it ends now, whatever the task makes of its cancel. */
bool eddy_concurrent_future_cancel(eddy_concurrent_future *future)
{
    if (future == NULL || !finish_cancelled(future))
        return false;
    if (eddyi_running_loop == future->loop &&
        future->task != NULL) { /* NULL: not made yet, or just being made */
        eddy_task_cancel(future->task);
        return true;
    }
    eddyi_node_init(&future->cancel, cancel_task);
    eddy_concurrent_future_retain(future);
    if (eddyi_loop_post(future->loop, &future->cancel) < 0) /* closed: no task is left */
        eddy_concurrent_future_release(future);
    return true;
}

/* ---- looking ---- */

static enum eddyi_future_state state_of(eddy_concurrent_future *future)
{
    eddyi_mutex_lock(&future->mutex);
    enum eddyi_future_state state = future->state;
    eddyi_mutex_unlock(&future->mutex);
    return state;
}

bool eddy_concurrent_future_cancelled(eddy_concurrent_future *future)
{
    return future != NULL && state_of(future) == EDDYI_FUTURE_CANCELLED;
}

bool eddy_concurrent_future_done(eddy_concurrent_future *future)
{
    return future != NULL && state_of(future) != EDDYI_FUTURE_PENDING;
}

int eddyi_concurrent_outcome(eddy_concurrent_future *future, enum eddyi_future_state *state)
{
    eddyi_mutex_lock(&future->mutex);
    *state = future->state;
    int result = future->result;
    eddyi_mutex_unlock(&future->mutex);
    return result;
}

static int wait_for_end(eddy_concurrent_future *future, uint64_t limit)
{
    uint64_t now = eddyi_clock_now();
    uint64_t deadline = limit < UINT64_MAX - now ? now + limit : UINT64_MAX;
    bool own_loop = eddyi_running_loop == future->loop;
    bool in_time = true;
    eddyi_mutex_lock(&future->mutex);
    while (future->state == EDDYI_FUTURE_PENDING && in_time && !own_loop)
        in_time = eddyi_condition_wait_until(&future->ended, &future->mutex, deadline);
    bool pending = future->state == EDDYI_FUTURE_PENDING;
    eddyi_mutex_unlock(&future->mutex);
    if (!pending)
        return 0;
    return own_loop ? EDDY_EDEADLK : EDDY_ETIMEDOUT; /* Y4, X7 */
}

int eddy_concurrent_future_result(eddy_concurrent_future *future, int *outcome, double timeout)
{
    uint64_t limit = 0;
    int rc = future == NULL || eddyi_delay(timeout, &limit) < 0 ? EDDY_EINVAL : wait_for_end(future, limit);
    if (rc < 0)
        return eddyi_fail(rc, "result");
    if (future->result < 0) /* done: it changes no more */
        *eddyi_fail_detail(future->result, "result") = future->error;
    if (outcome == NULL)
        return future->result;
    *outcome = future->result;
    return 0;
}

/* ---- followers ---- */

void eddyi_concurrent_follow(eddy_concurrent_future *future, eddyi_follower *follower)
{
    eddyi_loop_life_add(follower->loop);
    eddyi_mutex_lock(&future->mutex);
    if (future->state == EDDYI_FUTURE_PENDING)
        eddyi_list_append(&future->followers, &follower->link);
    else
        post_follower(follower);
    eddyi_mutex_unlock(&future->mutex);
}

bool eddyi_concurrent_unfollow(eddy_concurrent_future *future, eddyi_follower *follower)
{
    eddyi_mutex_lock(&future->mutex);
    bool linked = !eddyi_list_empty(&follower->link);
    eddyi_list_remove(&follower->link);
    eddyi_mutex_unlock(&future->mutex);
    if (linked)
        eddyi_loop_life_remove(follower->loop);
    return linked;
}
