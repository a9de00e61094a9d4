/* suite_barriers.c: the barrier: rounds, cancels while it fills, reset and abort at every stage.
 * Touches the public API, and the record of who waits for what. Rule numbers B1-B7 are those of asyncio's inventory. */
#include "core/task/task.h"
#include "suite.h"
#include "sync_bodies.h"

enum { N = 5 };

/* ---- rounds ---- */

/* test_filling_task_by_task, test_filling_tasks_check_return_value */
TASK_TEST(B2_the_last_to_come_is_the_first_to_go_on)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(3);
    meeting all[3];
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_barrier_parties(&barrier), 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(eddy_barrier_n_waiting(&barrier), i);
        meet_all(&all[i], 1, &barrier_calls, &barrier, false);
        all[i].letter = (char)('a' + i);
        yield_times(1);
    }
    assert_string_equal(trace_text(), "c");
    assert_int_equal(eddy_barrier_n_waiting(&barrier), 0); /* it is draining */
    yield_times(1);
    assert_string_equal(trace_text(), "cab");
    for (int i = 0; i < 3; i++)
        assert_int_equal(all[i].rc, i);
    assert_false(eddy_barrier_broken(&barrier));
    assert_true(is_unused(&barrier.waiters));
    part_all(all, 3);
    return 0;
}

/* test_filling_one_task_twice */
TASK_TEST(B7_barrier_of_one_lets_pass_without_suspending)
{
    eddy_barrier barrier;
    (void)arg;
    assert_int_equal(eddy_barrier_init(&barrier, 1), 0);
    assert_true(eddy_task_cancel(eddy_current_task()));
    for (int i = 0; i < 3; i++)
        assert_int_equal(eddy_barrier_wait(&barrier), 0);
    assert_int_equal(eddy_barrier_n_waiting(&barrier), 0);
    assert_int_equal(eddy_sleep(0), EDDY_ECANCELED);
    return 0;
}

/* Every round, all indices once: bits of those that came, by round. */
static int rounds_seen[4];

static int three_rounds(void *barrier)
{
    for (int i = 0; i < 3; i++) {
        int index = eddy_barrier_wait(barrier);
        assert_true(index >= 0 && index < N);
        assert_int_equal(rounds_seen[i] & 1 << index, 0);
        rounds_seen[i] |= 1 << index;
        if (i > 0)
            assert_int_equal(rounds_seen[i - 1], (1 << N) - 1); /* nobody is a round ahead */
    }
    return 0;
}

static void run_all(eddy_coro_fn fn, void *arg, int count)
{
    eddy_task *tasks[2 * N] = {NULL};
    for (int i = 0; i < count; i++)
        assert_int_equal(eddy_create_task(&tasks[i], fn, arg, NULL), 0);
    assert_int_equal(eddy_gather(NULL, tasks, (size_t)count), 0);
    for (int i = 0; i < count; i++)
        eddy_task_release(tasks[i]);
}

/* test_filling_tasks_wait_twice, test_draining_state */
TASK_TEST(B1_who_comes_again_while_it_drains_waits_for_the_next_round)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(N);
    (void)arg;
    memset(rounds_seen, 0, sizeof rounds_seen);
    run_all(three_rounds, &barrier, N);
    assert_int_equal(rounds_seen[2], (1 << N) - 1);
    assert_true(is_unused(&barrier.waiters));
    return 0;
}

typedef struct rewaiting {
    eddy_barrier *all, *some;
    int left;
} rewaiting;

static int wait_again(void *arg)
{
    rewaiting *self = arg;
    assert_true(eddy_barrier_wait(self->all) >= 0);
    if (self->left > 0)
        self->left--;
    else
        assert_true(eddy_barrier_wait(self->some) >= 0);
    assert_true(eddy_barrier_wait(self->all) >= 0);
    return 0;
}

