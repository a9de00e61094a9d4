/* suite_tls_sessions.c: sessions that go on: those that a context remembers, and those that the program holds and writes down.
 * Touches the public API and certificates.h. A server's ticket comes with what is read first. */
#include "suite.h"
#include "tls_pair.h"

/* ---- those that the context remembers ---- */

static int say_and_end(eddy_stream *stream, void *arg)
{
    char byte;
    (void)arg;
    int rc = eddy_stream_write(stream, "x", 1);
    return rc < 0 ? rc : (int)eddy_stream_read(stream, &byte, 1);
}

/* A ticket comes after the handshake, so something must be read before it is there. */
static bool resumes(eddy_server *server, eddy_tls_context *context, const char *name)
{
    eddy_stream *stream;
    char byte;
    assert_int_equal(
        eddy_open_connection(&stream, "127.0.0.1", pair_service(server),
                             EDDY_OPTIONS(eddy_connect_options, .tls = context, .server_hostname = name)),
        0);
    bool reused = eddy_tls_object_session_reused(eddy_stream_ssl_object(stream));
    assert_int_equal(eddy_stream_read(stream, &byte, 1), 1);
    eddy_stream_close(stream);
    assert_int_equal(eddy_stream_wait_closed(stream), 0);
    eddy_stream_release(stream);
    return reused;
}

static bool resumes_without_reading(const eddy_server *server, eddy_tls_context *context)
{
    eddy_stream *stream;
    assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", pair_service(server),
                                          EDDY_OPTIONS(eddy_connect_options, .tls = context)),
                     0);
    bool reused = eddy_tls_object_session_reused(eddy_stream_ssl_object(stream));
    eddy_stream_abort(stream);
    eddy_stream_release(stream);
    return reused;
}

static void sessions_go_on(tls_house *house, eddy_tls_version version)
{
    eddy_tls_context *client, *forgetful;
    const char *pem = certificate_pem(&house->certificates.authority);
    eddy_tls_context_options options = {.size = sizeof options, .cadata = pem, .maximum_version = version};
    assert_int_equal(eddy_tls_context_create(&client, &options), 0);
    options.no_sessions = true;
    assert_int_equal(eddy_tls_context_create(&forgetful, &options), 0);
    eddy_server *server = tls_serve(house->server, say_and_end, NULL);
    assert_false(resumes(server, client, NULL));
    assert_true(resumes(server, client, NULL));
    assert_true(resumes(server, client, NULL));
    assert_false(resumes(server, client, "localhost")); /* another name, another session */
    assert_true(resumes(server, client, "localhost"));
    assert_false(resumes(server, forgetful, NULL));
    assert_false(resumes(server, forgetful, NULL));
    tls_end_serving(server);
    eddy_tls_context_release(client);
    eddy_tls_context_release(forgetful);
}

TLS_TEST(tls_sessions_go_on_with_the_same_name)
{
    sessions_go_on(house, EDDY_TLS_VERSION_1_3);
    sessions_go_on(house, EDDY_TLS_VERSION_1_2);
    return 0;
}

/* One handshake brings two tickets. */
TLS_TEST(tls_tickets_are_used_once)
{
    eddy_server *server = tls_serve(house->server, say_and_end, NULL);
    support_catch_reports(); /* of clients that hang up */
    assert_false(resumes(server, house->client, NULL));
    assert_true(resumes_without_reading(server, house->client));
    assert_true(resumes_without_reading(server, house->client));
    assert_false(resumes_without_reading(server, house->client));
    tls_end_serving(server);
    return 0;
}

/* ---- those that the program holds ---- */

typedef struct visitor {
    eddy_server *server;
    eddy_tls_context *context;
    const char *name;
    eddy_tls_session *session; /* to go on with */
} visitor;

static int visit(const visitor *v, eddy_stream **stream)
{
    return eddy_open_connection(stream, "127.0.0.1", pair_service(v->server),
                                EDDY_OPTIONS(eddy_connect_options, .tls = v->context,
                                             .server_hostname = v->name, .session = v->session));
}

static void leave(eddy_stream *stream)
{
    eddy_stream_close(stream);
    assert_int_equal(eddy_stream_wait_closed(stream), 0);
    eddy_stream_release(stream);
}

