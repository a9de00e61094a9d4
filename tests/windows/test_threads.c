/* test_threads.c: the clock, threads and what is called at their end, and files by names of any script, on Windows.
 * Touches seam 2. Threads and files are left as they were. */
#include "windows/child.h"

#define MILLISECOND UINT64_C(1000000)

static void clock_goes_forwards_in_small_steps(void **state)
{
    uint64_t before = eddyi_clock_now(), now = before;
    (void)state;
    assert_true(before > 0);
    assert_in_range(eddyi_clock_resolution(), 1, 100 * 1000);
    for (int i = 0; i < 100000; i++) {
        now = eddyi_clock_now();
        assert_true(now >= before);
        before = now;
    }
}

typedef struct meeting {
    eddyi_mutex mutex;
    eddyi_condition condition;
    int came;
    uintptr_t id;
} meeting;

static void come(void *arg)
{
    meeting *m = arg;
    eddyi_mutex_lock(&m->mutex);
    m->came++;
    m->id = eddyi_thread_id();
    eddyi_condition_broadcast(&m->condition);
    eddyi_mutex_unlock(&m->mutex);
}

static void threads_meet_and_waits_end_no_earlier_than_asked(void **state)
{
    enum { THREADS = 8 };
    meeting m = {0};
    eddyi_thread threads[THREADS];
    (void)state;
    assert_int_equal(eddyi_mutex_init(&m.mutex), 0);
    assert_int_equal(eddyi_condition_init(&m.condition), 0);
    eddyi_mutex_lock(&m.mutex);
    for (int i = 0; i < 20; i++) {
        uint64_t deadline = eddyi_clock_now() + (uint64_t)i * MILLISECOND / 3;
        while (eddyi_condition_wait_until(&m.condition, &m.mutex, deadline))
            continue;
        assert_true(eddyi_clock_now() >= deadline);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(eddyi_thread_create(&threads[i], come, &m, "eddy-test"), 0);
    while (m.came < THREADS)
        eddyi_condition_wait(&m.condition, &m.mutex);
    eddyi_mutex_unlock(&m.mutex);
    for (int i = 0; i < THREADS; i++)
        eddyi_thread_join(&threads[i]);
    assert_int_not_equal(m.id, eddyi_thread_id());
    assert_int_not_equal(m.id, 0);
    eddyi_condition_destroy(&m.condition);
    eddyi_mutex_destroy(&m.mutex);
}

static void fault_X3_refused_thread_is_an_error(void **state)
{
    const eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_pthread_create};
    eddyi_thread thread;
    (void)state;
    eddyi_inject_start(&plan);
    int rc = eddyi_thread_create(&thread, come, NULL, "never");
    eddyi_inject_stop();
    assert_int_equal(rc, EDDY_EAGAIN);
}

/* ---- the end of a thread ---- */

static _Thread_local eddyi_thread_end first_end, second_end;
static _Thread_local int own = 7; /* still there when the callbacks run */
static char order[8];
static atomic_int ended;

static void note(char letter)
{
    int at = atomic_fetch_add(&ended, 1);
    order[at] = own == 7 ? letter : '?';
}

static void end_first(void)
{
    note('1');
}

static void end_second(void)
{
    note('2');
    if (atomic_load(&ended) == 1)
        assert_int_equal(eddyi_thread_at_end(&second_end, end_second),
                         0); /* once called, it may be asked anew */
}

static void ask_for_both(void *arg)
{
    *(int *)arg = eddyi_thread_at_end(&first_end, end_first);
    *(int *)arg |= eddyi_thread_at_end(&second_end, end_second);
    *(int *)arg |= eddyi_thread_at_end(&second_end, end_second);
}

static DWORD WINAPI foreign_thread(void *arg)
{
    ask_for_both(arg);
    return 0;
}

static void end_of_a_thread_is_told_last_asked_first(void **state)
{
    eddyi_thread thread;
    (void)state;
    for (int foreign = 0; foreign < 2; foreign++) {
        int rc = -1;
        memset(order, 0, sizeof order);
        atomic_store(&ended, 0);
        if (foreign) {
            HANDLE handle = CreateThread(NULL, 0, foreign_thread, &rc, 0, NULL);
            assert_non_null(handle);
            WaitForSingleObject(handle, INFINITE);
            CloseHandle(handle);
        } else {
            assert_int_equal(eddyi_thread_create(&thread, ask_for_both, &rc, "eddy-test"), 0);
            eddyi_thread_join(&thread);
        }
        assert_int_equal(rc, 0);
        assert_string_equal(order, "221");
    }
}

/* ---- files ---- */

static void files_have_names_of_any_script_and_places(void **state)
{
    static const char name[] = "./\xc3\xa4\xe2\x82\xac\xf0\x9f\x8c\x80.eddy";
    wchar_t wide[] = L"./\xe4\x20ac\xd83c\xdf00.eddy";
    eddy_fd fd;
    bool positioned = false;
    int32_t os_error = 0;
    char in[16];
    (void)state;
    (void)DeleteFileW(wide);
    assert_int_equal(eddyi_file_open(&fd, name, EDDYI_FILE_READS, &positioned, &os_error), EDDY_ENOENT);
    assert_int_equal(os_error, ERROR_FILE_NOT_FOUND);
    assert_int_equal(eddyi_file_open(&fd, "\xff", EDDYI_FILE_READS, &positioned, &os_error), EDDY_EINVAL);
    assert_int_equal(eddyi_file_open(&fd, name,
                                     EDDYI_FILE_WRITES | EDDYI_FILE_READS | EDDYI_FILE_MAKES | EDDYI_FILE_NEW,
                                     &positioned, &os_error),
                     0);
    assert_true(positioned);
    assert_int_not_equal(GetFileAttributesW(wide), INVALID_FILE_ATTRIBUTES);
    assert_int_equal(eddyi_file_write(fd, "0123456789", 10, UINT64_MAX, &os_error), 10);
    assert_int_equal(eddyi_file_read(fd, in, sizeof in, 7, &os_error), 3);
    assert_memory_equal(in, "789", 3);
    assert_int_equal(eddyi_file_read(fd, in, sizeof in, 10, &os_error), 0);
    assert_int_equal(eddyi_file_length(fd, &os_error), 10);
    assert_int_equal(eddyi_file_sync(fd, &os_error), 0);
    assert_int_equal(eddyi_file_close(fd), 0);
    assert_int_equal(eddyi_file_open(&fd, name, EDDYI_FILE_WRITES | EDDYI_FILE_MAKES | EDDYI_FILE_NEW,
                                     &positioned, &os_error),
                     EDDY_EEXIST);
    assert_int_equal(
        eddyi_file_open(&fd, name, EDDYI_FILE_WRITES | EDDYI_FILE_APPENDS, &positioned, &os_error), 0);
    assert_int_equal(eddyi_file_write(fd, "x", 1, UINT64_MAX, &os_error), 1);
    assert_int_equal(eddyi_file_read(fd, in, 1, 0, &os_error), EDDY_EBADF);
    assert_true(DeleteFileW(wide)); /* while it is open */
    assert_int_equal(eddyi_file_length(fd, &os_error), 11);
    assert_int_equal(eddyi_file_close(fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_goes_forwards_in_small_steps),
        cmocka_unit_test(threads_meet_and_waits_end_no_earlier_than_asked),
        cmocka_unit_test(fault_X3_refused_thread_is_an_error),
        cmocka_unit_test(end_of_a_thread_is_told_last_asked_first),
        cmocka_unit_test(files_have_names_of_any_script_and_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
