/* suite_inspect_debug.c: what debug mode tells: where things were made, what was not closed, what was slow, who called from the wrong thread;
 * and the log (asyncio 22).
 * Touches the public API, the environment and a thread. What was told is one record for the whole program. */
#include "loops.h"
#include "pair.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "core/loop/loop.h"

/* ---- what was told ---- */

static struct {
    int count;
    char all[1024], text[4096];
} told;

static void listen_to(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)arg;
    told.count++;
    size_t size = strlen(told.all);
    (void)snprintf(told.all + size, sizeof told.all - size, "%s|", context->message);
    (void)snprintf(told.text, sizeof told.text, "%s", context->text != NULL ? context->text : "");
}

static eddy_loop *make_listened(bool debug)
{
    eddy_loop *loop;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend(), .debug = debug};
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    memset(&told, 0, sizeof told);
    assert_int_equal(eddy_loop_set_exception_handler(loop, listen_to, NULL), 0);
    return loop;
}

static void run_body_on(eddy_loop *loop, eddy_coro_fn body)
{
    eddy_task *task;
    assert_int_equal(eddy_task_create(loop, &task, body, NULL, NULL), 0);
    assert_int_equal(eddy_loop_run_until_complete(loop, eddy_task_future(task)), 0);
    eddy_task_release(task);
}

/* Whether the text leads to this function; where lines are known it does so by name. */
static bool leads_to(const char *function)
{
    char wanted[64];
    (void)snprintf(wanted, sizeof wanted, "in %s()", function);
    return strstr(told.text, ", line ") == NULL || strstr(told.text, wanted) != NULL;
}

/* ---- where things were made ---- */

static int fail_with(void *code)
{
    return *(int *)code;
}

static int (*volatile make_it)(eddy_loop *loop);

static int make_failing_task(eddy_loop *loop)
{
    static int code = EDDY_EPROTO;
    int rc = eddy_loop_create_task(loop, NULL, fail_with, &code, NULL);
    return rc < 0 ? rc : 1;
}

static int make_failing_future(eddy_loop *loop)
{
    eddy_future *future;
    int rc = eddy_loop_create_future(loop, &future);
    if (rc == 0)
        rc = eddy_future_set_exception(future, EDDY_EPROTO);
    eddy_future_release(future);
    return rc < 0 ? rc : 1;
}

static int return_nine(void *arg)
{
    (void)arg;
    return 9;
}

static int make_task_with_a_result(eddy_loop *loop)
{
    int rc = eddy_loop_create_task(loop, NULL, return_nine, NULL, NULL);
    return rc < 0 ? rc : 1;
}

static int make_future_with_a_value(eddy_loop *loop)
{
    static int value;
    eddy_future *future;
    int rc = eddy_loop_create_future(loop, &future);
    if (rc == 0)
        rc = eddy_future_set_value(future, &value, NULL);
    eddy_future_release(future);
    return rc < 0 ? rc : 1;
}

static int make_what_has_nothing_to_say(eddy_loop *loop)
{
    static int value;
    eddy_future *over, *seen;
    assert_int_equal(eddy_loop_create_future(loop, &over), 0);
    assert_int_equal(eddy_loop_create_future(loop, &seen), 0);
    assert_int_equal(eddy_future_set_result(over, 0), 0);
    assert_int_equal(eddy_future_set_value(seen, &value, NULL), 0);
    assert_ptr_equal(eddy_future_value(seen), &value);
    eddy_future_release(over);
    eddy_future_release(seen);
    return 1;
}

static int wait_for_ever(void *arg)
{
    (void)arg;
    return eddy_sleep((double)INFINITY);
}

static int make_endless_task(eddy_loop *loop)
{
    int rc = eddy_loop_create_task(loop, NULL, wait_for_ever, NULL, NULL);
    return rc < 0 ? rc : 1;
}

typedef struct made_thing {
    int (*make)(eddy_loop *loop);
    const char *function, *message; /* message "": nothing is told of it */
} made_thing;

static void expect_told(const made_thing *thing, bool debug, const char *message)
{
    long blocks = support_live_blocks();
    eddy_loop *loop = make_listened(debug);
    make_it = thing->make;
    assert_int_equal(make_it(loop), 1);
    assert_true(eddy_loop_run_once(loop, 0) >= 0);
    end_loop(loop);
    assert_string_equal(told.all, message);
    if (debug && message[0] != '\0') {
        assert_memory_equal(told.text, "    created at:\n", 16);
        assert_true(leads_to(thing->function));
    } else {
        assert_string_equal(told.text, "");
    }
    assert_int_equal(support_live_blocks(), blocks);
}

/* A result of 0 says nothing, and one that was looked at is known. */
static void results_never_retrieved_are_told_in_debug_mode(void **state)
{
    static const made_thing all[] = {
        {make_task_with_a_result, "make_task_with_a_result", "Task result was never retrieved|"},
        {make_future_with_a_value, "make_future_with_a_value", "Future result was never retrieved|"},
        {make_what_has_nothing_to_say, "", ""}};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        expect_told(&all[i], false, "");
        expect_told(&all[i], true, all[i].message);
    }
}

