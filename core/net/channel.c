/* channel.c: sending, closing and losing a connected descriptor.
 * Touches io.c and the network table. With nothing unsent the data is tried at once, straight from the caller; only what is left over is
 * copied, because a cancelled write must still send all that it took. */
#include "core/net/channel.h"

#include "core/inspect/origins.h"
#include "core/net/secure.h"

enum { MOST_BUFFERS = 1024 };
static const char close_too_long[] = "the peer did not take in time what was unsent at the close";

/* What waits to be sent. Two rows: what the kernel was given does not move; new bytes go to the other one. The timer is here because nothing but
 * unsent bytes and TLS, which always has a row, can hold up an end: idle connections do without. */
struct eddyi_outgoing {
    eddyi_completion sent;
    eddyi_channel *channel;
    eddyi_op send;
    eddyi_buffer buffer;
    eddyi_bytes in_flight, waiting;
    eddyi_timer limit;
};

static void shut(eddyi_closable *closable);
static const char *unclosed(const eddyi_closable *closable);
static void flush(eddyi_channel *channel);
static void send_completed(eddyi_completion *completion, const eddyi_result *result);

int eddyi_check_stream_socket(eddy_loop *loop, eddy_fd fd)
{
    int type = 0;
    int rc = loop->net->get_option(loop->backend, fd, EDDYI_SOCKET_TYPE, &type);
    if (rc >= 0 && type != EDDYI_SOCKET_STREAM)
        rc = EDDY_EINVAL;
    if (rc >= 0)
        rc = loop->net->set_option(loop->backend, fd, EDDYI_NON_BLOCKING, 1);
    return rc < 0 ? rc : 0;
}

int eddyi_channel_open(eddyi_channel *channel, eddy_loop *loop, const eddyi_channel_kind *kind, eddy_fd fd,
                       const eddyi_channel_settings *settings)
{
    bool socket = settings->way == EDDYI_WAY_SOCKET;
    *channel = (eddyi_channel){
        .closable = {.shut = shut, .unclosed = unclosed},
        .loop = loop,
        .kind = kind,
        .descriptor = {.fd = fd, .kind = socket ? EDDYI_STREAM : EDDYI_PIPE, .fresh = settings->fresh},
        .way = (uint8_t)settings->way,
        .made_non_blocking = settings->made_non_blocking,
        .terminal = settings->terminal,
        .marks = eddyi_marks_in_force(settings->marks)};
    int rc = settings->way != EDDYI_WAY_FED ? loop->ops->attach(loop->backend, &channel->descriptor) : 0;
    if (rc < 0)
        return rc;
    if (socket) /* N4; a socket that has no such option works without */
        (void)loop->net->set_option(loop->backend, fd, EDDYI_NO_DELAY, 1);
    channel->close_timeout = UINT64_MAX;
    if (settings->close_timeout != 0)
        (void)eddyi_delay(settings->close_timeout, &channel->close_timeout);
    eddyi_list_init(&channel->of_server);
    eddyi_closable_add(loop, &channel->closable);
    return 0;
}

size_t eddyi_channel_unsent(const eddyi_channel *channel)
{
    const eddyi_outgoing *outgoing = channel->outgoing;
    return outgoing != NULL ? eddyi_bytes_size(&outgoing->in_flight) + eddyi_bytes_size(&outgoing->waiting)
                            : 0;
}

/* ---- the end ---- */

static void free_outgoing(eddyi_channel *channel)
{
    const eddy_allocator *allocator = &channel->loop->allocator;
    if (channel->outgoing == NULL)
        return;
    eddyi_timers_remove(&channel->loop->timers, &channel->outgoing->limit);
    eddyi_bytes_free(allocator, &channel->outgoing->in_flight);
    eddyi_bytes_free(allocator, &channel->outgoing->waiting);
    eddyi_release(allocator, channel->outgoing);
    channel->outgoing = NULL;
}

static void close_descriptor(eddyi_channel *channel)
{
    eddy_loop *loop = channel->loop;
    if (channel->way == EDDYI_WAY_FED)
        return;
    loop->ops->detach(loop->backend, &channel->descriptor);
    if (channel->made_non_blocking)
        eddyi_pipe_give_back(channel->descriptor.fd);
    (void)loop->net->close(loop->backend, channel->descriptor.fd);
    channel->descriptor.fd = -1;
}

static void finish(eddyi_channel *channel)
{
    channel->state = EDDYI_CHANNEL_CLOSED;
    free_outgoing(channel);
    if (channel->secure != NULL)
        eddyi_secure_stop(channel);
    close_descriptor(channel);
    eddyi_closable_remove(channel->loop, &channel->closable);
    struct eddy_server *server = channel->server;
    channel->server = NULL;
    if (server != NULL)
        eddyi_server_forget(server, channel);
    channel->kind->closed(channel);
}

