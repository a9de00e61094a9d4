/* stack_use.c: how much of its stack a task has used (fault K4).
 * Touches the stack's memory. In debug mode a stack is all zero when it is taken, as fresh memory is anyway, so what is not zero was used; no
 * page is written that no task has touched. */
#include "core/task/stacks.h"

#include <string.h>

#include "core/task/annotate.h"

/* The lowest word in use. Volatile: the compiler may not make a call of it that a sanitizer looks at. */
EDDYI_LOOKS_AT_STACKS
static const char *deepest(const eddyi_stack *stack)
{
    const volatile uint64_t *word = eddyi_pages_of_stack(stack->low, eddyi_stack_size(stack));
    const volatile uint64_t *end = (const volatile uint64_t *)(const void *)stack;
    if (stack->unguarded) /* its canary */
        word++;
    eddyi_annotate_look_begin();
    while (word < end && *word == 0)
        word++;
    eddyi_annotate_look_end(&word, sizeof word);
    return (const char *)(uintptr_t)word;
}

size_t eddyi_stack_used(const eddyi_stack *stack)
{
    return (size_t)((const char *)stack - deepest(stack));
}

void eddyi_stack_clear(eddyi_stack *stack)
{
    size_t used = eddyi_stack_used(stack);
    memset((char *)stack - used, 0, used);
    if (!stack->unguarded) /* its top says so */
        eddyi_pages_as_stack(stack->low, eddyi_stack_size(stack));
}

size_t eddy_task_stack_used(const eddy_task *task, size_t *size)
{
    const eddyi_stack *stack = task != NULL && task->stack != NULL ? eddyi_stack_own(task) : NULL;
    if (size != NULL)
        *size = stack != NULL ? eddyi_stack_size(stack) : 0;
    return stack != NULL && stack->cleared ? eddyi_stack_used(stack) : 0;
}
