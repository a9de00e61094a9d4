/* suite_generators.c: generators as they are iterated over (asyncio 10): values, errors, asend, athrow, one consumer at a time.
 * Touches the public API. Values and order are pinned, never time. */
#include "generator_bodies.h"
#include "suite.h"

TASK_TEST(generator_gives_its_values_in_order_then_ends_for_good)
{
    counting self = {.count = 3, .steps = 1};
    eddy_generator *generator = make_generator(&self);
    (void)arg;
    assert_int_equal(self.number, 0); /* the first next begins the body */
    for (int i = 1; i <= 3; i++)
        assert_int_equal(next_number(generator), i);
    assert_int_equal(next_number(generator), 0);
    assert_int_equal(self.released, 1);
    assert_int_equal(next_number(generator), 0);
    assert_int_equal(eddy_generator_aclose(generator), 0);
    assert_int_equal(eddy_generator_athrow(generator, EDDY_EIO, NULL), 0);
    eddy_generator_release(generator);
    assert_int_equal(self.ended, 1);
    assert_int_equal(self.released, 1);
    return 0;
}

static int never(void *arg)
{
    (void)arg;
    fail();
    return 0;
}

TASK_TEST(generator_that_never_began_leaves_nothing_and_gives_its_argument_back)
{
    counting self = {0};
    eddy_generator *generator;
    eddy_generator_options options = {.size = sizeof options, .release = count_released};
    (void)arg;
    assert_int_equal(eddy_generator_create(&generator, never, &self, &options), 0);
    assert_int_equal(self.released, 0);
    eddy_generator_release(generator);
    assert_int_equal(self.released, 1);
    assert_int_equal(eddy_generator_create(&generator, never, &self, &options), 0);
    assert_int_equal(eddy_generator_aclose(generator), 0);
    assert_int_equal(self.released, 2);
    assert_int_equal(next_number(generator), 0);
    eddy_generator_release(generator);
    assert_int_equal(self.released, 2);
    return 0;
}

TASK_TEST(body_error_comes_once_with_its_detail_then_the_end)
{
    counting self = {.count = 1, .result = EDDY_EIO};
    eddy_generator *generator = make_generator(&self);
    (void)arg;
    assert_int_equal(next_number(generator), 1);
    assert_int_equal(next_number(generator), EDDY_EIO);
    assert_int_equal(next_number(generator), 0);
    eddy_generator_release(generator);
    return 0;
}

static int fails_inside(void *arg)
{
    (void)arg;
    return eddy_loop_set_slow_callback_duration(eddy_get_running_loop(), -1);
}

TASK_TEST(body_shares_the_error_record_of_its_consumer)
{
    eddy_generator *generator;
    (void)arg;
    assert_int_equal(eddy_generator_create(&generator, fails_inside, NULL, NULL), 0);
    assert_int_equal(eddy_generator_next(generator, NULL), EDDY_EINVAL);
    assert_string_equal(eddy_last_error()->operation, "set_slow_callback_duration");
    eddy_generator_release(generator);
    return 0;
}

TASK_TEST(asend_gives_the_yield_its_value)
{
    counting self = {.count = 3};
    int gift = 0;
    eddy_generator *generator = make_generator(&self);
    (void)arg;
    assert_int_equal(eddy_generator_asend(generator, &gift, NULL), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_generator_asend(generator, NULL, NULL), 1);
    assert_int_equal(eddy_generator_asend(generator, &gift, NULL), 1);
    assert_ptr_equal(self.sent, &gift);
    assert_int_equal(eddy_generator_next(generator, NULL), 1);
    assert_null(self.sent);
    assert_int_equal(eddy_generator_asend(generator, &gift, NULL), 0);
    assert_int_equal(eddy_generator_asend(generator, &gift, NULL), 0);
    eddy_generator_release(generator);
    return 0;
}

TASK_TEST(athrow_fails_the_yield_which_may_deal_with_it)
{
    counting self = {.count = 3, .cleanup_steps = 1};
    counting other = {.count = 3, .on_error = 7};
    counting third = {.count = 1, .yields_again = true};
    counting fourth = {.count = 1};
    eddy_generator *generators[] = {make_generator(&self), make_generator(&other), make_generator(&third),
                                    make_generator(&fourth)};
    (void)arg;
    for (int i = 0; i < 3; i++)
        assert_int_equal(next_number(generators[i]), 1);
    assert_int_equal(eddy_generator_athrow(generators[0], EDDY_EIO, NULL), EDDY_EIO);
    assert_int_equal(self.error, EDDY_EIO);
    assert_int_equal(eddy_generator_athrow(generators[1], EDDY_EIO, NULL), 0);
    assert_int_equal(other.error, EDDY_EIO);
    assert_int_equal(eddy_generator_athrow(generators[2], EDDY_EIO, NULL), 1);
    assert_int_equal(next_number(generators[2]), EDDY_EIO);
    assert_int_equal(eddy_generator_athrow(generators[3], EDDY_EIO, NULL), EDDY_EIO);
    assert_int_equal(fourth.number, 0);
    assert_int_equal(fourth.released, 1);
    assert_int_equal(next_number(generators[3]), 0);
    assert_int_equal(eddy_generator_athrow(generators[3], 0, NULL), EDDY_EINVAL);
    for (int i = 0; i < 4; i++)
        eddy_generator_release(generators[i]);
    return 0;
}

