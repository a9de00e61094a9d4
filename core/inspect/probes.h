/* probes.h: what the places that may be looked at say, to hooks and to tracers alike.
 * Touches loop.h. With nobody there a place costs one comparison, two where tracers are known (EDDY_USDT). */
#ifndef EDDYI_INSPECT_PROBES_H
#define EDDYI_INSPECT_PROBES_H

#include <stdatomic.h>

#include <eddy/hooks.h>
#include "core/base/probes.h"
#include "core/loop/loop.h"

#if defined(__GNUC__)
#define EDDYI_RARELY(condition) __builtin_expect((condition), 0)
#define EDDYI_COLD              __attribute__((cold, noinline))
#else
#define EDDYI_RARELY(condition) (condition)
#define EDDYI_COLD
#endif

#ifdef EDDY_NO_PROBES /* a library that bench/costs compares with */
#define EDDYI_HOOKED 0
#else
extern _Atomic(const eddy_hooks *) eddyi_hooks;
#define EDDYI_HOOKED (atomic_load_explicit(&eddyi_hooks, memory_order_relaxed) != NULL)
#endif
#define EDDYI_WATCHED(name) EDDYI_RARELY(EDDYI_HOOKED || EDDYI_TRACED(name))
/* `what`: the task, the op, or the callback's function; `value`: what it came to. */
#define EDDYI_PROBE(name, loop, what, value)                                                                 \
    do {                                                                                                     \
        if (EDDYI_WATCHED(name))                                                                             \
            eddyi_probe_##name(loop, what, value);                                                           \
    } while (0)

EDDYI_COLD void eddyi_probe_task_created(eddy_loop *loop, eddy_task *task, int value);
EDDYI_COLD void eddyi_probe_task_switched_in(eddy_loop *loop, eddy_task *task, int value);
EDDYI_COLD void eddyi_probe_task_switched_out(eddy_loop *loop, eddy_task *task, int value);
EDDYI_COLD void eddyi_probe_task_ended(eddy_loop *loop, eddy_task *task, int result);
EDDYI_COLD void eddyi_probe_operation_submitted(eddy_loop *loop, const eddyi_op *op, int value);
EDDYI_COLD void eddyi_probe_operation_completed(eddy_loop *loop, const eddyi_op *op, int64_t result);
EDDYI_COLD void eddyi_probe_callback_began(eddy_loop *loop, eddy_callback_fn fn, int value);
EDDYI_COLD void eddyi_probe_callback_ended(eddy_loop *loop, eddy_callback_fn fn, int value);

/* Who runs is told from the loop's own stack, as debug mode times it: while somebody watches, no task switches straight to another one, and
 * while nobody does a switch costs nothing more. So it begins and ends where the loop asks its backend, and each task that is told to run is told
 * to stop. */
static inline void eddyi_watchers_meet(eddy_loop *loop)
{
    loop->held &= ~(uint32_t)EDDYI_HELD_BY_WATCHERS;
    if (EDDYI_WATCHED(task_switched_in) || EDDYI_TRACED(task_switched_out) || EDDYI_TRACED(callback_began) ||
        EDDYI_TRACED(callback_ended))
        loop->held |= EDDYI_HELD_BY_WATCHERS;
}
static inline bool eddyi_watchers_hold(const eddy_loop *loop)
{
    return (loop->held & EDDYI_HELD_BY_WATCHERS) != 0;
}

#endif
