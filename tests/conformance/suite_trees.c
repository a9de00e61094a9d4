/* suite_trees.c: random trees of nested timeouts, groups and cancels: the library tells the same story as the reference model.
 * Touches the public API and trees.h. A failing seed is printed; it makes the same program again. */
#include "bodies.h"
#include "suite.h"
#include "trees.h"

enum { SEEDS = 20000, SEEDS_AT_ONCE = 100 };

void tree_story_tell(tree_story *story, tree_event event)
{
    assert_true(story->count < TREE_EVENTS);
    story->events[story->count++] = event;
}

/* ---- making a program ---- */

typedef struct maker {
    tree *program;
    uint64_t state;
    int group_of[TREE_TASKS]; /* the scope whose group a task belongs to, or -1 */
} maker;

/* splitmix64, after Steele, Lea and Flood */
static uint32_t roll(maker *m, uint32_t sides)
{
    uint64_t z = m->state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (uint32_t)((z ^ (z >> 31)) % sides);
}

static void put(tree_script *script, enum tree_kind kind, int a, int b)
{
    script->ops[script->count++] = (tree_op){kind, a, b};
}

static int some_error(maker *m)
{
    return EDDY_EUSER - (int)roll(m, 50);
}

static void put_spawn(maker *m, tree_script *script, int group)
{
    tree *program = m->program;
    if (program->tasks == TREE_TASKS)
        return;
    m->group_of[program->tasks] = group;
    put(script, TREE_SPAWN, program->tasks++, group);
}

/* An op that needs nothing around it, of the driver too. */
static void put_event(maker *m, tree_script *script)
{
    switch (roll(m, 8)) {
    case 0:
    case 1:
        put(script, TREE_CANCEL, 1 + (int)roll(m, (uint32_t)m->program->tasks), 0);
        script->ops[script->count - 1].a %= TREE_TASKS;
        if (script->ops[script->count - 1].a == 0)
            script->count--;
        break;
    case 2:
        put(script, TREE_SET, (int)roll(m, TREE_GATES), roll(m, 2) ? 0 : some_error(m));
        break;
    case 3:
    case 4:
    case 5:
        put(script, TREE_FIRE, (int)roll(m, (uint32_t)m->program->scopes + 4) % TREE_SCOPES, 0);
        break;
    default:
        put(script, TREE_YIELD, 0, 0);
        break;
    }
}

static void put_simple(maker *m, tree_script *script, int task)
{
    switch (roll(m, 16)) {
    case 0:
    case 1:
    case 2:
    case 3:
        put(script, TREE_YIELD, 0, 0);
        break;
    case 4:
    case 5:
    case 6:
        put(script, TREE_WAIT, (int)roll(m, TREE_GATES), 0);
        break;
    case 7:
        put(script, TREE_CLEANUP_YIELD, 0, 0);
        break;
    case 8:
        put(script, TREE_SWALLOW, 0, 0);
        break;
    case 9:
        put(script, TREE_REPLACE, 0, some_error(m));
        break;
    case 10:
        put(script, roll(m, 3) ? TREE_YIELD : TREE_FAIL, 0, some_error(m));
        break;
    case 11: /* only tasks with a higher number, so that nobody waits in a ring */
        put(script, TREE_AWAIT, task + 1 + (int)roll(m, 3), 0);
        if (script->ops[script->count - 1].a >= TREE_TASKS)
            script->count--;
        break;
    case 12:
        put_spawn(m, script, roll(m, 3) ? m->group_of[task] : -1);
        break;
    case 13:
        put(script, TREE_UNCANCEL, 0, 0);
        break;
    default:
        put_event(m, script);
        break;
    }
}

/* A body: ops in a row, some of them blocks. Each call keeps room for the exits of the blocks around it. */
static void put_body(maker *m, tree_script *script, int task, int depth)
{
    int items = 1 + (int)roll(m, 5);
    for (int i = 0; i < items; i++) {
        tree *program = m->program;
        uint32_t choice = roll(m, 10);
        bool is_group = choice < 2;
        if (script->count > TREE_OPS - 16)
            return;
        if (choice >= 4 || depth == 4 || program->scopes == TREE_SCOPES) {
            put_simple(m, script, task);
            continue;
        }
        int scope = program->scopes++;
        program->is_group[scope] = is_group;
        put(script, is_group ? TREE_ENTER_GROUP : TREE_ENTER_TIMEOUT, scope, roll(m, 4) == 0);
        for (uint32_t children = is_group ? 1 + roll(m, 3) : 0; children > 0; children--)
            put_spawn(m, script, scope);
        put_body(m, script, task, depth + 1);
        put(script, TREE_EXIT, scope, 0);
    }
}

static void put_driver(maker *m, tree_script *script)
{
    uint32_t events = 6 + roll(m, 14);
    put_spawn(m, script, -1);
    put_spawn(m, script, -1);
    for (int task = 1; task < m->program->tasks; task++) /* grows as scripts make tasks */
        put_body(m, &m->program->scripts[task], task, 0);
    for (uint32_t i = 0; i < events; i++)
        put_event(m, script);
    for (int gate = 0; gate < TREE_GATES; gate++) /* so that everybody comes to an end */
        put(script, TREE_SET, gate, 0);
    put(script, TREE_JOIN, 0, 0);
}

