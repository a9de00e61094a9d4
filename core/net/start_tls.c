/* start_tls.c: TLS over a connection that began without. Rule numbers are those of asyncio's inventory.
 * Touches secure.h, streams and transports. What was received before belongs to TLS or to nobody: never to both. */
#include "core/net/secure.h"
#include "core/net/stream_inside.h"
#include "core/net/transport_inside.h"

static const char operation[] = "start_tls";
static const char injected[] = "data came before TLS, and is not protected by it";

static eddyi_secure_settings settings_of(eddy_tls_context *context, const eddy_tls_options *options)
{
    eddyi_secure_settings settings = {.context = context};
    if (options != NULL) {
        settings.server_hostname = options->server_hostname;
        settings.handshake_timeout = options->handshake_timeout;
        settings.shutdown_timeout = options->shutdown_timeout;
        settings.session = options->session;
    }
    return settings;
}

static int check(const eddyi_channel *channel, eddy_tls_context *context,
                 const eddyi_secure_settings *settings)
{
    if (context == NULL)
        return eddyi_fail(eddyi_tls_available() ? EDDY_EINVAL : EDDY_ENOSYS, operation);
    int rc = eddyi_secure_check(settings, eddyi_tls_is_server(context));
    if (rc < 0)
        return eddyi_fail(rc, operation);
    if (channel->error != 0)
        return eddyi_channel_tell(channel, operation);
    if (channel->state != EDDYI_CHANNEL_OPEN || channel->eof_wanted)
        return eddyi_fail(EDDY_ECLOSED, operation);
    if (channel->secure != NULL || channel->way != EDDYI_WAY_SOCKET) /* TLS over TLS, over one direction */
        return eddyi_fail(EDDY_EOPNOTSUPP, operation);
    return 0;
}

/* ---- streams ---- */

/* C9 for a server: what was read already is the client's first words of TLS, or garbage to it. A client's server has nothing to say between its
 * consent and its answer to our first words, so whatever is there was put there by somebody else (as in CVE-2011-0411). */
static int hand_over(eddy_stream *stream, bool server_side)
{
    eddyi_bytes *incoming = &stream->incoming;
    size_t lent = stream->lent_out;
    stream->lent_out = 0;
    stream->searched = 0;
    if (lent > 0)
        eddyi_bytes_consume(&stream->channel.loop->allocator, incoming, lent);
    size_t there = eddyi_bytes_size(incoming);
    if (there > 0 && !server_side)
        return eddyi_fail_because(EDDY_EPROTO, 0, operation, injected);
    if (there == 0)
        return 0;
    int rc = eddyi_secure_take(&stream->channel, incoming->data + incoming->start, there);
    eddyi_bytes_consume(&stream->channel.loop->allocator, incoming, there);
    return rc < 0 ? eddyi_fail(rc, operation) : 0;
}

/* TLS has begun: from here on a failure ends the connection. */
static int upgrade(eddy_stream *stream, bool server_side)
{
    int rc = hand_over(stream, server_side);
    return rc < 0 ? rc : eddyi_secure_await(&stream->channel, stream, eddyi_stream_let_go, operation);
}

int eddy_stream_start_tls(eddy_stream *stream, eddy_tls_context *context, const eddy_tls_options *options)
{
    eddyi_secure_settings settings = settings_of(context, options);
    if (stream == NULL)
        return eddyi_fail(EDDY_EINVAL, operation);
    if (eddyi_current_task() == NULL)
        return eddyi_fail(EDDY_ENOTASK, operation);
    int rc = check(&stream->channel, context, &settings);
    if (rc < 0)
        return rc;
    if (stream->channel.reading)
        return eddyi_fail(EDDY_EBUSY, operation);
    if (stream->ended)
        return eddyi_fail(EDDY_ECLOSED, operation);
    rc = eddyi_secure_start(&stream->channel, &settings);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    eddy_stream_retain(stream);
    rc = upgrade(stream, eddyi_tls_is_server(context));
    if (rc < 0 && !eddy_stream_is_closing(stream))
        eddy_stream_abort(stream);
    eddy_stream_release(stream);
    return rc;
}

const eddy_tls_object *eddy_stream_ssl_object(const eddy_stream *stream)
{
    return stream != NULL && stream->channel.secure != NULL ? stream->channel.secure->tls : NULL;
}

/* ---- transports ---- */

/* What a completion backend has received and nobody was told of. */
static int take_received(eddy_transport *transport)
{
    eddyi_received *own = transport->own;
    size_t got = transport->readable && own != NULL ? own->got : 0;
    transport->readable = false;
    if (got == 0)
        return 0;
    own->got = 0;
    return eddyi_secure_take(&transport->channel, own->data, got);
}

static int upgrade_transport(eddy_transport *transport)
{
    eddyi_transport_stop_reading(transport);
    int rc = take_received(transport);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    return eddyi_secure_await(&transport->channel, transport, eddyi_transport_let_go, operation);
}

int eddy_loop_start_tls(eddy_loop *loop, eddy_transport *transport, eddy_protocol *protocol,
                        eddy_tls_context *context, const eddy_tls_options *options)
{
    eddyi_secure_settings settings = settings_of(context, options);
    if (loop == NULL || transport == NULL || (protocol != NULL && protocol->type == NULL))
        return eddyi_fail(EDDY_EINVAL, operation);
    if (eddyi_current_task() == NULL)
        return eddyi_fail(EDDY_ENOTASK, operation);
    if (transport->channel.loop != loop || eddyi_current_task()->future.loop != loop)
        return eddyi_fail(EDDY_EWRONGLOOP, operation);
    int rc = check(&transport->channel, context, &settings);
    if (rc < 0)
        return rc;
    if (!transport->teller.made || transport->ended)
        return eddyi_fail(EDDY_ECLOSED, operation);
    rc = eddyi_secure_start(&transport->channel, &settings);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    eddy_transport_retain(transport);
    rc = upgrade_transport(transport);
    if (rc < 0 && !eddy_transport_is_closing(transport))
        eddy_transport_abort(transport);
    else if (rc == 0 && protocol != NULL)
        transport->protocol = protocol;
    if (rc == 0)
        eddyi_transport_start_reading(transport);
    eddy_transport_release(transport);
    return rc;
}

const eddy_tls_object *eddy_transport_ssl_object(const eddy_transport *transport)
{
    return transport != NULL && transport->channel.secure != NULL ? transport->channel.secure->tls : NULL;
}
