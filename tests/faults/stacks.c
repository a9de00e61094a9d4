/* stacks.c: task stacks: overflow, guards, sizes, reuse, giving back (faults K1-K12).
 * Touches the public API, the stack pool's seam, and child processes where the process is to end. */
#include "support/support.h"

#include <errno.h>
#include <fenv.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/platform.h"
#include "core/task/annotate.h"
#include "core/task/stacks.h"

#if defined(EDDYI_ASAN) || defined(EDDYI_TSAN)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static size_t task_count(size_t natively)
{
#ifdef EDDY_VALGRIND
    if (RUNNING_ON_VALGRIND)
        return natively < 2000 ? natively : 2000;
#endif
    return SANITIZED && natively > 2000 ? 2000 : natively;
}

/* ---- overflow, in a child ---- */

static volatile char sink;

static int dig(int depth)
{
    volatile char frame[1024];
    frame[0] = (char)depth;
    int deeper = depth < INT_MAX ? dig(depth + 1) : 0;
    sink = frame[0];
    return deeper + 1;
}

static int overflow(void *arg)
{
    (void)arg;
    return dig(0);
}

static int write_far_below(void *arg)
{
    volatile char frame[6000];
    (void)arg;
    memset((void *)(uintptr_t)frame, 1, sizeof frame);
    sink = frame[sizeof frame / 2];
    return eddy_sleep(0);
}

typedef struct crash {
    eddy_coro_fn fn;
    eddy_task_options options;
} crash;

static int crash_main(void *arg)
{
    crash *c = arg;
    eddy_task *task;
    int rc = eddy_create_task(&task, c->fn, NULL, &c->options);
    if (rc < 0)
        return rc;
    rc = eddy_await(task, NULL);
    eddy_task_release(task);
    return rc;
}

