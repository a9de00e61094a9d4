/* tls_echo.c: an echo server that speaks TLS, and a client of it. Usage: tls_echo server PORT CERTIFICATE KEY, until interrupted;
 * tls_echo client HOST PORT AUTHORITY says hello and shows what was agreed on. Without arguments it explains itself.
 * Touches the public API. Try: openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=x -addext subjectAltName=DNS:localhost */
#include <stdio.h>
#include <string.h>

#include <eddy.h>

static int explain(int rc, const char *what)
{
    const char *message = eddy_last_error()->message;
    fprintf(stderr, "%s: %s%s%s\n", what, eddy_strerror(rc), message != NULL ? ": " : "",
            message != NULL ? message : "");
    return rc;
}

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
    return (int)size;
}

static int serve(char **argv)
{
    eddy_tls_context *tls;
    eddy_server *server;
    int rc = eddy_tls_context_create(&tls, EDDY_OPTIONS(eddy_tls_context_options, .server_side = true));
    if (rc < 0)
        return explain(rc, "context");
    rc = eddy_tls_context_load_cert_chain(tls, argv[3], argv[4], NULL);
    if (rc < 0)
        explain(rc, argv[3]);
    else
        rc = eddy_start_server(&server, "localhost", argv[2], on_client, NULL,
                               EDDY_OPTIONS(eddy_server_options, .tls = tls));
    eddy_tls_context_release(tls); /* the server has its own reference */
    if (rc < 0)
        return rc;
    printf("listening on port %d\n", eddy_server_port(server, 0));
    (void)fflush(stdout);
    rc = eddy_server_serve_forever(server);
    eddy_server_release(server);
    return rc;
}

static int talk(eddy_stream *stream)
{
    eddy_view line;
    const eddy_tls_object *tls = eddy_stream_ssl_object(stream);
    int rc = eddy_stream_write(stream, "hello\n", 6);
    if (rc == 0 && eddy_stream_readline(stream, &line) < 0)
        rc = explain(eddy_last_error()->code, "read");
    if (rc == 0)
        printf("%s %s %.*s", eddy_tls_object_version(tls), eddy_tls_object_cipher(tls), (int)line.size,
               line.data);
    eddy_stream_close(stream);
    int closed = eddy_stream_wait_closed(stream);
    return rc < 0 ? rc : closed;
}

static int ask(char **argv)
{
    eddy_tls_context *tls;
    eddy_stream *stream;
    int rc = eddy_tls_context_create(&tls, EDDY_OPTIONS(eddy_tls_context_options, .cafile = argv[4]));
    if (rc < 0)
        return explain(rc, argv[4]);
    rc = eddy_open_connection(&stream, argv[2], argv[3], EDDY_OPTIONS(eddy_connect_options, .tls = tls));
    eddy_tls_context_release(tls);
    if (rc < 0)
        return explain(rc, argv[2]);
    rc = talk(stream);
    eddy_stream_release(stream);
    return rc;
}

static int run(void *arg)
{
    char **argv = arg;
    return strcmp(argv[1], "server") == 0 ? serve(argv) : ask(argv);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        printf("usage: %s server PORT CERTIFICATE KEY | client HOST PORT AUTHORITY\n", argv[0]);
        return argc != 1;
    }
    int rc = eddy_run(run, argv, NULL);
    return rc == EDDY_EINTERRUPTED ? 0 : eddy_exit_status(rc);
}
