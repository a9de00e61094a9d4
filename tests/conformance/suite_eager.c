/* suite_eager.c: tasks whose first step runs inside the call that makes them.
 * Touches the public API, and a child process where SIGINT is the subject. Rule numbers E1-E5 are those of asyncio's inventory. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bodies.h"
#include "loops.h"
#include "suite.h"

#define EAGERLY EDDY_OPTIONS(eddy_task_options, .eager_start = EDDY_EAGER_START_YES)

static int released;

static void count_release(void *arg)
{
    (void)arg;
    released++;
}

/* ---- E1: when the body runs ---- */

/* The creator goes on when the new task first suspends, before all that is ready; then the task is like any other. */
TASK_TEST(eager_E1_body_runs_inside_the_call_until_it_first_suspends)
{
    child ready = {.letter = 'r'}, body = {.letter = 'e', .steps = 1, .result = 7};
    eddy_loop *loop = eddy_get_running_loop();
    eddy_task *first = spawn(&ready);
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_loop_call_soon(loop, NULL, trace_soon, "1"), 0);
    eddy_task *task = spawn_eagerly(&body);
    assert_string_equal(trace_text(), "e");
    assert_int_equal(eddy_loop_call_soon(loop, NULL, trace_soon, "2"), 0);
    assert_false(eddy_task_done(task));
    assert_int_equal(eddy_await(task, NULL), 7);
    assert_string_equal(trace_text(), "erR1E2");
    eddy_task_release(first);
    eddy_task_release(task);
    return 0;
}

TASK_TEST(eager_E1_without_the_option_the_first_step_is_queued)
{
    child bodies[2] = {{.letter = 'a'}, {.letter = 'b'}};
    eddy_task *tasks[2];
    (void)arg;
    trace_clear();
    tasks[0] = spawn(&bodies[0]);
    assert_int_equal(eddy_create_task(&tasks[1], child_body, &bodies[1],
                                      EDDY_OPTIONS(eddy_task_options, .eager_start = EDDY_EAGER_START_NO)),
                     0);
    assert_string_equal(trace_text(), "");
    yield_times(1);
    assert_string_equal(trace_text(), "aAbB");
    eddy_task_release(tasks[0]);
    eddy_task_release(tasks[1]);
    return 0;
}

static void eager_E1_is_ignored_while_the_loop_does_not_run(void **state)
{
    child body = {.letter = 'e', .result = 3};
    eddy_loop *loop = make_loop();
    eddy_task *task;
    (void)state;
    trace_clear();
    assert_int_equal(eddy_loop_create_task(loop, &task, child_body, &body, EAGERLY), 0);
    assert_string_equal(trace_text(), "");
    assert_int_equal(eddy_loop_run_until_complete(loop, eddy_task_future(task)), 3);
    assert_string_equal(trace_text(), "eE");
    eddy_task_release(task);
    end_loop(loop);
}

/* The loop that runs in this thread is another one. */
TASK_TEST(eager_E1_is_ignored_for_another_loop)
{
    child body = {.letter = 'e'};
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    eddy_loop *other;
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_new_event_loop(&other, &options), 0);
    support_catch_reports();
    (void)eddy_loop_set_exception_handler(other, eddy_loop_get_exception_handler(eddy_get_running_loop()),
                                          NULL);
    assert_int_equal(eddy_loop_create_task(other, NULL, child_body, &body, EAGERLY), 0);
    assert_string_equal(trace_text(), "");
    assert_int_equal(eddy_loop_close(other), 0);
    assert_int_equal(support_reports(), 1); /* it was destroyed pending */
    eddy_loop_release(other);
    return 0;
}

static void eager_E1_closed_loop_takes_no_task(void **state)
{
    child body = {.letter = 'e'};
    eddy_loop *loop = make_loop();
    eddy_task *task = NULL;
    (void)state;
    released = 0;
    trace_clear();
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_int_equal(eddy_loop_create_task(loop, &task, child_body, &body,
                                           EDDY_OPTIONS(eddy_task_options, .release = count_release,
                                                        .eager_start = EDDY_EAGER_START_YES)),
                     EDDY_ECLOSED);
    assert_null(task);
    assert_int_equal(released, 0);
    assert_string_equal(trace_text(), "");
    eddy_loop_release(loop);
}

/* A foreign loop that steps this one. */
static void make_one_in_callback(void *arg)
{
    trace('(');
    eddy_task_release(spawn_eagerly(arg));
    trace(')');
}