typedef struct consumer {
    eddy_generator *generator;
    int number;
} consumer;

static int consume_one(void *arg)
{
    consumer *self = arg;
    self->number = next_number(self->generator);
    return 0;
}

TASK_TEST(second_consumer_is_refused_while_the_body_runs)
{
    counting self = {.count = 2, .gate = make_future()};
    consumer first = {.generator = make_generator(&self)};
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, consume_one, &first, NULL), 0);
    yield_times(1);
    assert_true(eddy_generator_running(first.generator));
    assert_int_equal(next_number(first.generator), EDDY_EBUSY);
    assert_int_equal(eddy_generator_asend(first.generator, NULL, NULL), EDDY_EBUSY);
    assert_int_equal(eddy_generator_athrow(first.generator, EDDY_EIO, NULL), EDDY_EBUSY);
    assert_int_equal(eddy_generator_aclose(first.generator), EDDY_EBUSY);
    assert_int_equal(eddy_future_set_result(self.gate, 0), 0);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(first.number, 1);
    assert_false(eddy_generator_running(first.generator));
    assert_int_equal(next_number(first.generator), 2); /* in this task now */
    assert_int_equal(eddy_generator_aclose(first.generator), 0);
    eddy_generator_release(first.generator);
    eddy_future_release(self.gate);
    eddy_task_release(task);
    return 0;
}

static int asks_itself(void *arg)
{
    eddy_generator **self = arg;
    int rc = eddy_generator_next(*self, NULL);
    return eddy_generator_yield(&rc, NULL) < 0 ? 0 : rc;
}

TASK_TEST(body_cannot_ask_itself)
{
    eddy_generator *generator;
    (void)arg;
    assert_int_equal(eddy_generator_create(&generator, asks_itself, &generator, NULL), 0);
    assert_int_equal(next_number(generator), EDDY_EBUSY);
    assert_int_equal(next_number(generator), EDDY_EBUSY); /* returned */
    eddy_generator_release(generator);
    return 0;
}

/* ---- the body is a part of the consumer's task ---- */

static int tells_its_task(void *arg)
{
    (void)arg;
    int rc = 0;
    while (rc == 0) {
        rc = eddy_sleep(0);
        if (rc == 0)
            rc = eddy_generator_yield(eddy_current_task(), NULL);
    }
    return rc;
}

static int ask_for_task(void *arg)
{
    void *task;
    int rc = eddy_generator_next(arg, &task);
    if (rc < 0)
        return rc;
    return task == eddy_current_task() ? 1 : 0;
}

TASK_TEST(current_task_of_the_body_is_the_consumer)
{
    eddy_generator *generator;
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_generator_create(&generator, tells_its_task, NULL, NULL), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask_for_task(generator), 1);
        assert_int_equal(eddy_create_task(&task, ask_for_task, generator, NULL), 0);
        assert_int_equal(eddy_await(task, NULL), 1);
        eddy_task_release(task);
    }
    assert_int_equal(eddy_generator_aclose(generator), 0);
    eddy_generator_release(generator);
    return 0;
}

/* Yields the sum of each pair that the inner one gives. */
static int pair_up(void *arg)
{
    eddy_generator *inner = arg;
    int rc = 0, first, second;
    while (rc == 0 && (first = next_number(inner)) > 0 && (second = next_number(inner)) > 0) {
        int sum = first + second;
        rc = eddy_generator_yield(&sum, NULL);
    }
    return eddy_generator_aclosing(inner, rc);
}

TASK_TEST(generators_nest)
{
    counting self = {.count = 5, .steps = 1};
    eddy_generator *outer, *inner = make_generator(&self);
    (void)arg;
    assert_int_equal(eddy_generator_create(&outer, pair_up, inner, NULL), 0);
    assert_int_equal(next_number(outer), 3);
    assert_int_equal(next_number(outer), 7);
    assert_int_equal(next_number(outer), 0);
    eddy_generator_release(outer);
    assert_int_equal(self.ended, 1);
    eddy_generator_release(inner);
    return 0;
}

