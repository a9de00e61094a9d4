/* suite_queue_waits.c: tasks that wait at queues: who is woken, who is first, and what a cancel leaves behind.
 * Touches the public API. Q1-Q3 are asyncio's rules; the cases of CPython's test_queues.py that wait are here, by their names. */
#include "bodies.h"
#include "core/base/inject.h"
#include "core/loop/loop.h"
#include "suite.h"

static void *number(intptr_t n)
{
    return (void *)n;
}

static eddy_queue *make_queue(size_t maxsize)
{
    eddy_queue *queue = NULL;
    assert_int_equal(eddy_queue_create(&queue, EDDY_OPTIONS(eddy_queue_options, .maxsize = maxsize)), 0);
    return queue;
}

static void put_number(eddy_queue *queue, intptr_t n)
{
    assert_int_equal(eddy_queue_put_nowait(queue, number(n)), 0);
}

static intptr_t get_number(eddy_queue *queue)
{
    void *item = NULL;
    assert_int_equal(eddy_queue_get_nowait(queue, &item), 0);
    return (intptr_t)item;
}

/* A task that gets, puts or joins once, and notes what it came to. */
typedef struct party {
    eddy_queue *queue;
    void *item;
    eddy_task *task;
    int rc; /* 1: not yet */
    char letter;
} party;

static int getting(void *arg)
{
    party *self = arg;
    self->rc = eddy_queue_get(self->queue, &self->item);
    if (self->letter != '\0')
        trace(self->letter);
    return self->rc;
}

static int putting(void *arg)
{
    party *self = arg;
    self->rc = eddy_queue_put(self->queue, self->item);
    if (self->letter != '\0')
        trace(self->letter);
    return self->rc;
}

static int joining(void *arg)
{
    party *self = arg;
    self->rc = eddy_queue_join(self->queue);
    return self->rc;
}

static void start(party *self, eddy_queue *queue, eddy_coro_fn fn)
{
    self->queue = queue;
    self->rc = 1;
    assert_int_equal(eddy_create_task(&self->task, fn, self, NULL), 0);
}

static void end(party *self, int rc)
{
    assert_int_equal(eddy_await(self->task, NULL), rc);
    assert_int_equal(self->rc, rc);
    eddy_task_release(self->task);
}

/* ---- waiting ---- */

/* test_blocking_get, test_blocking_put: what need not wait does not give way. */
TASK_TEST(put_and_get_that_need_not_wait_do_not_suspend)
{
    void *item = NULL;
    child other = {.letter = 'x'};
    eddy_queue *queue = make_queue(1);
    eddy_task *task = spawn(&other);
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_queue_put(queue, number(1)), 0);
    assert_int_equal(eddy_queue_get(queue, &item), 0);
    assert_int_equal(eddy_queue_task_done(queue), 0);
    assert_int_equal(eddy_queue_join(queue), 0);
    assert_ptr_equal(item, number(1));
    assert_string_equal(trace_text(), "");
    assert_int_equal(eddy_await(task, NULL), 0);
    eddy_task_release(task);
    eddy_queue_release(queue);
    return 0;
}

/* test_blocking_get_wait, test_put_with_waiting_getters */
TASK_TEST(get_waits_until_something_is_put)
{
    party getter = {0};
    eddy_queue *queue = make_queue(0);
    (void)arg;
    start(&getter, queue, getting);
    yield_times(3);
    assert_int_equal(getter.rc, 1);
    assert_int_equal(eddy_queue_put(queue, number(7)), 0);
    assert_int_equal(getter.rc, 1); /* only woken */
    assert_int_equal(eddy_queue_qsize(queue), 1);
    yield_times(1);
    assert_int_equal(getter.rc, 0);
    assert_ptr_equal(getter.item, number(7));
    end(&getter, 0);
    eddy_queue_release(queue);
    return 0;
}

