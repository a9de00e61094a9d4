/* suite_hooks.c: what a profiler is told: tasks made, running, ended; operations begun and completed; callbacks.
 * Touches the public API, and the words by which tracers say that they watch. The table is the process's: each test takes it away again. */
#include "bodies.h"
#include "home.h"
#include "loops.h"
#include "pair.h"
#include "suite.h"

#include "core/base/probes.h"

/* ---- a profiler ---- */

enum { MOST_OPERATIONS = 64 };

typedef struct profiler {
    eddy_hooks hooks; /* first */
    eddy_loop *loop;  /* only what is told of this one is noted; NULL: of all */
    char story[512];  /* one letter for each hook, and the last letter of the task's name */
    size_t size;
    const eddy_task *running;
    int created, ended, result; /* result: of the last that ended */
    const void *pending[MOST_OPERATIONS];
    int submitted, completed, unknown; /* operations; unknown: completed without having been submitted */
    char kind[16];                     /* of the last one */
    eddy_fd fd;
    int64_t value;
    int begun, over; /* callbacks */
    eddy_callback_fn fn;
} profiler;

static profiler *noting(const eddy_hooks *hooks, const eddy_loop *loop)
{
    profiler *self = (profiler *)(uintptr_t)hooks;
    return self->loop == NULL || self->loop == loop ? self : NULL;
}

static void tell(profiler *self, char letter, const eddy_task *task)
{
    char name[32];
    int length = eddy_task_get_name(task, name, sizeof name);
    if (self->size + 2 >= sizeof self->story || length <= 0 || length >= (int)sizeof name)
        return;
    self->story[self->size++] = letter;
    self->story[self->size++] = name[length - 1];
    self->story[self->size] = '\0';
}

static void created(const eddy_hooks *hooks, eddy_loop *loop, eddy_task *task)
{
    profiler *self = noting(hooks, loop);
    if (self == NULL)
        return;
    self->created++;
    tell(self, '+', task);
}

static void switched_in(const eddy_hooks *hooks, eddy_loop *loop, eddy_task *task)
{
    profiler *self = noting(hooks, loop);
    if (self == NULL)
        return;
    assert_null(self->running);
    self->running = task;
    tell(self, '>', task);
}

static void switched_out(const eddy_hooks *hooks, eddy_loop *loop, eddy_task *task)
{
    profiler *self = noting(hooks, loop);
    if (self == NULL)
        return;
    assert_ptr_equal(self->running, task);
    self->running = NULL;
    tell(self, '<', task);
}

static void ended(const eddy_hooks *hooks, eddy_loop *loop, eddy_task *task, int result)
{
    profiler *self = noting(hooks, loop);
    if (self == NULL)
        return;
    assert_true(self->running != task && eddy_task_done(task));
    self->ended++;
    self->result = result;
    tell(self, '-', task);
}

static void submitted(const eddy_hooks *hooks, eddy_loop *loop, const eddy_operation *operation)
{
    profiler *self = noting(hooks, loop);
    if (self == NULL)
        return;
    self->pending[self->submitted++ % MOST_OPERATIONS] = operation->identity;
    (void)snprintf(self->kind, sizeof self->kind, "%s", operation->kind);
    self->fd = operation->fd;
}

static void completed(const eddy_hooks *hooks, eddy_loop *loop, const eddy_operation *operation,
                      int64_t value)
{
    profiler *self = noting(hooks, loop);
    if (self == NULL)
        return;
    self->value = value;
    self->completed++;
    for (int i = 0; i < MOST_OPERATIONS; i++) {
        if (self->pending[i] == operation->identity) {
            self->pending[i] = NULL;
            return;
        }
    }
    self->unknown++;
}

static void began(const eddy_hooks *hooks, eddy_loop *loop, eddy_callback_fn fn)
{
    profiler *self = noting(hooks, loop);
    if (self == NULL)
        return;
    assert_int_equal(self->begun, self->over);
    self->begun++;
    self->fn = fn;
}

static void over(const eddy_hooks *hooks, eddy_loop *loop, eddy_callback_fn fn)
{
    profiler *self = noting(hooks, loop);
    if (self == NULL)
        return;
    assert_ptr_equal(self->fn, fn);
    self->over++;
}

/* The table is in force from now on. */
static void watch(profiler *self)
{
    *self = (profiler){.hooks = {.size = sizeof self->hooks,
                                 .task_created = created,
                                 .task_switched_in = switched_in,
                                 .task_switched_out = switched_out,
                                 .task_ended = ended,
                                 .operation_submitted = submitted,
                                 .operation_completed = completed,
                                 .callback_began = began,
                                 .callback_ended = over}};
    assert_int_equal(eddy_set_hooks(&self->hooks), 0);
    assert_ptr_equal(eddy_get_hooks(), &self->hooks);
}

