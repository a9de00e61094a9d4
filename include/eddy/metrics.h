/* metrics.h: what a loop counts of itself, always: how much it did, how late it was, how long it slept, what it asked the system.
 * Counters of the loop's own thread, which cost an addition where something happens anyway. docs/metrics.md says what to watch. */
#ifndef EDDY_METRICS_H
#define EDDY_METRICS_H

#include <stdio.h>

#include <eddy/config.h>
#include <eddy/error.h>

EDDY_BEGIN

/* Since the loop was made, but where it says "now". Times are of the loop's clock. */
typedef struct eddy_loop_metrics {
    size_t size;         /* of this struct, as the caller knows it */
    uint64_t iterations; /* turns of the loop */
    uint64_t callbacks;  /* that ran: all that stood in the ready queue and was no step of a task */
    uint64_t task_steps; /* times that a task ran, until it waited, gave way or ended */
    uint64_t tasks_created;
    uint64_t tasks_alive; /* now */
    uint64_t
        ready; /* now: callbacks and steps that stand in the ready queue. Counted when it is asked for, one by one */
    uint64_t timers_pending; /* now: call_later and call_at, sleeps and timeouts */
    uint64_t timers_fired;
    /* How long after their deadlines timers fired: the turn that ran them began so late. Last: the most late one, when some fired last. */
    uint64_t lag_last_ns, lag_max_ns, lag_total_ns;
    /* How long the loop ran things, from one look at the backend to the next: what became ready meanwhile waited no longer than that. Last: of the
     * last turn that is over. */
    uint64_t busy_last_ns, busy_max_ns, busy_total_ns;
    uint64_t idle_total_ns;      /* in the backend, when nothing was ready */
    uint64_t polls;              /* times that the backend was asked */
    uint64_t events;             /* that it told */
    uint64_t operations;         /* receives, sends, accepts ... that were begun; they may end at once */
    uint64_t operations_pending; /* now */
    uint64_t
        system_calls; /* by the loop's thread while the loop ran: eddy_loop_get_system_calls tells which */
} eddy_loop_metrics;

/**
 * All zero but the size, as eddy_loop_get_metrics wants it.
 *
 * thread    any
 * since     0.1
 */
EDDY_API void eddy_loop_metrics_init(eddy_loop_metrics *metrics);

/**
 * What the loop counted until now. Of a closed loop: until it was closed.
 *
 * From another thread ask by eddy_loop_call_soon_threadsafe: the counters are not atomic, so that they cost nothing.
 *
 * takes     out: its `size` is set, by eddy_loop_metrics_init or as { .size = sizeof metrics }; no more than that is written, and what this
 *           version does not know is 0
 * returns   0
 * errors    EDDY_EINVAL · EDDY_EWRONGTHREAD it runs in another thread
 * thread    the loop's; any while it does not run
 * since     0.1
 */
EDDY_API int eddy_loop_get_metrics(eddy_loop *loop, eddy_loop_metrics *out);

typedef struct eddy_system_call {
    const char *name; /* of the call, or of the one of POSIX that does the same; a literal */
    uint64_t count;
} eddy_system_call;

/**
 * Which system calls the loop's thread made while the loop ran, and how often. Those of other threads (files, name lookups) are not among them, nor
 * are those that only clean up or wake somebody.
 *
 * takes     out: room for `capacity` of them; may be NULL with 0
 * returns   how many kinds of calls were made, also when more than capacity
 * errors    EDDY_EINVAL · EDDY_EWRONGTHREAD it runs in another thread
 * thread    the loop's; any while it does not run
 * since     0.1
 */
EDDY_API int eddy_loop_get_system_calls(eddy_loop *loop, eddy_system_call *out, size_t capacity);

/**
 * All of that as text in the OpenMetrics format, as Prometheus and others read it
 * (application/openmetrics-text; version=1.0.0; charset=utf-8).
 *
 * takes     buffer: room for `size` bytes, always ended with a zero byte if there is any; may be NULL with 0; name: what the label `loop` is to say
 *           on each line, UTF-8; NULL: no such label
 * returns   the length of the whole text
 * errors    EDDY_EINVAL · EDDY_EWRONGTHREAD it runs in another thread · EDDY_ENOMEM
 * thread    the loop's; any while it does not run
 * since     0.1
 */
EDDY_API ptrdiff_t eddy_loop_format_metrics(eddy_loop *loop, char *buffer, size_t size, const char *name);

/**
 * Write that text to a file.
 *
 * takes     file: NULL is standard output; name: as in eddy_loop_format_metrics
 * returns   0
 * errors    as eddy_loop_format_metrics · EDDY_EIO
 * thread    the loop's; any while it does not run
 * since     0.1
 */
EDDY_API int eddy_loop_print_metrics(eddy_loop *loop, FILE *file, const char *name);

EDDY_END

#endif
