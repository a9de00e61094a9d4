/* suite_trees_model.c: the reference model: asyncio's rules for futures, tasks, groups and timeouts as plain data and one queue.
 * Touches trees.h and nothing of the library. Each function is one rule of asyncio's inventory, written from the rule. */
#include <assert.h>
#include <string.h>

#include "trees.h"

enum {
    CANCELED = EDDY_ECANCELED,
    REFUSED = EDDY_EINVALIDSTATE,
    QUEUE = 8192,
    FUTURES = TREE_GATES + TREE_TASKS
};
enum status { UNBORN, SCHEDULED, WAITING, RUNNING, DONE };
enum entry_kind { ENTRY_STEP, ENTRY_CHILD_DONE, ENTRY_FIRE };

typedef struct entry {
    enum entry_kind kind;
    int index, generation;
} entry;

/* Gates come first, then the tasks' own. */
typedef struct model_future {
    bool done;
    int result; /* CANCELED: it was cancelled */
    entry waiters[2 * TREE_TASKS];
    int waiter_count;
} model_future;

typedef struct model_task {
    enum status status;
    int pc, rc, wake;
    int waits_for; /* a future, or -1: the end of a group's children */
    int group;     /* the scope whose group it belongs to, or -1 */
    int cancelling;
    bool must_cancel, begun;
} model_task;

typedef struct model_scope {
    int owner; /* -1 until it is entered */
    bool entered, over;
    /* timeouts */
    bool expiring;
    int generation, cancelling_at_entry;
    /* groups */
    bool aborting, exiting, parent_cancel_requested, parent_waits, propagate;
    int children, error_count, errors[4];
    int body_rc;
} model_scope;

static const tree *program;
static tree_story *story;
static model_future futures[FUTURES];
static model_task tasks[TREE_TASKS];
static model_scope scopes[TREE_SCOPES];
static entry queue[QUEUE];
static int queue_head, queue_tail;

static void push(enum entry_kind kind, int index, int generation)
{
    assert(queue_tail < QUEUE);
    queue[queue_tail++] = (entry){kind, index, generation};
}

/* ---- futures ---- */

static void schedule(int task, int wake)
{
    tasks[task].status = SCHEDULED;
    tasks[task].wake = wake;
    push(ENTRY_STEP, task, 0);
}

/* F1, F2: once, and each waiter is queued in the order in which it came. */
static void finish_future(int index, int result)
{
    model_future *future = &futures[index];
    future->done = true;
    future->result = result;
    for (int i = 0; i < future->waiter_count; i++) {
        entry waiter = future->waiters[i];
        if (waiter.kind == ENTRY_STEP)
            schedule(waiter.index, 0);
        else
            push(waiter.kind, waiter.index, 0);
    }
    future->waiter_count = 0;
}

static void watch(int index, enum entry_kind kind, int who)
{
    model_future *future = &futures[index];
    future->waiters[future->waiter_count++] = (entry){kind, who, 0};
}

/* ---- cancelling ---- */

static bool cancel_task(int task);

static bool cancel_future(int index)
{
    if (futures[index].done)
        return false;
    if (index >= TREE_GATES)
        return cancel_task(index - TREE_GATES);
    finish_future(index, CANCELED);
    return true;
}

/* Cancel what the task waits for; false: it cannot be. */
static bool cancel_wait(int task)
{
    model_task *t = &tasks[task];
    if (t->waits_for >= 0)
        return cancel_future(t->waits_for);
    scopes[program->scripts[task].ops[t->pc].a].parent_waits = false;
    schedule(task, CANCELED);
    return true;
}

/* T7, T8 */
static bool cancel_task(int task)
{
    model_task *t = &tasks[task];
    if (t->status == DONE)
        return false;
    t->cancelling++;
    if (t->status == WAITING && cancel_wait(task))
        return true;
    t->must_cancel = true;
    return true;
}

