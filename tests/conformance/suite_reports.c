/* suite_reports.c: the exception handler, its default, and what debug mode reports (asyncio 12.8, 12.9, DB3).
 * Touches the public API, and standard error through a pipe where the default handler writes. */
#include "loops.h"
#include "suite.h"

#include <stdio.h>

#include <unistd.h>

static struct {
    int count, code;
    void *arg;
    eddy_loop *loop;
    char message[96], task[32];
} told;

static void listen_to(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    told.count++;
    told.code = context->exception;
    told.arg = arg;
    told.loop = loop;
    assert_true(context->size >= sizeof *context);
    assert_true(strlen(context->message) < sizeof told.message);
    (void)snprintf(told.message, sizeof told.message, "%s", context->message);
    told.task[0] = '\0';
    if (context->task != NULL)
        (void)eddy_task_get_name(context->task, told.task, sizeof told.task);
}

static eddy_loop *make_listened_loop(void)
{
    eddy_loop *loop = make_loop();
    told.count = 0;
    assert_int_equal(eddy_loop_set_exception_handler(loop, listen_to, &told), 0);
    return loop;
}

/* ---- standard error, while something is said ---- */

typedef struct capture {
    int kept, ends[2];
} capture;

static capture capture_begin(void)
{
    capture c;
    assert_int_equal(pipe(c.ends), 0);
    c.kept = dup(STDERR_FILENO);
    assert_true(c.kept >= 0 && dup2(c.ends[1], STDERR_FILENO) >= 0);
    return c;
}

static void capture_end(capture *c, char *said, size_t size)
{
    assert_true(dup2(c->kept, STDERR_FILENO) >= 0);
    close(c->kept);
    close(c->ends[1]);
    ssize_t got = read(c->ends[0], said, size - 1);
    said[got > 0 ? got : 0] = '\0';
    close(c->ends[0]);
}

/* ---- the handler ---- */

static void handler_gets_the_context_its_argument_and_its_loop(void **state)
{
    eddy_loop *loop = make_listened_loop();
    eddy_exception_context context = {
        .size = sizeof context, .message = "something went wrong", .exception = EDDY_EIO};
    (void)state;
    assert_true(eddy_loop_get_exception_handler(loop) == listen_to);
    eddy_loop_call_exception_handler(loop, &context);
    assert_int_equal(told.count, 1);
    assert_int_equal(told.code, EDDY_EIO);
    assert_ptr_equal(told.arg, &told);
    assert_ptr_equal(told.loop, loop);
    assert_string_equal(told.message, "something went wrong");
    assert_int_equal(eddy_loop_set_exception_handler(NULL, listen_to, NULL), EDDY_EINVAL);
    eddy_loop_call_exception_handler(loop, NULL);
    eddy_loop_call_exception_handler(NULL, &context);
    assert_int_equal(told.count, 1);
    end_loop(loop);
}

static void default_handler_writes_one_line_with_all_that_is_known(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_error detail = {.code = EDDY_EIO, .os_error = 5, .operation = "read"};
    eddy_exception_context context = {
        .size = sizeof context, .message = "something went wrong", .exception = EDDY_EIO, .error = &detail};
    char said[256];
    (void)state;
    assert_null(eddy_loop_get_exception_handler(loop));
    for (int direct = 0; direct < 2; direct++) {
        capture c = capture_begin();
        if (direct)
            eddy_loop_default_exception_handler(loop, &context);
        else
            eddy_loop_call_exception_handler(loop, &context);
        capture_end(&c, said, sizeof said);
        assert_non_null(strstr(said, "something went wrong"));
        assert_non_null(strstr(said, "EDDY_EIO"));
        assert_non_null(strstr(said, "read"));
        assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    }
    end_loop(loop);
}

static int give_an_error(void *arg)
{
    (void)arg;
    return EDDY_EPROTO;
}

