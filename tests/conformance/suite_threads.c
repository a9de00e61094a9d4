/* suite_threads.c: reaching a loop from other threads: handles and run_coroutine_threadsafe. Rule numbers Y1-Y5 are those of
 * asyncio's inventory.
 * Touches the public API and seam 2's threads. Who waits, waits at a gate or for a future, never for time. */
#include <math.h>

#include "home.h"
#include "suite.h"

static const double FOREVER = (double)INFINITY;

/* ---- handles (Y1) ---- */

static void pass(void *door)
{
    (void)gate_pass(door);
}

typedef struct canceller {
    eddy_handle *handle;
    gate door; /* passed once before the cancel, and once after it */
    atomic_bool cancelled;
} canceller;

static void cancel_handle(void *arg)
{
    canceller *self = arg;
    (void)gate_pass(&self->door);
    eddy_handle_cancel(self->handle);
    (void)gate_pass(&self->door);
}

static void ask_handle(void *arg)
{
    canceller *self = arg;
    (void)gate_pass(&self->door);
    atomic_store(&self->cancelled, eddy_handle_cancelled(self->handle));
    (void)gate_pass(&self->door);
}

/* Others wait as long as the callback runs. */
static void others_wait_while_it_runs(void (*other)(void *))
{
    enum { OTHERS = 3 };
    home h;
    gate door;
    eddyi_thread threads[OTHERS];
    canceller c = {0};
    home_start(&h);
    gate_init(&door, 2);
    gate_init(&c.door, 0);
    assert_int_equal(eddy_loop_call_soon_threadsafe(h.loop, &c.handle, pass, &door), 0);
    gate_block_until_arrived(&door, 1);
    for (int i = 0; i < OTHERS; i++)
        assert_int_equal(eddyi_thread_create(&threads[i], other, &c, "other"), 0);
    gate_block_until_arrived(&c.door, OTHERS);
    support_let_others_run();
    assert_int_equal(gate_arrived(&c.door), OTHERS); /* none came back */
    assert_int_equal(gate_passed(&door), 0);
    gate_open(&door);
    for (int i = 0; i < OTHERS; i++)
        eddyi_thread_join(&threads[i]);
    assert_int_equal(gate_passed(&door), 1);
    assert_false(atomic_load(&c.cancelled));
    assert_false(eddy_handle_cancelled(c.handle)); /* it ran */
    eddy_handle_release(c.handle);
    home_end(&h);
    gate_free(&c.door);
    gate_free(&door);
}

static void cancel_from_another_thread_waits_while_the_callback_runs(void **state)
{
    (void)state;
    others_wait_while_it_runs(cancel_handle);
}

static void asking_from_another_thread_waits_while_the_callback_runs(void **state)
{
    (void)state;
    others_wait_while_it_runs(ask_handle);
}

static void cancel_from_another_thread_before_it_runs_prevents_it(void **state)
{
    home h;
    gate door, never;
    eddy_handle *handle;
    (void)state;
    home_start(&h);
    gate_init(&door, 2);
    gate_init(&never, 0);
    assert_int_equal(eddy_loop_call_soon_threadsafe(h.loop, NULL, pass, &door), 0);
    gate_block_until_arrived(&door, 1); /* the loop is busy */
    assert_int_equal(eddy_loop_call_soon_threadsafe(h.loop, &handle, pass, &never), 0);
    eddy_handle_cancel(handle);
    assert_true(eddy_handle_cancelled(handle));
    gate_open(&door);
    home_stop(&h);
    assert_int_equal(gate_arrived(&never), 0);
    eddy_handle_release(handle);
    home_close(&h);
    gate_free(&never);
    gate_free(&door);
}

static void stop(void *loop)
{
    eddy_loop_stop(loop);
}

static eddy_handle *own_handle;
static bool own_cancelled;

static void cancel_own_handle(void *arg)
{
    eddy_handle_cancel(own_handle);
    own_cancelled = eddy_handle_cancelled(own_handle);
    stop(arg);
}

