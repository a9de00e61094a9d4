/* suite_generator_cancels.c: cancels and scopes of a consumer whose generator awaits: every moment, once and twice (fault C10).
 * Touches the public API. However it ends, the body ends once, nothing that it took is kept and no item is lost. */
#include "generator_bodies.h"
#include "suite.h"

/* ---- who is cancelled ---- */

typedef struct iterating {
    eddy_generator *generator;
    counting *counting;
    int sum, rc, cancelling;
} iterating;

static int iterate(void *arg)
{
    iterating *self = arg;
    int number;
    while ((number = next_number(self->generator)) > 0)
        self->sum += number;
    self->rc = number;
    self->cancelling = eddy_task_cancelling(eddy_current_task());
    return number;
}

TASK_TEST(cancel_of_the_consumer_is_delivered_at_the_await_of_the_body)
{
    counting counts = {.count = 3, .steps = 4, .cleanup_steps = 2};
    iterating self = {.generator = make_generator(&counts)};
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, iterate, &self, NULL), 0);
    yield_times(7);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_int_equal(self.sum, 1);
    assert_int_equal(self.cancelling, 1);
    assert_int_equal(counts.error, EDDY_ECANCELED);
    assert_int_equal(counts.cleanup_error, 0);
    assert_int_equal(counts.ended, 1);
    assert_int_equal(next_number(self.generator), 0);
    eddy_task_release(task);
    eddy_generator_release(self.generator);
    return 0;
}

static int swallowing(void *arg)
{
    int *yielded = arg;
    int rc = 0;
    while (rc == 0 && *yielded < 4) {
        if (eddy_sleep(0) < 0)
            (void)eddy_task_uncancel(eddy_current_task());
        ++*yielded;
        rc = eddy_generator_yield(yielded, NULL);
    }
    return rc;
}

TASK_TEST(body_may_swallow_the_cancel_and_go_on)
{
    int yielded = 0;
    iterating self = {0};
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_generator_create(&self.generator, swallowing, &yielded, NULL), 0);
    assert_int_equal(eddy_create_task(&task, iterate, &self, NULL), 0);
    yield_times(2);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(self.sum, 1 + 2 + 3 + 4);
    assert_int_equal(self.cancelling, 0);
    eddy_task_release(task);
    eddy_generator_release(self.generator);
    return 0;
}

/* ---- scopes across a yield ---- */

TASK_TEST(timeout_of_the_consumer_ends_the_await_of_the_body)
{
    counting counts = {.count = 1, .gate = make_future()};
    eddy_generator *generator = make_generator(&counts);
    eddy_timeout limit;
    (void)arg;
    eddy_timeout_enter(&limit, 0);
    int rc = next_number(generator);
    assert_int_equal(eddy_timeout_exit(&limit, rc), EDDY_ETIMEDOUT);
    assert_int_equal(counts.error, EDDY_ECANCELED);
    assert_int_equal(eddy_task_cancelling(eddy_current_task()), 0);
    eddy_generator_release(generator);
    eddy_future_release(counts.gate);
    return 0;
}

/* A limit for the whole body, open while the consumer has its own around each value. */
static int limited(void *arg)
{
    eddy_timeout limit;
    int rc = eddy_timeout_enter(&limit, *(double *)arg);
    for (int i = 1; rc == 0 && i <= 3; i++) {
        rc = eddy_generator_yield(&i, NULL);
        if (rc == 0)
            rc = eddy_sleep(0);
    }
    return eddy_timeout_exit(&limit, rc);
}

