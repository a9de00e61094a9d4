/* test_platform_pages.c: pages and guards, as core/platform.h promises them.
 * Touches seam 2. What must crash does so in a child; memory is left as it was. */
#include "test_platform_bench.h"

static const char *program; /* as it was started */

/* ---- pages ---- */

static char *reserve(size_t size)
{
    void *pages = NULL;
    assert_int_equal(eddyi_pages_reserve(&pages, size), 0);
    assert_non_null(pages);
    assert_int_equal((uintptr_t)pages % eddyi_page_size(), 0);
    return pages;
}

static bool all_zero(const char *from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (from[i] != 0)
            return false;
    return true;
}

static void pages_read_as_zero_and_can_be_written(void **state)
{
    size_t size = 16 * eddyi_page_size();
    char *pages = reserve(size);
    (void)state;
    assert_true(all_zero(pages, size));
    memset(pages, 0x5a, size);
    assert_int_equal(pages[size - 1], 0x5a);
    eddyi_pages_release(pages, size);
}

static void address_space_is_reserved_without_being_committed(void **state)
{
    size_t size = (size_t)8 << 30; /* more than this could commit on a small machine */
    void *pages;
    (void)state;
    if (sizeof(void *) < 8 || under_valgrind())
        skip();
    assert_int_equal(eddyi_pages_reserve(&pages, size), 0);
    ((char *)pages)[size / 2] = 1;
    eddyi_pages_release(pages, size);
}

static void fault_M9_a_refused_mapping_is_an_error(void **state)
{
    const eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_mmap};
    void *pages = &pages;
    (void)state;
    eddyi_inject_start(&plan);
    assert_int_equal(eddyi_pages_reserve(&pages, eddyi_page_size()), EDDY_ENOMEM);
    assert_ptr_equal(pages, &pages);
    eddyi_inject_stop();
    assert_true(eddyi_pages_reserve(&pages, ~(size_t)0 & ~(eddyi_page_size() - 1)) < 0);
    assert_ptr_equal(pages, &pages);
}

/* ---- guards ---- */

static void expect_guard(char *page)
{
    ending end;
    in_child(&end, touch, page);
    assert_true(died_of_a_fault(&end));
    in_child(&end, touch, page + eddyi_page_size() - 1);
    assert_true(died_of_a_fault(&end));
    page[-1] = 1; /* its neighbours are not guarded */
    page[eddyi_page_size()] = 1;
}

static void fault_K12_guards_fault_in_each_mode_and_survive_a_discard(void **state)
{
    size_t page = eddyi_page_size(), size = 8 * page;
    (void)state;
    for (int mode = EDDYI_GUARD_PROTECT; mode <= EDDYI_GUARD_LIGHT; mode++) {
        eddyi_guard_limit((enum eddyi_guard)mode);
        char *pages = reserve(size);
        memset(pages, 0x5a, size);
        enum eddyi_guard in_force = eddyi_pages_guard(pages + 2 * page, page);
        assert_int_equal(in_force, eddyi_guard_probe());
        assert_in_range(in_force, EDDYI_GUARD_PROTECT, mode);
        expect_guard(pages + 2 * page);
        eddyi_pages_discard(pages, 2 * page);
        eddyi_pages_discard(pages + 3 * page, size - 3 * page);
        assert_true(all_zero(pages, 2 * page));
        assert_true(all_zero(pages + 3 * page, size - 3 * page));
        expect_guard(pages + 2 * page);
        eddyi_pages_release(pages, size);
        eddyi_guards_released(in_force == EDDYI_GUARD_PROTECT);
    }
    eddyi_guard_limit(EDDYI_GUARD_LIGHT);
}

static void fault_K12_no_guard_is_told_and_touches_nothing(void **state)
{
    char *pages = reserve(eddyi_page_size());
    (void)state;
    eddyi_guard_limit(EDDYI_GUARD_NONE);
    pages[0] = 7;
    assert_int_equal(eddyi_guard_probe(), EDDYI_GUARD_NONE);
    assert_int_equal(eddyi_pages_guard(pages, eddyi_page_size()), EDDYI_GUARD_NONE);
    assert_int_equal(pages[0], 7);
    eddyi_guard_limit(EDDYI_GUARD_LIGHT);
    eddyi_pages_release(pages, eddyi_page_size());
}

static void fault_K12_what_the_system_refuses_falls_back(void **state)
{
    const eddyi_inject_plan no_light = {.fail_at = 1,
                                        .fail_after_too = true,
                                        .calls = UINT64_C(1) << EDDYI_INJECT_madvise,
                                        .os_error = EINVAL};
    const eddyi_inject_plan none = {.fail_at = 1,
                                    .fail_after_too = true,
                                    .calls = UINT64_C(1) << EDDYI_INJECT_madvise |
                                             UINT64_C(1) << EDDYI_INJECT_mprotect};
    size_t page = eddyi_page_size();
    char *pages = reserve(3 * page);
    (void)state;
    (void)eddyi_guard_probe(); /* what the kernel has is known from here on */
    eddyi_inject_start(&no_light);
    assert_int_equal(eddyi_pages_guard(pages + page, page), EDDYI_GUARD_PROTECT);
    eddyi_inject_stop();
    expect_guard(pages + page);
    eddyi_inject_start(&none);
    assert_int_equal(eddyi_pages_guard(pages, page), EDDYI_GUARD_NONE);
    eddyi_inject_stop();
    pages[0] = 1;
    eddyi_pages_release(pages, 3 * page);
    eddyi_guards_released(1);
}

