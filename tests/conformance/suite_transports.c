/* suite_transports.c: transports and protocols: asyncio's rules I1-I5, N3, and the rows of its transports.
 * Touches the public API. */
#include "pair.h"
#include "recorder.h"
#include "suite.h"

static void open_pair(recorder_pair *pair)
{
    recorder_init(&pair->client, false);
    recorder_init(&pair->peer, false);
    recorder_pair_open(pair, NULL, NULL);
}

static char big[1 << 20];

TASK_TEST(transport_N3_made_comes_first_and_lost_last)
{
    recorder_pair pair;
    (void)arg;
    open_pair(&pair);
    assert_int_equal(eddy_transport_write(pair.client.transport, "hello", 5), 0);
    recorder_wait_data(&pair.peer, 5);
    eddy_transport_close(pair.client.transport);
    assert_true(eddy_transport_is_closing(pair.client.transport));
    assert_int_equal(recorder_count(&pair.client, 'L'), 0); /* through the loop, never inside close */
    recorder_wait(&pair.peer, 'L');
    recorder_pair_close(&pair);
    assert_string_equal(pair.client.story.text, "ML");
    assert_memory_equal(pair.peer.data, "hello", 5);
    assert_int_equal(pair.peer.story.text[0], 'M');
    assert_string_equal(pair.peer.story.text + pair.peer.story.told - 2, "eL");
    assert_int_equal(pair.client.lost_with, 0);
    assert_int_equal(pair.peer.lost_with, 0);
    return 0;
}

TASK_TEST(transport_echo_through_protocols_keeps_every_byte)
{
    recorder_pair pair;
    (void)arg;
    recorder_init(&pair.client, false);
    recorder_init(&pair.peer, false);
    pair.peer.echoes = true;
    recorder_pair_open(&pair, NULL, NULL);
    for (size_t i = 0; i < 30000; i++)
        big[i] = (char)(i * 7);
    for (size_t i = 0; i < 30000; i += 1000)
        assert_int_equal(eddy_transport_write(pair.client.transport, big + i, 1000), 0);
    recorder_wait_data(&pair.client, 30000);
    assert_int_equal(pair.client.size, 30000);
    assert_memory_equal(pair.client.data, big, 30000);
    recorder_pair_close(&pair);
    return 0;
}

TASK_TEST(transport_buffered_protocol_gets_data_in_its_own_memory)
{
    recorder_pair pair;
    (void)arg;
    recorder_init(&pair.client, false);
    recorder_init(&pair.peer, true);
    pair.peer.window = 3;
    recorder_pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_transport_write(pair.client.transport, "0123456789", 10), 0);
    recorder_wait_data(&pair.peer, 10);
    assert_memory_equal(pair.peer.data, "0123456789", 10);
    assert_true(recorder_count(&pair.peer, 'u') >= 4);
    assert_int_equal(recorder_count(&pair.peer, 'd'), 0);
    recorder_pair_close(&pair);
    return 0;
}

TASK_TEST(transport_writelines_sends_all_pieces_in_order)
{
    static const eddy_view pieces[] = {{"ab", 2}, {NULL, 0}, {"c", 1}, {"", 0}, {"defg", 4}};
    recorder_pair pair;
    (void)arg;
    open_pair(&pair);
    assert_int_equal(eddy_transport_writelines(pair.client.transport, pieces, 5), 0);
    assert_int_equal(eddy_transport_writelines(pair.client.transport, NULL, 0), 0);
    recorder_wait_data(&pair.peer, 7);
    assert_memory_equal(pair.peer.data, "abcdefg", 7);
    recorder_pair_close(&pair);
    return 0;
}

/* I1: pause strictly above the high mark, inside write; resume at or below the low one, through the loop; they alternate. */
TASK_TEST(transport_I1_pause_and_resume_of_writing_alternate)
{
    recorder_pair pair;
    (void)arg;
    recorder_init(&pair.client, false);
    recorder_init(&pair.peer, false);
    pair.peer.pauses_when_made = true;
    recorder_pair_open(&pair, NULL, NULL);
    assert_false(eddy_transport_is_reading(pair.peer.transport));
    while (recorder_count(&pair.client, 'p') == 0) {
        size_t before = eddy_transport_get_write_buffer_size(pair.client.transport);
        assert_int_equal(eddy_transport_write(pair.client.transport, big, 16384), 0);
        if (recorder_count(&pair.client, 'p') != 0)
            assert_true(eddy_transport_get_write_buffer_size(pair.client.transport) > 65536);
        else
            assert_true(before <= 65536);
    }
    assert_int_equal(eddy_transport_write(pair.client.transport, big, 16384), 0);
    assert_int_equal(recorder_count(&pair.client, 'p'), 1);
    assert_int_equal(recorder_count(&pair.client, 'r'), 0);
    eddy_transport_resume_reading(pair.peer.transport);
    recorder_wait(&pair.client, 'r');
    assert_true(eddy_transport_get_write_buffer_size(pair.client.transport) <= 16384);
    assert_int_equal(recorder_count(&pair.client, 'r'), 1);
    recorder_pair_close(&pair);
    return 0;
}

