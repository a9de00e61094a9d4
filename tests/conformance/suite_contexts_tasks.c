/* suite_contexts_tasks.c: which context tasks and callbacks of a loop run in (asyncio X1, X2, X4).
 * Touches the public API. What a callback changes is its own, unless it was given a context. */
#include "colors.h"
#include "loops.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- tasks ---- */

static int see_and_await(void *unused)
{
    see_color(unused);
    int rc = eddy_sleep(0);
    assert_string_equal(color(), "seen");
    return rc;
}

TASK_TEST(context_X1_task_gets_a_copy_of_its_creators_when_it_is_created)
{
    eddy_task *task;
    (void)arg;
    set_color("red");
    assert_int_equal(eddy_create_task(&task, see_and_await, NULL, NULL), 0);
    set_color("blue");
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_string_equal(colors_seen(), " red");
    assert_string_equal(color(), "blue");
    eddy_task_release(task);
    return 0;
}

TASK_TEST(context_X1_given_context_is_used_itself_and_may_be_shared)
{
    eddy_context *context, *of_task;
    eddy_task *tasks[2];
    void *found;
    (void)arg;
    set_color("red");
    assert_int_equal(eddy_copy_context(&context), 0);
    eddy_task_options options = {.size = sizeof options, .context = context};
    assert_int_equal(eddy_create_task(&tasks[0], see_and_await, NULL, &options), 0);
    assert_int_equal(eddy_create_task(&tasks[1], see_and_await, NULL, &options), 0);
    assert_int_equal(eddy_task_get_context(tasks[0], &of_task), 0);
    assert_ptr_equal(of_task, context);
    eddy_context_release(of_task);
    assert_int_equal(eddy_gather(NULL, tasks, 2), 0);
    assert_string_equal(colors_seen(), " red seen");
    assert_true(eddy_context_get(context, &found, &color_var));
    assert_string_equal(found, "seen");
    assert_string_equal(color(), "red");
    eddy_task_release(tasks[0]);
    eddy_task_release(tasks[1]);
    eddy_context_release(context);
    return 0;
}

enum { SIBLINGS = 100 };

static int keep_own(void *own)
{
    for (int i = 0; i < 5; i++) {
        assert_string_equal(color(), i == 0 ? "parent" : own);
        set_color(own);
        assert_int_equal(eddy_sleep(i % 2 == 0 ? 0 : 0.001), 0);
        assert_ptr_equal(color(), own);
    }
    return 0;
}

TASK_TEST(context_X2_changes_survive_awaits_and_stay_inside)
{
    static char names[SIBLINGS][16];
    eddy_task_group group;
    (void)arg;
    set_color("parent");
    assert_int_equal(eddy_task_group_enter(&group), 0);
    for (int i = 0; i < SIBLINGS; i++) {
        (void)snprintf(names[i], sizeof names[i], "%d", i);
        assert_int_equal(eddy_task_group_create_task(&group, NULL, keep_own, names[i], NULL), 0);
    }
    assert_int_equal(eddy_task_group_exit(&group, 0), 0);
    assert_string_equal(color(), "parent");
    return 0;
}

TASK_TEST(context_X2_task_has_its_context_also_after_its_end)
{
    eddy_context *first, *second;
    eddy_task *task;
    void *found;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, paint, "red", NULL), 0);
    assert_int_equal(eddy_task_get_context(task, &first), 0);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(eddy_task_get_context(task, &second), 0);
    assert_ptr_equal(first, second);
    eddy_task_release(task);
    assert_true(eddy_context_get(first, &found, &color_var));
    assert_string_equal(found, "red");
    eddy_context_release(first);
    eddy_context_release(second);
    assert_int_equal(eddy_task_get_context(NULL, &first), EDDY_EINVAL);
    return 0;
}

/* ---- callbacks ---- */

static void register_callbacks(eddy_future *future, eddy_context *context)
{
    eddy_loop *loop = eddy_get_running_loop();
    set_color("a");
    assert_int_equal(eddy_loop_call_soon_in_context(loop, NULL, see_color, NULL, context), 0);
    set_color("b");
    assert_int_equal(eddy_future_add_done_callback_in_context(future, see_color_when_done, NULL, context), 0);
    set_color("c");
    assert_int_equal(eddy_loop_call_soon_threadsafe_in_context(loop, NULL, see_color, NULL, context), 0);
    set_color("d");
    assert_int_equal(eddy_loop_call_later_in_context(loop, NULL, 0.01, see_color, NULL, context), 0);
    set_color("e");
    double when = eddy_loop_time(loop) + 0.02;
    assert_int_equal(eddy_loop_call_at_in_context(loop, NULL, when, see_color, NULL, context), 0);
    set_color("f");
}

