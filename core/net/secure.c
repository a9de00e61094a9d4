/* secure.c: a channel's TLS: the handshake, what is received, and the end. Rule numbers C1-C9 are those of asyncio's inventory.
 * Touches io.c and the engine. The engine never waits for the wire: writing needs no input, and what reading has to answer is sent like
 * anything else, so both directions always go on. */
#include "core/net/secure.h"

#include "core/net/stream_inside.h"

enum {
    SMALL_ROOM = 4096,
    LARGE_ROOM = 32768,
    MOST_ANSWERS = 64 * 1024,
    FLUSH_AFTER = 64 * 1024,
    MOST_RECEIVES = 2, /* in one turn */
    SCRAP = 4096
};
static const double default_handshake_timeout = 60, default_shutdown_timeout = 30;
static const char handshake_too_long[] = "the TLS handshake took longer than its limit";
static const char shutdown_too_long[] = "the TLS shutdown took longer than its limit";
static const char too_many_answers[] = "the peer asks for answers and reads none";

static void receive_completed(eddyi_completion *completion, const eddyi_result *result);
static void step_ran(eddyi_node *node);

/* ---- making ---- */

int eddyi_secure_check(const eddyi_secure_settings *settings, bool server_side)
{
    const eddy_tls_context *context = settings->context;
    if (context == NULL)
        return settings->handshake_timeout != 0 || settings->shutdown_timeout != 0 ||
                       settings->server_hostname != NULL || settings->session != NULL
                   ? EDDY_EINVAL
                   : 0;
    if (!eddyi_tls_available())
        return EDDY_ENOSYS;
    if (eddyi_bad_limit(settings->handshake_timeout) || eddyi_bad_limit(settings->shutdown_timeout))
        return EDDY_EINVAL;
    if (eddyi_tls_is_server(context) != server_side || (server_side && !eddyi_tls_can_serve(context)))
        return EDDY_EINVAL;
    return server_side && settings->session != NULL ? EDDY_EINVAL : 0;
}

static uint64_t delay_of(double seconds, double otherwise)
{
    uint64_t delay = UINT64_MAX;
    (void)eddyi_delay(seconds != 0 ? seconds : otherwise, &delay);
    return delay;
}

static void go_on(eddyi_secure *secure)
{
    if (eddyi_list_empty(&secure->step.link))
        eddyi_ready_push(secure->channel->loop, &secure->step);
}

int eddyi_secure_start(eddyi_channel *channel, const eddyi_secure_settings *settings)
{
    eddy_loop *loop = channel->loop;
    eddyi_bytes *outgoing;
    eddyi_secure *secure = eddyi_allocate_zero(&loop->allocator, sizeof *secure);
    if (secure == NULL)
        return EDDY_ENOMEM;
    int rc = eddyi_channel_row(channel, &outgoing);
    if (rc == 0)
        rc = eddyi_tls_create(&secure->tls, &loop->allocator, settings->context, settings->host,
                              settings->server_hostname, settings->session, outgoing);
    if (rc < 0) {
        eddyi_release(&loop->allocator, secure);
        return rc;
    }
    secure->channel = channel;
    secure->received.fn = receive_completed;
    secure->room = SMALL_ROOM;
    eddyi_node_init(&secure->step, step_ran);
    eddyi_list_init(&secure->waits);
    channel->secure = secure;
    if (settings->shutdown_timeout != 0 || channel->close_timeout == UINT64_MAX)
        channel->close_timeout = delay_of(settings->shutdown_timeout, default_shutdown_timeout);
    eddyi_channel_limit(channel, delay_of(settings->handshake_timeout, default_handshake_timeout));
    go_on(secure);
    return 0;
}

void eddyi_secure_free(eddyi_channel *channel)
{
    eddyi_secure *secure = channel->secure;
    if (secure == NULL)
        return;
    channel->secure = NULL;
    eddyi_tls_free(secure->tls);
    eddyi_release(&channel->loop->allocator, secure);
}

/* ---- losing it ---- */

static void lose(eddyi_secure *secure, int code, const char *message)
{
    eddyi_channel_fail_saying(secure->channel, code, message);
}

