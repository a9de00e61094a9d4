/* suite_closes.c: what is closed twice is closed once (fault F6). Runs last: it looks back on every close of the program.
 * Touches the public API and stands in for close(2), except under a sanitizer, which does so itself. */
#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pair.h"
#include "suite.h"

#include "core/loop/loop.h"
#include "core/task/annotate.h"

static atomic_int bad_closes;

#if defined(SYS_close) && !defined(EDDY_NO_SYSCALL) && !defined(EDDYI_ASAN) && !defined(EDDYI_TSAN)

enum { RECORDS = 1 };

/* The number may be another's by now, so that a second close is harm done even where it succeeds; where it fails it is seen. */
int close(int fd)
{
    int rc = (int)syscall(SYS_close, fd);
    if (rc < 0 && errno == EBADF)
        atomic_fetch_add(&bad_closes, 1);
    return rc;
}
#else
enum { RECORDS = 0 };
#endif

TASK_TEST(fault_F6_streams_and_servers_may_be_closed_twice)
{
    stream_pair pair;
    int before = atomic_load(&bad_closes);
    (void)arg;
    pair_open(&pair, NULL, NULL);
    eddy_stream_close(pair.client);
    eddy_stream_close(pair.client);
    assert_int_equal(eddy_stream_wait_closed(pair.client), 0);
    eddy_stream_close(pair.client);
    eddy_stream_abort(pair.client);
    assert_int_equal(eddy_stream_wait_closed(pair.client), 0);
    eddy_server_close(pair.server);
    eddy_server_close(pair.server);
    eddy_stream_abort(pair.peer);
    eddy_stream_abort(pair.peer);
    pair_close(&pair);
    assert_int_equal(atomic_load(&bad_closes), before);
    return 0;
}

static void nothing(void *arg)
{
    (void)arg;
}

static void fault_F6_loops_and_handles_may_be_closed_twice(void **state)
{
    eddy_loop *loop;
    eddy_handle *handle;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    int before = atomic_load(&bad_closes);
    (void)state;
    eddyi_running_loop = NULL;
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    assert_int_equal(eddy_loop_call_soon(loop, &handle, nothing, NULL), 0);
    eddy_handle_cancel(handle);
    eddy_handle_cancel(handle);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_handle_cancel(handle);
    eddy_handle_release(handle);
    eddy_loop_release(loop);
    assert_int_equal(atomic_load(&bad_closes), before);
}

/* A close of what the recorder knows to be closed is seen by it, and none came from the suites before this one. */
static void fault_F6_no_descriptor_was_closed_twice_in_the_whole_program(void **state)
{
    int ends[2];
    (void)state;
    if (!RECORDS) {
        (void)support_skip("closes are not recorded in this build");
        return;
    }
    assert_int_equal(atomic_load(&bad_closes), 0);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    close(ends[1]);
    close(ends[1]);
    assert_int_equal(atomic_load(&bad_closes), 1);
    atomic_store(&bad_closes, 0);
}

int suite_closes(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_F6_streams_and_servers_may_be_closed_twice),
        cmocka_unit_test(fault_F6_loops_and_handles_may_be_closed_twice),
        cmocka_unit_test(fault_F6_no_descriptor_was_closed_twice_in_the_whole_program),
    };
    return cmocka_run_group_tests_name("closing twice", tests, NULL, NULL);
}
