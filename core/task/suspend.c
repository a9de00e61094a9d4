/* suspend.c: the one way to wait, and the switch between tasks.
 * Touches the context switch and the ready queue. A blocked task switches straight to the next ready task of the batch where there
 * is one; otherwise to the loop's own stack. In its eager step it goes back to its creator. */
#include <assert.h>

#include "core/inspect/probes.h"
#include "core/loop/iterate.h"
#include "core/task/annotate.h"
#include "core/task/lifecycle.h"
#include "core/task/stacks.h"
#include "core/task/task.h"

/* ---- switching ---- */

static void task_entry(void *arg);

/* Who is current is said here, not on arrival: so the next step need not wait for what the switch brings back from the stack. */
static void switch_to_task(eddy_loop *loop, eddyi_context *from, eddy_task *to, void **save)
{
    bool begins = to->stack == NULL;
    loop->current = to;
    if (begins)
        eddyi_stack_take(to, loop);
    eddyi_annotate_switch_begin(save, to->stack->low, eddyi_stack_size(to->stack), to->stack->annotation);
    if (begins)
        eddyi_context_enter(from, to->stack->low, eddyi_stack_size(to->stack), task_entry, to);
    else
        eddyi_context_switch(from, &to->context);
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
        eddyi_stack_give(departed);
        eddy_task_release(departed);
    }
}

static void arrive(eddy_loop *loop)
{
    loop->io_budget = EDDYI_IO_BUDGET;
    bury_departed(loop);
}

/* To where no next step can be taken from: the creator of the task in its eager step, or the loop's own stack. */
static void leave_upwards(eddy_loop *loop, eddyi_context *from, void **save)
{
    if (loop->creator != NULL) {
        switch_to_task(loop, from, loop->creator, save);
    } else {
        loop->current = NULL;
        begin_switch_to_loop(loop, save);
        eddyi_context_switch(from, &loop->context);
    }
}

/* While somebody watches all leave upwards. Apart, so that who is not watched keeps nothing for the calls. */
EDDYI_COLD static void leave_watched(eddy_loop *loop, eddy_task *self, eddyi_context *from, void **save)
{
    eddyi_probe_task_switched_out(loop, self, 0);
    leave_upwards(loop, from, save);
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
        switch_to_task(loop, from, next, save);
    } else if (self != NULL && eddyi_watchers_hold(loop)) {
        leave_watched(loop, self, from, save);
    } else {
        leave_upwards(loop, from, save);
    }
    end_switch(loop, fake_stack);
}

static void check_stack(const eddy_task *task)
{
    if (task->unguarded && !eddyi_stack_intact(task))
        eddyi_stack_overflowed(task);
}

void eddyi_task_step(eddyi_node *node)
{
    eddy_task *task = EDDYI_CONTAINER(node, eddy_task, step);
    eddy_loop *loop = task->future.loop;
    void *fake_stack = NULL;
    if (loop->closed)
        return;
    eddyi_count(&loop->metrics.steps_by_loop, 1);
    loop->host_annotation = eddyi_annotate_fiber_current();
    switch_to_task(loop, &loop->context, task, &fake_stack);
    eddyi_annotate_switch_end(fake_stack, NULL, NULL);
    arrive(loop);
}

void eddyi_task_arrive(eddy_task *task)
{
    arrive(task->future.loop);
    task->scheduled = false;
}

EDDYI_COLD static void depart_watched(eddy_loop *loop, eddy_task *task)
{
    if (eddyi_watchers_hold(loop))
        eddyi_probe_task_switched_out(loop, task, 0);
    EDDYI_PROBE(task_ended, loop, task, task->future.result);
    leave_task(loop, NULL, &task->context);
}

/* Not _Noreturn: so it is a jump, and the processor foresees the returns of whoever goes on (30 ns a task). */
void eddyi_task_depart(eddy_task *task)
{
    eddy_loop *loop = task->future.loop;
    loop->departed = task;
    if (eddyi_watchers_hold(loop) || EDDYI_WATCHED(task_ended))
        depart_watched(loop, task);
    else
        leave_task(loop, NULL, &task->context);
}

static void task_entry(void *arg)
{
    eddy_task *task = arg;
    end_switch(task->future.loop, NULL);
    eddyi_task_arrive(task);
    eddyi_task_run(task);
    eddyi_task_depart(task);
}

/* NULL: nobody. */
static void tell_change(eddy_loop *loop, eddy_task *from, eddy_task *to)
{
    if (from != NULL)
        eddyi_probe_task_switched_out(loop, from, 0);
    if (to != NULL)
        eddyi_probe_task_switched_in(loop, to, 0);
}

