/* timers.h: the one timer structure: a hierarchical wheel for what is far, a pairing heap for what is near.
 * Touches nothing of the loop. Intrusive: adding and removing never allocate and never fail.
 *
 * The wheel (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987) makes add and remove of a far timer a list
 * operation; a slot whose time has come is poured into the heap (Fredman et al., "The Pairing Heap", 1986), which orders by
 * (deadline, sequence) exactly: no timer fires early, equal deadlines fire in the order in which they were added.
 *
 * A timer may also be added by its delay alone, without asking the clock: it waits among the fresh ones until the clock is read for whatever
 * reason, at the latest when the turn ends, and counts from then. That is never early, and a timer that is cancelled at once, as most
 * timeouts are, costs two list operations. */
#ifndef EDDYI_TIMERS_H
#define EDDYI_TIMERS_H

#include "core/base/list.h"

enum {
    EDDYI_WHEEL_LEVELS = 8,
    EDDYI_WHEEL_SLOTS = 64,
    EDDYI_TICK_SHIFT = 20
}; /* a tick is 2^20 ns; 8 levels cover 2^64 ns */

typedef struct eddyi_timer eddyi_timer;
struct eddyi_timer {
    union {
        eddyi_list link; /* in a slot of the wheel */
        struct {
            eddyi_timer *sibling,
                *previous; /* in the heap; previous: left sibling, or parent of a first child */
        } heap;
    } in;
    eddyi_timer *child;
    uint64_t deadline; /* nanoseconds of the loop's clock; fresh: the delay */
    uint64_t sequence;
    void (*fire)(eddyi_timer *); /* the timer is out of the structure when this runs */
    uint16_t place;              /* EDDYI_TIMER_IDLE, EDDYI_TIMER_HEAP, or slot number */
};

enum { EDDYI_TIMER_IDLE = 0xffff, EDDYI_TIMER_HEAP = 0xfffe, EDDYI_TIMER_FRESH = 0xfffd };

/* How long after their deadlines timers fired. */
typedef struct eddyi_lateness {
    uint64_t count;
    uint64_t last_ns, max_ns, total_ns; /* last: of the most late one, when some fired last */
} eddyi_lateness;

typedef struct eddyi_timers {
    eddyi_timer *heap;
    uint64_t current; /* tick: every timer of the wheel is later, every timer of the heap is not */
    uint64_t sequence;
    size_t count;
    uint64_t occupied[EDDYI_WHEEL_LEVELS]; /* a bit per slot that is not empty */
    eddyi_lateness lateness;
    eddyi_list fresh; /* added by delay, in order, not yet settled */
    eddyi_list slots[EDDYI_WHEEL_LEVELS * EDDYI_WHEEL_SLOTS];
} eddyi_timers;

void eddyi_timers_init(eddyi_timers *, uint64_t now);
static inline void eddyi_timer_init(eddyi_timer *timer, void (*fire)(eddyi_timer *))
{
    timer->fire = fire;
    timer->place = EDDYI_TIMER_IDLE;
}
static inline bool eddyi_timer_pending(const eddyi_timer *timer)
{
    return timer->place != EDDYI_TIMER_IDLE;
}
void eddyi_timers_add(eddyi_timers *, eddyi_timer *, uint64_t deadline); /* must be idle */
/* Must be idle. */
static inline void eddyi_timers_add_fresh(eddyi_timers *timers, eddyi_timer *timer, uint64_t delay)
{
    timer->place = EDDYI_TIMER_FRESH;
    timer->deadline = delay;
    timers->count++;
    eddyi_list_append(&timers->fresh, &timer->in.link);
}
void eddyi_timers_settle(eddyi_timers *, uint64_t now); /* the fresh ones count from now */
static inline bool eddyi_timers_have_fresh(const eddyi_timers *timers)
{
    return !eddyi_list_empty(&timers->fresh);
}
void eddyi_timers_remove_settled(eddyi_timers *, eddyi_timer *);
/* Idle ones are left alone. */
static inline void eddyi_timers_remove(eddyi_timers *timers, eddyi_timer *timer)
{
    if (timer->place != EDDYI_TIMER_FRESH) {
        eddyi_timers_remove_settled(timers, timer);
        return;
    }
    eddyi_list_remove(&timer->in.link);
    timer->place = EDDYI_TIMER_IDLE;
    timers->count--;
}
/* Take out and fire every timer with deadline <= now, in order. */
void eddyi_timers_fire(eddyi_timers *, uint64_t now);
/* A time at or before the first deadline, exact when it is near; UINT64_MAX when there is none. */
uint64_t eddyi_timers_next(eddyi_timers *);

#endif
