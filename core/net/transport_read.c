/* transport_read.c: from the descriptor to the protocol. Rule numbers are those of asyncio's inventory.
 * Touches io.c. One read a turn, then back to the loop (I2). Where the backend tries first, an idle connection lends no memory: the op waits
 * for the descriptor to be readable, and the read goes into memory that all transports of the loop share, or into the protocol's own. */
#include <string.h>

#include "core/net/secure.h"
#include "core/net/transport_inside.h"

enum { SHARED_SIZE = 64 * 1024 };

static bool tries_first(const eddy_transport *transport)
{
    return (transport->channel.loop->ops->caps & EDDYI_CAP_TRY_FIRST) != 0;
}

/* ---- what reading needs ---- */

int eddyi_transport_prepare_reading(eddy_transport *transport, enum eddyi_channel_way way)
{
    eddy_loop *loop = transport->channel.loop;
    if (way == EDDYI_WAY_WRITE_PIPE)
        return 0;
    if (!tries_first(transport)) {
        eddyi_received *own = eddyi_allocate(&loop->allocator, sizeof *own);
        if (own == NULL)
            return EDDY_ENOMEM;
        own->buffer = (eddyi_buffer){own->data, sizeof own->data};
        own->got = 0;
        transport->own = own;
        return 0;
    }
    if (loop->received == NULL)
        loop->received = eddyi_allocate(&loop->allocator, SHARED_SIZE);
    return loop->received != NULL ? 0 : EDDY_ENOMEM;
}

void eddyi_transport_end_reading(eddy_transport *transport)
{
    eddyi_release(&transport->channel.loop->allocator, transport->own);
    transport->own = NULL;
}

/* ---- the op ---- */

static bool wants_to_read(const eddy_transport *transport)
{
    return transport->teller.made && !transport->paused && !transport->ended &&
           transport->channel.state == EDDYI_CHANNEL_OPEN && transport->channel.way != EDDYI_WAY_WRITE_PIPE &&
           !eddyi_secure_is_shaking(&transport->channel);
}

static bool is_end(const eddyi_channel *channel, int64_t value)
{
    return value == 0 || (value == EDDY_EIO && channel->terminal);
}

static uint8_t receive_kind(const eddyi_channel *channel)
{
    return channel->way == EDDYI_WAY_SOCKET ? EDDYI_RECV : EDDYI_READ;
}

/* The op has ended: what it brought is told when it is the node's turn. */
static void ended(eddy_transport *transport, const eddyi_result *result)
{
    eddyi_channel *channel = &transport->channel;
    channel->reading = false;
    if (channel->state != EDDYI_CHANNEL_OPEN) {
        eddyi_channel_try_finish(channel);
    } else if (channel->secure != NULL) { /* TLS began over it */
        eddyi_secure_received(channel, result, transport->own != NULL ? transport->own->data : NULL);
    } else if (result->value == EDDY_ECANCELED) {
        eddyi_transport_start_reading(transport); /* resumed before the cancel came back; or still paused */
    } else if (result->value < 0 && !is_end(channel, result->value)) {
        eddyi_channel_fail(channel, (int)result->value, result->os_error);
    } else {
        transport->readable = true;
        if (transport->own != NULL)
            transport->own->got = result->value > 0 ? (size_t)result->value : 0;
        eddyi_teller_queue(&transport->teller);
    }
}

void eddyi_transport_received(eddyi_completion *completion, const eddyi_result *result)
{
    ended(EDDYI_CONTAINER(completion, eddy_transport, channel.received), result);
}

void eddyi_transport_start_reading(eddy_transport *transport)
{
    eddyi_result now;
    eddyi_channel *channel = &transport->channel;
    if (!wants_to_read(transport))
        return;
    if (channel->secure != NULL && !transport->readable)
        transport->readable = eddyi_secure_fill(channel);
    if (transport->readable)
        eddyi_teller_queue(&transport->teller);
    if (transport->readable || channel->secure != NULL || channel->reading)
        return;
    bool poll = tries_first(transport);
    eddyi_op_set(&channel->receive, &channel->descriptor, poll ? EDDYI_POLL : receive_kind(channel),
                 poll ? NULL : &transport->own->buffer, poll ? 0 : 1, &channel->received);
    channel->reading = true;
    if (eddyi_io_submit(channel->loop, &channel->receive, &now) == EDDYI_DONE)
        ended(transport, &now);
}

void eddyi_transport_stop_reading(eddy_transport *transport)
{
    eddyi_result now;
    eddyi_channel *channel = &transport->channel;
    if (channel->reading && channel->way != EDDYI_WAY_WRITE_PIPE && /* there it watches for the reader */
        channel->descriptor.reader == &channel->receive &&
        eddyi_io_cancel(channel->loop, &channel->receive, &now) == EDDYI_DONE)
        channel->reading = false;
}

/* ---- delivering ---- */

static void tell_end(eddy_transport *transport)
{
    int (*eof_received)(eddy_protocol *) = transport->protocol->type->eof_received;
    transport->ended = true;
    transport->readable = false;
    int stay = eof_received != NULL ? eof_received(transport->protocol) : 0;
    if (stay < 0)
        eddyi_transport_fatal(transport, stay, "Fatal error: protocol.eof_received() call failed.");
    else if (stay == 0 || transport->channel.secure != NULL ||
             transport->channel.way != EDDYI_WAY_SOCKET) /* I4, C5 */
        eddyi_channel_close(&transport->channel);
}

