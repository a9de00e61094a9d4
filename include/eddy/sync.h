/* sync.h: what tasks of one loop coordinate with: lock, event, condition, semaphore, bounded semaphore, barrier.
 * asyncio's. Structs are yours, anywhere; all zero, the INIT macro and the init function each make one; none uses the heap. */
#ifndef EDDY_SYNC_H
#define EDDY_SYNC_H

#include <eddy/config.h>
#include <eddy/error.h>

EDDY_BEGIN

/* All members are the library's own. A struct must not move while a task waits on it; it belongs to a loop while it is in use and
 * may then serve another. No call takes a time limit: that is eddy_timeout's or eddy_wait_for_call's. */
typedef struct eddy_waiters {
    void *first;
    eddy_loop *loop;
    size_t live;
} eddy_waiters;

typedef struct eddy_lock {
    eddy_waiters waiters;
    uint64_t holder;
    bool locked;
} eddy_lock;

typedef struct eddy_event {
    eddy_waiters waiters;
    bool flag;
} eddy_event;

typedef struct eddy_condition {
    eddy_waiters waiters;
    eddy_lock *shared;
    eddy_lock own;
} eddy_condition;

typedef struct eddy_semaphore {
    eddy_waiters waiters;
    int64_t value;
} eddy_semaphore;

typedef struct eddy_bounded_semaphore {
    eddy_semaphore semaphore;
    int64_t bound;
} eddy_bounded_semaphore;

typedef struct eddy_barrier {
    eddy_waiters waiters;
    int parties, count;
    int state;
} eddy_barrier;

/* clang-format off */
#define EDDY_WAITERS_INIT                  {0, 0, 0}
#define EDDY_LOCK_INIT                     {EDDY_WAITERS_INIT, 0, false}
#define EDDY_EVENT_INIT                    {EDDY_WAITERS_INIT, false}
/* lock: one that several conditions share, or NULL for a lock of its own. */
#define EDDY_CONDITION_INIT(lock)          {EDDY_WAITERS_INIT, (lock), EDDY_LOCK_INIT}
/* value: 0 or more; what acquire is told of any other is EDDY_EINVAL. */
#define EDDY_SEMAPHORE_INIT(value)         {EDDY_WAITERS_INIT, (value)}
#define EDDY_BOUNDED_SEMAPHORE_INIT(value) {EDDY_SEMAPHORE_INIT(value), (value)}
/* parties: 1 or more; what wait is told of any other, so of a struct that is all zero, is EDDY_EINVAL. */
#define EDDY_BARRIER_INIT(parties)         {EDDY_WAITERS_INIT, (parties), 0, 0}
/* clang-format on */

/* ---- lock ---- */

/**
 * Make a free lock of the struct, whatever it held.
 *
 * asyncio   Lock
 * errors    EDDY_EINVAL
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_lock_init(eddy_lock *lock);

/**
 * Take the lock; first come, first served. Not reentrant: a task that takes it twice waits for somebody else's release.
 *
 * asyncio   Lock.acquire
 * suspends  while it is taken or others wait
 * returns   0
 * errors    EDDY_ECANCELED it was not taken · EDDY_ENOTASK · EDDY_EWRONGLOOP · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_lock_acquire(eddy_lock *lock);

/**
 * Give the lock back; any task may. It is free at once, and the first that waits is woken.
 *
 * asyncio   Lock.release
 * errors    EDDY_EINVALIDSTATE not taken · EDDY_EWRONGLOOP tasks of another loop wait · EDDY_EWRONGTHREAD · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_lock_release(eddy_lock *lock);

/**
 * Whether it is taken. It is not from a release until a woken task runs, though a newcomer would wait.
 *
 * asyncio   Lock.locked
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_lock_locked(const eddy_lock *lock);

/* ---- event ---- */

/**
 * Make an event that is not set of the struct, whatever it held.
 *
 * asyncio   Event
 * errors    EDDY_EINVAL
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_event_init(eddy_event *event);

/**
 * Set it and wake all that wait, also when it is cleared before they run.
 *
 * asyncio   Event.set
 * errors    EDDY_EWRONGLOOP tasks of another loop wait · EDDY_EWRONGTHREAD · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_event_set(eddy_event *event);

/**
 * From now on wait waits.
 *
 * asyncio   Event.clear
 * errors    EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_event_clear(eddy_event *event);

/**
 * Whether it is set.
 *
 * asyncio   Event.is_set
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_event_is_set(const eddy_event *event);

/**
 * Wait until it is set.
 *
 * asyncio   Event.wait
 * suspends  while it is not set
 * returns   0
 * errors    EDDY_ECANCELED · EDDY_ENOTASK · EDDY_EWRONGLOOP · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_event_wait(eddy_event *event);

/* ---- condition ---- */

