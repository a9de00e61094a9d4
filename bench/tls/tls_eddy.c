/* tls_eddy.c: an echo server that speaks TLS on eddy: a task a client that reads and writes as if it blocked.
 * Touches the public API; the certificate is OpenSSL's. */
#include "eddy_check.h"
#include "tcp.h"
#include "tls.h"

static size_t buffer_size;

static int on_client(eddy_stream *stream, void *arg)
{
    char buffer[buffer_size];
    ptrdiff_t got;
    (void)arg;
    while ((got = eddy_stream_read(stream, buffer, sizeof buffer)) > 0)
        if (eddy_stream_write(stream, buffer, (size_t)got) < 0)
            break;
    eddy_stream_abort(stream);
    return 0; /* clients end by a reset here */
}

static int serve(void *arg)
{
    eddy_tls_context *tls;
    eddy_server *server;
    (void)arg;
    int rc = eddy_tls_context_create(&tls, EDDY_OPTIONS(eddy_tls_context_options, .server_side = true));
    if (rc < 0)
        return rc;
    bench_use_certificate(eddy_tls_context_native(tls));
    rc = eddy_start_server(&server, "127.0.0.1", "0", on_client, NULL,
                           EDDY_OPTIONS(eddy_server_options, .backlog = SOMAXCONN, .tls = tls));
    if (rc < 0)
        return rc;
    bench_say_port(eddy_server_port(server, 0));
    rc = eddy_server_serve_forever(server);
    eddy_server_release(server);
    eddy_tls_context_release(tls);
    return rc;
}

int main(void)
{
    bench_raise_files();
    buffer_size = (size_t)bench_setting("BENCH_BUFFER");
    bench_check_eddy(eddy_run(serve, NULL, NULL), "eddy_run");
}
