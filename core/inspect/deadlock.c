/* deadlock.c: a loop that would wait for ever looks whether anything is left that could end that, and if not tells who waits for what
 * (fault C16).
 * Touches all that can wake a loop. Never a false alarm: whatever might bring something is hope, and so is what cannot be known.
 *
 * A loop is woken by its timers, by what is lent to its backend, by signals that it watches, by jobs and all else of which other threads hold a
 * part, and by posts, which any thread may make that knows the loop. So the last question is whether this thread is alone: then nobody is
 * there to post. Threads of the pools that sleep for want of a job do not count. All this is asked after a while of idleness, and again each time
 * that twice as long has passed, so it costs nothing; the last one who could have helped may have gone meanwhile. */
#include <inttypes.h>
#include <string.h>

#include "core/inspect/cycles.h"
#include "core/inspect/inspect.h"
#include "core/inspect/text.h"
#include "core/loop/inbox.h"

enum { MOST_TASKS = 64, MOST_TARGETS = 8, MOST_CYCLES = 8 };
uint64_t eddyi_patience_ns = 50000000; /* what asking for hope costs is nothing beside that */

/* ---- hope ---- */

/* Some part of the loop is in other hands: a job, a task for another thread, a child that a thread waits for. */
static bool is_shared(eddy_loop *loop)
{
    unsigned own = (atomic_load(&loop->references) != 0 ? 1U : 0U) + (loop->objects != 0 ? 1U : 0U);
    return atomic_load(&loop->lives) > own;
}

/* The count of idle threads is the same before and after, so that none of them has gone off to work or to its end meanwhile. */
static bool is_alone(void)
{
    unsigned idle = eddyi_threads_idle();
    unsigned threads = eddyi_process_thread_count();
    return threads != 0 && threads == idle + 1 && eddyi_threads_idle() == idle;
}

static bool sleeps_on_purpose(const eddy_loop *loop)
{
    eddyi_list_each (link, &loop->tasks) {
        const eddy_task *task = EDDYI_LIST_ITEM(link, eddy_task, all);
        if (task->wait != NULL && task->wait->kind == &eddyi_sleep_kind)
            return true;
    }
    return false;
}

/* What others could have left before they went is looked at last. */
static bool is_stuck(eddy_loop *loop)
{
    if (!eddyi_list_empty(&loop->signals) || is_shared(loop) ||
        (loop->task_count == 0 && loop->until == NULL))
        return false;
    if (!is_alone() || sleeps_on_purpose(loop))
        return false;
    return !is_shared(loop) && eddyi_inbox_empty(loop) && !atomic_load(&loop->signalled);
}

/* ---- the report ---- */

typedef struct teller {
    eddyi_visit visit; /* first */
    eddyi_text *text;
    const eddyi_edges *edges;
    const void *object; /* that is waited at */
    size_t told;
} teller;

static void tell_member(eddyi_visit *visit, const eddy_future *future)
{
    teller *self = (teller *)visit;
    char label[EDDYI_LABEL_SIZE];
    if (self->told < MOST_TARGETS)
        eddyi_text_add(self->text, "%s %s", self->told > 0 ? "," : "", eddyi_future_label(future, label));
    self->told++;
}

static void tell_holder(eddyi_visit *visit, uint64_t task_id)
{
    const teller *self = (const teller *)visit;
    char label[EDDYI_LABEL_SIZE] = "a task that has ended";
    size_t number = eddyi_edges_find(self->edges, task_id);
    if (number < self->edges->count)
        (void)eddyi_task_label(self->edges->tasks[number], label);
    eddyi_text_add(self->text, " 0x%" PRIxPTR ", held by %s", (uintptr_t)self->object, label);
}

/* A future that follows others is told by what it is and whom it follows. */
static void tell_target(eddyi_visit *visit, const eddy_future *future)
{
    teller *self = (teller *)visit;
    if (!eddyi_future_is_task(future) && (future->kind->reach != NULL || future->waits_declared)) {
        self->visit.one = tell_member;
        eddyi_text_add(self->text, " %s of", future->kind->name);
        eddyi_targets_through(future, NULL, visit);
    } else {
        tell_member(visit, future);
    }
}

