/* task.c: what a task is: made, run to its end, cancelled, named, counted.
 * Touches future.c's finish and the stack pool. The loop holds a reference to every task that has not ended. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/inspect/origins.h"
#include "core/inspect/probes.h"
#include "core/task/generator.h"
#include "core/task/group_errors.h"
#include "core/task/lifecycle.h"
#include "core/task/scope.h"
#include "core/task/stacks.h"

enum { IDS_AT_ONCE = 256 };
static _Atomic(uint64_t)
    last_id; /* one counter for the whole process, as asyncio's; a loop takes numbers in bunches */

static bool cancel_task(eddy_future *future, const char *message);
static void destroy_task(eddy_future *future);

static const eddyi_future_kind task_kind = {"Task", cancel_task, destroy_task, NULL, NULL};

void eddy_task_options_init(eddy_task_options *options)
{
    if (options != NULL)
        *options = (eddy_task_options){.size = sizeof *options};
}

eddy_task *eddy_current_task(void)
{
    return eddyi_current_task();
}

/* ---- making ---- */

static uint64_t next_id(eddy_loop *loop)
{
    if (loop->ids_left == 0) {
        loop->next_id = atomic_fetch_add(&last_id, IDS_AT_ONCE) + 1;
        loop->ids_left = IDS_AT_ONCE;
        loop->metrics.ids_taken += IDS_AT_ONCE;
    }
    loop->ids_left--;
    return loop->next_id++;
}

static int copy_name(eddy_loop *loop, char **out, const char *name)
{
    *out = NULL;
    if (name == NULL)
        return 0;
    size_t size = strlen(name) + 1;
    *out = eddyi_allocate(&loop->allocator, size);
    if (*out == NULL)
        return EDDY_ENOMEM;
    memcpy(*out, name, size);
    return 0;
}

static int allocate_task(eddy_loop *loop, eddy_task **out, const eddy_task_options *options)
{
    char *name = NULL;
    eddy_task *task;
    int rc = copy_name(loop, &name, options->name);
    if (rc == 0)
        rc = eddyi_block_take(loop, &task, options->stack_size, options->stack_without_signals);
    if (rc < 0) {
        eddyi_release(&loop->allocator, name);
        return rc;
    }
    task->name = name;
    *out = task;
    return 0;
}

/* The block may be a former task's: everything but where it lies is set anew. */
static void init_task(eddy_task *task, eddy_loop *loop)
{
    eddyi_future_init(&task->future, loop, &task_kind);
    eddyi_node_init(&task->step, eddyi_task_step);
    task->wait = NULL;
    task->cancelling = 0;
    task->must_cancel = false;
    task->cancel_kept = false;
    task->kept_at_end = false;
    task->silent_at_close = false;
    task->error_settled = false;
    task->cancel_message = NULL;
    task->scopes = NULL;
    task->group = NULL;
    task->group_errors = NULL;
    task->error.code = 0; /* the rest of the record means nothing then */
    task->scheduled = true;
    task->id = next_id(loop);
}

static void link_task(eddy_task *task)
{
    eddyi_list_append(&task->future.loop->tasks, &task->all);
    task->future.loop->task_count++;
    EDDYI_PROBE(task_created, task->future.loop, task, 0);
}

void eddyi_task_revive(eddy_loop *loop, eddy_task *block, eddy_coro_fn fn)
{
    init_task(block, loop);
    block->fn = fn;
    block->arg = NULL;
    block->name = NULL;
    block->release = NULL;
    block->variables = eddyi_variables_capture(loop);
    link_task(block);
    eddyi_ready_push(loop, &block->step);
}

int eddyi_task_creatable(const eddy_loop *loop, eddy_coro_fn fn)
{
    int rc = eddyi_loop_usable(loop);
    if (rc == 0 && (fn == NULL || loop->closing))
        rc = fn == NULL ? EDDY_EINVAL : EDDY_ECLOSED;
    return rc;
}