TASK_TEST(transport_write_buffer_limits_follow_asyncio)
{
    recorder_pair pair;
    size_t low, high;
    (void)arg;
    open_pair(&pair);
    eddy_transport *t = pair.client.transport;
    eddy_transport_get_write_buffer_limits(t, &low, &high);
    assert_int_equal(high, 65536);
    assert_int_equal(low, 16384);
    assert_int_equal(eddy_transport_set_write_buffer_limits(t, 1000, SIZE_MAX), 0);
    eddy_transport_get_write_buffer_limits(t, &low, &high);
    assert_int_equal(low, 250);
    assert_int_equal(eddy_transport_set_write_buffer_limits(t, SIZE_MAX, 1000), 0);
    eddy_transport_get_write_buffer_limits(t, &low, &high);
    assert_int_equal(high, 4000);
    assert_int_equal(eddy_transport_set_write_buffer_limits(t, 10, 11), EDDY_EINVAL);
    assert_int_equal(eddy_transport_set_write_buffer_limits(t, SIZE_MAX, SIZE_MAX / 2), EDDY_EINVAL);
    assert_int_equal(eddy_transport_set_write_buffer_limits(t, 0, SIZE_MAX), 0);
    eddy_transport_get_write_buffer_limits(t, &low, NULL);
    assert_int_equal(low, 0);
    recorder_pair_close(&pair);
    return 0;
}

/* I4 */
TASK_TEST(transport_I4_end_that_is_answered_with_true_keeps_our_half)
{
    recorder_pair pair;
    (void)arg;
    recorder_init(&pair.client, false);
    recorder_init(&pair.peer, false);
    pair.peer.stays_at_end = true;
    recorder_pair_open(&pair, NULL, NULL);
    assert_true(eddy_transport_can_write_eof(pair.client.transport));
    assert_int_equal(eddy_transport_write_eof(pair.client.transport), 0);
    assert_int_equal(eddy_transport_write_eof(pair.client.transport), 0);
    assert_int_equal(eddy_transport_write(pair.client.transport, "x", 1), EDDY_ECLOSED);
    recorder_wait(&pair.peer, 'e');
    assert_int_equal(recorder_count(&pair.peer, 'L'), 0);
    assert_int_equal(eddy_transport_write(pair.peer.transport, "late", 4), 0);
    recorder_wait_data(&pair.client, 4);
    eddy_transport_close(pair.peer.transport);
    recorder_pair_close(&pair);
    assert_int_equal(recorder_count(&pair.peer, 'e'), 1);
    return 0;
}

TASK_TEST(transport_I4_end_closes_after_what_is_unsent)
{
    recorder_pair pair;
    (void)arg;
    recorder_init(&pair.client, false);
    recorder_init(&pair.peer, false);
    pair.peer.pauses_when_made = true; /* it meets data and end only when all was written */
    recorder_pair_open(&pair, NULL, NULL);
    for (int i = 0; i < 20; i++)
        assert_int_equal(eddy_transport_write(pair.peer.transport, big, 50000), 0);
    assert_int_equal(eddy_transport_write_eof(pair.client.transport), 0);
    eddy_transport_resume_reading(pair.peer.transport);
    recorder_wait(&pair.client, 'L');
    assert_int_equal(pair.client.size, 20 * 50000);
    assert_int_equal(pair.peer.lost_with, 0);
    recorder_pair_close(&pair);
    return 0;
}

TASK_TEST(transport_close_sends_what_is_unsent_first)
{
    recorder_pair pair;
    (void)arg;
    open_pair(&pair);
    assert_int_equal(eddy_transport_write(pair.client.transport, big, sizeof big), 0);
    eddy_transport_close(pair.client.transport);
    assert_int_equal(eddy_transport_write(pair.client.transport, "x", 1), EDDY_ECLOSED);
    recorder_wait(&pair.peer, 'L');
    assert_int_equal(pair.peer.size, sizeof big);
    recorder_pair_close(&pair);
    return 0;
}

