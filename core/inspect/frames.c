/* frames.c: the stack of a task: from the call that waits to the function that it was made with.
 * Touches seam 2's unwinder. A body of a generator stands on a stack of its own, above its consumer's. */
#include "core/inspect/frames.h"
#include "core/inspect/names.h"

#include <stdio.h>
#include <string.h>

#include "core/task/generator.h"
#include "core/task/stacks.h"

enum { MOST_OWN = 12 }; /* calls between one that waits and the switch */

/* What lies below a wait is the way into the switch. */
static const void *above_wait(const eddy_task *task)
{
    const eddyi_stack *stack = task->stack;
    const char *wait = (const char *)task->wait;
    return wait >= stack->low && wait < (const char *)stack ? wait : NULL;
}

/* What lies outside the function that the stack was made for is eddy's. */
static void cut_after(eddyi_frames *frames, size_t from, eddy_coro_fn fn)
{
    uintptr_t start;
    size_t end = frames->count;
    memcpy(&start, &fn, sizeof start);
    for (size_t i = from; i < frames->count; i++)
        if (eddyi_unwind_function(frames->addresses[i] - 1) == start)
            end = i + 1; /* it may call itself: the outermost call counts */
    frames->count = end;
}

static void append(eddyi_frames *frames, const eddyi_context *context, const eddyi_stack *stack,
                   const void *above)
{
    uintptr_t *addresses = frames->addresses + frames->count;
    size_t room = EDDYI_FRAMES_MOST - frames->count;
    size_t count = context != NULL ? eddyi_unwind_context(context, stack->low, above, addresses, room)
                                   : eddyi_unwind_here(above, addresses, room);
    frames->count += count < room ? count : room;
}

static void append_entry(eddyi_frames *frames, eddy_coro_fn fn)
{
    memcpy(&frames->addresses[0], &fn, sizeof frames->addresses[0]);
    frames->addresses[0]++; /* as if it had made a call at its beginning */
    frames->count = 1;
}

/* From `context`, where it was left, or from here if that is NULL. */
static void unwind(eddyi_frames *frames, const eddy_task *task, const eddyi_context *context,
                   const void *above)
{
    const eddyi_stack *stack = task->stack;
    eddy_coro_fn fn;
    frames->count = 0;
    append(frames, context, stack, above);
    for (size_t from = 0; eddyi_generator_ground(stack->generator, &fn, &context, &stack);) {
        cut_after(frames, from, fn);
        from = frames->count;
        append(frames, context, stack, NULL);
    }
}

/* Past eddy's own way from the call that waits to the switch: by the names, or else, if these are not known, what lies below the wait. */
static size_t skip_own(eddyi_frames *frames, const eddy_task *task, eddyi_symbols *symbols)
{
    eddyi_symbol symbol;
    for (size_t i = 0; i < frames->count && i < MOST_OWN; i++) {
        eddyi_names_find(symbols, frames->addresses[i] - 1, &symbol);
        if (symbol.function != NULL && strncmp(symbol.function, "eddy_", 5) == 0)
            return i;
    }
    if (above_wait(task) != NULL)
        unwind(frames, task, &task->context, above_wait(task));
    return 0;
}

void eddyi_frames_of(eddyi_frames *frames, const eddy_task *task, eddyi_symbols *symbols, const void *above)
{
    frames->count = frames->first = 0;
    if (task->future.state != EDDYI_FUTURE_PENDING)
        return;
    if (task->stack == NULL) {
        append_entry(frames, task->fn);
    } else if (eddyi_frames_runs(task)) {
        unwind(frames, task, NULL, above);
    } else {
        unwind(frames, task, &task->context, NULL);
        frames->first = skip_own(frames, task, symbols);
    }
    cut_after(frames, frames->first, task->fn);
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
    eddyi_names_find(symbols, address - 1, &symbol);
    out->address = (const void *)address;
    copy_end(out->function, sizeof out->function, symbol.function);
    copy_end(out->file, sizeof out->file, symbol.file);
    copy_end(out->object, sizeof out->object, symbol.object);
    out->offset = symbol.offset;
    out->line = symbol.line;
}

void eddyi_frame_tell(eddyi_text *text, const eddy_frame *frame)
{
    if (frame->line != 0)
        eddyi_text_add(text, "File '%s', line %u, in %s()\n", frame->file, frame->line, frame->function);
    else if (frame->function[0] != '\0')
        eddyi_text_add(text, "Object '%s', in %s() + 0x%zx\n", frame->object, frame->function, frame->offset);
    else
        eddyi_text_add(text, "Object '%s', at 0x%zx\n", frame->object, frame->offset);
}
