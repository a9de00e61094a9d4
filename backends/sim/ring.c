/* ring.c: the bytes on their way to a socket.
 * Touches nothing else. Positions only grow, so an empty ring and a full one differ. */
#include <string.h>

#include "backends/sim/inside.h"

uint64_t eddyi_sim_ring_free(const sim_ring *ring)
{
    return ring->capacity - (ring->written - ring->read);
}

void eddyi_sim_ring_put(sim_ring *ring, const void *data, uint64_t size)
{
    uint64_t at = ring->written % ring->capacity;
    if (size == 0)
        return; /* perhaps from nowhere */
    uint64_t first = ring->capacity - at < size ? ring->capacity - at : size;
    memcpy(ring->data + at, data, (size_t)first);
    memcpy(ring->data, (const unsigned char *)data + first, (size_t)(size - first));
    ring->written += size;
}

void eddyi_sim_ring_peek(const sim_ring *ring, uint64_t from, void *data, uint64_t size)
{
    uint64_t at = from % ring->capacity;
    if (size == 0)
        return;
    uint64_t first = ring->capacity - at < size ? ring->capacity - at : size;
    memcpy(data, ring->data + at, (size_t)first);
    memcpy((unsigned char *)data + first, ring->data, (size_t)(size - first));
}
