/* test_stacks.c: task stacks on Windows: few pages at first, more when they are needed, a fault below, and the task's name when it comes to that.
 * Touches seam 2, the public API, and this program as a child that crashes. */
#include "windows/child.h"

#include <eddy.h>

enum { STACK_SIZE = 256 * 1024, DEEP = 180 * 1024 };

typedef struct strand {
    eddyi_context home, context;
    char *low;
    size_t size, depth;
    uintptr_t limits[3]; /* what the thread's block says at the beginning, deep down, and at the end */
    bool caught;
} strand;

static uintptr_t limit_now(void)
{
    return (uintptr_t)((NT_TIB *)NtCurrentTeb())->StackLimit;
}

/* Each frame is larger than a page, so that none of them is left out. */
static size_t go_down(size_t depth)
{
    volatile char frame[6000];
    frame[0] = (char)depth;
    frame[sizeof frame - 1] = 1;
    return depth <= sizeof frame ? limit_now() : go_down(depth - sizeof frame) + (size_t)frame[0] * 0;
}

static void body(void *arg)
{
    strand *self = arg;
    eddyi_context left;
    self->limits[0] = limit_now();
    self->limits[1] = go_down(self->depth);
    self->limits[2] = limit_now();
    eddyi_context_switch(&left, &self->home);
}

static size_t writable(const strand *s)
{
    size_t size = 0;
    for (char *at = s->low; at < s->low + s->size;) {
        MEMORY_BASIC_INFORMATION info;
        assert_true(VirtualQuery(at, &info, sizeof info) > 0);
        if (info.State == MEM_COMMIT && !(info.Protect & PAGE_GUARD))
            size += info.RegionSize;
        at = (char *)info.BaseAddress + info.RegionSize;
    }
    return size;
}

static void make(strand *s)
{
    void *pages;
    memset(s, 0, sizeof *s);
    assert_int_equal(eddyi_pages_reserve(&pages, STACK_SIZE), 0);
    s->low = pages;
    s->size = STACK_SIZE;
    eddyi_pages_as_stack(s->low, s->size);
}

static void enter(strand *s, size_t depth)
{
    s->depth = depth;
    eddyi_context_enter(&s->home, s->low, s->size, body, s);
}

static void stack_has_few_pages_until_it_needs_more(void **state)
{
    strand s;
    uintptr_t before = limit_now();
    (void)state;
    make(&s);
    assert_in_range(writable(&s), 1, 4 * eddyi_page_size());
    enter(&s, DEEP);
    assert_in_range(writable(&s), DEEP, STACK_SIZE);
    assert_true(s.limits[0] > s.limits[1]);
    assert_int_equal(s.limits[1], s.limits[2]);
    assert_int_equal(limit_now(), before); /* the thread's own stack is itself again */
    /* What it has it keeps, and who stands there next is told how far it reaches. */
    enter(&s, 1);
    assert_int_equal(s.limits[0], s.limits[1]);
    assert_in_range(s.limits[0], (uintptr_t)s.low, s.limits[2]);
    eddyi_pages_discard(s.low, s.size);
    eddyi_pages_as_stack(s.low, s.size);
    assert_in_range(writable(&s), 1, 4 * eddyi_page_size());
    enter(&s, DEEP);
    assert_true(s.limits[0] > s.limits[1]);
    eddyi_pages_release(s.low, s.size);
}

/* In debug mode core looks for what was used, and clears it. */
static void stack_that_was_cleared_is_told_how_far_it_reaches(void **state)
{
    strand s;
    (void)state;
    make(&s);
    size_t untouched = eddyi_pages_untouched(s.low, s.size);
    assert_in_range(untouched, STACK_SIZE - 4 * eddyi_page_size(), STACK_SIZE - 1);
    enter(&s, DEEP);
    assert_true(eddyi_pages_untouched(s.low, s.size) < untouched);
    untouched = eddyi_pages_untouched(s.low, s.size);
    assert_int_equal(s.limits[2], (uintptr_t)s.low + untouched);
    memset(s.low + untouched, 0, s.size - untouched);
    enter(&s, 1);
    assert_int_equal(s.limits[0], (uintptr_t)s.low + untouched);
    eddyi_pages_release(s.low, s.size);
}

/* An exception on a task's stack is handled where it came from. */
static LONG CALLBACK go_on(EXCEPTION_POINTERS *what)
{
    return what->ExceptionRecord->ExceptionCode == 0xe0edd100 ? EXCEPTION_CONTINUE_EXECUTION
                                                              : EXCEPTION_CONTINUE_SEARCH;
}