/* test_blocking_tasks_while_draining */
TASK_TEST(B1_early_comers_wait_until_it_is_empty)
{
    eddy_barrier all = EDDY_BARRIER_INIT(N), some = EDDY_BARRIER_INIT(N - 2);
    rewaiting self = {&all, &some, 2};
    (void)arg;
    run_all(wait_again, &self, N);
    assert_int_equal(eddy_barrier_n_waiting(&all), 0);
    return 0;
}

/* B3: the last one to go on wakes those that are blocked, and they make a round. */
TASK_TEST(B3_the_last_to_leave_opens_the_barrier)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(2);
    meeting all[4];
    (void)arg;
    trace_clear();
    meet_all(all, 4, &barrier_calls, &barrier, false); /* a; b, which ends the round; c and d are blocked */
    yield_times(1);
    assert_string_equal(trace_text(), "b");
    assert_int_equal(eddy_barrier_n_waiting(&barrier), 0);
    yield_times(1);
    assert_string_equal(trace_text(), "ba");
    yield_times(1);
    assert_string_equal(trace_text(), "bad");
    yield_times(1);
    assert_string_equal(trace_text(), "badc");
    part_all(all, 4);
    return 0;
}

/* The last of the first round wakes c, but d and e meet before it runs: c must not be counted into their round. */
TASK_TEST(B1_blocked_task_waits_again_when_others_were_faster)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(2);
    meeting all[5];
    (void)arg;
    trace_clear();
    meet_all(all, 3, &barrier_calls, &barrier, false);
    yield_times(1);
    for (int i = 3; i < 5; i++) {
        all[i] = (meeting){.calls = &barrier_calls, .primitive = &barrier, .letter = (char)('a' + i)};
        meet(&all[i]);
    }
    yield_times(3);
    assert_string_equal(trace_text(), "baed");
    assert_int_equal(eddy_barrier_n_waiting(&barrier), 1);
    assert_int_equal(eddy_barrier_wait(&barrier), 1);
    yield_times(1);
    assert_string_equal(trace_text(), "baedc");
    part_all(all, 5);
    return 0;
}

/* ---- cancels ---- */

/* test_filling_tasks_cancel_one */
TASK_TEST(B4_cancelled_task_no_longer_counts)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(3);
    meeting all[4];
    (void)arg;
    trace_clear();
    meet_all(all, 2, &barrier_calls, &barrier, false);
    yield_times(1);
    assert_int_equal(eddy_barrier_n_waiting(&barrier), 2);
    assert_true(eddy_task_cancel(all[0].task));
    yield_times(1);
    assert_int_equal(eddy_barrier_n_waiting(&barrier), 1);
    for (int i = 2; i < 4; i++) {
        all[i] = (meeting){.calls = &barrier_calls, .primitive = &barrier, .letter = (char)('a' + i)};
        meet(&all[i]);
    }
    yield_times(2);
    assert_string_equal(trace_text(), "Adbc");
    part_all(all, 4);
    return 0;
}

TASK_TEST(task_cancelled_while_its_round_goes_apart_leaves_the_others_theirs)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(3);
    meeting all[3];
    (void)arg;
    trace_clear();
    meet_all(all, 3, &barrier_calls, &barrier, false);
    yield_times(1);
    assert_true(eddy_task_cancel(all[0].task));
    yield_times(1);
    assert_string_equal(trace_text(), "cAb");
    assert_false(eddy_barrier_broken(&barrier));
    assert_true(is_unused(&barrier.waiters));
    part_all(all, 3);
    return 0;
}

/* A knowing difference: asyncio wakes a replacement for the cancelled one, which then queues anew, behind c. */
TASK_TEST(cancelled_task_does_not_change_the_order_of_the_others)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(4);
    meeting all[5];
    (void)arg;
    trace_clear();
    meet_all(all, 3, &barrier_calls, &barrier, false);
    yield_times(1);
    assert_true(eddy_task_cancel(all[0].task));
    yield_times(2);
    for (int i = 3; i < 5; i++) {
        all[i] = (meeting){.calls = &barrier_calls, .primitive = &barrier, .letter = (char)('a' + i)};
        meet(&all[i]);
    }
    yield_times(2);
    assert_string_equal(trace_text(), "Aebcd");
    part_all(all, 5);
    return 0;
}

