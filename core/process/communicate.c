/* communicate.c: feeding a child and reading all that it writes, at the same time (J5).
 * Touches the stream's public face and a task group. Both outputs are read while the input is written, so neither side can block the other. */
#include <eddy/scope.h>

#include "core/process/process_inside.h"

enum { CHUNK = 64 * 1024 };

typedef struct draining {
    eddy_process *process;
    int index;
    size_t limit; /* 0: none */
} draining;

/* One call, on its task's stack. The loop shuts it when it closes in the middle, for then the call never returns. */
typedef struct conversation {
    eddyi_closable closable;
    eddy_process *process; /* one reference */
} conversation;

static void end(conversation *self)
{
    eddyi_list_remove(&self->closable.link);
    self->process->communicating = false;
    eddy_process_release(self->process);
}

static void shut(eddyi_closable *closable)
{
    end(EDDYI_CONTAINER(closable, conversation, closable));
}

static void begin(conversation *self, eddy_process *process)
{
    *self = (conversation){.closable = {.shut = shut}, .process = eddy_process_retain(process)};
    eddyi_list_append(&process->loop->closables, &self->closable.link);
    process->communicating = true;
}

/* A task: read one output to its end. */
static int drain(void *arg)
{
    const draining *self = arg;
    eddyi_bytes *output = &self->process->outputs[self->index];
    const eddy_allocator *allocator = &self->process->loop->allocator;
    for (;;) {
        int rc = eddyi_bytes_reserve(allocator, output, CHUNK);
        if (rc < 0)
            return eddyi_fail(rc, "communicate");
        ptrdiff_t got = eddy_stream_read(self->process->streams[self->index], output->data + output->end,
                                         output->capacity - output->end);
        if (got <= 0)
            return (int)got;
        output->end += (size_t)got;
        if (self->limit != 0 && output->end > self->limit)
            return eddyi_fail(EDDY_ELIMIT, "communicate");
    }
}

/* A child that does not want it, or is gone, is no error. */
static int feed(eddy_stream *stream, const char *input, size_t size)
{
    int rc = 0;
    for (size_t at = 0; rc == 0 && at < size; at += CHUNK)
        rc = eddy_stream_write(stream, input + at, size - at < CHUNK ? size - at : CHUNK);
    eddy_stream_close(stream);
    return rc == EDDY_EPIPE || rc == EDDY_ECONNRESET || rc == EDDY_ECLOSED ? 0 : rc;
}

static int talk(eddy_process *process, const void *input, size_t size, size_t limit)
{
    eddy_task_group group;
    draining outputs[] = {{process, 1, limit}, {process, 2, limit}};
    int rc = eddy_task_group_enter(&group);
    for (int i = 0; rc == 0 && i < 2; i++)
        if (process->streams[outputs[i].index] != NULL)
            rc = eddy_task_group_create_task(&group, NULL, drain, &outputs[i], NULL);
    if (rc == 0 && process->streams[0] != NULL)
        rc = feed(process->streams[0], input, size);
    return eddy_task_group_exit(&group, rc);
}

static void forget_outputs(eddy_process *process)
{
    for (int i = 1; i < 3; i++)
        eddyi_bytes_free(&process->loop->allocator, &process->outputs[i]);
}

static eddy_view output_of(const eddy_process *process, int i)
{
    const eddyi_bytes *bytes = &process->outputs[i];
    if (process->streams[i] == NULL)
        return (eddy_view){NULL, 0};
    return (eddy_view){bytes->data != NULL ? bytes->data : "", eddyi_bytes_size(bytes)};
}

int eddy_process_communicate(eddy_process *process, eddy_view *output, eddy_view *error_output,
                             const void *input, size_t size, size_t limit)
{
    conversation self;
    if (process == NULL || (input == NULL && size > 0))
        return eddyi_fail(EDDY_EINVAL, "communicate");
    if (eddyi_current_task() == NULL)
        return eddyi_fail(EDDY_ENOTASK, "communicate");
    if (process->communicating)
        return eddyi_fail(EDDY_EBUSY, "communicate");
    begin(&self, process);
    forget_outputs(process);
    int rc = talk(process, input, size, limit);
    if (rc == 0)
        rc = eddy_process_wait(process, NULL);
    if (rc < 0) {
        forget_outputs(process);
    } else {
        if (output != NULL)
            *output = output_of(process, 1);
        if (error_output != NULL)
            *error_output = output_of(process, 2);
    }
    end(&self);
    return rc;
}
