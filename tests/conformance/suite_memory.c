/* suite_memory.c: out of memory, swept: every allocation of each scenario fails once, then it and all after it.
 * Touches the public API and the injection table. Ends with a clear error, leaves nothing, and works when tried again; closing, cancelling and
 * completing need no memory (M3). */
#include <math.h>

#include "support/support.h"
#include "suite.h"

#include "core/base/inject.h"
#include "core/loop/loop.h"

static int short_sleep(void *arg)
{
    (void)arg;
    return eddy_sleep(0);
}

static int fails(void *arg)
{
    int rc = short_sleep(arg);
    return rc < 0 ? rc : EDDY_EIO;
}

static void ignore_done(eddy_future *future, void *arg)
{
    (void)future;
    (void)arg;
}

static void ignore(void *arg)
{
    (void)arg;
}

/* ---- scenarios: each returns 0, or EDDY_ENOMEM when it could not ---- */

static int await_tasks(void *arg)
{
    eddy_task *task;
    int rc = eddy_create_task(&task, short_sleep, arg, EDDY_OPTIONS(eddy_task_options, .name = "named"));
    if (rc < 0)
        return rc;
    rc = eddy_task_set_name(task, "another name");
    int awaited = eddy_await(task, NULL);
    eddy_task_release(task);
    return rc < 0 ? rc : awaited;
}

enum { MANY = 8 };