static void debug_mode_tells_where_a_thing_was_made(void **state)
{
    static const made_thing all[] = {
        {make_failing_task, "make_failing_task", "Task exception was never retrieved|"},
        {make_failing_future, "make_failing_future", "Future exception was never retrieved|"},
        {make_endless_task, "make_endless_task", "Task was destroyed but it is pending!|"}};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        expect_told(&all[i], false, all[i].message);
        expect_told(&all[i], true, all[i].message);
    }
}

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int make_and_forget(void *arg)
{
    eddy_loop *loop = eddy_get_running_loop();
    size_t before = loop->origin_count;
    eddy_task *task;
    (void)arg;
    assert_int_equal(eddy_create_task(&task, do_nothing, NULL, NULL), 0);
    assert_int_equal(loop->origin_count, before + 1);
    assert_int_equal(eddy_await(task, NULL), 0);
    assert_int_equal(loop->origin_count, before + 1);
    eddy_task_release(task);
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(loop->origin_count, before);
    return 0;
}

static void what_is_known_of_a_thing_goes_with_it(void **state)
{
    eddy_loop *loop = make_listened(true);
    (void)state;
    run_body_on(loop, make_and_forget);
    end_loop(loop);
    assert_int_equal(told.count, 0);
}

/* ---- what was not closed ---- */

static stream_pair open_pair;
static bool close_it;

static int open_streams(void *arg)
{
    (void)arg;
    pair_open(&open_pair, NULL, NULL);
    if (close_it) {
        pair_close(&open_pair);
        return 0;
    }
    assert_int_equal(eddy_future_set_result(open_pair.leave, 0),
                     0); /* the server's task ends, and closes its end */
    return eddy_sleep(0.01);
}

static void debug_mode_reports_what_was_not_closed(void **state)
{
    (void)state;
    for (int debug = 0; debug < 2; debug++)
        for (int closed = 0; closed < 2; closed++) {
            eddy_loop *loop = make_listened(debug);
            close_it = closed;
            run_body_on(loop, open_streams);
            assert_int_equal(eddy_loop_close(loop), 0);
            if (!closed) {
                eddy_stream_release(open_pair.client);
                eddy_stream_release(open_pair.peer);
                eddy_server_release(open_pair.server);
                eddy_future_release(open_pair.here);
                eddy_future_release(open_pair.leave);
            }
            eddy_loop_release(loop);
            bool expected = debug && !closed;
            assert_int_equal(strstr(told.all, "unclosed server|") != NULL, expected);
            assert_int_equal(strstr(told.all, "unclosed stream|") != NULL, expected);
            assert_int_equal(told.count, expected ? 2 : 0);
        }
}

static void debug_mode_reports_a_loop_that_was_not_closed(void **state)
{
    (void)state;
    for (int debug = 0; debug < 2; debug++) {
        eddy_loop *loop = make_listened(debug);
        eddy_loop_release(loop);
        assert_string_equal(told.all, debug ? "unclosed event loop|" : "");
    }
}

/* ---- what was slow ---- */

static void be_slow(void *loop)
{
    double until = eddy_loop_time(loop) + 0.002;
    while (eddy_loop_time(loop) < until)
        continue;
}

static int be_slow_in_a_step(void *arg)
{
    (void)arg;
    be_slow(eddy_get_running_loop());
    return 0;
}

static void slow_callbacks_are_told_with_their_time_and_place(void **state)
{
    eddy_loop *loop = make_listened(true);
    double seconds;
    (void)state;
    assert_int_equal(eddy_loop_set_slow_callback_duration(loop, 0.001), 0);
    assert_int_equal(eddy_loop_call_soon(loop, NULL, be_slow, loop), 0);
    assert_true(eddy_loop_run_once(loop, 0) >= 0);
    assert_int_equal(sscanf(told.all, "Executing a callback took %lf seconds|", &seconds), 1);
    assert_true(seconds >= 0.001);
    assert_true(told.text[0] != '\0' && leads_to("be_slow"));
    told.all[0] = '\0';
    assert_int_equal(eddy_loop_create_task(loop, NULL, be_slow_in_a_step, NULL, NULL), 0);
    assert_true(eddy_loop_run_once(loop, 0) >= 0);
    assert_int_equal(sscanf(told.all, "Executing a task's step took %lf seconds|", &seconds), 1);
    assert_memory_equal(told.text, "    created at:\n", 16);
    end_loop(loop);
}

/* ---- how it is switched on ---- */

static void environment_switches_debug_mode_on_unless_it_is_empty(void **state)
{
    static const char *const values[] = {"1", "", NULL};
    const char *before = getenv("EDDY_DEBUG");
    char kept[32] = "";
    (void)state;
    if (before != NULL)
        (void)snprintf(kept, sizeof kept, "%s", before);
    for (int i = 0; i < 3; i++) {
        (void)(values[i] != NULL ? setenv("EDDY_DEBUG", values[i], 1) : unsetenv("EDDY_DEBUG"));
        eddy_loop *loop = make_listened(false);
        bool debug = eddy_loop_get_debug(loop);
        end_loop(loop);
        assert_int_equal(debug, i == 0);
    }
    if (before != NULL)
        (void)setenv("EDDY_DEBUG", kept, 1);
}

