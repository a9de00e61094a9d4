/* suite_tls.c: TLS over streams: what is agreed on, who is believed, and what bad peers get.
 * Touches the public API and certificates.h. On every backend, certificates made on the spot. */
#include <stdio.h>
#include <time.h>

#include "suite.h"
#include "tls_pair.h"

#include "core/base/inject.h"

static void say(eddy_stream *from, eddy_stream *to, const char *text)
{
    char got[64];
    size_t size = strlen(text);
    assert_int_equal(eddy_stream_write(from, text, size), 0);
    assert_int_equal(eddy_stream_readexactly(to, got, size), size);
    assert_memory_equal(got, text, size);
}

/* ---- what is agreed on ---- */

TLS_TEST(tls_says_what_was_agreed_on)
{
    stream_pair pair;
    char text[256];
    tls_pair_open(&pair, house);
    const eddy_tls_object *tls = eddy_stream_ssl_object(pair.client);
    say(pair.client, pair.peer, "hello");
    say(pair.peer, pair.client, "and to you");
    assert_string_equal(eddy_tls_object_version(tls), "TLSv1.3");
    assert_non_null(eddy_tls_object_cipher(tls));
    assert_non_null(eddy_tls_object_native(tls));
    assert_int_equal(eddy_tls_object_selected_alpn_protocol(tls, text, sizeof text), 0);
    assert_int_equal(eddy_tls_object_peer_certificate(tls, EDDY_TLS_SUBJECT, text, sizeof text), 9);
    assert_string_equal(text, "CN = eddy");
    assert_true(eddy_tls_object_peer_certificate(tls, EDDY_TLS_ISSUER, text, sizeof text) > 0);
    assert_string_equal(text, "CN = eddy's authority");
    assert_true(eddy_tls_object_peer_certificate(tls, EDDY_TLS_SUBJECT_ALT_NAME, text, sizeof text) > 0);
    assert_string_equal(text, "DNS:localhost, IP Address:127.0.0.1");
    assert_true(eddy_tls_object_peer_certificate(tls, EDDY_TLS_SERIAL_NUMBER, text, sizeof text) > 0);
    assert_true(eddy_tls_object_peer_certificate(tls, EDDY_TLS_NOT_BEFORE, text, sizeof text) > 0);
    assert_true(eddy_tls_object_peer_certificate(tls, EDDY_TLS_NOT_AFTER, text, sizeof text) > 0);
    assert_int_equal(eddy_tls_object_peer_certificate(tls, EDDY_TLS_SUBJECT, text, 9), EDDY_EINVAL);
    int size = eddy_tls_object_peer_certificate_der(tls, NULL, 0);
    assert_true(size > 0);
    assert_int_equal(eddy_tls_object_peer_certificate_der(tls, text, 1), EDDY_EINVAL);
    const eddy_tls_object *peer = eddy_stream_ssl_object(pair.peer);
    assert_int_equal(eddy_tls_object_peer_certificate(peer, EDDY_TLS_SUBJECT, text, sizeof text),
                     EDDY_ENOENT);
    tls_pair_close(&pair);
    return 0;
}

TLS_TEST(tls_plain_streams_have_no_tls_to_ask)
{
    stream_pair pair;
    char text[8];
    (void)house;
    pair_open(&pair, NULL, NULL);
    assert_null(eddy_stream_ssl_object(pair.client));
    assert_null(eddy_tls_object_version(NULL));
    assert_null(eddy_tls_object_cipher(NULL));
    assert_false(eddy_tls_object_session_reused(NULL));
    assert_int_equal(eddy_tls_object_peer_certificate(NULL, EDDY_TLS_SUBJECT, text, sizeof text),
                     EDDY_EINVAL);
    pair_close(&pair);
    return 0;
}