/* S9: a peer that never reads; connection_lost says why, once. */
TASK_TEST(fault_S9_transport_that_cannot_close_in_time_is_lost)
{
    recorder_pair pair;
    (void)arg;
    for (int end = 0; end < 2; end++) {
        recorder *closes = end == 0 ? &pair.client : &pair.peer,
                 *other = end == 0 ? &pair.peer : &pair.client;
        recorder_init(&pair.client, false);
        recorder_init(&pair.peer, false);
        other->pauses_when_made = true;
        recorder_pair_open(&pair, EDDY_OPTIONS(eddy_connect_options, .close_timeout = 0.01),
                           EDDY_OPTIONS(eddy_server_options, .close_timeout = 0.01));
        for (int i = 0; i < 8; i++)
            assert_int_equal(eddy_transport_write(closes->transport, big, sizeof big), 0);
        eddy_transport_close(closes->transport);
        recorder_wait(closes, 'L');
        assert_int_equal(closes->lost_with, EDDY_ETIMEDOUT);
        recorder_pair_close(&pair);
        assert_int_equal(recorder_count(closes, 'L'), 1);
    }
    return 0;
}

TASK_TEST(transport_abort_discards_and_is_no_error_of_ours)
{
    recorder_pair pair;
    (void)arg;
    if (!support_has(SUPPORT_RESETS))
        return support_skip("an aborted connection ends like a closed one");
    recorder_init(&pair.client, false);
    recorder_init(&pair.peer, false);
    pair.peer.pauses_when_made = true;
    recorder_pair_open(&pair, NULL, NULL);
    for (int i = 0; i < 10; i++)
        assert_int_equal(eddy_transport_write(pair.client.transport, big, sizeof big), 0);
    eddy_transport_abort(pair.client.transport);
    assert_int_equal(recorder_count(&pair.client, 'L'), 0);
    recorder_wait(&pair.client, 'L');
    assert_int_equal(pair.client.lost_with, 0);
    eddy_transport_resume_reading(pair.peer.transport);
    recorder_wait(&pair.peer, 'L');
    assert_int_equal(pair.peer.lost_with, EDDY_ECONNRESET);
    recorder_pair_close(&pair);
    return 0;
}

/* I2, and flow control on the reading side. */
TASK_TEST(transport_paused_reading_gets_nothing_until_it_is_resumed)
{
    recorder_pair pair;
    (void)arg;
    open_pair(&pair);
    assert_true(eddy_transport_is_reading(pair.peer.transport));
    eddy_transport_pause_reading(pair.peer.transport);
    eddy_transport_pause_reading(pair.peer.transport);
    assert_int_equal(eddy_transport_write(pair.client.transport, "held", 4), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(eddy_sleep(0.001), 0);
    assert_int_equal(pair.peer.size, 0);
    eddy_transport_resume_reading(pair.peer.transport);
    eddy_transport_resume_reading(pair.peer.transport);
    recorder_wait_data(&pair.peer, 4);
    recorder_pair_close(&pair);
    assert_false(eddy_transport_is_reading(pair.peer.transport));
    return 0;
}

/* I3 */
TASK_TEST(transport_I3_failing_protocol_loses_its_connection_and_is_reported)
{
    recorder_pair pair;
    (void)arg;
    support_catch_reports();
    recorder_init(&pair.client, false);
    recorder_init(&pair.peer, false);
    pair.peer.fails_with = EDDY_EUSER - 3;
    recorder_pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_transport_write(pair.client.transport, "x", 1), 0);
    recorder_wait(&pair.peer, 'L');
    assert_int_equal(pair.peer.lost_with, EDDY_EUSER - 3);
    assert_int_equal(support_reports(), 1);
    assert_string_equal(support_last_message(), "Fatal error: protocol.data_received() call failed.");
    recorder_pair_close(&pair);
    return 0;
}

TASK_TEST(transport_I3_end_that_fails_is_fatal_too)
{
    recorder_pair pair;
    (void)arg;
    support_catch_reports();
    recorder_init(&pair.client, false);
    recorder_init(&pair.peer, true);
    pair.peer.fails_with = EDDY_EUSER - 4;
    recorder_pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_transport_write_eof(pair.client.transport), 0);
    recorder_wait(&pair.peer, 'L');
    assert_int_equal(pair.peer.lost_with, EDDY_EUSER - 4);
    assert_string_equal(support_last_message(), "Fatal error: protocol.eof_received() call failed.");
    recorder_pair_close(&pair);
    return 0;
}

