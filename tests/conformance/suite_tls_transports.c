/* suite_tls_transports.c: TLS under protocols.
 * Touches the public API, recorder.h and certificates.h. Rule numbers C1-C9 are those of asyncio's inventory. */
#include <sys/socket.h>
#include <unistd.h>

#include "recorder.h"
#include "suite.h"
#include "tls_pair.h"

static void secure_pair_open(recorder_pair *pair, const tls_house *house)
{
    recorder_pair_open(pair, EDDY_OPTIONS(eddy_connect_options, .tls = house->client),
                       EDDY_OPTIONS(eddy_server_options, .tls = house->server));
}

static recorder_pair *make_pair(bool buffered)
{
    static recorder_pair pair;
    recorder_init(&pair.client, buffered);
    recorder_init(&pair.peer, buffered);
    return &pair;
}

static void talk(recorder_pair *pair)
{
    pair->peer.echoes = true;
    assert_int_equal(eddy_transport_write(pair->client.transport, "hello", 5), 0);
    recorder_wait_data(&pair->client, 5);
    assert_memory_equal(pair->client.data, "hello", 5);
}

TLS_TEST(tls_transport_echoes)
{
    recorder_pair *pair = make_pair(false);
    char text[64];
    secure_pair_open(pair, house);
    talk(pair);
    const eddy_tls_object *tls = eddy_transport_ssl_object(pair->client.transport);
    assert_string_equal(eddy_tls_object_version(tls), "TLSv1.3");
    assert_true(eddy_tls_object_peer_certificate(tls, EDDY_TLS_SUBJECT, text, sizeof text) > 0);
    recorder_pair_close(pair);
    assert_int_equal(pair->client.lost_with, 0);
    assert_int_equal(pair->peer.lost_with, 0);
    return 0;
}

TLS_TEST(tls_transport_fills_buffers_of_the_protocol)
{
    recorder_pair *pair = make_pair(true);
    pair->client.window = pair->peer.window = 3;
    secure_pair_open(pair, house);
    talk(pair);
    recorder_pair_close(pair);
    return 0;
}

TLS_TEST(tls_transport_C5_has_no_half_close)
{
    recorder_pair *pair = make_pair(false);
    secure_pair_open(pair, house);
    assert_false(eddy_transport_can_write_eof(pair->client.transport));
    assert_int_equal(eddy_transport_write_eof(pair->client.transport), EDDY_EOPNOTSUPP);
    pair->peer.stays_at_end = true; /* which is ignored */
    talk(pair);
    eddy_transport_close(pair->client.transport);
    recorder_wait(&pair->peer, 'L');
    assert_int_equal(recorder_count(&pair->peer, 'e'), 1);
    recorder_pair_close(pair);
    return 0;
}

TLS_TEST(tls_transport_C6_paused_gets_nothing_until_resumed)
{
    recorder_pair *pair = make_pair(false);
    secure_pair_open(pair, house);
    eddy_transport_pause_reading(pair->peer.transport);
    assert_int_equal(eddy_transport_write(pair->client.transport, "hello", 5), 0);
    for (int i = 0; i < 50; i++)
        assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(pair->peer.size, 0);
    eddy_transport_close(pair->client.transport); /* C4: what it said comes first, and waits for the resume */
    for (int i = 0; i < 50; i++)
        assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(pair->peer.size, 0);
    eddy_transport_resume_reading(pair->peer.transport);
    recorder_wait(&pair->peer, 'L');
    assert_int_equal(pair->peer.size, 5);
    assert_string_equal(pair->peer.story.text, "MdeL");
    recorder_pair_close(pair);
    return 0;
}

TLS_TEST(tls_transport_C2_has_its_own_marks)
{
    recorder_pair *pair = make_pair(false);
    size_t low, high;
    secure_pair_open(pair, house);
    eddy_transport_get_write_buffer_limits(pair->client.transport, &low, &high);
    assert_int_equal(high, 512 * 1024);
    assert_int_equal(low, 128 * 1024);
    recorder_pair_close(pair);
    return 0;
}

