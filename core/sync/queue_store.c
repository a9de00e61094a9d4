/* queue_store.c: the memory of a queue: how it grows, and the heap of a priority queue.
 * Touches memory.h. No item costs an allocation: one block doubles up to the limit, and a block that cannot grow stays as it is. */
#include "core/sync/queue.h"

enum { FIRST_BYTES = 256 };

static size_t next_capacity(const eddy_queue *queue, size_t size)
{
    size_t wanted = FIRST_BYTES / size;
    if (queue->capacity != 0)
        wanted = queue->capacity <= SIZE_MAX / 2 ? queue->capacity * 2 : SIZE_MAX;
    if (wanted == 0)
        wanted = 1;
    return wanted < queue->limit ? wanted : queue->limit;
}

int eddyi_queue_grow(eddy_queue *queue)
{
    size_t bytes, size = eddyi_queue_slot_size(queue), capacity = next_capacity(queue, size);
    if (eddyi_queue_is_full(queue))
        return EDDY_EQUEUEFULL;
    if (!eddyi_multiply(&bytes, capacity, size))
        return EDDY_ENOMEM;
    char *items = eddyi_reallocate(&queue->allocator, queue->items, bytes);
    if (items == NULL)
        return EDDY_ENOMEM;
    if (queue->head != 0) { /* a full ring whose first items lie at the end: they move to the new end */
        size_t first = queue->capacity - queue->head;
        memmove(items + (capacity - first) * size, items + queue->head * size, first * size);
        queue->head = capacity - first;
    }
    queue->items = items;
    queue->capacity = capacity;
    return 0;
}

/* ---- the heap ----
 * After CPython's heapq, so that equal items come out as they do there: on the way out the hole goes down to a leaf along the
 * smaller children, and the last item rises from there. Every index is bounded whatever `less` answers. */

static bool before(const eddy_queue *queue, const void *a, const void *b)
{
    const void *left = a, *right = b;
    if (queue->item_size == 0) {
        memcpy(&left, a, sizeof left);
        memcpy(&right, b, sizeof right);
    }
    return queue->less(left, right, queue->less_arg) != 0;
}

/* Fill the hole with `item`, after moving down the parents that come after it. */
static void rise(eddy_queue *queue, size_t hole, const void *item, size_t size)
{
    while (hole > 0) {
        size_t parent = (hole - 1) / 2;
        if (!before(queue, item, queue->items + parent * size))
            break;
        eddyi_queue_copy(queue->items + hole * size, queue->items + parent * size, size);
        hole = parent;
    }
    eddyi_queue_copy(queue->items + hole * size, item, size);
}

static size_t sink_to_leaf(eddy_queue *queue, size_t count, size_t size)
{
    size_t hole = 0, child = 1;
    while (child < count) {
        char *left = queue->items + child * size;
        if (child + 1 < count && !before(queue, left, left + size))
            child++;
        eddyi_queue_copy(queue->items + hole * size, queue->items + child * size, size);
        hole = child;
        child = 2 * hole + 1;
    }
    return hole;
}

int eddyi_queue_heap_push(eddy_queue *queue, const void *item, size_t size)
{
    if (queue->comparing)
        return EDDY_EBUSY;
    queue->comparing = true;
    rise(queue, queue->count, item, size);
    queue->comparing = false;
    queue->count++;
    return 0;
}

int eddyi_queue_heap_pop(eddy_queue *queue, void *item, size_t size)
{
    if (queue->comparing)
        return EDDY_EBUSY;
    size_t count = --queue->count;
    eddyi_queue_copy(item, queue->items, size);
    if (count > 0) { /* the last item keeps its place behind the heap until the hole is found */
        queue->comparing = true;
        rise(queue, sink_to_leaf(queue, count, size), queue->items + count * size, size);
        queue->comparing = false;
    }
    return 0;
}
