/* suite_queue_shutdown.c: the end of queues, gentle and immediate, for each kind. Q4 and Q5 are asyncio's rules.
 * Touches the public API. The shutdown cases of CPython's test_queues.py are here, by their names. */
#include "bodies.h"
#include "suite.h"

static void *number(intptr_t n)
{
    return (void *)n;
}

static int smaller(const void *a, const void *b, void *arg)
{
    (void)arg;
    return (intptr_t)a < (intptr_t)b;
}

static eddy_queue *make_queue(eddy_queue_kind kind, size_t maxsize)
{
    eddy_queue *queue = NULL;
    assert_int_equal(eddy_queue_create(&queue, EDDY_OPTIONS(eddy_queue_options, .kind = kind,
                                                            .maxsize = maxsize, .less = smaller)),
                     0);
    return queue;
}

static int get_once(void *arg)
{
    void *item;
    return eddy_queue_get(arg, &item);
}

static int put_once(void *arg)
{
    return eddy_queue_put(arg, number(2));
}

static int join_once(void *arg)
{
    return eddy_queue_join(arg);
}

static eddy_task *start(eddy_coro_fn fn, eddy_queue *queue)
{
    eddy_task *task = NULL;
    assert_int_equal(eddy_create_task(&task, fn, queue, NULL), 0);
    return task;
}

static void end(eddy_task *task, int rc)
{
    assert_true(eddy_task_done(task));
    assert_int_equal(eddy_await(task, NULL), rc);
    eddy_task_release(task);
}

static void check_shut(eddy_queue *queue)
{
    void *item = number(77);
    assert_int_equal(eddy_queue_put(queue, NULL), EDDY_EQUEUESHUTDOWN);
    assert_int_equal(eddy_queue_put_nowait(queue, NULL), EDDY_EQUEUESHUTDOWN);
    assert_int_equal(eddy_queue_get(queue, &item), EDDY_EQUEUESHUTDOWN);
    assert_int_equal(eddy_queue_get_nowait(queue, &item), EDDY_EQUEUESHUTDOWN);
    assert_ptr_equal(item, number(77));
    assert_int_equal(eddy_queue_qsize(queue), 0);
}

/* test_shutdown_empty */
static void shut_empty(eddy_queue_kind kind)
{
    eddy_queue *queue = make_queue(kind, 0);
    eddy_task *getter = start(get_once, queue);
    yield_times(1);
    assert_int_equal(eddy_queue_shutdown(queue, false), 0);
    assert_int_equal(eddy_queue_join(queue), 0);
    assert_false(eddy_task_done(getter)); /* it is woken, no more */
    yield_times(1);
    end(getter, EDDY_EQUEUESHUTDOWN);
    check_shut(queue);
    eddy_queue_release(queue);
}

/* test_shutdown_nonempty */
static void shut_with_an_item(eddy_queue_kind kind)
{
    void *item = NULL;
    eddy_queue *queue = make_queue(kind, 1);
    assert_int_equal(eddy_queue_put_nowait(queue, number(1)), 0);
    eddy_task *joiner = start(join_once, queue), *putter = start(put_once, queue);
    yield_times(1);
    assert_false(eddy_task_done(putter));
    assert_int_equal(eddy_queue_shutdown(queue, false), 0);
    assert_int_equal(eddy_queue_qsize(queue), 1);
    assert_int_equal(eddy_queue_put_nowait(queue, NULL), EDDY_EQUEUESHUTDOWN); /* before full */
    yield_times(1);
    end(putter, EDDY_EQUEUESHUTDOWN);
    assert_int_equal(eddy_queue_get(queue, &item), 0);
    assert_ptr_equal(item, number(1));
    yield_times(1);
    assert_false(eddy_task_done(joiner));
    check_shut(queue);
    assert_int_equal(eddy_queue_task_done(queue), 0);
    yield_times(1);
    end(joiner, 0);
    assert_int_equal(eddy_queue_task_done(queue), EDDY_EINVALIDSTATE);
    eddy_queue_release(queue);
}

