/* test_platform.c: pages and guards, threads, the clock, forks, faults and SIGINT, as core/platform.h promises them.
 * Touches seam 2 and forks. What must crash does so in a child; signals, threads and memory are left as they were. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#ifdef EDDY_VALGRIND
#include <valgrind/valgrind.h>
#endif

#include "core/base/inject.h"
#include "core/platform.h"
#include "core/task/annotate.h"

static const char *program; /* as it was started */

static bool under_valgrind(void)
{
#ifdef EDDY_VALGRIND
    return RUNNING_ON_VALGRIND != 0;
#else
    return false;
#endif
}

/* ---- a child that may crash ---- */

typedef struct ending {
    int status;     /* as waitpid gives it */
    char text[512]; /* what it wrote to standard error */
} ending;

static void set_default(int number)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

/* The body starts with default dispositions, without core dumps, and with standard error in our hands. */
static void in_child(ending *end, void (*body)(void *arg), void *arg)
{
    const struct rlimit no_core = {0, 0};
    size_t used = 0;
    ssize_t n;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)setrlimit(RLIMIT_CORE, &no_core);
        set_default(SIGSEGV);
        set_default(SIGBUS);
        set_default(SIGINT);
        if (dup2(ends[1], STDERR_FILENO) < 0)
            _exit(99);
        body(arg);
        _exit(0);
    }
    (void)close(ends[1]);
    while (used + 1 < sizeof end->text &&
           (n = read(ends[0], end->text + used, sizeof end->text - 1 - used)) > 0)
        used += (size_t)n;
    end->text[used] = '\0';
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &end->status, 0), child);
}

static bool died_of(const ending *end, int number)
{
    return WIFSIGNALED(end->status) && WTERMSIG(end->status) == number;
}

static bool died_of_a_fault(const ending *end)
{
    return died_of(end, SIGSEGV) || died_of(end, SIGBUS);
}

static int exit_code(const ending *end)
{
    return WIFEXITED(end->status) ? WEXITSTATUS(end->status) : -1;
}

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

static void touch(void *address)
{
    *(volatile char *)address = 1;
}

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

/* ---- clock and threads ---- */

static void the_clock_moves_forward_only(void **state)
{
    uint64_t before = eddyi_clock_now();
    (void)state;
    assert_true(before > 0);
    assert_in_range(eddyi_clock_resolution(), 1, 1000000000);
    for (int i = 0; i < 1000; i++) {
        uint64_t now = eddyi_clock_now();
        assert_true(now >= before);
        before = now;
    }
}

static void fault_T1_a_timed_wait_never_ends_early(void **state)
{
    eddyi_mutex mutex;
    eddyi_condition condition;
    (void)state;
    assert_int_equal(eddyi_mutex_init(&mutex), 0);
    assert_int_equal(eddyi_condition_init(&condition), 0);
    eddyi_mutex_lock(&mutex);
    for (uint64_t i = 0; i < 50; i++) {
        uint64_t deadline = eddyi_clock_now() + i * 40009;
        while (eddyi_condition_wait_until(&condition, &mutex, deadline))
            continue; /* woken without a signal */
        assert_true(eddyi_clock_now() >= deadline);
    }
    assert_false(eddyi_condition_wait_until(&condition, &mutex, 0)); /* long ago */
    eddyi_mutex_unlock(&mutex);
    eddyi_condition_destroy(&condition);
    eddyi_mutex_destroy(&mutex);
}

typedef struct meeting {
    eddyi_mutex mutex;
    eddyi_condition condition;
    int arrived;
    bool go;
    uintptr_t ids[4];
    bool steady, blocked;
} meeting;

static void attend(void *arg)
{
    meeting *m = arg;
    sigset_t mask;
    bool blocked = pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0 && sigismember(&mask, SIGINT) == 1 &&
                   sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGCHLD) == 1;
    eddyi_mutex_lock(&m->mutex);
    m->blocked = m->blocked && blocked;
    uintptr_t id = m->ids[m->arrived++] = eddyi_thread_id();
    eddyi_condition_broadcast(&m->condition);
    while (!m->go)
        eddyi_condition_wait(&m->condition, &m->mutex);
    m->steady = m->steady && id == eddyi_thread_id();
    eddyi_mutex_unlock(&m->mutex);
}

