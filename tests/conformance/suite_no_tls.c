/* suite_no_tls.c: a build without TLS: its calls are there and say so.
 * Touches the public API. Nothing is opened, and nothing speaks in plain that was asked to speak TLS. */
#include "pair.h"
#include "suite.h"

TASK_TEST(no_tls_every_call_says_so)
{
    eddy_tls_context *context = NULL;
    const char *names[] = {"h2"};
    char text[8];
    (void)arg;
    assert_int_equal(eddy_tls_context_create(&context, NULL), EDDY_ENOSYS);
    assert_null(context);
    assert_int_equal(eddy_last_error()->code, EDDY_ENOSYS);
    assert_int_equal(eddy_tls_context_load_cert_chain(NULL, "x", NULL, NULL), EDDY_ENOSYS);
    assert_int_equal(eddy_tls_context_load_verify_locations(NULL, "x", NULL, NULL), EDDY_ENOSYS);
    assert_int_equal(eddy_tls_context_load_default_certs(NULL), EDDY_ENOSYS);
    assert_int_equal(eddy_tls_context_set_alpn_protocols(NULL, names, 1), EDDY_ENOSYS);
    assert_int_equal(eddy_tls_context_set_ciphers(NULL, "x"), EDDY_ENOSYS);
    assert_int_equal(eddy_tls_context_set_servername_callback(NULL, NULL, NULL), EDDY_ENOSYS);
    assert_int_equal(eddy_tls_context_set_keylog_callback(NULL, NULL, NULL), EDDY_ENOSYS);
    assert_null(eddy_tls_context_native(NULL));
    assert_null(eddy_tls_object_native(NULL));
    assert_null(eddy_tls_object_version(NULL));
    assert_null(eddy_tls_object_cipher(NULL));
    assert_false(eddy_tls_object_session_reused(NULL));
    assert_int_equal(eddy_tls_object_selected_alpn_protocol(NULL, text, sizeof text), EDDY_ENOSYS);
    assert_int_equal(eddy_tls_object_peer_certificate(NULL, EDDY_TLS_SUBJECT, text, sizeof text),
                     EDDY_ENOSYS);
    assert_int_equal(eddy_tls_object_peer_certificate_der(NULL, text, sizeof text), EDDY_ENOSYS);
    eddy_tls_session *session = NULL;
    assert_int_equal(eddy_tls_object_session(NULL, &session), EDDY_ENOSYS);
    assert_int_equal(eddy_tls_session_save(NULL, text, sizeof text), EDDY_ENOSYS);
    assert_int_equal(eddy_tls_session_load(&session, NULL, text, sizeof text), EDDY_ENOSYS);
    assert_null(session);
    eddy_tls_session_release(eddy_tls_session_retain(NULL));
    eddy_tls_context_release(eddy_tls_context_retain(NULL));
    return 0;
}

static int never(eddy_stream *stream, void *arg)
{
    (void)stream;
    (void)arg;
    return EDDY_EPROTO;
}

/* A context that cannot be there: whoever has got one from elsewhere is not served in plain. */
TASK_TEST(no_tls_connections_that_ask_for_it_are_refused)
{
    int something;
    eddy_tls_context *context = (eddy_tls_context *)(void *)&something;
    eddy_stream *stream = NULL;
    eddy_server *server = NULL;
    stream_pair pair;
    (void)arg;
    assert_int_equal(
        eddy_open_connection(&stream, "127.0.0.1", "1", EDDY_OPTIONS(eddy_connect_options, .tls = context)),
        EDDY_ENOSYS);
    assert_int_equal(eddy_start_server(&server, "127.0.0.1", "0", never, NULL,
                                       EDDY_OPTIONS(eddy_server_options, .tls = context)),
                     EDDY_ENOSYS);
    assert_null(stream);
    assert_null(server);
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_start_tls(pair.client, context, NULL), EDDY_ENOSYS);
    assert_int_equal(eddy_stream_start_tls(pair.client, NULL, NULL), EDDY_ENOSYS);
    assert_false(eddy_stream_is_closing(pair.client));
    pair_close(&pair);
    return 0;
}

int suite_tls(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_tls_every_call_says_so),
        cmocka_unit_test(no_tls_connections_that_ask_for_it_are_refused),
    };
    return cmocka_run_group_tests_name("no tls", tests, NULL, NULL);
}
