/* chance.c: every decision of the simulator, from one seed.
 * Touches nothing else. Equal seeds and equal programs decide equally. */
#include "backends/sim/inside.h"

/* SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014). */
uint64_t eddyi_sim_random(eddyi_backend *sim, uint64_t below)
{
    uint64_t x = sim->random += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (x ^ (x >> 31)) % below;
}

bool eddyi_sim_chance(eddyi_backend *sim, uint32_t percent)
{
    return eddyi_sim_random(sim, 100) < percent;
}

bool eddyi_sim_fault(eddyi_backend *sim, uint32_t one_in)
{
    if (sim->fault_percent == 0 || sim->now >= sim->fault_until)
        return false;
    return eddyi_sim_chance(sim, sim->fault_percent) && eddyi_sim_random(sim, one_in) == 0;
}

/* Mostly fast, now and then slow: 10 us to 2 ms. */
uint64_t eddyi_sim_delay(eddyi_backend *sim)
{
    return eddyi_sim_chance(sim, 90) ? 10000 + eddyi_sim_random(sim, 90000)
                                     : 100000 + eddyi_sim_random(sim, 1900000);
}

void eddyi_sim_note(eddyi_backend *sim, uint64_t what, uint64_t value)
{
    uint64_t x = sim->trace ^ (what << 56) ^ value ^ (sim->now << 1);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    sim->trace = x ^ (x >> 27);
}

void eddyi_sim_calm(eddyi_backend *sim)
{
    sim->fault_percent = 0;
}

uint64_t eddyi_sim_trace(const eddyi_backend *sim)
{
    return sim->trace;
}
