/* task.h: the inside of futures and tasks, and the one way to wait.
 * Touches loop.h. A task is running, scheduled (its step is queued) or waiting (eddyi_task_waiting): always exactly one. */
#ifndef EDDYI_TASK_H
#define EDDYI_TASK_H

#include <eddy/task.h>
#include <eddy/thread.h>
#include "core/inspect/reach.h"
#include "core/loop/loop.h"

/* ---- futures ---- */

enum eddyi_future_state { EDDYI_FUTURE_PENDING, EDDYI_FUTURE_FINISHED, EDDYI_FUTURE_CANCELLED };

/* Whom somebody waits for, one call each. */
typedef struct eddyi_visit eddyi_visit;
struct eddyi_visit {
    void (*one)(eddyi_visit *, const eddy_future *);
    void (*holder)(eddyi_visit *, uint64_t task_id); /* the same for a task that is known by its number */
};

typedef struct eddyi_future_kind {
    const char *name; /* "Future", "Task", "gather", "shield": for reports and the call graph */
    bool (*cancel)(eddy_future *, const char *message);
    void (*destroy)(eddy_future *); /* give the memory back; NULL: a cell */
    /* The future whose error it handed on, which knows the detail; NULL, or gives NULL: none. */
    eddy_future *(*cause)(const eddy_future *);
    const eddy_reach *reach; /* whom it follows; NULL: nobody */
} eddyi_future_kind;

struct eddy_future {
    eddy_loop *loop;
    const eddyi_future_kind *kind;
    eddyi_list waiters; /* eddyi_waiter.node.link, in order of registration */
    uint32_t references;
    int32_t result;      /* >= 0, or the error */
    uint8_t state;       /* enum eddyi_future_state */
    bool unseen;         /* failed, or in debug mode came to something, and nobody looked at it */
    bool silent;         /* never report an unseen error */
    bool mark;           /* scratch for finding duplicates within one call */
    bool has_origin;     /* where it was made is known (debug mode) */
    bool waits_declared; /* the program said that it waits for others (core/inspect) */
    void *value;         /* cancelled: the message */
    eddy_callback_fn value_release;
};

static inline bool eddyi_future_is_task(const eddy_future *future)
{
    return future->kind->name[0] == 'T';
}

/* Somebody who wants to know when a future is done. Linked in the future first, then in the ready queue. */
typedef struct eddyi_waiter eddyi_waiter;
struct eddyi_waiter {
    eddyi_node node; /* node.run for what is queued; unused when `task` is set */
    eddy_future *future;
    eddy_task *task; /* to be woken straight away; NULL: queue the node */
};

void eddyi_future_init(eddy_future *, eddy_loop *,
                       const eddyi_future_kind *); /* one reference; counts as an object of the loop */
int eddyi_future_allocate(eddy_future **out, eddy_loop *, const eddyi_future_kind *); /* in a cell */
/* Finish it and notify. `result` < 0 other than EDDY_ECANCELED marks it unseen. */
void eddyi_future_finish(eddy_future *, enum eddyi_future_state, int result);
void eddyi_future_watch(eddy_future *,
                        eddyi_waiter *); /* done already: acts at once (queues the node or wakes the task) */
void eddyi_waiter_remove(
    eddyi_waiter *); /* from the future or from the ready queue; idle ones are left alone */
const eddy_task *eddyi_future_origin(const eddy_future *); /* whose error it hands on: a task, or NULL */
int eddyi_future_outcome(eddy_future *); /* result, error or EDDY_ECANCELED; marks it seen; must be done */
bool eddyi_future_cancel_plain(eddy_future *, const char *message);

/* ---- tasks ---- */

/* One suspension. Lives on the waiting task's stack, for the length of one call. */
typedef struct eddyi_wait eddyi_wait;
typedef struct eddyi_wait_kind {
    const char *name; /* "sleep", "future", "recv" ...: an edge of the call graph */
    /* The task is to be cancelled while it waits here. True: the wait will end by itself, bringing EDDY_ECANCELED (or its result
     * while the cancel is kept). False: it cannot; the cancel is kept as must_cancel. */
    bool (*cancel)(eddyi_wait *);
    /* The loop is closing and the task will never run again: unlink all that this wait put anywhere, without side effects;
     * also when the task was woken already. */
    void (*abandon)(eddyi_wait *);
    const eddy_reach *reach; /* whom it waits for; NULL: nobody in particular */
} eddyi_wait_kind;
struct eddyi_wait {
    const eddyi_wait_kind *kind;
    eddy_task *task;
    void *object; /* what is waited for, by kind: the other end of the edge */
};

