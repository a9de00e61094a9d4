/* dump.c: the tasks of the loop that runs in this thread, told from a signal handler (fault I3).
 * Touches the loop's lists as they stand, and the one call that writes. Nothing is allocated, locked or formatted by the C library; what the signal came
 * into the middle of may be told half, or not. */
#include <eddy/inspect.h>

#include <string.h>

#include "core/inspect/text.h"

enum { MOST_TOLD = 1000, LINE = 256 };

typedef struct dump {
    char line[LINE];
    size_t size;
    eddy_fd to;
    bool failed;
} dump;

static void put(dump *self, const char *text)
{
    size_t size = strlen(text), left = LINE - self->size;
    size = size < left ? size : left;
    memcpy(self->line + self->size, text, size);
    self->size += size;
}

static void put_number(dump *self, uint64_t number, unsigned base)
{
    char digits[EDDYI_DIGITS];
    put(self, eddyi_digits(number, base, digits));
}

static void end_line(dump *self)
{
    int32_t os_error;
    size_t at = 0;
    put(self, "\n");
    self->line[LINE - 1] = '\n';
    while (at < self->size && !self->failed) {
        int64_t wrote = eddyi_file_write(self->to, self->line + at, self->size - at, UINT64_MAX, &os_error);
        self->failed = wrote <= 0;
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    self->size = 0;
}

static void tell_task(dump *self, const eddy_task *task)
{
    char label[EDDYI_LABEL_SIZE];
    put(self, "task ");
    put_number(self, task->id, 10);
    put(self, " ");
    put(self, eddyi_task_label(task, label));
    if (task->future.loop->current == task) {
        put(self, " running");
    } else if (eddyi_task_waiting(task)) {
        put(self, " waiting in ");
        put(self, task->wait->kind->name);
    } else {
        put(self, " scheduled");
    }
    put(self, ", function 0x");
    put_number(self, (uintptr_t)task->fn, 16);
    end_line(self);
}

static void tell_tasks(dump *self, const eddy_loop *loop)
{
    int told = 0;
    const eddyi_list *link = loop->tasks.next;
    for (; link != &loop->tasks && link != NULL && told < MOST_TOLD; told++) {
        const eddy_task *task = EDDYI_CONTAINER(link, eddy_task, all);
        if (task->future.loop != loop || link->next == link) /* it is being put in, or taken out */
            return;
        tell_task(self, task);
        link = link->next;
    }
    if (link != &loop->tasks) {
        put(self, "and more");
        end_line(self);
    }
}

int eddy_dump_tasks(eddy_fd to)
{
    const eddy_loop *loop = eddyi_running_loop;
    dump self = {.to = to};
    if (loop == NULL)
        return EDDY_ENOLOOP;
    int saved_errno = *loop->errno_location;
    put(&self, "eddy: loop 0x");
    put_number(&self, (uintptr_t)loop, 16);
    put(&self, ", tasks: ");
    put_number(&self, loop->task_count, 10);
    end_line(&self);
    tell_tasks(&self, loop);
    *loop->errno_location = saved_errno;
    return self.failed ? EDDY_EIO : 0;
}
