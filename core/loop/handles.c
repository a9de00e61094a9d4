/* handles.c: call_soon, call_later, call_at, call_soon_threadsafe, and the handles that cancel them.
 * Touches ready queue, timers and inbox. A handle's callback runs at most once, and never after cancel returned on the loop's thread. */
#include <assert.h>

#include "core/base/monitor.h"
#include "core/loop/loop.h"
#include "core/task/task.h"

/* Any other value: the handle runs, and this is the address of the last of those who wait until it has. */
enum handle_state { HANDLE_QUEUED, HANDLE_RUNNING, HANDLE_DONE, HANDLE_CANCELLED };

/* On the stack of a thread that waits; `over` is under the mutex. */
typedef struct handle_waiter handle_waiter;
struct handle_waiter {
    handle_waiter *next; /* who came before */
    eddyi_mutex mutex;
    eddyi_condition told;
    bool over;
};

struct eddy_handle {
    eddyi_node node;
    eddy_loop *loop;
    eddy_callback_fn fn;
    void *arg;
    eddyi_variables variables; /* until the handle goes: get_context may ask for them */
    _Atomic(uintptr_t) state;  /* enum handle_state; raced for by threads only when `shared` */
    atomic_uchar references;   /* the queue's, and the user's */
    bool shared;               /* of call_soon_threadsafe: own allocation, touched from any thread */
    bool held;                 /* the user got a reference: an object of the loop */
    bool timed;
    eddyi_timer timer;
};

_Static_assert(sizeof(eddy_handle) <= EDDYI_CELL_SIZE, "a handle fits a cell");

static void unreference_shared(eddy_handle *handle)
{
    eddy_loop *loop = handle->loop;
    if (atomic_fetch_sub(&handle->references, 1) == 1) {
        eddyi_variables_drop(&handle->variables);
        eddyi_release(&loop->allocator, handle);
        eddyi_loop_life_remove(loop);
    }
}

static inline void unreference_local(eddy_handle *handle)
{
    eddy_loop *loop = handle->loop;
    bool held = handle->held;
    unsigned char left = (unsigned char)(atomic_load_explicit(&handle->references, memory_order_relaxed) - 1);
    atomic_store_explicit(&handle->references, left, memory_order_relaxed);
    if (left != 0)
        return;
    eddyi_variables variables = handle->variables;
    eddyi_cell_give(loop, handle);
    eddyi_variables_drop(&variables);
    if (held)
        eddyi_loop_object_remove(loop);
}

static inline void handle_unreference(eddy_handle *handle)
{
    if (handle->shared)
        unreference_shared(handle);
    else
        unreference_local(handle);
}

/* From queued to `state`; false: it was too late. */
static inline bool handle_claim(eddy_handle *handle, enum handle_state state)
{
    uintptr_t queued = HANDLE_QUEUED;
    if (handle->shared)
        return atomic_compare_exchange_strong(&handle->state, &queued, state);
    if (atomic_load_explicit(&handle->state, memory_order_relaxed) != HANDLE_QUEUED)
        return false;
    atomic_store_explicit(&handle->state, state, memory_order_relaxed);
    return true;
}

/* Who has a reference may ask for its context, also while it runs. */
static void handle_call(eddy_handle *handle)
{
    eddy_loop *loop = handle->loop;
    if (handle->held || handle->shared) {
        loop->variables = eddyi_variables_elsewhere(&handle->variables);
        handle->fn(handle->arg);
        loop->variables.word = 0;
    } else {
        loop->variables = handle->variables;
        handle->variables.word = 0;
        handle->fn(handle->arg);
    }
}

static void handle_run(eddyi_node *node)
{
    eddy_handle *handle = EDDYI_CONTAINER(node, eddy_handle, node);
    if (handle_claim(handle, HANDLE_DONE) && !handle->loop->closed)
        handle_call(handle);
    handle_unreference(handle);
}

static void tell_waiters(handle_waiter *waiter)
{
    while (waiter != NULL) {
        handle_waiter *next = waiter->next;
        eddyi_mutex_lock(&waiter->mutex);
        waiter->over = true;
        eddyi_condition_signal(&waiter->told);
        eddyi_mutex_unlock(&waiter->mutex); /* it is gone now */
        waiter = next;
    }
}

