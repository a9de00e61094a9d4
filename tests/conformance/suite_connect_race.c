/* suite_connect_race.c: connecting to a host of several addresses (asyncio's N1 and N2, RFC 8305; D6, D7).
 * Touches the public API; POSIX sockets for holes on real networks. Whoever wins, nothing else stays open. */
#include <errno.h>
#include <math.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loops.h"
#include "pair.h"
#include "suite.h"

#include "core/loop/loop.h"

enum { CALLERS = 3 };

/* A server on 127.0.0.1, and a hole on ::1 at the same port: a full listener does not answer. */
typedef struct place {
    eddy_server *server;
    const char *host; /* its first address is the hole */
    int hole, callers[CALLERS];
    int descriptors; /* that were open before */
    size_t lent;     /* ops of the loop that were */
} place;

static int hold(eddy_stream *stream, void *arg)
{
    char byte;
    (void)arg;
    ptrdiff_t got = eddy_stream_read(stream, &byte, 1);
    return got == EDDY_ECANCELED ? (int)got : 0;
}

static struct sockaddr_in6 loopback(const char *port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    address.sin6_port = htons((uint16_t)strtol(port, NULL, 10));
    return address;
}

/* Whether NULL stands for ::1 first and then 127.0.0.1, as it does where IPv6 is there. */
static bool has_both(void)
{
    struct addrinfo *list = NULL, hints = {.ai_socktype = SOCK_STREAM};
    if (support_is_simulated())
        return true;
    bool both = getaddrinfo(NULL, "9", &hints, &list) == 0 && list->ai_family == AF_INET6 &&
                list->ai_next != NULL && list->ai_next->ai_family == AF_INET;
    if (list != NULL)
        freeaddrinfo(list);
    struct sockaddr_in6 address = loopback("0");
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    both = both && fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return both;
}

/* False where ::1 has a socket at that port already: of another program, or one that waits for the last segments of an old connection. */
static bool dig(place *p, const char *port)
{
    struct sockaddr_in6 address = loopback(port);
    p->hole = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(p->hole, (struct sockaddr *)&address, sizeof address) != 0) {
        assert_int_equal(errno, EADDRINUSE);
        close(p->hole);
        return false;
    }
    assert_int_equal(listen(p->hole, 0), 0);
    for (int i = 0; i < CALLERS; i++) {
        p->callers[i] = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(p->callers[i], (struct sockaddr *)&address, sizeof address);
    }
    return true;
}

static bool place_open(place *p)
{
    *p = (place){.hole = -1, .host = support_is_simulated() ? "100::1,127.0.0.1" : NULL};
    if (!has_both())
        return false;
    p->descriptors = support_open_descriptors();
    p->lent = eddy_get_running_loop()->lent;
    for (;;) {
        assert_int_equal(eddy_start_server(&p->server, "127.0.0.1", "0", hold, NULL, NULL), 0);
        if (support_is_simulated() || dig(p, pair_service(p->server)))
            return true;
        pair_stop(p->server);
    }
}

/* Losers are closed and their ops are back: nothing is left but what was there before. */
static void place_close(place *p)
{
    pair_stop(p->server);
    for (int i = 0; p->hole >= 0 && i < CALLERS; i++)
        close(p->callers[i]);
    if (p->hole >= 0)
        close(p->hole);
    assert_int_equal(support_open_descriptors(), p->descriptors);
    assert_int_equal(eddy_get_running_loop()->lent, p->lent);
}

static void expect_connected_to_ipv4(eddy_stream *stream)
{
    char name[64];
    assert_true(eddy_stream_peer_name(stream, name, sizeof name) > 0);
    assert_memory_equal(name, "127.0.0.1:", 10);
    eddy_stream_abort(stream);
    eddy_stream_release(stream);
}

