/* suite_files.c: files: reading, writing, positions, errors with their place (Y1), a medium that hangs (Y2).
 * Touches the public API, the injection table, and a folder of its own in /tmp that it removes. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/inject.h"

static char folder[64], path[96];
static char big[600 * 1000], back[sizeof big + 1];

static void begin(void)
{
    snprintf(folder, sizeof folder, "/tmp/eddy_files_XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 11 + i / 1000);
}

static void end(void)
{
    (void)unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

static eddy_file *open_file(const char *mode)
{
    eddy_file *file = NULL;
    assert_int_equal(eddy_file_open(&file, path, mode), 0);
    return file;
}

static void close_file(eddy_file *file)
{
    assert_int_equal(eddy_file_close(file), 0);
    eddy_file_release(file);
}

TASK_TEST(file_reads_what_was_written)
{
    uint64_t size;
    (void)arg;
    begin();
    eddy_file *file = open_file("w+");
    assert_int_equal(eddy_file_write(file, big, sizeof big), 0);
    assert_int_equal(eddy_file_tell(file), sizeof big);
    assert_int_equal(eddy_file_sync(file), 0);
    assert_int_equal(eddy_file_size(file, &size), 0);
    assert_int_equal(size, sizeof big);
    assert_int_equal(eddy_file_read(file, back, 1), 0); /* the end */
    assert_int_equal(eddy_file_seek(file, 5), 0);
    assert_int_equal(eddy_file_read(file, back, sizeof back), sizeof big - 5);
    assert_memory_equal(back, big + 5, sizeof big - 5);
    assert_int_equal(eddy_file_tell(file), sizeof big);
    assert_int_equal(eddy_file_read_at(file, back, 300000, 100), 300000);
    assert_memory_equal(back, big + 100, 300000);
    assert_int_equal(eddy_file_write_at(file, "xyz", 3, 7), 0);
    assert_int_equal(eddy_file_tell(file), sizeof big); /* not moved by either */
    assert_int_equal(eddy_file_read_at(file, back, 5, 6), 5);
    assert_memory_equal(back + 1, "xyz", 3);
    close_file(file);
    end();
    return 0;
}

