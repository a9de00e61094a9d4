/* suite_generator_ends.c: how generators end: aclose, the last release, shutdown_asyncgens, a closing loop (asyncio 10, R5).
 * Touches the public API. Clean-up runs once, errors are told once. */
#include "generator_bodies.h"
#include "suite.h"

TASK_TEST(aclose_ends_the_body_whose_clean_up_may_await)
{
    counting self = {.count = 3, .cleanup_steps = 2};
    counting other = {.count = 3, .on_error = 5};
    counting third = {.count = 3, .on_error = EDDY_EIO};
    eddy_generator *generators[] = {make_generator(&self), make_generator(&other), make_generator(&third)};
    (void)arg;
    for (int i = 0; i < 3; i++)
        assert_int_equal(next_number(generators[i]), 1);
    assert_int_equal(eddy_generator_aclose(generators[0]), 0);
    assert_int_equal(self.error, EDDY_EGENERATOREXIT);
    assert_int_equal(self.ended, 1);
    assert_int_equal(self.released, 1);
    assert_int_equal(eddy_generator_aclose(generators[0]), 0);
    assert_int_equal(next_number(generators[0]), 0);
    assert_int_equal(eddy_generator_aclose(generators[1]), 0);
    assert_int_equal(eddy_generator_aclose(generators[2]), EDDY_EIO);
    assert_int_equal(eddy_generator_aclose(generators[2]), 0);
    for (int i = 0; i < 3; i++)
        eddy_generator_release(generators[i]);
    assert_int_equal(self.ended, 1);
    return 0;
}

/* As in asyncio it stays where it yielded, and may go on. */
TASK_TEST(body_that_yields_when_it_is_closed_is_an_error)
{
    counting self = {.count = 3, .yields_again = true};
    eddy_generator *generator = make_generator(&self);
    (void)arg;
    assert_int_equal(next_number(generator), 1);
    assert_int_equal(eddy_generator_aclose(generator), EDDY_EINVALIDSTATE);
    assert_int_equal(self.ended, 0);
    assert_int_equal(next_number(generator), EDDY_EGENERATOREXIT);
    assert_int_equal(self.ended, 1);
    eddy_generator_release(generator);
    return 0;
}

static int leave_early(void *arg)
{
    eddy_generator *generator = make_generator(arg);
    int rc = 0;
    while (rc == 0 && next_number(generator) > 0)
        rc = EDDY_EPROTO; /* break */
    rc = eddy_generator_aclosing(generator, rc);
    eddy_generator_release(generator);
    return rc;
}

TASK_TEST(aclosing_closes_and_returns_what_the_block_came_to)
{
    counting self = {.count = 3, .cleanup_steps = 1};
    counting failing = {.count = 3, .on_error = EDDY_EIO};
    (void)arg;
    assert_int_equal(leave_early(&self), EDDY_EPROTO);
    assert_int_equal(self.ended, 1);
    assert_int_equal(leave_early(&failing), EDDY_EIO);
    return 0;
}

TASK_TEST(leaving_early_does_not_close_but_the_last_release_lets_the_loop_do_it)
{
    counting self = {.count = 3, .cleanup_steps = 3};
    eddy_generator *generator = make_generator(&self);
    (void)arg;
    assert_int_equal(next_number(generator), 1);
    yield_times(3);
    assert_int_equal(self.ended, 0);
    eddy_generator_release(eddy_generator_retain(generator));
    yield_times(3);
    assert_int_equal(self.ended, 0);
    eddy_generator_release(generator);
    assert_int_equal(self.error, 0); /* scheduled, not run inside the release */
    yield_times(1);
    assert_int_equal(self.error, EDDY_EGENERATOREXIT);
    assert_int_equal(self.ended, 0);
    yield_times(3);
    assert_int_equal(self.ended, 1);
    assert_int_equal(self.released, 1);
    assert_int_equal(eddy_all_tasks(eddy_get_running_loop(), NULL, 0), 1);
    return 0;
}

TASK_TEST(error_of_a_generator_that_the_loop_closes_is_reported)
{
    counting self = {.count = 3, .on_error = EDDY_EIO};
    counting stubborn = {.count = 3, .yields_again = true};
    eddy_generator *generator = make_generator(&self);
    (void)arg;
    support_catch_reports();
    assert_int_equal(next_number(generator), 1);
    eddy_generator_release(generator);
    yield_times(2);
    assert_int_equal(support_reports(), 1);
    assert_int_equal(support_last_code(), EDDY_EIO);
    generator = make_generator(&stubborn);
    assert_int_equal(next_number(generator), 1);
    eddy_generator_release(generator);
    yield_times(2);
    assert_int_equal(support_reports(), 2);
    assert_int_equal(support_last_code(), EDDY_EINVALIDSTATE);
    assert_int_equal(stubborn.released, 1);
    return 0;
}