static void ask_without_descriptors(void *arg)
{
    const eddyi_inject_plan plan = {
        .fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_pipe2 | UINT64_C(1) << EDDYI_INJECT_mmap};
    (void)arg;
    eddyi_inject_start(&plan);
    (void)eddyi_guard_probe();
    eddyi_inject_stop();
    _exit((int)eddyi_guard_probe());
}

static int guard_of_a_new_process(const char *environment); /* below */

static void fault_K12_a_failed_trial_does_not_decide_for_ever(void **state)
{
    (void)state;
    assert_int_equal(guard_of_a_new_process("first-fails"), guard_of_a_new_process(NULL));
}

/* Two mappings a guard: the library stops well before the system's limit, and counts what is given back. */
static void fault_K12_protected_pages_stay_within_a_budget(void **state)
{
    enum { SOME = 40000 };
    size_t page = eddyi_page_size(), protected = 0;
    (void)state;
    if (under_valgrind()) /* it has fewer mappings itself */
        skip();
    eddyi_guard_limit(EDDYI_GUARD_PROTECT);
    char *pages = reserve(2 * SOME * page);
    for (size_t i = 0; i < SOME; i++) {
        if (eddyi_pages_guard(pages + 2 * i * page, page) != EDDYI_GUARD_PROTECT)
            break;
        protected++;
    }
    assert_in_range(protected, 20000, 31000);
    assert_int_equal(eddyi_pages_guard(pages + 2 * protected * page, page), EDDYI_GUARD_NONE);
    eddyi_pages_release(pages, 2 * SOME * page);
    eddyi_guards_released(protected);
    pages = reserve(page);
    assert_int_equal(eddyi_pages_guard(pages, page), EDDYI_GUARD_PROTECT);
    eddyi_pages_release(pages, page);
    eddyi_guards_released(1);
    eddyi_guard_limit(EDDYI_GUARD_LIGHT);
}

enum { NO_PROGRAM = 98 }; /* an emulator cannot start programs of its own kind */

/* This program again, which then only answers what guard it would use. */
static int guard_of_a_new_process(const char *environment)
{
    int status;
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (environment == NULL)
            (void)unsetenv("EDDY_GUARD");
        else
            (void)setenv("EDDY_GUARD", environment, 1);
        (void)execl(program, program, "guard", (char *)NULL);
        _exit(errno == ENOEXEC ? NO_PROGRAM : 99);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void fault_K12_the_environment_forces_less_never_more(void **state)
{
    int best = guard_of_a_new_process(NULL);
    (void)state;
    if (best == NO_PROGRAM)
        skip();
    assert_in_range(best, EDDYI_GUARD_PROTECT, EDDYI_GUARD_LIGHT);
    assert_int_equal(guard_of_a_new_process("light"), best);
    assert_int_equal(guard_of_a_new_process("nonsense"), best);
    assert_int_equal(guard_of_a_new_process("protect"), EDDYI_GUARD_PROTECT);
    assert_int_equal(guard_of_a_new_process("none"), EDDYI_GUARD_NONE);
}

static void a_signal_frame_has_a_sensible_size(void **state)
{
    (void)state;
    assert_in_range(eddyi_signal_frame_size(), 2048, 64 * 1024);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_read_as_zero_and_can_be_written),
        cmocka_unit_test(address_space_is_reserved_without_being_committed),
        cmocka_unit_test(fault_M9_a_refused_mapping_is_an_error),
        cmocka_unit_test(fault_K12_the_environment_forces_less_never_more),
        cmocka_unit_test(fault_K12_a_failed_trial_does_not_decide_for_ever),
        cmocka_unit_test(fault_K12_guards_fault_in_each_mode_and_survive_a_discard),
        cmocka_unit_test(fault_K12_no_guard_is_told_and_touches_nothing),
        cmocka_unit_test(fault_K12_what_the_system_refuses_falls_back),
        cmocka_unit_test(fault_K12_protected_pages_stay_within_a_budget),
        cmocka_unit_test(a_signal_frame_has_a_sensible_size),
    };
    program = argv[0];
    if (argc > 1 && strcmp(argv[1], "guard") == 0) {
        const char *asked = getenv("EDDY_GUARD");
        if (asked != NULL && strcmp(asked, "first-fails") == 0)
            ask_without_descriptors(NULL);
        return (int)eddyi_guard_probe();
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
