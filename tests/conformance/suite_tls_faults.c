/* suite_tls_faults.c: TLS with bad peers, without memory, and cancelled at every step.
 * Touches the public API, certificates.h and the injection table. Whatever happens, the server goes on and nothing is left. */
#include "suite.h"
#include "tls_pair.h"

#include <errno.h>

#include "core/base/inject.h"
#include "core/loop/loop.h"

/* ---- peers that cannot shake hands ---- */

/* The server has closed the connection of a client that never spoke TLS well. */
static void expect_closed(tls_bare *bare)
{
    char text[256];
    ptrdiff_t got;
    while ((got = eddy_stream_read(bare->client, text, sizeof text)) > 0)
        continue; /* the alert */
    assert_true(got == 0 || got == EDDY_ECONNRESET);
    assert_int_equal(bare->served, 0);
}

/* And it serves the next one. */
static void expect_refused(tls_bare *bare, const tls_house *house)
{
    eddy_stream *good;
    expect_closed(bare);
    assert_int_equal(eddy_open_connection(&good, "127.0.0.1", pair_service(bare->server),
                                          EDDY_OPTIONS(eddy_connect_options, .tls = house->client)),
                     0);
    eddy_stream_close(good);
    assert_int_equal(eddy_stream_wait_closed(good), 0);
    eddy_stream_release(good);
}

TLS_TEST(fault_L1_garbage_costs_its_own_connection_only)
{
    static const char *const garbage[] = {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff\x01",
                                          "\x17\x03\x03\x00\x01x", "\x80\x2e\x01\x00\x02",
                                          "\x15\x03\x01\x00\x02\x02\x28"};
    static const size_t sizes[] = {18, 6, 6, 5, 7};
    for (int i = 0; i < 5; i++) {
        tls_bare bare;
        tls_bare_open(&bare, house, 0);
        support_catch_reports();
        assert_int_equal(eddy_stream_write(bare.client, garbage[i], sizes[i]), 0);
        if (i == 1 || i == 3) /* not refused at once: a record that goes on, a header that may be of SSL 2 */
            assert_int_equal(eddy_stream_write_eof(bare.client), 0);
        expect_refused(&bare, house);
        assert_int_equal(support_reports(), 0);
        tls_bare_close(&bare);
    }
    return 0;
}

TLS_TEST(fault_L1_failed_handshake_is_reported_in_debug_mode)
{
    tls_bare bare;
    char byte;
    tls_bare_open(&bare, house, 0);
    support_catch_reports();
    eddy_loop_set_debug(eddy_get_running_loop(), true);
    assert_int_equal(eddy_stream_write(bare.client, "hello, server", 13), 0);
    while (eddy_stream_read(bare.client, &byte, 1) > 0)
        continue;
    eddy_loop_set_debug(eddy_get_running_loop(), false);
    assert_int_equal(support_reports(), 1);
    assert_string_equal(support_last_message(), "TLS handshake failed");
    assert_int_equal(support_last_code(), EDDY_ETLS);
    tls_bare_close(&bare);
    return 0;
}

/* The first bytes that a client says. */
static size_t hello(const tls_house *house, char *room, size_t size)
{
    SSL *ssl = SSL_new(eddy_tls_context_native(house->client));
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    assert_int_equal(SSL_connect(ssl), -1);
    int got = BIO_read(out, room, (int)size);
    SSL_free(ssl);
    assert_true(got > 100);
    return (size_t)got;
}

TLS_TEST(fault_L2_peer_that_ends_anywhere_in_its_hello_is_refused)
{
    char words[2048];
    size_t size = hello(house, words, sizeof words);
    for (size_t cut = 0; cut <= size; cut += size / 20) {
        tls_bare bare;
        tls_bare_open(&bare, house, 0);
        assert_int_equal(eddy_stream_write(bare.client, words, cut), 0);
        if (cut % 2 == 0)
            assert_int_equal(eddy_stream_write_eof(bare.client), 0);
        else
            eddy_stream_abort(bare.client);
        eddy_server_close(bare.server);
        assert_int_equal(eddy_server_wait_closed(bare.server), 0); /* its connection is over */
        assert_int_equal(bare.served, 0);
        tls_bare_close(&bare);
    }
    return 0;
}

