/* feed.c: streams that are fed, by hand or by a transport, where others receive. Rule numbers are those of asyncio's inventory.
 * Touches the stream's inside and a transport's public face. What a read has handed out stays where it is until the next read, whatever is fed
 * meanwhile. */
#include <eddy/feed.h>
#include "core/net/stream_inside.h"

struct eddyi_feed {
    eddy_protocol protocol; /* first: feeds the stream */
    eddy_stream *stream;
    eddy_transport *transport; /* one reference; NULL: it is fed by hand */
    bool paused;               /* the transport, by us */
    bool made;                 /* by a transport: that holds a reference to the stream */
    eddyi_list waits;          /* the task that reads */
    eddyi_bytes
        next; /* takes the place of the stream's bytes at the next read, for some of those are handed out */
};

static const eddy_protocol_type feeding_type;

int eddy_stream_reader_create(eddy_stream **out, size_t limit)
{
    const eddyi_stream_settings settings = {.limit = limit, .channel.way = EDDYI_WAY_FED};
    eddy_loop *loop = eddy_get_running_loop();
    if (out == NULL || loop == NULL)
        return eddyi_fail(out == NULL ? EDDY_EINVAL : EDDY_ENOLOOP, "stream_reader");
    struct eddyi_feed *feed = eddyi_allocate_zero(&loop->allocator, sizeof *feed);
    int rc = feed != NULL ? eddyi_stream_create(loop, &feed->stream, -1, &settings) : EDDY_ENOMEM;
    if (rc < 0) {
        eddyi_release(&loop->allocator, feed);
        return eddyi_fail(rc, "stream_reader");
    }
    eddyi_list_init(&feed->waits);
    feed->protocol.type = &feeding_type;
    feed->stream->feed = feed;
    *out = feed->stream;
    return 0;
}

static void forget_transport(struct eddyi_feed *feed)
{
    eddy_transport *transport = feed->transport;
    feed->transport = NULL;
    eddy_transport_release(transport);
}

void eddyi_feed_free(eddy_stream *stream)
{
    const eddy_allocator *allocator = &stream->channel.loop->allocator;
    forget_transport(stream->feed);
    eddyi_bytes_free(allocator, &stream->feed->next);
    eddyi_release(allocator, stream->feed);
}

void eddyi_feed_closing(eddy_stream *stream)
{
    const eddyi_channel *channel = &stream->channel;
    eddyi_stream_wake_all(&stream->feed->waits, channel->error != 0 ? channel->error : EDDY_ECLOSED);
    eddy_transport_close(stream->feed->transport);
}

/* ---- how much is there ---- */

size_t eddyi_feed_size(const eddy_stream *stream)
{
    if (stream->feed->next.data != NULL)
        return eddyi_bytes_size(&stream->feed->next);
    return eddyi_bytes_size(&stream->incoming) - stream->lent_out;
}

/* M7 */
static bool pause_above(eddy_stream *stream)
{
    struct eddyi_feed *feed = stream->feed;
    size_t size = eddyi_feed_size(stream);
    if (size <= stream->limit || size - stream->limit <= stream->limit)
        return false;
    if (feed->transport != NULL && !feed->paused) {
        feed->paused = true;
        eddy_transport_pause_reading(feed->transport);
    }
    return true;
}

static void resume(struct eddyi_feed *feed)
{
    if (!feed->paused)
        return;
    feed->paused = false;
    eddy_transport_resume_reading(feed->transport);
}

void eddyi_feed_taken(eddy_stream *stream)
{
    if (eddyi_feed_size(stream) <= stream->limit)
        resume(stream->feed);
}

/* ---- reading ---- */

void eddyi_feed_settle(eddy_stream *stream)
{
    struct eddyi_feed *feed = stream->feed;
    if (feed->next.data == NULL)
        return;
    eddyi_bytes_free(&stream->channel.loop->allocator, &stream->incoming);
    stream->incoming = feed->next;
    feed->next = (eddyi_bytes){0};
}

static ptrdiff_t await(eddy_stream *stream, const char *operation)
{
    const eddyi_channel *channel = &stream->channel;
    size_t before = eddyi_bytes_size(&stream->incoming);
    resume(stream->feed); /* what is there is not enough, however much it is */
    int rc = eddyi_stream_wait(&stream->feed->waits, &eddyi_fed_read_kind, stream, eddyi_stream_let_go);
    if (rc == EDDY_ECANCELED)
        return rc;
    if (channel->error != 0)
        return eddyi_channel_tell(channel, operation);
    if (channel->state != EDDYI_CHANNEL_OPEN)
        return eddyi_fail(EDDY_ECLOSED, operation);
    return (ptrdiff_t)(eddyi_bytes_size(&stream->incoming) - before); /* of nothing: the end */
}

ptrdiff_t eddyi_feed_await(eddy_stream *stream, const char *operation)
{
    if (stream->ended)
        return 0;
    stream->woken_read = true;
    eddy_stream_retain(stream);
    ptrdiff_t got = await(stream, operation);
    stream->woken_read = false;
    eddy_stream_release(stream);
    return got;
}

/* ---- feeding ---- */