/* One visit; *newer gets its session, NULL: it is not asked. */
static bool goes_on(const visitor *v, eddy_tls_session **newer)
{
    eddy_stream *stream;
    char byte;
    assert_int_equal(visit(v, &stream), 0);
    const eddy_tls_object *tls = eddy_stream_ssl_object(stream);
    bool reused = eddy_tls_object_session_reused(tls);
    assert_int_equal(eddy_stream_read(stream, &byte, 1), 1);
    if (newer != NULL)
        assert_int_equal(eddy_tls_object_session(tls, newer), 0);
    leave(stream);
    return reused;
}

static eddy_tls_context *make_client(const tls_house *house, bool forgetful, eddy_tls_version version)
{
    eddy_tls_context *context;
    eddy_tls_context_options options = {.size = sizeof options,
                                        .cadata = certificate_pem(&house->certificates.authority),
                                        .no_sessions = forgetful,
                                        .maximum_version = version};
    assert_int_equal(eddy_tls_context_create(&context, &options), 0);
    return context;
}

static void held_session_goes_on(const tls_house *house, eddy_tls_version version)
{
    visitor v = {.server = tls_serve(house->server, say_and_end, NULL),
                 .context = make_client(house, false, version)};
    eddy_tls_session *first, *second;
    assert_false(goes_on(&v, &first));
    v.session = first;
    assert_true(goes_on(&v, &second));
    eddy_tls_session_release(first);
    v.session = eddy_tls_session_retain(second);
    eddy_tls_session_release(second);
    assert_true(goes_on(&v, NULL));
    assert_true(goes_on(&v, NULL)); /* as often as the program likes */
    eddy_tls_session_release(v.session);
    tls_end_serving(v.server);
    eddy_tls_context_release(v.context);
}

TLS_TEST(tls_session_that_the_program_holds_goes_on)
{
    held_session_goes_on(house, EDDY_TLS_VERSION_1_3);
    held_session_goes_on(house, EDDY_TLS_VERSION_1_2);
    return 0;
}

typedef struct upgrade {
    eddy_stream *stream;
    eddy_tls_context *context;
} upgrade;

static int start_peer(void *arg)
{
    const upgrade *u = arg;
    int rc = eddy_stream_start_tls(u->stream, u->context, NULL);
    return rc < 0 ? rc : eddy_stream_write(u->stream, "x", 1);
}

/* TLS on a connection that began without, with that session; *newer gets the next one. */
static bool starts_with(const tls_house *house, eddy_tls_session *session, eddy_tls_session **newer)
{
    stream_pair pair;
    eddy_task *task;
    int outcome;
    char byte;
    pair_open(&pair, NULL, NULL);
    upgrade u = {pair.peer, house->server};
    eddy_tls_options options = {.size = sizeof options, .server_hostname = "localhost", .session = session};
    assert_int_equal(eddy_create_task(&task, start_peer, &u, NULL), 0);
    assert_int_equal(eddy_stream_start_tls(pair.client, house->client, &options), 0);
    assert_int_equal(eddy_stream_read(pair.client, &byte, 1), 1);
    assert_int_equal(eddy_await(task, &outcome), 0);
    assert_int_equal(outcome, 0);
    eddy_task_release(task);
    const eddy_tls_object *tls = eddy_stream_ssl_object(pair.client);
    bool reused = eddy_tls_object_session_reused(tls);
    assert_int_equal(eddy_tls_object_session(tls, newer), 0);
    assert_int_equal(eddy_tls_object_session(eddy_stream_ssl_object(pair.peer), newer), EDDY_EINVAL);
    tls_pair_close(&pair);
    return reused;
}

TLS_TEST(tls_session_goes_on_in_start_tls)
{
    eddy_tls_session *first, *second;
    stream_pair pair;
    assert_false(starts_with(house, NULL, &first));
    assert_true(starts_with(house, first, &second));
    pair_open(&pair, NULL, NULL);
    eddy_tls_options options = {.size = sizeof options, .session = first};
    assert_int_equal(eddy_stream_start_tls(pair.peer, house->server, &options), EDDY_EINVAL); /* a client's */
    assert_false(eddy_stream_is_closing(pair.peer));
    pair_close(&pair);
    eddy_tls_session_release(first);
    eddy_tls_session_release(second);
    return 0;
}

