/* call_graph_text.c: a call graph, or one stack, as text (asyncio Q8).
 * Touches call_graph.h. Each node is written once, so the text grows with the graph and not with the ways through it (fault I2). */
#include <inttypes.h>

#include "core/base/memory.h"
#include "core/inspect/call_graph.h"
#include "core/inspect/inspect.h"
#include "core/inspect/names.h"
#include "core/inspect/text.h"

enum { DEEPEST_INDENT = 40 }; /* what is deeper is written there */
enum { NEW, ON_PATH, DONE };

static void write_name(eddyi_text *text, const eddy_future *future)
{
    char label[EDDYI_LABEL_SIZE];
    if (eddyi_future_is_task(future))
        eddyi_text_add(text, "Task(name=%s, id=0x%" PRIxPTR ")",
                       eddyi_task_label((const eddy_task *)future, label), (uintptr_t)future);
    else
        eddyi_text_add(text, "%s(id=0x%" PRIxPTR ")", future->kind->name, (uintptr_t)future);
}

/* ---- the graph ---- */

typedef struct writer {
    const eddyi_picture *picture;
    eddyi_text *text;
    unsigned char *state; /* by node */
    size_t *path, *next;  /* path[0 .. depth - 1]; next: whom of those who wait for it, by node */
    size_t depth;
} writer;

static void indent(const writer *self)
{
    size_t depth = self->depth < DEEPEST_INDENT ? self->depth : DEEPEST_INDENT;
    eddyi_text_add(self->text, "%*s", (int)(4 * depth), "");
}

static void write_node(writer *self, size_t number)
{
    const eddy_call_graph *node = &self->picture->nodes[number];
    indent(self);
    eddyi_text_add(self->text, "* ");
    write_name(self->text, node->future);
    if (self->state[number] != NEW) {
        eddyi_text_add(self->text, "%s\n", self->state[number] == ON_PATH ? " (cycle)" : " (as above)");
        return;
    }
    eddyi_text_add(self->text, "\n");
    for (size_t i = 0; i < node->call_stack_count; i++) {
        if (i == 0) {
            indent(self);
            eddyi_text_add(self->text, "  + Call stack:\n");
        }
        indent(self);
        eddyi_text_add(self->text, "  |   ");
        eddyi_frame_tell(self->text, &node->call_stack[i]);
    }
    if (node->awaited_by_count > 0) {
        indent(self);
        eddyi_text_add(self->text, "  + Awaited by:\n");
    }
    self->state[number] = ON_PATH;
    self->path[self->depth++] = number;
}

static void write_nodes(writer *self)
{
    write_node(self, 0);
    while (self->depth > 0) {
        size_t number = self->path[self->depth - 1];
        const eddy_call_graph *node = &self->picture->nodes[number];
        if (self->next[number] == node->awaited_by_count) {
            self->state[number] = DONE;
            self->depth--;
        } else {
            write_node(self, (size_t)(node->awaited_by[self->next[number]++] - self->picture->nodes));
        }
    }
}

static int write_graph(eddyi_text *text, const eddyi_picture *picture)
{
    const eddy_allocator *allocator = &picture->allocator;
    size_t size;
    writer self = {.picture = picture, .text = text};
    if (!eddyi_multiply(&size, picture->count, sizeof *self.path))
        return EDDY_ENOMEM;
    self.path = eddyi_allocate(allocator, size);
    self.next = eddyi_allocate_zero(allocator, size);
    self.state = eddyi_allocate_zero(allocator, picture->count);
    bool there = self.path != NULL && self.next != NULL && self.state != NULL;
    if (there)
        write_nodes(&self);
    eddyi_release(allocator, self.path);
    eddyi_release(allocator, self.next);
    eddyi_release(allocator, self.state);
    return there && !text->cut ? 0 : EDDY_ENOMEM;
}

/* The text is the caller's to free, also after a failure. */
static int format(eddyi_text *text, eddy_future *future, const eddy_call_graph_options *options,
                  const void *above)
{
    eddyi_picture *picture;
    eddyi_text_init(text, eddyi_default_allocator());
    int rc = eddyi_picture_take(&picture, future, options, above);
    if (rc == 0 && picture != NULL)
        rc = write_graph(text, picture);
    eddyi_picture_free(picture);
    return rc;
}

