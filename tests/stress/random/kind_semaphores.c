/* kind_semaphores.c: blocks with a unit of a semaphore taken, with a ceiling or without.
 * Touches the public API and the ledger. Never more units than were given, in order of arrival, and none lies idle while a task waits. */
#include "random.h"

enum { SEMAPHORES = 3 };
static struct {
    eddy_bounded_semaphore semaphore;
    line waiting;
    int units, taken;
} semaphores[SEMAPHORES];

static bool bounded(int i)
{
    return i == SEMAPHORES - 1;
}

static int acquire(int i)
{
    return bounded(i) ? eddy_bounded_semaphore_acquire(&semaphores[i].semaphore)
                      : eddy_semaphore_acquire(&semaphores[i].semaphore.semaphore);
}

static void give_back(actor *me, int i)
{
    int rc;
    semaphores[i].taken--;
    line_heat(&semaphores[i].waiting, me->w);
    if (bounded(i))
        rc = eddy_bounded_semaphore_release(&semaphores[i].semaphore);
    else
        rc = eddy_semaphore_release(&semaphores[i].semaphore.semaphore);
    EXPECT(me->w, rc == 0, "a unit could not be given back");
}

static int run_semaphore(actor *me, int at)
{
    int i = me->w->script->steps[at].a;
    line_join(&semaphores[i].waiting, me);
    await_begin(me, at, STRICT);
    int rc = await_end(me, acquire(i));
    line_leave(&semaphores[i].waiting, me, rc == 0);
    if (rc < 0)
        return rc;
    semaphores[i].taken++;
    EXPECT(me->w, semaphores[i].taken <= semaphores[i].units, "more units were given than there are");
    rc = run_body(me, at);
    give_back(me, i);
    return rc;
}

/* Several units come back at once, so that who is woken is more than one. */
static int run_add(actor *me, int at)
{
    const step *s = &me->w->script->steps[at];
    for (int left = 1 + s->b; left > 0 && semaphores[s->a].units < 6; left--) {
        semaphores[s->a].units++;
        semaphores[s->a].taken++;
        give_back(me, s->a);
    }
    return 0;
}

static int make(world *w)
{
    uint64_t state = w->script->seed ^ 77;
    memset(semaphores, 0, sizeof semaphores);
    for (int i = 0; i < SEMAPHORES; i++) {
        semaphores[i].units = (int)draw(&state, 3);
        int rc = bounded(i) ? eddy_bounded_semaphore_init(&semaphores[i].semaphore, semaphores[i].units)
                            : eddy_semaphore_init(&semaphores[i].semaphore.semaphore, semaphores[i].units);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void check_idle(world *w)
{
    for (int i = 0; i < SEMAPHORES; i++) {
        bool all_taken = semaphores[i].taken == semaphores[i].units;
        EXPECT(w, all_taken || semaphores[i].waiting.count == 0, "a unit is there and tasks wait for it");
        EXPECT(w, eddy_semaphore_locked(&semaphores[i].semaphore.semaphore) == all_taken,
               "the number of units that are left is not what was given back");
    }
}

static void finish(world *w)
{
    for (int i = 0; i < SEMAPHORES; i++)
        EXPECT(w, semaphores[i].semaphore.semaphore.value == semaphores[i].units,
               "a unit was lost, or made up");
}

static const action actions[] = {
    {"semaphore", run_semaphore, 36, SEMAPHORES, 1, BLOCK},
    {"add units", run_add, 6, SEMAPHORES - 1, 3, LEAF},
};

const kind kind_semaphores = {.name = "semaphores",
                              .actions = actions,
                              .action_count = 2,
                              .make = make,
                              .check_idle = check_idle,
                              .finish = finish};