TLS_TEST(tls_session_is_there_when_something_was_read)
{
    visitor v = {.server = tls_serve(house->server, say_and_end, NULL), .context = house->client};
    eddy_stream *stream;
    eddy_tls_session *session = NULL;
    char byte;
    assert_int_equal(visit(&v, &stream), 0);
    const eddy_tls_object *tls = eddy_stream_ssl_object(stream);
    assert_int_equal(eddy_tls_object_session(tls, &session), EDDY_ENOENT);
    assert_int_equal(eddy_tls_object_session(tls, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_tls_object_session(NULL, &session), EDDY_EINVAL);
    assert_null(session);
    assert_int_equal(eddy_stream_read(stream, &byte, 1), 1);
    assert_int_equal(eddy_tls_object_session(tls, &session), 0);
    eddy_tls_session_release(session);
    eddy_tls_session_release(NULL);
    leave(stream);
    tls_end_serving(v.server);
    return 0;
}

TLS_TEST(tls_session_that_the_program_holds_is_not_used_by_the_context)
{
    visitor v = {.server = tls_serve(house->server, say_and_end, NULL), .context = house->client};
    eddy_tls_session *session;
    eddy_stream *stream;
    support_catch_reports();             /* of clients that hang up */
    assert_false(goes_on(&v, &session)); /* one of two tickets */
    eddy_tls_session_release(session);
    assert_true(resumes_without_reading(v.server, v.context));
    assert_int_equal(visit(&v, &stream), 0);
    assert_false(eddy_tls_object_session_reused(eddy_stream_ssl_object(stream)));
    eddy_stream_abort(stream);
    eddy_stream_release(stream);
    tls_end_serving(v.server);
    return 0;
}

/* OpenSSL gives a session up when its connection breaks off; the program's copy is another. */
TLS_TEST(tls_session_outlives_a_connection_that_breaks_off)
{
    visitor v = {.server = tls_serve(house->server, say_and_end, NULL), .context = house->client};
    eddy_stream *stream;
    char byte;
    support_catch_reports();
    assert_int_equal(visit(&v, &stream), 0);
    assert_int_equal(eddy_stream_read(stream, &byte, 1), 1);
    assert_int_equal(eddy_tls_object_session(eddy_stream_ssl_object(stream), &v.session), 0);
    eddy_stream_abort(stream);
    eddy_stream_release(stream);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(visit(&v, &stream), 0);
        assert_true(eddy_tls_object_session_reused(eddy_stream_ssl_object(stream)));
        eddy_stream_abort(stream);
        eddy_stream_release(stream);
    }
    eddy_tls_session_release(v.session);
    tls_end_serving(v.server);
    return 0;
}

TLS_TEST(fault_L8_session_of_another_name_or_context_is_refused)
{
    visitor v = {.server = tls_serve(house->server, say_and_end, NULL), .context = house->client};
    eddy_stream *stream = NULL;
    eddy_server *server = NULL;
    eddy_tls_context *other = client_context(&house->certificates.authority);
    assert_false(goes_on(&v, &v.session));
    v.name = "localhost";
    assert_int_equal(visit(&v, &stream), EDDY_EINVAL);
    v.name = NULL;
    v.context = other;
    assert_int_equal(visit(&v, &stream), EDDY_EINVAL);
    v.context = NULL; /* without TLS */
    assert_int_equal(visit(&v, &stream), EDDY_EINVAL);
    assert_null(stream);
    assert_null(server);
    v.context = house->client;
    assert_true(goes_on(&v, NULL));
    eddy_tls_session_release(v.session);
    eddy_tls_context_release(other);
    tls_end_serving(v.server);
    return 0;
}

/* What another server gave is no session here: certificates are sent and checked. */
TLS_TEST(fault_L8_ticket_of_another_server_is_a_whole_handshake)
{
    visitor v = {.server = tls_serve(house->server, say_and_end, NULL), .context = house->client};
    eddy_tls_context *other = server_context(&house->certificates.server);
    certificate stranger;
    eddy_stream *stream;
    certificate_make(&stranger, &(certificate_wish){.names = "IP:127.0.0.1"});
    eddy_tls_context *untrusted = server_context(&stranger);
    assert_false(goes_on(&v, &v.session));
    tls_end_serving(v.server);
    v.server = tls_serve(other, say_and_end, NULL);
    assert_false(goes_on(&v, NULL));
    tls_end_serving(v.server);
    v.server = tls_serve(untrusted, say_and_end, NULL);
    assert_int_equal(visit(&v, &stream), EDDY_ECERTIFICATE);
    tls_end_serving(v.server);
    eddy_tls_session_release(v.session);
    eddy_tls_context_release(other);
    eddy_tls_context_release(untrusted);
    certificate_free(&stranger);
    return 0;
}