/* test_shutdown_immediate, and again after a gentle one */
static void shut_at_once(eddy_queue_kind kind, bool gently_before)
{
    eddy_queue *queue = make_queue(kind, 0);
    assert_int_equal(eddy_queue_put_nowait(queue, number(1)), 0);
    eddy_task *joiner = start(join_once, queue);
    yield_times(1);
    if (gently_before) {
        assert_int_equal(eddy_queue_shutdown(queue, false), 0);
        assert_int_equal(eddy_queue_shutdown(queue, false), 0);
        yield_times(1);
        assert_false(eddy_task_done(joiner));
    }
    assert_int_equal(eddy_queue_shutdown(queue, true), 0);
    assert_int_equal(eddy_queue_qsize(queue), 0);
    yield_times(1);
    end(joiner, 0);
    check_shut(queue);
    assert_int_equal(eddy_queue_task_done(queue), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_queue_shutdown(queue, true), 0);
    eddy_queue_release(queue);
}

/* test_shutdown_immediate_with_unfinished: what is in the hands of a worker still counts. */
static void shut_with_an_item_in_hand(eddy_queue_kind kind)
{
    void *item;
    eddy_queue *queue = make_queue(kind, 0);
    assert_int_equal(eddy_queue_put_nowait(queue, number(1)), 0);
    assert_int_equal(eddy_queue_put_nowait(queue, number(1)), 0);
    eddy_task *joiner = start(join_once, queue);
    assert_int_equal(eddy_queue_get(queue, &item), 0);
    assert_int_equal(eddy_queue_shutdown(queue, true), 0);
    yield_times(2);
    assert_false(eddy_task_done(joiner));
    check_shut(queue);
    assert_int_equal(eddy_queue_task_done(queue), 0);
    assert_int_equal(eddy_queue_task_done(queue), EDDY_EINVALIDSTATE);
    yield_times(1);
    end(joiner, 0);
    eddy_queue_release(queue);
}

TASK_TEST(rule_Q4_shut_and_empty_ends_every_get)
{
    (void)arg;
    for (int kind = EDDY_QUEUE_FIFO; kind <= EDDY_QUEUE_PRIORITY; kind++)
        shut_empty((eddy_queue_kind)kind);
    return 0;
}

TASK_TEST(rule_Q4_shut_queue_gives_what_is_left_and_takes_nothing)
{
    (void)arg;
    for (int kind = EDDY_QUEUE_FIFO; kind <= EDDY_QUEUE_PRIORITY; kind++)
        shut_with_an_item((eddy_queue_kind)kind);
    return 0;
}

TASK_TEST(rule_Q5_immediate_shutdown_throws_the_items_away_and_releases_join)
{
    (void)arg;
    for (int kind = EDDY_QUEUE_FIFO; kind <= EDDY_QUEUE_PRIORITY; kind++) {
        shut_at_once((eddy_queue_kind)kind, false);
        shut_at_once((eddy_queue_kind)kind, true);
    }
    return 0;
}

TASK_TEST(rule_Q5_items_that_were_got_still_owe_task_done)
{
    (void)arg;
    for (int kind = EDDY_QUEUE_FIFO; kind <= EDDY_QUEUE_PRIORITY; kind++)
        shut_with_an_item_in_hand((eddy_queue_kind)kind);
    return 0;
}

/* Q5: task_done was called for items that are still there; the count stops at 0. */
TASK_TEST(rule_Q5_unfinished_never_falls_below_zero)
{
    eddy_queue *queue = make_queue(EDDY_QUEUE_FIFO, 0);
    (void)arg;
    for (int i = 0; i < 3; i++)
        assert_int_equal(eddy_queue_put_nowait(queue, NULL), 0);
    assert_int_equal(eddy_queue_task_done(queue), 0);
    assert_int_equal(eddy_queue_task_done(queue), 0);
    assert_int_equal(eddy_queue_shutdown(queue, true), 0);
    assert_int_equal(eddy_queue_task_done(queue), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_queue_join(queue), 0);
    eddy_queue_release(queue);
    return 0;
}

