/* suite_eager_nested.c: eager tasks within eager tasks, in groups and gathers, at the edges of other tasks' lives, and in debug mode.
 * Touches the public API and the loop's inside where a stack's size is the subject. G7, P1, P2: rules of asyncio's inventory. */
#include "bodies.h"
#include "pair.h"
#include "suite.h"

#define EAGERLY EDDY_OPTIONS(eddy_task_options, .eager_start = EDDY_EAGER_START_YES)

static const double forever = (double)INFINITY;

/* ---- within each other ---- */

typedef struct nested {
    int depth, suspends_at; /* the task at that depth suspends once; -1: none */
    int sum;
} nested;

static int nest(void *arg)
{
    const nested *self = arg;
    eddy_task *me = eddy_current_task(), *task;
    nested inner = {.depth = self->depth - 1, .suspends_at = self->suspends_at};
    if (self->depth == self->suspends_at && eddy_sleep(0) < 0)
        return -1;
    if (self->depth == 0)
        return 1;
    assert_int_equal(eddy_create_task(&task, nest, &inner, EAGERLY), 0);
    assert_ptr_equal(eddy_current_task(), me);
    assert_int_equal(eddy_task_done(task), self->suspends_at < 0 || self->depth <= self->suspends_at);
    int below = eddy_await(task, NULL);
    assert_ptr_equal(eddy_current_task(), me);
    eddy_task_release(task);
    return below < 0 ? below : below + 1;
}

/* Each has its own stack, so depth costs the creator's nothing. */
TASK_TEST(eager_tasks_nest_deeply_and_need_no_turn_of_the_loop)
{
    nested outermost = {.depth = 300, .suspends_at = -1};
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, trace_soon, "x"), 0);
    assert_int_equal(nest(&outermost), 301);
    assert_string_equal(trace_text(), "");
    yield_times(1);
    return 0;
}

/* When the innermost suspends, each goes on in the one that made it, and awaits it there. */
TASK_TEST(eager_task_that_suspends_deep_inside_lets_each_creator_go_on)
{
    (void)arg;
    for (int depth = 0; depth <= 20; depth += 5) {
        nested outermost = {.depth = 20, .suspends_at = depth};
        assert_int_equal(nest(&outermost), 21);
    }
    return 0;
}

typedef struct steps {
    const char *letters; /* traced at each step */
    const struct steps *inner;
} steps;

static int step_and_make(void *arg)
{
    const steps *self = arg;
    trace(self->letters[0]);
    if (self->inner != NULL)
        assert_int_equal(eddy_create_task(NULL, step_and_make, (void *)(uintptr_t)self->inner, EAGERLY), 0);
    for (const char *letter = self->letters + 1; *letter != '\0'; letter++) {
        assert_int_equal(eddy_sleep(0), 0);
        trace(*letter);
    }
    return 0;
}

/* Innermost first: it was the first to queue its next step. */
TASK_TEST(eager_tasks_that_suspended_go_on_in_the_order_in_which_they_did)
{
    static const steps third = {"ghi", NULL}, second = {"def", &third}, first = {"abc", &second};
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_create_task(NULL, step_and_make, (void *)(uintptr_t)&first, EAGERLY), 0);
    assert_string_equal(trace_text(), "adg");
    yield_times(1);
    assert_string_equal(trace_text(), "adgheb");
    yield_times(1);
    assert_string_equal(trace_text(), "adghebifc");
    return 0;
}

/* ---- who waits for whom ---- */

static eddy_task *made;

static int await_creator(void *arg)
{
    telling *self = arg;
    self->rc = eddy_await(self->awaited, &self->outcome);
    return self->rc;
}

static int make_one_that_awaits_me(void *arg)
{
    telling *self = arg;
    self->awaited = eddy_current_task();
    assert_int_equal(eddy_create_task(&made, await_creator, self, EAGERLY), 0);
    return eddy_await(made, NULL);
}

/* C15: the child may wait for its creator, who then must not wait for it. */
TASK_TEST(eager_child_that_awaits_its_creator_is_no_deadlock_until_it_is_awaited)
{
    telling self = {0};
    eddy_task *creator;
    (void)arg;
    assert_int_equal(eddy_create_task(&creator, make_one_that_awaits_me, &self, EAGERLY), 0);
    assert_true(eddy_task_done(creator));
    assert_int_equal(eddy_task_result(creator), EDDY_EDEADLK);
    assert_int_equal(eddy_await(made, NULL), 0);
    assert_int_equal(self.rc, 0);
    assert_int_equal(self.outcome, EDDY_EDEADLK);
    eddy_task_release(made);
    eddy_task_release(creator);
    return 0;
}

