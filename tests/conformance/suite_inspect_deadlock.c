/* suite_inspect_deadlock.c: a loop that nothing can wake any more says who waits for what, and ends (fault C16).
 * Touches the public API, and the injection table for a report without memory. */
#include "bodies.h"
#include "stuck.h"
#include "suite.h"

#include <inttypes.h>

#include "core/base/inject.h"
#include "core/platform.h"
#include "core/task/task.h"

static int wait_event(void *event)
{
    return eddy_event_wait(event);
}

static int take_lock(void *lock)
{
    return eddy_lock_acquire(lock);
}

static int await_future(void *future)
{
    return eddy_await_future(future, NULL);
}

/* ---- each kind of wait is named ---- */

typedef struct waiting {
    const char *name;
    int (*wait)(void *object);
    void *object;
} waiting;

static int wait_condition(void *condition)
{
    int rc = eddy_condition_acquire(condition);
    if (rc == 0)
        rc = eddy_condition_wait(condition);
    (void)eddy_condition_release(condition);
    return rc;
}

static int wait_semaphore(void *semaphore)
{
    return eddy_semaphore_acquire(semaphore);
}

static int wait_bounded(void *semaphore)
{
    return eddy_bounded_semaphore_acquire(semaphore);
}

static int wait_barrier(void *barrier)
{
    return eddy_barrier_wait(barrier);
}

static int wait_get(void *queue)
{
    void *item;
    return eddy_queue_get(queue, &item);
}

static int wait_put(void *queue)
{
    return eddy_queue_put(queue, queue);
}

static int wait_join(void *queue)
{
    return eddy_queue_join(queue);
}

static int wait_at_all(void *arg)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    eddy_event event = EDDY_EVENT_INIT;
    eddy_condition condition = EDDY_CONDITION_INIT(NULL);
    eddy_semaphore semaphore = EDDY_SEMAPHORE_INIT(0);
    eddy_bounded_semaphore bounded = EDDY_BOUNDED_SEMAPHORE_INIT(0);
    eddy_barrier barrier = EDDY_BARRIER_INIT(2);
    eddy_queue *empty, *full;
    eddy_future *future = make_future();
    waiting *all = arg;
    assert_int_equal(eddy_queue_create(&empty, EDDY_OPTIONS(eddy_queue_options, .maxsize = 1)), 0);
    assert_int_equal(eddy_queue_create(&full, EDDY_OPTIONS(eddy_queue_options, .maxsize = 1)), 0);
    assert_int_equal(eddy_queue_put_nowait(full, full), 0);
    assert_int_equal(eddy_lock_acquire(&lock), 0);
    void *objects[] = {&lock, &event, &condition, &semaphore, &bounded, &barrier, empty, full, full, future};
    for (int i = 0; all[i].name != NULL; i++) {
        all[i].object = objects[i];
        stuck_spawn(all[i].name, all[i].wait, objects[i]);
    }
    int rc = eddy_event_wait(&event);
    yield_times(3); /* the others are cancelled too, and look at what lies on this stack */
    eddy_queue_release(empty);
    eddy_queue_release(full);
    eddy_future_release(future);
    return rc;
}

static void fault_C16_every_kind_of_wait_is_named(void **state)
{
    waiting all[] = {{"lock", take_lock, NULL},
                     {"event", wait_event, NULL},
                     {"condition", wait_condition, NULL},
                     {"semaphore", wait_semaphore, NULL},
                     {"semaphore", wait_bounded, NULL},
                     {"barrier", wait_barrier, NULL},
                     {"queue get", wait_get, NULL},
                     {"queue put", wait_put, NULL},
                     {"queue join", wait_join, NULL},
                     {"Future", await_future, NULL},
                     {NULL, NULL, NULL}};
    (void)state;
    SKIP_UNLESS_STUCK_CAN_BE_SEEN();
    (void)stuck_expect(wait_at_all, all, false);
    for (int i = 0; all[i].name != NULL; i++)
        stuck_must_tell("    '%s' waits %s %s 0x%" PRIxPTR "\n", all[i].name,
                        all[i].wait == await_future ? "for" : "in", all[i].name, (uintptr_t)all[i].object);
    assert_null(strstr(stuck_told()->text, "cycle"));
}

/* ---- those that wait for tasks name them ---- */

typedef struct many {
    eddy_task *tasks[12];
    size_t count;
} many;

