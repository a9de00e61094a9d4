/* race.h: connecting to the first of several addresses that answers (Happy Eyeballs, RFC 8305).
 * Touches io.c. A race is over when one attempt has won or all have failed; every other descriptor is closed by then. */
#ifndef EDDYI_RACE_H
#define EDDYI_RACE_H

#include "core/net/resolve.h"

typedef struct eddyi_racer eddyi_racer;

typedef struct eddyi_race {
    eddy_loop *loop;
    const eddyi_resolution *remote, *local; /* local: to bind to, NULL is any; both stay the caller's */
    uint8_t order[EDDYI_MOST_ADDRESSES];    /* of the remote addresses */
    uint64_t delay; /* until the next attempt is started too; UINT64_MAX: only when one has failed */

    eddyi_racer *racers; /* one for each remote address */
    size_t started, running;
    bool due; /* the next one may be started */
    bool cancelled;
    int fatal;          /* ends it all: no memory; 0: nothing did */
    eddy_fd winner;     /* -1: none yet */
    eddy_error failure; /* what is told if nobody wins */
    eddyi_timer stagger;
    eddyi_wait *waiting; /* of the task, while it waits for a change */
} eddyi_race;

/* `interleave`: as eddyi_interleave's first_count. */
void eddyi_race_init(eddyi_race *, eddy_loop *, const eddyi_resolution *remote, const eddyi_resolution *local,
                     uint64_t delay, size_t interleave);
/* In a task: 0, then `winner` is connected and not attached; it is the race's until somebody takes it. On failure the record has an
 * error of every attempt. EDDY_ECANCELED: all attempts were cancelled and waited for. */
int eddyi_race_run(eddyi_race *);
/* The loop closes, perhaps in the middle of the run: everything is given back. Zeroed, with a loop and no winner, it may be shut too. */
void eddyi_race_shut(eddyi_race *);

#endif