/* The engine has failed for good. What it had to say about it goes out first, within the limit of an end. */
static void lose_engine(eddyi_secure *secure)
{
    eddyi_tls_failure failure = eddyi_tls_failed(secure->tls);
    eddyi_channel_flush(secure->channel);
    if (secure->channel->error != 0)
        return;
    eddyi_channel_fail_telling(secure->channel, failure.code, failure.message);
}

/* C1, C3 */
void eddyi_secure_limit_passed(eddyi_channel *channel)
{
    eddyi_secure *secure = channel->secure;
    if (secure->state == EDDYI_SECURE_HANDSHAKE)
        lose(secure, EDDY_ECONNABORTED, handshake_too_long);
    else
        lose(secure, EDDY_ETIMEDOUT, shutdown_too_long);
}

/* ---- receiving ---- */

static bool tries_first(const eddyi_secure *secure)
{
    return (secure->channel->loop->ops->caps & EDDYI_CAP_TRY_FIRST) != 0;
}

/* What a receive brought is with the engine now. False: the channel was lost. */
static bool fed(eddyi_secure *secure, const eddyi_result *result)
{
    if (result->value < 0) {
        eddyi_channel_fail(secure->channel, (int)result->value, result->os_error);
        return false;
    }
    if (result->value == 0)
        eddyi_tls_feed_end(secure->tls);
    else
        eddyi_tls_fed(secure->tls, (size_t)result->value);
    if ((size_t)result->value == secure->buffer.size)
        secure->room = LARGE_ROOM;
    return true;
}

static int submit(eddyi_secure *secure, uint8_t kind, eddyi_result *now)
{
    eddyi_op_set(&secure->receive, &secure->channel->descriptor, kind, &secure->buffer,
                 kind == EDDYI_POLL ? 0 : 1, &secure->received);
    return eddyi_io_submit(secure->channel->loop, &secure->receive, now);
}

enum filled { FILLED, AWAITED, LOST };

static enum filled ended(eddyi_secure *secure, const eddyi_result *now)
{
    return fed(secure, now) ? FILLED : LOST;
}

/* Where the backend tries first, what waits is a poll, which lends no memory. */
static enum filled receive(eddyi_secure *secure)
{
    eddyi_result now;
    eddyi_channel *channel = secure->channel;
    char *data;
    size_t room;
    int rc = eddyi_tls_room(secure->tls, secure->room, &data, &room);
    if (rc < 0) {
        lose(secure, rc, NULL);
        return LOST;
    }
    secure->buffer = (eddyi_buffer){data, room};
    if (submit(secure, EDDYI_RECV, &now) == EDDYI_DONE)
        return ended(secure, &now);
    if (tries_first(secure)) {
        (void)eddyi_io_cancel(channel->loop, &secure->receive, &now); /* parked, not begun */
        if (now.value != EDDY_ECANCELED)
            return ended(secure, &now);
        eddyi_tls_rest(secure->tls);
        if (submit(secure, EDDYI_POLL, &now) == EDDYI_DONE)
            return now.value < 0 ? ended(secure, &now) : receive(secure);
    }
    channel->reading = true;
    return AWAITED;
}

static enum filled fill(eddyi_secure *secure)
{
    if (secure->channel->reading)
        return AWAITED;
    if (secure->channel->error != 0 || secure->state == EDDYI_SECURE_ENDED)
        return LOST;
    return eddyi_tls_fed_end(secure->tls) ? FILLED : receive(secure);
}

bool eddyi_secure_fill(eddyi_channel *channel)
{
    return fill(channel->secure) == FILLED;
}

static void tell_readable(eddyi_secure *secure)
{
    eddyi_stream_wake_all(&secure->waits, 0);
    secure->channel->kind->readable(secure->channel);
}

static void receive_completed(eddyi_completion *completion, const eddyi_result *result)
{
    eddyi_secure *secure = EDDYI_CONTAINER(completion, eddyi_secure, received);
    eddyi_channel *channel = secure->channel;
    bool polled = secure->receive.kind == EDDYI_POLL;
    channel->reading = false;
    if (channel->error != 0) {
        eddyi_channel_try_finish(channel);
        return;
    }
    if (channel->loop->closing) /* nobody reads any more; it is shut next */
        return;
    enum filled filled = polled && result->value >= 0 ? receive(secure) : ended(secure, result);
    if (filled != FILLED)
        return;
    if (secure->state == EDDYI_SECURE_OPEN)
        tell_readable(secure);
    else
        go_on(secure);
}

