/* show.h: the ways to show a snapshot, all on standard output.
 * Touches snapshot.h. A process's own texts are shown only as labels. */
#ifndef EDDY_TOOLS_SHOW_H
#define EDDY_TOOLS_SHOW_H

#include "snapshot.h"

/* NULL, or why it could not be shown. */
typedef const char *(*show_fn)(const task_snapshot *snapshot, const other_process *process, long pid);
const char *show_table(const task_snapshot *snapshot, const other_process *process, long pid);
const char *show_tree(const task_snapshot *snapshot, const other_process *process, long pid);
const char *show_json(const task_snapshot *snapshot, const other_process *process, long pid);

enum { PLACE_SIZE = 160 };
const char *state_name(enum task_state state);
void show_loop(const task_snapshot *snapshot, const loop_row *loop); /* a line */
/* first[i] to first[i + 1] - 1 are the edges whose waiter (or, of edges turned round, target) is row i; the caller frees it. NULL: no memory. */
size_t *edges_index(const task_snapshot *snapshot, const wait_edge *edges);

#endif
