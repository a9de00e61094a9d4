/* follow.c: whom the tasks of a look wait for, through the futures between them.
 * Touches the process's memory. How far and how often it goes is bounded, whatever the memory says. */
#include "snapshot.h"

#include "grow.h"

#include <stdlib.h>
#include <string.h>

enum {
    DEEPEST = 64,
    MOST_VISITS = 1 << 26,
    MOST_DECLARED = 1 << 20,
    MOST_KINDS = 64,
    CHUNK = 1 << 16,
    BLOCK = 4096
};

/* What a kind of wait or of future says of itself; kinds never change. */
typedef struct known_kind {
    uint64_t address;
    char name[KIND_SIZE];
    bool reaches;
    eddy_reach reach;
} known_kind;

/* A task by its address, or by its number. */
typedef struct key {
    uint64_t value;
    size_t row;
} key;

typedef struct follower {
    task_snapshot *out;
    other_process *process;
    const eddy_record *record;
    key *addresses, *ids;
    wait_edge *declared; /* addresses: `waiter` waits for `target` */
    size_t declared_count, declared_room;
    known_kind kinds[MOST_KINDS];
    size_t kind_count, visits;
    uint64_t group, parent; /* the last group that was looked at, and whose it is */
    size_t row;             /* whose targets are looked for */
    const char *why;
} follower;

static const char torn[] = "its memory makes no sense, or changes faster than it can be read";

static bool fail(follower *self, const char *why)
{
    if (self->why == NULL)
        self->why = why;
    return false;
}

static bool read_at(follower *self, uint64_t address, void *out, size_t size)
{
    return process_read(self->process, address, out, size) || fail(self, torn);
}

static bool read_word(follower *self, uint64_t address, uint64_t *out)
{
    uintptr_t word;
    if (!read_at(self, address, &word, sizeof word))
        return false;
    *out = word;
    return true;
}

static int key_compare(const void *a, const void *b)
{
    uint64_t left = ((const key *)a)->value, right = ((const key *)b)->value;
    return (left > right) - (left < right);
}

static size_t find(const follower *self, const key *keys, uint64_t value)
{
    key wanted = {value, 0};
    const key *found = self->out->task_count > 0
                           ? bsearch(&wanted, keys, self->out->task_count, sizeof *keys, key_compare)
                           : NULL;
    return found != NULL ? found->row : self->out->task_count;
}

static bool add_edge(follower *self, size_t waiter, size_t target, bool family)
{
    task_snapshot *out = self->out;
    if (waiter == out->task_count || target == out->task_count)
        return true; /* it has ended meanwhile, or is nothing that we show */
    void *edges = array_grow(out->edges, out->edge_count, &out->edge_room, sizeof *out->edges);
    if (edges == NULL)
        return fail(self, process_fault_text(PROCESS_NO_MEMORY));
    out->edges = edges;
    out->edges[out->edge_count++] = (wait_edge){waiter, target, family};
    return true;
}

/* ---- kinds ---- */

static bool reach_makes_sense(const eddy_reach *reach)
{
    const int32_t most = 1 << 16;
    return reach->at >= 0 && reach->at < most && reach->count >= 0 && reach->count < most &&
           reach->item >= 0 && reach->item < BLOCK && reach->stride >= 0 && reach->stride <= BLOCK;
}

static known_kind *kind_at(follower *self, uint64_t address, uint32_t name_at, uint32_t reach_at)
{
    uint64_t name, reach;
    for (size_t i = 0; i < self->kind_count; i++)
        if (self->kinds[i].address == address)
            return &self->kinds[i];
    known_kind *found = &self->kinds[self->kind_count];
    *found = (known_kind){.address = address};
    if (self->kind_count == MOST_KINDS || !read_word(self, address + name_at, &name) ||
        !read_word(self, address + reach_at, &reach) || !read_at(self, name, found->name, KIND_SIZE - 1))
        return (void)fail(self, torn), NULL;
    if (memchr(found->name, 0, KIND_SIZE - 1) == NULL)
        return (void)fail(self, torn), NULL;
    char label[LABEL_SIZE];
    label_make(label, found->name, KIND_SIZE);
    memcpy(found->name, label, KIND_SIZE - 1);
    found->reaches = reach != 0;
    if (reach != 0 &&
        (!read_at(self, reach, &found->reach, sizeof found->reach) || !reach_makes_sense(&found->reach)))
        return (void)fail(self, torn), NULL;
    self->kind_count++;
    return found;
}

