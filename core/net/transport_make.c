/* transport_make.c: create_connection, create_server, connect_accepted_socket. Rule numbers are those of asyncio's inventory.
 * Touches transport_inside.h, connecting and servers. What fails on the way closes the connection. */
#include "core/net/connect.h"
#include "core/net/secure.h"
#include "core/net/server_inside.h"
#include "core/net/transport_inside.h"

static eddyi_channel_settings settings_of(const eddy_connect_options *options,
                                          const eddyi_secure_settings *secure)
{
    eddyi_channel_settings settings = {0};
    if (options != NULL) {
        settings.marks = (eddyi_marks){options->high_water, options->low_water};
        settings.close_timeout = options->close_timeout;
    }
    settings.marks = eddyi_secure_marks(settings.marks, secure);
    return settings;
}

static int check_running(eddy_loop *loop, const char *operation)
{
    eddy_task *task = eddyi_current_task();
    if (loop == NULL)
        return eddyi_fail(EDDY_EINVAL, operation);
    if (task == NULL)
        return eddyi_fail(EDDY_ENOTASK, operation);
    return task->future.loop == loop ? 0 : eddyi_fail(EDDY_EWRONGLOOP, operation);
}

/* ---- a connection of ours ---- */

static int make_protocol(eddy_protocol **out, eddy_protocol_factory factory, void *arg)
{
    *out = NULL;
    int rc = factory(out, arg);
    if (rc >= 0 && (*out == NULL || (*out)->type == NULL))
        rc = EDDY_EINVAL;
    return rc < 0 ? rc : 0;
}

/* N3: connection_made comes through the loop, and is over when we go on. */
static int wait_until_made(eddy_transport *transport)
{
    int rc = eddyi_yield(eddyi_current_task());
    if (rc < 0)
        eddy_transport_abort(transport);
    return rc;
}

/* C1: the protocol is made, and told, when the handshake is done. */
static int secure_transport(eddy_transport *transport, const eddyi_secure_settings *settings,
                            const char *operation)
{
    int rc = eddyi_secure_start(&transport->channel, settings);
    if (rc < 0) {
        eddy_transport_abort(transport);
        return eddyi_fail(rc, operation);
    }
    eddy_transport_retain(transport); /* the wait's */
    rc = eddyi_secure_await(&transport->channel, transport, eddyi_transport_let_go, operation);
    eddy_transport_release(transport);
    return rc;
}

/* With the connection's protocol, through to connection_made. On failure the transport is closing. */
static int begin(eddy_transport *transport, const eddyi_secure_settings *settings,
                 eddy_protocol_factory factory, void *arg, const char *operation)
{
    eddy_protocol *protocol;
    int rc = settings->context != NULL ? secure_transport(transport, settings, operation) : 0;
    if (rc < 0)
        return rc;
    rc = make_protocol(&protocol, factory, arg);
    if (rc < 0) {
        eddy_transport_abort(transport);
        return eddyi_fail(rc, operation);
    }
    transport->protocol = protocol;
    eddyi_teller_queue(&transport->teller);
    return wait_until_made(transport);
}

int eddy_loop_create_connection(eddy_loop *loop, eddy_transport **out, const char *host, const char *service,
                                eddy_protocol_factory factory, void *arg, const eddy_connect_options *options)
{
    static const char operation[] = "create_connection";
    eddyi_secure_settings secure = eddyi_connect_secure(host, options);
    eddyi_channel_settings settings = settings_of(options, &secure);
    eddy_transport *transport = NULL;
    eddy_fd fd;
    if (factory == NULL || service == NULL)
        return eddyi_fail(EDDY_EINVAL, operation);
    int rc = check_running(loop, operation);
    if (rc == 0 && (rc = eddyi_connect_check(options, &secure, false)) < 0)
        eddyi_fail(rc, operation);
    if (rc == 0)
        rc = eddyi_connect(&fd, host, service, options, operation);
    if (rc < 0)
        return rc;
    rc = eddyi_transport_create(loop, &transport, fd, &settings);
    if (rc < 0) {
        (void)loop->net->close(loop->backend, fd);
        return eddyi_fail(rc, operation);
    }
    rc = begin(transport, &secure, factory, arg, operation);
    if (rc == 0 && out != NULL)
        *out = transport;
    return rc;
}

