/* suite_contexts_threads.c: contexts outside a loop and across threads (asyncio X3): runners, plain threads, executors.
 * Touches the public API, home.h and seam 2's threads. Values are given back wherever their last holder is. */
#include "colors.h"
#include "home.h"
#include "suite.h"

#include "core/base/inject.h"

/* ---- runners ---- */

static int see_then_paint(void *value)
{
    see_color(NULL);
    set_color(value);
    return 0;
}

static void context_X3_runner_keeps_one_context_for_all_its_runs(void **state)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    long blocks = support_live_blocks();
    eddy_runner *runner;
    eddy_context *context;
    (void)state;
    assert_int_equal(eddy_context_create(&context), 0);
    assert_int_equal(eddy_runner_create(&runner, &options), 0);
    assert_int_equal(eddy_runner_run(runner, see_then_paint, "red"), 0);
    assert_int_equal(eddy_runner_run_in_context(runner, see_then_paint, "given", context), 0);
    assert_int_equal(eddy_runner_run(runner, see_then_paint, "blue"), 0);
    assert_int_equal(eddy_runner_run_in_context(runner, see_then_paint, "given", context), 0);
    assert_string_equal(colors_seen(), " none none red given");
    assert_string_equal(color(), "none");
    assert_int_equal(eddy_runner_close(runner), 0);
    eddy_context_release(context);
    assert_int_equal(support_live_blocks(), blocks);
}

static int run_in_runner(void *options)
{
    int rc = eddy_run(see_then_paint, "inside", options);
    assert_string_equal(color(), "outside");
    return rc;
}

static int paint_and_run(void *options)
{
    set_color("outside");
    return run_in_runner(options);
}

static void context_X3_runner_begins_with_a_copy_of_the_threads(void **state)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    eddy_context *context;
    (void)state;
    assert_int_equal(eddy_context_create(&context), 0);
    assert_int_equal(eddy_context_run(context, paint_and_run, &options), 0);
    assert_string_equal(colors_seen(), " outside");
    eddy_context_release(context);
}

/* ---- plain threads ---- */

typedef struct plain {
    const char *began_with;
    int rc, again;
} plain;

static void use_variables(void *arg)
{
    plain *self = arg;
    eddy_context_token token;
    self->began_with = color();
    self->rc = eddy_context_var_set(&owned_var, NULL, "value");
    if (self->rc < 0)
        self->again = eddy_context_var_set(&owned_var, NULL, "value");
    if (eddy_context_var_set(&owned_var, &token, "another") == 0)
        eddy_context_token_release(&token);
}

static void in_thread(void (*fn)(void *arg), void *arg)
{
    eddyi_thread thread;
    assert_int_equal(eddyi_thread_create(&thread, fn, arg, "plain"), 0);
    eddyi_thread_join(&thread);
}

static void context_of_a_thread_is_its_own_and_goes_with_it(void **state)
{
    long blocks = support_live_blocks();
    int before = owned_released();
    plain self = {.rc = -1};
    (void)state;
    in_thread(use_variables, &self);
    assert_string_equal(self.began_with, "none");
    assert_int_equal(self.rc, 0);
    assert_int_equal(owned_released(), before + 2);
    assert_false(eddy_context_get(NULL, NULL, &owned_var));
    assert_int_equal(support_live_blocks(), blocks);
}

/* Without the means to give the values back, none is taken. */
static void context_of_a_thread_that_cannot_hear_of_its_end_stays_empty(void **state)
{
    long blocks = support_live_blocks();
    int before = owned_released();
    plain self = {.rc = 0, .again = -1};
    eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_pthread_setspecific};
    (void)state;
    eddyi_inject_start(&plan);
    in_thread(use_variables, &self);
    eddyi_inject_stop();
    assert_true(self.rc == EDDY_ENOMEM || self.rc == EDDY_EAGAIN);
    assert_int_equal(self.again, 0);
    assert_int_equal(owned_released(), before + 2);
    assert_int_equal(support_live_blocks(), blocks);
}

/* ---- executors ---- */

typedef struct worker {
    const char *saw;
    void *set;
} worker;

static int look_and_set(void *arg)
{
    worker *self = arg;
    self->saw = color();
    set_color("worker");
    return eddy_context_var_set(&owned_var, NULL, self->set);
}

TASK_TEST(context_X3_to_thread_carries_a_copy_of_the_callers)
{
    worker first = {.set = "1"}, second = {.set = "2"};
    int before = owned_released();
    (void)arg;
    set_color("caller");
    assert_int_equal(eddy_to_thread(look_and_set, &first, NULL), 0);
    assert_int_equal(owned_released(), before + 1);
    assert_string_equal(color(), "caller");
    assert_int_equal(eddy_to_thread(look_and_set, &second, NULL), 0);
    assert_string_equal(first.saw, "caller");
    assert_string_equal(second.saw, "caller");
    return 0;
}

