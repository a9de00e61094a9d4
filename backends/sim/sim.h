/* sim.h: what tests may ask the simulator beyond the seam.
 * Touches backend.h's types only. To be called on the loop's thread. */
#ifndef EDDYI_SIM_H
#define EDDYI_SIM_H

#include "core/backend.h"

void eddyi_sim_calm(eddyi_backend *);                         /* no faults from now on */
void eddyi_sim_set_faults(eddyi_backend *, uint32_t percent); /* as if opened with it, from now on */
/* A hash of all that happened, bytes and times included: equal for equal seeds and programs. */
uint64_t eddyi_sim_trace(const eddyi_backend *);
/* Sockets that the program was given and has not closed: 0 when nothing leaks. */
size_t eddyi_sim_open_descriptors(const eddyi_backend *);
/* How long one way through the network takes from now on; both 0: the usual mixture. */
void eddyi_sim_set_latency(eddyi_backend *, uint64_t least_ns, uint64_t most_ns);

#endif