/* How the child ended, and what it said. */
static int run_in_child(crash *c, const char *guard, char *said, size_t size)
{
    int ends[2], status;
    size_t length = 0;
    ssize_t got;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)setenv("EDDY_GUARD", guard, 1);
        eddyi_guard_limit(strcmp(guard, "none") == 0      ? EDDYI_GUARD_NONE
                          : strcmp(guard, "protect") == 0 ? EDDYI_GUARD_PROTECT
                                                          : EDDYI_GUARD_LIGHT);
        (void)signal(SIGSEGV, SIG_DFL);
        (void)signal(SIGABRT, SIG_DFL);
        _exit(eddy_run(crash_main, c, NULL) < 0 ? 3 : 0);
    }
    close(ends[1]);
    while (length + 1 < size && (got = read(ends[0], said + length, size - 1 - length)) > 0)
        length += (size_t)got;
    said[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void fault_K1_overflow_names_the_task(void **state)
{
    char said[1024];
    crash c = {.fn = overflow,
               .options = {.size = sizeof c.options, .name = "deep digger", .stack_size = 65536}};
    (void)state;
    if (SANITIZED)
        skip(); /* the sanitizer answers a stack overflow before we can */
    int status = run_in_child(&c, "light", said, sizeof said);
    assert_true(WIFSIGNALED(status));
    assert_true(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
    assert_non_null(strstr(said, "stack overflow in task 'deep digger'"));
    status = run_in_child(&c, "protect", said, sizeof said); /* K12: the fallback, too */
    assert_true(WIFSIGNALED(status));
    assert_non_null(strstr(said, "stack overflow in task 'deep digger'"));
}

/* Its lowest byte lies far below the guard. */
static int have_a_large_frame(void *size)
{
    volatile char frame[(size_t)(uintptr_t)size];
    frame[0] = 1;
    sink = frame[0];
    return 0;
}

static int have_a_large_frame_of(size_t size)
{
    return have_a_large_frame((void *)(uintptr_t)size);
}

static int jump_over_the_guard(void *arg)
{
    (void)arg;
    return have_a_large_frame((void *)(uintptr_t)(256 * 1024));
}

/* K2: this file is compiled with -fstack-clash-protection, as a program with large frames has to be: they meet the guard then. */
static void fault_K2_large_frame_meets_the_guard(void **state)
{
    char said[1024];
    crash c = {.fn = jump_over_the_guard,
               .options = {.size = sizeof c.options, .name = "wide one", .stack_size = 65536}};
    (void)state;
#ifndef EDDY_STACK_CLASH_PROTECTION
    skip(); /* the compiler has no such option */
#endif
    if (SANITIZED)
        skip();
    for (int i = 0; i < 2; i++) {
        int status = run_in_child(&c, i == 0 ? "light" : "protect", said, sizeof said);
        assert_true(WIFSIGNALED(status));
        assert_non_null(strstr(said, "stack overflow in task 'wide one'"));
    }
}

static void fault_K1_overflow_without_a_guard_is_found_at_the_next_switch(void **state)
{
    char said[1024];
    crash c = {.fn = write_far_below,
               .options = {.size = sizeof c.options,
                           .name = "small one",
                           .stack_size = 1024,
                           .stack_without_signals = true}};
    (void)state;
    if (SANITIZED)
        skip(); /* sanitized stacks are several times as large */
    int status = run_in_child(&c, "light", said, sizeof said);
    assert_true(WIFSIGNALED(status));
    assert_true(WTERMSIG(status) == SIGABRT ||
                WTERMSIG(status) == SIGSEGV); /* found late, or at the slab's own end */
    assert_non_null(strstr(said, "stack overflow in task 'small one'"));
}

/* ---- sizes ---- */

static int nothing(void *arg)
{
    (void)arg;
    return 7;
}

static int tell_size(void *arg)
{
    *(size_t *)arg = eddyi_stack_size(eddy_current_task()->stack);
    return 7;
}

TASK_TEST(fault_K3_any_stack_size_is_rounded_or_refused)
{
    static const size_t sizes[] = {1, 17, 1024, 4095, 4096, 4097, 65536, 1000003, 16 * 1024 * 1024};
    eddy_task *task = NULL;
    (void)arg;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int small = 0; small < 2; small++) {
            size_t size = 0;
            assert_int_equal(eddy_create_task(&task, tell_size, &size,
                                              EDDY_OPTIONS(eddy_task_options, .stack_size = sizes[i],
                                                           .stack_without_signals = small == 1)),
                             0);
            assert_int_equal(eddy_await(task, NULL), 7);
            assert_true(size >= sizes[i]);
            eddy_task_release(task);
        }
    }
    assert_int_equal(
        eddy_create_task(&task, nothing, NULL, EDDY_OPTIONS(eddy_task_options, .stack_size = SIZE_MAX)),
        EDDY_EINVAL);
    return 0;
}

/* ---- what is kept over a switch ---- */

static int with_upward_rounding(void *arg)
{
    (void)arg;
    (void)fesetround(FE_UPWARD);
    errno = 1234;
    for (int i = 0; i < 10; i++) {
        int rc = eddy_sleep(0);
        if (rc < 0)
            return rc;
        if (fegetround() != FE_UPWARD || errno != 1234)
            return EDDY_EPROTO;
    }
    (void)fesetround(FE_TONEAREST);
    return 0;
}

TASK_TEST(fault_K5_errno_and_rounding_are_kept_over_a_switch)
{
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, with_upward_rounding, NULL, NULL), 0);
    for (int i = 0; i < 12; i++) {
        errno = 4321;
        assert_int_equal(eddy_sleep(0), 0);
        assert_int_equal(errno, 4321);
        assert_int_equal(fegetround(), FE_TONEAREST);
    }
    assert_int_equal(eddy_await(task, NULL), 0);
    eddy_task_release(task);
    return 0;
}

static int round_upward(void *arg)
{
    (void)arg;
    return fesetround(FE_UPWARD);
}

static int tell_rounding(void *arg)
{
    *(int *)arg = fegetround();
    return 0;
}

TASK_TEST(fault_K5_a_task_begins_with_the_usual_rounding_whoever_ran_before)
{
    eddy_task *tasks[2];
    int rounding = -1;
    (void)arg;
    assert_int_equal(eddy_create_task(&tasks[0], round_upward, NULL, NULL), 0);
    assert_int_equal(eddy_create_task(&tasks[1], tell_rounding, &rounding, NULL), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(eddy_await(tasks[i], NULL), 0);
        eddy_task_release(tasks[i]);
    }
    assert_int_equal(rounding, FE_TONEAREST);
    return 0;
}

