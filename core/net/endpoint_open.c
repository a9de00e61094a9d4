/* endpoint_open.c: from options to a datagram socket. Rule numbers U1-U3 are those of asyncio's inventory.
 * Touches the resolver and io.c. Whatever happens, only the socket that is returned stays open. */
#include "core/net/endpoint.h"
#include "core/net/resolve.h"

void eddy_datagram_options_init(eddy_datagram_options *options)
{
    if (options != NULL)
        *options = (eddy_datagram_options){.size = sizeof *options};
}

/* One call, on its task's stack. The loop shuts it when it closes in the middle, for then the call never returns. */
typedef struct opening {
    eddyi_closable closable;
    eddy_loop *loop;
    const eddy_datagram_options *options;
    eddyi_resolution *local, *remote; /* NULL: not given */
    eddyi_descriptor descriptor;      /* of the socket that is tried; fd -1: none is open */
    eddyi_op op;
} opening;

static void give_back(opening *o)
{
    eddy_loop *loop = o->loop;
    if (o->descriptor.fd != -1) {
        loop->ops->detach(loop->backend, &o->descriptor);
        (void)loop->net->close(loop->backend, o->descriptor.fd);
        o->descriptor.fd = -1;
    }
    eddyi_resolution_free(o->remote);
    eddyi_resolution_free(o->local);
}

static void shut(eddyi_closable *closable)
{
    opening *o = EDDYI_CONTAINER(closable, opening, closable);
    if (o->descriptor.writer == &o->op)
        (void)eddyi_io_revoke(o->loop, &o->op);
    give_back(o);
}

/* ---- one socket ---- */

/* The first address of the family; NULL: there is none. */
static eddyi_address *of_family(const opening *o, eddyi_resolution *resolution, enum eddyi_family family)
{
    for (int i = 0; resolution != NULL && i < resolution->count; i++)
        if (o->loop->net->family(&resolution->addresses[i]) == family)
            return &resolution->addresses[i];
    return NULL;
}

static int configure(const opening *o)
{
    const eddyi_net_ops *net = o->loop->net;
    int rc = 0;
    if (o->options->reuse_port)
        rc = net->set_option(o->loop->backend, o->descriptor.fd, EDDYI_REUSE_PORT, 1);
    if (rc >= 0 && o->options->allow_broadcast)
        rc = net->set_option(o->loop->backend, o->descriptor.fd, EDDYI_BROADCAST, 1);
    return rc;
}

/* Attached for this alone, so that its owner can attach it anew. */
static int connect_socket(opening *o, eddyi_address *address)
{
    int32_t os_error = 0;
    eddy_loop *loop = o->loop;
    int rc = loop->ops->attach(loop->backend, &o->descriptor);
    if (rc < 0)
        return rc;
    o->op = (eddyi_op){.descriptor = &o->descriptor, .kind = EDDYI_CONNECT, .address = address};
    int64_t value = eddyi_io_await(loop, &o->op, &os_error);
    loop->ops->detach(loop->backend, &o->descriptor);
    if (value < 0 && value != EDDY_ECANCELED)
        eddyi_fail_system((int)value, os_error, "connect");
    return (int)value;
}

static int make(opening *o, eddyi_datagram_socket *out, enum eddyi_family family, const eddyi_address *local,
                eddyi_address *remote)
{
    eddy_fd fd;
    eddy_loop *loop = o->loop;
    int rc = loop->net->socket(loop->backend, &fd, family, EDDYI_SOCKET_DATAGRAM);
    if (rc < 0)
        return eddyi_fail(rc, "socket");
    o->descriptor = (eddyi_descriptor){.fd = fd, .kind = EDDYI_DATAGRAM};
    *out = (eddyi_datagram_socket){.fd = fd};
    rc = configure(o);
    if (rc >= 0 && family == EDDYI_FAMILY_UNIX && local != NULL)
        rc = loop->net->claim_file(loop->backend, local, EDDYI_SOCKET_DATAGRAM);
    if (rc >= 0 && local != NULL && (rc = loop->net->bind(loop->backend, fd, local)) < 0)
        eddyi_fail(rc, "bind");
    if (rc >= 0 && remote != NULL) {
        out->target = *remote;
        out->connected = !o->options->allow_broadcast; /* U3 */
        if (out->connected)
            rc = connect_socket(o, remote);
    }
    o->descriptor.fd = -1; /* the caller's, or closed */
    if (rc < 0)
        (void)loop->net->close(loop->backend, fd);
    return rc < 0 ? rc : 0;
}

