/* policy.h: which loop is a thread's current one, and who makes loops: the policy of the process.
 * asyncio's event loop policies. A policy is a table of functions; the default one keeps a current loop for each thread. */
#ifndef EDDY_POLICY_H
#define EDDY_POLICY_H

#include <eddy/config.h>
#include <eddy/error.h>
#include <eddy/loop.h>

EDDY_BEGIN

/* Supply your own by filling this in, usually as the first member of a larger struct; `self` is where it lies. A copy of
 * eddy_default_event_loop_policy()'s table is a good start: its functions do not look at `self`. All three are called from any thread,
 * several at once, must not await, and return 0 or an error code. */
typedef struct eddy_event_loop_policy eddy_event_loop_policy;
struct eddy_event_loop_policy {
    size_t size;
    /* The calling thread's current loop, not a new reference. None: EDDY_ENOLOOP. */
    int (*get_event_loop)(eddy_event_loop_policy *self, eddy_loop **out);
    /* Make it the calling thread's current loop; NULL: none. */
    int (*set_event_loop)(eddy_event_loop_policy *self, eddy_loop *loop);
    /* A new loop with a reference for the caller, not made current. `options` may be NULL. It makes it with the default policy's
     * function, not with eddy_new_event_loop, which would come back here. */
    int (*new_event_loop)(eddy_event_loop_policy *self, eddy_loop **out, const eddy_loop_options *options);
};

/**
 * The policy that a process begins with: for each thread one current loop, none to begin with, which it holds a reference to.
 *
 * A thread that ends gives its reference back; in the child of a fork no thread has a current loop.
 *
 * asyncio   DefaultEventLoopPolicy
 * returns   never NULL; not to be changed
 * thread    any
 * since     0.1
 */
EDDY_API eddy_event_loop_policy *eddy_default_event_loop_policy(void);

/**
 * The policy in force.
 *
 * asyncio   get_event_loop_policy
 * returns   never NULL; the default one when none was set
 * thread    any
 * since     0.1
 */
EDDY_API eddy_event_loop_policy *eddy_get_event_loop_policy(void);

/**
 * Put a policy in force for every thread of the process. Loops that are there live on; runners end under the policy they began with.
 *
 * asyncio   set_event_loop_policy, AbstractEventLoopPolicy
 * takes     policy: yours, until another one is in force, no call of it is under way, and the runners that began with it are closed;
 *           NULL restores the default one
 * errors    EDDY_EINVAL its size is wrong or a function is missing; the policy stays
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_set_event_loop_policy(eddy_event_loop_policy *policy);

/**
 * The loop that runs in this thread, else its current one. Nothing is created.
 *
 * asyncio   get_event_loop
 * returns   0 and the loop in *out, not a new reference
 * errors    EDDY_ENOLOOP no loop runs, and none is current · EDDY_EINVAL · the policy's own
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_get_event_loop(eddy_loop **out);

/**
 * Make a loop this thread's current one, whether or not another one runs.
 *
 * asyncio   set_event_loop
 * takes     loop: the default policy holds a reference of its own until another one is set or the thread ends, where the last
 *           reference closes it; NULL clears
 * errors    EDDY_EFORKED it is the parent's · EDDY_ERUNNING the current one runs, and this would give back its last reference ·
 *           EDDY_ENOMEM · EDDY_EAGAIN · the policy's own. The current loop stays
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_set_event_loop(eddy_loop *loop);

EDDY_END

#endif
