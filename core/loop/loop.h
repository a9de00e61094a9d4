/* loop.h: the loop's inside, shared by core/: ready queue, clock, timers, cells, inbox, op completion.
 * Touches the seams and core/base. Everything here is of the loop's thread but what is marked atomic. */
#ifndef EDDYI_LOOP_H
#define EDDYI_LOOP_H

#include <stdatomic.h>
#include <eddy/loop.h>
#include <eddy/task.h>
#include "core/backend.h"
#include "core/platform.h"
#include "core/base/inject.h"
#include "core/base/list.h"
#include "core/base/timers.h"
#include "core/context/variables.h"
#include "core/loop/metrics.h"

/* ---- the ready queue ---- */

typedef struct eddyi_node eddyi_node;
struct eddyi_node {
    eddyi_list link;
    void (*run)(
        eddyi_node
            *); /* the node is out of the queue before this runs. On a closed loop (loop->closed) it only gives
                                  back what the node holds: no user code runs */
};

/* One FIFO of callbacks and task steps. An iteration runs what was there when it began: up to `batch_last`. */
typedef struct eddyi_ready {
    eddyi_list queue;
    eddyi_list *batch_last; /* NULL: the iteration's batch is used up */
} eddyi_ready;

static inline void eddyi_node_init(eddyi_node *node, void (*run)(eddyi_node *))
{
    eddyi_list_init(&node->link);
    node->run = run;
}

/* ---- cells: one pool of one size for all the small things of a loop ---- */

enum { EDDYI_CELL_SIZE = 192 };
typedef union eddyi_cell {
    union eddyi_cell *next_free;
    _Alignas(16) unsigned char bytes[EDDYI_CELL_SIZE];
} eddyi_cell;

/* ---- op completion ---- */

/* What op->waiter points at: runs when wait() reports, before any user code of that batch; it may submit, wake tasks
 * and queue nodes, and must not call user code. */
typedef struct eddyi_completion eddyi_completion;
struct eddyi_completion {
    void (*fn)(eddyi_completion *, const eddyi_result *);
};

struct eddy_executor;
struct eddyi_stack_pool;
struct eddyi_watch;

/* Something open that the loop must shut when it closes with it still open: streams, servers. */
typedef struct eddyi_closable {
    eddyi_list link; /* in loop->closables; unlinked when shut */
    void (*shut)(
        struct eddyi_closable *); /* abort at once: cancel ops, drain is done by the loop; no user code */
    const char *(*unclosed)(
        const struct eddyi_closable *); /* what it is, if its user did not close it, else NULL; NULL: it
                                                               is nobody's to close */
    bool told;                          /* that it was not closed */
} eddyi_closable;

/* Why a task that leaves must not switch straight to the next one. */
enum { EDDYI_HELD_BY_DEBUG = 1, EDDYI_HELD_BY_EAGER_STEP = 2, EDDYI_HELD_BY_WATCHERS = 4 };

enum { EDDYI_RESULTS = 256, EDDYI_STEPS_PER_POLL = 61, EDDYI_IO_BUDGET = 32 };

struct eddy_loop {
    /* hot: what every switch touches */
    eddyi_ready ready;
    eddy_task *current; /* whose step runs; NULL in callbacks and in the loop itself */
    eddyi_variables
        variables;       /* of the callback that runs, given back when it has returned; a task has its own */
    eddy_task *departed; /* has ended and left its stack; whoever runs next buries it */
    eddyi_context context; /* the loop's own stack */
    int *errno_location;   /* of the thread that runs it */
    int32_t steps_to_poll; /* steps that may still run before the backend is asked */
    int32_t io_budget;     /* I/O calls that may still end at once before the task gives way */
    bool renew_in_place;   /* a task may begin the next iteration without coming back to the loop's stack */
    uint32_t held;         /* a task that leaves goes back to where it came from: EDDYI_HELD_BY_... */
    eddy_task *creator;    /* where the task in its eager step goes back to; NULL: the loop's own stack */
    /* Any thread may ask for these; the loop's own writes them. */
    atomic_bool guarded; /* closed or debug: calls must be looked at before they touch it */
    atomic_bool running, closed, debug;
    bool stopping;
    bool closing; /* close has begun: nobody is woken any more */
    uint64_t now; /* cached clock, nanoseconds */
    eddyi_cell *free_cells;
    eddyi_metrics metrics;

