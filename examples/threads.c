/* threads.c: an echo server on every processor, all on one port. With a port it serves; without one it checks itself and ends.
 * Usage: threads [PORT]. Touches the public API. Each thread has a loop of its own; the system spreads the connections over them. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <eddy.h>

enum { CLIENTS = 64, CHECKED = EDDY_EUSER };

static const char *wanted;
static atomic_int port; /* that the first thread got */
static atomic_uint served;

static int on_client(eddy_stream *stream, void *arg)
{
    char buffer[4096];
    ptrdiff_t size;
    (void)arg;
    atomic_fetch_add(&served, 1);
    while ((size = eddy_stream_read(stream, buffer, sizeof buffer)) > 0) {
        int rc = eddy_stream_write(stream, buffer, (size_t)size);
        if (rc < 0)
            return rc;
    }
    return (int)size;
}

/* The first thread takes any free port; the others wait for its number. */
static int name_port(char *text, size_t size)
{
    int rc = 0;
    if (wanted == NULL && eddy_thread_index() != 0)
        while (rc == 0 && atomic_load(&port) == 0)
            rc = eddy_sleep(0.001);
    if (wanted != NULL)
        (void)snprintf(text, size, "%s", wanted);
    else
        (void)snprintf(text, size, "%d", atomic_load(&port));
    return rc;
}

static int call(const char *service)
{
    eddy_stream *stream;
    char back[5];
    int rc = eddy_open_connection(&stream, "127.0.0.1", service, NULL);
    if (rc < 0)
        return rc;
    rc = eddy_stream_write(stream, "hello", 5);
    if (rc == 0)
        rc = (int)eddy_stream_readexactly(stream, back, sizeof back);
    eddy_stream_release(stream);
    return rc < 0 ? rc : memcmp(back, "hello", 5) == 0 ? 0 : EDDY_EPROTO;
}

/* A negative return ends the others too. */
static int check(void)
{
    char service[16];
    int rc = 0;
    (void)snprintf(service, sizeof service, "%d", atomic_load(&port));
    for (int i = 0; rc == 0 && i < CLIENTS; i++)
        rc = call(service);
    return rc < 0 ? rc : CHECKED;
}

static int serve(void *arg)
{
    char service[16];
    eddy_server *server;
    (void)arg;
    int rc = name_port(service, sizeof service);
    if (rc == 0)
        rc = eddy_start_server(&server, "127.0.0.1", service, on_client, NULL,
                               EDDY_OPTIONS(eddy_server_options, .reuse_port = true));
    if (rc < 0)
        return rc;
    if (eddy_thread_index() == 0) {
        atomic_store(&port, eddy_server_port(server, 0));
        printf("%d threads listen on port %d\n", eddy_thread_count(), eddy_server_port(server, 0));
        (void)fflush(stdout);
    }
    rc = wanted == NULL && eddy_thread_index() == 0 ? check() : eddy_server_serve_forever(server);
    eddy_server_release(server);
    return rc;
}

int main(int argc, char **argv)
{
    wanted = argc > 1 ? argv[1] : NULL;
    int rc = eddy_run_threads(0, serve, NULL, NULL);
    if (rc == CHECKED) {
        printf("%u clients were served\n", atomic_load(&served));
        return atomic_load(&served) == CLIENTS ? 0 : 1;
    }
    return rc == EDDY_EINTERRUPTED ? 0 : eddy_exit_status(rc);
}