/**
 * Make a condition of the struct, whatever it held.
 *
 * asyncio   Condition
 * takes     lock: one that it shares with others and that outlives it, or NULL for a lock of its own
 * errors    EDDY_EINVAL
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_condition_init(eddy_condition *condition, eddy_lock *lock);

/**
 * Take its lock.
 *
 * asyncio   Condition.acquire
 * suspends  as eddy_lock_acquire
 * errors    as eddy_lock_acquire
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_condition_acquire(eddy_condition *condition);

/**
 * Give its lock back.
 *
 * asyncio   Condition.release
 * errors    as eddy_lock_release
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_condition_release(eddy_condition *condition);

/**
 * Whether its lock is taken.
 *
 * asyncio   Condition.locked
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_condition_locked(const eddy_condition *condition);

/**
 * Give the lock back, wait to be notified, take the lock again. It may be woken without a reason: look at what is waited for.
 *
 * asyncio   Condition.wait
 * suspends  until notified, and while the lock is taken
 * returns   0, the lock taken
 * errors    EDDY_ECANCELED, the lock taken all the same · EDDY_EINVALIDSTATE the lock is not taken by anybody · EDDY_ENOTASK ·
 *           EDDY_EWRONGLOOP · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_condition_wait(eddy_condition *condition);

/**
 * Wait until predicate(arg) is true. If it is at once, nothing is asked of the lock.
 *
 * asyncio   Condition.wait_for
 * suspends  while it is false
 * takes     predicate: called with the lock taken, but for the first time; must not await
 * returns   0, it is true and the lock is taken
 * errors    as eddy_condition_wait
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_condition_wait_for(eddy_condition *condition, bool (*predicate)(void *), void *arg);

/**
 * Wake the first `count` that wait. They go on once they have the lock, which this call keeps.
 *
 * asyncio   Condition.notify
 * errors    EDDY_EINVALIDSTATE the lock is not taken by anybody · EDDY_EWRONGLOOP tasks of another loop wait · EDDY_EWRONGTHREAD ·
 *           EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_condition_notify(eddy_condition *condition, size_t count);

/**
 * Wake all that wait.
 *
 * asyncio   Condition.notify_all
 * errors    as eddy_condition_notify
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_condition_notify_all(eddy_condition *condition);

/* ---- semaphore ---- */

/**
 * Make a semaphore of the struct, whatever it held.
 *
 * asyncio   Semaphore
 * takes     value: how many may have it at a time, 0 or more
 * errors    EDDY_EINVAL
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_semaphore_init(eddy_semaphore *semaphore, int value);

/**
 * Take one; first come, first served.
 *
 * asyncio   Semaphore.acquire
 * suspends  while eddy_semaphore_locked
 * returns   0
 * errors    EDDY_ECANCELED none was taken · EDDY_ENOTASK · EDDY_EWRONGLOOP · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_semaphore_acquire(eddy_semaphore *semaphore);

/**
 * Give one back, or one more than there were: there is no upper bound.
 *
 * asyncio   Semaphore.release
 * errors    EDDY_EWRONGLOOP tasks of another loop wait · EDDY_EWRONGTHREAD · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_semaphore_release(eddy_semaphore *semaphore);

/**
 * Whether acquire would wait: none is left, or others wait.
 *
 * asyncio   Semaphore.locked
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_semaphore_locked(const eddy_semaphore *semaphore);

/**
 * Make a semaphore that never has more than it began with of the struct, whatever it held.
 *
 * asyncio   BoundedSemaphore
 * takes     value: how many may have it at a time, 0 or more
 * errors    EDDY_EINVAL
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_bounded_semaphore_init(eddy_bounded_semaphore *semaphore, int value);

/**
 * As eddy_semaphore_acquire.
 *
 * asyncio   BoundedSemaphore.acquire
 * suspends  while eddy_bounded_semaphore_locked
 * returns   0
 * errors    as eddy_semaphore_acquire
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_bounded_semaphore_acquire(eddy_bounded_semaphore *semaphore);

/**
 * Give one back.
 *
 * asyncio   BoundedSemaphore.release
 * errors    EDDY_EINVALIDSTATE all are back · as eddy_semaphore_release
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_bounded_semaphore_release(eddy_bounded_semaphore *semaphore);

/**
 * As eddy_semaphore_locked.
 *
 * asyncio   BoundedSemaphore.locked
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_bounded_semaphore_locked(const eddy_bounded_semaphore *semaphore);

/* ---- barrier ---- */

/**
 * Make a barrier of the struct, whatever it held.
 *
 * asyncio   Barrier
 * takes     parties: how many tasks meet, 1 or more
 * errors    EDDY_EINVAL
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_barrier_init(eddy_barrier *barrier, int parties);

/**
 * Wait until as many tasks as there are parties have come. Who comes while a round goes apart waits for the next.
 *
 * asyncio   Barrier.wait
 * suspends  until the last one comes, which does not
 * returns   how many were there already: 0 is the first, parties - 1 the last; a number that a cancelled task had is given again
 * errors    EDDY_EBROKENBARRIER aborted, or reset meanwhile · EDDY_ECANCELED it no longer counts as come · EDDY_ENOTASK ·
 *           EDDY_EWRONGLOOP · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_barrier_wait(eddy_barrier *barrier);

/**
 * Begin anew. Tasks that are inside get EDDY_EBROKENBARRIER, those that wait for the next round stay; mends a broken barrier.
 *
 * Never suspends, unlike asyncio's, whose await is for form's sake.
 *
 * asyncio   Barrier.reset
 * errors    EDDY_EWRONGLOOP tasks of another loop wait · EDDY_EWRONGTHREAD · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_barrier_reset(eddy_barrier *barrier);

/**
 * Break it until it is reset: everybody there, and everybody who comes, gets EDDY_EBROKENBARRIER. Never suspends.
 *
 * asyncio   Barrier.abort
 * errors    as eddy_barrier_reset
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_barrier_abort(eddy_barrier *barrier);

/**
 * How many tasks meet.
 *
 * asyncio   Barrier.parties
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_barrier_parties(const eddy_barrier *barrier);

/**
 * How many have come; 0 while a round goes apart.
 *
 * asyncio   Barrier.n_waiting
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_barrier_n_waiting(const eddy_barrier *barrier);

/**
 * Whether it was aborted and not reset.
 *
 * asyncio   Barrier.broken
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_barrier_broken(const eddy_barrier *barrier);

EDDY_END

#endif
