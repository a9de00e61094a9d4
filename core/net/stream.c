/* stream.c: the life of a stream: made, waited for, closed, lost, freed.
 * Touches io.c and channel.h. A reader that waits is told of a close or a loss at once. */
#include "core/net/secure.h"
#include "core/net/stream_inside.h"

enum { DEFAULT_LIMIT = 64 * 1024 };

static const eddyi_channel_kind stream_kind;

static void read_revoked(eddyi_completion *completion, const eddyi_result *result);
static void reader_gone(eddyi_node *node);

int eddyi_stream_create(eddy_loop *loop, eddy_stream **out, eddy_fd fd, const eddyi_stream_settings *settings)
{
    eddy_stream *stream = eddyi_allocate_zero(&loop->allocator, sizeof *stream);
    if (stream == NULL)
        return EDDY_ENOMEM;
    int rc = eddyi_channel_open(&stream->channel, loop, &stream_kind, fd, &settings->channel);
    if (rc < 0) {
        eddyi_release(&loop->allocator, stream);
        return rc;
    }
    stream->references = 1;
    stream->limit = settings->limit != 0 ? settings->limit : DEFAULT_LIMIT;
    stream->channel.received.fn = read_revoked;
    eddyi_node_init(&stream->reader_gone, reader_gone);
    eddyi_list_init(&stream->drainers);
    eddyi_list_init(&stream->closers);
    eddyi_loop_object_add(loop);
    eddyi_pipe_watch_reader(&stream->channel);
    *out = stream;
    return 0;
}

/* ---- references ---- */

static void free_stream(eddy_stream *stream)
{
    eddy_loop *loop = stream->channel.loop;
    eddyi_secure_free(&stream->channel);
    eddyi_bytes_free(&loop->allocator, &stream->incoming);
    if (stream->feed != NULL)
        eddyi_feed_free(stream);
    eddyi_release(&loop->allocator, stream);
    eddyi_loop_object_remove(loop);
}

eddy_stream *eddy_stream_retain(eddy_stream *stream)
{
    if (stream != NULL)
        stream->references++;
    return stream;
}

void eddy_stream_release(eddy_stream *stream)
{
    if (stream == NULL || --stream->references != 0)
        return;
    if (stream->channel.state == EDDYI_CHANNEL_CLOSED)
        free_stream(stream);
    else
        eddyi_channel_close(&stream->channel); /* it frees itself when what is unsent has gone */
}

/* ---- waiting for the stream ---- */

typedef struct stream_wait {
    eddyi_wait wait;
    eddyi_list link;
    void (*let_go)(void *owner);
} stream_wait;

void eddyi_stream_wake_all(eddyi_list *waits, int result)
{
    eddyi_list *link;
    while ((link = eddyi_list_take(waits)) != NULL)
        eddyi_task_wake(EDDYI_LIST_ITEM(link, stream_wait, link)->wait.task, result);
}

static void wait_abandon(eddyi_wait *wait)
{
    stream_wait *w = EDDYI_CONTAINER(wait, stream_wait, wait);
    eddyi_list_remove(&w->link);
    w->let_go(wait->object);
}

static bool wait_cancel(eddyi_wait *wait)
{
    eddyi_list_remove(&EDDYI_CONTAINER(wait, stream_wait, wait)->link);
    eddyi_task_wake(wait->task, EDDY_ECANCELED);
    return true;
}

const eddyi_wait_kind eddyi_drain_kind = {"drain", wait_cancel, wait_abandon, NULL};
const eddyi_wait_kind eddyi_handshake_kind = {"handshake", wait_cancel, wait_abandon, NULL};
const eddyi_wait_kind eddyi_secure_read_kind = {"recv", wait_cancel, wait_abandon, NULL};
const eddyi_wait_kind eddyi_fed_read_kind = {"feed", wait_cancel, wait_abandon, NULL};
const eddyi_wait_kind eddyi_wait_closed_kind = {"wait_closed", wait_cancel, wait_abandon, NULL};
const eddyi_wait_kind eddyi_serve_forever_kind = {"serve_forever", wait_cancel, wait_abandon, NULL};
const eddyi_wait_kind eddyi_wait_process_kind = {"process", wait_cancel, wait_abandon, NULL};

int eddyi_stream_wait(eddyi_list *list, const eddyi_wait_kind *kind, void *owner, void (*let_go)(void *))
{
    stream_wait w = {.wait = {.kind = kind, .object = owner}, .let_go = let_go};
    w.wait.task = eddyi_current_task();
    eddyi_list_init(&w.link);
    eddyi_list_append(list, &w.link);
    return eddyi_suspend(&w.wait, false);
}

void eddyi_stream_let_go(void *stream)
{
    eddy_stream_release(stream);
}

int eddyi_stream_wait_drained(eddy_stream *stream)
{
    return eddyi_stream_wait(&stream->drainers, &eddyi_drain_kind, stream, eddyi_stream_let_go);
}

/* ---- what the channel tells ---- */

static eddy_stream *stream_of(eddyi_channel *channel)
{
    return EDDYI_CONTAINER(channel, eddy_stream, channel);
}