/* I5: closing inside data_received stops the reading at once; lost comes once. */
TASK_TEST(transport_I5_closed_inside_a_callback_is_lost_once)
{
    recorder_pair pair;
    (void)arg;
    recorder_init(&pair.client, false);
    recorder_init(&pair.peer, true);
    pair.peer.window = 1;
    pair.peer.hangs_up_on_data = true;
    recorder_pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_transport_write(pair.client.transport, "many bytes", 10), 0);
    recorder_wait(&pair.peer, 'L');
    assert_int_equal(pair.peer.size, 1);
    recorder_pair_close(&pair);
    assert_int_equal(recorder_count(&pair.peer, 'L'), 1);
    return 0;
}

TASK_TEST(transport_protocol_can_be_changed_in_the_middle)
{
    recorder_pair pair;
    recorder *other = malloc(sizeof *other);
    (void)arg;
    open_pair(&pair);
    recorder_init(other, true);
    other->transport = pair.peer.transport;
    assert_int_equal(eddy_transport_set_protocol(pair.peer.transport, &other->protocol), 0);
    assert_ptr_equal(eddy_transport_get_protocol(pair.peer.transport), &other->protocol);
    assert_int_equal(eddy_transport_write(pair.client.transport, "abc", 3), 0);
    recorder_wait_data(other, 3);
    assert_int_equal(pair.peer.size, 0);
    assert_int_equal(eddy_transport_set_protocol(pair.peer.transport, &pair.peer.protocol), 0);
    assert_int_equal(eddy_transport_set_protocol(pair.peer.transport, NULL), EDDY_EINVAL);
    recorder_pair_close(&pair);
    free(other);
    return 0;
}

TASK_TEST(transport_knows_its_names_and_loop)
{
    recorder_pair pair;
    char here[64], there[64];
    (void)arg;
    open_pair(&pair);
    assert_true(eddy_transport_local_name(pair.client.transport, here, sizeof here) > 0);
    assert_true(eddy_transport_peer_name(pair.peer.transport, there, sizeof there) > 0);
    assert_string_equal(here, there);
    assert_true(eddy_transport_fileno(pair.client.transport) >= 0);
    assert_ptr_equal(eddy_transport_get_loop(pair.client.transport), eddy_get_running_loop());
    eddy_transport *kept = eddy_transport_retain(pair.client.transport);
    recorder_pair_close(&pair);
    assert_int_equal(eddy_transport_peer_name(kept, there, sizeof there), EDDY_ECLOSED);
    assert_int_equal(eddy_transport_fileno(kept), -1);
    assert_int_equal(eddy_transport_set_protocol(kept, &pair.client.protocol), EDDY_ECLOSED);
    assert_true(eddy_transport_write(kept, "x", 1) < 0);
    eddy_transport_close(kept);
    eddy_transport_abort(kept);
    eddy_transport_pause_reading(kept);
    eddy_transport_resume_reading(kept);
    eddy_transport_release(kept);
    return 0;
}

TASK_TEST(transport_of_a_reset_connection_is_lost_with_the_error)
{
    recorder_pair pair;
    (void)arg;
    if (!support_has(SUPPORT_RESETS))
        return support_skip("an aborted connection ends like a closed one");
    recorder_init(&pair.client, false);
    recorder_init(&pair.peer, false);
    pair.client.pauses_when_made = true;
    recorder_pair_open(&pair, NULL, NULL);
    for (int i = 0; i < 10; i++)
        assert_int_equal(eddy_transport_write(pair.peer.transport, big, sizeof big), 0);
    eddy_transport_abort(pair.peer.transport);
    recorder_wait(&pair.peer, 'L');
    eddy_transport_resume_reading(pair.client.transport);
    recorder_wait(&pair.client, 'L');
    assert_int_equal(pair.client.lost_with, EDDY_ECONNRESET);
    recorder_pair_close(&pair);
    return 0;
}

enum reset_state { IDLE, HALF_CLOSED, CLOSING, PAUSED_WRITING, LAST_RESET_STATE };

