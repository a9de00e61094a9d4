/* stuck.h: programs that can never go on: run them, and look at what was told of that.
 * Touches the public API and cmocka. What was told is one record for the whole program, cleared by each run. */
#ifndef STUCK_H
#define STUCK_H

#include "support/support.h"

enum { STUCK_TEXT = 8192 };

typedef struct stuck_report {
    int count, code;
    char message[96], text[STUCK_TEXT];
} stuck_report;

/* Whether this can be tested here: the system tells how many threads there are, no call is made to fail, and no sanitizer has a thread of its
 * own. Waits for those that a test before left. */
bool stuck_can_be_seen(void);
#define SKIP_UNLESS_STUCK_CAN_BE_SEEN()                                                                      \
    if (!stuck_can_be_seen()) {                                                                              \
        (void)support_skip("whether other threads may come cannot be known here");                           \
        return;                                                                                              \
    }                                                                                                        \
    (void)0

/* Run the body as a main task, with debug mode or without; a loop that is idle looks for hope at once. */
int stuck_run(eddy_coro_fn body, void *arg, bool debug);
/* The same, and it must end by a deadlock, reported once. */
const stuck_report *stuck_expect(eddy_coro_fn body, void *arg, bool debug);
const stuck_report *stuck_told(void);
void stuck_listen(eddy_loop *loop); /* an exception handler that writes it down */

/* A task that is named, in the running loop; nobody keeps it. */
void stuck_spawn(const char *name, eddy_coro_fn body, void *arg);
/* "lock %p" and the like must be in the text. */
void stuck_must_tell(const char *format, ...);

#endif