/* Nothing but the new task, and what it starts eagerly itself, runs until the creator goes on. */
void eddyi_task_begin(eddy_task *task)
{
    eddy_loop *loop = task->future.loop;
    eddy_task *creator = loop->current, *outer = loop->creator;
    int32_t io_budget = loop->io_budget;
    int saved_errno = *loop->errno_location;
    uint32_t held = loop->held & EDDYI_HELD_BY_EAGER_STEP;
    void *fake_stack = NULL;
    if (creator != NULL)
        check_stack(creator);
    else
        loop->host_annotation = eddyi_annotate_fiber_current();
    eddyi_count(&loop->metrics.eager_steps, 1);
    if (eddyi_watchers_hold(loop))
        tell_change(loop, creator, task);
    loop->creator = creator;
    loop->held |= EDDYI_HELD_BY_EAGER_STEP;
    switch_to_task(loop, creator != NULL ? &creator->context : &loop->context, task, &fake_stack);
    end_switch(loop, fake_stack);
    if (eddyi_watchers_hold(loop))
        tell_change(loop, NULL, creator); /* the other one told itself */
    loop->creator = outer;
    loop->held = (loop->held & ~(uint32_t)EDDYI_HELD_BY_EAGER_STEP) | held; /* debug may have been switched */
    arrive(loop);
    loop->io_budget = io_budget;
    *loop->errno_location = saved_errno;
}

/* ---- to another stack in the same task ---- */

static void begin_change(eddy_task *task, eddyi_stack *stack, void **save)
{
    check_stack(task);
    eddyi_stack_stand_on(task, stack);
    eddyi_annotate_switch_begin(save, stack->low, eddyi_stack_size(stack), stack->annotation);
}

void eddyi_task_enter_stack(eddy_task *task, eddyi_stack *stack, eddyi_context *from,
                            void (*entry)(void *arg), void *arg)
{
    eddy_loop *loop = task->future.loop;
    void *fake_stack = NULL;
    begin_change(task, stack, &fake_stack);
    eddyi_context_enter(from, stack->low, eddyi_stack_size(stack), entry, arg);
    end_switch(loop, fake_stack);
}

void eddyi_task_change_stack(eddy_task *task, eddyi_stack *stack, eddyi_context *from,
                             const eddyi_context *to, bool for_ever)
{
    eddy_loop *loop = task->future.loop;
    void *fake_stack = NULL;
    begin_change(task, stack, for_ever ? NULL : &fake_stack);
    eddyi_context_switch(from, to);
    end_switch(loop, fake_stack);
}

/* ---- waiting ---- */

bool eddyi_take_cancel(eddy_task *task)
{
    if (!task->must_cancel)
        return false;
    if ((task->future.loop->held & EDDYI_HELD_BY_DEBUG) != 0)
        eddyi_note_wait(task, NULL);
    eddyi_deliver_cancel(task);
    return true;
}

void eddyi_task_wake(eddy_task *task, int result)
{
    assert(task->wait != NULL && !task->scheduled);
    task->wake_result = result;
    task->scheduled = true;
    eddyi_ready_push(task->future.loop, &task->step);
}

static void suspend_here(eddy_loop *loop, eddy_task *task)
{
    int saved_errno = *loop->errno_location;
    check_stack(task);
    leave_task(loop, task, &task->context);
    arrive(loop);
    task->scheduled = false;
    *loop->errno_location = saved_errno;
}

int eddyi_suspend(eddyi_wait *wait, bool keep_result)
{
    eddy_task *task = wait->task;
    eddy_loop *loop = eddyi_running_loop;
    task->wait = wait;
    if ((loop->held & EDDYI_HELD_BY_DEBUG) != 0)
        eddyi_note_wait(task, wait->kind);
    if (task->must_cancel && !task->scheduled) {
        task->must_cancel = false;
        task->cancel_kept = false;
        if (!wait->kind->cancel(wait))
            task->must_cancel = true;
    }
    suspend_here(loop, task);
    task->wait = NULL;
    int result = task->wake_result;
    if (keep_result) {
        task->cancel_kept = task->must_cancel;
    } else if (task->must_cancel || result == EDDY_ECANCELED) {
        return eddyi_deliver_cancel(task);
    }
    if (result >= 0)
        task->error_settled = true;
    return result;
}

/* ---- giving way: waits for nothing, so there is no eddyi_wait ---- */

static void give_way(eddy_task *task)
{
    eddy_loop *loop = eddyi_running_loop;
    task->scheduled = true;
    eddyi_ready_push(loop, &task->step);
    suspend_here(loop, task);
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
