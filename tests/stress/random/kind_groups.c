/* kind_groups.c: task groups, one in the other, whose children add siblings late.
 * Touches the public API and the ledger. A group ends after all its children, soon after the last, with the right error. */
#include "random.h"

/* Those that were entered and not left. */
static struct {
    const eddy_task_group *group;
    const actor *owner;
} opened[ACTORS * DEPTH];
static int opened_count;

static bool has_children(const world *w, const eddy_task_group *group)
{
    for (int i = 0; i < w->actor_count; i++)
        if (w->actors[i].group == group && !w->actors[i].ended)
            return true;
    return false;
}

/* The first of the group's children that failed of itself; 0: none. */
static bool some_child_failed(const world *w, const eddy_task_group *group)
{
    for (int i = 0; i < w->actor_count; i++)
        if (w->actors[i].group == group && w->actors[i].result < 0 && w->actors[i].result != EDDY_ECANCELED)
            return true;
    return false;
}

/* Their struct may be another group's next. */
static void let_go(world *w, const eddy_task_group *group)
{
    for (int i = 0; i < w->actor_count; i++)
        if (w->actors[i].group == group)
            w->actors[i].group = NULL;
}

static void note_end(const eddy_task_group *group)
{
    int i = 0;
    while (opened[i].group != group)
        i++;
    opened[i] = opened[--opened_count];
}

static int run_group(actor *me, int at)
{
    world *w = me->w;
    eddy_task_group group;
    actor *children[CHILDREN];
    int rc = eddy_task_group_enter(&group);
    EXPECT(w, rc == 0, "a group could not be entered");
    me->scopes++;
    opened[opened_count].group = &group;
    opened[opened_count++].owner = me;
    (void)start_children(me, at, &group, children);
    rc = run_body(me, at);
    me->ends_group = &group;
    await_begin(me, at, FREE);
    int result = await_end(me, eddy_task_group_exit(&group, rc));
    me->ends_group = NULL;
    me->scopes--;
    EXPECT(w, !has_children(w, &group), "a group ended before its children");
    bool failed = some_child_failed(w, &group) || (rc < 0 && rc != EDDY_ECANCELED);
    EXPECT(w, failed == (result < 0 && result != EDDY_ECANCELED), "a group hid an error, or made one up");
    let_go(w, &group);
    note_end(&group);
    scope_left(me);
    if (failed && me->settled > 0)
        me->owed = OWED_PERHAPS; /* asked for again */
    return failed && result <= EDDY_EUSER ? 0 : result;
}

static int run_sibling(actor *me, int at)
{
    actor *children[CHILDREN];
    if (me->group != NULL)
        (void)start_children(me, at, me->group, children);
    return run_body(me, at);
}

/* A failure ends the whole block: the body, unless it waits for the children anyway, and all children. */
static void check_failed(world *w, const eddy_task_group *group, const actor *owner)
{
    EXPECT(w, owner->ends_group == group || eddy_task_cancelling(owner->task) > 0,
           "a child failed and the body of its group was not cancelled");
    for (int i = 0; i < w->actor_count; i++) {
        const actor *a = &w->actors[i];
        EXPECT(w, a->group != group || a->ended || eddy_task_cancelling(a->task) > 0,
               "a child failed and a sibling was not cancelled");
    }
}

static int make(world *w)
{
    (void)w;
    opened_count = 0;
    return 0;
}

static void check_idle(world *w)
{
    for (int i = 0; i < opened_count; i++)
        if (some_child_failed(w, opened[i].group))
            check_failed(w, opened[i].group, opened[i].owner);
    for (int i = 0; i < w->actor_count; i++)
        EXPECT(w, w->actors[i].ends_group == NULL || has_children(w, w->actors[i].ends_group),
               "all children have ended and their group does not");
}

static const action actions[] = {
    {"group", run_group, 20, 1, 1, FAMILY},
    {"siblings", run_sibling, 6, 1, 1, FAMILY},
};

const kind kind_groups = {
    .name = "groups", .actions = actions, .action_count = 2, .make = make, .check_idle = check_idle};