/* ---- the log ---- */

static struct {
    int count;
    eddy_log_level level;
    eddy_loop *loop;
    char message[256], text[2048];
} logged;

static void log_to(const eddy_log_record *record, void *arg)
{
    assert_ptr_equal(arg, &logged);
    assert_true(record->size >= sizeof *record);
    logged.count++;
    logged.level = record->level;
    logged.loop = record->loop;
    (void)snprintf(logged.message, sizeof logged.message, "%s", record->message);
    (void)snprintf(logged.text, sizeof logged.text, "%s", record->text != NULL ? record->text : "");
}

static void begin_log(eddy_log_level level)
{
    memset(&logged, 0, sizeof logged);
    assert_int_equal(eddy_set_log(log_to, &logged), 0);
    assert_int_equal(eddy_set_log_level(level), 0);
}

static void end_log(void)
{
    assert_int_equal(eddy_set_log(NULL, NULL), 0);
    assert_int_equal(eddy_set_log_level(EDDY_LOG_WARNING), 0);
}

static void log_gets_what_the_default_handler_says(void **state)
{
    eddy_exception_context context = {
        .size = sizeof context, .message = "something went wrong", .exception = EDDY_EIO, .text = "more\n"};
    (void)state;
    begin_log(EDDY_LOG_WARNING);
    eddy_loop *loop = make_loop();
    eddy_loop_call_exception_handler(loop, &context);
    assert_int_equal(logged.count, 1);
    assert_int_equal(logged.level, EDDY_LOG_ERROR);
    assert_ptr_equal(logged.loop, loop);
    assert_memory_equal(logged.message, "something went wrong; error: EDDY_EIO (", 39);
    assert_null(strchr(logged.message, '\n'));
    assert_string_equal(logged.text, "more\n");
    assert_int_equal(eddy_set_log(NULL, NULL), EDDY_EBUSY); /* a loop is there */
    end_loop(loop);
    end_log();
}

static void log_tells_nothing_below_its_level(void **state)
{
    eddy_exception_context context = {.size = sizeof context, .message = "something went wrong"};
    (void)state;
    assert_int_equal(eddy_get_log_level(), EDDY_LOG_WARNING);
    begin_log(EDDY_LOG_DEBUG);
    eddy_loop *loop = make_loop();
    assert_memory_equal(logged.message, "Using backend: ", 15);
    assert_int_equal(logged.level, EDDY_LOG_DEBUG);
    end_loop(loop);
    assert_string_equal(logged.message, "Closed the loop");
    begin_log(EDDY_LOG_NOTHING);
    loop = make_loop();
    eddy_loop_call_exception_handler(loop, &context);
    end_loop(loop);
    assert_int_equal(logged.count, 0);
    end_log();
    assert_int_equal(eddy_set_log_level((eddy_log_level)9), EDDY_EINVAL);
    assert_int_equal(eddy_set_log_level((eddy_log_level)101), EDDY_EINVAL);
}

static void call_from_elsewhere(void *loop)
{
    (void)eddy_loop_call_soon(loop, NULL, note, NULL);
}

static int have_it_called(void *arg)
{
    eddyi_thread thread;
    int rc = eddyi_thread_create(&thread, call_from_elsewhere, eddy_get_running_loop(), "elsewhere");
    (void)arg;
    if (rc < 0)
        return rc;
    eddyi_thread_join(&thread);
    return 0;
}

static void fault_X1_debug_mode_logs_both_threads_and_the_place(void **state)
{
    unsigned long long here, there;
    (void)state;
    begin_log(EDDY_LOG_WARNING);
    eddy_loop *loop = make_listened(true);
    run_body_on(loop, have_it_called);
    end_loop(loop);
    assert_int_equal(logged.count, 1);
    assert_int_equal(logged.level, EDDY_LOG_WARNING);
    assert_int_equal(sscanf(logged.message,
                            "Non-thread-safe operation: thread %llx called a loop that runs in thread %llx",
                            &here, &there),
                     2);
    assert_true(here != there && there == (unsigned long long)eddyi_thread_id());
    assert_true(logged.text[0] != '\0');
    end_log();
}

int suite_inspect_debug(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(debug_mode_tells_where_a_thing_was_made),
        cmocka_unit_test(results_never_retrieved_are_told_in_debug_mode),
        cmocka_unit_test(what_is_known_of_a_thing_goes_with_it),
        cmocka_unit_test(debug_mode_reports_what_was_not_closed),
        cmocka_unit_test(debug_mode_reports_a_loop_that_was_not_closed),
        cmocka_unit_test(slow_callbacks_are_told_with_their_time_and_place),
        cmocka_unit_test(environment_switches_debug_mode_on_unless_it_is_empty),
        cmocka_unit_test(log_gets_what_the_default_handler_says),
        cmocka_unit_test(log_tells_nothing_below_its_level),
        cmocka_unit_test(fault_X1_debug_mode_logs_both_threads_and_the_place),
    };
    return cmocka_run_group_tests_name("debug mode", tests, NULL, NULL);
}
