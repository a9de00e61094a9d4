/* timers.c: a hierarchical wheel for far timers over a pairing heap for near ones; see timers.h for the sources.
 * Touches its own structure only. Every timer of the wheel is due in a later tick than `current`, every one of the heap is not. */
#include "core/base/timers.h"

#include <assert.h>

#include "core/base/calls.h"

enum { SLOT_BITS = 6 };

/* ---- the heap ---- */

static bool before(const eddyi_timer *a, const eddyi_timer *b)
{
    return a->deadline < b->deadline || (a->deadline == b->deadline && a->sequence < b->sequence);
}

/* Join two heaps whose roots have no siblings. */
static eddyi_timer *meld(eddyi_timer *a, eddyi_timer *b)
{
    if (a == NULL)
        return b;
    if (b == NULL)
        return a;
    if (before(b, a)) {
        eddyi_timer *swap = a;
        a = b;
        b = swap;
    }
    b->in.heap.sibling = a->child;
    if (a->child != NULL)
        a->child->in.heap.previous = b;
    b->in.heap.previous = a;
    a->child = b;
    return a;
}

/* Join the children of a removed root: pairs from left to right, then all from right to left. */
static eddyi_timer *meld_children(eddyi_timer *first)
{
    eddyi_timer *pairs = NULL;
    eddyi_timer *root = NULL;
    while (first != NULL) {
        eddyi_timer *a = first;
        eddyi_timer *b = a->in.heap.sibling;
        first = b != NULL ? b->in.heap.sibling : NULL;
        a->in.heap.sibling = NULL;
        if (b != NULL)
            b->in.heap.sibling = NULL;
        a = meld(a, b);
        a->in.heap.sibling = pairs;
        pairs = a;
    }
    while (pairs != NULL) {
        eddyi_timer *next = pairs->in.heap.sibling;
        pairs->in.heap.sibling = NULL;
        root = meld(root, pairs);
        pairs = next;
    }
    return root;
}

static void heap_add(eddyi_timers *timers, eddyi_timer *timer)
{
    timer->place = EDDYI_TIMER_HEAP;
    timer->child = NULL;
    timer->in.heap.sibling = NULL;
    timer->in.heap.previous = NULL;
    timers->heap = meld(timers->heap, timer);
}

static void heap_remove(eddyi_timers *timers, eddyi_timer *timer)
{
    eddyi_timer *children = meld_children(timer->child);
    if (timer == timers->heap) {
        timers->heap = children;
        if (children != NULL)
            children->in.heap.previous = NULL;
        return;
    }
    eddyi_timer *left = timer->in.heap.previous;
    eddyi_timer *right = timer->in.heap.sibling;
    if (left->child == timer)
        left->child = right;
    else
        left->in.heap.sibling = right;
    if (right != NULL)
        right->in.heap.previous = left;
    timers->heap = meld(timers->heap, children);
}

/* ---- the wheel ---- */

static void place(eddyi_timers *timers, eddyi_timer *timer)
{
    uint64_t tick = timer->deadline >> EDDYI_TICK_SHIFT;
    unsigned level = 0;
    if (tick <= timers->current) {
        heap_add(timers, timer);
        return;
    }
    /* The level is the highest group of six bits in which the tick differs from the current one. */
    for (uint64_t rest = (tick ^ timers->current) >> SLOT_BITS; rest != 0; rest >>= SLOT_BITS)
        level++;
    unsigned index = (unsigned)(tick >> (level * SLOT_BITS)) & (EDDYI_WHEEL_SLOTS - 1);
    timers->occupied[level] |= UINT64_C(1) << index;
    timer->place = (uint16_t)(level * EDDYI_WHEEL_SLOTS + index);
    eddyi_list_append(&timers->slots[timer->place], &timer->in.link);
}

static unsigned lowest_bit(uint64_t bits)
{
    unsigned index = 0;
    for (unsigned half = 32; half != 0; half /= 2)
        if ((bits & ((UINT64_C(1) << half) - 1)) == 0) {
            bits >>= half;
            index += half;
        }
    return index;
}

/* The first slot that is not empty, and the tick at which it begins. False: the wheel is empty.
 * All slots of a lower level come before all of a higher one, since they share the current upper groups. */
static bool first_slot(const eddyi_timers *timers, unsigned *slot, uint64_t *tick)
{
    for (unsigned level = 0; level < EDDYI_WHEEL_LEVELS; level++) {
        uint64_t occupied = timers->occupied[level];
        if (occupied == 0)
            continue;
        unsigned index = lowest_bit(occupied);
        unsigned shift = level * SLOT_BITS;
        uint64_t group = UINT64_C(63) << shift;
        uint64_t lower = (UINT64_C(1) << shift) - 1;
        *slot = level * EDDYI_WHEEL_SLOTS + index;
        *tick = (timers->current & ~(group | lower)) | ((uint64_t)index << shift);
        return true;
    }
    return false;
}

