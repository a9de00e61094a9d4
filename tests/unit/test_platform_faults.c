/* test_platform_faults.c: stack overflows are described, other faults are left alone.
 * Touches seam 2 and signals. What must crash does so in a child. */
#include "test_platform_bench.h"

/* ---- faults ---- */

static uintptr_t guarded;
static bool describes;

static bool describe(uintptr_t address, char *text, size_t size)
{
    if (!describes || address < guarded || address >= guarded + eddyi_page_size())
        return false;
    (void)snprintf(text, size, "described\n");
    return true;
}

static int overflow(volatile char *before)
{
    volatile char here[512];
    here[0] = *before;
    if (here[0] != 0) /* never */
        return 0;
    here[511] = (char)overflow(here);
    return here[0] + here[511];
}

static void overflow_entry(void *arg)
{
    char start = 0;
    (void)arg;
    (void)overflow(&start);
    _exit(98);
}

static void overflow_a_context(void *arg)
{
    eddyi_context home;
    size_t page = eddyi_page_size(), size = 64 * page;
    void *pages;
    (void)arg;
    if (eddyi_pages_reserve(&pages, size) < 0 || eddyi_pages_guard(pages, page) == EDDYI_GUARD_NONE)
        _exit(97);
    guarded = (uintptr_t)pages;
    describes = true;
    if (eddyi_fault_install(describe) < 0 || eddyi_fault_thread_enter() < 0)
        _exit(96);
    eddyi_context_enter(&home, (char *)pages + page, size - page, overflow_entry, NULL);
}

static bool sanitized(void)
{
#if defined(EDDYI_ASAN) || defined(EDDYI_TSAN)
    return true;
#else
    return false;
#endif
}

static void fault_K1_a_stack_overflow_is_described_and_the_process_ends_as_before(void **state)
{
    ending end;
    (void)state;
    if (sanitized()) /* frames of that many contexts are not told to them here */
        skip();
    in_child(&end, overflow_a_context, NULL);
    assert_true(died_of_a_fault(&end));
    assert_non_null(strstr(end.text, "described\n"));
}

static void crash(void *arg)
{
    size_t page = eddyi_page_size();
    void *pages;
    describes = arg != NULL;
    if (eddyi_pages_reserve(&pages, page) < 0 || eddyi_pages_guard(pages, page) == EDDYI_GUARD_NONE)
        _exit(97);
    guarded = (uintptr_t)pages;
    if (eddyi_fault_install(describe) < 0 || eddyi_fault_install(describe) < 0 ||
        eddyi_fault_thread_enter() < 0)
        _exit(96);
    touch(pages);
}

static void a_fault_elsewhere_is_not_described(void **state)
{
    ending end;
    (void)state;
    in_child(&end, crash, NULL);
    assert_true(died_of_a_fault(&end));
    assert_null(strstr(end.text, "described"));
}

static void on_own_fault(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    _exit((uintptr_t)info->si_addr == guarded ? 42 : 43);
}

static void crash_with_own_handler(void *arg)
{
    struct sigaction action = {.sa_sigaction = on_own_fault, .sa_flags = SA_SIGINFO};
    (void)sigaction(SIGSEGV, &action, NULL);
    (void)sigaction(SIGBUS, &action, NULL);
    crash(arg);
}

static void a_handler_that_was_there_before_runs_next(void **state)
{
    ending end;
    (void)state;
    in_child(&end, crash_with_own_handler, &end);
    assert_non_null(strstr(end.text, "described\n"));
    assert_int_equal(exit_code(&end), 42);
}

static void be_sent_a_fault(void *arg)
{
    describes = true;
    if (arg != NULL)
        (void)signal(SIGSEGV, SIG_IGN);
    guarded = 0; /* a signal that was sent has no address, whatever the record holds */
    if (eddyi_fault_install(describe) < 0)
        _exit(96);
    (void)raise(SIGSEGV);
    _exit(41);
}

static void a_fault_signal_that_was_sent_ends_the_process_too(void **state)
{
    ending end;
    (void)state;
    in_child(&end, be_sent_a_fault, NULL);
    assert_true(died_of(&end, SIGSEGV));
    assert_null(strstr(end.text, "described"));
    in_child(&end, be_sent_a_fault, &end); /* unless it was ignored */
    assert_int_equal(exit_code(&end), 41);
}

