/* audit.h: hooks that hear of what a program is about to do, and may forbid it.
 * sys.addaudithook and sys.audit. A hook stays until the process ends. */
#ifndef EDDY_AUDIT_H
#define EDDY_AUDIT_H

#include <eddy/config.h>
#include <eddy/error.h>

EDDY_BEGIN

/* event: what is about to be done: "eddy.run_stdin" (the program eddy is about to run what comes from its standard input),
 * "eddy.add_audit_hook", or what a program calls its own; detail: whatever goes with that event, NULL with those of eddy; arg: the hook's own.
 * 0, or an error: then it is not done. Runs in the thread that is about to do it, several at once if several are; must not await. */
typedef int (*eddy_audit_fn)(const char *event, const void *detail, void *arg);

/**
 * Have that hook hear of every event from now on, after the hooks that are there. It cannot be taken back.
 *
 * asyncio   sys.addaudithook
 * takes     arg: given to it
 * errors    EDDY_EOVERFLOW there are 16 · EDDY_EINVAL · of a hook that is there and does not allow it
 * thread    any
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_audit_add_hook(eddy_audit_fn hook, void *arg);

/**
 * Tell all hooks of an event before it happens, in the order in which they came, until one forbids it.
 *
 * asyncio   sys.audit
 * takes     event: its name; detail: given to the hooks, NULL for none
 * returns   0 if nobody forbids it
 * errors    of the hook that does · EDDY_EINVAL
 * thread    any
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_audit(const char *event, const void *detail);

EDDY_END

#endif