/* test_blocking_put_wait, test_get_with_waiting_putters, test_maxsize */
TASK_TEST(put_waits_until_there_is_room)
{
    party putters[2] = {{.item = number(2)}, {.item = number(3)}};
    eddy_queue *queue = make_queue(1);
    (void)arg;
    put_number(queue, 1);
    start(&putters[0], queue, putting);
    start(&putters[1], queue, putting);
    yield_times(3);
    assert_int_equal(putters[0].rc, 1);
    assert_int_equal(get_number(queue), 1);
    yield_times(1);
    assert_int_equal(putters[0].rc, 0);
    assert_int_equal(putters[1].rc, 1);
    assert_int_equal(get_number(queue), 2);
    yield_times(1);
    assert_int_equal(get_number(queue), 3);
    end(&putters[0], 0);
    end(&putters[1], 0);
    eddy_queue_release(queue);
    return 0;
}

static int copying(void *arg)
{
    party *self = arg;
    int copy = 0;
    self->rc = eddy_queue_get_copy(self->queue, &copy);
    self->item = number(copy);
    return self->rc;
}

static int copying_in(void *arg)
{
    party *self = arg;
    int copy = (int)(intptr_t)self->item;
    self->rc = eddy_queue_put_copy(self->queue, &copy);
    return self->rc;
}

TASK_TEST(copies_are_waited_for_too)
{
    party getter = {0}, putter = {.item = number(6)};
    eddy_queue *queue;
    int copy = 4;
    (void)arg;
    assert_int_equal(
        eddy_queue_create(&queue, EDDY_OPTIONS(eddy_queue_options, .maxsize = 1, .item_size = sizeof copy)),
        0);
    start(&getter, queue, copying);
    yield_times(1);
    assert_int_equal(eddy_queue_put_copy(queue, &copy), 0);
    copy = 5;
    start(&putter, queue, copying_in);
    yield_times(1);
    assert_ptr_equal(getter.item, number(4));
    end(&getter, 0);
    end(&putter, 0);
    assert_int_equal(eddy_queue_get_copy(queue, &copy), 0);
    assert_int_equal(copy, 6);
    eddy_queue_release(queue);
    return 0;
}

static int consume_five(void *arg)
{
    void *item;
    for (intptr_t i = 0; i < 5; i++) {
        int rc = eddy_queue_get(arg, &item);
        if (rc < 0)
            return rc;
        assert_ptr_equal(item, number(i));
    }
    return 0;
}

/* test_why_are_getters_waiting */
TASK_TEST(producer_and_consumer_do_not_wait_for_each_other_for_ever)
{
    eddy_queue *queue = make_queue(1);
    eddy_task *consumer;
    (void)arg;
    assert_int_equal(eddy_create_task(&consumer, consume_five, queue, NULL), 0);
    for (intptr_t i = 0; i < 5; i++)
        assert_int_equal(eddy_queue_put(queue, number(i)), 0);
    assert_int_equal(eddy_await(consumer, NULL), 0);
    eddy_task_release(consumer);
    eddy_queue_release(queue);
    return 0;
}

/* test_why_are_putters_waiting: two gets wake two putters. */
TASK_TEST(each_get_wakes_a_putter)
{
    party putters[4] = {{.item = number(0)}, {.item = number(1)}, {.item = number(2)}, {.item = number(3)}};
    eddy_queue *queue = make_queue(2);
    (void)arg;
    for (int i = 0; i < 4; i++)
        start(&putters[i], queue, putting);
    yield_times(1);
    assert_int_equal(get_number(queue), 0);
    assert_int_equal(get_number(queue), 1);
    for (int i = 0; i < 4; i++)
        end(&putters[i], 0);
    assert_int_equal(get_number(queue), 2);
    assert_int_equal(get_number(queue), 3);
    eddy_queue_release(queue);
    return 0;
}

/* ---- Q1, Q2 ---- */

TASK_TEST(rule_Q2_getters_are_woken_in_order_of_arrival_one_a_put)
{
    party getters[3] = {{.letter = 'a'}, {.letter = 'b'}, {.letter = 'c'}};
    eddy_queue *queue = make_queue(0);
    (void)arg;
    trace_clear();
    for (int i = 0; i < 3; i++)
        start(&getters[i], queue, getting);
    yield_times(1);
    put_number(queue, 10);
    put_number(queue, 11);
    yield_times(2);
    assert_string_equal(trace_text(), "ab");
    assert_ptr_equal(getters[0].item, number(10));
    assert_ptr_equal(getters[1].item, number(11));
    put_number(queue, 12);
    for (int i = 0; i < 3; i++)
        end(&getters[i], 0);
    eddy_queue_release(queue);
    return 0;
}