static int thrown_away;

static void count_thrown_away(void *item)
{
    assert_ptr_equal(item, number(1 + thrown_away));
    thrown_away++;
}

/* fault C13: closed while putters wait and a getter has been woken: what is there is given or thrown away, once. */
TASK_TEST(fault_C13_shutdown_under_waiting_putters_and_a_woken_getter)
{
    (void)arg;
    for (int immediate = 0; immediate < 2; immediate++) {
        eddy_queue *queue = NULL;
        thrown_away = 0;
        assert_int_equal(eddy_queue_create(&queue, EDDY_OPTIONS(eddy_queue_options, .maxsize = 1,
                                                                .item_release = count_thrown_away)),
                         0);
        eddy_task *getter = start(get_once, queue);
        yield_times(1);
        assert_int_equal(eddy_queue_put_nowait(queue, number(1)), 0); /* wakes it */
        eddy_task *putters[2] = {start(put_once, queue), start(put_once, queue)};
        assert_int_equal(eddy_queue_shutdown(queue, immediate != 0), 0);
        yield_times(2);
        end(getter, immediate ? EDDY_EQUEUESHUTDOWN : 0);
        end(putters[0], EDDY_EQUEUESHUTDOWN);
        end(putters[1], EDDY_EQUEUESHUTDOWN);
        assert_int_equal(thrown_away, immediate);
        eddy_queue_release(queue);
        assert_int_equal(thrown_away, immediate);
    }
    return 0;
}

/* A cancel and a shutdown in the same iteration, in both orders: the cancel is what the task is told. */
TASK_TEST(fault_C13_cancel_and_shutdown_in_one_iteration)
{
    (void)arg;
    for (int order = 0; order < 2; order++) {
        eddy_queue *queue = make_queue(EDDY_QUEUE_FIFO, 0);
        eddy_task *getter = start(get_once, queue);
        yield_times(1);
        if (order == 0)
            assert_true(eddy_task_cancel(getter));
        assert_int_equal(eddy_queue_shutdown(queue, false), 0);
        if (order == 1)
            assert_true(eddy_task_cancel(getter));
        yield_times(1);
        end(getter, EDDY_ECANCELED);
        eddy_queue_release(queue);
    }
    return 0;
}

/* Each way in which a queue ends is told by its own code in the error record. */
TASK_TEST(error_record_tells_which_call_met_the_shutdown)
{
    eddy_queue *queue = make_queue(EDDY_QUEUE_FIFO, 0);
    void *item;
    (void)arg;
    assert_int_equal(eddy_queue_shutdown(queue, false), 0);
    assert_int_equal(eddy_queue_get(queue, &item), EDDY_EQUEUESHUTDOWN);
    assert_int_equal(eddy_last_error()->code, EDDY_EQUEUESHUTDOWN);
    assert_string_equal(eddy_last_error()->operation, "get");
    eddy_error_clear();
    assert_int_equal(eddy_queue_put_nowait(queue, NULL), EDDY_EQUEUESHUTDOWN);
    assert_string_equal(eddy_last_error()->operation, "put_nowait");
    eddy_queue_release(queue);
    return 0;
}

int suite_queue_shutdown(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_Q4_shut_and_empty_ends_every_get),
        cmocka_unit_test(rule_Q4_shut_queue_gives_what_is_left_and_takes_nothing),
        cmocka_unit_test(rule_Q5_immediate_shutdown_throws_the_items_away_and_releases_join),
        cmocka_unit_test(rule_Q5_items_that_were_got_still_owe_task_done),
        cmocka_unit_test(rule_Q5_unfinished_never_falls_below_zero),
        cmocka_unit_test(fault_C13_shutdown_under_waiting_putters_and_a_woken_getter),
        cmocka_unit_test(fault_C13_cancel_and_shutdown_in_one_iteration),
        cmocka_unit_test(error_record_tells_which_call_met_the_shutdown),
    };
    return cmocka_run_group_tests_name("queue shutdown", tests, NULL, NULL);
}
