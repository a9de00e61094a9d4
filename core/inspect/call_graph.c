/* call_graph.c: a picture of a future and all who wait for it: the part of the graph that is reached against its arrows.
 * Touches edges.h and frames.h. Linear in what it looks at; what it shows is kept alive. */
#include "core/inspect/call_graph.h"

#include "core/base/memory.h"
#include "core/inspect/edges.h"
#include "core/inspect/inspect.h"
#include "core/inspect/names.h"

void eddy_call_graph_options_init(eddy_call_graph_options *options)
{
    if (options != NULL)
        *options = (eddy_call_graph_options){.size = sizeof *options};
}

/* ---- who waits for a task: the arrows turned round ---- */

typedef struct reversal {
    eddyi_edges edges;
    size_t *first, *sources; /* by number, as in edges */
    size_t *place;           /* in the picture; `count + 1`: not there */
    size_t *order;           /* numbers, as they come into the picture */
    size_t placed, link_count;
} reversal;

static size_t *allocate(const eddy_loop *loop, size_t count)
{
    size_t size;
    return eddyi_multiply(&size, count, sizeof(size_t)) ? eddyi_allocate_zero(&loop->allocator, size) : NULL;
}

static void end_reversal(reversal *self)
{
    const eddy_allocator *allocator = &self->edges.loop->allocator;
    eddyi_release(allocator, self->first);
    eddyi_release(allocator, self->sources);
    eddyi_release(allocator, self->place);
    eddyi_release(allocator, self->order);
    eddyi_edges_free(&self->edges);
}

/* A counting sort of the edges by their targets. One who waits for another in two ways is one source: `place` tells who came last. */
static void reverse(reversal *self)
{
    const eddyi_edges *edges = &self->edges;
    size_t numbers = edges->count + 1;
    for (size_t i = 0; i < edges->edge_count; i++)
        self->first[edges->targets[i] + 1]++;
    for (size_t i = 0; i < numbers; i++) {
        self->first[i + 1] += self->first[i];
        self->order[i] = self->first[i]; /* where the next source goes */
        self->place[i] = numbers;
    }
    for (size_t i = 0; i < edges->count; i++)
        for (size_t at = edges->first[i]; at < edges->first[i + 1]; at++) {
            size_t target = edges->targets[at];
            if (self->place[target] != i)
                self->sources[self->order[target]++] = i;
            self->place[target] = i;
        }
}

/* In the order in which they are reached from the root, breadth first. */
static void place_all(reversal *self, size_t *ends, size_t root)
{
    size_t numbers = self->edges.count + 1;
    for (size_t i = 0; i < numbers; i++) {
        ends[i] = self->order[i];
        self->place[i] = numbers;
    }
    self->order[0] = root;
    self->place[root] = 0;
    self->placed = 1;
    for (size_t done = 0; done < self->placed; done++) {
        size_t number = self->order[done];
        for (size_t at = self->first[number]; at < ends[number]; at++) {
            size_t source = self->sources[at];
            self->link_count++;
            if (self->place[source] != numbers)
                continue;
            self->place[source] = self->placed;
            self->order[self->placed++] = source;
        }
    }
}

/* ---- the picture ---- */

static void free_picture(eddyi_picture *picture)
{
    eddy_allocator allocator = picture->allocator;
    for (size_t i = 0; i < picture->count; i++) {
        eddyi_release(&allocator, (void *)(uintptr_t)picture->nodes[i].call_stack);
        eddy_future_release(picture->nodes[i].future);
    }
    eddyi_release(&allocator, picture->links);
    eddyi_release(&allocator, picture);
}

static int make_picture(eddyi_picture **out, const eddy_loop *loop, size_t count, size_t link_count)
{
    size_t size, links;
    if (!eddyi_multiply(&size, count, sizeof(eddy_call_graph)) ||
        !eddyi_add(&size, size, sizeof(eddyi_picture)) ||
        !eddyi_multiply(&links, link_count + 1, sizeof(eddy_call_graph *)))
        return EDDY_ENOMEM;
    eddyi_picture *picture = eddyi_allocate_zero(&loop->allocator, size);
    if (picture == NULL)
        return EDDY_ENOMEM;
    picture->allocator = loop->allocator;
    picture->links = eddyi_allocate(&loop->allocator, links);
    if (picture->links == NULL) {
        free_picture(picture);
        return EDDY_ENOMEM;
    }
    *out = picture;
    return 0;
}

static void draw(eddyi_picture *picture, const reversal *self, const size_t *ends)
{
    size_t link = 0;
    for (size_t i = 0; i < self->placed; i++) {
        size_t number = self->order[i];
        eddy_call_graph *node = &picture->nodes[picture->count++];
        bool is_task = number < self->edges.count;
        node->task = is_task ? (eddy_task *)(uintptr_t)self->edges.tasks[number] : NULL;
        node->future =
            eddy_future_retain(is_task ? &node->task->future : (eddy_future *)(uintptr_t)self->edges.root);
        node->awaited_by = picture->links + link;
        for (size_t at = self->first[number]; at < ends[number]; at++)
            picture->links[link++] = &picture->nodes[self->place[self->sources[at]]];
        node->awaited_by_count = ends[number] - self->first[number];
    }
}