TLS_TEST(fault_L5_data_before_the_end_of_the_handshake_reaches_nobody)
{
    char words[2048];
    tls_bare bare;
    size_t size = hello(house, words, sizeof words - 32);
    memcpy(words + size, "\x17\x03\x03\x00\x05hello", 10);
    tls_bare_open(&bare, house, 0);
    assert_int_equal(eddy_stream_write(bare.client, words, size + 10), 0);
    assert_int_equal(eddy_stream_write_eof(bare.client), 0);
    expect_refused(&bare, house);
    assert_int_equal(bare.served, 1); /* the good one */
    tls_bare_close(&bare);
    return 0;
}

TLS_TEST(fault_L3_C1_handshake_that_never_ends_has_a_limit_for_servers)
{
    tls_bare bare;
    tls_bare_open(&bare, house, 0.02);
    support_catch_reports();
    eddy_loop_set_debug(eddy_get_running_loop(), true);
    expect_closed(&bare);
    eddy_loop_set_debug(eddy_get_running_loop(), false);
    assert_int_equal(support_last_code(), EDDY_ECONNABORTED);
    tls_bare_close(&bare);
    return 0;
}

static int read_until_the_end(eddy_stream *stream, void *arg)
{
    char text[4096];
    ptrdiff_t got;
    (void)arg;
    while ((got = eddy_stream_read(stream, text, sizeof text)) > 0)
        continue;
    return got == EDDY_ECONNRESET ? 0 : (int)got;
}

static int refuse(eddy_stream *stream, void *arg)
{
    int rc = eddy_stream_write(stream, "220 welcome\r\n", 13);
    return rc < 0 ? rc : read_until_the_end(stream, arg);
}

static int hang_up(eddy_stream *stream, void *arg)
{
    char text[2048];
    (void)arg;
    (void)!eddy_stream_read(stream, text, sizeof text);
    return 0;
}

static int connect_plain(const tls_house *house, eddy_client_fn fn, double timeout)
{
    eddy_server *server;
    eddy_stream *stream = NULL;
    assert_int_equal(eddy_start_server(&server, "127.0.0.1", "0", fn, NULL, NULL), 0);
    int rc = eddy_open_connection(
        &stream, "127.0.0.1", pair_service(server),
        EDDY_OPTIONS(eddy_connect_options, .tls = house->client, .handshake_timeout = timeout));
    assert_null(stream);
    eddy_server_close(server);
    assert_int_equal(eddy_server_wait_closed(server), 0);
    eddy_server_release(server);
    return rc;
}

TLS_TEST(fault_L3_C1_handshake_that_never_ends_has_a_limit_for_clients)
{
    assert_int_equal(connect_plain(house, read_until_the_end, 0.02), EDDY_ECONNABORTED);
    assert_string_equal(eddy_last_error()->message, "the TLS handshake took longer than its limit");
    return 0;
}

TLS_TEST(fault_L1_server_that_speaks_no_tls_is_told_so)
{
    assert_int_equal(connect_plain(house, refuse, 0), EDDY_ETLS);
    assert_string_equal(eddy_last_error()->message, "wrong version number");
    return 0;
}

TLS_TEST(fault_L2_C1_server_that_hangs_up_resets_the_handshake)
{
    assert_int_equal(connect_plain(house, hang_up, 0), EDDY_ECONNRESET);
    return 0;
}

/* ---- who talks for ever ---- */