/* ---- shutdown_asyncgens ---- */

static struct {
    int count, code;
    char message[128], name[32];
} told;

static void listen_to(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)arg;
    told.count++;
    told.code = context->exception;
    (void)snprintf(told.message, sizeof told.message, "%s", context->message);
    (void)snprintf(told.name, sizeof told.name, "%s", eddy_generator_name(context->generator));
}

static void begin_listening(void)
{
    told.count = 0;
    assert_int_equal(eddy_loop_set_exception_handler(eddy_get_running_loop(), listen_to, NULL), 0);
}

enum { MANY = 5 };

/* MANY - 1 of them at their first yield, the last one not begun. */
static void make_many(counting *all, eddy_generator **generators)
{
    for (int i = 0; i < MANY; i++) {
        all[i] = (counting){.count = 3, .cleanup_steps = 4};
        generators[i] = make_generator(&all[i]);
    }
    all[1].on_error = EDDY_EIO;
    for (int i = 0; i < MANY - 1; i++)
        assert_int_equal(next_number(generators[i]), 1);
}

static void release_many(eddy_generator **generators)
{
    for (int i = 0; i < MANY; i++)
        eddy_generator_release(generators[i]);
}

TASK_TEST(shutdown_asyncgens_closes_all_at_once_and_reports_the_failed)
{
    counting all[MANY];
    eddy_generator *generators[MANY];
    eddy_loop *loop = eddy_get_running_loop();
    child waker = {.steps = 6, .letter = 'w'};
    (void)arg;
    make_many(all, generators);
    begin_listening();
    trace_clear();
    eddy_task *task = spawn(&waker);
    assert_int_equal(eddy_loop_shutdown_asyncgens(loop), 0);
    assert_string_equal(trace_text(), "w"); /* together they take as long as one */
    for (int i = 0; i < MANY - 1; i++) {
        assert_int_equal(all[i].ended, 1);
        assert_int_equal(all[i].error, EDDY_EGENERATOREXIT);
        assert_int_equal(next_number(generators[i]), 0);
    }
    assert_int_equal(told.count, 1);
    assert_int_equal(told.code, EDDY_EIO);
    assert_string_equal(told.message, "an error occurred during closing of asynchronous generator");
    assert_string_equal(told.name, "counting");
    assert_int_equal(eddy_loop_shutdown_asyncgens(loop), 0);
    assert_int_equal(next_number(generators[MANY - 1]), 1); /* begins, and that is told */
    assert_int_equal(told.count, 2);
    assert_string_equal(told.message,
                        "asynchronous generator was scheduled after loop.shutdown_asyncgens() call");
    assert_int_equal(next_number(generators[MANY - 1]), 2);
    assert_int_equal(told.count, 2);
    release_many(generators);
    assert_int_equal(eddy_await(task, NULL), 0);
    eddy_task_release(task);
    yield_times(6);
    assert_int_equal(told.count, 2);
    return 0;
}

static int shut_down(void *arg)
{
    (void)arg;
    return eddy_loop_shutdown_asyncgens(eddy_get_running_loop());
}

TASK_TEST(cancelled_shutdown_cancels_the_clean_ups_and_waits_for_them)
{
    counting all[MANY];
    eddy_generator *generators[MANY];
    eddy_task *task;
    (void)arg;
    make_many(all, generators);
    begin_listening();
    assert_int_equal(eddy_create_task(&task, shut_down, NULL, NULL), 0);
    yield_times(3);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    eddy_task_release(task);
    for (int i = 0; i < MANY - 1; i++) {
        assert_int_equal(all[i].cleanup_error, EDDY_ECANCELED);
        assert_int_equal(all[i].ended, 1);
    }
    release_many(generators);
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
    return self->number < 0 ? self->number : 0;
}

TASK_TEST(shutdown_asyncgens_reports_a_generator_that_runs_and_lets_it_run)
{
    counting self = {.count = 2, .gate = make_future()};
    consumer first = {.generator = make_generator(&self)};
    eddy_task *task;
    (void)arg;
    begin_listening();
    assert_int_equal(eddy_create_task(&task, consume_one, &first, NULL), 0);
    yield_times(1);
    assert_int_equal(shut_down(NULL), 0);
    assert_int_equal(told.count, 1);
    assert_int_equal(told.code, EDDY_EBUSY);
    assert_int_equal(eddy_future_set_result(self.gate, 0), 0);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(first.number, 1);
    eddy_task_release(task);
    eddy_generator_release(first.generator);
    yield_times(1);
    assert_int_equal(self.ended, 1);
    eddy_future_release(self.gate);
    return 0;
}

/* ---- the runner, and a loop that closes ---- */

static counting left[3];
static eddy_generator *kept;