    /* timers and waiting */
    eddyi_timers timers;
    const eddyi_backend_ops *ops;
    eddyi_backend *backend;
    const eddyi_net_ops *net;
    uint32_t kinds;         /* ops that the backend instance runs */
    size_t lent;            /* ops lent to the backend now */
    int32_t steps_per_poll; /* adapts: long steps are polled after more often */
    uint64_t polled_at;     /* when the backend was last asked, or the loop began to run */
    eddyi_result *results;  /* EDDYI_RESULTS of them */
    uint64_t iterations;
    uint64_t next_id; /* of a task */
    uint32_t ids_left;
    uint64_t scope_serial; /* the last number given to a timeout or a task group */

    /* other threads */
    _Atomic(eddyi_node *)
        inbox;              /* singly linked through link.next; newest first; EDDYI_INBOX_CLOSED at the end */
    atomic_bool sleeping;   /* a poster must wake the backend */
    atomic_int wakers;      /* posters between the check of `sleeping` and the end of wake() */
    atomic_uint references; /* users' */
    /* One while there are references, one while there are objects, one each of what other threads hold: at 0 the memory goes. */
    atomic_uint lives;
    /* Set in signal context: */
    atomic_bool signalled;   /* one of `signals` came, or `interrupted` */
    atomic_bool interrupted; /* SIGINT: cancel the main task */

    /* what belongs to it */
    size_t objects;   /* futures, handles, streams ... that still point here, and one while it is open */
    eddyi_list tasks; /* that have not ended, oldest first */
    size_t task_count;
    eddyi_list ended;        /* tasks that are kept_at_end */
    eddyi_list group_errors; /* of failed groups that some record names */
    uint32_t group_serial;   /* the last number given to such errors */
    eddyi_list generators;   /* whose body has not ended */
    bool generators_shut;
    size_t generators_closing;          /* by shutdown_asyncgens, and not ended yet */
    struct eddyi_wait *generators_wait; /* the task that waits for them, or NULL */
    eddyi_list closables;
    eddyi_list declared; /* waits that the program told of */
    eddyi_list *origins; /* where things were made, in debug mode; NULL: nothing was noted yet */
    size_t origin_count;
    struct {
        eddyi_list *buckets; /* NULL until the first */
        size_t bucket_count, count;
    } watches;          /* add_reader and add_writer, by descriptor */
    eddyi_list signals; /* add_signal_handler */
    struct eddyi_stack_pool *stacks;
    struct eddy_executor *executor; /* the default one; NULL until the first job that needs it */
    struct eddy_executor *lookups;  /* for eddy's own jobs: the user's do not hold them up */
    struct eddy_executor *files;    /* for files: a medium that hangs holds up nothing else */
    bool executor_refuses;          /* the default one was shut down */
    eddyi_list cell_slabs;
    char *received;  /* what transports read into, one read at a time; NULL until the first one */
    char *datagrams; /* the same for datagram transports */
    eddy_allocator allocator;
    eddy_error error;                  /* last error outside a task */
    eddy_task_factory_fn task_factory; /* NULL: eddy_task_create */
    void *task_factory_arg;
    eddy_exception_handler_fn exception_handler;
    void *exception_handler_arg;
    bool reporting; /* the handler runs: what it reports itself goes to the default one */
    uint64_t slow_callback_ns;
    _Atomic(uintptr_t) thread; /* that runs it, 0: none */
    uint64_t epoch;            /* of the clock when the loop was made */
    uint32_t fork_generation;
    eddy_task *main_task;    /* of the runner, for SIGINT */
    int failure;             /* what the poller failed with */
    bool finds_deadlocks;    /* unless its options say no */
    bool for_ever;           /* run_forever runs it: nobody but itself decides how long it waits */
    eddy_future *until;      /* of run_until_complete, or NULL */
    const void *host_bottom; /* sanitizers: the loop's own stack */
    size_t host_size;
    void *host_annotation;
};

/* The loop that runs in this thread. */
extern _Thread_local eddy_loop *eddyi_running_loop;

/* ---- ready.c / loop.c ---- */

static inline void eddyi_ready_push(eddy_loop *loop, eddyi_node *node)
{
    eddyi_list_append(&loop->ready.queue, &node->link);
}
void eddyi_ready_remove(eddy_loop *loop, eddyi_node *node); /* unqueued ones are left alone */

int eddyi_loop_create(eddy_loop **out,
                      const eddy_loop_options *); /* whatever the policy; records its failure */
