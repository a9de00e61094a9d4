/* outbox.c: sending datagrams: at once, together, or when the system has room again.
 * Touches io.c. Records lie in rows of bytes, a head before each, so that keeping one costs a copy and no allocation of its own. */
#include "core/net/outbox.h"

#include <string.h>

enum { COUNTED_EACH = 8 };

typedef struct record {
    uint32_t size, address_size;
} record; /* then the address, then the data */

static void sent_completed(eddyi_completion *completion, const eddyi_result *result);

void eddyi_outbox_init(eddyi_outbox *box, eddyi_endpoint *endpoint, void (*progress)(eddyi_endpoint *),
                       void (*failed)(eddyi_endpoint *, int error))
{
    *box = (eddyi_outbox){.endpoint = endpoint, .progress = progress, .failed = failed};
    box->sent.fn = sent_completed;
}

void eddyi_outbox_free(eddyi_outbox *box)
{
    const eddy_allocator *allocator = &box->endpoint->loop->allocator;
    eddyi_bytes_free(allocator, &box->in_flight);
    eddyi_bytes_free(allocator, &box->waiting);
    box->count = box->endpoint->unsent = 0;
}

static bool tries_first(const eddyi_outbox *box)
{
    return (box->endpoint->loop->ops->caps & EDDYI_CAP_TRY_FIRST) != 0;
}

/* ---- the rows ---- */

static int keep(eddyi_outbox *box, const void *data, size_t size, const eddyi_address *to)
{
    const eddy_allocator *allocator = &box->endpoint->loop->allocator;
    record head = {(uint32_t)size, to != NULL ? to->size : 0};
    int rc = eddyi_bytes_reserve(allocator, &box->waiting, sizeof head + head.address_size + size);
    if (rc < 0)
        return rc;
    (void)eddyi_bytes_append(allocator, &box->waiting, &head, sizeof head); /* there is room */
    if (to != NULL)
        (void)eddyi_bytes_append(allocator, &box->waiting, to->bytes, to->size);
    (void)eddyi_bytes_append(allocator, &box->waiting, data, size);
    box->count++;
    box->endpoint->unsent += size + COUNTED_EACH;
    return 0;
}

/* The record at `at` of the row: where it is to go, what, and how long it is as a whole. */
static size_t look(const eddyi_bytes *row, size_t at, eddyi_buffer *buffer, eddyi_address *to)
{
    record head;
    char *here = row->data + row->start + at;
    memcpy(&head, here, sizeof head);
    to->size = head.address_size;
    memcpy(to->bytes, here + sizeof head, head.address_size);
    *buffer = (eddyi_buffer){here + sizeof head + head.address_size, head.size};
    return sizeof head + head.address_size + head.size;
}

static void begin_row(eddyi_outbox *box)
{
    if (eddyi_bytes_size(&box->in_flight) > 0)
        return;
    eddyi_bytes empty = box->in_flight;
    box->in_flight = box->waiting;
    box->waiting = empty;
}

static void drop(eddyi_outbox *box, size_t count)
{
    eddyi_buffer buffer;
    eddyi_address to;
    while (count-- > 0) {
        size_t whole = look(&box->in_flight, 0, &buffer, &to);
        box->endpoint->unsent -= buffer.size + COUNTED_EACH;
        box->count--;
        eddyi_bytes_consume(&box->endpoint->loop->allocator, &box->in_flight, whole);
    }
}

/* ---- sending ---- */

static bool went(eddyi_outbox *box, size_t count, const eddyi_result *result)
{
    drop(box, result->value < 0 ? 1 : count);
    if (result->value < 0)
        box->failed(box->endpoint, (int)result->value);
    return result->value >= 0;
}

/* Try, and take it back if it would have to wait: nothing is done then. */
static bool try_now(eddyi_outbox *box, eddyi_op *op, eddyi_result *now)
{
    eddy_loop *loop = box->endpoint->loop;
    if (eddyi_io_submit(loop, op, now) == EDDYI_PENDING)
        (void)eddyi_io_cancel(loop, op, now);
    return now->value != EDDY_ECANCELED;
}