/* ---- reuse and giving back ---- */

TASK_TEST(fault_K8_stack_of_an_ended_task_is_used_again)
{
    eddy_task *first, *second;
    (void)arg;
    assert_int_equal(eddy_create_task(&first, nothing, NULL, NULL), 0);
    assert_int_equal(eddy_await(first, NULL), 7);
    void *where = first;
    eddy_task_release(first);
    assert_int_equal(eddy_create_task(&second, nothing, NULL, NULL), 0);
    assert_ptr_equal(second, where);
    assert_int_equal(eddy_await(second, NULL), 7);
    eddy_task_release(second);
    return 0;
}

static int tell_stack(void *arg)
{
    *(void **)arg = eddy_current_task()->stack;
    return 0;
}

TASK_TEST(fault_K8_tasks_that_end_without_waiting_run_on_two_stacks_in_turn)
{
    enum { COUNT = 100 };
    eddy_task *tasks[COUNT];
    void *stacks[COUNT];
    (void)arg;
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(eddy_create_task(&tasks[i], tell_stack, &stacks[i], NULL), 0);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(eddy_await(tasks[i], NULL), 0);
    assert_ptr_not_equal(stacks[0], stacks[1]);
    for (int i = 2; i < COUNT; i++)
        assert_ptr_equal(stacks[i], stacks[i - 2]);
    for (int i = 0; i < COUNT; i++) /* held until here: an ended task keeps no stack */
        eddy_task_release(tasks[i]);
    return 0;
}

/* ---- how deep it was used ---- */

typedef struct depth {
    size_t wanted, used, of, later; /* later: after its deep call has returned */
} depth;

static int use_much(void *arg)
{
    depth *d = arg;
    (void)have_a_large_frame_of(d->wanted);
    d->used = eddy_task_stack_used(eddy_current_task(), &d->of);
    int rc = eddy_sleep(0);
    d->later = eddy_task_stack_used(eddy_current_task(), NULL);
    return rc;
}

static depth measure(size_t wanted)
{
    eddy_task *task;
    depth d = {.wanted = wanted};
    assert_int_equal(
        eddy_create_task(&task, use_much, &d, EDDY_OPTIONS(eddy_task_options, .stack_size = 100000)), 0);
    assert_int_equal(eddy_task_stack_used(task, NULL), 0); /* it has not begun */
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(eddy_task_stack_used(task, NULL), 0); /* it has ended */
    eddy_task_release(task);
    return d;
}

/* The same stack again and again: what an earlier task left on it is not the later one's. */
TASK_TEST(fault_K4_debug_mode_tells_how_deep_a_stack_was_used)
{
    static const size_t sizes[] = {100, 60000, 100, 30000, 2000};
    (void)arg;
    if (SANITIZED)
        return 0;                            /* frames lie elsewhere, or are of other sizes */
    assert_int_equal(measure(1000).used, 0); /* not in debug mode: nobody knows */
    assert_int_equal(eddy_task_stack_used(NULL, NULL), 0);
    eddy_loop_set_debug(eddy_get_running_loop(), true);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        depth d = measure(sizes[i]);
        assert_true(d.of >= 100000);
        assert_true(d.used >= sizes[i]);
        assert_true(d.used < sizes[i] + 10000);
        assert_true(d.later >= d.used);
    }
    return 0;
}

static int park(void *arg)
{
    return eddy_await_future(arg, NULL);
}

static double resident(void)
{
    char line[128];
    double kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL)
        return 0;
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            kilobytes = strtod(line + 6, NULL);
    (void)fclose(status);
    return kilobytes;
}