static int check(const eddy_stream *stream, const char *operation)
{
    if (stream == NULL)
        return eddyi_fail(EDDY_EINVAL, operation);
    return stream->feed != NULL ? 0 : eddyi_fail(EDDY_EOPNOTSUPP, operation);
}

/* A view is out: the bytes behind it, and all that comes, go elsewhere. */
static int move_on(eddy_stream *stream, size_t more)
{
    const eddy_allocator *allocator = &stream->channel.loop->allocator;
    const eddyi_bytes *old = &stream->incoming;
    size_t left = eddyi_bytes_size(old) - stream->lent_out, size;
    if (!eddyi_add(&size, left, more))
        return EDDY_EOVERFLOW;
    int rc = eddyi_bytes_reserve(allocator, &stream->feed->next, size);
    return rc < 0 ? rc
                  : eddyi_bytes_append(allocator, &stream->feed->next,
                                       old->data + old->start + stream->lent_out, left);
}

static int put(eddy_stream *stream, const void *data, size_t size)
{
    struct eddyi_feed *feed = stream->feed;
    int rc = stream->lent_out > 0 && feed->next.data == NULL ? move_on(stream, size) : 0;
    eddyi_bytes *row = feed->next.data != NULL ? &feed->next : &stream->incoming;
    if (rc == 0)
        rc = eddyi_bytes_append(&stream->channel.loop->allocator, row, data, size);
    return rc;
}

int eddy_stream_feed_data(eddy_stream *stream, const void *data, size_t size)
{
    int rc = check(stream, "feed_data");
    if (rc < 0)
        return rc;
    if (data == NULL && size > 0)
        rc = EDDY_EINVAL;
    else if (stream->channel.state != EDDYI_CHANNEL_OPEN)
        rc = EDDY_ECLOSED;
    else if (stream->ended)
        rc = EDDY_EINVALIDSTATE;
    else if (size > 0)
        rc = put(stream, data, size);
    if (rc < 0)
        return eddyi_fail(rc, "feed_data");
    if (size > 0)
        eddyi_stream_wake_all(&stream->feed->waits, 0);
    return pause_above(stream);
}

int eddy_stream_feed_eof(eddy_stream *stream)
{
    int rc = check(stream, "feed_eof");
    if (rc < 0)
        return rc;
    stream->ended = true;
    eddyi_stream_wake_all(&stream->feed->waits, 0);
    return 0;
}

int eddy_stream_set_exception(eddy_stream *stream, int error)
{
    int rc = check(stream, "set_exception");
    if (rc == 0 && error >= 0)
        rc = eddyi_fail(EDDY_EINVAL, "set_exception");
    if (rc == 0)
        eddyi_channel_fail(&stream->channel, error, 0);
    return rc;
}

int eddy_stream_exception(const eddy_stream *stream)
{
    return stream != NULL ? stream->channel.error : 0;
}

int eddy_stream_set_transport(eddy_stream *stream, eddy_transport *transport)
{
    int rc = check(stream, "set_transport");
    if (rc < 0)
        return rc;
    if (transport == NULL)
        rc = EDDY_EINVAL;
    else if (stream->channel.state != EDDYI_CHANNEL_OPEN)
        rc = EDDY_ECLOSED;
    else if (stream->feed->transport != NULL)
        rc = EDDY_EINVALIDSTATE;
    if (rc < 0)
        return eddyi_fail(rc, "set_transport");
    stream->feed->transport = eddy_transport_retain(transport);
    (void)pause_above(stream);
    return 0;
}

/* ---- the protocol that feeds ---- */

static eddy_stream *fed_by(eddy_protocol *protocol)
{
    return EDDYI_CONTAINER(protocol, struct eddyi_feed, protocol)->stream;
}

/* One that was closed before wants nothing any more. */
static void made(eddy_protocol *protocol, eddy_transport *transport)
{
    eddy_stream *stream = eddy_stream_retain(fed_by(protocol));
    stream->feed->made = true;
    if (eddy_stream_set_transport(stream, transport) < 0)
        eddy_transport_close(transport);
}

static int received(eddy_protocol *protocol, const void *data, size_t size)
{
    int rc = eddy_stream_feed_data(fed_by(protocol), data, size);
    return rc < 0 ? rc : 0;
}

static int ended(eddy_protocol *protocol)
{
    (void)eddy_stream_feed_eof(fed_by(protocol));
    return 1; /* writing goes on */
}

static void lost(eddy_protocol *protocol, int error)
{
    eddy_stream *stream = fed_by(protocol);
    forget_transport(stream->feed);
    if (error < 0)
        (void)eddy_stream_set_exception(stream, error);
    else
        (void)eddy_stream_feed_eof(stream);
    if (stream->feed->made)
        eddy_stream_release(stream);
}

static const eddy_protocol_type feeding_type = {.size = sizeof feeding_type,
                                                .connection_made = made,
                                                .connection_lost = lost,
                                                .data_received = received,
                                                .eof_received = ended};

eddy_protocol *eddy_stream_reader_protocol(eddy_stream *stream)
{
    return stream != NULL && stream->feed != NULL ? &stream->feed->protocol : NULL;
}
