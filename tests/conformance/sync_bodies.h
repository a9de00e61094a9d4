/* sync_bodies.h: tasks that meet at a primitive, and every order in which they can be cancelled meanwhile.
 * Touches the public API and bodies.h. Order is made with bare yields, never with time. */
#ifndef SYNC_BODIES_H
#define SYNC_BODIES_H

#include "bodies.h"

/* How one enters and leaves a primitive. What waits for nothing to be given back has no leave. */
typedef struct sync_calls {
    int (*enter)(void *primitive);
    int (*leave)(void *primitive);
} sync_calls;

extern const sync_calls lock_calls, event_calls, condition_calls, semaphore_calls, barrier_calls;

/* A task that enters, stays, and leaves. */
typedef struct meeting {
    const sync_calls *calls;
    void *primitive;
    char letter; /* traced when it is in, in upper case when it was cancelled, as '!' when it failed */
    int stay;    /* yields before it leaves */
    bool keeps;  /* does not leave at all */
    int *inside; /* NULL, or counts who is in, which may be `most` */
    int most;
    int rc; /* what entering came to; 77: nothing yet */
    bool ended;
    eddy_task *task;
} meeting;

void meet(meeting *self); /* make its task; one reference, in self->task */
void part(meeting *self); /* give it back; it must have ended */
/* `count` of them from 'a' on, all zero but for that. */
void meet_all(meeting *all, int count, const sync_calls *calls, void *primitive, bool keeps);
void part_all(meeting *all, int count);

/* Call `run` with every plan: `moments` yields ('.'), among which every action of `actions` stands somewhere, and each of the
 * digits '0' to `tasks` - 1, which stands for a cancel, somewhere or nowhere. */
typedef void (*plan_fn)(const char *plan);
int for_each_plan(int moments, const char *actions, int tasks, plan_fn run); /* returns how many there were */

/* Walk through a plan: yields are traced, cancels made, `act` is called for the actions. */
void walk_plan(const char *plan, meeting *all, void (*act)(char action, void *primitive), void *primitive);
/* Yield until nothing changes any more. */
void settle(void);

bool is_unused(const eddy_waiters *waiters); /* nobody waits, and no loop owns it */

#endif