int eddyi_secure_take(eddyi_channel *channel, const void *data, size_t size)
{
    int rc = eddyi_tls_feed(channel->secure->tls, data, size);
    if (rc < 0)
        eddyi_channel_fail(channel, rc, 0);
    else
        go_on(channel->secure);
    return rc;
}

void eddyi_secure_received(eddyi_channel *channel, const eddyi_result *result, const void *data)
{
    if (result->value > 0 && data != NULL) /* else it was a poll, and nothing is read yet */
        (void)eddyi_secure_take(channel, data, (size_t)result->value);
    else if (result->value < 0 && result->value != EDDY_ECANCELED)
        eddyi_channel_fail(channel, (int)result->value, result->os_error);
    else if (result->value == 0)
        eddyi_tls_feed_end(channel->secure->tls);
    if (channel->error == 0)
        go_on(channel->secure);
}

/* ---- the handshake ---- */

static void secured(eddyi_secure *secure)
{
    secure->state = EDDYI_SECURE_OPEN;
    eddyi_channel_limit(secure->channel, UINT64_MAX);
    tell_readable(secure);
}

static void shake(eddyi_secure *secure)
{
    int rc;
    for (int receives = 0; (rc = eddyi_tls_handshake(secure->tls)) == EDDY_EAGAIN; receives++) {
        eddyi_channel_flush(secure->channel);
        if (fill(secure) != FILLED)
            return;
        if (receives == MOST_RECEIVES) {
            go_on(secure);
            return;
        }
    }
    if (rc < 0) {
        lose_engine(secure);
        return;
    }
    eddyi_channel_flush(secure->channel);
    if (secure->channel->error == 0)
        secured(secure);
}

/* ---- the end ---- */

static void ended_well(eddyi_secure *secure)
{
    secure->state = EDDYI_SECURE_ENDED;
    eddyi_channel_try_finish(secure->channel);
}

/* What still comes is thrown away, up to the peer's end. An end without the end of TLS is as good: nobody reads any more. */
static void await_end(eddyi_secure *secure)
{
    char scrap[SCRAP];
    for (int receives = 0; receives < MOST_RECEIVES; receives++) {
        while (eddyi_secure_read(secure->channel, scrap, sizeof scrap) > 0)
            continue;
        if (secure->channel->error != 0)
            return;
        if (eddyi_tls_peer_ended(secure->tls) || eddyi_tls_fed_end(secure->tls)) {
            ended_well(secure);
            return;
        }
        if (fill(secure) != FILLED)
            return;
    }
    go_on(secure); /* a peer that sends without end does not hold up the others */
}

/* Held meanwhile: nobody may refer to a channel that ends, and whatever fails in here would close it. */
static void step_ran(eddyi_node *node)
{
    eddyi_secure *secure = EDDYI_CONTAINER(node, eddyi_secure, step);
    eddyi_channel *channel = secure->channel;
    if (channel->loop->closed || channel->error != 0)
        return;
    channel->held = true;
    if (secure->state == EDDYI_SECURE_HANDSHAKE)
        shake(secure);
    else if (secure->state == EDDYI_SECURE_ENDING)
        await_end(secure);
    channel->held = false;
    eddyi_channel_try_finish(channel);
}

void eddyi_secure_close(eddyi_channel *channel)
{
    eddyi_secure *secure = channel->secure;
    if (secure->state == EDDYI_SECURE_HANDSHAKE) { /* C3: nothing was said that would have to be ended */
        eddyi_channel_abort(channel);
        return;
    }
    eddyi_stream_wake_all(&secure->waits, EDDY_ECLOSED);
    secure->state = EDDYI_SECURE_ENDING;
    eddyi_tls_shutdown(secure->tls);
    go_on(secure);
    eddyi_channel_flush(channel);
}

bool eddyi_secure_is_shaking(const eddyi_channel *channel)
{
    return channel->secure != NULL && channel->secure->state == EDDYI_SECURE_HANDSHAKE;
}