/* Items are not handed over: who comes in between takes it, and the woken getter waits again behind the others. */
TASK_TEST(rule_Q1_getter_that_was_overtaken_queues_again_at_the_back)
{
    party getters[2] = {{.letter = 'a'}, {.letter = 'b'}};
    eddy_queue *queue = make_queue(0);
    (void)arg;
    trace_clear();
    start(&getters[0], queue, getting);
    start(&getters[1], queue, getting);
    yield_times(1);
    put_number(queue, 1);
    assert_int_equal(get_number(queue), 1); /* before a runs */
    yield_times(1);
    put_number(queue, 2);
    yield_times(1);
    assert_string_equal(trace_text(), "b");
    assert_ptr_equal(getters[1].item, number(2));
    put_number(queue, 3);
    end(&getters[0], 0);
    end(&getters[1], 0);
    assert_ptr_equal(getters[0].item, number(3));
    eddy_queue_release(queue);
    return 0;
}

TASK_TEST(rule_Q1_putter_that_was_overtaken_queues_again_at_the_back)
{
    party putters[2] = {{.letter = 'a', .item = number(10)}, {.letter = 'b', .item = number(11)}};
    eddy_queue *queue = make_queue(1);
    (void)arg;
    trace_clear();
    put_number(queue, 1);
    start(&putters[0], queue, putting);
    start(&putters[1], queue, putting);
    yield_times(1);
    assert_int_equal(get_number(queue), 1);
    put_number(queue, 2); /* before a runs */
    yield_times(1);
    assert_int_equal(get_number(queue), 2);
    yield_times(1);
    assert_string_equal(trace_text(), "b");
    assert_int_equal(get_number(queue), 11);
    end(&putters[0], 0);
    end(&putters[1], 0);
    assert_int_equal(get_number(queue), 10);
    eddy_queue_release(queue);
    return 0;
}

/* ---- Q3: cancels ---- */

/* test_get_cancelled_race */
TASK_TEST(cancelled_getter_leaves_its_place)
{
    party getters[2] = {{0}, {0}};
    eddy_queue *queue = make_queue(0);
    (void)arg;
    start(&getters[0], queue, getting);
    start(&getters[1], queue, getting);
    yield_times(1);
    assert_true(eddy_task_cancel(getters[0].task));
    yield_times(1);
    assert_int_equal(getters[0].rc, EDDY_ECANCELED);
    put_number(queue, 1);
    yield_times(1);
    assert_int_equal(getters[1].rc, 0);
    end(&getters[0], EDDY_ECANCELED);
    end(&getters[1], 0);
    eddy_queue_release(queue);
    return 0;
}

/* The cancel has woken the first one; the put that comes before that one runs is for the second. */
TASK_TEST(rule_Q3_cancelled_getter_is_not_woken_by_a_put)
{
    party getters[2] = {{0}, {0}};
    eddy_queue *queue = make_queue(0);
    (void)arg;
    start(&getters[0], queue, getting);
    start(&getters[1], queue, getting);
    yield_times(1);
    assert_true(eddy_task_cancel(getters[0].task));
    put_number(queue, 1);
    end(&getters[0], EDDY_ECANCELED);
    end(&getters[1], 0);
    eddy_queue_release(queue);
    return 0;
}

/* test_get_cancel_drop_one_pending_reader */
TASK_TEST(rule_Q3_getter_cancelled_after_it_was_woken_loses_no_item)
{
    party getter = {0};
    eddy_queue *queue = make_queue(0);
    (void)arg;
    start(&getter, queue, getting);
    yield_times(1);
    put_number(queue, 1);
    put_number(queue, 2);
    assert_true(eddy_task_cancel(getter.task));
    end(&getter, EDDY_ECANCELED);
    assert_null(getter.item);
    assert_int_equal(get_number(queue), 1);
    assert_int_equal(get_number(queue), 2);
    eddy_queue_release(queue);
    return 0;
}

