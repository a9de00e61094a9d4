/* http_eddy.c: a server that says hello, on eddy's protocols.
 * Touches the public API and http_parser. The answer is a literal: a write needs no copy unless the socket is full. */
#include "eddy_check.h"
#include "hello.h"
#include "tcp.h"

typedef struct client {
    eddy_protocol protocol; /* first */
    eddy_transport *transport;
    hello hello;
} client;

static void made(eddy_protocol *self, eddy_transport *transport)
{
    ((client *)self)->transport = transport;
}

static int received(eddy_protocol *protocol, const void *data, size_t size)
{
    client *self = (client *)protocol;
    long due = hello_parse(&self->hello, data, size);
    if (due < 0)
        return EDDY_EPROTO;
    while (due-- > 0)
        if (eddy_transport_write(self->transport, HELLO_ANSWER, sizeof HELLO_ANSWER - 1) == EDDY_ENOMEM)
            return EDDY_ENOMEM; /* a lost connection is told to connection_lost */
    return 0;
}

static void pause_writing(eddy_protocol *self)
{
    eddy_transport_pause_reading(((client *)self)->transport);
}

static void resume_writing(eddy_protocol *self)
{
    eddy_transport_resume_reading(((client *)self)->transport);
}

static void lost(eddy_protocol *self, int error)
{
    (void)error;
    free(self);
}

static const eddy_protocol_type hello_type = {.size = sizeof hello_type,
                                              .connection_made = made,
                                              .connection_lost = lost,
                                              .pause_writing = pause_writing,
                                              .resume_writing = resume_writing,
                                              .data_received = received};

static int make_client(eddy_protocol **out, void *arg)
{
    (void)arg;
    client *self = bench_allocate(1, sizeof *self);
    self->protocol.type = &hello_type;
    hello_init(&self->hello);
    *out = &self->protocol;
    return 0;
}

static int serve(void *arg)
{
    (void)arg;
    eddy_server *server;
    int rc = eddy_loop_create_server(eddy_get_running_loop(), &server, "127.0.0.1", "0", make_client, NULL,
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