static void cancel_from_inside_the_callback_does_not_block(void **state)
{
    home h;
    (void)state;
    home_make(&h);
    own_cancelled = true;
    assert_int_equal(eddy_loop_call_soon_threadsafe(h.loop, &own_handle, cancel_own_handle, h.loop), 0);
    assert_int_equal(eddy_loop_run_forever(h.loop), 0);
    assert_false(own_cancelled);
    eddy_handle_release(own_handle);
    home_close(&h);
}

/* X2: what was posted to a loop that never runs goes with the loop. */
static void fault_X2_post_to_a_loop_that_never_runs_is_given_back(void **state)
{
    home h;
    eddy_handle *handle;
    gate never;
    (void)state;
    gate_init(&never, 0);
    home_make(&h);
    assert_int_equal(eddy_loop_call_soon_threadsafe(h.loop, NULL, pass, &never), 0);
    assert_int_equal(eddy_loop_call_soon_threadsafe(h.loop, &handle, pass, &never), 0);
    eddy_loop_release(h.loop);
    eddy_handle_cancel(handle); /* a handle outlives its loop */
    eddy_handle_release(handle);
    gate_block_until_blocks(h.blocks);
    assert_int_equal(gate_arrived(&never), 0);
    gate_free(&never);
}

/* X9, Y1: posts from several threads, half of them cancelled: a callback whose cancel came in time never runs, any other runs once. */
enum { POSTERS = 4, POSTS = 2000 };

typedef struct poster {
    eddy_loop *loop;
    atomic_int ran[POSTS];
    bool cancelled[POSTS];
    int refused, wrong;
} poster;

static void count_run(void *number)
{
    atomic_fetch_add((atomic_int *)number, 1);
}

static void post_and_cancel(void *arg)
{
    poster *self = arg;
    for (int i = 0; i < POSTS; i++) {
        eddy_handle *handle;
        if (eddy_loop_call_soon_threadsafe(self->loop, &handle, count_run, &self->ran[i]) < 0) {
            self->refused++;
            continue;
        }
        if (i % 2 == 0)
            eddy_handle_cancel(handle);
        self->cancelled[i] = eddy_handle_cancelled(handle);
        if (i % 2 == 0 && !self->cancelled[i] && atomic_load(&self->ran[i]) != 1)
            self->wrong++; /* cancel came back, and the call it was too late for has not ended */
        eddy_handle_release(handle);
    }
}

static void fault_X9_storm_of_posts_and_cancels_loses_none(void **state)
{
    static poster all[POSTERS];
    eddyi_thread threads[POSTERS];
    home h;
    (void)state;
    home_start(&h);
    memset(all, 0, sizeof all);
    for (int i = 0; i < POSTERS; i++) {
        all[i].loop = h.loop;
        assert_int_equal(eddyi_thread_create(&threads[i], post_and_cancel, &all[i], "poster"), 0);
    }
    for (int i = 0; i < POSTERS; i++)
        eddyi_thread_join(&threads[i]);
    home_stop(&h); /* first come, first served: all before it have run */
    for (int i = 0; i < POSTERS; i++) {
        assert_int_equal(all[i].refused, 0);
        assert_int_equal(all[i].wrong, 0);
        for (int k = 0; k < POSTS; k++)
            assert_int_equal(atomic_load(&all[i].ran[k]), all[i].cancelled[k] ? 0 : 1);
    }
    home_close(&h);
}

/* 12.2: first come, first served, for each thread that posts. */
typedef struct numbered {
    struct row *row;
    int number;
} numbered;

typedef struct row {
    eddy_loop *loop;
    numbered posts[POSTS];
    int next, wrong, refused;
} row;

static void take_in_order(void *arg)
{
    const numbered *post = arg;
    post->row->wrong += post->number != post->row->next;
    post->row->next++;
}

static void post_in_order(void *arg)
{
    row *self = arg;
    for (int i = 0; i < POSTS; i++) {
        self->posts[i] = (numbered){.row = self, .number = i};
        self->refused += eddy_loop_call_soon_threadsafe(self->loop, NULL, take_in_order, &self->posts[i]) < 0;
    }
}

