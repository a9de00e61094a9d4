/* reach.h: whom a wait or a future waits for, told by data, which a reader outside the process can follow too.
 * Touches nothing; `eddy_reach` is the public description of it. */
#ifndef EDDYI_REACH_H
#define EDDYI_REACH_H

#include <stddef.h>
#include <eddy/inspect_record.h>

struct eddyi_visit;
struct eddyi_wait;
struct eddy_future;

void eddyi_wait_targets(const struct eddyi_wait *wait, struct eddyi_visit *visit);      /* none is fine */
void eddyi_future_targets(const struct eddy_future *future, struct eddyi_visit *visit); /* none is fine */

#endif
