/* suite_connect.c: connecting: names, refusals, cancels (S12, D1, D3).
 * Touches the public API. A connection that is not made leaves nothing open. */
#include "pair.h"
#include "sockets.h"
#include "suite.h"

#include "core/base/inject.h"

static int nobody(eddy_stream *stream, void *arg)
{
    (void)stream;
    (void)arg;
    return 0;
}

TASK_TEST(fault_S12_refused_connection_is_told_and_leaves_nothing)
{
    eddy_stream *stream = NULL;
    (void)arg;
    eddy_fd held = socket_make(EDDYI_SOCKET_STREAM, false); /* so that nobody else listens there */
    int descriptors = support_open_descriptors();
    assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", socket_service(held), NULL),
                     EDDY_ECONNREFUSED);
    assert_null(stream);
    assert_int_equal(eddy_last_error()->code, EDDY_ECONNREFUSED);
    assert_true(eddy_last_error()->os_error != 0 || support_is_simulated());
    assert_int_equal(support_open_descriptors(), descriptors);
    socket_drop(held);
    return 0;
}

TASK_TEST(unknown_host_and_bad_names_are_told)
{
    eddy_stream *stream;
    char longest[300];
    (void)arg;
    int rc = eddy_open_connection(&stream, "no-such-host.invalid", "80", NULL);
    assert_true(rc == EDDY_ENOHOST || rc == EDDY_ERESOLVE || rc == EDDY_ERESOLVEFAIL);
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(eddy_open_connection(&stream, longest, "80", NULL), EDDY_ENAMETOOLONG);
    assert_int_equal(eddy_open_connection(NULL, "127.0.0.1", "80", NULL), EDDY_EINVAL);
    assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", NULL, NULL), EDDY_EINVAL);
    rc = eddy_open_connection(&stream, "127.0.0.1", "no such service", NULL);
    assert_true(rc < 0 && rc != EDDY_ECANCELED);
    return 0;
}

static int connect_somewhere(void *host)
{
    eddy_stream *stream;
    int rc = eddy_open_connection(&stream, host, "9", NULL);
    if (rc == 0)
        eddy_stream_release(stream);
    return rc;
}

/* D3, S10: cancelled at each step of a connect that asks for a name: ends now, nothing is left open. */
TASK_TEST(fault_D3_connect_cancelled_at_any_step_leaves_nothing)
{
    static char *const hosts[] = {"localhost", "127.0.0.1", "no-such-host.invalid"};
    (void)arg;
    for (int steps = 0; steps < 8; steps++) {
        for (int i = 0; i < 3; i++) {
            eddy_task *task;
            int outcome;
            assert_int_equal(eddy_create_task(&task, connect_somewhere, hosts[i], NULL), 0);
            for (int k = 0; k < steps; k++)
                assert_int_equal(eddy_sleep(0), 0);
            eddy_task_cancel(task);
            assert_int_equal(eddy_await(task, &outcome), 0);
            assert_true(outcome < 0);
            if (steps == 0)
                assert_int_equal(outcome, EDDY_ECANCELED);
            eddy_task_release(task);
        }
    }
    return 0;
}

TASK_TEST(timeout_around_a_name_lookup_is_honoured)
{
    eddy_timeout limit;
    eddy_stream *stream;
    (void)arg;
    eddy_timeout_enter(&limit, 0);
    int rc = eddy_open_connection(&stream, "localhost", "9", NULL);
    rc = eddy_timeout_exit(&limit, rc);
    assert_true(rc == EDDY_ETIMEDOUT || rc == EDDY_ECONNREFUSED);
    return 0;
}

TASK_TEST(local_address_can_be_chosen)
{
    stream_pair pair;
    char ours[64];
    (void)arg;
    pair_open(&pair, EDDY_OPTIONS(eddy_connect_options, .local_host = "127.0.0.1", .local_service = "0"),
              NULL);
    assert_true(eddy_stream_local_name(pair.client, ours, sizeof ours) > 0);
    assert_memory_equal(ours, "127.0.0.1:", 10);
    pair_close(&pair);
    return 0;
}

/* M1, M2: every allocation of a connection fails once, and then all of them from there on. */
static int whole_life(void *arg)
{
    eddy_server *server = NULL;
    eddy_stream *stream = NULL;
    char back[8];
    (void)arg;
    int rc = eddy_start_server(&server, "127.0.0.1", "0", nobody, NULL, NULL);
    if (rc == 0)
        rc = eddy_open_connection(&stream, "127.0.0.1", pair_service(server), NULL);
    if (rc == 0)
        rc = eddy_stream_write_nowait(stream, "hello", 5);
    if (rc == 0) {
        ptrdiff_t got = eddy_stream_read(stream, back, sizeof back);
        rc = got < 0 ? (int)got : 0;
    }
    eddy_stream_abort(stream);
    eddy_stream_release(stream);
    eddy_server_close(server);
    eddy_server_release(server);
    return rc == EDDY_EPIPE || rc == EDDY_ECONNRESET ? 0 : rc; /* the server's end may be closed first */
}

static void sweep(bool after_too)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    eddyi_inject_plan count_only = {.calls = UINT64_C(1) << EDDYI_INJECT_memory};
    eddyi_inject_start(&count_only);
    assert_int_equal(eddy_run(whole_life, NULL, &options), 0);
    uint64_t total = eddyi_inject_count();
    eddyi_inject_stop();
    for (uint64_t k = 1; k <= total; k++) {
        eddyi_inject_plan plan = {
            .fail_at = k, .fail_after_too = after_too, .calls = UINT64_C(1) << EDDYI_INJECT_memory};
        long blocks = support_live_blocks();
        int descriptors = support_open_descriptors();
        eddyi_inject_start(&plan);
        int rc = eddy_run(whole_life, NULL, &options);
        eddyi_inject_stop();
        assert_true(rc == 0 || rc == EDDY_ENOMEM);
        assert_int_equal(eddyi_inject_forbidden_count(), 0);
        assert_int_equal(support_live_blocks(), blocks);
        assert_int_equal(support_open_descriptors(), descriptors);
        assert_int_equal(eddy_run(whole_life, NULL, &options), 0);
    }
    assert_true(total > 5);
}

static void fault_M1_every_allocation_of_a_connection_fails_once(void **state)
{
    (void)state;
    sweep(false);
}

static void fault_M2_every_allocation_from_one_on_fails(void **state)
{
    (void)state;
    sweep(true);
}

int suite_connect(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_S12_refused_connection_is_told_and_leaves_nothing),
        cmocka_unit_test(unknown_host_and_bad_names_are_told),
        cmocka_unit_test(fault_D3_connect_cancelled_at_any_step_leaves_nothing),
        cmocka_unit_test(timeout_around_a_name_lookup_is_honoured),
        cmocka_unit_test(local_address_can_be_chosen),
        cmocka_unit_test(fault_M1_every_allocation_of_a_connection_fails_once),
        cmocka_unit_test(fault_M2_every_allocation_from_one_on_fails),
    };
    return cmocka_run_group_tests_name("connect", tests, NULL, NULL);
}