/* ---- following ---- */

static bool follow_future(follower *self, uint64_t address, unsigned depth);

static bool follow_array(follower *self, const eddy_reach *reach, uint64_t from, unsigned depth)
{
    static const size_t smallest = sizeof(void *);
    uintptr_t count, future;
    uint64_t at = from + (uint64_t)reach->at;
    size_t stride = (size_t)reach->stride, item = (size_t)reach->item;
    if (stride < smallest || item + smallest > stride)
        return fail(self, torn);
    if (!read_at(self, from + (uint64_t)reach->count, &count, sizeof count) ||
        (reach->shape == EDDY_REACH_ARRAY_AT && !read_word(self, at, &at)))
        return false;
    size_t at_once = CHUNK / stride;
    char *chunk = malloc(CHUNK);
    bool fine = chunk != NULL || fail(self, process_fault_text(PROCESS_NO_MEMORY));
    while (fine && count > 0) {
        size_t part = count < at_once ? (size_t)count : at_once;
        fine = read_at(self, at, chunk, part * stride);
        for (size_t i = 0; fine && i < part; i++) {
            memcpy(&future, chunk + i * stride + item, sizeof future);
            fine = future == 0 || follow_future(self, future, depth);
        }
        at += part * stride;
        count -= part;
    }
    free(chunk);
    return fine;
}

static bool follow_reach(follower *self, const known_kind *kind, uint64_t from, unsigned depth)
{
    uint64_t future, id;
    const eddy_reach *reach = &kind->reach;
    if (!kind->reaches)
        return true;
    switch (reach->shape) {
    case EDDY_REACH_ONE:
        return read_word(self, from + (uint64_t)reach->at, &future) &&
               (future == 0 || follow_future(self, future, depth));
    case EDDY_REACH_ARRAY:
    case EDDY_REACH_ARRAY_AT:
        return follow_array(self, reach, from, depth);
    case EDDY_REACH_LIST:
        return true; /* a group's children: each of them names its parent */
    case EDDY_REACH_HOLDER:
        return read_at(self, from + (uint64_t)reach->at, &id, sizeof id) &&
               add_edge(self, self->row, find(self, self->ids, id), false);
    default:
        return fail(self, torn);
    }
}

static bool follow_declared(follower *self, uint64_t waiter, unsigned depth)
{
    for (size_t i = 0; i < self->declared_count; i++)
        if (self->declared[i].waiter == waiter && !follow_future(self, self->declared[i].target, depth))
            return false;
    return true;
}

static bool follow_future(follower *self, uint64_t address, unsigned depth)
{
    char future[BLOCK];
    uintptr_t kind_address;
    size_t row = find(self, self->addresses, address);
    if (row != self->out->task_count)
        return add_edge(self, self->row, row, false);
    if (depth == DEEPEST)
        return true;
    if (++self->visits > MOST_VISITS)
        return fail(self, torn);
    if (!read_at(self, address, future, self->record->future_size))
        return false;
    memcpy(&kind_address, future + self->record->future.kind, sizeof kind_address);
    const known_kind *kind =
        kind_at(self, kind_address, self->record->future_kind.name, self->record->future_kind.reach);
    if (kind == NULL)
        return false;
    if (kind->name[0] == 'T' || future[self->record->future.state] != 0)
        return true; /* a task that has ended, or a future that is done: nobody waits for it any more */
    return follow_reach(self, kind, address, depth + 1) &&
           (future[self->record->future.waits_declared] == 0 || follow_declared(self, address, depth + 1));
}

/* ---- a look's tasks ---- */