static void let_callbacks_run(eddy_future *future)
{
    assert_int_equal(eddy_future_set_result(future, 0), 0);
    await_colors(5);
    assert_string_equal(color(), "f");
    eddy_future_release(future);
}

TASK_TEST(context_X1_callbacks_capture_the_context_of_the_call)
{
    eddy_future *future;
    (void)arg;
    assert_int_equal(eddy_loop_create_future(eddy_get_running_loop(), &future), 0);
    register_callbacks(future, NULL);
    let_callbacks_run(future);
    const char *seen = colors_seen();
    assert_int_equal(strlen(seen), 10); /* the one that another thread could have sent comes when it comes */
    for (const char *one = "abcde"; *one != '\0'; one++)
        assert_non_null(strchr(seen, *one));
    return 0;
}

TASK_TEST(context_X1_callbacks_run_in_the_context_that_is_given)
{
    eddy_context *context;
    eddy_future *future;
    void *found;
    (void)arg;
    set_color("given");
    assert_int_equal(eddy_copy_context(&context), 0);
    assert_int_equal(eddy_loop_create_future(eddy_get_running_loop(), &future), 0);
    register_callbacks(future, context);
    let_callbacks_run(future);
    assert_string_equal(colors_seen(), " given seen seen seen seen");
    assert_true(eddy_context_get(context, &found, &color_var));
    assert_string_equal(found, "seen");
    eddy_context_release(context);
    return 0;
}

static void see_and_call_again(void *left)
{
    int *count = left;
    char *own = &"wxyz"[*count];
    see_color(NULL);
    set_color(own);
    if (--*count >= 0)
        assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, see_and_call_again, left), 0);
}

static int see_child(void *unused)
{
    see_color(unused);
    return 0;
}

static void start_child(void *unused)
{
    (void)unused;
    set_color("callback");
    assert_int_equal(eddy_create_task(NULL, see_child, NULL, NULL), 0);
}

