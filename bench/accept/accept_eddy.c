/* accept_eddy.c: a server on eddy that closes each connection as soon as it is there.
 * Touches the public API; the limit of descriptors is left to tcp.h. A protocol that keeps nothing of a connection can be one for all. */
#include "eddy_check.h"
#include "tcp.h"

static void made(eddy_protocol *self, eddy_transport *transport)
{
    (void)self;
    eddy_transport_close(transport);
}

static const eddy_protocol_type closing_type = {.size = sizeof closing_type, .connection_made = made};
static eddy_protocol closing = {.type = &closing_type};

static int give_closing(eddy_protocol **out, void *arg)
{
    (void)arg;
    *out = &closing;
    return 0;
}

static int serve(void *arg)
{
    (void)arg;
    eddy_server *server;
    int rc = eddy_loop_create_server(eddy_get_running_loop(), &server, "127.0.0.1", "0", give_closing, NULL,
                                     EDDY_OPTIONS(eddy_server_options, .backlog = SOMAXCONN));
    if (rc < 0)
        return rc;
    bench_say_port(eddy_server_port(server, 0));
    rc = eddy_server_serve_forever(server);
    eddy_server_release(server);
    return rc;
}

int main(void)
{
    bench_raise_files();
    bench_check_eddy(eddy_run(serve, NULL, NULL), "eddy_run");
}