/* Y1: while it runs, a cancel from another thread waits. */
static void handle_run_shared(eddyi_node *node)
{
    eddy_handle *handle = EDDYI_CONTAINER(node, eddy_handle, node);
    if (handle_claim(handle, HANDLE_RUNNING)) {
        if (!handle->loop->closed)
            handle_call(handle);
        uintptr_t was = atomic_exchange(&handle->state, HANDLE_DONE);
        if (was != HANDLE_RUNNING)
            tell_waiters((handle_waiter *)was);
    }
    handle_unreference(handle);
}

static bool handle_runs(uintptr_t state)
{
    return state == HANDLE_RUNNING || state > HANDLE_CANCELLED;
}

/* Put the waiter among those who wait. False: it does not run any more. */
static bool join_waiters(eddy_handle *handle, handle_waiter *waiter)
{
    uintptr_t state = atomic_load(&handle->state);
    do {
        if (!handle_runs(state))
            return false;
        waiter->next = state != HANDLE_RUNNING ? (handle_waiter *)state : NULL;
    } while (!atomic_compare_exchange_weak(&handle->state, &state, (uintptr_t)waiter));
    return true;
}

/* Until it has run; not from inside itself. */
static void wait_while_running(eddy_handle *handle)
{
    handle_waiter waiter = {.over = false};
    if (!handle_runs(atomic_load(&handle->state)) || eddyi_running_loop == handle->loop)
        return;
    if (eddyi_monitor_init(&waiter.mutex, &waiter.told) < 0) {
        while (handle_runs(atomic_load(&handle->state))) /* no means to sleep */
            eddyi_thread_yield();
        return;
    }
    eddyi_mutex_lock(&waiter.mutex);
    if (join_waiters(handle, &waiter))
        while (!waiter.over)
            eddyi_condition_wait(&waiter.told, &waiter.mutex);
    eddyi_mutex_unlock(&waiter.mutex);
    eddyi_monitor_destroy(&waiter.mutex, &waiter.told);
}

/* Nobody else knows of it, so it goes back before its callback runs and the next call_soon finds it warm. */
static void handle_run_unheld(eddyi_node *node)
{
    eddy_handle *handle = EDDYI_CONTAINER(node, eddy_handle, node);
    eddy_callback_fn fn = handle->fn;
    void *arg = handle->arg;
    eddy_loop *loop = handle->loop;
    bool closed = loop->closed;
    loop->variables = handle->variables;
    eddyi_cell_give(loop, handle);
    if (!closed)
        fn(arg);
}

static void handle_fire(eddyi_timer *timer)
{
    eddy_handle *handle = EDDYI_CONTAINER(timer, eddy_handle, timer);
    eddyi_ready_push(handle->loop, &handle->node);
}

static inline void handle_init(eddy_handle *handle, eddy_loop *loop, eddy_callback_fn fn, void *arg,
                               bool held)
{
    handle->node.run = handle_run; /* linked when it is queued, and looked at only then */
    handle->loop = loop;
    handle->fn = fn;
    handle->arg = arg;
    atomic_init(&handle->state, HANDLE_QUEUED);
    atomic_init(&handle->references, held ? 2 : 1);
    handle->shared = false;
    handle->held = held;
    handle->timed = false;
}

static eddyi_variables variables_for(const eddy_loop *loop, eddy_context *context)
{
    return context != NULL ? eddyi_variables_in(context) : eddyi_variables_capture(loop);
}

static inline int handle_create(eddy_loop *loop, eddy_handle **out, eddy_handle **handle, eddy_callback_fn fn,
                                void *arg, eddy_context *context)
{
    if (fn == NULL)
        return eddyi_fail(EDDY_EINVAL, "call_soon");
    int rc = eddyi_loop_usable(loop);
    if (rc < 0)
        return eddyi_fail(rc, "call_soon");
    *handle = eddyi_cell_take(loop);
    if (*handle == NULL)
        return eddyi_fail(EDDY_ENOMEM, "call_soon");
    handle_init(*handle, loop, fn, arg, out != NULL);
    (*handle)->variables = variables_for(loop, context);
    if (out != NULL) {
        eddyi_loop_object_add(loop);
        *out = *handle;
    }
    return 0;
}