static void posts_of_each_thread_run_in_its_own_order(void **state)
{
    static row all[POSTERS];
    eddyi_thread threads[POSTERS];
    home h;
    (void)state;
    home_start(&h);
    memset(all, 0, sizeof all);
    for (int i = 0; i < POSTERS; i++) {
        all[i].loop = h.loop;
        assert_int_equal(eddyi_thread_create(&threads[i], post_in_order, &all[i], "poster"), 0);
    }
    for (int i = 0; i < POSTERS; i++)
        eddyi_thread_join(&threads[i]);
    home_stop(&h);
    for (int i = 0; i < POSTERS; i++) {
        assert_int_equal(all[i].refused, 0);
        assert_int_equal(all[i].next, POSTS);
        assert_int_equal(all[i].wrong, 0);
    }
    home_close(&h);
}

/* ---- run_coroutine_threadsafe ---- */

static void a_coroutine_runs_on_the_other_loop_and_its_result_arrives(void **state)
{
    home h;
    errand e = {.result = 42, .yields = true};
    int outcome = 0;
    (void)state;
    gate_init(&e.door, 0);
    home_start(&h);
    eddy_concurrent_future *future = eddy_concurrent_future_retain(send_errand(h.loop, &e));
    eddy_concurrent_future_release(future);
    assert_int_equal(eddy_concurrent_future_result(future, NULL, FOREVER), 42);
    assert_int_equal(eddy_concurrent_future_result(future, &outcome, 0), 0);
    assert_int_equal(outcome, 42);
    assert_true(eddy_concurrent_future_done(future));
    assert_false(eddy_concurrent_future_cancelled(future));
    assert_false(eddy_concurrent_future_cancel(future));
    assert_true(e.thread != eddyi_thread_id());
    assert_string_equal(e.name, "errand");
    assert_int_equal(gate_released(&e.door), 1);
    eddy_concurrent_future_release(future);
    home_end(&h);
    gate_free(&e.door);
}

/* Y2 */
static void an_error_of_the_coroutine_arrives_with_its_detail(void **state)
{
    home h;
    errand e = {.result = EDDY_EPIPE};
    int outcome = 0;
    (void)state;
    gate_init(&e.door, 0);
    home_start(&h);
    eddy_concurrent_future *future = send_errand(h.loop, &e);
    eddy_error_clear();
    assert_int_equal(eddy_concurrent_future_result(future, &outcome, FOREVER), 0);
    assert_int_equal(outcome, EDDY_EPIPE);
    assert_int_equal(eddy_last_error()->code, EDDY_EPIPE);
    assert_int_equal(eddy_concurrent_future_result(future, NULL, FOREVER), EDDY_EPIPE);
    eddy_concurrent_future_release(future);
    home_end(&h);
    gate_free(&e.door);
}

static int failing_reports;

static void count_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)arg;
    failing_reports += context->exception == EDDY_EINVAL;
}

/* Y2: a task that cannot be made fails the future and is reported where it should have run. */
static void a_task_that_cannot_be_made_is_told_on_both_sides(void **state)
{
    home h;
    errand e = {.result = 1};
    eddy_concurrent_future *future;
    (void)state;
    failing_reports = 0;
    gate_init(&e.door, 0);
    home_make(&h);
    assert_int_equal(eddy_loop_set_exception_handler(h.loop, count_report, NULL), 0);
    assert_int_equal(eddy_run_coroutine_threadsafe(h.loop, &future, do_errand, &e,
                                                   EDDY_OPTIONS(eddy_task_options, .release = release_errand,
                                                                .stack_size = SIZE_MAX / 2)),
                     0);
    assert_true(eddy_loop_run_once(h.loop, 0) >= 0);
    assert_int_equal(eddy_concurrent_future_result(future, NULL, 0), EDDY_EINVAL);
    assert_int_equal(failing_reports, 1);
    assert_int_equal(gate_released(&e.door), 1);
    eddy_concurrent_future_release(future);
    home_close(&h);
    gate_free(&e.door);
}