TASK_TEST(file_modes_are_those_of_fopen)
{
    eddy_file *file;
    (void)arg;
    begin();
    assert_int_equal(eddy_file_open(&file, path, "r"), EDDY_ENOENT);
    assert_int_equal(eddy_last_error()->os_error, ENOENT);
    assert_string_equal(eddy_last_error()->operation, "open");
    close_file(open_file("wx"));
    assert_int_equal(eddy_file_open(&file, path, "wx"), EDDY_EEXIST);
    file = open_file("ab");
    assert_int_equal(eddy_file_write(file, "one", 3), 0);
    assert_int_equal(eddy_file_write(file, "two", 3), 0);
    assert_int_equal(eddy_file_read(file, back, 1), EDDY_EBADF);
    close_file(file);
    file = open_file("a+");
    assert_int_equal(eddy_file_write(file, "three", 5), 0);
    assert_int_equal(eddy_file_read(file, back, 99), 11);
    assert_memory_equal(back, "onetwothree", 11);
    close_file(file);
    file = open_file("r");
    assert_int_equal(eddy_file_write(file, "x", 1), EDDY_EBADF);
    close_file(file);
    file = open_file("w");
    close_file(file);
    file = open_file("r+");
    assert_int_equal(eddy_file_read(file, back, 9), 0);
    close_file(file);
    static const char *const wrong[] = {"", "z", "r?", "rx", "rw"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(eddy_file_open(&file, path, wrong[i]), EDDY_EINVAL);
    end();
    return 0;
}

/* Each call of the system moves three bytes at most: nothing is lost, nothing comes twice. */
TASK_TEST(fault_Y1_short_writes_and_reads_are_continued)
{
    eddyi_inject_plan plan = {.most_bytes = 3};
    (void)arg;
    begin();
    eddy_file *file = open_file("w+");
    eddyi_inject_start(&plan);
    assert_int_equal(eddy_file_write(file, big, 1000), 0);
    assert_int_equal(eddy_file_seek(file, 0), 0);
    assert_int_equal(eddy_file_read(file, back, 1500), 1000);
    assert_true(eddyi_inject_count_of(EDDYI_INJECT_write) >= 334);
    eddyi_inject_stop();
    assert_memory_equal(back, big, 1000);
    close_file(file);
    end();
    return 0;
}

TASK_TEST(fault_Y1_errors_are_told_with_their_place)
{
    eddy_file *file;
    (void)arg;
    begin();
    file = open_file("w+");
    static const int errors[][2] = {{ENOSPC, EDDY_ENOSPC}, {EIO, EDDY_EIO}, {EFBIG, EDDY_EFBIG}};
    for (int i = 0; i < 3; i++) {
        eddyi_inject_plan plan = {.fail_at = 3,
                                  .fail_after_too = true,
                                  .calls = UINT64_C(1) << EDDYI_INJECT_write,
                                  .os_error = errors[i][0],
                                  .most_bytes = 10};
        assert_int_equal(eddy_file_seek(file, 100), 0);
        eddy_error_clear();
        eddyi_inject_start(&plan);
        int rc = eddy_file_write(file, big, 50);
        eddyi_inject_stop();
        assert_int_equal(rc, errors[i][1]);
        assert_int_equal(eddy_last_error()->code, errors[i][1]);
        assert_int_equal(eddy_last_error()->os_error, errors[i][0]);
        assert_int_equal(eddy_last_error()->partial, 20);
        assert_int_equal(eddy_file_tell(file), 120);
    }
    eddyi_inject_plan plan = {
        .fail_at = 2, .calls = UINT64_C(1) << EDDYI_INJECT_read, .os_error = EIO, .most_bytes = 7};
    assert_int_equal(eddy_file_seek(file, 100), 0);
    eddy_error_clear();
    eddyi_inject_start(&plan);
    ptrdiff_t got = eddy_file_read(file, back, 20);
    eddyi_inject_stop();
    assert_int_equal(got, EDDY_EIO);
    assert_int_equal(eddy_last_error()->partial, 7);
    assert_memory_equal(back, big, 7);
    assert_int_equal(eddy_file_tell(file), 100);
    close_file(file);
    end();
    return 0;
}

/* The real thing: no space on a device, a limit for files; and the signal of the latter reaches nobody. */
TASK_TEST(fault_Y1_no_space_and_the_limit_of_files_are_told)
{
    struct rlimit before, small;
    (void)arg;
    begin();
    eddy_file *file;
    if (access("/dev/full", W_OK) == 0) {
        assert_int_equal(eddy_file_open(&file, "/dev/full", "r+"), 0);
        assert_int_equal(eddy_file_write(file, "x", 1), EDDY_ENOSPC);
        assert_int_equal(eddy_last_error()->partial, 0);
        close_file(file);
    }
    file = open_file("w");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 1000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    eddy_error_clear();
    int rc = eddy_file_write(file, big, 3000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(rc, EDDY_EFBIG);
    assert_int_equal(eddy_last_error()->partial, 1000);
    assert_int_equal(eddy_file_tell(file), 1000);
    close_file(file);
    end();
    return 0;
}

TASK_TEST(fault_Y1_beyond_two_gibibytes)
{
    const uint64_t far = UINT64_C(5) << 30;
    uint64_t size;
    (void)arg;
    begin();
    eddy_file *file = open_file("w+");
    assert_int_equal(eddy_file_write_at(file, "far", 3, far), 0);
    assert_int_equal(eddy_file_size(file, &size), 0);
    assert_int_equal(size, far + 3);
    assert_int_equal(eddy_file_read_at(file, back, 9, far), 3);
    assert_memory_equal(back, "far", 3);
    assert_int_equal(eddy_file_read_at(file, back, 9, UINT64_MAX), EDDY_EINVAL);
    close_file(file);
    end();
    return 0;
}

/* ---- a medium that hangs: a named pipe, which nobody feeds ---- */

typedef struct hung {
    eddy_file *file;
    char buffer[8];
    ptrdiff_t got;
} hung;

static int read_hung(void *arg)
{
    hung *h = arg;
    memset(h->buffer, '-', sizeof h->buffer);
    h->got = eddy_file_read(h->file, h->buffer, sizeof h->buffer);
    return 0;
}

TASK_TEST(fault_Y2_file_that_hangs_blocks_nobody_else_and_can_be_cancelled)
{
    hung h;
    eddy_task *task;
    eddy_stream *none;
    (void)arg;
    begin();
    assert_int_equal(mkfifo(path, 0600), 0);
    int feeder = open(path, O_RDWR | O_CLOEXEC); /* both ends, so that opening does not wait */
    assert_true(feeder >= 0);
    assert_int_equal(eddy_file_open(&h.file, path, "r"), 0);
    assert_int_equal(eddy_file_read_at(h.file, h.buffer, 1, 0), EDDY_EOPNOTSUPP);
    assert_int_equal(eddy_create_task(&task, read_hung, &h, NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(eddy_sleep(0.001), 0);
    assert_true(eddy_open_connection(&none, "no-such-host.invalid", "1", NULL) < 0); /* lookups go on */
    eddy_task_cancel(task);
    assert_int_equal(eddy_await(task, NULL), 0);
    eddy_task_release(task);
    assert_int_equal(h.got, EDDY_ECANCELED);
    assert_int_equal(eddy_file_close(h.file), 0); /* the abandoned read closes it when it ends */
    assert_int_equal(write(feeder, "late", 4), 4);
    eddy_file_release(h.file);
    close(feeder);
    assert_memory_equal(h.buffer, "--------", 8);
    end();
    return 0;
}

static int leave_reading(void *arg)
{
    hung *h = arg;
    eddy_task *task;
    assert_int_equal(eddy_file_open(&h->file, path, "r"), 0);
    assert_int_equal(eddy_create_task(&task, read_hung, h, NULL), 0);
    eddy_task_release(task);
    assert_int_equal(eddy_sleep(0.001), 0);
    eddy_file_release(h->file);
    return 0;
}

static int feed(void *arg)
{
    int *feeder = arg;
    *feeder = open(path, O_RDWR | O_CLOEXEC);
    return *feeder >= 0 ? 0 : -1;
}

static void fault_P14_loop_closed_under_a_read_of_a_file_leaves_nothing(void **state)
{
    static hung h;
    int feeder;
    (void)state;
    begin();
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(feed(&feeder), 0);
    assert_int_equal(write(feeder, "x", 1), 1); /* so that the thread that is left behind ends */
    assert_int_equal(support_run(leave_reading, &h), 0);
    close(feeder);
    end();
}

TASK_TEST(file_calls_refuse_what_makes_no_sense)
{
    char byte;
    uint64_t size;
    eddy_file *file;
    (void)arg;
    begin();
    assert_int_equal(eddy_file_open(NULL, path, "r"), EDDY_EINVAL);
    assert_int_equal(eddy_file_open(&file, NULL, "r"), EDDY_EINVAL);
    assert_int_equal(eddy_file_open(&file, path, NULL), EDDY_EINVAL);
    file = open_file("w+");
    assert_int_equal(eddy_file_read(file, NULL, 1), EDDY_EINVAL);
    assert_int_equal(eddy_file_read(file, &byte, 0), EDDY_EINVAL);
    assert_int_equal(eddy_file_read(NULL, &byte, 1), EDDY_EINVAL);
    assert_int_equal(eddy_file_write(file, NULL, 1), EDDY_EINVAL);
    assert_int_equal(eddy_file_write(file, NULL, 0), 0);
    assert_int_equal(eddy_file_size(file, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_file_seek(file, UINT64_MAX), EDDY_EINVAL);
    assert_true(eddy_file_fileno(file) >= 0);
    assert_int_equal(eddy_file_close(file), 0);
    assert_int_equal(eddy_file_close(file), 0);
    assert_int_equal(eddy_file_read(file, &byte, 1), EDDY_ECLOSED);
    assert_int_equal(eddy_file_write(file, &byte, 1), EDDY_ECLOSED);
    assert_int_equal(eddy_file_size(file, &size), EDDY_ECLOSED);
    assert_int_equal(eddy_file_sync(file), EDDY_ECLOSED);
    assert_int_equal(eddy_file_fileno(file), -1);
    eddy_file_release(file);
    eddy_file_release(NULL);
    assert_int_equal(eddy_file_close(NULL), EDDY_EINVAL);
    end();
    return 0;
}

int suite_files(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_reads_what_was_written),
        cmocka_unit_test(file_modes_are_those_of_fopen),
        cmocka_unit_test(fault_Y1_short_writes_and_reads_are_continued),
        cmocka_unit_test(fault_Y1_errors_are_told_with_their_place),
        cmocka_unit_test(fault_Y1_no_space_and_the_limit_of_files_are_told),
        cmocka_unit_test(fault_Y1_beyond_two_gibibytes),
        cmocka_unit_test(fault_Y2_file_that_hangs_blocks_nobody_else_and_can_be_cancelled),
        cmocka_unit_test(fault_P14_loop_closed_under_a_read_of_a_file_leaves_nothing),
        cmocka_unit_test(file_calls_refuse_what_makes_no_sense),
    };
    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
