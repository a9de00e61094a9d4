/* exit.c: how the end of a child is noticed: by an op on the descriptor that stands for it, else by a thread that waits for it.
 * Touches io.c and seam 2's children. Never SIGCHLD, never a wait for any child: others' children are theirs. Only the loop's thread reaps. */
#include "core/process/process_inside.h"

/* ---- reaping ---- */

/* false: it runs still. J7: somebody else may have been faster. */
static bool reap(eddy_process *process)
{
    int returncode = EDDYI_REAPED_ELSEWHERE;
    int rc = eddyi_child_reap(&process->child, &returncode);
    if (rc == 0)
        return false;
    if (rc < 0) {
        process->references++;
        eddyi_ready_push(process->loop, &process->lost);
    }
    eddyi_process_ended(process, returncode);
    return true;
}

static int watch_by_thread(eddy_process *process);

/* ---- a descriptor ---- */

static void close_descriptor(eddy_process *process)
{
    if (process->descriptor.attached)
        process->loop->ops->detach(process->loop->backend, &process->descriptor);
    eddyi_child_close(&process->child);
}

/* The backend could not go on watching it: then a thread does, and at the worst nobody is left behind. */
static void watch_otherwise(eddy_process *process)
{
    int returncode = EDDYI_REAPED_ELSEWHERE;
    if (watch_by_thread(process) == 0)
        return;
    (void)eddyi_child_kill_and_reap(&process->child, &returncode);
    eddyi_process_ended(process, returncode);
}

static void descriptor_ready(eddyi_completion *completion, const eddyi_result *result)
{
    eddy_process *process = EDDYI_CONTAINER(completion, eddy_process, completion);
    (void)result; /* whatever it says, the child itself knows */
    close_descriptor(process);
    if (!reap(process))
        watch_otherwise(process);
}

static int watch_descriptor(eddy_process *process)
{
    eddyi_result now;
    eddy_loop *loop = process->loop;
    process->descriptor = (eddyi_descriptor){.fd = process->child.descriptor, .kind = EDDYI_PIPE};
    int rc = loop->ops->attach(loop->backend, &process->descriptor);
    if (rc < 0)
        return eddyi_fail(rc, "attach");
    process->completion.fn = descriptor_ready;
    eddyi_op_set(&process->op, &process->descriptor, EDDYI_POLL, NULL, 0, &process->completion);
    if (eddyi_io_submit(loop, &process->op, &now) == EDDYI_DONE)
        descriptor_ready(&process->completion, &now);
    return 0;
}

/* ---- a thread ---- */

typedef struct eddyi_child_thread {
    eddyi_thread thread;
    eddyi_node node; /* posted when the child has ended */
    eddyi_child child;
    eddy_loop *loop;       /* one life of it */
    eddy_process *process; /* NULL: the loop has closed and wants to hear nothing */
    bool left;             /* it was joined or let go */
} child_thread;

static void free_thread(child_thread *self)
{
    eddy_loop *loop = self->loop;
    eddyi_release(&loop->allocator, self);
    eddyi_loop_life_remove(loop);
}

static void wait_for_child(void *arg)
{
    int ignored;
    child_thread *self = arg;
    eddyi_child_await(&self->child);
    if (eddyi_loop_post(self->loop, &self->node) == 0)
        return;
    (void)eddyi_child_reap(&self->child, &ignored); /* it outlived its loop, which could not kill it */
    free_thread(self);
}

/* Also on a closed loop, to be freed. */
static void thread_told(eddyi_node *node)
{
    child_thread *self = EDDYI_CONTAINER(node, child_thread, node);
    eddy_process *process = self->process;
    if (!self->left)
        eddyi_thread_join(&self->thread);
    free_thread(self);
    if (process != NULL) {
        process->thread = NULL;
        (void)reap(process);
    }
}

static int watch_by_thread(eddy_process *process)
{
    eddy_loop *loop = process->loop;
    child_thread *self = eddyi_allocate_zero(&loop->allocator, sizeof *self);
    if (self == NULL)
        return eddyi_fail(EDDY_ENOMEM, "thread");
    eddyi_node_init(&self->node, thread_told);
    self->child = process->child;
    self->loop = loop;
    self->process = process;
    eddyi_loop_life_add(loop);
    int rc = eddyi_thread_create(&self->thread, wait_for_child, self, "eddy-waitpid");
    if (rc < 0) {
        free_thread(self);
        return eddyi_fail(rc, "thread");
    }
    process->thread = self;
    return 0;
}

int eddyi_process_watch(eddy_process *process)
{
    return process->child.descriptor >= 0 ? watch_descriptor(process) : watch_by_thread(process);
}

/* ---- the loop closes ---- */

/* The child is killed and waited for: no zombie is left. One that has become another user's may not be killed: it runs on by itself. */
void eddyi_process_shut(eddyi_closable *closable)
{
    eddy_process *process = EDDYI_CONTAINER(closable, eddy_process, closable);
    child_thread *thread = process->thread;
    process->returncode = EDDYI_REAPED_ELSEWHERE;
    bool gone = true;
    if (thread != NULL) { /* it looks at the child still: first it ends, then the child is reaped */
        gone = eddyi_child_signal(&process->child, eddyi_signal_kill) == 0;
        if (gone)
            eddyi_thread_join(&thread->thread);
        else
            eddyi_thread_detach(&thread->thread);
        thread->left = true;
        thread->process = NULL;
        process->thread = NULL;
    }
    if (gone)
        (void)eddyi_child_kill_and_reap(&process->child, &process->returncode);
    if (process->descriptor.reader == &process->op)
        (void)eddyi_io_revoke(process->loop, &process->op);
    close_descriptor(process);
    process->ended = true;
    if (process->references == 0)
        eddyi_process_free(process);
}
