/* suite_wait_leaves.c: what wait and as_completed leave behind on members that are still pending, and their limits at the edges.
 * Touches the public API. Rule numbers W1-W5 and A1-A7 are those of asyncio's inventory. */
#include "bodies.h"
#include "loops.h"
#include "suite.h"

enum { MANY = 9 }; /* more than fit the stack of the call */

static const double forever = (double)INFINITY;

typedef struct crowd {
    eddy_future *gate;
    child bodies[MANY];
    eddy_task *tasks[MANY];
    size_t count;
} crowd;

/* The first ends after one turn, the others when the gate opens. */
static void crowd_make(crowd *self, size_t count)
{
    *self = (crowd){.gate = make_future(), .count = count};
    for (size_t i = 0; i < count; i++) {
        self->bodies[i] = (child){.gate = i > 0 ? self->gate : NULL, .steps = i == 0, .result = (int)i};
        self->tasks[i] = spawn(&self->bodies[i]);
    }
}

/* The members end long after the call that waited for them has returned. */
static void crowd_end(crowd *self)
{
    assert_int_equal(eddy_future_set_result(self->gate, 0), 0);
    for (size_t i = 0; i < self->count; i++) {
        assert_int_equal(eddy_task_cancelling(self->tasks[i]), 0);
        assert_int_equal(eddy_await(self->tasks[i], NULL), i);
        eddy_task_release(self->tasks[i]);
    }
    eddy_future_release(self->gate);
}

/* Overwrites what a call left on the stack, so that a registration that points there is noticed. */
static int overwrite_stack(void)
{
    volatile char ruins[4096];
    memset((void *)(uintptr_t)ruins, 0xa5, sizeof ruins);
    return ruins[17];
}

/* W5, test_wait_discards_awaited_by_for_pending: however it returned. */
TASK_TEST(wait_leaves_nothing_on_pending_members)
{
    static const eddy_return_when modes[] = {EDDY_FIRST_COMPLETED, EDDY_FIRST_EXCEPTION, EDDY_ALL_COMPLETED};
    (void)arg;
    for (size_t count = 2; count <= MANY; count += MANY - 2) {
        for (int mode = 0; mode < 3; mode++) {
            crowd members;
            crowd_make(&members, count);
            double limit = modes[mode] == EDDY_FIRST_COMPLETED ? forever : 0.001;
            assert_int_equal(eddy_wait(NULL, members.tasks, count, limit, modes[mode]), 1);
            assert_true(overwrite_stack() != 0);
            crowd_end(&members);
        }
    }
    return 0;
}

/* W5: the limit's timer is taken back too. */
TASK_TEST(wait_that_ended_in_time_leaves_no_timer)
{
    child body = {.steps = 1};
    eddy_task *task = spawn(&body);
    (void)arg;
    assert_int_equal(eddy_wait(NULL, &task, 1, 0.002, EDDY_ALL_COMPLETED), 1);
    assert_true(overwrite_stack() != 0);
    assert_int_equal(eddy_sleep(0.004), 0);
    eddy_task_release(task);
    return 0;
}

/* Any number of tasks may wait for the same members at once, each in its own mode. */
typedef struct waiting {
    crowd *members;
    eddy_return_when mode;
    int rc;
} waiting;

static int wait_for_crowd(void *arg)
{
    waiting *self = arg;
    self->rc = eddy_wait(NULL, self->members->tasks, self->members->count, forever, self->mode);
    return 0;
}

TASK_TEST(several_may_wait_for_the_same_members)
{
    crowd members;
    crowd_make(&members, 3);
    waiting first = {&members, EDDY_FIRST_COMPLETED, 0}, all = {&members, EDDY_ALL_COMPLETED, 0};
    eddy_task *waiters[2];
    (void)arg;
    assert_int_equal(eddy_create_task(&waiters[0], wait_for_crowd, &first, NULL), 0);
    assert_int_equal(eddy_create_task(&waiters[1], wait_for_crowd, &all, NULL), 0);
    assert_int_equal(eddy_await(waiters[0], NULL), 0);
    assert_int_equal(first.rc, 1);
    assert_false(eddy_task_done(waiters[1]));
    crowd_end(&members);
    assert_int_equal(eddy_await(waiters[1], NULL), 0);
    assert_int_equal(all.rc, 3);
    eddy_task_release(waiters[0]);
    eddy_task_release(waiters[1]);
    return 0;
}

/* FIRST_EXCEPTION without one is ALL_COMPLETED. */
TASK_TEST(wait_for_an_error_that_never_comes_waits_for_all)
{
    child bodies[3] = {{.steps = 1}, {.steps = 4}, {.steps = 2, .result = EDDY_ECANCELED}};
    eddy_task *tasks[3];
    (void)arg;
    for (int i = 0; i < 3; i++)
        tasks[i] = spawn(&bodies[i]);
    assert_int_equal(eddy_wait(NULL, tasks, 3, forever, EDDY_FIRST_EXCEPTION), 3);
    for (int i = 0; i < 3; i++) {
        assert_true(bodies[i].ended);
        eddy_task_release(tasks[i]);
    }
    return 0;
}

/* ---- as_completed ---- */