/* T10 */
static int uncancel(int task)
{
    model_task *t = &tasks[task];
    if (t->cancelling > 0 && --t->cancelling == 0)
        t->must_cancel = false;
    return t->cancelling;
}

/* T2: from running to waiting; a cancel that is pending is applied at once. */
static void wait_on(int task, int future)
{
    model_task *t = &tasks[task];
    t->status = WAITING;
    t->waits_for = future;
    if (future >= 0)
        watch(future, ENTRY_STEP, task);
    if (t->must_cancel && cancel_wait(task))
        t->must_cancel = false;
}

/* ---- tasks ---- */

static void spawn(int task, int group)
{
    tasks[task] = (model_task){.status = SCHEDULED, .group = group, .waits_for = -1};
    push(ENTRY_STEP, task, 0);
    if (group >= 0) {
        scopes[group].children++;
        watch(TREE_GATES + task, ENTRY_CHILD_DONE, task);
    }
}

/* T4: only a value is dropped for a cancel that was not delivered. */
static void end_task(int task, int rc)
{
    model_task *t = &tasks[task];
    if (rc >= 0 && t->must_cancel)
        rc = CANCELED;
    t->must_cancel = false;
    t->status = DONE;
    finish_future(TREE_GATES + task, rc);
}

/* ---- groups ---- */

static void abort_group(int scope)
{
    scopes[scope].aborting = true;
    for (int task = 1; task < TREE_TASKS; task++)
        if (tasks[task].status != UNBORN && tasks[task].group == scope && tasks[task].status != DONE)
            (void)cancel_task(task);
}

static void add_error(model_scope *group, int code)
{
    if (group->error_count < 4)
        group->errors[group->error_count] = code;
    group->error_count++;
}

/* P1, P2 */
static void child_done(int task)
{
    int scope = tasks[task].group, result = futures[TREE_GATES + task].result;
    model_scope *group = &scopes[scope];
    if (--group->children == 0 && group->parent_waits) {
        group->parent_waits = false;
        schedule(group->owner, 0);
    }
    if (result >= 0 || result == CANCELED)
        return;
    add_error(group, result);
    if (!group->aborting && !group->parent_cancel_requested) {
        abort_group(scope);
        group->parent_cancel_requested = true;
        (void)cancel_task(group->owner);
    }
}

static int spawn_in_group(int task, int scope)
{
    const model_scope *group = &scopes[scope];
    if (!group->entered || group->over || group->aborting || (group->exiting && group->children == 0))
        return REFUSED;
    spawn(task, scope);
    return 0;
}

/* P3: the first part of the exit. */
static void begin_group_exit(model_scope *group, int scope, int body_rc)
{
    group->exiting = true;
    group->body_rc = body_rc;
    group->propagate = body_rc == CANCELED;
    if (body_rc < 0 && !group->aborting)
        abort_group(scope);
}

/* P4: one that came while it waited. */
static void exit_was_cancelled(model_scope *group, int scope)
{
    if (group->aborting)
        return;
    group->propagate = true;
    abort_group(scope);
}

/* P6, P7 */
static int end_group_exit(model_scope *group, int task)
{
    group->over = true;
    if (group->parent_cancel_requested && uncancel(task) == 0)
        group->propagate = false;
    if (group->propagate && group->error_count == 0)
        return CANCELED;
    if (group->body_rc < 0 && group->body_rc != CANCELED)
        add_error(group, group->body_rc);
    if (group->error_count == 0)
        return group->body_rc;
    if (tasks[task].cancelling > 0) {
        (void)uncancel(task);
        (void)cancel_task(task);
    }
    return group->errors[0];
}

/* ---- timeouts ---- */

static int fire(int scope)
{
    model_scope *limit = &scopes[scope];
    if (program->is_group[scope] || !limit->entered || limit->over || limit->expiring)
        return REFUSED;
    push(ENTRY_FIRE, scope, ++limit->generation);
    return 0;
}

