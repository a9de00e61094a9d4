/* suite_loop.c: the loop: callbacks, timers, stop, close, guest mode, reports. Rule numbers L1-L8 are those of asyncio's inventory.
 * Touches the public API, and threads where posting from them is the subject. */
#include "support/support.h"
#include "suite.h"

#include <math.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/inject.h"
#include "core/loop/loop.h"
#include "core/platform.h"

static eddy_loop *make(void)
{
    eddy_loop *loop;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    eddyi_running_loop = NULL;
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    return loop;
}

static void end(eddy_loop *loop)
{
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_loop_release(loop);
}

typedef struct notes {
    int count;
    int order[32];
} notes;

static notes seen;

static void note(void *number)
{
    seen.order[seen.count++] = (int)(intptr_t)number;
}

static void stop(void *loop)
{
    eddy_loop_stop(loop);
}

static void later(eddy_loop *loop, double delay, int number)
{
    assert_int_equal(eddy_loop_call_later(loop, NULL, delay, note, (void *)(intptr_t)number), 0);
}

static void soon(eddy_loop *loop, int number)
{
    assert_int_equal(eddy_loop_call_soon(loop, NULL, note, (void *)(intptr_t)number), 0);
}

static void must_have_seen(int count, const int *numbers)
{
    assert_int_equal(seen.count, count);
    assert_memory_equal(seen.order, numbers, (size_t)count * sizeof *numbers);
    seen.count = 0;
}

/* ---- callbacks and order ---- */

static void queue_another(void *loop)
{
    note((void *)1);
    soon(loop, 3);
}

/* L2: an iteration runs what was there when it began. */
static void batch_is_what_was_ready_when_it_began(void **state)
{
    eddy_loop *loop = make();
    (void)state;
    seen.count = 0;
    assert_int_equal(eddy_loop_call_soon(loop, NULL, queue_another, loop), 0);
    soon(loop, 2);
    assert_int_equal(eddy_loop_run_once(loop, 0), 2);
    must_have_seen(2, (int[]){1, 2});
    assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    must_have_seen(1, (int[]){3});
    end(loop);
}

/* L6 as a promise: equal deadlines in the order of the calls, and shorter ones first. */
static void timers_fire_in_order(void **state)
{
    eddy_loop *loop = make();
    (void)state;
    seen.count = 0;
    double when =
        eddy_loop_time(loop) + 0.25; /* far enough that a slow machine has made all the calls by then */
    for (int i = 0; i < 5; i++)
        assert_int_equal(eddy_loop_call_at(loop, NULL, when, note, (void *)(intptr_t)i), 0);
    later(loop, 0.001, 10);
    later(loop, -5, 9); /* T7: in the past is now */
    assert_int_equal(eddy_loop_call_at(loop, NULL, when + 0.001, stop, loop), 0);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    must_have_seen(7, (int[]){9, 10, 0, 1, 2, 3, 4});
    end(loop);
}