static int await_myself(void *arg)
{
    (void)arg;
    return eddy_await(eddy_current_task(), NULL);
}

TASK_TEST(eager_task_that_awaits_itself_is_told)
{
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, await_myself, NULL, EAGERLY), 0);
    assert_true(eddy_task_done(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_EDEADLK);
    eddy_task_release(task);
    return 0;
}

/* ---- gather, wait, as_completed ---- */

/* G7: all are done when it is called. */
TASK_TEST(eager_tasks_that_ended_are_gathered_without_giving_way)
{
    child bodies[3] = {{.result = 1}, {.result = 2}, {.result = 3}};
    eddy_task *tasks[3], *next;
    eddy_completions *completions;
    int results[3];
    (void)arg;
    trace_clear();
    for (int i = 0; i < 3; i++)
        tasks[i] = spawn_eagerly(&bodies[i]);
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, trace_soon, "x"), 0);
    assert_int_equal(eddy_gather(results, tasks, 3), 0);
    assert_int_equal(eddy_wait(NULL, tasks, 3, forever, EDDY_ALL_COMPLETED), 3);
    assert_string_equal(trace_text(), "");
    assert_int_equal(eddy_as_completed(&completions, tasks, 3, forever), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(results[i], i + 1);
        assert_int_equal(eddy_completions_next(completions, &next), 1);
        assert_ptr_equal(next, tasks[i]);
        eddy_task_release(tasks[i]);
    }
    eddy_completions_release(completions);
    return 0;
}

TASK_TEST(eager_tasks_that_suspended_are_gathered_as_ever)
{
    child bodies[3] = {{.steps = 3, .result = 1}, {.result = 2}, {.steps = 1, .result = EDDY_EPIPE}};
    eddy_task *tasks[3];
    int results[3];
    (void)arg;
    for (int i = 0; i < 3; i++)
        tasks[i] = spawn_eagerly(&bodies[i]);
    assert_int_equal(eddy_gather_return_exceptions(results, tasks, 3), 0);
    assert_int_equal(results[0], 1);
    assert_int_equal(results[1], 2);
    assert_int_equal(results[2], EDDY_EPIPE);
    for (int i = 0; i < 3; i++)
        eddy_task_release(tasks[i]);
    return 0;
}

/* ---- groups ---- */

/* P1: its end is seen through the queue, so the body goes on first. */
TASK_TEST(eager_child_that_fails_does_not_cancel_the_body_too_early)
{
    child failing = {.result = EDDY_EPIPE}, sibling = {.forever = true};
    eddy_task_group group;
    (void)arg;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    assert_int_equal(eddy_task_group_create_task(&group, NULL, child_body, &failing, EAGERLY), 0);
    assert_int_equal(eddy_task_cancelling(eddy_current_task()), 0);
    assert_int_equal(eddy_task_group_create_task(&group, NULL, child_body, &sibling, EAGERLY), 0);
    assert_true(sibling.started);
    int rc = eddy_sleep(1000);
    assert_int_equal(rc, EDDY_ECANCELED);
    assert_int_equal(eddy_task_group_exit(&group, rc), EDDY_EPIPE);
    assert_int_equal(sibling.cancels, 1);
    assert_int_equal(eddy_task_cancelling(eddy_current_task()), 0);
    assert_int_equal(eddy_sleep(0), 0);
    return 0;
}

TASK_TEST(eager_children_that_ended_at_once_end_the_group)
{
    child bodies[4] = {{.result = 1}, {.result = EDDY_ECANCELED}, {0}, {.steps = 2}};
    eddy_task_group group;
    eddy_task *first;
    (void)arg;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    assert_int_equal(eddy_task_group_create_task(&group, &first, child_body, &bodies[0], EAGERLY), 0);
    for (int i = 1; i < 4; i++)
        assert_int_equal(eddy_task_group_create_task(&group, NULL, child_body, &bodies[i], EAGERLY), 0);
    assert_int_equal(eddy_task_result(first), 1);
    assert_int_equal(eddy_task_group_exit(&group, 0), 0);
    assert_true(bodies[3].ended);
    eddy_task_release(first);
    return 0;
}

typedef struct family {
    eddy_task_group *group;
    int rc;
} family;

static int fail_at_once(void *arg)
{
    (void)arg;
    return EDDY_EPROTO;
}

static int make_failing_sibling(void *arg)
{
    family *self = arg;
    assert_int_equal(eddy_task_group_create_task(self->group, NULL, fail_at_once, NULL, EAGERLY), 0);
    self->rc = eddy_sleep(0);
    return self->rc;
}

