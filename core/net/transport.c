/* transport.c: the life of a transport and what it tells its protocol, in order. Rule numbers I1-I7 are those of asyncio's inventory.
 * Touches channel.h. connection_lost is called exactly once, through the loop, also when the loop closes. */
#include "core/net/secure.h"
#include "core/net/server_inside.h"
#include "core/net/transport_inside.h"

static const eddyi_channel_kind transport_kind;
static void transport_run(eddyi_node *node);

int eddyi_transport_create(eddy_loop *loop, eddy_transport **out, eddy_fd fd, eddyi_marks marks)
{
    eddy_transport *transport = eddyi_allocate_zero(&loop->allocator, sizeof *transport);
    if (transport == NULL)
        return EDDY_ENOMEM;
    transport->channel.loop = loop;
    int rc = eddyi_transport_prepare_reading(transport);
    if (rc == 0)
        rc = eddyi_channel_open(&transport->channel, loop, &transport_kind, fd, EDDYI_STREAM, marks);
    if (rc < 0) {
        eddyi_transport_end_reading(transport);
        eddyi_release(&loop->allocator, transport);
        return rc;
    }
    transport->references = 1;
    eddyi_list_init(&transport->drainers);
    eddyi_node_init(&transport->node, transport_run);
    eddyi_loop_object_add(loop);
    *out = transport;
    return 0;
}

static eddy_transport *transport_of(eddyi_channel *channel)
{
    return EDDYI_CONTAINER(channel, eddy_transport, channel);
}

/* ---- references ---- */

eddy_transport *eddy_transport_retain(eddy_transport *transport)
{
    if (transport != NULL)
        transport->references++;
    return transport;
}

void eddy_transport_release(eddy_transport *transport)
{
    if (transport == NULL || --transport->references != 0)
        return;
    eddy_loop *loop = transport->channel.loop;
    eddyi_transport_end_reading(transport);
    eddyi_secure_free(&transport->channel);
    eddyi_release(&loop->allocator, transport);
    eddyi_loop_object_remove(loop);
}

void eddyi_transport_let_go(void *transport)
{
    eddy_transport_release(transport);
}

/* ---- telling ---- */

void eddyi_transport_queue(eddy_transport *transport)
{
    if (eddyi_list_empty(&transport->node.link))
        eddyi_ready_push(transport->channel.loop, &transport->node);
}

void eddyi_transport_fatal(eddy_transport *transport, int code, const char *message)
{
    eddy_exception_context context = {.size = sizeof context, .message = message, .exception = code};
    eddy_loop_call_exception_handler(transport->channel.loop, &context);
    eddyi_channel_fail(&transport->channel, code, 0);
}

/* The protocol of a server's connection is made when it is this connection's turn, for a factory is user code. */
static bool has_protocol(eddy_transport *transport)
{
    eddyi_channel *channel = &transport->channel;
    if (transport->protocol != NULL)
        return true;
    if (channel->server == NULL || channel->state != EDDYI_CHANNEL_OPEN)
        return false;
    int rc = eddyi_server_make_protocol(channel->server, &transport->protocol);
    if (rc >= 0 && transport->protocol != NULL)
        return true;
    eddyi_transport_fatal(transport, rc < 0 ? rc : EDDY_EINVAL, eddyi_set_up_failed);
    return false;
}

static void tell_made(eddy_transport *transport)
{
    transport->made = true;
    if (transport->protocol->type->connection_made != NULL)
        transport->protocol->type->connection_made(transport->protocol, transport);
    eddyi_transport_start_reading(transport);
}

static void tell_resumed(eddy_transport *transport)
{
    transport->resume_due = false;
    if (!transport->writing_paused || transport->channel.state == EDDYI_CHANNEL_CLOSED)
        return;
    transport->writing_paused = false;
    if (transport->protocol->type->resume_writing != NULL)
        transport->protocol->type->resume_writing(transport->protocol);
}

/* The end of a stream, a close and an abort of ours are no errors. */
static int reason(const eddy_transport *transport)
{
    return transport->channel.error == EDDY_ECLOSED ? 0 : transport->channel.error;
}

