/* suite_groups.c: a group ends after its tasks; a failure cancels the rest; all errors are kept and no cancel leaks.
 * Touches the public API. Rule numbers P1-P10 are those of asyncio's inventory. */
#include "bodies.h"
#include "suite.h"

static const double never = (double)INFINITY;

static eddy_task *add(eddy_task_group *group, child *body)
{
    eddy_task *task = NULL;
    assert_int_equal(eddy_task_group_create_task(group, &task, child_body, body, NULL), 0);
    return task;
}

static void add_dropped(eddy_task_group *group, child *body)
{
    assert_int_equal(eddy_task_group_create_task(group, NULL, child_body, body, NULL), 0);
}

static int count_now(void)
{
    return eddy_task_cancelling(eddy_current_task());
}

/* The record of the last exit holds these errors, in that order. */
static void errors_are(uint32_t count, int first, int second)
{
    assert_int_equal(eddy_last_error()->group_count, count);
    assert_int_equal(eddy_last_error()->group[0], first);
    assert_int_equal(eddy_last_error()->group[1], second);
}

/* ---- ending well ---- */

/* P4, P10 */
TASK_TEST(group_waits_for_all_its_tasks)
{
    eddy_task_group group;
    child bodies[3] = {{.steps = 4, .result = 1}, {.steps = 1, .result = 2}, {.result = 3}};
    eddy_task *tasks[3];
    (void)arg;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    for (int i = 0; i < 3; i++)
        tasks[i] = add(&group, &bodies[i]);
    assert_int_equal(eddy_task_group_exit(&group, 42), 42);
    for (int i = 0; i < 3; i++) {
        assert_true(bodies[i].ended);
        assert_int_equal(eddy_task_result(tasks[i]), i + 1);
        eddy_task_release(tasks[i]);
    }
    return 0;
}

TASK_TEST(group_without_tasks_ends_without_giving_way)
{
    eddy_task_group group;
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, trace_soon, "x"), 0);
    assert_int_equal(eddy_task_group_enter(&group), 0);
    assert_int_equal(eddy_task_group_exit(&group, 3), 3);
    assert_string_equal(trace_text(), "");
    yield_times(1);
    return 0;
}

/* P2, test_taskgroup_03: a child that was cancelled is no error and stops nobody. */
TASK_TEST(cancelled_child_is_no_error)
{
    eddy_task_group group;
    child cancelled = {.forever = true}, other = {.steps = 5, .result = 1};
    (void)arg;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    eddy_task *task = add(&group, &cancelled);
    add_dropped(&group, &other);
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_task_group_exit(&group, 0), 0);
    assert_true(eddy_task_cancelled(task));
    assert_true(other.ended);
    assert_int_equal(other.cancels, 0);
    eddy_task_release(task);
    return 0;
}

static void count_release(void *count)
{
    ++*(int *)count;
}

static int end_at_once(void *arg)
{
    (void)arg;
    return 0;
}

/* test_taskgroup_23: what has ended is let go while the body goes on. */
TASK_TEST(ended_children_are_let_go_while_the_body_goes_on)
{
    eddy_task_group group;
    int released = 0;
    long blocks = 0;
    (void)arg;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(
            eddy_task_group_create_task(&group, NULL, end_at_once, &released,
                                        EDDY_OPTIONS(eddy_task_options, .release = count_release)),
            0);
        yield_times(2);
        if (i == 20)
            blocks = support_live_blocks();
    }
    assert_int_equal(released, 300);
    assert_int_equal(support_live_blocks(), blocks);
    assert_int_equal(eddy_task_group_exit(&group, 0), 0);
    return 0;
}

/* ---- a child fails ---- */