TLS_TEST(tls_server_gives_as_many_tickets_as_it_is_told)
{
    eddy_tls_context *server, *none = NULL;
    eddy_tls_context_options options = {.size = sizeof options, .server_side = true, .num_tickets = 3};
    support_catch_reports();
    assert_int_equal(eddy_tls_context_create(&server, &options), 0);
    context_use(server, &house->certificates.server);
    eddy_server *serving = tls_serve(server, say_and_end, NULL);
    assert_false(resumes(serving, house->client, NULL));
    for (int i = 0; i < 3; i++)
        assert_true(resumes_without_reading(serving, house->client));
    assert_false(resumes_without_reading(serving, house->client));
    tls_end_serving(serving);
    eddy_tls_context_release(server);
    options.no_sessions = true;
    assert_int_equal(eddy_tls_context_create(&none, &options), EDDY_EINVAL);
    options = (eddy_tls_context_options){.size = sizeof options, .num_tickets = 3}; /* a client's */
    assert_int_equal(eddy_tls_context_create(&none, &options), EDDY_EINVAL);
    assert_null(none);
    return 0;
}

TLS_TEST(tls_server_without_sessions_gives_none)
{
    eddy_tls_context *server;
    eddy_tls_session *session = NULL;
    char byte;
    eddy_stream *stream;
    eddy_tls_context_options options = {.size = sizeof options, .server_side = true, .no_sessions = true};
    assert_int_equal(eddy_tls_context_create(&server, &options), 0);
    context_use(server, &house->certificates.server);
    visitor v = {.server = tls_serve(server, say_and_end, NULL), .context = house->client};
    assert_int_equal(visit(&v, &stream), 0);
    assert_int_equal(eddy_stream_read(stream, &byte, 1), 1);
    assert_int_equal(eddy_tls_object_session(eddy_stream_ssl_object(stream), &session), EDDY_ENOENT);
    assert_null(session);
    leave(stream);
    assert_false(resumes(v.server, v.context, NULL));
    tls_end_serving(v.server);
    eddy_tls_context_release(server);
    return 0;
}

/* ---- written down ---- */

static size_t write_down(const eddy_tls_session *session, unsigned char *room, size_t size)
{
    int whole = eddy_tls_session_save(session, NULL, 0);
    assert_true(whole > 100 && (size_t)whole <= size);
    assert_int_equal(eddy_tls_session_save(session, room, (size_t)whole - 1), EDDY_EINVAL);
    assert_int_equal(eddy_tls_session_save(session, room, (size_t)whole), whole);
    assert_int_equal(eddy_tls_session_save(NULL, room, size), EDDY_EINVAL);
    return (size_t)whole;
}

static void written_session_goes_on(const tls_house *house, eddy_tls_version version)
{
    unsigned char room[8192];
    visitor v = {.server = tls_serve(house->server, say_and_end, NULL),
                 .context = make_client(house, true, version)};
    eddy_tls_session *session;
    assert_false(goes_on(&v, &session));
    size_t size = write_down(session, room, sizeof room);
    eddy_tls_session_release(session);
    eddy_tls_context_release(v.context);
    v.context = make_client(house, true, version); /* another run of the program */
    assert_false(goes_on(&v, NULL));
    assert_int_equal(eddy_tls_session_load(&v.session, v.context, room, size), 0);
    assert_true(goes_on(&v, NULL));
    v.name = "localhost";
    eddy_stream *stream;
    assert_int_equal(visit(&v, &stream), EDDY_EINVAL);
    eddy_tls_session_release(v.session);
    eddy_tls_context_release(v.context);
    tls_end_serving(v.server);
}

TLS_TEST(tls_session_that_was_written_down_goes_on)
{
    written_session_goes_on(house, EDDY_TLS_VERSION_1_3);
    return 0;
}

