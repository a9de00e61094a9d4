/* suite_signals.c: add_signal_handler and remove_signal_handler (asyncio 12.7), and the faults G1-G3.
 * Touches the public API, SIGUSR1, SIGUSR2 and SIGINT. What a signal did before a test it does again afterwards. */
#include "gate.h"
#include "home.h"
#include "suite.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/inject.h"
#include "core/loop/loop.h"

/* ---- what the tests share ---- */

typedef struct heard {
    eddy_loop *loop;
    atomic_int calls;
    bool in_a_task; /* it was called where it must not be */
    eddy_future *until;
    int wanted;
} heard;

static void hear(void *arg)
{
    heard *self = arg;
    self->in_a_task |= eddy_current_task() != NULL || eddy_get_running_loop() != self->loop;
    if (atomic_fetch_add(&self->calls, 1) + 1 == self->wanted)
        (void)eddy_future_set_result(self->until, 0);
}

static heard listener(void)
{
    return (heard){.loop = eddy_get_running_loop()};
}

static struct sigaction disposition(int number)
{
    struct sigaction current;
    assert_int_equal(sigaction(number, NULL, &current), 0);
    return current;
}

static bool is_default(int number)
{
    return disposition(number).sa_handler == SIG_DFL;
}

static void add(int number, heard *who)
{
    assert_int_equal(eddy_loop_add_signal_handler(who->loop, number, hear, who), 0);
}

static void drop(int number, heard *who)
{
    assert_int_equal(eddy_loop_remove_signal_handler(who->loop, number), 1);
}

/* A busy loop looks for signals when it asks the backend, so it is made to. */
static void one_turn(void)
{
    assert_int_equal(eddy_sleep(1e-6), 0);
}

/* ---- the rules ---- */

TASK_TEST(a_signal_calls_back_in_the_loops_turn)
{
    heard ear = listener();
    (void)arg;
    add(SIGUSR1, &ear);
    (void)raise(SIGUSR1);
    assert_int_equal(ear.calls, 0); /* not in signal context */
    one_turn();
    assert_int_equal(ear.calls, 1);
    assert_false(ear.in_a_task);
    one_turn();
    assert_int_equal(ear.calls, 1);
    (void)raise(SIGUSR1);
    one_turn();
    assert_int_equal(ear.calls, 2);
    drop(SIGUSR1, &ear);
    assert_int_equal(eddy_loop_remove_signal_handler(ear.loop, SIGUSR1), 0);
    assert_true(is_default(SIGUSR1));
    return 0;
}

TASK_TEST(bad_arguments_and_signals_that_cannot_be_caught_are_refused)
{
    const int refused[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, 0, -1, 65, 1000};
    heard ear = listener();
    (void)arg;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(eddy_loop_add_signal_handler(ear.loop, refused[i], hear, &ear), EDDY_EINVAL);
    assert_int_equal(eddy_loop_add_signal_handler(ear.loop, SIGUSR1, NULL, &ear), EDDY_EINVAL);
    assert_int_equal(eddy_loop_add_signal_handler(NULL, SIGUSR1, hear, &ear), EDDY_EINVAL);
    assert_int_equal(eddy_loop_remove_signal_handler(NULL, SIGUSR1), 0);
    assert_int_equal(eddy_loop_remove_signal_handler(ear.loop, SIGKILL), 0);
    assert_true(is_default(SIGUSR1));
    return 0;
}

TASK_TEST(a_second_handler_of_a_loop_replaces_the_first)
{
    heard first = listener(), second = listener();
    (void)arg;
    add(SIGUSR1, &first);
    (void)raise(SIGUSR1);
    add(SIGUSR1, &second); /* what came is told to whoever is there when it is told */
    one_turn();
    assert_int_equal(first.calls, 0);
    assert_int_equal(second.calls, 1);
    drop(SIGUSR1, &second);
    assert_int_equal(eddy_loop_remove_signal_handler(first.loop, SIGUSR1), 0);
    return 0;
}

static void raise_and_drop(void *arg)
{
    heard *ear = arg;
    drop(SIGUSR2, ear); /* its call is queued behind this one */
}

TASK_TEST(a_call_that_is_queued_does_not_run_after_the_removal)
{
    heard ear = listener(), first = listener();
    (void)arg;
    assert_int_equal(eddy_loop_add_signal_handler(first.loop, SIGUSR1, raise_and_drop, &ear), 0);
    add(SIGUSR2, &ear);
    (void)raise(SIGUSR1);
    (void)raise(SIGUSR2);
    one_turn();
    one_turn();
    assert_int_equal(ear.calls, 0);
    drop(SIGUSR1, &first);
    assert_true(is_default(SIGUSR2));
    return 0;
}

