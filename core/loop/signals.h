/* signals.h: the loop's side of signals: what a handler notes, the loop takes up.
 * Touches loop.h. eddyi_signal_came is for signal context; the rest is of the loop's thread. */
#ifndef EDDYI_SIGNALS_H
#define EDDYI_SIGNALS_H

#include "core/loop/loop.h"

/* Something was noted: the loop is to look. Any thread, any signal handler, while the loop is open. */
void eddyi_signal_came(eddy_loop *loop);
void eddyi_signals_take_up(eddy_loop *loop);
static inline void
eddyi_signals_drain(eddy_loop *loop) /* into the ready queue; an interrupt cancels the main task */
{
    if (atomic_load_explicit(&loop->signalled, memory_order_relaxed))
        eddyi_signals_take_up(loop);
}
void eddyi_signals_close(eddy_loop *loop);

#endif
