/* kind_families.c: tasks that wait for tasks: await, gather, wait, wait_for, shield, as_completed.
 * Touches the public API and the ledger. Nobody goes on before enough of them have ended, nor waits after that. */
#include "random.h"

#include <math.h>

static int ended_of(actor *const *children, int count)
{
    int ended = 0;
    for (int i = 0; i < count; i++)
        ended += children[i]->ended;
    return ended;
}

/* A cancel that came too late to be delivered takes the place of a result. */
static bool outcome_is(const actor *child, int outcome)
{
    return child->ended && (outcome == child->result || outcome == EDDY_ECANCELED);
}

/* ---- the ways to wait: around the call, what must hold for all ---- */

typedef struct family {
    actor *children[CHILDREN];
    eddy_task *tasks[CHILDREN];
    int count;
} family;

/* False: there is nobody to wait for. */
static bool begin(actor *me, int at, family *f, int *rc)
{
    f->count = start_children(me, at, NULL, f->children);
    for (int i = 0; i < f->count; i++)
        f->tasks[i] = f->children[i]->task;
    *rc = run_body(me, at);
    return *rc == 0 && f->count > 0;
}

static void wait_begin(actor *me, int at, const family *f, int count, int enough, enum await_mode mode)
{
    me->waits_for = f->children;
    me->waits_count = count;
    me->waits_enough = enough;
    await_begin(me, at, mode);
}

static int wait_end(actor *me, int rc)
{
    me->waits_for = NULL;
    return await_end(me, rc);
}

static int run_await(actor *me, int at)
{
    family f;
    int rc, outcome = 0;
    if (!begin(me, at, &f, &rc))
        return rc;
    wait_begin(me, at, &f, 1, 1, LAX);
    rc = wait_end(me, eddy_await(f.tasks[0], &outcome));
    EXPECT(me->w, rc < 0 || outcome_is(f.children[0], outcome),
           "an await told something else than the task came to");
    return rc;
}

static int run_shield(actor *me, int at)
{
    family f;
    int rc, outcome = 0;
    if (!begin(me, at, &f, &rc))
        return rc;
    int cancels = eddy_task_cancelling(f.tasks[0]), asked = f.children[0]->asked;
    wait_begin(me, at, &f, 1, 1, STRICT);
    rc = wait_end(me, eddy_shield(f.tasks[0], &outcome));
    EXPECT(me->w, rc < 0 || outcome_is(f.children[0], outcome),
           "a shield told something else than the task came to");
    EXPECT(me->w,
           f.children[0]->ended || f.children[0]->scopes > 0 ||
               eddy_task_cancelling(f.tasks[0]) - cancels == f.children[0]->asked - asked,
           "a shield let a cancel through");
    return rc;
}

static int run_wait_for(actor *me, int at)
{
    static const double limits[] = {0, 0.0005, 0.002, INFINITY};
    family f;
    int rc, outcome = 0;
    if (!begin(me, at, &f, &rc))
        return rc;
    me->scopes++;
    wait_begin(me, at, &f, 1, 1, FREE);
    rc = wait_end(me, eddy_wait_for(f.tasks[0], &outcome, limits[me->w->script->steps[at].a]));
    me->scopes--;
    scope_left(me);
    EXPECT(me->w, f.children[0]->ended || rc == EDDY_ECANCELED, "a wait with a limit left its task alive");
    EXPECT(me->w, rc < 0 || outcome_is(f.children[0], outcome),
           "wait_for told something else than the task came to");
    return rc == EDDY_ETIMEDOUT ? 0 : rc;
}

static int run_gather(actor *me, int at)
{
    family f;
    int rc, results[CHILDREN];
    bool all = me->w->script->steps[at].a != 0;
    if (!begin(me, at, &f, &rc))
        return rc;
    wait_begin(me, at, &f, f.count, f.count, all ? LAX : FREE);
    if (all)
        rc = eddy_gather_return_exceptions(results, f.tasks, (size_t)f.count);
    else
        rc = eddy_gather(results, f.tasks, (size_t)f.count);
    rc = wait_end(me, rc);
    if (all || rc == 0)
        EXPECT(me->w, ended_of(f.children, f.count) == f.count, "a gather ended before its tasks");
    for (int i = 0; i < f.count && rc == 0; i++)
        EXPECT(me->w, outcome_is(f.children[i], results[i]),
               "a gather told something else than a task came to");
    return rc <= EDDY_EUSER ? 0 : rc;
}