static void eager_E1_works_while_the_loop_is_stepped(void **state)
{
    child body = {.letter = 'e', .steps = 2};
    eddy_loop *loop = make_loop();
    (void)state;
    trace_clear();
    assert_int_equal(eddy_loop_call_soon(loop, NULL, make_one_in_callback, &body), 0);
    assert_true(eddy_loop_run_once(loop, 0) >= 1);
    assert_string_equal(trace_text(), "(e)");
    while (!body.ended)
        assert_true(eddy_loop_run_once(loop, 0) >= 1);
    assert_string_equal(trace_text(), "(e)E");
    end_loop(loop);
}

/* ---- E2: who runs ---- */

typedef struct looking {
    eddy_task *outer, *seen, *listed;
    bool suspends;
} looking;

static int look_who_runs(void *arg)
{
    looking *self = arg;
    eddy_task *all[8] = {NULL};
    self->seen = eddy_current_task();
    size_t count = eddy_all_tasks(eddy_get_running_loop(), all, 8);
    for (size_t i = 0; i < count; i++) {
        if (all[i] == self->seen)
            self->listed = all[i];
        eddy_task_release(all[i]);
    }
    return self->suspends ? eddy_sleep(0) : 0;
}

/* asyncio's all_tasks lists what is in its eager step too. */
TASK_TEST(eager_E2_current_task_is_swapped_and_put_back)
{
    (void)arg;
    for (int suspends = 0; suspends < 2; suspends++) {
        looking self = {.outer = eddy_current_task(), .suspends = suspends != 0};
        eddy_task *task;
        assert_int_equal(eddy_create_task(&task, look_who_runs, &self, EAGERLY), 0);
        assert_ptr_equal(eddy_current_task(), self.outer);
        assert_ptr_equal(self.seen, task);
        assert_ptr_equal(self.listed, task);
        assert_int_equal(eddy_await(task, NULL), 0);
        assert_ptr_equal(eddy_current_task(), self.outer);
        eddy_task_release(task);
    }
    return 0;
}

static void make_two_in_callback(void *arg)
{
    looking *looks = arg;
    for (int i = 0; i < 2; i++) {
        assert_null(eddy_current_task());
        assert_int_equal(eddy_create_task(NULL, look_who_runs, &looks[i], EAGERLY), 0);
        assert_non_null(looks[i].seen);
        assert_null(eddy_current_task());
    }
    trace('.');
}

TASK_TEST(eager_E2_there_is_no_current_task_again_in_a_callback)
{
    looking looks[2] = {{.suspends = true}, {.suspends = false}};
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, make_two_in_callback, looks), 0);
    yield_times(2);
    assert_string_equal(trace_text(), ".");
    assert_int_equal(eddy_all_tasks(eddy_get_running_loop(), NULL, 0), 1);
    return 0;
}

static int fail_and_set_errno(void *arg)
{
    errno = ERANGE;
    assert_int_equal(eddy_sleep((double)NAN), EDDY_EINVAL);
    return arg != NULL ? eddy_sleep(0) : EDDY_EPIPE;
}

/* errno and the error record are the creator's own. */
TASK_TEST(eager_E2_errno_and_last_error_are_put_back)
{
    (void)arg;
    eddy_error_clear();
    for (int suspends = 0; suspends < 2; suspends++) {
        eddy_task *task;
        int outcome;
        errno = EDOM;
        assert_int_equal(eddy_create_task(&task, fail_and_set_errno, suspends ? &outcome : NULL, EAGERLY), 0);
        assert_int_equal(errno, EDOM);
        assert_int_equal(eddy_last_error()->code, 0);
        assert_int_equal(eddy_await(task, &outcome), 0);
        assert_int_equal(outcome, suspends ? 0 : EDDY_EPIPE);
        eddy_task_release(task);
        eddy_error_clear();
    }
    return 0;
}

/* ---- E3: what it is afterwards ---- */

TASK_TEST(eager_E3_what_ended_at_once_is_not_listed)
{
    child body = {.result = 5};
    eddy_task *task = spawn_eagerly(&body);
    (void)arg;
    assert_true(eddy_task_done(task));
    assert_int_equal(eddy_task_result(task), 5);
    assert_int_equal(eddy_all_tasks(eddy_get_running_loop(), NULL, 0), 1);
    eddy_task_release(task);
    return 0;
}

TASK_TEST(eager_E3_done_callbacks_still_go_through_the_queue)
{
    child body = {0};
    eddy_task *task = spawn_eagerly(&body);
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_future_add_done_callback(eddy_task_future(task), trace_callback, "c"), 0);
    assert_string_equal(trace_text(), "");
    yield_times(1);
    assert_string_equal(trace_text(), "c");
    eddy_task_release(task);
    return 0;
}

