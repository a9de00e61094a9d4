/* suite_tls_flood.c: peers that send more than is read: what is kept is bounded, the peer is made to wait, and others have their turns.
 * Touches the public API, and looks inside connections for what they hold. C6: paused, nothing more is received than fits one receive. */
#include "recorder.h"
#include "suite.h"
#include "tls_pair.h"

#include "core/base/inject.h"
#include "core/net/secure.h"
#include "core/net/stream_inside.h"
#include "core/net/transport_inside.h"
#include "core/tls/openssl.h"

enum {
    FLOOD = 8 << 20,
    MOST_KEPT = 64 * 1024 /* of the wire: the rest of a record and one receive, rounded up by doubling */
};

static char flood[FLOOD];

static size_t kept_of_the_wire(const eddyi_channel *channel)
{
    return channel->secure->tls->incoming.capacity;
}

/* Turns until the writer gets rid of nothing more; returns what it is left with. */
static size_t settle(eddy_stream *writer, const eddyi_channel *reader)
{
    size_t unsent = eddy_stream_write_buffer_size(writer) + 1;
    for (int quiet = 0; quiet < 50; quiet++) {
        size_t now = eddy_stream_write_buffer_size(writer);
        if (now != unsent)
            quiet = 0;
        unsent = now;
        assert_true(kept_of_the_wire(reader) <= MOST_KEPT);
        assert_int_equal(eddy_sleep(support_is_simulated() ? 0.001 : 0), 0); /* virtual time costs none */
    }
    return unsent;
}

TLS_TEST(fault_S3_L9_flood_at_a_stream_that_nobody_reads_waits_at_the_peer)
{
    stream_pair pair;
    tls_pair_open(&pair, house);
    assert_int_equal(eddy_stream_write_nowait(pair.client, flood, FLOOD), 0);
    assert_true(settle(pair.client, &pair.peer->channel) > 0);
    char byte;
    assert_int_equal(eddy_stream_read(pair.peer, &byte, 1), 1); /* one is wanted: one receive is made */
    assert_true(settle(pair.client, &pair.peer->channel) > 0);
    assert_int_equal(pair.peer->incoming.capacity, 0); /* it went past the stream's own row */
    pair_close(&pair);
    return 0;
}

TLS_TEST(fault_S3_L9_flood_that_is_read_byte_by_byte_is_bounded)
{
    stream_pair pair;
    char byte;
    tls_pair_open(&pair, house);
    assert_int_equal(eddy_stream_write_nowait(pair.client, flood, FLOOD), 0);
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(eddy_stream_read(pair.peer, &byte, 1), 1);
        assert_true(kept_of_the_wire(&pair.peer->channel) <= MOST_KEPT);
    }
    assert_true(eddy_stream_write_buffer_size(pair.client) > 0);
    pair_close(&pair);
    return 0;
}

TLS_TEST(fault_S3_L10_flood_of_one_byte_records_is_bounded)
{
    stream_pair pair;
    char byte;
    tls_pair_open(&pair, house);
    for (int i = 0; i < 20000; i++)
        assert_int_equal(eddy_stream_write_nowait(pair.client, "x", 1), 0);
    for (int i = 0; i < 20000; i++) {
        assert_int_equal(eddy_stream_read(pair.peer, &byte, 1), 1);
        assert_true(kept_of_the_wire(&pair.peer->channel) <= MOST_KEPT);
    }
    tls_pair_close(&pair);
    return 0;
}

TLS_TEST(fault_S3_L9_flood_without_a_separator_is_refused_at_the_limit)
{
    stream_pair pair;
    eddy_view line;
    pair_open(&pair, EDDY_OPTIONS(eddy_connect_options, .tls = house->client),
              EDDY_OPTIONS(eddy_server_options, .tls = house->server, .limit = 32768));
    assert_int_equal(eddy_stream_write_nowait(pair.client, flood, FLOOD), 0);
    assert_int_equal(eddy_stream_readline(pair.peer, &line), EDDY_ELIMIT);
    assert_true(settle(pair.client, &pair.peer->channel) > 0);
    assert_true(pair.peer->incoming.capacity <= 4 * 32768);
    pair_close(&pair);
    return 0;
}

