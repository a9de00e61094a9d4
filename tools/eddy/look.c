/* look.c: one look at the loops of a process and their tasks.
 * Touches the process's memory, which changes meanwhile: a list is believed only as long as each task is of this loop, has not ended, is younger than the
 * one before, and is linked to it both ways. */
#include "snapshot.h"

#include "grow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TASKS = 1 << 26, NAME_READ = 128, BLOCK = 4096 };

typedef struct looker {
    task_snapshot *out;
    other_process *process;
    const eddy_record *record;
} looker;

static const char torn[] = "its memory makes no sense, or changes faster than it can be read";

static uint64_t word_in(const char *block, uint32_t offset)
{
    uintptr_t word;
    memcpy(&word, block + offset, sizeof word);
    return word;
}

/* ---- a task ---- */

static void read_name(const looker *self, uint64_t address, task_row *row)
{
    char name[NAME_READ] = "";
    size_t size = sizeof name, before = 4096 - (size_t)(address % 4096); /* it may end where its page does */
    if (address == 0 || !process_read(self->process, address, name, size)) {
        memset(name, 0, sizeof name);
        if (address == 0 || before >= size || !process_read(self->process, address, name, before))
            (void)snprintf(name, sizeof name, "Task-%" PRIu64, row->id);
    }
    label_make(row->label, name, sizeof name);
}

static bool is_of_loop(const looker *self, const char *block, const loop_row *loop)
{
    const eddy_record *record = self->record;
    return word_in(block, record->future.loop) == loop->address && block[record->future.state] == 0;
}

static void fill(const looker *self, const char *block, const loop_row *loop, task_row *row)
{
    const eddy_record *record = self->record;
    row->function = word_in(block, record->task.function);
    row->wait = word_in(block, record->task.wait);
    row->group = word_in(block, record->task.group);
    row->begun = word_in(block, record->task.stack) != 0;
    row->declared = block[record->future.waits_declared] != 0;
    row->loop = self->out->loop_count - 1;
    bool scheduled = block[record->task.scheduled] != 0 || row->wait == 0;
    row->state = loop->running && loop->current == row->address ? TASK_RUNNING
                 : scheduled                                    ? TASK_SCHEDULED
                                                                : TASK_WAITING;
    read_name(self, word_in(block, record->task.name), row);
}

/* The next task of the list; *link and *previous go on. */
static const char *look_at_task(const looker *self, loop_row *loop, uint64_t *link, uint64_t *previous)
{
    const eddy_record *record = self->record;
    task_snapshot *out = self->out;
    char block[BLOCK];
    void *tasks = array_grow(out->tasks, out->task_count, &out->task_room, sizeof *out->tasks);
    if (tasks == NULL)
        return process_fault_text(PROCESS_NO_MEMORY);
    out->tasks = tasks;
    task_row *row = &out->tasks[out->task_count];
    *row = (task_row){.address = *link - record->task.all};
    if (row->address % sizeof(void *) != 0 ||
        !process_read(self->process, row->address, block, record->task_size))
        return torn;
    memcpy(&row->id, block + record->task.id, sizeof row->id);
    bool younger = loop->tasks == 0 || row[-1].id < row->id;
    if (!is_of_loop(self, block, loop) || !younger ||
        word_in(block, record->task.all + sizeof(void *)) != *previous || loop->tasks == MOST_TASKS)
        return torn;
    fill(self, block, loop, row);
    *previous = *link;
    *link = word_in(block, record->task.all);
    loop->tasks++;
    out->task_count++;
    return NULL;
}

/* ---- a loop ---- */

/* A task joins its group after it joined its loop: the last one may be in between, and who waits for it is not known then. */
static void leave_out_half_made(task_snapshot *out, loop_row *loop)
{
    if (!loop->running || loop->tasks == 0)
        return;
    const task_row *last = &out->tasks[out->task_count - 1];
    if (last->begun || last->group != 0)
        return;
    loop->tasks--;
    out->task_count--;
    out->left_out++;
}

static const char *look_at_tasks(const looker *self, loop_row *loop, const char *block)
{
    uint64_t head = loop->address + self->record->loop.tasks, previous = head;
    uint64_t link = word_in(block, self->record->loop.tasks);
    while (link != head) {
        const char *why = look_at_task(self, loop, &link, &previous);
        if (why != NULL)
            return why;
    }
    leave_out_half_made(self->out, loop);
    return NULL;
}

static const char *look_at_loop(const looker *self, uint64_t address)
{
    const eddy_record *record = self->record;
    task_snapshot *out = self->out;
    char *block = malloc(record->loop_size);
    void *loops = array_grow(out->loops, out->loop_count, &out->loop_room, sizeof *out->loops);
    const char *why = torn;
    if (loops != NULL)
        out->loops = loops;
    if (block == NULL || loops == NULL)
        why = process_fault_text(PROCESS_NO_MEMORY);
    else if (address % sizeof(void *) == 0 &&
             process_read(self->process, address, block, record->loop_size)) {
        loop_row *loop = &out->loops[out->loop_count++];
        *loop = (loop_row){.address = address,
                           .thread = word_in(block, record->loop.thread),
                           .current = word_in(block, record->loop.current),
                           .running = block[record->loop.running] != 0};
        why = look_at_tasks(self, loop, block);
    }
    free(block);
    return why;
}

static const char *look_at_loops(const looker *self)
{
    const eddy_record *record = self->record;
    size_t size = record->loops_room * sizeof(void *);
    char *places = malloc(size + 1);
    const char *why = places == NULL ? process_fault_text(PROCESS_NO_MEMORY)
                      : !process_read(self->process, (uint64_t)(uintptr_t)record->loops, places, size) ? torn
                                                                                                       : NULL;
    for (uint32_t i = 0; why == NULL && i < record->loops_room; i++) {
        uint64_t address = word_in(places, i * (uint32_t)sizeof(void *));
        if (address != 0)
            why = look_at_loop(self, address);
    }
    free(places);
    return why;
}

const char *snapshot_look(task_snapshot *out, other_process *process, const eddy_record *record)
{
    looker self = {out, process, record};
    *out = (task_snapshot){0};
    if (record->task_size > BLOCK || record->task_size < record->future_size)
        return torn;
    const char *why = look_at_loops(&self);
    if (why == NULL)
        why = snapshot_follow(out, process, record);
    return process_state(process) != PROCESS_FINE ? process_fault_text(process_state(process)) : why;
}

void snapshot_free(task_snapshot *snapshot)
{
    free(snapshot->loops);
    free(snapshot->tasks);
    free(snapshot->edges);
}
