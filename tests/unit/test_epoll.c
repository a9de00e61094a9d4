/* test_epoll.c: what only epoll does: what a request costs in system calls, nanoseconds and their fall-back, long waits.
 * Touches seam 1, injection and sockets of the system. */
#include "unit/test_readiness_bench.h"

extern const eddyi_backend_ops eddyi_backend_epoll;

/* The peer sends, we echo: one recv, one send and a share of one wait; nothing is told to the kernel in between. */
static void echo_costs_one_receive_and_one_send(void **state)
{
    (void)state;
    enum { ROUNDS = 50, CONNECTIONS = 4 };
    int ends[CONNECTIONS][2];
    eddyi_descriptor d[CONNECTIONS];
    char in[CONNECTIONS][256], answer[256];
    trial t[CONNECTIONS];
    bench b = bench_open(&eddyi_backend_epoll);
    eddyi_inject_start(NULL);
    for (int i = 0; i < CONNECTIONS; i++) {
        loopback_pair(ends[i]);
        attach(&b, &d[i], ends[i][0], EDDYI_STREAM);
        trial_submit(&b, &t[i], &d[i], EDDYI_RECV, in[i], sizeof in[i]);
    }
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_epoll_ctl), CONNECTIONS);
    for (int round = 0; round < ROUNDS; round++) {
        if (round == 1)
            eddyi_inject_start(NULL); /* warm: the first rounds found out what short reads prove */
        for (int i = 0; i < CONNECTIONS; i++)
            assert_int_equal(send(ends[i][1], "request", 7, 0), 7);
        for (int i = 0; i < CONNECTIONS; i++) {
            assert_int_equal(trial_finish(&b, &t[i]), 7);
            trial answered;
            trial_submit(&b, &answered, &d[i], EDDYI_SEND, in[i], 7);
            assert_false(answered.lent);
            assert_int_equal(answered.result.value, 7);
            trial_submit(&b, &t[i], &d[i], EDDYI_RECV, in[i], sizeof in[i]);
            assert_true(t[i].lent);
        }
        for (int i = 0; i < CONNECTIONS; i++) {
            ssize_t n = -1;
            while (n < 0)
                n = recv(ends[i][1], answer, sizeof answer, 0);
            assert_int_equal(n, 7);
        }
    }
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_recv), CONNECTIONS * (ROUNDS - 1));
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_send), CONNECTIONS * (ROUNDS - 1));
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_epoll_ctl), 0);
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_getsockname), 0);
    assert_in_range(kernel_waits(), ROUNDS - 1, CONNECTIONS * (ROUNDS - 1));
    eddyi_inject_stop();
    for (int i = 0; i < CONNECTIONS; i++) {
        trial_cancel(&b, &t[i]);
        release(&b, &d[i]);
        close(ends[i][1]);
    }
    bench_close(&b);
}

/* A socket that is not connected yet "hangs up"; that must not make its short reads worthless for ever. */
static void end_told_before_connect_does_not_count(void **state)
{
    (void)state;
    struct sockaddr_in at;
    eddyi_address address = {.size = sizeof at};
    eddyi_descriptor d;
    char in[16];
    trial t = {.lent = true};
    bench b = bench_open(&eddyi_backend_epoll);
    int listener = loopback_listener(&at);
    memcpy(address.bytes, &at, sizeof at);
    attach(&b, &d, socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), EDDYI_STREAM);
    assert_int_equal(bench_wait_for(&b, MILLISECOND), 0);
    t.op = (eddyi_op){.descriptor = &d, .kind = EDDYI_CONNECT, .address = &address, .waiter = &t};
    if (b.ops->submit(b.backend, &t.op, &t.result) == EDDYI_DONE)
        t.lent = false;
    assert_int_equal(trial_finish(&b, &t), 0);
    int peer = accept(listener, NULL, NULL);
    assert_int_equal(send(peer, "short", 5, 0), 5);
    assert_int_equal(perform(&b, &d, EDDYI_RECV, in, sizeof in), 5);
    eddyi_inject_start(NULL);
    trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_recv), 0); /* known to be drained */
    eddyi_inject_stop();
    trial_cancel(&b, &t);
    release(&b, &d);
    close(peer);
    close(listener);
    bench_close(&b);
}

static void without_epoll(int os_error)
{
    const eddyi_inject_plan plan = {
        .fail_at = 1, .fail_after_too = true, .calls = BIT_OF(epoll_pwait2), .os_error = os_error};
    bench b = bench_open(&eddyi_backend_epoll);
    eddyi_inject_start(&plan);
    for (int i = 0; i < 10; i++) {
        uint64_t deadline = eddyi_clock_now() + 100000 + 300000 * (uint64_t)i;
        assert_int_equal(bench_wait(&b, deadline, 4), 0);
        assert_true(eddyi_clock_now() >= deadline);
    }
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_epoll_pwait2), 1);
    assert_in_range(eddyi_inject_count_of(EDDYI_INJECT_epoll_wait), 10,
                    20); /* rounded up: no spin at the end */
    eddyi_inject_stop();
    bench_close(&b);
}