/* A cancel of this task touches neither the gather nor its members. */
static int run_shielded_gather(actor *me, int at)
{
    family f;
    int rc, outcome = 0;
    eddy_future *members[CHILDREN], *gathered = NULL, *outer = NULL;
    if (!begin(me, at, &f, &rc))
        return rc;
    for (int i = 0; i < f.count; i++)
        members[i] = eddy_task_future(f.tasks[i]);
    rc = eddy_gather_future(me->w->loop, &gathered, NULL, members, (size_t)f.count, true);
    if (rc == 0)
        rc = eddy_shield_future(&outer, gathered);
    EXPECT(me->w, rc == 0, "a gather could not be made, or not shielded");
    if (rc < 0)
        return rc;
    wait_begin(me, at, &f, f.count, f.count, STRICT);
    rc = wait_end(me, eddy_await_future(outer, &outcome));
    EXPECT(me->w, rc < 0 || ended_of(f.children, f.count) == f.count, "a gather ended before its tasks");
    EXPECT(me->w, rc < 0 || outcome == 0, "a gather that takes errors as results failed");
    eddy_future_release(outer);
    eddy_future_release(gathered);
    return rc;
}

static int run_wait(actor *me, int at)
{
    const step *s = &me->w->script->steps[at];
    family f;
    int rc;
    bool done[CHILDREN], limited = s->b != 0;
    eddy_return_when when = s->a != 0 ? EDDY_ALL_COMPLETED : EDDY_FIRST_COMPLETED;
    if (!begin(me, at, &f, &rc))
        return rc;
    int enough = when == EDDY_ALL_COMPLETED ? f.count : 1;
    wait_begin(me, at, &f, f.count, enough, STRICT);
    rc = wait_end(me, eddy_wait(done, f.tasks, (size_t)f.count, limited ? 0.0005 : INFINITY, when));
    if (rc < 0)
        return rc;
    EXPECT(me->w, limited || rc >= enough, "a wait ended too early");
    EXPECT(me->w, rc == ended_of(f.children, f.count), "a wait did not count those that have ended");
    for (int i = 0; i < f.count; i++)
        EXPECT(me->w, done[i] == f.children[i]->ended, "a wait named a task as ended that was not");
    return 0;
}

/* Each once, and in the order in which they ended. */
static int check_completion(actor *me, const family *f, const eddy_task *task, bool *seen, int last)
{
    int i = 0;
    while (i < f->count && f->tasks[i] != task)
        i++;
    EXPECT(me->w, i < f->count && !seen[i], "as_completed gave a task twice, or one of others");
    if (i == f->count)
        return last;
    seen[i] = true;
    EXPECT(me->w, f->children[i]->ended, "as_completed gave a task that has not ended");
    EXPECT(me->w, last <= f->children[i]->end_serial,
           "as_completed gave a task before one that ended earlier");
    return f->children[i]->end_serial;
}

/* 0, or what ends it: a second cancel, or the limit. A cancelled call loses no task: after the first one it goes on. */
static int take_all(actor *me, int at, family *f, eddy_completions *completions)
{
    int given = 0, last = 0, cancelled = 0;
    bool seen[CHILDREN] = {false};
    for (;;) {
        eddy_task *task = NULL;
        wait_begin(me, at, f, f->count, given + 1, STRICT);
        int rc = wait_end(me, eddy_completions_next(completions, &task));
        if (rc == EDDY_ECANCELED && cancelled == 0) {
            cancelled = rc;
            continue;
        }
        EXPECT(me->w, rc != 0 || given == f->count, "as_completed left a task out");
        if (rc <= 0)
            return rc < 0 ? rc : cancelled;
        last = check_completion(me, f, task, seen, last);
        given++;
    }
}

static int run_completed(actor *me, int at)
{
    family f;
    eddy_completions *completions;
    int rc;
    f.count = start_children(me, at, NULL, f.children);
    for (int i = 0; i < f.count; i++)
        f.tasks[i] = f.children[i]->task;
    rc = eddy_as_completed(&completions, f.tasks, (size_t)f.count,
                           me->w->script->steps[at].a != 0 ? 0.001 : INFINITY);
    EXPECT(me->w, rc == 0, "as_completed could not be made");
    rc = run_body(me, at);
    if (rc == 0)
        rc = take_all(me, at, &f, completions);
    eddy_completions_release(completions);
    return rc == EDDY_ETIMEDOUT ? 0 : rc;
}

static void check_idle(world *w)
{
    for (int i = 0; i < w->actor_count; i++) {
        const actor *a = &w->actors[i];
        EXPECT(w, a->waits_for == NULL || ended_of(a->waits_for, a->waits_count) < a->waits_enough,
               "enough tasks have ended and a task waits for that");
    }
}

static const action actions[] = {
    {"await", run_await, 6, 1, 1, FAMILY},
    {"shield", run_shield, 6, 1, 1, FAMILY},
    {"wait_for", run_wait_for, 6, 4, 1, FAMILY},
    {"gather", run_gather, 8, 2, 1, FAMILY},
    {"shielded gather", run_shielded_gather, 5, 1, 1, FAMILY},
    {"wait", run_wait, 8, 2, 2, FAMILY},
    {"as_completed", run_completed, 8, 2, 1, FAMILY},
};

const kind kind_families = {
    .name = "families", .actions = actions, .action_count = 7, .check_idle = check_idle};