TASK_TEST(several_signals_of_one_loop_are_told_apart)
{
    heard one = listener(), two = listener();
    (void)arg;
    add(SIGUSR1, &one);
    add(SIGUSR2, &two);
    (void)raise(SIGUSR2);
    one_turn();
    assert_int_equal(one.calls, 0);
    assert_int_equal(two.calls, 1);
    drop(SIGUSR1, &one);
    (void)raise(SIGUSR2);
    one_turn();
    assert_int_equal(two.calls, 2);
    drop(SIGUSR2, &two);
    return 0;
}

static void kill_ourselves(void *number)
{
    (void)kill(getpid(), (int)(intptr_t)number);
}

/* A thread whose signals are all blocked sends it, so it arrives in this one, which sleeps in the backend. */
TASK_TEST(a_signal_wakes_a_loop_that_sleeps)
{
    eddyi_thread thread;
    heard ear = listener();
    (void)arg;
    ear.wanted = 1;
    assert_int_equal(eddy_loop_create_future(ear.loop, &ear.until), 0);
    add(SIGUSR1, &ear);
    assert_int_equal(eddyi_thread_create(&thread, kill_ourselves, (void *)(intptr_t)SIGUSR1, "killer"), 0);
    assert_int_equal(eddy_await_future(ear.until, NULL), 0);
    eddyi_thread_join(&thread);
    assert_int_equal(ear.calls, 1);
    drop(SIGUSR1, &ear);
    eddy_future_release(ear.until);
    return 0;
}

/* Outside of a loop's run a thread has no alternate stack. Valgrind 3.19 would use the last one that it had. */
static void enter_thread(void)
{
    assert_int_equal(eddyi_fault_thread_enter(), 0);
}

static void closing_a_loop_gives_its_signals_back(void **state)
{
    eddy_loop *loop;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    long blocks = support_live_blocks();
    (void)state;
    enter_thread();
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    heard ear = {.loop = loop};
    add(SIGUSR1, &ear);
    add(SIGUSR2, &ear);
    (void)raise(SIGUSR1); /* noted and never told */
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_true(is_default(SIGUSR1) && is_default(SIGUSR2));
    assert_int_equal(eddy_loop_add_signal_handler(loop, SIGUSR1, hear, &ear), EDDY_ECLOSED);
    assert_int_equal(eddy_loop_remove_signal_handler(loop, SIGUSR1), 0);
    eddy_loop_release(loop);
    assert_int_equal(ear.calls, 0);
    assert_int_equal(support_live_blocks(), blocks);
    eddyi_fault_thread_leave();
}

static void a_foreign_loop_is_told_that_a_signal_waits(void **state)
{
    eddy_loop *loop;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    (void)state;
    enter_thread();
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    heard ear = {.loop = loop};
    add(SIGUSR1, &ear);
    assert_true(isinf(eddy_loop_next_timeout(loop)));
    (void)raise(SIGUSR1);
    assert_true(eddy_loop_next_timeout(loop) == 0);
    assert_true(eddy_loop_run_once(loop, 0) >= 0);
    assert_int_equal(ear.calls, 1);
    eddy_loop_release(loop);
    eddyi_fault_thread_leave();
}

/* ---- several loops ---- */

typedef struct far_ear {
    heard ear;
    int number;
    bool dropped;
} far_ear;

static int listen_there(void *arg)
{
    far_ear *self = arg;
    self->ear.loop = eddy_get_running_loop();
    return eddy_loop_add_signal_handler(self->ear.loop, self->number, hear, &self->ear);
}

static int leave_there(void *arg)
{
    far_ear *self = arg;
    return eddy_loop_remove_signal_handler(self->ear.loop, self->number);
}

static int do_there(home *there, eddy_coro_fn fn, void *arg)
{
    eddy_concurrent_future *sent;
    int result;
    assert_int_equal(eddy_run_coroutine_threadsafe(there->loop, &sent, fn, arg, NULL), 0);
    assert_int_equal(eddy_concurrent_future_result(sent, &result, 20), 0);
    eddy_concurrent_future_release(sent);
    return result;
}

static void await_calls(heard *ear, int count)
{
    uint64_t limit = eddyi_clock_now() + UINT64_C(20000000000);
    while (atomic_load(&ear->calls) < count && eddyi_clock_now() < limit)
        eddyi_thread_yield();
    assert_true(atomic_load(&ear->calls) >= count);
}