static bool follow_wait(follower *self, task_row *row)
{
    const eddy_record *record = self->record;
    uintptr_t kind_address, task, object;
    char wait[BLOCK];
    if (row->state != TASK_WAITING)
        return true;
    if (!read_at(self, row->wait, wait, record->wait_size)) /* at once, so that its parts belong together */
        return false;
    memcpy(&kind_address, wait + record->wait.kind, sizeof kind_address);
    memcpy(&task, wait + record->wait.task, sizeof task);
    memcpy(&object, wait + record->wait.object, sizeof object);
    if (task != row->address)
        return fail(self, torn);
    const known_kind *kind = kind_at(self, kind_address, record->wait_kind.name, record->wait_kind.reach);
    if (kind == NULL)
        return false;
    memcpy(row->waits_in, kind->name, KIND_SIZE);
    return follow_reach(self, kind, kind->reach.from_object ? object : row->wait, 0);
}

static bool follow_parent(follower *self, const task_row *row)
{
    if (row->group == 0)
        return true;
    if (row->group != self->group && !read_word(self, row->group + self->record->group.task, &self->parent))
        return false;
    self->group = row->group; /* its children are most often side by side */
    return add_edge(self, find(self, self->addresses, self->parent), self->row, true);
}

static bool read_declared(follower *self, const loop_row *loop)
{
    uint64_t head = loop->address + self->record->loop.declared, link;
    if (!read_word(self, head, &link))
        return false;
    while (link != head) {
        wait_edge pair;
        if (self->declared_count == MOST_DECLARED)
            return fail(self, torn);
        void *declared = array_grow(self->declared, self->declared_count, &self->declared_room, sizeof pair);
        if (declared == NULL)
            return fail(self, process_fault_text(PROCESS_NO_MEMORY));
        self->declared = declared;
        if (!read_word(self, link + self->record->declared.by, &pair.waiter) ||
            !read_word(self, link + self->record->declared.future, &pair.target) ||
            !read_word(self, link, &link))
            return false;
        self->declared[self->declared_count++] = pair;
    }
    return true;
}

static bool make_keys(follower *self)
{
    size_t count = self->out->task_count;
    self->addresses = calloc(count + 1, sizeof *self->addresses);
    self->ids = calloc(count + 1, sizeof *self->ids);
    if (self->addresses == NULL || self->ids == NULL)
        return fail(self, process_fault_text(PROCESS_NO_MEMORY));
    for (size_t i = 0; i < count; i++) {
        self->addresses[i] = (key){self->out->tasks[i].address, i};
        self->ids[i] = (key){self->out->tasks[i].id, i};
    }
    qsort(self->addresses, count, sizeof(key), key_compare);
    qsort(self->ids, count, sizeof(key), key_compare);
    return true;
}

int edge_compare(const void *a, const void *b)
{
    const wait_edge *left = a, *right = b;
    if (left->waiter != right->waiter)
        return left->waiter < right->waiter ? -1 : 1;
    return (left->target > right->target) - (left->target < right->target);
}

static void order_edges(task_snapshot *out)
{
    size_t kept = 0;
    if (out->edge_count > 0)
        qsort(out->edges, out->edge_count, sizeof *out->edges, edge_compare);
    for (size_t i = 0; i < out->edge_count; i++)
        if (kept > 0 && edge_compare(&out->edges[kept - 1], &out->edges[i]) == 0)
            out->edges[kept - 1].family |= out->edges[i].family;
        else
            out->edges[kept++] = out->edges[i];
    out->edge_count = kept;
}

const char *snapshot_follow(task_snapshot *out, other_process *process, const eddy_record *record)
{
    follower *self = calloc(1, sizeof *self);
    if (self == NULL)
        return process_fault_text(PROCESS_NO_MEMORY);
    self->out = out;
    self->process = process;
    self->record = record;
    bool fine =
        record->future_size <= BLOCK && record->wait_size <= BLOCK ? make_keys(self) : fail(self, torn);
    for (size_t i = 0; fine && i < out->loop_count; i++)
        fine = read_declared(self, &out->loops[i]);
    for (; fine && self->row < out->task_count; self->row++) {
        task_row *row = &out->tasks[self->row];
        fine = follow_wait(self, row) && follow_parent(self, row) &&
               (!row->declared || follow_declared(self, row->address, 0));
    }
    order_edges(out);
    const char *why = self->why;
    free(self->addresses);
    free(self->ids);
    free(self->declared);
    free(self);
    return why;
}