TASK_TEST(rule_N1_failed_attempt_starts_the_next)
{
    static const double delays[] = {0, -1, INFINITY};
    eddy_server *server;
    eddy_stream *stream;
    (void)arg;
    assert_int_equal(eddy_start_server(&server, "127.0.0.1", "0", hold, NULL, NULL), 0);
    for (int i = 0; i < 3; i++) {
        eddy_connect_options options = {.size = sizeof options, .happy_eyeballs_delay = delays[i]};
        assert_int_equal(eddy_open_connection(&stream, NULL, pair_service(server), &options), 0);
        expect_connected_to_ipv4(stream);
    }
    eddy_server_close(server);
    assert_int_equal(eddy_server_wait_closed(server), 0);
    eddy_server_release(server);
    return 0;
}

TASK_TEST(fault_D6_black_holed_first_family_is_overtaken)
{
    place p;
    eddy_stream *stream;
    (void)arg;
    if (!place_open(&p))
        return support_skip("the host has no IPv6");
    assert_int_equal(eddy_open_connection(&stream, p.host, pair_service(p.server), NULL), 0);
    expect_connected_to_ipv4(stream);
    place_close(&p);
    return 0;
}

static int lose(eddy_protocol **out, void *arg)
{
    static const eddy_protocol_type type = {.size = sizeof type};
    static eddy_protocol protocol = {.type = &type};
    (void)arg;
    *out = &protocol;
    return 0;
}

TASK_TEST(fault_D6_create_connection_races_too)
{
    place p;
    eddy_transport *transport;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    if (!place_open(&p))
        return support_skip("the host has no IPv6");
    assert_int_equal(
        eddy_loop_create_connection(loop, &transport, p.host, pair_service(p.server), lose, NULL, NULL), 0);
    eddy_transport_abort(transport);
    assert_int_equal(eddy_sleep(0), 0);
    place_close(&p);
    return 0;
}

TASK_TEST(fault_D6_when_all_fail_each_error_is_told)
{
    eddy_stream *stream = NULL;
    char port[16];
    eddy_server *server;
    (void)arg;
    assert_int_equal(eddy_start_server(&server, "127.0.0.1", "0", hold, NULL, NULL), 0);
    snprintf(port, sizeof port, "%s", pair_service(server));
    eddy_server_close(server);
    eddy_server_release(server);
    if (!has_both())
        return support_skip("the host has no IPv6");
    assert_int_equal(eddy_open_connection(&stream, NULL, port, NULL), EDDY_ECONNREFUSED);
    assert_null(stream);
    const eddy_error *error = eddy_last_error();
    assert_int_equal(error->group_count, 2);
    assert_int_equal(error->group[0], EDDY_ECONNREFUSED);
    assert_int_equal(error->group[1], EDDY_ECONNREFUSED);
    assert_string_equal(error->operation, "connect");
    /* What this machine alone is to blame for is in the group, but it is not what is told. */
    eddy_connect_options from = {.size = sizeof from, .local_host = "127.0.0.1"};
    assert_int_equal(eddy_open_connection(&stream, NULL, port, &from), EDDY_ECONNREFUSED);
    assert_int_equal(error->group_count, 2);
    assert_int_equal(error->group[0], EDDY_EADDRNOTAVAIL);
    assert_int_equal(error->group[1], EDDY_ECONNREFUSED);
    from.local_host = "::1";
    assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", port, &from), EDDY_EADDRNOTAVAIL);
    assert_string_equal(error->operation, "bind");
    assert_int_equal(error->group_count, 1);
    return 0;
}

typedef struct call {
    place *place;
    eddy_stream *stream;
} call;

static int connect_there(void *arg)
{
    call *c = arg;
    eddy_connect_options options = {.size = sizeof options, .happy_eyeballs_delay = -1};
    return eddy_open_connection(&c->stream, c->place->host, pair_service(c->place->server), &options);
}