static void threads_have_ids_of_their_own_and_block_all_signals(void **state)
{
    eddyi_thread threads[4];
    meeting m = {.steady = true, .blocked = true};
    sigset_t before, after;
    (void)state;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_int_equal(eddyi_mutex_init(&m.mutex), 0);
    assert_int_equal(eddyi_condition_init(&m.condition), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(eddyi_thread_create(&threads[i], attend, &m, "attend"), 0);
    eddyi_mutex_lock(&m.mutex);
    while (m.arrived < 4) /* a wait whose deadline never comes */
        assert_true(eddyi_condition_wait_until(
            &m.condition, &m.mutex, m.arrived % 2 ? UINT64_MAX : eddyi_clock_now() + 60000000000u));
    m.go = true;
    eddyi_condition_broadcast(&m.condition);
    eddyi_mutex_unlock(&m.mutex);
    for (int i = 0; i < 4; i++)
        eddyi_thread_join(&threads[i]);
    assert_true(m.steady);
    assert_true(m.blocked);
    for (int i = 0; i < 4; i++) {
        assert_true(m.ids[i] != 0 && m.ids[i] != eddyi_thread_id());
        for (int j = 0; j < i; j++)
            assert_true(m.ids[i] != m.ids[j]);
    }
    (void)pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(sigismember(&after, SIGINT), sigismember(&before, SIGINT));
    eddyi_condition_destroy(&m.condition);
    eddyi_mutex_destroy(&m.mutex);
    assert_true(eddyi_processor_count() >= 1);
}

static void leave_a_mark(void *arg)
{
    meeting *m = arg;
    eddyi_mutex_lock(&m->mutex);
    m->go = true;
    eddyi_condition_signal(&m->condition);
    eddyi_mutex_unlock(&m->mutex);
}

static void a_detached_thread_runs_too(void **state)
{
    static meeting m; /* the thread may still be on its way out of the mutex */
    eddyi_thread thread;
    (void)state;
    assert_int_equal(eddyi_mutex_init(&m.mutex), 0);
    assert_int_equal(eddyi_condition_init(&m.condition), 0);
    assert_int_equal(eddyi_thread_create(&thread, leave_a_mark, &m, "detached"), 0);
    eddyi_thread_detach(&thread);
    eddyi_mutex_lock(&m.mutex);
    while (!m.go)
        eddyi_condition_wait(&m.condition, &m.mutex);
    eddyi_mutex_unlock(&m.mutex);
}

/* ---- the end of a thread ---- */

static char ended[8]; /* in this order */

static void end_as(const char *name)
{
    (void)strncat(ended, name, sizeof ended - strlen(ended) - 1);
}

static _Thread_local eddyi_thread_end end_of_a, end_of_b;

static void end_b(void)
{
    end_as("b");
}

static void end_a(void)
{
    end_as("a");
    if (strlen(ended) < 3) /* once more, though the thread ends already */
        (void)eddyi_thread_at_end(&end_of_a, end_a);
}

static void ask_for_its_end(void *good)
{
    *(bool *)good = eddyi_thread_at_end(&end_of_a, end_a) == 0 &&
                    eddyi_thread_at_end(&end_of_b, end_b) == 0 &&
                    eddyi_thread_at_end(&end_of_a, end_a) == 0 && ended[0] == '\0';
}

static void run_in_a_thread(void (*fn)(void *))
{
    eddyi_thread thread;
    bool good = false;
    ended[0] = '\0';
    assert_int_equal(eddyi_thread_create(&thread, fn, &good, "ending"), 0);
    eddyi_thread_join(&thread);
    assert_true(good);
}

static void fault_X8_a_threads_end_is_told_to_each_that_asked(void **state)
{
    (void)state;
    run_in_a_thread(ask_for_its_end);
    assert_string_equal(ended, "baa");
    run_in_a_thread(ask_for_its_end); /* each thread anew */
    assert_string_equal(ended, "baa");
}

static eddyi_inject_plan first_call_fails = {.fail_at = 1};

static void fail_to_ask(void *good)
{
    int expected =
        first_call_fails.calls == UINT64_C(1) << EDDYI_INJECT_pthread_key_create ? EDDY_EAGAIN : EDDY_ENOMEM;
    eddyi_inject_start(&first_call_fails);
    int failed = eddyi_thread_at_end(&end_of_a, end_a);
    int first = eddyi_thread_at_end(&end_of_b, end_b);
    eddyi_inject_start(&first_call_fails);
    int second = eddyi_thread_at_end(&end_of_a, end_a); /* the thread has one: nothing can fail */
    eddyi_inject_stop();
    *(bool *)good = failed == expected && first == 0 && second == 0;
}

/* Before the key of the process is made, and after. */
static void fault_X8_an_end_that_cannot_be_told_is_an_error(void **state)
{
    (void)state;
    first_call_fails.calls = UINT64_C(1) << EDDYI_INJECT_pthread_key_create;
    run_in_a_thread(fail_to_ask);
    assert_string_equal(ended, "aaab");
    first_call_fails.calls = UINT64_C(1) << EDDYI_INJECT_pthread_setspecific;
    run_in_a_thread(fail_to_ask);
    assert_string_equal(ended, "aaab");
}

static void fault_X3_a_thread_or_lock_that_cannot_be_made_is_an_error(void **state)
{
    eddyi_inject_plan plan = {.fail_at = 1, .fail_after_too = true};
    eddyi_thread thread;
    eddyi_mutex mutex;
    eddyi_condition condition;
    bool good;
    sigset_t mask;
    (void)state;
    plan.calls = UINT64_C(1) << EDDYI_INJECT_pthread_create;
    eddyi_inject_start(&plan);
    assert_int_equal(eddyi_thread_create(&thread, enter_and_leave, &good, "none"), EDDY_EAGAIN);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_int_equal(sigismember(&mask, SIGTERM), 0); /* put back */
    plan.calls = UINT64_C(1) << EDDYI_INJECT_memory;
    eddyi_inject_start(&plan);
    assert_int_equal(eddyi_thread_create(&thread, enter_and_leave, &good, "none"), EDDY_ENOMEM);
    plan.calls = 0;
    eddyi_inject_start(&plan);
    assert_int_equal(eddyi_mutex_init(&mutex), EDDY_ENOMEM);
    assert_int_equal(eddyi_condition_init(&condition), EDDY_ENOMEM);
    eddyi_inject_stop();
}

/* ---- forks ---- */

static uint32_t generation_before;

static void compare_generation(void *arg)
{
    uint32_t expected = generation_before + 1;
    (void)arg;
    if (eddyi_fork_generation() != expected)
        _exit(1);
    pid_t child = fork();
    if (child == 0)
        _exit(eddyi_fork_generation() == expected + 1 ? 0 : 1);
    int status = 1;
    (void)waitpid(child, &status, 0);
    _exit(status == 0 && eddyi_fork_generation() == expected ? 0 : 2);
}

static void fault_X10_the_fork_generation_grows_in_each_child_only(void **state)
{
    ending end;
    (void)state;
    generation_before = eddyi_fork_generation();
    in_child(&end, compare_generation, NULL);
    assert_int_equal(exit_code(&end), 0);
    assert_int_equal(eddyi_fork_generation(), generation_before);
}

static void a_plain_process_is_not_privileged(void **state)
{
    (void)state;
    assert_false(eddyi_process_is_privileged());
}

/* ---- SIGINT ---- */

static int interrupts;

static void count_interrupt(void *arg)
{
    errno = EBADF; /* the handler keeps it */
    ++*(int *)arg;
}

static eddyi_signal_watch interrupt_watch;

static int watch_interrupt(void (*fn)(void *), void *arg)
{
    eddyi_signal_watch second = {.fn = fn, .arg = arg}; /* refused, so it need not live on */
    eddyi_signal_watch *watch = interrupt_watch.number != 0 ? &second : &interrupt_watch;
    watch->fn = fn;
    watch->arg = arg;
    return eddyi_signal_watch_add(watch, SIGINT, true);
}

static void unwatch_interrupt(void)
{
    eddyi_signal_watch_remove(&interrupt_watch);
}

static void on_foreign_interrupt(int number)
{
    (void)number;
}

static struct sigaction inherited; /* SIGINT may be ignored where this program was started */

static int use_default_interrupt(void **state)
{
    (void)state;
    (void)sigaction(SIGINT, NULL, &inherited);
    set_default(SIGINT);
    interrupts = 0;
    return 0;
}

static int restore_interrupt(void **state)
{
    (void)state;
    return sigaction(SIGINT, &inherited, NULL);
}

static void (*interrupt_handler(void))(int)
{
    struct sigaction current;
    assert_int_equal(sigaction(SIGINT, NULL, &current), 0);
    return current.sa_handler;
}

static void an_interrupt_is_taken_and_given_back(void **state)
{
    (void)state;
    for (int round = 1; round <= 2; round++) {
        assert_int_equal(watch_interrupt(count_interrupt, &interrupts), 0);
        errno = 0;
        (void)raise(SIGINT);
        assert_int_equal(errno, 0);
        assert_int_equal(interrupts, round);
        unwatch_interrupt();
        assert_true(interrupt_handler() == SIG_DFL);
        unwatch_interrupt();
        assert_true(interrupt_handler() == SIG_DFL);
    }
}

static void fault_G3_an_interrupt_handler_that_is_there_is_left_alone(void **state)
{
    (void)state;
    (void)signal(SIGINT, on_foreign_interrupt);
    assert_int_equal(watch_interrupt(count_interrupt, &interrupts), EDDY_EBUSY);
    assert_true(interrupt_handler() == on_foreign_interrupt);
    (void)signal(SIGINT, SIG_IGN);
    assert_int_equal(watch_interrupt(count_interrupt, &interrupts), EDDY_EBUSY);
    assert_true(interrupt_handler() == SIG_IGN);
    (void)signal(SIGINT, SIG_DFL);
    assert_int_equal(watch_interrupt(count_interrupt, &interrupts), 0);
    assert_int_equal(watch_interrupt(count_interrupt, &interrupts), EDDY_EBUSY); /* ours counts too */
    (void)signal(SIGINT, on_foreign_interrupt); /* set after ours: not ours to remove */
    unwatch_interrupt();
    assert_true(interrupt_handler() == on_foreign_interrupt);
    assert_int_equal(interrupts, 0);
}

static void install_elsewhere(void *arg)
{
    *(int *)arg = watch_interrupt(count_interrupt, &interrupts);
}

static void only_the_main_thread_takes_interrupts(void **state)
{
    eddyi_thread thread;
    int rc = 0;
    (void)state;
    assert_int_equal(eddyi_thread_create(&thread, install_elsewhere, &rc, "elsewhere"), 0);
    eddyi_thread_join(&thread);
    assert_int_equal(rc, EDDY_EPERM);
    assert_true(interrupt_handler() == SIG_DFL);
}

static void an_interrupt_that_cannot_be_taken_is_an_error(void **state)
{
    eddyi_inject_plan plan = {.calls = UINT64_C(1) << EDDYI_INJECT_sigaction, .os_error = EINVAL};
    (void)state;
    for (plan.fail_at = 1; plan.fail_at <= 2; plan.fail_at++) {
        eddyi_inject_start(&plan);
        assert_int_equal(watch_interrupt(count_interrupt, &interrupts), EDDY_EINVAL);
        eddyi_inject_stop();
        assert_true(interrupt_handler() == SIG_DFL);
    }
}

static void interrupt_again(void *arg)
{
    (void)arg;
    eddyi_interrupt_raise_default();
}

static void raise_the_default(void *arg)
{
    if (arg != NULL) { /* from inside the handler, where the signal is blocked */
        if (watch_interrupt(interrupt_again, NULL) < 0)
            _exit(1);
        (void)raise(SIGINT);
    } else {
        eddyi_interrupt_raise_default();
    }
}

static void the_default_interrupt_ends_the_process(void **state)
{
    ending end;
    (void)state;
    in_child(&end, raise_the_default, NULL);
    assert_true(died_of(&end, SIGINT));
    in_child(&end, raise_the_default, &end);
    assert_true(died_of(&end, SIGINT));
}

#define INTERRUPT_TEST(name) cmocka_unit_test_setup_teardown(name, use_default_interrupt, restore_interrupt)

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
        cmocka_unit_test(fault_K1_a_stack_overflow_is_described_and_the_process_ends_as_before),
        cmocka_unit_test(a_fault_elsewhere_is_not_described),
        cmocka_unit_test(a_handler_that_was_there_before_runs_next),
        cmocka_unit_test(a_fault_signal_that_was_sent_ends_the_process_too),
        cmocka_unit_test(a_failed_installation_leaves_nothing_and_can_be_repeated),
        cmocka_unit_test(fault_K9_a_thread_has_an_alternate_stack_while_it_needs_one),
        cmocka_unit_test(a_failed_enter_is_paired_with_a_leave_too),
        cmocka_unit_test(the_clock_moves_forward_only),
        cmocka_unit_test(fault_T1_a_timed_wait_never_ends_early),
        cmocka_unit_test(threads_have_ids_of_their_own_and_block_all_signals),
        cmocka_unit_test(a_detached_thread_runs_too),
        cmocka_unit_test(fault_X8_an_end_that_cannot_be_told_is_an_error),
        cmocka_unit_test(fault_X8_a_threads_end_is_told_to_each_that_asked),
        cmocka_unit_test(fault_X3_a_thread_or_lock_that_cannot_be_made_is_an_error),
        cmocka_unit_test(fault_X10_the_fork_generation_grows_in_each_child_only),
        cmocka_unit_test(a_plain_process_is_not_privileged),
        INTERRUPT_TEST(an_interrupt_is_taken_and_given_back),
        INTERRUPT_TEST(fault_G3_an_interrupt_handler_that_is_there_is_left_alone),
        INTERRUPT_TEST(only_the_main_thread_takes_interrupts),
        INTERRUPT_TEST(an_interrupt_that_cannot_be_taken_is_an_error),
        INTERRUPT_TEST(the_default_interrupt_ends_the_process),
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
