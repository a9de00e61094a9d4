/* reader.c: reading from a stream. Rule numbers M1-M10 are those of asyncio's inventory.
 * Touches io.c. With nothing buffered a read goes straight into the caller's buffer; a read that is cancelled loses no byte. */
#include <string.h>

#include "core/net/search.h"
#include "core/net/secure.h"
#include "core/net/stream_inside.h"

enum { CHUNK = 16384 };

/* ---- beginning and ending a read ---- */

static int begin(eddy_stream *stream, const char *operation)
{
    if (stream == NULL)
        return eddyi_fail(EDDY_EINVAL, operation);
    if (eddyi_current_task() == NULL)
        return eddyi_fail(EDDY_ENOTASK, operation);
    if (stream->channel.way == EDDYI_WAY_WRITE_PIPE)
        return eddyi_fail(EDDY_EOPNOTSUPP, operation);
    if (stream->woken_read || (stream->channel.reading && stream->channel.secure == NULL))
        return eddyi_fail(EDDY_EBUSY, operation); /* M10 */
    if (stream->channel.error != 0)
        return eddyi_channel_tell(&stream->channel, operation);
    if (stream->channel.state != EDDYI_CHANNEL_OPEN)
        return eddyi_fail(EDDY_ECLOSED, operation);
    return 0;
}

/* What a receive that did not bring bytes means for the caller. */
static ptrdiff_t explain(eddy_stream *stream, int64_t value, int os_error, const char *operation)
{
    if (value == EDDY_ECANCELED)
        return EDDY_ECANCELED;
    if (stream->read_revoked)
        return eddyi_fail_system(stream->channel.error != 0 ? stream->channel.error : EDDY_ECLOSED,
                                 stream->channel.os_error, operation);
    if (value == 0 || (value == EDDY_EIO && stream->channel.terminal)) {
        stream->ended = true;
        return 0;
    }
    eddyi_channel_fail(
        &stream->channel, (int)value,
        os_error); /* a writer may have met the loss first: then that is what is told, now and later */
    return eddyi_channel_tell(&stream->channel, operation);
}

/* Until the engine has something to read. 0: it may have; < 0: an error, or cancelled. */
static int await_input(eddy_stream *stream, const char *operation)
{
    eddyi_channel *channel = &stream->channel;
    if (eddyi_secure_fill(channel))
        return 0;
    if (channel->error != 0)
        return eddyi_channel_tell(channel, operation);
    int rc = eddyi_stream_wait(&channel->secure->waits, &eddyi_secure_read_kind, stream, eddyi_stream_let_go);
    if (rc == EDDY_ECANCELED)
        return rc;
    if (channel->error != 0)
        return eddyi_channel_tell(channel, operation);
    return channel->state == EDDYI_CHANNEL_OPEN ? 0 : eddyi_fail(EDDY_ECLOSED, operation);
}

/* A cancel comes between reads, never after one that brought something. */
static ptrdiff_t decrypt(eddy_stream *stream, void *buffer, size_t size, const char *operation)
{
    int64_t value = eddyi_take_cancel(eddyi_current_task()) ? EDDY_ECANCELED : EDDY_EAGAIN;
    while (value == EDDY_EAGAIN) {
        value = eddyi_secure_read(&stream->channel, buffer, size);
        if (value != EDDY_EAGAIN) {
            eddyi_io_spend(stream->channel.loop, eddyi_current_task());
            break;
        }
        int rc = await_input(stream, operation);
        if (rc < 0)
            return rc;
    }
    if (value < 0 && value != EDDY_ECANCELED)
        return eddyi_channel_tell(&stream->channel, operation);
    if (value == 0)
        stream->ended = true;
    return (ptrdiff_t)value;
}

static ptrdiff_t receive_secure(eddy_stream *stream, void *buffer, size_t size, const char *operation)
{
    if (stream->channel.secure->state == EDDYI_SECURE_HANDSHAKE) /* another task's start_tls */
        return eddyi_fail(EDDY_EBUSY, operation);
    stream->woken_read = true;
    eddy_stream_retain(stream);
    ptrdiff_t result = decrypt(stream, buffer, size, operation);
    stream->woken_read = false;
    eddy_stream_release(stream);
    return result;
}

/* Receive once, into `buffer`. > 0: bytes; 0: the end; < 0: an error. */
static ptrdiff_t receive(eddy_stream *stream, void *buffer, size_t size, const char *operation)
{
    int32_t os_error = 0;
    if (stream->ended)
        return 0;
    if (stream->channel.secure != NULL)
        return receive_secure(stream, buffer, size, operation);
    stream->receive_buffer = (eddyi_buffer){buffer, size};
    eddyi_op_set(&stream->channel.receive, &stream->channel.descriptor,
                 stream->channel.way == EDDYI_WAY_SOCKET ? EDDYI_RECV : EDDYI_READ, &stream->receive_buffer,
                 1, NULL);
    stream->channel.reading = true;
    stream
        ->references++; /* closed and let go by others while we wait, it must still be there when we come back */
    int64_t value = eddyi_io_await(stream->channel.loop, &stream->channel.receive, &os_error);
    stream->channel.reading = false;
    ptrdiff_t result =
        value > 0 && !stream->read_revoked ? (ptrdiff_t)value : explain(stream, value, os_error, operation);
    eddyi_channel_try_finish(&stream->channel);
    eddy_stream_release(stream);
    return result;
}

