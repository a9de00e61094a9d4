/* edges.c: one pass over the tasks of a loop makes the graph of who waits for whom.
 * Touches the waits of tasks. The loop's tasks are in the order of their ids, so a task is found by a binary search and nothing is sorted. */
#include "core/inspect/edges.h"

#include "core/base/memory.h"
#include "core/inspect/declared.h"

enum { DEEPEST = 64 }; /* futures that follow futures that follow ... */

typedef struct through {
    eddyi_visit visit; /* first */
    eddyi_visit *to;
    const eddy_future *end;
    int depth;
} through;

static void see_through(eddyi_visit *visit, const eddy_future *future)
{
    through *self = (through *)visit;
    bool follows = future->kind->reach != NULL || future->waits_declared;
    if (eddyi_future_is_task(future) || future == self->end || !follows) {
        self->to->one(self->to, future);
    } else if (self->depth < DEEPEST) {
        self->depth++;
        eddyi_future_targets(future, visit);
        eddyi_declared_targets(future, visit);
        self->depth--;
    }
}

static void see_holder(eddyi_visit *visit, uint64_t task_id)
{
    through *self = (through *)visit;
    self->to->holder(self->to, task_id);
}

void eddyi_targets_through(const eddy_future *future, const eddy_future *end, eddyi_visit *visit)
{
    through self = {.visit = {see_through, see_holder}, .to = visit, .end = end};
    see_through(&self.visit, future);
}

/* ---- the graph ---- */

size_t eddyi_edges_find(const eddyi_edges *edges, uint64_t task_id)
{
    size_t low = 0, high = edges->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (edges->tasks[middle]->id < task_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < edges->count && edges->tasks[low]->id == task_id ? low : edges->count;
}

typedef struct builder {
    eddyi_visit visit; /* first */
    eddyi_edges *edges;
    bool counting;
} builder;

static void add(const builder *self, size_t number)
{
    if (!self->counting)
        self->edges->targets[self->edges->edge_count] = number;
    self->edges->edge_count++;
}

static void add_holder(eddyi_visit *visit, uint64_t task_id)
{
    const builder *self = (const builder *)visit;
    size_t number = eddyi_edges_find(self->edges, task_id);
    if (number < self->edges->count) /* else it has ended, or is another loop's */
        add(self, number);
}

static void add_future(eddyi_visit *visit, const eddy_future *future)
{
    const builder *self = (const builder *)visit;
    if (eddyi_future_is_task(future))
        add_holder(visit, ((const eddy_task *)future)->id);
    else if (future == self->edges->root)
        add(self, self->edges->count);
}

static void add_targets(builder *self, const eddy_task *task)
{
    through all = {.visit = {see_through, see_holder}, .to = &self->visit, .end = self->edges->root};
    if (eddyi_task_waiting(task))
        eddyi_wait_targets(task->wait, &all.visit);
    eddyi_declared_targets(&task->future, &all.visit);
    if (self->edges->families)
        eddyi_groups_targets(task, &all.visit);
}

static void walk(eddyi_edges *edges, bool counting)
{
    builder self = {.visit = {add_future, add_holder}, .edges = edges, .counting = counting};
    edges->edge_count = 0;
    for (size_t i = 0; i < edges->count; i++) {
        edges->first[i] = edges->edge_count;
        add_targets(&self, edges->tasks[i]);
    }
    edges->first[edges->count] = edges->edge_count;
}

static void *allocate(const eddy_loop *loop, size_t count, size_t size)
{
    size_t bytes;
    return eddyi_multiply(&bytes, count, size) ? eddyi_allocate(&loop->allocator, bytes) : NULL;
}

int eddyi_edges_make(eddyi_edges *out, eddy_loop *loop, const eddy_future *root, bool families)
{
    eddyi_edges edges = {.loop = loop, .root = root, .families = families};
    edges.tasks = allocate(loop, loop->task_count + 1, sizeof *edges.tasks);
    edges.first = allocate(loop, loop->task_count + 1, sizeof *edges.first);
    if (edges.tasks == NULL || edges.first == NULL)
        goto fail;
    eddyi_list_each (link, &loop->tasks)
        edges.tasks[edges.count++] = EDDYI_LIST_ITEM(link, eddy_task, all);
    walk(&edges, true);
    edges.targets = allocate(loop, edges.edge_count + 1, sizeof *edges.targets);
    if (edges.targets == NULL)
        goto fail;
    walk(&edges, false);
    *out = edges;
    return 0;
fail:
    eddyi_edges_free(&edges);
    return EDDY_ENOMEM;
}

void eddyi_edges_free(eddyi_edges *edges)
{
    eddyi_release(&edges->loop->allocator, edges->tasks);
    eddyi_release(&edges->loop->allocator, edges->first);
    eddyi_release(&edges->loop->allocator, edges->targets);
}