static int stop_watching(void **state)
{
    (void)state;
    return eddy_set_hooks(NULL);
}

/* ---- tasks ---- */

static eddy_task *make_named(eddy_loop *loop, const char *name, child *self)
{
    eddy_task *task;
    assert_int_equal(
        eddy_task_create(loop, &task, child_body, self, EDDY_OPTIONS(eddy_task_options, .name = name)), 0);
    return task;
}

/* Until there is nothing to do for it. */
static void run_all(eddy_loop *loop)
{
    while (eddy_loop_run_once(loop, 0) > 0)
        continue;
}

static void hooks_tell_the_life_of_tasks(void **state)
{
    static profiler all;
    eddy_loop *loop = make_loop();
    child a = {.steps = 2}, b = {.steps = 1, .result = 7};
    (void)state;
    watch(&all);
    eddy_task *first = make_named(loop, "a", &a), *second = make_named(loop, "b", &b);
    assert_string_equal(all.story, "+a+b");
    run_all(loop);
    assert_string_equal(all.story, "+a+b>a<a>b<b>a<a>b<b-b>a<a-a");
    assert_int_equal(all.result, 0);
    assert_int_equal(all.begun, 0); /* a step is no callback */
    eddy_task_release(first);
    eddy_task_release(second);
    end_loop(loop);
}

static void hooks_tell_the_same_in_debug_mode(void **state)
{
    static profiler all;
    eddy_loop *loop = make_loop();
    child a = {.steps = 1}, b = {.steps = 1, .result = 7};
    (void)state;
    eddy_loop_set_debug(loop, true);
    watch(&all);
    eddy_task *first = make_named(loop, "a", &a), *second = make_named(loop, "b", &b);
    note_soon(loop, 1);
    run_all(loop);
    assert_string_equal(all.story, "+a+b>a<a>b<b>a<a-a>b<b-b");
    assert_int_equal(all.result, 7);
    assert_int_equal(all.begun, 1);
    assert_int_equal(all.over, 1);
    assert_int_equal(noted(), 1);
    eddy_task_release(first);
    eddy_task_release(second);
    end_loop(loop);
}

static void hooks_tell_a_task_that_gives_way_to_nobody(void **state)
{
    static profiler all;
    eddy_loop *loop = make_loop();
    child a = {.steps = 2};
    (void)state;
    watch(&all);
    eddy_task *task = make_named(loop, "a", &a);
    assert_int_equal(eddy_loop_run_until_complete(loop, eddy_task_future(task)), 0);
    assert_string_equal(all.story, "+a>a<a>a<a>a<a-a");
    eddy_task_release(task);
    end_loop(loop);
}

static child eager_child;

static int make_eagerly(void *arg)
{
    eddy_task *task;
    (void)arg;
    int rc =
        eddy_create_task(&task, child_body, &eager_child,
                         EDDY_OPTIONS(eddy_task_options, .name = "e", .eager_start = EDDY_EAGER_START_YES));
    if (rc < 0)
        return rc;
    rc = eddy_await(task, NULL);
    eddy_task_release(task);
    return rc;
}

static void hooks_tell_eager_steps(void **state)
{
    static profiler all;
    eddy_loop *loop = make_loop();
    eddy_task *task;
    (void)state;
    eager_child = (child){.steps = 1};
    watch(&all);
    assert_int_equal(
        eddy_task_create(loop, &task, make_eagerly, NULL, EDDY_OPTIONS(eddy_task_options, .name = "a")), 0);
    run_all(loop);
    assert_string_equal(all.story, "+a>a+e<a>e<e>a<a>e<e-e>a<a-a");
    assert_null(all.running);
    eddy_task_release(task);
    end_loop(loop);
}

static void hooks_tell_a_cancel_before_the_first_step(void **state)
{
    static profiler all;
    eddy_loop *loop = make_loop();
    child a = {.steps = 1};
    (void)state;
    watch(&all);
    eddy_task *task = make_named(loop, "a", &a);
    assert_true(eddy_task_cancel(task));
    run_all(loop);
    assert_string_equal(all.story, "+a>a<a-a");
    assert_int_equal(all.result, EDDY_ECANCELED);
    eddy_task_release(task);
    end_loop(loop);
}

static void ignore(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context;
    (void)arg;
}

static void hooks_tell_the_end_of_tasks_that_close_abandons(void **state)
{
    static profiler all;
    eddy_loop *loop = make_loop();
    child never = {.result = 0}, waits = {.forever = true};
    (void)state;
    assert_int_equal(eddy_loop_set_exception_handler(loop, ignore, NULL), 0);
    watch(&all);
    eddy_task *second = make_named(loop, "w", &waits);
    run_all(loop);
    eddy_task *first = make_named(loop, "n", &never);
    assert_string_equal(all.story, "+w>w<w+n");
    end_loop(loop);
    assert_string_equal(all.story, "+w>w<w+n-w-n");
    assert_int_equal(all.result, EDDY_ECANCELED);
    eddy_task_release(first);
    eddy_task_release(second);
}