TLS_TEST(tls_transport_I1_pauses_and_resumes_writing)
{
    static char data[1 << 20];
    recorder_pair *pair = make_pair(false);
    secure_pair_open(pair, house);
    eddy_transport_pause_reading(pair->peer.transport);
    while (recorder_count(&pair->client, 'p') == 0)
        assert_int_equal(eddy_transport_write(pair->client.transport, data, sizeof data), 0);
    eddy_transport_resume_reading(pair->peer.transport);
    recorder_wait(&pair->client, 'r');
    recorder_pair_close(pair);
    return 0;
}

static int never_asked(eddy_protocol **out, void *arg)
{
    (void)out;
    ++*(int *)arg;
    return EDDY_EIO;
}

TLS_TEST(tls_transport_C1_failed_handshake_makes_no_protocol)
{
    recorder_pair *pair = make_pair(false);
    int asked = 0;
    secure_pair_open(pair, house);
    eddy_connect_options other = {
        .size = sizeof other, .tls = house->client, .server_hostname = "other.example"};
    assert_int_equal(eddy_loop_create_connection(eddy_get_running_loop(), NULL, "127.0.0.1",
                                                 pair_service(pair->server), never_asked, &asked, &other),
                     EDDY_EHOSTNAME);
    assert_string_equal(eddy_last_error()->message, "hostname mismatch");
    assert_int_equal(asked, 0);
    assert_int_equal(recorder_count(&pair->peer, 'M'), 1);
    recorder_pair_close(pair);
    return 0;
}

TLS_TEST(tls_transport_C3_end_that_is_not_answered_has_a_limit)
{
    recorder_pair *pair = make_pair(false);
    recorder_pair_open(pair,
                       EDDY_OPTIONS(eddy_connect_options, .tls = house->client, .shutdown_timeout = 0.02),
                       EDDY_OPTIONS(eddy_server_options, .tls = house->server));
    eddy_transport_pause_reading(pair->peer.transport);
    eddy_transport_close(pair->client.transport);
    recorder_wait(&pair->client, 'L');
    assert_int_equal(pair->client.lost_with, EDDY_ETIMEDOUT);
    eddy_transport_resume_reading(pair->peer.transport);
    recorder_pair_close(pair);
    return 0;
}

TLS_TEST(fault_L6_transport_cut_off_is_lost_with_an_error)
{
    recorder_pair *pair = make_pair(false);
    secure_pair_open(pair, house);
    talk(pair); /* so that the client has read all, and its abort resets nothing */
    eddy_transport_abort(pair->client.transport);
    recorder_wait(&pair->peer, 'L');
    assert_int_equal(pair->peer.lost_with, EDDY_ETRUNCATED);
    assert_int_equal(recorder_count(&pair->peer, 'e'), 0);
    recorder_pair_close(pair);
    return 0;
}

typedef struct upgrade {
    recorder *peer;
    eddy_tls_context *context;
} upgrade;

static int start_peer(void *arg)
{
    upgrade *u = arg;
    return eddy_loop_start_tls(eddy_get_running_loop(), u->peer->transport, NULL, u->context, NULL);
}

TLS_TEST(tls_transport_C8_start_tls_on_both_ends)
{
    recorder_pair *pair = make_pair(false);
    eddy_loop *loop = eddy_get_running_loop();
    eddy_task *task;
    int outcome;
    eddy_tls_options local = {.size = sizeof local, .server_hostname = "localhost"};
    recorder_pair_open(pair, NULL, NULL);
    talk(pair);
    upgrade u = {&pair->peer, house->server};
    assert_int_equal(eddy_create_task(&task, start_peer, &u, NULL), 0);
    assert_int_equal(eddy_loop_start_tls(loop, pair->client.transport, NULL, house->client, NULL),
                     EDDY_EINVAL);
    assert_int_equal(eddy_loop_start_tls(loop, pair->client.transport, NULL, house->client, &local), 0);
    assert_int_equal(eddy_await(task, &outcome), 0);
    assert_int_equal(outcome, 0);
    eddy_task_release(task);
    assert_int_equal(eddy_transport_write(pair->client.transport, "secret", 6), 0);
    recorder_wait_data(&pair->client, 11);
    assert_memory_equal(pair->client.data + 5, "secret", 6);
    assert_int_equal(recorder_count(&pair->client, 'M'), 1);
    assert_int_equal(eddy_loop_start_tls(loop, pair->client.transport, NULL, house->client, &local),
                     EDDY_EOPNOTSUPP);
    recorder_pair_close(pair);
    assert_int_equal(pair->peer.lost_with, 0);
    return 0;
}