static void on_low(eddyi_channel *channel)
{
    eddyi_stream_wake_all(&stream_of(channel)->drainers, 0);
}

/* The reader is told why its read ended, never "cancelled": so a cancel of its task that came as well is kept for the next await. */
static void read_revoked(eddyi_completion *completion, const eddyi_result *result)
{
    eddy_stream *stream = EDDYI_CONTAINER(completion, eddy_stream, channel.received);
    eddyi_result ended = *result;
    ended.value = stream->channel.error != 0 ? stream->channel.error : EDDY_ECLOSED;
    ended.os_error = stream->channel.os_error;
    stream->revoked_reader->fn(stream->revoked_reader, &ended);
}

/* A reader that waits ends now; on completion backends its op may take a turn to come back. */
static void revoke_read(eddy_stream *stream)
{
    eddyi_result now;
    eddyi_channel *channel = &stream->channel;
    if (!channel->reading || stream->read_revoked || channel->descriptor.reader != &channel->receive)
        return;
    stream->read_revoked = true;
    stream->revoked_reader = channel->receive.waiter;
    channel->receive.waiter = &channel->received;
    if (eddyi_io_cancel(channel->loop, &channel->receive, &now) == EDDYI_DONE)
        read_revoked(&channel->received, &now);
}

/* Tasks that read through TLS wait by themselves and are woken. */
static void on_readable(eddyi_channel *channel)
{
    (void)channel;
}

static void on_closing(eddyi_channel *channel)
{
    eddy_stream *stream = stream_of(channel);
    eddyi_stream_wake_all(&stream->drainers, channel->error != 0 ? channel->error : EDDY_ECLOSED);
    if (stream->feed != NULL)
        eddyi_feed_closing(stream);
    else if (channel->way != EDDYI_WAY_WRITE_PIPE)
        revoke_read(stream);
}

static void on_closed(eddyi_channel *channel)
{
    eddy_stream *stream = stream_of(channel);
    if (!channel->loop->closing) {
        eddyi_stream_wake_all(&stream->drainers, EDDY_ECLOSED);
        eddyi_stream_wake_all(&stream->closers, 0);
    }
    if (stream->references == 0)
        free_stream(stream);
}

static void reader_gone(eddyi_node *node)
{
    eddy_stream_release(EDDYI_CONTAINER(node, eddy_stream, reader_gone));
}

/* The reader's task still looks at the receive op while it is destroyed, so its reference goes last, from the queue. */
static void on_shut(eddyi_channel *channel)
{
    eddy_stream *stream = stream_of(channel);
    if (channel->descriptor.reader == &channel->receive)
        (void)eddyi_io_revoke(channel->loop, &channel->receive);
    if (channel->reading && channel->way != EDDYI_WAY_WRITE_PIPE && channel->secure == NULL)
        eddyi_ready_push(channel->loop, &stream->reader_gone);
}

static const eddyi_channel_kind stream_kind = {on_low,    on_readable,         on_closing,          on_shut,
                                               on_closed, eddyi_channel_close, eddyi_channel_abort, "stream"};

void eddy_stream_close(eddy_stream *stream)
{
    if (stream != NULL)
        eddyi_channel_close(&stream->channel);
}

void eddy_stream_abort(eddy_stream *stream)
{
    if (stream != NULL)
        eddyi_channel_abort(&stream->channel);
}

/* ---- what is known of it ---- */

bool eddy_stream_is_closing(const eddy_stream *stream)
{
    return stream == NULL || stream->channel.state != EDDYI_CHANNEL_OPEN;
}

int eddy_stream_wait_closed(eddy_stream *stream)
{
    if (stream == NULL)
        return eddyi_fail(EDDY_EINVAL, "wait_closed");
    if (eddyi_current_task() == NULL)
        return eddyi_fail(EDDY_ENOTASK, "wait_closed");
    eddy_stream_retain(stream);
    int rc = 0;
    if (stream->channel.state != EDDYI_CHANNEL_CLOSED)
        rc = eddyi_stream_wait(&stream->closers, &eddyi_wait_closed_kind, stream, eddyi_stream_let_go);
    if (rc == 0 && stream->channel.error != 0 && stream->channel.error != EDDY_ECLOSED &&
        !stream->channel.lost_nothing)
        rc = eddyi_channel_tell(&stream->channel, "wait_closed");
    eddy_stream_release(stream);
    return rc;
}

int eddy_stream_peer_name(const eddy_stream *stream, char *text, size_t size)
{
    return eddyi_channel_name(stream != NULL ? &stream->channel : NULL, true, text, size);
}

int eddy_stream_local_name(const eddy_stream *stream, char *text, size_t size)
{
    return eddyi_channel_name(stream != NULL ? &stream->channel : NULL, false, text, size);
}

eddy_fd eddy_stream_fileno(const eddy_stream *stream)
{
    return stream != NULL ? stream->channel.descriptor.fd : -1;
}

size_t eddy_stream_write_buffer_size(const eddy_stream *stream)
{
    return stream != NULL ? eddyi_channel_unsent(&stream->channel) : 0;
}