/* However they wait, who runs is known at each moment. */
TASK_TEST(hooks_are_balanced_whatever_tasks_do)
{
    enum { TASKS = 20 };
    static profiler all;
    child children[TASKS];
    eddy_task *tasks[TASKS];
    (void)arg;
    watch(&all);
    assert_int_equal(eddy_sleep(0.001), 0); /* the loop asks its backend */
    assert_ptr_equal(all.running, eddy_current_task());
    for (int i = 0; i < TASKS; i++) {
        children[i] = (child){.steps = i % 4, .forever = i % 5 == 4, .cleanup_steps = i % 3};
        tasks[i] = i % 2 == 0 ? spawn(&children[i]) : spawn_eagerly(&children[i]);
    }
    assert_int_equal(eddy_sleep(0.001), 0);
    for (int i = 0; i < TASKS; i++)
        (void)eddy_task_cancel(tasks[i]);
    for (int i = 0; i < TASKS; i++) {
        int outcome;
        assert_int_equal(eddy_await(tasks[i], &outcome), 0);
        eddy_task_release(tasks[i]);
    }
    assert_ptr_equal(all.running, eddy_current_task());
    assert_int_equal(eddy_set_hooks(NULL), 0);
    assert_int_equal(all.created, TASKS);
    assert_int_equal(all.ended, TASKS);
    return 0;
}

/* ---- callbacks ---- */

static void hooks_tell_callbacks(void **state)
{
    static profiler all;
    eddy_loop *loop = make_loop();
    eddy_handle *handle;
    (void)state;
    watch(&all);
    note_soon(loop, 1);
    note_later(loop, 0, 2);
    assert_int_equal(eddy_loop_call_soon_threadsafe(loop, NULL, note, (void *)3), 0);
    assert_int_equal(eddy_loop_call_soon(loop, &handle, stop_loop, loop), 0);
    eddy_handle_cancel(handle);
    eddy_handle_release(handle);
    run_all(loop);
    assert_int_equal(noted(), 3);
    assert_int_equal(all.begun, 3);
    assert_int_equal(all.over, 3);
    assert_ptr_equal(all.fn, note);
    end_loop(loop);
}

/* ---- operations ---- */

TASK_TEST(hooks_tell_operations)
{
    static profiler all;
    stream_pair pair;
    char bytes[8];
    (void)arg;
    pair_open(&pair, NULL, NULL);
    watch(&all);
    assert_true(eddy_stream_write(pair.client, "abc", 3) >= 0);
    assert_string_equal(all.kind, "send");
    assert_int_equal(all.fd, eddy_stream_fileno(pair.client));
    assert_int_equal(eddy_stream_readexactly(pair.peer, bytes, 3), 3);
    assert_true(all.submitted >= 2);
    assert_string_equal(all.kind, "recv");
    assert_int_equal(all.fd, eddy_stream_fileno(pair.peer));
    assert_in_range(all.value, 1, 3);
    assert_int_equal(eddy_set_hooks(NULL), 0);
    pair_close(&pair);
    return 0;
}

static int read_one(void *stream)
{
    char byte;
    return (int)eddy_stream_read(stream, &byte, 1);
}

TASK_TEST(hooks_tell_each_operation_once)
{
    static profiler all;
    stream_pair pair;
    eddy_task *reader;
    int outcome;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    watch(&all);
    assert_int_equal(eddy_create_task(&reader, read_one, pair.peer, NULL), 0);
    support_turn_the_loop();
    assert_int_equal(all.submitted, all.completed + 1); /* it waits for a byte */
    assert_true(eddy_task_cancel(reader));
    assert_int_equal(eddy_await(reader, &outcome), 0);
    assert_int_equal(outcome, EDDY_ECANCELED);
    assert_int_equal(all.submitted, all.completed);
    assert_int_equal(all.value, EDDY_ECANCELED);
    assert_int_equal(all.unknown, 0);
    assert_int_equal(eddy_set_hooks(NULL), 0);
    eddy_task_release(reader);
    pair_close(&pair);
    return 0;
}

/* ---- the table ---- */