/* The whole of call_soon when nobody wants the handle: what a busy loop does most. */
static int call_soon_unheld(eddy_loop *loop, eddy_callback_fn fn, void *arg)
{
    eddy_handle *handle = eddyi_cell_take(loop);
    if (handle == NULL)
        return eddyi_fail(EDDY_ENOMEM, "call_soon");
    handle->node.run = handle_run_unheld;
    handle->loop = loop;
    handle->fn = fn;
    handle->arg = arg;
    handle->variables = eddyi_variables_capture(loop);
    eddyi_ready_push(loop, &handle->node);
    return 0;
}

int eddy_loop_call_soon(eddy_loop *loop, eddy_handle **out, eddy_callback_fn fn, void *arg)
{
    if (out == NULL && fn != NULL && eddyi_loop_unguarded(loop))
        return call_soon_unheld(loop, fn, arg);
    return eddy_loop_call_soon_in_context(loop, out, fn, arg, NULL);
}

int eddy_loop_call_soon_in_context(eddy_loop *loop, eddy_handle **out, eddy_callback_fn fn, void *arg,
                                   eddy_context *context)
{
    eddy_handle *handle;
    int rc = handle_create(loop, out, &handle, fn, arg, context);
    if (rc == 0)
        eddyi_ready_push(loop, &handle->node);
    return rc;
}

static inline int create_timed(eddy_loop *loop, eddy_handle **out, eddy_handle **handle, eddy_callback_fn fn,
                               void *arg, eddy_context *context)
{
    int rc = handle_create(loop, out, handle, fn, arg, context);
    if (rc < 0)
        return rc;
    (*handle)->timed = true;
    eddyi_timer_init(&(*handle)->timer, handle_fire);
    return 0;
}

int eddy_loop_call_later(eddy_loop *loop, eddy_handle **out, double delay, eddy_callback_fn fn, void *arg)
{
    return eddy_loop_call_later_in_context(loop, out, delay, fn, arg, NULL);
}

int eddy_loop_call_later_in_context(eddy_loop *loop, eddy_handle **out, double delay, eddy_callback_fn fn,
                                    void *arg, eddy_context *context)
{
    uint64_t nanoseconds;
    eddy_handle *handle;
    if (eddyi_delay(delay, &nanoseconds) < 0)
        return eddyi_fail(EDDY_EINVAL, "call_later");
    int rc = create_timed(loop, out, &handle, fn, arg, context);
    if (rc == 0)
        eddyi_timers_add_fresh(&loop->timers, &handle->timer, nanoseconds);
    return rc;
}

int eddy_loop_call_at(eddy_loop *loop, eddy_handle **out, double when, eddy_callback_fn fn, void *arg)
{
    return eddy_loop_call_at_in_context(loop, out, when, fn, arg, NULL);
}

int eddy_loop_call_at_in_context(eddy_loop *loop, eddy_handle **out, double when, eddy_callback_fn fn,
                                 void *arg, eddy_context *context)
{
    uint64_t deadline;
    eddy_handle *handle;
    if (loop == NULL || eddyi_deadline_at(loop, when, &deadline) < 0)
        return eddyi_fail(EDDY_EINVAL, "call_at");
    int rc = create_timed(loop, out, &handle, fn, arg, context);
    if (rc == 0)
        eddyi_timers_add(&loop->timers, &handle->timer, deadline);
    return rc;
}

/* What is posted when nobody wants the handle. It goes on the loop's thread, at the latest when the loop closes. */
typedef struct posted {
    eddyi_node node;
    eddy_loop *loop;
    eddy_callback_fn fn;
    void *arg;
    eddyi_variables variables;
} posted;

static void posted_run(eddyi_node *node)
{
    posted *self = EDDYI_CONTAINER(node, posted, node);
    posted copy = *self;
    eddyi_release(&copy.loop->allocator, self);
    copy.loop->variables = copy.variables;
    if (!copy.loop->closed)
        copy.fn(copy.arg);
}

static int post_unheld(eddy_loop *loop, eddy_callback_fn fn, void *arg, eddy_context *context)
{
    posted *self = eddyi_allocate(&loop->allocator, sizeof *self);
    if (self == NULL)
        return EDDY_ENOMEM;
    *self = (posted){.node.run = posted_run, .loop = loop, .fn = fn, .arg = arg};
    self->variables = eddyi_variables_for(context);
    int rc = eddyi_loop_post(loop, &self->node);
    if (rc < 0) {
        eddyi_variables_drop(&self->variables);
        eddyi_release(&loop->allocator, self);
    }
    return rc;
}

