/* test_attempt_datagrams.c: single attempts of operations on datagram sockets, one and many in a call.
 * Touches seam 2, the injection table and options of sockets. */
#include <netinet/in.h>

#include "test_attempt_bench.h"

#ifndef SENDS_RUNS /* by platform/linux/segments.c */
#define SENDS_RUNS 0
#endif

/* ---- datagrams ---- */

static void fault_U5_datagrams_keep_their_bounds_and_may_be_empty(void **state)
{
    eddyi_address a_address, b_address, from;
    port a = datagram_socket(&a_address), b = datagram_socket(&b_address);
    char head[2], tail[14];
    eddyi_buffer out[] = {{"ab", 2}, {"cd", 2}}, in[] = {{head, 2}, {tail, 14}};
    (void)state;
    assert_int_equal(attempt_buffers(&b, EDDYI_RECVFROM, in, 2, &from, 0), EDDY_EAGAIN);
    assert_int_equal(attempt_buffers(&a, EDDYI_SENDTO, out, 2, &b_address, 0), 4);
    assert_int_equal(attempt_buffers(&a, EDDYI_SENDTO, out, 0, &b_address, 0), 0);
    await_events(&b, POLLIN);
    assert_int_equal(attempt_buffers(&b, EDDYI_RECVFROM, in, 2, &from, 0), 4);
    assert_memory_equal(tail, "cd", 2);
    assert_int_equal(net->port(&from), net->port(&a_address));
    assert_int_equal(attempt_buffers(&b, EDDYI_RECVFROM, in, 2, NULL, 0), 0); /* a message, not an end */
    assert_int_equal(attempt_buffers(&b, EDDYI_RECVFROM, in, 2, &from, 0), EDDY_EAGAIN);
    close_port(&a);
    close_port(&b);
}

static void fault_U1_a_refused_datagram_is_told_and_the_socket_goes_on(void **state)
{
    eddyi_address a_address, b_address;
    port a = datagram_socket(&a_address), b = datagram_socket(&b_address);
    char byte = 'x';
    eddyi_buffer one = {&byte, 1};
    (void)state;
    assert_int_equal(connect_to(&a, &b_address), 0);
    close_port(&b);
    assert_int_equal(attempt_buffers(&a, EDDYI_SENDTO, &one, 1, NULL, 0), 1);
    await_events(&a, POLLIN);
    assert_int_equal(attempt_buffers(&a, EDDYI_RECVFROM, &one, 1, NULL, 0), EDDY_ECONNREFUSED);
    assert_int_equal(attempt_buffers(&a, EDDYI_RECVFROM, &one, 1, NULL, 0), EDDY_EAGAIN);
    close_port(&a);
}

/* ---- many in one call ---- */

enum { LARGE = 8000 };

static char content[EDDYI_MOST_AT_ONCE][LARGE];

static int64_t send_many(port *from, eddyi_buffer *buffers, uint32_t count, eddyi_address *to)
{
    eddyi_op op = {.descriptor = &from->descriptor,
                   .kind = EDDYI_SENDTO,
                   .flags = EDDYI_MANY,
                   .buffers = buffers,
                   .buffer_count = count,
                   .address = to};
    return eddyi_attempt(&op, &from->os_error);
}

/* Datagrams of these sizes, each filled with its number; sizes end with -1. */
static uint32_t make_datagrams(eddyi_buffer *buffers, const int *sizes)
{
    uint32_t count = 0;
    for (; sizes[count] >= 0; count++) {
        memset(content[count], 'a' + (int)count, LARGE);
        buffers[count] = (eddyi_buffer){content[count], (size_t)sizes[count]};
    }
    return count;
}

static void send_all(port *from, eddyi_buffer *buffers, uint32_t count, eddyi_address *to)
{
    uint32_t sent = 0;
    while (sent < count) {
        int64_t n = send_many(from, buffers + sent, count - sent, to != NULL ? to + sent : NULL);
        assert_true(n > 0);
        sent += (uint32_t)n;
    }
    assert_int_equal(sent, count);
}

