/* writer.c: writing to a stream.
 * Touches io.c. With nothing unsent the data is tried at once, straight from the caller; only what is left over is copied. Above the high-water
 * mark the writer suspends, so a peer that does not read costs at most the mark and one write. */
#include <string.h>

#include "core/net/stream_inside.h"

static int begin(eddy_stream *stream, const void *data, size_t size, const char *operation)
{
    if (stream == NULL || (data == NULL && size > 0))
        return eddyi_fail(EDDY_EINVAL, operation);
    if (stream->way == EDDYI_WAY_READ_PIPE)
        return eddyi_fail(EDDY_EOPNOTSUPP, operation);
    if (stream->error != 0)
        return eddyi_fail_system(stream->error, stream->os_error, operation);
    if (stream->state != EDDYI_STREAM_OPEN || stream->eof_wanted)
        return eddyi_fail(EDDY_ECLOSED, operation);
    return 0;
}

/* Try to send without waiting. Returns how much went, or an error; the caller's memory is not kept. */
static int64_t send_at_once(eddy_stream *stream, const char *data, size_t size, int32_t *os_error)
{
    eddyi_result now;
    eddy_loop *loop = stream->loop;
    if (!(loop->ops->caps & EDDYI_CAP_TRY_FIRST))
        return 0;
    stream->send_buffer = (eddyi_buffer){(void *)(uintptr_t)data, size};
    stream->send = (eddyi_op){.descriptor = &stream->descriptor,
                              .kind = eddyi_stream_send_kind(stream),
                              .offset = UINT64_MAX,
                              .buffers = &stream->send_buffer,
                              .buffer_count = 1,
                              .waiter = &stream->sent};
    if (eddyi_io_submit(loop, &stream->send, &now) == EDDYI_PENDING)
        (void)eddyi_io_cancel(loop, &stream->send,
                              &now); /* parked, not begun: comes back at once, cancelled */
    *os_error = now.os_error;
    return now.value == EDDY_ECANCELED ? 0 : now.value;
}

static int keep(eddy_stream *stream, const char *data, size_t size)
{
    eddyi_bytes *outgoing = &stream->outgoing;
    int rc = eddyi_bytes_reserve(&stream->loop->allocator, outgoing, size);
    if (rc < 0)
        return rc;
    memcpy(outgoing->data + outgoing->end, data, size);
    outgoing->end += size;
    return 0;
}

/* Sent and kept together are `size`, or it is an error and the record's `partial` says how much was taken. */
static int write_now(eddy_stream *stream, const char *data, size_t size, const char *operation)
{
    int64_t went = 0;
    int32_t os_error = 0;
    if (size > 0 && !stream->sending && eddyi_stream_unsent(stream) == 0)
        went = send_at_once(stream, data, size, &os_error);
    if (went < 0) {
        eddyi_fail_system((int)went, os_error, operation);
        eddyi_stream_fail(stream, (int)went, os_error);
        return (int)went;
    }
    if ((size_t)went == size)
        return 0;
    int rc = keep(stream, data + went, size - (size_t)went);
    if (rc < 0) {
        eddyi_fail_detail(rc, operation)->partial = (uint64_t)went;
        return rc;
    }
    eddyi_stream_flush(stream);
    return stream->error != 0 ? eddyi_fail_system(stream->error, stream->os_error, operation) : 0;
}

int eddy_stream_write_nowait(eddy_stream *stream, const void *data, size_t size)
{
    int rc = begin(stream, data, size, "write");
    return rc < 0 ? rc : write_now(stream, data, size, "write");
}

int eddy_stream_write(eddy_stream *stream, const void *data, size_t size)
{
    int rc = begin(stream, data, size, "write");
    eddy_task *task = eddyi_current_task();
    if (rc == 0 && task == NULL)
        rc = eddyi_fail(EDDY_ENOTASK, "write");
    if (rc == 0)
        rc = write_now(stream, data, size, "write");
    if (rc < 0)
        return rc;
    if (eddyi_stream_unsent(stream) > stream->high_water)
        return eddy_stream_drain(stream);
    eddyi_io_spend(stream->loop, task);
    return eddyi_take_cancel(task) ? EDDY_ECANCELED : 0;
}

/* M8. Below the mark it returns without suspending. */
int eddy_stream_drain(eddy_stream *stream)
{
    eddy_task *task = eddyi_current_task();
    if (stream == NULL)
        return eddyi_fail(EDDY_EINVAL, "drain");
    if (task == NULL)
        return eddyi_fail(EDDY_ENOTASK, "drain");
    if (stream->error != 0)
        return eddyi_fail_system(stream->error, stream->os_error, "drain");
    if (stream->state == EDDYI_STREAM_CLOSED)
        return eddyi_fail(EDDY_ECONNRESET, "drain");
    if (stream->state == EDDYI_STREAM_CLOSING)
        return eddyi_yield(task);
    if (eddyi_stream_unsent(stream) <= stream->high_water)
        return 0;
    eddy_stream_retain(stream);
    int rc = eddyi_stream_wait_drained(stream);
    if (rc < 0 && rc != EDDY_ECANCELED)
        eddyi_fail_system(rc, stream->os_error, "drain");
    eddy_stream_release(stream);
    return rc;
}

int eddy_stream_write_eof(eddy_stream *stream)
{
    if (stream == NULL)
        return eddyi_fail(EDDY_EINVAL, "write_eof");
    if (stream->eof_wanted)
        return 0;
    int rc = begin(stream, NULL, 0, "write_eof");
    if (rc < 0)
        return rc;
    stream->eof_wanted = true;
    if (stream->way == EDDYI_WAY_WRITE_PIPE)
        eddy_stream_close(stream); /* it has no other half */
    else if (!stream->sending)
        eddyi_stream_flush(stream);
    return 0;
}