TLS_TEST(fault_L7_updates_of_keys_are_answered)
{
    stream_pair pair;
    char byte;
    tls_pair_open(&pair, house);
    SSL *ssl = eddy_tls_object_native(eddy_stream_ssl_object(pair.client));
    for (int i = 0; i < 50; i++) {
        assert_int_equal(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(eddy_stream_write(pair.client, "x", 1), 0);
        assert_int_equal(eddy_stream_read(pair.peer, &byte, 1), 1);
        assert_int_equal(eddy_stream_write(pair.peer, "y", 1), 0);
        assert_int_equal(eddy_stream_read(pair.client, &byte, 1), 1);
    }
    tls_pair_close(&pair);
    return 0;
}

/* Each is answered, and the answers are not read. Where the kernel would take them all it is made to take none. */
TLS_TEST(fault_L7_flood_of_key_updates_is_given_up)
{
    /* More answers than are let be, also without those to what comes with the x; sim's sockets take some, too. */
    const int updates = support_is_simulated() ? 20000 : 4000;
    stream_pair pair;
    char byte;
    eddyi_inject_plan plan = {.fail_at = 1,
                              .fail_after_too = true,
                              .calls = UINT64_C(1) << EDDYI_INJECT_send | UINT64_C(1) << EDDYI_INJECT_sendmsg,
                              .os_error = EAGAIN};
    tls_pair_open(&pair, house);
    SSL *ssl = eddy_tls_object_native(eddy_stream_ssl_object(pair.client));
    for (int i = 0; i < updates; i++) {
        assert_int_equal(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(ssl), 1);
    }
    assert_int_equal(eddy_stream_write_nowait(pair.client, "x", 1), 0);
    for (int i = 0; i < 100 && eddy_stream_write_buffer_size(pair.client) > 0; i++)
        assert_int_equal(eddy_sleep(0), 0);
    assert_true(support_is_simulated() || eddy_stream_write_buffer_size(pair.client) == 0);
    eddyi_inject_start(&plan);
    ptrdiff_t got = eddy_stream_read(pair.peer, &byte, 1);
    eddyi_inject_stop();
    assert_int_equal(got, EDDY_ETLS);
    assert_string_equal(eddy_last_error()->message, "the peer asks for answers and reads none");
    pair_close(&pair);
    return 0;
}

/* ---- cancelled at every step ---- */

typedef struct visit {
    const tls_house *house;
    const char *service;
} visit;

static int echo(eddy_stream *stream, void *arg)
{
    char text[1000];
    ptrdiff_t got;
    (void)arg;
    while ((got = eddy_stream_read(stream, text, sizeof text)) > 0) {
        int rc = eddy_stream_write(stream, text, (size_t)got);
        if (rc < 0)
            return 0;
    }
    return 0; /* what a cancelled client leaves behind is its own affair */
}

static int use(eddy_stream *stream)
{
    char text[5000] = "question";
    int rc = eddy_stream_write(stream, text, sizeof text);
    if (rc == 0)
        rc = (int)eddy_stream_readexactly(stream, text, sizeof text);
    if (rc < 0)
        return rc;
    eddy_stream_close(stream);
    return eddy_stream_wait_closed(stream);
}

static int visit_once(void *arg)
{
    const visit *v = arg;
    eddy_stream *stream;
    int rc = eddy_open_connection(&stream, "127.0.0.1", v->service,
                                  EDDY_OPTIONS(eddy_connect_options, .tls = v->house->client));
    if (rc < 0)
        return rc;
    rc = use(stream);
    eddy_stream_abort(stream);
    eddy_stream_release(stream);
    return rc;
}

static int cancel_after(int turns, visit *v)
{
    eddy_task *task;
    int outcome;
    assert_int_equal(eddy_create_task(&task, visit_once, v, NULL), 0);
    for (int i = 0; i < turns && !eddy_task_done(task); i++)
        assert_int_equal(eddy_sleep(support_is_simulated() ? 0.0002 : 0), 0); /* virtual time costs none */
    eddy_task_cancel(task);
    assert_int_equal(eddy_await(task, &outcome), 0);
    eddy_task_release(task);
    return outcome;
}

TLS_TEST(fault_L13_cancelled_at_every_step_leaves_nothing)
{
    eddy_server *server;
    int cancelled = 0, turns = 0, outcome = EDDY_ECANCELED;
    assert_int_equal(eddy_start_server(&server, "127.0.0.1", "0", echo, NULL,
                                       EDDY_OPTIONS(eddy_server_options, .tls = house->server)),
                     0);
    visit v = {house, pair_service(server)};
    for (; outcome != 0 && turns < 3000; turns += turns < 60 ? 1 : 7) {
        outcome = cancel_after(turns, &v);
        assert_true(outcome == 0 || outcome == EDDY_ECANCELED);
        cancelled += outcome == EDDY_ECANCELED;
    }
    assert_int_equal(outcome, 0); /* it got through in the end */
    assert_true(cancelled > 5);
    eddy_server_close(server);
    assert_int_equal(eddy_server_wait_closed(server), 0);
    eddy_server_release(server);
    return 0;
}

TLS_TEST(tls_cancelled_read_loses_nothing)
{
    stream_pair pair;
    char text[8];
    tls_pair_open(&pair, house);
    for (int i = 0; i < 20; i++) {
        eddy_timeout limit;
        eddy_timeout_enter(&limit, 0);
        ptrdiff_t got = eddy_stream_read(pair.client, text, sizeof text);
        assert_int_equal(eddy_timeout_exit(&limit, (int)got), EDDY_ETIMEDOUT);
        assert_int_equal(eddy_stream_write(pair.peer, &"abcdefghijklmnopqrst"[i], 1), 0);
        assert_int_equal(eddy_stream_read(pair.client, text, sizeof text), 1);
        assert_int_equal(text[0], 'a' + i);
    }
    tls_pair_close(&pair);
    return 0;
}

/* ---- loops that close ---- */

static tls_house *house_of_all; /* of the tests that make their own loops */

/* No session is kept: what is allocated before and after a visit is the same. */
static void forgetful_house_open(tls_house *house)
{
    tls_house_open(house);
    eddy_tls_context_release(house->client);
    eddy_tls_context_options options = {.size = sizeof options,
                                        .no_sessions = true,
                                        .cadata = certificate_pem(&house->certificates.authority)};
    assert_int_equal(eddy_tls_context_create(&house->client, &options), 0);
    house_of_all = house;
}

static void release_stream(void *stream)
{
    eddy_stream_release(stream);
}

static void release_server(void *server)
{
    eddy_server_release(server);
}

/* A task that the loop destroys gives back what it deferred. */
static int start_echo(eddy_server **server)
{
    int rc = eddy_start_server(server, "127.0.0.1", "0", echo, NULL,
                               EDDY_OPTIONS(eddy_server_options, .tls = house_of_all->server));
    return rc == 0 ? eddy_defer(release_server, *server) : rc;
}

static int open_echo(eddy_stream **stream, bool secure)
{
    eddy_server *server;
    int rc = start_echo(&server);
    if (rc == 0)
        rc = eddy_open_connection(
            stream, "127.0.0.1", pair_service(server),
            EDDY_OPTIONS(eddy_connect_options, .tls = secure ? house_of_all->client : NULL));
    return rc == 0 ? eddy_defer(release_stream, *stream) : rc;
}

static int leave_in_a_handshake(void *arg)
{
    char byte;
    eddy_stream *stream;
    (void)arg;
    int rc = open_echo(&stream, false);
    return rc == 0 ? (int)eddy_stream_read(stream, &byte, 1) : rc;
}

static int leave_in_a_read(void *arg)
{
    char byte;
    eddy_stream *stream;
    (void)arg;
    int rc = open_echo(&stream, true);
    return rc == 0 ? (int)eddy_stream_read(stream, &byte, 1) : rc;
}

static int leave_in_an_end(void *arg)
{
    eddy_stream *stream;
    int rc = open_echo(&stream, true);
    if (rc < 0)
        return rc;
    eddy_stream_close(stream);
    (void)arg;
    return eddy_stream_wait_closed(stream);
}

static void ignore_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context;
    (void)arg;
}

