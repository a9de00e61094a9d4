/* suite_queues.c: what queues hold and in which order, what they refuse, and where their memory comes from.
 * Touches the public API and the injection table. The cases of CPython's test_queues.py that need no waiting are here. */
#include "bodies.h"
#include "core/base/inject.h"
#include "core/loop/loop.h"
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

static intptr_t get_number(eddy_queue *queue)
{
    void *item = NULL;
    assert_int_equal(eddy_queue_get_nowait(queue, &item), 0);
    return (intptr_t)item;
}

/* ---- sizes and order ---- */

static void queue_without_a_loop_works_and_tells_its_size(void **state)
{
    eddy_queue *queue = make_queue(EDDY_QUEUE_FIFO, 2);
    (void)state;
    eddyi_running_loop = NULL;
    assert_int_equal(eddy_queue_maxsize(queue), 2);
    assert_true(eddy_queue_empty(queue));
    assert_false(eddy_queue_full(queue));
    assert_int_equal(eddy_queue_put_nowait(queue, number(1)), 0);
    assert_false(eddy_queue_empty(queue));
    assert_false(eddy_queue_full(queue));
    assert_int_equal(eddy_queue_put_nowait(queue, number(2)), 0);
    assert_true(eddy_queue_full(queue));
    assert_int_equal(eddy_queue_qsize(queue), 2);
    assert_int_equal(eddy_queue_put_nowait(queue, number(3)), EDDY_EQUEUEFULL);
    assert_int_equal(eddy_last_error()->code, EDDY_EQUEUEFULL);
    assert_int_equal(get_number(queue), 1);
    assert_int_equal(get_number(queue), 2);
    assert_true(eddy_queue_empty(queue));
    void *item = number(77);
    assert_int_equal(eddy_queue_get_nowait(queue, &item), EDDY_EQUEUEEMPTY);
    assert_ptr_equal(item, number(77));
    eddy_queue_release(queue);
}

static void queue_without_a_limit_is_never_full(void **state)
{
    eddy_queue *queue = NULL;
    (void)state;
    assert_int_equal(eddy_queue_create(&queue, NULL), 0);
    assert_int_equal(eddy_queue_maxsize(queue), 0);
    for (intptr_t i = 0; i < 5000; i++) {
        assert_false(eddy_queue_full(queue));
        assert_int_equal(eddy_queue_put_nowait(queue, number(i)), 0);
    }
    for (intptr_t i = 0; i < 5000; i++)
        assert_int_equal(get_number(queue), i);
    eddy_queue_release(queue);
}

static void each_kind_has_its_order(void **state)
{
    static const intptr_t orders[3][3] = {{1, 3, 2}, {2, 3, 1}, {1, 2, 3}};
    (void)state;
    for (int kind = EDDY_QUEUE_FIFO; kind <= EDDY_QUEUE_PRIORITY; kind++) {
        eddy_queue *queue = make_queue((eddy_queue_kind)kind, 0);
        assert_int_equal(eddy_queue_put_nowait(queue, number(1)), 0);
        assert_int_equal(eddy_queue_put_nowait(queue, number(3)), 0);
        assert_int_equal(eddy_queue_put_nowait(queue, number(2)), 0);
        for (int i = 0; i < 3; i++)
            assert_int_equal(get_number(queue), orders[kind][i]);
        eddy_queue_release(queue);
    }
}

/* NULL is what was put, not a sign of failure. */
static void null_is_an_item(void **state)
{
    eddy_queue *queue = make_queue(EDDY_QUEUE_FIFO, 0);
    void *item = &queue;
    (void)state;
    assert_int_equal(eddy_queue_put_nowait(queue, NULL), 0);
    assert_int_equal(eddy_queue_qsize(queue), 1);
    assert_int_equal(eddy_queue_get_nowait(queue, &item), 0);
    assert_null(item);
    eddy_queue_release(queue);
}

