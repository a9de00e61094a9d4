/* queue.h: queues between tasks: first in first out, last first, smallest first.
 * asyncio's Queue, LifoQueue and PriorityQueue. Waiters are only woken: an item is taken by whoever looks first, and by nobody twice. */
#ifndef EDDY_QUEUE_H
#define EDDY_QUEUE_H

#include <eddy/config.h>
#include <eddy/error.h>

EDDY_BEGIN

typedef struct eddy_queue eddy_queue;

typedef enum eddy_queue_kind { EDDY_QUEUE_FIFO, EDDY_QUEUE_LIFO, EDDY_QUEUE_PRIORITY } eddy_queue_kind;

/* Not 0: a comes out before b. It gets the items: the pointers that were put, or the addresses of the copies. It must
 * neither suspend nor use the queue: that is EDDY_EBUSY. */
typedef int (*eddy_queue_less_fn)(const void *a, const void *b, void *arg);

typedef struct eddy_queue_options {
    size_t size;
    size_t maxsize; /* items; 0: no limit */
    eddy_queue_kind kind;
    size_t
        item_size; /* bytes of an item that is copied in and out; 0: items are pointers, which stay yours */
    eddy_queue_less_fn
        less; /* for EDDY_QUEUE_PRIORITY, which needs it; equal items come out in no special order */
    void *less_arg;
    eddy_callback_fn
        item_release; /* NULL, or called with each item that is thrown away and never got: the pointer,
                                      or the address of the copy, which is gone afterwards */
} eddy_queue_options;

EDDY_API void eddy_queue_options_init(eddy_queue_options *options);

/**
 * Make a queue. It is used by one loop at a time: it is bound to a loop while a task of it waits here.
 *
 * Its memory comes from the running loop's allocator, or the process's when there is no loop; it may outlive the loop.
 *
 * asyncio   Queue, LifoQueue, PriorityQueue
 * takes     options: NULL for a queue of pointers, first in first out, without limit
 * returns   0 and a reference in *out, which eddy_queue_release gives back
 * errors    EDDY_ENOMEM · EDDY_EINVAL no such kind, or a priority queue without `less`
 * thread    any
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_queue_create(eddy_queue **out, const eddy_queue_options *options);

/**
 * One more reference.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_queue *eddy_queue_retain(eddy_queue *queue);

/**
 * Give a reference back; NULL is fine. With the last one the items that are left are thrown away; tasks that wait keep the
 * queue alive until they go on.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_queue_release(eddy_queue *queue);

/**
 * Add a pointer; wait while the queue is full. A put that fails or is cancelled added nothing.
 *
 * asyncio   Queue.put
 * suspends  while it is full
 * takes     item: NULL is an item too
 * returns   0
 * errors    EDDY_EQUEUESHUTDOWN · EDDY_ECANCELED · EDDY_ENOMEM · EDDY_ENOTASK · EDDY_EWRONGLOOP tasks of another loop wait here ·
 *           EDDY_EBUSY called by `less` · EDDY_EINVAL also when items are copied here
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_queue_put(eddy_queue *queue, void *item);

/**
 * Add a pointer without waiting.
 *
 * asyncio   Queue.put_nowait
 * takes     item: NULL is an item too
 * returns   0
 * errors    EDDY_EQUEUEFULL · EDDY_EQUEUESHUTDOWN · EDDY_ENOMEM · EDDY_EBUSY · EDDY_EINVAL, as in eddy_queue_put
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_queue_put_nowait(eddy_queue *queue, void *item);

/**
 * Take the next pointer; wait while there is none. A cancelled get took nothing.
 *
 * A task that was woken looks again: when another one was quicker, it waits again, behind all others.
 *
 * asyncio   Queue.get
 * suspends  while it is empty
 * takes     item: gets the pointer
 * returns   0
 * errors    EDDY_EQUEUESHUTDOWN shut down, and empty · EDDY_ECANCELED · EDDY_ENOTASK · EDDY_EWRONGLOOP tasks of another loop
 *           wait here · EDDY_EBUSY called by `less` · EDDY_EINVAL also when items are copied here
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_queue_get(eddy_queue *queue, void **item);

/**
 * Take the next pointer without waiting.
 *
 * asyncio   Queue.get_nowait
 * takes     item: gets the pointer
 * returns   0
 * errors    EDDY_EQUEUEEMPTY · EDDY_EQUEUESHUTDOWN shut down, and empty · EDDY_EBUSY · EDDY_EINVAL, as in eddy_queue_get
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_queue_get_nowait(eddy_queue *queue, void **item);

/**
 * Add a copy of an item; wait while the queue is full. For a queue with an item_size.
 *
 * asyncio   Queue.put
 * suspends  while it is full
 * takes     item: item_size bytes, yours; they are copied when there is room, so they must stay until the call returns
 * returns   0
 * errors    as eddy_queue_put · EDDY_EINVAL also when items are pointers here
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_queue_put_copy(eddy_queue *queue, const void *item);

/**
 * Add a copy of an item without waiting.
 *
 * asyncio   Queue.put_nowait
 * takes     item: item_size bytes
 * returns   0
 * errors    as eddy_queue_put_nowait
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_queue_put_copy_nowait(eddy_queue *queue, const void *item);

/**
 * Take the next item; wait while there is none. For a queue with an item_size.
 *
 * asyncio   Queue.get
 * suspends  while it is empty
 * takes     item: item_size bytes, written on success
 * returns   0
 * errors    as eddy_queue_get · EDDY_EINVAL also when items are pointers here
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_queue_get_copy(eddy_queue *queue, void *item);

/**
 * Take the next item without waiting.
 *
 * asyncio   Queue.get_nowait
 * takes     item: item_size bytes, written on success
 * returns   0
 * errors    as eddy_queue_get_nowait
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_queue_get_copy_nowait(eddy_queue *queue, void *item);

/**
 * How many items are in it.
 *
 * asyncio   Queue.qsize
 * thread    the loop's
 * since     0.1
 */
EDDY_API size_t eddy_queue_qsize(const eddy_queue *queue);

/**
 * Whether there is no item in it.
 *
 * asyncio   Queue.empty
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_queue_empty(const eddy_queue *queue);

/**
 * Whether there is no room in it. Never true without a limit.
 *
 * asyncio   Queue.full
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_queue_full(const eddy_queue *queue);

/**
 * The limit that it was made with; 0: none.
 *
 * asyncio   Queue.maxsize
 * thread    any
 * since     0.1
 */
EDDY_API size_t eddy_queue_maxsize(const eddy_queue *queue);

/**
 * Say that one item that was got is dealt with. With the last one, those in eddy_queue_join go on.
 *
 * asyncio   Queue.task_done
 * returns   0
 * errors    EDDY_EINVALIDSTATE more often than items were put · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_queue_task_done(eddy_queue *queue);

/**
 * Wait until every item that was put is dealt with. An item counts from its put to its eddy_queue_task_done.
 *
 * asyncio   Queue.join
 * suspends  while any is not
 * returns   0
 * errors    EDDY_ECANCELED · EDDY_ENOTASK · EDDY_EWRONGLOOP tasks of another loop wait here · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_queue_join(eddy_queue *queue);

/**
 * Allow no more puts. Those that wait in put fail; get goes on until the queue is empty, then fails. May be called again.
 *
 * asyncio   Queue.shutdown
 * takes     immediate: throw away the items too; they no longer count for eddy_queue_join, those that were got still do
 * returns   0
 * errors    EDDY_EBUSY called by `less` · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_queue_shutdown(eddy_queue *queue, bool immediate);

EDDY_END

#endif