TLS_TEST(tls_alpn_takes_the_servers_first_choice)
{
    stream_pair pair;
    char text[16];
    const char *client[] = {"http/1.1", "h2"}, *server[] = {"h2", "http/1.1"}, *other[] = {"smtp"};
    assert_int_equal(eddy_tls_context_set_alpn_protocols(house->client, client, 2), 0);
    assert_int_equal(eddy_tls_context_set_alpn_protocols(house->server, server, 2), 0);
    tls_pair_open(&pair, house);
    assert_int_equal(
        eddy_tls_object_selected_alpn_protocol(eddy_stream_ssl_object(pair.peer), text, sizeof text), 2);
    assert_int_equal(
        eddy_tls_object_selected_alpn_protocol(eddy_stream_ssl_object(pair.client), text, sizeof text), 2);
    assert_string_equal(text, "h2");
    assert_int_equal(eddy_tls_context_set_alpn_protocols(house->client, other, 1), 0);
    for (int i = 0; i < 20;
         i++) { /* what the server had to say about it always arrives, however it is sent */
        eddy_stream *stream = NULL;
        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", pair_service(pair.server),
                                              EDDY_OPTIONS(eddy_connect_options, .tls = house->client)),
                         EDDY_ETLS);
        assert_null(stream);
        assert_string_equal(eddy_last_error()->message, "tlsv1 alert no application protocol");
        eddy_error_clear();
    }
    tls_pair_close(&pair);
    return 0;
}

typedef struct sni {
    eddy_tls_context *other;
    char asked[64];
    int asks, refuses;
} sni;

static int choose(const char *name, eddy_tls_context **other, void *arg)
{
    sni *s = arg;
    s->asks++;
    snprintf(s->asked, sizeof s->asked, "%s", name);
    *other = s->other;
    return s->refuses;
}

TLS_TEST(tls_server_chooses_a_context_by_name)
{
    stream_pair pair;
    certificate shown;
    char text[64];
    certificate_make(&shown,
                     &(certificate_wish){.names = "DNS:b.example", .issuer = &house->certificates.authority});
    sni s = {.other = server_context(&shown)};
    assert_int_equal(eddy_tls_context_set_servername_callback(house->server, choose, &s), 0);
    pair_open(&pair, EDDY_OPTIONS(eddy_connect_options, .tls = house->client, .server_hostname = "b.example"),
              EDDY_OPTIONS(eddy_server_options, .tls = house->server));
    assert_int_equal(s.asks, 1);
    assert_string_equal(s.asked, "b.example");
    assert_true(eddy_tls_object_peer_certificate(eddy_stream_ssl_object(pair.client),
                                                 EDDY_TLS_SUBJECT_ALT_NAME, text, sizeof text) > 0);
    assert_string_equal(text, "DNS:b.example");
    eddy_stream *stream = NULL;
    eddy_connect_options named = {.size = sizeof named, .tls = house->client, .server_hostname = "localhost"};
    s.refuses = EDDY_EACCES;
    assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", pair_service(pair.server), &named),
                     EDDY_ETLS);
    assert_int_equal(s.asks, 2);
    tls_pair_close(&pair);
    eddy_tls_context_release(s.other);
    certificate_free(&shown);
    return 0;
}

static void count_lines(const char *line, void *arg)
{
    assert_true(strlen(line) > 64);
    ++*(int *)arg;
}

TLS_TEST(tls_key_log_gets_the_secrets)
{
    stream_pair pair;
    int lines = 0;
    assert_int_equal(eddy_tls_context_set_keylog_callback(house->client, count_lines, &lines), 0);
    tls_pair_open(&pair, house);
    assert_true(lines >= 4);
    tls_pair_close(&pair);
    return 0;
}

/* ---- certificates of clients ---- */

static int count_and_end(eddy_stream *stream, void *arg)
{
    ++*(int *)arg;
    int rc = eddy_stream_write(stream, "x", 1);
    return rc < 0 ? 0 : rc; /* some clients are gone by then */
}