/* P2, test_taskgroup_04: in the body: it is cancelled, what comes after is not run; the group's cancel is taken back. */
TASK_TEST(failure_cancels_the_siblings_and_the_body)
{
    eddy_task_group group;
    child failing = {.steps = 2, .result = EDDY_EPIPE}, sibling = {.forever = true};
    (void)arg;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    add_dropped(&group, &failing);
    add_dropped(&group, &sibling);
    int rc = eddy_sleep(never);
    assert_int_equal(rc, EDDY_ECANCELED);
    assert_int_equal(count_now(), 1);
    assert_int_equal(eddy_task_group_exit(&group, rc), EDDY_EPIPE);
    assert_int_equal(eddy_last_error()->code, EDDY_EPIPE);
    errors_are(1, EDDY_EPIPE, 0);
    assert_int_equal(sibling.cancels, 1);
    assert_true(sibling.ended);
    assert_int_equal(count_now(), 0);
    yield_times(2); /* test_cancellation_does_not_leak_out_of_tg */
    return 0;
}

/* The same while the parent waits in the exit. */
TASK_TEST(failure_during_the_exit_cancels_the_siblings)
{
    eddy_task_group group;
    child failing = {.steps = 2, .result = EDDY_EPIPE}, sibling = {.forever = true, .cleanup_steps = 3};
    (void)arg;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    add_dropped(&group, &failing);
    add_dropped(&group, &sibling);
    assert_int_equal(eddy_task_group_exit(&group, 7), EDDY_EPIPE);
    assert_int_equal(sibling.cancels, 1);
    assert_true(sibling.ended);
    assert_int_equal(count_now(), 0);
    yield_times(2);
    return 0;
}

/* P2, P7, test_cancel_children_on_child_error, test_taskgroup_15: errors in the order in which they happened; all are kept. */
TASK_TEST(fault_C6_errors_of_the_clean_up_are_kept_too)
{
    eddy_task_group group;
    child bodies[6] = {{.forever = true, .cleanup_steps = 3, .on_cancel = EDDY_EIO},
                       {.steps = 1, .result = EDDY_EPIPE},
                       {.forever = true, .on_cancel = EDDY_EBADF},
                       {.forever = true, .cleanup_steps = 6, .on_cancel = EDDY_EPERM},
                       {.forever = true, .cleanup_steps = 5, .on_cancel = EDDY_EUSER},
                       {.forever = true}};
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_task_group_enter(&group), 0);
    for (int i = 0; i < 6; i++)
        add_dropped(&group, &bodies[i]);
    assert_int_equal(eddy_task_group_exit(&group, 0), EDDY_EPIPE);
    errors_are(5, EDDY_EPIPE, EDDY_EBADF);
    assert_int_equal(eddy_last_error()->group[2], EDDY_EIO);
    assert_int_equal(eddy_last_error()->group[3], EDDY_EUSER);
    for (int i = 0; i < 6; i++)
        assert_true(bodies[i].ended);
    assert_int_equal(count_now(), 0);
    assert_int_equal(support_reports(), 0);
    return 0;
}

static int fail_with_detail(void *arg)
{
    (void)arg;
    return eddy_sleep((double)NAN);
}

TASK_TEST(detail_of_the_first_failure_is_in_the_record)
{
    eddy_task_group group;
    child sibling = {.forever = true, .on_cancel = EDDY_EIO};
    (void)arg;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    add_dropped(&group, &sibling);
    assert_int_equal(eddy_task_group_create_task(&group, NULL, fail_with_detail, NULL, NULL), 0);
    assert_int_equal(eddy_task_group_exit(&group, 0), EDDY_EINVAL);
    assert_string_equal(eddy_last_error()->operation, "sleep");
    errors_are(2, EDDY_EINVAL, EDDY_EIO);
    return 0;
}

/* ---- the body fails ---- */

/* P3, test_taskgroup_09 */
TASK_TEST(error_of_the_body_cancels_the_children)
{
    eddy_task_group group;
    child bodies[2] = {{.forever = true}, {.forever = true, .cleanup_steps = 2}};
    (void)arg;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    add_dropped(&group, &bodies[0]);
    add_dropped(&group, &bodies[1]);
    yield_times(1);
    assert_int_equal(eddy_task_group_exit(&group, EDDY_EBADF), EDDY_EBADF);
    errors_are(1, EDDY_EBADF, 0);
    assert_true(bodies[0].ended && bodies[1].ended);
    assert_int_equal(bodies[1].cancels, 1);
    assert_int_equal(count_now(), 0);
    return 0;
}

