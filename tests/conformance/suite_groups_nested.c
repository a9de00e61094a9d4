/* suite_groups_nested.c: groups in groups and in timeouts, children that make siblings, and groups that are closing or misused.
 * Touches the public API. Rule numbers P1-P10 and O1-O6 are those of asyncio's inventory. */
#include "bodies.h"
#include "suite.h"

static const double never = (double)INFINITY;

static int count_now(void)
{
    return eddy_task_cancelling(eddy_current_task());
}

static void add(eddy_task_group *group, child *body)
{
    assert_int_equal(eddy_task_group_create_task(group, NULL, child_body, body, NULL), 0);
}

/* ---- groups in groups ---- */

typedef struct nested {
    eddy_task_group outer, inner;
    child outer_child, inner_child;
    int inner_rc, outer_rc, between, after;
    uint32_t inner_errors, outer_errors;
} nested;

static int nested_body(void *arg)
{
    nested *self = arg;
    (void)eddy_task_group_enter(&self->outer);
    add(&self->outer, &self->outer_child);
    (void)eddy_task_group_enter(&self->inner);
    add(&self->inner, &self->inner_child);
    int rc = eddy_sleep(never);
    self->inner_rc = rc = eddy_task_group_exit(&self->inner, rc);
    self->inner_errors = eddy_last_error()->group_count;
    self->between = count_now();
    self->outer_rc = rc = eddy_task_group_exit(&self->outer, rc);
    self->outer_errors = eddy_last_error()->group_count;
    self->after = count_now();
    return rc;
}

static eddy_task *start_nested(nested *self)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, nested_body, self, NULL), 0);
    yield_times(2);
    return task;
}

/* test_taskgroup_11, test_taskgroup_12: a cancel goes through both, each child once. */
TASK_TEST(outside_cancel_goes_through_nested_groups)
{
    nested self = {.outer_child = {.forever = true}, .inner_child = {.forever = true}};
    eddy_task *task = start_nested(&self);
    (void)arg;
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_int_equal(self.inner_rc, EDDY_ECANCELED);
    assert_int_equal(self.outer_rc, EDDY_ECANCELED);
    assert_int_equal(self.outer_child.cancels, 1);
    assert_int_equal(self.inner_child.cancels, 1);
    assert_int_equal(self.after, 1);
    eddy_task_release(task);
    return 0;
}

/* test_taskgroup_13: the outer group's child fails: the inner one is cancelled and is no error itself. */
TASK_TEST(failure_in_the_outer_group_cancels_the_inner_one)
{
    nested self = {.outer_child = {.steps = 3, .result = EDDY_EPIPE}, .inner_child = {.forever = true}};
    eddy_task *task = start_nested(&self);
    (void)arg;
    assert_int_equal(eddy_await(task, NULL), EDDY_EPIPE);
    assert_int_equal(self.inner_rc, EDDY_ECANCELED);
    assert_int_equal(self.outer_errors, 1);
    assert_int_equal(self.between, 1);
    assert_int_equal(self.after, 0);
    assert_int_equal(self.inner_child.cancels, 1);
    eddy_task_release(task);
    return 0;
}

/* test_taskgroup_14: the inner group's child fails: the inner group is an error of the outer one's body. */
TASK_TEST(failure_in_the_inner_group_is_an_error_of_the_outer_body)
{
    nested self = {.outer_child = {.forever = true}, .inner_child = {.steps = 3, .result = EDDY_EIO}};
    eddy_task *task = start_nested(&self);
    (void)arg;
    assert_int_equal(eddy_await(task, NULL), EDDY_EIO);
    assert_int_equal(self.inner_rc, EDDY_EIO);
    assert_int_equal(self.inner_errors, 1);
    assert_int_equal(self.between, 0);
    assert_int_equal(self.outer_errors, 1);
    assert_int_equal(self.outer_child.cancels, 1);
    eddy_task_release(task);
    return 0;
}

/* test_nested_groups_both_cancelled: both groups fail at once: between them the outer one's cancel is still asked for. */
TASK_TEST(nested_groups_that_fail_together_take_back_one_cancel_each)
{
    eddy_future *gate = make_future();
    nested self = {.outer_child = {.gate = gate, .result = EDDY_EPIPE},
                   .inner_child = {.gate = gate, .result = EDDY_EIO}};
    eddy_task *task = start_nested(&self);
    (void)arg;
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    assert_int_equal(eddy_await(task, NULL), EDDY_EPIPE);
    assert_int_equal(self.inner_rc, EDDY_EIO);
    assert_int_equal(self.between, 1);
    assert_int_equal(self.outer_errors, 2);
    assert_int_equal(self.after, 0);
    eddy_task_release(task);
    eddy_future_release(gate);
    return 0;
}