TLS_TEST(tls_clients_must_show_a_certificate_where_it_is_required)
{
    int served = 0;
    char byte;
    eddy_stream *stream;
    eddy_tls_context *strict;
    eddy_tls_context_options options = {.size = sizeof options,
                                        .server_side = true,
                                        .verify_mode = EDDY_TLS_CERT_REQUIRED,
                                        .cadata = certificate_pem(&house->certificates.authority)};
    assert_int_equal(eddy_tls_context_create(&strict, &options), 0);
    context_use(strict, &house->certificates.server);
    eddy_server *server = tls_serve(strict, count_and_end, &served);
    eddy_connect_options connect = {.size = sizeof connect, .tls = house->client};
    assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", pair_service(server), &connect), 0);
    assert_true(eddy_stream_read(stream, &byte, 1) <
                0); /* in TLS 1.3 the refusal comes after our handshake */
    assert_int_equal(served, 0);
    eddy_stream_release(stream);
    context_use(house->client, &house->certificates.server);
    assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", pair_service(server), &connect), 0);
    assert_int_equal(eddy_stream_read(stream, &byte, 1), 1);
    assert_int_equal(served, 1);
    eddy_stream_abort(stream);
    eddy_stream_release(stream);
    tls_end_serving(server);
    eddy_tls_context_release(strict);
    return 0;
}

/* ---- who is believed ---- */

static int connect_to(const eddy_server *server, eddy_tls_context *context, const char *name)
{
    eddy_stream *stream = NULL;
    int rc =
        eddy_open_connection(&stream, "127.0.0.1", pair_service(server),
                             EDDY_OPTIONS(eddy_connect_options, .tls = context, .server_hostname = name));
    assert_true((rc == 0) == (stream != NULL));
    if (rc == 0) {
        eddy_stream_abort(stream);
        eddy_stream_release(stream);
    }
    return rc;
}

TLS_TEST(fault_L8_bad_certificates_are_told_apart)
{
    int served = 0;
    eddy_server *server = tls_serve(house->server, count_and_end, &served);
    assert_int_equal(connect_to(server, house->client, "other.example"), EDDY_EHOSTNAME);
    assert_string_equal(eddy_last_error()->message, "hostname mismatch");
    eddy_error_clear();
    certificate stranger;
    certificate_make(&stranger, &(certificate_wish){.authority = true});
    eddy_tls_context *distrusting = client_context(&stranger);
    assert_int_equal(connect_to(server, distrusting, NULL), EDDY_ECERTIFICATE);
    assert_non_null(eddy_last_error()->message);
    eddy_error_clear();
    SSL_CTX *ssl = eddy_tls_context_native(house->client);
    X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(ssl), time(NULL) + 100000L);
    assert_int_equal(connect_to(server, house->client, NULL), EDDY_ECERTIFICATE);
    assert_string_equal(eddy_last_error()->message, "certificate has expired");
    X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(ssl), time(NULL));
    assert_int_equal(connect_to(server, house->client, NULL), 0);
    assert_int_equal(connect_to(server, house->client, ""), EDDY_EINVAL);
    tls_end_serving(server);
    eddy_tls_context_release(distrusting);
    certificate_free(&stranger);
    return 0;
}

TLS_TEST(tls_a_client_that_checks_nothing_believes_all)
{
    int served = 0;
    eddy_tls_context *careless;
    eddy_tls_context_options options = {
        .size = sizeof options, .verify_mode = EDDY_TLS_CERT_NONE, .no_check_hostname = true};
    assert_int_equal(eddy_tls_context_create(&careless, &options), 0);
    eddy_server *server = tls_serve(house->server, count_and_end, &served);
    assert_int_equal(connect_to(server, careless, NULL), 0);
    assert_int_equal(connect_to(server, careless, ""), 0);
    assert_int_equal(connect_to(server, careless, "other.example"), 0);
    tls_end_serving(server);
    eddy_tls_context_release(careless);
    return 0;
}