/* A connection that is there is handed over although a cancel came as well; else all attempts are gone when the task is. */
TASK_TEST(fault_D6_race_cancelled_at_any_step_waits_for_all)
{
    place p;
    int handed_over = 0, cancelled = 0;
    (void)arg;
    if (!place_open(&p))
        return support_skip("the host has no IPv6");
    for (int steps = 0; steps < 400 && (handed_over < 3 || cancelled < 3); steps++) {
        eddy_task *task;
        int outcome;
        call c = {.place = &p};
        assert_int_equal(eddy_create_task(&task, connect_there, &c, NULL), 0);
        for (int k = 0; k < steps; k++)
            assert_int_equal(eddy_sleep(0), 0);
        eddy_task_cancel(task);
        assert_int_equal(eddy_await(task, &outcome), 0);
        eddy_task_release(task);
        assert_true(outcome == 0 || outcome == EDDY_ECANCELED);
        *(outcome == 0 ? &handed_over : &cancelled) += 1;
        if (outcome == 0)
            expect_connected_to_ipv4(c.stream);
    }
    assert_true(cancelled > 0 && handed_over > 0);
    place_close(&p);
    return 0;
}

/* Simulated time is exact: the limit passes at every moment of the race, before, at and after the win. */
TASK_TEST(fault_D6_winner_together_with_a_timeout)
{
    place p;
    int won = 0, late = 0;
    (void)arg;
    if (!support_is_simulated())
        return support_skip("only virtual time says exactly when each try begins");
    assert_true(place_open(&p));
    for (int i = 0; i < 300; i++) {
        eddy_timeout limit;
        eddy_stream *stream;
        (void)eddy_timeout_enter(&limit, 0.245 + i * 0.0001);
        int rc = eddy_open_connection(&stream, p.host, pair_service(p.server), NULL);
        if (rc == 0)
            expect_connected_to_ipv4(stream);
        int whole = eddy_timeout_exit(&limit, rc);
        assert_int_equal(whole, rc == EDDY_ECANCELED ? EDDY_ETIMEDOUT : rc);
        *(rc == 0 ? &won : &late) += 1;
    }
    assert_true(won > 0 && late > 0);
    place_close(&p);
    return 0;
}

static double seconds_to_connect(const place *p, const char *host, double delay, int interleave)
{
    eddy_stream *stream;
    eddy_loop *loop = eddy_get_running_loop();
    eddy_connect_options options = {
        .size = sizeof options, .happy_eyeballs_delay = delay, .interleave = interleave};
    double before = eddy_loop_time(loop);
    assert_int_equal(eddy_open_connection(&stream, host, pair_service(p->server), &options), 0);
    expect_connected_to_ipv4(stream);
    return eddy_loop_time(loop) - before;
}

/* Simulated time is exact but for the way there and back, which takes far less than the delay. */
TASK_TEST(rule_N1_delay_and_order_are_as_asked_for)
{
    place p;
    static const char list[] = "192.0.2.1,192.0.2.2,127.0.0.1,100::1";
    (void)arg;
    if (!support_is_simulated())
        return support_skip("only virtual time says exactly when each try begins");
    assert_true(place_open(&p));
    assert_int_equal((int)(seconds_to_connect(&p, p.host, 0, 0) * 4), 1);
    assert_int_equal((int)seconds_to_connect(&p, p.host, 2, 0), 2);
    assert_int_equal((int)(seconds_to_connect(&p, p.host, -1, 0) * 4), 0);
    assert_int_equal((int)seconds_to_connect(&p, p.host, INFINITY, 0), 127);
    assert_int_equal((int)seconds_to_connect(&p, list, 1, 0), 3);  /* turns: the IPv6 one comes second */
    assert_int_equal((int)seconds_to_connect(&p, list, 1, 2), 3);  /* third */
    assert_int_equal((int)seconds_to_connect(&p, list, 1, 3), 2);  /* fourth */
    assert_int_equal((int)seconds_to_connect(&p, list, 1, -1), 2); /* the resolver's order */
    assert_int_equal((int)seconds_to_connect(&p, list, INFINITY, 0), 254);
    assert_int_equal((int)seconds_to_connect(&p, list, INFINITY, 1), 381);
    place_close(&p);
    return 0;
}