/* "'a' waits for 'b'", "'a' waits in lock 0x55..., held by 'b'", "'a' waits in task group 'b', 'c'". */
static void tell_task(eddyi_text *text, const eddyi_edges *edges, const eddy_task *task)
{
    const eddyi_wait *wait = task->wait;
    char label[EDDYI_LABEL_SIZE];
    teller self = {{tell_target, tell_holder}, text, edges, wait->object, 0};
    bool is_future = strcmp(wait->kind->name, "future") == 0;
    eddyi_text_add(text, "    %s waits %s%s", eddyi_task_label(task, label), is_future ? "for" : "in ",
                   is_future ? "" : wait->kind->name);
    size_t before = text->size;
    eddyi_wait_targets(wait, &self.visit);
    if (text->size == before && wait->object != NULL)
        eddyi_text_add(text, " 0x%" PRIxPTR, (uintptr_t)wait->object);
    if (self.told > MOST_TARGETS)
        eddyi_text_add(text, " and %zu more", self.told - MOST_TARGETS);
    eddyi_text_add(text, "\n");
}

static void tell_cycle(const eddyi_edges *edges, const size_t *ring, size_t length, void *arg)
{
    eddyi_text *text = arg;
    char label[EDDYI_LABEL_SIZE];
    eddyi_text_add(text, "    cycle: ");
    for (size_t i = 0; i < length; i++)
        eddyi_text_add(text, "%s -> ", eddyi_task_label(edges->tasks[ring[i]], label));
    eddyi_text_add(text, "%s\n", eddyi_task_label(edges->tasks[ring[0]], label));
}

static void tell_all(eddyi_text *text, eddy_loop *loop)
{
    eddyi_edges edges;
    char label[EDDYI_LABEL_SIZE];
    if (loop->until != NULL && !eddyi_future_is_task(loop->until))
        eddyi_text_add(text, "    run_until_complete waits for %s\n", eddyi_future_label(loop->until, label));
    if (eddyi_edges_make(&edges, loop, NULL, false) < 0)
        return;
    for (size_t i = 0; i < edges.count && i < MOST_TASKS; i++)
        tell_task(text, &edges, edges.tasks[i]);
    if (edges.count > MOST_TASKS)
        eddyi_text_add(text, "    and %zu tasks more\n", edges.count - MOST_TASKS);
    (void)eddyi_cycles_find(&edges, MOST_CYCLES, tell_cycle, text);
    eddyi_edges_free(&edges);
}

static void report(eddy_loop *loop)
{
    eddyi_text text;
    eddyi_text_init(&text, &loop->allocator);
    tell_all(&text, loop);
    eddy_exception_context context = {.size = sizeof context,
                                      .message = "deadlock: nothing can ever wake this loop again",
                                      .exception = EDDY_EDEADLK,
                                      .text = text.data};
    eddy_loop_call_exception_handler(loop, &context);
    eddyi_text_free(&text);
}

/* ---- waiting ---- */

int eddyi_poll_for_ever(eddy_loop *loop)
{
    bool is_virtual =
        (loop->ops->caps & EDDYI_CAP_VIRTUAL_TIME) != 0; /* no time passes while others do something */
    for (uint64_t patience = eddyi_patience_ns; !is_virtual || !is_stuck(loop); patience *= 2) {
        uint64_t limit = is_virtual ? UINT64_MAX : eddyi_loop_now(loop) + patience;
        int rc = eddyi_io_poll(loop, limit);
        if (rc != 0 || is_virtual || eddyi_loop_now(loop) < limit)
            return rc;
        if (is_stuck(loop))
            break;
    }
    report(loop);
    return eddyi_list_empty(&loop->ready.queue) ? EDDY_EDEADLK : 0; /* the handler may have helped */
}
