/* pipe.c: pipes: taking an end over, and noticing that nobody reads what is written.
 * Touches seam 2's pipes and io.c. The descriptor is the caller's until a stream or transport has it, and then as it was given. */
#include <eddy/pipe.h>
#include "core/net/stream_inside.h"
#include "core/net/transport_inside.h"

void eddy_pipe_options_init(eddy_pipe_options *options)
{
    if (options != NULL)
        *options = (eddy_pipe_options){.size = sizeof *options};
}

/* ---- a reader that goes away ---- */

static void look_for_reader(eddyi_channel *channel)
{
    if (channel->error == 0 && channel->state != EDDYI_CHANNEL_CLOSED &&
        eddyi_pipe_reader_gone(channel->descriptor.fd)) {
        channel->lost_nothing = eddyi_channel_unsent(channel) == 0;
        eddyi_channel_fail(channel, EDDY_EPIPE, 0);
        return;
    }
    eddyi_channel_try_finish(channel);
}

/* What came may also be data that nobody will read, on a socket: then it is not watched any more. */
static void reader_watched(eddyi_completion *completion, const eddyi_result *result)
{
    eddyi_channel *channel = EDDYI_CONTAINER(completion, eddyi_channel, received);
    (void)result;
    channel->reading = false;
    look_for_reader(channel);
}

static bool is_watched(const eddyi_channel *channel)
{
    return channel->way == EDDYI_WAY_WRITE_PIPE && !channel->terminal;
}

void eddyi_pipe_watch_reader(eddyi_channel *channel)
{
    eddyi_result now;
    if (!is_watched(channel) || channel->state == EDDYI_CHANNEL_CLOSED || channel->error != 0)
        return;
    channel->received.fn = reader_watched;
    eddyi_op_set(&channel->receive, &channel->descriptor, EDDYI_POLL, NULL, 0, &channel->received);
    channel->reading = eddyi_io_submit(channel->loop, &channel->receive, &now) == EDDYI_PENDING;
    if (!channel->reading)
        look_for_reader(channel);
}

void eddyi_pipe_stop_watching(eddyi_channel *channel)
{
    eddyi_result now;
    if (is_watched(channel) &&
        channel->descriptor.reader == &channel->receive && /* else its result is on its way */
        eddyi_io_cancel(channel->loop, &channel->receive, &now) == EDDYI_DONE)
        channel->reading = false;
}

/* ---- taking over ---- */

/* A pipe's end that may be taken over: it does not block any more. */
static int adopt(eddy_loop *loop, eddy_fd fd, enum eddyi_channel_way way, const eddy_pipe_options *options,
                 eddyi_channel_settings *out)
{
    const uint32_t needed = UINT32_C(1) << EDDYI_READ | UINT32_C(1) << EDDYI_WRITE;
    *out = (eddyi_channel_settings){.way = way};
    if (options != NULL && options->size < sizeof options->size)
        return EDDY_EINVAL;
    if ((loop->kinds & needed) != needed)
        return EDDY_ENOSYS;
    if (options != NULL) {
        out->marks = (eddyi_marks){options->high_water, options->low_water};
        out->close_timeout = options->close_timeout;
    }
    if (eddyi_bad_limit(out->close_timeout))
        return EDDY_EINVAL;
    int rc = eddyi_pipe_adopt(fd, &out->made_non_blocking);
    if (rc >= 0)
        out->terminal = rc == EDDYI_PIPE_DEVICE;
    return rc < 0 ? rc : 0;
}

/* It was not taken over after all. */
static int refuse(eddy_fd fd, const eddyi_channel_settings *settings, int rc)
{
    if (settings->made_non_blocking)
        eddyi_pipe_give_back(fd);
    return rc == EDDY_EEXIST ? EDDY_EBUSY : rc;
}

/* ---- streams ---- */

static int connect_stream(eddy_stream **out, eddy_fd fd, enum eddyi_channel_way way,
                          const eddy_pipe_options *options, const char *operation)
{
    eddy_loop *loop = eddy_get_running_loop();
    eddyi_stream_settings settings;
    if (out == NULL || loop == NULL)
        return eddyi_fail(out == NULL ? EDDY_EINVAL : EDDY_ENOLOOP, operation);
    int rc = adopt(loop, fd, way, options, &settings.channel);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    settings.limit = options != NULL ? options->limit : 0;
    rc = eddyi_stream_create(loop, out, fd, &settings);
    return rc < 0 ? eddyi_fail(refuse(fd, &settings.channel, rc), operation) : 0;
}

int eddy_connect_read_pipe(eddy_stream **out, eddy_fd fd, const eddy_pipe_options *options)
{
    return connect_stream(out, fd, EDDYI_WAY_READ_PIPE, options, "connect_read_pipe");
}

int eddy_connect_write_pipe(eddy_stream **out, eddy_fd fd, const eddy_pipe_options *options)
{
    return connect_stream(out, fd, EDDYI_WAY_WRITE_PIPE, options, "connect_write_pipe");
}

/* ---- transports ---- */

static int connect_transport(eddy_loop *loop, eddy_transport **out, eddy_fd fd, eddy_protocol *protocol,
                             enum eddyi_channel_way way, const eddy_pipe_options *options,
                             const char *operation)
{
    eddy_transport *transport;
    eddyi_channel_settings settings;
    int rc = eddyi_loop_usable(loop);
    if (rc == 0 && (protocol == NULL || protocol->type == NULL))
        rc = EDDY_EINVAL;
    if (rc == 0)
        rc = adopt(loop, fd, way, options, &settings);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    rc = eddyi_transport_create(loop, &transport, fd, &settings);
    if (rc < 0)
        return eddyi_fail(refuse(fd, &settings, rc), operation);
    transport->protocol = protocol;
    eddyi_teller_queue(&transport->teller);
    if (out != NULL)
        *out = transport;
    return 0;
}

int eddy_loop_connect_read_pipe(eddy_loop *loop, eddy_transport **out, eddy_fd fd, eddy_protocol *protocol,
                                const eddy_pipe_options *options)
{
    return connect_transport(loop, out, fd, protocol, EDDYI_WAY_READ_PIPE, options, "connect_read_pipe");
}

int eddy_loop_connect_write_pipe(eddy_loop *loop, eddy_transport **out, eddy_fd fd, eddy_protocol *protocol,
                                 const eddy_pipe_options *options)
{
    return connect_transport(loop, out, fd, protocol, EDDYI_WAY_WRITE_PIPE, options, "connect_write_pipe");
}
