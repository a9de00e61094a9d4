/* chance.c: every decision of the simulator, from one seed, and the trace of what came of them.
 * Touches nothing else. Equal seeds and equal programs decide equally. */
#include <string.h>

#include "backends/sim/inside.h"

/* SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t eddyi_sim_random(eddyi_backend *sim, uint64_t below)
{
    sim->random += UINT64_C(0x9e3779b97f4a7c15);
    return mix(sim->random) % below;
}

bool eddyi_sim_chance(eddyi_backend *sim, uint32_t percent)
{
    return eddyi_sim_random(sim, 100) < percent;
}

bool eddyi_sim_faulty(const eddyi_backend *sim)
{
    return sim->fault_percent != 0 && sim->now < sim->fault_until;
}

bool eddyi_sim_fault(eddyi_backend *sim, uint32_t one_in)
{
    return eddyi_sim_faulty(sim) && eddyi_sim_chance(sim, sim->fault_percent) &&
           eddyi_sim_random(sim, one_in) == 0;
}

/* Mostly fast, now and then slow: 10 us to 2 ms. */
uint64_t eddyi_sim_delay(eddyi_backend *sim)
{
    if (sim->most_latency != 0)
        return sim->least_latency + eddyi_sim_random(sim, sim->most_latency - sim->least_latency + 1);
    return eddyi_sim_chance(sim, 90) ? 10000 + eddyi_sim_random(sim, 90000)
                                     : 100000 + eddyi_sim_random(sim, 1900000);
}

void eddyi_sim_set_latency(eddyi_backend *sim, uint64_t least_ns, uint64_t most_ns)
{
    enum { LONGEST = 1000000000 };
    sim->least_latency = least_ns < LONGEST ? least_ns : LONGEST;
    sim->most_latency = most_ns < LONGEST ? most_ns : LONGEST;
    if (sim->most_latency < sim->least_latency)
        sim->most_latency = sim->least_latency;
}

void eddyi_sim_set_faults(eddyi_backend *sim, uint32_t percent)
{
    sim->fault_percent = percent;
}

void eddyi_sim_calm(eddyi_backend *sim)
{
    eddyi_sim_set_faults(sim, 0);
}

/* ---- the trace ---- */

void eddyi_sim_note(eddyi_backend *sim, enum sim_event what, uint64_t value)
{
    sim->trace = mix(mix(sim->trace ^ sim->now) + mix(value) + (uint64_t)what);
}

void eddyi_sim_note_bytes(eddyi_backend *sim, const void *data, uint64_t size)
{
    const unsigned char *bytes = data;
    uint64_t hash = size, word = 0;
    for (; size >= sizeof word; bytes += sizeof word, size -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = mix(hash + word);
    }
    word = 0;
    memcpy(&word, bytes, (size_t)size);
    eddyi_sim_note(sim, SIM_EVENT_RECEIVED, mix(hash + word));
}

uint64_t eddyi_sim_trace(const eddyi_backend *sim)
{
    return sim->trace;
}
