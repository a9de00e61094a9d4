/* signals.c: one handler for all watched signals.
 * Touches the system's signals, or what stands for them. A watch that was removed is never called again. */
#include "core/platform.h"

int eddyi_signal_watch_add(eddyi_signal_watch *watch, int number, bool polite)
{
    /* Fill in: the first watch of a number installs the handler, and whoever had one is called after ours. Several watches of one
     * number are all told; polite ones only while there is no other. Set watch->number on success only. Where signals come in a thread of
     * the system's own (console events), that thread tells the watches. EDDY_EINVAL: cannot be watched (faults, kills). */
    (void)watch;
    (void)number;
    (void)polite;
    return EDDY_ENOSYS;
}

void eddyi_signal_watch_remove(eddyi_signal_watch *watch)
{
    /* Fill in: unlink, then wait until no handler that may still see it runs. The last watch of a number puts back what was there. */
    (void)watch;
}

void eddyi_interrupt_raise_default(void)
{
    /* Fill in: the default action of SIGINT, then raise it: the process normally ends here. Callable in a signal handler. */
}
