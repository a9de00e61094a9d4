/* ledger.c: what is known from outside: who waits in which order, who was promised what, and the first thing that was wrong.
 * Touches the public API. It mirrors only what asyncio promises, so a false alarm is a defect of the ledger. */
#include "random.h"

#include <stdio.h>

static line ready;

void broken(world *w, const char *invariant)
{
    if (w->broken != NULL)
        return;
    w->broken = invariant;
    w->broken_at = w->last != NULL ? w->last->awaits_at : -1;
    if (w->tracing)
        printf("broken: %s\n", invariant);
}

/* FNV-1a (Fowler, Noll and Vo). */
static void mix(uint64_t *hash, uint64_t value)
{
    for (int i = 0; i < 8; i++, value >>= 8)
        *hash = (*hash ^ (value & 255)) * UINT64_C(1099511628211);
}

void tell(world *w, const actor *me, int at, int rc)
{
    double now = eddy_loop_time(w->loop);
    mix(&w->hash, (uint64_t)me->number << 32 | (uint64_t)(unsigned)at);
    mix(&w->hash, (uint64_t)(uint32_t)rc << 32 | (uint64_t)(unsigned)w->turn);
    if (w->simulated)
        mix(&w->hash, (uint64_t)(now * 1e9));
    if (w->tracing)
        printf("turn %3d  %.6f  task %2d  step %3d %-12s %s\n", w->turn, now, me->number, at,
               action_of(&w->script->steps[at])->name,
               rc > 0    ? "..."
               : rc == 0 ? "ok"
                         : eddy_error_name(rc));
}

/* ---- lines ---- */

void line_join(line *l, actor *me)
{
    if (l->count == 0)
        l->unordered = false;
    l->owed[l->count] = false;
    l->who[l->count++] = me;
}

static int find(const line *l, const actor *me)
{
    int at = 0;
    while (at < l->count && l->who[at] != me)
        at++;
    return at;
}

static void take_out(line *l, int at)
{
    l->count--;
    memmove(&l->who[at], &l->who[at + 1], sizeof *l->who * (size_t)(l->count - at));
    memmove(&l->owed[at], &l->owed[at + 1], sizeof *l->owed * (size_t)(l->count - at));
}

void line_leave(line *l, actor *me, bool granted)
{
    int at = find(l, me);
    if (granted && !l->unordered)
        for (int i = 0; i < at; i++)
            EXPECT(me->w, cancel_has_come(l->who[i]), "who came later was served first");
    take_out(l, at);
}

void line_heat(line *l, world *w)
{
    if (l->count > 0)
        w->hot = l->who[0];
}

int line_promise(line *l, int count)
{
    int given = 0;
    for (int i = 0; i < l->count && given < count; i++) {
        if (l->owed[i] || cancel_has_come(l->who[i]))
            continue;
        l->owed[i] = true;
        given++;
    }
    return given;
}

bool line_owes(const line *l, const actor *me)
{
    int at = find(l, me);
    return at < l->count && l->owed[at];
}

bool line_has_promises(const line *l)
{
    for (int i = 0; i < l->count; i++)
        if (l->owed[i])
            return true;
    return false;
}

/* ---- the ready queue ---- */

void ready_reset(void)
{
    ready.count = 0;
}

void ready_join(world *w, actor *me)
{
    (void)w;
    line_join(&ready, me);
}

/* A task that was cancelled before its first step never shows up; everybody else takes a turn, cancelled or not. */
void ready_leave(world *w, actor *me)
{
    int at = find(&ready, me);
    for (int i = 0; i < at; i++)
        EXPECT(w, !ready.who[i]->started && (ready.who[i]->ended || cancel_has_come(ready.who[i])),
               "the ready queue ran a task before one that was ready earlier");
    take_out(&ready, at);
    while (ready.count > 0 && ready.who[0]->ended)
        take_out(&ready, 0);
}
