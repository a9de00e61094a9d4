/* tree.c: a snapshot as trees, who waits above whom it waits for.
 * Touches standard output. Each task is written once and comes again as one line, so the text grows with the tasks and not with the ways through them;
 * rings of tasks that wait for each other are told first. */
#include "show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST_INDENT = 40, MOST_RINGS = 10, MOST_IN_RING = 20 };
enum { NEW, ON_PATH, DONE };

typedef struct walker {
    const task_snapshot *snapshot;
    const other_process *process;
    size_t *first, *next, *path; /* path[0 .. depth - 1]: from a root; next: the next edge of a task */
    unsigned char *state, *awaited;
    size_t depth, rings;
    bool showing; /* else rings are looked for */
} walker;

static void tell_ring(walker *self, size_t back_to)
{
    size_t begin = self->depth, told = 0;
    if (self->rings++ >= MOST_RINGS)
        return;
    while (self->path[begin - 1] != back_to)
        begin--;
    printf("%scycle: ", self->rings == 1 ? "the tasks wait in a cycle, so there is no tree of them\n" : "");
    for (size_t i = begin - 1; i < self->depth; i++, told++)
        if (told < MOST_IN_RING)
            printf("%s → ", self->snapshot->tasks[self->path[i]].label);
    if (told > MOST_IN_RING)
        printf("... %zu more → ", told - MOST_IN_RING);
    printf("%s\n", self->snapshot->tasks[back_to].label);
}

static bool is_last(const walker *self, size_t row)
{
    return self->next[row] == self->first[row + 1];
}

static void show_task(const walker *self, size_t row, bool last)
{
    const task_row *task = &self->snapshot->tasks[row];
    char place[PLACE_SIZE];
    size_t from = self->depth > DEEPEST_INDENT ? self->depth - DEEPEST_INDENT : 0;
    for (size_t i = from; i + 1 < self->depth; i++)
        fputs(is_last(self, self->path[i]) ? "    " : "│   ", stdout);
    if (self->depth > 0)
        fputs(last ? "└── " : "├── ", stdout);
    printf("(T) %s (%" PRIu64 ")", task->label, task->id);
    if (self->state[row] != NEW) {
        printf(" %s\n", self->state[row] == ON_PATH ? "(cycle)" : "(as above)");
        return;
    }
    process_place(self->process, task->function, place, sizeof place);
    printf(" %s%s%s, %s\n", state_name(task->state), task->waits_in[0] != '\0' ? " in " : "", task->waits_in,
           place);
}

static void visit(walker *self, size_t row, bool last)
{
    if (self->showing)
        show_task(self, row, last);
    else if (self->state[row] == ON_PATH)
        tell_ring(self, row);
    if (self->state[row] != NEW)
        return;
    self->state[row] = ON_PATH;
    self->next[row] = self->first[row];
    self->path[self->depth++] = row;
}

static void walk_from(walker *self, size_t root)
{
    visit(self, root, true);
    while (self->depth > 0) {
        size_t row = self->path[self->depth - 1];
        if (is_last(self, row)) {
            self->state[row] = DONE;
            self->depth--;
        } else {
            size_t target = (size_t)self->snapshot->edges[self->next[row]++].target;
            visit(self, target, is_last(self, row));
        }
    }
}

/* Those for whom nobody waits are roots; what is left then is in rings, or below them. */
static void walk_loop(walker *self, size_t begin, size_t end)
{
    for (size_t row = begin; row < end; row++)
        if (!self->awaited[row])
            walk_from(self, row);
    for (size_t row = begin; row < end; row++)
        if (self->state[row] == NEW)
            walk_from(self, row);
}

static void walk_all(walker *self, bool showing)
{
    const task_snapshot *snapshot = self->snapshot;
    size_t row = 0;
    self->showing = showing;
    memset(self->state, NEW, snapshot->task_count);
    for (size_t i = 0; i < snapshot->loop_count; i++) {
        if (showing)
            show_loop(snapshot, &snapshot->loops[i]);
        walk_loop(self, row, row + snapshot->loops[i].tasks);
        row += snapshot->loops[i].tasks;
    }
    if (!showing && self->rings > MOST_RINGS)
        printf("and %zu cycles more\n", self->rings - MOST_RINGS);
}

const char *show_tree(const task_snapshot *snapshot, const other_process *process, long pid)
{
    size_t count = snapshot->task_count;
    walker self = {.snapshot = snapshot, .process = process};
    (void)pid;
    self.first = edges_index(snapshot, snapshot->edges);
    self.next = calloc(count + 1, sizeof *self.next);
    self.path = calloc(count + 1, sizeof *self.path);
    self.state = calloc(count + 1, 1);
    self.awaited = calloc(count + 1, 1);
    bool there = self.first != NULL && self.next != NULL && self.path != NULL && self.state != NULL &&
                 self.awaited != NULL;
    if (there) {
        for (size_t i = 0; i < snapshot->edge_count; i++)
            self.awaited[snapshot->edges[i].target] = 1;
        walk_all(&self, false);
        walk_all(&self, true);
    }
    free(self.first);
    free(self.next);
    free(self.path);
    free(self.state);
    free(self.awaited);
    return there ? NULL : process_fault_text(PROCESS_NO_MEMORY);
}