TASK_TEST(scopes_of_body_and_consumer_do_not_have_to_nest)
{
    double seconds = 1000;
    eddy_generator *generator;
    eddy_timeout outer, limit;
    int rc;
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_generator_create(&generator, limited, &seconds, NULL), 0);
    assert_int_equal(next_number(generator), 1);
    eddy_timeout_enter(&outer, 1000); /* after the body's, and left before it */
    for (int i = 2; i <= 3; i++) {
        eddy_timeout_enter(&limit, 1000);
        rc = next_number(generator);
        assert_int_equal(eddy_timeout_exit(&limit, rc), i);
    }
    eddy_timeout_enter(&limit, 1000); /* the body's ends within this one */
    rc = next_number(generator);
    assert_int_equal(eddy_timeout_exit(&limit, rc), 0);
    assert_int_equal(eddy_timeout_exit(&outer, 0), 0);
    eddy_generator_release(generator);
    assert_int_equal(support_reports(), 0);
    return 0;
}

/* As in asyncio it is the task's cancel: who awaits next gets it, and the body does not. */
TASK_TEST(timeout_of_a_body_at_a_yield_cancels_its_consumer)
{
    double seconds = 0;
    eddy_generator *generator;
    (void)arg;
    assert_int_equal(eddy_generator_create(&generator, limited, &seconds, NULL), 0);
    assert_int_equal(next_number(generator), 1);
    assert_int_equal(eddy_sleep(1000), EDDY_ECANCELED);
    assert_int_equal(eddy_task_cancelling(eddy_current_task()), 1);
    assert_int_equal(eddy_generator_aclose(generator), 0);
    assert_int_equal(eddy_task_cancelling(eddy_current_task()), 0); /* the body's exit took it back */
    eddy_generator_release(generator);
    return 0;
}

/* Children of a body: they outlive a yield, and whoever closes it waits for them. */
static int with_children(void *arg)
{
    child *children = arg;
    eddy_task_group group;
    int rc = eddy_task_group_enter(&group);
    for (int i = 0; rc == 0 && i < 2; i++)
        rc = eddy_task_group_create_task(&group, NULL, child_body, &children[i], NULL);
    if (rc == 0)
        rc = eddy_generator_yield(NULL, NULL);
    return eddy_task_group_exit(&group, rc);
}

static int take_one(void *generator)
{
    return eddy_generator_next(generator, NULL);
}

TASK_TEST(group_of_a_body_moves_to_the_task_that_goes_on_with_it)
{
    (void)arg;
    for (int by_loop = 0; by_loop < 2; by_loop++) {
        child children[2] = {{.forever = true, .cleanup_steps = 3}, {.steps = 1}};
        eddy_generator *generator;
        eddy_task *task;
        assert_int_equal(eddy_generator_create(&generator, with_children, children, NULL), 0);
        assert_int_equal(eddy_create_task(&task, take_one, generator, NULL), 0);
        assert_int_equal(eddy_await(task, NULL), 1);
        eddy_task_release(task);
        yield_times(2);
        assert_true(children[1].ended);
        assert_int_equal(children[0].cancels, 0);
        if (!by_loop)
            assert_int_equal(eddy_generator_aclose(generator), 0);
        eddy_generator_release(generator);
        yield_times(by_loop * 8);
        assert_int_equal(children[0].cancels, 1);
        assert_true(children[0].ended);
    }
    return 0;
}

/* P9: nobody is left to be cancelled; whoever closes the generator gets the error too. */
TASK_TEST(child_that_fails_when_its_parent_has_ended_is_reported)
{
    child children[2] = {{.forever = true}, {.steps = 3, .result = EDDY_EIO}};
    eddy_generator *generator;
    eddy_task *task;
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_generator_create(&generator, with_children, children, NULL), 0);
    assert_int_equal(eddy_create_task(&task, take_one, generator, NULL), 0);
    assert_int_equal(eddy_await(task, NULL), 1);
    eddy_task_release(task);
    yield_times(6);
    assert_int_equal(support_reports(), 1);
    assert_int_equal(support_last_code(), EDDY_EIO);
    assert_string_equal(support_last_message(),
                        "Task has errored out but its parent task is already completed");
    assert_int_equal(children[0].cancels, 0);
    assert_int_equal(eddy_generator_aclose(generator), EDDY_EIO);
    assert_int_equal(children[0].cancels, 1);
    eddy_generator_release(generator);
    return 0;
}