void tree_make(tree *program, uint64_t seed)
{
    maker m = {.program = program, .state = seed};
    memset(program, 0, sizeof *program);
    program->tasks = 1;
    put_driver(&m, &program->scripts[0]);
}

/* ---- running it on the library ---- */

static tree program;
static tree_story story, expected;
static eddy_task *handles[TREE_TASKS];
static eddy_future *gates[TREE_GATES];
static eddy_timeout limits[TREE_SCOPES];
static eddy_task_group groups[TREE_SCOPES];
static int numbers[TREE_TASKS];

static uint32_t recorded_errors(void)
{
    const eddy_error *record = eddy_last_error();
    uint32_t sum = record->group_count;
    for (int i = 0; i < EDDY_ERROR_GROUP_MAX; i++)
        sum = tree_error_sum(sum, record->group[i]);
    return sum;
}

static int run_script(void *arg);

static int do_spawn(const tree_op *op)
{
    eddy_task **out = &handles[op->a];
    if (op->b >= 0)
        return eddy_task_group_create_task(&groups[op->b], out, run_script, &numbers[op->a], NULL);
    return eddy_create_task(out, run_script, &numbers[op->a], NULL);
}

static int do_set(const tree_op *op)
{
    return op->b < 0 ? eddy_future_set_exception(gates[op->a], op->b)
                     : eddy_future_set_result(gates[op->a], op->b);
}

static int do_enter(const tree_op *op)
{
    if (op->kind == TREE_ENTER_GROUP)
        return eddy_task_group_enter(&groups[op->a]);
    return eddy_timeout_enter(&limits[op->a], op->b ? 0 : (double)INFINITY);
}

static bool anybody_alive(void)
{
    for (int task = 1; task < TREE_TASKS; task++)
        if (handles[task] != NULL && !eddy_task_done(handles[task]))
            return true;
    return false;
}

static void join_all(void)
{
    while (anybody_alive())
        assert_int_equal(eddy_sleep(0), 0);
}

/* Ops whose answer is told and changes nothing in the body. */
static int act(const tree_op *op)
{
    switch (op->kind) {
    case TREE_ENTER_TIMEOUT:
    case TREE_ENTER_GROUP:
        return do_enter(op);
    case TREE_SPAWN:
        return do_spawn(op);
    case TREE_SET:
        return do_set(op);
    case TREE_CANCEL:
        return eddy_task_cancel(handles[op->a]);
    case TREE_UNCANCEL:
        return eddy_task_uncancel(eddy_current_task());
    default:
        return eddy_timeout_reschedule(&limits[op->a], 0);
    }
}

static void tell(int task, const tree_op *op, int rc, uint32_t errors)
{
    int index = (int)(op - program.scripts[task].ops);
    tree_story_tell(&story, (tree_event){task, index, rc, eddy_task_cancelling(eddy_current_task()), errors});
}

/* The body's result so far goes in, and comes out. */
static int suspend_in(int task, const tree_op *op, int rc, bool *entered)
{
    int result;
    uint32_t errors = 0;
    if (op->kind == TREE_EXIT) {
        if (!entered[op->a])
            return rc;
        entered[op->a] = false;
        if (program.is_group[op->a]) {
            rc = result = eddy_task_group_exit(&groups[op->a], rc);
            errors = rc < 0 && rc != EDDY_ECANCELED ? recorded_errors() : 0;
        } else {
            rc = result = eddy_timeout_exit(&limits[op->a], rc);
        }
    } else if (op->kind == TREE_WAIT) {
        rc = result = eddy_await_future(gates[op->a], NULL);
    } else if (op->kind == TREE_AWAIT) {
        if (handles[op->a] == NULL)
            return rc;
        rc = result = eddy_await(handles[op->a], NULL);
    } else {
        result = eddy_sleep(0);
        rc = result < 0 ? result : rc;
    }
    tell(task, op, result, errors);
    return rc;
}

static int run_op(int task, const tree_op *op, int rc, bool *entered)
{
    switch (op->kind) {
    case TREE_EXIT:
    case TREE_CLEANUP_YIELD:
        return suspend_in(task, op, rc, entered);
    case TREE_SWALLOW:
        return rc < 0 ? 0 : rc;
    case TREE_REPLACE:
        return rc < 0 ? op->b : rc;
    default:
        break;
    }
    if (rc < 0 && op->kind != TREE_SPAWN)
        return rc;
    switch (op->kind) {
    case TREE_YIELD:
    case TREE_WAIT:
    case TREE_AWAIT:
        return suspend_in(task, op, rc, entered);
    case TREE_FAIL:
        return op->b;
    case TREE_JOIN:
        join_all();
        return rc;
    default:
        if (op->kind == TREE_ENTER_TIMEOUT || op->kind == TREE_ENTER_GROUP)
            entered[op->a] = true;
        tell(task, op, act(op), 0);
        return rc;
    }
}

