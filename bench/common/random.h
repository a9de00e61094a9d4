/* random.h: cheap random delays: xorshift64, as in Marsaglia's "Xorshift RNGs" (2003).
 * Touches nothing. The same seed in every program, so that all set the same timers. */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct bench_random {
    uint64_t state; /* never 0 */
    double low, width;
} bench_random;

static inline bench_random bench_random_make(double low, double high)
{
    return (bench_random){.state = 88172645463325252u, .low = low, .width = high - low};
}

static inline uint64_t bench_random_bits(bench_random *random)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return random->state;
}

static inline double bench_random_next(bench_random *random)
{
    return random->low + random->width * ((double)(bench_random_bits(random) >> 11) * 0x1p-53);
}

static inline size_t bench_random_below(bench_random *random, size_t count)
{
    return (size_t)(bench_random_bits(random) >> 11) % count;
}

#endif