/* The loop is closed after so many turns, without a runner that would cancel the tasks first. */
static bool close_under(eddy_coro_fn body, int turns)
{
    eddy_loop *loop;
    eddy_task *task;
    assert_int_equal(
        eddy_new_event_loop(&loop, EDDY_OPTIONS(eddy_loop_options, .backend = support_backend())), 0);
    assert_int_equal(eddy_loop_set_exception_handler(loop, ignore_report, NULL), 0);
    assert_int_equal(eddy_loop_create_task(loop, &task, body, NULL, NULL), 0);
    for (int i = 0; i < turns; i++)
        assert_true(eddy_loop_run_once(loop, support_is_simulated() ? 0.001 : 0) >= 0);
    bool pending = !eddy_task_done(task);
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_task_release(task);
    eddy_loop_release(loop);
    return pending;
}

static int closes_under(eddy_coro_fn body)
{
    int pending = 0;
    for (int turns = 0; turns < 60; turns += turns < 20 ? 1 : 5) {
        long blocks = support_live_blocks();
        int descriptors = support_open_descriptors();
        pending += close_under(body, turns);
        assert_int_equal(support_live_blocks(), blocks);
        assert_int_equal(support_open_descriptors(), descriptors);
    }
    return pending;
}

static int one_visit(void *arg)
{
    eddy_server *server;
    (void)arg;
    int rc = eddy_start_server(&server, "127.0.0.1", "0", echo, NULL,
                               EDDY_OPTIONS(eddy_server_options, .tls = house_of_all->server));
    if (rc < 0)
        return rc;
    visit v = {house_of_all, pair_service(server)};
    rc = visit_once(&v);
    eddy_server_close(server);
    int closed = eddy_server_wait_closed(server);
    eddy_server_release(server);
    return rc < 0 ? rc : closed;
}

