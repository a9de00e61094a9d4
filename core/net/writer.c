/* writer.c: writing to a stream.
 * Touches channel.h. Above the high-water mark the writer suspends, so a peer that does not read costs at most the mark and one write. */
#include "core/net/stream_inside.h"

static int begin(eddy_stream *stream, const void *data, size_t size, const char *operation)
{
    if (stream == NULL || (data == NULL && size > 0))
        return eddyi_fail(EDDY_EINVAL, operation);
    if (!eddyi_channel_is_written(&stream->channel))
        return eddyi_fail(EDDY_EOPNOTSUPP, operation);
    if (stream->channel.error != 0)
        return eddyi_channel_tell(&stream->channel, operation);
    if (stream->channel.state != EDDYI_CHANNEL_OPEN || stream->channel.eof_wanted)
        return eddyi_fail(EDDY_ECLOSED, operation);
    return stream->channel.file_op == NULL ? 0 : eddyi_fail(EDDY_EBUSY, operation);
}

/* All of it was taken: wait while that is too much. */
static int taken(eddy_stream *stream, eddy_task *task)
{
    if (eddyi_channel_unsent(&stream->channel) > stream->channel.marks.high_water)
        return eddy_stream_drain(stream);
    eddyi_io_spend(stream->channel.loop, task);
    return eddyi_take_cancel(task) ? EDDY_ECANCELED : 0;
}

static int check_pieces(eddy_stream *stream, const eddy_view *pieces, size_t count)
{
    int rc = begin(stream, pieces, count, "writelines");
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = begin(stream, pieces[i].data, pieces[i].size, "writelines");
    return rc;
}

static int write_now(eddy_stream *stream, const void *data, size_t size)
{
    eddyi_buffer buffer = {(void *)(uintptr_t)data, size};
    return eddyi_channel_write(&stream->channel, &buffer, 1, "write");
}

static int write_pieces(eddy_stream *stream, const eddy_view *pieces, size_t count)
{
    return eddyi_channel_write(&stream->channel, (const eddyi_buffer *)(const void *)pieces, count,
                               "writelines");
}

int eddy_stream_write_nowait(eddy_stream *stream, const void *data, size_t size)
{
    int rc = begin(stream, data, size, "write");
    return rc < 0 ? rc : write_now(stream, data, size);
}

int eddy_stream_writelines_nowait(eddy_stream *stream, const eddy_view *pieces, size_t count)
{
    int rc = check_pieces(stream, pieces, count);
    return rc < 0 ? rc : write_pieces(stream, pieces, count);
}

int eddy_stream_write(eddy_stream *stream, const void *data, size_t size)
{
    eddy_task *task = eddyi_current_task();
    int rc = begin(stream, data, size, "write");
    if (rc == 0 && task == NULL)
        rc = eddyi_fail(EDDY_ENOTASK, "write");
    if (rc == 0)
        rc = write_now(stream, data, size);
    return rc < 0 ? rc : taken(stream, task);
}

int eddy_stream_writelines(eddy_stream *stream, const eddy_view *pieces, size_t count)
{
    eddy_task *task = eddyi_current_task();
    int rc = check_pieces(stream, pieces, count);
    if (rc == 0 && task == NULL)
        rc = eddyi_fail(EDDY_ENOTASK, "writelines");
    if (rc == 0)
        rc = write_pieces(stream, pieces, count);
    return rc < 0 ? rc : taken(stream, task);
}

void eddy_stream_get_write_buffer_limits(const eddy_stream *stream, size_t *low, size_t *high)
{
    if (stream != NULL)
        eddyi_marks_get(&stream->channel.marks, low, high);
}

/* M8. Below the mark it returns without suspending. */
int eddy_stream_drain(eddy_stream *stream)
{
    eddy_task *task = eddyi_current_task();
    if (stream == NULL)
        return eddyi_fail(EDDY_EINVAL, "drain");
    if (task == NULL)
        return eddyi_fail(EDDY_ENOTASK, "drain");
    if (stream->channel.error != 0)
        return eddyi_channel_tell(&stream->channel, "drain");
    if (stream->channel.state == EDDYI_CHANNEL_CLOSED)
        return eddyi_fail(EDDY_ECONNRESET, "drain");
    if (stream->channel.state == EDDYI_CHANNEL_CLOSING)
        return eddyi_yield(task);
    if (eddyi_channel_unsent(&stream->channel) <= stream->channel.marks.high_water)
        return 0;
    eddy_stream_retain(stream);
    int rc = eddyi_stream_wait_drained(stream);
    if (rc < 0 && rc != EDDY_ECANCELED)
        eddyi_fail_because(rc, stream->channel.os_error, "drain", stream->channel.message);
    eddy_stream_release(stream);
    return rc;
}

int eddy_stream_write_eof(eddy_stream *stream)
{
    if (stream == NULL)
        return eddyi_fail(EDDY_EINVAL, "write_eof");
    if (stream->channel.secure != NULL) /* C5: TLS ends both ways at once */
        return eddyi_fail(EDDY_EOPNOTSUPP, "write_eof");
    if (stream->channel.eof_wanted)
        return 0;
    int rc = begin(stream, NULL, 0, "write_eof");
    if (rc < 0)
        return rc;
    eddyi_channel_write_eof(&stream->channel);
    return 0;
}