int eddy_task_create(eddy_loop *loop, eddy_task **out, eddy_coro_fn fn, void *arg,
                     const eddy_task_options *options)
{
    static const eddy_task_options defaults = {.size = sizeof defaults};
    eddy_task *task = NULL;
    int rc = eddyi_task_creatable(loop, fn);
    if (options == NULL)
        options = &defaults;
    if (rc == 0)
        rc = allocate_task(loop, &task, options);
    if (rc < 0)
        return eddyi_fail(rc, "create_task");
    init_task(task, loop);
    task->fn = fn;
    task->arg = arg;
    task->release = options->release;
    task->variables =
        options->context != NULL ? eddyi_variables_in(options->context) : eddyi_variables_capture(loop);
    link_task(task);
    if ((loop->held & EDDYI_HELD_BY_DEBUG) != 0)
        eddyi_origin_note_future(&task->future);
    if (out != NULL)
        *out = eddy_task_retain(task);
    if (options->eager_start == EDDY_EAGER_START_YES && eddy_get_running_loop() == loop)
        eddyi_task_begin(task);
    else
        eddyi_ready_push(loop, &task->step);
    return 0;
}

/* ---- the end ---- */

void eddyi_run_deferred(eddy_loop *loop, eddyi_stack *stack)
{
    eddyi_deferred *deferred;
    while (stack != NULL && (deferred = stack->deferred) != NULL) {
        eddyi_deferred copy = *deferred;
        stack->deferred = copy.next;
        eddyi_cell_give(loop, deferred);
        EDDYI_ALLOW_MEMORY(); /* it is user code, also while the loop closes */
        copy.fn(copy.arg);
        EDDYI_FORBID_MEMORY();
    }
}

/* It is no longer one of the loop's; what it came to is set by the caller. */
static void unlink_task(eddy_task *task)
{
    eddyi_list_remove(&task->all);
    if (task->kept_at_end)
        eddyi_list_append(&task->future.loop->ended, &task->all);
    task->future.loop->task_count--;
    if (task->release != NULL)
        task->release(task->arg);
    task->release = NULL;
}

static void finish_task(eddy_task *task, int result)
{
    /* asyncio T4: a cancel that was asked for and never delivered ends the task cancelled and drops its result, but not an error;
     * not so a cancel that was kept because an I/O result was handed over. */
    bool undelivered = task->must_cancel && !task->cancel_kept && result >= 0;
    enum eddyi_future_state state = EDDYI_FUTURE_FINISHED;
    task->must_cancel = false;
    unlink_task(task);
    if (result == EDDY_ECANCELED || undelivered) {
        state = EDDYI_FUTURE_CANCELLED;
        result = EDDY_ECANCELED;
        if (task->error.code != EDDY_ECANCELED)
            task->error = (eddy_error){.code = EDDY_ECANCELED, .message = task->cancel_message};
    } else if (result < 0 && task->error.code != result) {
        task->error = (eddy_error){.code = result};
    }
    if (task->group != NULL)
        eddyi_group_child_ended(task);
    eddyi_future_finish(&task->future, state, result);
}

/* Fault C11. The lock stays taken, as asyncio's does: another task may release it. */
static void report_held_locks(eddy_task *task)
{
    eddy_exception_context context = {
        .size = sizeof context, .message = "Task ended while it still held a lock", .task = task};
    eddy_loop_call_exception_handler(task->future.loop, &context);
}

static void look_back(eddy_task *task, int result)
{
    if (result >= 0)
        eddyi_report_swallowed_cancel(task);
    if (task->stack->locks_held != 0)
        report_held_locks(task);
}

void eddyi_task_run(eddy_task *task)
{
    int result = EDDY_ECANCELED;
    if (task->must_cancel)
        task->must_cancel = false; /* cancelled before its first step: the body never runs */
    else
        result = task->fn(task->arg);
    eddyi_task_end(task, result);
}