static void every_loop_of_every_thread_that_watches_a_signal_gets_it(void **state)
{
    enum { LOOPS = 3 };
    home homes[LOOPS];
    far_ear ears[LOOPS] = {{.number = 0}};
    long blocks = support_live_blocks();
    (void)state;
    enter_thread();
    for (int i = 0; i < LOOPS; i++) {
        home_start(&homes[i]);
        ears[i].number = SIGUSR1;
        assert_int_equal(do_there(&homes[i], listen_there, &ears[i]), 0);
    }
    (void)raise(SIGUSR1);
    for (int i = 0; i < LOOPS; i++)
        await_calls(&ears[i].ear, 1);
    for (int i = 0; i < LOOPS; i++) {
        assert_false(is_default(SIGUSR1)); /* it goes back with the last one */
        assert_int_equal(do_there(&homes[i], leave_there, &ears[i]), 1);
    }
    assert_true(is_default(SIGUSR1));
    for (int i = 0; i < LOOPS; i++) {
        home_stop(&homes[i]);
        eddy_loop_release(homes[i].loop);
    }
    gate_block_until_blocks(blocks);
    for (int i = 0; i < LOOPS; i++) {
        assert_int_equal(ears[i].ear.calls, 1);
        assert_false(ears[i].ear.in_a_task);
    }
    eddyi_fault_thread_leave();
}

/* ---- SIGINT and the runner, in a child: its exit status tells ---- */

static int run_in_child(eddy_coro_fn fn, void *arg)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
        eddy_run_options options = {.size = sizeof options, .loop = &loop};
        (void)signal(SIGINT, SIG_DFL);
        _exit(-eddy_run(fn, arg, &options) & 0xff);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static int interrupt_with_a_handler(void *arg)
{
    heard ear = listener();
    (void)arg;
    if (eddy_loop_add_signal_handler(ear.loop, SIGINT, hear, &ear) < 0)
        return -1;
    (void)raise(SIGINT);
    int rc = eddy_sleep(0.001);
    if (rc < 0 || ear.calls != 1)
        return -2;
    if (eddy_loop_remove_signal_handler(ear.loop, SIGINT) != 1)
        return -3;
    (void)raise(SIGINT); /* the runner's again */
    rc = eddy_sleep(1000);
    return rc == EDDY_ECANCELED && ear.calls == 1 ? -42 : -4;
}

static void a_handler_of_sigint_takes_the_runners_place_until_it_is_removed(void **state)
{
    (void)state;
    int status = run_in_child(interrupt_with_a_handler, NULL);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
}

/* ---- fork ---- */

static int forked_child(heard *ear)
{
    if (!is_default(SIGUSR1) || !is_default(SIGUSR2))
        return 1;
    if (eddy_loop_add_signal_handler(ear->loop, SIGUSR2, hear, ear) != EDDY_EFORKED)
        return 2;
    if (eddy_loop_remove_signal_handler(ear->loop, SIGUSR1) < 0)
        return 3;
    eddyi_running_loop = NULL;
    eddy_loop *own;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    if (eddy_new_event_loop(&own, &options) < 0)
        return 4;
    heard second = {.loop = own};
    if (eddy_loop_add_signal_handler(own, SIGUSR1, hear, &second) < 0)
        return 5;
    (void)raise(SIGUSR1);
    (void)eddy_loop_run_once(own, 0);
    eddy_loop_release(own);
    if (second.calls != 1 || ear->calls != 0)
        return 6;
    return is_default(SIGUSR1) ? 0 : 7;
}

/* X10: the child's signals do what they did before eddy came; a loop of its own may watch them. */
TASK_TEST(fault_X10_a_forked_child_begins_without_the_parents_handlers)
{
    int status;
    heard ear = listener();
    (void)arg;
    add(SIGUSR1, &ear);
    add(SIGUSR2, &ear);
    pid_t child = fork();
    if (child == 0)
        _exit(forked_child(&ear));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    one_turn();
    assert_int_equal(ear.calls, 0); /* the child woke nobody here */
    (void)raise(SIGUSR1);
    one_turn();
    assert_int_equal(ear.calls, 1);
    drop(SIGUSR1, &ear);
    drop(SIGUSR2, &ear);
    return 0;
}

/* ---- G1: storms ---- */

typedef struct storm {
    heard *ear;
    int rounds;
} storm;

/* Each one is answered before the next is sent: none may be lost. */
static void send_and_await(void *arg)
{
    storm *self = arg;
    for (int i = 1; i <= self->rounds; i++) {
        (void)kill(getpid(), SIGUSR1);
        await_calls(self->ear, i);
    }
}