static bool ask_buffer(eddy_transport *transport, eddyi_buffer *buffer)
{
    *buffer = (eddyi_buffer){0};
    int rc = transport->protocol->type->get_buffer(transport->protocol, &buffer->data, &buffer->size);
    if (rc >= 0 && buffer->data != NULL && buffer->size > 0)
        return true;
    eddyi_transport_fatal(transport, rc < 0 ? rc : EDDY_EINVAL,
                          "Fatal error: protocol.get_buffer() call failed.");
    return false;
}

static bool tell_updated(eddy_transport *transport, size_t size)
{
    int (*buffer_updated)(eddy_protocol *, size_t) = transport->protocol->type->buffer_updated;
    int rc = buffer_updated != NULL ? buffer_updated(transport->protocol, size) : 0;
    if (rc < 0)
        eddyi_transport_fatal(transport, rc, "Fatal error: protocol.buffer_updated() call failed.");
    return rc >= 0;
}

static bool tell_data(eddy_transport *transport, const void *data, size_t size)
{
    int (*data_received)(eddy_protocol *, const void *, size_t) = transport->protocol->type->data_received;
    int rc = data_received != NULL ? data_received(transport->protocol, data, size) : 0;
    if (rc < 0)
        eddyi_transport_fatal(transport, rc, "Fatal error: protocol.data_received() call failed.");
    return rc >= 0;
}

static bool is_buffered(const eddy_transport *transport)
{
    return transport->protocol->type->get_buffer != NULL;
}

/* From the transport's own memory; a buffered protocol gets it in pieces, and may pause or close in between. */
static void deliver_own(eddy_transport *transport)
{
    const char *data = transport->own->data;
    size_t size = transport->own->got, given = 0;
    transport->readable = false;
    if (size == 0) {
        tell_end(transport);
        return;
    }
    if (!is_buffered(transport)) {
        (void)tell_data(transport, data, size);
    } else {
        eddyi_buffer room;
        while (given < size && !eddy_transport_is_closing(transport) && ask_buffer(transport, &room)) {
            size_t piece = room.size < size - given ? room.size : size - given;
            memcpy(room.data, data + given, piece);
            given += piece;
            if (!tell_updated(transport, piece))
                break;
        }
    }
    eddyi_transport_start_reading(transport);
}

/* The descriptor is readable: one receive, and what it means. */
static void receive_now(eddy_transport *transport)
{
    eddyi_result now;
    eddyi_channel *channel = &transport->channel;
    eddyi_buffer room = {channel->loop->received, SHARED_SIZE};
    if (is_buffered(transport) && !ask_buffer(transport, &room))
        return;
    if (!wants_to_read(transport)) /* get_buffer paused or closed */
        return;
    eddyi_op op = {.descriptor = &channel->descriptor,
                   .kind = receive_kind(channel),
                   .offset = UINT64_MAX,
                   .buffers = &room,
                   .buffer_count = 1};
    if (eddyi_io_submit(channel->loop, &op, &now) == EDDYI_PENDING)
        (void)eddyi_io_cancel(channel->loop, &op, &now); /* nothing is there after all: taken back in place */
    transport->readable = now.value > 0 && (size_t)now.value == room.size;
    if (is_end(channel, now.value)) {
        tell_end(transport);
        return;
    }
    if (now.value < 0 && now.value != EDDY_ECANCELED) {
        eddyi_channel_fail(channel, (int)now.value, now.os_error);
        return;
    }
    if (now.value > 0 && is_buffered(transport))
        (void)tell_updated(transport, (size_t)now.value);
    else if (now.value > 0)
        (void)tell_data(transport, room.data, (size_t)now.value);
    eddyi_transport_start_reading(transport);
}

/* One record at most. C6: paused, nothing is decrypted, and what is received meanwhile is one receive. */
static void decrypt_now(eddy_transport *transport)
{
    eddyi_channel *channel = &transport->channel;
    eddyi_buffer room = {channel->loop->received, SHARED_SIZE};
    if (!tries_first(transport))
        room = transport->own->buffer;
    if (is_buffered(transport) && !ask_buffer(transport, &room))
        return;
    if (!wants_to_read(transport)) /* get_buffer paused or closed */
        return;
    int64_t value = eddyi_secure_read(channel, room.data, room.size);
    transport->readable = value > 0 && eddyi_tls_has_input(channel->secure->tls);
    if (value == 0)
        tell_end(transport);
    else if (value > 0 && is_buffered(transport))
        (void)tell_updated(transport, (size_t)value);
    else if (value > 0)
        (void)tell_data(transport, room.data, (size_t)value);
    eddyi_transport_start_reading(transport);
}

void eddyi_transport_read(eddy_transport *transport)
{
    if (!wants_to_read(transport))
        return;
    if (transport->channel.secure != NULL)
        decrypt_now(transport);
    else if (tries_first(transport))
        receive_now(transport);
    else
        deliver_own(transport);
}

/* ---- pausing ---- */

bool eddy_transport_is_reading(const eddy_transport *transport)
{
    return transport != NULL && !transport->paused && transport->channel.state == EDDYI_CHANNEL_OPEN &&
           transport->channel.way != EDDYI_WAY_WRITE_PIPE;
}

void eddy_transport_pause_reading(eddy_transport *transport)
{
    if (transport == NULL || transport->paused)
        return;
    transport->paused = true;
    eddyi_transport_stop_reading(transport);
}

void eddy_transport_resume_reading(eddy_transport *transport)
{
    if (transport == NULL || !transport->paused)
        return;
    transport->paused = false;
    eddyi_transport_start_reading(transport);
}