/* P3: children that never ran do not begin. */
TASK_TEST(error_of_the_body_keeps_new_children_from_beginning)
{
    eddy_task_group group;
    child body = {0};
    (void)arg;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    add_dropped(&group, &body);
    assert_int_equal(eddy_task_group_exit(&group, EDDY_EBADF), EDDY_EBADF);
    assert_false(body.started);
    return 0;
}

/* P7, test_taskgroup_19, test_taskgroup_context_manager_exit_raises: children first, the body's own last. */
TASK_TEST(errors_of_children_and_body_are_both_told)
{
    eddy_task_group group;
    child failing = {.steps = 1, .result = EDDY_EPIPE};
    (void)arg;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    add_dropped(&group, &failing);
    assert_int_equal(eddy_sleep(never), EDDY_ECANCELED);
    assert_int_equal(eddy_task_group_exit(&group, EDDY_EIO), EDDY_EPIPE);
    errors_are(2, EDDY_EPIPE, EDDY_EIO);
    assert_int_equal(count_now(), 0);
    yield_times(1);
    return 0;
}

/* ---- cancels from outside ---- */

typedef struct parent {
    child children[2];
    bool in_body; /* waits in the body, else in the exit */
    int answer;   /* what the body makes of a cancel; 0 passes it on */
    int rc, count_after, next_rc;
    eddy_error record;
} parent;

static int parent_body(void *arg)
{
    parent *self = arg;
    eddy_task_group group;
    int rc = 0;
    (void)eddy_task_group_enter(&group);
    for (int i = 0; i < 2; i++)
        add_dropped(&group, &self->children[i]);
    if (self->in_body)
        rc = eddy_sleep(never);
    if (rc < 0 && self->answer != 0)
        rc = self->answer;
    self->rc = eddy_task_group_exit(&group, rc);
    self->record = *eddy_last_error();
    self->count_after = count_now();
    self->next_rc = eddy_sleep(0);
    return self->rc;
}

static eddy_task *start_parent(parent *self)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, parent_body, self, NULL), 0);
    yield_times(2);
    return task;
}

/* P4, test_cancellation, test_taskgroup_07: in the exit and in the body: every child once, the cancel passes on. */
TASK_TEST(outside_cancel_cancels_every_child_and_passes_on)
{
    (void)arg;
    for (int in_body = 0; in_body < 2; in_body++) {
        parent self = {.children = {{.forever = true}, {.forever = true, .cleanup_steps = 3}},
                       .in_body = in_body != 0};
        eddy_task *task = start_parent(&self);
        assert_true(eddy_task_cancel_with_message(task, "stop"));
        assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
        assert_int_equal(self.rc, EDDY_ECANCELED);
        assert_string_equal(self.record.message, "stop");
        assert_int_equal(self.record.group_count, 0);
        assert_int_equal(self.count_after, 1);
        assert_int_equal(self.next_rc, 0); /* delivered once */
        for (int i = 0; i < 2; i++)
            assert_int_equal(self.children[i].cancels, 1);
        eddy_task_release(task);
    }
    return 0;
}

/* P4: the exit survives any number of cancels; the children are asked once. */
TASK_TEST(exit_waits_through_any_number_of_cancels)
{
    parent self = {.children = {{.forever = true, .cleanup_steps = 8}, {.steps = 1}}};
    eddy_task *task = start_parent(&self);
    (void)arg;
    for (int i = 0; i < 3; i++) {
        assert_true(eddy_task_cancel(task));
        yield_times(2);
        assert_false(eddy_task_done(task));
    }
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_true(self.children[0].ended);
    assert_int_equal(self.children[0].cancels, 1);
    assert_int_equal(self.count_after, 3);
    eddy_task_release(task);
    return 0;
}