typedef struct eddyi_deferred {
    struct eddyi_deferred *next;
    eddy_callback_fn fn;
    void *arg;
} eddyi_deferred;

/* In the order of use: what every switch touches, what making and ending touch, the rest. */
struct eddy_task {
    eddy_future future; /* first: a task is a future */
    eddyi_node step;
    eddyi_context context;
    struct eddyi_stack *stack; /* that it stands on; NULL: it has not begun, or has ended */
    eddyi_variables variables;
    eddyi_wait *wait;    /* NULL unless suspended: waiting, or woken and not yet run */
    int32_t wake_result; /* what the wait came to */
    uint32_t cancelling;
    bool must_cancel;     /* a cancel to deliver at the next suspension */
    bool scheduled;       /* `step` is in the ready queue */
    bool kept_at_end;     /* goes to loop->ended, with a reference: the runner reports it */
    bool silent_at_close; /* its owner reports in its place */
    bool unguarded;       /* no guard page below the stack: its canary is looked at instead */
    bool error_settled;   /* an await succeeded since `error` was written: the next failure replaces it */
    bool
        cancel_kept; /* must_cancel was kept because an I/O result was handed over: returning without another await
                              ends with the body's own result */
    eddyi_list all; /* loop->tasks until it has ended; the pool's while the block is free */
    eddy_coro_fn fn;
    void *arg;
    eddy_callback_fn release;
    char *name; /* NULL: "Task-<id>" */
    uint64_t id;
    struct eddyi_group *group; /* whose child it is: told through `step` when it has ended */
    eddyi_list
        sibling; /* in the group's children until its end was seen; then among its errors, or in none */
    struct eddyi_scope *scopes; /* innermost first */
    const char *cancel_message;
    struct eddyi_slab *slab; /* where the block comes from, and the kind of stack */
    eddy_error error;
    struct eddyi_group_errors *group_errors; /* of the last failed group that `error` was of; NULL: none */
};

extern const eddyi_wait_kind eddyi_sleep_kind; /* a wait for time, or on purpose for ever */
int eddyi_task_creatable(const eddy_loop *loop, eddy_coro_fn fn); /* 0, or why no task can be made of that */
void eddyi_tasks_destroy(eddy_loop *); /* at close: every task that has not ended, reported */
void eddyi_task_step(
    eddyi_node *); /* node.run of every task: how suspend knows that it can switch straight to it */

/* Who waits for the end of cancelled tasks names those that still go on after so long (swallow.c). */
#define EDDYI_REMINDER_NS UINT64_C(10000000000)
/* False: it has ended or took the cancel back, and nothing was reported. */
bool eddyi_report_going_on(eddy_task *task, const char *message);
void eddyi_groups_targets(const eddy_task *task, eddyi_visit *visit); /* the children of its open groups */

/* In debug mode, which remembers in what a cancel was delivered (swallow.c). */
void eddyi_note_wait(eddy_task *task, const eddyi_wait_kind *kind);
void eddyi_note_cancel_delivered(eddy_task *task);
void eddyi_note_cancel_taken_back(eddy_task *task);
/* A task ends with a result although a cancel was delivered to it and is still asked for. */
void eddyi_report_swallowed_cancel(eddy_task *task);

/* The running task of this thread; NULL when there is none. */
static inline eddy_task *eddyi_current_task(void)
{
    const eddy_loop *loop = eddyi_running_loop;
    return loop != NULL ? loop->current : NULL;
}

/* The variables that a task or a callback of that loop begins with, made by the loop's thread: a copy of the current ones. */
static inline eddyi_variables eddyi_variables_capture(const eddy_loop *loop)
{
    const eddyi_variables *current = loop->current != NULL ? &loop->current->variables : &loop->variables;
    return current->word == 0 ? (eddyi_variables){0} : eddyi_variables_copy_current();
}

eddyi_variables *eddyi_handle_variables(eddy_handle *);
eddy_callback_fn eddyi_node_callback(const eddyi_node *); /* of a handle; NULL: it is none */

