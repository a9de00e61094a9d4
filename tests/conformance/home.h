/* home.h: a loop that runs in a thread of its own, and a task that is sent to it.
 * Touches the public API and gate.h. What hangs on the loop is given back before the home is closed. */
#ifndef HOME_H
#define HOME_H

#include "gate.h"

typedef struct home {
    eddy_loop *loop;
    eddyi_thread thread;
    long blocks;
} home;

void home_make(home *self); /* not running */
void home_start(home *self);
void home_stop(home *self);
void home_close(home *self); /* after all that hangs on the loop was given back */
void home_end(home *self);   /* stop and close */

/* What a task elsewhere is to do. */
typedef struct errand {
    gate door;
    bool forever, yields;
    int result;
    char name[32];
    uintptr_t thread;
    int cancels;
} errand;

int do_errand(void *arg);
void release_errand(void *arg);
eddy_concurrent_future *send_errand(eddy_loop *loop, errand *what);

#endif