/* P6, P7, test_taskgroup_08, test_taskgroup_16, test_error_and_cancel: errors win now, and the outside cancel comes at the next
 * await, with the count right. */
TASK_TEST(errors_win_over_an_outside_cancel_which_comes_next)
{
    (void)arg;
    for (int in_body = 0; in_body < 2; in_body++) {
        parent self = {.children = {{.forever = true, .on_cancel = EDDY_EPIPE},
                                    {.forever = true, .on_cancel = EDDY_EIO}},
                       .in_body = in_body != 0};
        eddy_task *task = start_parent(&self);
        assert_true(eddy_task_cancel(task));
        assert_int_equal(eddy_await(task, NULL), EDDY_EPIPE);
        assert_int_equal(self.rc, EDDY_EPIPE);
        assert_int_equal(self.record.group_count, 2);
        assert_int_equal(self.record.group[1], EDDY_EIO);
        assert_int_equal(self.count_after, 1);
        assert_int_equal(self.next_rc, EDDY_ECANCELED);
        eddy_task_release(task);
    }
    return 0;
}

/* test_taskgroup_18: the body answers the cancel with an error of its own. */
TASK_TEST(body_answers_a_cancel_with_its_own_error)
{
    parent self = {.children = {{.forever = true}, {.forever = true}}, .in_body = true, .answer = EDDY_EPERM};
    eddy_task *task = start_parent(&self);
    (void)arg;
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_EPERM);
    assert_int_equal(self.record.group_count, 1);
    assert_int_equal(self.count_after, 1);
    assert_int_equal(self.next_rc, EDDY_ECANCELED);
    eddy_task_release(task);
    return 0;
}

/* P6, P8, test_cancelling_level_preserved: a child failed and somebody cancelled, both while the body waited. */
TASK_TEST(own_cancel_is_taken_back_and_the_outside_one_kept)
{
    eddy_future *gate = make_future();
    parent self = {.children = {{.gate = gate, .result = EDDY_EPIPE}, {.forever = true}}, .in_body = true};
    eddy_task *task = start_parent(&self);
    (void)arg;
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    yield_times(1);
    assert_int_equal(eddy_task_cancelling(task), 0);
    yield_times(1);
    assert_int_equal(eddy_task_cancelling(task), 1); /* the group's own */
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_EPIPE);
    assert_int_equal(self.count_after, 1);
    assert_int_equal(self.next_rc, EDDY_ECANCELED);
    eddy_task_release(task);
    eddy_future_release(gate);
    return 0;
}

int suite_groups(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(group_waits_for_all_its_tasks),
        cmocka_unit_test(group_without_tasks_ends_without_giving_way),
        cmocka_unit_test(cancelled_child_is_no_error),
        cmocka_unit_test(ended_children_are_let_go_while_the_body_goes_on),
        cmocka_unit_test(failure_cancels_the_siblings_and_the_body),
        cmocka_unit_test(failure_during_the_exit_cancels_the_siblings),
        cmocka_unit_test(fault_C6_errors_of_the_clean_up_are_kept_too),
        cmocka_unit_test(detail_of_the_first_failure_is_in_the_record),
        cmocka_unit_test(error_of_the_body_cancels_the_children),
        cmocka_unit_test(error_of_the_body_keeps_new_children_from_beginning),
        cmocka_unit_test(errors_of_children_and_body_are_both_told),
        cmocka_unit_test(outside_cancel_cancels_every_child_and_passes_on),
        cmocka_unit_test(exit_waits_through_any_number_of_cancels),
        cmocka_unit_test(errors_win_over_an_outside_cancel_which_comes_next),
        cmocka_unit_test(body_answers_a_cancel_with_its_own_error),
        cmocka_unit_test(own_cancel_is_taken_back_and_the_outside_one_kept),
    };
    return cmocka_run_group_tests_name("groups", tests, NULL, NULL);
}