static void note(void *arg)
{
    trace(*(const char *)arg);
}

static int defers_and_yields(void *arg)
{
    (void)arg;
    int rc = eddy_defer(note, "b");
    if (rc == 0)
        rc = eddy_defer(note, "a");
    if (rc == 0)
        rc = eddy_generator_yield(NULL, NULL);
    trace('-');
    return rc;
}

static int consume_and_defer(void *arg)
{
    eddy_generator *generator = arg;
    int rc = eddy_defer(note, "d");
    if (rc == 0)
        rc = eddy_generator_next(generator, NULL);
    if (rc == 1)
        rc = eddy_defer(note, "c");
    trace('.');
    if (rc == 0)
        rc = eddy_generator_next(generator, NULL);
    trace('.');
    return rc;
}

TASK_TEST(what_a_body_defers_runs_when_the_body_ends)
{
    eddy_generator *generator;
    eddy_task *task;
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_generator_create(&generator, defers_and_yields, NULL, NULL), 0);
    assert_int_equal(eddy_create_task(&task, consume_and_defer, generator, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_string_equal(trace_text(), ".-ab.cd");
    eddy_task_release(task);
    eddy_generator_release(generator);
    return 0;
}

/* ---- misuse ---- */

static void next_in_a_callback(void *generator)
{
    assert_int_equal(eddy_generator_next(generator, NULL), EDDY_ENOTASK);
    assert_int_equal(eddy_generator_yield(NULL, NULL), EDDY_EINVALIDSTATE);
}

TASK_TEST(misuse_of_a_generator_is_refused)
{
    counting self = {.count = 1};
    eddy_generator *generator = make_generator(&self), *none = NULL;
    eddy_generator_options no_size = {.name = "no size"};
    (void)arg;
    assert_int_equal(eddy_generator_yield(&self, NULL), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_generator_next(NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_generator_aclose(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_generator_create(NULL, count_body, &self, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_generator_create(&none, NULL, &self, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_generator_create(&none, count_body, &self, &no_size), EDDY_EINVAL);
    assert_null(none);
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, next_in_a_callback, generator), 0);
    yield_times(1);
    assert_string_equal(eddy_generator_name(generator), "counting");
    assert_string_equal(eddy_generator_name(NULL), "");
    assert_int_equal(eddy_loop_shutdown_asyncgens(NULL), EDDY_EINVAL);
    eddy_generator_release(NULL);
    eddy_generator_release(generator);
    return 0;
}

static void generator_needs_a_running_loop(void **state)
{
    eddy_generator *generator;
    (void)state;
    assert_int_equal(eddy_generator_create(&generator, never, NULL, NULL), EDDY_ENOLOOP);
}

TASK_TEST(iterating_allocates_nothing)
{
    counting self = {.count = 1000};
    eddy_generator *generator = make_generator(&self);
    (void)arg;
    assert_int_equal(next_number(generator), 1);
    long blocks = support_live_blocks();
    while (next_number(generator) > 0)
        assert_int_equal(support_live_blocks(), blocks);
    eddy_generator_release(generator);
    for (int i = 0; i < 1000; i++) {
        counting one = {.count = 1};
        generator = make_generator(&one);
        assert_int_equal(next_number(generator), 1);
        assert_int_equal(next_number(generator), 0);
        eddy_generator_release(generator);
        assert_int_equal(support_live_blocks(), blocks);
    }
    return 0;
}

int suite_generators(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generator_gives_its_values_in_order_then_ends_for_good),
        cmocka_unit_test(generator_that_never_began_leaves_nothing_and_gives_its_argument_back),
        cmocka_unit_test(body_error_comes_once_with_its_detail_then_the_end),
        cmocka_unit_test(body_shares_the_error_record_of_its_consumer),
        cmocka_unit_test(asend_gives_the_yield_its_value),
        cmocka_unit_test(athrow_fails_the_yield_which_may_deal_with_it),
        cmocka_unit_test(second_consumer_is_refused_while_the_body_runs),
        cmocka_unit_test(body_cannot_ask_itself),
        cmocka_unit_test(current_task_of_the_body_is_the_consumer),
        cmocka_unit_test(generators_nest),
        cmocka_unit_test(what_a_body_defers_runs_when_the_body_ends),
        cmocka_unit_test(misuse_of_a_generator_is_refused),
        cmocka_unit_test(generator_needs_a_running_loop),
        cmocka_unit_test(iterating_allocates_nothing),
    };
    return cmocka_run_group_tests_name("generators", tests, NULL, NULL);
}
