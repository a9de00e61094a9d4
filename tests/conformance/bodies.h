/* bodies.h: task bodies that the suites of tasks and futures share, and a trace of who did what in which order.
 * Touches the public API and support.h. Order is made with bare yields and futures, never with time. */
#ifndef BODIES_H
#define BODIES_H

#include <math.h>
#include <stdio.h>

#include "support/support.h"

/* A task that waits, then yields, then returns; and says what it does when it is cancelled. All zero: returns 0 at once. */
typedef struct child {
    eddy_future *gate; /* waits for it first, when there is one */
    bool forever;      /* or waits until it is cancelled */
    int steps;         /* then yields so often */
    int result;        /* then returns that, when nothing failed */
    int cleanup_steps; /* cancelled: yields so often before it ends */
    int on_cancel;     /* cancelled: returns that; 0 passes the cancel on */
    char letter;       /* traced at the start, and in upper case at the end; 0: not traced */
    bool started, ended;
    int cancels; /* how many were delivered */
} child;

int child_body(void *arg);
eddy_task *spawn(child *self);         /* one reference; the task has not run yet */
eddy_task *spawn_eagerly(child *self); /* one reference; it has run until it first suspends */
eddy_future *make_future(void);        /* of the running loop; one reference */
void yield_times(int count);           /* as many bare yields; each must succeed */

/* A task that awaits another and notes how the waiting went and what the other came to. */
typedef struct telling {
    eddy_task *awaited;
    int rc, outcome;
} telling;

int tell_whose(void *arg); /* returns 0 */

/* What happened so far, one letter each. */
void trace_clear(void);
void trace(char letter);
const char *trace_text(void);
void trace_callback(eddy_future *future, void *letter); /* a done callback; `letter` is a text of one */
void trace_soon(void *letter);                          /* a plain callback */

#endif
