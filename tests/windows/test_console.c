/* test_console.c: console events as signals, on Windows: who is told, and that a loop that waits hears of them at once.
 * Touches seam 2, the public API, and this program as a child with a console of its own. */
#include <signal.h>

#include "windows/child.h"

#include <eddy.h>

static atomic_int told_times, before_times;

static void count_told(void *arg)
{
    (void)arg;
    atomic_fetch_add(&told_times, 1);
}

static void count_before(int number)
{
    (void)number;
    atomic_fetch_add(&before_times, 1);
}

static void raised_signals_are_told_and_given_back(void **state)
{
    eddyi_signal_watch one = {.fn = count_told}, other = {.fn = count_told}, polite = {.fn = count_told};
    (void)state;
    atomic_store(&told_times, 0);
    atomic_store(&before_times, 0);
    assert_int_equal(eddyi_signal_watch_add(&one, SIGSEGV, false), EDDY_EINVAL);
    (void)signal(SIGTERM, count_before);
    assert_int_equal(eddyi_signal_watch_add(&polite, SIGTERM, true), EDDY_EBUSY);
    assert_int_equal(eddyi_signal_watch_add(&one, SIGTERM, false), 0);
    assert_int_equal(eddyi_signal_watch_add(&other, SIGTERM, false), 0);
    (void)raise(SIGTERM);
    (void)raise(SIGTERM);
    assert_int_equal(atomic_load(&told_times), 4);
    assert_int_equal(atomic_load(&before_times), 2);
    eddyi_signal_watch_remove(&one);
    eddyi_signal_watch_remove(&one);
    (void)raise(SIGTERM);
    assert_int_equal(atomic_load(&told_times), 5);
    eddyi_signal_watch_remove(&other);
    assert_true(signal(SIGTERM, SIG_DFL) == count_before);
    assert_int_equal(eddyi_signal_watch_add(&polite, SIGTERM, true), 0);
    assert_int_equal(eddyi_signal_watch_add(&one, SIGTERM, false), 0);
    (void)raise(SIGTERM);
    assert_int_equal(atomic_load(&told_times), 6); /* the polite one stands back */
    eddyi_signal_watch_remove(&one);
    eddyi_signal_watch_remove(&polite);
}

/* ---- in a child ---- */

static void press_ctrl_c(void *arg)
{
    (void)arg;
    if (!GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0))
        ExitProcess(200); /* no console */
}

static int wait_for_the_end(void *arg)
{
    eddyi_thread *thread = arg;
    int rc = eddyi_thread_create(thread, press_ctrl_c, NULL, "presser");
    return rc < 0 ? rc : eddy_sleep(60);
}

static int be_child(const char *backend)
{
    eddyi_thread thread;
    eddy_loop_options loop = {.size = sizeof loop, .backend = backend};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    SetConsoleCtrlHandler(NULL, FALSE); /* a parent may have had it ignored */
    int rc = eddy_run(wait_for_the_end, &thread, &options);
    eddyi_thread_join(&thread);
    return -rc;
}

/* A console without a window: the only way to have one where nobody sits in front of the machine. */
static DWORD run_with_console(const char *backend)
{
    wchar_t line[1200];
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION made;
    DWORD code = 0;
    _snwprintf(line, 1200, L"\"%hs\" %hs", child_self(), backend);
    wchar_t path[1024];
    assert_in_range(GetModuleFileNameW(NULL, path, 1024), 1, 1023);
    assert_true(CreateProcessW(path, line, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, NULL, &start, &made));
    assert_int_equal(WaitForSingleObject(made.hProcess, 50000), WAIT_OBJECT_0);
    assert_true(GetExitCodeProcess(made.hProcess, &code));
    CloseHandle(made.hThread);
    CloseHandle(made.hProcess);
    return code;
}

static void fault_G4_ctrl_c_wakes_a_loop_that_waits(void **state)
{
    (void)state;
    for (size_t i = 0; eddy_backend_name(i) != NULL; i++) {
        if (strcmp(eddy_backend_name(i), "sim") == 0)
            continue; /* it sleeps by a clock of its own */
        DWORD code = run_with_console(eddy_backend_name(i));
        if (code == 200) {
            print_message("skipped: there is no console to press a key of\n");
            skip();
        }
        assert_int_equal(code, -EDDY_EINTERRUPTED);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raised_signals_are_told_and_given_back),
        cmocka_unit_test(fault_G4_ctrl_c_wakes_a_loop_that_waits),
    };
    if (argc > 1)
        return be_child(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
