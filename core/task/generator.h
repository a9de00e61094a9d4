/* generator.h: what the rest of core/ must know of generators: how the loop ends them.
 * Touches task.h. */
#ifndef EDDYI_GENERATOR_H
#define EDDYI_GENERATOR_H

#include <eddy/generator.h>
#include "core/task/task.h"

/* The task whose innermost generator it is will never run again: the body's deferred calls run, its scopes and stack go. */
void eddyi_generator_abandon(eddy_generator *);
void eddyi_generators_destroy(eddy_loop *); /* at close, after the tasks: the same for those at a yield */
/* Begin to close all that are at a yield; loop->generators_closing counts those that have not ended. */
void eddyi_generators_shut(eddy_loop *);
/* For stacks: a body's function, and where its consumer goes on below it. False: that is no body's (NULL), or nothing is below. */
bool eddyi_generator_ground(const eddy_generator *, eddy_coro_fn *fn, const eddyi_context **context,
                            const struct eddyi_stack **stack);

#endif