static int forgets_a_scope(void *arg)
{
    eddy_timeout limit;
    (void)arg;
    eddy_timeout_enter(&limit, 1000);
    return eddy_generator_yield(NULL, NULL);
}

TASK_TEST(scope_that_a_body_forgets_is_reported_and_closed_at_its_end)
{
    eddy_generator *generator;
    eddy_timeout own;
    (void)arg;
    support_catch_reports();
    eddy_timeout_enter(&own, 1000);
    assert_int_equal(eddy_generator_create(&generator, forgets_a_scope, NULL, NULL), 0);
    assert_int_equal(eddy_generator_next(generator, NULL), 1);
    assert_int_equal(eddy_generator_next(generator, NULL), 0);
    assert_int_equal(support_reports(), 1);
    assert_int_equal(support_last_code(), EDDY_EUNCLOSED);
    assert_int_equal(eddy_timeout_exit(&own, 3), 3);
    eddy_generator_release(generator);
    return 0;
}

/* ---- every moment ---- */

enum { ITEMS = 3, MOMENTS = 14 };

/* Takes items from a queue under a semaphore and hands them on; the clean-up awaits. */
typedef struct relay {
    eddy_semaphore *semaphore;
    eddy_queue *queue;
    bool swallows;
    int began, ended, released;
} relay;

static int hand_on(relay *self)
{
    void *item;
    int rc = 0;
    while (rc == 0) {
        rc = eddy_queue_get(self->queue, &item);
        if (rc == EDDY_ECANCELED && self->swallows) {
            rc = eddy_sleep(0);
            continue;
        }
        if (rc == 0)
            rc = eddy_generator_yield(item, NULL);
    }
    return rc == EDDY_EQUEUESHUTDOWN ? 0 : rc;
}

static int relay_body(void *arg)
{
    relay *self = arg;
    int rc = eddy_semaphore_acquire(self->semaphore);
    if (rc < 0)
        return rc;
    self->began++;
    rc = hand_on(self);
    for (int i = 0; i < 2; i++)
        if (eddy_sleep(0) == EDDY_ECANCELED && rc >= 0)
            rc = EDDY_ECANCELED;
    self->ended++;
    assert_int_equal(eddy_semaphore_release(self->semaphore), 0);
    return rc;
}

static void relay_released(void *arg)
{
    relay *self = arg;
    self->released++;
}

enum ending { BY_ACLOSING, BY_RELEASE, BY_ITS_OWN_GENERATOR, ENDINGS };

typedef struct taker {
    relay relay;
    enum ending ending;
    int got, leave_after;
} taker;

static int relay_again(void *arg)
{
    eddy_generator *inner = arg;
    void *item;
    int rc = 0;
    while (rc == 0 && (rc = eddy_generator_next(inner, &item)) > 0)
        rc = eddy_generator_yield(item, NULL);
    rc = eddy_generator_aclosing(inner, rc);
    eddy_generator_release(inner);
    return rc;
}

static eddy_generator *make_relay(taker *self)
{
    eddy_generator *inner, *outer;
    eddy_generator_options options = {.size = sizeof options, .release = relay_released};
    assert_int_equal(eddy_generator_create(&inner, relay_body, &self->relay, &options), 0);
    if (self->ending != BY_ITS_OWN_GENERATOR)
        return inner;
    assert_int_equal(eddy_generator_create(&outer, relay_again, inner, NULL), 0);
    return outer;
}

static int take_items(void *arg)
{
    taker *self = arg;
    eddy_generator *generator = make_relay(self);
    void *item;
    int rc = 0;
    while (self->got < self->leave_after && (rc = eddy_generator_next(generator, &item)) > 0) {
        self->got++;
        rc = eddy_sleep(0);
        if (rc < 0)
            break;
    }
    if (self->ending != BY_RELEASE)
        rc = eddy_generator_aclosing(generator, rc < 0 ? rc : 0);
    eddy_generator_release(generator);
    return rc < 0 ? rc : 0;
}

