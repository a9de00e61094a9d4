/* metrics.c: a loop tells what it counts of itself, in the form that Prometheus reads, to whoever connects; here to the program itself.
 * Touches the public API. Prints what was told and ends. */
#include <stdio.h>
#include <string.h>

#include <eddy.h>

enum { MOST = 16384 };

static const char head[] = "HTTP/1.0 200 OK\r\n"
                           "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n\r\n";

/* Whatever is asked for. The loop that answers is the loop that is told of, so its own thread asks. */
static int tell(eddy_stream *stream, void *arg)
{
    static char text[MOST];
    eddy_view request;
    (void)arg;
    int rc = (int)eddy_stream_readuntil(stream, &request, "\r\n\r\n", 4);
    if (rc < 0)
        return rc;
    ptrdiff_t size = eddy_loop_format_metrics(eddy_get_running_loop(), text, sizeof text, "main");
    if (size < 0 || size >= MOST)
        return size < 0 ? (int)size : EDDY_ELIMIT;
    rc = eddy_stream_write(stream, head, sizeof head - 1);
    return rc < 0 ? rc : eddy_stream_write(stream, text, (size_t)size);
}

static int ask(eddy_stream *stream)
{
    static char answer[MOST];
    size_t size = 0;
    ptrdiff_t got = eddy_stream_write(stream, "GET /metrics HTTP/1.0\r\n\r\n", 25);
    while (got >= 0 && size < sizeof answer - 1) {
        got = eddy_stream_read(stream, answer + size, sizeof answer - 1 - size);
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    answer[size] = '\0';
    if (got == 0 && strncmp(answer, head, sizeof head - 1) == 0)
        fputs(answer + sizeof head - 1, stdout);
    return (int)got;
}

static int run(void *arg)
{
    eddy_server *server;
    eddy_stream *stream;
    char port[8];
    (void)arg;
    int rc = eddy_start_server(&server, "127.0.0.1", "0", tell, NULL, NULL);
    if (rc < 0)
        return rc;
    (void)snprintf(port, sizeof port, "%d", eddy_server_port(server, 0));
    rc = eddy_open_connection(&stream, "127.0.0.1", port, NULL);
    if (rc >= 0) {
        rc = ask(stream);
        eddy_stream_release(stream);
    }
    eddy_server_release(server);
    return rc;
}

int main(void)
{
    return eddy_exit_status(eddy_run(run, NULL, NULL));
}
