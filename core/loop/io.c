/* io.c: the only caller of the backend's op functions: submit, cancel, poll, and the await of one op.
 * Touches seam 1. Counts what is lent; a completion runs exactly once for each op that was left pending. */
#include <assert.h>

#include "core/inspect/probes.h"
#include "core/loop/inbox.h"
#include "core/task/task.h"

static int done_with(eddyi_op *op, eddyi_result *now, int code)
{
    *now = (eddyi_result){.op = op, .value = code, .flags = EDDYI_LAST};
    return EDDYI_DONE;
}

static inline int submit(eddy_loop *loop, eddyi_op *op, eddyi_result *now)
{
    int rc = loop->ops->submit(loop->backend, op, now);
    if (rc == EDDYI_PENDING)
        loop->lent++;
    return rc;
}

EDDYI_COLD static int submit_watched(eddy_loop *loop, eddyi_op *op, eddyi_result *now)
{
    EDDYI_PROBE(operation_submitted, loop, op, 0);
    int rc = submit(loop, op, now);
    if (rc == EDDYI_DONE)
        EDDYI_PROBE(operation_completed, loop, op, now->value);
    return rc;
}

int eddyi_io_submit(eddy_loop *loop, eddyi_op *op, eddyi_result *now)
{
    if (!(loop->kinds & (UINT32_C(1) << op->kind)))
        return done_with(op, now, EDDY_ENOSYS);
    if (*eddyi_op_place(op) != NULL)
        return done_with(op, now, EDDY_EBUSY);
    op->state = 0;
    eddyi_count(&loop->metrics.operations, 1);
    if (EDDYI_WATCHED(operation_submitted) || EDDYI_TRACED(operation_completed))
        return submit_watched(loop, op, now);
    return submit(loop, op, now);
}

int eddyi_io_cancel(eddy_loop *loop, eddyi_op *op, eddyi_result *now)
{
    int rc = loop->ops->cancel(loop->backend, op, now);
    if (rc == EDDYI_DONE) {
        loop->lent--;
        EDDYI_PROBE(operation_completed, loop, op, now->value);
    }
    return rc;
}

static void deliver(eddy_loop *loop, const eddyi_result *results, int count)
{
    for (int i = 0; i < count; i++) {
        eddyi_completion *completion = results[i].op->waiter;
        if (results[i].flags & EDDYI_LAST)
            loop->lent--;
        EDDYI_PROBE(operation_completed, loop, results[i].op, results[i].value);
        completion->fn(completion, &results[i]);
    }
}

int eddyi_io_poll(eddy_loop *loop, uint64_t deadline)
{
    if (loop->fork_generation != eddyi_fork_generation())
        return EDDY_EFORKED; /* a child that runs on inside its parent's loop */
    atomic_store(&loop->sleeping, true);
    if (deadline != 0 && (!eddyi_inbox_empty(loop) || atomic_load(&loop->signalled)))
        deadline = 0;
    eddyi_count(&loop->metrics.polls, 1);
    int count = loop->ops->wait(loop->backend, deadline, loop->results, EDDYI_RESULTS);
    atomic_store(&loop->sleeping, false);
    if (count > 0) {
        eddyi_count(&loop->metrics.events, (uint64_t)count);
        deliver(loop, loop->results, count);
    }
    return count;
}

/* ---- taking an op back, for closing ---- */

typedef struct revocation {
    eddyi_completion completion;
    bool ended;
    int64_t value;
} revocation;

static void revoked(eddyi_completion *completion, const eddyi_result *result)
{
    revocation *r = EDDYI_CONTAINER(completion, revocation, completion);
    r->value = result->value;
    r->ended = (result->flags & EDDYI_LAST) != 0;
}

int64_t eddyi_io_revoke(eddy_loop *loop, eddyi_op *op)
{
    revocation r = {.completion = {revoked}};
    eddyi_result now;
    op->waiter = &r.completion;
    if (eddyi_io_cancel(loop, op, &now) == EDDYI_DONE)
        return now.value;
    while (!r.ended)
        if (eddyi_io_poll(loop, UINT64_MAX) < 0 && eddyi_io_cancel(loop, op, &now) == EDDYI_DONE)
            return now.value; /* a poller that failed hard still cancels in place */
    return r.value;
}

/* ---- awaiting one op in a task ---- */

typedef struct io_wait {
    eddyi_completion completion;
    eddyi_wait wait;
    eddyi_op *op;
    eddyi_result result;
    bool cancel_asked, ended;
    int interrupt; /* what its owner took it back with; 0: it did not */
} io_wait;