/* The peer has bytes unsent, so its abort is a reset. */
static void reset_in(enum reset_state state)
{
    recorder_pair pair;
    recorder_init(&pair.client, false);
    recorder_init(&pair.peer, false);
    pair.peer.pauses_when_made = true;
    pair.client.pauses_when_made = true;
    recorder_pair_open(&pair, NULL, NULL);
    for (int i = 0; i < 10; i++)
        assert_int_equal(eddy_transport_write(pair.peer.transport, big, sizeof big), 0);
    if (state == HALF_CLOSED)
        assert_int_equal(eddy_transport_write_eof(pair.client.transport), 0);
    for (int i = 0; (state == CLOSING || state == PAUSED_WRITING) && i < 10; i++)
        assert_int_equal(eddy_transport_write(pair.client.transport, big, sizeof big), 0);
    if (state == CLOSING)
        eddy_transport_close(pair.client.transport);
    eddy_transport_abort(pair.peer.transport);
    recorder_wait(&pair.peer, 'L');
    if (pair.client.transport != NULL)
        eddy_transport_resume_reading(pair.client.transport);
    recorder_wait(&pair.client, 'L');
    assert_true(pair.client.lost_with == EDDY_ECONNRESET || pair.client.lost_with == EDDY_EPIPE);
    assert_int_equal(recorder_count(&pair.client, 'L'), 1);
    assert_int_equal(pair.client.story.text[pair.client.story.told - 1], 'L');
    recorder_pair_close(&pair);
}

TASK_TEST(fault_S7_reset_in_any_state_is_told_once)
{
    (void)arg;
    if (!support_has(SUPPORT_RESETS))
        return support_skip("an aborted connection ends like a closed one");
    for (int state = IDLE; state < LAST_RESET_STATE; state++)
        reset_in((enum reset_state)state);
    return 0;
}

static int refuse(eddy_protocol **out, void *arg)
{
    (void)out;
    (*(int *)arg)++;
    return EDDY_EUSER;
}

TASK_TEST(transport_factory_that_fails_costs_that_connection_only)
{
    eddy_server *server;
    eddy_stream *client;
    char byte;
    int asked = 0;
    (void)arg;
    support_catch_reports();
    assert_int_equal(
        eddy_loop_create_server(eddy_get_running_loop(), &server, "127.0.0.1", "0", refuse, &asked, NULL), 0);
    for (int i = 1; i <= 2; i++) {
        assert_int_equal(eddy_open_connection(&client, "127.0.0.1", pair_service(server), NULL), 0);
        assert_true(eddy_stream_read(client, &byte, 1) <= 0);
        eddy_stream_release(client);
        assert_int_equal(asked, i);
        assert_int_equal(support_reports(), i);
        assert_int_equal(support_last_code(), EDDY_EUSER);
    }
    assert_int_equal(eddy_loop_create_connection(eddy_get_running_loop(), NULL, "127.0.0.1",
                                                 pair_service(server), refuse, &asked, NULL),
                     EDDY_EUSER);
    eddy_server_close(server);
    assert_int_equal(eddy_server_wait_closed(server), 0);
    eddy_server_release(server);
    return 0;
}

TASK_TEST(transport_server_closes_and_aborts_its_clients)
{
    recorder_pair pair;
    (void)arg;
    open_pair(&pair);
    eddy_server_close(pair.server);
    eddy_server_close_clients(pair.server);
    recorder_wait(&pair.peer, 'L');
    recorder_wait(&pair.client, 'L');
    recorder_pair_close(&pair);
    open_pair(&pair);
    eddy_server_abort_clients(pair.server);
    recorder_wait(&pair.peer, 'L');
    recorder_pair_close(&pair);
    return 0;
}