static void come_and_go(void *arg)
{
    storm *self = arg;
    for (int i = 0; i < self->rounds / 10; i++) {
        eddy_loop *loop;
        eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
        if (eddy_new_event_loop(&loop, &options) < 0)
            return;
        heard other = {.loop = loop};
        (void)eddy_loop_add_signal_handler(loop, SIGUSR1, hear, &other);
        (void)eddy_loop_run_once(loop, 0);
        if (i % 2 == 0)
            (void)eddy_loop_remove_signal_handler(loop, SIGUSR1);
        eddy_loop_release(loop);
    }
}

TASK_TEST(fault_G1_no_signal_is_lost_while_other_loops_come_and_go)
{
    /* sim hears of a signal that interrupts its own sleep at its next heartbeat, 20 ms later at most */
    const int rounds = support_is_simulated() ? 100 : 2000;
    eddyi_thread sender, other;
    heard ear = listener();
    storm what = {.ear = &ear, .rounds = rounds};
    (void)arg;
    ear.wanted = rounds;
    assert_int_equal(eddy_loop_create_future(ear.loop, &ear.until), 0);
    add(SIGUSR1, &ear);
    assert_int_equal(eddyi_thread_create(&other, come_and_go, &what, "other"), 0);
    assert_int_equal(eddyi_thread_create(&sender, send_and_await, &what, "sender"), 0);
    assert_int_equal(eddy_await_future(ear.until, NULL), 0);
    eddyi_thread_join(&sender);
    eddyi_thread_join(&other);
    assert_int_equal(ear.calls, rounds);
    drop(SIGUSR1, &ear);
    eddy_future_release(ear.until);
    return 0;
}

typedef struct flood {
    atomic_bool over;
    atomic_int sent;
} flood;

static void send_without_end(void *arg)
{
    flood *self = arg;
    while (!atomic_load(&self->over)) {
        (void)kill(getpid(), SIGUSR1);
        atomic_fetch_add(&self->sent, 1);
    }
}

/* Signals merge; the one after the last call is not lost; adding and removing is never held up. */
TASK_TEST(fault_G1_a_storm_merges_and_holds_nothing_up)
{
    enum { ROUNDS = 300 };
    eddyi_thread sender;
    heard ear = listener(), keeper = listener();
    flood what = {.over = false};
    (void)arg;
    struct sigaction ignored = {.sa_handler = SIG_IGN}, before;
    assert_int_equal(sigaction(SIGUSR1, &ignored, &before), 0); /* while nobody watches it */
    assert_int_equal(eddyi_thread_create(&sender, send_without_end, &what, "sender"), 0);
    for (int i = 0; i < ROUNDS; i++) {
        int already = ear.calls;
        add(SIGUSR1, &ear);
        while (ear.calls == already)
            one_turn();
        drop(SIGUSR1, &ear);
    }
    add(SIGUSR1, &keeper);
    atomic_store(&what.over, true);
    eddyi_thread_join(&sender);
    one_turn();
    int calls = keeper.calls;
    (void)raise(SIGUSR1);
    one_turn();
    one_turn();
    assert_int_equal(keeper.calls, calls + 1);
    drop(SIGUSR1, &keeper);
    assert_true(disposition(SIGUSR1).sa_handler == SIG_IGN);
    assert_true(ear.calls <= atomic_load(&what.sent));
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    return 0;
}

/* ---- G2 ---- */

TASK_TEST(fault_G2_the_handler_keeps_errno_and_interrupts_no_call)
{
    heard ear = listener();
    (void)arg;
    add(SIGUSR1, &ear);
    struct sigaction ours = disposition(SIGUSR1);
    assert_true(ours.sa_flags & SA_RESTART);
    assert_true(ours.sa_flags & SA_ONSTACK);
    for (int i = 0; i < 1000; i++) { /* a wake-up that is not taken up does not fill anything */
        errno = ENOTTY;
        (void)raise(SIGUSR1);
        assert_int_equal(errno, ENOTTY);
    }
    one_turn();
    assert_int_equal(ear.calls, 1);
    drop(SIGUSR1, &ear);
    return 0;
}

/* ---- G3 ---- */

static volatile sig_atomic_t foreign_calls;

static void foreign(int number)
{
    (void)number;
    foreign_calls++;
}

static void foreign_full(int number, siginfo_t *info, void *context)
{
    (void)context;
    foreign_calls += info != NULL && info->si_signo == number ? 100 : 0;
}