/* test_get_cancel_drop_many_pending_readers: two items and three getters, of whom the first one is cancelled. */
TASK_TEST(rule_Q3_getter_cancelled_after_it_was_woken_wakes_the_next)
{
    party getters[3] = {{0}, {0}, {0}};
    eddy_queue *queue = make_queue(0);
    (void)arg;
    for (int i = 0; i < 3; i++)
        start(&getters[i], queue, getting);
    yield_times(1);
    put_number(queue, 1);
    put_number(queue, 2);
    assert_true(eddy_task_cancel(getters[0].task));
    end(&getters[0], EDDY_ECANCELED);
    end(&getters[2], 0);
    end(&getters[1], 0);
    assert_int_equal((intptr_t)getters[1].item + (intptr_t)getters[2].item, 3);
    eddy_queue_release(queue);
    return 0;
}

/* ... but not for nothing: the next one keeps its place when somebody else has the item already. */
TASK_TEST(rule_Q3_next_getter_is_left_alone_when_the_item_is_gone)
{
    party getters[3] = {{.letter = 'a'}, {.letter = 'b'}, {.letter = 'c'}};
    eddy_queue *queue = make_queue(0);
    (void)arg;
    trace_clear();
    for (int i = 0; i < 3; i++)
        start(&getters[i], queue, getting);
    yield_times(1);
    put_number(queue, 1);
    assert_int_equal(get_number(queue), 1);
    assert_true(eddy_task_cancel(getters[0].task));
    yield_times(2);
    put_number(queue, 2);
    yield_times(1);
    assert_string_equal(trace_text(), "ab"); /* b woken twice would stand behind c */
    put_number(queue, 3);
    end(&getters[0], EDDY_ECANCELED);
    end(&getters[1], 0);
    end(&getters[2], 0);
    eddy_queue_release(queue);
    return 0;
}

/* test_put_cancel_drop */
TASK_TEST(rule_Q3_cancelled_put_added_nothing)
{
    party putter = {.item = number(2)};
    eddy_queue *queue = make_queue(1);
    (void)arg;
    put_number(queue, 1);
    start(&putter, queue, putting);
    yield_times(1);
    assert_int_equal(get_number(queue), 1);
    assert_true(eddy_task_cancel(putter.task)); /* after it was woken */
    end(&putter, EDDY_ECANCELED);
    assert_true(eddy_queue_empty(queue));
    start(&putter, queue, putting);
    end(&putter, 0);
    assert_int_equal(get_number(queue), 2);
    assert_true(eddy_queue_empty(queue));
    eddy_queue_release(queue);
    return 0;
}

/* test_put_cancelled_race, test_cancelled_put_silence_value_error_exception */
TASK_TEST(rule_Q3_putter_cancelled_after_it_was_woken_wakes_the_next)
{
    party putters[2] = {{.item = number(2)}, {.item = number(3)}};
    eddy_queue *queue = make_queue(1);
    (void)arg;
    put_number(queue, 1);
    start(&putters[0], queue, putting);
    start(&putters[1], queue, putting);
    yield_times(1);
    assert_int_equal(get_number(queue), 1);
    assert_true(eddy_task_cancel(putters[0].task));
    end(&putters[0], EDDY_ECANCELED);
    end(&putters[1], 0);
    assert_int_equal(get_number(queue), 3);
    eddy_queue_release(queue);
    return 0;
}

/* test_cancelled_getters_not_being_held_in_self_getters, and the same for put */
TASK_TEST(timed_out_waits_leave_nothing_behind)
{
    void *item = NULL;
    eddy_timeout limit;
    eddy_queue *queue = make_queue(1);
    (void)arg;
    eddy_timeout_enter(&limit, 0.001);
    int rc = eddy_queue_get(queue, &item);
    assert_int_equal(eddy_timeout_exit(&limit, rc), EDDY_ETIMEDOUT);
    put_number(queue, 1);
    eddy_timeout_enter(&limit, 0.001);
    rc = eddy_queue_put(queue, number(2));
    assert_int_equal(eddy_timeout_exit(&limit, rc), EDDY_ETIMEDOUT);
    assert_int_equal(get_number(queue), 1); /* would wake who is held */
    assert_true(eddy_queue_empty(queue));
    eddy_queue_release(queue);
    return 0;
}