static void default_handler_names_the_task(void **state)
{
    eddy_loop *loop = make_loop();
    char said[256];
    (void)state;
    assert_int_equal(eddy_loop_create_task(loop, NULL, give_an_error, NULL,
                                           EDDY_OPTIONS(eddy_task_options, .name = "the culprit")),
                     0);
    capture c = capture_begin();
    for (int i = 0; i < 3; i++)
        assert_true(eddy_loop_run_once(loop, 0) >= 0);
    capture_end(&c, said, sizeof said);
    assert_non_null(strstr(said, "the culprit"));
    assert_non_null(strstr(said, "EDDY_EPROTO"));
    end_loop(loop);
}

static void said_of(eddy_loop *loop, const eddy_error *error, char *said, size_t size)
{
    eddy_exception_context context = {
        .size = sizeof context, .message = "report", .exception = error->code, .error = error};
    capture c = capture_begin();
    eddy_loop_default_exception_handler(loop, &context);
    capture_end(&c, said, size);
}

static void default_handler_tells_what_the_exception_carries(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_error read = {.code = EDDY_EINCOMPLETE, .partial = 3, .expected = 7};
    eddy_error until = {.code = EDDY_EINCOMPLETE, .partial = 4};
    eddy_error limit = {.code = EDDY_ELIMIT, .consumed = 65537};
    eddy_error cancel = {.code = EDDY_ECANCELED, .message = "why not"};
    char said[256];
    (void)state;
    said_of(loop, &read, said, sizeof said);
    assert_non_null(strstr(said, "3 bytes read on a total of 7 expected bytes"));
    said_of(loop, &until, said, sizeof said);
    assert_non_null(strstr(said, "4 bytes read on a total of undefined expected bytes"));
    said_of(loop, &limit, said, sizeof said);
    assert_non_null(strstr(said, "consumed: 65537"));
    said_of(loop, &cancel, said, sizeof said);
    assert_non_null(strstr(said, "message: why not"));
    end_loop(loop);
}

static int fail_as_a_group(void *arg)
{
    eddy_task_group group;
    int rc = eddy_task_group_enter(&group);
    if (rc == 0)
        rc = eddy_task_group_create_task(&group, NULL, give_an_error, arg, NULL);
    if (rc == 0 && eddy_sleep(0) == 0)
        rc = eddy_sleep(0); /* cancelled, since the child failed */
    return eddy_task_group_exit(&group, rc == EDDY_ECANCELED ? EDDY_EIO : rc);
}

static void default_handler_lists_the_errors_of_a_group(void **state)
{
    eddy_loop *loop = make_loop();
    char said[256];
    (void)state;
    assert_int_equal(eddy_loop_create_task(loop, NULL, fail_as_a_group, NULL, NULL), 0);
    capture c = capture_begin();
    for (int i = 0; i < 6; i++)
        assert_true(eddy_loop_run_once(loop, 0) >= 0);
    capture_end(&c, said, sizeof said);
    assert_non_null(strstr(said, "errors of the group: EDDY_EPROTO, EDDY_EIO"));
    end_loop(loop);
}

static void report_again(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    eddy_exception_context inner = {.size = sizeof inner, .message = "from inside the handler"};
    (void)context;
    (void)arg;
    told.count++;
    assert_true(eddy_loop_get_exception_handler(loop) == report_again);
    eddy_loop_call_exception_handler(loop, &inner);
}

static void report_from_inside_a_handler_goes_to_the_default_one(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_exception_context context = {.size = sizeof context, .message = "from outside"};
    char said[256];
    (void)state;
    told.count = 0;
    assert_int_equal(eddy_loop_set_exception_handler(loop, report_again, NULL), 0);
    capture c = capture_begin();
    eddy_loop_call_exception_handler(loop, &context);
    eddy_loop_call_exception_handler(loop, &context);
    capture_end(&c, said, sizeof said);
    assert_int_equal(told.count, 2);
    assert_non_null(strstr(said, "from inside the handler"));
    assert_null(strstr(said, "from outside"));
    end_loop(loop);
}

static void take_myself_away(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)context;
    told.count++;
    assert_int_equal(eddy_loop_set_exception_handler(loop, arg != NULL ? listen_to : NULL, NULL), 0);
}