/* O1 */
static void expire(int scope, int generation)
{
    model_scope *limit = &scopes[scope];
    if (limit->over || limit->generation != generation)
        return;
    limit->expiring = true;
    (void)cancel_task(limit->owner);
}

/* O2, O3, O4 */
static int exit_timeout(model_scope *limit, int task, int rc)
{
    limit->over = true;
    if (limit->expiring && uncancel(task) <= limit->cancelling_at_entry && rc == CANCELED)
        return EDDY_ETIMEDOUT;
    return rc;
}

/* ---- running a script ---- */

static uint32_t group_errors(const model_scope *group)
{
    uint32_t sum = (uint32_t)group->error_count;
    for (int i = 0; i < 4; i++)
        sum = tree_error_sum(sum, i < group->error_count ? group->errors[i] : 0);
    return sum;
}

static void tell(int task, int rc, uint32_t errors)
{
    tree_story_tell(story, (tree_event){task, tasks[task].pc, rc, tasks[task].cancelling, errors});
    tasks[task].pc++;
}

/* Go on with an exit that may wait: false while it does. */
static bool leave_group(int task, int scope)
{
    model_task *t = &tasks[task];
    model_scope *group = &scopes[scope];
    if (group->children > 0) {
        group->parent_waits = true;
        wait_on(task, -1);
        return false;
    }
    t->rc = end_group_exit(group, task);
    bool has_record = t->rc < 0 && t->rc != CANCELED;
    tell(task, t->rc, has_record ? group_errors(group) : 0);
    return true;
}

static bool leave(int task, int scope)
{
    model_task *t = &tasks[task];
    if (!scopes[scope].entered || scopes[scope].over) {
        t->pc++;
        return true;
    }
    if (program->is_group[scope]) {
        begin_group_exit(&scopes[scope], scope, t->rc);
        return leave_group(task, scope);
    }
    t->rc = exit_timeout(&scopes[scope], task, t->rc);
    tell(task, t->rc, 0);
    return true;
}

static void enter(int task, const tree_op *op)
{
    scopes[op->a] =
        (model_scope){.owner = task, .entered = true, .cancelling_at_entry = tasks[task].cancelling};
    if (op->kind == TREE_ENTER_TIMEOUT && op->b)
        (void)fire(op->a);
    tell(task, 0, 0);
}

/* F4: a done future is looked at without suspending. */
static bool await_future(int task, int future)
{
    if (!futures[future].done) {
        wait_on(task, future);
        return false;
    }
    tasks[task].rc = futures[future].result;
    tell(task, tasks[task].rc, 0);
    return true;
}

static bool give_way(int task)
{
    schedule(task, 0);
    return false;
}

static bool anybody_alive(void)
{
    for (int task = 1; task < TREE_TASKS; task++)
        if (tasks[task].status != UNBORN && tasks[task].status != DONE)
            return true;
    return false;
}

static int set_gate(const tree_op *op)
{
    if (futures[op->a].done)
        return REFUSED;
    finish_future(op->a, op->b);
    return 0;
}

static bool is_clean_up(enum tree_kind kind)
{
    return kind == TREE_EXIT || kind == TREE_CLEANUP_YIELD || kind == TREE_SPAWN || kind == TREE_SWALLOW ||
           kind == TREE_REPLACE;
}

/* Ops that only act: what they answer is told and changes nothing in the body. */
static void act(int task, const tree_op *op)
{
    int rc = 0;
    if (op->kind == TREE_SPAWN) {
        if (op->b >= 0)
            rc = spawn_in_group(op->a, op->b);
        else
            spawn(op->a, -1);
    } else if (op->kind == TREE_SET) {
        rc = set_gate(op);
    } else if (op->kind == TREE_CANCEL) {
        rc = tasks[op->a].status != UNBORN && cancel_task(op->a);
    } else if (op->kind == TREE_UNCANCEL) {
        rc = uncancel(task);
    } else {
        rc = fire(op->a);
    }
    tell(task, rc, 0);
}

