/* iterate.c: one turn of the loop: inbox, poll, timers, then the batch.
 * Touches backend, timers and ready queue. A batch is what was ready when it began: a burst starves neither I/O nor timers. */
#include "core/loop/iterate.h"

#include <stdio.h>

#include "core/inspect/inspect.h"
#include "core/inspect/origins.h"
#include "core/inspect/probes.h"
#include "core/loop/inbox.h"
#include "core/loop/signals.h"
#include "core/task/stacks.h"
#include "core/task/task.h"

enum { LONG_TURN_NS = 200000, SHORT_TURN_NS = 50000 };

void eddyi_ready_remove(eddy_loop *loop, eddyi_node *node)
{
    eddyi_ready *ready = &loop->ready;
    if (eddyi_list_empty(&node->link))
        return;
    if (ready->batch_last == &node->link)
        ready->batch_last = node->link.previous != &ready->queue ? node->link.previous : NULL;
    eddyi_list_remove(&node->link);
}

/* By the clock as it was just read. Long steps are polled after more often, so that I/O waits microseconds, not 61 long steps. */
static void adapt_polling(eddy_loop *loop)
{
    uint64_t elapsed = loop->now - loop->polled_at;
    if (elapsed > LONG_TURN_NS && loop->steps_per_poll > 1)
        loop->steps_per_poll /= 2;
    else if (elapsed < SHORT_TURN_NS && loop->steps_per_poll < EDDYI_STEPS_PER_POLL)
        loop->steps_per_poll =
            loop->steps_per_poll * 2 < EDDYI_STEPS_PER_POLL ? loop->steps_per_poll * 2 : EDDYI_STEPS_PER_POLL;
}

static void poll_backend(eddy_loop *loop, uint64_t limit, bool busy)
{
    uint64_t deadline = 0;
    if (!busy) {
        deadline = eddyi_timers_next(&loop->timers);
        if (limit < deadline)
            deadline = limit;
    }
    bool hopeless = deadline == UINT64_MAX && loop->lent == 0 && loop->finds_deadlocks && loop->for_ever;
    int rc = hopeless ? eddyi_poll_for_ever(loop) : eddyi_io_poll(loop, deadline);
    if (rc < 0) {
        loop->failure = rc;
        eddy_loop_stop(loop);
    }
}

void eddyi_turn_count(eddy_loop *loop, uint64_t until)
{
    eddyi_metrics *metrics = &loop->metrics;
    if (EDDYI_METRICS) {
        metrics->busy_last_ns = until - loop->polled_at;
        metrics->busy_ns += metrics->busy_last_ns;
        metrics->idle_ns += loop->now - until;
        if (metrics->busy_last_ns > metrics->busy_max_ns)
            metrics->busy_max_ns = metrics->busy_last_ns;
    }
    loop->polled_at = loop->now;
}

void eddyi_iteration_begin(eddy_loop *loop, uint64_t limit)
{
    eddyi_inbox_drain(loop);
    eddyi_signals_drain(loop);
    bool busy = !eddyi_list_empty(&loop->ready.queue) || loop->stopping;
    if (eddyi_timers_have_fresh(&loop->timers) || (EDDYI_METRICS && !busy))
        eddyi_loop_now(loop);
    loop->iterations++;
    if (!busy || loop->steps_to_poll <= 0) {
        uint64_t asleep = loop->now;
        eddyi_watchers_meet(loop);
        if (!busy)
            eddyi_stacks_trim(loop);
        if (!busy || loop->lent != 0 || (loop->ops->caps & EDDYI_CAP_VIRTUAL_TIME))
            poll_backend(loop, limit, busy);
        /* X10: in a forked child nothing of the parent's loop goes on, due timers neither. */
        if (loop->failure < 0) {
            loop->ready.batch_last = NULL;
            return;
        }
        eddyi_loop_now(loop);
        if (busy)
            adapt_polling(loop);
        eddyi_turn_count(loop, busy ? loop->now : asleep);
        eddyi_steps_grant(loop, loop->steps_per_poll);
        if (loop->timers.count != 0)
            eddyi_timers_fire(&loop->timers, loop->now);
        eddyi_inbox_drain(loop);
        eddyi_signals_drain(loop);
    }
    loop->ready.batch_last = eddyi_list_empty(&loop->ready.queue) ? NULL : loop->ready.queue.previous;
}

/* asyncio DB3 */
static void report_slow(eddy_loop *loop, eddy_task *task, eddy_callback_fn fn, uint64_t time)
{
    char message[80];
    eddyi_text text;
    eddyi_text_init(&text, &loop->allocator);
    (void)snprintf(message, sizeof message, "Executing a %s took %.3f seconds",
                   task != NULL ? "task's step" : "callback", eddyi_seconds(time));
    if (fn != NULL)
        eddyi_place_tell(&text, fn);
    eddy_exception_context context = {
        .size = sizeof context, .message = message, .task = task, .text = text.data};
    eddy_loop_call_exception_handler(loop, &context);
    eddyi_text_free(&text);
}

static void run_watched(eddy_loop *loop, eddyi_node *node)
{
    if (node->run == eddyi_task_step) {
        eddyi_probe_task_switched_in(loop, EDDYI_CONTAINER(node, eddy_task, step), 0);
        node->run(node); /* which tells when it leaves */
    } else {
        eddy_callback_fn fn = eddyi_node_callback(node);
        EDDYI_PROBE(callback_began, loop, fn, 0);
        node->run(node);
        EDDYI_PROBE(callback_ended, loop, fn, 0);
    }
}

static inline void run_plain(eddy_loop *loop, eddyi_node *node)
{
    if (eddyi_watchers_hold(loop))
        run_watched(loop, node);
    else
        node->run(node);
}

static void run_timed(eddy_loop *loop, eddyi_node *node)
{
    eddy_task *task = node->run == eddyi_task_step ? EDDYI_CONTAINER(node, eddy_task, step) : NULL;
    eddy_callback_fn fn = eddyi_node_callback(node);
    uint64_t began = eddyi_loop_now(loop);
    eddy_task_retain(task);
    run_plain(loop, node);
    uint64_t time = eddyi_loop_now(loop) - began;
    if (time >= loop->slow_callback_ns)
        report_slow(loop, task, fn, time);
    eddy_task_release(task);
}

void eddyi_iteration_run(eddy_loop *loop)
{
    while (loop->ready.batch_last != NULL) {
        eddyi_node *node = eddyi_ready_take(&loop->ready);
        loop->steps_to_poll--;
        eddyi_count(&loop->metrics.run_by_loop, 1);
        if (loop->held == 0) /* nearly always */
            node->run(node);
        else if (loop->debug)
            run_timed(loop, node);
        else
            run_plain(loop, node);
        eddyi_variables_drop(&loop->variables);
    }
}
