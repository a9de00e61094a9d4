/* suite_metrics.c: what a loop counts of itself: turns, callbacks, steps, tasks, timers, lateness, idleness, system calls.
 * Touches the public API, and the injection table, which counts the same calls by itself. Time passes by asking for it. */
#include "bodies.h"
#include "home.h"
#include "loops.h"
#include "pair.h"
#include "suite.h"

#include "core/base/calls.h"

static eddy_loop_metrics metrics_of(eddy_loop *loop)
{
    eddy_loop_metrics metrics = {.size = sizeof metrics};
    assert_int_equal(eddy_loop_get_metrics(loop, &metrics), 0);
    return metrics;
}

static eddy_loop_metrics metrics_here(void)
{
    return metrics_of(eddy_get_running_loop());
}

/* A callback that keeps the loop that runs, or the one given, from anything else. */
static void be_busy(eddy_loop *loop, double seconds)
{
    double until = eddy_loop_time(loop) + seconds;
    while (eddy_loop_time(loop) < until)
        continue;
}

static void be_busy_5_ms(void *loop)
{
    be_busy(loop, 0.005);
}

/* ---- what ran ---- */

static void metrics_of_a_new_loop_are_zero(void **state)
{
    eddy_loop *loop = make_loop();
    const eddy_loop_metrics nothing = {.size = sizeof nothing};
    eddy_loop_metrics metrics = metrics_of(loop);
    (void)state;
    assert_memory_equal(&metrics, &nothing, sizeof metrics);
    end_loop(loop);
}

static void metrics_count_turns_callbacks_and_what_is_ready(void **state)
{
    eddy_loop *loop = make_loop();
    (void)state;
    for (int i = 1; i <= 3; i++)
        note_soon(loop, i);
    assert_int_equal(metrics_of(loop).ready, 3);
    assert_int_equal(eddy_loop_run_once(loop, 0), 3);
    eddy_loop_metrics metrics = metrics_of(loop);
    assert_int_equal(metrics.callbacks, 3);
    assert_int_equal(metrics.ready, 0);
    assert_int_equal(metrics.iterations, 1);
    assert_int_equal(metrics.task_steps, 0);
    assert_int_equal(eddy_loop_run_once(loop, 0), 0);
    assert_int_equal(metrics_of(loop).iterations, 2);
    assert_int_equal(metrics_of(loop).callbacks, 3);
    must_have_noted(3, (int[]){1, 2, 3});
    end_loop(loop);
}

static void count_the_callback_itself(void *out)
{
    *(uint64_t *)out = metrics_here().callbacks;
}

static void metrics_count_the_callback_that_asks(void **state)
{
    eddy_loop *loop = make_loop();
    uint64_t counted = 0;
    (void)state;
    note_soon(loop, 1);
    assert_int_equal(eddy_loop_call_soon(loop, NULL, count_the_callback_itself, &counted), 0);
    note_soon(loop, 2);
    assert_int_equal(eddy_loop_run_once(loop, 0), 3);
    assert_int_equal(counted, 2);
    assert_int_equal(noted(), 2);
    end_loop(loop);
}

/* More than the backend is asked after: tasks switch to each other and go through several batches by themselves. */
TASK_TEST(metrics_count_each_step_of_each_task)
{
    enum { TASKS = 40, YIELDS = 100 };
    child children[TASKS];
    eddy_task *tasks[TASKS];
    eddy_loop_metrics before = metrics_here();
    (void)arg;
    for (int i = 0; i < TASKS; i++) {
        children[i] = (child){.steps = YIELDS};
        tasks[i] = spawn(&children[i]);
    }
    eddy_loop_metrics made = metrics_here();
    assert_int_equal(made.tasks_created - before.tasks_created, TASKS);
    assert_int_equal(made.tasks_alive - before.tasks_alive, TASKS);
    assert_int_equal(made.ready - before.ready, TASKS);
    assert_int_equal(made.task_steps, before.task_steps);
    for (int i = 0; i < TASKS; i++) {
        assert_int_equal(eddy_await(tasks[i], NULL), 0);
        eddy_task_release(tasks[i]);
    }
    eddy_loop_metrics after = metrics_here();
    assert_int_equal(after.tasks_alive, before.tasks_alive);
    assert_int_equal(after.tasks_created, made.tasks_created);
    assert_int_equal(after.callbacks, before.callbacks);
    /* each its first step and one after each yield; and this one's, at most one for each that it awaited */
    assert_in_range(after.task_steps - before.task_steps, TASKS * (YIELDS + 1) + 1, TASKS * (YIELDS + 2));
    assert_true(after.iterations - before.iterations >= YIELDS);
    return 0;
}

