/* suite_sync_cancels.c: fault C10: up to four tasks at a primitive, each cancelled at every moment, in every order, or not at all.
 * Touches the public API. After every plan nothing is held, nobody is stranded and nobody was overtaken. */
#include "core/task/task.h"
#include "suite.h"
#include "sync_bodies.h"

enum { TASKS = 4 };

static meeting all[TASKS];

static bool was_cancelled(const char *plan, int task)
{
    return strchr(plan, '0' + task) != NULL;
}

/* In the order in which they came; who has a smaller letter came first. */
static void check_order(void)
{
    char last = '\0';
    for (const char *at = trace_text(); *at != '\0'; at++) {
        if (*at < 'a' || *at > 'z')
            continue;
        assert_true(*at > last);
        last = *at;
    }
}

/* All have ended, and nobody failed who was not cancelled. */
static void check_all_in(const char *plan, int tasks)
{
    for (int i = 0; i < tasks; i++) {
        assert_true(eddy_task_done(all[i].task));
        if (!was_cancelled(plan, i))
            assert_int_equal(all[i].rc, 0);
        else if (all[i].rc != 77) /* 77: cancelled before its first step */
            assert_true(all[i].rc == 0 || all[i].rc == EDDY_ECANCELED);
    }
    check_order();
    part_all(all, tasks);
}

static void begin(int tasks, const sync_calls *calls, void *primitive, int *inside, int most)
{
    trace_clear();
    meet_all(all, tasks, calls, primitive, false);
    for (int i = 0; i < tasks; i++) {
        all[i].inside = inside;
        all[i].most = most;
        all[i].stay = i % 2;
    }
}

/* ---- lock ---- */

static void act_on_lock(char action, void *lock)
{
    (void)action;
    assert_int_equal(eddy_lock_release(lock), 0);
}

static void lock_plan(const char *plan)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    int inside = 0;
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    begin(TASKS, &lock_calls, &lock, &inside, 1);
    walk_plan(plan, all, act_on_lock, &lock);
    settle();
    check_all_in(plan, TASKS);
    assert_false(eddy_lock_locked(&lock));
    assert_true(is_unused(&lock.waiters));
}

TASK_TEST(fault_C10_lock_every_cancel_at_every_moment)
{
    (void)arg;
    assert_true(for_each_plan(4, "R", TASKS, lock_plan) > 1000);
    return 0;
}

/* ---- semaphore ---- */

static void act_on_semaphore(char action, void *semaphore)
{
    (void)action;
    assert_int_equal(eddy_semaphore_release(semaphore), 0);
}

static void run_semaphore_plan(const char *plan, int tasks, int value, int units)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(value);
    int inside = 0;
    begin(tasks, &semaphore_calls, &semaphore, &inside, units);
    walk_plan(plan, all, act_on_semaphore, &semaphore);
    settle();
    check_all_in(plan, tasks);
    assert_int_equal(semaphore.value, units);
    assert_false(eddy_semaphore_locked(&semaphore));
    assert_true(is_unused(&semaphore.waiters));
}

static void semaphore_plan(const char *plan)
{
    run_semaphore_plan(plan, TASKS, 1, 2);
}

static void semaphore_burst_plan(const char *plan)
{
    run_semaphore_plan(plan, 3, 0, 2);
}

TASK_TEST(fault_C10_semaphore_every_cancel_at_every_moment)
{
    (void)arg;
    assert_true(for_each_plan(3, "R", TASKS, semaphore_plan) > 1000);
    assert_true(for_each_plan(3, "RR", 3, semaphore_burst_plan) > 1000);
    return 0;
}

/* ---- event ---- */

static unsigned present; /* bits of the tasks that waited when the event was set */

static void act_on_event(char action, void *event)
{
    if (action == 'C') {
        assert_int_equal(eddy_event_clear(event), 0);
        return;
    }
    if (!eddy_event_is_set(event))
        for (int i = 0; i < TASKS; i++)
            if (eddyi_task_waiting(all[i].task))
                present |= 1u << i;
    assert_int_equal(eddy_event_set(event), 0);
}

/* Whoever waited when it was set goes on, though it is cleared at once. */
static void event_plan(const char *plan)
{
    eddy_event event = EDDY_EVENT_INIT;
    present = 0;
    begin(TASKS, &event_calls, &event, NULL, 0);
    walk_plan(plan, all, act_on_event, &event);
    settle();
    for (int i = 0; i < TASKS; i++)
        if (present & 1u << i)
            assert_true(all[i].ended);
    assert_int_equal(eddy_event_set(&event), 0);
    settle();
    check_all_in(plan, TASKS);
    assert_true(is_unused(&event.waiters));
}

TASK_TEST(fault_C10_C14_event_every_cancel_set_and_clear_at_every_moment)
{
    (void)arg;
    assert_true(for_each_plan(3, "SC", 3, event_plan) > 1000);
    return 0;
}

/* ---- condition ---- */

static int notified; /* wake-ups that somebody was there for */
static bool held;

static void notify_one(eddy_condition *condition)
{
    notified += condition->waiters.first != NULL;
    assert_int_equal(eddy_condition_notify(condition, 1), 0);
}

/* L takes the lock and wakes one; U gives it back; N wakes one. */
static void act_on_condition(char action, void *condition)
{
    if (action != 'U' && !held) {
        assert_int_equal(eddy_condition_acquire(condition), 0);
        held = true;
        notify_one(condition);
        if (action == 'L')
            return;
    } else if (action == 'N') {
        notify_one(condition);
        return;
    }
    if (held)
        assert_int_equal(eddy_condition_release(condition), 0);
    held = false;
}

static int still_waiting(int tasks)
{
    int count = 0;
    for (int i = 0; i < tasks; i++)
        count += !all[i].ended;
    return count;
}

