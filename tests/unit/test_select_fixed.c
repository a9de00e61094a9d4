/* test_select_fixed.c: select where the sets have a fixed size: larger numbers are refused before a set is touched.
 * Touches seam 1. The poller is compiled once more, with the limit that other systems have. */
#include <sys/select.h>

#define EDDYI_SELECT_LIMIT   FD_SETSIZE
#define eddyi_backend_select eddyi_backend_select_fixed
#include "backends/select.c"
#undef READ

#include "unit/test_readiness_bench.h"

#include <sys/resource.h>

static void fault_P1_number_beyond_the_set_is_refused(void **state)
{
    (void)state;
    int ends[2];
    struct rlimit limit;
    char in;
    trial t;
    eddyi_descriptor d;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < FD_SETSIZE + 1) {
        limit.rlim_cur = FD_SETSIZE + 1;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    bench b = bench_open(&eddyi_backend_select_fixed);
    local_pair(ends, SOCK_STREAM);
    assert_int_equal(dup2(ends[0], FD_SETSIZE), FD_SETSIZE);
    eddyi_descriptor large = {.fd = FD_SETSIZE, .kind = EDDYI_STREAM};
    assert_int_equal(b.ops->attach(b.backend, &large), EDDY_EINVAL);
    assert_false(large.attached);
    close(FD_SETSIZE);
    assert_int_equal(dup2(ends[0], FD_SETSIZE - 1), FD_SETSIZE - 1);
    close(ends[0]);
    attach(&b, &d, FD_SETSIZE - 1, EDDYI_STREAM);
    trial_submit(&b, &t, &d, EDDYI_RECV, &in, 1);
    assert_int_equal(send(ends[1], "x", 1, 0), 1);
    assert_int_equal(trial_finish(&b, &t), 1);
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fault_P1_number_beyond_the_set_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