static int get_when_cancelled(void *arg)
{
    party *self = arg;
    eddy_task_cancel(eddy_current_task());
    return getting(self);
}

/* T7: a cancel that was there before is delivered by the first wait, and by that only. */
TASK_TEST(cancel_that_is_pending_ends_a_wait_but_not_a_get_that_need_not_wait)
{
    party getter = {0};
    eddy_queue *queue = make_queue(0);
    (void)arg;
    put_number(queue, 1);
    start(&getter, queue, get_when_cancelled);
    yield_times(1);
    assert_int_equal(getter.rc, 0);
    assert_int_equal(eddy_await(getter.task, NULL), EDDY_ECANCELED); /* T4 */
    eddy_task_release(getter.task);
    start(&getter, queue, get_when_cancelled);
    end(&getter, EDDY_ECANCELED);
    start(&getter, queue, getting);
    yield_times(1);
    put_number(queue, 2);
    end(&getter, 0);
    eddy_queue_release(queue);
    return 0;
}

/* ---- a `less` that suspends, which it must not ---- */

static int smaller_after_a_while(const void *a, const void *b, void *arg)
{
    if (*(bool *)arg)
        yield_times(1);
    return (intptr_t)a < (intptr_t)b;
}

static eddy_queue *make_slow_queue(size_t maxsize, bool *slow)
{
    eddy_queue *queue = NULL;
    assert_int_equal(eddy_queue_create(&queue, EDDY_OPTIONS(eddy_queue_options, .kind = EDDY_QUEUE_PRIORITY,
                                                            .maxsize = maxsize, .less = smaller_after_a_while,
                                                            .less_arg = slow)),
                     0);
    return queue;
}

/* A getter that was woken finds the queue busy and fails: what it was woken for goes to the next one. */
TASK_TEST(wake_up_of_a_getter_that_is_told_busy_is_passed_on)
{
    bool slow = false;
    party getters[3] = {{0}, {0}, {0}}, putter = {.item = number(2)};
    eddy_queue *queue = make_slow_queue(0, &slow);
    (void)arg;
    for (int i = 0; i < 3; i++)
        start(&getters[i], queue, getting);
    yield_times(1);
    start(&putter, queue, putting); /* runs before the getter that the next line wakes */
    put_number(queue, 1);
    slow = true;
    yield_times(3);
    slow = false;
    end(&putter, 0);
    end(&getters[0], EDDY_EBUSY);
    end(&getters[1], 0);
    end(&getters[2], 0);
    eddy_queue_release(queue);
    return 0;
}

TASK_TEST(wake_up_of_a_putter_that_is_told_busy_is_passed_on)
{
    bool slow = false;
    party putters[3] = {{.item = number(4)}, {.item = number(5)}, {.item = number(6)}}, getter = {0};
    eddy_queue *queue = make_slow_queue(4, &slow);
    (void)arg;
    for (intptr_t i = 0; i < 4; i++)
        put_number(queue, i);
    for (int i = 0; i < 3; i++)
        start(&putters[i], queue, putting);
    yield_times(1);
    start(&getter, queue, getting);
    assert_int_equal(get_number(queue), 0);
    slow = true;
    yield_times(1);
    assert_int_equal(putters[0].rc, EDDY_EBUSY);
    slow = false;
    end(&getter, 0);
    end(&putters[0], EDDY_EBUSY);
    end(&putters[1], 0);
    end(&putters[2], 0);
    eddy_queue_release(queue);
    return 0;
}

/* ---- task_done and join ---- */

typedef struct workers {
    eddy_queue *queue;
    intptr_t sum;
} workers;

static int working(void *arg)
{
    workers *self = arg;
    void *item;
    int rc;
    while ((rc = eddy_queue_get(self->queue, &item)) == 0) {
        self->sum += (intptr_t)item;
        yield_times(1);
        assert_int_equal(eddy_queue_task_done(self->queue), 0);
    }
    return rc;
}