/* A callback is a creator like any other, and what one sets is gone for the next. */
TASK_TEST(context_X1_callbacks_hand_their_own_context_on)
{
    eddy_loop *loop = eddy_get_running_loop();
    int left = 2;
    (void)arg;
    set_color("red");
    assert_int_equal(eddy_loop_call_soon(loop, NULL, see_and_call_again, &left), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(eddy_sleep(0), 0);
    assert_string_equal(colors_seen(), " red yz xyz");
    assert_int_equal(eddy_loop_call_soon(loop, NULL, start_child, NULL), 0);
    assert_int_equal(eddy_loop_call_soon(loop, NULL, see_color, NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(eddy_sleep(0), 0);
    assert_string_equal(colors_seen(), " red callback");
    return 0;
}

TASK_TEST(context_X1_handle_knows_its_context)
{
    eddy_loop *loop = eddy_get_running_loop();
    eddy_context *given, *of_handle;
    eddy_handle *handles[3];
    void *found;
    (void)arg;
    set_color("red");
    assert_int_equal(eddy_copy_context(&given), 0);
    assert_int_equal(eddy_loop_call_soon_in_context(loop, &handles[0], see_color, NULL, given), 0);
    assert_int_equal(eddy_loop_call_later(loop, &handles[1], 0.001, see_color, NULL), 0);
    assert_int_equal(eddy_loop_call_soon_threadsafe(loop, &handles[2], see_color, NULL), 0);
    assert_int_equal(eddy_handle_get_context(handles[0], &of_handle), 0);
    assert_ptr_equal(of_handle, given);
    eddy_context_release(of_handle);
    await_colors(3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(eddy_handle_get_context(handles[i], &of_handle), 0);
        assert_true(eddy_context_get(of_handle, &found, &color_var));
        assert_string_equal(found, "seen");
        eddy_context_release(of_handle);
        eddy_handle_release(handles[i]);
    }
    assert_string_equal(colors_seen(), " red red red");
    assert_int_equal(eddy_handle_get_context(NULL, &of_handle), EDDY_EINVAL);
    eddy_context_release(given);
    return 0;
}

typedef struct watching {
    int ends[2], calls;
    eddy_future *done;
} watching;

static void on_readable(void *arg)
{
    watching *self = arg;
    eddy_loop *loop = eddy_get_running_loop();
    see_color(NULL);
    self->calls++;
    if (self->calls == 2) /* from now on another registration, with a copy of what this one has */
        assert_int_equal(eddy_loop_add_reader(loop, self->ends[0], on_readable, arg), 0);
    set_color(self->calls == 2 ? "replaced" : "again");
    if (self->calls < 4)
        return;
    assert_int_equal(eddy_loop_remove_reader(loop, self->ends[0]), 1);
    set_color("removed");
    (void)eddy_future_set_result(self->done, 0);
}

TASK_TEST(context_X1_reader_keeps_one_context_from_call_to_call)
{
    watching self = {.calls = 0};
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    if (support_is_simulated())
        return support_skip("descriptors from elsewhere cannot be reached");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, self.ends), 0);
    assert_int_equal(eddy_loop_create_future(loop, &self.done), 0);
    set_color("red");
    assert_int_equal(eddy_loop_add_reader(loop, self.ends[0], on_readable, &self), 0);
    set_color("blue");
    assert_int_equal(write(self.ends[1], "x", 1), 1);
    assert_int_equal(eddy_await_future(self.done, NULL), 0);
    assert_string_equal(colors_seen(), " red again seen again");
    assert_string_equal(color(), "blue");
    eddy_future_release(self.done);
    close(self.ends[0]);
    close(self.ends[1]);
    return 0;
}

static int on_client(eddy_stream *stream, void *unused)
{
    (void)stream;
    see_color(unused);
    return 0;
}

TASK_TEST(context_X1_client_tasks_begin_with_the_context_of_start_server)
{
    eddy_server *server;
    eddy_stream *stream;
    char service[16], byte;
    (void)arg;
    set_color("server");
    assert_int_equal(eddy_start_server(&server, "127.0.0.1", "0", on_client, NULL, NULL), 0);
    (void)snprintf(service, sizeof service, "%d", eddy_server_port(server, 0));
    set_color("client");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", service, NULL), 0);
        assert_int_equal(eddy_stream_read(stream, &byte, 1), 0);
        eddy_stream_close(stream);
        eddy_stream_release(stream);
    }
    assert_string_equal(colors_seen(), " server server");
    eddy_server_close(server);
    assert_int_equal(eddy_server_wait_closed(server), 0);
    eddy_server_release(server);
    return 0;
}

/* ---- reports ---- */

static void see_report(eddy_loop *loop, const eddy_exception_context *context, void *unused)
{
    (void)loop;
    (void)context;
    see_color(unused);
}

static int paint_and_fail(void *value)
{
    set_color(value);
    return EDDY_EIO;
}

TASK_TEST(context_X4_handler_runs_in_the_context_of_the_task)
{
    eddy_loop *loop = eddy_get_running_loop();
    eddy_exception_context report = {.size = sizeof report, .message = "by hand"};
    eddy_handle *handle;
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_loop_set_exception_handler(loop, see_report, NULL), 0);
    set_color("handle");
    assert_int_equal(eddy_loop_call_soon(loop, &handle, note, NULL), 0);
    set_color("outside");
    assert_int_equal(eddy_create_task(&task, paint_and_fail, "task", NULL), 0);
    assert_int_equal(eddy_sleep(0), 0);
    report.future = eddy_task_future(task);
    eddy_loop_call_exception_handler(loop, &report);
    report.future = NULL;
    report.handle = handle;
    eddy_loop_call_exception_handler(loop, &report);
    report.handle = NULL;
    eddy_loop_call_exception_handler(loop, &report);
    assert_string_equal(colors_seen(), " task handle outside");
    assert_string_equal(color(), "seen");
    eddy_task_release(task); /* nobody looked at its error */
    assert_string_equal(colors_seen(), " seen");
    report.task = eddy_current_task();
    eddy_loop_call_exception_handler(loop, &report);
    assert_string_equal(colors_seen(), " seen");
    eddy_handle_release(handle);
    assert_int_equal(eddy_loop_set_exception_handler(loop, NULL, NULL), 0);
    return 0;
}

/* ---- a loop that closes ---- */