/* What fails from here on is told by connection_lost. */
static void start(eddy_transport *transport, const eddyi_secure_settings *settings)
{
    int rc = 0;
    if (settings->context == NULL)
        eddyi_teller_queue(&transport->teller);
    else if ((rc = eddyi_secure_start(&transport->channel, settings)) < 0)
        eddyi_channel_fail(&transport->channel, rc, 0);
}

int eddy_loop_connect_accepted_socket(eddy_loop *loop, eddy_transport **out, eddy_fd fd,
                                      eddy_protocol *protocol, const eddy_connect_options *options)
{
    static const char operation[] = "connect_accepted_socket";
    eddyi_secure_settings secure = eddyi_connect_secure(NULL, options);
    eddyi_channel_settings settings = settings_of(options, &secure);
    eddy_transport *transport;
    int rc = eddyi_loop_usable(loop);
    if (rc == 0)
        rc = eddyi_connect_check(options, &secure, true);
    if (rc == 0 && (protocol == NULL || protocol->type == NULL))
        rc = EDDY_EINVAL;
    if (rc == 0)
        rc = eddyi_check_stream_socket(loop, fd);
    if (rc == 0)
        rc = eddyi_transport_create(loop, &transport, fd, &settings);
    if (rc < 0)
        return eddyi_fail(rc == EDDY_EEXIST ? EDDY_EBUSY : rc, operation);
    transport->protocol = protocol;
    start(transport, &secure);
    if (out != NULL)
        *out = transport;
    return 0;
}

/* ---- connections of a server ---- */

static int start_transport(eddyi_listener *listener, eddy_fd fd)
{
    eddy_transport *transport;
    eddy_server *server = listener->server;
    eddyi_secure_settings secure = eddyi_server_secure(server);
    eddyi_channel_settings settings = eddyi_server_channel(server);
    int rc = eddyi_transport_create(server->loop, &transport, fd, &settings);
    if (rc < 0)
        return rc;
    eddyi_server_adopt(server, &transport->channel);
    start(transport, &secure);
    return 0;
}

int eddyi_server_make_protocol(eddy_server *server, eddy_protocol **out)
{
    return make_protocol(out, server->use.fn.protocol, server->use.arg);
}

int eddy_loop_create_server(eddy_loop *loop, eddy_server **out, const char *host, const char *service,
                            eddy_protocol_factory factory, void *arg, const eddy_server_options *options)
{
    static const char operation[] = "create_server";
    eddyi_server_use use = {.start = start_transport, .fn.protocol = factory, .arg = arg};
    if (out == NULL || factory == NULL || (options != NULL && options->backlog < 0))
        return eddyi_fail(EDDY_EINVAL, operation);
    int rc = check_running(loop, operation);
    return rc < 0 ? rc : eddyi_server_open(out, host, service, &use, options, operation);
}

int eddy_loop_create_server_fd(eddy_loop *loop, eddy_server **out, eddy_fd fd, eddy_protocol_factory factory,
                               void *arg, const eddy_server_options *options)
{
    static const char operation[] = "create_server";
    eddyi_server_use use = {.start = start_transport, .fn.protocol = factory, .arg = arg};
    int rc = eddyi_loop_usable(loop);
    if (rc == 0 && (out == NULL || factory == NULL || (options != NULL && options->backlog < 0)))
        rc = EDDY_EINVAL;
    return rc < 0 ? eddyi_fail(rc, operation) : eddyi_server_open_fd(out, loop, fd, &use, options, operation);
}