static bool goes_on_sending(const eddyi_channel *channel)
{
    return channel->error == 0 || channel->last_words;
}

/* A task's sendfile has lent its op. */
static bool file_is_out(const eddyi_channel *channel)
{
    return channel->file_op != NULL && channel->descriptor.writer == channel->file_op;
}

static void end_file(eddyi_channel *channel)
{
    if (file_is_out(channel))
        eddyi_io_interrupt(channel->loop, channel->file_op,
                           channel->error != 0 ? channel->error : EDDY_ECLOSED);
}

void eddyi_channel_try_finish(eddyi_channel *channel)
{
    if (channel->state != EDDYI_CHANNEL_CLOSING || channel->reading || channel->sending || channel->held ||
        file_is_out(channel))
        return;
    if (goes_on_sending(channel) && eddyi_channel_unsent(channel) > 0)
        return;
    if (channel->error == 0 && eddyi_secure_is_ending(channel))
        return;
    finish(channel);
}

/* A pipe that closes watches its reader until all is sent. */
static void stop_watching(eddyi_channel *channel)
{
    if (channel->state == EDDYI_CHANNEL_CLOSING &&
        (channel->error != 0 || eddyi_channel_unsent(channel) == 0))
        eddyi_pipe_stop_watching(channel);
}

void eddyi_channel_close(eddyi_channel *channel)
{
    if (channel->state != EDDYI_CHANNEL_OPEN)
        return;
    channel->state = EDDYI_CHANNEL_CLOSING;
    channel->kind->closing(channel);
    stop_watching(channel);
    end_file(channel);
    if (eddyi_channel_unsent(channel) > 0 || channel->secure != NULL)
        eddyi_channel_limit(channel, channel->close_timeout);
    if (channel->secure != NULL)
        eddyi_secure_close(channel);
    else
        eddyi_channel_try_finish(channel);
}

static void discard_unsent(eddyi_channel *channel)
{
    eddyi_result now;
    eddy_loop *loop = channel->loop;
    if (eddyi_channel_unsent(channel) > 0 && channel->descriptor.kind == EDDYI_STREAM)
        (void)loop->net->set_option(loop->backend, channel->descriptor.fd, EDDYI_LINGER_RESET, 1);
    if (channel->sending &&
        channel->descriptor.writer == &channel->outgoing->send && /* else its result is on its way */
        eddyi_io_cancel(loop, &channel->outgoing->send, &now) == EDDYI_DONE)
        channel->sending = false;
}

static void lose(eddyi_channel *channel)
{
    channel->state = EDDYI_CHANNEL_CLOSING;
    channel->kind->closing(channel);
    stop_watching(channel);
    if (channel->secure != NULL)
        eddyi_secure_lost(channel);
    end_file(channel);
    eddyi_channel_try_finish(channel);
}

void eddyi_channel_fail(eddyi_channel *channel, int error, int os_error)
{
    if (channel->state == EDDYI_CHANNEL_CLOSED)
        return;
    if (channel->error == 0) {
        channel->error = error;
        channel->os_error = os_error;
    }
    channel->last_words = false;
    discard_unsent(channel);
    lose(channel);
}

void eddyi_channel_fail_saying(eddyi_channel *channel, int error, const char *message)
{
    if (channel->error == 0)
        channel->message = message;
    eddyi_channel_fail(channel, error, 0);
}

void eddyi_channel_fail_telling(eddyi_channel *channel, int error, const char *message)
{
    if (channel->state == EDDYI_CHANNEL_CLOSED || channel->error != 0)
        return;
    eddyi_channel_limit(channel, channel->close_timeout);
    channel->error = error;
    channel->message = message;
    channel->last_words = eddyi_channel_unsent(channel) > 0;
    lose(channel);
}

int eddyi_channel_tell(const eddyi_channel *channel, const char *operation)
{
    return eddyi_fail_because(channel->error, channel->os_error, operation, channel->message);
}

void eddyi_channel_abort(eddyi_channel *channel)
{
    eddyi_channel_fail(channel, EDDY_ECLOSED, 0);
}

/* S9 */
static void limit_passed(eddyi_timer *timer)
{
    eddyi_channel *channel = EDDYI_CONTAINER(timer, eddyi_outgoing, limit)->channel;
    if (channel->loop->closing)
        return;
    if (channel->secure != NULL)
        eddyi_secure_limit_passed(channel);
    else
        eddyi_channel_fail_saying(channel, EDDY_ETIMEDOUT, close_too_long);
}

void eddyi_channel_limit(eddyi_channel *channel, uint64_t delay)
{
    eddy_loop *loop = channel->loop;
    eddyi_timer *limit = &channel->outgoing->limit;
    eddyi_timers_remove(&loop->timers, limit);
    if (delay == UINT64_MAX)
        return;
    uint64_t now = eddyi_loop_now(loop);
    if (delay < UINT64_MAX - now)
        eddyi_timers_add(&loop->timers, limit, now + delay);
}