TASK_TEST(fault_G3_who_had_a_handler_is_still_called_and_has_it_back)
{
    struct sigaction theirs = {.sa_handler = foreign}, before;
    heard ear = listener();
    (void)arg;
    foreign_calls = 0;
    assert_int_equal(sigaction(SIGUSR1, &theirs, &before), 0);
    for (int i = 1; i <= 2; i++) {
        add(SIGUSR1, &ear);
        (void)raise(SIGUSR1);
        one_turn();
        assert_int_equal(ear.calls, i);
        assert_int_equal(foreign_calls, i);
        drop(SIGUSR1, &ear);
        assert_true(disposition(SIGUSR1).sa_handler == foreign);
    }
    struct sigaction full = {.sa_sigaction = foreign_full, .sa_flags = SA_SIGINFO};
    assert_int_equal(sigaction(SIGUSR1, &full, NULL), 0);
    add(SIGUSR1, &ear);
    (void)raise(SIGUSR1);
    assert_int_equal(foreign_calls, 102);
    drop(SIGUSR1, &ear);
    assert_true(disposition(SIGUSR1).sa_sigaction == foreign_full);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    return 0;
}

TASK_TEST(fault_G3_a_handler_set_after_ours_is_left_alone)
{
    struct sigaction theirs = {.sa_handler = foreign};
    heard ear = listener();
    (void)arg;
    add(SIGUSR1, &ear);
    assert_int_equal(sigaction(SIGUSR1, &theirs, NULL), 0);
    drop(SIGUSR1, &ear);
    assert_true(disposition(SIGUSR1).sa_handler == foreign);
    theirs.sa_handler = SIG_DFL;
    assert_int_equal(sigaction(SIGUSR1, &theirs, NULL), 0);
    return 0;
}

/* ---- memory and system calls that fail ---- */

TASK_TEST(fault_M1_a_handler_that_cannot_be_added_leaves_the_signal_alone)
{
    heard ear = listener();
    eddyi_inject_plan no_memory = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_memory};
    eddyi_inject_plan no_call = {.calls = UINT64_C(1) << EDDYI_INJECT_sigaction, .os_error = EINVAL};
    long blocks = support_live_blocks();
    (void)arg;
    eddyi_inject_start(&no_memory);
    assert_int_equal(eddy_loop_add_signal_handler(ear.loop, SIGUSR1, hear, &ear), EDDY_ENOMEM);
    eddyi_inject_stop();
    for (no_call.fail_at = 1; no_call.fail_at <= 2; no_call.fail_at++) {
        eddyi_inject_start(&no_call);
        assert_int_equal(eddy_loop_add_signal_handler(ear.loop, SIGUSR1, hear, &ear), EDDY_EINVAL);
        eddyi_inject_stop();
    }
    assert_true(is_default(SIGUSR1));
    assert_int_equal(support_live_blocks(), blocks);
    assert_int_equal(eddy_loop_remove_signal_handler(ear.loop, SIGUSR1), 0);
    add(SIGUSR1, &ear);
    drop(SIGUSR1, &ear);
    return 0;
}

int suite_signals(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_calls_back_in_the_loops_turn),
        cmocka_unit_test(bad_arguments_and_signals_that_cannot_be_caught_are_refused),
        cmocka_unit_test(a_second_handler_of_a_loop_replaces_the_first),
        cmocka_unit_test(a_call_that_is_queued_does_not_run_after_the_removal),
        cmocka_unit_test(several_signals_of_one_loop_are_told_apart),
        cmocka_unit_test(a_signal_wakes_a_loop_that_sleeps),
        cmocka_unit_test(closing_a_loop_gives_its_signals_back),
        cmocka_unit_test(a_foreign_loop_is_told_that_a_signal_waits),
        cmocka_unit_test(every_loop_of_every_thread_that_watches_a_signal_gets_it),
        cmocka_unit_test(a_handler_of_sigint_takes_the_runners_place_until_it_is_removed),
        cmocka_unit_test(fault_X10_a_forked_child_begins_without_the_parents_handlers),
        cmocka_unit_test(fault_G1_no_signal_is_lost_while_other_loops_come_and_go),
        cmocka_unit_test(fault_G1_a_storm_merges_and_holds_nothing_up),
        cmocka_unit_test(fault_G2_the_handler_keeps_errno_and_interrupts_no_call),
        cmocka_unit_test(fault_G3_who_had_a_handler_is_still_called_and_has_it_back),
        cmocka_unit_test(fault_G3_a_handler_set_after_ours_is_left_alone),
        cmocka_unit_test(fault_M1_a_handler_that_cannot_be_added_leaves_the_signal_alone),
    };
    return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