TASK_TEST(metrics_count_eager_steps)
{
    child one = {.result = 1};
    eddy_loop_metrics before = metrics_here();
    (void)arg;
    eddy_task *task = spawn_eagerly(&one);
    eddy_loop_metrics after = metrics_here();
    assert_int_equal(after.task_steps - before.task_steps, 1);
    assert_int_equal(after.tasks_created - before.tasks_created, 1);
    assert_int_equal(after.tasks_alive, before.tasks_alive);
    eddy_task_release(task);
    return 0;
}

static void metrics_count_the_same_in_debug_mode(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_task *task;
    child one = {.steps = 2};
    (void)state;
    eddy_loop_set_debug(loop, true);
    note_soon(loop, 1);
    assert_int_equal(eddy_task_create(loop, &task, child_body, &one, NULL), 0);
    assert_int_equal(eddy_loop_run_until_complete(loop, eddy_task_future(task)), 0);
    eddy_loop_metrics metrics = metrics_of(loop);
    assert_int_equal(metrics.task_steps, 3);
    assert_int_equal(metrics.callbacks, 2); /* the note, and what stops the loop */
    assert_int_equal(noted(), 1);
    eddy_task_release(task);
    end_loop(loop);
}

/* ---- timers and time ---- */

static void metrics_count_timers(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_handle *handle;
    (void)state;
    note_later(loop, 0.001, 1);
    note_later(loop, 3600, 2);
    assert_int_equal(eddy_loop_call_later(loop, &handle, 3600, note, NULL), 0);
    assert_int_equal(metrics_of(loop).timers_pending, 3);
    eddy_handle_cancel(handle);
    eddy_handle_release(handle);
    assert_int_equal(metrics_of(loop).timers_pending, 2);
    while (noted() == 0)
        assert_true(eddy_loop_run_once(loop, 1) >= 0);
    eddy_loop_metrics metrics = metrics_of(loop);
    assert_int_equal(metrics.timers_pending, 1);
    assert_int_equal(metrics.timers_fired, 1);
    assert_true(metrics.lag_last_ns == metrics.lag_max_ns && metrics.lag_total_ns == metrics.lag_max_ns);
    end_loop(loop);
}

/* The two were due while something else ran, the first one longer. */
static void metrics_know_how_late_timers_were(void **state)
{
    eddy_loop *loop = make_loop();
    double now = eddy_loop_time(loop);
    (void)state;
    assert_int_equal(eddy_loop_call_soon(loop, NULL, be_busy_5_ms, loop), 0);
    assert_int_equal(eddy_loop_call_at(loop, NULL, now, note, (void *)1), 0);
    assert_int_equal(eddy_loop_call_at(loop, NULL, now + 0.002, note, (void *)2), 0);
    be_busy(loop, 0.003);
    while (noted() < 2)
        assert_true(eddy_loop_run_once(loop, 1) >= 0);
    eddy_loop_metrics metrics = metrics_of(loop);
    assert_int_equal(metrics.timers_fired, 2);
    assert_true(metrics.lag_max_ns >= 3000000);
    assert_int_equal(metrics.lag_last_ns, metrics.lag_max_ns);
    assert_true(metrics.lag_total_ns > metrics.lag_max_ns && metrics.lag_total_ns < 2 * metrics.lag_max_ns);
    note_later(loop, 0.001, 3); /* on time, or at least not as late again: the worst stays */
    while (noted() < 3)
        assert_true(eddy_loop_run_once(loop, 1) >= 0);
    assert_true(metrics_of(loop).lag_max_ns >= metrics.lag_max_ns);
    end_loop(loop);
}