static const char *unclosed(const eddyi_closable *closable)
{
    const eddyi_channel *channel = EDDYI_CONTAINER(closable, eddyi_channel, closable);
    return channel->state == EDDYI_CHANNEL_OPEN ? channel->kind->name : NULL;
}

/* The loop's end comes before its own; else it was closed, and had nothing left to do but to wait for a read that was taken back. */
static bool is_cut_off(const eddyi_channel *channel)
{
    return channel->state == EDDYI_CHANNEL_OPEN || channel->sending || eddyi_channel_unsent(channel) > 0 ||
           file_is_out(channel) || eddyi_secure_is_ending(channel);
}

/* The loop closes: take the ops back and close; tasks are destroyed next. Other results come in meanwhile: closed is what they find. */
static void shut(eddyi_closable *closable)
{
    eddyi_channel *channel = EDDYI_CONTAINER(closable, eddyi_channel, closable);
    channel->cut_off = is_cut_off(channel);
    channel->state = EDDYI_CHANNEL_CLOSED;
    if (channel->secure != NULL)
        eddyi_secure_shut(channel);
    channel->kind->shut(channel);
    channel->reading = false;
    if (channel->sending)
        (void)eddyi_io_revoke(channel->loop, &channel->outgoing->send);
    channel->sending = false;
    if (file_is_out(channel))
        (void)eddyi_io_revoke(channel->loop, channel->file_op);
    finish(channel);
}

/* ---- sending what could not be sent at once ---- */

static uint8_t send_kind(const eddyi_channel *channel)
{
    return channel->descriptor.kind == EDDYI_PIPE ? EDDYI_WRITE : EDDYI_SEND;
}

static void after_progress(eddyi_channel *channel)
{
    eddy_loop *loop = channel->loop;
    size_t unsent = eddyi_channel_unsent(channel);
    if (unsent <= channel->marks.low_water)
        channel->kind->low(channel);
    if (unsent > 0)
        return;
    stop_watching(channel);
    if (channel->eof_wanted && !channel->eof_sent) {
        channel->eof_sent = true;
        (void)loop->net->shutdown(loop->backend, channel->descriptor.fd, EDDYI_SHUT_WRITE);
    }
    eddyi_channel_try_finish(channel);
}

static bool took(eddyi_channel *channel, const eddyi_result *result)
{
    if (result->value < 0) {
        eddyi_channel_fail(channel, (int)result->value, result->os_error);
        return false;
    }
    eddyi_bytes_consume(&channel->loop->allocator, &channel->outgoing->in_flight, (size_t)result->value);
    return true;
}

static int submit_unsent(eddyi_channel *channel, eddyi_result *now)
{
    eddyi_outgoing *outgoing = channel->outgoing;
    eddyi_bytes *bytes = &outgoing->in_flight;
    if (eddyi_bytes_size(bytes) == 0) {
        eddyi_bytes empty = *bytes;
        *bytes = outgoing->waiting;
        outgoing->waiting = empty;
    }
    outgoing->buffer = (eddyi_buffer){bytes->data + bytes->start, eddyi_bytes_size(bytes)};
    eddyi_op_set(&outgoing->send, &channel->descriptor, send_kind(channel), &outgoing->buffer, 1,
                 &outgoing->sent);
    return eddyi_io_submit(channel->loop, &outgoing->send, now);
}

static void flush(eddyi_channel *channel)
{
    eddyi_result now;
    while (!channel->sending && goes_on_sending(channel) && eddyi_channel_unsent(channel) > 0)
        if (submit_unsent(channel, &now) == EDDYI_PENDING)
            channel->sending = true;
        else if (!took(channel, &now))
            return;
    if (goes_on_sending(
            channel)) /* also with more under way: what went at once may have reached the low mark */
        after_progress(channel);
}

static void send_completed(eddyi_completion *completion, const eddyi_result *result)
{
    eddyi_channel *channel = EDDYI_CONTAINER(completion, eddyi_outgoing, sent)->channel;
    channel->sending = false;
    if (!goes_on_sending(channel)) /* lost or aborted meanwhile: the op only had to come back */
        eddyi_channel_try_finish(channel);
    else if (took(channel, result))
        flush(channel);
}

/* ---- writing ---- */

