/* inspect.h: what the rest of core/ asks of the inside view.
 * Touches loop.h. */
#ifndef EDDYI_INSPECT_H
#define EDDYI_INSPECT_H

#include "core/loop/loop.h"

/* 0, EDDY_EWRONGTHREAD: the loop runs in another thread, so what is looked at changes. */
static inline int eddyi_loop_reachable(const eddy_loop *loop)
{
    return loop->running && loop->thread != eddyi_thread_id() ? EDDY_EWRONGTHREAD : 0;
}

/* Ask the backend, as eddyi_io_poll does, with no limit in time and nothing lent to it. EDDY_EDEADLK: nothing can end this wait, which was
 * reported. */
extern uint64_t eddyi_patience_ns; /* how long a loop waits before it looks for hope; tests have less */
int eddyi_poll_for_ever(eddy_loop *loop);

#endif