static int wait_for_ever(void *unused)
{
    (void)unused;
    return eddy_sleep((double)INFINITY);
}

static void give_back(void *context)
{
    eddy_context_release(context);
}

static int set_and_wait(void *value)
{
    eddy_context *copy;
    assert_int_equal(eddy_context_var_set(&owned_var, NULL, value), 0);
    assert_int_equal(eddy_defer(see_color, NULL), 0);
    set_color("deferred");
    assert_int_equal(eddy_copy_context(&copy), 0);
    eddy_context_token token;
    int rc = eddy_context_var_set(&color_var, &token, "token");
    eddy_context_token_release(&token);
    /* Owned by the task alone from here, and left where it stands. */
    assert_int_equal(eddy_context_var_set(&owned_var, NULL, "another"), 0);
    assert_int_equal(eddy_defer(give_back, copy), 0);
    return rc < 0 ? rc : eddy_context_run(copy, wait_for_ever, NULL);
}

/* Whatever is still queued, registered or asleep. */
static void context_of_all_that_a_closing_loop_holds_is_given_back(void **state)
{
    long blocks = support_live_blocks();
    int before = owned_released();
    eddy_loop *loop = make_loop();
    eddy_context *context;
    eddy_future *future;
    eddy_handle *held;
    (void)state;
    assert_int_equal(eddy_loop_set_exception_handler(loop, see_report, NULL), 0);
    assert_int_equal(eddy_context_create(&context), 0);
    eddy_task_options options = {.size = sizeof options, .context = context};
    assert_int_equal(eddy_loop_create_task(loop, NULL, set_and_wait, "value", &options), 0);
    assert_true(eddy_loop_run_once(loop, 0) > 0);
    assert_int_equal(eddy_loop_create_future(loop, &future), 0);
    assert_int_equal(eddy_loop_call_soon_in_context(loop, NULL, note, NULL, context), 0);
    assert_int_equal(eddy_loop_call_soon_in_context(loop, &held, note, NULL, context), 0);
    assert_int_equal(eddy_loop_call_later_in_context(loop, NULL, 100, note, NULL, context), 0);
    assert_int_equal(eddy_loop_call_soon_threadsafe_in_context(loop, NULL, note, NULL, context), 0);
    assert_int_equal(eddy_future_add_done_callback_in_context(future, see_color_when_done, NULL, context), 0);
    assert_int_equal(eddy_future_add_done_callback_in_context(future, see_color_when_done, NULL, context), 0);
    assert_int_equal(eddy_future_remove_done_callback(future, see_color_when_done, NULL), 2);
    assert_int_equal(eddy_future_add_done_callback_in_context(future, see_color_when_done, NULL, context), 0);
    assert_int_equal(eddy_future_set_result(future, 0), 0);
    eddy_context_release(context);
    eddy_future_release(future);
    assert_int_equal(eddy_loop_close(loop), 0);
    assert_string_equal(colors_seen(), " deferred seen"); /* X4: the report; then what it deferred */
    eddy_handle_release(held);
    eddy_loop_release(loop);
    assert_int_equal(owned_released(), before + 2);
    assert_int_equal(support_live_blocks(), blocks);
}

int suite_contexts_tasks(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(context_X1_task_gets_a_copy_of_its_creators_when_it_is_created),
        cmocka_unit_test(context_X1_given_context_is_used_itself_and_may_be_shared),
        cmocka_unit_test(context_X2_changes_survive_awaits_and_stay_inside),
        cmocka_unit_test(context_X2_task_has_its_context_also_after_its_end),
        cmocka_unit_test(context_X1_callbacks_capture_the_context_of_the_call),
        cmocka_unit_test(context_X1_callbacks_run_in_the_context_that_is_given),
        cmocka_unit_test(context_X1_callbacks_hand_their_own_context_on),
        cmocka_unit_test(context_X1_handle_knows_its_context),
        cmocka_unit_test(context_X1_reader_keeps_one_context_from_call_to_call),
        cmocka_unit_test(context_X1_client_tasks_begin_with_the_context_of_start_server),
        cmocka_unit_test(context_X4_handler_runs_in_the_context_of_the_task),
        cmocka_unit_test(context_of_all_that_a_closing_loop_holds_is_given_back),
    };
    return cmocka_run_group_tests_name("contexts of tasks", tests, NULL, NULL);
}
