/* protocol_eddy.c: an echo server on eddy's protocols: data_received answers with a write.
 * Touches the public API; the limit of descriptors is left to tcp.h. A write that does not go at once pauses the reading, so nothing piles up. */
#include "eddy_check.h"
#include "tcp.h"

typedef struct echo {
    eddy_protocol protocol; /* first */
    eddy_transport *transport;
} echo;

static void made(eddy_protocol *self, eddy_transport *transport)
{
    ((echo *)self)->transport = transport;
}

static int received(eddy_protocol *self, const void *data, size_t size)
{
    int rc = eddy_transport_write(((echo *)self)->transport, data, size);
    return rc == EDDY_ENOMEM ? rc : 0; /* a lost connection is told to connection_lost */
}

static void pause_writing(eddy_protocol *self)
{
    eddy_transport_pause_reading(((echo *)self)->transport);
}

static void resume_writing(eddy_protocol *self)
{
    eddy_transport_resume_reading(((echo *)self)->transport);
}

static void lost(eddy_protocol *self, int error)
{
    (void)error;
    free(self);
}

static const eddy_protocol_type echo_type = {.size = sizeof echo_type,
                                             .connection_made = made,
                                             .connection_lost = lost,
                                             .pause_writing = pause_writing,
                                             .resume_writing = resume_writing,
                                             .data_received = received};

static int make_echo(eddy_protocol **out, void *arg)
{
    (void)arg;
    echo *self = bench_allocate(1, sizeof *self);
    self->protocol.type = &echo_type;
    *out = &self->protocol;
    return 0;
}

static int serve(void *arg)
{
    (void)arg;
    eddy_server *server;
    int rc = eddy_loop_create_server(eddy_get_running_loop(), &server, "127.0.0.1", "0", make_echo, NULL,
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