/* What never fired was never late, however long the loop lives. */
static void metrics_do_not_count_what_close_discards(void **state)
{
    eddy_loop *loop = make_loop();
    (void)state;
    note_later(loop, 0.001, 1);
    note_soon(loop, 2);
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_loop_metrics metrics = metrics_of(loop);
    assert_int_equal(metrics.timers_fired, 0);
    assert_int_equal(metrics.lag_max_ns, 0);
    assert_int_equal(metrics.callbacks, 0);
    assert_int_equal(noted(), 0);
    eddy_loop_release(loop);
}

static void metrics_know_how_long_the_loop_ran_things(void **state)
{
    eddy_loop *loop = make_loop();
    (void)state;
    assert_int_equal(eddy_loop_call_soon(loop, NULL, be_busy_5_ms, loop), 0);
    assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    eddy_loop_metrics metrics = metrics_of(loop);
    assert_true(metrics.busy_last_ns >= 5000000);
    assert_true(metrics.busy_max_ns >= metrics.busy_last_ns);
    assert_true(metrics.busy_total_ns >= metrics.busy_max_ns);
    assert_int_equal(eddy_loop_run_once(loop, 0), 0);
    assert_true(metrics_of(loop).busy_last_ns <= metrics.busy_max_ns);
    assert_true(metrics_of(loop).busy_max_ns >= metrics.busy_max_ns);
    end_loop(loop);
}

static void look_at_the_turn_in_hand(void *out)
{
    be_busy_5_ms(eddy_get_running_loop());
    *(eddy_loop_metrics *)out = metrics_here();
}

static void metrics_count_the_turn_in_hand(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_loop_metrics metrics;
    (void)state;
    assert_int_equal(eddy_loop_call_soon(loop, NULL, look_at_the_turn_in_hand, &metrics), 0);
    assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    assert_true(metrics.busy_total_ns >= 5000000 && metrics.busy_max_ns >= 5000000);
    end_loop(loop);
}

/* Idle is the time in which nothing was ready; with what the loop ran it is all the time that the loop was running. */
static void metrics_know_how_long_the_loop_was_idle(void **state)
{
    eddy_loop *loop = make_loop();
    double began = eddy_loop_time(loop);
    (void)state;
    assert_int_equal(eddy_loop_call_later(loop, NULL, 0.02, stop_loop, loop), 0);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    uint64_t most = (uint64_t)((eddy_loop_time(loop) - began) * 1e9) + 1000;
    eddy_loop_metrics metrics = metrics_of(loop);
    assert_true(metrics.idle_total_ns >= 10000000);
    assert_true(metrics.busy_total_ns > 0);
    assert_true(metrics.idle_total_ns + metrics.busy_total_ns <= most);
    assert_true(metrics.polls >= 1);
    end_loop(loop);
}

/* A loop inside another one is not busy while the other one runs. */
static void metrics_leave_out_the_time_between_two_runs(void **state)
{
    eddy_loop *loop = make_loop();
    (void)state;
    assert_int_equal(eddy_loop_run_once(loop, 0), 0);
    double before = eddy_loop_time(loop);
    eddy_loop_metrics first = metrics_of(loop);
    be_busy(loop, 0.02);
    double spent = eddy_loop_time(loop) - before;
    assert_int_equal(eddy_loop_run_once(loop, 0), 0);
    eddy_loop_metrics then = metrics_of(loop);
    double counted = (double)(then.busy_total_ns + then.idle_total_ns) -
                     (double)(first.busy_total_ns + first.idle_total_ns);
    double whole = (eddy_loop_time(loop) - before) * 1e9;
    assert_true(counted <= whole - spent * 1e9 + 1000);
    end_loop(loop);
}

