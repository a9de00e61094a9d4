/* echo_eddy.c: an echo server on eddy: a task a client that reads and writes as if it blocked.
 * Touches the public API; the limit of descriptors and TCP_NODELAY are left to tcp.h. */
#include "eddy_check.h"
#include "tcp.h"

static size_t buffer_size;

static int on_client(eddy_stream *stream, void *arg)
{
    char buffer[buffer_size];
    ptrdiff_t got;
    (void)arg;
    bench_no_delay((int)eddy_stream_fileno(stream));
    while ((got = eddy_stream_read(stream, buffer, sizeof buffer)) > 0) {
        int rc = eddy_stream_write(stream, buffer, (size_t)got);
        if (rc < 0)
            return rc;
    }
    return (int)got;
}

static int serve(void *arg)
{
    (void)arg;
    eddy_server *server;
    int rc = eddy_start_server(&server, "127.0.0.1", "0", on_client, NULL,
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
    buffer_size = (size_t)bench_setting("BENCH_BUFFER");
    bench_check_eddy(eddy_run(serve, NULL, NULL), "eddy_run");
}
