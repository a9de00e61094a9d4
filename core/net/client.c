/* client.c: start_server: one task and one stream a client. Rule numbers are those of asyncio's inventory.
 * Touches server_inside.h. The task belongs to nobody: closing the server does not cancel it. */
#include "core/net/secure.h"
#include "core/net/server_inside.h"

typedef struct client {
    eddy_server *server;
    eddy_stream *stream;
} client;

_Static_assert(sizeof(client) <= EDDYI_CELL_SIZE, "a client fits a cell");

/* N7: who cannot even shake hands is no matter for a report. */
static int secure(client *c)
{
    if (c->stream->channel.secure == NULL)
        return 0;
    eddy_stream_retain(c->stream); /* the wait's */
    int rc = eddyi_secure_await(&c->stream->channel, c->stream, eddyi_stream_let_go, "start_server");
    eddy_stream_release(c->stream);
    if (rc < 0 && rc != EDDY_ECANCELED && atomic_load(&c->server->loop->debug))
        eddyi_server_report(c->server, c->stream, "TLS handshake failed", rc);
    return rc;
}

/* M9: a failure is reported and closes the connection; a cancel closes it silently. */
static int client_main(void *arg)
{
    client *c = arg;
    int rc = secure(c);
    if (rc < 0)
        return rc == EDDY_ECANCELED ? rc : 0;
    rc = c->server->use.fn.client(c->stream, c->server->use.arg);
    bool closed_by_us = rc == EDDY_ECLOSED && eddy_stream_is_closing(c->stream);
    if (rc < 0 && rc != EDDY_ECANCELED && !closed_by_us)
        eddyi_server_report(c->server, c->stream, "Unhandled exception in client_connected_cb", rc);
    return rc == EDDY_ECANCELED ? rc : 0;
}

static void client_release(void *arg)
{
    client copy = *(client *)arg;
    eddyi_cell_give(copy.server->loop, arg);
    eddy_stream_close(copy.stream);
    eddy_stream_release(copy.stream);
    eddyi_server_unreference(copy.server);
}

/* On failure the descriptor is still the caller's. */
static int start_client(eddyi_listener *l, eddy_fd fd)
{
    eddy_server *server = l->server;
    eddy_loop *loop = server->loop;
    eddy_task_options options = server->options.client_task;
    eddyi_secure_settings tls = eddyi_server_secure(server);
    eddyi_stream_settings settings = {.limit = server->options.limit,
                                      .channel = eddyi_server_channel(server)};
    client *c = eddyi_cell_take(loop);
    if (c == NULL)
        return EDDY_ENOMEM;
    int rc = eddyi_stream_create(loop, &c->stream, fd, &settings);
    if (rc < 0) {
        eddyi_cell_give(loop, c);
        return rc;
    }
    c->server = server;
    eddyi_server_adopt(server, &c->stream->channel);
    server->references++; /* the client task's */
    options.release = client_release;
    options.eager_start = EDDY_EAGER_START_NO; /* a completion runs no user code: no factory, no first step */
    if (tls.context != NULL)
        rc = eddyi_secure_start(&c->stream->channel, &tls);
    eddyi_borrowed borrowed = eddyi_variables_borrow(&server->variables);
    if (rc == 0)
        rc = eddy_task_create(loop, NULL, client_main, c, &options);
    eddyi_variables_return(borrowed);
    if (rc < 0) { /* the stream closes the descriptor: to the peer this connection ended at once */
        eddy_stream_abort(c->stream);
        client_release(c);
        eddyi_listener_report_soon(l, eddyi_set_up_failed, rc);
    }
    return 0;
}

int eddy_start_server(eddy_server **out, const char *host, const char *service, eddy_client_fn fn, void *arg,
                      const eddy_server_options *options)
{
    eddyi_server_use use = {.start = start_client, .fn.client = fn, .arg = arg};
    if (out == NULL || fn == NULL || (options != NULL && options->backlog < 0))
        return eddyi_fail(EDDY_EINVAL, "start_server");
    if (eddyi_current_task() == NULL)
        return eddyi_fail(EDDY_ENOTASK, "start_server");
    return eddyi_server_open(out, host, service, &use, options, "start_server");
}

int eddy_start_server_fd(eddy_server **out, eddy_fd fd, eddy_client_fn fn, void *arg,
                         const eddy_server_options *options)
{
    static const char operation[] = "start_server";
    eddyi_server_use use = {.start = start_client, .fn.client = fn, .arg = arg};
    if (out == NULL || fn == NULL || (options != NULL && options->backlog < 0))
        return eddyi_fail(EDDY_EINVAL, operation);
    eddy_loop *loop = eddy_get_running_loop();
    if (loop == NULL)
        return eddyi_fail(EDDY_ENOLOOP, operation);
    return eddyi_server_open_fd(out, loop, fd, &use, options, operation);
}