/* test_task_done, test_task_done_underflow, for each kind */
TASK_TEST(join_waits_for_every_task_done)
{
    eddy_task *tasks[2];
    workers self = {.queue = make_queue(0)};
    (void)arg;
    assert_int_equal(eddy_queue_task_done(self.queue), EDDY_EINVALIDSTATE);
    for (intptr_t i = 0; i < 100; i++)
        put_number(self.queue, i);
    for (int i = 0; i < 2; i++)
        assert_int_equal(eddy_create_task(&tasks[i], working, &self, NULL), 0);
    assert_int_equal(eddy_queue_join(self.queue), 0);
    assert_int_equal(self.sum, 4950);
    assert_int_equal(eddy_queue_task_done(self.queue), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_queue_shutdown(self.queue, false), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(eddy_await(tasks[i], NULL), EDDY_EQUEUESHUTDOWN);
        eddy_task_release(tasks[i]);
    }
    eddy_queue_release(self.queue);
    return 0;
}

/* test_join_empty_queue; and all who join go on, even if something is put before they run. */
TASK_TEST(join_ends_at_the_moment_when_nothing_is_unfinished)
{
    party joiners[3] = {{0}, {0}, {0}};
    eddy_queue *queue = make_queue(0);
    (void)arg;
    assert_int_equal(eddy_queue_join(queue), 0);
    assert_int_equal(eddy_queue_join(queue), 0);
    put_number(queue, 1);
    for (int i = 0; i < 3; i++)
        start(&joiners[i], queue, joining);
    yield_times(1);
    assert_int_equal(get_number(queue), 1);
    assert_true(eddy_task_cancel(joiners[1].task));
    yield_times(2);
    assert_int_equal(joiners[0].rc, 1); /* a get is no task_done */
    assert_int_equal(eddy_queue_task_done(queue), 0);
    put_number(queue, 2);
    end(&joiners[0], 0);
    end(&joiners[1], EDDY_ECANCELED);
    end(&joiners[2], 0);
    eddy_queue_release(queue);
    return 0;
}

/* ---- loops ---- */

static eddy_loop *make_loop(void)
{
    eddy_loop *loop = NULL;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    return loop;
}

static void ignore_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context;
    (void)arg;
}

static void run_ready(eddy_loop *loop)
{
    eddy_loop_stop(loop);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
}

static eddy_task *start_on(eddy_loop *loop, party *self, eddy_queue *queue, eddy_coro_fn fn)
{
    *self = (party){.queue = queue, .rc = 1};
    assert_int_equal(eddy_loop_create_task(loop, &self->task, fn, self, NULL), 0);
    run_ready(loop);
    return self->task;
}

/* HZ35: bound to a loop while a task of it waits, free again when none does or the loop is closed. */
static void queue_belongs_to_the_loop_of_those_who_wait(void **state)
{
    party first, second;
    eddy_queue *queue = make_queue(0);
    long blocks = support_live_blocks();
    (void)state;
    eddyi_running_loop = NULL;
    eddy_loop *one = make_loop(), *two = make_loop();
    (void)eddy_loop_set_exception_handler(one, ignore_report, NULL);
    (void)eddy_loop_set_exception_handler(two, ignore_report, NULL);
    start_on(one, &first, queue, getting);
    assert_int_equal(first.rc, 1);
    start_on(two, &second, queue, getting);
    assert_int_equal(second.rc, EDDY_EWRONGLOOP);
    eddy_task_release(second.task);
    put_number(queue, 1); /* whoever need not wait may use it from anywhere */
    run_ready(one);
    assert_int_equal(first.rc, 0);
    eddy_task_release(first.task);
    start_on(two, &second, queue, getting);
    assert_int_equal(second.rc, 1);
    eddy_task_cancel(second.task);
    run_ready(two);
    run_ready(two);
    assert_int_equal(second.rc, EDDY_ECANCELED);
    eddy_task_release(second.task);
    start_on(one, &first, queue, getting);
    eddy_task_release(first.task);
    assert_int_equal(eddy_loop_close(one), 0); /* with a task that waits */
    eddy_loop_release(one);
    start_on(two, &second, queue, getting);
    assert_int_equal(second.rc, 1);
    put_number(queue, 2);
    run_ready(two);
    assert_int_equal(second.rc, 0);
    assert_ptr_equal(second.item, number(2));
    eddy_task_release(second.task);
    assert_int_equal(eddy_loop_close(two), 0);
    eddy_loop_release(two);
    assert_true(support_live_blocks() <= blocks + 1); /* the queue's own items */
    eddy_queue_release(queue);
}

