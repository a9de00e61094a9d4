/* kind_events.c: events that are set, cleared, and waited for.
 * Touches the public API and the ledger. Who waited when it was set goes on, also when it is cleared before they run. */
#include "random.h"

enum { EVENTS = 2 };
static struct {
    eddy_event event;
    line waiting;
} events[EVENTS];

static int run_wait(actor *me, int at)
{
    int i = me->w->script->steps[at].a;
    line *waiting = &events[i].waiting;
    bool was_set = eddy_event_is_set(&events[i].event);
    line_join(waiting, me);
    await_begin(me, at, STRICT);
    int rc = await_end(me, eddy_event_wait(&events[i].event));
    EXPECT(me->w, rc < 0 || was_set || line_owes(waiting, me), "a task went on and nobody had set the event");
    line_leave(waiting, me, rc == 0 && !was_set);
    return rc;
}

static int run_set(actor *me, int at)
{
    int i = me->w->script->steps[at].a;
    line_heat(&events[i].waiting, me->w);
    (void)line_promise(&events[i].waiting, ACTORS);
    EXPECT(me->w, eddy_event_set(&events[i].event) == 0, "an event could not be set");
    if (me->w->script->steps[at].b != 0)
        eddy_event_clear(&events[i].event);
    return 0;
}

static int run_clear(actor *me, int at)
{
    EXPECT(me->w, eddy_event_clear(&events[me->w->script->steps[at].a].event) == 0,
           "an event could not be cleared");
    return 0;
}

static int make(world *w)
{
    (void)w;
    memset(events, 0, sizeof events);
    return 0;
}

static void check_idle(world *w)
{
    for (int i = 0; i < EVENTS; i++) {
        EXPECT(w, events[i].waiting.count == 0 || !eddy_event_is_set(&events[i].event),
               "an event is set and tasks wait for it");
        EXPECT(w, !line_has_promises(&events[i].waiting), "a task waits for an event that was set meanwhile");
    }
}

static const action actions[] = {
    {"event wait", run_wait, 24, EVENTS, 1, LEAF},
    {"event set", run_set, 16, EVENTS, 2, LEAF},
    {"event clear", run_clear, 5, EVENTS, 1, LEAF},
};

const kind kind_events = {
    .name = "events", .actions = actions, .action_count = 3, .make = make, .check_idle = check_idle};
