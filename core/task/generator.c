/* generator.c: a body on a stack of its own that runs as part of whatever task asks for the next value.
 * Touches the switch, scopes and cells. A generator at a yield belongs to no task; its unused block becomes the task that closes it. */
#include "core/task/generator.h"

#include <stdlib.h>

#include "core/task/annotate.h"
#include "core/task/lifecycle.h"
#include "core/task/scope.h"
#include "core/task/stacks.h"

enum generator_state { NOT_BEGUN, AT_YIELD, RUNNING, ENDED };

struct eddy_generator {
    eddy_loop *loop;
    eddyi_list all;     /* in loop->generators until it has ended */
    eddy_task *block;   /* has its stack and the body's context, and is a task only when the loop closes it */
    eddyi_context back; /* of the consumer, while the body runs in its task */
    eddy_coro_fn fn;
    void *arg;
    eddy_callback_fn release;
    const char *name;
    void *value;         /* yielded, or sent */
    int32_t result;      /* thrown; once it has ended: what the body came to */
    uint32_t references; /* users', and one while it runs */
    eddy_task *task;     /* running: whose part it is. At a yield: a reference, if the body has open scopes */
    eddyi_scope *scopes; /* at a yield: the body's, innermost first */
    eddyi_scope *below;  /* running: the task's innermost when it was asked */
    eddyi_stack *ground; /* running: what its task stood on then; NULL: the task is `block` */
    uint8_t state;
    bool ending;  /* the body has returned, what it deferred runs */
    bool by_loop; /* the loop closes it: `block` is the task */
    bool counted; /* in loop->generators_closing */
};

_Static_assert(sizeof(eddy_generator) <= EDDYI_CELL_SIZE, "a generator fits a cell");

void eddy_generator_options_init(eddy_generator_options *options)
{
    if (options != NULL)
        *options = (eddy_generator_options){.size = sizeof *options};
}

/* ---- in and out of a task ---- */

/* While the body runs, its scopes are the innermost of its task. */
static void attach(eddy_generator *generator, eddy_task *task)
{
    eddy_task *before = generator->task;
    eddyi_scope *scopes = generator->scopes;
    generator->block->stack->generator = generator;
    generator->ground = task != generator->block ? task->stack : NULL;
    generator->below = task->scopes;
    generator->task = task;
    generator->state = RUNNING;
    generator->references++;
    if (scopes == NULL)
        return;
    task->scopes = scopes;
    for (eddyi_scope *scope = scopes; scope != NULL; scope = scope->outer) {
        scope->task = task;
        if (scope->outer == NULL) {
            scope->outer = generator->below;
            break;
        }
    }
    generator->scopes = NULL;
    eddy_task_release(before);
}

/* The scopes that the body leaves open while it is at a yield: no longer the task's innermost, but a timeout still cancels it. */
static void take_scopes(eddy_generator *generator, eddy_task *task)
{
    eddyi_scope *last = task->scopes;
    while (last != NULL && last->outer != generator->below)
        last = last->outer;
    if (task->scopes == generator->below || last == NULL)
        return;
    last->outer = NULL;
    generator->scopes = task->scopes;
    task->scopes = generator->below;
    generator->task = eddy_task_retain(task);
}

static void detach(eddy_generator *generator)
{
    eddy_task *task = generator->task;
    generator->task = NULL;
    take_scopes(generator, task);
}

eddyi_stack *eddyi_stack_own(const eddy_task *task)
{
    eddyi_stack *stack = task->stack;
    while (stack->generator != NULL && stack->generator->ground != NULL)
        stack = stack->generator->ground;
    return stack;
}

bool eddyi_generator_ground(const eddy_generator *generator, eddy_coro_fn *fn, const eddyi_context **context,
                            const eddyi_stack **stack)
{
    if (generator == NULL || generator->ground == NULL)
        return false;
    *fn = generator->fn;
    *context = &generator->back;
    *stack = generator->ground;
    return true;
}

/* ---- the end ---- */

static void give_stack(eddy_generator *generator)
{
    eddy_task *block = generator->block;
    generator->block = NULL;
    if (generator->by_loop)
        return; /* goes with the task */
    eddyi_stack_give(block);
    eddyi_block_give(block);
}

