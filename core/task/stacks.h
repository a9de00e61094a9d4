/* stacks.h: where a task's block and stack come from: one pooled piece of memory for both.
 * Touches seam 2's pages. The block sits at the high end, the stack grows down from it towards a guard. */
#ifndef EDDYI_STACKS_H
#define EDDYI_STACKS_H

#include "core/task/task.h"

int eddyi_stacks_create(eddy_loop *loop);
void eddyi_stacks_free(eddy_loop *loop); /* no task is left */

/* Room for a task with at least `size` bytes of stack (0: the default). Sets slab, stack_low and nothing else. */
int eddyi_stack_take(eddy_loop *loop, eddy_task **out, size_t size, bool without_signals);
void eddyi_stack_give(eddy_loop *loop, eddy_task *task);
void eddyi_stacks_trim(eddy_loop *loop); /* the loop is about to be idle: give back what a burst left */

/* False: the task ran over the end of a stack that has no guard. Cheap where there is one. */
bool eddyi_stack_intact(const eddy_task *task);
_Noreturn void eddyi_stack_overflowed(const eddy_task *task);
static inline size_t eddyi_stack_size(const eddy_task *task)
{
    return (size_t)((const char *)task - task->stack_low);
}

void eddyi_stacks_thread_enter(void); /* overflow reports work in this thread */
void eddyi_stacks_thread_leave(void);

#endif
