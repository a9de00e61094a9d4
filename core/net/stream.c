/* stream.c: the life of a stream: made, closed, aborted, lost, freed.
 * Touches io.c and the network table. The descriptor is closed only when no op is lent on it and it is detached. */
#include <string.h>

#include "core/net/stream_inside.h"

enum { DEFAULT_LIMIT = 64 * 1024, DEFAULT_HIGH_WATER = 64 * 1024 };

static void shut(eddyi_closable *closable);

static void read_revoked(eddyi_completion *completion, const eddyi_result *result);
static void reader_gone(eddyi_node *node);
static void flush_completed(eddyi_completion *completion, const eddyi_result *result);

int eddyi_stream_create(eddy_loop *loop, eddy_stream **out, eddy_fd fd, const eddyi_stream_settings *settings)
{
    eddy_stream *stream = eddyi_allocate_zero(&loop->allocator, sizeof *stream);
    if (stream == NULL)
        return EDDY_ENOMEM;
    stream->descriptor.fd = fd;
    stream->descriptor.kind = settings->way == EDDYI_WAY_SOCKET ? EDDYI_STREAM : EDDYI_PIPE;
    int rc = loop->ops->attach(loop->backend, &stream->descriptor);
    if (rc < 0) {
        eddyi_release(&loop->allocator, stream);
        return rc;
    }
    if (settings->way == EDDYI_WAY_SOCKET)
        (void)loop->net->set_option(loop->backend, fd, EDDYI_NO_DELAY,
                                    1); /* N4; a socket that has no such option works without */
    stream->way = (uint8_t)settings->way;
    stream->terminal = settings->terminal;
    stream->made_non_blocking = settings->made_non_blocking;
    stream->loop = loop;
    stream->references = 1;
    stream->limit = settings->limit != 0 ? settings->limit : DEFAULT_LIMIT;
    stream->high_water = settings->high_water != 0 ? settings->high_water : DEFAULT_HIGH_WATER;
    stream->low_water = settings->low_water != 0 ? settings->low_water : stream->high_water / 4;
    stream->closable.shut = shut;
    stream->sent.fn = flush_completed;
    stream->revoked.fn = read_revoked;
    eddyi_node_init(&stream->reader_gone, reader_gone);
    eddyi_list_init(&stream->drainers);
    eddyi_list_init(&stream->closers);
    eddyi_list_init(&stream->of_server);
    eddyi_list_append(&loop->closables, &stream->closable.link);
    eddyi_loop_object_add(loop);
    *out = stream;
    return 0;
}

/* ---- references ---- */

