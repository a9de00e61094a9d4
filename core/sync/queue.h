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
    size_t item_size;             /* of a copied item; 0: pointers */
    uint8_t kind;
    bool shut;
    bool comparing;      /* `less` runs: nothing may go in or out */
    uint32_t references; /* users'; 0: what is left of it waits for those who wait */
    eddyi_list
        getters; /* eddyi_queue_wait.link, in order of arrival; who was woken is in none of the three (Q2) */
    eddyi_list putters;
    eddyi_list joiners;
    uint64_t unfinished; /* puts that no task_done and no throwing away has answered yet */
    eddy_loop *loop;     /* of those who wait; means something while `waiting` is not 0 (HZ35) */
    size_t waiting;      /* tasks inside a wait, woken or not */
    size_t limit;        /* maxsize; SIZE_MAX: none */
    eddy_queue_less_fn less;
    void *less_arg;
    eddy_callback_fn item_release;
    eddy_allocator allocator;
};

int eddyi_queue_grow(eddy_queue *queue); /* EDDY_EQUEUEFULL by the limit, or EDDY_ENOMEM: all is as before */
/* The order of equal items is that of Python's heapq. EDDY_EBUSY: `less` runs. */
int eddyi_queue_heap_push(eddy_queue *queue, const void *item, size_t size);
int eddyi_queue_heap_pop(eddy_queue *queue, void *item, size_t size);
void eddyi_queue_free(eddy_queue *queue); /* its items are gone, and so are those who waited */

static inline size_t eddyi_queue_slot_size(const eddy_queue *queue)
{
    return queue->item_size != 0 ? queue->item_size : sizeof(void *);
}

static inline bool eddyi_queue_is_full(const eddy_queue *queue)
{
    return queue->count >= queue->limit;
}

/* Most items are of a pointer's size, which costs no call. */
static inline void eddyi_queue_copy(void *to, const void *from, size_t size)
{
    if (size == sizeof(void *))
        memcpy(to, from, sizeof(void *));
    else
        memcpy(to, from, size);
}

/* Copy an item in, or say why not. */
static inline int eddyi_queue_insert(eddy_queue *queue, const void *item, size_t size)
{
    if (queue->count == queue->capacity) { /* also whenever the limit is reached */
        int rc = eddyi_queue_grow(queue);
        if (rc < 0)
            return rc;
    }
    if (queue->kind == EDDY_QUEUE_PRIORITY)
        return eddyi_queue_heap_push(queue, item, size);
    size_t at = queue->head + queue->count;
    if (at >= queue->capacity)
        at -= queue->capacity;
    eddyi_queue_copy(queue->items + at * size, item, size);
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
    eddyi_queue_copy(item, queue->items + at * size, size);
    return 0;
}

#endif
