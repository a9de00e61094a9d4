/* pipe.c: streams over pipes: taking an end over, and noticing that nobody reads what is written.
 * Touches seam 2's pipes and io.c. The descriptor is the caller's until the stream has it, and then as it was given. */
#include <eddy/pipe.h>
#include "core/net/stream_inside.h"

void eddy_pipe_options_init(eddy_pipe_options *options)
{
    if (options != NULL)
        *options = (eddy_pipe_options){.size = sizeof *options};
}

/* ---- a reader that goes away ---- */

static void look_for_reader(eddy_stream *stream)
{
    eddyi_channel *channel = &stream->channel;
    if (channel->error == 0 && channel->state != EDDYI_CHANNEL_CLOSED &&
        eddyi_pipe_reader_gone(channel->descriptor.fd)) {
        stream->lost_nothing = eddyi_channel_unsent(channel) == 0;
        eddyi_channel_fail(channel, EDDY_EPIPE, 0);
        return;
    }
    eddyi_channel_try_finish(channel);
}

/* What came may also be data that nobody will read, on a socket: then it is not watched any more. */
static void reader_watched(eddyi_completion *completion, const eddyi_result *result)
{
    eddy_stream *stream = EDDYI_CONTAINER(completion, eddy_stream, reader_watched);
    (void)result;
    stream->channel.reading = false;
    look_for_reader(stream);
}

static void watch_reader(eddy_stream *stream)
{
    eddyi_result now;
    eddyi_channel *channel = &stream->channel;
    stream->reader_watched.fn = reader_watched;
    stream->receive = (eddyi_op){.descriptor = &channel->descriptor,
                                 .kind = EDDYI_POLL,
                                 .events = EDDYI_IN,
                                 .waiter = &stream->reader_watched};
    channel->reading = eddyi_io_submit(channel->loop, &stream->receive, &now) == EDDYI_PENDING;
    if (!channel->reading)
        look_for_reader(stream);
}

void eddyi_pipe_stop_watching(eddy_stream *stream)
{
    eddyi_result now;
    eddyi_channel *channel = &stream->channel;
    if (channel->descriptor.reader == &stream->receive && /* else its result is on its way */
        eddyi_io_cancel(channel->loop, &stream->receive, &now) == EDDYI_DONE)
        channel->reading = false;
}

/* ---- taking over ---- */

int eddyi_pipe_stream_create(eddy_loop *loop, eddy_stream **out, eddy_fd fd,
                             const eddyi_stream_settings *settings)
{
    int rc = eddyi_stream_create(loop, out, fd, settings);
    if (rc < 0)
        return rc == EDDY_EEXIST ? EDDY_EBUSY : rc;
    if (settings->way == EDDYI_WAY_WRITE_PIPE && !settings->terminal)
        watch_reader(*out);
    return 0;
}

static int connect_pipe(eddy_loop *loop, eddy_stream **out, eddy_fd fd, enum eddyi_stream_way way,
                        const eddy_pipe_options *options)
{
    const uint32_t needed = UINT32_C(1) << EDDYI_READ | UINT32_C(1) << EDDYI_WRITE;
    eddyi_stream_settings settings = {.way = way};
    if ((loop->kinds & needed) != needed)
        return EDDY_ENOSYS;
    if (options != NULL) {
        settings.limit = options->limit;
        settings.marks = (eddyi_marks){options->high_water, options->low_water, options->close_timeout};
    }
    if (eddyi_bad_limit(settings.marks.close_timeout))
        return EDDY_EINVAL;
    int rc = eddyi_pipe_adopt(fd, &settings.made_non_blocking);
    if (rc < 0)
        return rc;
    settings.terminal = rc == EDDYI_PIPE_DEVICE;
    rc = eddyi_pipe_stream_create(loop, out, fd, &settings);
    if (rc < 0 && settings.made_non_blocking)
        eddyi_pipe_give_back(fd);
    return rc;
}

static int connect_checked(eddy_stream **out, eddy_fd fd, enum eddyi_stream_way way,
                           const eddy_pipe_options *options, const char *operation)
{
    eddy_loop *loop = eddy_get_running_loop();
    int rc = loop == NULL ? EDDY_ENOLOOP : 0;
    if (out == NULL || (options != NULL && options->size < sizeof options->size))
        rc = EDDY_EINVAL;
    if (rc == 0)
        rc = connect_pipe(loop, out, fd, way, options);
    return rc < 0 ? eddyi_fail(rc, operation) : 0;
}

int eddy_connect_read_pipe(eddy_stream **out, eddy_fd fd, const eddy_pipe_options *options)
{
    return connect_checked(out, fd, EDDYI_WAY_READ_PIPE, options, "connect_read_pipe");
}

int eddy_connect_write_pipe(eddy_stream **out, eddy_fd fd, const eddy_pipe_options *options)
{
    return connect_checked(out, fd, EDDYI_WAY_WRITE_PIPE, options, "connect_write_pipe");
}
