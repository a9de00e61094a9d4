/* queue.c: queues: made, asked, shut down, given back.
 * Touches the store and wakes those who wait. A queue is whole before any code of the user runs, which may use the queue itself. */
#include "core/sync/queue_wait.h"

void eddy_queue_options_init(eddy_queue_options *options)
{
    if (options != NULL)
        *options = (eddy_queue_options){.size = sizeof *options};
}

/* ---- making and giving back ---- */

static bool options_usable(const eddy_queue_options *options)
{
    switch (options->kind) {
    case EDDY_QUEUE_FIFO:
    case EDDY_QUEUE_LIFO:
        break;
    case EDDY_QUEUE_PRIORITY:
        if (options->less == NULL)
            return false;
        break;
    default:
        return false;
    }
    return options->size >= sizeof options->size;
}

int eddy_queue_create(eddy_queue **out, const eddy_queue_options *options)
{
    static const eddy_queue_options defaults = {.size = sizeof defaults};
    const eddy_loop *loop = eddy_get_running_loop();
    const eddy_allocator *allocator = loop != NULL ? &loop->allocator : eddyi_default_allocator();
    if (options == NULL)
        options = &defaults;
    if (out == NULL || !options_usable(options))
        return eddyi_fail(EDDY_EINVAL, "queue");
    eddy_queue *queue = eddyi_allocate_zero(allocator, sizeof *queue);
    if (queue == NULL)
        return eddyi_fail(EDDY_ENOMEM, "queue");
    queue->limit = options->maxsize != 0 ? options->maxsize : SIZE_MAX;
    queue->item_size = options->item_size;
    queue->kind = (uint8_t)options->kind;
    queue->references = 1;
    queue->less = options->less;
    queue->less_arg = options->less_arg;
    queue->item_release = options->item_release;
    queue->allocator = *allocator;
    eddyi_list_init(&queue->getters);
    eddyi_list_init(&queue->putters);
    eddyi_list_init(&queue->joiners);
    *out = queue;
    return 0;
}

eddy_queue *eddy_queue_retain(eddy_queue *queue)
{
    if (queue != NULL)
        queue->references++;
    return queue;
}

/* ---- throwing items away ---- */

/* The store holds still meanwhile: the queue is shut, so nothing is put, and it counts as empty. */
static void release_items(eddy_queue *queue, size_t count)
{
    size_t size = eddyi_queue_slot_size(queue), at = queue->head;
    for (; queue->item_release != NULL && count > 0; count--) {
        void *item = queue->items + at * size;
        if (queue->item_size == 0)
            memcpy(&item, queue->items + at * size, sizeof item);
        at = at + 1 == queue->capacity ? 0 : at + 1;
        queue->item_release(item);
    }
}

/* Q5: never below 0, for task_done may have been called too early. */
static void forget_items(eddy_queue *queue)
{
    queue->unfinished -= queue->unfinished < queue->count ? queue->unfinished : queue->count;
    queue->count = 0;
    if (queue->unfinished == 0)
        eddyi_queue_wake_all(&queue->joiners);
}

/* Q4, Q5 */
static void close_queue(eddy_queue *queue, bool immediate)
{
    size_t thrown_away = immediate ? queue->count : 0;
    queue->shut = true;
    if (immediate)
        forget_items(queue);
    eddyi_queue_wake_all(&queue->getters);
    eddyi_queue_wake_all(&queue->putters);
    release_items(queue, thrown_away);
}

int eddy_queue_shutdown(eddy_queue *queue, bool immediate)
{
    if (queue == NULL)
        return eddyi_fail(EDDY_EINVAL, "shutdown");
    if (immediate && queue->comparing)
        return eddyi_fail(EDDY_EBUSY, "shutdown");
    queue->references++; /* item_release may give back the caller's */
    close_queue(queue, immediate);
    eddy_queue_release(queue);
    return 0;
}

void eddyi_queue_free(eddy_queue *queue)
{
    eddy_allocator allocator = queue->allocator;
    eddyi_release(&allocator, queue->items);
    eddyi_release(&allocator, queue);
}

/* Nobody can put any more, so those who wait would wait for ever: they are sent away, and the last one of them frees it. */
void eddy_queue_release(eddy_queue *queue)
{
    if (queue == NULL || --queue->references != 0)
        return;
    queue->references = 1; /* item_release may take one for a while */
    close_queue(queue, true);
    if (--queue->references != 0)
        return;
    eddyi_queue_wake_all(&queue->joiners);
    if (queue->waiting == 0)
        eddyi_queue_free(queue);
}

/* ---- counting ---- */

size_t eddy_queue_qsize(const eddy_queue *queue)
{
    return queue != NULL ? queue->count : 0;
}

bool eddy_queue_empty(const eddy_queue *queue)
{
    return queue == NULL || queue->count == 0;
}

bool eddy_queue_full(const eddy_queue *queue)
{
    return queue != NULL && eddyi_queue_is_full(queue);
}

size_t eddy_queue_maxsize(const eddy_queue *queue)
{
    return queue != NULL && queue->limit != SIZE_MAX ? queue->limit : 0;
}

int eddy_queue_task_done(eddy_queue *queue)
{
    if (queue == NULL)
        return eddyi_fail(EDDY_EINVAL, "task_done");
    if (queue->unfinished == 0)
        return eddyi_fail(EDDY_EINVALIDSTATE, "task_done");
    if (--queue->unfinished == 0)
        eddyi_queue_wake_all(&queue->joiners);
    return 0;
}