/* No wake-up is lost: while somebody still waits, at least as many came back as were notified. All wait before the plan begins. */
static void run_condition_plan(const char *plan, int tasks)
{
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    int inside = 0, returned = 0;
    notified = 0;
    held = false;
    begin(tasks, &condition_calls, &condition, &inside, 1);
    yield_times(1);
    walk_plan(plan, all, act_on_condition, &condition);
    if (held)
        assert_int_equal(eddy_condition_release(&condition), 0);
    settle();
    for (int i = 0; i < tasks; i++)
        returned += all[i].rc == 0;
    if (still_waiting(tasks) > 0)
        assert_true(returned >= notified);
    assert_int_equal(eddy_condition_acquire(&condition), 0);
    assert_int_equal(eddy_condition_notify_all(&condition), 0);
    assert_int_equal(eddy_condition_release(&condition), 0);
    settle();
    check_all_in(plan, tasks);
    assert_false(eddy_condition_locked(&condition));
    assert_true(is_unused(&condition.waiters) && is_unused(&condition.own.waiters));
}

static void condition_plan(const char *plan)
{
    run_condition_plan(plan, TASKS);
}

static void contested_plan(const char *plan)
{
    run_condition_plan(plan, 3);
}

TASK_TEST(fault_C10_condition_every_cancel_at_every_moment)
{
    (void)arg;
    assert_true(for_each_plan(3, "N", TASKS, condition_plan) > 1000);
    assert_true(for_each_plan(3, "L", TASKS, condition_plan) > 1000);
    assert_true(for_each_plan(3, "LU", 3, contested_plan) > 1000);
    assert_true(for_each_plan(2, "LUN", 3, contested_plan) > 1000);
    return 0;
}

/* ---- barrier ---- */

static void act_on_barrier(char action, void *barrier)
{
    assert_int_equal(action == 'A' ? eddy_barrier_abort(barrier) : eddy_barrier_reset(barrier), 0);
}

/* How each of them came out; what is still in can be completed by as many as lack. */
static void check_barrier(const char *plan, int tasks, eddy_barrier *barrier)
{
    bool told = strpbrk(plan, "AZ") != NULL;
    int waiting = 0, came[TASKS] = {0}, last = barrier->parties - 1;
    for (int i = 0; i < tasks; i++) {
        int rc = all[i].rc;
        if (rc == 77 && !eddy_task_done(all[i].task))
            waiting++;
        else if (rc == EDDY_EBROKENBARRIER)
            assert_true(told);
        else if (rc == EDDY_ECANCELED || rc == 77)
            assert_true(was_cancelled(plan, i));
        else
            came[rc]++;
    }
    assert_int_equal(waiting, eddy_barrier_n_waiting(barrier));
    assert_true(waiting < barrier->parties);
    if (eddy_barrier_broken(barrier))
        assert_int_equal(waiting, 0);
    for (int i = 0; i < last && strpbrk(plan, "0123") == NULL; i++)
        assert_true(came[i] <= came[last]); /* each round had one that came last */
}

static void end_barrier(int tasks, eddy_barrier *barrier)
{
    assert_int_equal(eddy_barrier_reset(barrier), 0);
    settle();
    for (int i = 0; i < tasks; i++) {
        (void)eddy_task_exception(all[i].task, NULL);
        part(&all[i]);
    }
    assert_false(eddy_barrier_broken(barrier));
    assert_int_equal(barrier->count, 0);
    assert_true(is_unused(&barrier->waiters));
}

static void run_barrier_plan(const char *plan, int tasks, int parties)
{
    eddy_barrier barrier = EDDY_BARRIER_INIT(parties);
    begin(tasks, &barrier_calls, &barrier, NULL, 0);
    walk_plan(plan, all, act_on_barrier, &barrier);
    settle();
    check_barrier(plan, tasks, &barrier);
    end_barrier(tasks, &barrier);
}

static void barrier_of_two_plan(const char *plan)
{
    run_barrier_plan(plan, TASKS, 2);
}

static void barrier_of_three_plan(const char *plan)
{
    run_barrier_plan(plan, TASKS, 3);
}

static void barrier_of_two_with_three_plan(const char *plan)
{
    run_barrier_plan(plan, 3, 2);
}

TASK_TEST(fault_C10_barrier_every_cancel_at_every_moment)
{
    (void)arg;
    assert_true(for_each_plan(4, "", TASKS, barrier_of_two_plan) > 1000);
    assert_true(for_each_plan(4, "", TASKS, barrier_of_three_plan) > 1000);
    return 0;
}

TASK_TEST(fault_C14_barrier_every_cancel_reset_and_abort_at_every_moment)
{
    (void)arg;
    assert_true(for_each_plan(3, "A", TASKS, barrier_of_two_plan) > 1000);
    assert_true(for_each_plan(3, "Z", TASKS, barrier_of_three_plan) > 1000);
    assert_true(for_each_plan(3, "AZ", 3, barrier_of_two_with_three_plan) > 1000);
    return 0;
}

int suite_sync_cancels(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_C10_lock_every_cancel_at_every_moment),
        cmocka_unit_test(fault_C10_semaphore_every_cancel_at_every_moment),
        cmocka_unit_test(fault_C10_C14_event_every_cancel_set_and_clear_at_every_moment),
        cmocka_unit_test(fault_C10_condition_every_cancel_at_every_moment),
        cmocka_unit_test(fault_C10_barrier_every_cancel_at_every_moment),
        cmocka_unit_test(fault_C14_barrier_every_cancel_reset_and_abort_at_every_moment),
    };
    return cmocka_run_group_tests_name("cancels at primitives", tests, NULL, NULL);
}