static int post_held(eddy_loop *loop, eddy_handle **out, eddy_callback_fn fn, void *arg,
                     eddy_context *context)
{
    eddy_handle *handle = eddyi_allocate(&loop->allocator, sizeof *handle);
    if (handle == NULL)
        return EDDY_ENOMEM;
    handle_init(handle, loop, fn, arg, true);
    handle->node.run = handle_run_shared;
    handle->shared = true;
    handle->held = false;
    handle->variables = eddyi_variables_for(context);
    eddyi_loop_life_add(loop);
    int rc = eddyi_loop_post(loop, &handle->node);
    if (rc == 0) {
        *out = handle;
        return 0;
    }
    eddyi_variables_drop(&handle->variables);
    eddyi_release(&loop->allocator, handle);
    eddyi_loop_life_remove(loop);
    return rc;
}

int eddy_loop_call_soon_threadsafe(eddy_loop *loop, eddy_handle **out, eddy_callback_fn fn, void *arg)
{
    return eddy_loop_call_soon_threadsafe_in_context(loop, out, fn, arg, NULL);
}

int eddy_loop_call_soon_threadsafe_in_context(eddy_loop *loop, eddy_handle **out, eddy_callback_fn fn,
                                              void *arg, eddy_context *context)
{
    int rc = EDDY_EINVAL;
    if (loop != NULL && fn != NULL)
        rc = out != NULL ? post_held(loop, out, fn, arg, context) : post_unheld(loop, fn, arg, context);
    return rc < 0 ? eddyi_fail(rc, "call_soon_threadsafe") : 0;
}

/* It can still tell when it was due: a fresh one by the clock as it was last read. */
static inline void take_out(eddy_handle *handle)
{
    const eddy_loop *loop = handle->loop;
    bool fresh = handle->timer.place == EDDYI_TIMER_FRESH;
    uint64_t delay = handle->timer.deadline;
    eddyi_timers_remove(&handle->loop->timers, &handle->timer);
    if (fresh)
        handle->timer.deadline = delay > UINT64_MAX - loop->now ? UINT64_MAX : loop->now + delay;
}

static inline void cancel_local(eddy_handle *handle)
{
    if (!handle_claim(handle, HANDLE_CANCELLED))
        return;
    if (handle->timed && eddyi_timer_pending(&handle->timer))
        take_out(handle);
    else
        eddyi_ready_remove(handle->loop, &handle->node);
    unreference_local(handle);
}

/* It stays queued: only the loop's thread may unlink it. */
static void cancel_shared(eddy_handle *handle)
{
    if (!handle_claim(handle, HANDLE_CANCELLED))
        wait_while_running(handle);
}

void eddy_handle_cancel(eddy_handle *handle)
{
    if (handle == NULL)
        return;
    if (handle->shared)
        cancel_shared(handle);
    else
        cancel_local(handle);
}

bool eddy_handle_cancelled(const eddy_handle *handle)
{
    if (handle == NULL)
        return false;
    if (handle->shared)
        wait_while_running((eddy_handle *)(uintptr_t)handle);
    return atomic_load(&handle->state) == HANDLE_CANCELLED;
}

eddy_callback_fn eddyi_node_callback(const eddyi_node *node)
{
    if (node->run == posted_run)
        return EDDYI_CONTAINER(node, posted, node)->fn;
    bool is_handle =
        node->run == handle_run || node->run == handle_run_shared || node->run == handle_run_unheld;
    return is_handle ? EDDYI_CONTAINER(node, eddy_handle, node)->fn : NULL;
}

eddyi_variables *eddyi_handle_variables(eddy_handle *handle)
{
    return &handle->variables;
}

int eddy_handle_get_context(eddy_handle *handle, eddy_context **out)
{
    int rc = handle != NULL && out != NULL ? eddyi_variables_context(&handle->variables, out) : EDDY_EINVAL;
    return rc < 0 ? eddyi_fail(rc, "get_context") : 0;
}

double eddy_handle_when(const eddy_handle *handle)
{
    if (handle == NULL || !handle->timed)
        return 0;
    if (handle->timer.place == EDDYI_TIMER_FRESH)
        (void)eddyi_loop_now(handle->loop); /* it counts from now */
    return eddyi_time_of(handle->loop, handle->timer.deadline);
}

void eddy_handle_release(eddy_handle *handle)
{
    if (handle != NULL)
        handle_unreference(handle);
}