TLS_TEST(tls_options_that_make_no_sense_are_refused)
{
    eddy_stream *stream = NULL;
    eddy_server *server = NULL;
    eddy_tls_context *bare;
    eddy_connect_options connect = {.size = sizeof connect, .tls = house->server};
    assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", "1", &connect), EDDY_EINVAL); /* a server's */
    connect = (eddy_connect_options){.size = sizeof connect, .tls = house->client, .handshake_timeout = -1};
    assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", "1", &connect), EDDY_EINVAL);
    connect = (eddy_connect_options){.size = sizeof connect, .server_hostname = "localhost"};
    assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", "1", &connect), EDDY_EINVAL);
    connect = (eddy_connect_options){.size = sizeof connect, .shutdown_timeout = 1};
    assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", "1", &connect), EDDY_EINVAL);
    eddy_server_options serve_options = {.size = sizeof serve_options, .tls = house->client};
    assert_int_equal(eddy_start_server(&server, "127.0.0.1", "0", count_and_end, NULL, &serve_options),
                     EDDY_EINVAL);
    assert_int_equal(
        eddy_tls_context_create(&bare, EDDY_OPTIONS(eddy_tls_context_options, .server_side = true)), 0);
    serve_options.tls = bare; /* nothing to show */
    assert_int_equal(eddy_start_server(&server, "127.0.0.1", "0", count_and_end, NULL, &serve_options),
                     EDDY_EINVAL);
    assert_null(server);
    eddy_tls_context_release(bare);
    return 0;
}

/* ---- both directions ---- */

enum { BULK = 300000 };

typedef struct flow {
    eddy_stream *stream;
    int seed;
} flow;

static char byte_of(int seed, size_t at)
{
    return (char)((at * 31 + at / 251 + (size_t)seed) & 0xff);
}

static int send_bulk(void *arg)
{
    flow *f = arg;
    static char data[2][BULK];
    for (size_t i = 0; i < BULK; i++)
        data[f->seed][i] = byte_of(f->seed, i);
    return eddy_stream_write(f->stream, data[f->seed], BULK);
}

static int receive_bulk(void *arg)
{
    flow *f = arg;
    char data[5000];
    size_t total = 0;
    while (total < BULK) {
        ptrdiff_t got = eddy_stream_read(f->stream, data, sizeof data);
        if (got <= 0)
            return got < 0 ? (int)got : EDDY_EPROTO;
        for (ptrdiff_t i = 0; i < got; i++)
            if (data[i] != byte_of(f->seed, total + (size_t)i))
                return EDDY_EPROTO;
        total += (size_t)got;
    }
    return 0;
}

static void bulk_both_ways(stream_pair *pair)
{
    eddy_task_group group;
    flow there[2] = {{pair->client, 0}, {pair->peer, 0}}, back[2] = {{pair->peer, 1}, {pair->client, 1}};
    assert_int_equal(eddy_task_group_enter(&group), 0);
    assert_int_equal(eddy_task_group_create_task(&group, NULL, send_bulk, &there[0], NULL), 0);
    assert_int_equal(eddy_task_group_create_task(&group, NULL, send_bulk, &back[0], NULL), 0);
    assert_int_equal(eddy_task_group_create_task(&group, NULL, receive_bulk, &there[1], NULL), 0);
    assert_int_equal(eddy_task_group_create_task(&group, NULL, receive_bulk, &back[1], NULL), 0);
    assert_int_equal(eddy_task_group_exit(&group, 0), 0);
}

TLS_TEST(fault_L9_bulk_both_ways_at_once_goes_on)
{
    stream_pair pair;
    pair_open(&pair, EDDY_OPTIONS(eddy_connect_options, .tls = house->client, .high_water = 1000),
              EDDY_OPTIONS(eddy_server_options, .tls = house->server, .high_water = 1000));
    bulk_both_ways(&pair);
    tls_pair_close(&pair);
    return 0;
}

TLS_TEST(fault_L9_bulk_both_ways_in_small_pieces_goes_on)
{
    stream_pair pair;
    eddyi_inject_plan plan = {.most_bytes = 1500};
    tls_pair_open(&pair, house);
    eddyi_inject_start(&plan);
    bulk_both_ways(&pair);
    eddyi_inject_stop();
    tls_pair_close(&pair);
    return 0;
}

TLS_TEST(tls_handshakes_in_small_pieces)
{
    stream_pair pair;
    eddyi_inject_plan plan = {.most_bytes = 3};
    eddyi_inject_start(&plan);
    tls_pair_open(&pair, house);
    say(pair.client, pair.peer, "hello");
    eddyi_inject_stop();
    tls_pair_close(&pair);
    return 0;
}