/* A result that needed no suspension costs its awaiter none. */
TASK_TEST(eager_E3_awaiting_what_ended_at_once_does_not_give_way)
{
    (void)arg;
    trace_clear();
    assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, trace_soon, "x"), 0);
    for (int i = 0; i < 200; i++) {
        child body = {.result = i};
        eddy_task *task = spawn_eagerly(&body);
        assert_int_equal(eddy_await(task, NULL), i);
        eddy_task_release(task);
    }
    assert_string_equal(trace_text(), "");
    yield_times(1);
    assert_string_equal(trace_text(), "x");
    return 0;
}

TASK_TEST(eager_E3_what_suspended_is_an_ordinary_task)
{
    eddy_future *gate = make_future();
    child body = {.gate = gate, .steps = 3, .result = 9};
    eddy_task *task = spawn_eagerly(&body), *all[3] = {NULL};
    (void)arg;
    assert_int_equal(eddy_all_tasks(eddy_get_running_loop(), all, 3), 2);
    assert_ptr_equal(all[1], task);
    assert_int_equal(eddy_future_set_result(gate, 0), 0);
    assert_int_equal(eddy_await(task, NULL), 9);
    eddy_task_release(all[0]);
    eddy_task_release(all[1]);
    eddy_task_release(task);
    eddy_future_release(gate);
    return 0;
}

/* F6: also when nobody ever had a handle. */
TASK_TEST(eager_E3_error_that_nobody_can_look_at_is_reported_at_once)
{
    child body = {.result = EDDY_EPIPE};
    (void)arg;
    support_catch_reports();
    assert_int_equal(eddy_create_task(NULL, child_body, &body, EAGERLY), 0);
    assert_int_equal(support_reports(), 1);
    assert_int_equal(support_last_code(), EDDY_EPIPE);
    assert_string_equal(support_last_message(), "Task exception was never retrieved");
    return 0;
}

/* The argument is released once, when the task has ended: here inside the call, there later. */
TASK_TEST(eager_E3_argument_is_released_once)
{
    child bodies[3] = {{0}, {.forever = true}, {.result = EDDY_EPIPE}};
    static const int outcomes[3] = {0, EDDY_ECANCELED, EDDY_EPIPE};
    (void)arg;
    for (int i = 0; i < 3; i++) {
        eddy_task *task;
        released = 0;
        assert_int_equal(eddy_create_task(&task, child_body, &bodies[i],
                                          EDDY_OPTIONS(eddy_task_options, .release = count_release,
                                                       .eager_start = EDDY_EAGER_START_YES)),
                         0);
        assert_int_equal(released, i != 1);
        eddy_task_cancel(task);
        assert_int_equal(eddy_await(task, NULL), outcomes[i]);
        eddy_task_release(task);
        assert_int_equal(released, 1);
    }
    return 0;
}

/* ---- E4: cancelling ---- */

TASK_TEST(eager_E4_cancel_after_an_eager_end_answers_false)
{
    child body = {.result = 1};
    eddy_task *task = spawn_eagerly(&body);
    (void)arg;
    assert_false(eddy_task_cancel(task));
    assert_int_equal(eddy_task_cancelling(task), 0);
    assert_false(eddy_task_cancelled(task));
    assert_int_equal(eddy_await(task, NULL), 1);
    eddy_task_release(task);
    return 0;
}

static int cancel_myself(void *arg)
{
    assert_true(eddy_task_cancel(eddy_current_task()));
    return arg != NULL ? eddy_sleep(0) : 4;
}

