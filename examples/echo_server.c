/* echo_server.c: an echo server, one task a client; until interrupted. Usage: echo_server [PORT]
 * Touches the public API. The server closes the stream when its function returns. */
#include <stdio.h>

#include <eddy.h>

static int on_client(eddy_stream *stream, void *arg)
{
    char buffer[4096];
    ptrdiff_t size;
    (void)arg;
    while ((size = eddy_stream_read(stream, buffer, sizeof buffer)) > 0) {
        int rc = eddy_stream_write(stream, buffer, (size_t)size);
        if (rc < 0)
            return rc;
    }
    return (int)size; /* the server closes the stream */
}

static int serve(void *port)
{
    eddy_server *server;
    int rc = eddy_start_server(&server, "localhost", port, on_client, NULL, NULL);
    if (rc < 0)
        return rc;
    printf("listening on port %d\n", eddy_server_port(server, 0));
    (void)fflush(stdout);
    rc = eddy_server_serve_forever(server);
    eddy_server_release(server);
    return rc;
}

int main(int argc, char **argv)
{
    int rc = eddy_run(serve, argc > 1 ? argv[1] : "0", NULL);
    return rc == EDDY_EINTERRUPTED ? 0 : eddy_exit_status(rc);
}
