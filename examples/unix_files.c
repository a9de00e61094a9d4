/* unix_files.c: serves files over a local socket, until interrupted: a client sends a path and a newline, and gets the file.
 * Usage: unix_files [SOCKET]
 * Touches the public API. The file goes from the system straight into the connection. */
#include <stdio.h>
#include <string.h>

#include <eddy.h>

static int send_file(eddy_stream *stream, const char *path)
{
    eddy_file *file;
    int rc = eddy_file_open(&file, path, "r");
    if (rc < 0)
        return rc;
    int64_t sent = eddy_stream_sendfile(stream, file, NULL);
    eddy_file_release(file);
    return sent < 0 ? (int)sent : 0;
}

static int on_client(eddy_stream *stream, void *arg)
{
    char path[1024];
    eddy_view line;
    (void)arg;
    ptrdiff_t size = eddy_stream_readline(stream, &line);
    if (size <= 0 || (size_t)size > sizeof path)
        return (int)size;
    memcpy(path, line.data, (size_t)size - 1);
    path[size - 1] = '\0';
    int rc = send_file(stream, path);
    if (rc == EDDY_ENOENT || rc == EDDY_EACCES) {
        const char *why = eddy_strerror(rc);
        return eddy_stream_write(stream, why, strlen(why));
    }
    return rc;
}

static int serve(void *path)
{
    eddy_server *server;
    int rc = eddy_start_unix_server(&server, path, on_client, NULL, NULL);
    if (rc < 0)
        return rc;
    printf("%s\n", (const char *)path);
    (void)fflush(stdout);
    rc = eddy_server_serve_forever(server);
    eddy_server_release(server);
    return rc;
}

int main(int argc, char **argv)
{
    int rc = eddy_run(serve, argc > 1 ? argv[1] : "/tmp/eddy-unix-files.socket", NULL);
    return rc == EDDY_EINTERRUPTED ? 0 : eddy_exit_status(rc);
}