/* The first ones of the row, in one call. False: they would have to wait. */
static bool try_together(eddyi_outbox *box, eddyi_result *now)
{
    eddyi_buffer buffers[EDDYI_MOST_AT_ONCE];
    eddyi_address to[EDDYI_MOST_AT_ONCE];
    uint32_t count = 0;
    size_t at = 0, all = eddyi_bytes_size(&box->in_flight);
    while (count < EDDYI_MOST_AT_ONCE && at < all) {
        at += look(&box->in_flight, at, &buffers[count], &to[count]);
        count++;
    }
    eddyi_op op = {.descriptor = &box->endpoint->descriptor,
                   .kind = EDDYI_SENDTO,
                   .flags = EDDYI_MANY,
                   .buffers = buffers,
                   .buffer_count = count,
                   .address = to};
    return try_now(box, &op, now);
}

/* The first one of the row. EDDYI_PENDING: it waits. */
static int submit_one(eddyi_outbox *box, eddyi_result *now)
{
    (void)look(&box->in_flight, 0, &box->buffer, &box->to);
    box->send = (eddyi_op){.descriptor = &box->endpoint->descriptor,
                           .kind = EDDYI_SENDTO,
                           .buffers = &box->buffer,
                           .buffer_count = 1,
                           .address = &box->to,
                           .waiter = &box->sent};
    return eddyi_io_submit(box->endpoint->loop, &box->send, now);
}

/* False: no more for now. */
static bool send_some(eddyi_outbox *box)
{
    eddyi_result now;
    begin_row(box);
    if (box->count > 1 && tries_first(box) && try_together(box, &now))
        return went(box, (size_t)now.value, &now);
    if (submit_one(box, &now) == EDDYI_PENDING) {
        box->endpoint->sending = true;
        return false;
    }
    return went(box, 1, &now);
}

void eddyi_outbox_flush(eddyi_outbox *box)
{
    eddyi_endpoint *endpoint = box->endpoint;
    while (!endpoint->sending && endpoint->error == 0 && box->count > 0)
        if (!send_some(box))
            break;
    if (endpoint->error == 0)
        box->progress(endpoint);
}

static void sent_completed(eddyi_completion *completion, const eddyi_result *result)
{
    eddyi_outbox *box = EDDYI_CONTAINER(completion, eddyi_outbox, sent);
    box->endpoint->sending = false;
    if (box->endpoint->error != 0) /* it only had to come back */
        eddyi_endpoint_try_finish(box->endpoint);
    else if (went(box, 1, result))
        eddyi_outbox_flush(box);
}

int eddyi_outbox_send(eddyi_outbox *box, const void *data, size_t size, const eddyi_address *to)
{
    eddyi_result now;
    eddyi_endpoint *endpoint = box->endpoint;
    bool gather = endpoint->unsent + size + COUNTED_EACH <= box->gathering;
    if (size > INT32_MAX)
        return EDDY_EMSGSIZE;
    if (box->count == 0 && !gather && tries_first(box)) {
        eddyi_buffer buffer = {(void *)(uintptr_t)data, size};
        eddyi_op op = {.descriptor = &endpoint->descriptor,
                       .kind = EDDYI_SENDTO,
                       .buffers = &buffer,
                       .buffer_count = 1,
                       .address = (eddyi_address *)(uintptr_t)to};
        if (try_now(box, &op, &now)) {
            if (now.value < 0)
                box->failed(endpoint, (int)now.value);
            return 0;
        }
    }
    int rc = keep(box, data, size, to);
    if (rc == 0 && (!gather || box->count == EDDYI_MOST_AT_ONCE))
        eddyi_outbox_flush(box);
    return rc;
}

/* ---- the end ---- */

void eddyi_outbox_take_back(eddyi_outbox *box)
{
    eddyi_result now;
    if (box->endpoint->sending && eddyi_io_cancel(box->endpoint->loop, &box->send, &now) == EDDYI_DONE)
        box->endpoint->sending = false;
}

void eddyi_outbox_shut(eddyi_outbox *box)
{
    if (box->endpoint->sending)
        (void)eddyi_io_revoke(box->endpoint->loop, &box->send);
}
