/* sendfile.c: files into connections. Rule numbers C10-C12 are those of asyncio's inventory.
 * Touches files, channels and io.c. One call on its task's stack; what it holds is given back by the loop should that close under it. */
#include <eddy/sendfile.h>
#include "core/file/file_inside.h"
#include "core/net/stream_inside.h"
#include "core/net/transport_inside.h"

enum { AT_ONCE = 1024 * 1024, BLOCK = 16 * 1024, SOCKET_BLOCK = 256 * 1024 }; /* C11 */

void eddy_sendfile_options_init(eddy_sendfile_options *options)
{
    if (options != NULL)
        *options = (eddy_sendfile_options){.size = sizeof *options};
}

typedef struct sending sending;

/* Where it goes: to a channel, behind what is unsent there, or to a bare socket. */
typedef struct destination {
    /* Until so little is unsent that one may go on. 0, or why the destination is gone. */
    int (*wait)(sending *, size_t most_unsent);
    int (*put)(sending *, const char *data, size_t size); /* all of it */
    void (*let_go)(sending *);                            /* of its reference, also when the loop closes */
    size_t block;
} destination;

struct sending {
    eddyi_closable closable;
    const destination *to;
    eddy_loop *loop;
    eddyi_file_hold file;
    uint64_t offset, left, sent; /* left: UINT64_MAX is to the end */
    bool no_fallback;
    int32_t os_error;
    eddyi_descriptor *descriptor;
    eddyi_op op;
    eddyi_buffer piece;
    eddyi_file_job *job; /* of a bare socket: being sent */
    union {
        eddy_stream *stream;
        eddy_transport *transport;
    } owner;
    eddyi_channel *channel; /* NULL: a bare socket */
    eddyi_descriptor own;   /* of a bare socket */
};

/* ---- natively ---- */

static void went(sending *s, int64_t size)
{
    s->sent += (uint64_t)size;
    if (s->left != UINT64_MAX)
        s->left -= (uint64_t)size;
}

static size_t next_piece(const sending *s, size_t most)
{
    return s->left < most ? (size_t)s->left : most;
}