static void expect_datagram(port *at, int number, int size)
{
    static char got[LARGE + 1];
    await_events(at, POLLIN);
    assert_int_equal(attempt(at, EDDYI_RECVFROM, got, sizeof got), size);
    for (int i = 0; i < size; i++)
        assert_int_equal(got[i], 'a' + number);
}

/* Those of one size, a shorter one behind them, growing ones, empty ones, and more bytes than one datagram may have. */
static const int runs[][EDDYI_MOST_AT_ONCE + 1] = {
    {100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, -1},
    {64, 64, 64, 10, 64, 64, 1, 64, -1},
    {1, 2, 3, 3, 3, 2, 2, 1, 1, -1},
    {0, 5, 0, 5, 5, 0, 0, 5, -1},
    {0, 0, 0, -1},
    {LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, 7, 7, -1},
    {1200, -1},
};
enum { RUNS = sizeof runs / sizeof runs[0] };

static void expect_all_runs(port *from, port *at, const eddyi_address *to)
{
    for (int r = 0; r < RUNS; r++) {
        eddyi_buffer buffers[EDDYI_MOST_AT_ONCE];
        eddyi_address addresses[EDDYI_MOST_AT_ONCE];
        uint32_t count = make_datagrams(buffers, runs[r]);
        for (uint32_t i = 0; to != NULL && i < count; i++)
            addresses[i] = *to;
        send_all(from, buffers, count, to != NULL ? addresses : NULL);
        for (uint32_t i = 0; i < count; i++)
            expect_datagram(at, (int)i, runs[r][i]);
        char byte = 0;
        assert_int_equal(attempt(at, EDDYI_RECVFROM, &byte, 1), EDDY_EAGAIN);
    }
}

static void fault_U5_many_keep_their_bounds_and_their_order(void **state)
{
    eddyi_address a_address, b_address;
    port a = datagram_socket(&a_address), b = datagram_socket(&b_address);
    (void)state;
    expect_all_runs(&a, &b, &b_address);
    assert_int_equal(connect_to(&a, &b_address), 0);
    expect_all_runs(&a, &b, NULL);
    close_port(&a);
    close_port(&b);
}

static void many_go_to_whom_each_is_addressed(void **state)
{
    static const int sizes[] = {50, 50, 50, 50, 50, 50, -1}, receiver[] = {0, 0, 1, 0, 1, 1};
    eddyi_address here, to[2], addresses[EDDYI_MOST_AT_ONCE];
    eddyi_buffer buffers[EDDYI_MOST_AT_ONCE];
    port from = datagram_socket(&here), at[2] = {datagram_socket(&to[0]), datagram_socket(&to[1])};
    uint32_t count = make_datagrams(buffers, sizes);
    (void)state;
    for (uint32_t i = 0; i < count; i++)
        addresses[i] = to[receiver[i]];
    send_all(&from, buffers, count, addresses);
    for (uint32_t i = 0; i < count; i++)
        expect_datagram(&at[receiver[i]], (int)i, 50);
    close_port(&from);
    close_port(&at[0]);
    close_port(&at[1]);
}

static void many_local_ones_stay_apart(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    port a = port_of(ends[0], EDDYI_DATAGRAM), b = port_of(ends[1], EDDYI_DATAGRAM);
    for (int r = 0; r < RUNS; r++) {
        eddyi_buffer buffers[EDDYI_MOST_AT_ONCE];
        uint32_t count = make_datagrams(buffers, runs[r]);
        for (uint32_t sent = 0; sent < count;) { /* a queue of this kind holds some ten */
            int64_t n = send_many(&a, buffers + sent, count - sent, NULL);
            assert_true(n > 0);
            for (int64_t i = 0; i < n; i++, sent++)
                expect_datagram(&b, (int)sent, runs[r][sent]);
        }
    }
    close_port(&a);
    close_port(&b);
}