TLS_TEST(tls_lines_and_exact_reads_work_as_without)
{
    stream_pair pair;
    eddy_view line;
    char text[8];
    tls_pair_open(&pair, house);
    assert_int_equal(eddy_stream_write(pair.client, "one\ntwo\nrest", 12), 0);
    assert_int_equal(eddy_stream_readline(pair.peer, &line), 4);
    assert_memory_equal(line.data, "one\n", 4);
    assert_int_equal(eddy_stream_readuntil(pair.peer, &line, "o\n", 2), 4);
    assert_int_equal(eddy_stream_readexactly(pair.peer, text, 4), 4);
    assert_memory_equal(text, "rest", 4);
    assert_int_equal(eddy_stream_write(pair.client, "", 0), 0); /* L10: nothing is no record */
    say(pair.client, pair.peer, "more");
    tls_pair_close(&pair);
    return 0;
}

TLS_TEST(tls_C5_half_of_it_cannot_be_ended)
{
    stream_pair pair;
    tls_pair_open(&pair, house);
    assert_int_equal(eddy_stream_write_eof(pair.client), EDDY_EOPNOTSUPP);
    say(pair.client, pair.peer, "still");
    tls_pair_close(&pair);
    return 0;
}

TLS_TEST(tls_second_reader_is_refused)
{
    stream_pair pair;
    char byte;
    tls_pair_open(&pair, house);
    flow f = {pair.client, 0};
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, receive_bulk, &f, NULL), 0);
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(eddy_stream_read(pair.client, &byte, 1), EDDY_EBUSY);
    eddy_task_cancel(task);
    int outcome;
    assert_int_equal(eddy_await(task, &outcome), 0);
    assert_int_equal(outcome, EDDY_ECANCELED);
    eddy_task_release(task);
    say(pair.peer, pair.client, "nothing is lost");
    tls_pair_close(&pair);
    return 0;
}

/* ---- the end ---- */

TLS_TEST(tls_C4_end_comes_after_the_data)
{
    stream_pair pair;
    char text[16];
    tls_pair_open(&pair, house);
    assert_int_equal(eddy_stream_write(pair.client, "goodbye", 7), 0);
    eddy_stream_close(pair.client);
    assert_int_equal(pair_read_all(pair.peer, text, sizeof text), 7);
    assert_true(eddy_stream_at_eof(pair.peer));
    assert_int_equal(eddy_stream_read(pair.peer, text, sizeof text), 0);
    eddy_stream_close(pair.peer);
    assert_int_equal(eddy_stream_wait_closed(pair.peer), 0);
    assert_int_equal(eddy_stream_wait_closed(pair.client), 0);
    pair_close(&pair);
    return 0;
}

TLS_TEST(fault_L6_stream_cut_off_is_no_clean_end)
{
    stream_pair pair;
    char text[16];
    tls_pair_open(&pair, house);
    say(pair.client, pair.peer, "good");
    say(pair.peer, pair.client, "and all read, so that no reset says it is over");
    eddy_stream_abort(pair.client);
    ptrdiff_t got = eddy_stream_read(pair.peer, text, sizeof text);
    assert_int_equal(got, EDDY_ETRUNCATED);
    assert_int_equal(eddy_stream_wait_closed(pair.peer), EDDY_ETRUNCATED);
    pair_close(&pair);
    return 0;
}

TLS_TEST(fault_L6_C3_end_that_is_not_answered_has_a_limit)
{
    stream_pair pair;
    pair_open(&pair, EDDY_OPTIONS(eddy_connect_options, .tls = house->client, .shutdown_timeout = 0.02),
              EDDY_OPTIONS(eddy_server_options, .tls = house->server));
    eddy_stream_close(pair.client); /* the peer does not read */
    eddy_stream_close(pair.client);
    assert_int_equal(eddy_stream_wait_closed(pair.client), EDDY_ETIMEDOUT);
    assert_string_equal(eddy_last_error()->message, "the TLS shutdown took longer than its limit");
    pair_close(&pair);
    return 0;
}