TASK_TEST(context_X3_run_in_executor_passes_none)
{
    worker self = {.set = "1"};
    eddy_future *future;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    set_color("caller");
    assert_int_equal(eddy_loop_run_in_executor(loop, &future, NULL, look_and_set, &self, NULL), 0);
    assert_int_equal(eddy_await_future(future, NULL), 0);
    eddy_future_release(future);
    assert_string_equal(self.saw, "none");
    assert_string_equal(color(), "caller");
    return 0;
}

/* ---- from one thread to the loop of another ---- */

static int see_and_return(void *unused)
{
    see_color(unused);
    return 0;
}

static int send_tasks(void *loop)
{
    eddy_concurrent_future *sent;
    eddy_context *given;
    void *found;
    int outcome;
    set_color("sender");
    assert_int_equal(eddy_run_coroutine_threadsafe(loop, &sent, see_and_return, NULL, NULL), 0);
    assert_int_equal(eddy_concurrent_future_result(sent, &outcome, 10), 0);
    eddy_concurrent_future_release(sent);
    assert_int_equal(eddy_context_create(&given), 0);
    eddy_task_options options = {.size = sizeof options, .context = given};
    assert_int_equal(eddy_run_coroutine_threadsafe(loop, &sent, see_and_return, NULL, &options), 0);
    assert_int_equal(eddy_concurrent_future_result(sent, &outcome, 10), 0);
    eddy_concurrent_future_release(sent);
    assert_true(eddy_context_get(given, &found, &color_var));
    assert_string_equal(found, "seen");
    eddy_context_release(given);
    assert_string_equal(color(), "sender");
    return 0;
}

static void context_X1_task_sent_to_another_thread_has_the_senders(void **state)
{
    home self;
    eddy_context *context;
    (void)state;
    home_start(&self);
    assert_int_equal(eddy_context_create(&context), 0);
    assert_int_equal(eddy_context_run(context, send_tasks, self.loop), 0);
    eddy_context_release(context);
    assert_string_equal(colors_seen(), " sender none");
    home_end(&self);
}

enum { POSTERS = 4, POSTS = 200 };

static atomic_int wrong;

static void check_owned(void *expected)
{
    if (eddy_context_var_get(&owned_var) != expected ||
        eddy_context_var_set(&color_var, NULL, "of the callback") < 0)
        atomic_fetch_add(&wrong, 1);
}

static void post_many(void *loop)
{
    static char values[POSTS];
    for (int i = 0; i < POSTS; i++) {
        eddy_handle *handle = NULL;
        if (eddy_context_var_set(&owned_var, NULL, &values[i]) < 0 ||
            eddy_loop_call_soon_threadsafe(loop, i % 2 ? &handle : NULL, check_owned, &values[i]) < 0)
            atomic_fetch_add(&wrong, 1);
        if (i % 4 == 1)
            eddy_handle_cancel(handle);
        eddy_handle_release(handle);
    }
}

/* Snapshots are shared by both sides; each value goes once, with the last. */
static void context_X1_posts_of_many_threads_carry_what_each_had_set(void **state)
{
    home self;
    eddyi_thread threads[POSTERS];
    int before = owned_released();
    (void)state;
    atomic_store(&wrong, 0);
    home_start(&self);
    for (int i = 0; i < POSTERS; i++)
        assert_int_equal(eddyi_thread_create(&threads[i], post_many, self.loop, "poster"), 0);
    for (int i = 0; i < POSTERS; i++)
        eddyi_thread_join(&threads[i]);
    home_end(&self);
    assert_int_equal(atomic_load(&wrong), 0);
    assert_int_equal(owned_released(), before + POSTERS * POSTS);
}

static int enter_from_thread(void *context)
{
    return eddy_context_run(context, paint, "never");
}

static void try_to_enter(void *arg)
{
    void **both = arg;
    *(int *)both[1] = enter_from_thread(both[0]);
}

static int enter_elsewhere(void *context)
{
    int rc = 0;
    void *both[2] = {context, &rc};
    in_thread(try_to_enter, both);
    return rc;
}

static void context_that_another_thread_has_entered_is_refused(void **state)
{
    eddy_context *context;
    (void)state;
    assert_int_equal(eddy_context_create(&context), 0);
    assert_int_equal(eddy_context_run(context, enter_elsewhere, context), EDDY_EINVALIDSTATE);
    assert_int_equal(enter_elsewhere(context), 0);
    eddy_context_release(context);
}

int suite_contexts_threads(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(context_X3_runner_keeps_one_context_for_all_its_runs),
        cmocka_unit_test(context_X3_runner_begins_with_a_copy_of_the_threads),
        cmocka_unit_test(context_of_a_thread_is_its_own_and_goes_with_it),
        cmocka_unit_test(context_of_a_thread_that_cannot_hear_of_its_end_stays_empty),
        cmocka_unit_test(context_X3_to_thread_carries_a_copy_of_the_callers),
        cmocka_unit_test(context_X3_run_in_executor_passes_none),
        cmocka_unit_test(context_X1_task_sent_to_another_thread_has_the_senders),
        cmocka_unit_test(context_X1_posts_of_many_threads_carry_what_each_had_set),
        cmocka_unit_test(context_that_another_thread_has_entered_is_refused),
    };
    return cmocka_run_group_tests_name("contexts and threads", tests, NULL, NULL);
}
