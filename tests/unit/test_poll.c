/* test_poll.c: what only poll does: any descriptor number, hang-ups that nobody asked for, numbers that went bad, fairness.
 * Touches seam 1, injection and sockets of the system. */
#include "unit/test_readiness_bench.h"

#include <sys/resource.h>

extern const eddyi_backend_ops eddyi_backend_poll;

static void want_numbers(rlim_t count)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < count) {
        limit.rlim_cur = count;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
}

static void large_numbers_need_memory_in_attach_only(void **state)
{
    (void)state;
    int ends[2], number = 5000;
    uint64_t failures = 1;
    const eddyi_inject_plan none_left = {.fail_at = 1, .fail_after_too = true, .calls = BIT_OF(memory)};
    want_numbers(5001);
    local_pair(ends, SOCK_STREAM);
    assert_int_equal(dup2(ends[0], number), number);
    close(ends[0]);
    for (uint64_t failing = 1; failures > 0; failing++) {
        const eddyi_inject_plan plan = {.fail_at = failing, .calls = BIT_OF(memory)};
        char in;
        trial t;
        bench b = bench_open(&eddyi_backend_poll);
        eddyi_descriptor d = {.fd = number, .kind = EDDYI_STREAM};
        eddyi_inject_start(&plan);
        int rc = b.ops->attach(b.backend, &d);
        failures = eddyi_inject_failures();
        eddyi_inject_stop();
        assert_int_equal(rc, failures > 0 ? EDDY_ENOMEM : 0);
        assert_int_equal(d.attached, rc == 0);
        if (rc < 0)
            assert_int_equal(b.ops->attach(b.backend, &d), 0); /* it was left as it was */
        eddyi_inject_start(&none_left);
        trial_submit(&b, &t, &d, EDDYI_RECV, &in, 1);
        assert_true(t.lent);
        assert_int_equal(send(ends[1], "x", 1, 0), 1);
        assert_int_equal(trial_finish(&b, &t), 1);
        eddyi_inject_stop();
        b.ops->detach(b.backend, &d);
        bench_close(&b);
    }
    close(number);
    close(ends[1]);
}

/* poll tells hang-ups and errors of all that it is shown, asked or not: it would never sleep again. */
static void hang_up_that_nobody_asked_for_is_not_seen(void **state)
{
    (void)state;
    int ends[2];
    char in;
    eddyi_descriptor d;
    trial t;
    bench b = bench_open(&eddyi_backend_poll);
    local_pair(ends, SOCK_STREAM);
    attach(&b, &d, ends[0], EDDYI_STREAM);
    trial_submit(&b, &t, &d, EDDYI_RECV, &in, 1);
    trial_cancel(&b, &t);
    close(ends[1]);
    eddyi_inject_start(NULL);
    for (int i = 0; i < 5; i++)
        assert_int_equal(bench_wait_for(&b, 5 * MILLISECOND), 0);
    uint64_t waits = kernel_waits();
    eddyi_inject_stop();
    assert_in_range(waits, 5, 12);
    assert_int_equal(perform(&b, &d, EDDYI_RECV, &in, 1), 0); /* who asks is told */
    release(&b, &d);
    bench_close(&b);
}

/* Several numbers go bad in one wait: each owner is told once, the others are served, and nothing may spin. */
static void bad_descriptors_are_told_to_their_owners(void **state)
{
    (void)state;
    enum { PAIRS = 6 };
    int ends[PAIRS][2];
    char in[PAIRS];
    eddyi_descriptor d[PAIRS];
    trial t[PAIRS];
    bench b = bench_open(&eddyi_backend_poll);
    for (int i = 0; i < PAIRS; i++) {
        local_pair(ends[i], SOCK_STREAM);
        attach(&b, &d[i], ends[i][0], EDDYI_STREAM);
        trial_submit(&b, &t[i], &d[i], EDDYI_RECV, &in[i], 1);
    }
    for (int i = 0; i < PAIRS; i += 2)
        close(ends[i][0]);
    for (int i = 0; i < PAIRS; i += 2)
        assert_int_equal(trial_finish(&b, &t[i]), EDDY_EBADF);
    eddyi_inject_start(NULL);
    assert_int_equal(bench_wait_for(&b, 20 * MILLISECOND), 0);
    uint64_t waits = kernel_waits();
    eddyi_inject_stop();
    assert_in_range(waits, 1, 3);
    for (int i = 0; i < PAIRS; i++) {
        assert_int_equal(t[i].reports, i % 2 == 0);
        if (i % 2 == 0) {
            b.ops->detach(b.backend, &d[i]);
        } else {
            assert_int_equal(send(ends[i][1], "x", 1, 0), 1);
            assert_int_equal(trial_finish(&b, &t[i]), 1);
            release(&b, &d[i]);
        }
        close(ends[i][1]);
    }
    bench_close(&b);
}