static void spawn_many(many *self, size_t count, eddy_event *event)
{
    for (self->count = 0; self->count < count; self->count++) {
        char name[2] = {(char)('a' + self->count), '\0'};
        assert_int_equal(eddy_create_task(&self->tasks[self->count], wait_event, event,
                                          EDDY_OPTIONS(eddy_task_options, .name = name)),
                         0);
    }
}

static int end_many(many *self, int rc)
{
    for (size_t i = 0; i < self->count; i++) {
        while (!eddy_task_done(self->tasks[i]))
            if (eddy_sleep(0) < 0)
                continue;
        eddy_task_release(self->tasks[i]);
    }
    return rc;
}

static int gather_many(void *arg)
{
    eddy_event event = EDDY_EVENT_INIT;
    many all;
    (void)arg;
    spawn_many(&all, 2, &event);
    return end_many(&all, eddy_gather(NULL, all.tasks, 2));
}

static int wait_many(void *arg)
{
    eddy_event event = EDDY_EVENT_INIT;
    many all;
    (void)arg;
    spawn_many(&all, 12, &event);
    return end_many(&all, eddy_wait(NULL, all.tasks, 12, (double)INFINITY, EDDY_ALL_COMPLETED));
}

static int complete_many(void *arg)
{
    eddy_event event = EDDY_EVENT_INIT;
    eddy_completions *completions;
    eddy_task *first;
    many all;
    (void)arg;
    spawn_many(&all, 2, &event);
    assert_int_equal(eddy_as_completed(&completions, all.tasks, 2, (double)INFINITY), 0);
    int rc = eddy_completions_next(completions, &first);
    eddy_completions_release(completions);
    return end_many(&all, rc);
}

static int shield_one(void *arg)
{
    eddy_event event = EDDY_EVENT_INIT;
    many all;
    (void)arg;
    spawn_many(&all, 1, &event);
    return end_many(&all, eddy_shield(all.tasks[0], NULL));
}

static int shield_future_of_one(void *arg)
{
    eddy_event event = EDDY_EVENT_INIT;
    eddy_future *shielded;
    many all;
    (void)arg;
    spawn_many(&all, 1, &event);
    assert_int_equal(eddy_shield_future(&shielded, eddy_task_future(all.tasks[0])), 0);
    int rc = eddy_await_future(shielded, NULL);
    eddy_future_release(shielded);
    return end_many(&all, rc);
}

static int group_of_two(void *arg)
{
    eddy_event event = EDDY_EVENT_INIT;
    eddy_task_group group;
    (void)arg;
    int rc = eddy_task_group_enter(&group);
    for (char name[] = "a"; rc == 0 && name[0] <= 'b'; name[0]++)
        rc = eddy_task_group_create_task(&group, NULL, wait_event, &event,
                                         EDDY_OPTIONS(eddy_task_options, .name = name));
    return eddy_task_group_exit(&group, rc);
}

static int await_one(void *arg)
{
    eddy_event event = EDDY_EVENT_INIT;
    many all;
    (void)arg;
    spawn_many(&all, 1, &event);
    return end_many(&all, eddy_await(all.tasks[0], NULL));
}

static void fault_C16_waits_for_tasks_name_the_tasks(void **state)
{
    static const struct {
        eddy_coro_fn body;
        const char *told;
    } all[] = {
        {await_one, "'main' waits for 'a'\n"},
        {gather_many, "'main' waits for gather of 'a', 'b'\n"},
        {wait_many, "'main' waits in wait 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' and 4 more\n"},
        {complete_many, "'main' waits in as_completed 'a', 'b'\n"},
        {shield_one, "'main' waits in shield 'a'\n"},
        {shield_future_of_one, "'main' waits for shield of 'a'\n"},
        {group_of_two, "'main' waits in task group 'a', 'b'\n"},
    };
    (void)state;
    SKIP_UNLESS_STUCK_CAN_BE_SEEN();
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        (void)stuck_expect(all[i].body, NULL, false);
        stuck_must_tell("%s", all[i].told);
    }
}

/* ---- rings ---- */

typedef struct crossing {
    eddy_lock *first, *second;
} crossing;

static int take_both(void *arg)
{
    const crossing *self = arg;
    int rc = eddy_lock_acquire(self->first);
    if (rc == 0)
        rc = eddy_sleep(0);
    if (rc == 0)
        rc = eddy_lock_acquire(self->second);
    if (rc == 0)
        (void)eddy_lock_release(self->second);
    if (eddy_lock_locked(self->first))
        (void)eddy_lock_release(self->first);
    return rc;
}

static eddy_lock left, right;