static int leave_generators(void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++)
        left[i] = (counting){.count = 3, .cleanup_steps = 2};
    kept = make_generator(&left[0]);
    assert_int_equal(next_number(kept), 1);
    eddy_generator *dropped = make_generator(&left[1]);
    assert_int_equal(next_number(dropped), 1);
    eddy_generator_release(dropped);
    return 0;
}

static eddy_loop *make_loop(void)
{
    eddy_loop *loop;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    return loop;
}

/* R5, step 4. */
static void runner_closes_generators_that_are_left(void **state)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    long blocks = support_live_blocks();
    (void)state;
    assert_int_equal(eddy_run(leave_generators, NULL, &options), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(left[i].error, EDDY_EGENERATOREXIT);
        assert_int_equal(left[i].cleanup_error,
                         i == 0 ? 0 : EDDY_ECANCELED); /* a task that main left behind */
        assert_int_equal(left[i].ended, 1);
        assert_int_equal(left[i].released, 1);
    }
    eddy_generator_release(kept);
    assert_int_equal(support_live_blocks(), blocks);
}

typedef struct deferring {
    counting counting; /* first: what is deferred counts in it */
    child child;
} deferring;

static int deferring_entry(void *arg)
{
    deferring *self = arg;
    eddy_timeout limit;
    eddy_task_group group;
    int rc = eddy_defer(count_released, &self->counting);
    if (rc == 0)
        rc = eddy_timeout_enter(&limit, 1000);
    if (rc == 0)
        rc = eddy_task_group_enter(&group);
    if (rc == 0)
        rc = eddy_task_group_create_task(&group, NULL, child_body, &self->child, NULL);
    if (rc == 0)
        rc = eddy_generator_yield(NULL, NULL);
    fail(); /* it never goes on */
    return rc;
}

static void release_kept(void *generator)
{
    eddy_generator_release(generator);
}

/* A task that never goes on gives back only what it deferred. */
static int wait_inside(void *arg)
{
    eddy_generator *generator = make_generator(arg);
    int rc = eddy_defer(release_kept, generator);
    return rc < 0 ? rc : next_number(generator);
}

static int leave_one_open(void *arg)
{
    eddy_generator *generator;
    assert_int_equal(eddy_generator_create(&generator, deferring_entry, arg, NULL), 0);
    assert_int_equal(eddy_generator_next(generator, NULL), 1);
    kept = generator;
    return 0;
}

static void swallow(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context;
    ++*(int *)arg;
}

/* A body at a yield, with open scopes and deferred calls, whose task has ended; and one that awaits. */
static void closing_a_loop_leaves_nothing_of_its_generators(void **state)
{
    long blocks = support_live_blocks();
    eddy_loop *loop = make_loop();
    deferring self = {.child = {.forever = true}};
    counting waiting = {.count = 1, .steps = 1000};
    eddy_task *task;
    int reports = 0;
    (void)state;
    assert_int_equal(eddy_loop_set_exception_handler(loop, swallow, &reports), 0);
    assert_int_equal(eddy_loop_create_task(loop, &task, leave_one_open, &self, NULL), 0);
    assert_int_equal(eddy_loop_run_until_complete(loop, eddy_task_future(task)), 0);
    eddy_task_release(task);
    assert_int_equal(eddy_loop_create_task(loop, &task, wait_inside, &waiting, NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_true(eddy_loop_run_once(loop, 0) >= 0);
    assert_int_equal(waiting.released, 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(waiting.released, 1);
    assert_int_equal(self.counting.released, 1);
    assert_int_equal(reports, 2); /* the group's child and the consumer were pending */
    eddy_task_release(task);
    eddy_generator_release(kept);
    eddy_loop_release(loop);
    assert_int_equal(support_live_blocks(), blocks);
}

int suite_generator_ends(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aclose_ends_the_body_whose_clean_up_may_await),
        cmocka_unit_test(body_that_yields_when_it_is_closed_is_an_error),
        cmocka_unit_test(aclosing_closes_and_returns_what_the_block_came_to),
        cmocka_unit_test(leaving_early_does_not_close_but_the_last_release_lets_the_loop_do_it),
        cmocka_unit_test(error_of_a_generator_that_the_loop_closes_is_reported),
        cmocka_unit_test(shutdown_asyncgens_closes_all_at_once_and_reports_the_failed),
        cmocka_unit_test(cancelled_shutdown_cancels_the_clean_ups_and_waits_for_them),
        cmocka_unit_test(shutdown_asyncgens_reports_a_generator_that_runs_and_lets_it_run),
        cmocka_unit_test(runner_closes_generators_that_are_left),
        cmocka_unit_test(closing_a_loop_leaves_nothing_of_its_generators),
    };
    return cmocka_run_group_tests_name("ends of generators", tests, NULL, NULL);
}
