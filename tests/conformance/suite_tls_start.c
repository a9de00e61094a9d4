/* suite_tls_start.c: TLS over streams that began without.
 * Touches the public API and certificates.h. What came before TLS is never taken for what came through it. */
#include "suite.h"
#include "tls_pair.h"

typedef struct upgrade {
    eddy_stream *stream;
    eddy_tls_context *context;
    const eddy_tls_options *options;
} upgrade;

static int start(void *arg)
{
    upgrade *u = arg;
    return eddy_stream_start_tls(u->stream, u->context, u->options);
}

static eddy_task *start_soon(upgrade *u)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, start, u, NULL), 0);
    return task;
}

static int outcome_of(eddy_task *task)
{
    int outcome;
    assert_int_equal(eddy_await(task, &outcome), 0);
    eddy_task_release(task);
    return outcome;
}

static const eddy_tls_options local = {.size = sizeof local, .server_hostname = "localhost"};

static void say(eddy_stream *from, eddy_stream *to, const char *text)
{
    char got[64];
    size_t size = strlen(text);
    assert_int_equal(eddy_stream_write(from, text, size), 0);
    assert_int_equal(eddy_stream_readexactly(to, got, size), size);
    assert_memory_equal(got, text, size);
}

TLS_TEST(start_tls_after_words_in_plain)
{
    stream_pair pair;
    pair_open(&pair, NULL, NULL);
    say(pair.client, pair.peer, "STARTTLS\r\n");
    say(pair.peer, pair.client, "220 go ahead\r\n");
    upgrade peer = {pair.peer, house->server, NULL};
    eddy_task *task = start_soon(&peer);
    assert_int_equal(eddy_stream_start_tls(pair.client, house->client, &local), 0);
    assert_int_equal(outcome_of(task), 0);
    assert_non_null(eddy_stream_ssl_object(pair.peer));
    say(pair.client, pair.peer, "in secret");
    say(pair.peer, pair.client, "likewise");
    assert_int_equal(eddy_stream_start_tls(pair.client, house->client, &local), EDDY_EOPNOTSUPP);
    say(pair.client, pair.peer, "still there");
    tls_pair_close(&pair);
    return 0;
}

/* A header in plain, and the client's hello behind it in the same packet. */
TLS_TEST(fault_L4_C9_server_hands_on_what_it_has_read_already)
{
    stream_pair pair;
    eddy_view line;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write_nowait(pair.client, "PROXY TCP4\r\n", 12), 0);
    upgrade client = {pair.client, house->client, &local};
    eddy_task *task = start_soon(&client);
    for (int i = 0; i < 20; i++)
        assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(eddy_stream_readline(pair.peer, &line), 12);
    assert_int_equal(eddy_stream_start_tls(pair.peer, house->server, NULL), 0);
    assert_int_equal(outcome_of(task), 0);
    say(pair.client, pair.peer, "in secret");
    tls_pair_close(&pair);
    return 0;
}

/* Somebody in the middle sends an answer in plain behind the server's consent. */
TLS_TEST(fault_L4_client_refuses_words_that_came_before_tls)
{
    stream_pair pair;
    eddy_view line;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write(pair.peer, "220 go ahead\r\n250 injected\r\n", 28), 0);
    assert_int_equal(eddy_stream_readline(pair.client, &line), 14);
    assert_int_equal(eddy_stream_start_tls(pair.client, house->client, &local), EDDY_EPROTO);
    assert_string_equal(eddy_last_error()->message, "data came before TLS, and is not protected by it");
    assert_true(eddy_stream_is_closing(pair.client));
    pair_close(&pair);
    return 0;
}

/* And the other way: a command behind STARTTLS is no command afterwards. */
TLS_TEST(fault_L4_server_takes_words_before_tls_for_tls)
{
    stream_pair pair;
    eddy_view line;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write(pair.client, "STARTTLS\r\nRSET\r\n", 16), 0);
    assert_int_equal(eddy_stream_readline(pair.peer, &line), 10);
    assert_int_equal(eddy_stream_start_tls(pair.peer, house->server, NULL), EDDY_ETLS);
    assert_true(eddy_stream_is_closing(pair.peer));
    pair_close(&pair);
    return 0;
}

TLS_TEST(start_tls_refuses_what_makes_no_sense_and_changes_nothing)
{
    stream_pair pair;
    pair_open(&pair, NULL, NULL);
    eddy_tls_options bad = {.size = sizeof bad, .handshake_timeout = -1};
    assert_int_equal(eddy_stream_start_tls(NULL, house->client, &local), EDDY_EINVAL);
    assert_int_equal(eddy_stream_start_tls(pair.client, NULL, &local), EDDY_EINVAL);
    assert_int_equal(eddy_stream_start_tls(pair.client, house->client, NULL), EDDY_EINVAL); /* no name */
    assert_int_equal(eddy_stream_start_tls(pair.client, house->client, &bad), EDDY_EINVAL);
    say(pair.client, pair.peer, "still in plain");
    eddy_stream_close(pair.client);
    assert_int_equal(eddy_stream_start_tls(pair.client, house->client, &local), EDDY_ECLOSED);
    pair_close(&pair);
    return 0;
}

TLS_TEST(start_tls_cancelled_closes)
{
    stream_pair pair;
    pair_open(&pair, NULL, NULL);
    upgrade client = {pair.client, house->client, &local};
    eddy_task *task = start_soon(&client);
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(eddy_stream_write(pair.client, "x", 1), EDDY_EBUSY);
    char byte;
    assert_int_equal(eddy_stream_read(pair.client, &byte, 1), EDDY_EBUSY);
    eddy_task_cancel(task);
    assert_int_equal(outcome_of(task), EDDY_ECANCELED);
    assert_true(eddy_stream_is_closing(pair.client));
    pair_close(&pair);
    return 0;
}

TLS_TEST(start_tls_for_another_host_closes)
{
    stream_pair pair;
    eddy_tls_options other = {.size = sizeof other, .server_hostname = "other.example"};
    pair_open(&pair, NULL, NULL);
    upgrade peer = {pair.peer, house->server, NULL};
    eddy_task *task = start_soon(&peer);
    assert_int_equal(eddy_stream_start_tls(pair.client, house->client, &other), EDDY_EHOSTNAME);
    assert_true(eddy_stream_is_closing(pair.client));
    assert_true(outcome_of(task) <= 0);
    pair_close(&pair);
    return 0;
}

int suite_tls_start(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_tls_after_words_in_plain),
        cmocka_unit_test(fault_L4_C9_server_hands_on_what_it_has_read_already),
        cmocka_unit_test(fault_L4_client_refuses_words_that_came_before_tls),
        cmocka_unit_test(fault_L4_server_takes_words_before_tls_for_tls),
        cmocka_unit_test(start_tls_refuses_what_makes_no_sense_and_changes_nothing),
        cmocka_unit_test(start_tls_cancelled_closes),
        cmocka_unit_test(start_tls_for_another_host_closes),
    };
    return cmocka_run_group_tests_name("start_tls", tests, NULL, NULL);
}