static void fault_P16_missing_pwait2_falls_back_once(void **state)
{
    (void)state;
    without_epoll(ENOSYS);
    without_epoll(EPERM);
}

static void fault_P16_missing_epoll_is_told_by_probe(void **state)
{
    (void)state;
    const eddyi_inject_plan plan = {.fail_at = 1, .calls = BIT_OF(epoll_create1), .os_error = ENOSYS};
    assert_int_equal(eddyi_backend_epoll.probe(), 0);
    eddyi_inject_start(&plan);
    int rc = eddyi_backend_epoll.probe();
    eddyi_inject_stop();
    assert_int_equal(rc, EDDY_ENOSYS);
}

static void deadline_in_a_hundred_years_waits_for_the_wake(void **state)
{
    (void)state;
    static const uint64_t years = UINT64_C(100) * 365 * 24 * 3600 * 1000000000;
    for (int missing = 0; missing < 2; missing++) {
        const eddyi_inject_plan plan = {
            .fail_at = 1, .fail_after_too = true, .calls = BIT_OF(epoll_pwait2), .os_error = ENOSYS};
        int ends[2];
        char in[4];
        eddyi_descriptor d;
        trial t;
        bench b = bench_open(&eddyi_backend_epoll);
        local_pair(ends, SOCK_STREAM);
        attach(&b, &d, ends[0], EDDYI_STREAM);
        trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
        eddyi_inject_start(missing ? &plan : NULL);
        b.ops->wake(b.backend);
        assert_int_equal(bench_wait(&b, eddyi_clock_now() + years, 4), 0);
        assert_int_equal(send(ends[1], "x", 1, 0), 1);
        assert_int_equal(bench_wait(&b, eddyi_clock_now() + years, 4), 1);
        eddyi_inject_stop();
        assert_int_equal(t.result.value, 1);
        release(&b, &d);
        close(ends[1]);
        bench_close(&b);
    }
}

/* When the kernel is out of room for watches, attach says so and a later one succeeds. */
static void full_kernel_is_told_by_attach_only(void **state)
{
    (void)state;
    const eddyi_inject_plan plan = {.fail_at = 1, .calls = BIT_OF(epoll_ctl), .os_error = ENOSPC};
    int ends[2];
    bench b = bench_open(&eddyi_backend_epoll);
    local_pair(ends, SOCK_STREAM);
    eddyi_descriptor d = {.fd = ends[0], .kind = EDDYI_STREAM};
    eddyi_inject_start(&plan);
    int rc = b.ops->attach(b.backend, &d);
    eddyi_inject_stop();
    assert_int_equal(rc, EDDY_ENOMEM);
    assert_false(d.attached);
    attach(&b, &d, ends[0], EDDYI_STREAM);
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

/* Beginning again can fail as well: then the old one goes on, and the next stale events try again, less often. */
static void fault_P3_renewal_that_fails_is_tried_again(void **state)
{
    (void)state;
    int old[2];
    eddyi_descriptor gone;
    const eddyi_inject_plan plan = {.fail_at = 1, .calls = BIT_OF(epoll_create1), .os_error = EMFILE};
    int before = open_descriptors();
    bench b = bench_open(&eddyi_backend_epoll);
    local_pair(old, SOCK_STREAM);
    attach(&b, &gone, old[0], EDDYI_STREAM);
    int copy = dup(old[0]);
    close(old[0]);
    b.ops->detach(b.backend, &gone);
    eddyi_inject_start(&plan);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(send(old[1], "x", 1, 0), 1);
        assert_int_equal(bench_wait_for(&b, MILLISECOND), 0);
        if (i == 3)
            assert_int_equal(eddyi_readiness_renewals(b.backend), 0);
    }
    eddyi_inject_stop();
    assert_int_equal(eddyi_readiness_renewals(b.backend), 1);
    close(copy);
    close(old[1]);
    bench_close(&b);
    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_costs_one_receive_and_one_send),
        cmocka_unit_test(end_told_before_connect_does_not_count),
        cmocka_unit_test(fault_P16_missing_pwait2_falls_back_once),
        cmocka_unit_test(fault_P16_missing_epoll_is_told_by_probe),
        cmocka_unit_test(deadline_in_a_hundred_years_waits_for_the_wake),
        cmocka_unit_test(full_kernel_is_told_by_attach_only),
        cmocka_unit_test(fault_P3_renewal_that_fails_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
