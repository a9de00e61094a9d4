/* idle_eddy.c: many idle connections of a server on eddy: a task with a stream for each, and a protocol for each.
 * Touches the public API. The stream's task waits in a read, the protocol for data_received. */
#include "eddy_check.h"
#include "idle.h"

typedef struct idle_kind {
    const char *row;
    size_t count;
    int (*start)(eddy_server **out);
} idle_kind;

typedef struct holder {
    eddy_protocol protocol; /* first */
    eddy_transport *transport;
} holder;

static size_t arrived;

static void made(eddy_protocol *self, eddy_transport *transport)
{
    ((holder *)self)->transport = transport;
    arrived++;
}

static const eddy_protocol_type holder_type = {.size = sizeof holder_type, .connection_made = made};

static int make_holder(eddy_protocol **out, void *arg)
{
    (void)arg;
    holder *self = bench_allocate(1, sizeof *self);
    self->protocol.type = &holder_type;
    *out = &self->protocol;
    return 0;
}

static int start_protocols(eddy_server **out)
{
    return eddy_loop_create_server(eddy_get_running_loop(), out, "127.0.0.1", "0", make_holder, NULL,
                                   EDDY_OPTIONS(eddy_server_options, .backlog = SOMAXCONN));
}

static int on_client(eddy_stream *stream, void *arg)
{
    char byte;
    (void)arg;
    arrived++;
    return (int)eddy_stream_read(stream, &byte, 1);
}

static int start_streams(eddy_server **out)
{
    return eddy_start_server(out, "127.0.0.1", "0", on_client, NULL,
                             EDDY_OPTIONS(eddy_server_options, .backlog = SOMAXCONN));
}

static int run(void *arg)
{
    const idle_kind *kind = arg;
    eddy_server *server;
    int rc = kind->start(&server);
    if (rc < 0)
        return rc;
    bench_idle_clients(eddy_server_port(server, 0), kind->count);
    bench_memory before = bench_memory_now();
    uint64_t began = bench_now();
    while (rc >= 0 && arrived < kind->count)
        rc = eddy_sleep(0.001);
    if (rc >= 0)
        bench_memory_print(kind->row, kind->count, before, began);
    exit(rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS); /* what was measured need not be taken down */
}

static void measure(void *arg)
{
    bench_check_eddy(eddy_run(run, arg, NULL), "eddy_run");
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    idle_kind streams = {"streams", count, start_streams}, protocols = {"protocols", count, start_protocols};
    bench_raise_files();
    bench_in_child(measure, &streams);
    bench_in_child(measure, &protocols);
}
