/* suite_watch.c: add_reader and add_writer (asyncio 12.4), over real descriptors.
 * Touches the public API and socket pairs. The simulator has no real descriptors, and says so. */
#include "pair.h"
#include "suite.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/inject.h"
#include "core/loop/loop.h"

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
            return support_skip("descriptors from elsewhere cannot be reached");                             \
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

/* L2.4: of one descriptor the reader comes before the writer. */
static char first_called;

static void reader_was_first(void *arg)
{
    (void)arg;
    if (first_called == '\0')
        first_called = 'r';
    count(&watched.readable);
}

static void writer_was_first(void *arg)
{
    (void)arg;
    if (first_called == '\0')
        first_called = 'w';
    count(&watched.writable);
}

TASK_TEST(reader_comes_before_the_writer_of_the_same_descriptor)
{
    eddy_loop *loop = eddy_get_running_loop();
    NEEDS_REAL_DESCRIPTORS();
    open_pair();
    first_called = '\0';
    assert_int_equal(write(watched.ends[1], "x", 1), 1);
    assert_int_equal(eddy_loop_add_reader(loop, watched.ends[0], reader_was_first, NULL), 0);
    assert_int_equal(eddy_loop_add_writer(loop, watched.ends[0], writer_was_first, NULL), 0);
    assert_int_equal(eddy_await_future(watched.done, NULL), 0);
    assert_int_equal(first_called, 'r');
    assert_int_equal(eddy_loop_remove_writer(loop, watched.ends[0]), 1);
    assert_int_equal(eddy_loop_remove_reader(loop, watched.ends[0]), 1);
    close_pair();
    return 0;
}

enum { CROWD = 8 };
static int crowd[CROWD][2];
static int crowd_calls;

/* Whoever is called first takes all the others away. */
static void alone(void *index)
{
    eddy_loop *loop = eddy_get_running_loop();
    crowd_calls++;
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(eddy_loop_remove_reader(loop, crowd[i][0]), 1);
    (void)index;
    (void)eddy_future_set_result(watched.done, 0);
}

/* P8: all are ready in one batch; those that were removed in it are not called. */
TASK_TEST(fault_P8_removed_in_the_same_batch_is_not_called)
{
    eddy_loop *loop = eddy_get_running_loop();
    NEEDS_REAL_DESCRIPTORS();
    open_pair();
    crowd_calls = 0;
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, crowd[i]), 0);
        assert_int_equal(write(crowd[i][1], "x", 1), 1);
        assert_int_equal(eddy_loop_add_reader(loop, crowd[i][0], alone, NULL), 0);
    }
    assert_int_equal(eddy_await_future(watched.done, NULL), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(crowd_calls, 1);
    for (int i = 0; i < CROWD; i++) {
        close(crowd[i][0]);
        close(crowd[i][1]);
    }
    close_pair();
    return 0;
}

/* Removed, closed, and the number taken by another object, all inside one callback: the newcomer has its own watch. */
static int reused[2];

static void close_and_reuse(void *arg)
{
    eddy_loop *loop = eddy_get_running_loop();
    int was = watched.ends[0];
    (void)arg;
    watched.readable++;
    assert_int_equal(eddy_loop_remove_reader(loop, was), 1);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, reused), 0);
    assert_int_equal(dup2(reused[0], was), was);
    assert_int_equal(eddy_loop_add_reader(loop, was, on_readable_take, NULL), 0);
    assert_int_equal(write(reused[1], "n", 1), 1);
}

TASK_TEST(fault_P2_number_reused_inside_a_callback_belongs_to_the_newcomer)
{
    eddy_loop *loop = eddy_get_running_loop();
    NEEDS_REAL_DESCRIPTORS();
    open_pair();
    watched.until = 2;
    assert_int_equal(eddy_loop_add_reader(loop, watched.ends[0], close_and_reuse, NULL), 0);
    assert_int_equal(write(watched.ends[1], "o", 1), 1);
    assert_int_equal(eddy_await_future(watched.done, NULL), 0);
    assert_int_equal(watched.last, 'n');
    assert_int_equal(watched.readable, 2);
    assert_int_equal(eddy_loop_remove_reader(loop, watched.ends[0]), 1);
    close(reused[0]);
    close(reused[1]);
    close_pair();
    return 0;
}

/* The callback may take its own watch away and set it again, any number of times. */
static void again(void *arg)
{
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    assert_int_equal(eddy_loop_remove_reader(loop, watched.ends[0]), 1);
    assert_int_equal(eddy_loop_add_reader(loop, watched.ends[0], again, NULL), 0);
    count(&watched.readable);
}