/* Receive once more behind what is buffered. */
static ptrdiff_t receive_more(eddy_stream *stream, size_t size, const char *operation)
{
    eddyi_bytes *incoming = &stream->incoming;
    if (stream->feed != NULL)
        return eddyi_feed_await(stream, operation);
    int rc = eddyi_bytes_reserve(&stream->channel.loop->allocator, incoming, size);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    ptrdiff_t got =
        receive(stream, incoming->data + incoming->end, incoming->capacity - incoming->end, operation);
    if (got > 0)
        incoming->end += (size_t)got;
    return got;
}

static size_t take(eddy_stream *stream, void *buffer, size_t size)
{
    eddyi_bytes *incoming = &stream->incoming;
    size_t there = eddyi_bytes_size(incoming);
    size_t taken = size < there ? size : there;
    if (taken == 0)
        return 0;
    memcpy(buffer, incoming->data + incoming->start, taken);
    stream->searched = 0;
    eddyi_bytes_consume(&stream->channel.loop->allocator, incoming, taken);
    if (stream->feed != NULL)
        eddyi_feed_taken(stream);
    return taken;
}

/* A view was handed out of the buffer by the last read: the bytes go now. */
static void settle(eddy_stream *stream)
{
    size_t lent = stream->lent_out;
    stream->lent_out = 0;
    if (lent > 0)
        eddyi_bytes_consume(&stream->channel.loop->allocator, &stream->incoming, lent);
    if (stream->feed != NULL)
        eddyi_feed_settle(stream);
}

/* ---- read and readexactly ---- */

ptrdiff_t eddy_stream_read(eddy_stream *stream, void *buffer, size_t size)
{
    int rc = begin(stream, "read");
    if (rc < 0)
        return rc;
    if (buffer == NULL || size == 0 || size > PTRDIFF_MAX)
        return eddyi_fail(EDDY_EINVAL, "read");
    settle(stream);
    size_t taken = take(stream, buffer, size);
    if (taken > 0)
        return (ptrdiff_t)taken;
    if (stream->feed == NULL)
        return receive(stream, buffer, size, "read");
    ptrdiff_t got = eddyi_feed_await(stream, "read");
    return got > 0 ? (ptrdiff_t)take(stream, buffer, size) : got;
}

/* The stream ended first: the caller gets what there is, and the record says how much. */
static ptrdiff_t incomplete(eddy_stream *stream, void *buffer, size_t size)
{
    size_t partial = take(stream, buffer, size);
    eddy_error *record = eddyi_fail_detail(EDDY_EINCOMPLETE, "readexactly");
    record->partial = partial;
    record->expected = size;
    return EDDY_EINCOMPLETE;
}

ptrdiff_t eddy_stream_readexactly(eddy_stream *stream, void *buffer, size_t size)
{
    int rc = begin(stream, "readexactly");
    if (rc < 0)
        return rc;
    if ((buffer == NULL && size > 0) || size > PTRDIFF_MAX)
        return eddyi_fail(EDDY_EINVAL, "readexactly");
    settle(stream);
    while (eddyi_bytes_size(&stream->incoming) < size) {
        size_t missing = size - eddyi_bytes_size(&stream->incoming);
        ptrdiff_t got = receive_more(stream, missing, "readexactly");
        if (got < 0)
            return got;
        if (got == 0)
            return incomplete(stream, buffer, size);
    }
    return (ptrdiff_t)take(stream, buffer, size);
}

/* ---- readuntil and readline ---- */

static ptrdiff_t hand_out(eddy_stream *stream, eddy_view *data, size_t size)
{
    *data = (eddy_view){size > 0 ? stream->incoming.data + stream->incoming.start : "", size};
    stream->lent_out = size;
    stream->searched = 0;
    if (stream->feed != NULL)
        eddyi_feed_taken(stream);
    return (ptrdiff_t)size;
}

/* M2, M3: nothing is removed; `consumed` bytes surely hold no start of a separator. */
static ptrdiff_t overrun(size_t consumed, const char *operation)
{
    eddyi_fail_detail(EDDY_ELIMIT, operation)->consumed = consumed;
    return EDDY_ELIMIT;
}

typedef struct separators {
    const eddy_view *each;
    size_t count, longest;
} separators;

