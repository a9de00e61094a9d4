/* suite_server.c: servers: asyncio's rules N5-N7 and 13.4, and the faults of accepting.
 * Touches the public API, and the injection table for accepts that fail. */
#include "pair.h"
#include "suite.h"

#include <errno.h>
#include <string.h>

#include "core/base/inject.h"

static int echo(eddy_stream *stream, void *arg)
{
    char buffer[256];
    ptrdiff_t got;
    (void)arg;
    while ((got = eddy_stream_read(stream, buffer, sizeof buffer)) > 0) {
        int rc = eddy_stream_write(stream, buffer, (size_t)got);
        if (rc < 0)
            return rc;
    }
    return (int)got;
}

static void start(eddy_server **out, eddy_client_fn fn, void *arg, const eddy_server_options *options)
{
    assert_int_equal(eddy_start_server(out, "127.0.0.1", "0", fn, arg, options), 0);
}

static void must_echo(eddy_stream *stream)
{
    char back[4];
    assert_int_equal(eddy_stream_write(stream, "ping", 4), 0);
    assert_int_equal(eddy_stream_readexactly(stream, back, 4), 4);
    assert_memory_equal(back, "ping", 4);
}

TASK_TEST(serves_many_clients_at_once)
{
    enum { CLIENTS = 50 };
    eddy_server *server;
    eddy_stream *clients[CLIENTS];
    (void)arg;
    start(&server, echo, NULL, NULL);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = pair_connect(server);
    for (int i = CLIENTS - 1; i >= 0; i--)
        must_echo(clients[i]);
    for (int i = 0; i < CLIENTS; i++)
        eddy_stream_release(clients[i]);
    pair_stop(server);
    return 0;
}

TASK_TEST(closing_the_server_leaves_its_connections_alive)
{
    eddy_server *server;
    (void)arg;
    start(&server, echo, NULL, NULL);
    eddy_stream *client = pair_connect(server);
    must_echo(client);
    assert_true(eddy_server_is_serving(server));
    eddy_server_close(server);
    eddy_server_close(server);
    assert_false(eddy_server_is_serving(server));
    assert_int_equal(eddy_server_port(server, 0), EDDY_ECLOSED);
    must_echo(client);
    eddy_stream_close(client);
    assert_int_equal(eddy_server_wait_closed(server), 0);
    assert_int_equal(eddy_server_wait_closed(server), 0);
    assert_int_equal(eddy_server_start_serving(server), EDDY_ECLOSED);
    eddy_stream_release(client);
    eddy_server_release(server);
    return 0;
}