TASK_TEST(reader_removes_and_adds_itself)
{
    NEEDS_REAL_DESCRIPTORS();
    open_pair();
    watched.until = 20;
    assert_int_equal(eddy_loop_add_reader(eddy_get_running_loop(), watched.ends[0], again, NULL), 0);
    assert_int_equal(write(watched.ends[1], "x", 1), 1);
    assert_int_equal(eddy_await_future(watched.done, NULL), 0);
    assert_int_equal(eddy_loop_remove_reader(eddy_get_running_loop(), watched.ends[0]), 1);
    close_pair();
    return 0;
}

TASK_TEST(streams_own_descriptor_is_refused)
{
    stream_pair pair;
    NEEDS_REAL_DESCRIPTORS();
    pair_open(&pair, NULL, NULL);
    eddy_loop *loop = eddy_get_running_loop();
    assert_int_equal(eddy_loop_add_reader(loop, eddy_stream_fileno(pair.client), on_readable, NULL),
                     EDDY_EBUSY);
    assert_int_equal(eddy_loop_add_writer(loop, eddy_stream_fileno(pair.client), on_writable, NULL),
                     EDDY_EBUSY);
    assert_int_equal(eddy_loop_remove_reader(loop, eddy_stream_fileno(pair.client)), 0);
    assert_int_equal(eddy_stream_write(pair.client, "x", 1), 0);
    char byte;
    assert_int_equal(eddy_stream_read(pair.peer, &byte, 1), 1); /* it still works */
    pair_close(&pair);
    return 0;
}

/* ---- many ---- */

enum { MANY = 1000, FIRST_ROOM = 16 };

static int numbers[MANY];

static void watch_duplicates(int count)
{
    open_pair();
    watched.until = count;
    for (int i = 0; i < count; i++) {
        numbers[i] = fcntl(watched.ends[0], F_DUPFD_CLOEXEC, 0);
        assert_true(numbers[i] >= 0);
        assert_int_equal(eddy_loop_add_reader(eddy_get_running_loop(), numbers[i], on_readable, NULL), 0);
    }
}

static void forget_duplicates(int count)
{
    eddy_loop *loop = eddy_get_running_loop();
    assert_int_equal(write(watched.ends[1], "x", 1), 1);
    assert_int_equal(eddy_await_future(watched.done, NULL), 0); /* each was called */
    for (int i = 0; i < count; i++) {
        assert_int_equal(eddy_loop_remove_reader(loop, numbers[i]), 1);
        assert_int_equal(eddy_loop_remove_reader(loop, numbers[i]), 0);
        close(numbers[i]);
    }
    close_pair();
}

TASK_TEST(watch_is_found_among_a_thousand_by_looking_at_few)
{
    eddy_loop *loop = eddy_get_running_loop();
    NEEDS_REAL_DESCRIPTORS();
    watch_duplicates(MANY);
    assert_int_equal(loop->watches.count, MANY);
    for (size_t i = 0; i < loop->watches.bucket_count; i++) {
        int length = 0;
        eddyi_list_each (link, &loop->watches.buckets[i])
            length++;
        assert_true(length <= 8);
    }
    forget_duplicates(MANY);
    while (loop->watches.count > 0 && !support_cancels_in_place()) /* their ops are on the way back */
        assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(loop->watches.count, 0);
    return 0;
}

/* M1: only finding it becomes slower. */
TASK_TEST(fault_M1_room_for_more_watches_is_not_needed_to_add_one)
{
    eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_memory};
    eddy_loop *loop = eddy_get_running_loop();
    NEEDS_REAL_DESCRIPTORS();
    watch_duplicates(FIRST_ROOM);
    assert_int_equal(loop->watches.bucket_count, FIRST_ROOM);
    eddyi_inject_start(&plan);
    assert_int_equal(eddy_loop_add_reader(loop, watched.ends[0], on_readable, NULL), 0);
    assert_int_equal(eddyi_inject_failures(), 1);
    eddyi_inject_stop();
    assert_int_equal(loop->watches.bucket_count, FIRST_ROOM);
    assert_int_equal(eddy_loop_remove_reader(loop, watched.ends[0]), 1);
    forget_duplicates(FIRST_ROOM);
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
        cmocka_unit_test(reader_comes_before_the_writer_of_the_same_descriptor),
        cmocka_unit_test(fault_P8_removed_in_the_same_batch_is_not_called),
        cmocka_unit_test(fault_P2_number_reused_inside_a_callback_belongs_to_the_newcomer),
        cmocka_unit_test(reader_removes_and_adds_itself),
        cmocka_unit_test(streams_own_descriptor_is_refused),
        cmocka_unit_test(watch_is_found_among_a_thousand_by_looking_at_few),
        cmocka_unit_test(fault_M1_room_for_more_watches_is_not_needed_to_add_one),
    };
    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
