/* connect.c: from a name to a connected stream.
 * Touches the resolver and io.c. Addresses are tried one after the other; whatever happens, only the stream that is returned stays open. */
#include "core/net/resolve.h"
#include "core/net/stream_inside.h"

void eddy_connect_options_init(eddy_connect_options *options)
{
    if (options != NULL)
        *options = (eddy_connect_options){.size = sizeof *options};
}

/* Bind to the first local address of the target's family. */
static int bind_local(eddy_loop *loop, eddy_fd fd, enum eddyi_family family, const eddyi_resolution *local)
{
    int rc = EDDY_EADDRNOTAVAIL;
    for (int i = 0; i < local->count; i++) {
        if (loop->net->family(&local->addresses[i]) != family)
            continue;
        rc = loop->net->bind(loop->backend, fd, &local->addresses[i]);
        if (rc >= 0)
            return 0;
    }
    return rc;
}

/* Connect a descriptor that is attached for this alone, so that the stream can attach it anew. */
static int connect_descriptor(eddy_loop *loop, eddy_fd fd, eddyi_address *address)
{
    int32_t os_error = 0;
    eddyi_descriptor descriptor = {.fd = fd, .kind = EDDYI_STREAM};
    int rc = loop->ops->attach(loop->backend, &descriptor);
    if (rc < 0)
        return eddyi_fail(rc, "connect");
    eddyi_op op = {.descriptor = &descriptor, .kind = EDDYI_CONNECT, .address = address};
    int64_t value = eddyi_io_await(loop, &op, &os_error);
    loop->ops->detach(loop->backend, &descriptor);
    if (value < 0 && value != EDDY_ECANCELED)
        eddyi_fail_system((int)value, os_error, "connect");
    return (int)value;
}

typedef struct attempt {
    eddy_loop *loop;
    const eddy_connect_options *options;
    eddyi_resolution *local; /* NULL: any */
} attempt;

static int try_address(const attempt *a, eddy_stream **out, eddyi_address *address)
{
    eddy_fd fd;
    eddy_loop *loop = a->loop;
    enum eddyi_family family = loop->net->family(address);
    eddyi_stream_settings settings = {a->options->limit, a->options->high_water, a->options->low_water};
    int rc = loop->net->socket(loop->backend, &fd, family, EDDYI_SOCKET_STREAM);
    if (rc < 0)
        return eddyi_fail(rc, "socket");
    if (a->local != NULL)
        rc = bind_local(loop, fd, family, a->local);
    if (rc < 0)
        eddyi_fail(rc, "bind");
    else
        rc = connect_descriptor(loop, fd, address);
    if (rc == 0)
        rc = eddyi_stream_create(loop, out, fd, &settings);
    if (rc < 0)
        (void)loop->net->close(loop->backend, fd);
    return rc;
}

static int try_all(const attempt *a, eddy_stream **out, eddyi_resolution *remote)
{
    int rc = EDDY_ENOHOST;
    for (int i = 0; i < remote->count; i++) {
        eddy_error_clear();
        rc = try_address(a, out, &remote->addresses[i]);
        if (rc == 0 || rc == EDDY_ECANCELED || rc == EDDY_ENOMEM)
            break;
    }
    return rc;
}

int eddy_open_connection(eddy_stream **out, const char *host, const char *service,
                         const eddy_connect_options *options)
{
    static const eddy_connect_options defaults = {.size = sizeof defaults};
    eddy_task *task = eddyi_current_task();
    eddyi_resolution *remote = NULL;
    attempt a = {.options = options != NULL ? options : &defaults};
    if (out == NULL || service == NULL)
        return eddyi_fail(EDDY_EINVAL, "open_connection");
    if (task == NULL)
        return eddyi_fail(EDDY_ENOTASK, "open_connection");
    a.loop = task->future.loop;
    enum eddyi_family family = (enum eddyi_family)a.options->family;
    int rc = eddyi_resolve_await(a.loop, &remote, host, service, family, 0);
    if (rc == 0 && (a.options->local_host != NULL || a.options->local_service != NULL))
        rc = eddyi_resolve_await(a.loop, &a.local, a.options->local_host, a.options->local_service, family,
                                 EDDYI_RESOLVE_PASSIVE);
    if (rc < 0)
        eddyi_fail(rc, "open_connection");
    else
        rc = try_all(&a, out, remote);
    eddyi_resolution_free(remote);
    eddyi_resolution_free(a.local);
    return rc < 0 ? eddyi_fail(rc, "open_connection") : 0;
}