/* Not on its own stack, unless that is a task's. */
static void end(eddy_generator *generator)
{
    generator->state = ENDED;
    eddyi_list_remove(&generator->all);
    give_stack(generator);
    if (generator->release != NULL)
        generator->release(generator->arg);
}

/* A body at a yield will never go on. */
static void discard(eddy_generator *generator)
{
    eddy_task *owner = generator->task;
    if (owner != NULL) {
        eddyi_scope *own = owner->scopes;
        owner->scopes = generator->scopes;
        eddyi_scopes_abandon(owner, NULL);
        owner->scopes = own;
    }
    eddyi_run_deferred(generator->loop, generator->block->stack);
    generator->task = NULL;
    end(generator);
    eddy_task_release(owner);
}

static void report(eddy_generator *generator, const char *message, int code, const eddy_error *detail)
{
    eddy_exception_context context = {.size = sizeof context,
                                      .message = message,
                                      .exception = code,
                                      .error = detail,
                                      .generator = generator};
    eddy_loop_call_exception_handler(generator->loop, &context);
}

/* ---- closed by the loop ---- */

typedef struct shutdown_wait {
    eddyi_wait wait;
    bool cancelled;
} shutdown_wait;

static void one_closed(eddy_loop *loop)
{
    eddyi_wait *wait = loop->generators_wait;
    if (--loop->generators_closing > 0 || wait == NULL)
        return;
    loop->generators_wait = NULL;
    eddyi_task_wake(wait->task, EDDYI_CONTAINER(wait, shutdown_wait, wait)->cancelled ? EDDY_ECANCELED : 0);
}

static void close_by_loop(eddy_generator *generator)
{
    generator->by_loop = true;
    generator->result = EDDY_EGENERATOREXIT;
    generator->value = NULL;
    eddyi_task_revive(generator->loop, generator->block, generator->fn);
    attach(generator, generator->block);
}

/* On the block's own stack, as the task that it has become. */
static _Noreturn void end_by_loop(eddy_generator *generator)
{
    static const char *const closing = "an error occurred during closing of asynchronous generator";
    eddy_loop *loop = generator->loop;
    eddy_task *task = generator->task;
    int result = generator->result;
    bool failed = result < 0 && result != EDDY_EGENERATOREXIT && result != EDDY_ECANCELED;
    task->stack->generator = NULL;
    end(generator);
    if (failed && generator->counted) {
        if (task->error.code != result)
            task->error = (eddy_error){.code = result};
        report(generator, closing, result, &task->error);
        task->future.silent = true;
    }
    if (generator->counted)
        one_closed(loop);
    eddy_generator_release(generator);
    eddyi_task_end(task, result == EDDY_EGENERATOREXIT ? 0 : result);
    eddyi_task_depart(task);
    abort(); /* nobody comes back */
}

/* ---- the body ---- */

static _Noreturn void finish(eddy_generator *generator, int result)
{
    eddy_task *task = generator->task;
    generator->ending = true;
    eddyi_run_deferred(generator->loop, task->stack);
    generator->result = eddyi_scopes_close(task, generator->below, result);
    if (generator->by_loop)
        end_by_loop(generator);
    generator->state = ENDED;
    eddyi_task_change_stack(task, generator->ground, &generator->block->context, &generator->back, true);
    abort(); /* nobody comes back */
}

static void body_entry(void *arg)
{
    eddy_generator *generator = arg;
    eddyi_annotate_switch_end(NULL, NULL, NULL);
    finish(generator, generator->fn(generator->arg));
}

int eddy_generator_yield(void *value, void **sent)
{
    eddy_task *task = eddyi_current_task();
    eddy_generator *generator = task != NULL ? task->stack->generator : NULL;
    if (generator == NULL || generator->ending)
        return eddyi_fail(EDDY_EINVALIDSTATE, "yield");
    if (generator->by_loop) /* there is nobody to yield to */
        finish(generator, eddyi_fail(EDDY_EINVALIDSTATE, "aclose"));
    generator->state = AT_YIELD;
    generator->value = value;
    eddyi_task_change_stack(task, generator->ground, &generator->block->context, &generator->back, false);
    if (generator->by_loop)
        eddyi_task_arrive(generator->block);
    if (generator->result < 0)
        return eddyi_fail(generator->result, "yield");
    if (sent != NULL)
        *sent = generator->value;
    return 0;
}