TLS_TEST(fault_L8_session_that_nobody_checked_is_refused_by_who_checks)
{
    unsigned char room[8192];
    eddy_tls_context *careless, *half_careful;
    eddy_tls_context_options options = {
        .size = sizeof options, .verify_mode = EDDY_TLS_CERT_NONE, .no_check_hostname = true};
    assert_int_equal(eddy_tls_context_create(&careless, &options), 0);
    options.verify_mode = EDDY_TLS_CERT_REQUIRED;
    assert_int_equal(eddy_tls_context_create(&half_careful, &options), 0);
    visitor v = {.server = tls_serve(house->server, say_and_end, NULL), .context = careless};
    eddy_tls_session *session, *loaded = NULL;
    eddy_stream *stream;
    assert_false(goes_on(&v, &session));
    size_t size = write_down(session, room, sizeof room);
    assert_int_equal(eddy_tls_session_load(&loaded, house->client, room, size), EDDY_EINVAL);
    assert_int_equal(eddy_tls_session_load(&loaded, house->server, room, size), EDDY_EINVAL);
    assert_null(loaded);
    assert_int_equal(eddy_tls_session_load(&v.session, half_careful, room, size), 0);
    v.context = half_careful; /* does not mind the name, but the certificate */
    assert_int_equal(visit(&v, &stream), EDDY_EINVAL);
    eddy_tls_session_release(v.session);
    v = (visitor){.server = v.server, .context = careless, .session = session};
    assert_true(goes_on(&v, NULL));
    eddy_tls_session_release(session);
    eddy_tls_context_release(careless);
    eddy_tls_context_release(half_careful);
    tls_end_serving(v.server);
    return 0;
}

TLS_TEST(fault_L8_written_session_that_was_cut_or_changed_does_no_harm)
{
    unsigned char room[8192];
    visitor v = {.server = tls_serve(house->server, say_and_end, NULL), .context = house->client};
    eddy_tls_session *session, *loaded = NULL;
    assert_false(goes_on(&v, &session));
    size_t size = write_down(session, room, sizeof room - 1);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(eddy_tls_session_load(&loaded, v.context, room, cut), EDDY_EINVAL);
    room[size] = 0;
    assert_int_equal(eddy_tls_session_load(&loaded, v.context, room, size + 1), EDDY_EINVAL);
    assert_int_equal(eddy_tls_session_load(&loaded, v.context, NULL, 0), EDDY_EINVAL);
    assert_null(loaded);
    int refused = 0;
    for (size_t at = 0; at < size; at++) {
        room[at] ^= 0xff;
        if (eddy_tls_session_load(&loaded, v.context, room, size) < 0)
            refused++;
        else
            eddy_tls_session_release(loaded);
        room[at] ^= 0xff;
    }
    assert_true(refused > 16); /* the mark, the name's length, OpenSSL's structure */
    eddy_tls_session_release(session);
    tls_end_serving(v.server);
    return 0;
}

int suite_tls_sessions(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_sessions_go_on_with_the_same_name),
        cmocka_unit_test(tls_tickets_are_used_once),
        cmocka_unit_test(tls_session_that_the_program_holds_goes_on),
        cmocka_unit_test(tls_session_goes_on_in_start_tls),
        cmocka_unit_test(tls_session_is_there_when_something_was_read),
        cmocka_unit_test(tls_session_that_the_program_holds_is_not_used_by_the_context),
        cmocka_unit_test(tls_session_outlives_a_connection_that_breaks_off),
        cmocka_unit_test(fault_L8_session_of_another_name_or_context_is_refused),
        cmocka_unit_test(fault_L8_ticket_of_another_server_is_a_whole_handshake),
        cmocka_unit_test(tls_server_gives_as_many_tickets_as_it_is_told),
        cmocka_unit_test(tls_server_without_sessions_gives_none),
        cmocka_unit_test(tls_session_that_was_written_down_goes_on),
        cmocka_unit_test(fault_L8_session_that_nobody_checked_is_refused_by_who_checks),
        cmocka_unit_test(fault_L8_written_session_that_was_cut_or_changed_does_no_harm),
    };
    return cmocka_run_group_tests_name("tls sessions", tests, NULL, NULL);
}
