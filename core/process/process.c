/* process.c: references to a process, what is known of it, waiting for it and signalling it.
 * Touches seam 2's children. J3: after its end is known nothing is sent. */
#include "core/process/process_inside.h"

/* ---- its end ---- */

void eddyi_process_free(eddy_process *process)
{
    eddy_loop *loop = process->loop;
    for (int i = 0; i < 3; i++)
        eddyi_bytes_free(&loop->allocator, &process->outputs[i]);
    eddyi_release(&loop->allocator, process);
    eddyi_loop_object_remove(loop);
}

void eddyi_process_ended(eddy_process *process, int returncode)
{
    process->ended = true;
    process->returncode = returncode;
    eddyi_list_remove(&process->closable.link);
    eddyi_stream_wake_all(&process->waiters, 0);
    if (process->transport != NULL)
        eddyi_subprocess_look(process->transport);
    if (process->references == 0)
        eddyi_process_free(process);
}

void eddyi_process_lost(eddyi_node *node)
{
    eddy_process *process = EDDYI_CONTAINER(node, eddy_process, lost);
    eddy_exception_context context = {
        .size = sizeof context,
        .message = "a child process was waited for by somebody else: its exit status is unknown"};
    if (!process->loop->closed)
        eddy_loop_call_exception_handler(process->loop, &context);
    eddy_process_release(process);
}

/* ---- references ---- */

eddy_process *eddy_process_retain(eddy_process *process)
{
    if (process != NULL)
        process->references++;
    return process;
}

static bool is_forked(const eddy_process *process)
{
    return process->loop->fork_generation != eddyi_fork_generation(); /* the child is our parent's */
}

static void report_running(eddy_loop *loop)
{
    eddy_exception_context context = {.size = sizeof context,
                                      .message = "a process was released while it ran, and is killed"};
    if (loop->debug)
        eddy_loop_call_exception_handler(loop, &context);
}

void eddy_process_release(eddy_process *process)
{
    if (process == NULL || --process->references != 0)
        return;
    for (int i = 0; i < 3; i++) {
        eddy_stream_release(process->streams[i]);
        process->streams[i] = NULL;
    }
    if (process->ended) {
        eddyi_process_free(process);
        return;
    }
    if (is_forked(process))
        return;
    report_running(process->loop);
    (void)eddyi_child_signal(&process->child, eddyi_signal_kill); /* it frees itself when it has ended */
}

/* ---- what is known of it ---- */

bool eddy_process_returncode(const eddy_process *process, int *returncode)
{
    if (process == NULL || !process->ended)
        return false;
    if (returncode != NULL)
        *returncode = process->returncode;
    return true;
}

int eddy_process_pid(const eddy_process *process)
{
    return process != NULL ? process->child.pid : -1;
}

eddy_stream *eddy_process_stdin(const eddy_process *process)
{
    return process != NULL ? process->streams[0] : NULL;
}

eddy_stream *eddy_process_stdout(const eddy_process *process)
{
    return process != NULL ? process->streams[1] : NULL;
}

eddy_stream *eddy_process_stderr(const eddy_process *process)
{
    return process != NULL ? process->streams[2] : NULL;
}

/* ---- waiting ---- */

static void let_go(void *process)
{
    eddy_process_release(process);
}

int eddy_process_wait(eddy_process *process, int *returncode)
{
    int rc = 0;
    if (process == NULL)
        return eddyi_fail(EDDY_EINVAL, "wait");
    if (eddyi_current_task() == NULL)
        return eddyi_fail(EDDY_ENOTASK, "wait");
    eddy_process_retain(process);
    if (!process->ended)
        rc = eddyi_stream_wait(&process->waiters, &eddyi_wait_process_kind, process, let_go);
    if (rc == 0)
        (void)eddy_process_returncode(process, returncode);
    eddy_process_release(process);
    return rc;
}

/* ---- signals ---- */

int eddy_process_send_signal(eddy_process *process, int signum)
{
    int rc = process == NULL || signum < 0 ? EDDY_EINVAL : is_forked(process) ? EDDY_EFORKED : 0;
    if (rc == 0 && !process->ended)
        rc = eddyi_child_signal(&process->child, signum);
    return rc < 0 ? eddyi_fail(rc, "send_signal") : 0;
}

int eddy_process_terminate(eddy_process *process)
{
    return eddy_process_send_signal(process, eddyi_signal_terminate);
}

int eddy_process_kill(eddy_process *process)
{
    return eddy_process_send_signal(process, eddyi_signal_kill);
}