static int cancels_seen, ends_seen;

static void check_nothing_lost(const taker *self, eddy_semaphore *semaphore, eddy_queue *queue, int put)
{
    assert_int_equal(self->relay.began, self->relay.ended);
    assert_true(self->relay.released == 1);
    assert_int_equal(self->got + (int)eddy_queue_qsize(queue), put);
    assert_false(eddy_semaphore_locked(semaphore));
    assert_int_equal(eddy_all_tasks(eddy_get_running_loop(), NULL, 0), 1);
}

/* Items come at their own moments; the taker is cancelled at `first` and at `second`, or not at all. */
static void walk(taker *self, int first, int second)
{
    static int item;
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(1);
    eddy_queue *queue;
    eddy_task *task;
    int put = 0, outcome;
    assert_int_equal(eddy_queue_create(&queue, 0), 0);
    self->relay.semaphore = &semaphore;
    self->relay.queue = queue;
    assert_int_equal(eddy_create_task(&task, take_items, self, NULL), 0);
    for (int moment = 0; moment < MOMENTS; moment++) {
        if (moment % 4 == 2 && put < ITEMS && ++put)
            assert_int_equal(eddy_queue_put_nowait(queue, &item), 0);
        if (moment == first || moment == second)
            (void)eddy_task_cancel(task);
        yield_times(1);
    }
    eddy_queue_shutdown(queue, false);
    assert_int_equal(eddy_await(task, &outcome), 0);
    cancels_seen += outcome == EDDY_ECANCELED;
    ends_seen += outcome == 0;
    assert_true(outcome == 0 || (outcome == EDDY_ECANCELED && first < MOMENTS));
    yield_times(6); /* the loop may have to close it */
    if (self->relay.released == 1)
        check_nothing_lost(self, &semaphore, queue, put);
    else
        assert_int_equal(self->relay.began + self->got, 0); /* cancelled before the first step */
    eddy_task_release(task);
    eddy_queue_release(queue);
}

TASK_TEST(fault_C10_generator_every_cancel_at_every_moment)
{
    (void)arg;
    cancels_seen = ends_seen = 0;
    for (int ending = 0; ending < ENDINGS; ending++)
        for (int swallows = 0; swallows < 2; swallows++)
            for (int leave_after = 1; leave_after <= ITEMS + 1; leave_after++)
                for (int first = 0; first <= MOMENTS; first++)
                    for (int second = first; second <= MOMENTS; second++) {
                        taker self = {.ending = (enum ending)ending, .leave_after = leave_after};
                        self.relay.swallows = swallows != 0;
                        walk(&self, first, second);
                    }
    assert_true(cancels_seen > 500);
    assert_true(ends_seen > 500);
    return 0;
}

int suite_generator_cancels(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancel_of_the_consumer_is_delivered_at_the_await_of_the_body),
        cmocka_unit_test(body_may_swallow_the_cancel_and_go_on),
        cmocka_unit_test(timeout_of_the_consumer_ends_the_await_of_the_body),
        cmocka_unit_test(scopes_of_body_and_consumer_do_not_have_to_nest),
        cmocka_unit_test(timeout_of_a_body_at_a_yield_cancels_its_consumer),
        cmocka_unit_test(group_of_a_body_moves_to_the_task_that_goes_on_with_it),
        cmocka_unit_test(child_that_fails_when_its_parent_has_ended_is_reported),
        cmocka_unit_test(scope_that_a_body_forgets_is_reported_and_closed_at_its_end),
        cmocka_unit_test(fault_C10_generator_every_cancel_at_every_moment),
    };
    return cmocka_run_group_tests_name("cancels at generators", tests, NULL, NULL);
}