/* Make `tick`, where that slot begins, the current one: its timers go to the heap or to lower levels. */
static void pour(eddyi_timers *timers, unsigned slot, uint64_t tick)
{
    eddyi_list *list = &timers->slots[slot];
    eddyi_list taken;
    eddyi_list *link;
    eddyi_list_init(&taken);
    eddyi_list_move_all(&taken, list);
    timers->occupied[slot / EDDYI_WHEEL_SLOTS] &= ~(UINT64_C(1) << (slot % EDDYI_WHEEL_SLOTS));
    timers->current = tick;
    while ((link = eddyi_list_take(&taken)) != NULL)
        place(timers, EDDYI_LIST_ITEM(link, eddyi_timer, in.link));
}

static void advance(eddyi_timers *timers, uint64_t now)
{
    uint64_t now_tick = now >> EDDYI_TICK_SHIFT;
    unsigned slot;
    uint64_t tick;
    while (first_slot(timers, &slot, &tick) && tick <= now_tick)
        pour(timers, slot, tick);
    if (now_tick > timers->current)
        timers->current = now_tick;
}

/* ---- what the loop uses ---- */

void eddyi_timers_init(eddyi_timers *timers, uint64_t now)
{
    timers->heap = NULL;
    timers->current = now >> EDDYI_TICK_SHIFT;
    timers->sequence = 0;
    timers->count = 0;
    timers->lateness = (eddyi_lateness){0};
    eddyi_list_init(&timers->fresh);
    for (unsigned level = 0; level < EDDYI_WHEEL_LEVELS; level++)
        timers->occupied[level] = 0;
    for (unsigned slot = 0; slot < EDDYI_WHEEL_LEVELS * EDDYI_WHEEL_SLOTS; slot++)
        eddyi_list_init(&timers->slots[slot]);
}

void eddyi_timers_add(eddyi_timers *timers, eddyi_timer *timer, uint64_t deadline)
{
    assert(timer->place == EDDYI_TIMER_IDLE);
    timer->deadline = deadline;
    timer->sequence = timers->sequence++;
    timers->count++;
    place(timers, timer);
}

void eddyi_timers_settle(eddyi_timers *timers, uint64_t now)
{
    eddyi_list *link;
    while ((link = eddyi_list_take(&timers->fresh)) != NULL) {
        eddyi_timer *timer = EDDYI_LIST_ITEM(link, eddyi_timer, in.link);
        uint64_t delay = timer->deadline;
        timer->place = EDDYI_TIMER_IDLE;
        timers->count--;
        eddyi_timers_add(timers, timer, delay > UINT64_MAX - now ? UINT64_MAX : now + delay);
    }
}

void eddyi_timers_remove_settled(eddyi_timers *timers, eddyi_timer *timer)
{
    if (timer->place == EDDYI_TIMER_IDLE)
        return;
    if (timer->place == EDDYI_TIMER_HEAP) {
        heap_remove(timers, timer);
    } else {
        eddyi_list_remove(&timer->in.link);
        if (eddyi_list_empty(&timers->slots[timer->place]))
            timers->occupied[timer->place / EDDYI_WHEEL_SLOTS] &=
                ~(UINT64_C(1) << (timer->place % EDDYI_WHEEL_SLOTS));
    }
    timer->place = EDDYI_TIMER_IDLE;
    timers->count--;
}

/* The first one that fires is the most late. */
static void note_latest(eddyi_lateness *lateness, uint64_t late)
{
    lateness->last_ns = late;
    if (late > lateness->max_ns)
        lateness->max_ns = late;
}

void eddyi_timers_fire(eddyi_timers *timers, uint64_t now)
{
    eddyi_timers_settle(timers, now);
    advance(timers, now);
    if (EDDYI_METRICS && timers->heap != NULL && timers->heap->deadline <= now)
        note_latest(&timers->lateness, now - timers->heap->deadline);
    while (timers->heap != NULL && timers->heap->deadline <= now) {
        eddyi_timer *timer = timers->heap;
        eddyi_count(&timers->lateness.count, 1);
        eddyi_count(&timers->lateness.total_ns, now - timer->deadline);
        heap_remove(timers, timer);
        timer->place = EDDYI_TIMER_IDLE;
        timers->count--;
        timer->fire(timer);
    }
}

uint64_t eddyi_timers_next(eddyi_timers *timers)
{
    unsigned slot;
    uint64_t tick;
    /* A slot of the lowest level is at most 64 ticks away: pour it early and know the deadline exactly. */
    while (timers->heap == NULL && first_slot(timers, &slot, &tick)) {
        if (slot >= EDDYI_WHEEL_SLOTS)
            return tick << EDDYI_TICK_SHIFT;
        pour(timers, slot, tick);
    }
    return timers->heap != NULL ? timers->heap->deadline : UINT64_MAX;
}
