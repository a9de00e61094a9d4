/* two_backends.c: two loops in one program, each on a backend of its own, which talk to each other over TCP.
 * Touches the public API. A policy chooses the backend, thread by thread. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <eddy.h>

enum { WORDS = 3 };

/* A policy: the base's functions, and one of its own. */
typedef struct mixed_policy {
    eddy_event_loop_policy policy;
    const char *backends[2];
} mixed_policy;

static int new_event_loop(eddy_event_loop_policy *self, eddy_loop **out, const eddy_loop_options *options)
{
    mixed_policy *mixed = (mixed_policy *)self;
    eddy_event_loop_policy *base = eddy_default_event_loop_policy();
    eddy_loop_options chosen = {.size = sizeof chosen};
    if (options != NULL)
        chosen = *options;
    chosen.backend = mixed->backends[eddy_thread_index() == 0 ? 0 : 1];
    return base->new_event_loop(base, out, &chosen);
}

/* The first two of this build that are no simulation; where there is one alone both threads get it. */
static bool choose(mixed_policy *mixed)
{
    int count = 0;
    for (size_t i = 0; count < 2 && eddy_backend_name(i) != NULL; i++)
        if (strcmp(eddy_backend_name(i), "sim") != 0)
            mixed->backends[count++] = eddy_backend_name(i);
    if (count == 1)
        mixed->backends[1] = mixed->backends[0];
    return count > 0;
}

static atomic_int port;

static const char *backend(void)
{
    return eddy_loop_backend_name(eddy_get_running_loop());
}

static int answer(eddy_stream *stream, void *arg)
{
    eddy_view line;
    ptrdiff_t size;
    eddy_server *server = *(eddy_server **)arg;
    while ((size = eddy_stream_readline(stream, &line)) > 0) {
        printf("%s hears: %.*s\n", backend(), (int)size - 1, line.data);
        int rc = eddy_stream_write(stream, line.data, line.size);
        if (rc < 0)
            return rc;
    }
    eddy_server_close(server); /* one client is all there is */
    return (int)size;
}

static int serve(void)
{
    eddy_server *server;
    int rc = eddy_start_server(&server, "127.0.0.1", "0", answer, &server, NULL);
    if (rc < 0)
        return rc;
    atomic_store(&port, eddy_server_port(server, 0));
    rc = eddy_server_wait_closed(server);
    eddy_server_release(server);
    return rc;
}

static int talk(eddy_stream *stream)
{
    static const char *const words[WORDS] = {"one\n", "two\n", "three\n"};
    for (int i = 0; i < WORDS; i++) {
        eddy_view line;
        int rc = eddy_stream_write(stream, words[i], strlen(words[i]));
        ptrdiff_t size = rc < 0 ? rc : eddy_stream_readline(stream, &line);
        if (size <= 0)
            return size < 0 ? (int)size : EDDY_EPROTO;
        printf("%s hears: %.*s again\n", backend(), (int)size - 1, line.data);
    }
    return 0;
}

static int call(void)
{
    char service[16];
    eddy_stream *stream;
    int rc = 0;
    while (rc == 0 && atomic_load(&port) == 0)
        rc = eddy_sleep(0.001);
    (void)snprintf(service, sizeof service, "%d", atomic_load(&port));
    if (rc == 0)
        rc = eddy_open_connection(&stream, "127.0.0.1", service, NULL);
    if (rc < 0)
        return rc;
    rc = talk(stream);
    eddy_stream_release(stream);
    return rc;
}

static int run(void *arg)
{
    (void)arg;
    return eddy_thread_index() == 0 ? serve() : call();
}

int main(void)
{
    mixed_policy mixed = {.policy = *eddy_default_event_loop_policy()};
    mixed.policy.new_event_loop = new_event_loop;
    if (!choose(&mixed)) {
        puts("this build has only the simulation, whose loops cannot reach each other");
        return 0;
    }
    int rc = eddy_set_event_loop_policy(&mixed.policy);
    if (rc == 0)
        rc = eddy_run_threads(2, run, NULL, NULL);
    (void)eddy_set_event_loop_policy(NULL);
    return eddy_exit_status(rc);
}