/* The ring grows when its beginning is anywhere, up to a limit that is no power of two. */
static void ring_that_grows_in_the_middle_keeps_the_order(void **state)
{
    (void)state;
    for (intptr_t start = 0; start < 40; start++) {
        eddy_queue *queue = make_queue(EDDY_QUEUE_FIFO, 301);
        intptr_t next_in = 0, next_out = 0;
        while (next_in < start)
            assert_int_equal(eddy_queue_put_nowait(queue, number(next_in++)), 0);
        while (next_out < start)
            assert_int_equal(get_number(queue), next_out++);
        while (!eddy_queue_full(queue))
            assert_int_equal(eddy_queue_put_nowait(queue, number(next_in++)), 0);
        assert_int_equal(next_in - next_out, 301);
        for (int i = 0; i < 700; i++) {
            assert_int_equal(get_number(queue), next_out++);
            assert_int_equal(eddy_queue_put_nowait(queue, number(next_in++)), 0);
        }
        while (next_out < next_in)
            assert_int_equal(get_number(queue), next_out++);
        eddy_queue_release(queue);
    }
}

/* ---- copied items ---- */

typedef struct job {
    int priority;
    char name;
    double weight;
} job;

static int more_urgent(const void *a, const void *b, void *arg)
{
    (*(int *)arg)++;
    return ((const job *)a)->priority < ((const job *)b)->priority;
}

static void copied_items_are_the_callers_again_at_once(void **state)
{
    (void)state;
    for (int kind = EDDY_QUEUE_FIFO; kind <= EDDY_QUEUE_PRIORITY; kind++) {
        int compared = 0;
        eddy_queue *queue;
        assert_int_equal(
            eddy_queue_create(&queue, EDDY_OPTIONS(eddy_queue_options, .kind = (eddy_queue_kind)kind,
                                                   .item_size = sizeof(job), .less = more_urgent,
                                                   .less_arg = &compared)),
            0);
        for (int i = 0; i < 100; i++) {
            job one = {.priority = i * 37 % 100, .name = (char)i, .weight = i / 8.0};
            assert_int_equal(eddy_queue_put_copy_nowait(queue, &one), 0);
            memset(&one, 0xff, sizeof one);
        }
        for (int i = 0; i < 100; i++) {
            job one;
            int put_as = kind == EDDY_QUEUE_FIFO ? i : kind == EDDY_QUEUE_LIFO ? 99 - i : i * 73 % 100;
            assert_int_equal(eddy_queue_get_copy_nowait(queue, &one), 0);
            assert_int_equal(one.name, put_as);
            assert_int_equal(one.priority, put_as * 37 % 100);
            assert_true(one.weight == put_as / 8.0);
        }
        assert_true((compared > 0) == (kind == EDDY_QUEUE_PRIORITY));
        eddy_queue_release(queue);
    }
}

/* As they come out of asyncio.PriorityQueue of CPython 3.13 when letter n has priority n % 4. */
static void equal_priorities_come_out_in_the_order_of_heapq(void **state)
{
    static const char expected[] = "amyeuiqnzfvbjrogkcwstdxlph";
    int compared = 0;
    eddy_queue *queue;
    (void)state;
    assert_int_equal(eddy_queue_create(&queue, EDDY_OPTIONS(eddy_queue_options, .kind = EDDY_QUEUE_PRIORITY,
                                                            .item_size = sizeof(job), .less = more_urgent,
                                                            .less_arg = &compared)),
                     0);
    for (int i = 0; i < 26; i++) {
        job one = {.priority = i % 4, .name = (char)('a' + i)};
        assert_int_equal(eddy_queue_put_copy_nowait(queue, &one), 0);
    }
    for (int i = 0; i < 26; i++) {
        job one;
        assert_int_equal(eddy_queue_get_copy_nowait(queue, &one), 0);
        assert_int_equal(one.name, expected[i]);
    }
    eddy_queue_release(queue);
}

static int at_random(const void *a, const void *b, void *arg)
{
    uint32_t *state = arg;
    (void)a;
    (void)b;
    *state = *state * 1664525 + 1013904223;
    return (int)(*state >> 31);
}

