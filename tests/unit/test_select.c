/* test_select.c: what only select does: large descriptor numbers, descriptors that went bad, fairness over the numbers.
 * Touches seam 1, injection and sockets of the system. */
#include "unit/test_readiness_bench.h"

#include <sys/resource.h>

extern const eddyi_backend_ops eddyi_backend_select;

static void want_numbers(rlim_t count)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < count) {
        limit.rlim_cur = count;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
}

static void fault_P1_large_numbers_are_served(void **state)
{
    (void)state;
    static const int numbers[] = {1022, 1023, 1024, 1025, 5000};
    enum { COUNT = sizeof numbers / sizeof numbers[0] };
    int ends[COUNT][2];
    char in[COUNT], big[4096];
    eddyi_descriptor d[COUNT];
    trial t[COUNT];
    memset(big, 'b', sizeof big);
    want_numbers(5001);
    bench b = bench_open(&eddyi_backend_select);
    for (int i = 0; i < COUNT; i++) {
        local_pair(ends[i], SOCK_STREAM);
        assert_int_equal(dup2(ends[i][0], numbers[i]), numbers[i]);
        close(ends[i][0]);
        attach(&b, &d[i], numbers[i], EDDYI_STREAM);
        trial_submit(&b, &t[i], &d[i], EDDYI_RECV, &in[i], 1);
        assert_true(t[i].lent);
    }
    assert_int_equal(bench_wait_for(&b, MILLISECOND), 0);
    for (int i = COUNT - 1; i >= 0; i--) {
        assert_int_equal(send(ends[i][1], "x", 1, 0), 1);
        assert_int_equal(trial_finish(&b, &t[i]), 1);
    }
    trial full; /* the writing set reaches as far */
    do
        trial_submit(&b, &full, &d[COUNT - 1], EDDYI_SEND, big, sizeof big);
    while (!full.lent);
    while (recv(ends[COUNT - 1][1], big, sizeof big, 0) > 0)
        ;
    assert_in_range(trial_finish(&b, &full), 1, sizeof big);
    for (int i = 0; i < COUNT; i++) {
        release(&b, &d[i]);
        close(ends[i][1]);
    }
    bench_close(&b);
}

static void fault_P1_growing_needs_memory_in_attach_only(void **state)
{
    (void)state;
    int ends[2], number = 3000;
    const eddyi_inject_plan plan = {.fail_at = 1, .fail_after_too = true, .calls = BIT_OF(memory)};
    char in;
    trial t;
    want_numbers(5001);
    bench b = bench_open(&eddyi_backend_select);
    local_pair(ends, SOCK_STREAM);
    assert_int_equal(dup2(ends[0], number), number);
    close(ends[0]);
    eddyi_descriptor d = {.fd = number, .kind = EDDYI_STREAM};
    eddyi_inject_start(&plan);
    int rc = b.ops->attach(b.backend, &d);
    eddyi_inject_stop();
    assert_int_equal(rc, EDDY_ENOMEM);
    attach(&b, &d, number, EDDYI_STREAM);
    eddyi_inject_start(&plan);
    trial_submit(&b, &t, &d, EDDYI_RECV, &in, 1);
    assert_int_equal(send(ends[1], "x", 1, 0), 1);
    assert_int_equal(trial_finish(&b, &t), 1);
    eddyi_inject_stop();
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

/* select fails as a whole when one number is bad: the owner must be told, the others served, and nothing may spin. */
static void bad_descriptor_is_told_to_its_owner(void **state)
{
    (void)state;
    int bad[2], good[2];
    char in_bad, in_good;
    eddyi_descriptor gone, living;
    trial lost, served;
    bench b = bench_open(&eddyi_backend_select);
    local_pair(bad, SOCK_STREAM);
    local_pair(good, SOCK_STREAM);
    attach(&b, &gone, bad[0], EDDYI_STREAM);
    attach(&b, &living, good[0], EDDYI_STREAM);
    trial_submit(&b, &lost, &gone, EDDYI_RECV, &in_bad, 1);
    trial_submit(&b, &served, &living, EDDYI_RECV, &in_good, 1);
    close(bad[0]);
    eddyi_inject_start(NULL);
    assert_int_equal(trial_finish(&b, &lost), EDDY_EBADF);
    assert_int_equal(send(good[1], "x", 1, 0), 1);
    assert_int_equal(trial_finish(&b, &served), 1);
    assert_int_equal(bench_wait_for(&b, 20 * MILLISECOND), 0);
    uint64_t waits = kernel_waits();
    eddyi_inject_stop();
    assert_in_range(waits, 2, 6);
    b.ops->detach(b.backend, &gone);
    release(&b, &living);
    close(bad[1]);
    close(good[1]);
    bench_close(&b);
}

/* Batches of two events and eight ready descriptors: the high numbers must have their turn. */
static void small_batches_reach_every_number(void **state)
{
    (void)state;
    enum { PAIRS = 8 };
    int ends[PAIRS][2];
    eddyi_descriptor d[PAIRS];
    trial t[PAIRS];
    bench b = {.ops = &eddyi_backend_select};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_P1_large_numbers_are_served),
        cmocka_unit_test(fault_P1_growing_needs_memory_in_attach_only),
        cmocka_unit_test(bad_descriptor_is_told_to_its_owner),
        cmocka_unit_test(small_batches_reach_every_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