static void fault_T7_odd_delays_are_defined(void **state)
{
    eddy_loop *loop = make();
    eddy_handle *never, *far;
    (void)state;
    assert_int_equal(eddy_loop_call_later(loop, NULL, (double)NAN, note, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_call_at(loop, NULL, (double)NAN, note, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_call_later(loop, &never, (double)INFINITY, note, NULL), 0);
    assert_int_equal(eddy_loop_call_later(loop, &far, 40 * 86400.0, note, NULL), 0); /* beyond 2^31 ms */
    assert_true(isinf(eddy_handle_when(never)));
    assert_true(eddy_handle_when(far) >= eddy_loop_time(loop) + 39 * 86400.0);
    assert_true(eddy_loop_next_timeout(loop) > 30 * 86400.0 || eddy_loop_next_timeout(loop) > 0);
    seen.count = 0;
    assert_true(eddy_loop_run_once(loop, 0) >= 0);
    assert_int_equal(seen.count, 0);
    eddy_handle_release(never);
    eddy_handle_release(far);
    end(loop);
}

/* T1: none of many short sleeps is early by the loop's own clock. */
TASK_TEST(fault_T1_no_sleep_is_early)
{
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    for (int i = 0; i < 300; i++) {
        uint64_t delay = (uint64_t)(i % 37) * 10000;
        uint64_t before = eddyi_loop_now(loop);
        assert_int_equal(eddy_sleep((double)delay / 1e9), 0);
        assert_true(eddyi_loop_now(loop) - before >= delay);
    }
    return 0;
}

static void cancelled_handles_do_not_run(void **state)
{
    eddy_loop *loop = make();
    eddy_handle *a, *b, *c;
    (void)state;
    seen.count = 0;
    assert_int_equal(eddy_loop_call_soon(loop, &a, note, (void *)1), 0);
    assert_int_equal(eddy_loop_call_later(loop, &b, 0.001, note, (void *)2), 0);
    assert_int_equal(eddy_loop_call_soon_threadsafe(loop, &c, note, (void *)3), 0);
    soon(loop, 4);
    eddy_handle_cancel(a);
    eddy_handle_cancel(a);
    eddy_handle_cancel(b);
    eddy_handle_cancel(c);
    assert_true(eddy_handle_cancelled(a) && eddy_handle_cancelled(b) && eddy_handle_cancelled(c));
    assert_int_equal(eddy_loop_call_later(loop, NULL, 0.003, stop, loop), 0);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    must_have_seen(1, (int[]){4});
    eddy_handle_release(a);
    eddy_handle_release(b);
    eddy_handle_release(c);
    end(loop);
}

static void handle_outlives_its_loop(void **state)
{
    eddy_loop *loop = make();
    eddy_handle *handle;
    long blocks;
    (void)state;
    assert_int_equal(eddy_loop_call_later(loop, &handle, 100, note, NULL), 0);
    end(loop);
    eddy_handle_cancel(handle);
    blocks = support_live_blocks();
    eddy_handle_release(handle);
    assert_true(support_live_blocks() < blocks); /* the loop's memory went with it */
}

/* ---- stop, run, close ---- */

static void fault_P12_stop_is_defined_at_any_time(void **state)
{
    eddy_loop *loop = make();
    (void)state;
    seen.count = 0;
    eddy_loop_stop(loop); /* L3: before running: one iteration */
    eddy_loop_stop(loop);
    soon(loop, 1);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    must_have_seen(1, (int[]){1});
    assert_int_equal(eddy_loop_call_soon(loop, NULL, stop, loop), 0);
    soon(loop, 2); /* the iteration in hand is finished */
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    must_have_seen(1, (int[]){2});
    end(loop);
}

static int inner_result;

static void run_inside(void *loop)
{
    inner_result = eddy_loop_run_forever(loop);
}

static void fault_P13_running_twice_is_an_error(void **state)
{
    eddy_loop *loop = make();
    (void)state;
    assert_int_equal(eddy_loop_call_soon(loop, NULL, run_inside, loop), 0);
    assert_int_equal(eddy_loop_call_soon(loop, NULL, stop, loop), 0);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    assert_int_equal(inner_result, EDDY_ERUNNING);
    end(loop);
}

static int wait_for_ever(void *arg)
{
    (void)arg;
    return eddy_sleep((double)INFINITY);
}

static int released;

static void count_release(void *arg)
{
    (void)arg;
    released++;
}

static int reported;

static void count_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)arg;
    (void)context;
    reported++;
}

/* L8, P14: closing with tasks, timers and callbacks alive: told, given back, and nothing runs. */
static void fault_P14_close_with_live_things_gives_all_back(void **state)
{
    eddy_loop *loop = make();
    eddy_task_options options = {.size = sizeof options, .release = count_release};
    eddy_task *kept;
    (void)state;
    seen.count = reported = released = 0;
    assert_int_equal(eddy_loop_set_exception_handler(loop, count_report, NULL), 0);
    assert_int_equal(eddy_loop_create_task(loop, &kept, wait_for_ever, NULL, &options), 0);
    assert_int_equal(eddy_loop_create_task(loop, NULL, wait_for_ever, NULL, &options), 0);
    assert_true(eddy_loop_run_once(loop, 0) >= 0);
    assert_int_equal(eddy_loop_create_task(loop, NULL, wait_for_ever, NULL, &options), 0); /* never started */
    soon(loop, 1);
    later(loop, 5, 2);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_true(eddy_loop_is_closed(loop));
    assert_int_equal(seen.count, 0);
    assert_int_equal(reported, 3);
    assert_int_equal(released, 3);
    assert_true(eddy_task_cancelled(kept));
    assert_int_equal(eddy_loop_call_soon(loop, NULL, note, NULL), EDDY_ECLOSED);
    assert_int_equal(eddy_loop_call_later(loop, NULL, 1, note, NULL), EDDY_ECLOSED);
    assert_int_equal(eddy_loop_call_soon_threadsafe(loop, NULL, note, NULL), EDDY_ECLOSED);
    assert_int_equal(eddy_loop_create_task(loop, NULL, wait_for_ever, NULL, NULL), EDDY_ECLOSED);
    assert_int_equal(eddy_loop_add_reader(loop, 0, note, NULL), EDDY_ECLOSED);
    assert_int_equal(eddy_loop_remove_reader(loop, 0), 0);
    assert_int_equal(eddy_loop_run_forever(loop), EDDY_ECLOSED);
    eddy_task_release(kept);
    eddy_loop_release(loop);
}