/* ---- reset and abort ---- */

TASK_TEST(reset_of_an_empty_barrier_mends_it)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(1);
    (void)arg;
    assert_int_equal(eddy_barrier_reset(&barrier), 0);
    assert_int_equal(eddy_barrier_wait(&barrier), 0);
    assert_int_equal(eddy_barrier_abort(&barrier), 0);
    assert_true(eddy_barrier_broken(&barrier));
    assert_int_equal(eddy_barrier_wait(&barrier), EDDY_EBROKENBARRIER);
    assert_string_equal(eddy_last_error()->operation, "barrier_wait");
    assert_int_equal(eddy_barrier_reset(&barrier), 0);
    assert_false(eddy_barrier_broken(&barrier));
    assert_int_equal(eddy_barrier_wait(&barrier), 0);
    return 0;
}

/* test_reset_barrier_while_tasks_waiting */
TASK_TEST(fault_C14_reset_while_it_fills_tells_those_inside)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(N);
    meeting all[N];
    (void)arg;
    trace_clear();
    meet_all(all, N - 1, &barrier_calls, &barrier, false);
    yield_times(1);
    assert_int_equal(eddy_barrier_reset(&barrier), 0);
    assert_int_equal(eddy_barrier_n_waiting(&barrier), 0);
    meet_all(&all[N - 1], 1, &barrier_calls, &barrier, false); /* comes to an empty one */
    yield_times(2);
    assert_string_equal(trace_text(), "!!!!");
    for (int i = 0; i < N - 1; i++)
        assert_int_equal(all[i].rc, EDDY_EBROKENBARRIER);
    assert_int_equal(eddy_barrier_n_waiting(&barrier), 1);
    assert_false(eddy_barrier_broken(&barrier));
    assert_true(eddy_task_cancel(all[N - 1].task));
    yield_times(1);
    for (int i = 0; i < N; i++) {
        (void)eddy_task_exception(all[i].task, NULL);
        part(&all[i]);
    }
    return 0;
}

/* What happens once the barrier drains: the first to go on, and half of the rest. */
typedef struct draining {
    eddy_barrier *barrier;
    int (*act)(eddy_barrier *);
    int after; /* acts when so many have gone on */
    int passed, broken_inside, broken_outside, passed_again;
} draining;

static int drain_and_act(void *arg)
{
    draining *self = arg;
    int rc = eddy_barrier_wait(self->barrier);
    if (rc < 0) {
        assert_int_equal(rc, EDDY_EBROKENBARRIER);
        self->broken_inside++;
        return 0;
    }
    if (++self->passed == self->after) {
        assert_int_equal(self->act(self->barrier), 0);
        return 0;
    }
    rc = eddy_barrier_wait(self->barrier);
    if (rc < 0)
        self->broken_outside++;
    else
        self->passed_again++;
    return rc == EDDY_ECANCELED ? rc : 0;
}

/* B5 ★, test_reset_barrier_when_tasks_half_draining_half_blocking: those a drain had woken get the error, those that wait outside
 * stay for the next round. */
TASK_TEST(fault_C14_reset_while_it_drains_tells_those_not_yet_out)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(N);
    draining self = {.barrier = &barrier, .act = eddy_barrier_reset, .after = 3};
    eddy_task *tasks[N];
    (void)arg;
    for (int i = 0; i < N; i++)
        assert_int_equal(eddy_create_task(&tasks[i], drain_and_act, &self, NULL), 0);
    yield_times(4);
    assert_int_equal(self.passed, 3);
    assert_int_equal(self.broken_inside, 2);
    assert_int_equal(self.broken_outside, 0);
    assert_int_equal(eddy_barrier_n_waiting(&barrier), 2);
    assert_false(eddy_barrier_broken(&barrier));
    meeting more[N - 2];
    trace_clear();
    meet_all(more, N - 2, &barrier_calls, &barrier, false);
    yield_times(2);
    assert_string_equal(trace_text(), "cab");
    assert_int_equal(self.passed_again, 2);
    for (int i = 0; i < N; i++)
        eddy_task_release(tasks[i]);
    part_all(more, N - 2);
    return 0;
}

