/* suite_group_errors.c: the errors of a failed group in full: each one's detail, groups in groups, how long they are there.
 * Touches the public API and core's way to record a failure. No failing path needs memory, and nothing is kept for ever. */
#include "core/task/task.h"
#include "bodies.h"
#include "suite.h"

static void add(eddy_task_group *group, eddy_coro_fn fn, void *arg)
{
    assert_int_equal(eddy_task_group_create_task(group, NULL, fn, arg, NULL), 0);
}

static eddy_error error_at(const eddy_error *group, size_t index)
{
    eddy_error error = {.code = 1};
    assert_int_equal(eddy_error_in_group(group, index, &error), 0);
    return error;
}

/* Fails when it is cancelled, as number `arg` of several. */
static int fails_late(void *arg)
{
    int number = (int)(intptr_t)arg;
    int rc = number == 0 ? EDDY_ECANCELED : eddy_sleep(1000);
    if (rc != EDDY_ECANCELED)
        return EDDY_EPROTO;
    eddy_error *detail = eddyi_fail_detail(EDDY_EINCOMPLETE, "readexactly");
    detail->partial = (uint64_t)number;
    detail->expected = 100;
    return EDDY_EINCOMPLETE;
}

enum { FAILURES = 7 };

static int group_of_failures(void *arg)
{
    eddy_task_group group;
    (void)arg;
    int rc = eddy_task_group_enter(&group);
    for (intptr_t i = 0; i < FAILURES; i++)
        add(&group, fails_late, (void *)i);
    return eddy_task_group_exit(&group, rc);
}

