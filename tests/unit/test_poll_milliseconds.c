/* test_poll_milliseconds.c: poll where the system has no ppoll: milliseconds, rounded up, and an int of them.
 * Touches seam 1. The poller is compiled once more, as other systems have it. */
#define EDDYI_POLL_MILLISECONDS 1
#define eddyi_backend_poll      eddyi_backend_poll_milliseconds
#include "backends/poll.c"

#include "unit/test_readiness_bench.h"

static void short_waits_are_rounded_up_and_do_not_spin(void **state)
{
    enum { WAITS = 10 };
    (void)state;
    bench b = bench_open(&eddyi_backend_poll_milliseconds);
    eddyi_inject_start(NULL);
    for (int i = 0; i < WAITS; i++) {
        uint64_t deadline = eddyi_clock_now() + 100000 + 300000 * (uint64_t)i;
        assert_int_equal(bench_wait(&b, deadline, 4), 0);
        assert_true(eddyi_clock_now() >= deadline);
    }
    assert_in_range(eddyi_inject_count_of(EDDYI_INJECT_poll), WAITS, 2 * WAITS);
    eddyi_inject_stop();
    bench_close(&b);
}

static void deadlines_beyond_an_int_wait_for_the_wake(void **state)
{
    static const uint64_t years = UINT64_C(100) * 365 * 24 * 3600 * 1000000000;
    (void)state;
    bench b = bench_open(&eddyi_backend_poll_milliseconds);
    for (int forever = 0; forever < 2; forever++) {
        b.ops->wake(b.backend);
        assert_int_equal(bench_wait(&b, forever ? UINT64_MAX : eddyi_clock_now() + years, 4), 0);
    }
    assert_int_equal(bench_wait(&b, 0, 4), 0); /* 0 does not block, and the wakes are used up */
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_waits_are_rounded_up_and_do_not_spin),
        cmocka_unit_test(deadlines_beyond_an_int_wait_for_the_wake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