/* B6 ★, test_abort_barrier_when_tasks_half_draining_half_blocking: everybody is told. */
TASK_TEST(fault_C14_abort_while_it_drains_tells_everybody)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(N);
    draining self = {.barrier = &barrier, .act = eddy_barrier_abort, .after = 3};
    (void)arg;
    run_all(drain_and_act, &self, N);
    assert_int_equal(self.passed, 3);
    assert_int_equal(self.broken_inside, 2);
    assert_int_equal(self.broken_outside, 2);
    assert_true(eddy_barrier_broken(&barrier));
    assert_int_equal(eddy_barrier_n_waiting(&barrier), 0);
    assert_int_equal(eddy_barrier_wait(&barrier), EDDY_EBROKENBARRIER);
    return 0;
}

/* test_abort_barrier */
TASK_TEST(fault_C14_abort_while_it_fills_tells_those_inside)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(3);
    meeting all[2];
    (void)arg;
    trace_clear();
    meet_all(all, 2, &barrier_calls, &barrier, false);
    yield_times(1);
    assert_int_equal(eddy_barrier_abort(&barrier), 0);
    yield_times(1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(all[i].rc, EDDY_EBROKENBARRIER);
        (void)eddy_task_exception(all[i].task, NULL);
    }
    assert_true(eddy_barrier_broken(&barrier));
    part_all(all, 2);
    return 0;
}

/* test_reset_barrier_while_tasks_draining: the last to get out resets an empty barrier; nobody is told. */
TASK_TEST(reset_by_the_last_to_get_out_tells_nobody)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(N);
    draining self = {.barrier = &barrier, .act = eddy_barrier_reset, .after = N};
    eddy_task *tasks[N];
    (void)arg;
    for (int i = 0; i < N; i++)
        assert_int_equal(eddy_create_task(&tasks[i], drain_and_act, &self, NULL), 0);
    yield_times(4);
    assert_int_equal(self.passed, N);
    assert_int_equal(self.broken_inside + self.broken_outside, 0);
    assert_int_equal(eddy_barrier_n_waiting(&barrier), N - 1);
    assert_int_equal(eddy_barrier_wait(&barrier), N - 1);
    yield_times(1);
    assert_int_equal(self.passed_again, N - 1);
    for (int i = 0; i < N; i++)
        eddy_task_release(tasks[i]);
    return 0;
}

typedef struct failing {
    eddy_barrier first, second;
    int told, passed;
} failing;

/* test_abort_barrier_when_exception, ..._then_resetting: one of them fails and aborts; then all meet elsewhere and mend it. */
static int abort_then_mend(void *arg)
{
    failing *self = arg;
    int rc = eddy_barrier_wait(&self->first);
    if (rc == N / 2)
        assert_int_equal(eddy_barrier_abort(&self->first), 0);
    else if (rc < 0 || eddy_barrier_wait(&self->first) == EDDY_EBROKENBARRIER)
        self->told++;
    if (eddy_barrier_wait(&self->second) == N / 2)
        assert_int_equal(eddy_barrier_reset(&self->first), 0);
    assert_true(eddy_barrier_wait(&self->second) >= 0);
    assert_true(eddy_barrier_wait(&self->first) >= 0);
    self->passed++;
    return 0;
}