TASK_TEST(every_error_of_a_group_is_there_with_its_detail)
{
    eddy_error out;
    assert_int_equal(group_of_failures(arg), EDDY_EINCOMPLETE);
    eddy_error failed = *eddy_last_error();
    assert_int_equal(failed.group_count, FAILURES);
    bool seen[FAILURES] = {false};
    for (size_t i = 0; i < FAILURES; i++) {
        eddy_error error = error_at(&failed, i);
        assert_int_equal(error.code, EDDY_EINCOMPLETE);
        assert_string_equal(error.operation, "readexactly");
        assert_int_equal(error.expected, 100);
        assert_int_equal(error.group_count, 0);
        assert_false(seen[error.partial]);
        seen[error.partial] = true;
    }
    assert_int_equal(error_at(&failed, 0).partial, 0);
    assert_int_equal(eddy_error_in_group(&failed, FAILURES, &out), EDDY_EINVAL);
    assert_int_equal(eddy_error_in_group(&failed, 0, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_error_in_group(NULL, 0, &out), EDDY_EINVAL);
    eddy_error plain = error_at(&failed, 1);
    assert_int_equal(eddy_error_in_group(&plain, 0, &out), EDDY_EINVAL);
    return 0;
}

TASK_TEST(groups_in_groups_are_read_level_by_level)
{
    eddy_task_group group;
    (void)arg;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    add(&group, group_of_failures, NULL);
    assert_int_equal(eddy_task_group_exit(&group, 0), EDDY_EINCOMPLETE);
    eddy_error outer = *eddy_last_error();
    assert_int_equal(outer.group_count, 1);
    eddy_error inner = error_at(&outer, 0);
    assert_int_equal(inner.group_count, FAILURES);
    assert_int_equal(error_at(&inner, 0).partial, 0);
    assert_int_equal(error_at(&inner, FAILURES - 1).expected, 100);
    return 0;
}

TASK_TEST(group_that_failed_in_the_body_is_an_error_of_the_group_around_it)
{
    eddy_task_group outer, inner;
    (void)arg;
    assert_int_equal(eddy_task_group_enter(&outer), 0);
    add(&outer, fails_late, (void *)5);
    assert_int_equal(eddy_task_group_enter(&inner), 0);
    add(&inner, fails_late, (void *)0);
    add(&inner, fails_late, (void *)1);
    int rc = eddy_task_group_exit(&inner, 0);
    assert_int_equal(rc, EDDY_EINCOMPLETE);
    assert_int_equal(eddy_task_group_exit(&outer, rc), EDDY_EINCOMPLETE);
    eddy_error failed = *eddy_last_error();
    assert_int_equal(failed.group_count, 2);
    assert_int_equal(error_at(&failed, 0).partial, 5);
    eddy_error body = error_at(&failed, 1); /* comes last */
    assert_int_equal(body.group_count, 2);
    assert_int_equal(error_at(&body, 1).partial, 1);
    return 0;
}

/* A record of something else is not taken for the body's. */
TASK_TEST(body_error_of_its_own_has_no_foreign_detail)
{
    eddy_task_group group;
    assert_int_equal(group_of_failures(arg), EDDY_EINCOMPLETE);
    assert_int_equal(eddy_task_group_enter(&group), 0);
    assert_int_equal(eddy_task_group_exit(&group, EDDY_EUSER), EDDY_EUSER);
    eddy_error body = error_at(eddy_last_error(), 0);
    assert_int_equal(body.code, EDDY_EUSER);
    assert_null(body.operation);
    assert_int_equal(body.group_count, 0);
    return 0;
}

static int awaits(void *task)
{
    int rc = eddy_await(task, NULL);
    eddy_error failed = *eddy_last_error();
    eddy_task_release(task);
    rc = eddy_sleep(0) < 0 ? EDDY_EPROTO : rc;
    assert_int_equal(error_at(&failed, FAILURES - 1).expected, 100); /* the task is gone */
    return rc;
}

TASK_TEST(whoever_awaits_the_task_has_its_errors_too)
{
    eddy_task *task, *readers[3];
    int results[3];
    assert_int_equal(eddy_create_task(&task, group_of_failures, arg, NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(eddy_create_task(&readers[i], awaits, eddy_task_retain(task), NULL), 0);
    eddy_task_release(task);
    assert_int_equal(eddy_gather_return_exceptions(results, readers, 3), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(results[i], EDDY_EINCOMPLETE);
        eddy_task_release(readers[i]);
    }
    return 0;
}

TASK_TEST(gather_hands_on_the_errors_of_a_group)
{
    eddy_task *task;
    assert_int_equal(eddy_create_task(&task, group_of_failures, arg, NULL), 0);
    assert_int_equal(eddy_gather(NULL, &task, 1), EDDY_EINCOMPLETE);
    assert_int_equal(error_at(eddy_last_error(), FAILURES - 1).expected, 100);
    eddy_task_release(task);
    return 0;
}

TASK_TEST(errors_go_when_no_record_names_them_any_more)
{
    eddy_error out;
    long blocks = 0;
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(group_of_failures(arg), EDDY_EINCOMPLETE);
        eddy_error old = *eddy_last_error();
        assert_int_equal(eddy_error_in_group(&old, 0, &out), 0);
        assert_int_equal(group_of_failures(arg), EDDY_EINCOMPLETE);
        assert_int_equal(eddy_error_in_group(&old, 0, &out), EDDY_EINVALIDSTATE);
        if (i == 10)
            blocks = support_live_blocks();
    }
    assert_int_equal(support_live_blocks(), blocks);
    return 0;
}

enum { DEEP = 20000 };

TASK_TEST(groups_may_be_nested_as_deep_as_memory_allows)
{
    eddy_task_group *groups = calloc(DEEP, sizeof *groups);
    (void)arg;
    assert_non_null(groups);
    for (int i = 0; i < DEEP; i++)
        (void)eddy_task_group_enter(&groups[i]);
    int rc = EDDY_EUSER;
    for (int i = DEEP - 1; i >= 0; i--)
        rc = eddy_task_group_exit(&groups[i], rc);
    assert_int_equal(rc, EDDY_EUSER);
    eddy_error error = *eddy_last_error();
    for (int i = 0; i < 5; i++)
        error = error_at(&error, 0);
    assert_int_equal(error.group_count, 1);
    free(groups);
    return 0;
}

enum { DEEP_TASKS = 2000 };

static int fail_below(void *arg)
{
    eddy_task_group group;
    intptr_t depth = (intptr_t)arg;
    if (depth == 0)
        return EDDY_EUSER;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    add(&group, fail_below, (void *)(depth - 1));
    return eddy_task_group_exit(&group, 0);
}

/* Each one's errors hold the next one: they go without using the stack that their depth would need. */
TASK_TEST(errors_of_groups_deep_in_tasks_go_without_a_deep_stack)
{
    eddy_error error;
    assert_int_equal(fail_below((void *)(intptr_t)DEEP_TASKS), EDDY_EUSER);
    error = *eddy_last_error();
    for (int i = 0; i < DEEP_TASKS; i++)
        error = error_at(&error, 0);
    assert_int_equal(error.group_count, 0);
    assert_int_equal(group_of_failures(arg), EDDY_EINCOMPLETE); /* takes their place */
    return 0;
}

TASK_TEST(errors_of_a_child_that_its_maker_keeps_stay_with_it)
{
    eddy_task_group group;
    eddy_task *task;
    eddy_error error;
    assert_int_equal(eddy_task_group_enter(&group), 0);
    assert_int_equal(eddy_task_group_create_task(&group, &task, group_of_failures, arg, NULL), 0);
    assert_int_equal(eddy_task_group_exit(&group, 0), EDDY_EINCOMPLETE);
    assert_int_equal(group_of_failures(arg), EDDY_EINCOMPLETE); /* takes the place of the first group's */
    assert_int_equal(eddy_task_exception(task, &error), EDDY_EINCOMPLETE);
    assert_int_equal(error_at(&error, FAILURES - 1).expected, 100);
    eddy_task_release(task);
    assert_int_equal(eddy_error_in_group(&error, 0, &error), EDDY_EINVALIDSTATE);
    return 0;
}

static eddy_error kept;

static int fail_and_keep(void *arg)
{
    int rc = group_of_failures(arg);
    kept = *eddy_last_error();
    return rc;
}

static void without_the_loop_only_the_first_codes_are_left(void **state)
{
    eddy_error out;
    (void)state;
    assert_int_equal(support_run(fail_and_keep, NULL), EDDY_EINCOMPLETE);
    assert_int_equal(kept.group_count, FAILURES);
    assert_int_equal(kept.group[EDDY_ERROR_GROUP_MAX - 1], EDDY_EINCOMPLETE);
    assert_int_equal(eddy_error_in_group(&kept, 0, &out), EDDY_EINVALIDSTATE);
}

static int leave_a_failed_group_open(void *arg)
{
    eddy_task_group group;
    int rc = eddy_task_group_enter(&group);
    add(&group, group_of_failures, arg);
    for (int i = 0; i < 2; i++) /* the second one is cut short by the loop's end */
        rc = eddy_sleep(1000);
    return eddy_task_group_exit(&group, rc);
}

static void ignore(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context;
    (void)arg;
}

static void loop_that_closes_gives_the_errors_of_open_groups_back(void **state)
{
    eddy_loop *loop;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    long blocks = support_live_blocks();
    (void)state;
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    assert_int_equal(eddy_loop_set_exception_handler(loop, ignore, NULL), 0);
    assert_int_equal(eddy_loop_create_task(loop, NULL, leave_a_failed_group_open, NULL, NULL), 0);
    for (int i = 0; i < 12; i++)
        assert_true(eddy_loop_run_once(loop, 0) >= 0);
    eddy_loop_release(loop);
    assert_int_equal(support_live_blocks(), blocks);
}

int suite_group_errors(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_of_a_group_is_there_with_its_detail),
        cmocka_unit_test(groups_in_groups_are_read_level_by_level),
        cmocka_unit_test(group_that_failed_in_the_body_is_an_error_of_the_group_around_it),
        cmocka_unit_test(body_error_of_its_own_has_no_foreign_detail),
        cmocka_unit_test(whoever_awaits_the_task_has_its_errors_too),
        cmocka_unit_test(gather_hands_on_the_errors_of_a_group),
        cmocka_unit_test(errors_go_when_no_record_names_them_any_more),
        cmocka_unit_test(groups_may_be_nested_as_deep_as_memory_allows),
        cmocka_unit_test(errors_of_groups_deep_in_tasks_go_without_a_deep_stack),
        cmocka_unit_test(errors_of_a_child_that_its_maker_keeps_stay_with_it),
        cmocka_unit_test(without_the_loop_only_the_first_codes_are_left),
        cmocka_unit_test(loop_that_closes_gives_the_errors_of_open_groups_back),
    };
    return cmocka_run_group_tests_name("errors of groups", tests, NULL, NULL);
}