/* A5: with no time left what is done can be fetched, and the rest is not waited for. */
TASK_TEST(as_completed_without_time_gives_what_is_done)
{
    (void)arg;
    for (int limit = -1; limit <= 0; limit++) {
        crowd members;
        eddy_completions *completions;
        eddy_task *next = NULL;
        crowd_make(&members, 3);
        yield_times(2);
        assert_int_equal(eddy_as_completed(&completions, members.tasks, 3, limit), 0);
        assert_int_equal(eddy_completions_next(completions, &next), 1);
        assert_ptr_equal(next, members.tasks[0]);
        assert_int_equal(eddy_completions_next(completions, &next), EDDY_ETIMEDOUT);
        assert_ptr_equal(next, members.tasks[0]);
        eddy_completions_release(completions);
        crowd_end(&members);
    }
    return 0;
}

/* A5: every item that was outstanding at the limit is a timeout, also when its task ends later. */
TASK_TEST(as_completed_does_not_give_after_the_limit_what_ended_after_it)
{
    crowd members;
    eddy_completions *completions;
    eddy_task *next = NULL;
    (void)arg;
    crowd_make(&members, 3);
    assert_int_equal(eddy_as_completed(&completions, members.tasks, 3, 0.001), 0);
    assert_int_equal(eddy_completions_next(completions, &next), 1);
    assert_int_equal(eddy_completions_next(completions, &next), EDDY_ETIMEDOUT);
    crowd_end(&members);
    yield_times(1);
    assert_int_equal(eddy_completions_next(completions, &next), EDDY_ETIMEDOUT);
    eddy_completions_release(completions);
    return 0;
}

/* A7: a cancelled fetch, again and again, between items. */
typedef struct fetching {
    eddy_completions *completions;
    eddy_task *got[MANY];
    int count, cancels;
} fetching;

static int fetch_all(void *arg)
{
    fetching *self = arg;
    int rc = 1;
    while (rc != 0) {
        rc = eddy_completions_next(self->completions, &self->got[self->count]);
        if (rc == EDDY_ECANCELED)
            self->cancels++;
        else if (rc == 1)
            self->count++;
        else if (rc != 0)
            return rc;
    }
    return 0;
}

TASK_TEST(fetch_cancelled_every_time_still_gets_every_item_once)
{
    child bodies[MANY];
    eddy_task *tasks[MANY], *fetcher;
    fetching self = {0};
    (void)arg;
    for (int i = 0; i < MANY; i++) {
        bodies[i] = (child){.steps = 1 + i};
        tasks[i] = spawn(&bodies[i]);
    }
    assert_int_equal(eddy_as_completed(&self.completions, tasks, MANY, forever), 0);
    assert_int_equal(eddy_create_task(&fetcher, fetch_all, &self, NULL), 0);
    yield_times(1);
    while (!eddy_task_done(fetcher)) {
        (void)eddy_task_cancel(fetcher);
        yield_times(1);
    }
    assert_int_equal(self.count, MANY);
    assert_true(self.cancels > 1);
    eddy_completions_release(self.completions);
    for (int i = 0; i < MANY; i++) {
        assert_ptr_equal(self.got[i], tasks[i]);
        eddy_task_release(tasks[i]);
    }
    eddy_task_release(fetcher);
    return 0;
}

/* ---- who may ask ---- */

static int refused[3];

static void ask_in_callback(void *task)
{
    eddy_task *member = task, *next;
    eddy_completions *completions;
    refused[0] = eddy_wait(NULL, &member, 1, forever, EDDY_ALL_COMPLETED);
    refused[1] = eddy_as_completed(&completions, &member, 1, forever);
    if (refused[1] == 0) {
        refused[2] = eddy_completions_next(completions, &next);
        eddy_completions_release(completions);
    }
}

TASK_TEST(waiting_in_a_callback_is_refused)
{
    child body = {.steps = 2};
    eddy_task *task = spawn(&body);
    (void)arg;
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, ask_in_callback, task), 0);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(refused[0], EDDY_ENOTASK);
    assert_int_equal(refused[1], 0);
    assert_int_equal(refused[2], EDDY_ENOTASK);
    eddy_task_release(task);
    return 0;
}

static int complete_that(void *task)
{
    eddy_task *member = task;
    eddy_completions *completions;
    return eddy_as_completed(&completions, &member, 1, forever);
}

/* A1 */
static void as_completed_needs_a_running_loop_and_members_of_it(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_completions *completions = NULL;
    eddy_task *foreign;
    child body = {0};
    (void)state;
    assert_int_equal(eddy_loop_create_task(loop, &foreign, child_body, &body, NULL), 0);
    assert_int_equal(eddy_as_completed(&completions, &foreign, 1, forever), EDDY_ENOLOOP);
    assert_int_equal(support_run(complete_that, foreign), EDDY_EWRONGLOOP);
    assert_null(completions);
    assert_int_equal(eddy_loop_run_until_complete(loop, eddy_task_future(foreign)), 0);
    eddy_task_release(foreign);
    end_loop(loop);
}

int suite_wait_leaves(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait_leaves_nothing_on_pending_members),
        cmocka_unit_test(wait_that_ended_in_time_leaves_no_timer),
        cmocka_unit_test(several_may_wait_for_the_same_members),
        cmocka_unit_test(wait_for_an_error_that_never_comes_waits_for_all),
        cmocka_unit_test(as_completed_without_time_gives_what_is_done),
        cmocka_unit_test(as_completed_does_not_give_after_the_limit_what_ended_after_it),
        cmocka_unit_test(fetch_cancelled_every_time_still_gets_every_item_once),
        cmocka_unit_test(waiting_in_a_callback_is_refused),
        cmocka_unit_test(as_completed_needs_a_running_loop_and_members_of_it),
    };
    return cmocka_run_group_tests_name("wait, what it leaves", tests, NULL, NULL);
}