/* A task that has ended is waited for by nobody; it is shown as any future. */
static int take_picture(eddyi_picture **out, eddy_future *future)
{
    reversal self = {{0}, NULL, NULL, NULL, NULL, 0, 0};
    eddy_loop *loop = future->loop;
    bool is_task = eddyi_future_is_task(future) && future->state == EDDYI_FUTURE_PENDING;
    int rc = eddyi_edges_make(&self.edges, loop, is_task ? NULL : future, true);
    if (rc < 0)
        return rc;
    size_t numbers = self.edges.count + 1;
    size_t *ends = allocate(loop, numbers);
    self.first = allocate(loop, numbers + 1);
    self.sources = allocate(loop, self.edges.edge_count + 1);
    self.place = allocate(loop, numbers);
    self.order = allocate(loop, numbers);
    rc = EDDY_ENOMEM;
    if (ends != NULL && self.first != NULL && self.sources != NULL && self.place != NULL &&
        self.order != NULL) {
        reverse(&self);
        place_all(&self, ends,
                  is_task ? eddyi_edges_find(&self.edges, ((eddy_task *)future)->id) : self.edges.count);
        rc = make_picture(out, loop, self.placed, self.link_count);
        if (rc == 0)
            draw(*out, &self, ends);
    }
    eddyi_release(&loop->allocator, ends);
    end_reversal(&self);
    return rc;
}

/* ---- the stacks in it ---- */

/* Q6 and depth: which of `count` frames from `first` on, innermost first, are wanted. */
static void choose(size_t *first, size_t *count, const eddy_call_graph_options *options, bool runs)
{
    size_t most = options->limit < 0 ? (size_t) - (int64_t)options->limit : (size_t)options->limit;
    size_t skip = runs ? options->depth : 0;
    if (skip > *count)
        skip = *count;
    *first += skip;
    *count -= skip;
    if (most == 0 || most >= *count)
        return;
    if (options->limit > 0)
        *first += *count - most;
    *count = most;
}

static int fill_stack(eddyi_picture *picture, eddy_call_graph *node, eddyi_frames *frames,
                      eddyi_symbols *symbols, const eddy_call_graph_options *options, const void *above)
{
    eddyi_frames_of(frames, node->task, symbols, above);
    size_t first = frames->first;
    size_t count = frames->count - first;
    choose(&first, &count, options, eddyi_frames_runs(node->task));
    if (count == 0)
        return 0;
    eddy_frame *stack = eddyi_allocate(&picture->allocator, count * sizeof *stack);
    if (stack == NULL)
        return EDDY_ENOMEM;
    for (size_t i = 0; i < count; i++)
        eddyi_frame_fill(&stack[i], symbols, frames->addresses[first + i]);
    node->call_stack = stack;
    node->call_stack_count = count;
    return 0;
}

static int fill_stacks(eddyi_picture *picture, const eddy_call_graph_options *options, const void *above)
{
    eddyi_symbols *symbols;
    eddyi_frames frames = {.count = 0};
    frames.addresses = eddyi_allocate(&picture->allocator, EDDYI_FRAMES_MOST * sizeof *frames.addresses);
    int rc = frames.addresses != NULL ? eddyi_names_open(&symbols) : EDDY_ENOMEM;
    if (rc < 0)
        goto free_addresses;
    for (size_t i = 0; rc == 0 && i < picture->count; i++)
        if (picture->nodes[i].task != NULL)
            rc = fill_stack(picture, &picture->nodes[i], &frames, symbols, options, above);
    eddyi_names_close(symbols);
free_addresses:
    eddyi_release(&picture->allocator, frames.addresses);
    return rc;
}

int eddyi_picture_take(eddyi_picture **out, eddy_future *future, const eddy_call_graph_options *options,
                       const void *above)
{
    static const eddy_call_graph_options defaults = {.size = sizeof defaults};
    *out = NULL;
    if (options == NULL)
        options = &defaults;
    if (options->size < sizeof *options)
        return EDDY_EINVAL;
    if (future == NULL && eddyi_running_loop == NULL)
        return EDDY_ENOLOOP;
    if (future == NULL && (future = eddy_task_future(eddyi_current_task())) == NULL)
        return 0;
    int rc = future->loop->closed ? 0 : eddyi_loop_reachable(future->loop);
    if (rc == 0)
        rc = take_picture(out, future);
    if (rc < 0 || options->no_stacks)
        return rc;
    rc = fill_stacks(*out, options, above);
    if (rc < 0) {
        free_picture(*out);
        *out = NULL;
    }
    return rc;
}

void eddyi_picture_free(eddyi_picture *picture)
{
    if (picture != NULL)
        free_picture(picture);
}

int eddy_capture_call_graph(eddy_call_graph **out, eddy_future *future,
                            const eddy_call_graph_options *options)
{
    eddyi_picture *picture;
    char here = 0;
    if (out == NULL)
        return eddyi_fail(EDDY_EINVAL, "capture_call_graph");
    int rc = eddyi_picture_take(&picture, future, options, &here);
    if (rc < 0)
        return eddyi_fail(rc, "capture_call_graph");
    *out = picture != NULL ? &picture->nodes[0] : NULL;
    return 0;
}

void eddy_call_graph_release(eddy_call_graph *graph)
{
    if (graph != NULL)
        free_picture(EDDYI_CONTAINER(graph, eddyi_picture, nodes));
}