/* K10, K12: a burst of tasks under a guard mode, and its memory is back when the loop is idle again. */
static int burst(void *arg)
{
    size_t count = task_count((size_t)(intptr_t)arg);
    eddy_future *gate;
    eddy_task_group group;
    assert_int_equal(eddy_loop_create_future(eddy_get_running_loop(), &gate), 0);
    double before = resident();
    eddy_task_group_enter(&group);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(eddy_task_group_create_task(&group, NULL, park, gate, NULL), 0);
    assert_int_equal(eddy_sleep(0), 0);
    double during = resident();
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    assert_int_equal(eddy_task_group_exit(&group, 0), 0);
    eddy_future_release(gate);
    for (int i = 0; i < 3; i++)
        assert_int_equal(eddy_sleep(0.15), 0); /* the subject is what an idle loop does */
    double after = resident();
    if (count >= 10000) {
        assert_true(during - before > 4.0 * (double)count * 0.9);
        assert_true(after - before < (during - before) / 4);
    }
    return 0;
}

static void fault_K10_burst_of_tasks_gives_its_memory_back(void **state)
{
    (void)state;
    assert_int_equal(support_run(burst, (void *)20000), 0);
}

static void fault_K12_more_tasks_than_protected_pages_run_in_every_guard_mode(void **state)
{
    static const enum eddyi_guard modes[] = {EDDYI_GUARD_LIGHT, EDDYI_GUARD_PROTECT, EDDYI_GUARD_NONE};
    (void)state;
    for (int i = 0; i < 3; i++) {
        eddyi_guard_limit(modes[i]);
        assert_int_equal(
            support_run(burst, (void *)(intptr_t)(modes[i] == EDDYI_GUARD_PROTECT ? 40000 : 5000)), 0);
    }
    eddyi_guard_limit(EDDYI_GUARD_LIGHT);
}

/* M9: a stack that cannot be had is an error, and the next one can. */
TASK_TEST(fault_M9_stack_that_cannot_be_mapped_is_an_error)
{
    eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_mmap};
    eddy_task *task = NULL;
    (void)arg;
    eddyi_inject_start(&plan);
    int rc = eddy_create_task(&task, nothing, NULL, EDDY_OPTIONS(eddy_task_options, .stack_size = 3000000));
    eddyi_inject_stop();
    assert_int_equal(rc, EDDY_ENOMEM);
    assert_null(task);
    assert_int_equal(
        eddy_create_task(&task, nothing, NULL, EDDY_OPTIONS(eddy_task_options, .stack_size = 3000000)), 0);
    assert_int_equal(eddy_await(task, NULL), 7);
    eddy_task_release(task);
    return 0;
}

/* ---- signals on task stacks ---- */

static volatile sig_atomic_t ticks;

static void on_tick(int number)
{
    (void)number;
    ticks++;
}

/* K9, P6: a flood of signals while tasks run and wait disturbs nothing. */
TASK_TEST(fault_K9_signals_arrive_on_task_stacks)
{
    struct sigaction action = {.sa_handler = on_tick}, before;
    (void)arg;
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    for (int i = 0; i < 500; i++) {
        assert_int_equal(raise(SIGUSR1), 0);
        assert_int_equal(eddy_sleep(i % 10 == 0 ? 0.0001 : 0), 0);
    }
    assert_int_equal(ticks, 500);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_K1_overflow_names_the_task),
        cmocka_unit_test(fault_K2_large_frame_meets_the_guard),
        cmocka_unit_test(fault_K1_overflow_without_a_guard_is_found_at_the_next_switch),
        cmocka_unit_test(fault_K3_any_stack_size_is_rounded_or_refused),
        cmocka_unit_test(fault_K5_errno_and_rounding_are_kept_over_a_switch),
        cmocka_unit_test(fault_K5_a_task_begins_with_the_usual_rounding_whoever_ran_before),
        cmocka_unit_test(fault_K4_debug_mode_tells_how_deep_a_stack_was_used),
        cmocka_unit_test(fault_K8_tasks_that_end_without_waiting_run_on_two_stacks_in_turn),
        cmocka_unit_test(fault_K8_stack_of_an_ended_task_is_used_again),
        cmocka_unit_test(fault_K10_burst_of_tasks_gives_its_memory_back),
        cmocka_unit_test(fault_K12_more_tasks_than_protected_pages_run_in_every_guard_mode),
        cmocka_unit_test(fault_M9_stack_that_cannot_be_mapped_is_an_error),
        cmocka_unit_test(fault_K9_signals_arrive_on_task_stacks),
    };
    support_init(argc, argv);
    return cmocka_run_group_tests_name("stacks", tests, NULL, NULL);
}