static void install_failing(void *arg)
{
    struct sigaction action;
    eddyi_inject_plan plan = {.calls = UINT64_C(1) << EDDYI_INJECT_sigaction};
    (void)arg;
    for (plan.fail_at = 1; plan.fail_at <= 2; plan.fail_at++) {
        eddyi_inject_start(&plan);
        if (eddyi_fault_install(describe) >= 0)
            _exit(1);
        eddyi_inject_stop();
        if (sigaction(SIGSEGV, NULL, &action) != 0 || action.sa_handler != SIG_DFL)
            _exit(2);
    }
    describes = true;
    crash(&action);
}

static void a_failed_installation_leaves_nothing_and_can_be_repeated(void **state)
{
    ending end;
    (void)state;
    in_child(&end, install_failing, NULL);
    assert_true(died_of_a_fault(&end));
    assert_non_null(strstr(end.text, "described\n"));
}

static bool has_alternate_stack(void)
{
    stack_t current;
    return sigaltstack(NULL, &current) == 0 && !(current.ss_flags & SS_DISABLE);
}

static void enter_and_leave(void *arg)
{
    bool *good = arg;
    stack_t before, own;
    *good = sigaltstack(NULL, &before) == 0 && eddyi_fault_thread_enter() == 0 && has_alternate_stack() &&
            eddyi_fault_thread_enter() == 0;
    eddyi_fault_thread_leave();
    *good = *good && has_alternate_stack() && sigaltstack(NULL, &own) == 0;
    eddyi_fault_thread_leave();
    stack_t after;
    *good = *good && sigaltstack(NULL, &after) == 0 && after.ss_flags == before.ss_flags;
    if (!(before.ss_flags & SS_DISABLE)) /* somebody else's is left alone */
        *good = *good && own.ss_sp == before.ss_sp && after.ss_sp == before.ss_sp;
}

static void fault_K9_a_thread_has_an_alternate_stack_while_it_needs_one(void **state)
{
    eddyi_thread thread;
    bool good = false;
    (void)state;
    assert_int_equal(eddyi_thread_create(&thread, enter_and_leave, &good, "alternate"), 0);
    eddyi_thread_join(&thread);
    assert_true(good);
}

static void enter_failing(void *arg)
{
    eddyi_inject_plan plan = {.calls = UINT64_C(1) << EDDYI_INJECT_mmap | UINT64_C(1)
                                                                              << EDDYI_INJECT_sigaltstack,
                              .os_error = ENOMEM};
    stack_t before, after;
    bool *good = arg;
    *good = sigaltstack(NULL, &before) == 0;
    for (plan.fail_at = 1; *good && plan.fail_at <= 3 && (before.ss_flags & SS_DISABLE); plan.fail_at++) {
        eddyi_inject_start(&plan);
        *good = eddyi_fault_thread_enter() == EDDY_ENOMEM && !has_alternate_stack();
        eddyi_inject_stop();
        *good = *good && eddyi_fault_thread_enter() == 0 && has_alternate_stack(); /* tries again */
        eddyi_fault_thread_leave();
        *good = *good && has_alternate_stack();
        eddyi_fault_thread_leave();
        *good = *good && !has_alternate_stack();
    }
    *good = *good && sigaltstack(NULL, &after) == 0 && after.ss_flags == before.ss_flags;
}

static void a_failed_enter_is_paired_with_a_leave_too(void **state)
{
    eddyi_thread thread;
    bool good = false;
    (void)state;
    assert_int_equal(eddyi_thread_create(&thread, enter_failing, &good, "alternate"), 0);
    eddyi_thread_join(&thread);
    assert_true(good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_K1_a_stack_overflow_is_described_and_the_process_ends_as_before),
        cmocka_unit_test(a_fault_elsewhere_is_not_described),
        cmocka_unit_test(a_handler_that_was_there_before_runs_next),
        cmocka_unit_test(a_fault_signal_that_was_sent_ends_the_process_too),
        cmocka_unit_test(a_failed_installation_leaves_nothing_and_can_be_repeated),
        cmocka_unit_test(fault_K9_a_thread_has_an_alternate_stack_while_it_needs_one),
        cmocka_unit_test(a_failed_enter_is_paired_with_a_leave_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
