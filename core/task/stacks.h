/* stacks.h: where a task's block and its stack come from: pooled pieces of memory.
 * Touches seam 2's pages. A task has its block from the beginning and a stack from its first step to its end. */
#ifndef EDDYI_STACKS_H
#define EDDYI_STACKS_H

#include "core/task/task.h"

int eddyi_stacks_create(eddy_loop *loop);
void eddyi_stacks_free(eddy_loop *loop); /* no task is left */

/* At the high end of its memory: the stack is [low, this). */
typedef struct eddyi_stack {
    eddyi_list link; /* while it is free */
    char *low;
    struct eddyi_slab *slab;
    void *annotation; /* of a sanitizer, and the token */
    unsigned token;
    uint16_t index; /* in the slab */
    bool unguarded;
} eddyi_stack;

/* A block for a task with at least `size` bytes of stack (0: the default). Sets `slab`, `stack` (NULL), `unguarded` and nothing else. */
int eddyi_block_take(eddy_loop *loop, eddy_task **out, size_t size, bool without_signals);
void eddyi_block_give(eddy_task *task);  /* it has no stack */
void eddyi_stack_take(eddy_task *task);  /* the task begins; its block has made sure that there is one */
void eddyi_stack_give(eddy_task *task);  /* none: nothing is done */
void eddyi_stacks_trim(eddy_loop *loop); /* the loop is about to be idle: give back what a burst left */

/* False: the task ran over the end of a stack that has no guard. Cheap where there is one. */
bool eddyi_stack_intact(const eddy_task *task);
_Noreturn void eddyi_stack_overflowed(const eddy_task *task);
static inline size_t eddyi_stack_size(const eddyi_stack *stack)
{
    return (size_t)((const char *)stack - stack->low);
}

void eddyi_stacks_thread_enter(void); /* overflow reports work in this thread */
void eddyi_stacks_thread_leave(void);

#endif