/* Suspend the current task until eddyi_task_wake. `wait` is registered wherever it has to be; a pending cancel is applied to it first.
 * Returns the wake's result, or EDDY_ECANCELED in place of it when a cancel came in between (asyncio T7) unless `keep_result`, by
 * which the cancel is kept for the next await (I/O). */
int eddyi_suspend(eddyi_wait *wait, bool keep_result);
static inline bool eddyi_task_waiting(const eddy_task *task)
{
    return task->wait != NULL && !task->scheduled;
}
/* End a task's wait. It must be waiting. Never allocates. */
void eddyi_task_wake(eddy_task *task, int result);
/* Give way for exactly one iteration. */
int eddyi_yield(eddy_task *task);
void eddyi_yield_keeping_cancel(
    eddy_task *task); /* a cancel that comes meanwhile is kept for the next await */
/* If a cancel is pending, take it: true, and the caller returns EDDY_ECANCELED having done nothing. */
bool eddyi_take_cancel(eddy_task *task);

/* ---- errors: the last-error record ---- */

/* Record a failure and return its code, so that one can `return eddyi_fail(...)`. The first one is kept. */
int eddyi_fail(int code, const char *operation);
/* Record it whatever was there before, and fill in what only this call knows. */
eddy_error *eddyi_fail_detail(int code, const char *operation);
int eddyi_fail_system(int code, int os_error, const char *operation);
/* With the reason in words: a literal, or NULL. */
int eddyi_fail_because(int code, int os_error, const char *operation, const char *message);
int eddyi_deliver_cancel(
    eddy_task *task); /* to the task at its await: what was pending is answered; EDDY_ECANCELED */
int eddyi_fail_canceled(eddy_task *task); /* record the cancel with its message; returns EDDY_ECANCELED */
int eddyi_fail_with(eddy_future *future, int code); /* the record of a failed future becomes the caller's */
eddy_error *eddyi_error_record(void);               /* of the current task or thread; never NULL */

/* ---- jobs (core/thread): what may block, off the loop's thread ---- */

enum eddyi_job_state {
    EDDYI_JOB_QUEUED,
    EDDYI_JOB_RUNNING,
    EDDYI_JOB_DONE,
    EDDYI_JOB_CANCELLED /* it will not run, though an executor may still have it */
};

typedef struct eddyi_job eddyi_job;
struct eddyi_job {
    eddy_job handed;           /* first: what an executor sees */
    eddyi_list link;           /* in a thread pool's queue */
    eddyi_node node;           /* posted back to the loop */
    eddy_loop *loop;           /* one life of it, while an executor has the job */
    eddy_executor *executor;   /* one reference, until the job is back */
    void (*work)(eddyi_job *); /* in a worker thread */
    void (*back)(eddyi_job *); /* in the loop's thread, while it is open; eddyi_job_await sets it */
    /* Frees the job and what it owns; in the loop's thread, or in the worker when the loop is gone. */
    void (*destroy)(eddyi_job *);
    eddy_task *task;    /* that awaits it; NULL once abandoned; loop's thread only */
    atomic_uchar state; /* enum eddyi_job_state */
    bool queued;        /* under the thread pool's mutex */
    bool delivered;     /* its task was woken; loop's thread only */
};
/* Hand it to an executor; `work`, `back` and `destroy` are set. < 0: it is still the caller's. */
int eddyi_job_submit(eddy_loop *loop, eddy_executor *executor, eddyi_job *job);
/* It is not to run, if it has not begun. True: it is the caller's again; false: it comes back. Loop's thread, loop not closing. */
bool eddyi_job_take_back(eddyi_job *job);
/* In a task: run the job's work on a worker and suspend until it is done. EDDY_ECANCELED: the job was abandoned and destroys itself; any other
 * return: the caller owns the job again and calls its destroy. */
int eddyi_job_await(eddy_loop *loop, eddyi_job *job); /* on threads for eddy's own jobs */
int eddyi_file_executor(eddy_loop *loop, eddy_executor **out);
unsigned eddyi_threads_idle(void); /* of all pools: asleep, and no job is on its way to them */
int eddyi_job_await_on(eddy_loop *loop, eddy_executor *executor, eddyi_job *job);

/* At loop close: queued jobs are discarded, running ones abandoned, none waited for; then the references go. */
void eddyi_executors_shutdown(eddy_loop *loop);
void eddyi_executors_release(eddy_loop *loop);

#endif