void eddyi_task_end(eddy_task *task, int result)
{
    eddy_loop *loop = task->future.loop;
    if (task->stack->deferred != NULL)
        eddyi_run_deferred(loop, task->stack);
    if (task->scopes != NULL)
        result = eddyi_scopes_close(task, NULL, result);
    if ((loop->held & EDDYI_HELD_BY_DEBUG) != 0)
        look_back(task, result);
    finish_task(task, result);
}

static void destroy_task(eddy_future *future)
{
    eddy_task *task = (eddy_task *)future;
    eddy_loop *loop = future->loop;
    if (task->group_errors != NULL)
        eddyi_group_errors_release(task->group_errors);
    eddyi_variables_drop(&task->variables);
    eddyi_release(&loop->allocator, task->name);
    eddyi_stack_give(task);
    eddyi_block_give(task);
}

/* The loop closes and the task will never run again. */
static void abandon(eddy_task *task)
{
    eddy_loop *loop = task->future.loop;
    eddy_exception_context context = {
        .size = sizeof context, .message = "Task was destroyed but it is pending!", .task = task};
    if (!task->silent_at_close)
        eddy_loop_call_exception_handler(loop, &context);
    if (task->wait != NULL) {
        eddyi_wait *wait = task->wait;
        wait->kind->abandon(wait);
        task->wait = NULL;
    }
    eddyi_ready_remove(loop, &task->step);
    eddyi_borrowed borrowed = eddyi_variables_borrow(&task->variables);
    while (task->stack != NULL && task->stack->generator != NULL)
        eddyi_generator_abandon(task->stack->generator);
    eddyi_run_deferred(loop, task->stack);
    eddyi_variables_return(borrowed);
    eddyi_scopes_abandon(task, NULL);
}

void eddyi_tasks_destroy(eddy_loop *loop)
{
    eddyi_list_each (link, &loop->tasks)
        abandon(EDDYI_LIST_ITEM(link, eddy_task, all));
    while (!eddyi_list_empty(&loop->tasks)) {
        eddy_task *task = EDDYI_LIST_ITEM(loop->tasks.next, eddy_task, all);
        unlink_task(task);
        eddyi_future_finish(&task->future, EDDYI_FUTURE_CANCELLED, EDDY_ECANCELED);
        EDDYI_PROBE(task_ended, loop, task, EDDY_ECANCELED);
        eddy_task_release(task);
    }
}

/* ---- cancelling ---- */

static bool cancel_task(eddy_future *future, const char *message)
{
    eddy_task *task = (eddy_task *)future;
    future->unseen = false;
    if (future->state != EDDYI_FUTURE_PENDING)
        return false;
    task->cancelling++;
    task->cancel_message = message;
    if (eddyi_task_waiting(task) && task->wait->kind->cancel(task->wait))
        return true;
    task->must_cancel = true;
    task->cancel_kept = false;
    return true;
}

bool eddy_task_cancel(eddy_task *task)
{
    return task != NULL && cancel_task(&task->future, NULL);
}

bool eddy_task_cancel_with_message(eddy_task *task, const char *message)
{
    return task != NULL && cancel_task(&task->future, message);
}

int eddy_task_cancelling(const eddy_task *task)
{
    return task != NULL ? (int)task->cancelling : 0;
}

int eddy_task_uncancel(eddy_task *task)
{
    if (task == NULL || task->cancelling == 0)
        return 0;
    if (--task->cancelling == 0) {
        task->must_cancel = false;
        eddyi_note_cancel_taken_back(task);
    }
    return (int)task->cancelling;
}

/* One delivery answers all requests that were made so far (asyncio T7). */
int eddyi_deliver_cancel(eddy_task *task)
{
    task->must_cancel = false;
    task->cancel_kept = false;
    return eddyi_fail_canceled(task);
}

int eddyi_fail_canceled(eddy_task *task)
{
    task->error = (eddy_error){.code = EDDY_ECANCELED, .message = task->cancel_message};
    task->error_settled = false;
    if ((task->future.loop->held & EDDYI_HELD_BY_DEBUG) != 0)
        eddyi_note_cancel_delivered(task);
    return EDDY_ECANCELED;
}

