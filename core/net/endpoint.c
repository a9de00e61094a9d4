/* endpoint.c: the life of a datagram socket.
 * Touches the network table. What is unsent goes first; after an error it is discarded. */
#include "core/net/endpoint.h"

#include "core/inspect/origins.h"

static void shut(eddyi_closable *closable);

static const char *unclosed(const eddyi_closable *closable)
{
    const eddyi_endpoint *endpoint = EDDYI_CONTAINER(closable, eddyi_endpoint, closable);
    return endpoint->state == EDDYI_ENDPOINT_OPEN ? endpoint->kind->name : NULL;
}

int eddyi_endpoint_init(eddyi_endpoint *endpoint, eddy_loop *loop, const eddyi_endpoint_kind *kind,
                        const eddyi_datagram_socket *socket)
{
    *endpoint = (eddyi_endpoint){.closable = {.shut = shut, .unclosed = unclosed},
                                 .loop = loop,
                                 .kind = kind,
                                 .descriptor = {.fd = socket->fd, .kind = EDDYI_DATAGRAM},
                                 .connected = socket->connected,
                                 .target = socket->target};
    int rc = loop->ops->attach(loop->backend, &endpoint->descriptor);
    if (rc < 0)
        return rc == EDDY_EEXIST ? EDDY_EBUSY : rc;
    eddyi_closable_add(loop, &endpoint->closable);
    return 0;
}

static void finish(eddyi_endpoint *endpoint)
{
    eddy_loop *loop = endpoint->loop;
    endpoint->state = EDDYI_ENDPOINT_CLOSED;
    loop->ops->detach(loop->backend, &endpoint->descriptor);
    (void)loop->net->close(loop->backend, endpoint->descriptor.fd);
    endpoint->descriptor.fd = -1;
    eddyi_closable_remove(loop, &endpoint->closable);
    endpoint->kind->closed(endpoint);
}

void eddyi_endpoint_try_finish(eddyi_endpoint *endpoint)
{
    if (endpoint->state != EDDYI_ENDPOINT_CLOSING || endpoint->reading || endpoint->sending)
        return;
    if (endpoint->error == 0 && endpoint->unsent > 0)
        return;
    finish(endpoint);
}

void eddyi_endpoint_close(eddyi_endpoint *endpoint)
{
    if (endpoint->state != EDDYI_ENDPOINT_OPEN)
        return;
    endpoint->state = EDDYI_ENDPOINT_CLOSING;
    endpoint->kind->closing(endpoint);
    eddyi_endpoint_try_finish(endpoint);
}

void eddyi_endpoint_fail(eddyi_endpoint *endpoint, int error)
{
    if (endpoint->state == EDDYI_ENDPOINT_CLOSED)
        return;
    if (endpoint->error == 0)
        endpoint->error = error;
    endpoint->state = EDDYI_ENDPOINT_CLOSING;
    endpoint->kind->closing(endpoint);
    eddyi_endpoint_try_finish(endpoint);
}

static void shut(eddyi_closable *closable)
{
    eddyi_endpoint *endpoint = EDDYI_CONTAINER(closable, eddyi_endpoint, closable);
    endpoint->cut_off = endpoint->state == EDDYI_ENDPOINT_OPEN || endpoint->sending || endpoint->unsent > 0;
    endpoint->state = EDDYI_ENDPOINT_CLOSED;
    endpoint->kind->shut(endpoint);
    endpoint->reading = endpoint->sending = false;
    finish(endpoint);
}

int eddyi_endpoint_address(const eddyi_endpoint *endpoint, const eddy_address **to)
{
    const eddyi_address *target = endpoint->target.size != 0 ? &endpoint->target : NULL;
    if (endpoint->state != EDDYI_ENDPOINT_OPEN)
        return EDDY_ECLOSED;
    if (*to != NULL && (*to)->size == 0)
        return EDDY_EINVAL;
    if (target != NULL) {
        if (*to != NULL && !eddy_address_equal(*to, target))
            return EDDY_EINVAL;
        *to = endpoint->connected ? NULL : target;
    } else if (*to == NULL && !endpoint->connected) {
        return EDDY_EINVAL;
    }
    return 0;
}

int eddyi_endpoint_name(const eddyi_endpoint *endpoint, bool peer, eddy_address *out)
{
    eddyi_address address;
    if (endpoint == NULL || out == NULL)
        return eddyi_fail(EDDY_EINVAL, "get_extra_info");
    if (endpoint->state == EDDYI_ENDPOINT_CLOSED)
        return eddyi_fail(EDDY_ECLOSED, "get_extra_info");
    const eddyi_net_ops *net = endpoint->loop->net;
    int rc = (peer ? net->peer_address : net->local_address)(endpoint->loop->backend, endpoint->descriptor.fd,
                                                             &address);
    if (rc < 0)
        return eddyi_fail(rc, "get_extra_info");
    *out = address;
    return 0;
}