static void change_result(int task, const tree_op *op)
{
    model_task *t = &tasks[task];
    if (op->kind == TREE_FAIL || (op->kind == TREE_REPLACE && t->rc < 0))
        t->rc = op->b;
    else if (op->kind == TREE_SWALLOW && t->rc < 0)
        t->rc = 0;
    t->pc++;
}

/* True: go on with the next op; false: the task has suspended. */
static bool run_op(int task)
{
    model_task *t = &tasks[task];
    const tree_op *op = &program->scripts[task].ops[t->pc];
    if (t->rc < 0 && !is_clean_up(op->kind)) {
        t->pc++;
        return true;
    }
    switch (op->kind) {
    case TREE_ENTER_TIMEOUT:
    case TREE_ENTER_GROUP:
        enter(task, op);
        return true;
    case TREE_EXIT:
        return leave(task, op->a);
    case TREE_YIELD:
    case TREE_CLEANUP_YIELD:
        return give_way(task);
    case TREE_WAIT:
        return await_future(task, op->a);
    case TREE_AWAIT:
        if (tasks[op->a].status != UNBORN)
            return await_future(task, TREE_GATES + op->a);
        t->pc++;
        return true;
    case TREE_JOIN:
        if (anybody_alive())
            return give_way(task);
        t->pc++;
        return true;
    case TREE_FAIL:
    case TREE_SWALLOW:
    case TREE_REPLACE:
        change_result(task, op);
        return true;
    default:
        act(task, op);
        return true;
    }
}

/* What the op that suspended came to. True: go on. */
static bool resume(int task, int wake)
{
    model_task *t = &tasks[task];
    const tree_op *op = &program->scripts[task].ops[t->pc];
    switch (op->kind) {
    case TREE_EXIT:
        if (wake == CANCELED)
            exit_was_cancelled(&scopes[op->a], op->a);
        return leave_group(task, op->a);
    case TREE_JOIN:
        return true;
    case TREE_WAIT:
    case TREE_AWAIT:
        t->rc = wake == CANCELED ? CANCELED : futures[t->waits_for].result;
        tell(task, t->rc, 0);
        return true;
    default:
        if (wake < 0)
            t->rc = wake;
        tell(task, wake, 0);
        return true;
    }
}

/* T3 */
static void step(int task)
{
    model_task *t = &tasks[task];
    int wake = t->must_cancel ? CANCELED : t->wake;
    bool begun = t->begun;
    t->must_cancel = false;
    t->status = RUNNING;
    t->begun = true;
    if (!begun && wake == CANCELED) {
        end_task(task, CANCELED);
        return;
    }
    if (begun && !resume(task, wake))
        return;
    while (t->pc < program->scripts[task].count)
        if (!run_op(task))
            return;
    end_task(task, t->rc < 0 ? t->rc : task);
}

void tree_model_run(const tree *of, tree_story *into)
{
    program = of;
    story = into;
    memset(story, 0, sizeof *story);
    memset(futures, 0, sizeof futures);
    memset(tasks, 0, sizeof tasks);
    memset(scopes, 0, sizeof scopes);
    queue_head = queue_tail = 0;
    spawn(0, -1);
    while (queue_head < queue_tail) {
        entry next = queue[queue_head++];
        if (next.kind == ENTRY_STEP)
            step(next.index);
        else if (next.kind == ENTRY_CHILD_DONE)
            child_done(next.index);
        else
            expire(next.index, next.generation);
    }
    for (int task = 0; task < TREE_TASKS; task++) {
        story->outcomes[task] = tasks[task].status == UNBORN ? 1 : futures[TREE_GATES + task].result;
        story->cancelling[task] = tasks[task].cancelling;
    }
    for (int scope = 0; scope < TREE_SCOPES; scope++)
        story->expired[scope] = scopes[scope].expiring;
}
