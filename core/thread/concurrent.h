/* concurrent.h: the inside of concurrent futures, for those who follow one.
 * Touches executor.h. A follower is linked under the future's mutex, and posted to its own loop at most once. */
#ifndef EDDYI_CONCURRENT_H
#define EDDYI_CONCURRENT_H

#include "core/thread/executor.h"

/* A future of some loop that is to hear of the end. */
typedef struct eddyi_follower {
    eddyi_list link; /* while it is not posted */
    eddyi_node node;
    eddy_loop *loop; /* one life of it, while it is linked or posted */
    /* The loop is closed and the node will not run: give back what it holds. Under the mutex, in any thread. */
    void (*refused)(struct eddyi_follower *);
} eddyi_follower;

/* Link it; a future that is done posts it at once. */
void eddyi_concurrent_follow(eddy_concurrent_future *, eddyi_follower *);
/* True: it was linked, and is the caller's again. */
bool eddyi_concurrent_unfollow(eddy_concurrent_future *, eddyi_follower *);
/* What it came to, and how; it must be done. */
int eddyi_concurrent_outcome(eddy_concurrent_future *, enum eddyi_future_state *state);

#endif