/* U2: each family that both ends have, in the order of the local addresses, else of the remote ones; the first error is told. */
static int try_all(opening *o, eddyi_datagram_socket *out)
{
    int first = EDDY_ENOHOST;
    bool tried = false;
    const eddyi_resolution *leading = o->local != NULL ? o->local : o->remote;
    for (int i = 0; i < leading->count; i++) {
        enum eddyi_family family = o->loop->net->family(&leading->addresses[i]);
        eddyi_address *local = of_family(o, o->local, family), *remote = of_family(o, o->remote, family);
        if ((o->local != NULL && local == NULL) || (o->remote != NULL && remote == NULL))
            continue;
        if (&leading->addresses[i] != (o->local != NULL ? local : remote))
            continue; /* a second one of its family */
        int rc = make(o, out, family, local, remote);
        if (rc == 0 || rc == EDDY_ECANCELED || rc == EDDY_ENOMEM)
            return rc;
        if (!tried)
            first = rc;
        tried = true;
    }
    return first;
}

/* ---- the options ---- */

static bool has_local(const eddy_datagram_options *options)
{
    return options->local_host != NULL || options->local_service != NULL;
}

static bool has_remote(const eddy_datagram_options *options)
{
    return options->remote_host != NULL || options->remote_service != NULL;
}

static int resolve_both(opening *o)
{
    const eddy_datagram_options *options = o->options;
    enum eddyi_family family = (enum eddyi_family)options->family;
    int rc = 0;
    if (has_local(options))
        rc = eddyi_resolve_await(o->loop, &o->local, options->local_host, options->local_service, family,
                                 EDDYI_RESOLVE_PASSIVE | EDDYI_RESOLVE_DATAGRAM);
    if (rc == 0 && has_remote(options))
        rc = eddyi_resolve_await(o->loop, &o->remote, options->remote_host, options->remote_service, family,
                                 EDDYI_RESOLVE_DATAGRAM);
    return rc;
}

static int open_new(opening *o, eddyi_datagram_socket *out)
{
    eddyi_list_append(&o->loop->closables, &o->closable.link);
    int rc = resolve_both(o);
    if (rc == 0 && o->local == NULL && o->remote == NULL)
        rc = make(o, out, (enum eddyi_family)o->options->family, NULL, NULL);
    else if (rc == 0)
        rc = try_all(o, out);
    eddyi_list_remove(&o->closable.link);
    give_back(o);
    return rc;
}

static int adopt(eddy_loop *loop, eddyi_datagram_socket *out, eddy_fd fd)
{
    int type = 0;
    *out = (eddyi_datagram_socket){.fd = fd};
    int rc = loop->net->get_option(loop->backend, fd, EDDYI_SOCKET_TYPE, &type);
    if (rc >= 0 && type != EDDYI_SOCKET_DATAGRAM)
        rc = EDDY_EINVAL;
    if (rc >= 0)
        rc = loop->net->set_option(loop->backend, fd, EDDYI_NON_BLOCKING, 1);
    if (rc >= 0)
        out->connected = loop->net->peer_address(loop->backend, fd, &out->target) >= 0;
    if (!out->connected)
        out->target.size = 0;
    return rc < 0 ? rc : 0;
}

/* U1 */
static int check(const eddy_datagram_options *options)
{
    if (options == NULL)
        return EDDY_EINVAL;
    bool others = has_local(options) || has_remote(options) || options->family != EDDY_FAMILY_ANY;
    if (options->sock != NULL)
        return others || options->reuse_port || options->allow_broadcast ? EDDY_EINVAL : 0;
    return others ? 0 : EDDY_EINVAL;
}

int eddyi_datagram_socket_open(eddyi_datagram_socket *out, const eddy_datagram_options *options)
{
    int rc = check(options);
    if (rc < 0)
        return rc;
    opening o = {.closable = {.shut = shut},
                 .loop = eddyi_current_task()->future.loop,
                 .options = options,
                 .descriptor = {.fd = -1}};
    return options->sock != NULL ? adopt(o.loop, out, *options->sock) : open_new(&o, out);
}

void eddyi_datagram_socket_close(eddy_loop *loop, eddyi_datagram_socket *socket,
                                 const eddy_datagram_options *options)
{
    if (options->sock == NULL)
        (void)loop->net->close(loop->backend, socket->fd);
}