/* ---- groups and timeouts ---- */

/* test_timeout_taskgroup */
TASK_TEST(timeout_around_a_group_cancels_its_children)
{
    eddy_timeout limit;
    eddy_task_group group;
    child body = {.forever = true, .cleanup_steps = 2};
    (void)arg;
    (void)eddy_timeout_enter(&limit, never);
    (void)eddy_task_group_enter(&group);
    add(&group, &body);
    yield_times(1);
    assert_int_equal(eddy_timeout_reschedule(&limit, 0), 0);
    int rc = eddy_task_group_exit(&group, 0);
    assert_int_equal(rc, EDDY_ECANCELED);
    assert_int_equal(eddy_timeout_exit(&limit, rc), EDDY_ETIMEDOUT);
    assert_int_equal(body.cancels, 1);
    assert_int_equal(count_now(), 0);
    return 0;
}

/* The children's errors win, and the timeout takes its own cancel back: none leaks. */
TASK_TEST(child_that_fails_at_the_limit_wins_and_no_cancel_leaks)
{
    eddy_timeout limit;
    eddy_task_group group;
    child body = {.forever = true, .on_cancel = EDDY_EIO};
    (void)arg;
    (void)eddy_timeout_enter(&limit, never);
    (void)eddy_task_group_enter(&group);
    add(&group, &body);
    yield_times(1);
    assert_int_equal(eddy_timeout_reschedule(&limit, 0), 0);
    int rc = eddy_task_group_exit(&group, 0);
    assert_int_equal(rc, EDDY_EIO);
    assert_int_equal(eddy_timeout_exit(&limit, rc), EDDY_EIO);
    assert_true(eddy_timeout_expired(&limit));
    assert_int_equal(count_now(), 0);
    yield_times(2);
    return 0;
}

TASK_TEST(timeout_in_the_body_of_a_group_leaves_the_children_alone)
{
    eddy_timeout limit;
    eddy_task_group group;
    child body = {.steps = 5, .result = 1};
    (void)arg;
    (void)eddy_task_group_enter(&group);
    add(&group, &body);
    (void)eddy_timeout_enter(&limit, 0);
    int rc = eddy_timeout_exit(&limit, eddy_sleep(never));
    assert_int_equal(rc, EDDY_ETIMEDOUT);
    assert_int_equal(eddy_task_group_exit(&group, 0), 0);
    assert_true(body.ended);
    assert_int_equal(body.cancels, 0);
    return 0;
}

/* ---- children that make siblings ---- */

typedef struct breeding {
    eddy_task_group *group;
    int left, made;
    int refused;
} breeding;

static int breed(void *arg)
{
    breeding *self = arg;
    self->made++;
    if (eddy_sleep(0) < 0)
        return EDDY_ECANCELED;
    if (self->left-- <= 0)
        return 0;
    int rc = eddy_task_group_create_task(self->group, NULL, breed, self, NULL);
    if (rc < 0)
        self->refused = rc;
    return 0;
}

/* test_taskgroup_24: while the parent waits in the exit. */
TASK_TEST(children_may_make_siblings_while_the_group_is_exiting)
{
    eddy_task_group group;
    breeding self = {.group = &group, .left = 20};
    (void)arg;
    (void)eddy_task_group_enter(&group);
    assert_int_equal(eddy_task_group_create_task(&group, NULL, breed, &self, NULL), 0);
    assert_int_equal(eddy_task_group_exit(&group, 0), 0);
    assert_int_equal(self.made, 21);
    assert_int_equal(self.refused, 0);
    return 0;
}

/* test_taskgroup_25: creation without end is stopped by a failure. */
TASK_TEST(endless_creation_is_stopped_by_a_failure)
{
    eddy_task_group group;
    child failing = {.steps = 10, .result = EDDY_EPIPE};
    breeding self = {.group = &group, .left = 1000000};
    (void)arg;
    (void)eddy_task_group_enter(&group);
    add(&group, &failing);
    assert_int_equal(eddy_task_group_create_task(&group, NULL, breed, &self, NULL), 0);
    assert_int_equal(eddy_task_group_exit(&group, 0), EDDY_EPIPE);
    assert_true(self.made >= 3 && self.made < 100);
    return 0;
}

/* ---- fault C7: groups that are closing ---- */

static void count_release(void *count)
{
    ++*(int *)count;
}