static void hooks_may_be_few(void **state)
{
    static profiler few;
    eddy_loop *loop = make_loop();
    child a = {.steps = 1};
    (void)state;
    watch(&few);
    few.hooks.size = offsetof(eddy_hooks, task_switched_in); /* of a version that knew no more */
    eddy_task *task = make_named(loop, "a", &a);
    note_soon(loop, 1);
    run_all(loop);
    assert_string_equal(few.story, "+a");
    assert_int_equal(few.begun, 0);
    eddy_task_release(task);
    few.hooks = (eddy_hooks){.size = sizeof few.hooks, .task_ended = ended};
    task = make_named(loop, "b", &a);
    run_all(loop);
    assert_string_equal(few.story, "+a-b");
    eddy_task_release(task);
    few.hooks.size = 0;
    assert_int_equal(eddy_set_hooks(&few.hooks), EDDY_EINVAL);
    assert_int_equal(eddy_set_hooks(NULL), 0);
    assert_null(eddy_get_hooks());
    assert_int_equal(noted(), 1);
    end_loop(loop);
}

static void hooks_that_were_taken_away_hear_nothing(void **state)
{
    static profiler all;
    eddy_loop *loop = make_loop();
    child a = {.steps = 1};
    (void)state;
    watch(&all);
    assert_int_equal(eddy_set_hooks(NULL), 0);
    eddy_task *task = make_named(loop, "a", &a);
    note_soon(loop, 1);
    run_all(loop);
    assert_string_equal(all.story, "");
    assert_int_equal(all.begun, 0);
    assert_int_equal(noted(), 1);
    eddy_task_release(task);
    end_loop(loop);
}

static void pass_the_gate(void *door)
{
    gate_open(door);
}

static void post_and_wait(eddy_loop *loop)
{
    gate door;
    gate_init(&door, 2); /* only the call of gate_open opens it */
    assert_int_equal(eddy_loop_call_soon_threadsafe(loop, NULL, pass_the_gate, &door), 0);
    assert_int_equal(gate_pass(&door), 0);
    gate_free(&door);
}

/* After a callback that was posted later than the change nobody reads the table any more. */
static void hooks_reach_loops_that_run_in_other_threads(void **state)
{
    static profiler all;
    home other;
    (void)state;
    home_start(&other);
    post_and_wait(other.loop); /* it runs */
    watch(&all);
    for (int i = 0; i < 1000 && all.begun == 0; i++) /* the loop has to ask its backend first */
        post_and_wait(other.loop);
    assert_int_equal(eddy_set_hooks(NULL), 0);
    post_and_wait(other.loop);
    assert_in_range(all.begun, 1, 2);
    all = (profiler){0};
    post_and_wait(other.loop);
    assert_int_equal(all.begun, 0);
    home_end(&other);
}

/* A tracer counts these words up from outside; the probes are then gone through, and tell nobody else. */
static void tracers_may_watch_without_hooks(void **state)
{
    eddy_loop *loop = make_loop();
    child a = {.steps = 1};
    (void)state;
#ifdef EDDY_USDT
#define WATCH(name) eddy_##name##_semaphore++;
    EDDYI_PROBE_MAP(WATCH)
#endif
    eddy_task *task = make_named(loop, "a", &a);
    note_soon(loop, 1);
    run_all(loop);
#ifdef EDDY_USDT
#define LEAVE(name) eddy_##name##_semaphore--;
    EDDYI_PROBE_MAP(LEAVE)
#endif
    assert_true(eddy_task_done(task));
    assert_int_equal(noted(), 1);
    eddy_task_release(task);
    end_loop(loop);
}

int suite_hooks(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(hooks_tell_the_life_of_tasks, stop_watching),
        cmocka_unit_test_teardown(hooks_tell_the_same_in_debug_mode, stop_watching),
        cmocka_unit_test_teardown(hooks_tell_a_task_that_gives_way_to_nobody, stop_watching),
        cmocka_unit_test_teardown(hooks_tell_eager_steps, stop_watching),
        cmocka_unit_test_teardown(hooks_tell_a_cancel_before_the_first_step, stop_watching),
        cmocka_unit_test_teardown(hooks_tell_the_end_of_tasks_that_close_abandons, stop_watching),
        cmocka_unit_test_teardown(hooks_are_balanced_whatever_tasks_do, stop_watching),
        cmocka_unit_test_teardown(hooks_tell_callbacks, stop_watching),
        cmocka_unit_test_teardown(hooks_tell_operations, stop_watching),
        cmocka_unit_test_teardown(hooks_tell_each_operation_once, stop_watching),
        cmocka_unit_test_teardown(hooks_may_be_few, stop_watching),
        cmocka_unit_test_teardown(hooks_that_were_taken_away_hear_nothing, stop_watching),
        cmocka_unit_test_teardown(hooks_reach_loops_that_run_in_other_threads, stop_watching),
        cmocka_unit_test(tracers_may_watch_without_hooks),
    };
    return cmocka_run_group_tests_name("hooks", tests, NULL, NULL);
}