/* ---- the consumer ---- */

static int check(const eddy_generator *generator, const eddy_task *task)
{
    if (generator == NULL)
        return EDDY_EINVAL;
    if (task == NULL)
        return EDDY_ENOTASK;
    if (generator->loop != task->future.loop)
        return EDDY_EWRONGLOOP;
    return generator->state == RUNNING ? EDDY_EBUSY : 0;
}

/* Until it yields or ends. */
static int run_body(eddy_generator *generator, eddy_task *task, int thrown, void *sent)
{
    eddy_task *block = generator->block;
    bool begins = generator->state == NOT_BEGUN;
    generator->result = thrown;
    generator->value = sent;
    if (begins)
        eddyi_stack_take(block, generator->loop);
    attach(generator, task);
    if (begins)
        eddyi_task_enter_stack(task, block->stack, &generator->back, body_entry, generator);
    else
        eddyi_task_change_stack(task, block->stack, &generator->back, &block->context, false);
    bool ended = generator->state == ENDED;
    detach(generator);
    if (ended)
        end(generator);
    return ended ? (generator->result < 0 ? generator->result : 0) : 1;
}

/* A body that has not begun. < 0: it does not begin. */
static int begin(eddy_generator *generator, int thrown, const void *sent)
{
    if (thrown < 0) {
        end(generator);
        return eddyi_fail(thrown, "athrow");
    }
    if (sent != NULL)
        return eddyi_fail(EDDY_EINVALIDSTATE, "asend");
    if (generator->loop->generators_shut)
        report(generator, "asynchronous generator was scheduled after loop.shutdown_asyncgens() call", 0,
               NULL);
    return 0;
}

static int resume(eddy_generator *generator, void **out, int thrown, void *sent, const char *operation)
{
    eddy_task *task = eddyi_current_task();
    int rc = check(generator, task);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    if (generator->state == ENDED)
        return 0;
    if (generator->state == NOT_BEGUN) {
        rc = begin(generator, thrown, sent);
        if (rc < 0)
            return rc;
    }
    rc = run_body(generator, task, thrown, sent);
    if (rc == 1 && out != NULL)
        *out = generator->value;
    if (rc >= 0 || (thrown == EDDY_EGENERATOREXIT && rc == thrown))
        task->error_settled = true;
    eddy_generator_release(generator);
    return rc;
}

int eddy_generator_next(eddy_generator *generator, void **out)
{
    return resume(generator, out, 0, NULL, "generator_next");
}

int eddy_generator_asend(eddy_generator *generator, void *value, void **out)
{
    return resume(generator, out, 0, value, "asend");
}

int eddy_generator_athrow(eddy_generator *generator, int code, void **out)
{
    if (code >= 0)
        return eddyi_fail(EDDY_EINVAL, "athrow");
    return resume(generator, out, code, NULL, "athrow");
}

int eddy_generator_aclose(eddy_generator *generator)
{
    if (generator != NULL && generator->state == NOT_BEGUN) {
        end(generator);
        return 0;
    }
    int rc = resume(generator, NULL, EDDY_EGENERATOREXIT, NULL, "aclose");
    if (rc == 1)
        return eddyi_fail(EDDY_EINVALIDSTATE, "aclose");
    return rc == EDDY_EGENERATOREXIT ? 0 : rc;
}

int eddy_generator_aclosing(eddy_generator *generator, int body_result)
{
    int rc = eddy_generator_aclose(generator);
    return rc < 0 ? rc : body_result;
}

/* ---- making and letting go ---- */

int eddy_generator_create(eddy_generator **out, eddy_coro_fn fn, void *arg,
                          const eddy_generator_options *options)
{
    static const eddy_generator_options defaults = {.size = sizeof defaults};
    eddy_loop *loop = eddy_get_running_loop();
    if (options == NULL)
        options = &defaults;
    if (out == NULL || fn == NULL || options->size < sizeof options->size)
        return eddyi_fail(EDDY_EINVAL, "generator");
    if (loop == NULL)
        return eddyi_fail(EDDY_ENOLOOP, "generator");
    eddy_generator *generator = eddyi_cell_take(loop);
    if (generator == NULL)
        return eddyi_fail(EDDY_ENOMEM, "generator");
    *generator = (eddy_generator){.loop = loop, .references = 1, .fn = fn, .arg = arg};
    int rc = eddyi_block_take(loop, &generator->block, options->stack_size, options->stack_without_signals);
    if (rc < 0) {
        eddyi_cell_give(loop, generator);
        return eddyi_fail(rc, "generator");
    }
    generator->name = options->name;
    generator->release = options->release;
    eddyi_list_append(&loop->generators, &generator->all);
    eddyi_loop_object_add(loop);
    *out = generator;
    return 0;
}

