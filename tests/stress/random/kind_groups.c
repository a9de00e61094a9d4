/* kind_groups.c: task groups, one in the other, whose children add siblings late.
 * Touches the public API and the ledger. A group ends after all its children, soon after the last, with the right error. */
#include "random.h"

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
static void part(world *w, const eddy_task_group *group)
{
    for (int i = 0; i < w->actor_count; i++)
        if (w->actors[i].group == group)
            w->actors[i].group = NULL;
}

static int run_group(actor *me, int at)
{
    world *w = me->w;
    eddy_task_group group;
    actor *children[CHILDREN];
    int rc = eddy_task_group_enter(&group);
    EXPECT(w, rc == 0, "a group could not be entered");
    me->scopes++;
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
    part(w, &group);
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

static void check_idle(world *w)
{
    for (int i = 0; i < w->actor_count; i++)
        EXPECT(w, w->actors[i].ends_group == NULL || has_children(w, w->actors[i].ends_group),
               "all children have ended and their group does not");
}

static const action actions[] = {
    {"group", run_group, 20, 1, 1, FAMILY},
    {"siblings", run_sibling, 6, 1, 1, FAMILY},
};

const kind kind_groups = {.name = "groups", .actions = actions, .action_count = 2, .check_idle = check_idle};