/* Y3: a timeout while waiting does not cancel; a cancel does. */
static void a_timeout_does_not_cancel_and_a_cancel_does(void **state)
{
    home h;
    errand e = {.forever = true};
    (void)state;
    gate_init(&e.door, 0);
    home_start(&h);
    eddy_concurrent_future *future = send_errand(h.loop, &e);
    gate_block_until_arrived(&e.door, 1);
    assert_int_equal(eddy_concurrent_future_result(future, NULL, 0.001), EDDY_ETIMEDOUT);
    assert_int_equal(eddy_concurrent_future_result(future, NULL, -1), EDDY_ETIMEDOUT);
    assert_int_equal(eddy_concurrent_future_result(future, NULL, (double)NAN), EDDY_EINVAL);
    assert_false(eddy_concurrent_future_done(future));
    assert_true(eddy_concurrent_future_cancel(future));
    assert_true(eddy_concurrent_future_cancelled(future)); /* now, whatever the task does */
    assert_int_equal(eddy_concurrent_future_result(future, NULL, FOREVER), EDDY_ECANCELED);
    assert_false(eddy_concurrent_future_cancel(future));
    gate_block_until_released(&e.door, 1);
    assert_int_equal(e.cancels, 1);
    eddy_concurrent_future_release(future);
    home_end(&h);
    gate_free(&e.door);
}

static void a_coroutine_cancelled_before_it_starts_never_runs(void **state)
{
    home h;
    errand e = {.result = 1};
    (void)state;
    gate_init(&e.door, 0);
    home_make(&h);
    eddy_concurrent_future *future = send_errand(h.loop, &e);
    assert_true(eddy_concurrent_future_cancel(future));
    eddy_concurrent_future_release(future);
    assert_true(eddy_loop_run_once(h.loop, 0) >= 0);
    assert_int_equal(gate_arrived(&e.door), 0);
    assert_int_equal(gate_released(&e.door), 1);
    home_close(&h);
    gate_free(&e.door);
}

/* Y3, Y4, X7: on the loop's own thread a cancel works at once, and waiting, which would never end, is an error. */
TASK_TEST(fault_X7_waiting_on_the_loops_own_thread_is_an_error)
{
    errand e = {.forever = true};
    (void)arg;
    gate_init(&e.door, 0);
    eddy_concurrent_future *future = send_errand(eddy_get_running_loop(), &e);
    gate_await_arrivals(&e.door, 1);
    assert_int_equal(eddy_concurrent_future_result(future, NULL, FOREVER), EDDY_EDEADLK);
    assert_int_equal(eddy_concurrent_future_result(future, NULL, 0), EDDY_EDEADLK);
    assert_true(eddy_concurrent_future_cancel(future));
    assert_int_equal(eddy_concurrent_future_result(future, NULL, FOREVER), EDDY_ECANCELED);
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(e.cancels, 1);
    assert_int_equal(gate_released(&e.door), 1);
    eddy_concurrent_future_release(future);
    gate_free(&e.door);
    return 0;
}

static void ignore_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context;
    (void)arg;
}

/* X2: a loop that closes leaves nobody waiting: neither for what had begun nor for what was only posted. */
static void fault_X2_closing_loop_cancels_what_others_wait_for(void **state)
{
    home h;
    errand begun = {.forever = true}, posted = {.result = 1}, late = {.result = 1};
    eddy_concurrent_future *refused = NULL;
    (void)state;
    gate_init(&begun.door, 0);
    gate_init(&posted.door, 0);
    gate_init(&late.door, 0);
    home_make(&h);
    assert_int_equal(eddy_loop_set_exception_handler(h.loop, ignore_report, NULL), 0);
    eddy_concurrent_future *first = send_errand(h.loop, &begun);
    while (gate_arrived(&begun.door) < 1)
        assert_true(eddy_loop_run_once(h.loop, 0) >= 0);
    eddy_concurrent_future *second = send_errand(h.loop, &posted);
    assert_int_equal(eddy_loop_close(h.loop), 0);
    assert_int_equal(eddy_concurrent_future_result(first, NULL, FOREVER), EDDY_ECANCELED);
    assert_int_equal(eddy_concurrent_future_result(second, NULL, FOREVER), EDDY_ECANCELED);
    assert_int_equal(gate_released(&begun.door), 1);
    assert_int_equal(gate_released(&posted.door), 1);
    assert_int_equal(gate_arrived(&posted.door), 0);
    assert_int_equal(
        eddy_run_coroutine_threadsafe(h.loop, &refused, do_errand, &late,
                                      EDDY_OPTIONS(eddy_task_options, .release = release_errand)),
        EDDY_ECLOSED);
    assert_null(refused);
    assert_int_equal(gate_released(&late.door), 0);
    eddy_concurrent_future_release(first);
    eddy_loop_release(h.loop);
    eddy_concurrent_future_release(second); /* it outlives its loop */
    gate_block_until_blocks(h.blocks);
    gate_free(&begun.door);
    gate_free(&posted.door);
    gate_free(&late.door);
}

