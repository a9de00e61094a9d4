/* sim.h: what tests may ask the simulator beyond the seam.
 * Touches backend.h's types only. */
#ifndef EDDYI_SIM_H
#define EDDYI_SIM_H

#include "core/backend.h"

void eddyi_sim_calm(eddyi_backend *); /* no faults from now on */
uint64_t
eddyi_sim_trace(const eddyi_backend *); /* a hash of all that happened: equal for equal seeds and programs */
size_t eddyi_sim_open_sockets(const eddyi_backend *);

#endif