static void free_stream(eddy_stream *stream)
{
    eddy_loop *loop = stream->loop;
    eddyi_bytes_free(&loop->allocator, &stream->incoming);
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
    if (stream->state == EDDYI_STREAM_CLOSED) {
        free_stream(stream);
        return;
    }
    eddy_stream_close(stream); /* it frees itself when what is unsent has gone */
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

static const eddyi_wait_kind drain_kind = {"drain", wait_cancel, wait_abandon};
const eddyi_wait_kind eddyi_wait_closed_kind = {"wait_closed", wait_cancel, wait_abandon};
const eddyi_wait_kind eddyi_serve_forever_kind = {"serve_forever", wait_cancel, wait_abandon};
const eddyi_wait_kind eddyi_wait_process_kind = {"process", wait_cancel, wait_abandon};

int eddyi_stream_wait(eddyi_list *list, const eddyi_wait_kind *kind, void *owner, void (*let_go)(void *))
{
    stream_wait w = {.wait = {.kind = kind, .object = owner}, .let_go = let_go};
    w.wait.task = eddyi_current_task();
    eddyi_list_init(&w.link);
    eddyi_list_append(list, &w.link);
    return eddyi_suspend(&w.wait, false);
}

static void let_go(void *stream)
{
    eddy_stream_release(stream);
}

int eddyi_stream_wait_drained(eddy_stream *stream)
{
    return eddyi_stream_wait(&stream->drainers, &drain_kind, stream, let_go);
}

/* ---- closing ---- */

static void close_descriptor(eddy_stream *stream)
{
    eddy_loop *loop = stream->loop;
    loop->ops->detach(loop->backend, &stream->descriptor);
    if (stream->made_non_blocking)
        eddyi_pipe_give_back(stream->descriptor.fd);
    (void)loop->net->close(loop->backend, stream->descriptor.fd);
    stream->descriptor.fd = -1;
}

static void finish(eddy_stream *stream)
{
    eddy_loop *loop = stream->loop;
    stream->state = EDDYI_STREAM_CLOSED;
    eddyi_bytes_free(&loop->allocator, &stream->in_flight);
    eddyi_bytes_free(&loop->allocator, &stream->outgoing);
    close_descriptor(stream);
    eddyi_list_remove(&stream->closable.link);
    eddyi_stream_wake_all(&stream->drainers, EDDY_ECLOSED);
    eddyi_stream_wake_all(&stream->closers, 0);
    if (stream->server != NULL)
        eddyi_server_forget(stream->server, stream);
    if (stream->references == 0)
        free_stream(stream);
}

void eddyi_stream_try_finish(eddy_stream *stream)
{
    if (stream->state != EDDYI_STREAM_CLOSING || stream->reading || stream->sending)
        return;
    if (stream->error == 0 && eddyi_stream_unsent(stream) > 0)
        return;
    if (!eddyi_pipe_stop_watching(stream))
        return;
    finish(stream);
}

/* The reader is told why its read ended, never "cancelled": so a cancel of its task that came as well is kept for the next await. */
static void read_revoked(eddyi_completion *completion, const eddyi_result *result)
{
    eddy_stream *stream = EDDYI_CONTAINER(completion, eddy_stream, revoked);
    eddyi_result ended = *result;
    ended.value = stream->error != 0 ? stream->error : EDDY_ECLOSED;
    ended.os_error = stream->os_error;
    stream->revoked_reader->fn(stream->revoked_reader, &ended);
}

/* A reader that waits ends now; on completion backends its op may take a turn to come back. */
static void revoke_read(eddy_stream *stream)
{
    eddyi_result now;
    if (!stream->reading || stream->read_revoked || stream->descriptor.reader != &stream->receive)
        return;
    stream->read_revoked = true;
    stream->revoked_reader = stream->receive.waiter;
    stream->receive.waiter = &stream->revoked;
    if (eddyi_io_cancel(stream->loop, &stream->receive, &now) == EDDYI_DONE)
        read_revoked(&stream->revoked, &now);
}

void eddy_stream_close(eddy_stream *stream)
{
    if (stream == NULL || stream->state != EDDYI_STREAM_OPEN)
        return;
    stream->state = EDDYI_STREAM_CLOSING;
    eddyi_stream_wake_all(&stream->drainers, EDDY_ECLOSED);
    revoke_read(stream);
    eddyi_stream_try_finish(stream);
}

static void discard_unsent(eddy_stream *stream)
{
    eddyi_result now;
    eddy_loop *loop = stream->loop;
    if (eddyi_stream_unsent(stream) > 0 && stream->way == EDDYI_WAY_SOCKET)
        (void)loop->net->set_option(loop->backend, stream->descriptor.fd, EDDYI_LINGER_RESET, 1);
    if (stream->descriptor.writer ==
            &stream->send && /* else its result is on its way, in the batch in hand */
        eddyi_io_cancel(loop, &stream->send, &now) == EDDYI_DONE)
        stream->sending = false;
}

void eddy_stream_abort(eddy_stream *stream)
{
    if (stream != NULL && stream->state != EDDYI_STREAM_CLOSED)
        eddyi_stream_fail(stream, EDDY_ECLOSED, 0);
}

void eddyi_stream_fail(eddy_stream *stream, int error, int os_error)
{
    if (stream->error == 0) {
        stream->error = error;
        stream->os_error = os_error;
    }
    discard_unsent(stream);
    eddyi_stream_wake_all(&stream->drainers, stream->error);
    if (stream->state == EDDYI_STREAM_OPEN)
        stream->state = EDDYI_STREAM_CLOSING;
    revoke_read(stream);
    eddyi_stream_try_finish(stream);
}

static void reader_gone(eddyi_node *node)
{
    eddy_stream *stream = EDDYI_CONTAINER(node, eddy_stream, reader_gone);
    stream->reading = false;
    eddy_stream_release(stream);
}

/* The loop closes: take the ops back and close; tasks are destroyed next, so nobody is woken. The reader's task still looks at the
 * receive op then, so its reference goes last, from the queue. */
static void shut(eddyi_closable *closable)
{
    eddy_stream *stream = EDDYI_CONTAINER(closable, eddy_stream, closable);
    eddy_loop *loop = stream->loop;
    stream->state = EDDYI_STREAM_CLOSED;
    if (stream->descriptor.reader == &stream->receive)
        (void)eddyi_io_revoke(loop, &stream->receive);
    if (stream->reading)
        eddyi_ready_push(loop, &stream->reader_gone);
    if (stream->watching)
        (void)eddyi_io_revoke(loop, &stream->watch);
    stream->watching = false;
    if (stream->sending)
        (void)eddyi_io_revoke(loop, &stream->send);
    stream->sending = false;
    eddyi_bytes_free(&loop->allocator, &stream->in_flight);
    eddyi_bytes_free(&loop->allocator, &stream->outgoing);
    close_descriptor(stream);
    if (stream->server != NULL)
        eddyi_server_forget(stream->server, stream);
    if (stream->references == 0)
        free_stream(stream);
}

/* ---- sending what could not be sent at once ---- */

static void after_progress(eddy_stream *stream)
{
    eddy_loop *loop = stream->loop;
    size_t unsent = eddyi_stream_unsent(stream);
    if (unsent <= stream->low_water)
        eddyi_stream_wake_all(&stream->drainers, 0);
    if (unsent > 0)
        return;
    if (stream->eof_wanted && !stream->eof_sent) {
        stream->eof_sent = true;
        (void)loop->net->shutdown(loop->backend, stream->descriptor.fd, EDDYI_SHUT_WRITE);
    }
    eddyi_stream_try_finish(stream);
}

static bool took(eddy_stream *stream, const eddyi_result *result)
{
    if (result->value < 0) {
        eddyi_stream_fail(stream, (int)result->value, result->os_error);
        return false;
    }
    eddyi_bytes_consume(&stream->loop->allocator, &stream->in_flight, (size_t)result->value);
    return true;
}

void eddyi_stream_flush(eddy_stream *stream)
{
    eddyi_result now;
    while (!stream->sending && stream->error == 0 && eddyi_stream_unsent(stream) > 0) {
        eddyi_bytes *bytes = &stream->in_flight;
        if (eddyi_bytes_size(bytes) == 0) {
            eddyi_bytes empty = *bytes;
            *bytes = stream->outgoing;
            stream->outgoing = empty;
        }
        stream->send_buffer = (eddyi_buffer){bytes->data + bytes->start, eddyi_bytes_size(bytes)};
        stream->send = (eddyi_op){.descriptor = &stream->descriptor,
                                  .kind = eddyi_stream_send_kind(stream),
                                  .offset = UINT64_MAX,
                                  .buffers = &stream->send_buffer,
                                  .buffer_count = 1,
                                  .waiter = &stream->sent};
        if (eddyi_io_submit(stream->loop, &stream->send, &now) == EDDYI_PENDING)
            stream->sending = true;
        else if (!took(stream, &now))
            return;
    }
    if (stream->error == 0) /* also with more under way: what went at once may have reached the low mark */
        after_progress(stream);
}

static void flush_completed(eddyi_completion *completion, const eddyi_result *result)
{
    eddy_stream *stream = EDDYI_CONTAINER(completion, eddy_stream, sent);
    stream->sending = false;
    if (stream->error != 0) { /* lost or aborted meanwhile: the op only had to come back */
        eddyi_stream_try_finish(stream);
        return;
    }
    if (took(stream, result))
        eddyi_stream_flush(stream);
}

/* ---- what is known of it ---- */

bool eddy_stream_is_closing(const eddy_stream *stream)
{
    return stream == NULL || stream->state != EDDYI_STREAM_OPEN;
}

int eddy_stream_wait_closed(eddy_stream *stream)
{
    if (stream == NULL)
        return eddyi_fail(EDDY_EINVAL, "wait_closed");
    if (eddyi_current_task() == NULL)
        return eddyi_fail(EDDY_ENOTASK, "wait_closed");
    eddy_stream_retain(stream);
    int rc = 0;
    if (stream->state != EDDYI_STREAM_CLOSED)
        rc = eddyi_stream_wait(&stream->closers, &eddyi_wait_closed_kind, stream, let_go);
    if (rc == 0 && stream->error != 0 && stream->error != EDDY_ECLOSED && !stream->lost_nothing)
        rc = eddyi_fail_system(stream->error, stream->os_error, "wait_closed");
    eddy_stream_release(stream);
    return rc;
}

typedef int (*address_fn)(eddyi_backend *, eddy_fd, eddyi_address *);

static int name_of(const eddy_stream *stream, bool peer, char *text, size_t size)
{
    eddyi_address address;
    if (stream == NULL || text == NULL)
        return eddyi_fail(EDDY_EINVAL, "get_extra_info");
    if (stream->state == EDDYI_STREAM_CLOSED)
        return eddyi_fail(EDDY_ECLOSED, "get_extra_info");
    const eddyi_net_ops *net = stream->loop->net;
    address_fn ask = peer ? net->peer_address : net->local_address;
    int rc = ask(stream->loop->backend, stream->descriptor.fd, &address);
    if (rc >= 0)
        rc = net->format(&address, text, size);
    return rc < 0 ? eddyi_fail(rc, "get_extra_info") : rc;
}

int eddy_stream_peer_name(const eddy_stream *stream, char *text, size_t size)
{
    return name_of(stream, true, text, size);
}

int eddy_stream_local_name(const eddy_stream *stream, char *text, size_t size)
{
    return name_of(stream, false, text, size);
}

eddy_fd eddy_stream_fileno(const eddy_stream *stream)
{
    return stream != NULL ? stream->descriptor.fd : -1;
}

size_t eddy_stream_write_buffer_size(const eddy_stream *stream)
{
    return stream != NULL ? eddyi_stream_unsent(stream) : 0;
}
