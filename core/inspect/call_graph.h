/* call_graph.h: a captured call graph from inside: its nodes side by side, the one that was asked for first.
 * Touches frames.h. */
#ifndef EDDYI_CALL_GRAPH_H
#define EDDYI_CALL_GRAPH_H

#include "core/inspect/frames.h"

typedef struct eddyi_picture {
    eddy_allocator allocator;
    const eddy_call_graph **links; /* all the awaited_by, one after the other */
    size_t count;
    eddy_call_graph nodes[];
} eddyi_picture;

/* As eddy_capture_call_graph; *out is NULL if no task runs. `above`: as in eddyi_frames_of. */
int eddyi_picture_take(eddyi_picture **out, eddy_future *future, const eddy_call_graph_options *options,
                       const void *above);
void eddyi_picture_free(eddyi_picture *picture); /* NULL is fine */

#endif