static int create_many(eddy_task **tasks, int *made)
{
    for (*made = 0; *made < MANY; ++*made) {
        int rc = eddy_create_task(&tasks[*made], short_sleep, NULL, NULL);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int give_back(eddy_task **tasks, int made, int rc)
{
    for (int i = 0; i < made; i++)
        eddy_task_release(tasks[i]);
    return rc;
}

static int gather_many(void *arg)
{
    eddy_task *tasks[MANY];
    int made, results[MANY];
    (void)arg;
    int rc = create_many(tasks, &made);
    if (rc == 0)
        rc = eddy_gather(results, tasks, MANY);
    return give_back(tasks, made, rc);
}

static int wait_many(void *arg)
{
    eddy_task *tasks[MANY];
    int made;
    (void)arg;
    int rc = create_many(tasks, &made);
    if (rc == 0)
        rc = eddy_wait(NULL, tasks, MANY, 10, EDDY_ALL_COMPLETED);
    return give_back(tasks, made, rc < 0 ? rc : 0);
}

static int complete_many(void *arg)
{
    eddy_task *tasks[MANY], *next;
    eddy_completions *completions = NULL;
    int made, got = 0;
    (void)arg;
    int rc = create_many(tasks, &made);
    if (rc == 0)
        rc = eddy_as_completed(&completions, tasks, MANY, 10);
    while (rc == 0 && (got = eddy_completions_next(completions, &next)) > 0)
        continue;
    eddy_completions_release(completions);
    return give_back(tasks, made, rc < 0 ? rc : got);
}

static int use_group(void *arg)
{
    eddy_task_group group;
    int rc = eddy_task_group_enter(&group);
    for (int i = 0; rc == 0 && i < 3; i++)
        rc = eddy_task_group_create_task(&group, NULL, short_sleep, arg, NULL);
    return eddy_task_group_exit(&group, rc);
}

static int use_failing_group(void *arg)
{
    eddy_task_group group;
    int rc = eddy_task_group_enter(&group);
    if (rc == 0)
        rc = eddy_task_group_create_task(&group, NULL, fails, arg, NULL);
    if (rc == 0)
        rc = eddy_task_group_create_task(&group, NULL, short_sleep, arg, NULL);
    rc = eddy_task_group_exit(&group, rc);
    return rc == EDDY_EIO ? 0 : rc;
}

static int use_timeouts(void *arg)
{
    eddy_timeout outer, inner;
    (void)arg;
    int rc = eddy_timeout_enter(&outer, 1000);
    if (rc == 0)
        rc = eddy_timeout_enter(&inner, 0);
    if (rc == 0)
        rc = eddy_sleep(500);
    rc = eddy_timeout_exit(&inner, rc);
    rc = rc == EDDY_EINVALIDSTATE ? 0 : rc; /* inner was never entered when outer could not be */
    rc = eddy_timeout_exit(&outer, rc == EDDY_ETIMEDOUT ? 0 : rc);
    return rc;
}

static int use_callbacks(void *arg)
{
    eddy_future *future, *shield = NULL;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    int rc = eddy_loop_create_future(loop, &future);
    if (rc < 0)
        return rc;
    rc = eddy_future_add_done_callback(future, ignore_done, NULL);
    if (rc == 0)
        rc = eddy_shield_future(&shield, future);
    if (rc == 0)
        rc = eddy_loop_call_soon(loop, NULL, ignore, NULL);
    if (rc == 0)
        rc = eddy_loop_call_later(loop, NULL, 0.0001, ignore, NULL);
    if (rc == 0)
        rc = eddy_loop_call_soon_threadsafe(loop, NULL, ignore, NULL);
    if (rc == 0)
        rc = eddy_defer(ignore, NULL);
    (void)eddy_future_set_result(future, 1);
    if (rc == 0)
        rc = eddy_await_future(shield, NULL) == 1 ? 0 : EDDY_EPROTO;
    eddy_future_release(shield);
    eddy_future_release(future);
    return rc;
}

/* Half of them end in their eager step. */
static int start_eagerly(void *arg)
{
    eddy_task *task;
    eddy_task_group group;
    const eddy_task_options named = {.size = sizeof named, .name = "named"};
    int rc = eddy_loop_set_task_factory(eddy_get_running_loop(), eddy_eager_task_factory, NULL);
    if (rc == 0)
        rc = eddy_create_task(&task, use_callbacks, arg, &named);
    if (rc < 0)
        return rc;
    rc = eddy_await(task, NULL);
    eddy_task_release(task);
    int entered = eddy_task_group_enter(&group);
    for (int i = 0; entered == 0 && rc == 0 && i < 4; i++)
        rc = eddy_task_group_create_task(&group, NULL, i % 2 == 0 ? short_sleep : use_callbacks, arg, NULL);
    return eddy_task_group_exit(&group, rc);
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int use_threads(void *arg)
{
    eddy_future *future;
    eddy_loop *loop = eddy_get_running_loop();
    int rc = eddy_to_thread(nothing, arg, NULL);
    if (rc < 0)
        return rc;
    rc = eddy_loop_run_in_executor(loop, &future, NULL, nothing, arg, NULL);
    if (rc < 0)
        return rc;
    rc = eddy_await_future(future, NULL);
    eddy_future_release(future);
    return rc < 0 ? rc : eddy_loop_shutdown_default_executor(loop, (double)INFINITY);
}

static int use_concurrent_future(void *arg)
{
    eddy_concurrent_future *sent;
    eddy_future *future;
    eddy_loop *loop = eddy_get_running_loop();
    int rc = eddy_run_coroutine_threadsafe(loop, &sent, short_sleep, arg,
                                           EDDY_OPTIONS(eddy_task_options, .name = "named"));
    if (rc < 0)
        return rc;
    rc = eddy_wrap_future(loop, &future, sent);
    eddy_concurrent_future_release(sent);
    if (rc < 0)
        return rc;
    rc = eddy_await_future(future, NULL);
    eddy_future_release(future);
    return rc;
}

static const eddy_context_var shade = EDDY_CONTEXT_VAR("shade", NULL);
static const eddy_context_var tone = EDDY_CONTEXT_VAR("tone", NULL);

static int set_both(void *value)
{
    eddy_context_token token;
    int rc = eddy_context_var_set(&shade, NULL, value);
    if (rc < 0)
        return rc;
    rc = eddy_context_var_set(&tone, &token, value);
    if (rc < 0)
        return rc;
    rc = eddy_loop_call_soon(eddy_get_running_loop(), NULL, ignore, NULL);
    int reset = eddy_context_var_reset(&tone, &token);
    return rc < 0 ? rc : reset;
}

static int use_contexts(void *arg)
{
    eddy_context *copy, *of_task;
    eddy_task *task;
    int rc = set_both(arg);
    if (rc == 0)
        rc = eddy_copy_context(&copy);
    if (rc < 0)
        return rc;
    rc = eddy_context_run(copy, set_both, copy);
    eddy_context_release(copy);
    if (rc < 0)
        return rc;
    rc = eddy_create_task(&task, set_both, arg, NULL);
    if (rc < 0)
        return rc;
    rc = eddy_task_get_context(task, &of_task);
    if (rc == 0)
        eddy_context_release(of_task);
    int awaited = eddy_await(task, NULL);
    eddy_task_release(task);
    return rc < 0 ? rc : awaited;
}

/* ---- the sweep ---- */

static int run_scenario(eddy_coro_fn scenario)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    return eddy_run(scenario, NULL, &options);
}

static void sweep(eddy_coro_fn scenario, bool after_too)
{
    eddyi_inject_plan plan = {.fail_after_too = after_too, .calls = UINT64_C(1) << EDDYI_INJECT_memory};
    eddyi_running_loop = NULL;
    eddyi_inject_start(&plan);
    assert_int_equal(run_scenario(scenario), 0);
    uint64_t total = eddyi_inject_count();
    eddyi_inject_stop();
    assert_true(total > 3);
    for (plan.fail_at = 1; plan.fail_at <= total; plan.fail_at++) {
        long blocks = support_live_blocks();
        int descriptors = support_open_descriptors();
        eddyi_inject_start(&plan);
        int rc = run_scenario(scenario);
        eddyi_inject_stop();
        assert_true(rc == 0 || rc == EDDY_ENOMEM);
        assert_int_equal(eddyi_inject_forbidden_count(), 0);
        assert_int_equal(support_live_blocks(), blocks);
        assert_int_equal(support_open_descriptors(), descriptors);
    }
    assert_int_equal(run_scenario(scenario), 0);
}

static void both_ways(eddy_coro_fn scenario)
{
    sweep(scenario, false);
    sweep(scenario, true);
}

#define SWEEP(name, scenario)                                                                                \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        (void)state;                                                                                         \
        both_ways(scenario);                                                                                 \
    }

SWEEP(fault_M1_M2_tasks, await_tasks)
SWEEP(fault_M1_M2_gather, gather_many)
SWEEP(fault_M1_M2_wait, wait_many)
SWEEP(fault_M1_M2_as_completed, complete_many)
SWEEP(fault_M1_M2_groups, use_group)
SWEEP(fault_M1_M2_groups_that_fail, use_failing_group)
SWEEP(fault_M1_M2_timeouts, use_timeouts)
SWEEP(fault_M1_M2_callbacks, use_callbacks)
SWEEP(fault_M1_M2_eager_tasks, start_eagerly)
SWEEP(fault_M1_M2_threads, use_threads)
SWEEP(fault_M1_M2_concurrent_futures, use_concurrent_future)
SWEEP(fault_M1_M2_contexts, use_contexts)

/* M8: a hundred thousand tasks, timeouts and cancels later nothing more is held than before. */
TASK_TEST(fault_M8_live_objects_stay_flat)
{
    long after_first = 0;
    (void)arg;
    for (int i = 0; i < 20000; i++) {
        eddy_task *task;
        eddy_timeout limit;
        int outcome;
        assert_int_equal(eddy_create_task(&task, short_sleep, NULL, NULL), 0);
        if (i % 3 == 0)
            eddy_task_cancel(task);
        eddy_timeout_enter(&limit, 100);
        int rc = eddy_await(task, &outcome);
        assert_int_equal(eddy_timeout_exit(&limit, rc), 0);
        eddy_task_release(task);
        if (i == 100)
            after_first = support_live_blocks();
    }
    assert_int_equal(support_live_blocks(), after_first);
    return 0;
}

int suite_memory(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_M1_M2_tasks),
        cmocka_unit_test(fault_M1_M2_gather),
        cmocka_unit_test(fault_M1_M2_wait),
        cmocka_unit_test(fault_M1_M2_as_completed),
        cmocka_unit_test(fault_M1_M2_groups),
        cmocka_unit_test(fault_M1_M2_groups_that_fail),
        cmocka_unit_test(fault_M1_M2_timeouts),
        cmocka_unit_test(fault_M1_M2_callbacks),
        cmocka_unit_test(fault_M1_M2_eager_tasks),
        cmocka_unit_test(fault_M1_M2_contexts),
        cmocka_unit_test(fault_M1_M2_threads),
        cmocka_unit_test(fault_M1_M2_concurrent_futures),
        cmocka_unit_test(fault_M8_live_objects_stay_flat),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
