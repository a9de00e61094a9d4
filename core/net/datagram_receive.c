/* datagram_receive.c: from the socket to the protocol.
 * Touches io.c. One batch a turn, then back to the loop (U6 of the faults). Where the backend tries first, an idle socket lends no memory: the op
 * waits for it to be readable, and the batch goes into memory that all sockets of the loop share. */
#include "core/net/datagram_transport_inside.h"

/* Each datagram's room begins at another offset of a page, so that small ones do not all meet in the same lines of the cache. */
enum { ROOM = 65536, SKEW = 320, SHARED_SIZE = EDDYI_MOST_AT_ONCE * (ROOM + SKEW), GATHERED = 16 * 1024 };

static bool tries_first(const eddy_datagram_transport *transport)
{
    return (transport->endpoint.loop->ops->caps & EDDYI_CAP_TRY_FIRST) != 0;
}

static void receive_completed(eddyi_completion *completion, const eddyi_result *result);

/* ---- what receiving needs ---- */

int eddyi_datagram_prepare_receiving(eddy_datagram_transport *transport)
{
    eddy_loop *loop = transport->endpoint.loop;
    transport->received.fn = receive_completed;
    if (!tries_first(transport)) {
        transport->buffer = (eddyi_buffer){eddyi_allocate(&loop->allocator, ROOM), ROOM};
        return transport->buffer.data != NULL ? 0 : EDDY_ENOMEM;
    }
    if (loop->datagrams == NULL)
        loop->datagrams = eddyi_allocate(&loop->allocator, SHARED_SIZE);
    return loop->datagrams != NULL ? 0 : EDDY_ENOMEM;
}

void eddyi_datagram_end_receiving(eddy_datagram_transport *transport)
{
    eddyi_release(&transport->endpoint.loop->allocator, transport->buffer.data);
    transport->buffer.data = NULL;
}

/* ---- the op ---- */

/* Nothing can be received on it any more; any other error is told and the socket lives on. */
static bool is_fatal(int error)
{
    return error == EDDY_EBADF || error == EDDY_ENOTSOCK || error == EDDY_EINVAL || error == EDDY_ENOSYS;
}

static void failed(eddy_datagram_transport *transport, int error)
{
    if (is_fatal(error)) {
        eddyi_endpoint_fail(&transport->endpoint, error);
        return;
    }
    transport->receive_error = error;
    eddyi_teller_queue(&transport->teller);
}

/* The op has ended: what it brought is told when it is the node's turn. */
static void ended(eddy_datagram_transport *transport, const eddyi_result *result)
{
    eddyi_endpoint *endpoint = &transport->endpoint;
    endpoint->reading = false;
    if (endpoint->state != EDDYI_ENDPOINT_OPEN) {
        eddyi_endpoint_try_finish(endpoint);
    } else if (result->value < 0) {
        failed(transport, (int)result->value);
    } else {
        transport->readable = true;
        transport->got = (size_t)result->value;
        eddyi_teller_queue(&transport->teller);
    }
}

static void receive_completed(eddyi_completion *completion, const eddyi_result *result)
{
    ended(EDDYI_CONTAINER(completion, eddy_datagram_transport, received), result);
}

void eddyi_datagram_start_receiving(eddy_datagram_transport *transport)
{
    eddyi_result now;
    eddyi_endpoint *endpoint = &transport->endpoint;
    if (!transport->teller.made || endpoint->state != EDDYI_ENDPOINT_OPEN || endpoint->reading)
        return;
    if (transport->readable || transport->receive_error != 0) {
        eddyi_teller_queue(&transport->teller);
        return;
    }
    bool poll = tries_first(transport);
    eddyi_op_set(&transport->receive, &endpoint->descriptor, poll ? EDDYI_POLL : EDDYI_RECVFROM,
                 &transport->buffer, poll ? 0 : 1, &transport->received);
    transport->receive.address = poll ? NULL : &transport->from;
    endpoint->reading = true;
    if (eddyi_io_submit(endpoint->loop, &transport->receive, &now) == EDDYI_DONE)
        ended(transport, &now);
}

