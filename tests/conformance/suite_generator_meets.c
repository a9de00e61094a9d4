/* suite_generator_meets.c: generators together with contexts, eager tasks and debug mode.
 * Touches the public API. A body is a part of its consumer's task in all of these. */
#include "colors.h"
#include "generator_bodies.h"
#include "suite.h"

#define EAGERLY EDDY_OPTIONS(eddy_task_options, .eager_start = EDDY_EAGER_START_YES)

/* ---- contexts ---- */

static int yield_colors(void *arg)
{
    int rc = 0;
    while (rc == 0)
        rc = eddy_generator_yield((void *)(uintptr_t)color(), NULL);
    *(const char **)arg = color(); /* in the clean-up */
    return rc;
}

static const char *next_color(eddy_generator *generator)
{
    void *value = NULL;
    assert_int_equal(eddy_generator_next(generator, &value), 1);
    return value;
}

static int ask_in_blue(void *generator)
{
    set_color("blue");
    assert_string_equal(next_color(generator), "blue");
    return 0;
}

TASK_TEST(body_runs_in_the_context_of_whoever_asks)
{
    eddy_generator *generator;
    eddy_task *task;
    const char *last = NULL;
    (void)arg;
    set_color("red");
    assert_int_equal(eddy_generator_create(&generator, yield_colors, &last, NULL), 0);
    set_color("green");
    assert_string_equal(next_color(generator), "green");
    assert_int_equal(eddy_create_task(&task, ask_in_blue, generator, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_string_equal(next_color(generator), "green");
    assert_int_equal(eddy_generator_aclose(generator), 0);
    assert_string_equal(last, "green");
    eddy_task_release(task);
    eddy_generator_release(generator);
    return 0;
}

static int paint_and_yield(void *arg)
{
    set_color("body");
    return eddy_generator_yield(arg, NULL);
}

TASK_TEST(what_a_body_sets_its_consumer_sees)
{
    eddy_generator *generator;
    assert_int_equal(eddy_generator_create(&generator, paint_and_yield, arg, NULL), 0);
    assert_int_equal(eddy_generator_next(generator, NULL), 1);
    assert_string_equal(color(), "body");
    assert_int_equal(eddy_generator_aclose(generator), 0);
    eddy_generator_release(generator);
    return 0;
}

static int let_go_in_blue(void *arg)
{
    eddy_generator *generator;
    set_color("blue");
    assert_int_equal(eddy_generator_create(&generator, yield_colors, arg, NULL), 0);
    assert_string_equal(next_color(generator), "blue");
    eddy_generator_release(generator);
    set_color("later");
    return 0;
}

TASK_TEST(loop_closes_a_generator_in_the_context_of_whoever_let_it_go)
{
    const char *last = NULL;
    eddy_task *task;
    (void)arg;
    set_color("red");
    assert_int_equal(eddy_create_task(&task, let_go_in_blue, &last, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), 0);
    yield_times(2);
    assert_string_equal(last, "blue");
    eddy_task_release(task);
    return 0;
}

/* ---- eager tasks ---- */

static int trace_twice(void *letter)
{
    trace(*(const char *)letter);
    int rc = eddy_sleep(0);
    trace(*(const char *)letter);
    return rc;
}

static int start_eagerly_and_yield(void *arg)
{
    eddy_task *me = eddy_current_task();
    assert_int_equal(eddy_create_task(NULL, trace_twice, "a", EAGERLY), 0);
    assert_ptr_equal(eddy_current_task(), me);
    trace('b');
    int rc = eddy_generator_yield(arg, NULL);
    return rc < 0 ? rc : eddy_sleep(0);
}

TASK_TEST(body_starts_a_task_eagerly_and_goes_on_when_that_suspends)
{
    eddy_generator *generator;
    trace_clear();
    assert_int_equal(eddy_generator_create(&generator, start_eagerly_and_yield, arg, NULL), 0);
    assert_int_equal(eddy_generator_next(generator, NULL), 1);
    assert_string_equal(trace_text(), "ab");
    assert_int_equal(eddy_generator_next(generator, NULL), 0);
    assert_string_equal(trace_text(), "aba");
    eddy_generator_release(generator);
    return 0;
}

typedef struct eager_consumer {
    eddy_generator *generator;
    int sum;
} eager_consumer;

static int sum_up(void *arg)
{
    eager_consumer *self = arg;
    int number;
    while ((number = next_number(self->generator)) > 0)
        self->sum += number;
    return number;
}

/* In its first step it stands on the stack of the body when it first suspends, `steps` values in. */
TASK_TEST(eager_task_that_suspends_in_a_body_lets_its_creator_go_on)
{
    (void)arg;
    for (int steps = 0; steps < 3; steps++) {
        counting counts = {.count = 4, .steps = steps};
        eager_consumer self = {.generator = make_generator(&counts)};
        eddy_task *task;
        assert_int_equal(eddy_create_task(&task, sum_up, &self, EAGERLY), 0);
        assert_int_equal(eddy_task_done(task), steps == 0);
        assert_int_equal(eddy_generator_running(self.generator), steps > 0);
        assert_int_equal(eddy_await(task, NULL), 0);
        assert_int_equal(self.sum, 10);
        eddy_task_release(task);
        eddy_generator_release(self.generator);
    }
    return 0;
}

/* ---- debug mode ---- */

static int take_and_yield(void *lock)
{
    int rc = eddy_lock_acquire(lock);
    return rc < 0 ? rc : eddy_generator_yield(lock, NULL);
}

typedef struct owner {
    eddy_generator *generator;
    eddy_lock *lock;
    bool releases;
} owner;

static int take_in_a_body(void *arg)
{
    const owner *self = arg;
    assert_int_equal(eddy_generator_next(self->generator, NULL), 1);
    return self->releases ? eddy_lock_release(self->lock) : 0;
}

TASK_TEST(fault_C11_lock_taken_in_a_body_is_held_by_the_consumer)
{
    (void)arg;
    support_catch_reports();
    eddy_loop_set_debug(eddy_get_running_loop(), true);
    for (int releases = 0; releases < 2; releases++) {
        eddy_lock lock = EDDY_LOCK_INIT;
        owner self = {.lock = &lock, .releases = releases};
        eddy_task *task;
        assert_int_equal(eddy_generator_create(&self.generator, take_and_yield, &lock, NULL), 0);
        assert_int_equal(eddy_create_task(&task, take_in_a_body, &self, NULL), 0);
        assert_int_equal(eddy_await(task, NULL), 0);
        assert_int_equal(support_reports(), 1); /* of the first round */
        assert_int_equal(eddy_generator_aclose(self.generator), 0);
        assert_int_equal(eddy_lock_locked(&lock), !releases);
        eddy_task_release(task);
        eddy_generator_release(self.generator);
    }
    return 0;
}

static int swallow(void *gate)
{
    int dropped = eddy_sleep((double)INFINITY);
    (void)dropped;
    return eddy_await_future(gate, NULL);
}

static int run_body(void *generator)
{
    return eddy_generator_next(generator, NULL);
}

TASK_TEST(fault_C4_cancel_swallowed_in_a_body_is_reported)
{
    eddy_future *gate = make_future();
    eddy_generator *generator;
    eddy_task *task;
    (void)arg;
    support_catch_reports();
    eddy_loop_set_debug(eddy_get_running_loop(), true);
    assert_int_equal(eddy_generator_create(&generator, swallow, gate, NULL), 0);
    assert_int_equal(eddy_create_task(&task, run_body, generator, NULL), 0);
    yield_times(1);
    assert_true(eddy_task_cancel(task));
    yield_times(2);
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(support_reports(), 1);
    assert_non_null(strstr(support_last_message(), "delivered in 'sleep'"));
    assert_non_null(strstr(support_last_message(), "last to 'future'"));
    eddy_task_release(task);
    eddy_generator_release(generator);
    eddy_future_release(gate);
    return 0;
}

int suite_generator_meets(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_runs_in_the_context_of_whoever_asks),
        cmocka_unit_test(what_a_body_sets_its_consumer_sees),
        cmocka_unit_test(loop_closes_a_generator_in_the_context_of_whoever_let_it_go),
        cmocka_unit_test(body_starts_a_task_eagerly_and_goes_on_when_that_suspends),
        cmocka_unit_test(eager_task_that_suspends_in_a_body_lets_its_creator_go_on),
        cmocka_unit_test(fault_C11_lock_taken_in_a_body_is_held_by_the_consumer),
        cmocka_unit_test(fault_C4_cancel_swallowed_in_a_body_is_reported),
    };
    return cmocka_run_group_tests_name("generators and the rest", tests, NULL, NULL);
}
