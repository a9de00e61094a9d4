/* suite_task_factory.c: the task factory of a loop, the eager one, and one around a constructor of one's own.
 * Touches the public API. Every task that is asked for goes through the factory, once. */
#include "bodies.h"
#include "loops.h"
#include "suite.h"

static int released;

static void count_release(void *arg)
{
    (void)arg;
    released++;
}

/* A factory that counts, fails when it is told to, and names what it makes. */
typedef struct making {
    int calls;
    int fails_with; /* < 0: instead of making */
    bool forgets;   /* says that it made one and did not */
    const char *name;
} making;

static int make_named(eddy_loop *loop, eddy_task **out, eddy_coro_fn fn, void *arg,
                      const eddy_task_options *options, void *factory_arg)
{
    making *self = factory_arg;
    eddy_task_options named = {.size = sizeof named};
    self->calls++;
    if (self->fails_with < 0 || self->forgets)
        return self->fails_with;
    if (options != NULL)
        named = *options;
    if (named.name == NULL)
        named.name = self->name;
    return eddy_task_create(loop, out, fn, arg, &named);
}

static void is_called(const eddy_task *task, const char *expected)
{
    char name[32];
    assert_true(eddy_task_get_name(task, name, sizeof name) < (int)sizeof name);
    assert_string_equal(name, expected);
}

/* ---- set and get ---- */

static void task_factory_is_none_until_it_is_set(void **state)
{
    eddy_loop *loop = make_loop();
    making factory = {0};
    void *arg = &arg;
    (void)state;
    assert_true(eddy_loop_get_task_factory(loop, &arg) == NULL);
    assert_null(arg);
    assert_int_equal(eddy_loop_set_task_factory(loop, make_named, &factory), 0);
    assert_true(eddy_loop_get_task_factory(loop, &arg) == make_named);
    assert_true(eddy_loop_get_task_factory(loop, NULL) == make_named);
    assert_ptr_equal(arg, &factory);
    assert_int_equal(eddy_loop_set_task_factory(loop, NULL, NULL), 0);
    assert_true(eddy_loop_get_task_factory(loop, &arg) == NULL);
    assert_null(arg);
    assert_int_equal(eddy_loop_set_task_factory(NULL, make_named, NULL), EDDY_EINVAL);
    assert_true(eddy_loop_get_task_factory(NULL, NULL) == NULL);
    end_loop(loop);
}

TASK_TEST(every_task_that_is_asked_for_goes_through_the_factory)
{
    making factory = {.name = "made"};
    child body = {.steps = 1};
    eddy_loop *loop = eddy_get_running_loop();
    eddy_task *tasks[3];
    eddy_task_group group;
    (void)arg;
    assert_int_equal(eddy_loop_set_task_factory(loop, make_named, &factory), 0);
    tasks[0] = spawn(&body);
    assert_int_equal(eddy_loop_create_task(loop, &tasks[1], child_body, &body, NULL), 0);
    assert_int_equal(eddy_create_task(NULL, child_body, &body, NULL), 0);
    assert_int_equal(eddy_task_group_enter(&group), 0);
    assert_int_equal(eddy_task_group_create_task(&group, &tasks[2], child_body, &body, NULL), 0);
    assert_int_equal(factory.calls, 4);
    for (int i = 0; i < 3; i++)
        is_called(tasks[i], "made");
    assert_int_equal(eddy_task_group_exit(&group, 0), 0);
    assert_int_equal(eddy_loop_set_task_factory(loop, NULL, NULL), 0);
    for (int i = 0; i < 3; i++)
        eddy_task_release(tasks[i]);
    tasks[0] = spawn(&body);
    assert_int_equal(factory.calls, 4);
    assert_int_equal(eddy_await(tasks[0], NULL), 0);
    eddy_task_release(tasks[0]);
    return 0;
}

/* Options are passed on as they are. */
TASK_TEST(factory_gets_the_options)
{
    making factory = {.name = "made"};
    child body = {0};
    eddy_loop *loop = eddy_get_running_loop();
    eddy_task *task;
    (void)arg;
    released = 0;
    assert_int_equal(eddy_loop_set_task_factory(loop, make_named, &factory), 0);
    assert_int_equal(
        eddy_create_task(&task, child_body, &body,
                         EDDY_OPTIONS(eddy_task_options, .name = "given", .release = count_release)),
        0);
    is_called(task, "given");
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(released, 1);
    eddy_task_release(task);
    return 0;
}

/* ---- failures ---- */