static void handler_may_set_another_or_none(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_exception_context context = {.size = sizeof context, .message = "a report"};
    char said[256];
    (void)state;
    told.count = 0;
    assert_int_equal(eddy_loop_set_exception_handler(loop, take_myself_away, loop), 0);
    eddy_loop_call_exception_handler(loop, &context);
    assert_true(eddy_loop_get_exception_handler(loop) == listen_to);
    assert_int_equal(eddy_loop_set_exception_handler(loop, take_myself_away, NULL), 0);
    eddy_loop_call_exception_handler(loop, &context);
    assert_int_equal(told.count, 2);
    assert_null(eddy_loop_get_exception_handler(loop));
    capture c = capture_begin();
    eddy_loop_call_exception_handler(loop, &context);
    capture_end(&c, said, sizeof said);
    assert_int_equal(told.count, 2);
    assert_non_null(strstr(said, "a report"));
    end_loop(loop);
}

/* ---- debug mode ---- */

static void slow(void *loop)
{
    double until = eddy_loop_time(loop) + 0.003;
    while (eddy_loop_time(loop) < until)
        continue;
}

static int slow_step(void *loop)
{
    slow(loop);
    return 0;
}

static void debug_mode_reports_slow_callbacks_and_steps(void **state)
{
    eddy_loop *loop = make_listened_loop();
    (void)state;
    eddy_loop_set_debug(loop, true);
    assert_int_equal(eddy_loop_set_slow_callback_duration(loop, 0), EDDY_EINVAL);
    assert_int_equal(eddy_loop_set_slow_callback_duration(loop, -1), EDDY_EINVAL);
    assert_int_equal(eddy_loop_set_slow_callback_duration(loop, 1000), 0);
    assert_int_equal(eddy_loop_call_soon(loop, NULL, slow, loop), 0);
    assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    assert_int_equal(told.count, 0);
    assert_int_equal(eddy_loop_set_slow_callback_duration(loop, 0.002), 0);
    assert_int_equal(eddy_loop_call_soon(loop, NULL, slow, loop), 0);
    assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    assert_int_equal(told.count, 1);
    assert_string_equal(told.task, "");
    assert_int_equal(eddy_loop_create_task(loop, NULL, slow_step, loop,
                                           EDDY_OPTIONS(eddy_task_options, .name = "sluggard")),
                     0);
    assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    assert_int_equal(told.count, 2);
    assert_string_equal(told.task, "sluggard");
    eddy_loop_set_debug(loop, false);
    assert_int_equal(eddy_loop_call_soon(loop, NULL, slow, loop), 0);
    assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    assert_int_equal(told.count, 2);
    end_loop(loop);
}

static void switch_debug(void *loop)
{
    eddy_loop_set_debug(loop, !eddy_loop_get_debug(loop));
}

static int yield_a_few_times(void *arg)
{
    (void)arg;
    for (int i = 0; i < 5; i++) {
        int rc = eddy_sleep(0);
        if (rc < 0)
            return rc;
    }
    return 3;
}

static void debug_mode_may_be_switched_while_tasks_run(void **state)
{
    eddy_loop *loop = make_loop();
    eddy_task *task;
    (void)state;
    assert_int_equal(eddy_loop_create_task(loop, &task, yield_a_few_times, NULL, NULL), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(eddy_loop_call_soon(loop, NULL, switch_debug, loop), 0);
    assert_int_equal(eddy_loop_call_later(loop, NULL, 0, switch_debug, loop), 0);
    assert_int_equal(eddy_loop_run_until_complete(loop, eddy_task_future(task)), 3);
    eddy_task_release(task);
    end_loop(loop);
}

int suite_reports(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handler_gets_the_context_its_argument_and_its_loop),
        cmocka_unit_test(default_handler_writes_one_line_with_all_that_is_known),
        cmocka_unit_test(default_handler_names_the_task),
        cmocka_unit_test(default_handler_tells_what_the_exception_carries),
        cmocka_unit_test(default_handler_lists_the_errors_of_a_group),
        cmocka_unit_test(report_from_inside_a_handler_goes_to_the_default_one),
        cmocka_unit_test(handler_may_set_another_or_none),
        cmocka_unit_test(debug_mode_reports_slow_callbacks_and_steps),
        cmocka_unit_test(debug_mode_may_be_switched_while_tasks_run),
    };
    return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}