/* test_taskgroup_no_create_task_after_failure, test_coro_closed_when_tg_closed: refused, and the argument stays the caller's. */
TASK_TEST(fault_C7_group_that_shuts_down_refuses_tasks)
{
    eddy_task_group group;
    eddy_task *task = NULL;
    child failing = {.result = EDDY_EPIPE};
    int released = 0;
    (void)arg;
    (void)eddy_task_group_enter(&group);
    add(&group, &failing);
    int rc = eddy_sleep(never);
    assert_int_equal(rc, EDDY_ECANCELED);
    assert_int_equal(eddy_task_group_create_task(&group, &task, child_body, &released,
                                                 EDDY_OPTIONS(eddy_task_options, .release = count_release)),
                     EDDY_EINVALIDSTATE);
    assert_null(task);
    assert_int_equal(eddy_task_group_exit(&group, rc), EDDY_EPIPE);
    assert_int_equal(eddy_task_group_create_task(&group, &task, child_body, &released, NULL),
                     EDDY_EINVALIDSTATE);
    assert_int_equal(released, 0);
    return 0;
}

typedef struct closing {
    eddy_task_group *group;
    eddy_task *parent;
    bool cancel_first;
    int rc;
    child late;
} closing;

/* Makes a sibling after it was cancelled. */
static int create_in_clean_up(void *arg)
{
    closing *self = arg;
    int rc = eddy_sleep(never);
    self->rc = eddy_task_group_create_task(self->group, NULL, child_body, &self->late, NULL);
    return rc;
}

TASK_TEST(fault_C7_child_that_is_being_cancelled_makes_no_sibling)
{
    eddy_task_group group;
    closing self = {.group = &group};
    (void)arg;
    (void)eddy_task_group_enter(&group);
    assert_int_equal(eddy_task_group_create_task(&group, NULL, create_in_clean_up, &self, NULL), 0);
    yield_times(1);
    assert_int_equal(eddy_task_group_exit(&group, EDDY_EIO), EDDY_EIO);
    assert_int_equal(self.rc, EDDY_EINVALIDSTATE);
    assert_false(self.late.started);
    return 0;
}

/* Makes a sibling and cancels the parent of both, in either order, and ends, all before anybody suspends. */
static int create_and_cancel_parent(void *arg)
{
    closing *self = arg;
    if (self->cancel_first)
        assert_true(eddy_task_cancel(self->parent));
    self->rc = eddy_task_group_create_task(self->group, NULL, child_body, &self->late, NULL);
    if (!self->cancel_first)
        assert_true(eddy_task_cancel(self->parent));
    return 0;
}

/* The group does not hang, whether its parent is in the body or in the exit; a sibling that comes after the cancel never begins. */
TASK_TEST(fault_C7_child_cancels_the_group_before_its_sibling_began)
{
    (void)arg;
    for (int i = 0; i < 4; i++) {
        eddy_task_group group;
        closing self = {.group = &group,
                        .parent = eddy_current_task(),
                        .cancel_first = i / 2 != 0,
                        .late = {.forever = true}};
        int rc = 0;
        (void)eddy_task_group_enter(&group);
        assert_int_equal(eddy_task_group_create_task(&group, NULL, create_and_cancel_parent, &self, NULL), 0);
        if (i % 2 != 0)
            rc = eddy_sleep(never);
        assert_int_equal(eddy_task_group_exit(&group, rc), EDDY_ECANCELED);
        assert_int_equal(self.rc, 0);
        assert_int_equal(self.late.started, !self.cancel_first);
        assert_int_equal(self.late.ended, self.late.started);
        assert_int_equal(eddy_task_uncancel(eddy_current_task()), 0);
    }
    return 0;
}

static int create_and_fail(void *arg)
{
    closing *self = arg;
    self->rc = eddy_task_group_create_task(self->group, NULL, child_body, &self->late, NULL);
    return EDDY_EPIPE;
}

/* test_cancels_task_if_created_during_creation: a sibling made by the child that fails is cancelled with the rest. */
TASK_TEST(fault_C7_sibling_made_by_a_failing_child_is_cancelled)
{
    eddy_task_group group;
    closing self = {.group = &group, .late = {.forever = true}};
    (void)arg;
    (void)eddy_task_group_enter(&group);
    assert_int_equal(eddy_task_group_create_task(&group, NULL, create_and_fail, &self, NULL), 0);
    assert_int_equal(eddy_task_group_exit(&group, 0), EDDY_EPIPE);
    assert_int_equal(self.rc, 0);
    assert_int_equal(self.late.ended, self.late.started);
    return 0;
}

/* ---- misuse ---- */