/* ---- the backend and the system ---- */

TASK_TEST(metrics_count_operations_and_events)
{
    stream_pair pair;
    char byte;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    eddy_loop_metrics before = metrics_here();
    for (int i = 0; i < 10; i++) {
        assert_true(eddy_stream_write(pair.client, "x", 1) >= 0);
        assert_int_equal(eddy_stream_read(pair.peer, &byte, 1), 1);
    }
    eddy_loop_metrics after = metrics_here();
    assert_true(after.operations - before.operations >= 20);
    assert_true(after.operations_pending >= 1); /* the server listens */
    pair_close(&pair);
    assert_true(metrics_here().events >= 1); /* the connection came */
    return 0;
}

static uint64_t counted_of(const char *name)
{
    eddy_system_call calls[EDDYI_INJECT_CALLS];
    int count = eddy_loop_get_system_calls(eddy_get_running_loop(), calls, EDDYI_INJECT_CALLS);
    assert_in_range(count, 0, EDDYI_INJECT_CALLS);
    for (int i = 0; i < count; i++)
        if (strcmp(calls[i].name, name) == 0)
            return calls[i].count;
    return 0;
}

/* The injection table counts the same calls in its own way. */
TASK_TEST(metrics_count_system_calls)
{
    stream_pair pair;
    char byte;
    uint64_t before[EDDYI_INJECT_CALLS], total = 0;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    for (int i = 0; i < EDDYI_INJECT_CALLS; i++)
        before[i] = counted_of(eddyi_call_name((enum eddyi_inject_call)i));
    eddyi_inject_start(NULL);
    for (int i = 0; i < 10; i++) {
        assert_true(eddy_stream_write(pair.client, "x", 1) >= 0);
        assert_int_equal(eddy_stream_read(pair.peer, &byte, 1), 1);
    }
    for (int i = EDDYI_INJECT_memory + 1; i < EDDYI_INJECT_CALLS; i++) {
        uint64_t own = counted_of(eddyi_call_name((enum eddyi_inject_call)i)) - before[i];
        assert_int_equal(own, eddyi_inject_count_of((enum eddyi_inject_call)i));
        total += own;
    }
    eddyi_inject_stop();
    assert_true(support_is_simulated() ? total == 0 : total >= 20);
    assert_true(metrics_here().system_calls >= total);
    pair_close(&pair);
    return 0;
}

static void metrics_tell_how_many_kinds_of_calls_there_were(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_system_call calls[EDDYI_INJECT_CALLS], first = {"unchanged", 0};
    uint64_t total = 0;
    (void)state;
    assert_true(eddy_loop_run_once(loop, 0) >= 0);
    int count = eddy_loop_get_system_calls(loop, calls, EDDYI_INJECT_CALLS);
    assert_true(support_is_simulated() || count >= 1);
    for (int i = 0; i < count; i++) {
        assert_true(calls[i].count > 0);
        total += calls[i].count;
    }
    assert_int_equal(metrics_of(loop).system_calls, total);
    assert_int_equal(eddy_loop_get_system_calls(loop, NULL, 0), count);
    assert_int_equal(eddy_loop_get_system_calls(loop, &first, 0), count);
    assert_string_equal(first.name, "unchanged");
    end_loop(loop);
}

/* ---- who may ask, and how much is told ---- */

static void ask_in_the_thread(void *arg)
{
    errand *what = arg;
    what->result = metrics_here().callbacks > 0;
    gate_open(&what->door);
}

