/* suite_loop.c: the loop itself: callbacks, timers, handles, stop, run, close. Rule numbers L1-L8 are those of asyncio's
 * inventory.
 * Touches the public API, and a socket pair where the order of I/O is the subject. */
#include "loops.h"
#include "suite.h"

#include <math.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/loop/loop.h"

static struct {
    int count;
    int order[32];
} seen;

eddy_loop *make_loop(void)
{
    eddy_loop *loop;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    seen.count = 0;
    eddyi_running_loop = NULL; /* a failed test before this one left its loop behind */
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    return loop;
}

void end_loop(eddy_loop *loop)
{
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_loop_release(loop);
}

void note(void *number)
{
    if (seen.count < 32)
        seen.order[seen.count] = (int)(intptr_t)number;
    seen.count++;
}

void note_later(eddy_loop *loop, double delay, int number)
{
    assert_int_equal(eddy_loop_call_later(loop, NULL, delay, note, (void *)(intptr_t)number), 0);
}

void note_soon(eddy_loop *loop, int number)
{
    assert_int_equal(eddy_loop_call_soon(loop, NULL, note, (void *)(intptr_t)number), 0);
}

int noted(void)
{
    return seen.count;
}

void must_have_noted(int count, const int *numbers)
{
    int was = seen.count;
    seen.count = 0;
    assert_int_equal(was, count);
    if (count > 0)
        assert_memory_equal(seen.order, numbers, (size_t)count * sizeof *numbers);
}

void stop_loop(void *loop)
{
    eddy_loop_stop(loop);
}

void stop_loop_from_thread(void *loop)
{
    assert_int_equal(eddy_loop_call_soon_threadsafe(loop, NULL, stop_loop, loop), 0);
}

/* ---- callbacks and order ---- */

static void queue_another(void *loop)
{
    note((void *)1);
    note_soon(loop, 3);
}

/* L2: an iteration runs what was there when it began. */
static void batch_is_what_was_ready_when_it_began(void **state)
{
    eddy_loop *loop = make_loop();
    (void)state;
    assert_int_equal(eddy_loop_call_soon(loop, NULL, queue_another, loop), 0);
    note_soon(loop, 2);
    assert_int_equal(eddy_loop_run_once(loop, 0), 2);
    must_have_noted(2, (int[]){1, 2});
    assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    must_have_noted(1, (int[]){3});
    end_loop(loop);
}

enum { CALLS = 1000 };
static int calls_in_order;

static void expect_next(void *number)
{
    calls_in_order += calls_in_order == (int)(intptr_t)number;
}