static int run_visit(void)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
    eddyi_running_loop = NULL;
    return eddy_run(one_visit, NULL, EDDY_OPTIONS(eddy_run_options, .loop = &loop));
}

static void fault_P14_loop_closed_under_tls_leaves_nothing(void **state)
{
    tls_house house;
    (void)state;
    eddyi_running_loop = NULL; /* a failed test before this one left its loop behind */
    forgetful_house_open(&house);
    assert_int_equal(closes_under(leave_in_a_handshake), 28);
    (void)closes_under(leave_in_a_read);
    (void)closes_under(leave_in_an_end);
    tls_house_close(&house);
}

/* ---- out of memory ---- */

/* Who meets the lack may be the other end: then this one sees it as a loss. */
static bool is_a_way_to_fail(int rc)
{
    return rc == 0 || rc == EDDY_ENOMEM || rc == EDDY_ECONNRESET || rc == EDDY_ETLS ||
           rc == EDDY_ETRUNCATED || rc == EDDY_EINCOMPLETE || rc == EDDY_EPIPE;
}

static void fault_L11_M1_allocations_that_fail_leave_nothing(void **state)
{
    tls_house house;
    eddyi_inject_plan plan = {.calls = UINT64_C(1) << EDDYI_INJECT_memory};
    (void)state;
    forgetful_house_open(&house);
    eddyi_inject_start(&plan);
    assert_int_equal(run_visit(), 0);
    uint64_t total = eddyi_inject_count();
    eddyi_inject_stop();
    assert_true(total > 20);
    for (plan.fail_at = 1; plan.fail_at <= total; plan.fail_at++) {
        long blocks = support_live_blocks();
        int descriptors = support_open_descriptors();
        eddyi_inject_start(&plan);
        int rc = run_visit();
        eddyi_inject_stop();
        assert_true(is_a_way_to_fail(rc));
        assert_int_equal(support_live_blocks(), blocks);
        assert_int_equal(support_open_descriptors(), descriptors);
    }
    assert_int_equal(run_visit(), 0);
    tls_house_close(&house);
}

int suite_tls_faults(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_L1_garbage_costs_its_own_connection_only),
        cmocka_unit_test(fault_L1_failed_handshake_is_reported_in_debug_mode),
        cmocka_unit_test(fault_L2_peer_that_ends_anywhere_in_its_hello_is_refused),
        cmocka_unit_test(fault_L5_data_before_the_end_of_the_handshake_reaches_nobody),
        cmocka_unit_test(fault_L3_C1_handshake_that_never_ends_has_a_limit_for_servers),
        cmocka_unit_test(fault_L3_C1_handshake_that_never_ends_has_a_limit_for_clients),
        cmocka_unit_test(fault_L1_server_that_speaks_no_tls_is_told_so),
        cmocka_unit_test(fault_L2_C1_server_that_hangs_up_resets_the_handshake),
        cmocka_unit_test(fault_L7_updates_of_keys_are_answered),
        cmocka_unit_test(fault_L7_flood_of_key_updates_is_given_up),
        cmocka_unit_test(fault_L13_cancelled_at_every_step_leaves_nothing),
        cmocka_unit_test(tls_cancelled_read_loses_nothing),
        cmocka_unit_test(fault_P14_loop_closed_under_tls_leaves_nothing),
        cmocka_unit_test(fault_L11_M1_allocations_that_fail_leave_nothing),
    };
    return cmocka_run_group_tests_name("tls faults", tests, NULL, NULL);
}