/* From elsewhere only the loop's own thread can tell. */
static void metrics_are_told_in_the_thread_of_the_loop(void **state)
{
    home other;
    errand what = {.result = 0};
    eddy_loop_metrics metrics = {.size = sizeof metrics};
    char text[64];
    (void)state;
    home_start(&other);
    gate_init(&what.door, 2); /* only a call of gate_open opens it */
    assert_int_equal(eddy_loop_call_soon_threadsafe(other.loop, NULL, ask_in_the_thread, &what), 0);
    assert_int_equal(gate_pass(&what.door), 0);
    assert_int_equal(what.result, 1);
    assert_int_equal(eddy_loop_get_metrics(other.loop, &metrics), EDDY_EWRONGTHREAD);
    assert_int_equal(eddy_loop_get_system_calls(other.loop, NULL, 0), EDDY_EWRONGTHREAD);
    assert_int_equal(eddy_loop_format_metrics(other.loop, text, sizeof text, NULL), EDDY_EWRONGTHREAD);
    home_stop(&other);
    assert_int_equal(eddy_loop_get_metrics(other.loop, &metrics), 0);
    assert_true(metrics.callbacks >= 1);
    gate_free(&what.door);
    home_close(&other);
}

static void metrics_fill_what_the_caller_knows(void **state)
{
    eddy_loop *loop = make_loop();
    struct {
        eddy_loop_metrics metrics;
        unsigned char more[64];
    } of;
    size_t known = offsetof(eddy_loop_metrics, task_steps);
    (void)state;
    note_soon(loop, 1);
    assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    memset(&of, 0xff, sizeof of);
    of.metrics.size = known;
    assert_int_equal(eddy_loop_get_metrics(loop, &of.metrics), 0);
    assert_int_equal(of.metrics.size, known);
    assert_int_equal(of.metrics.callbacks, 1);
    assert_true(of.metrics.task_steps == UINT64_MAX); /* not touched */
    of.metrics.size = sizeof of;                      /* of a later version */
    assert_int_equal(eddy_loop_get_metrics(loop, &of.metrics), 0);
    assert_int_equal(of.metrics.callbacks, 1);
    assert_int_equal(of.more[0] | of.more[63], 0);
    of.metrics.size = 0;
    assert_int_equal(eddy_loop_get_metrics(loop, &of.metrics), EDDY_EINVAL);
    assert_int_equal(eddy_loop_get_metrics(loop, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_get_metrics(NULL, &of.metrics), EDDY_EINVAL);
    eddy_loop_metrics_init(&of.metrics);
    assert_int_equal(of.metrics.size, sizeof of.metrics);
    assert_int_equal(noted(), 1);
    end_loop(loop);
}

int suite_metrics(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_of_a_new_loop_are_zero),
        cmocka_unit_test(metrics_count_turns_callbacks_and_what_is_ready),
        cmocka_unit_test(metrics_count_the_callback_that_asks),
        cmocka_unit_test(metrics_count_each_step_of_each_task),
        cmocka_unit_test(metrics_count_eager_steps),
        cmocka_unit_test(metrics_count_the_same_in_debug_mode),
        cmocka_unit_test(metrics_count_timers),
        cmocka_unit_test(metrics_know_how_late_timers_were),
        cmocka_unit_test(metrics_do_not_count_what_close_discards),
        cmocka_unit_test(metrics_know_how_long_the_loop_ran_things),
        cmocka_unit_test(metrics_count_the_turn_in_hand),
        cmocka_unit_test(metrics_know_how_long_the_loop_was_idle),
        cmocka_unit_test(metrics_leave_out_the_time_between_two_runs),
        cmocka_unit_test(metrics_count_operations_and_events),
        cmocka_unit_test(metrics_count_system_calls),
        cmocka_unit_test(metrics_tell_how_many_kinds_of_calls_there_were),
        cmocka_unit_test(metrics_are_told_in_the_thread_of_the_loop),
        cmocka_unit_test(metrics_fill_what_the_caller_knows),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