ptrdiff_t eddy_format_call_graph(char *buffer, size_t size, eddy_future *future,
                                 const eddy_call_graph_options *options)
{
    eddyi_text text;
    char here = 0;
    if (buffer == NULL && size > 0)
        return eddyi_fail(EDDY_EINVAL, "format_call_graph");
    int rc = format(&text, future, options, &here);
    ptrdiff_t length = (ptrdiff_t)text.size;
    if (rc == 0 && size > 0)
        (void)snprintf(buffer, size, "%s", eddyi_text_get(&text));
    eddyi_text_free(&text);
    return rc < 0 ? eddyi_fail(rc, "format_call_graph") : length;
}

int eddy_print_call_graph(eddy_future *future, FILE *file, const eddy_call_graph_options *options)
{
    eddyi_text text;
    char here = 0;
    int rc = format(&text, future, options, &here);
    rc = eddyi_text_put(&text, rc, file != NULL ? file : stdout);
    return rc < 0 ? eddyi_fail(rc, "print_call_graph") : 0;
}

/* ---- one stack ---- */

/* *out: NULL, or the innermost `limit` frames, innermost first, which the caller gives back. */
static int take_stack(eddy_frame **out, size_t *count, const eddy_task *task, unsigned limit,
                      const void *above)
{
    const eddy_allocator *allocator = eddyi_default_allocator();
    eddyi_symbols *symbols = NULL;
    *out = NULL;
    *count = 0;
    int rc = task == NULL ? EDDY_EINVAL : eddyi_loop_reachable(task->future.loop);
    if (rc < 0 || eddy_task_done(task))
        return rc;
    eddyi_frames frames = {.count = 0};
    frames.addresses = eddyi_allocate(allocator, EDDYI_FRAMES_MOST * sizeof *frames.addresses);
    if (frames.addresses == NULL)
        return EDDY_ENOMEM;
    (void)eddyi_names_open(&symbols);
    eddyi_frames_of(&frames, task, symbols, above);
    *count = frames.count - frames.first;
    if (limit != 0 && limit < *count)
        *count = limit;
    *out = eddyi_allocate(allocator, *count * sizeof **out + 1);
    for (size_t i = 0; *out != NULL && i < *count; i++)
        eddyi_frame_fill(&(*out)[i], symbols, frames.addresses[frames.first + i]);
    eddyi_names_close(symbols);
    eddyi_release(allocator, frames.addresses);
    return *out != NULL ? 0 : EDDY_ENOMEM;
}

int eddy_task_get_stack(eddy_task *task, eddy_frame *out, size_t capacity, unsigned limit)
{
    eddy_frame *frames;
    size_t count;
    char here = 0;
    int rc = out == NULL && capacity > 0 ? EDDY_EINVAL : take_stack(&frames, &count, task, limit, &here);
    if (rc < 0)
        return eddyi_fail(rc, "get_stack");
    for (size_t i = 0; i < count && i < capacity; i++)
        out[i] = frames[count - 1 - i];
    eddyi_release(eddyi_default_allocator(), frames);
    return (int)count;
}

int eddy_task_print_stack(eddy_task *task, unsigned limit, FILE *file)
{
    eddy_frame *frames;
    eddyi_text text;
    size_t count;
    char here = 0;
    int rc = take_stack(&frames, &count, task, limit, &here);
    if (rc < 0)
        return eddyi_fail(rc, "print_stack");
    eddyi_text_init(&text, eddyi_default_allocator());
    eddyi_text_add(&text, count > 0 ? "Stack for " : "No stack for ");
    write_name(&text, &task->future);
    eddyi_text_add(&text, count > 0 ? " (most recent call last):\n" : "\n");
    for (size_t i = count; i > 0; i--) {
        eddyi_text_add(&text, "  ");
        eddyi_frame_tell(&text, &frames[i - 1]);
    }
    eddyi_release(eddyi_default_allocator(), frames);
    rc = eddyi_text_put(&text, text.cut ? EDDY_ENOMEM : 0, file != NULL ? file : stderr);
    return rc < 0 ? eddyi_fail(rc, "print_stack") : 0;
}