static int cross(void *arg)
{
    static crossing there = {&left, &right}, back = {&right, &left};
    eddy_event event = EDDY_EVENT_INIT;
    (void)arg;
    stuck_spawn("Anna", take_both, &there);
    stuck_spawn("Bert", take_both, &back);
    return eddy_event_wait(&event);
}

static void fault_C16_locks_taken_crosswise_are_told_with_their_holders(void **state)
{
    (void)state;
    SKIP_UNLESS_STUCK_CAN_BE_SEEN();
    (void)stuck_expect(cross, NULL, true);
    stuck_must_tell("'Anna' waits in lock 0x%" PRIxPTR ", held by 'Bert'\n", (uintptr_t)&right);
    stuck_must_tell("'Bert' waits in lock 0x%" PRIxPTR ", held by 'Anna'\n", (uintptr_t)&left);
    stuck_must_tell("    cycle: 'Anna' -> 'Bert' -> 'Anna'\n");
    (void)stuck_expect(cross, NULL, false); /* who holds a lock is known in debug mode only */
    stuck_must_tell("'Anna' waits in lock 0x%" PRIxPTR "\n", (uintptr_t)&right);
    assert_null(strstr(stuck_told()->text, "cycle"));
}

/* ---- what else is told, and what is not ---- */

static int hostile(void *arg)
{
    eddy_event event = EDDY_EVENT_INIT;
    char name[400];
    (void)arg;
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    stuck_spawn(name, wait_event, &event);
    stuck_spawn("\033[2J'\n\\\x7f\xc2\x9b\xed\xa0\x80\xff", wait_event, &event);
    stuck_spawn("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x8c\x80", wait_event, &event);
    int rc = eddy_event_wait(&event);
    yield_times(2);
    return rc;
}

static void fault_I5_hostile_names_are_cut_and_escaped(void **state)
{
    (void)state;
    SKIP_UNLESS_STUCK_CAN_BE_SEEN();
    (void)stuck_expect(hostile, NULL, false);
    stuck_must_tell("'\\x1b[2J\\x27\\x0a\\x5c\\x7f\\xc2\\x9b\\xed\\xa0\\x80\\xff' waits in event");
    stuck_must_tell("'na\xc3\xafve \xe2\x82\xac \xf0\x9f\x8c\x80' waits in event");
    const char *long_one = strstr(stuck_told()->text, "'xxx");
    assert_non_null(long_one);
    assert_non_null(strstr(long_one, "xxx...' waits in event"));
    assert_true(strchr(long_one, ' ') - long_one < 80);
}

static int a_hundred(void *arg)
{
    eddy_event event = EDDY_EVENT_INIT;
    (void)arg;
    for (int i = 0; i < 100; i++)
        stuck_spawn("one", wait_event, &event);
    int rc = eddy_event_wait(&event);
    yield_times(2);
    return rc;
}

static void fault_C16_of_many_tasks_the_first_are_told(void **state)
{
    int lines = 0;
    (void)state;
    SKIP_UNLESS_STUCK_CAN_BE_SEEN();
    (void)stuck_expect(a_hundred, NULL, false);
    stuck_must_tell("'main' waits in event");
    stuck_must_tell("    and 37 tasks more\n");
    for (const char *at = stuck_told()->text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, 65);
}

static void fault_C16_no_memory_for_the_report_is_a_shorter_report(void **state)
{
    const eddyi_inject_plan all_memory = {
        .fail_at = 1, .fail_after_too = true, .calls = UINT64_C(1) << EDDYI_INJECT_memory};
    eddy_loop *loop;
    eddy_future *future;
    (void)state;
    SKIP_UNLESS_STUCK_CAN_BE_SEEN();
    if (support_calls_fail())
        return;
    assert_int_equal(
        eddy_new_event_loop(&loop, EDDY_OPTIONS(eddy_loop_options, .backend = support_backend())), 0);
    stuck_listen(loop);
    assert_int_equal(eddy_loop_create_future(loop, &future), 0);
    eddyi_inject_start(&all_memory);
    int rc = eddy_loop_run_until_complete(loop, future);
    eddyi_inject_stop();
    assert_int_equal(rc, EDDY_EDEADLK);
    assert_int_equal(stuck_told()->count, 1);
    assert_string_equal(stuck_told()->text, "");
    eddy_future_release(future);
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_loop_release(loop);
}

/* ---- afterwards ---- */