TASK_TEST(fault_C14_barrier_that_one_aborted_is_mended_by_all)
{
    failing self = {.first = EDDY_BARRIER_INIT(N), .second = EDDY_BARRIER_INIT(N)};
    (void)arg;
    run_all(abort_then_mend, &self, N);
    assert_int_equal(self.told, N - 1);
    assert_int_equal(self.passed, N);
    assert_false(eddy_barrier_broken(&self.first));
    assert_int_equal(eddy_barrier_n_waiting(&self.first), 0);
    return 0;
}

/* ---- mistakes ---- */

static void barrier_mistakes(void **state)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(2);
    (void)state;
    assert_int_equal(eddy_barrier_init(&barrier, 0), EDDY_EINVAL);
    assert_int_equal(eddy_barrier_init(&barrier, -4), EDDY_EINVAL);
    assert_int_equal(eddy_barrier_init(NULL, 2), EDDY_EINVAL);
    assert_int_equal(eddy_barrier_parties(&barrier), 2);
    assert_int_equal(eddy_barrier_wait(&barrier), EDDY_ENOTASK);
    assert_int_equal(eddy_barrier_n_waiting(&barrier), 0);
    assert_int_equal(eddy_barrier_wait(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_barrier_reset(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_barrier_abort(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_barrier_parties(NULL), 0);
    assert_int_equal(eddy_barrier_n_waiting(NULL), 0);
    assert_false(eddy_barrier_broken(NULL));
}

TASK_TEST(barrier_of_zeros_has_no_parties_and_is_refused)
{
    eddy_barrier barrier;
    (void)arg;
    memset(&barrier, 0, sizeof barrier);
    assert_int_equal(eddy_barrier_wait(&barrier), EDDY_EINVAL);
    return 0;
}

TASK_TEST(waiting_task_names_the_barrier_it_waits_for)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(2);
    meeting all[1];
    (void)arg;
    trace_clear();
    meet_all(all, 1, &barrier_calls, &barrier, false);
    yield_times(1);
    assert_ptr_equal(all[0].task->wait->object, &barrier);
    assert_string_equal(all[0].task->wait->kind->name, "barrier");
    assert_int_equal(eddy_barrier_wait(&barrier), 1);
    yield_times(1);
    part_all(all, 1);
    return 0;
}

int suite_barriers(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(B2_the_last_to_come_is_the_first_to_go_on),
        cmocka_unit_test(B7_barrier_of_one_lets_pass_without_suspending),
        cmocka_unit_test(B1_who_comes_again_while_it_drains_waits_for_the_next_round),
        cmocka_unit_test(B1_early_comers_wait_until_it_is_empty),
        cmocka_unit_test(B3_the_last_to_leave_opens_the_barrier),
        cmocka_unit_test(B1_blocked_task_waits_again_when_others_were_faster),
        cmocka_unit_test(B4_cancelled_task_no_longer_counts),
        cmocka_unit_test(task_cancelled_while_its_round_goes_apart_leaves_the_others_theirs),
        cmocka_unit_test(cancelled_task_does_not_change_the_order_of_the_others),
        cmocka_unit_test(reset_of_an_empty_barrier_mends_it),
        cmocka_unit_test(fault_C14_reset_while_it_fills_tells_those_inside),
        cmocka_unit_test(fault_C14_reset_while_it_drains_tells_those_not_yet_out),
        cmocka_unit_test(fault_C14_abort_while_it_drains_tells_everybody),
        cmocka_unit_test(fault_C14_abort_while_it_fills_tells_those_inside),
        cmocka_unit_test(reset_by_the_last_to_get_out_tells_nobody),
        cmocka_unit_test(fault_C14_barrier_that_one_aborted_is_mended_by_all),
        cmocka_unit_test(barrier_mistakes),
        cmocka_unit_test(barrier_of_zeros_has_no_parties_and_is_refused),
        cmocka_unit_test(waiting_task_names_the_barrier_it_waits_for),
    };
    return cmocka_run_group_tests_name("barriers", tests, NULL, NULL);
}
