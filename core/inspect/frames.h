/* frames.h: the stack of a task as addresses, and addresses as frames.
 * Touches task.h and seam 2's unwinder and symbols. */
#ifndef EDDYI_FRAMES_H
#define EDDYI_FRAMES_H

#include <eddy/inspect.h>
#include "core/task/task.h"

enum { EDDYI_FRAMES_MOST = 1024 };

/* Where a stack goes on: innermost first. */
typedef struct eddyi_frames {
    uintptr_t *addresses; /* room for EDDYI_FRAMES_MOST */
    size_t count;
} eddyi_frames;

/* 0, EDDY_EWRONGTHREAD: the loop runs in another thread, whose stacks change. */
int eddyi_frames_allowed(const eddy_loop *loop);
/* `above`: an address in the frame of the call that asks; of the running task only what called that is told. */
void eddyi_frames_of(eddyi_frames *frames, const eddy_task *task, const void *above);
/* The first of those (at most `count`) that is not eddy's own way into the switch. */
size_t eddyi_frames_first(eddyi_symbols *symbols, const eddyi_frames *frames);
void eddyi_frame_fill(eddy_frame *out, eddyi_symbols *symbols, uintptr_t address);

#endif
