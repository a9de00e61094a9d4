/* bell.c: what a simulation waits for in which nothing can happen by itself: a wake-up from another thread or a signal handler.
 * Touches the platform's mutex, condition and clock. A ring is never lost; rings may merge.
 *
 * No function of the condition may be called in a handler that interrupted the same function. So the thread that rings is told apart: on the
 * sleeper's own thread only the flag is set, and the sleeper looks at it every HEARTBEAT; elsewhere one ringer at a time is inside the condition, and
 * whoever comes meanwhile, be it a handler on top of that ringer, leaves a note that makes it ring once more. */
#include "backends/sim/inside.h"

#include "core/base/monitor.h"

static const uint64_t HEARTBEAT = 20000000; /* nanoseconds of real time */

int eddyi_sim_bell_init(sim_bell *bell)
{
    atomic_init(&bell->woken, false);
    atomic_init(&bell->ringing, false);
    atomic_init(&bell->again, false);
    atomic_init(&bell->sleeper, 0);
    return eddyi_monitor_init(&bell->mutex, &bell->condition);
}

void eddyi_sim_bell_destroy(sim_bell *bell)
{
    eddyi_monitor_destroy(&bell->mutex, &bell->condition);
}

bool eddyi_sim_bell_heard(sim_bell *bell)
{
    return atomic_exchange(&bell->woken, false);
}

void eddyi_sim_bell_ring(sim_bell *bell)
{
    if (atomic_exchange(&bell->woken, true) || atomic_load(&bell->sleeper) == eddyi_thread_id())
        return;
    atomic_store(&bell->again, true);
    while (atomic_load(&bell->again) && !atomic_exchange(&bell->ringing, true)) {
        atomic_store(&bell->again, false);
        eddyi_mutex_lock(&bell->mutex);
        eddyi_condition_signal(&bell->condition);
        eddyi_mutex_unlock(&bell->mutex);
        atomic_store(&bell->ringing, false);
    }
}

void eddyi_sim_bell_sleep(sim_bell *bell)
{
    atomic_store(&bell->sleeper, eddyi_thread_id());
    eddyi_mutex_lock(&bell->mutex);
    while (!eddyi_sim_bell_heard(bell))
        (void)eddyi_condition_wait_until(&bell->condition, &bell->mutex, eddyi_clock_now() + HEARTBEAT);
    eddyi_mutex_unlock(&bell->mutex);
    atomic_store(&bell->sleeper, 0);
}