static void tell_lost(eddy_transport *transport)
{
    if (transport->lost_told)
        return;
    transport->lost_told = true;
    if (transport->channel.error != 0) /* with TLS's reason, for who looks at the last error */
        (void)eddyi_channel_tell(&transport->channel, "connection_lost");
    if (transport->protocol != NULL && transport->protocol->type->connection_lost != NULL)
        transport->protocol->type->connection_lost(transport->protocol, reason(transport));
    eddy_transport_release(transport);
}

static void tell(eddy_transport *transport)
{
    if (!has_protocol(transport))
        return;
    if (!transport->made)
        tell_made(transport);
    if (transport->resume_due)
        tell_resumed(transport);
    if (transport->readable)
        eddyi_transport_read(transport);
}

/* Closed in the middle of it, the node is queued again. */
static void transport_run(eddyi_node *node)
{
    eddy_transport *transport = EDDYI_CONTAINER(node, eddy_transport, node);
    if (transport->channel.loop->closed)
        return;
    eddy_transport_retain(transport);
    if (transport->channel.state == EDDYI_CHANNEL_CLOSED)
        tell_lost(transport);
    else
        tell(transport);
    eddy_transport_release(transport);
}

/* ---- what the channel tells: through the queue ---- */

static void on_low(eddyi_channel *channel)
{
    eddy_transport *transport = transport_of(channel);
    eddyi_stream_wake_all(&transport->drainers, 0);
    if (!transport->writing_paused)
        return;
    transport->resume_due = true;
    eddyi_transport_queue(transport);
}

static void on_readable(eddyi_channel *channel)
{
    eddy_transport *transport = transport_of(channel);
    transport->readable = eddyi_tls_has_input(channel->secure->tls);
    eddyi_transport_queue(transport);
}

static void on_closing(eddyi_channel *channel)
{
    eddyi_stream_wake_all(&transport_of(channel)->drainers,
                          channel->error != 0 ? channel->error : EDDY_ECLOSED);
    eddyi_transport_stop_reading(transport_of(channel));
}

static void on_shut(eddyi_channel *channel)
{
    eddy_transport *transport = transport_of(channel);
    if (channel->descriptor.reader == &transport->receive)
        (void)eddyi_io_revoke(channel->loop, &transport->receive);
}

/* A protocol is freed in connection_lost, so it is called even when the loop closes. */
static void on_closed(eddyi_channel *channel)
{
    eddy_transport *transport = transport_of(channel);
    if (!channel->loop->closing) {
        eddyi_transport_queue(transport);
        return;
    }
    eddyi_ready_remove(channel->loop, &transport->node);
    if (channel->error == 0)
        channel->error = EDDY_ECANCELED; /* the loop's end is not the protocol's wish */
    tell_lost(transport);
}

static const eddyi_channel_kind transport_kind = {
    on_low,    on_readable,         on_closing,          on_shut,
    on_closed, eddyi_channel_close, eddyi_channel_abort, "transport"};

void eddy_transport_close(eddy_transport *transport)
{
    if (transport != NULL)
        eddyi_channel_close(&transport->channel);
}

void eddy_transport_abort(eddy_transport *transport)
{
    if (transport != NULL)
        eddyi_channel_abort(&transport->channel);
}

bool eddy_transport_is_closing(const eddy_transport *transport)
{
    return transport == NULL || transport->channel.state != EDDYI_CHANNEL_OPEN;
}

/* ---- protocols ---- */

int eddy_transport_set_protocol(eddy_transport *transport, eddy_protocol *protocol)
{
    if (transport == NULL || protocol == NULL || protocol->type == NULL)
        return eddyi_fail(EDDY_EINVAL, "set_protocol");
    if (transport->lost_told)
        return eddyi_fail(EDDY_ECLOSED, "set_protocol");
    transport->protocol = protocol;
    return 0;
}

eddy_protocol *eddy_transport_get_protocol(const eddy_transport *transport)
{
    return transport != NULL ? transport->protocol : NULL;
}

/* ---- writing ---- */

static void pause_above_the_mark(eddy_transport *transport)
{
    const eddyi_channel *channel = &transport->channel;
    if (transport->writing_paused || eddyi_channel_unsent(channel) <= channel->high_water)
        return;
    transport->writing_paused = true;
    if (transport->protocol != NULL && transport->protocol->type->pause_writing != NULL)
        transport->protocol->type->pause_writing(transport->protocol);
}

