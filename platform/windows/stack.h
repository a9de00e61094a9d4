/* stack.h: between stack.c, which owns pages, and the switch, which tells the system on which of them a thread stands.
 * Touches nothing. What is remembered about a stack lies at its top, where the switch finds it again. */
#ifndef EDDYI_WINDOWS_STACK_H
#define EDDYI_WINDOWS_STACK_H

#include "core/platform.h"
#include "platform/windows/system.h"

/* The system keeps so many bytes for whoever is told of an overflow, at the low end of the stack that a thread stands on (fault.c asks for them); one
 * page more never has memory. Stacks are by so much larger than somebody asked for. */
enum { EDDYI_STACK_KEPT = 12 * 1024, EDDYI_STACK_LOST = EDDYI_STACK_KEPT + 4 * 1024 };

/* The registers that calls keep, as they are for who left: where it goes on, and on which stack. */
void eddyi_context_read(const eddyi_context *context, CONTEXT *registers);

/* The pages of this stack from `limit` on can be used; those below come one after the other, as the system's own stacks grow. */
void eddyi_context_set_limit(void *low, size_t size, void *limit);

#endif