static void io_completed(eddyi_completion *completion, const eddyi_result *result)
{
    io_wait *io = EDDYI_CONTAINER(completion, io_wait, completion);
    io->result = *result;
    io->ended = true;
    if (io->interrupt != 0 && result->value == EDDY_ECANCELED)
        io->result.value = io->interrupt;
    /* Data won against the cancel: hand it over and keep the cancel for the next await. */
    if (io->cancel_asked && io->result.value != EDDY_ECANCELED)
        io->wait.task->must_cancel = true;
    eddyi_task_wake(io->wait.task, 0);
}

static bool io_cancel(eddyi_wait *wait)
{
    io_wait *io = EDDYI_CONTAINER(wait, io_wait, wait);
    if (io->cancel_asked)
        return true;
    if (eddyi_io_cancel(wait->task->future.loop, io->op, &io->result) == EDDYI_PENDING) {
        io->cancel_asked = true;
        return true;
    }
    io->ended = true;
    eddyi_task_wake(wait->task, 0);
    return io->result.value == EDDY_ECANCELED;
}

void eddyi_io_interrupt(eddy_loop *loop, eddyi_op *op, int code)
{
    eddyi_result now;
    io_wait *io = EDDYI_CONTAINER((eddyi_completion *)op->waiter, io_wait, completion);
    if (io->ended || io->interrupt != 0)
        return;
    io->interrupt = code;
    if (eddyi_io_cancel(loop, op, &now) == EDDYI_DONE)
        io_completed(&io->completion, &now);
}

static void io_abandon(eddyi_wait *wait)
{
    eddy_loop *loop = wait->task->future.loop;
    io_wait *io = EDDYI_CONTAINER(wait, io_wait, wait);
    int64_t value = io->ended ? io->result.value : EDDY_ECANCELED;
    if (!io->ended && io->op->waiter == &io->completion) /* else its owner took it back when it was shut */
        value = eddyi_io_revoke(loop, io->op);
    if (io->op->kind == EDDYI_ACCEPT && value >= 0) /* nobody will come for it */
        (void)loop->net->close(loop->backend, (eddy_fd)value);
}

static const eddyi_wait_kind io_kinds[EDDYI_KINDS] = {
    [EDDYI_RECV] = {"recv", io_cancel, io_abandon, NULL},
    [EDDYI_SEND] = {"send", io_cancel, io_abandon, NULL},
    [EDDYI_RECVFROM] = {"recvfrom", io_cancel, io_abandon, NULL},
    [EDDYI_SENDTO] = {"sendto", io_cancel, io_abandon, NULL},
    [EDDYI_ACCEPT] = {"accept", io_cancel, io_abandon, NULL},
    [EDDYI_CONNECT] = {"connect", io_cancel, io_abandon, NULL},
    [EDDYI_READ] = {"read", io_cancel, io_abandon, NULL},
    [EDDYI_WRITE] = {"write", io_cancel, io_abandon, NULL},
    [EDDYI_SENDFILE] = {"sendfile", io_cancel, io_abandon, NULL},
    [EDDYI_POLL] = {"poll", io_cancel, io_abandon, NULL},
};

const char *eddyi_io_name(const eddyi_op *op)
{
    return io_kinds[op->kind].name;
}

/* A task whose I/O always ends at once would starve the others: after so many it gives way. */
void eddyi_io_spend(eddy_loop *loop, eddy_task *task)
{
    if (--loop->io_budget > 0)
        return;
    loop->io_budget = EDDYI_IO_BUDGET;
    eddyi_yield_keeping_cancel(task);
}

int64_t eddyi_io_await(eddy_loop *loop, eddyi_op *op, int32_t *os_error)
{
    eddy_task *task = loop->current;
    if (task == NULL)
        return EDDY_ENOTASK;
    if (eddyi_take_cancel(task))
        return EDDY_ECANCELED;
    io_wait io = {
        .completion = {io_completed}, .wait = {.kind = &io_kinds[op->kind], .task = task}, .op = op};
    io.wait.object = op;
    op->waiter = &io.completion;
    if (eddyi_io_submit(loop, op, &io.result) == EDDYI_DONE)
        eddyi_io_spend(loop, task);
    else
        (void)eddyi_suspend(&io.wait, true);
    if (os_error != NULL)
        *os_error = io.result.os_error;
    return io.result.value == EDDY_ECANCELED ? eddyi_deliver_cancel(task) : io.result.value;
}
