/* snapshot.h: the tasks of a process at one moment, and who waits for whom.
 * Touches record.h. Rows and edges are numbers, so nothing in it points into the other process. */
#ifndef EDDY_TOOLS_SNAPSHOT_H
#define EDDY_TOOLS_SNAPSHOT_H

#include "record.h"

enum { LABEL_SIZE = 96, KIND_SIZE = 32 };
enum task_state { TASK_RUNNING, TASK_SCHEDULED, TASK_WAITING };

typedef struct task_row {
    uint64_t address, id, function;
    uint64_t wait, group; /* addresses, of use while it is read */
    bool begun;
    size_t loop; /* whose it is */
    enum task_state state;
    bool declared;          /* the program said that it waits for others */
    char label[LABEL_SIZE]; /* its name, fit to be shown */
    char waits_in[KIND_SIZE];
} task_row;

typedef struct loop_row {
    uint64_t address, thread, current;
    bool running;
    size_t tasks; /* how many rows */
} loop_row;

/* `waiter` waits for `target`: numbers of rows. */
typedef struct wait_edge {
    uint64_t waiter, target;
    bool family; /* as the parent of its group: never changes */
} wait_edge;

typedef struct task_snapshot {
    loop_row *loops;
    task_row *tasks;  /* those of a loop side by side, oldest first */
    wait_edge *edges; /* in order, each once */
    size_t loop_count, task_count, edge_count;
    size_t loop_room, task_room, edge_room;
    size_t left_out; /* tasks that came, went or were another one's while it was read */
    bool changing;   /* it is what two looks at it had in common */
} task_snapshot;

/* A picture of one moment if the process gives us one, else what did not change between two looks. NULL, or why there is none. */
const char *snapshot_take(task_snapshot *out, other_process *process, const eddy_record *record);
void snapshot_free(task_snapshot *snapshot);

/* One look, which may be torn. NULL, or what was not as it must be. */
const char *snapshot_look(task_snapshot *out, other_process *process, const eddy_record *record);
int edge_compare(const void *a, const void *b);
const char *snapshot_follow(task_snapshot *out, other_process *process, const eddy_record *record);

/* A name as one line, however hostile: at most 64 bytes, whole UTF-8 characters, no control characters, no quotes. */
void label_make(char label[LABEL_SIZE], const char *name, size_t size);

#endif
