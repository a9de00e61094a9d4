/* connect.c: from a name to a connected stream.
 * Touches the resolver and io.c. Addresses are tried one after the other; whatever happens, only the stream that is returned stays open. */
#include "core/net/connect.h"
#include "core/net/resolve.h"
#include "core/net/secure.h"
#include "core/net/stream_inside.h"

void eddy_connect_options_init(eddy_connect_options *options)
{
    if (options != NULL)
        *options = (eddy_connect_options){.size = sizeof *options};
}

/* One call of eddy_open_connection, on its task's stack. The loop shuts it when it closes in the middle, for then the call never returns. */
typedef struct attempt {
    eddyi_closable closable;
    eddy_loop *loop;
    const eddy_connect_options *options;
    eddyi_resolution *remote, *local; /* local: NULL is any */
    eddyi_descriptor descriptor;      /* of the address that is tried; fd -1: none is open */
    eddyi_op op;
} attempt;

static void give_back(attempt *a)
{
    eddy_loop *loop = a->loop;
    if (a->descriptor.fd != -1) {
        loop->ops->detach(loop->backend, &a->descriptor);
        (void)loop->net->close(loop->backend, a->descriptor.fd);
        a->descriptor.fd = -1;
    }
    eddyi_resolution_free(a->remote);
    eddyi_resolution_free(a->local);
}

static void shut(eddyi_closable *closable)
{
    attempt *a = EDDYI_CONTAINER(closable, attempt, closable);
    if (a->descriptor.writer == &a->op)
        (void)eddyi_io_revoke(a->loop, &a->op);
    give_back(a);
}

/* Bind to the first local address of the target's family. */
static int bind_local(const attempt *a, enum eddyi_family family)
{
    eddy_loop *loop = a->loop;
    int rc = EDDY_EADDRNOTAVAIL;
    for (int i = 0; i < a->local->count; i++) {
        if (loop->net->family(&a->local->addresses[i]) != family)
            continue;
        rc = loop->net->bind(loop->backend, a->descriptor.fd, &a->local->addresses[i]);
        if (rc >= 0)
            return 0;
    }
    return rc;
}

/* Connect the descriptor, attached for this alone, so that the stream can attach it anew. */
static int connect_descriptor(attempt *a, eddyi_address *address)
{
    int32_t os_error = 0;
    eddy_loop *loop = a->loop;
    int rc = loop->ops->attach(loop->backend, &a->descriptor);
    if (rc < 0)
        return eddyi_fail(rc, "connect");
    a->op = (eddyi_op){.descriptor = &a->descriptor, .kind = EDDYI_CONNECT, .address = address};
    int64_t value = eddyi_io_await(loop, &a->op, &os_error);
    loop->ops->detach(loop->backend, &a->descriptor);
    if (value < 0 && value != EDDY_ECANCELED)
        eddyi_fail_system((int)value, os_error, "connect");
    return (int)value;
}

static int try_address(attempt *a, eddy_fd *out, eddyi_address *address)
{
    eddy_fd fd;
    eddy_loop *loop = a->loop;
    enum eddyi_family family = loop->net->family(address);
    int rc = loop->net->socket(loop->backend, &fd, family, EDDYI_SOCKET_STREAM);
    if (rc < 0)
        return eddyi_fail(rc, "socket");
    a->descriptor = (eddyi_descriptor){.fd = fd, .kind = EDDYI_STREAM};
    if (a->local != NULL)
        rc = bind_local(a, family);
    if (rc < 0)
        eddyi_fail(rc, "bind");
    else
        rc = connect_descriptor(a, address);
    a->descriptor.fd = -1; /* the caller's, or closed */
    if (rc < 0)
        (void)loop->net->close(loop->backend, fd);
    else
        *out = fd;
    return rc;
}

static int try_all(attempt *a, eddy_fd *out)
{
    int rc = EDDY_ENOHOST;
    for (int i = 0; i < a->remote->count; i++) {
        eddy_error_clear();
        rc = try_address(a, out, &a->remote->addresses[i]);
        if (rc == 0 || rc == EDDY_ECANCELED || rc == EDDY_ENOMEM)
            break;
    }
    return rc;
}

static int resolve_both(attempt *a, const char *host, const char *service)
{
    const eddy_connect_options *options = a->options;
    enum eddyi_family family = (enum eddyi_family)options->family;
    int rc = eddyi_resolve_await(a->loop, &a->remote, host, service, family, 0);
    if (rc < 0 || (options->local_host == NULL && options->local_service == NULL))
        return rc;
    return eddyi_resolve_await(a->loop, &a->local, options->local_host, options->local_service, family,
                               EDDYI_RESOLVE_PASSIVE);
}

int eddyi_connect(eddy_fd *out, const char *host, const char *service, const eddy_connect_options *options,
                  const char *operation)
{
    static const eddy_connect_options defaults = {.size = sizeof defaults};
    attempt a = {.closable = {.shut = shut},
                 .loop = eddyi_current_task()->future.loop,
                 .options = options != NULL ? options : &defaults,
                 .descriptor = {.fd = -1}};
    eddyi_list_append(&a.loop->closables, &a.closable.link);
    int rc = resolve_both(&a, host, service);
    if (rc < 0)
        eddyi_fail(rc, operation);
    else
        rc = try_all(&a, out);
    eddyi_list_remove(&a.closable.link);
    give_back(&a);
    return rc < 0 ? eddyi_fail(rc, operation) : 0;
}

eddyi_secure_settings eddyi_connect_secure(const char *host, const eddy_connect_options *options)
{
    if (options == NULL)
        return (eddyi_secure_settings){0};
    return (eddyi_secure_settings){options->tls, host, options->server_hostname, options->handshake_timeout,
                                   options->shutdown_timeout};
}

static int secure_stream(eddy_stream *stream, const eddyi_secure_settings *settings, const char *operation)
{
    int rc = eddyi_secure_start(&stream->channel, settings);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    return eddyi_secure_await(&stream->channel, stream, eddyi_stream_let_go, operation);
}

int eddy_open_connection(eddy_stream **out, const char *host, const char *service,
                         const eddy_connect_options *options)
{
    static const char operation[] = "open_connection";
    eddyi_stream_settings settings = {0};
    eddyi_secure_settings secure = eddyi_connect_secure(host, options);
    eddy_stream *stream;
    eddy_fd fd;
    if (out == NULL || service == NULL)
        return eddyi_fail(EDDY_EINVAL, operation);
    if (eddyi_current_task() == NULL)
        return eddyi_fail(EDDY_ENOTASK, operation);
    eddy_loop *loop = eddyi_current_task()->future.loop;
    if (options != NULL)
        settings = (eddyi_stream_settings){options->limit, {options->high_water, options->low_water}};
    settings.marks = eddyi_secure_marks(settings.marks, &secure);
    int rc = eddyi_secure_check(&secure, false);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    rc = eddyi_connect(&fd, host, service, options, operation);
    if (rc < 0)
        return rc;
    rc = eddyi_stream_create(loop, &stream, fd, &settings);
    if (rc < 0) {
        (void)loop->net->close(loop->backend, fd);
        return eddyi_fail(rc, operation);
    }
    if (secure.context != NULL)
        rc = secure_stream(stream, &secure, operation);
    if (rc == 0)
        *out = stream;
    else
        eddy_stream_release(stream); /* it was lost, and tells its peer why */
    return rc;
}
