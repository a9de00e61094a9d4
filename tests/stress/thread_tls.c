/* thread_tls.c: contexts and sessions shared by loops of several threads: connections, resumed sessions, references.
 * Touches the public API, threads and certificates.h. Set up once, a context needs no lock of the user's. */
#include "support/certificates.h"

#include <stdatomic.h>
#include <stdio.h>

#include "core/platform.h"

enum { THREADS = 4, VISITS = 25 };

static eddy_tls_context *client_side, *server_side;
static eddy_tls_session *held; /* every visit begins with it; NULL: with what the context remembers */
static bool taking;            /* the only visit takes its session */
static int visits;             /* of each loop */
static atomic_int resumed, failed;

static int echo(eddy_stream *stream, void *arg)
{
    char byte;
    (void)arg;
    while (eddy_stream_read(stream, &byte, 1) > 0)
        if (eddy_stream_write(stream, &byte, 1) < 0)
            break;
    return 0;
}

static int visit(const char *port)
{
    char byte = 0;
    eddy_stream *stream;
    int rc = eddy_open_connection(&stream, "127.0.0.1", port,
                                  EDDY_OPTIONS(eddy_connect_options, .tls = client_side, .session = held));
    if (rc < 0)
        return rc;
    if (eddy_tls_object_session_reused(eddy_stream_ssl_object(stream)))
        atomic_fetch_add(&resumed, 1);
    rc = eddy_stream_write(stream, "x", 1);
    if (rc == 0)
        rc = eddy_stream_read(stream, &byte, 1) == 1 && byte == 'x' ? 0 : EDDY_EPROTO;
    if (rc == 0 && taking)
        rc = eddy_tls_object_session(eddy_stream_ssl_object(stream), &held);
    eddy_stream_close(stream);
    int closed = eddy_stream_wait_closed(stream);
    eddy_stream_release(stream);
    return rc < 0 ? rc : closed;
}

static int visit_all(void *arg)
{
    char port[16];
    eddy_server *server;
    (void)arg;
    int rc = eddy_start_server(&server, "127.0.0.1", "0", echo, NULL,
                               EDDY_OPTIONS(eddy_server_options, .tls = server_side));
    if (rc < 0)
        return rc;
    snprintf(port, sizeof port, "%d", eddy_server_port(server, 0));
    for (int i = 0; i < visits && rc == 0; i++)
        rc = visit(port);
    eddy_server_close(server);
    int closed = eddy_server_wait_closed(server);
    eddy_server_release(server);
    return rc < 0 ? rc : closed;
}

static void run_thread(void *arg)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
    (void)arg;
    if (eddy_run(visit_all, NULL, EDDY_OPTIONS(eddy_run_options, .loop = &loop)) < 0)
        atomic_fetch_add(&failed, 1);
}

static void run_threads(void)
{
    eddyi_thread threads[THREADS];
    resumed = 0;
    visits = VISITS;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(eddyi_thread_create(&threads[i], run_thread, NULL, "visitor"), 0);
    for (int i = 0; i < THREADS; i++)
        eddyi_thread_join(&threads[i]);
    assert_int_equal(failed, 0);
}

static void open_house(certificate_house *house)
{
    house_make(house);
    client_side = client_context(&house->authority);
    server_side = server_context(&house->server);
}

static void close_house(certificate_house *house)
{
    eddy_tls_context_release(client_side);
    eddy_tls_context_release(server_side);
    house_free(house);
}

static void contexts_serve_loops_of_several_threads(void **state)
{
    certificate_house house;
    (void)state;
    open_house(&house);
    run_threads();
    assert_true(resumed > THREADS * VISITS / 2);
    close_house(&house);
}

static void sessions_serve_loops_of_several_threads(void **state)
{
    certificate_house house;
    (void)state;
    open_house(&house);
    taking = true;
    visits = 1;
    run_thread(NULL);
    taking = false;
    assert_non_null(held);
    run_threads();
    assert_int_equal(resumed, THREADS * VISITS);
    eddy_tls_session_release(held);
    held = NULL;
    close_house(&house);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(contexts_serve_loops_of_several_threads),
                                       cmocka_unit_test(sessions_serve_loops_of_several_threads)};
    support_init(argc, argv);
    return cmocka_run_group_tests_name("tls threads", tests, NULL, NULL);
}