/* Whatever `less` answers, each item comes out once. */
static void less_that_contradicts_itself_loses_no_item(void **state)
{
    uint32_t random = 1;
    bool seen[200] = {false};
    eddy_queue *queue;
    (void)state;
    assert_int_equal(eddy_queue_create(&queue, EDDY_OPTIONS(eddy_queue_options, .kind = EDDY_QUEUE_PRIORITY,
                                                            .less = at_random, .less_arg = &random)),
                     0);
    for (intptr_t i = 0; i < 200; i++)
        assert_int_equal(eddy_queue_put_nowait(queue, number(i)), 0);
    for (int i = 0; i < 200; i++) {
        intptr_t got = get_number(queue);
        assert_false(seen[got]);
        seen[got] = true;
    }
    eddy_queue_release(queue);
}

typedef struct meddler {
    eddy_queue *queue;
    int rc[4];
} meddler;

static int meddle(const void *a, const void *b, void *arg)
{
    meddler *self = arg;
    void *item;
    self->rc[0] = eddy_queue_put_nowait(self->queue, NULL);
    self->rc[1] = eddy_queue_get_nowait(self->queue, &item);
    self->rc[2] = eddy_queue_shutdown(self->queue, true);
    self->rc[3] = eddy_queue_put(self->queue, NULL);
    return (intptr_t)a < (intptr_t)b;
}

