/* test_epoll_fresh.c: descriptors that the kernel has just made are watched when an op first waits, and lose nothing by it.
 * Touches seam 1, injection and sockets of the system. Over epoll: what is counted and refused are its calls. */
#include "unit/test_readiness_bench.h"

extern const eddyi_backend_ops eddyi_backend_epoll;

static void attach_fresh(bench *b, eddyi_descriptor *d, int fd)
{
    *d = (eddyi_descriptor){.fd = fd, .kind = EDDYI_STREAM, .fresh = true};
    assert_int_equal(b->ops->attach(b->backend, d), 0);
}

static void connection_that_never_waits_is_never_watched(void **state)
{
    (void)state;
    int ends[2];
    char in[8];
    eddyi_descriptor d;
    bench b = bench_open(&eddyi_backend_epoll);
    loopback_pair(ends);
    assert_int_equal(send(ends[1], "ask", 3, 0), 3);
    eddyi_inject_start(NULL);
    attach_fresh(&b, &d, ends[0]);
    assert_int_equal(perform(&b, &d, EDDYI_RECV, in, sizeof in), 3);
    assert_int_equal(perform(&b, &d, EDDYI_SEND, in, 3), 3);
    release(&b, &d);
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_epoll_ctl), 0);
    eddyi_inject_stop();
    close(ends[1]);
    bench_close(&b);
}

static void what_came_before_the_watch_is_told(void **state)
{
    (void)state;
    int ends[2];
    char in[8];
    eddyi_descriptor d;
    trial t;
    bench b = bench_open(&eddyi_backend_epoll);
    loopback_pair(ends);
    attach_fresh(&b, &d, ends[0]);
    eddyi_inject_start(NULL);
    trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
    assert_true(t.lent);
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_epoll_ctl), 1);
    assert_int_equal(send(ends[1], "late", 4, 0), 4);
    assert_int_equal(trial_finish(&b, &t), 4);
    trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    assert_int_equal(trial_finish(&b, &t), 0);
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_epoll_ctl), 1);
    eddyi_inject_stop();
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

static void watch_that_is_refused_ends_the_op_that_wanted_it(void **state)
{
    (void)state;
    int ends[2];
    char in[8];
    eddyi_descriptor d;
    trial t;
    const eddyi_inject_plan plan = {.fail_at = 1, .calls = BIT_OF(epoll_ctl), .os_error = ENOSPC};
    bench b = bench_open(&eddyi_backend_epoll);
    loopback_pair(ends);
    attach_fresh(&b, &d, ends[0]);
    eddyi_inject_start(&plan);
    trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
    eddyi_inject_stop();
    assert_false(t.lent);
    assert_int_equal(t.result.value, EDDY_ENOMEM);
    assert_int_equal(send(ends[1], "again", 5, 0), 5); /* nothing was lost, and the next one tries again */
    assert_int_equal(perform(&b, &d, EDDYI_RECV, in, sizeof in), 5);
    trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
    assert_true(t.lent);
    trial_cancel(&b, &t);
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

static void fault_P4_second_attach_of_a_fresh_one_is_refused(void **state)
{
    (void)state;
    int ends[2];
    char in[8];
    eddyi_descriptor d, other = {.kind = EDDYI_FOREIGN};
    trial t;
    bench b = bench_open(&eddyi_backend_epoll);
    loopback_pair(ends);
    attach_fresh(&b, &d, ends[0]);
    other.fd = ends[0];
    assert_int_equal(b.ops->attach(b.backend, &other), EDDY_EEXIST);
    trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
    assert_true(t.lent);
    assert_int_equal(send(ends[1], "ours", 4, 0), 4);
    assert_int_equal(trial_finish(&b, &t), 4);
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

static void fault_P2_fresh_one_closed_and_number_given_to_another(void **state)
{
    (void)state;
    int old[2], ends[2];
    char in[8];
    eddyi_descriptor lost, d;
    bench b = bench_open(&eddyi_backend_epoll);
    loopback_pair(old);
    attach_fresh(&b, &lost, old[0]);
    loopback_pair(ends);
    assert_int_equal(dup2(ends[0], old[0]), old[0]); /* closes the old one behind our back */
    attach_fresh(&b, &d, old[0]);
    assert_int_equal(perform(&b, &lost, EDDYI_RECV, in, sizeof in), EDDY_EBADF);
    assert_int_equal(send(ends[1], "new", 3, 0), 3);
    assert_int_equal(perform(&b, &d, EDDYI_RECV, in, sizeof in), 3);
    b.ops->detach(b.backend, &lost);
    release(&b, &d);
    close(ends[0]);
    close(ends[1]);
    close(old[1]);
    bench_close(&b);
}

static void fault_P3_renewal_leaves_unwatched_ones_alone(void **state)
{
    (void)state;
    int old[2], ends[2];
    char in[8];
    eddyi_descriptor gone, d;
    trial t;
    bench b = bench_open(&eddyi_backend_epoll);
    loopback_pair(ends);
    attach_fresh(&b, &d, ends[0]);
    local_pair(old, SOCK_STREAM);
    attach(&b, &gone, old[0], EDDYI_STREAM);
    int copy = dup(old[0]);
    close(old[0]);
    b.ops->detach(b.backend, &gone);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(send(old[1], "x", 1, 0), 1);
        assert_int_equal(bench_wait_for(&b, MILLISECOND), 0);
    }
    assert_int_equal(eddyi_readiness_renewals(b.backend), 1);
    trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
    assert_int_equal(send(ends[1], "still", 5, 0), 5);
    assert_int_equal(trial_finish(&b, &t), 5);
    release(&b, &d);
    close(copy);
    close(old[1]);
    close(ends[1]);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connection_that_never_waits_is_never_watched),
        cmocka_unit_test(what_came_before_the_watch_is_told),
        cmocka_unit_test(watch_that_is_refused_ends_the_op_that_wanted_it),
        cmocka_unit_test(fault_P4_second_attach_of_a_fresh_one_is_refused),
        cmocka_unit_test(fault_P2_fresh_one_closed_and_number_given_to_another),
        cmocka_unit_test(fault_P3_renewal_leaves_unwatched_ones_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