TASK_TEST(factory_that_fails_leaves_the_argument_to_the_caller)
{
    making failing = {.fails_with = EDDY_EUSER - 1}, forgetful = {.forgets = true};
    eddy_loop *loop = eddy_get_running_loop();
    eddy_task *task = NULL;
    eddy_task_group group;
    const eddy_task_options options = {.size = sizeof options, .release = count_release};
    (void)arg;
    released = 0;
    assert_int_equal(eddy_loop_set_task_factory(loop, make_named, &failing), 0);
    assert_int_equal(eddy_create_task(&task, child_body, NULL, &options), EDDY_EUSER - 1);
    assert_int_equal(eddy_task_group_enter(&group), 0);
    assert_int_equal(eddy_task_group_create_task(&group, &task, child_body, NULL, &options), EDDY_EUSER - 1);
    assert_int_equal(eddy_task_group_exit(&group, 0), 0);
    assert_int_equal(eddy_loop_set_task_factory(loop, make_named, &forgetful), 0);
    assert_int_equal(eddy_create_task(&task, child_body, NULL, &options), EDDY_EINVAL);
    assert_null(task);
    assert_int_equal(released, 0);
    assert_int_equal(eddy_all_tasks(loop, NULL, 0), 1);
    return 0;
}

/* The factory is not asked for what cannot be. */
static void factory_is_not_asked_when_no_task_can_be_made(void **state)
{
    making factory = {0};
    eddy_loop *loop = make_loop();
    (void)state;
    assert_int_equal(eddy_loop_set_task_factory(loop, make_named, &factory), 0);
    assert_int_equal(eddy_loop_create_task(loop, NULL, NULL, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_create_task(NULL, NULL, child_body, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(eddy_loop_create_task(loop, NULL, child_body, NULL, NULL), EDDY_ECLOSED);
    assert_int_equal(factory.calls, 0);
    eddy_loop_release(loop);
}

/* ---- the eager one ---- */

TASK_TEST(eager_factory_starts_tasks_at_once_unless_told_not_to)
{
    child bodies[3] = {{.letter = 'a'}, {.letter = 'b'}, {.letter = 'c'}};
    eddy_loop *loop = eddy_get_running_loop();
    eddy_task_group group;
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_loop_set_task_factory(loop, eddy_eager_task_factory, NULL), 0);
    eddy_task *task = spawn(&bodies[0]);
    assert_string_equal(trace_text(), "aA");
    assert_int_equal(eddy_task_group_enter(&group), 0);
    assert_int_equal(
        eddy_task_group_create_task(&group, NULL, child_body, &bodies[1],
                                    EDDY_OPTIONS(eddy_task_options, .eager_start = EDDY_EAGER_START_NO)),
        0);
    assert_int_equal(eddy_task_group_create_task(&group, NULL, child_body, &bodies[2], NULL), 0);
    assert_string_equal(trace_text(), "aAcC");
    assert_int_equal(eddy_task_group_exit(&group, 0), 0);
    assert_string_equal(trace_text(), "aAcCbB");
    eddy_task_release(task);
    return 0;
}

/* create_eager_task_factory: a constructor of one's own gets the wish in the options. */
TASK_TEST(eager_factory_around_a_constructor_of_ones_own)
{
    making own = {.name = "custom"};
    eddy_task_constructor constructor = {make_named, &own}, none = {NULL, NULL};
    child body = {.letter = 'a', .steps = 1}, other = {.letter = 'b'};
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_loop_set_task_factory(loop, eddy_eager_task_factory, &constructor), 0);
    eddy_task *task = spawn(&body);
    assert_string_equal(trace_text(), "a");
    assert_int_equal(own.calls, 1);
    is_called(task, "custom");
    assert_int_equal(eddy_loop_set_task_factory(loop, eddy_eager_task_factory, &none), 0);
    eddy_task_release(spawn(&other));
    assert_string_equal(trace_text(), "abB");
    assert_int_equal(eddy_await(task, NULL), 0);
    eddy_task_release(task);
    own.fails_with = EDDY_EPERM;
    assert_int_equal(eddy_loop_set_task_factory(loop, eddy_eager_task_factory, &constructor), 0);
    assert_int_equal(eddy_create_task(NULL, child_body, &body, NULL), EDDY_EPERM);
    return 0;
}

static int give_seven(void *arg)
{
    (void)arg;
    return 7;
}

/* It uses a thread, so that the runner has an executor to shut down, by a task of its own. */
static int say_my_name(void *name)
{
    (void)eddy_task_get_name(eddy_current_task(), name, 16);
    return eddy_to_thread(give_seven, NULL, NULL);
}

static int make_loop_with_factory(eddy_loop **out, void *factory)
{
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    int rc = eddy_new_event_loop(out, &options);
    return rc < 0 ? rc : eddy_loop_set_task_factory(*out, make_named, factory);
}

/* The main task is made before the loop runs, so it cannot start eagerly; the factory is asked for it all the same. */
static void main_task_goes_through_the_factory(void **state)
{
    making factory = {.name = "main"};
    char name[16] = "";
    (void)state;
    assert_int_equal(eddy_run(say_my_name, name,
                              EDDY_OPTIONS(eddy_run_options, .loop_factory = make_loop_with_factory,
                                           .loop_factory_arg = &factory)),
                     7);
    assert_string_equal(name, "main");
    assert_int_equal(factory.calls, 1); /* what eddy itself runs at the end does not */
}

/* ---- tasks that are sent to a loop ---- */

static int sent_outcome(eddy_task_factory_fn factory, void *factory_arg)
{
    eddy_loop *loop = eddy_get_running_loop();
    eddy_concurrent_future *sent;
    int outcome = 0;
    assert_int_equal(eddy_loop_set_task_factory(loop, factory, factory_arg), 0);
    assert_int_equal(eddy_run_coroutine_threadsafe(loop, &sent, give_seven, NULL,
                                                   EDDY_OPTIONS(eddy_task_options, .release = count_release)),
                     0);
    while (!eddy_concurrent_future_done(sent))
        assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(eddy_concurrent_future_result(sent, &outcome, 0), 0);
    eddy_concurrent_future_release(sent);
    return outcome;
}

/* test_run_coroutine_threadsafe_task_factory_exception: both sides are told, also of a code that means a cancel elsewhere. */
TASK_TEST(task_that_is_sent_to_a_loop_goes_through_its_factory)
{
    making working = {.name = "sent"}, failing = {.fails_with = EDDY_EUSER - 2},
           cancelling = {.fails_with = EDDY_ECANCELED};
    (void)arg;
    released = 0;
    support_catch_reports();
    assert_int_equal(sent_outcome(make_named, &working), 7);
    assert_int_equal(working.calls, 1);
    assert_int_equal(support_reports(), 0);
    assert_int_equal(sent_outcome(make_named, &failing), EDDY_EUSER - 2);
    assert_int_equal(support_last_code(), EDDY_EUSER - 2);
    assert_int_equal(sent_outcome(make_named, &cancelling), EDDY_ECANCELED);
    assert_int_equal(support_reports(), 2);
    assert_int_equal(sent_outcome(eddy_eager_task_factory, NULL), 7);
    assert_int_equal(released, 4);
    return 0;
}

typedef struct self_cancelling {
    eddy_concurrent_future *future;
    int rc;
    int cancels;
} self_cancelling;

static int cancel_my_future(void *arg)
{
    self_cancelling *self = arg;
    assert_true(eddy_concurrent_future_cancel(self->future));
    self->rc = eddy_sleep(1000);
    self->cancels = eddy_task_cancelling(eddy_current_task());
    return self->rc;
}

/* The future is cancelled in the eager step of its own task, before anybody else knows the task: with and without a factory. */
TASK_TEST(sent_task_cancelled_in_its_eager_step_is_cancelled_once)
{
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    for (int by_factory = 0; by_factory < 2; by_factory++) {
        self_cancelling self = {0};
        assert_int_equal(eddy_loop_set_task_factory(loop, by_factory ? eddy_eager_task_factory : NULL, NULL),
                         0);
        assert_int_equal(eddy_run_coroutine_threadsafe(
                             loop, &self.future, cancel_my_future, &self,
                             EDDY_OPTIONS(eddy_task_options, .eager_start = EDDY_EAGER_START_YES)),
                         0);
        while (self.cancels == 0)
            assert_int_equal(eddy_sleep(0), 0);
        assert_int_equal(self.rc, EDDY_ECANCELED);
        assert_int_equal(self.cancels, 1);
        assert_true(eddy_concurrent_future_cancelled(self.future));
        eddy_concurrent_future_release(self.future);
        yield_times(2);
    }
    return 0;
}

/* ---- what it runs ---- */

TASK_TEST(task_knows_its_function_and_its_argument_until_it_ends)
{
    child body = {0};
    eddy_task *task = spawn(&body);
    void *given = NULL;
    (void)arg;
    assert_true(eddy_task_get_coro(task, &given) == child_body);
    assert_ptr_equal(given, &body);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_true(eddy_task_get_coro(task, &given) == child_body);
    assert_null(given);
    assert_true(eddy_task_get_coro(task, NULL) == child_body);
    given = &body;
    assert_true(eddy_task_get_coro(NULL, &given) == NULL);
    assert_null(given);
    eddy_task_release(task);
    return 0;
}

int suite_task_factory(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(task_factory_is_none_until_it_is_set),
        cmocka_unit_test(every_task_that_is_asked_for_goes_through_the_factory),
        cmocka_unit_test(factory_gets_the_options),
        cmocka_unit_test(factory_that_fails_leaves_the_argument_to_the_caller),
        cmocka_unit_test(factory_is_not_asked_when_no_task_can_be_made),
        cmocka_unit_test(eager_factory_starts_tasks_at_once_unless_told_not_to),
        cmocka_unit_test(eager_factory_around_a_constructor_of_ones_own),
        cmocka_unit_test(main_task_goes_through_the_factory),
        cmocka_unit_test(task_that_is_sent_to_a_loop_goes_through_its_factory),
        cmocka_unit_test(sent_task_cancelled_in_its_eager_step_is_cancelled_once),
        cmocka_unit_test(task_knows_its_function_and_its_argument_until_it_ends),
    };
    return cmocka_run_group_tests_name("task factory", tests, NULL, NULL);
}