static int write_buffers(eddy_transport *transport, const eddyi_buffer *buffers, size_t count)
{
    eddyi_channel *channel = &transport->channel;
    if (channel->error != 0)
        return eddyi_channel_tell(channel, "write");
    if (channel->state != EDDYI_CHANNEL_OPEN || channel->eof_wanted)
        return eddyi_fail(EDDY_ECLOSED, "write");
    if (channel->file_op != NULL) /* 16.3 */
        return eddyi_fail(EDDY_EBUSY, "write");
    int rc = eddyi_channel_write(channel, buffers, count, "write");
    pause_above_the_mark(transport);
    return rc;
}

int eddy_transport_write(eddy_transport *transport, const void *data, size_t size)
{
    eddyi_buffer buffer = {(void *)(uintptr_t)data, size};
    if (transport == NULL || (data == NULL && size > 0))
        return eddyi_fail(EDDY_EINVAL, "write");
    return write_buffers(transport, &buffer, 1);
}

int eddy_transport_writelines(eddy_transport *transport, const eddy_view *pieces, size_t count)
{
    if (transport == NULL || (pieces == NULL && count > 0))
        return eddyi_fail(EDDY_EINVAL, "writelines");
    for (size_t i = 0; i < count; i++)
        if (pieces[i].data == NULL && pieces[i].size > 0)
            return eddyi_fail(EDDY_EINVAL, "writelines");
    return write_buffers(transport, (const eddyi_buffer *)(const void *)pieces, count);
}

int eddy_transport_write_eof(eddy_transport *transport)
{
    if (transport == NULL)
        return eddyi_fail(EDDY_EINVAL, "write_eof");
    if (!eddy_transport_can_write_eof(transport)) /* C5 */
        return eddyi_fail(EDDY_EOPNOTSUPP, "write_eof");
    if (transport->channel.file_op != NULL)
        return eddyi_fail(EDDY_EBUSY, "write_eof");
    if (transport->channel.state == EDDYI_CHANNEL_OPEN)
        eddyi_channel_write_eof(&transport->channel);
    return 0;
}

bool eddy_transport_can_write_eof(const eddy_transport *transport)
{
    return transport != NULL && transport->channel.secure == NULL;
}

int eddyi_marks_complete(size_t *high, size_t *low)
{
    enum { DEFAULT_HIGH = 64 * 1024 };
    if (*high == SIZE_MAX && *low != SIZE_MAX && !eddyi_multiply(high, *low, 4))
        return EDDY_EINVAL;
    if (*high == SIZE_MAX)
        *high = DEFAULT_HIGH;
    if (*low == SIZE_MAX)
        *low = *high / 4;
    return *low <= *high ? 0 : EDDY_EINVAL;
}

int eddy_transport_set_write_buffer_limits(eddy_transport *transport, size_t high, size_t low)
{
    int rc = transport == NULL ? EDDY_EINVAL : eddyi_marks_complete(&high, &low);
    if (rc < 0)
        return eddyi_fail(rc, "set_write_buffer_limits");
    transport->channel.high_water = high;
    transport->channel.low_water = low;
    pause_above_the_mark(transport);
    return 0;
}

void eddy_transport_get_write_buffer_limits(const eddy_transport *transport, size_t *low, size_t *high)
{
    if (transport == NULL)
        return;
    if (low != NULL)
        *low = transport->channel.low_water;
    if (high != NULL)
        *high = transport->channel.high_water;
}

size_t eddy_transport_get_write_buffer_size(const eddy_transport *transport)
{
    return transport != NULL ? eddyi_channel_unsent(&transport->channel) : 0;
}

/* ---- what is known of it ---- */

int eddy_transport_peer_name(const eddy_transport *transport, char *text, size_t size)
{
    return eddyi_channel_name(transport != NULL ? &transport->channel : NULL, true, text, size);
}

int eddy_transport_local_name(const eddy_transport *transport, char *text, size_t size)
{
    return eddyi_channel_name(transport != NULL ? &transport->channel : NULL, false, text, size);
}

eddy_fd eddy_transport_fileno(const eddy_transport *transport)
{
    return transport != NULL ? transport->channel.descriptor.fd : -1;
}

eddy_loop *eddy_transport_get_loop(const eddy_transport *transport)
{
    return transport != NULL ? transport->channel.loop : NULL;
}