static void fault_P15_creation_that_fails_half_way_leaves_nothing(void **state)
{
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    eddy_loop *loop = NULL;
    (void)state;
    end(make()); /* what is made once a process is made now */
    eddyi_inject_start(NULL);
    end(make());
    uint64_t total = eddyi_inject_count();
    eddyi_inject_stop();
    for (uint64_t k = 1; k <= total; k++) {
        eddyi_inject_plan plan = {.fail_at = k};
        long blocks = support_live_blocks();
        int descriptors = support_open_descriptors();
        eddyi_inject_start(&plan);
        int rc = eddy_new_event_loop(&loop, &options);
        if (rc == 0)
            end(loop);
        eddyi_inject_stop();
        assert_true(rc <= 0);
        assert_int_equal(support_live_blocks(), blocks);
        assert_int_equal(support_open_descriptors(), descriptors);
    }
}

static void unknown_backend_is_an_error_that_lists_the_known_ones(void **state)
{
    eddy_loop *loop = NULL;
    eddy_loop_options options = {.size = sizeof options, .backend = "no-such-backend"};
    (void)state;
    eddyi_running_loop = NULL;
    assert_int_equal(eddy_new_event_loop(&loop, &options), EDDY_EBACKEND);
    assert_null(loop);
    assert_non_null(strstr(eddy_last_error()->message, eddy_backend_name(0)));
    assert_int_equal(eddy_new_event_loop(NULL, NULL), EDDY_EINVAL);
    options = (eddy_loop_options){0};
    assert_int_equal(eddy_new_event_loop(&loop, &options), EDDY_EINVAL); /* size was not set */
}