TASK_TEST(close_clients_and_abort_clients_end_every_connection)
{
    (void)arg;
    for (int hard = 0; hard < 2; hard++) {
        eddy_server *server;
        char byte;
        start(&server, echo, NULL, NULL);
        eddy_stream *a = pair_connect(server), *b = pair_connect(server);
        must_echo(a);
        must_echo(b);
        eddy_server_close(server);
        if (hard)
            eddy_server_abort_clients(server);
        else
            eddy_server_close_clients(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        assert_true(eddy_stream_read(a, &byte, 1) <= 0);
        assert_true(eddy_stream_read(b, &byte, 1) <= 0);
        eddy_stream_release(a);
        eddy_stream_release(b);
        eddy_server_release(server);
    }
    return 0;
}

static int serve(void *server)
{
    return eddy_server_serve_forever(server);
}

TASK_TEST(serve_forever_cancelled_closes_everything)
{
    eddy_server *server;
    eddy_task *task;
    int outcome;
    char byte;
    (void)arg;
    start(&server, echo, NULL, EDDY_OPTIONS(eddy_server_options, .do_not_start = true));
    assert_false(eddy_server_is_serving(server));
    assert_int_equal(eddy_create_task(&task, serve, server, NULL), 0);
    assert_int_equal(eddy_sleep(0), 0);
    assert_true(eddy_server_is_serving(server));
    assert_int_equal(eddy_server_serve_forever(server), EDDY_EBUSY);
    eddy_stream *client = pair_connect(server);
    must_echo(client);
    eddy_task_cancel(task);
    assert_int_equal(eddy_await(task, &outcome), 0);
    assert_int_equal(outcome, EDDY_ECANCELED);
    assert_true(eddy_stream_read(client, &byte, 1) <= 0);
    assert_int_equal(eddy_server_serve_forever(server), EDDY_ECLOSED);
    eddy_task_release(task);
    eddy_stream_release(client);
    eddy_server_release(server);
    return 0;
}

TASK_TEST(serve_forever_ends_when_somebody_else_closes)
{
    eddy_server *server;
    eddy_task *task;
    int outcome;
    (void)arg;
    start(&server, echo, NULL, NULL);
    assert_int_equal(eddy_create_task(&task, serve, server, NULL), 0);
    assert_int_equal(eddy_sleep(0), 0);
    eddy_server_close(server);
    assert_int_equal(eddy_await(task, &outcome), 0);
    assert_int_equal(outcome, EDDY_ECANCELED);
    eddy_task_release(task);
    eddy_server_release(server);
    return 0;
}

static int fail_at_once(eddy_stream *stream, void *arg)
{
    (void)stream;
    (void)arg;
    return EDDY_EUSER - 7;
}

/* M9: a handler that fails is reported, and its connection closed. */
TASK_TEST(failing_client_function_is_reported_and_closes)
{
    eddy_server *server;
    char byte;
    (void)arg;
    support_catch_reports();
    start(&server, fail_at_once, NULL, NULL);
    eddy_stream *client = pair_connect(server);
    assert_true(eddy_stream_read(client, &byte, 1) <= 0);
    assert_int_equal(support_reports(), 1);
    assert_string_equal(support_last_message(), "Unhandled exception in client_connected_cb");
    assert_int_equal(support_last_code(), EDDY_EUSER - 7);
    eddy_stream_release(client);
    pair_stop(server);
    return 0;
}

static int fail_with_detail(eddy_stream *stream, void *arg)
{
    *(eddy_stream **)arg = stream;
    return eddy_loop_set_slow_callback_duration(eddy_get_running_loop(), -1);
}

typedef struct told {
    eddy_server *server;
    eddy_stream *stream;
    int count;
} told;

static void look_at_context(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    told *expected = arg;
    (void)loop;
    expected->count++;
    assert_ptr_equal(context->server, expected->server);
    assert_ptr_equal(context->stream, expected->stream);
    assert_non_null(context->task);
    assert_int_equal(context->exception, EDDY_EINVAL);
    assert_string_equal(context->error->operation, "set_slow_callback_duration");
}

TASK_TEST(report_of_a_client_names_server_stream_and_detail)
{
    told expected = {0};
    char byte;
    (void)arg;
    assert_int_equal(eddy_loop_set_exception_handler(eddy_get_running_loop(), look_at_context, &expected), 0);
    start(&expected.server, fail_with_detail, &expected.stream, NULL);
    eddy_stream *client = pair_connect(expected.server);
    assert_true(eddy_stream_read(client, &byte, 1) <= 0);
    assert_int_equal(expected.count, 1);
    eddy_stream_release(client);
    pair_stop(expected.server);
    return 0;
}

TASK_TEST(port_in_use_is_told)
{
    eddy_server *server, *second = NULL;
    (void)arg;
    start(&server, echo, NULL, NULL);
    assert_int_equal(eddy_start_server(&second, "127.0.0.1", pair_service(server), echo, NULL, NULL),
                     EDDY_EADDRINUSE);
    assert_null(second);
    pair_stop(server);
    return 0;
}

/* N5: localhost is every address of it, each once, each on a port of its own. */
TASK_TEST(localhost_listens_on_each_of_its_addresses)
{
    eddy_server *server;
    char name[64];
    size_t count = 0;
    (void)arg;
    assert_int_equal(eddy_start_server(&server, "localhost", "0", echo, NULL, NULL), 0);
    while (eddy_server_name(server, count, name, sizeof name) > 0)
        count++;
    assert_in_range(count, 1, 2);
    eddy_stream *client;
    assert_int_equal(eddy_open_connection(&client, "localhost", pair_service(server), NULL), 0);
    must_echo(client);
    eddy_stream_release(client);
    pair_stop(server);
    return 0;
}

static void survive_on_accept(int os_error, int code)
{
    eddy_server *server;
    eddyi_inject_plan plan = {
        .fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_accept4, .os_error = os_error};
    support_catch_reports();
    start(&server, echo, NULL, NULL);
    eddyi_inject_start(&plan);
    eddy_stream *client = pair_connect(server);
    must_echo(client);
    eddyi_inject_stop();
    assert_int_equal(support_reports(), 1);
    assert_int_equal(support_last_code(), code);
    eddy_stream_release(client);
    pair_stop(server);
}

/* N7, F1: out of descriptors or memory: reported once, a pause, and then the client is served. */
TASK_TEST(fault_F1_out_of_descriptors_pauses_and_goes_on)
{
    (void)arg;
    if (support_is_simulated())
        return support_skip("there is no system call to fail or count");
    survive_on_accept(EMFILE, EDDY_EMFILE);
    survive_on_accept(ENFILE, EDDY_ENFILE);
    survive_on_accept(ENOBUFS, EDDY_ENOBUFS);
    survive_on_accept(ENOMEM, EDDY_ENOMEM);
    return 0;
}

/* F2: a connection that died in the queue is skipped. */
TASK_TEST(fault_F2_connection_aborted_in_the_queue_is_skipped)
{
    eddy_server *server;
    eddyi_inject_plan plan = {
        .fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_accept4, .os_error = ECONNABORTED};
    (void)arg;
    if (support_is_simulated())
        return support_skip("there is no system call to fail or count");
    support_catch_reports();
    start(&server, echo, NULL, NULL);
    eddyi_inject_start(&plan);
    eddy_stream *client = pair_connect(server);
    must_echo(client);
    eddyi_inject_stop();
    assert_int_equal(support_reports(), 0);
    eddy_stream_release(client);
    pair_stop(server);
    return 0;
}

static int knock_under_faults(void *arg)
{
    eddy_server *server;
    int *refused = arg;
    support_catch_reports();
    for (int tries = 1; eddy_start_server(&server, "127.0.0.1", "0", echo, NULL, NULL) < 0; tries++) {
        assert_true(tries < 1000);
        eddy_error_clear();
    }
    for (int i = 0; i < 400; i++) {
        eddy_stream *client = NULL;
        if (eddy_open_connection(&client, "127.0.0.1", pair_service(server), NULL) == 0)
            assert_int_equal(eddy_sleep(0.001), 0);
        eddy_stream_abort(client);
        eddy_stream_release(client);
        const char *message = support_last_message();
        *refused += message != NULL && strcmp(message, "Accept failed on a socket") == 0;
    }
    pair_stop(server);
    return 0;
}

/* F2 where the accept is the backend's own: what died in the queue ends the op, which begins again, and nobody is told. */
static void fault_F2_dead_connection_ends_no_accepting_under_sim(void **state)
{
    int refused = 0;
    eddy_loop_options loop = {.size = sizeof loop, .fault_percent = 60, .fault_seconds = 100};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    (void)state;
    if (!support_is_simulated()) {
        (void)support_skip("only a simulated network loses connections in the queue by itself");
        return;
    }
    assert_int_equal(eddy_run(knock_under_faults, &refused, &options), 0);
    assert_int_equal(refused, 0);
}

/* F3: setting one connection up fails: that one ends and is reported, the listener goes on. */
TASK_TEST(fault_F3_failed_set_up_costs_one_connection)
{
    eddy_server *server;
    (void)arg;
    support_catch_reports();
    start(&server, echo, NULL, NULL);
    eddy_stream *warm = pair_connect(server);
    must_echo(warm);
    for (uint64_t k = 1; k < 5; k++) {
        eddyi_inject_plan plan = {.fail_at = k, .calls = UINT64_C(1) << EDDYI_INJECT_memory};
        eddy_stream *client = NULL;
        char byte;
        int reports = support_reports();
        eddyi_inject_start(&plan);
        int rc = eddy_open_connection(&client, "127.0.0.1", pair_service(server), NULL);
        ptrdiff_t got = 1;
        if (rc == 0 && eddy_stream_write(client, "x", 1) == 0)
            got = eddy_stream_read(client, &byte, 1);
        eddyi_inject_stop();
        assert_int_equal(eddy_sleep(0), 0);
        if (got != 1 && got != EDDY_ENOMEM)
            assert_int_equal(support_reports(), reports + 1);
        assert_true(rc == 0 || rc == EDDY_ENOMEM);
        eddy_stream_release(client);
        eddy_stream *next = pair_connect(server);
        must_echo(next);
        eddy_stream_release(next);
    }
    eddy_stream_release(warm);
    pair_stop(server);
    return 0;
}

/* F4: more connections than the backlog, while an established one is served. */
TASK_TEST(fault_F4_burst_of_connections_is_accepted)
{
    enum { BURST = 300 };
    eddy_server *server;
    static eddy_stream *clients[BURST];
    (void)arg;
    start(&server, echo, NULL, EDDY_OPTIONS(eddy_server_options, .backlog = 16));
    eddy_stream *established = pair_connect(server);
    for (int i = 0; i < BURST; i++) {
        clients[i] = pair_connect(server);
        if (i % 50 == 0)
            must_echo(established);
    }
    for (int i = 0; i < BURST; i++) {
        must_echo(clients[i]);
        eddy_stream_release(clients[i]);
    }
    eddy_stream_release(established);
    pair_stop(server);
    return 0;
}

/* Only what the user still refers to may stay: here two objects, which go with their last references. */
static eddy_server *left_server;
static eddy_stream *left_stream;

static int leave_references(void *arg)
{
    (void)arg;
    start(&left_server, echo, NULL, NULL);
    left_stream = pair_connect(left_server);
    must_echo(left_stream);
    return 0;
}

static void loop_closes_what_is_left_open(void **state)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    long blocks = support_live_blocks();
    int descriptors = support_open_descriptors();
    char byte;
    (void)state;
    assert_int_equal(eddy_run(leave_references, NULL, &options), 0);
    assert_int_equal(support_open_descriptors(), descriptors);
    assert_true(eddy_stream_is_closing(left_stream));
    assert_true(eddy_stream_read(left_stream, &byte, 1) < 0);
    eddy_stream_release(left_stream);
    eddy_server_release(left_server);
    assert_int_equal(support_live_blocks(), blocks);
}

int suite_server(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves_many_clients_at_once),
        cmocka_unit_test(closing_the_server_leaves_its_connections_alive),
        cmocka_unit_test(close_clients_and_abort_clients_end_every_connection),
        cmocka_unit_test(serve_forever_cancelled_closes_everything),
        cmocka_unit_test(serve_forever_ends_when_somebody_else_closes),
        cmocka_unit_test(failing_client_function_is_reported_and_closes),
        cmocka_unit_test(report_of_a_client_names_server_stream_and_detail),
        cmocka_unit_test(port_in_use_is_told),
        cmocka_unit_test(localhost_listens_on_each_of_its_addresses),
        cmocka_unit_test(fault_F1_out_of_descriptors_pauses_and_goes_on),
        cmocka_unit_test(fault_F2_connection_aborted_in_the_queue_is_skipped),
        cmocka_unit_test(fault_F2_dead_connection_ends_no_accepting_under_sim),
        cmocka_unit_test(fault_F3_failed_set_up_costs_one_connection),
        cmocka_unit_test(fault_F4_burst_of_connections_is_accepted),
        cmocka_unit_test(loop_closes_what_is_left_open),
    };
    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
