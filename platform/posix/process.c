/* process.c: fork detection.
 * Touches pthread_atfork. The generation only grows, and only in children. */
#include <pthread.h>
#include <stdatomic.h>

#include "core/platform.h"

static volatile uint32_t generation;

static void in_child(void)
{
    generation++;
}

static void watch_forks(void)
{
    (void)pthread_atfork(
        NULL, NULL, in_child); /* without memory a forked loop is not found out; nothing else depends on it */
}

uint32_t eddyi_fork_generation(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static atomic_bool watched;
    if (!atomic_load_explicit(&watched, memory_order_relaxed)) {
        (void)pthread_once(&once, watch_forks);
        atomic_store_explicit(&watched, true, memory_order_relaxed);
    }
    return generation;
}
