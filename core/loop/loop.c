/* loop.c: the life of a loop: made, run, stopped, closed, freed.
 * Touches everything a loop owns, in one order. Memory outlives close as long as somebody holds an object of the loop. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/inspect/declared.h"
#include "core/inspect/origins.h"
#include "core/inspect/probes.h"
#include "core/inspect/root.h"
#include "core/loop/choose.h"
#include "core/loop/inbox.h"
#include "core/loop/iterate.h"
#include "core/loop/log.h"
#include "core/loop/signals.h"
#include "core/loop/watch.h"
#include "core/task/generator.h"
#include "core/task/stacks.h"
#include "core/task/task.h"

_Thread_local eddy_loop *eddyi_running_loop;

void eddy_loop_options_init(eddy_loop_options *options)
{
    if (options != NULL)
        *options = (eddy_loop_options){.size = sizeof *options};
}

/* ---- making ---- */

static const char *from_environment(const char *name)
{
    return eddyi_process_is_privileged() ? NULL : getenv(name);
}

static uint64_t choose_seed(const eddy_loop_options *options)
{
    if (options->seed != 0)
        return options->seed;
    const char *text = from_environment("EDDY_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 0;
    return seed != 0 ? seed : 1;
}

static void init_members(eddy_loop *loop, const eddy_loop_options *options)
{
    eddyi_list_init(&loop->ready.queue);
    eddyi_list_init(&loop->tasks);
    eddyi_list_init(&loop->ended);
    eddyi_list_init(&loop->group_errors);
    eddyi_list_init(&loop->generators);
    eddyi_list_init(&loop->closables);
    eddyi_list_init(&loop->declared);
    eddyi_list_init(&loop->signals);
    eddyi_list_init(&loop->cell_slabs);
    atomic_init(&loop->inbox, NULL);
    atomic_init(&loop->sleeping, true);
    atomic_init(&loop->wakers, 0);
    atomic_init(&loop->references, 1);
    atomic_init(&loop->lives, 2);
    atomic_init(&loop->signalled, false);
    atomic_init(&loop->interrupted, false);
    loop->variables.word = EDDYI_VARIABLES_NONE;
    loop->objects = 1;
    loop->steps_per_poll = EDDYI_STEPS_PER_POLL;
    loop->io_budget = EDDYI_IO_BUDGET;
    loop->slow_callback_ns = 100000000;
    loop->fork_generation = eddyi_fork_generation();
    loop->finds_deadlocks = !options->no_deadlock_report;
    const char *debug = from_environment("EDDY_DEBUG");
    eddy_loop_set_debug(loop, options->debug || (debug != NULL && debug[0] != '\0'));
}

static int open_backend(eddy_loop *loop, const eddy_loop_options *options)
{
    const char *message = NULL;
    int rc = eddyi_choose_backend(&loop->ops, options->backend, &message);
    if (rc < 0) {
        eddyi_fail_detail(rc, "new_event_loop")->message = message;
        return rc;
    }
    eddyi_backend_config config = {
        .allocator = &loop->allocator,
        .seed = choose_seed(options),
        .fault_percent = options->fault_percent,
        .fault_until_ns = 0,
    };
    uint64_t faults;
    if (options->fault_seconds > 0 && eddyi_delay(options->fault_seconds, &faults) == 0)
        config.fault_until_ns = faults;
    rc = loop->ops->open(&loop->backend, &config, &loop->kinds);
    if (rc < 0)
        return eddyi_fail(rc, "new_event_loop");
    loop->net = loop->ops->net != NULL ? loop->ops->net : &eddyi_platform_net;
    return 0;
}

static void free_memory(eddy_loop *loop)
{
    eddy_allocator allocator = loop->allocator;
    if (eddyi_calls_counted == loop->metrics.calls) /* a child that was forked while it ran */
        eddyi_calls_counted = NULL;
    eddyi_root_remove(loop);
    eddyi_stacks_free(loop);
    eddyi_cells_free(loop);
    eddyi_origins_free(loop);
    eddyi_release(&allocator, loop->received);
    eddyi_release(&allocator, loop->datagrams);
    eddyi_release(&allocator, loop->results);
    eddyi_release(&allocator, loop);
    eddyi_loops_alive_add(-1);
}

int eddyi_loop_create(eddy_loop **out, const eddy_loop_options *options)
{
    static const eddy_loop_options defaults = {.size = sizeof defaults};
    if (options == NULL)
        options = &defaults;
    if (out == NULL || options->size < sizeof options->size || options->fault_percent > 100)
        return eddyi_fail(EDDY_EINVAL, "new_event_loop");
    const eddy_allocator *allocator =
        options->allocator != NULL ? options->allocator : eddyi_default_allocator();
    if (!eddyi_allocator_complete(allocator))
        return eddyi_fail(EDDY_EINVAL, "new_event_loop");
    eddy_loop *loop = eddyi_allocate_zero(allocator, sizeof *loop);
    if (loop == NULL)
        return eddyi_fail(EDDY_ENOMEM, "new_event_loop");
    loop->allocator = *allocator;
    eddyi_loops_alive_add(1);
    init_members(loop, options);
    int rc = EDDY_ENOMEM;
    loop->results = eddyi_allocate(&loop->allocator, EDDYI_RESULTS * sizeof *loop->results);
    if (loop->results == NULL)
        goto fail;
    rc = eddyi_stacks_create(loop);
    if (rc < 0)
        goto fail;
    rc = open_backend(loop, options);
    if (rc < 0)
        goto told;
    loop->now = loop->ops->now != NULL ? loop->ops->now(loop->backend) : eddyi_clock_now();
    loop->epoch = loop->now;
    eddyi_timers_init(&loop->timers, loop->now);
    eddyi_log(EDDY_LOG_DEBUG, loop, NULL, "Using backend: %s", loop->ops->name);
    eddyi_root_add(loop);
    *out = loop;
    return 0;
fail:
    eddyi_fail(rc, "new_event_loop");
told:
    free_memory(loop);
    return rc;
}

/* ---- references ---- */

void eddyi_loop_life_add(eddy_loop *loop)
{
    atomic_fetch_add(&loop->lives, 1);
}

void eddyi_loop_life_remove(eddy_loop *loop)
{
    if (atomic_fetch_sub(&loop->lives, 1) == 1)
        free_memory(loop);
}

void eddyi_loop_object_add(eddy_loop *loop)
{
    if (loop->objects++ == 0) /* a closed loop may get objects again: they need its memory */
        eddyi_loop_life_add(loop);
}

void eddyi_loop_object_remove(eddy_loop *loop)
{
    if (--loop->objects == 0)
        eddyi_loop_life_remove(loop);
}

eddy_loop *eddy_loop_retain(eddy_loop *loop)
{
    if (loop != NULL)
        atomic_fetch_add(&loop->references, 1);
    return loop;
}

static void report_unclosed(eddy_loop *loop)
{
    eddy_exception_context context = {.size = sizeof context, .message = "unclosed event loop"};
    eddy_loop_call_exception_handler(loop, &context);
}

void eddy_loop_release(eddy_loop *loop)
{
    if (loop == NULL || atomic_fetch_sub(&loop->references, 1) != 1)
        return;
    if (!loop->closed && loop->debug)
        report_unclosed(loop);
    if (!loop->closed)
        (void)eddy_loop_close(loop);
    eddyi_loop_life_remove(loop);
}

/* ---- state ---- */

/* X1. Nothing of the loop is touched: it is another thread's. */
static void log_wrong_thread(uintptr_t owner)
{
    eddyi_text text;
    if (!eddyi_logs(EDDY_LOG_WARNING))
        return;
    eddyi_text_init(&text, eddyi_default_allocator());
    eddyi_place_tell_here(&text, &text);
    eddyi_log(EDDY_LOG_WARNING, NULL, text.data,
              "Non-thread-safe operation: thread %#llx called a loop that runs in thread %#llx",
              (unsigned long long)eddyi_thread_id(), (unsigned long long)owner);
    eddyi_text_free(&text);
}

int eddyi_loop_unusable(const eddy_loop *loop)
{
    if (loop == NULL)
        return EDDY_EINVAL;
    if (loop->closed)
        return EDDY_ECLOSED;
    if (loop->fork_generation != eddyi_fork_generation())
        return EDDY_EFORKED;
    uintptr_t owner = loop->debug ? loop->thread : 0;
    if (owner == 0 || owner == eddyi_thread_id())
        return 0;
    log_wrong_thread(owner);
    return EDDY_EWRONGTHREAD;
}

eddy_loop *eddy_get_running_loop(void)
{
    eddy_loop *loop = eddyi_running_loop;
    return loop != NULL && loop->fork_generation == eddyi_fork_generation() ? loop : NULL;
}

bool eddy_loop_is_running(const eddy_loop *loop)
{
    return loop != NULL && loop->running;
}

bool eddy_loop_is_closed(const eddy_loop *loop)
{
    return loop == NULL || loop->closed;
}

bool eddy_loop_get_debug(const eddy_loop *loop)
{
    return loop != NULL && loop->debug;
}

void eddy_loop_set_debug(eddy_loop *loop, bool enabled)
{
    if (loop == NULL)
        return;
    loop->debug = enabled;
    loop->guarded = enabled || loop->closed;
    loop->held = enabled ? loop->held | EDDYI_HELD_BY_DEBUG : loop->held & ~(uint32_t)EDDYI_HELD_BY_DEBUG;
}

int eddy_loop_set_slow_callback_duration(eddy_loop *loop, double seconds)
{
    uint64_t duration;
    if (loop == NULL || !(seconds > 0) || eddyi_delay(seconds, &duration) < 0)
        return eddyi_fail(EDDY_EINVAL, "set_slow_callback_duration");
    loop->slow_callback_ns = duration;
    return 0;
}

const char *eddy_loop_backend_name(const eddy_loop *loop)
{
    return loop != NULL ? loop->ops->name : "";
}

int eddy_loop_backend_fd(eddy_loop *loop, eddy_fd *out)
{
    int rc = eddyi_loop_usable(loop);
    if (rc == 0 && out == NULL)
        rc = EDDY_EINVAL;
    if (rc < 0)
        return eddyi_fail(rc, "backend_fd");
    eddy_fd fd = loop->ops->pollable != NULL ? loop->ops->pollable(loop->backend) : -1;
    if (fd == -1)
        return eddyi_fail(EDDY_ENOSYS, "backend_fd");
    *out = fd;
    return 0;
}

/* ---- running ---- */

static int enter(eddy_loop *loop)
{
    if (loop == NULL)
        return EDDY_EINVAL;
    if (loop->closed)
        return EDDY_ECLOSED;
    if (loop->fork_generation != eddyi_fork_generation())
        return EDDY_EFORKED;
    if (loop->running || eddy_get_running_loop() != NULL)
        return EDDY_ERUNNING;
    loop->errno_location = &errno;
    loop->thread = eddyi_thread_id();
    loop->running = true;
    loop->failure = 0;
    loop->host_size = 0;
    loop->variables.word = 0;
    eddyi_running_loop = loop;
    eddyi_calls_counted = loop->metrics.calls;
    eddyi_watchers_meet(loop);
    loop->polled_at = eddyi_loop_now(loop);
    eddyi_stacks_thread_enter();
    return 0;
}

static void leave(eddy_loop *loop)
{
    eddyi_turn_count(loop, eddyi_loop_now(loop));
    eddyi_stacks_thread_leave();
    eddyi_calls_counted = NULL;
    eddyi_running_loop = NULL;
    loop->variables.word = EDDYI_VARIABLES_NONE;
    loop->running = false;
    loop->thread = 0;
    atomic_store(&loop->sleeping,
                 true); /* a post must reach a foreign loop that watches the backend's descriptor */
}

void eddy_loop_stop(eddy_loop *loop)
{
    if (loop == NULL)
        return;
    loop->stopping = true;
    loop->renew_in_place = false;
}

int eddy_loop_run_forever(eddy_loop *loop)
{
    int rc = enter(loop);
    if (rc < 0)
        return eddyi_fail(rc, "run_forever");
    loop->renew_in_place = !loop->stopping && !loop->debug;
    loop->for_ever = true;
    do {
        eddyi_iteration_begin(loop, UINT64_MAX);
        eddyi_iteration_run(loop);
    } while (!loop->stopping);
    loop->stopping = false;
    loop->for_ever = false;
    leave(loop);
    return loop->failure < 0 ? eddyi_fail(loop->failure, "run_forever") : 0;
}

static void stop_when_done(eddy_future *future, void *arg)
{
    (void)future;
    eddy_loop_stop(arg);
}

int eddy_loop_run_until_complete(eddy_loop *loop, eddy_future *future)
{
    if (loop == NULL || future == NULL)
        return eddyi_fail(EDDY_EINVAL, "run_until_complete");
    if (future->loop != loop)
        return eddyi_fail(EDDY_EWRONGLOOP, "run_until_complete");
    int rc = eddy_future_add_done_callback(future, stop_when_done, loop);
    if (rc == 0) {
        loop->until = future;
        rc = eddy_loop_run_forever(loop);
        loop->until = NULL;
        (void)eddy_future_remove_done_callback(future, stop_when_done, loop);
    }
    if (rc < 0)
        return rc;
    if (!eddy_future_done(future))
        return eddyi_fail(EDDY_ESTOPPED, "run_until_complete");
    rc = eddyi_future_outcome(future);
    return rc < 0 ? eddyi_fail_with(future, rc) : rc;
}

int eddy_loop_run_once(eddy_loop *loop, double timeout)
{
    uint64_t limit;
    if (loop == NULL || timeout != timeout)
        return eddyi_fail(EDDY_EINVAL, "run_once");
    int rc = enter(loop);
    if (rc < 0)
        return eddyi_fail(rc, "run_once");
    (void)eddyi_deadline_after(loop, timeout, &limit);
    loop->renew_in_place = false;
    eddyi_steps_grant(loop, 0);
    eddyi_iteration_begin(loop, timeout > 0 ? limit : 0);
    int32_t before = loop->steps_to_poll;
    eddyi_iteration_run(loop);
    int count = before - loop->steps_to_poll;
    loop->stopping = false;
    leave(loop);
    return loop->failure < 0 ? eddyi_fail(loop->failure, "run_once") : count;
}

double eddy_loop_next_timeout(eddy_loop *loop)
{
    if (loop == NULL || loop->closed || loop->stopping || !eddyi_list_empty(&loop->ready.queue) ||
        !eddyi_inbox_empty(loop) || atomic_load(&loop->signalled))
        return 0;
    uint64_t now = eddyi_loop_now(loop);
    uint64_t deadline = eddyi_timers_next(&loop->timers);
    if (deadline == UINT64_MAX)
        return eddyi_seconds(UINT64_MAX);
    return deadline > now ? eddyi_seconds(deadline - now) : 0;
}

/* ---- closing ---- */

/* On a closed loop a node only gives back what it holds, so running all of them empties the loop. */
static void discard_queued(eddy_loop *loop)
{
    const eddyi_lateness lateness = loop->timers.lateness; /* none of them is late */
    eddyi_timers_fire(&loop->timers, UINT64_MAX);
    loop->timers.lateness = lateness;
    eddyi_list *link;
    loop->ready.batch_last = NULL;
    loop->variables.word = 0;
    while ((link = eddyi_list_take(&loop->ready.queue)) != NULL) {
        eddyi_node *node = EDDYI_LIST_ITEM(link, eddyi_node, link);
        node->run(node);
        eddyi_variables_drop(&loop->variables);
    }
}

static void shut_closables(eddy_loop *loop)
{
    eddyi_list *link;
    while ((link = eddyi_list_take(&loop->closables)) != NULL) {
        eddyi_closable *closable = EDDYI_LIST_ITEM(link, eddyi_closable, link);
        closable->shut(closable);
    }
}

int eddy_loop_close(eddy_loop *loop)
{
    if (loop == NULL)
        return eddyi_fail(EDDY_EINVAL, "close");
    if (loop->closed)
        return 0;
    if (loop->fork_generation !=
        eddyi_fork_generation()) { /* what is the kernel's is shared with the parent: not touched */
        loop->closed = loop->guarded = true;
        eddyi_loop_object_remove(loop);
        return eddyi_fail(EDDY_EFORKED, "close");
    }
    if (loop->running)
        return eddyi_fail(EDDY_ERUNNING, "close");
    if (loop->debug)
        eddyi_closables_report(loop);
    EDDYI_FORBID_MEMORY();
    loop->closing = true;
    shut_closables(loop);
    eddyi_declared_close(loop);
    eddyi_tasks_destroy(loop);
    eddyi_generators_destroy(loop);
    eddyi_watches_close(loop);
    eddyi_signals_close(loop);
    eddyi_executors_shutdown(loop);
    loop->closed = loop->guarded = true;
    eddyi_inbox_close(loop);
    discard_queued(loop);
    eddyi_executors_release(loop);
    loop->ops->close(loop->backend);
    loop->backend = NULL;
    EDDYI_ALLOW_MEMORY();
    eddyi_log(EDDY_LOG_DEBUG, loop, NULL, "Closed the loop");
    eddyi_loop_object_remove(loop);
    return 0;
}