TLS_TEST(tls_transport_failed_start_tls_loses_the_connection)
{
    recorder_pair *pair = make_pair(false);
    eddy_tls_options local = {
        .size = sizeof local, .server_hostname = "localhost", .handshake_timeout = 0.02};
    recorder_pair_open(pair, NULL, NULL);
    assert_int_equal(
        eddy_loop_start_tls(eddy_get_running_loop(), pair->client.transport, NULL, house->client, &local),
        EDDY_ECONNABORTED);
    recorder_wait(&pair->client, 'L');
    assert_int_equal(pair->client.lost_with, EDDY_ECONNABORTED);
    recorder_pair_close(pair);
    return 0;
}

TLS_TEST(tls_transport_connect_accepted_socket_serves)
{
    recorder_pair *pair = make_pair(false);
    eddy_loop *loop = eddy_get_running_loop();
    eddy_connect_options options = {.size = sizeof options, .tls = house->client};
    eddy_tls_options local = {.size = sizeof local, .server_hostname = "localhost"};
    int fds[2];
    if (support_is_simulated())
        return support_skip("descriptors from elsewhere cannot be reached");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    eddy_protocol *client = &pair->client.protocol, *peer = &pair->peer.protocol;
    assert_int_equal(eddy_loop_connect_accepted_socket(loop, NULL, fds[1], peer, &options), EDDY_EINVAL);
    options.tls = house->server;
    assert_int_equal(eddy_loop_connect_accepted_socket(loop, NULL, fds[1], peer, &options), 0);
    assert_int_equal(eddy_loop_connect_accepted_socket(loop, NULL, fds[0], client, NULL), 0);
    recorder_wait(&pair->client, 'M');
    assert_int_equal(recorder_count(&pair->peer, 'M'), 0);
    assert_int_equal(eddy_loop_start_tls(loop, pair->client.transport, NULL, house->client, &local), 0);
    talk(pair);
    eddy_transport_close(pair->client.transport);
    recorder_wait(&pair->client, 'L');
    recorder_wait(&pair->peer, 'L');
    return 0;
}

/* Its protocol was given, so it is told that it is over. */
TLS_TEST(tls_transport_connect_accepted_socket_tells_of_a_failed_handshake)
{
    recorder_pair *pair = make_pair(false);
    int fds[2];
    if (support_is_simulated())
        return support_skip("descriptors from elsewhere cannot be reached");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(
        eddy_loop_connect_accepted_socket(eddy_get_running_loop(), NULL, fds[1], &pair->peer.protocol,
                                          EDDY_OPTIONS(eddy_connect_options, .tls = house->server)),
        0);
    assert_int_equal(send(fds[0], "GET / HTTP/1.1", 14, MSG_NOSIGNAL), 14);
    recorder_wait(&pair->peer, 'L');
    assert_string_equal(pair->peer.story.text, "L");
    assert_int_equal(pair->peer.lost_with, EDDY_ETLS);
    close(fds[0]);
    return 0;
}

int suite_tls_transports(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_transport_echoes),
        cmocka_unit_test(tls_transport_fills_buffers_of_the_protocol),
        cmocka_unit_test(tls_transport_C5_has_no_half_close),
        cmocka_unit_test(tls_transport_C6_paused_gets_nothing_until_resumed),
        cmocka_unit_test(tls_transport_C2_has_its_own_marks),
        cmocka_unit_test(tls_transport_I1_pauses_and_resumes_writing),
        cmocka_unit_test(tls_transport_C1_failed_handshake_makes_no_protocol),
        cmocka_unit_test(tls_transport_C3_end_that_is_not_answered_has_a_limit),
        cmocka_unit_test(fault_L6_transport_cut_off_is_lost_with_an_error),
        cmocka_unit_test(tls_transport_C8_start_tls_on_both_ends),
        cmocka_unit_test(tls_transport_failed_start_tls_loses_the_connection),
        cmocka_unit_test(tls_transport_connect_accepted_socket_serves),
        cmocka_unit_test(tls_transport_connect_accepted_socket_tells_of_a_failed_handshake),
    };
    return cmocka_run_group_tests_name("tls transports", tests, NULL, NULL);
}
