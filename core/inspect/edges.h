/* edges.h: who waits for whom among the tasks of a loop, as a graph that one pass over the tasks makes.
 * Touches task.h. A picture of one moment: of use until the loop runs on. */
#ifndef EDDYI_EDGES_H
#define EDDYI_EDGES_H

#include "core/task/task.h"

/* Tasks have numbers from 0 in order of creation; targets[first[i]] to targets[first[i + 1] - 1] are those that task i waits for. Futures that follow
 * others, gather's for one, are seen through. */
typedef struct eddyi_edges {
    eddy_loop *loop;
    const eddy_future *root; /* a future that is no task: it has the number `count`. NULL: none has */
    bool families;           /* a parent waits for all its children, as it will in the end */
    size_t count, edge_count;
    const eddy_task **tasks;
    size_t *first, *targets;
} eddyi_edges;

int eddyi_edges_make(eddyi_edges *out, eddy_loop *loop, const eddy_future *root,
                     bool families); /* EDDY_ENOMEM: nothing was made */
void eddyi_edges_free(eddyi_edges *edges);
/* The task's number, or `count` if it is none of them. */
size_t eddyi_edges_find(const eddyi_edges *edges, uint64_t task_id);
/* Whom a future follows in the end: tasks, and futures that follow nobody. Itself if it is one of these, or `end`, which may be NULL. */
void eddyi_targets_through(const eddy_future *future, const eddy_future *end, eddyi_visit *visit);

#endif