TLS_TEST(fault_L6_C3_peer_that_takes_nothing_does_not_hold_up_the_end)
{
    stream_pair pair;
    static char data[4 << 20];
    pair_open(&pair, EDDY_OPTIONS(eddy_connect_options, .tls = house->client, .shutdown_timeout = 0.02),
              EDDY_OPTIONS(eddy_server_options, .tls = house->server));
    assert_int_equal(eddy_stream_write_nowait(pair.client, data, sizeof data), 0);
    assert_true(eddy_stream_write_buffer_size(pair.client) > 0);
    eddy_stream_close(pair.client);
    assert_int_equal(eddy_stream_wait_closed(pair.client), EDDY_ETIMEDOUT);
    pair_close(&pair);
    return 0;
}

/* S9: one limit for the end of all connections, TLS or not. */
TLS_TEST(fault_S9_close_timeout_is_the_limit_with_tls_too)
{
    stream_pair pair;
    static char data[4 << 20];
    pair_open(&pair, EDDY_OPTIONS(eddy_connect_options, .tls = house->client, .close_timeout = 0.02),
              EDDY_OPTIONS(eddy_server_options, .tls = house->server, .close_timeout = 0.02));
    assert_int_equal(eddy_stream_write_nowait(pair.client, data, sizeof data), 0);
    eddy_stream_close(pair.client);
    assert_int_equal(eddy_stream_wait_closed(pair.client), EDDY_ETIMEDOUT);
    eddy_stream_close(pair.peer); /* the peer is gone: nobody answers, or it was reset */
    assert_true(eddy_stream_wait_closed(pair.peer) < 0);
    pair_close(&pair);
    return 0;
}

TLS_TEST(tls_both_ends_may_say_goodbye_at_once)
{
    for (int i = 0; i < 5; i++) {
        stream_pair pair;
        tls_pair_open(&pair, house);
        say(pair.client, pair.peer, "hello");
        tls_pair_close(&pair);
    }
    return 0;
}

int suite_tls(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_says_what_was_agreed_on),
        cmocka_unit_test(tls_plain_streams_have_no_tls_to_ask),
        cmocka_unit_test(tls_alpn_takes_the_servers_first_choice),
        cmocka_unit_test(tls_server_chooses_a_context_by_name),
        cmocka_unit_test(tls_key_log_gets_the_secrets),
        cmocka_unit_test(tls_clients_must_show_a_certificate_where_it_is_required),
        cmocka_unit_test(fault_L8_bad_certificates_are_told_apart),
        cmocka_unit_test(tls_a_client_that_checks_nothing_believes_all),
        cmocka_unit_test(tls_options_that_make_no_sense_are_refused),
        cmocka_unit_test(fault_L9_bulk_both_ways_at_once_goes_on),
        cmocka_unit_test(fault_L9_bulk_both_ways_in_small_pieces_goes_on),
        cmocka_unit_test(tls_handshakes_in_small_pieces),
        cmocka_unit_test(tls_lines_and_exact_reads_work_as_without),
        cmocka_unit_test(tls_C5_half_of_it_cannot_be_ended),
        cmocka_unit_test(tls_second_reader_is_refused),
        cmocka_unit_test(tls_C4_end_comes_after_the_data),
        cmocka_unit_test(fault_L6_stream_cut_off_is_no_clean_end),
        cmocka_unit_test(fault_L6_C3_end_that_is_not_answered_has_a_limit),
        cmocka_unit_test(fault_L6_C3_peer_that_takes_nothing_does_not_hold_up_the_end),
        cmocka_unit_test(fault_S9_close_timeout_is_the_limit_with_tls_too),
        cmocka_unit_test(tls_both_ends_may_say_goodbye_at_once),
    };
    int failed = cmocka_run_group_tests_name("tls", tests, NULL, NULL);
    return failed + suite_tls_sessions() + suite_tls_flood() + suite_tls_faults() + suite_tls_start() +
           suite_tls_transports();
}