/* test_cancels_task_if_created_during_creation */
TASK_TEST(eager_child_that_makes_a_failing_sibling_is_cancelled_at_its_first_await)
{
    eddy_task_group group;
    family self = {&group, 0};
    (void)arg;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    assert_int_equal(eddy_task_group_create_task(&group, NULL, make_failing_sibling, &self, EAGERLY), 0);
    assert_int_equal(eddy_task_group_exit(&group, 0), EDDY_EPROTO);
    assert_int_equal(self.rc, EDDY_ECANCELED);
    return 0;
}

static int make_group_inside(void *arg)
{
    child bodies[2] = {{.result = 1}, {.steps = 2}};
    eddy_task_group group;
    (void)arg;
    int rc = eddy_task_group_enter(&group);
    for (int i = 0; rc == 0 && i < 2; i++)
        rc = eddy_task_group_create_task(&group, NULL, child_body, &bodies[i], EAGERLY);
    return eddy_task_group_exit(&group, rc);
}

TASK_TEST(eager_child_may_have_a_group_of_its_own)
{
    eddy_task_group group;
    (void)arg;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(eddy_task_group_create_task(&group, NULL, make_group_inside, NULL, EAGERLY), 0);
    assert_int_equal(eddy_task_group_exit(&group, 0), 0);
    return 0;
}

/* ---- at the edges of other tasks' lives ---- */

static int nothing(void *arg)
{
    (void)arg;
    return eddy_sleep(0);
}

static void make_one_deferred(void *arg)
{
    eddy_task *me = eddy_current_task();
    eddy_task_release(spawn_eagerly(arg));
    assert_ptr_equal(eddy_current_task(), me);
}

static int defer_one(void *arg)
{
    return eddy_defer(make_one_deferred, arg);
}

/* By what it deferred, and by the release of its argument. */
TASK_TEST(eager_task_made_while_its_creator_ends)
{
    (void)arg;
    for (int count = 0; count < 2; count++) {
        child deferred = {.letter = 'd', .steps = count}, released = {.letter = 'r', .steps = count};
        trace_clear();
        assert_int_equal(eddy_create_task(NULL, defer_one, &deferred, NULL), 0);
        yield_times(3);
        assert_string_equal(trace_text(), "dD");
        assert_int_equal(eddy_create_task(NULL, nothing, &released,
                                          EDDY_OPTIONS(eddy_task_options, .release = make_one_deferred)),
                         0);
        yield_times(4);
        assert_string_equal(trace_text(), "dDrR");
    }
    return 0;
}

static child reported;

static void make_one_in_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    eddy_task *before = eddy_current_task();
    (void)loop;
    (void)context;
    (void)arg;
    eddy_task_release(spawn_eagerly(&reported));
    assert_ptr_equal(eddy_current_task(), before);
}

static int fail_now(void *arg)
{
    (void)arg;
    return EDDY_EPIPE;
}

/* A task that failed is reported while the next one arrives; the handler may start tasks then: on the loop's own stack, on that of a
 * task that goes on, and of one that begins. */
TASK_TEST(eager_task_made_by_the_exception_handler_while_another_arrives)
{
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    assert_int_equal(eddy_loop_set_exception_handler(loop, make_one_in_report, NULL), 0);
    for (int next = 0; next < 3; next++) {
        trace_clear();
        reported = (child){.letter = 'r', .steps = 1};
        assert_int_equal(eddy_create_task(NULL, fail_now, NULL, NULL), 0);
        if (next == 0)
            assert_int_equal(eddy_loop_call_soon(loop, NULL, trace_soon, "s"), 0);
        if (next == 1)
            assert_int_equal(eddy_create_task(NULL, nothing, NULL, NULL), 0);
        yield_times(4);
        assert_string_equal(trace_text(), next == 0 ? "rsR" : "rR");
    }
    return 0;
}

/* ---- what is measured and bounded ---- */

typedef struct writing {
    eddy_stream *stream;
    bool stop;
    int writes;
} writing;

static void stop_writing(void *arg)
{
    ((writing *)arg)->stop = true;
}

static int nothing_at_all(void *arg)
{
    (void)arg;
    return 0;
}