TASK_TEST(less_that_uses_the_queue_is_told_that_it_is_busy)
{
    meddler self = {0};
    (void)arg;
    assert_int_equal(
        eddy_queue_create(&self.queue, EDDY_OPTIONS(eddy_queue_options, .kind = EDDY_QUEUE_PRIORITY,
                                                    .less = meddle, .less_arg = &self)),
        0);
    for (intptr_t i = 0; i < 33; i++)
        assert_int_equal(eddy_queue_put(self.queue, number(40 - i)), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(self.rc[i], EDDY_EBUSY);
    for (intptr_t i = 0; i < 33; i++)
        assert_int_equal(get_number(self.queue), 8 + i);
    eddy_queue_release(self.queue);
    return 0;
}

/* ---- refusals ---- */

static void queue_that_cannot_be_is_refused(void **state)
{
    eddy_queue *queue = NULL;
    eddy_queue_options options;
    (void)state;
    eddy_queue_options_init(NULL);
    eddy_queue_options_init(&options);
    assert_int_equal(options.size, sizeof options);
    assert_int_equal(eddy_queue_create(NULL, &options), EDDY_EINVAL);
    options.kind = EDDY_QUEUE_PRIORITY; /* in which order? */
    assert_int_equal(eddy_queue_create(&queue, &options), EDDY_EINVAL);
    options.kind = (eddy_queue_kind)3;
    assert_int_equal(eddy_queue_create(&queue, &options), EDDY_EINVAL);
    options = (eddy_queue_options){0};
    assert_int_equal(eddy_queue_create(&queue, &options), EDDY_EINVAL);
    assert_null(queue);
}

TASK_TEST(queue_calls_refuse_null)
{
    void *item = NULL;
    eddy_queue *queue = make_queue(EDDY_QUEUE_FIFO, 0);
    (void)arg;
    assert_int_equal(eddy_queue_put(NULL, item), EDDY_EINVAL);
    assert_int_equal(eddy_queue_put_nowait(NULL, item), EDDY_EINVAL);
    assert_int_equal(eddy_queue_put_copy(NULL, &item), EDDY_EINVAL);
    assert_int_equal(eddy_queue_put_copy_nowait(NULL, &item), EDDY_EINVAL);
    assert_int_equal(eddy_queue_get(NULL, &item), EDDY_EINVAL);
    assert_int_equal(eddy_queue_get_nowait(NULL, &item), EDDY_EINVAL);
    assert_int_equal(eddy_queue_get_copy(NULL, &item), EDDY_EINVAL);
    assert_int_equal(eddy_queue_get_copy_nowait(NULL, &item), EDDY_EINVAL);
    assert_int_equal(eddy_queue_task_done(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_queue_join(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_queue_shutdown(NULL, false), EDDY_EINVAL);
    assert_int_equal(eddy_queue_qsize(NULL), 0);
    assert_int_equal(eddy_queue_maxsize(NULL), 0);
    assert_true(eddy_queue_empty(NULL));
    assert_false(eddy_queue_full(NULL));
    assert_null(eddy_queue_retain(NULL));
    eddy_queue_release(NULL);
    assert_int_equal(eddy_queue_get(queue, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_queue_get_nowait(queue, NULL), EDDY_EINVAL);
    eddy_queue_release(queue);
    return 0;
}

TASK_TEST(items_are_either_pointers_or_copies)
{
    void *item = NULL;
    eddy_queue *pointers = make_queue(EDDY_QUEUE_FIFO, 0), *copies;
    (void)arg;
    assert_int_equal(eddy_queue_create(&copies, EDDY_OPTIONS(eddy_queue_options, .item_size = sizeof item)),
                     0);
    assert_int_equal(eddy_queue_put(copies, item), EDDY_EINVAL);
    assert_int_equal(eddy_queue_put_nowait(copies, item), EDDY_EINVAL);
    assert_int_equal(eddy_queue_get(copies, &item), EDDY_EINVAL);
    assert_int_equal(eddy_queue_get_nowait(copies, &item), EDDY_EINVAL);
    assert_int_equal(eddy_queue_put_copy(pointers, &item), EDDY_EINVAL);
    assert_int_equal(eddy_queue_put_copy_nowait(pointers, &item), EDDY_EINVAL);
    assert_int_equal(eddy_queue_get_copy(pointers, &item), EDDY_EINVAL);
    assert_int_equal(eddy_queue_get_copy_nowait(pointers, &item), EDDY_EINVAL);
    assert_int_equal(eddy_queue_put_copy(copies, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_queue_put_copy_nowait(copies, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_queue_get_copy(copies, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_queue_get_copy_nowait(copies, NULL), EDDY_EINVAL);
    assert_true(eddy_queue_empty(copies) && eddy_queue_empty(pointers));
    eddy_queue_release(pointers);
    eddy_queue_release(copies);
    return 0;
}

/* Also where there would be nothing to wait for. */
static void only_tasks_may_wait_at_a_queue(void **state)
{
    int copy = 5;
    void *item = NULL;
    eddy_queue *pointers = make_queue(EDDY_QUEUE_FIFO, 0), *copies;
    (void)state;
    eddyi_running_loop = NULL;
    assert_int_equal(eddy_queue_create(&copies, EDDY_OPTIONS(eddy_queue_options, .item_size = sizeof copy)),
                     0);
    assert_int_equal(eddy_queue_put(pointers, item), EDDY_ENOTASK);
    assert_int_equal(eddy_queue_get(pointers, &item), EDDY_ENOTASK);
    assert_int_equal(eddy_queue_put_copy(copies, &copy), EDDY_ENOTASK);
    assert_int_equal(eddy_queue_get_copy(copies, &copy), EDDY_ENOTASK);
    assert_int_equal(eddy_queue_join(pointers), EDDY_ENOTASK);
    eddy_queue_release(pointers);
    eddy_queue_release(copies);
}

/* ---- what is left when it goes ---- */

static int thrown_away[8];
static int thrown_away_count;

static void note_thrown_away(void *item)
{
    assert_true(thrown_away_count < 8);
    thrown_away[thrown_away_count++] = (int)(intptr_t)item;
}

static void note_thrown_away_copy(void *item)
{
    assert_true(thrown_away_count < 8);
    thrown_away[thrown_away_count++] = *(int *)item;
}

static void last_reference_throws_away_what_is_left(void **state)
{
    eddy_queue *queue;
    (void)state;
    thrown_away_count = 0;
    assert_int_equal(eddy_queue_create(&queue, EDDY_OPTIONS(eddy_queue_options, .maxsize = 3,
                                                            .item_release = note_thrown_away)),
                     0);
    for (intptr_t i = 0; i < 3; i++)
        assert_int_equal(eddy_queue_put_nowait(queue, number(i)), 0);
    assert_int_equal(get_number(queue), 0);
    assert_int_equal(eddy_queue_put_nowait(queue, number(3)), 0); /* goes round the end of the ring */
    assert_ptr_equal(eddy_queue_retain(queue), queue);
    eddy_queue_release(queue);
    assert_int_equal(thrown_away_count, 0);
    eddy_queue_release(queue);
    assert_int_equal(thrown_away_count, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(thrown_away[i], i + 1);
}

static void copies_are_thrown_away_by_their_address(void **state)
{
    eddy_queue *queue;
    (void)state;
    thrown_away_count = 0;
    assert_int_equal(eddy_queue_create(&queue, EDDY_OPTIONS(eddy_queue_options, .item_size = sizeof(int),
                                                            .kind = EDDY_QUEUE_LIFO,
                                                            .item_release = note_thrown_away_copy)),
                     0);
    for (int i = 7; i < 9; i++)
        assert_int_equal(eddy_queue_put_copy_nowait(queue, &i), 0);
    eddy_queue_release(queue);
    assert_int_equal(thrown_away_count, 2);
    assert_int_equal(thrown_away[0] + thrown_away[1], 15);
}

static eddy_queue *used_by_release;

static void use_the_queue(void *item)
{
    void *other;
    note_thrown_away(item);
    assert_true(eddy_queue_empty(used_by_release));
    assert_int_equal(eddy_queue_put_nowait(used_by_release, item), EDDY_EQUEUESHUTDOWN);
    assert_int_equal(eddy_queue_get_nowait(used_by_release, &other), EDDY_EQUEUESHUTDOWN);
    assert_int_equal(eddy_queue_shutdown(used_by_release, true), 0);
    eddy_queue_release(eddy_queue_retain(used_by_release));
}

/* HZ23: the code that is called back finds a queue that is whole. */
static void item_release_may_use_the_queue(void **state)
{
    (void)state;
    for (int shut_before = 0; shut_before < 2; shut_before++) {
        thrown_away_count = 0;
        assert_int_equal(eddy_queue_create(&used_by_release,
                                           EDDY_OPTIONS(eddy_queue_options, .item_release = use_the_queue)),
                         0);
        for (intptr_t i = 0; i < 3; i++)
            assert_int_equal(eddy_queue_put_nowait(used_by_release, number(i)), 0);
        if (shut_before)
            assert_int_equal(eddy_queue_shutdown(used_by_release, true), 0);
        eddy_queue_release(used_by_release);
        assert_int_equal(thrown_away_count, 3);
    }
}

static void give_the_queue_back(void *item)
{
    note_thrown_away(item);
    eddy_queue_release(used_by_release);
}

static void item_release_may_give_the_last_reference_back(void **state)
{
    (void)state;
    long blocks = support_live_blocks();
    thrown_away_count = 0;
    assert_int_equal(eddy_queue_create(&used_by_release,
                                       EDDY_OPTIONS(eddy_queue_options, .item_release = give_the_queue_back)),
                     0);
    assert_int_equal(eddy_queue_put_nowait(used_by_release, NULL), 0);
    assert_int_equal(eddy_queue_shutdown(used_by_release, true), 0);
    assert_int_equal(thrown_away_count, 1);
    assert_int_equal(support_live_blocks(), blocks);
}

/* ---- memory ---- */

/* M1: every way in which a queue can lack memory leaves it as it was. */
static void fault_M1_queue_that_cannot_grow_stays_as_it_was(void **state)
{
    eddyi_inject_plan all = {
        .fail_at = 1, .fail_after_too = true, .calls = UINT64_C(1) << EDDYI_INJECT_memory};
    (void)state;
    for (int kind = EDDY_QUEUE_FIFO; kind <= EDDY_QUEUE_PRIORITY; kind++) {
        eddy_queue *queue = NULL;
        intptr_t next_in = 0, failures = 0;
        eddy_queue_options options = {.size = sizeof options, .kind = (eddy_queue_kind)kind, .less = smaller};
        eddyi_inject_start(&all);
        assert_int_equal(eddy_queue_create(&queue, &options), EDDY_ENOMEM);
        eddyi_inject_stop();
        assert_null(queue);
        assert_int_equal(eddy_queue_create(&queue, &options), 0);
        while (next_in < 1000) {
            eddyi_inject_start(&all);
            int rc = eddy_queue_put_nowait(queue, number(next_in));
            eddyi_inject_stop();
            if (rc < 0) {
                assert_int_equal(rc, EDDY_ENOMEM);
                assert_int_equal(eddy_queue_qsize(queue), next_in);
                assert_int_equal(eddy_queue_put_nowait(queue, number(next_in)), 0);
                failures++;
            }
            next_in++;
        }
        assert_true(failures > 3 && failures < 12); /* doubling */
        for (intptr_t i = 0; i < 1000; i++)
            assert_int_equal(get_number(queue), kind == EDDY_QUEUE_LIFO ? 999 - i : i);
        for (int i = 0; i < 1000; i++)
            assert_int_equal(eddy_queue_task_done(queue), 0); /* what failed was not counted */
        assert_int_equal(eddy_queue_task_done(queue), EDDY_EINVALIDSTATE);
        eddy_queue_release(queue);
    }
}

/* M4: sizes whose product does not fit. */
static void fault_M4_items_too_large_to_be_stored_are_out_of_memory(void **state)
{
    char byte = 0;
    eddy_queue *queue;
    (void)state;
    for (int i = 0; i < 2; i++) {
        size_t size = i == 0 ? SIZE_MAX : SIZE_MAX / 2 + 1;
        assert_int_equal(eddy_queue_create(&queue, EDDY_OPTIONS(eddy_queue_options, .item_size = size)), 0);
        eddyi_inject_plan all = {
            .fail_at = 1, .fail_after_too = true, .calls = UINT64_C(1) << EDDYI_INJECT_memory};
        eddyi_inject_start(&all); /* the sanitizers' allocators do not fail, they report */
        assert_int_equal(eddy_queue_put_copy_nowait(queue, &byte), EDDY_ENOMEM);
        eddyi_inject_stop();
        assert_true(eddy_queue_empty(queue));
        eddy_queue_release(queue);
    }
}

/* Once it has grown, a queue costs nothing more. */
TASK_TEST(queue_allocates_nothing_in_the_steady_state)
{
    (void)arg;
    for (int kind = EDDY_QUEUE_FIFO; kind <= EDDY_QUEUE_PRIORITY; kind++) {
        void *item;
        eddy_queue *queue = make_queue((eddy_queue_kind)kind, 50);
        while (!eddy_queue_full(queue))
            assert_int_equal(eddy_queue_put(queue, number(1)), 0);
        eddyi_inject_start(NULL);
        for (int i = 0; i < 500; i++) {
            for (int n = 0; n < 1 + i % 50; n++)
                assert_int_equal(eddy_queue_get(queue, &item), 0);
            while (!eddy_queue_full(queue))
                assert_int_equal(eddy_queue_put(queue, item), 0);
        }
        uint64_t allocations = eddyi_inject_count_of(EDDYI_INJECT_memory);
        eddyi_inject_stop();
        assert_int_equal(allocations, 0);
        eddy_queue_release(queue);
    }
    return 0;
}

int suite_queues(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queue_without_a_loop_works_and_tells_its_size),
        cmocka_unit_test(queue_without_a_limit_is_never_full),
        cmocka_unit_test(each_kind_has_its_order),
        cmocka_unit_test(null_is_an_item),
        cmocka_unit_test(ring_that_grows_in_the_middle_keeps_the_order),
        cmocka_unit_test(copied_items_are_the_callers_again_at_once),
        cmocka_unit_test(equal_priorities_come_out_in_the_order_of_heapq),
        cmocka_unit_test(less_that_contradicts_itself_loses_no_item),
        cmocka_unit_test(less_that_uses_the_queue_is_told_that_it_is_busy),
        cmocka_unit_test(queue_that_cannot_be_is_refused),
        cmocka_unit_test(queue_calls_refuse_null),
        cmocka_unit_test(items_are_either_pointers_or_copies),
        cmocka_unit_test(only_tasks_may_wait_at_a_queue),
        cmocka_unit_test(last_reference_throws_away_what_is_left),
        cmocka_unit_test(copies_are_thrown_away_by_their_address),
        cmocka_unit_test(item_release_may_use_the_queue),
        cmocka_unit_test(item_release_may_give_the_last_reference_back),
        cmocka_unit_test(fault_M1_queue_that_cannot_grow_stays_as_it_was),
        cmocka_unit_test(fault_M4_items_too_large_to_be_stored_are_out_of_memory),
        cmocka_unit_test(queue_allocates_nothing_in_the_steady_state),
    };
    return cmocka_run_group_tests_name("queues", tests, NULL, NULL);
}