void eddyi_datagram_stop_receiving(eddy_datagram_transport *transport)
{
    eddyi_result now;
    eddyi_endpoint *endpoint = &transport->endpoint;
    if (endpoint->reading && eddyi_io_cancel(endpoint->loop, &transport->receive, &now) == EDDYI_DONE)
        endpoint->reading = false;
}

/* ---- delivering ---- */

void eddyi_datagram_tell_error(eddy_datagram_transport *transport, int error)
{
    if (transport->protocol->type->error_received != NULL)
        transport->protocol->type->error_received(transport->protocol, error);
}

/* U2 of the faults: one that was cut is no datagram. */
static void tell_datagram(eddy_datagram_transport *transport, const eddyi_buffer *buffer, size_t length,
                          const eddyi_address *from)
{
    const eddy_datagram_protocol_type *type = transport->protocol->type;
    if (length > buffer->size)
        eddyi_datagram_tell_error(transport, EDDY_EMSGSIZE);
    else if (type->datagram_received != NULL)
        type->datagram_received(transport->protocol, buffer->data, length, from);
}

/* What is answered meanwhile goes together. */
static void deliver(eddy_datagram_transport *transport, const eddyi_buffer *buffers, const uint32_t *lengths,
                    const eddyi_address *from, size_t count)
{
    size_t most = transport->marks.high_water < GATHERED ? transport->marks.high_water : GATHERED;
    transport->outbox.gathering = count > 1 ? most : 0;
    for (size_t i = 0; i < count && transport->endpoint.state == EDDYI_ENDPOINT_OPEN; i++)
        tell_datagram(transport, &buffers[i], lengths[i], &from[i]);
    transport->outbox.gathering = 0;
    if (count > 1)
        eddyi_outbox_flush(&transport->outbox);
}

static uint32_t divide_shared(const eddy_datagram_transport *transport, eddyi_buffer *buffers)
{
    char *shared = transport->endpoint.loop->datagrams;
    if (transport->one_at_a_time) {
        buffers[0] = (eddyi_buffer){shared, SHARED_SIZE};
        return 1;
    }
    for (size_t i = 0; i < EDDYI_MOST_AT_ONCE; i++)
        buffers[i] = (eddyi_buffer){shared + i * (ROOM + SKEW), ROOM};
    return EDDYI_MOST_AT_ONCE;
}

static void receive_batch(eddy_datagram_transport *transport)
{
    eddyi_result now;
    eddyi_buffer buffers[EDDYI_MOST_AT_ONCE];
    eddyi_address from[EDDYI_MOST_AT_ONCE];
    uint32_t lengths[EDDYI_MOST_AT_ONCE];
    eddyi_endpoint *endpoint = &transport->endpoint;
    eddyi_op op = {.descriptor = &endpoint->descriptor,
                   .kind = EDDYI_RECVFROM,
                   .flags = EDDYI_MANY,
                   .buffers = buffers,
                   .buffer_count = divide_shared(transport, buffers),
                   .address = from,
                   .lengths = lengths};
    if (eddyi_io_submit(endpoint->loop, &op, &now) == EDDYI_PENDING)
        (void)eddyi_io_cancel(endpoint->loop, &op,
                              &now); /* nothing is there after all: taken back in place */
    transport->readable = now.value == op.buffer_count;
    if (now.value > 0)
        deliver(transport, buffers, lengths, from, (size_t)now.value);
    else if (now.value != EDDY_ECANCELED)
        failed(transport, (int)now.value);
}

static void deliver_own(eddy_datagram_transport *transport)
{
    uint32_t length = (uint32_t)transport->got;
    transport->readable = false;
    deliver(transport, &transport->buffer, &length, &transport->from, 1);
}

void eddyi_datagram_receive_some(eddy_datagram_transport *transport)
{
    if (transport->endpoint.state != EDDYI_ENDPOINT_OPEN)
        return;
    if (tries_first(transport))
        receive_batch(transport);
    else
        deliver_own(transport);
    eddyi_datagram_start_receiving(transport);
}
