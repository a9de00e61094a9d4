/* generator_bodies.h: generator bodies that the suites of generators share.
 * Touches the public API and bodies.h. Order is made with bare yields and futures, never with time. */
#ifndef GENERATOR_BODIES_H
#define GENERATOR_BODIES_H

#include "bodies.h"

/* A body that yields the addresses of its numbers, awaiting in between; and says how its yields failed. All zero: ends at once. */
typedef struct counting {
    int count;         /* so many values */
    int steps;         /* bare yields before each of them */
    eddy_future *gate; /* or waits for it before each of them, when there is one */
    int cleanup_steps; /* bare yields before it ends, when a yield or an await failed */
    int result;        /* returns that in the end, when nothing failed */
    int on_error;      /* a yield or an await failed: returns that; 0: passes the error on */
    bool yields_again; /* a yield failed: yields once more */
    int number;        /* of the value that it yielded last */
    int error;         /* what a yield or an await failed with first */
    int cleanup_error; /* and what an await in the clean-up did */
    int ended, released;
    void *sent; /* what the last yield got */
} counting;

int count_body(void *arg);
void count_released(void *arg);                 /* for the option */
eddy_generator *make_generator(counting *self); /* one reference */
int next_number(eddy_generator *generator);     /* the number, 0 at the end, or the error */

#endif
