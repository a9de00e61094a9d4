/* table.c: a snapshot as a table, one task a line, and as JSON.
 * Touches standard output. Lines are short however many wait for one task: the first few are named, the rest counted. */
#include "show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NAMED = 3 };

const char *state_name(enum task_state state)
{
    static const char *const names[] = {"running", "scheduled", "waiting"};
    return names[state];
}

void show_loop(const task_snapshot *snapshot, const loop_row *loop)
{
    (void)snapshot;
    printf("loop 0x%" PRIx64 ", ", loop->address);
    if (loop->running)
        printf("runs in thread 0x%" PRIx64, loop->thread);
    else
        printf("does not run");
    printf(", %zu task%s\n", loop->tasks, loop->tasks == 1 ? "" : "s");
}

size_t *edges_index(const task_snapshot *snapshot, const wait_edge *edges)
{
    size_t *first = calloc(snapshot->task_count + 2, sizeof *first);
    size_t at = 0;
    for (size_t i = 0; first != NULL && i <= snapshot->task_count; i++) {
        first[i] = at;
        while (at < snapshot->edge_count && edges[at].waiter == i)
            at++;
    }
    return first;
}

/* ---- the table ---- */

/* The edges from those that are waited for to those who wait. */
static wait_edge *turned(const task_snapshot *snapshot)
{
    wait_edge *edges = calloc(snapshot->edge_count + 1, sizeof *edges);
    for (size_t i = 0; edges != NULL && i < snapshot->edge_count; i++)
        edges[i] = (wait_edge){snapshot->edges[i].target, snapshot->edges[i].waiter, false};
    if (edges != NULL)
        qsort(edges, snapshot->edge_count, sizeof *edges, edge_compare);
    return edges;
}

static void show_row(const task_snapshot *snapshot, const other_process *process, size_t row,
                     const wait_edge *awaited, const size_t *first)
{
    const task_row *task = &snapshot->tasks[row];
    char place[PLACE_SIZE];
    process_place(process, task->function, place, sizeof place);
    printf("%10" PRIu64 "  %-20s  %-9s  %-14s  %-24s  ", task->id, task->label, state_name(task->state),
           task->waits_in[0] != '\0' ? task->waits_in : "-", place);
    size_t count = first[row + 1] - first[row];
    for (size_t i = 0; i < count && i < MOST_NAMED; i++) {
        const task_row *by = &snapshot->tasks[awaited[first[row] + i].target];
        printf("%s%s (%" PRIu64 ")", i > 0 ? ", " : "", by->label, by->id);
    }
    if (count > MOST_NAMED)
        printf(", and %zu more", count - MOST_NAMED);
    printf("%s\n", count == 0 ? "-" : "");
}

const char *show_table(const task_snapshot *snapshot, const other_process *process, long pid)
{
    wait_edge *awaited = turned(snapshot);
    size_t *first = awaited != NULL ? edges_index(snapshot, awaited) : NULL;
    size_t row = 0;
    (void)pid;
    for (size_t i = 0; first != NULL && i < snapshot->loop_count; i++) {
        show_loop(snapshot, &snapshot->loops[i]);
        printf("%10s  %-20s  %-9s  %-14s  %-24s  %s\n", "task id", "task name", "state", "waits in",
               "coroutine", "awaited by");
        for (size_t n = 0; n < snapshot->loops[i].tasks; n++)
            show_row(snapshot, process, row++, awaited, first);
    }
    bool there = first != NULL;
    free(awaited);
    free(first);
    return there ? NULL : process_fault_text(PROCESS_NO_MEMORY);
}

/* ---- JSON ---- */

/* Labels hold no control characters. */
static void put_string(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

static void put_task(const task_snapshot *snapshot, const other_process *process, size_t row,
                     const size_t *first)
{
    const task_row *task = &snapshot->tasks[row];
    char place[PLACE_SIZE], label[LABEL_SIZE];
    process_place(process, task->function, place, sizeof place);
    label_make(label, place, sizeof place);
    printf("{\"id\": %" PRIu64 ", \"name\": ", task->id);
    put_string(task->label);
    printf(", \"address\": \"0x%" PRIx64 "\", \"state\": \"%s\", \"waits_in\": ", task->address,
           state_name(task->state));
    put_string(task->waits_in);
    printf(", \"coroutine\": ");
    put_string(label);
    printf(", \"waits_for\": [");
    for (size_t i = first[row]; i < first[row + 1]; i++)
        printf("%s%" PRIu64, i > first[row] ? ", " : "", snapshot->tasks[snapshot->edges[i].target].id);
    printf("]}");
}

const char *show_json(const task_snapshot *snapshot, const other_process *process, long pid)
{
    size_t *first = edges_index(snapshot, snapshot->edges);
    size_t row = 0;
    if (first == NULL)
        return process_fault_text(PROCESS_NO_MEMORY);
    printf("{\"pid\": %ld, \"changing\": %s, \"left_out\": %zu, \"loops\": [", pid,
           snapshot->changing ? "true" : "false", snapshot->left_out);
    for (size_t i = 0; i < snapshot->loop_count; i++) {
        const loop_row *loop = &snapshot->loops[i];
        printf("%s\n {\"address\": \"0x%" PRIx64 "\", \"thread\": \"0x%" PRIx64
               "\", \"running\": %s, \"tasks\": [",
               i > 0 ? "," : "", loop->address, loop->thread, loop->running ? "true" : "false");
        for (size_t n = 0; n < loop->tasks; n++) {
            printf("%s\n  ", n > 0 ? "," : "");
            put_task(snapshot, process, row++, first);
        }
        printf("]}");
    }
    printf("]}\n");
    free(first);
    return NULL;
}