/* P10, P11: something that is always ready starves neither timers nor other tasks. */
static int spin(void *stop_now)
{
    while (!*(bool *)stop_now) {
        int rc = eddy_sleep(0);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void reschedule(void *arg)
{
    if (!*(bool *)arg)
        (void)eddy_loop_call_soon(eddy_get_running_loop(), NULL, reschedule, arg);
}

TASK_TEST(fault_P10_endless_rescheduling_does_not_starve_timers)
{
    bool stop_now = false;
    eddy_task *spinner;
    (void)arg;
    assert_int_equal(eddy_create_task(&spinner, spin, &stop_now, NULL), 0);
    reschedule(&stop_now);
    assert_int_equal(eddy_sleep(0.002), 0);
    stop_now = true;
    assert_int_equal(eddy_await(spinner, NULL), 0);
    eddy_task_release(spinner);
    return 0;
}

/* ---- other threads ---- */

enum { POSTERS = 4, POSTS = 5000 };

typedef struct posting {
    eddy_loop *loop;
    int ran, refused;
} posting;

static void count_post(void *arg)
{
    ((posting *)arg)->ran++;
}

static void post_many(void *arg)
{
    posting *p = arg;
    for (int i = 0; i < POSTS; i++)
        if (eddy_loop_call_soon_threadsafe(p->loop, NULL, count_post, p) < 0)
            p->refused++;
}

static int wait_for_posts(void *arg)
{
    posting *all = arg;
    for (;;) {
        int sum = 0;
        for (int i = 0; i < POSTERS; i++)
            sum += all[i].ran;
        if (sum == POSTERS * POSTS)
            return 0;
        int rc = eddy_sleep(0);
        if (rc < 0)
            return rc;
    }
}

/* P18, X9: none is lost and none runs twice. */
static void fault_P18_posts_from_threads_all_run_once(void **state)
{
    eddy_loop *loop = make();
    eddyi_thread threads[POSTERS];
    posting all[POSTERS];
    eddy_task *waiter;
    (void)state;
    assert_int_equal(eddy_loop_create_task(loop, &waiter, wait_for_posts, all, NULL), 0);
    for (int i = 0; i < POSTERS; i++) {
        all[i] = (posting){.loop = loop};
        assert_int_equal(eddyi_thread_create(&threads[i], post_many, &all[i], "poster"), 0);
    }
    assert_int_equal(eddy_loop_run_until_complete(loop, eddy_task_future(waiter)), 0);
    for (int i = 0; i < POSTERS; i++) {
        eddyi_thread_join(&threads[i]);
        assert_int_equal(all[i].refused, 0);
    }
    eddy_task_release(waiter);
    end(loop);
}

/* X2: posting against close: each post either runs, is discarded, or is refused; its memory always goes. */
static void fault_X2_posting_against_close_is_safe(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        eddy_loop *loop = make();
        eddyi_thread thread;
        posting p = {.loop = loop};
        long blocks = support_live_blocks();
        assert_int_equal(eddyi_thread_create(&thread, post_many, &p, "poster"), 0);
        for (int i = 0; i < round; i++)
            assert_true(eddy_loop_run_once(loop, 0) >= 0);
        assert_int_equal(eddy_loop_close(loop), 0);
        eddyi_thread_join(&thread);
        assert_true(p.ran + p.refused <= POSTS);
        eddy_loop_release(loop);
        assert_true(support_live_blocks() < blocks);
    }
}

static void stop_from_thread(void *loop)
{
    (void)eddy_loop_call_soon_threadsafe(loop, NULL, stop, loop);
}

static void a_post_wakes_a_loop_that_waits_for_ever(void **state)
{
    eddy_loop *loop = make();
    eddyi_thread thread;
    (void)state;
    assert_int_equal(eddyi_thread_create(&thread, stop_from_thread, loop, "stopper"), 0);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    eddyi_thread_join(&thread);
    end(loop);
}

static int wrong_thread_result;

static void call_from_wrong_thread(void *loop)
{
    wrong_thread_result = eddy_loop_call_soon(loop, NULL, note, NULL);
    stop_from_thread(loop);
}

typedef struct wrong {
    eddy_loop *loop;
    eddyi_thread thread;
} wrong;

static void start_wrong_thread(void *arg)
{
    wrong *w = arg;
    assert_int_equal(eddyi_thread_create(&w->thread, call_from_wrong_thread, w->loop, "wrong"), 0);
}

/* DB1, X1 */
static void fault_X1_debug_mode_refuses_the_wrong_thread(void **state)
{
    wrong w = {.loop = make()};
    (void)state;
    eddy_loop_set_debug(w.loop, true);
    assert_true(eddy_loop_get_debug(w.loop));
    wrong_thread_result = 0;
    assert_int_equal(eddy_loop_call_soon(w.loop, NULL, start_wrong_thread, &w), 0);
    assert_int_equal(eddy_loop_run_forever(w.loop), 0);
    eddyi_thread_join(&w.thread);
    assert_int_equal(wrong_thread_result, EDDY_EWRONGTHREAD);
    end(w.loop);
}

/* ---- fork ---- */

/* X10: the child's copy of a loop answers with an error; the parent's goes on. */
static void fault_X10_forked_child_cannot_use_the_loop(void **state)
{
    eddy_loop *loop = make();
    int status;
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        bool refused = eddy_loop_run_forever(loop) == EDDY_EFORKED &&
                       eddy_loop_call_soon_threadsafe(loop, NULL, note, NULL) == EDDY_EFORKED &&
                       eddy_loop_close(loop) == EDDY_EFORKED;
        _exit(refused ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    seen.count = 0;
    soon(loop, 1);
    assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    end(loop);
}

/* ---- guest mode ---- */

static void foreign_loop_can_drive_it(void **state)
{
    eddy_loop *loop = make();
    eddyi_thread thread;
    eddy_fd fd;
    (void)state;
    seen.count = 0;
    int rc = eddy_loop_backend_fd(loop, &fd);
    later(loop, 0.002, 1);
    assert_true(eddy_loop_run_once(loop, 0) >= 0);
    double timeout = eddy_loop_next_timeout(loop);
    assert_true(timeout > 0 && timeout <= 0.002);
    while (seen.count == 0)
        assert_true(eddy_loop_run_once(loop, 0.01) >= 0);
    assert_true(isinf(eddy_loop_next_timeout(loop)));
    if (rc == 0) { /* a post makes the descriptor readable for the foreign loop */
        struct pollfd watched = {.fd = (int)fd, .events = POLLIN};
        assert_int_equal(eddyi_thread_create(&thread, stop_from_thread, loop, "poster"), 0);
        assert_int_equal(poll(&watched, 1, 10000), 1);
        eddyi_thread_join(&thread);
        assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    } else {
        assert_int_equal(rc, EDDY_ENOSYS);
    }
    assert_int_equal(eddy_loop_run_once(loop, (double)NAN), EDDY_EINVAL);
    end(loop);
}

/* ---- reports ---- */

static void report_again(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    reported++;
    (void)arg;
    if (reported == 1)
        eddy_loop_call_exception_handler(loop, context); /* goes to the default handler, not back here */
}

static void failing_handler_does_not_recurse(void **state)
{
    eddy_loop *loop = make();
    eddy_exception_context context = {.size = sizeof context, .message = "a report made by a test"};
    (void)state;
    reported = 0;
    assert_int_equal(eddy_loop_set_exception_handler(loop, report_again, NULL), 0);
    eddy_loop_call_exception_handler(loop, &context);
    assert_int_equal(reported, 1);
    assert_true(eddy_loop_get_exception_handler(loop) == report_again);
    assert_int_equal(eddy_loop_set_exception_handler(loop, NULL, NULL), 0);
    assert_null(eddy_loop_get_exception_handler(loop));
    end(loop);
}

static void slow(void *arg)
{
    double until = eddy_loop_time(arg) + 0.003;
    while (eddy_loop_time(arg) < until)
        continue;
}

/* DB3 */
static void debug_mode_reports_a_slow_callback(void **state)
{
    eddy_loop *loop = make();
    (void)state;
    reported = 0;
    eddy_loop_set_debug(loop, true);
    assert_int_equal(eddy_loop_set_slow_callback_duration(loop, 0), EDDY_EINVAL);
    assert_int_equal(eddy_loop_set_slow_callback_duration(loop, 0.002), 0);
    assert_int_equal(eddy_loop_set_exception_handler(loop, count_report, NULL), 0);
    assert_int_equal(eddy_loop_call_soon(loop, NULL, slow, loop), 0);
    soon(loop, 1);
    assert_true(eddy_loop_run_once(loop, 0) >= 0);
    assert_int_equal(reported, 1);
    seen.count = 0;
    end(loop);
}

int suite_loop(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_is_what_was_ready_when_it_began),
        cmocka_unit_test(timers_fire_in_order),
        cmocka_unit_test(fault_T7_odd_delays_are_defined),
        cmocka_unit_test(fault_T1_no_sleep_is_early),
        cmocka_unit_test(cancelled_handles_do_not_run),
        cmocka_unit_test(handle_outlives_its_loop),
        cmocka_unit_test(fault_P12_stop_is_defined_at_any_time),
        cmocka_unit_test(fault_P13_running_twice_is_an_error),
        cmocka_unit_test(fault_P14_close_with_live_things_gives_all_back),
        cmocka_unit_test(fault_P15_creation_that_fails_half_way_leaves_nothing),
        cmocka_unit_test(unknown_backend_is_an_error_that_lists_the_known_ones),
        cmocka_unit_test(fault_P10_endless_rescheduling_does_not_starve_timers),
        cmocka_unit_test(fault_P18_posts_from_threads_all_run_once),
        cmocka_unit_test(fault_X2_posting_against_close_is_safe),
        cmocka_unit_test(a_post_wakes_a_loop_that_waits_for_ever),
        cmocka_unit_test(fault_X1_debug_mode_refuses_the_wrong_thread),
        cmocka_unit_test(fault_X10_forked_child_cannot_use_the_loop),
        cmocka_unit_test(foreign_loop_can_drive_it),
        cmocka_unit_test(failing_handler_does_not_recurse),
        cmocka_unit_test(debug_mode_reports_a_slow_callback),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