static int64_t send_native(sending *s)
{
    while (s->left > 0) {
        s->piece = (eddyi_buffer){NULL, next_piece(s, AT_ONCE)};
        s->op = (eddyi_op){.descriptor = s->descriptor,
                           .kind = EDDYI_SENDFILE,
                           .offset = s->offset + s->sent,
                           .buffers = &s->piece,
                           .buffer_count = 1,
                           .file = s->file.open->fd};
        int64_t n = eddyi_io_await(s->loop, &s->op, &s->os_error);
        if (n <= 0)
            return n; /* 0: the file ends here, maybe earlier than it did (S14) */
        went(s, n);
        int rc = s->to->wait(s, SIZE_MAX); /* is it still open? */
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* C10: the system has no way for this file or this destination; nothing was sent. */
static bool is_not_available(const sending *s, int64_t result)
{
    return s->sent == 0 && (result == EDDY_ENOSYS || result == EDDY_EINVAL || result == EDDY_EOPNOTSUPP ||
                            result == EDDY_EOVERFLOW);
}

/* ---- by reading ---- */

/* One block: its size, 0 at the end of the file, or an error. With ECANCELED the job is gone. */
static int64_t read_block(sending *s, eddyi_file_job **out)
{
    int rc = eddyi_file_job_create(s->file.open, out, EDDYI_FILE_READ, s->to->block);
    if (rc < 0)
        return rc;
    eddyi_file_job *job = *out;
    job->size = next_piece(s, s->to->block);
    job->offset = s->file.open->positioned ? s->offset + s->sent : UINT64_MAX;
    rc = eddyi_file_job_await(s->loop, job);
    if (rc == EDDY_ECANCELED)
        *out = NULL;
    if (rc < 0)
        return rc;
    s->os_error = job->os_error;
    return job->result;
}

static int64_t send_block(sending *s)
{
    eddyi_file_job *job = NULL;
    int64_t n = read_block(s, &job);
    if (n > 0) {
        int rc = s->to->wait(s, SIZE_MAX); /* is it still open? */
        if (rc == 0) {
            s->job = job; /* should the loop close meanwhile */
            rc = s->to->put(s, job->data, (size_t)n);
            s->job = NULL;
        }
        n = rc < 0 ? rc : n;
    }
    eddyi_file_job_free(job);
    return n;
}

static int64_t send_by_reading(sending *s)
{
    while (s->left > 0) {
        int64_t n = send_block(s);
        if (n <= 0)
            return n;
        int rc = s->to->wait(s, s->channel != NULL ? s->channel->marks.high_water : SIZE_MAX);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- channels ---- */

static int channel_gone(const sending *s)
{
    const eddyi_channel *channel = s->channel;
    if (channel->error != 0)
        return channel->error;
    return channel->state == EDDYI_CHANNEL_OPEN ? 0 : EDDY_ECLOSED;
}

static int wait_of_channel(sending *s, size_t most_unsent, int (*wait_once)(sending *))
{
    int rc = channel_gone(s);
    while (rc == 0 && eddyi_channel_unsent(s->channel) > most_unsent) {
        rc = wait_once(s);
        if (rc == 0)
            rc = channel_gone(s);
    }
    return rc;
}

static int put_into_channel(sending *s, const char *data, size_t size)
{
    eddyi_buffer buffer = {(void *)(uintptr_t)data, size};
    int rc = eddyi_channel_write(s->channel, &buffer, 1, "sendfile");
    if (rc == 0)
        went(s, (int64_t)size);
    return rc;
}

static int stream_drains(sending *s)
{
    (void)eddy_stream_retain(s->owner.stream);
    int rc = eddyi_stream_wait_drained(s->owner.stream);
    eddy_stream_release(s->owner.stream);
    return rc;
}

static int wait_of_stream(sending *s, size_t most_unsent)
{
    return wait_of_channel(s, most_unsent, stream_drains);
}

static void let_stream_go(sending *s)
{
    eddy_stream_release(s->owner.stream);
}

static void let_transport_go_in_wait(void *transport)
{
    eddy_transport_release(transport);
}

static int transport_drains(sending *s)
{
    eddy_transport *transport = eddy_transport_retain(s->owner.transport);
    int rc = eddyi_stream_wait(&transport->drainers, &eddyi_drain_kind, transport, let_transport_go_in_wait);
    eddy_transport_release(transport);
    return rc;
}

static int wait_of_transport(sending *s, size_t most_unsent)
{
    return wait_of_channel(s, most_unsent, transport_drains);
}

static void let_transport_go(sending *s)
{
    eddy_transport_release(s->owner.transport);
}

static const destination to_stream = {wait_of_stream, put_into_channel, let_stream_go, BLOCK};
static const destination to_transport = {wait_of_transport, put_into_channel, let_transport_go, BLOCK};

/* ---- bare sockets ---- */

static int wait_of_socket(sending *s, size_t most_unsent)
{
    (void)s;
    (void)most_unsent;
    return 0;
}

static int put_into_socket(sending *s, const char *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        s->piece = (eddyi_buffer){(void *)(uintptr_t)(data + done), size - done};
        s->op = (eddyi_op){
            .descriptor = s->descriptor, .kind = EDDYI_SEND, .buffers = &s->piece, .buffer_count = 1};
        int64_t n = eddyi_io_await(s->loop, &s->op, &s->os_error);
        if (n < 0)
            return (int)n;
        done += (size_t)n;
        went(s, n);
    }
    return 0;
}

static void let_socket_go(sending *s)
{
    if (s->own.writer == &s->op)
        (void)eddyi_io_revoke(s->loop, &s->op);
    s->loop->ops->detach(s->loop->backend, &s->own);
    eddyi_file_job_free(s->job);
    s->job = NULL;
}

static const destination to_socket = {wait_of_socket, put_into_socket, let_socket_go, SOCKET_BLOCK};

/* ---- the whole of it ---- */

static int64_t send_all(sending *s)
{
    bool native = s->file.open->positioned && s->descriptor != NULL;
    int64_t result = native ? s->to->wait(s, 0) : EDDY_EOPNOTSUPP;
    if (native && result == 0)
        result = send_native(s);
    if (!is_not_available(s, result))
        return result;
    return s->no_fallback ? EDDY_ESENDFILE : send_by_reading(s);
}

static void shut(eddyi_closable *closable)
{
    sending *s = EDDYI_CONTAINER(closable, sending, closable);
    s->to->let_go(s);
}

static int64_t explain(const sending *s, int64_t result)
{
    if (result >= 0)
        return (int64_t)s->sent;
    eddy_error *record = eddyi_error_record();
    if (result != EDDY_ECANCELED) {
        record = eddyi_fail_detail((int)result, "sendfile");
        record->os_error = s->os_error;
    }
    record->partial = s->sent;
    return result;
}

/* The destination is held, and nobody else writes to it. */
static int64_t run(sending *s, eddy_file *file)
{
    eddyi_list_append(&s->loop->closables, &s->closable.link);
    eddyi_file_hold_begin(&s->file, file);
    int64_t result = send_all(s);
    if (file->open == NULL || file->open->positioned)
        file->position = s->offset + s->sent; /* C11 */
    eddyi_file_hold_end(&s->file);
    eddyi_list_remove(&s->closable.link);
    return explain(s, result);
}

static int begin(sending *s, eddy_file *file, const destination *to, const eddy_sendfile_options *options)
{
    static const eddy_sendfile_options defaults = {.size = sizeof defaults};
    int rc = eddyi_file_usable(file, "sendfile");
    if (rc < 0)
        return rc;
    if (options == NULL)
        options = &defaults;
    if (options->offset > INT64_MAX || options->count > INT64_MAX - options->offset)
        return eddyi_fail(EDDY_EINVAL, "sendfile");
    if (options->offset > 0 && !file->open->positioned)
        return eddyi_fail(EDDY_EOPNOTSUPP, "sendfile");
    *s = (sending){.closable = {.shut = shut},
                   .to = to,
                   .loop = file->loop,
                   .offset = options->offset,
                   .left = options->count != 0 ? options->count : UINT64_MAX,
                   .no_fallback = options->no_fallback};
    return 0;
}

/* Take the channel: nobody else writes until give_channel. */
static int take_channel(sending *s, eddyi_channel *channel)
{
    if (channel->loop != s->loop)
        return eddyi_fail(EDDY_EWRONGLOOP, "sendfile");
    if (!eddyi_channel_is_written(channel))
        return eddyi_fail(EDDY_EOPNOTSUPP, "sendfile");
    s->channel = channel;
    int rc = channel_gone(s);
    if (rc == 0 && channel->eof_wanted)
        rc = EDDY_ECLOSED;
    if (rc == 0 && channel->file_op != NULL)
        rc = EDDY_EBUSY;
    if (rc < 0)
        return eddyi_fail_system(rc, channel->os_error, "sendfile");
    s->descriptor = channel->secure == NULL ? &channel->descriptor
                                            : NULL; /* the system would send what is to be encrypted */
    channel->file_op = &s->op;
    return 0;
}

static void give_channel(sending *s)
{
    s->channel->file_op = NULL;
    eddyi_channel_try_finish(s->channel);
}

int64_t eddy_stream_sendfile(eddy_stream *stream, eddy_file *file, const eddy_sendfile_options *options)
{
    sending s;
    int rc = stream == NULL ? eddyi_fail(EDDY_EINVAL, "sendfile") : begin(&s, file, &to_stream, options);
    if (rc == 0)
        rc = take_channel(&s, &stream->channel);
    if (rc < 0)
        return rc;
    s.owner.stream = eddy_stream_retain(stream);
    int64_t result = run(&s, file);
    give_channel(&s);
    eddy_stream_release(stream);
    return result;
}

int64_t eddy_loop_sendfile(eddy_loop *loop, eddy_transport *transport, eddy_file *file,
                           const eddy_sendfile_options *options)
{
    sending s;
    int rc = loop == NULL || transport == NULL ? eddyi_fail(EDDY_EINVAL, "sendfile")
                                               : begin(&s, file, &to_transport, options);
    if (rc == 0)
        rc = take_channel(&s, &transport->channel);
    if (rc < 0)
        return rc;
    bool reads = eddy_transport_is_reading(transport);
    s.owner.transport = eddy_transport_retain(transport);
    eddy_transport_pause_reading(transport);
    int64_t result = run(&s, file);
    give_channel(&s);
    if (reads)
        eddy_transport_resume_reading(transport);
    eddy_transport_release(transport);
    return result;
}

static int attach_socket(sending *s, eddy_fd fd)
{
    int type = 0;
    eddy_loop *loop = s->loop;
    int rc = loop->net->get_option(loop->backend, fd, EDDYI_SOCKET_TYPE, &type);
    if (rc >= 0 && type != EDDYI_SOCKET_STREAM)
        rc = EDDY_EINVAL;
    s->own = (eddyi_descriptor){.fd = fd, .kind = EDDYI_STREAM};
    if (rc >= 0)
        rc = loop->ops->attach(loop->backend, &s->own);
    s->descriptor = &s->own;
    return rc < 0 ? eddyi_fail(rc == EDDY_EEXIST ? EDDY_EBUSY : rc, "sendfile") : 0;
}

int64_t eddy_loop_sock_sendfile(eddy_loop *loop, eddy_fd fd, eddy_file *file,
                                const eddy_sendfile_options *options)
{
    sending s;
    int rc = loop == NULL ? eddyi_fail(EDDY_EINVAL, "sendfile") : begin(&s, file, &to_socket, options);
    if (rc == 0 && loop != file->loop)
        rc = eddyi_fail(EDDY_EWRONGLOOP, "sendfile");
    if (rc == 0)
        rc = attach_socket(&s, fd);
    if (rc < 0)
        return rc;
    int64_t result = run(&s, file);
    let_socket_go(&s);
    return result;
}
