/* cycles.c: a search in depth for rings in the graph of who waits for whom (Tarjan, "Depth-First Search and Linear Graph Algorithms", 1972).
 * Touches edges.h. Linear in tasks and edges, and with a stack of its own: chains may be as long as there are tasks. */
#include "core/inspect/cycles.h"

#include "core/base/memory.h"

enum { NEW, ON_PATH, DONE };

typedef struct search {
    const eddyi_edges *edges;
    size_t *path, *next; /* path[0 .. depth - 1]; next: the edge to look at, by task */
    unsigned char *state;
    size_t depth;
    int told, most;
    eddyi_cycle_fn fn;
    void *arg;
} search;

static void enter(search *self, size_t task)
{
    self->state[task] = ON_PATH;
    self->next[task] = self->edges->first[task];
    self->path[self->depth++] = task;
}

static void tell(search *self, size_t first)
{
    size_t at = self->depth;
    while (self->path[--at] != first)
        continue;
    self->fn(self->edges, self->path + at, self->depth - at, self->arg);
    self->told++;
}

static void search_from(search *self, size_t start)
{
    enter(self, start);
    while (self->depth > 0 && self->told < self->most) {
        size_t task = self->path[self->depth - 1];
        if (self->next[task] == self->edges->first[task + 1]) {
            self->state[task] = DONE;
            self->depth--;
            continue;
        }
        size_t target = self->edges->targets[self->next[task]++];
        if (self->state[target] == NEW)
            enter(self, target);
        else if (self->state[target] == ON_PATH)
            tell(self, target);
    }
}

int eddyi_cycles_find(const eddyi_edges *edges, int most, eddyi_cycle_fn fn, void *arg)
{
    const eddy_allocator *allocator = &edges->loop->allocator;
    size_t size;
    search self = {.edges = edges, .most = most, .fn = fn, .arg = arg};
    if (!eddyi_multiply(&size, edges->count + 1, sizeof *self.path))
        return EDDY_ENOMEM;
    self.path = eddyi_allocate(allocator, size);
    self.next = eddyi_allocate(allocator, size);
    self.state = eddyi_allocate_zero(allocator, edges->count + 1);
    bool there = self.path != NULL && self.next != NULL && self.state != NULL;
    for (size_t i = 0; there && i < edges->count && self.told < most; i++)
        if (self.state[i] == NEW)
            search_from(&self, i);
    eddyi_release(allocator, self.path);
    eddyi_release(allocator, self.next);
    eddyi_release(allocator, self.state);
    return there ? self.told : EDDY_ENOMEM;
}
