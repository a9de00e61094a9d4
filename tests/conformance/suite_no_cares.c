/* suite_no_cares.c: a build without c-ares: lookups are made by threads, and nothing is asked of what is not there.
 * Touches the public API, and looks at the loop's threads. */
#include "core/loop/loop.h"
#include "core/net/cares.h"
#include "suite.h"
#include "support/support.h"

TASK_TEST(no_cares_names_are_looked_up_by_threads)
{
    eddy_address found[4];
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    assert_false(eddyi_cares_available());
    assert_true(eddy_loop_getaddrinfo(loop, found, 4, "localhost", "80", NULL) > 0);
    assert_int_equal(loop->lookups != NULL, !support_is_simulated());
    return 0;
}

int suite_cares(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_cares_names_are_looked_up_by_threads),
    };
    return cmocka_run_group_tests_name("no c-ares", tests, NULL, NULL);
}
