/* tls_stack_needs.c: what streams with TLS need of a task's stack (fault K4). Handshakes run on the loop's own stack.
 * Touches the public API and certificates. */
#include "stack_needs.h"

#include "support/certificates.h"

typedef struct stage {
    eddy_tls_context *client, *server_context;
    eddy_server *server;
    eddy_stream *stream;
    char port[16];
} stage;

static certificate_house house;

static int echo(eddy_stream *stream, void *arg)
{
    char buffer[512];
    ptrdiff_t got;
    (void)arg;
    while ((got = eddy_stream_read(stream, buffer, sizeof buffer)) > 0)
        if (eddy_stream_write(stream, buffer, (size_t)got) < 0)
            break;
    return 0;
}

static int connect_to(const stage *all, eddy_stream **out)
{
    return eddy_open_connection(out, "127.0.0.1", all->port,
                                EDDY_OPTIONS(eddy_connect_options, .tls = all->client));
}

static int prepare(void **out)
{
    static stage all;
    *out = &all;
    all.client = client_context(&house.authority);
    all.server_context = server_context(&house.server);
    int rc = eddy_start_server(&all.server, "127.0.0.1", "0", echo, NULL,
                               EDDY_OPTIONS(eddy_server_options, .tls = all.server_context));
    if (rc < 0)
        return rc;
    (void)snprintf(all.port, sizeof all.port, "%d", eddy_server_port(all.server, 0));
    return connect_to(&all, &all.stream);
}

static int connects(void *arg)
{
    eddy_stream *stream;
    int rc = connect_to(arg, &stream);
    if (rc < 0)
        return rc;
    eddy_stream_close(stream);
    rc = eddy_stream_wait_closed(stream);
    eddy_stream_release(stream);
    return rc;
}

static int writes_and_reads(void *arg)
{
    const stage *all = arg;
    eddy_view line;
    int rc = eddy_stream_write(all->stream, "hello\n", 6);
    return rc < 0 ? rc : (int)eddy_stream_readline(all->stream, &line);
}

static const stack_need needs[] = {
    {"with TLS: `eddy_open_connection`, `eddy_stream_close`", connects, 16384},
    {"with TLS: `eddy_stream_write`, `eddy_stream_readline`", writes_and_reads, 16384},
};

int main(int argc, char **argv)
{
    static const stack_needs all = {needs, sizeof needs / sizeof needs[0], prepare};
    house_make(&house);
    int failed = stack_needs_main("stack needs of TLS", &all, argc, argv);
    house_free(&house);
    return failed;
}