static int rc_outside;

static void enter_in_callback(void *group)
{
    rc_outside = eddy_task_group_enter(group);
}

TASK_TEST(group_needs_a_task)
{
    eddy_task_group group;
    (void)arg;
    rc_outside = 0;
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, enter_in_callback, &group), 0);
    yield_times(1);
    assert_int_equal(rc_outside, EDDY_ENOTASK);
    return 0;
}

TASK_TEST(group_that_was_not_entered_refuses_everything)
{
    eddy_task_group group = {{0}};
    child body = {0};
    (void)arg;
    assert_int_equal(eddy_task_group_create_task(&group, NULL, child_body, &body, NULL), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_task_group_exit(&group, 0), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_task_group_enter(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_task_group_exit(NULL, 0), EDDY_EINVAL);
    assert_int_equal(eddy_task_group_create_task(NULL, NULL, child_body, &body, NULL), EDDY_EINVAL);
    return 0;
}

static int enter_twice(void *arg)
{
    eddy_task_group group;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    assert_int_equal(eddy_task_group_enter(&group), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_task_group_create_task(&group, NULL, child_body, arg, NULL), EDDY_EINVALIDSTATE);
    int rc = eddy_sleep(0);
    assert_int_equal(rc, EDDY_ECANCELED);
    assert_int_equal(eddy_task_group_exit(&group, rc), EDDY_EINVALIDSTATE);
    assert_int_equal(count_now(), 0);
    return 6;
}

/* Its second block is cancelled; the first one is forgotten by then. */
TASK_TEST(group_entered_twice_is_refused)
{
    child body = {0};
    eddy_task *task;
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_create_task(&task, enter_twice, &body, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), 6);
    assert_int_equal(support_last_code(), EDDY_EUNCLOSED);
    assert_false(body.started);
    eddy_task_release(task);
    return 0;
}

static int exit_that_group(void *group)
{
    return eddy_task_group_exit(group, 0);
}

TASK_TEST(group_is_exited_by_the_task_that_entered_it)
{
    eddy_task_group group;
    eddy_task *task;
    (void)arg;
    (void)eddy_task_group_enter(&group);
    assert_int_equal(eddy_create_task(&task, exit_that_group, &group, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_task_group_exit(&group, 0), 0);
    eddy_task_release(task);
    return 0;
}

static int forget_to_exit(void *arg)
{
    eddy_task_group group;
    (void)eddy_task_group_enter(&group);
    add(&group, arg);
    return 4;
}

/* A forgotten exit is reported, and the children are waited for all the same. */
TASK_TEST(forgotten_group_is_reported_and_waited_for)
{
    child body = {.steps = 5, .result = 1};
    eddy_task *task;
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_create_task(&task, forget_to_exit, &body, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), 4);
    assert_true(body.ended);
    assert_int_equal(support_reports(), 1);
    assert_int_equal(support_last_code(), EDDY_EUNCLOSED);
    eddy_task_release(task);
    return 0;
}

int suite_groups_nested(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outside_cancel_goes_through_nested_groups),
        cmocka_unit_test(failure_in_the_outer_group_cancels_the_inner_one),
        cmocka_unit_test(failure_in_the_inner_group_is_an_error_of_the_outer_body),
        cmocka_unit_test(nested_groups_that_fail_together_take_back_one_cancel_each),
        cmocka_unit_test(timeout_around_a_group_cancels_its_children),
        cmocka_unit_test(child_that_fails_at_the_limit_wins_and_no_cancel_leaks),
        cmocka_unit_test(timeout_in_the_body_of_a_group_leaves_the_children_alone),
        cmocka_unit_test(children_may_make_siblings_while_the_group_is_exiting),
        cmocka_unit_test(endless_creation_is_stopped_by_a_failure),
        cmocka_unit_test(fault_C7_group_that_shuts_down_refuses_tasks),
        cmocka_unit_test(fault_C7_child_that_is_being_cancelled_makes_no_sibling),
        cmocka_unit_test(fault_C7_child_cancels_the_group_before_its_sibling_began),
        cmocka_unit_test(fault_C7_sibling_made_by_a_failing_child_is_cancelled),
        cmocka_unit_test(group_needs_a_task),
        cmocka_unit_test(group_that_was_not_entered_refuses_everything),
        cmocka_unit_test(group_entered_twice_is_refused),
        cmocka_unit_test(group_is_exited_by_the_task_that_entered_it),
        cmocka_unit_test(forgotten_group_is_reported_and_waited_for),
    };
    return cmocka_run_group_tests_name("nested groups", tests, NULL, NULL);
}
