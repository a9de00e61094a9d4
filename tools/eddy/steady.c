/* steady.c: makes one true picture of looks that may each be torn.
 * Touches looks. Two looks in a row that are the same are one moment; a process that never holds still is shown by what two looks have in common. */
#include "snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_LOOKS = 3000, LOOKS_THAT_DIFFER = 3, MOST_SECONDS = 10 /* of work */ };

static bool same_row(const task_row *a, const task_row *b)
{
    return a->address == b->address && a->id == b->id && a->state == b->state && a->wait == b->wait &&
           a->group == b->group && a->loop == b->loop && strcmp(a->waits_in, b->waits_in) == 0 &&
           strcmp(a->label, b->label) == 0;
}

static bool same(const task_snapshot *a, const task_snapshot *b)
{
    if (a->loop_count != b->loop_count || a->task_count != b->task_count || a->edge_count != b->edge_count)
        return false;
    for (size_t i = 0; i < a->loop_count; i++)
        if (a->loops[i].address != b->loops[i].address || a->loops[i].running != b->loops[i].running)
            return false;
    for (size_t i = 0; i < a->task_count; i++)
        if (!same_row(&a->tasks[i], &b->tasks[i]))
            return false;
    for (size_t i = 0; i < a->edge_count; i++)
        if (edge_compare(&a->edges[i], &b->edges[i]) != 0)
            return false;
    return true;
}

/* ---- what two looks have in common ---- */

typedef struct place {
    uint64_t id;
    size_t row;
} place;

static int place_compare(const void *a, const void *b)
{
    uint64_t left = ((const place *)a)->id, right = ((const place *)b)->id;
    return (left > right) - (left < right);
}

static place *places_of(const task_snapshot *snapshot)
{
    place *places = calloc(snapshot->task_count + 1, sizeof *places);
    for (size_t i = 0; places != NULL && i < snapshot->task_count; i++)
        places[i] = (place){snapshot->tasks[i].id, i};
    if (places != NULL)
        qsort(places, snapshot->task_count, sizeof *places, place_compare);
    return places;
}

/* The row of the same task in the other look, or SIZE_MAX. */
static size_t counterpart(const task_row *row, const task_snapshot *other, const place *places)
{
    place wanted = {row->id, 0};
    const place *found = other->task_count > 0
                             ? bsearch(&wanted, places, other->task_count, sizeof *places, place_compare)
                             : NULL;
    if (found == NULL)
        return SIZE_MAX;
    const task_row *same = &other->tasks[found->row]; /* one that joins or leaves its group comes or goes */
    return same->address == row->address && same->group == row->group ? found->row : SIZE_MAX;
}

static bool has_edge(const task_snapshot *snapshot, size_t waiter, size_t target)
{
    wait_edge wanted = {waiter, target, false};
    return snapshot->edge_count > 0 && bsearch(&wanted, snapshot->edges, snapshot->edge_count,
                                               sizeof *snapshot->edges, edge_compare) != NULL;
}

/* `later` saw both tasks alive, so what the first look saw of a family was true when it looked, and is still. */
static void keep_common_edges(task_snapshot *to, const task_snapshot *later, const size_t *others,
                              const size_t *moved)
{
    size_t kept = 0;
    for (size_t i = 0; i < to->edge_count; i++) {
        wait_edge edge = to->edges[i];
        if (moved[edge.waiter] == SIZE_MAX || moved[edge.target] == SIZE_MAX ||
            (!edge.family && !has_edge(later, others[edge.waiter], others[edge.target])))
            continue;
        edge.waiter = moved[edge.waiter];
        edge.target = moved[edge.target];
        to->edges[kept++] = edge;
    }
    to->edge_count = kept;
}

/* A task that stood in another state each time is one that runs. */
static void keep_common_tasks(task_snapshot *to, const task_snapshot *later, const size_t *others,
                              size_t *moved)
{
    size_t kept = 0;
    for (size_t i = 0; i < to->task_count; i++) {
        task_row *row = &to->tasks[i];
        moved[i] = others[i] != SIZE_MAX ? kept : SIZE_MAX;
        if (others[i] == SIZE_MAX) {
            to->loops[row->loop].tasks--;
            to->left_out++;
            continue;
        }
        if (row->state != later->tasks[others[i]].state ||
            strcmp(row->waits_in, later->tasks[others[i]].waits_in) != 0) {
            row->state = TASK_RUNNING;
            row->waits_in[0] = '\0';
        }
        to->tasks[kept++] = *row;
    }
    to->task_count = kept;
}

static const char *keep_common(task_snapshot *to, const task_snapshot *later)
{
    place *places = places_of(later);
    size_t *others = calloc(to->task_count + 1, sizeof *others);
    size_t *moved = calloc(to->task_count + 1, sizeof *moved);
    bool there = places != NULL && others != NULL && moved != NULL;
    for (size_t i = 0; there && i < to->task_count; i++)
        others[i] = counterpart(&to->tasks[i], later, places);
    if (there) {
        keep_common_tasks(to, later, others, moved);
        keep_common_edges(to, later, others, moved);
        to->changing = true;
    }
    free(places);
    free(others);
    free(moved);
    return there ? NULL : process_fault_text(PROCESS_NO_MEMORY);
}

/* ---- looking ---- */

const char *snapshot_take(task_snapshot *out, other_process *process, const eddy_record *record)
{
    task_snapshot last = {0}, now;
    bool has_last = false;
    const char *why = NULL;
    clock_t began = clock() / CLOCKS_PER_SEC;
    for (int looks = 0, differ = 0; looks < MOST_LOOKS && clock() / CLOCKS_PER_SEC < began + MOST_SECONDS;
         looks++) {
        why = snapshot_look(&now, process, record);
        if (why != NULL) {
            snapshot_free(&now);
            if (process_state(process) != PROCESS_FINE)
                break;
            process_pause(0.00001 * (looks % 10)); /* out of step with whatever it does */
            continue;
        }
        bool done = has_last && same(&last, &now);
        if (!done && has_last && ++differ == LOOKS_THAT_DIFFER) {
            done = true;
            why = keep_common(&last, &now);
        }
        if (done) {
            snapshot_free(&now);
            break;
        }
        snapshot_free(&last);
        last = now;
        has_last = true;
    }
    bool enough = why == NULL && has_last;
    if (enough)
        *out = last;
    else
        snapshot_free(&last);
    return why;
}
