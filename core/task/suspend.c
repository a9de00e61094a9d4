/* suspend.c: the one way to wait, and the switch between tasks.
 * Touches the context switch and the ready queue. A blocked task switches straight to the next ready task of the batch where there
 * is one; otherwise to the loop's own stack. */
#include <assert.h>
#include <stdlib.h>

#include "core/loop/iterate.h"
#include "core/task/annotate.h"
#include "core/task/lifecycle.h"
#include "core/task/stacks.h"
#include "core/task/task.h"

/* ---- switching ---- */

static void begin_switch_to_task(eddy_task *to, void **save)
{
    const eddy_task *ground = to->ground;
    eddyi_annotate_switch_begin(save, ground->stack_low, eddyi_stack_size(ground), ground->annotation);
}

static void begin_switch_to_loop(eddy_loop *loop, void **save)
{
    eddyi_annotate_switch_begin(save, loop->host_bottom, loop->host_size, loop->host_annotation);
}

/* The first arrival of a run comes from the loop's own stack: ASan then tells where that lies. */
static void end_switch(eddy_loop *loop, void *fake_stack)
{
    if (loop->host_size == 0)
        eddyi_annotate_switch_end(fake_stack, &loop->host_bottom, &loop->host_size);
    else
        eddyi_annotate_switch_end(fake_stack, NULL, NULL);
}

/* A task that has ended is buried by whoever runs next, since it cannot free the stack it stands on. */
static void bury_departed(eddy_loop *loop)
{
    eddy_task *departed = loop->departed;
    if (departed != NULL) {
        loop->departed = NULL;
        eddy_task_release(departed);
    }
}

static void arrive(eddy_loop *loop, eddy_task *task)
{
    loop->current = task;
    loop->io_budget = EDDYI_IO_BUDGET;
    bury_departed(loop);
}

/* From a task to whatever comes next; `self` is NULL when the leaver has ended. */
static void leave_task(eddy_loop *loop, eddy_task *self, eddyi_context *from)
{
    void *fake_stack = NULL;
    void **save = self != NULL ? &fake_stack : NULL;
    eddyi_node *node = eddyi_next_step(loop);
    if (node != NULL) {
        eddy_task *next = EDDYI_CONTAINER(node, eddy_task, step);
        if (next == self)
            return;
        begin_switch_to_task(next, save);
        eddyi_context_switch(from, &next->context);
    } else {
        begin_switch_to_loop(loop, save);
        eddyi_context_switch(from, &loop->context);
    }
    end_switch(loop, fake_stack);
}

void eddyi_task_step(eddyi_node *node)
{
    eddy_task *task = EDDYI_CONTAINER(node, eddy_task, step);
    eddy_loop *loop = task->future.loop;
    void *fake_stack = NULL;
    if (loop->closed)
        return;
    loop->host_annotation = eddyi_annotate_fiber_current();
    begin_switch_to_task(task, &fake_stack);
    eddyi_context_switch(&loop->context, &task->context);
    eddyi_annotate_switch_end(fake_stack, NULL, NULL);
    arrive(loop, NULL);
}

void eddyi_task_arrive(eddy_task *task)
{
    arrive(task->future.loop, task);
    task->scheduled = false;
}

_Noreturn void eddyi_task_depart(eddy_task *task)
{
    eddy_loop *loop = task->future.loop;
    loop->departed = task;
    loop->current = NULL;
    leave_task(loop, NULL, &task->context);
    abort(); /* nobody comes back */
}

static void task_entry(void *arg)
{
    eddy_task *task = arg;
    end_switch(task->future.loop, NULL);
    eddyi_task_arrive(task);
    eddyi_task_run(task);
    eddyi_task_depart(task);
}

void eddyi_task_change_ground(eddy_task *task, eddy_task *ground, eddyi_context *from,
                              const eddyi_context *to, bool for_ever)
{
    void *fake_stack = NULL;
    eddy_loop *loop = task->future.loop;
    if (task->ground->unguarded && !eddyi_stack_intact(task->ground))
        eddyi_stack_overflowed(task);
    task->ground = ground;
    begin_switch_to_task(task, for_ever ? NULL : &fake_stack);
    eddyi_context_switch(from, to);
    end_switch(loop, fake_stack);
}

void eddyi_task_prepare(eddy_task *task)
{
    task->annotation = eddyi_annotate_fiber_create();
    eddyi_context_make(&task->context, task->stack_low, eddyi_stack_size(task), task_entry, task);
}

/* ---- waiting ---- */

bool eddyi_take_cancel(eddy_task *task)
{
    if (!task->must_cancel)
        return false;
    task->must_cancel = false;
    task->cancel_kept = false;
    eddyi_fail_canceled(task);
    return true;
}

void eddyi_task_wake(eddy_task *task, int result)
{
    assert(task->wait != NULL && !task->scheduled);
    task->wake_result = result;
    task->scheduled = true;
    eddyi_ready_push(task->future.loop, &task->step);
}

static void suspend_here(eddy_task *task)
{
    eddy_loop *loop = task->future.loop;
    int saved_errno = *loop->errno_location;
    if (task->ground->unguarded && !eddyi_stack_intact(task->ground))
        eddyi_stack_overflowed(task);
    leave_task(loop, task, &task->context);
    arrive(loop, task);
    task->scheduled = false;
    *loop->errno_location = saved_errno;
}

int eddyi_suspend(eddyi_wait *wait, bool keep_result)
{
    eddy_task *task = wait->task;
    task->wait = wait;
    if (task->must_cancel && !task->scheduled) {
        task->must_cancel = false;
        task->cancel_kept = false;
        if (!wait->kind->cancel(wait))
            task->must_cancel = true;
    }
    suspend_here(task);
    task->wait = NULL;
    int result = task->wake_result;
    if (keep_result) {
        task->cancel_kept = task->must_cancel;
    } else if (task->must_cancel || result == EDDY_ECANCELED) {
        task->must_cancel = false;
        return eddyi_fail_canceled(task);
    }
    if (result >= 0)
        task->error_settled = true;
    return result;
}

/* ---- giving way: waits for nothing, so there is no eddyi_wait ---- */

static void give_way(eddy_task *task)
{
    task->scheduled = true;
    eddyi_ready_push(task->future.loop, &task->step);
    suspend_here(task);
}

int eddyi_yield(eddy_task *task)
{
    give_way(task);
    if (eddyi_take_cancel(task))
        return EDDY_ECANCELED;
    task->error_settled = true;
    return 0;
}

void eddyi_yield_keeping_cancel(eddy_task *task)
{
    give_way(task);
    task->cancel_kept = task->must_cancel;
}