TASK_TEST(delay_that_is_no_number_is_refused)
{
    eddy_stream *stream;
    eddy_connect_options options = {.size = sizeof options, .happy_eyeballs_delay = NAN};
    (void)arg;
    assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", "9", &options), EDDY_EINVAL);
    return 0;
}

static int connect_to_nobody(void *arg)
{
    eddy_stream *stream;
    eddy_connect_options options = {.size = sizeof options, .happy_eyeballs_delay = -1};
    return eddy_open_connection(&stream, arg, "9", &options);
}

static void unheard(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context; /* the task is destroyed while it is pending: on purpose */
    (void)arg;
}

/* Where nobody answers and where the answer comes at once, so that it ends at every place of the race. */
static void rule_N1_loop_closed_in_the_middle_gives_all_back(void **state)
{
    static char *const hosts[] = {"100::1,192.0.2.1,127.0.0.1", "127.0.0.1", "::1"};
    (void)state;
    for (int i = support_is_simulated() ? 0 : 1; i < 3; i++)
        for (int turns = 0; turns < 6; turns++) {
            eddy_task *task;
            long blocks = support_live_blocks();
            int descriptors = support_open_descriptors();
            eddy_loop *loop = make_loop();
            assert_int_equal(eddy_loop_set_exception_handler(loop, unheard, NULL), 0);
            assert_int_equal(eddy_loop_create_task(loop, &task, connect_to_nobody, hosts[i], NULL), 0);
            for (int k = 0; k < turns; k++)
                assert_true(eddy_loop_run_once(loop, 0) >= 0);
            end_loop(loop);
            eddy_task_release(task);
            support_expect_unchanged(blocks, descriptors);
        }
}

/* T7: two requests before the delivery are one delivery; what is awaited next is not disturbed. */
static int clean_up_after(int rc)
{
    assert_int_equal(rc, EDDY_ECANCELED);
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(eddy_task_cancelling(eddy_current_task()), 2);
    return EDDY_ECANCELED;
}

static int connect_into_a_hole(void *arg)
{
    eddy_stream *stream;
    (void)arg;
    return clean_up_after(eddy_open_connection(&stream, "192.0.2.1", "9", NULL));
}

static int read_from(void *stream)
{
    char byte;
    return clean_up_after((int)eddy_stream_read(stream, &byte, 1));
}

static void cancel_twice(eddy_coro_fn fn, void *arg)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, fn, arg, NULL), 0);
    assert_int_equal(eddy_sleep(0.001), 0);
    assert_true(eddy_task_cancel(task));
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_true(eddy_task_cancelled(task));
    eddy_task_release(task);
}

TASK_TEST(rule_T7_two_cancels_at_once_are_one_delivery_to_a_connect_or_a_read)
{
    stream_pair pair;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    cancel_twice(read_from, pair.client);
    pair_close(&pair);
    if (support_is_simulated()) /* elsewhere 192.0.2.1 may be refused at once */
        cancel_twice(connect_into_a_hole, NULL);
    return 0;
}

int suite_connect_race(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_N1_failed_attempt_starts_the_next),
        cmocka_unit_test(rule_T7_two_cancels_at_once_are_one_delivery_to_a_connect_or_a_read),
        cmocka_unit_test(fault_D6_black_holed_first_family_is_overtaken),
        cmocka_unit_test(fault_D6_create_connection_races_too),
        cmocka_unit_test(fault_D6_when_all_fail_each_error_is_told),
        cmocka_unit_test(fault_D6_race_cancelled_at_any_step_waits_for_all),
        cmocka_unit_test(fault_D6_winner_together_with_a_timeout),
        cmocka_unit_test(rule_N1_delay_and_order_are_as_asked_for),
        cmocka_unit_test(delay_that_is_no_number_is_refused),
        cmocka_unit_test(rule_N1_loop_closed_in_the_middle_gives_all_back),
    };
    return cmocka_run_group_tests_name("connect_race", tests, NULL, NULL);
}
