/* metrics.c: what a loop counted of itself, put together when somebody asks.
 * Touches the loop's counters, and its clock. What is known from what is there anyway (tasks, timers, the ready queue) is looked at only here. */
#include <eddy/metrics.h>

#include <string.h>

#include "core/inspect/inspect.h"
#include "core/inspect/metrics.h"

void eddy_loop_metrics_init(eddy_loop_metrics *metrics)
{
    if (metrics != NULL)
        *metrics = (eddy_loop_metrics){.size = sizeof *metrics};
}

static uint64_t ready_count(const eddy_loop *loop)
{
    uint64_t count = 0;
    for (const eddyi_list *link = loop->ready.queue.next; link != &loop->ready.queue; link = link->next)
        count++;
    return count;
}

static uint64_t system_call_count(const eddy_loop *loop)
{
    uint64_t count = 0;
    for (int i = 0; i < EDDYI_INJECT_CALLS; i++)
        count += loop->metrics.calls[i];
    return count;
}

/* The turn in hand counts as far as it has come. */
static void take_busy(eddy_loop *loop, eddy_loop_metrics *out)
{
    const eddyi_metrics *own = &loop->metrics;
    uint64_t now = loop->running ? eddyi_loop_now(loop) - loop->polled_at : 0;
    out->busy_last_ns = own->busy_last_ns;
    out->busy_max_ns = now > own->busy_max_ns ? now : own->busy_max_ns;
    out->busy_total_ns = own->busy_ns + now;
}

void eddyi_metrics_take(eddy_loop *loop, eddy_loop_metrics *out)
{
    const eddyi_metrics *own = &loop->metrics;
    const eddyi_lateness *lateness = &loop->timers.lateness;
    uint64_t nodes = own->nodes + (uint64_t)(int64_t)(own->granted - loop->steps_to_poll);
    *out = (eddy_loop_metrics){
        .size = sizeof *out,
        .iterations = loop->iterations,
        .callbacks = own->run_by_loop - own->steps_by_loop,
        .task_steps = nodes - (own->run_by_loop - own->steps_by_loop) + own->eager_steps,
        .tasks_created = own->ids_taken - loop->ids_left,
        .tasks_alive = loop->task_count,
        .ready = ready_count(loop),
        .timers_pending = loop->timers.count,
        .timers_fired = lateness->count,
        .lag_last_ns = lateness->last_ns,
        .lag_max_ns = lateness->max_ns,
        .lag_total_ns = lateness->total_ns,
        .idle_total_ns = own->idle_ns,
        .polls = own->polls,
        .events = own->events,
        .operations = own->operations,
        .operations_pending = loop->lent,
        .system_calls = system_call_count(loop),
    };
    take_busy(loop, out);
}

int eddy_loop_get_metrics(eddy_loop *loop, eddy_loop_metrics *out)
{
    eddy_loop_metrics all;
    int rc = loop == NULL || out == NULL || out->size < sizeof out->size ? EDDY_EINVAL
                                                                         : eddyi_loop_reachable(loop);
    if (rc < 0)
        return eddyi_fail(rc, "get_metrics");
    size_t size = out->size;
    eddyi_metrics_take(loop, &all);
    memset(out, 0, size);
    memcpy(out, &all, size < sizeof all ? size : sizeof all);
    out->size = size;
    return 0;
}

int eddy_loop_get_system_calls(eddy_loop *loop, eddy_system_call *out, size_t capacity)
{
    size_t count = 0;
    int rc = loop == NULL || (out == NULL && capacity > 0) ? EDDY_EINVAL : eddyi_loop_reachable(loop);
    if (rc < 0)
        return eddyi_fail(rc, "get_system_calls");
    for (int i = 0; i < EDDYI_INJECT_CALLS; i++) {
        if (loop->metrics.calls[i] == 0)
            continue;
        if (count < capacity)
            out[count] =
                (eddy_system_call){eddyi_call_name((enum eddyi_inject_call)i), loop->metrics.calls[i]};
        count++;
    }
    return (int)count;
}