/* > 0: the length through the separator; 0: the stream ended before; < 0: an error, EDDY_ELIMIT with *found where it begins, SIZE_MAX when it
 * was not seen. */
static ptrdiff_t until(eddy_stream *stream, const separators *wanted, size_t *found, const char *operation)
{
    const eddyi_bytes *incoming = &stream->incoming;
    for (;;) {
        eddyi_match match;
        size_t there = eddyi_bytes_size(incoming);
        *found = SIZE_MAX;
        if (there > 0 && eddyi_search(&match, incoming->data + incoming->start, there, wanted->each,
                                      wanted->count, &stream->searched)) {
            *found = match.start;
            return match.start > stream->limit ? overrun(match.start, operation) : (ptrdiff_t)match.end;
        }
        if (there + 1 > wanted->longest && there + 1 - wanted->longest > stream->limit)
            return overrun(there + 1 - wanted->longest, operation);
        ptrdiff_t got = receive_more(stream, CHUNK, operation);
        if (got <= 0)
            return got; /* M5: what came before the end was looked at first */
    }
}

static bool usable(separators *wanted)
{
    for (size_t i = 0; wanted->each != NULL && i < wanted->count; i++) {
        if (wanted->each[i].data == NULL || wanted->each[i].size == 0)
            return false;
        if (wanted->each[i].size > wanted->longest)
            wanted->longest = wanted->each[i].size;
    }
    return wanted->longest > 0;
}

ptrdiff_t eddy_stream_readuntil_any(eddy_stream *stream, eddy_view *data, const eddy_view *each, size_t count)
{
    size_t found;
    separators wanted = {each, count, 0};
    int rc = begin(stream, "readuntil");
    if (rc < 0)
        return rc;
    if (data == NULL || !usable(&wanted))
        return eddyi_fail(EDDY_EINVAL, "readuntil");
    settle(stream);
    stream->searched = 0; /* the last search may have been for something else */
    ptrdiff_t length = until(stream, &wanted, &found, "readuntil");
    if (length < 0)
        return length;
    if (length > 0)
        return hand_out(stream, data, (size_t)length);
    size_t partial = eddyi_bytes_size(&stream->incoming);
    (void)hand_out(stream, data, partial);
    eddyi_fail_detail(EDDY_EINCOMPLETE, "readuntil")->partial = partial;
    return EDDY_EINCOMPLETE;
}

ptrdiff_t eddy_stream_readuntil(eddy_stream *stream, eddy_view *data, const void *separator, size_t size)
{
    eddy_view only = {separator, size};
    return eddy_stream_readuntil_any(stream, data, &only, 1);
}

/* M4: drop the line with its newline, or, newline not yet seen, all that is buffered. */
static void drop_line(eddy_stream *stream, size_t found)
{
    size_t dropped = found != SIZE_MAX ? found + 1 : eddyi_bytes_size(&stream->incoming);
    stream->searched = 0;
    eddyi_bytes_consume(&stream->channel.loop->allocator, &stream->incoming, dropped);
    if (stream->feed != NULL)
        eddyi_feed_taken(stream);
}

ptrdiff_t eddy_stream_readline(eddy_stream *stream, eddy_view *line)
{
    static const eddy_view end_of_line = {"\n", 1};
    static const separators newline = {&end_of_line, 1, 1};
    size_t found;
    int rc = begin(stream, "readline");
    if (rc < 0)
        return rc;
    if (line == NULL)
        return eddyi_fail(EDDY_EINVAL, "readline");
    settle(stream);
    stream->searched = 0;
    ptrdiff_t length = until(stream, &newline, &found, "readline");
    if (length == EDDY_ELIMIT)
        drop_line(stream, found);
    if (length < 0)
        return length;
    return hand_out(stream, line, length > 0 ? (size_t)length : eddyi_bytes_size(&stream->incoming));
}

/* M6, kinder than asyncio's: cancelled or over the limit, nothing is lost. */
ptrdiff_t eddy_stream_read_all(eddy_stream *stream, eddy_view *data, size_t limit)
{
    int rc = begin(stream, "read_all");
    if (rc < 0)
        return rc;
    if (data == NULL || limit == 0)
        return eddyi_fail(EDDY_EINVAL, "read_all");
    settle(stream);
    for (;;) {
        size_t there = eddyi_bytes_size(&stream->incoming);
        if (there > limit || there > PTRDIFF_MAX)
            return overrun(there, "read_all");
        ptrdiff_t got = receive_more(stream, CHUNK, "read_all");
        if (got < 0)
            return got;
        if (got == 0)
            return hand_out(stream, data, there);
    }
}

bool eddy_stream_at_eof(const eddy_stream *stream)
{
    if (stream != NULL && stream->feed != NULL)
        return stream->ended && eddyi_feed_size(stream) == 0;
    return stream == NULL || (stream->ended && eddyi_bytes_size(&stream->incoming) == stream->lent_out);
}