static void concurrent_futures_refuse_null(void **state)
{
    home h;
    eddy_concurrent_future *future = NULL;
    (void)state;
    home_make(&h);
    assert_int_equal(eddy_run_coroutine_threadsafe(NULL, &future, do_errand, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_run_coroutine_threadsafe(h.loop, NULL, do_errand, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_run_coroutine_threadsafe(h.loop, &future, NULL, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_concurrent_future_result(NULL, NULL, 0), EDDY_EINVAL);
    assert_false(eddy_concurrent_future_cancel(NULL));
    assert_false(eddy_concurrent_future_done(NULL));
    assert_false(eddy_concurrent_future_cancelled(NULL));
    assert_null(eddy_concurrent_future_retain(NULL));
    eddy_concurrent_future_release(NULL);
    home_close(&h);
}

/* X8: a loop whose thread has ended is closed by any other. */
static void leave_loop(void *arg)
{
    errand *e = ((void **)arg)[1];
    eddy_loop *loop = ((void **)arg)[0];
    if (eddy_loop_create_task(loop, NULL, do_errand, e,
                              EDDY_OPTIONS(eddy_task_options, .release = release_errand)) == 0)
        (void)eddy_loop_run_once(loop, 0);
}

static void fault_X8_loop_that_its_thread_left_is_closed_by_another(void **state)
{
    home h;
    errand e = {.forever = true};
    void *both[2];
    eddyi_thread thread;
    (void)state;
    gate_init(&e.door, 0);
    home_make(&h);
    assert_int_equal(eddy_loop_set_exception_handler(h.loop, ignore_report, NULL), 0);
    both[0] = h.loop;
    both[1] = &e;
    assert_int_equal(eddyi_thread_create(&thread, leave_loop, both, "leaver"), 0);
    eddyi_thread_join(&thread);
    assert_int_equal(gate_arrived(&e.door), 1);
    assert_int_equal(eddy_loop_close(h.loop), 0);
    assert_int_equal(gate_released(&e.door), 1);
    home_close(&h);
    gate_free(&e.door);
}

int suite_threads(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancel_from_another_thread_waits_while_the_callback_runs),
        cmocka_unit_test(asking_from_another_thread_waits_while_the_callback_runs),
        cmocka_unit_test(cancel_from_another_thread_before_it_runs_prevents_it),
        cmocka_unit_test(cancel_from_inside_the_callback_does_not_block),
        cmocka_unit_test(fault_X2_post_to_a_loop_that_never_runs_is_given_back),
        cmocka_unit_test(fault_X9_storm_of_posts_and_cancels_loses_none),
        cmocka_unit_test(posts_of_each_thread_run_in_its_own_order),
        cmocka_unit_test(a_coroutine_runs_on_the_other_loop_and_its_result_arrives),
        cmocka_unit_test(an_error_of_the_coroutine_arrives_with_its_detail),
        cmocka_unit_test(a_task_that_cannot_be_made_is_told_on_both_sides),
        cmocka_unit_test(a_timeout_does_not_cancel_and_a_cancel_does),
        cmocka_unit_test(a_coroutine_cancelled_before_it_starts_never_runs),
        cmocka_unit_test(fault_X7_waiting_on_the_loops_own_thread_is_an_error),
        cmocka_unit_test(fault_X2_closing_loop_cancels_what_others_wait_for),
        cmocka_unit_test(concurrent_futures_refuse_null),
        cmocka_unit_test(fault_X8_loop_that_its_thread_left_is_closed_by_another),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