/* ---- the future inside ---- */

eddy_future *eddy_task_future(eddy_task *task)
{
    return task != NULL ? &task->future : NULL;
}

eddy_task *eddy_task_retain(eddy_task *task)
{
    if (task != NULL)
        task->future.references++;
    return task;
}

void eddy_task_release(eddy_task *task)
{
    if (task != NULL)
        eddy_future_release(&task->future);
}

bool eddy_task_done(const eddy_task *task)
{
    return task != NULL && eddy_future_done(&task->future);
}

bool eddy_task_cancelled(const eddy_task *task)
{
    return task != NULL && eddy_future_cancelled(&task->future);
}

int eddy_task_result(eddy_task *task)
{
    return eddy_future_result(eddy_task_future(task));
}

int eddy_task_exception(eddy_task *task, eddy_error *detail)
{
    return eddy_future_exception(eddy_task_future(task), detail);
}

int eddy_set_value(void *value, eddy_callback_fn release)
{
    eddy_task *task = eddyi_current_task();
    if (task == NULL)
        return eddyi_fail(EDDY_ENOTASK, "set_value");
    if (task->future.value_release != NULL)
        task->future.value_release(task->future.value);
    task->future.value = value;
    task->future.value_release = release;
    return 0;
}

int eddy_task_get_context(eddy_task *task, eddy_context **out)
{
    int rc = task != NULL && out != NULL ? eddyi_variables_context(&task->variables, out) : EDDY_EINVAL;
    return rc < 0 ? eddyi_fail(rc, "get_context") : 0;
}

/* ---- names and lists ---- */

eddy_coro_fn eddy_task_get_coro(const eddy_task *task, void **arg)
{
    if (arg != NULL)
        *arg = task != NULL && !eddy_task_done(task) ? task->arg : NULL; /* it was released with the end */
    return task != NULL ? task->fn : NULL;
}

uint64_t eddy_task_id(const eddy_task *task)
{
    return task != NULL ? task->id : 0;
}

int eddy_task_get_name(const eddy_task *task, char *buffer, size_t size)
{
    if (task == NULL || (buffer == NULL && size > 0))
        return eddyi_fail(EDDY_EINVAL, "get_name");
    if (task->name != NULL)
        return snprintf(buffer, size, "%s", task->name);
    return snprintf(buffer, size, "Task-%llu", (unsigned long long)task->id);
}

int eddy_task_set_name(eddy_task *task, const char *name)
{
    char *copy;
    if (task == NULL)
        return eddyi_fail(EDDY_EINVAL, "set_name");
    eddy_loop *loop = task->future.loop;
    if (copy_name(loop, &copy, name) < 0)
        return eddyi_fail(EDDY_ENOMEM, "set_name");
    char *old = task->name;
    task->name = copy; /* before the old one goes: a signal's handler may look (eddy_dump_tasks) */
    eddyi_release(&loop->allocator, old);
    return 0;
}

size_t eddy_all_tasks(eddy_loop *loop, eddy_task **out, size_t capacity)
{
    size_t count = 0;
    if (loop == NULL)
        return 0;
    eddyi_list_each (link, &loop->tasks) {
        if (count < capacity && out != NULL)
            out[count] = eddy_task_retain(EDDYI_LIST_ITEM(link, eddy_task, all));
        count++;
    }
    return count;
}

/* ---- defer ---- */

int eddy_defer(eddy_callback_fn fn, void *arg)
{
    eddy_task *task = eddyi_current_task();
    if (fn == NULL)
        return eddyi_fail(EDDY_EINVAL, "defer");
    if (task == NULL)
        return eddyi_fail(EDDY_ENOTASK, "defer");
    eddyi_deferred *deferred = eddyi_cell_take(task->future.loop);
    if (deferred == NULL)
        return eddyi_fail(EDDY_ENOMEM, "defer");
    *deferred = (eddyi_deferred){.next = task->stack->deferred, .fn = fn, .arg = arg};
    task->stack->deferred = deferred;
    return 0;
}
