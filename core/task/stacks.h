/* stacks.h: where a task's block and its stack come from: pooled pieces of memory.
 * Touches seam 2's pages. A task has its block from the beginning and a stack from its first step to its end. */
#ifndef EDDYI_STACKS_H
#define EDDYI_STACKS_H

#include "core/task/task.h"

int eddyi_stacks_create(eddy_loop *loop);
void eddyi_stacks_free(eddy_loop *loop); /* no task is left */

/* At the high end of its memory: the stack is [low, this). One cache line. */
typedef struct eddyi_stack {
    _Alignas(16) union {
        eddyi_list link; /* while it is free */
        struct {
            eddyi_deferred *deferred;  /* last deferred first */
            eddy_generator *generator; /* whose body stands on it; NULL: a task's own */
        };
    };
    char *low;
    struct eddyi_slab *slab;
    void *annotation; /* of a sanitizer or of Valgrind */
    uint16_t index;   /* in the slab */
    bool unguarded;
    bool cleared; /* when it was taken: what is not zero was used since then */
    /* Of a task's own, in debug mode: */
    uint32_t locks_held;              /* that it took and that nobody released */
    const eddyi_wait_kind *last_wait; /* it waited there last, since a cancel was delivered; NULL: nowhere */
    const char *cancelled_in;         /* where a cancel was delivered that nobody took back; NULL: none was */
} eddyi_stack;

/* The one that the task began on. It has begun; now it may stand on that of a generator. */
eddyi_stack *eddyi_stack_own(const eddy_task *task);

/* A block for a task with at least `size` bytes of stack (0: the default). Sets `slab`, `stack` (NULL), `unguarded` and nothing else. */
int eddyi_block_take(eddy_loop *loop, eddy_task **out, size_t size, bool without_signals);
void eddyi_block_give(eddy_task *task); /* it has no stack */
void eddyi_stack_take(eddy_task *task,
                      const eddy_loop *loop); /* it begins; its block has made sure that there is one */
void eddyi_stack_give(eddy_task *task);       /* none: nothing is done */
void eddyi_stacks_trim(eddy_loop *loop);      /* the loop is about to be idle: give back what a burst left */

/* False: the task ran over the end of a stack that has no guard. Cheap where there is one. */
bool eddyi_stack_intact(const eddy_task *task);
_Noreturn void eddyi_stack_overflowed(const eddy_task *task);
static inline size_t eddyi_stack_size(const eddyi_stack *stack)
{
    return (size_t)((const char *)stack - stack->low);
}

/* ---- stack_use.c: how deep it goes, in debug mode ---- */

void eddyi_stack_clear(eddyi_stack *stack);        /* nobody is on it */
size_t eddyi_stack_used(const eddyi_stack *stack); /* bytes, at the deepest; it was cleared */

static inline void eddyi_stack_stand_on(eddy_task *task, eddyi_stack *stack)
{
    task->stack = stack;
    task->unguarded = stack->unguarded;
}

void eddyi_stacks_thread_enter(void); /* overflow reports work in this thread */
void eddyi_stacks_thread_leave(void);

#endif