static void raise_and_return(void *arg)
{
    strand *self = arg;
    eddyi_context left;
    void *frames[16];
    RaiseException(0xe0edd100, 0, 0, NULL);
    self->caught = true;
    self->depth = CaptureStackBackTrace(0, 16, frames, NULL);
    eddyi_context_switch(&left, &self->home);
}

static void exceptions_and_backtraces_work_on_a_stack_of_ours(void **state)
{
    strand s;
    void *handler = AddVectoredExceptionHandler(1, go_on);
    (void)state;
    make(&s);
    eddyi_context_enter(&s.home, s.low, s.size, raise_and_return, &s);
    assert_true(s.caught);
    assert_in_range(s.depth, 1, 8); /* it ends where the stack does */
    assert_true(RemoveVectoredExceptionHandler(handler));
    eddyi_pages_release(s.low, s.size);
}

static void guards_are_pages_that_are_not_there(void **state)
{
    static const eddyi_inject_plan no_light = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_madvise},
                                   none = {.fail_at = 1,
                                           .fail_after_too = true,
                                           .calls = UINT64_C(1) << EDDYI_INJECT_madvise |
                                                    UINT64_C(1) << EDDYI_INJECT_mprotect};
    static const struct {
        const eddyi_inject_plan *plan;
        enum eddyi_guard guard;
    } rows[] = {{NULL, EDDYI_GUARD_LIGHT}, {&no_light, EDDYI_GUARD_PROTECT}, {&none, EDDYI_GUARD_NONE}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *pages;
        MEMORY_BASIC_INFORMATION info;
        assert_int_equal(eddyi_pages_reserve(&pages, 4 * eddyi_page_size()), 0);
        eddyi_inject_start(rows[i].plan);
        assert_int_equal(eddyi_pages_guard(pages, eddyi_page_size()), rows[i].guard);
        eddyi_inject_stop();
        assert_true(VirtualQuery(pages, &info, sizeof info) > 0);
        assert_int_equal(info.State == MEM_COMMIT && info.Protect == PAGE_READWRITE,
                         rows[i].guard == EDDYI_GUARD_NONE);
        eddyi_pages_release(pages, 4 * eddyi_page_size());
    }
}

static void fault_M9_a_refused_mapping_is_an_error(void **state)
{
    const eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_mmap};
    void *pages = NULL;
    (void)state;
    eddyi_inject_start(&plan);
    int rc = eddyi_pages_reserve(&pages, 65536);
    eddyi_inject_stop();
    assert_int_equal(rc, EDDY_ENOMEM);
    assert_null(pages);
}

/* ---- overflows, in a child ---- */

static int fall(void *arg)
{
    volatile size_t endless = (size_t)-1;
    return (int)go_down(endless) + (int)(intptr_t)arg;
}

static int overflow(void *arg)
{
    eddy_task *task;
    eddy_task_options options = {
        .size = sizeof options, .name = "faller", .stack_size = (size_t)(intptr_t)arg};
    int rc = eddy_create_task(&task, fall, NULL, &options);
    return rc < 0 ? rc : eddy_await(task, NULL);
}

static int touch_nothing(void *arg)
{
    volatile char *nowhere = (char *)(intptr_t)(arg == NULL ? 16 : 0);
    *nowhere = 1;
    return 0;
}

static int be_child(const char *what)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = "sim"};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    if (strcmp(what, "--overflow") == 0)
        return eddy_run(overflow, NULL, &options);
    if (strcmp(what, "--overflow-small") == 0)
        return eddy_run(overflow, (void *)(intptr_t)(32 * 1024), &options);
    return eddy_run(touch_nothing, NULL, &options);
}

static void fault_K1_overflow_names_the_task_and_ends_the_process(void **state)
{
    static const char *const whats[] = {"--overflow", "--overflow-small"};
    told got;
    (void)state;
    for (int i = 0; i < 2; i++) {
        child_do(&got, whats[i]);
        assert_int_not_equal(got.returncode, 0);
        assert_non_null(strstr(got.text, "stack overflow in task 'faller'"));
    }
}

static void other_crashes_are_not_called_overflows(void **state)
{
    told got;
    (void)state;
    child_do(&got, "--crash");
    assert_int_not_equal(got.returncode, 0);
    assert_null(strstr(got.text, "overflow"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stack_has_few_pages_until_it_needs_more),
        cmocka_unit_test(stack_that_was_cleared_is_told_how_far_it_reaches),
        cmocka_unit_test(exceptions_and_backtraces_work_on_a_stack_of_ours),
        cmocka_unit_test(guards_are_pages_that_are_not_there),
        cmocka_unit_test(fault_M9_a_refused_mapping_is_an_error),
        cmocka_unit_test(fault_K1_overflow_names_the_task_and_ends_the_process),
        cmocka_unit_test(other_crashes_are_not_called_overflows),
    };
    if (argc > 1)
        return be_child(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
