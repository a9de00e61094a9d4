/* stack.h: between stack.c, which owns pages, and the switch, which tells the system on which of them a thread stands.
 * Touches nothing. What is remembered about a stack lies at its top, where the switch finds it again. */
#ifndef EDDYI_WINDOWS_STACK_H
#define EDDYI_WINDOWS_STACK_H

#include <stddef.h>

/* The pages of this stack from `limit` on can be used; those below come one after the other, as the system's own stacks grow. */
void eddyi_context_set_limit(void *low, size_t size, void *limit);

#endif