static int run_script(void *arg)
{
    bool entered[TREE_SCOPES] = {false};
    int task = *(int *)arg, rc = 0;
    const tree_script *script = &program.scripts[task];
    for (int i = 0; i < script->count; i++)
        rc = run_op(task, &script->ops[i], rc, entered);
    return rc < 0 ? rc : task;
}

static void run_on_the_library(void)
{
    memset(&story, 0, sizeof story);
    memset(limits, 0, sizeof limits);
    memset(groups, 0, sizeof groups);
    for (int task = 0; task < TREE_TASKS; task++) {
        handles[task] = NULL;
        numbers[task] = task;
    }
    for (int gate = 0; gate < TREE_GATES; gate++)
        gates[gate] = make_future();
    story.outcomes[0] = run_script(&numbers[0]);
    for (int task = 1; task < TREE_TASKS; task++) {
        story.outcomes[task] = handles[task] != NULL ? eddy_task_result(handles[task]) : 1;
        story.cancelling[task] = eddy_task_cancelling(handles[task]);
        eddy_task_release(handles[task]);
    }
    for (int gate = 0; gate < TREE_GATES; gate++)
        eddy_future_release(gates[gate]);
    for (int scope = 0; scope < TREE_SCOPES; scope++)
        story.expired[scope] = !program.is_group[scope] && eddy_timeout_expired(&limits[scope]);
}

/* ---- comparing ---- */

static void compare(uint64_t seed)
{
    for (int i = 0; i < story.count && i < expected.count; i++) {
        const tree_event *is = &story.events[i], *should = &expected.events[i];
        if (memcmp(is, should, sizeof *is) != 0)
            fail_msg("seed %llu, event %d: task %d op %d came to %d (%d requests, errors %x), the model says "
                     "task %d op %d came to %d (%d requests, errors %x)",
                     (unsigned long long)seed, i, is->task, is->op, is->rc, is->cancelling, is->errors,
                     should->task, should->op, should->rc, should->cancelling, should->errors);
    }
    if (story.count != expected.count)
        fail_msg("seed %llu: %d events, the model says %d", (unsigned long long)seed, story.count,
                 expected.count);
    for (int task = 0; task < TREE_TASKS; task++)
        if (story.outcomes[task] != expected.outcomes[task] ||
            story.cancelling[task] != expected.cancelling[task])
            fail_msg("seed %llu: task %d came to %d (%d requests), the model says %d (%d)",
                     (unsigned long long)seed, task, story.outcomes[task], story.cancelling[task],
                     expected.outcomes[task], expected.cancelling[task]);
    for (int scope = 0; scope < TREE_SCOPES; scope++)
        if (story.expired[scope] != expected.expired[scope])
            fail_msg("seed %llu: timeout %d: expired is %d", (unsigned long long)seed, scope,
                     story.expired[scope]);
}

/* What the programs made happen, so that a generator that makes nothing happen is found out. */
static struct {
    int timeouts, cancelled_exits, group_errors, refusals, swallowed, never_began;
} seen;

static void count_what_happened(void)
{
    bool began[TREE_TASKS] = {false};
    for (int i = 0; i < story.count; i++) {
        const tree_event *event = &story.events[i];
        enum tree_kind kind = program.scripts[event->task].ops[event->op].kind;
        began[event->task] = true;
        seen.timeouts += kind == TREE_EXIT && event->rc == EDDY_ETIMEDOUT;
        seen.cancelled_exits += kind == TREE_EXIT && event->rc == EDDY_ECANCELED;
        seen.group_errors += event->errors != 0 && event->rc <= EDDY_EUSER && event->cancelling > 0;
        seen.refusals += kind == TREE_SPAWN && event->rc == EDDY_EINVALIDSTATE;
        seen.swallowed += kind == TREE_EXIT && event->rc >= 0 && event->cancelling > 0;
    }
    for (int task = 1; task < TREE_TASKS; task++)
        seen.never_began += story.outcomes[task] == EDDY_ECANCELED && !began[task];
}

static int run_some_seeds(void *arg)
{
    uint64_t first = *(uint64_t *)arg;
    support_catch_reports();
    for (uint64_t seed = first; seed < first + SEEDS_AT_ONCE; seed++) {
        tree_make(&program, seed);
        tree_model_run(&program, &expected);
        run_on_the_library();
        compare(seed);
        count_what_happened();
    }
    return 0;
}

static void fault_C3_random_trees_of_scopes_behave_as_the_model_says(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof seen);
    for (uint64_t first = 1; first <= SEEDS; first += SEEDS_AT_ONCE)
        assert_int_equal(support_run(run_some_seeds, &first), 0);
    assert_true(seen.timeouts > 100);
    assert_true(seen.cancelled_exits > 100);
    assert_true(seen.group_errors > 20);
    assert_true(seen.refusals > 20);
    assert_true(seen.swallowed > 20);
    assert_true(seen.never_began > 20);
}

int suite_trees(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_C3_random_trees_of_scopes_behave_as_the_model_says),
    };
    return cmocka_run_group_tests_name("trees", tests, NULL, NULL);
}