TASK_TEST(transport_calls_refuse_what_makes_no_sense)
{
    eddy_loop *loop = eddy_get_running_loop();
    eddy_transport *transport;
    recorder r;
    (void)arg;
    recorder_init(&r, false);
    assert_int_equal(eddy_loop_create_connection(loop, NULL, "127.0.0.1", "1", NULL, NULL, NULL),
                     EDDY_EINVAL);
    assert_int_equal(eddy_loop_create_connection(NULL, NULL, "127.0.0.1", "1", recorder_factory, &r, NULL),
                     EDDY_EINVAL);
    assert_int_equal(eddy_loop_create_server(loop, NULL, NULL, NULL, recorder_factory, &r, NULL),
                     EDDY_EINVAL);
    assert_int_equal(eddy_loop_connect_accepted_socket(loop, &transport, -1, &r.protocol, NULL), EDDY_EBADF);
    assert_int_equal(eddy_loop_connect_accepted_socket(loop, &transport, 0, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_transport_write(NULL, "x", 1), EDDY_EINVAL);
    assert_int_equal(eddy_transport_writelines(NULL, NULL, 0), EDDY_EINVAL);
    assert_int_equal(eddy_transport_write_eof(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_transport_set_write_buffer_limits(NULL, 1, 1), EDDY_EINVAL);
    assert_int_equal(eddy_transport_set_protocol(NULL, &r.protocol), EDDY_EINVAL);
    assert_true(eddy_transport_is_closing(NULL));
    assert_false(eddy_transport_is_reading(NULL));
    assert_null(eddy_transport_get_protocol(NULL));
    eddy_transport_close(NULL);
    eddy_transport_abort(NULL);
    eddy_transport_release(NULL);
    return 0;
}

/* A loop that closes tells each protocol, for it is freed there. */
static int leave_connected(void *arg)
{
    recorder_pair *pair = arg;
    open_pair(pair);
    assert_int_equal(eddy_transport_write(pair->client.transport, big, sizeof big), 0);
    eddy_server_release(pair->server);
    return 0;
}

static void fault_P14_loop_closed_under_transports_tells_their_protocols(void **state)
{
    recorder_pair pair;
    (void)state;
    assert_int_equal(support_run(leave_connected, &pair), 0);
    assert_int_equal(recorder_count(&pair.client, 'L'), 1);
    assert_int_equal(recorder_count(&pair.peer, 'L'), 1);
    assert_int_equal(pair.client.lost_with, EDDY_ECANCELED);
}

/* Closed, and the loop closed before its turn came. */
static int close_both(void *arg)
{
    recorder_pair *pair = arg;
    open_pair(pair);
    eddy_server_release(pair->server);
    eddy_transport_close(pair->client.transport);
    eddy_transport_abort(pair->peer.transport);
    assert_int_equal(recorder_count(&pair->client, 'L'), 0);
    eddy_loop_stop(eddy_get_running_loop());
    return 0;
}

static void fault_P14_loss_that_waits_for_its_turn_is_told_by_a_loop_that_closes(void **state)
{
    recorder_pair pair;
    eddy_loop *loop;
    eddy_task *task;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    (void)state;
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    assert_int_equal(eddy_loop_create_task(loop, &task, close_both, &pair, NULL), 0);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_task_release(task);
    eddy_loop_release(loop);
    assert_int_equal(recorder_count(&pair.client, 'L'), 1);
    assert_int_equal(recorder_count(&pair.peer, 'L'), 1);
    assert_int_equal(pair.client.lost_with, 0);
}

int suite_transports(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transport_N3_made_comes_first_and_lost_last),
        cmocka_unit_test(transport_echo_through_protocols_keeps_every_byte),
        cmocka_unit_test(transport_buffered_protocol_gets_data_in_its_own_memory),
        cmocka_unit_test(transport_writelines_sends_all_pieces_in_order),
        cmocka_unit_test(transport_I1_pause_and_resume_of_writing_alternate),
        cmocka_unit_test(transport_write_buffer_limits_follow_asyncio),
        cmocka_unit_test(transport_I4_end_that_is_answered_with_true_keeps_our_half),
        cmocka_unit_test(transport_I4_end_closes_after_what_is_unsent),
        cmocka_unit_test(transport_close_sends_what_is_unsent_first),
        cmocka_unit_test(fault_S9_transport_that_cannot_close_in_time_is_lost),
        cmocka_unit_test(transport_abort_discards_and_is_no_error_of_ours),
        cmocka_unit_test(transport_paused_reading_gets_nothing_until_it_is_resumed),
        cmocka_unit_test(transport_I3_failing_protocol_loses_its_connection_and_is_reported),
        cmocka_unit_test(transport_I3_end_that_fails_is_fatal_too),
        cmocka_unit_test(transport_I5_closed_inside_a_callback_is_lost_once),
        cmocka_unit_test(transport_protocol_can_be_changed_in_the_middle),
        cmocka_unit_test(transport_knows_its_names_and_loop),
        cmocka_unit_test(transport_of_a_reset_connection_is_lost_with_the_error),
        cmocka_unit_test(fault_S7_reset_in_any_state_is_told_once),
        cmocka_unit_test(transport_factory_that_fails_costs_that_connection_only),
        cmocka_unit_test(transport_server_closes_and_aborts_its_clients),
        cmocka_unit_test(transport_calls_refuse_what_makes_no_sense),
        cmocka_unit_test(fault_P14_loop_closed_under_transports_tells_their_protocols),
        cmocka_unit_test(fault_P14_loss_that_waits_for_its_turn_is_told_by_a_loop_that_closes),
    };
    return cmocka_run_group_tests_name("transports", tests, NULL, NULL);
}