eddy_generator *eddy_generator_retain(eddy_generator *generator)
{
    if (generator != NULL)
        generator->references++;
    return generator;
}

void eddy_generator_release(eddy_generator *generator)
{
    if (generator == NULL || --generator->references != 0)
        return;
    eddy_loop *loop = generator->loop;
    if (generator->state == AT_YIELD && !loop->closing) {
        close_by_loop(generator);
        return;
    }
    if (generator->state != ENDED)
        discard(generator);
    eddyi_cell_give(loop, generator);
    eddyi_loop_object_remove(loop);
}

const char *eddy_generator_name(const eddy_generator *generator)
{
    return generator != NULL && generator->name != NULL ? generator->name : "";
}

bool eddy_generator_running(const eddy_generator *generator)
{
    return generator != NULL && generator->state == RUNNING;
}

/* ---- the end of the loop ---- */

void eddyi_generator_abandon(eddy_generator *generator)
{
    eddy_task *task = generator->task;
    eddyi_stack *stack = task->stack;
    generator->ending = true;
    eddyi_run_deferred(generator->loop, stack);
    eddyi_scopes_abandon(task, generator->below);
    stack->generator = NULL;
    if (generator->ground != NULL)
        eddyi_stack_stand_on(task, generator->ground);
    detach(generator);
    end(generator);
    if (generator->counted)
        generator->loop->generators_closing--;
    eddy_generator_release(generator);
}

void eddyi_generators_destroy(eddy_loop *loop)
{
    while (!eddyi_list_empty(&loop->generators))
        discard(EDDYI_LIST_ITEM(loop->generators.next, eddy_generator, all));
}

void eddyi_generators_shut(eddy_loop *loop)
{
    loop->generators_shut = true;
    eddyi_list_each (link, &loop->generators) {
        eddy_generator *generator = EDDYI_LIST_ITEM(link, eddy_generator, all);
        if (generator->state == AT_YIELD) {
            close_by_loop(generator);
            generator->counted = true;
            loop->generators_closing++;
        } else if (generator->state == RUNNING && !generator->by_loop) {
            report(generator, "an error occurred during closing of asynchronous generator", EDDY_EBUSY, NULL);
        }
    }
}

/* As gather: a cancel goes to all, and the wait ends with the last. */
static bool shutdown_cancel(eddyi_wait *wait)
{
    eddy_loop *loop = wait->task->future.loop;
    eddyi_list_each (link, &loop->generators) {
        eddy_generator *generator = EDDYI_LIST_ITEM(link, eddy_generator, all);
        if (generator->counted)
            eddy_task_cancel_with_message(generator->block, wait->task->cancel_message);
    }
    EDDYI_CONTAINER(wait, shutdown_wait, wait)->cancelled = true;
    return true;
}

static void shutdown_abandon(eddyi_wait *wait)
{
    wait->task->future.loop->generators_wait = NULL;
}

static const eddyi_wait_kind shutdown_kind = {"shutdown_asyncgens", shutdown_cancel, shutdown_abandon, NULL};

int eddy_loop_shutdown_asyncgens(eddy_loop *loop)
{
    eddy_task *task = eddyi_current_task();
    if (loop == NULL)
        return eddyi_fail(EDDY_EINVAL, "shutdown_asyncgens");
    if (task == NULL)
        return eddyi_fail(EDDY_ENOTASK, "shutdown_asyncgens");
    if (loop != task->future.loop)
        return eddyi_fail(EDDY_EWRONGLOOP, "shutdown_asyncgens");
    eddyi_generators_shut(loop);
    if (loop->generators_closing == 0 || loop->generators_wait != NULL)
        return 0;
    shutdown_wait w = {.wait = {.kind = &shutdown_kind, .task = task}};
    loop->generators_wait = &w.wait;
    return eddyi_suspend(&w.wait, false);
}