/* Batches of two events and eight ready descriptors: all must have their turn. */
static void small_batches_reach_everybody(void **state)
{
    (void)state;
    enum { PAIRS = 8 };
    int ends[PAIRS][2];
    eddyi_descriptor d[PAIRS];
    trial t[PAIRS];
    bench b = {.ops = &eddyi_backend_poll};
    eddyi_backend_config config = {.allocator = eddyi_default_allocator(), .batch = 2};
    assert_int_equal(b.ops->open(&b.backend, &config, &b.kinds), 0);
    for (int i = 0; i < PAIRS; i++) {
        local_pair(ends[i], SOCK_STREAM);
        assert_int_equal(send(ends[i][1], "x", 1, 0), 1);
        attach(&b, &d[i], ends[i][0], EDDYI_FOREIGN);
        t[i] = (trial){.lent = true};
        t[i].op = (eddyi_op){.descriptor = &d[i],
                             .kind = EDDYI_POLL,
                             .events = EDDYI_IN,
                             .flags = EDDYI_MULTI,
                             .waiter = &t[i]};
        assert_int_equal(b.ops->submit(b.backend, &t[i].op, &t[i].result), EDDYI_PENDING);
    }
    for (int i = 0; i < 80; i++)
        assert_in_range(bench_wait_for(&b, 1000 * MILLISECOND), 1, 2);
    for (int i = 0; i < PAIRS; i++) {
        assert_in_range(t[i].reports, 10, 40);
        trial_cancel(&b, &t[i]);
        release(&b, &d[i]);
        close(ends[i][1]);
    }
    bench_close(&b);
}

/* What is watched stands without gaps; taking some out and putting them back in another order must keep each with its owner. */
static void owners_keep_their_events_through_every_order(void **state)
{
    (void)state;
    enum { PAIRS = 7, ROUNDS = 300 };
    int ends[PAIRS][2];
    char in[PAIRS];
    eddyi_descriptor d[PAIRS];
    trial t[PAIRS];
    uint32_t random = 1;
    bench b = bench_open(&eddyi_backend_poll);
    for (int i = 0; i < PAIRS; i++) {
        local_pair(ends[i], SOCK_STREAM);
        attach(&b, &d[i], ends[i][0], EDDYI_STREAM);
        trial_submit(&b, &t[i], &d[i], EDDYI_RECV, &in[i], 1);
    }
    for (int round = 0; round < ROUNDS; round++) {
        random = random * 1664525 + 1013904223; /* Knuth's quick generator */
        int i = (int)(random >> 16) % PAIRS;
        char byte = (char)round;
        if (random >> 31) {
            trial_cancel(&b, &t[i]);
            b.ops->detach(b.backend, &d[i]);
            attach(&b, &d[i], ends[i][0], EDDYI_STREAM);
            trial_submit(&b, &t[i], &d[i], EDDYI_RECV, &in[i], 1);
        }
        assert_int_equal(send(ends[i][1], &byte, 1, 0), 1);
        assert_int_equal(trial_finish(&b, &t[i]), 1);
        assert_int_equal(in[i], byte);
        for (int other = 0; other < PAIRS; other++)
            assert_int_equal(t[other].lent, other != i);
        trial_submit(&b, &t[i], &d[i], EDDYI_RECV, &in[i], 1);
    }
    for (int i = 0; i < PAIRS; i++) {
        trial_cancel(&b, &t[i]);
        b.ops->detach(b.backend, &d[i]);
        assert_int_equal(send(ends[i][1], "x", 1, 0), 1);
    }
    eddyi_inject_start(NULL);
    assert_int_equal(bench_wait_for(&b, 10 * MILLISECOND), 0); /* nothing was left behind that is watched */
    uint64_t waits = kernel_waits();
    eddyi_inject_stop();
    assert_in_range(waits, 1, 3);
    for (int i = 0; i < PAIRS; i++) {
        close(ends[i][0]);
        close(ends[i][1]);
    }
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_numbers_need_memory_in_attach_only),
        cmocka_unit_test(hang_up_that_nobody_asked_for_is_not_seen),
        cmocka_unit_test(bad_descriptors_are_told_to_their_owners),
        cmocka_unit_test(small_batches_reach_everybody),
        cmocka_unit_test(owners_keep_their_events_through_every_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