int eddyi_loop_unusable(const eddy_loop *loop);   /* why `guarded` or NULL: 0 after all, or the error */
/* 0, EDDY_ECLOSED, EDDY_EINVAL; debug: EDDY_EWRONGTHREAD, which is logged, EDDY_EFORKED. Running and polling always look for a fork. */
static inline bool eddyi_loop_unguarded(const eddy_loop *loop)
{
    return loop != NULL && !atomic_load_explicit(&loop->guarded, memory_order_relaxed);
}
static inline int eddyi_loop_usable(const eddy_loop *loop)
{
    return eddyi_loop_unguarded(loop) ? 0 : eddyi_loop_unusable(loop);
}
uint64_t eddyi_loop_now(eddy_loop *loop); /* asks the clock and refreshes loop->now */
/* Seconds from now as a deadline; UINT64_MAX for infinity. EDDY_EINVAL for NaN. */
int eddyi_deadline_after(eddy_loop *loop, double seconds, uint64_t *deadline);
int eddyi_deadline_at(const eddy_loop *loop, double when, uint64_t *deadline); /* when: of eddy_loop_time */
double eddyi_time_of(const eddy_loop *loop, uint64_t deadline);                /* the other way round */
int eddyi_delay(double seconds,
                uint64_t *delay); /* nanoseconds, without asking the clock; EDDY_EINVAL for NaN */
double eddyi_seconds(uint64_t nanoseconds);
/* Put a node into the ready queue of a loop from any thread. EDDY_ECLOSED: not queued. */
int eddyi_loop_post(eddy_loop *loop, eddyi_node *node);
void eddyi_loop_object_add(eddy_loop *loop);
void eddyi_loop_object_remove(eddy_loop *loop); /* may free the loop's memory */
/* Any thread: keep the loop's memory, not the loop open. */
void eddyi_loop_life_add(eddy_loop *loop);
void eddyi_loop_life_remove(eddy_loop *loop); /* may free the loop's memory */

/* ---- cells.c ---- */

void *eddyi_cell_grow(eddy_loop *loop);              /* NULL: no memory */
static inline void *eddyi_cell_take(eddy_loop *loop) /* not cleared; NULL: no memory */
{
    eddyi_cell *cell = loop->free_cells;
    if (cell == NULL)
        return eddyi_cell_grow(loop);
    loop->free_cells = cell->next_free;
    return cell;
}
static inline void eddyi_cell_give(eddy_loop *loop, void *memory)
{
    eddyi_cell *cell = memory;
    cell->next_free = loop->free_cells;
    loop->free_cells = cell;
}
void eddyi_cells_free(eddy_loop *loop);

/* ---- io.c: the only caller of the backend's op functions ---- */

/* Start an op; op->waiter is an eddyi_completion. EDDYI_DONE: *now holds the result and the completion does not run. */
int eddyi_io_submit(eddy_loop *loop, eddyi_op *op, eddyi_result *now);
/* EDDYI_DONE: has ended as *now says and the completion does not run; EDDYI_PENDING: it will. */
int eddyi_io_cancel(eddy_loop *loop, eddyi_op *op, eddyi_result *now);
/* Cancel and stay until it has come back, whatever that takes (bounded by law); other results are delivered meanwhile.
 * For closing only. Returns the op's value. */
int64_t eddyi_io_revoke(eddy_loop *loop, eddyi_op *op);
const char *eddyi_io_name(const eddyi_op *op); /* "recv", "send" ...; its kind is one that there is */
/* Ask the backend once; deliver results to completions. */
int eddyi_io_poll(eddy_loop *loop, uint64_t deadline);
/* After a call that ended at once: too many in a row give way, a cancel is kept. */
void eddyi_io_spend(eddy_loop *loop, eddy_task *task);
/* The op that a task awaits in eddyi_io_await is to end now, with `code` if it has done nothing; a cancel that came as well is kept. */
void eddyi_io_interrupt(eddy_loop *loop, eddyi_op *op, int code);
/* In a task: submit and suspend until it has ended. Returns the op's value (>= 0) or error; *os_error may be NULL.
 * Cancel rule for I/O (asyncio-reference HZ19, design §4): EDDY_ECANCELED means nothing was done; a result that is there is handed
 * over and the cancel stays for the next await. A cancel that is pending when the call begins is delivered at once. */
int64_t eddyi_io_await(eddy_loop *loop, eddyi_op *op, int32_t *os_error);

#endif
