/* transport.c: the life of a transport and what it tells its protocol, in order. Rule numbers I1-I7 are those of asyncio's inventory.
 * Touches channel.h. connection_lost is called exactly once, through the loop, also when the loop closes. */
#include "core/net/secure.h"
#include "core/net/server_inside.h"
#include "core/net/transport_inside.h"

static const eddyi_channel_kind transport_kind;
static const eddyi_teller_kind teller_kind;

int eddyi_transport_create(eddy_loop *loop, eddy_transport **out, eddy_fd fd,
                           const eddyi_channel_settings *settings)
{
    eddy_transport *transport = eddyi_allocate_zero(&loop->allocator, sizeof *transport);
    if (transport == NULL)
        return EDDY_ENOMEM;
    transport->channel.loop = loop;
    int rc = eddyi_transport_prepare_reading(transport, settings->way);
    if (rc == 0)
        rc = eddyi_channel_open(&transport->channel, loop, &transport_kind, fd, settings);
    if (rc < 0) {
        eddyi_transport_end_reading(transport);
        eddyi_release(&loop->allocator, transport);
        return rc;
    }
    transport->channel.received.fn = eddyi_transport_received;
    eddyi_list_init(&transport->drainers);
    eddyi_teller_init(&transport->teller, loop, &teller_kind);
    eddyi_loop_object_add(loop);
    *out = transport;
    return 0;
}

void eddyi_transport_discard(eddy_transport *transport)
{
    transport->teller.lost = true;
    eddyi_channel_abort(&transport->channel);
}

static eddy_transport *transport_of(eddyi_channel *channel)
{
    return EDDYI_CONTAINER(channel, eddy_transport, channel);
}

static eddy_transport *owner_of(eddyi_teller *teller)
{
    return EDDYI_CONTAINER(teller, eddy_transport, teller);
}

/* ---- references ---- */

eddy_transport *eddy_transport_retain(eddy_transport *transport)
{
    if (transport != NULL)
        eddyi_teller_retain(&transport->teller);
    return transport;
}

void eddy_transport_release(eddy_transport *transport)
{
    if (transport != NULL)
        eddyi_teller_release(&transport->teller);
}

static void free_transport(eddyi_teller *teller)
{
    eddy_transport *transport = owner_of(teller);
    eddy_loop *loop = teller->loop;
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
    transport->teller.made = true;
    if (transport->protocol->type->connection_made != NULL)
        transport->protocol->type->connection_made(transport->protocol, transport);
    eddyi_pipe_watch_reader(&transport->channel);
    eddyi_transport_start_reading(transport);
}

static void tell_paused(eddyi_teller *teller)
{
    eddy_protocol *protocol = owner_of(teller)->protocol;
    if (protocol != NULL && protocol->type->pause_writing != NULL)
        protocol->type->pause_writing(protocol);
}

static void tell_resumed(eddyi_teller *teller)
{
    eddy_protocol *protocol = owner_of(teller)->protocol;
    if (protocol->type->resume_writing != NULL)
        protocol->type->resume_writing(protocol);
}

/* The end of a stream, a close and an abort of ours are no errors. */
static int reason(const eddyi_channel *channel)
{
    return channel->error == EDDY_ECLOSED || channel->lost_nothing ? 0 : channel->error;
}

static void tell_lost(eddyi_teller *teller)
{
    eddy_transport *transport = owner_of(teller);
    eddy_protocol *protocol = transport->protocol;
    eddyi_list_remove(&transport->channel.closable.link);
    if (transport->channel.error != 0) /* with TLS's reason, for who looks at the last error */
        (void)eddyi_channel_tell(&transport->channel, "connection_lost");
    if (protocol != NULL && protocol->type->connection_lost != NULL)
        protocol->type->connection_lost(protocol, reason(&transport->channel));
}

static void tell(eddyi_teller *teller)
{
    eddy_transport *transport = owner_of(teller);
    if (!has_protocol(transport))
        return;
    if (!teller->made)
        tell_made(transport);
    eddyi_teller_tell_resumed(teller);
    if (transport->readable)
        eddyi_transport_read(transport);
}

static const eddyi_teller_kind teller_kind = {tell, tell_lost, tell_paused, tell_resumed, free_transport};

/* ---- what the channel tells: through the queue ---- */

static void on_low(eddyi_channel *channel)
{
    eddy_transport *transport = transport_of(channel);
    eddyi_stream_wake_all(&transport->drainers, 0);
    eddyi_teller_resume(&transport->teller);
}

static void on_readable(eddyi_channel *channel)
{
    eddy_transport *transport = transport_of(channel);
    transport->readable = eddyi_tls_has_input(channel->secure->tls);
    eddyi_teller_queue(&transport->teller);
}

static void on_closing(eddyi_channel *channel)
{
    eddyi_stream_wake_all(&transport_of(channel)->drainers,
                          channel->error != 0 ? channel->error : EDDY_ECLOSED);
    eddyi_transport_stop_reading(transport_of(channel));
}

static void on_shut(eddyi_channel *channel)
{
    if (channel->descriptor.reader == &channel->receive)
        (void)eddyi_io_revoke(channel->loop, &channel->receive);
}

static void lose_now(eddyi_closable *closable)
{
    eddyi_teller_lose(&EDDYI_CONTAINER(closable, eddy_transport, channel.closable)->teller);
}

/* A protocol is freed in connection_lost, so it is called even when the loop closes. */
static void on_closed(eddyi_channel *channel)
{
    eddy_transport *transport = transport_of(channel);
    if (transport->teller.lost) { /* discarded */
        eddy_transport_release(transport);
        return;
    }
    if (channel->cut_off && channel->error == 0)
        channel->error = EDDY_ECANCELED; /* the loop's end is not the protocol's wish */
    channel->closable.shut = lose_now;
    eddyi_teller_end(&transport->teller, &channel->closable);
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
    int rc = eddyi_teller_check_protocol(transport != NULL ? &transport->teller : NULL,
                                         protocol != NULL ? protocol->type : NULL);
    if (rc == 0 && transport->protocol_is_eddys)
        rc = eddyi_fail(EDDY_EOPNOTSUPP, "set_protocol");
    if (rc == 0)
        transport->protocol = protocol;
    return rc;
}

eddy_protocol *eddy_transport_get_protocol(const eddy_transport *transport)
{
    return transport != NULL ? transport->protocol : NULL;
}

/* ---- writing ---- */

static void pause_above_the_mark(eddy_transport *transport)
{
    const eddyi_channel *channel = &transport->channel;
    eddyi_teller_pause_above(&transport->teller, eddyi_channel_unsent(channel), channel->marks.high_water);
}

static int write_buffers(eddy_transport *transport, const eddyi_buffer *buffers, size_t count)
{
    eddyi_channel *channel = &transport->channel;
    if (!eddyi_channel_is_written(channel))
        return eddyi_fail(EDDY_EOPNOTSUPP, "write");
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
    return transport != NULL && transport->channel.secure == NULL &&
           eddyi_channel_is_written(&transport->channel);
}

int eddy_transport_set_write_buffer_limits(eddy_transport *transport, size_t high, size_t low)
{
    int rc = eddyi_marks_set(transport != NULL ? &transport->channel.marks : NULL, high, low);
    if (rc == 0)
        pause_above_the_mark(transport);
    return rc;
}

void eddy_transport_get_write_buffer_limits(const eddy_transport *transport, size_t *low, size_t *high)
{
    if (transport != NULL)
        eddyi_marks_get(&transport->channel.marks, low, high);
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