static int getting_late(void *arg)
{
    yield_times(2);
    return getting(arg);
}

/* Closing goes from the oldest task to the youngest; these wait the other way round, and the first in line was woken. */
static void loop_that_closes_finds_woken_tasks_out_of_the_line(void **state)
{
    party older, younger;
    eddy_queue *queue = make_queue(0);
    (void)state;
    eddyi_running_loop = NULL;
    eddy_loop *loop = make_loop();
    (void)eddy_loop_set_exception_handler(loop, ignore_report, NULL);
    start_on(loop, &older, queue, getting_late);
    start_on(loop, &younger, queue, getting);
    run_ready(loop);
    put_number(queue, 1);
    eddy_task_release(older.task);
    eddy_task_release(younger.task);
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_loop_release(loop);
    put_number(queue, 2); /* wakes nobody */
    assert_int_equal(get_number(queue), 1);
    assert_int_equal(get_number(queue), 2);
    eddy_queue_release(queue);
}

/* Closing abandons waits of every sort, also of those who were woken and have not run. */
static void loop_that_closes_under_waiting_tasks_leaves_the_queue_usable(void **state)
{
    party parties[5];
    eddy_queue *empty = make_queue(0), *full = make_queue(1);
    (void)state;
    eddyi_running_loop = NULL;
    eddy_loop *loop = make_loop();
    (void)eddy_loop_set_exception_handler(loop, ignore_report, NULL);
    put_number(empty, 1);
    put_number(full, 2);
    assert_int_equal(get_number(empty), 1);
    start_on(loop, &parties[0], empty, joining);
    start_on(loop, &parties[1], empty, getting);
    start_on(loop, &parties[2], empty, getting);
    start_on(loop, &parties[3], full, putting);
    start_on(loop, &parties[4], full, putting);
    put_number(empty, 3);
    assert_int_equal(get_number(full), 2);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(parties[i].rc, 1);
        eddy_task_release(parties[i].task);
    }
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_loop_release(loop);
    assert_int_equal(get_number(empty), 3);
    put_number(empty, 4);
    put_number(full, 5);
    assert_int_equal(get_number(full), 5);
    assert_int_equal(eddy_queue_shutdown(full, false), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(eddy_queue_task_done(empty), 0);
    eddy_queue_release(empty);
    eddy_queue_release(full);
}

/* ---- the last reference ---- */

TASK_TEST(tasks_that_wait_are_sent_away_with_the_last_reference)
{
    party getters[2] = {{0}, {0}}, putter = {0}, joiner = {0};
    eddy_queue *empty = make_queue(0), *full = make_queue(1), *in_hand = make_queue(0);
    (void)arg;
    put_number(full, 1);
    put_number(in_hand, 1);
    assert_int_equal(get_number(in_hand), 1);
    start(&getters[0], empty, getting);
    start(&getters[1], empty, getting);
    start(&putter, full, putting);
    start(&joiner, in_hand, joining);
    yield_times(1);
    eddy_task_cancel(getters[1].task);
    eddy_queue_release(empty);
    eddy_queue_release(full);
    eddy_queue_release(in_hand);
    end(&getters[0], EDDY_EQUEUESHUTDOWN);
    end(&getters[1], EDDY_ECANCELED);
    end(&putter, EDDY_EQUEUESHUTDOWN);
    end(&joiner, EDDY_EQUEUESHUTDOWN);
    return 0;
}

