/* test_platform_interrupt.c: SIGINT is taken, given back, and left to whoever has it.
 * Touches seam 2 and the disposition of SIGINT, which is restored after each test. */
#include "test_platform_bench.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        INTERRUPT_TEST(an_interrupt_is_taken_and_given_back),
        INTERRUPT_TEST(fault_G3_an_interrupt_handler_that_is_there_is_left_alone),
        INTERRUPT_TEST(only_the_main_thread_takes_interrupts),
        INTERRUPT_TEST(an_interrupt_that_cannot_be_taken_is_an_error),
        INTERRUPT_TEST(the_default_interrupt_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
