/* cycles.h: rings of tasks that wait for each other.
 * Touches edges.h. */
#ifndef EDDYI_CYCLES_H
#define EDDYI_CYCLES_H

#include "core/inspect/edges.h"

/* A ring: numbers of tasks, each waits for the next one, the last one for the first. */
typedef void (*eddyi_cycle_fn)(const eddyi_edges *edges, const size_t *ring, size_t length, void *arg);
/* Tell of rings until so many were told; each task is looked at once, so among rings that share tasks some are not told. Returns how many were
 * told; EDDY_ENOMEM. */
int eddyi_cycles_find(const eddyi_edges *edges, int most, eddyi_cycle_fn fn, void *arg);

#endif
