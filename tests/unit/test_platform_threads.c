/* test_platform_threads.c: the clock, threads and their end, forks.
 * Touches seam 2. Threads are joined, or tell that they have ended. */
#include "test_platform_bench.h"

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

static void do_nothing(void *arg)
{
    (void)arg;
}

static void fault_X3_a_thread_or_lock_that_cannot_be_made_is_an_error(void **state)
{
    eddyi_inject_plan plan = {.fail_at = 1, .fail_after_too = true};
    eddyi_thread thread;
    eddyi_mutex mutex;
    eddyi_condition condition;
    sigset_t mask;
    (void)state;
    plan.calls = UINT64_C(1) << EDDYI_INJECT_pthread_create;
    eddyi_inject_start(&plan);
    assert_int_equal(eddyi_thread_create(&thread, do_nothing, NULL, "none"), EDDY_EAGAIN);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_int_equal(sigismember(&mask, SIGTERM), 0); /* put back */
    plan.calls = UINT64_C(1) << EDDYI_INJECT_memory;
    eddyi_inject_start(&plan);
    assert_int_equal(eddyi_thread_create(&thread, do_nothing, NULL, "none"), EDDY_ENOMEM);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_moves_forward_only),
        cmocka_unit_test(fault_T1_a_timed_wait_never_ends_early),
        cmocka_unit_test(threads_have_ids_of_their_own_and_block_all_signals),
        cmocka_unit_test(a_detached_thread_runs_too),
        cmocka_unit_test(fault_X8_an_end_that_cannot_be_told_is_an_error),
        cmocka_unit_test(fault_X8_a_threads_end_is_told_to_each_that_asked),
        cmocka_unit_test(fault_X3_a_thread_or_lock_that_cannot_be_made_is_an_error),
        cmocka_unit_test(fault_X10_the_fork_generation_grows_in_each_child_only),
        cmocka_unit_test(a_plain_process_is_not_privileged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
