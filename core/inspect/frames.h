/* frames.h: the stack of a task as addresses, and addresses as frames.
 * Touches task.h and seam 2's unwinder and symbols. */
#ifndef EDDYI_FRAMES_H
#define EDDYI_FRAMES_H

#include <eddy/inspect.h>
#include "core/inspect/text.h"

enum { EDDYI_FRAMES_MOST = 1024 };

/* Where a stack goes on: innermost first. */
typedef struct eddyi_frames {
    uintptr_t *addresses; /* room for EDDYI_FRAMES_MOST */
    size_t count;
    size_t first; /* those before it are eddy's own way into the switch */
} eddyi_frames;

static inline bool eddyi_frames_runs(const eddy_task *task)
{
    return task->future.loop->running && task->future.loop->current == task;
}
/* `above`: an address in the frame of the call that asks; of the running task only what called that is told. */
void eddyi_frames_of(eddyi_frames *frames, const eddy_task *task, eddyi_symbols *symbols, const void *above);
void eddyi_frame_tell(eddyi_text *text, const eddy_frame *frame); /* a line */
void eddyi_frame_fill(eddy_frame *out, eddyi_symbols *symbols, uintptr_t address);

#endif