static void callbacks_run_once_each_in_the_order_of_the_calls(void **state)
{
    eddy_loop *loop = make_loop();
    (void)state;
    calls_in_order = 0;
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(eddy_loop_call_soon(loop, NULL, expect_next, (void *)(intptr_t)i), 0);
    assert_int_equal(eddy_loop_run_once(loop, 0), CALLS);
    assert_int_equal(calls_in_order, CALLS);
    assert_int_equal(eddy_loop_run_once(loop, 0), 0);
    assert_int_equal(eddy_loop_call_soon(loop, NULL, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_call_soon(NULL, NULL, note, NULL), EDDY_EINVAL);
    end_loop(loop);
}

static void note_and_take(void *descriptor)
{
    char byte;
    note((void *)2);
    assert_int_equal(read((int)(intptr_t)descriptor, &byte, 1), 1);
}

/* L2: what was ready, then I/O, then timers; each callback in the very iteration. */
static void an_iteration_runs_ready_then_io_then_timers(void **state)
{
    int ends[2];
    (void)state;
    if (support_is_simulated()) {
        (void)support_skip("descriptors from elsewhere cannot be reached");
        return;
    }
    eddy_loop *loop = make_loop();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(eddy_loop_add_reader(loop, ends[0], note_and_take, (void *)(intptr_t)ends[0]), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(write(ends[1], "x", 1), 1);
        note_later(loop, 0, 3);
        note_soon(loop, 1);
        assert_int_equal(eddy_loop_run_once(loop, 0), 3);
        must_have_noted(3, (int[]){1, 2, 3});
    }
    assert_int_equal(eddy_loop_remove_reader(loop, ends[0]), 1);
    close(ends[0]);
    close(ends[1]);
    end_loop(loop);
}

/* L6 as a promise: equal deadlines in the order of the calls, and shorter ones first. All are counted from one look at the clock. */
static void timers_fire_in_order(void **state)
{
    eddy_loop *loop = make_loop();
    (void)state;
    double when = eddy_loop_time(loop) + 0.003;
    for (int i = 0; i < 5; i++)
        assert_int_equal(eddy_loop_call_at(loop, NULL, when, note, (void *)(intptr_t)i), 0);
    assert_int_equal(eddy_loop_call_at(loop, NULL, when - 0.002, note, (void *)10), 0);
    assert_int_equal(eddy_loop_call_at(loop, NULL, when - 5, note, (void *)9), 0);
    assert_int_equal(eddy_loop_call_at(loop, NULL, when + 0.001, stop_loop, loop), 0);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    must_have_noted(7, (int[]){9, 10, 0, 1, 2, 3, 4});
    end_loop(loop);
}

/* The same for delays, which count from when the loop looks at the clock next. */
static void delays_fire_in_order(void **state)
{
    eddy_loop *loop = make_loop();
    (void)state;
    for (int i = 0; i < 5; i++)
        note_later(loop, 0.003, i);
    note_later(loop, 0.001, 10);
    note_later(loop, -5, 9); /* T7: in the past is now */
    assert_int_equal(eddy_loop_call_later(loop, NULL, 0.004, stop_loop, loop), 0);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    must_have_noted(7, (int[]){9, 10, 0, 1, 2, 3, 4});
    end_loop(loop);
}

static void fault_T7_odd_delays_are_defined(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_handle *never, *far;
    (void)state;
    assert_int_equal(eddy_loop_call_later(loop, NULL, (double)NAN, note, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_call_at(loop, NULL, (double)NAN, note, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_call_later(loop, &never, (double)INFINITY, note, NULL), 0);
    assert_int_equal(eddy_loop_call_later(loop, &far, 40 * 86400.0, note, NULL), 0); /* beyond 2^31 ms */
    assert_true(isinf(eddy_handle_when(never)));
    assert_true(eddy_handle_when(far) >= eddy_loop_time(loop) + 39 * 86400.0);
    assert_true(eddy_loop_next_timeout(loop) > 30 * 86400.0 || eddy_loop_next_timeout(loop) > 0);
    assert_true(eddy_loop_run_once(loop, 0) >= 0);
    assert_int_equal(noted(), 0);
    eddy_handle_release(never);
    eddy_handle_release(far);
    end_loop(loop);
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
    eddy_loop *loop = make_loop();
    eddy_handle *a, *b, *c;
    (void)state;
    assert_int_equal(eddy_loop_call_soon(loop, &a, note, (void *)1), 0);
    assert_int_equal(eddy_loop_call_later(loop, &b, 0.001, note, (void *)2), 0);
    assert_int_equal(eddy_loop_call_soon_threadsafe(loop, &c, note, (void *)3), 0);
    note_soon(loop, 4);
    eddy_handle_cancel(a);
    eddy_handle_cancel(a);
    eddy_handle_cancel(b);
    eddy_handle_cancel(c);
    assert_true(eddy_handle_cancelled(a) && eddy_handle_cancelled(b) && eddy_handle_cancelled(c));
    assert_int_equal(eddy_loop_call_later(loop, NULL, 0.003, stop_loop, loop), 0);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    must_have_noted(1, (int[]){4});
    eddy_handle_release(a);
    eddy_handle_release(b);
    eddy_handle_release(c);
    end_loop(loop);
}

static eddy_handle *own_handle;

static void cancel_myself(void *arg)
{
    eddy_handle_cancel(own_handle); /* too late: it runs */
    note(arg);
}

static void handle_cancelled_by_its_own_callback_counts_as_run(void **state)
{
    eddy_loop *loop = make_loop();
    (void)state;
    for (int timed = 0; timed < 2; timed++) {
        int rc = timed ? eddy_loop_call_later(loop, &own_handle, 0, cancel_myself, (void *)1)
                       : eddy_loop_call_soon(loop, &own_handle, cancel_myself, (void *)1);
        assert_int_equal(rc, 0);
        while (noted() == 0)
            assert_true(eddy_loop_run_once(loop, 1) >= 0);
        eddy_handle_cancel(own_handle); /* and after it ran: no effect */
        assert_false(eddy_handle_cancelled(own_handle));
        eddy_handle_release(own_handle);
        must_have_noted(1, (int[]){1});
    }
    end_loop(loop);
}

static eddy_handle *victim;

static void cancel_victim(void *arg)
{
    note(arg);
    eddy_handle_cancel(victim);
}

/* Both are due in one iteration; the first takes the second out of it. */
static void callback_cancels_its_neighbour_of_the_same_iteration(void **state)
{
    eddy_loop *loop = make_loop();
    (void)state;
    assert_int_equal(eddy_loop_call_soon(loop, NULL, cancel_victim, (void *)1), 0);
    assert_int_equal(eddy_loop_call_soon(loop, &victim, note, (void *)2), 0);
    note_soon(loop, 3);
    assert_int_equal(eddy_loop_run_once(loop, 0), 2);
    must_have_noted(2, (int[]){1, 3});
    eddy_handle_release(victim);
    double when = eddy_loop_time(loop) - 1;
    assert_int_equal(eddy_loop_call_at(loop, NULL, when, cancel_victim, (void *)4), 0);
    assert_int_equal(eddy_loop_call_at(loop, &victim, when, note, (void *)5), 0);
    note_later(loop, 0, 6);
    while (noted() < 2)
        assert_true(eddy_loop_run_once(loop, 0) >= 0);
    assert_int_equal(eddy_loop_run_once(loop, 0), 0);
    must_have_noted(2, (int[]){4, 6});
    eddy_handle_release(victim);
    end_loop(loop);
}

static void handle_given_back_still_runs_and_tells_when_it_is_due(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_handle *handle, *soon;
    (void)state;
    assert_int_equal(eddy_loop_call_soon(loop, &soon, note, (void *)1), 0);
    assert_true(eddy_handle_when(soon) == 0);
    eddy_handle_release(soon);
    assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    must_have_noted(1, (int[]){1});
    double before = eddy_loop_time(loop);
    assert_int_equal(eddy_loop_call_later(loop, &handle, 50, note, (void *)2), 0);
    eddy_handle_cancel(handle); /* also when it was never looked at */
    assert_true(eddy_handle_when(handle) >= before + 49 &&
                eddy_handle_when(handle) <= eddy_loop_time(loop) + 50);
    eddy_handle_release(handle);
    assert_int_equal(eddy_loop_call_at(loop, &handle, before + 7.5, note, (void *)3), 0);
    assert_true(fabs(eddy_handle_when(handle) - before - 7.5) < 1e-6);
    eddy_handle_release(handle);
    eddy_handle_release(NULL);
    eddy_handle_cancel(NULL);
    end_loop(loop);
}

static void handle_outlives_its_loop(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_handle *handle;
    long blocks;
    (void)state;
    assert_int_equal(eddy_loop_call_later(loop, &handle, 100, note, NULL), 0);
    end_loop(loop);
    eddy_handle_cancel(handle);
    blocks = support_live_blocks();
    eddy_handle_release(handle);
    assert_true(support_live_blocks() < blocks); /* the loop's memory went with it */
}

/* ---- stop, run, close ---- */

static void fault_P12_stop_is_defined_at_any_time(void **state)
{
    eddy_loop *loop = make_loop();
    (void)state;
    eddy_loop_stop(loop); /* L3: before running: one iteration */
    eddy_loop_stop(loop);
    note_soon(loop, 1);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    must_have_noted(1, (int[]){1});
    assert_int_equal(eddy_loop_call_soon(loop, NULL, stop_loop, loop), 0);
    note_soon(loop, 2); /* the iteration in hand is finished */
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    must_have_noted(1, (int[]){2});
    end_loop(loop);
}

static int stop_and_go_on(void *loop)
{
    eddy_loop_stop(loop);
    note((void *)1);
    int rc = eddy_sleep(0); /* what is scheduled after a stop waits for the next run */
    note((void *)2);
    return rc < 0 ? rc : 9;
}

/* L3; and the stop callback goes with the run, so that the future stays usable. */
static void stopped_run_until_complete_is_told_and_goes_on_later(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_task *task;
    (void)state;
    assert_int_equal(eddy_loop_create_task(loop, &task, stop_and_go_on, loop, NULL), 0);
    assert_int_equal(eddy_loop_run_until_complete(loop, eddy_task_future(task)), EDDY_ESTOPPED);
    must_have_noted(1, (int[]){1});
    assert_false(eddy_task_done(task));
    stop_loop_from_thread(loop);
    note_later(loop, 1000, 3);
    assert_int_equal(eddy_loop_run_forever(loop), 0); /* ended by the stop, not by the future */
    must_have_noted(1, (int[]){2});
    assert_true(eddy_task_done(task));
    assert_int_equal(eddy_loop_run_until_complete(loop, eddy_task_future(task)), 9);
    eddy_task_release(task);
    end_loop(loop);
}

static void run_until_complete_checks_its_future(void **state)
{
    eddy_loop *loop = make_loop(), *other = make_loop();
    eddy_future *future;
    (void)state;
    assert_int_equal(eddy_loop_create_future(other, &future), 0);
    assert_int_equal(eddy_loop_run_until_complete(loop, future), EDDY_EWRONGLOOP);
    assert_int_equal(eddy_loop_run_until_complete(loop, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_run_until_complete(NULL, future), EDDY_EINVAL);
    assert_true(eddy_future_cancel(future));
    assert_int_equal(eddy_loop_run_until_complete(other, future), EDDY_ECANCELED);
    eddy_future_release(future);
    end_loop(loop);
    end_loop(other);
}

typedef struct inner {
    eddy_loop *loop, *other;
    eddy_future *future;
    int results[5];
} inner;

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void run_inside(void *arg)
{
    inner *i = arg;
    i->results[0] = eddy_loop_run_forever(i->loop);
    i->results[1] = eddy_loop_run_until_complete(i->loop, i->future);
    i->results[2] = eddy_loop_run_once(i->other, 0);
    i->results[3] = eddy_run(nothing, NULL, NULL);
    i->results[4] = eddy_loop_close(i->loop);
    assert_true(eddy_loop_is_running(i->loop) && !eddy_loop_is_running(i->other));
    assert_ptr_equal(eddy_get_running_loop(), i->loop);
}

/* L4: neither this loop nor another can be run from a callback; and it cannot be closed there. */
static void fault_P13_running_twice_is_an_error(void **state)
{
    inner i = {.loop = make_loop(), .other = make_loop()};
    (void)state;
    assert_int_equal(eddy_loop_create_future(i.loop, &i.future), 0);
    assert_int_equal(eddy_loop_call_soon(i.loop, NULL, run_inside, &i), 0);
    assert_int_equal(eddy_loop_call_soon(i.loop, NULL, stop_loop, i.loop), 0);
    assert_int_equal(eddy_loop_run_forever(i.loop), 0);
    for (int k = 0; k < 5; k++)
        assert_int_equal(i.results[k], EDDY_ERUNNING);
    assert_null(eddy_get_running_loop());
    assert_false(eddy_loop_is_running(i.loop) || eddy_loop_is_closed(i.loop));
    eddy_future_release(i.future);
    end_loop(i.loop);
    end_loop(i.other);
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
    eddy_loop *loop = make_loop();
    eddy_task_options options = {.size = sizeof options, .release = count_release};
    eddy_task *kept;
    (void)state;
    reported = released = 0;
    assert_int_equal(eddy_loop_set_exception_handler(loop, count_report, NULL), 0);
    assert_int_equal(eddy_loop_create_task(loop, &kept, wait_for_ever, NULL, &options), 0);
    assert_int_equal(eddy_loop_create_task(loop, NULL, wait_for_ever, NULL, &options), 0);
    assert_true(eddy_loop_run_once(loop, 0) >= 0);
    assert_int_equal(eddy_loop_create_task(loop, NULL, wait_for_ever, NULL, &options), 0); /* never started */
    note_soon(loop, 1);
    note_later(loop, 5, 2);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_true(eddy_loop_is_closed(loop));
    assert_int_equal(noted(), 0);
    assert_int_equal(reported, 3);
    assert_int_equal(released, 3);
    assert_true(eddy_task_cancelled(kept));
    assert_int_equal(eddy_loop_call_soon(loop, NULL, note, NULL), EDDY_ECLOSED);
    assert_int_equal(eddy_loop_call_later(loop, NULL, 1, note, NULL), EDDY_ECLOSED);
    assert_int_equal(eddy_loop_call_soon_threadsafe(loop, NULL, note, NULL), EDDY_ECLOSED);
    assert_int_equal(eddy_loop_create_task(loop, NULL, wait_for_ever, NULL, NULL), EDDY_ECLOSED);
    assert_int_equal(eddy_loop_call_at(loop, NULL, 1, note, NULL), EDDY_ECLOSED);
    assert_int_equal(eddy_loop_add_reader(loop, 0, note, NULL), EDDY_ECLOSED);
    assert_int_equal(eddy_loop_add_writer(loop, 0, note, NULL), EDDY_ECLOSED);
    assert_int_equal(eddy_loop_remove_writer(loop, 0), 0);
    assert_int_equal(eddy_loop_remove_reader(loop, 0), 0);
    eddy_fd fd;
    assert_int_equal(eddy_loop_backend_fd(loop, &fd), EDDY_ECLOSED);
    assert_int_equal(eddy_loop_run_forever(loop), EDDY_ECLOSED);
    assert_int_equal(eddy_loop_run_once(loop, 0), EDDY_ECLOSED);
    assert_int_equal(eddy_loop_run_until_complete(loop, eddy_task_future(kept)), EDDY_ECLOSED);
    eddy_future *future;
    assert_int_equal(eddy_loop_create_future(loop, &future), 0); /* as do time, stop and the questions */
    eddy_future_release(future);
    eddy_loop_stop(loop);
    assert_true(eddy_loop_time(loop) > 0);
    eddy_task_release(kept);
    eddy_loop_release(loop);
}

int suite_loop(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_is_what_was_ready_when_it_began),
        cmocka_unit_test(callbacks_run_once_each_in_the_order_of_the_calls),
        cmocka_unit_test(an_iteration_runs_ready_then_io_then_timers),
        cmocka_unit_test(timers_fire_in_order),
        cmocka_unit_test(delays_fire_in_order),
        cmocka_unit_test(fault_T7_odd_delays_are_defined),
        cmocka_unit_test(fault_T1_no_sleep_is_early),
        cmocka_unit_test(cancelled_handles_do_not_run),
        cmocka_unit_test(handle_cancelled_by_its_own_callback_counts_as_run),
        cmocka_unit_test(callback_cancels_its_neighbour_of_the_same_iteration),
        cmocka_unit_test(handle_given_back_still_runs_and_tells_when_it_is_due),
        cmocka_unit_test(handle_outlives_its_loop),
        cmocka_unit_test(fault_P12_stop_is_defined_at_any_time),
        cmocka_unit_test(stopped_run_until_complete_is_told_and_goes_on_later),
        cmocka_unit_test(run_until_complete_checks_its_future),
        cmocka_unit_test(fault_P13_running_twice_is_an_error),
        cmocka_unit_test(fault_P14_close_with_live_things_gives_all_back),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
