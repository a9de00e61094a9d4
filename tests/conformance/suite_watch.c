/* suite_watch.c: add_reader and add_writer (asyncio 12.4), over real descriptors.
 * Touches the public API and socket pairs. The simulator has no real descriptors, and says so. */
#include "support/support.h"
#include "suite.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct watching {
    int ends[2];
    int readable, writable;
    char last;
    eddy_future *done;
    int until; /* calls after which `done` is set */
} watching;

static watching watched;

static void open_pair(void)
{
    watched = (watching){.until = 1};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, watched.ends), 0);
    assert_int_equal(eddy_loop_create_future(eddy_get_running_loop(), &watched.done), 0);
}

static void close_pair(void)
{
    close(watched.ends[0]);
    close(watched.ends[1]);
    eddy_future_release(watched.done);
}

static void count(int *counter)
{
    if (++*counter == watched.until)
        (void)eddy_future_set_result(watched.done, 0);
}

static void on_readable(void *arg)
{
    (void)arg;
    count(&watched.readable);
}

static void on_writable(void *arg)
{
    (void)arg;
    count(&watched.writable);
}

static void on_readable_take(void *arg)
{
    (void)arg;
    assert_int_equal(read(watched.ends[0], &watched.last, 1), 1);
    count(&watched.readable);
}

#define NEEDS_REAL_DESCRIPTORS()                                                                             \
    do {                                                                                                     \
        (void)arg;                                                                                           \
        if (support_is_simulated())                                                                          \
            return 0; /* docs/platforms.md: nothing outside can be reached */                                \
    } while (0)

TASK_TEST(reader_is_called_for_each_iteration_while_readable)
{
    eddy_loop *loop = eddy_get_running_loop();
    NEEDS_REAL_DESCRIPTORS();
    open_pair();
    watched.until = 3;
    assert_int_equal(eddy_loop_add_reader(loop, watched.ends[0], on_readable, NULL), 0);
    assert_int_equal(write(watched.ends[1], "x", 1), 1);
    assert_int_equal(eddy_await_future(watched.done, NULL),
                     0); /* level-triggered: nobody reads, and it is called again */
    assert_int_equal(eddy_loop_remove_reader(loop, watched.ends[0]), 1);
    assert_int_equal(eddy_loop_remove_reader(loop, watched.ends[0]), 0);
    int calls = watched.readable;
    for (int i = 0; i < 100; i++)
        assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(watched.readable, calls);
    close_pair();
    return 0;
}

TASK_TEST(reader_and_writer_of_one_descriptor_are_independent)
{
    eddy_loop *loop = eddy_get_running_loop();
    NEEDS_REAL_DESCRIPTORS();
    open_pair();
    assert_int_equal(eddy_loop_add_reader(loop, watched.ends[0], on_readable_take, NULL), 0);
    assert_int_equal(eddy_loop_add_writer(loop, watched.ends[0], on_writable, NULL), 0);
    assert_int_equal(eddy_await_future(watched.done, NULL), 0);
    assert_true(watched.writable >= 1);
    assert_int_equal(watched.readable, 0);
    assert_int_equal(eddy_loop_remove_writer(loop, watched.ends[0]), 1);
    eddy_future_release(watched.done);
    assert_int_equal(eddy_loop_create_future(loop, &watched.done), 0);
    assert_int_equal(write(watched.ends[1], "y", 1), 1);
    assert_int_equal(eddy_await_future(watched.done, NULL), 0);
    assert_int_equal(watched.last, 'y');
    assert_int_equal(eddy_loop_remove_reader(loop, watched.ends[0]), 1);
    close_pair();
    return 0;
}

/* A new reader replaces the old one, whose queued call does not run. */
TASK_TEST(new_reader_replaces_the_old_one)
{
    eddy_loop *loop = eddy_get_running_loop();
    NEEDS_REAL_DESCRIPTORS();
    open_pair();
    assert_int_equal(eddy_loop_add_reader(loop, watched.ends[0], on_writable, NULL), 0);
    assert_int_equal(write(watched.ends[1], "z", 1), 1);
    assert_int_equal(eddy_loop_add_reader(loop, watched.ends[0], on_readable_take, NULL), 0);
    assert_int_equal(eddy_await_future(watched.done, NULL), 0);
    assert_int_equal(watched.writable, 0);
    assert_int_equal(watched.readable, 1);
    assert_int_equal(eddy_loop_remove_reader(loop, watched.ends[0]), 1);
    close_pair();
    return 0;
}

/* P9: an end that is hung up wakes the reader, so that its own read tells. */
TASK_TEST(fault_P9_hang_up_is_told_to_the_reader)
{
    eddy_loop *loop = eddy_get_running_loop();
    char byte;
    NEEDS_REAL_DESCRIPTORS();
    open_pair();
    assert_int_equal(eddy_loop_add_reader(loop, watched.ends[0], on_readable, NULL), 0);
    assert_int_equal(shutdown(watched.ends[1], SHUT_RDWR), 0);
    assert_int_equal(eddy_await_future(watched.done, NULL), 0);
    assert_int_equal(read(watched.ends[0], &byte, 1), 0);
    assert_int_equal(eddy_loop_remove_reader(loop, watched.ends[0]), 1);
    close_pair();
    return 0;
}

TASK_TEST(fault_P5_files_and_bad_descriptors_are_refused)
{
    eddy_loop *loop = eddy_get_running_loop();
    NEEDS_REAL_DESCRIPTORS();
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(eddy_loop_add_reader(loop, file, on_readable, NULL), EDDY_EPERM);
    assert_int_equal(eddy_loop_add_reader(loop, -1, on_readable, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_add_reader(loop, 12345, on_readable, NULL), EDDY_EBADF);
    assert_int_equal(eddy_loop_add_reader(loop, file, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_add_reader(NULL, file, on_readable, NULL), EDDY_EINVAL);
    close(file);
    return 0;
}

TASK_TEST(loop_closes_with_a_watch_still_there)
{
    NEEDS_REAL_DESCRIPTORS();
    open_pair();
    assert_int_equal(eddy_loop_add_reader(eddy_get_running_loop(), watched.ends[0], on_readable, NULL), 0);
    assert_int_equal(eddy_loop_add_writer(eddy_get_running_loop(), watched.ends[0], on_writable, NULL), 0);
    close_pair(); /* the caller's mistake: closed before it was removed; nothing breaks */
    return 0;
}

int suite_watch(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_is_called_for_each_iteration_while_readable),
        cmocka_unit_test(reader_and_writer_of_one_descriptor_are_independent),
        cmocka_unit_test(new_reader_replaces_the_old_one),
        cmocka_unit_test(fault_P9_hang_up_is_told_to_the_reader),
        cmocka_unit_test(fault_P5_files_and_bad_descriptors_are_refused),
        cmocka_unit_test(loop_closes_with_a_watch_still_there),
    };
    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