/* ---- protocols ---- */

static void pause_at_data(recorder_pair *pair)
{
    recorder_wait(&pair->peer, 'd');
    eddy_transport_pause_reading(pair->peer.transport);
}

TLS_TEST(fault_S3_L9_flood_at_a_paused_transport_waits_at_the_peer)
{
    static recorder_pair pair;
    recorder_init(&pair.client, false);
    recorder_init(&pair.peer, false);
    recorder_pair_open(&pair, EDDY_OPTIONS(eddy_connect_options, .tls = house->client),
                       EDDY_OPTIONS(eddy_server_options, .tls = house->server));
    assert_int_equal(eddy_transport_write(pair.client.transport, flood, FLOOD), 0);
    pause_at_data(&pair);
    size_t told = pair.peer.story.told, unsent = 0;
    for (int quiet = 0; quiet < 50; quiet++) {
        size_t now = eddy_transport_get_write_buffer_size(pair.client.transport);
        if (now != unsent)
            quiet = 0;
        unsent = now;
        assert_true(kept_of_the_wire(&pair.peer.transport->channel) <= MOST_KEPT);
        assert_int_equal(eddy_sleep(support_is_simulated() ? 0.001 : 0), 0);
    }
    assert_true(unsent > 0);
    assert_int_equal(pair.peer.story.told, told);
    eddy_transport_abort(pair.client.transport);
    eddy_transport_abort(pair.peer.transport);
    recorder_pair_close(&pair);
    return 0;
}

/* ---- the end ---- */

typedef struct ticker {
    eddy_loop *loop;
    bool over;
    uint64_t received, most; /* system calls: so far, and in one turn */
} ticker;

static void tick(void *arg)
{
    ticker *t = arg;
    uint64_t received = eddyi_inject_count();
    if (received - t->received > t->most)
        t->most = received - t->received;
    t->received = received;
    if (!t->over)
        assert_int_equal(eddy_loop_call_soon(t->loop, NULL, tick, t), 0);
}

/* What still comes after a close is thrown away; all of it in one turn would hold up everybody else, for as long as the peer likes. */
TLS_TEST(fault_S3_L6_flood_after_a_close_lets_others_have_their_turns)
{
    stream_pair pair;
    ticker t = {.loop = eddy_get_running_loop()};
    eddyi_inject_plan count = {.calls = UINT64_C(1) << EDDYI_INJECT_recv | UINT64_C(1)
                                                                               << EDDYI_INJECT_recvmsg};
    tls_pair_open(&pair, house);
    assert_int_equal(eddy_stream_write_nowait(pair.client, flood, FLOOD), 0);
    size_t unsent = settle(pair.client, &pair.peer->channel);
    eddyi_inject_start(&count);
    tick(&t);
    eddy_stream_close(pair.peer);
    while (eddy_stream_write_buffer_size(pair.client) > unsent / 2)
        assert_int_equal(eddy_sleep(0), 0);
    t.over = true;
    eddyi_inject_stop();
    assert_true(t.most <= 5);
    assert_true(t.most > 0 || support_is_simulated());
    eddy_stream_abort(pair.client);
    assert_int_equal(eddy_sleep(0), 0);
    pair_close(&pair);
    return 0;
}

int suite_tls_flood(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_S3_L9_flood_at_a_stream_that_nobody_reads_waits_at_the_peer),
        cmocka_unit_test(fault_S3_L9_flood_that_is_read_byte_by_byte_is_bounded),
        cmocka_unit_test(fault_S3_L10_flood_of_one_byte_records_is_bounded),
        cmocka_unit_test(fault_S3_L9_flood_without_a_separator_is_refused_at_the_limit),
        cmocka_unit_test(fault_S3_L9_flood_at_a_paused_transport_waits_at_the_peer),
        cmocka_unit_test(fault_S3_L6_flood_after_a_close_lets_others_have_their_turns),
    };
    return cmocka_run_group_tests_name("tls flood", tests, NULL, NULL);
}