/* P10: a creator whose own calls always end at once gives way all the same. */
TASK_TEST(eager_children_do_not_keep_their_creator_from_giving_way)
{
    enum { ENOUGH = 1000 };
    stream_pair pair;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    writing self = {.stream = pair.client};
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, stop_writing, &self), 0);
    while (!self.stop && self.writes < ENOUGH) {
        assert_int_equal(eddy_stream_write(self.stream, "x", 1), 0);
        assert_int_equal(eddy_create_task(NULL, nothing_at_all, NULL, EAGERLY), 0);
        self.writes++;
    }
    assert_true(self.writes < ENOUGH);
    pair_close(&pair);
    return 0;
}

static int switch_debug(void *on)
{
    eddy_loop_set_debug(eddy_get_running_loop(), on != NULL);
    return 0;
}

static int trace_and_yield(void *letter)
{
    trace(*(const char *)letter);
    int rc = eddy_sleep(0);
    trace(*(const char *)letter);
    return rc;
}

/* In debug mode too, and when it is switched in the middle of an eager step. */
TASK_TEST(eager_start_works_in_debug_mode_and_while_it_is_switched)
{
    eddy_loop *loop = eddy_get_running_loop();
    int on = 1;
    (void)arg;
    for (int round = 0; round < 2; round++) {
        trace_clear();
        assert_int_equal(eddy_create_task(NULL, trace_and_yield, "a", NULL), 0);
        assert_int_equal(eddy_create_task(NULL, switch_debug, round == 0 ? &on : NULL, EAGERLY), 0);
        assert_int_equal(eddy_loop_get_debug(loop), round == 0);
        assert_string_equal(trace_text(), "");
        assert_int_equal(eddy_create_task(NULL, trace_and_yield, "b", EAGERLY), 0);
        assert_string_equal(trace_text(), "b");
        yield_times(2);
        assert_string_equal(trace_text(), "baba");
    }
    return 0;
}

/* Stacks of every size, guarded and not. */
TASK_TEST(eager_tasks_on_small_stacks)
{
    child bodies[8];
    eddy_task *tasks[8];
    (void)arg;
    for (int i = 0; i < 8; i++) {
        eddy_task_options options = {.size = sizeof options,
                                     .stack_size = (size_t)8192 << (i % 4),
                                     .stack_without_signals = i % 2 == 0,
                                     .eager_start = EDDY_EAGER_START_YES};
        bodies[i] = (child){.steps = i / 4, .result = i};
        assert_int_equal(eddy_create_task(&tasks[i], child_body, &bodies[i], &options), 0);
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(eddy_await(tasks[i], NULL), i);
        eddy_task_release(tasks[i]);
    }
    return 0;
}

static int leave_pending(void *arg)
{
    return eddy_create_task(NULL, child_body, arg, EAGERLY);
}

/* One that is still suspended when main ends is cancelled and waited for, as any other. */
static void eager_task_left_behind_is_cancelled_by_the_runner(void **state)
{
    child body = {.forever = true};
    (void)state;
    assert_int_equal(support_run(leave_pending, &body), 0);
    assert_true(body.started && body.ended);
    assert_int_equal(body.cancels, 1);
}

int suite_eager_nested(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eager_tasks_nest_deeply_and_need_no_turn_of_the_loop),
        cmocka_unit_test(eager_task_that_suspends_deep_inside_lets_each_creator_go_on),
        cmocka_unit_test(eager_tasks_that_suspended_go_on_in_the_order_in_which_they_did),
        cmocka_unit_test(eager_child_that_awaits_its_creator_is_no_deadlock_until_it_is_awaited),
        cmocka_unit_test(eager_task_that_awaits_itself_is_told),
        cmocka_unit_test(eager_tasks_that_ended_are_gathered_without_giving_way),
        cmocka_unit_test(eager_tasks_that_suspended_are_gathered_as_ever),
        cmocka_unit_test(eager_child_that_fails_does_not_cancel_the_body_too_early),
        cmocka_unit_test(eager_children_that_ended_at_once_end_the_group),
        cmocka_unit_test(eager_child_that_makes_a_failing_sibling_is_cancelled_at_its_first_await),
        cmocka_unit_test(eager_child_may_have_a_group_of_its_own),
        cmocka_unit_test(eager_task_made_while_its_creator_ends),
        cmocka_unit_test(eager_task_made_by_the_exception_handler_while_another_arrives),
        cmocka_unit_test(eager_children_do_not_keep_their_creator_from_giving_way),
        cmocka_unit_test(eager_start_works_in_debug_mode_and_while_it_is_switched),
        cmocka_unit_test(eager_tasks_on_small_stacks),
        cmocka_unit_test(eager_task_left_behind_is_cancelled_by_the_runner),
    };
    return cmocka_run_group_tests_name("eager, nested", tests, NULL, NULL);
}
