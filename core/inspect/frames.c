/* frames.c: the stack of a task: from the call that waits to the function that it was made with.
 * Touches seam 2's unwinder. A body of a generator stands on a stack of its own, above its consumer's. */
#include "core/inspect/frames.h"

#include <stdio.h>
#include <string.h>

#include "core/task/generator.h"
#include "core/task/stacks.h"

enum { MOST_OWN = 12 }; /* calls between one that waits and the switch */

int eddyi_frames_allowed(const eddy_loop *loop)
{
    return loop->running && loop->thread != eddyi_thread_id() ? EDDY_EWRONGTHREAD : 0;
}

/* What lies outside the function that the stack was made for is eddy's. */
static void cut_after(eddyi_frames *frames, size_t from, eddy_coro_fn fn)
{
    uintptr_t start;
    memcpy(&start, &fn, sizeof start);
    for (size_t i = from; i < frames->count; i++)
        if (eddyi_unwind_function(frames->addresses[i] - 1) == start)
            frames->count = i + 1;
}

static void append(eddyi_frames *frames, const eddyi_context *context, const eddyi_stack *stack,
                   const void *above)
{
    uintptr_t *addresses = frames->addresses + frames->count;
    size_t room = EDDYI_FRAMES_MOST - frames->count;
    size_t count = context != NULL ? eddyi_unwind_context(context, stack->low, addresses, room)
                                   : eddyi_unwind_here(above, addresses, room);
    frames->count += count < room ? count : room;
}

static void append_entry(eddyi_frames *frames, eddy_coro_fn fn)
{
    memcpy(&frames->addresses[0], &fn, sizeof frames->addresses[0]);
    frames->addresses[0]++; /* as if it had made a call at its beginning */
    frames->count = 1;
}

void eddyi_frames_of(eddyi_frames *frames, const eddy_task *task, const void *above)
{
    const eddyi_stack *stack = task->stack;
    const eddyi_context *context = &task->context;
    bool runs = task->future.loop->running && task->future.loop->current == task;
    frames->count = 0;
    if (task->future.state != EDDYI_FUTURE_PENDING)
        return;
    if (stack == NULL) {
        append_entry(frames, task->fn);
        return;
    }
    append(frames, runs ? NULL : context, stack, above);
    eddy_coro_fn fn;
    for (size_t from = 0; eddyi_generator_ground(stack->generator, &fn, &context, &stack);) {
        cut_after(frames, from, fn);
        from = frames->count;
        append(frames, context, stack, NULL);
    }
    cut_after(frames, 0, task->fn);
}

size_t eddyi_frames_first(eddyi_symbols *symbols, const eddyi_frames *frames)
{
    eddyi_symbol symbol;
    for (size_t i = 0; i < frames->count && i < MOST_OWN; i++) {
        eddyi_symbols_find(symbols, frames->addresses[i] - 1, &symbol);
        if (symbol.function != NULL && strncmp(symbol.function, "eddy_", 5) == 0)
            return i;
    }
    return 0;
}

/* The end of a text that is too long says more than its beginning. */
static void copy_end(char *out, size_t size, const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;
    (void)snprintf(out, size, "%s", length >= size ? text + (length - size + 1) : text != NULL ? text : "");
}

void eddyi_frame_fill(eddy_frame *out, eddyi_symbols *symbols, uintptr_t address)
{
    eddyi_symbol symbol;
    eddyi_symbols_find(symbols, address - 1, &symbol);
    out->address = (const void *)address;
    copy_end(out->function, sizeof out->function, symbol.function);
    copy_end(out->file, sizeof out->file, symbol.file);
    copy_end(out->object, sizeof out->object, symbol.object);
    out->offset = symbol.offset;
    out->line = symbol.line;
}