bool eddyi_secure_is_ending(const eddyi_channel *channel)
{
    return channel->secure != NULL && channel->secure->state != EDDYI_SECURE_ENDED;
}

void eddyi_secure_lost(eddyi_channel *channel)
{
    eddyi_result now;
    eddyi_secure *secure = channel->secure;
    eddyi_stream_wake_all(&secure->waits, channel->error);
    if (channel->descriptor.reader == &secure->receive && /* not reported already */
        eddyi_io_cancel(channel->loop, &secure->receive, &now) == EDDYI_DONE)
        channel->reading = false;
}

void eddyi_secure_shut(eddyi_channel *channel)
{
    if (channel->reading)
        (void)eddyi_io_revoke(channel->loop, &channel->secure->receive);
}

void eddyi_secure_stop(eddyi_channel *channel)
{
    eddyi_ready_remove(channel->loop, &channel->secure->step);
}

/* ---- waiting ---- */

int eddyi_secure_await(eddyi_channel *channel, void *owner, void (*let_go)(void *), const char *operation)
{
    eddyi_secure *secure = channel->secure;
    while (channel->error == 0 && secure->state == EDDYI_SECURE_HANDSHAKE)
        if (eddyi_stream_wait(&secure->waits, &eddyi_handshake_kind, owner, let_go) == EDDY_ECANCELED) {
            eddyi_channel_abort(channel);
            return EDDY_ECANCELED;
        }
    return channel->error != 0 ? eddyi_channel_tell(channel, operation) : 0;
}

/* ---- reading and writing ---- */

/* What reading had to answer goes out. L7: a peer that asks for more than it reads is given up. */
static void answer(eddyi_secure *secure, size_t unsent_before)
{
    eddyi_channel *channel = secure->channel;
    size_t unsent = eddyi_channel_unsent(channel);
    if (unsent <= unsent_before)
        return;
    secure->answered += unsent - unsent_before;
    eddyi_channel_flush(channel);
    if (channel->error == 0 && eddyi_channel_unsent(channel) == 0)
        secure->answered = 0;
    if (secure->answered > MOST_ANSWERS)
        lose(secure, EDDY_ETLS, too_many_answers);
}

int64_t eddyi_secure_read(eddyi_channel *channel, void *data, size_t size)
{
    eddyi_secure *secure = channel->secure;
    size_t unsent = eddyi_channel_unsent(channel);
    int64_t value = eddyi_tls_read(secure->tls, data, size);
    if (value > 0)
        secure->answered = 0;
    if (value >= 0 || value == EDDY_EAGAIN)
        answer(secure, unsent);
    else if (channel->state == EDDYI_CHANNEL_OPEN || value != EDDY_ETRUNCATED)
        lose_engine(secure);
    return value <= 0 && channel->error != 0 ? channel->error : value;
}

/* Record by record; what the peer takes goes out before more is made. */
static int encrypt(eddyi_secure *secure, const eddyi_buffer *buffer, uint64_t *taken)
{
    for (size_t done = 0; done < buffer->size;) {
        int64_t rc = eddyi_tls_write(secure->tls, (char *)buffer->data + done, buffer->size - done);
        if (rc < 0)
            return (int)rc;
        done += (size_t)rc;
        *taken += (uint64_t)rc;
        if (done % FLUSH_AFTER == 0)
            eddyi_channel_flush(secure->channel);
        if (secure->channel->error != 0)
            return secure->channel->error;
    }
    return 0;
}

int eddyi_secure_write(eddyi_channel *channel, const eddyi_buffer *buffers, size_t count,
                       const char *operation)
{
    int rc = 0;
    uint64_t taken = 0;
    eddyi_secure *secure = channel->secure;
    if (secure->state == EDDYI_SECURE_HANDSHAKE)
        return eddyi_fail(EDDY_EBUSY, operation);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = encrypt(secure, &buffers[i], &taken);
    if (rc < 0 && eddyi_tls_failed(secure->tls).code != 0)
        lose_engine(secure);
    else
        eddyi_channel_flush(channel);
    if (channel->error != 0)
        return eddyi_channel_tell(channel, operation);
    if (rc < 0)
        eddyi_fail_detail(rc, operation)->partial = taken;
    return rc;
}