/* Try to send without waiting. Returns how much went, or an error; the caller's memory is not kept. */
static int64_t send_at_once(eddyi_channel *channel, const eddyi_buffer *buffers, size_t count,
                            int32_t *os_error)
{
    eddyi_result now;
    eddy_loop *loop = channel->loop;
    if (!(loop->ops->caps & EDDYI_CAP_TRY_FIRST))
        return 0;
    eddyi_op op;
    eddyi_op_set(&op, &channel->descriptor, send_kind(channel), (eddyi_buffer *)(uintptr_t)buffers,
                 count < MOST_BUFFERS ? (uint32_t)count : MOST_BUFFERS, NULL);
    if (eddyi_io_submit(loop, &op, &now) == EDDYI_PENDING) /* parked, not begun: comes back at once */
        (void)eddyi_io_cancel(loop, &op, &now);
    *os_error = now.os_error;
    return now.value == EDDY_ECANCELED ? 0 : now.value;
}

static int need_outgoing(eddyi_channel *channel)
{
    if (channel->outgoing != NULL)
        return 0;
    channel->outgoing = eddyi_allocate_zero(&channel->loop->allocator, sizeof *channel->outgoing);
    if (channel->outgoing == NULL)
        return EDDY_ENOMEM;
    channel->outgoing->channel = channel;
    eddyi_timer_init(&channel->outgoing->limit, limit_passed);
    channel->outgoing->sent.fn = send_completed;
    return 0;
}

/* All but the first `went` bytes, or nothing. */
static int keep(eddyi_channel *channel, const eddyi_buffer *buffers, size_t count, size_t went)
{
    const eddy_allocator *allocator = &channel->loop->allocator;
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        if (!eddyi_add(&size, size, buffers[i].size))
            return EDDY_EOVERFLOW;
    int rc = need_outgoing(channel);
    if (rc == 0)
        rc = eddyi_bytes_reserve(allocator, &channel->outgoing->waiting, size - went);
    for (size_t i = 0; i < count && rc == 0; i++) {
        size_t skipped = went < buffers[i].size ? went : buffers[i].size;
        went -= skipped;
        rc = eddyi_bytes_append(allocator, &channel->outgoing->waiting, (char *)buffers[i].data + skipped,
                                buffers[i].size - skipped);
    }
    return rc;
}

static size_t size_of(const eddyi_buffer *buffers, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += buffers[i].size;
    return size;
}

int eddyi_channel_write(eddyi_channel *channel, const eddyi_buffer *buffers, size_t count,
                        const char *operation)
{
    int64_t went = 0;
    int32_t os_error = 0;
    if (channel->secure != NULL)
        return eddyi_secure_write(channel, buffers, count, operation);
    size_t size = size_of(buffers, count);
    if (size > 0 && !channel->sending && eddyi_channel_unsent(channel) == 0)
        went = send_at_once(channel, buffers, count, &os_error);
    if (went < 0) {
        eddyi_fail_system((int)went, os_error, operation);
        eddyi_channel_fail(channel, (int)went, os_error);
        return (int)went;
    }
    if ((size_t)went == size)
        return 0;
    int rc = keep(channel, buffers, count, (size_t)went);
    if (rc < 0) {
        eddyi_fail_detail(rc, operation)->partial = (uint64_t)went;
        return rc;
    }
    flush(channel);
    return channel->error != 0 ? eddyi_channel_tell(channel, operation) : 0;
}

int eddyi_channel_row(eddyi_channel *channel, eddyi_bytes **row)
{
    int rc = need_outgoing(channel);
    if (rc == 0)
        *row = &channel->outgoing->waiting;
    return rc;
}

void eddyi_channel_flush(eddyi_channel *channel)
{
    if (channel->state != EDDYI_CHANNEL_CLOSED)
        flush(channel);
}

void eddyi_channel_write_eof(eddyi_channel *channel)
{
    if (channel->eof_wanted)
        return;
    channel->eof_wanted = true;
    if (channel->way == EDDYI_WAY_WRITE_PIPE) { /* it has no other half */
        channel->eof_sent = true;
        eddyi_channel_close(channel);
    } else if (!channel->sending) {
        flush(channel);
    }
}

/* ---- what is known of it ---- */

typedef int (*address_fn)(eddyi_backend *, eddy_fd, eddyi_address *);

int eddyi_channel_name(const eddyi_channel *channel, bool peer, char *text, size_t size)
{
    eddyi_address address;
    if (channel == NULL || text == NULL)
        return eddyi_fail(EDDY_EINVAL, "get_extra_info");
    if (channel->state == EDDYI_CHANNEL_CLOSED)
        return eddyi_fail(EDDY_ECLOSED, "get_extra_info");
    if (channel->way == EDDYI_WAY_FED)
        return eddyi_fail(EDDY_ENOTCONN, "get_extra_info");
    const eddyi_net_ops *net = channel->loop->net;
    address_fn ask = peer ? net->peer_address : net->local_address;
    int rc = ask(channel->loop->backend, channel->descriptor.fd, &address);
    if (rc >= 0)
        rc = net->format(&address, text, size);
    return rc < 0 ? eddyi_fail(rc, "get_extra_info") : rc;
}