static void fault_C16_the_loop_and_the_future_can_be_used_again(void **state)
{
    eddy_loop *loop;
    eddy_future *future;
    (void)state;
    SKIP_UNLESS_STUCK_CAN_BE_SEEN();
    assert_int_equal(
        eddy_new_event_loop(&loop, EDDY_OPTIONS(eddy_loop_options, .backend = support_backend())), 0);
    stuck_listen(loop);
    assert_int_equal(eddy_loop_create_future(loop, &future), 0);
    assert_int_equal(eddy_loop_run_until_complete(loop, future), EDDY_EDEADLK);
    stuck_must_tell("    run_until_complete waits for Future 0x%" PRIxPTR "\n", (uintptr_t)future);
    assert_int_equal(eddy_future_set_result(future, 7), 0);
    assert_int_equal(eddy_loop_run_until_complete(loop, future), 7);
    assert_int_equal(stuck_told()->count, 1);
    eddy_future_release(future);
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_loop_release(loop);
}

static eddy_event rescue;

static void help(eddy_loop *loop, const eddy_exception_context *context, void *count)
{
    (void)loop;
    assert_int_equal(context->exception, EDDY_EDEADLK);
    ++*(int *)count;
    assert_int_equal(eddy_event_set(&rescue), 0);
}

static int be_helped(void *count)
{
    assert_int_equal(eddy_loop_set_exception_handler(eddy_get_running_loop(), help, count), 0);
    assert_int_equal(eddy_event_clear(&rescue), 0);
    return eddy_event_wait(&rescue);
}

static void fault_C16_a_handler_may_break_the_deadlock(void **state)
{
    int count = 0;
    (void)state;
    SKIP_UNLESS_STUCK_CAN_BE_SEEN();
    assert_int_equal(stuck_run(be_helped, &count, false), 0);
    assert_int_equal(count, 1);
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int use_a_thread_first(void *arg)
{
    eddy_event event = EDDY_EVENT_INIT;
    eddy_loop *loop = eddy_get_running_loop();
    assert_int_equal(eddy_to_thread(nothing, arg, NULL), 0);
    while (eddyi_threads_idle() == 0 || atomic_load(&loop->lives) > 2) /* it has not lain down yet */
        assert_int_equal(eddy_sleep(0), 0);
    return eddy_event_wait(&event);
}

static void fault_C16_threads_that_have_nothing_to_do_are_no_hope(void **state)
{
    (void)state;
    SKIP_UNLESS_STUCK_CAN_BE_SEEN();
    (void)stuck_expect(use_a_thread_first, NULL, false);
}

static void fault_C16_where_threads_cannot_be_counted_nothing_is_claimed(void **state)
{
    const eddyi_inject_plan no_open = {
        .fail_at = 1, .fail_after_too = true, .calls = UINT64_C(1) << EDDYI_INJECT_open};
    const eddyi_inject_plan no_read = {
        .fail_at = 1, .fail_after_too = true, .calls = UINT64_C(1) << EDDYI_INJECT_read};
    (void)state;
    SKIP_UNLESS_STUCK_CAN_BE_SEEN();
    if (support_calls_fail())
        return;
    eddyi_inject_start(&no_open);
    unsigned without_open = eddyi_process_thread_count();
    eddyi_inject_start(&no_read);
    unsigned without_read = eddyi_process_thread_count();
    eddyi_inject_stop();
    assert_int_equal(without_open, 0);
    assert_int_equal(without_read, 0);
    assert_int_equal(eddyi_process_thread_count(), 1);
}

int suite_inspect_deadlock(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_C16_every_kind_of_wait_is_named),
        cmocka_unit_test(fault_C16_waits_for_tasks_name_the_tasks),
        cmocka_unit_test(fault_C16_locks_taken_crosswise_are_told_with_their_holders),
        cmocka_unit_test(fault_I5_hostile_names_are_cut_and_escaped),
        cmocka_unit_test(fault_C16_of_many_tasks_the_first_are_told),
        cmocka_unit_test(fault_C16_no_memory_for_the_report_is_a_shorter_report),
        cmocka_unit_test(fault_C16_the_loop_and_the_future_can_be_used_again),
        cmocka_unit_test(fault_C16_a_handler_may_break_the_deadlock),
        cmocka_unit_test(fault_C16_threads_that_have_nothing_to_do_are_no_hope),
        cmocka_unit_test(fault_C16_where_threads_cannot_be_counted_nothing_is_claimed),
    };
    return cmocka_run_group_tests_name("deadlocks", tests, NULL, NULL);
}
