/* loops.h: what the suites of the loop share: a loop of the backend under test, and a note of what ran in which order.
 * Touches the public API and cmocka. The notes are one record for the whole program, cleared when they are looked at. */
#ifndef LOOPS_H
#define LOOPS_H

#include "support/support.h"

eddy_loop *make_loop(void);
void end_loop(eddy_loop *loop); /* closes it and gives it back; both must succeed */

void note(void *number); /* a callback */
void note_soon(eddy_loop *loop, int number);
void note_later(eddy_loop *loop, double delay, int number);
int noted(void);
void must_have_noted(int count, const int *numbers);

void stop_loop(void *loop); /* a callback */
void stop_loop_from_thread(void *loop);

#endif