#ifdef SO_NO_CHECK
/* A socket that makes no checksums sends single datagrams only (Linux). */
static void many_go_one_by_one_where_they_cannot_go_together(void **state)
{
    eddyi_address a_address, b_address;
    port a = datagram_socket(&a_address), b = datagram_socket(&b_address);
    int yes = 1;
    (void)state;
    assert_int_equal(setsockopt((int)a.descriptor.fd, SOL_SOCKET, SO_NO_CHECK, &yes, sizeof yes), 0);
    expect_all_runs(&a, &b, &b_address);
    close_port(&a);
    close_port(&b);
}
#endif

/* Linux's receiver that takes runs whole (udp(7), UDP_GRO) shows that they were sent so. */
static void many_of_one_size_go_together(void **state)
{
    enum { TAKES_RUNS = 104 };
    static const int sizes[] = {500, 500, 500, 500, 20, -1};
    eddyi_address a_address, b_address;
    eddyi_buffer buffers[EDDYI_MOST_AT_ONCE];
    char got[LARGE];
    port a = datagram_socket(&a_address), b = datagram_socket(&b_address);
    int yes = 1;
    (void)state;
    if (SENDS_RUNS && setsockopt((int)b.descriptor.fd, IPPROTO_UDP, TAKES_RUNS, &yes, sizeof yes) == 0) {
        assert_int_equal(connect_to(&a, &b_address), 0);
        send_all(&a, buffers, make_datagrams(buffers, sizes), NULL);
        await_events(&b, POLLIN);
        assert_int_equal(attempt(&b, EDDYI_RECVFROM, got, sizeof got), 2020);
    } else {
        print_message("the system has no such receiver\n");
    }
    close_port(&a);
    close_port(&b);
}

/* What a network interface or an old kernel answers: all go nevertheless. */
static void fault_U5_refused_runs_go_one_by_one(void **state)
{
    static const struct {
        enum eddyi_inject_call call;
        int error;
    } refusals[] = {
        {EDDYI_INJECT_getsockopt, ENOPROTOOPT}, {EDDYI_INJECT_sendmsg, EINTR}, {EDDYI_INJECT_sendmsg, EIO}};
    static const int sizes[] = {9, 9, 9, 9, -1};
    eddyi_address a_address, b_address;
    port a = datagram_socket(&a_address), b = datagram_socket(&b_address);
    eddyi_buffer buffers[EDDYI_MOST_AT_ONCE];
    uint32_t count = make_datagrams(buffers, sizes);
    (void)state;
    assert_int_equal(connect_to(&a, &b_address), 0);
    for (size_t r = 0; r < sizeof refusals / sizeof refusals[0]; r++) {
        const eddyi_inject_plan plan = {
            .fail_at = 1, .calls = UINT64_C(1) << refusals[r].call, .os_error = refusals[r].error};
        eddyi_inject_start(&plan);
        int64_t n = send_many(&a, buffers, count, NULL);
        eddyi_inject_stop();
        if (n == EDDY_EIO) /* a system that has no runs had no reason to try again */
            n = send_many(&a, buffers, count, NULL);
        assert_int_equal(n, count);
        for (uint32_t i = 0; i < count; i++)
            expect_datagram(&b, (int)i, 9);
    }
    close_port(&a);
    close_port(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_U5_datagrams_keep_their_bounds_and_may_be_empty),
        cmocka_unit_test(fault_U5_many_keep_their_bounds_and_their_order),
        cmocka_unit_test(many_of_one_size_go_together),
        cmocka_unit_test(many_go_to_whom_each_is_addressed),
        cmocka_unit_test(many_local_ones_stay_apart),
#ifdef SO_NO_CHECK
        cmocka_unit_test(many_go_one_by_one_where_they_cannot_go_together),
#endif
        cmocka_unit_test(fault_U5_refused_runs_go_one_by_one),
        cmocka_unit_test(fault_U1_a_refused_datagram_is_told_and_the_socket_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
