/* world.c: one program on one loop: turn after turn, with a look at everything in between, until nothing is left.
 * Touches the public API and the loop's counters. The loop is run by hand, so "idle" is what the loop itself says. */
#include "random.h"

#include "core/loop/loop.h"

enum { TURNS = 20000, RESCUES = 4000 };

/* ---- what a loop holds ---- */

typedef struct holdings {
    size_t objects, tasks, lent, timers;
} holdings;

static holdings held_by(const eddy_loop *loop)
{
    return (holdings){loop->objects, loop->task_count, loop->lent, loop->timers.count};
}

/* All cells are free again: as many as a new slab has, for each slab. */
static bool cells_are_back(eddy_loop *loop)
{
    size_t free_cells = 0, in_a_slab = 1, slabs = 0;
    eddyi_list_each (link, &loop->cell_slabs)
        slabs++;
    for (const eddyi_cell *cell = loop->free_cells; cell != NULL; cell = cell->next_free)
        free_cells++;
    loop->free_cells = NULL;
    eddyi_cell *one = eddyi_cell_take(loop);
    for (const eddyi_cell *cell = loop->free_cells; cell != NULL; cell = cell->next_free)
        in_a_slab++;
    return one != NULL && free_cells == slabs * in_a_slab; /* the loop is about to go, with all its slabs */
}

/* ---- looking ---- */

static void check_all(world *w, bool idle)
{
    w->last = NULL;
    for (int i = 0; i < kind_count; i++) {
        if (kinds[i]->check != NULL)
            kinds[i]->check(w);
        if (idle && kinds[i]->check_idle != NULL)
            kinds[i]->check_idle(w);
    }
}

/* ---- turning ---- */

static void cancel_from_outside(world *w)
{
    for (int i = 0; i < w->script->cancel_count; i++) {
        const outside_cancel *c = &w->script->cancels[i];
        if (c->turn == w->turn && !c->dropped && w->actor_count > 0)
            actor_cancel(&w->actors[c->actor % w->actor_count]);
    }
}

/* Everybody who is left waits for somebody else: the first is cancelled, so that all end. */
static void rescue(world *w)
{
    EXPECT(w, w->rescues++ < RESCUES, "the program does not end");
    for (int i = 0; i < w->actor_count; i++) {
        actor *a = &w->actors[(i + w->rescues) % w->actor_count];
        if (a->ended)
            continue;
        actor_cancel(a);
        return;
    }
}

/* The helpers' turns are not looked at: what they do comes one after the other. */
static void turn(world *w, bool idle_is_looked_at)
{
    double next = eddy_loop_next_timeout(w->loop);
    w->quiet = next > (double)LONG_TIME && w->outside == 0;
    if (idle_is_looked_at)
        check_all(w, next > 0);
    if (w->broken != NULL)
        return;
    cancel_from_outside(w);
    if (w->quiet && idle_is_looked_at)
        rescue(w);
    w->last = NULL;
    EXPECT(w, eddy_loop_run_once(w->loop, 20.0) >= 0, "the loop failed");
    EXPECT(w, w->turns++ < TURNS, "the program does not end");
    w->turn += idle_is_looked_at;
}

static void run_helper(world *w, eddy_coro_fn fn)
{
    eddy_task *task;
    if (w->broken != NULL)
        return;
    if (eddy_loop_create_task(w->loop, &task, fn, w, NULL) < 0) {
        broken(w, "a helping task could not be made");
        return;
    }
    while (w->broken == NULL && !eddy_task_done(task))
        turn(w, false);
    EXPECT(w, w->broken != NULL || eddy_task_result(task) == 0, "a helping task failed");
    eddy_task_release(task);
}

/* ---- begin and end ---- */

static int begin(void *arg)
{
    world *w = arg;
    for (int i = 0; i < kind_count; i++) {
        int rc = kinds[i]->make != NULL ? kinds[i]->make(w) : 0;
        if (rc < 0)
            return rc;
    }
    for (int at = 0; at < w->script->count; at = w->script->steps[at].end) {
        actor *a = actor_start(w, at, NULL);
        if (a != NULL)
            a->root = true;
    }
    return 0;
}

static int end(void *arg)
{
    world *w = arg;
    for (int i = 0; i < w->actor_count; i++)
        eddy_task_release(w->actors[i].task);
    for (int i = 0; i < kind_count; i++)
        if (kinds[i]->finish != NULL)
            kinds[i]->finish(w);
    return 0;
}

static void ignore_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)arg;
    (void)context;
}

/* What the end task leaves behind ends in a few turns: clients of the echo server, callbacks. */
static void check_nothing_left(world *w, holdings before)
{
    holdings now = held_by(w->loop);
    for (int i = 0; i < 200 && w->broken == NULL && memcmp(&now, &before, sizeof now) != 0; i++) {
        EXPECT(w, eddy_loop_run_once(w->loop, 0.001) >= 0, "the loop failed");
        now = held_by(w->loop);
    }
    EXPECT(w, now.tasks == 0, "a task is left");
    EXPECT(w, now.timers == before.timers, "a timer is left");
    EXPECT(w, now.lent == before.lent, "an operation is left");
    EXPECT(w, now.objects == before.objects, "an object of the loop was not given back");
    EXPECT(w, w->broken != NULL || cells_are_back(w->loop), "a cell was not given back");
}

static void run_program(world *w)
{
    holdings before = held_by(w->loop);
    ready_reset();
    run_helper(w, begin);
    while (w->broken == NULL && w->ended < w->actor_count)
        turn(w, true);
    if (w->broken == NULL)
        check_all(w, false);
    run_helper(w, end);
    if (w->broken == NULL)
        check_nothing_left(w, before);
}

/* A call on another thread that was cancelled may end after its loop. */
static void check_memory(world *w, long blocks, int descriptors)
{
    uint64_t limit = eddyi_clock_now() + UINT64_C(20000000000);
    while ((support_live_blocks() != blocks || support_open_descriptors() != descriptors) &&
           eddyi_clock_now() < limit)
        eddyi_thread_yield();
    EXPECT(w, support_live_blocks() == blocks, "memory was not given back");
    EXPECT(w, support_open_descriptors() == descriptors, "a descriptor was not closed");
}

int world_run(world *w, const program *p, bool tracing)
{
    long blocks = support_live_blocks();
    int descriptors = support_open_descriptors();
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend(), .seed = p->seed + 1};
    memset(w, 0, sizeof *w);
    *w = (world){.script = p, .tracing = tracing, .hash = UINT64_C(14695981039346656037)};
    if (eddy_new_event_loop(&w->loop, &options) < 0) {
        broken(w, "a loop could not be made");
        return -1;
    }
    w->simulated = strcmp(eddy_loop_backend_name(w->loop), "sim") == 0;
    (void)eddy_loop_set_exception_handler(w->loop, ignore_report, NULL);
    run_program(w);
    if (w->broken != NULL)
        return -1;
    eddy_loop_release(w->loop);
    check_memory(w, blocks, descriptors);
    return w->broken == NULL ? 0 : -1;
}