static void last_reference_goes_while_a_closed_loop_had_waiting_tasks(void **state)
{
    party parties[2];
    long blocks = support_live_blocks();
    eddy_queue *queue = make_queue(0);
    (void)state;
    eddyi_running_loop = NULL;
    eddy_loop *loop = make_loop();
    (void)eddy_loop_set_exception_handler(loop, ignore_report, NULL);
    for (int i = 0; i < 2; i++) {
        start_on(loop, &parties[i], queue, getting);
        eddy_task_release(parties[i].task);
    }
    eddy_queue_release(queue); /* they are woken, and never run */
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_loop_release(loop);
    assert_int_equal(support_live_blocks(), blocks);
}

/* M3: waiting, waking and cancelling need no memory. */
TASK_TEST(fault_M3_waiting_at_a_queue_needs_no_memory)
{
    party getter = {0}, other = {0}, putter = {.item = number(2)};
    eddy_queue *queue = make_queue(1);
    (void)arg;
    put_number(queue, 1);
    start(&putter, queue, putting);
    start(&getter, queue, getting);
    start(&other, queue, getting);
    EDDYI_FORBID_MEMORY();
    uint64_t before = eddyi_inject_forbidden_count();
    yield_times(2);
    eddy_task_cancel(other.task);
    yield_times(2);
    assert_int_equal(eddy_queue_shutdown(queue, true), 0);
    yield_times(2);
    assert_int_equal(eddyi_inject_forbidden_count(), before);
    EDDYI_ALLOW_MEMORY();
    end(&putter, 0);
    end(&getter, 0);
    end(&other, other.rc);
    eddy_queue_release(queue);
    return 0;
}

int suite_queue_waits(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_and_get_that_need_not_wait_do_not_suspend),
        cmocka_unit_test(get_waits_until_something_is_put),
        cmocka_unit_test(put_waits_until_there_is_room),
        cmocka_unit_test(copies_are_waited_for_too),
        cmocka_unit_test(producer_and_consumer_do_not_wait_for_each_other_for_ever),
        cmocka_unit_test(each_get_wakes_a_putter),
        cmocka_unit_test(rule_Q2_getters_are_woken_in_order_of_arrival_one_a_put),
        cmocka_unit_test(rule_Q1_getter_that_was_overtaken_queues_again_at_the_back),
        cmocka_unit_test(rule_Q1_putter_that_was_overtaken_queues_again_at_the_back),
        cmocka_unit_test(cancelled_getter_leaves_its_place),
        cmocka_unit_test(rule_Q3_cancelled_getter_is_not_woken_by_a_put),
        cmocka_unit_test(rule_Q3_getter_cancelled_after_it_was_woken_loses_no_item),
        cmocka_unit_test(rule_Q3_getter_cancelled_after_it_was_woken_wakes_the_next),
        cmocka_unit_test(rule_Q3_next_getter_is_left_alone_when_the_item_is_gone),
        cmocka_unit_test(rule_Q3_cancelled_put_added_nothing),
        cmocka_unit_test(rule_Q3_putter_cancelled_after_it_was_woken_wakes_the_next),
        cmocka_unit_test(timed_out_waits_leave_nothing_behind),
        cmocka_unit_test(cancel_that_is_pending_ends_a_wait_but_not_a_get_that_need_not_wait),
        cmocka_unit_test(wake_up_of_a_getter_that_is_told_busy_is_passed_on),
        cmocka_unit_test(wake_up_of_a_putter_that_is_told_busy_is_passed_on),
        cmocka_unit_test(join_waits_for_every_task_done),
        cmocka_unit_test(join_ends_at_the_moment_when_nothing_is_unfinished),
        cmocka_unit_test(queue_belongs_to_the_loop_of_those_who_wait),
        cmocka_unit_test(loop_that_closes_finds_woken_tasks_out_of_the_line),
        cmocka_unit_test(loop_that_closes_under_waiting_tasks_leaves_the_queue_usable),
        cmocka_unit_test(tasks_that_wait_are_sent_away_with_the_last_reference),
        cmocka_unit_test(last_reference_goes_while_a_closed_loop_had_waiting_tasks),
        cmocka_unit_test(fault_M3_waiting_at_a_queue_needs_no_memory),
    };
    return cmocka_run_group_tests_name("queue waits", tests, NULL, NULL);
}
