/* queue.h: the inside of queues: what is kept, and how one item goes in and out.
 * Touches task.h. An item is in the store exactly from the put that succeeded to the get, or the throwing away, that took it. */
#ifndef EDDYI_QUEUE_H
#define EDDYI_QUEUE_H

#include <string.h>

#include <eddy/queue.h>
#include "core/task/task.h"

struct eddy_queue {
    /* FIFO: a ring; LIFO: an array, last at the end; priority: a binary heap. The last two begin at 0. */
    char *items;
    size_t head, count, capacity; /* in items; capacity <= limit, and it never shrinks */
    size_t limit;                 /* maxsize; SIZE_MAX: none */
    size_t item_size;             /* of a copied item; 0: pointers */
    uint8_t kind;
    bool shut;
    bool comparing;     /* `less` runs: nothing may go in or out */
    eddyi_list getters; /* queue_wait.link, in order of arrival (Q2) */
    eddyi_list putters; /* not yet woken, as all three */
    eddyi_list joiners;
    uint64_t unfinished; /* puts that no task_done and no throwing away has answered yet */
    eddy_loop *loop;     /* of those who wait; means something while `waiting` is not 0 (HZ35) */
    uint32_t waiting;    /* tasks inside a wait, woken or not: each keeps the queue alive */
    uint32_t references;
    eddy_queue_less_fn less;
    void *less_arg;
    eddy_callback_fn item_release;
    eddy_allocator allocator;
};

bool eddyi_queue_grow(eddy_queue *queue); /* false: no memory, and all is as before */
/* The order of equal items is that of Python's heapq. EDDY_EBUSY: `less` runs. */
int eddyi_queue_heap_push(eddy_queue *queue, const void *item, size_t size);
int eddyi_queue_heap_pop(eddy_queue *queue, void *item, size_t size);
void eddyi_queue_destroy(eddy_queue *queue);

static inline size_t eddyi_queue_slot_size(const eddy_queue *queue)
{
    return queue->item_size != 0 ? queue->item_size : sizeof(void *);
}

static inline bool eddyi_queue_is_full(const eddy_queue *queue)
{
    return queue->count >= queue->limit;
}

/* Copy an item in. There is room by the limit. `size` is a constant where items are pointers. */
static inline int eddyi_queue_insert(eddy_queue *queue, const void *item, size_t size)
{
    if (queue->count == queue->capacity && !eddyi_queue_grow(queue))
        return EDDY_ENOMEM;
    if (queue->kind == EDDY_QUEUE_PRIORITY)
        return eddyi_queue_heap_push(queue, item, size);
    size_t at = queue->head + queue->count;
    if (at >= queue->capacity)
        at -= queue->capacity;
    memcpy(queue->items + at * size, item, size);
    queue->count++;
    return 0;
}

/* Copy an item out. There is one. */
static inline int eddyi_queue_remove(eddy_queue *queue, void *item, size_t size)
{
    size_t at = queue->head;
    if (queue->kind == EDDY_QUEUE_PRIORITY)
        return eddyi_queue_heap_pop(queue, item, size);
    queue->count--;
    if (queue->kind == EDDY_QUEUE_FIFO)
        queue->head = at + 1 == queue->capacity ? 0 : at + 1;
    else
        at = queue->count;
    memcpy(item, queue->items + at * size, size);
    return 0;
}

/* Whoever was the last to need the queue ends it. */
static inline void eddyi_queue_let_go(eddy_queue *queue)
{
    if (queue->references == 0 && queue->waiting == 0)
        eddyi_queue_destroy(queue);
}

#endif
