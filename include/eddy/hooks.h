/* hooks.h: for profilers: functions that are called when a task is made, runs, stops running and ends, and around operations and callbacks.
 * One table for all loops of the process. While there is none each place costs one comparison; docs/metrics.md tells of tracers outside. */
#ifndef EDDY_HOOKS_H
#define EDDY_HOOKS_H

#include <eddy/config.h>
#include <eddy/error.h>

EDDY_BEGIN

/* What a task or a transport asked the backend for. */
typedef struct eddy_operation {
    const void
        *identity;    /* the same from its submission to its completion; then it may stand for another one */
    const char *kind; /* "recv", "send", "accept" ...; a literal */
    eddy_fd fd;
} eddy_operation;

typedef struct eddy_hooks eddy_hooks;

/* Those that are NULL are not called. Each is called in the thread of the loop, on the stack of the task that runs, in the middle of eddy: it may
 * look at what it is given (eddy_task_id, eddy_task_get_name), but must not await, make, cancel or change anything of eddy's. `self` is the table, so
 * that it can be the first member of something larger. */
struct eddy_hooks {
    size_t size;
    /* Before its first step. */
    void (*task_created)(const eddy_hooks *self, eddy_loop *loop, eddy_task *task);
    /* It runs from here to task_switched_out; there is never another one between. */
    void (*task_switched_in)(const eddy_hooks *self, eddy_loop *loop, eddy_task *task);
    void (*task_switched_out)(const eddy_hooks *self, eddy_loop *loop, eddy_task *task);
    /* The last that is told of it. Result: what awaiting it gives. */
    void (*task_ended)(const eddy_hooks *self, eddy_loop *loop, eddy_task *task, int result);
    void (*operation_submitted)(const eddy_hooks *self, eddy_loop *loop, const eddy_operation *operation);
    /* Once for each that was submitted. Result: bytes, a descriptor, or an error. */
    void (*operation_completed)(const eddy_hooks *self, eddy_loop *loop, const eddy_operation *operation,
                                int64_t result);
    /* Around what stands in the ready queue and is no step of a task. Fn: of call_soon and its like; NULL: of eddy's own, which may call a
     * protocol or a done callback. */
    void (*callback_began)(const eddy_hooks *self, eddy_loop *loop, eddy_callback_fn fn);
    void (*callback_ended)(const eddy_hooks *self, eddy_loop *loop, eddy_callback_fn fn);
};

/**
 * Put a table of hooks in force, in place of the one before.
 *
 * A loop that runs takes it up when it next asks its backend: what tasks and callbacks do is told from then on, the rest at once. So a table that was
 * in force stays valid until each loop that ran meanwhile has stopped, or a callback that was posted to it after the change has run.
 *
 * takes     hooks: borrowed, its `size` is set; NULL: none
 * returns   0
 * errors    EDDY_EINVAL
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_set_hooks(const eddy_hooks *hooks);

/**
 * The table in force, for one that wants to call the one before it as well. NULL: none.
 *
 * thread    any
 * since     0.1
 */
EDDY_API const eddy_hooks *eddy_get_hooks(void);

EDDY_END

#endif