/* T4: returning then ends it cancelled; suspending delivers it there, one turn later. */
TASK_TEST(eager_E4_cancel_in_the_eager_step_ends_it_cancelled)
{
    eddy_task *task;
    int suspends = 1;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, cancel_myself, NULL, EAGERLY), 0);
    assert_true(eddy_task_cancelled(task));
    eddy_task_release(task);
    assert_int_equal(eddy_create_task(&task, cancel_myself, &suspends, EAGERLY), 0);
    assert_false(eddy_task_done(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_true(eddy_task_cancelled(task));
    eddy_task_release(task);
    return 0;
}

TASK_TEST(eager_E4_cancelled_after_its_eager_step_it_ends_at_its_await)
{
    child body = {.forever = true};
    eddy_task *task = spawn_eagerly(&body);
    (void)arg;
    assert_true(body.started);
    assert_true(eddy_task_cancel(task));
    assert_int_equal(eddy_await(task, NULL), EDDY_ECANCELED);
    assert_int_equal(body.cancels, 1);
    eddy_task_release(task);
    return 0;
}

static int cancel_that(void *task)
{
    assert_true(eddy_task_cancel(task));
    return 0;
}

/* The creator is in the middle of its step: it is cancelled at its next suspension, once. */
TASK_TEST(eager_E4_creator_cancelled_by_its_child_is_cancelled_at_its_next_await)
{
    eddy_task *self = eddy_current_task();
    (void)arg;
    assert_int_equal(eddy_create_task(NULL, cancel_that, self, EAGERLY), 0);
    assert_int_equal(eddy_task_cancelling(self), 1);
    assert_int_equal(eddy_sleep(1000), EDDY_ECANCELED);
    assert_int_equal(eddy_task_uncancel(self), 0);
    assert_int_equal(eddy_sleep(0), 0);
    return 0;
}

/* ---- E5: what must not be lost in the eager step ---- */

static int interrupt(void *arg)
{
    (void)arg;
    (void)raise(SIGINT);
    return 0;
}

static int main_with_interrupted_child(void *arg)
{
    if (eddy_create_task(NULL, interrupt, arg, EAGERLY) < 0)
        return -1;
    int rc = eddy_sleep(1000);
    return rc;
}

/* An interrupt is no error of the child: it gets to the main task. */
static void eager_E5_interrupt_in_the_eager_step_cancels_main(void **state)
{
    int status;
    pid_t process = fork();
    (void)state;
    if (process == 0) {
        eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
        (void)signal(SIGINT, SIG_DFL);
        int rc = eddy_run(main_with_interrupted_child, NULL, EDDY_OPTIONS(eddy_run_options, .loop = &loop));
        _exit(-rc & 0xff);
    }
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), -EDDY_EINTERRUPTED & 0xff);
}

static int stop_the_loop(void *arg)
{
    eddy_loop_stop(arg);
    return 0;
}

static void make_stopping_task(void *loop)
{
    assert_int_equal(eddy_create_task(NULL, stop_the_loop, loop, EAGERLY), 0);
    trace('s');
}

static void eager_E5_stop_in_the_eager_step_stops_the_loop(void **state)
{
    eddy_loop *loop = make_loop();
    (void)state;
    trace_clear();
    assert_int_equal(eddy_loop_call_soon(loop, NULL, make_stopping_task, loop), 0);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    assert_string_equal(trace_text(), "s");
    end_loop(loop);
}

int suite_eager(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eager_E1_body_runs_inside_the_call_until_it_first_suspends),
        cmocka_unit_test(eager_E1_without_the_option_the_first_step_is_queued),
        cmocka_unit_test(eager_E1_is_ignored_while_the_loop_does_not_run),
        cmocka_unit_test(eager_E1_is_ignored_for_another_loop),
        cmocka_unit_test(eager_E1_closed_loop_takes_no_task),
        cmocka_unit_test(eager_E1_works_while_the_loop_is_stepped),
        cmocka_unit_test(eager_E2_current_task_is_swapped_and_put_back),
        cmocka_unit_test(eager_E2_there_is_no_current_task_again_in_a_callback),
        cmocka_unit_test(eager_E2_errno_and_last_error_are_put_back),
        cmocka_unit_test(eager_E3_what_ended_at_once_is_not_listed),
        cmocka_unit_test(eager_E3_done_callbacks_still_go_through_the_queue),
        cmocka_unit_test(eager_E3_awaiting_what_ended_at_once_does_not_give_way),
        cmocka_unit_test(eager_E3_what_suspended_is_an_ordinary_task),
        cmocka_unit_test(eager_E3_error_that_nobody_can_look_at_is_reported_at_once),
        cmocka_unit_test(eager_E3_argument_is_released_once),
        cmocka_unit_test(eager_E4_cancel_after_an_eager_end_answers_false),
        cmocka_unit_test(eager_E4_cancel_in_the_eager_step_ends_it_cancelled),
        cmocka_unit_test(eager_E4_cancelled_after_its_eager_step_it_ends_at_its_await),
        cmocka_unit_test(eager_E4_creator_cancelled_by_its_child_is_cancelled_at_its_next_await),
        cmocka_unit_test(eager_E5_interrupt_in_the_eager_step_cancels_main),
        cmocka_unit_test(eager_E5_stop_in_the_eager_step_stops_the_loop),
    };
    return cmocka_run_group_tests_name("eager", tests, NULL, NULL);
}
