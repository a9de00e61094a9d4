/* suite_sync_loops.c: primitives and loops: bound while in use, refused to others, free again afterwards, also when a loop closes.
 * Touches the public API, and threads of the platform. HZ35: bound lazily, unbound when idle. */
#include "core/platform.h"
#include "suite.h"
#include "sync_bodies.h"

typedef struct things {
    eddy_lock lock;
    eddy_event event;
    eddy_condition condition;
    eddy_semaphore semaphore;
    eddy_barrier barrier;
} things;

enum { KINDS = 5 };

static int open_condition(void *condition)
{
    int rc = eddy_condition_acquire(condition);
    if (rc == 0)
        rc = eddy_condition_notify_all(condition);
    if (eddy_condition_locked(condition))
        assert_int_equal(eddy_condition_release(condition), 0);
    return rc;
}

static int open_lock(void *lock)
{
    return eddy_lock_release(lock);
}

static int open_event(void *event)
{
    return eddy_event_set(event);
}

static int open_semaphore(void *semaphore)
{
    return eddy_semaphore_release(semaphore);
}

static int open_barrier(void *barrier)
{
    return eddy_barrier_abort(barrier);
}

/* One of the things: whoever enters it waits until it is opened. */
typedef struct thing {
    const sync_calls *calls;
    void *primitive;
    const eddy_waiters *waiters;
    int (*open)(void *primitive);
} thing;

static thing thing_of(things *all, int kind)
{
    switch (kind) {
    case 0:
        return (thing){&lock_calls, &all->lock, &all->lock.waiters, open_lock};
    case 1:
        return (thing){&event_calls, &all->event, &all->event.waiters, open_event};
    case 2:
        return (thing){&condition_calls, &all->condition, &all->condition.waiters, open_condition};
    case 3:
        return (thing){&semaphore_calls, &all->semaphore, &all->semaphore.waiters, open_semaphore};
    default:
        return (thing){&barrier_calls, &all->barrier, &all->barrier.waiters, open_barrier};
    }
}

static void things_init(things *all)
{
    memset(all, 0, sizeof *all);
    assert_int_equal(eddy_barrier_init(&all->barrier, 3), 0);
}

/* ---- a loop that runs by the turn ---- */

static void ignore_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context;
    (void)arg;
}

static eddy_loop *make_loop(void)
{
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    eddy_loop *loop = NULL;
    assert_int_equal(eddy_new_event_loop(&loop, &options), 0);
    assert_int_equal(eddy_loop_set_exception_handler(loop, ignore_report, NULL), 0);
    return loop;
}

static void turn(eddy_loop *loop, int times)
{
    for (int i = 0; i < times; i++)
        assert_true(eddy_loop_run_once(loop, 0) >= 0);
}

static int enter_body(void *arg)
{
    meeting *self = arg;
    self->rc = self->calls->enter(self->primitive);
    if (self->rc >= 0 && self->calls->leave != NULL && !self->keeps)
        assert_int_equal(self->calls->leave(self->primitive), 0);
    self->ended = true;
    return 0;
}

static int take_lock(void *lock)
{
    return eddy_lock_acquire(lock);
}

/* Two tasks of the loop wait for that thing. */
static void let_wait(eddy_loop *loop, const thing *self, meeting waiting[2])
{
    if (self->calls == &lock_calls)
        assert_int_equal(eddy_loop_create_task(loop, NULL, take_lock, self->primitive, NULL), 0);
    for (int i = 0; i < 2; i++) {
        waiting[i] = (meeting){.calls = self->calls, .primitive = self->primitive, .rc = 77};
        assert_int_equal(eddy_loop_create_task(loop, NULL, enter_body, &waiting[i], NULL), 0);
    }
    turn(loop, 2);
    assert_int_equal(waiting[0].rc, 77);
    assert_int_equal(waiting[1].rc, 77);
}

/* ---- another loop ---- */

static int refused(void *arg)
{
    const thing *self = arg;
    assert_int_equal(self->open(self->primitive), EDDY_EWRONGLOOP);
    if (self->calls != &condition_calls)
        assert_int_equal(self->calls->enter(self->primitive), EDDY_EWRONGLOOP);
    else
        assert_int_equal(eddy_condition_acquire(self->primitive), 0);
    if (self->calls ==
        &condition_calls) { /* its lock is free, and anybody's; it is kept when the wait is refused */
        assert_int_equal(eddy_condition_wait(self->primitive), EDDY_EWRONGLOOP);
        assert_int_equal(eddy_condition_release(self->primitive), 0);
    }
    if (self->calls == &barrier_calls)
        assert_int_equal(eddy_barrier_reset(self->primitive), EDDY_EWRONGLOOP);
    return 0;
}

static int opener(void *arg)
{
    const thing *self = arg;
    return self->open(self->primitive);
}

/* As new: two tasks wait and are let go again. */
static int used(void *arg)
{
    const thing *self = arg;
    meeting waiting[2];
    trace_clear();
    if (self->calls == &lock_calls)
        assert_int_equal(eddy_lock_acquire(self->primitive), 0);
    meet_all(waiting, 2, self->calls, self->primitive, false);
    for (int i = 0; i < 2; i++)
        waiting[i].letter = '\0';
    yield_times(1);
    assert_int_equal(waiting[0].rc, 77);
    assert_int_equal(waiting[1].rc, 77);
    assert_int_equal(self->open(self->primitive), 0);
    yield_times(2);
    if (self->calls == &semaphore_calls)
        yield_times(1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(waiting[i].rc, self->calls == &barrier_calls ? EDDY_EBROKENBARRIER : 0);
        (void)eddy_task_exception(waiting[i].task, NULL);
        part(&waiting[i]);
    }
    assert_true(is_unused(self->waiters));
    return 0;
}

/* What the use before left: the thing as it was made, but for who is bound to it. */
static void close_again(const thing *self)
{
    if (self->calls == &event_calls)
        assert_int_equal(eddy_event_clear(self->primitive), 0);
    if (self->calls == &barrier_calls)
        assert_int_equal(eddy_barrier_reset(self->primitive), 0);
    if (self->calls == &semaphore_calls)
        ((eddy_semaphore *)self->primitive)->value = 0;
    if (self->calls == &lock_calls && eddy_lock_locked(self->primitive))
        assert_int_equal(eddy_lock_release(self->primitive), 0);
}

/* test_ambiguous_loops, HZ35 */
static void HZ35_primitive_is_refused_to_another_loop_while_tasks_wait(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        things all;
        meeting waiting[2];
        things_init(&all);
        thing self = thing_of(&all, kind);
        eddy_loop *loop = make_loop();
        let_wait(loop, &self, waiting);
        assert_ptr_equal(self.waiters->loop, loop);
        assert_int_equal(support_run(refused, &self), 0);
        assert_int_equal(eddy_loop_create_task(loop, NULL, opener, &self, NULL), 0);
        turn(loop, 4);
        assert_true(waiting[0].ended && waiting[1].ended);
        assert_true(is_unused(self.waiters));
        close_again(&self);
        assert_int_equal(support_run(used, &self), 0); /* idle: it may serve another */
        eddy_loop_release(loop);
    }
}

static int wait_with_a_foreign_lock(void *lock)
{
    eddy_condition condition = EDDY_CONDITION_INIT(lock);
    int rc = eddy_condition_wait(&condition);
    assert_true(eddy_lock_locked(lock));
    assert_true(is_unused(&condition.waiters));
    return rc;
}

/* The holder's loop is not closed, and nobody waits yet. */
static void lock_that_is_held_is_refused_to_another_loop(void **state)
{
    things all;
    (void)state;
    things_init(&all);
    eddy_loop *loop = make_loop();
    assert_int_equal(eddy_loop_create_task(loop, NULL, take_lock, &all.lock, NULL), 0);
    turn(loop, 1);
    assert_true(eddy_lock_locked(&all.lock));
    assert_int_equal(support_run(take_lock, &all.lock), EDDY_EWRONGLOOP);
    assert_int_equal(support_run(wait_with_a_foreign_lock, &all.lock), EDDY_EWRONGLOOP);
    assert_int_equal(eddy_lock_release(&all.lock), 0); /* outside any loop */
    assert_int_equal(support_run(take_lock, &all.lock), 0);
    assert_int_equal(eddy_lock_release(&all.lock), 0);
    eddy_loop_release(loop);
}

/* asyncio's release, set and notify are plain calls: between two runs of the loop they wake its tasks for the next one. */
static void waiters_may_be_woken_while_their_loop_does_not_run(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        things all;
        meeting waiting[2];
        things_init(&all);
        thing self = thing_of(&all, kind);
        if (self.calls == &condition_calls)
            continue; /* its lock is taken by tasks only */
        eddy_loop *loop = make_loop();
        let_wait(loop, &self, waiting);
        assert_int_equal(self.open(self.primitive), 0);
        assert_int_equal(waiting[0].rc, 77);
        turn(loop, 3);
        assert_true(waiting[0].ended && waiting[1].ended);
        assert_true(is_unused(self.waiters));
        eddy_loop_release(loop);
    }
}

/* ---- a loop that closes ---- */

/* Before anybody is woken, with tasks that were and have not run, and with a cancelled one. Nothing is woken for it, and the next
 * loop finds the thing as new. */
static void loop_that_closes_under_waiters_leaves_the_primitive_usable(void **state)
{
    (void)state;
    for (int moment = 0; moment < 3; moment++) {
        for (int kind = 0; kind < KINDS; kind++) {
            things all;
            meeting waiting[2];
            things_init(&all);
            thing self = thing_of(&all, kind);
            eddy_loop *loop = make_loop();
            let_wait(loop, &self, waiting);
            eddy_task *listed[3] = {NULL};
            if (moment == 1 && self.calls != &condition_calls)
                assert_int_equal(self.open(self.primitive), 0);
            size_t count = eddy_all_tasks(loop, listed, 3);
            assert_int_equal(count, 2);
            for (size_t i = 0; i < count; i++) {
                if (moment == 2 && i == 0)
                    assert_true(eddy_task_cancel(listed[i]));
                eddy_task_release(listed[i]);
            }
            eddy_loop_release(loop);
            assert_int_equal(waiting[0].rc, 77);
            assert_null(self.waiters->first);
            assert_int_equal(self.waiters->live, 0);
            if (self.calls == &semaphore_calls) /* the unit that was handed over is there */
                assert_int_equal(all.semaphore.value, moment == 1);
            if (self.calls == &barrier_calls)
                assert_int_equal(all.barrier.count, 0);
            close_again(&self);
            assert_true(is_unused(self.waiters));
            assert_int_equal(support_run(used, &self), 0);
        }
    }
}

static int take_and_wait_for_ever(void *lock)
{
    assert_int_equal(eddy_lock_acquire(lock), 0);
    return eddy_sleep((double)INFINITY);
}

static void release_deferred(void *lock)
{
    assert_int_equal(eddy_lock_release(lock), 0);
}

static int take_and_defer_its_release(void *lock)
{
    assert_int_equal(eddy_lock_acquire(lock), 0);
    assert_int_equal(eddy_defer(release_deferred, lock), 0);
    return eddy_sleep((double)INFINITY);
}

/* What is deferred runs while the loop closes: it wakes a task that will never run, which does no harm. */
static void lock_of_a_task_whose_loop_closes(void **state)
{
    (void)state;
    for (int deferred = 0; deferred < 2; deferred++) {
        eddy_lock lock = EDDY_LOCK_INIT;
        meeting waiting = {.calls = &lock_calls, .primitive = &lock, .rc = 77};
        eddy_loop *loop = make_loop();
        eddy_loop_set_debug(loop, true);
        assert_int_equal(eddy_loop_create_task(loop, NULL,
                                               deferred ? take_and_defer_its_release : take_and_wait_for_ever,
                                               &lock, NULL),
                         0);
        assert_int_equal(eddy_loop_create_task(loop, NULL, enter_body, &waiting, NULL), 0);
        turn(loop, 1);
        eddy_loop_release(loop);
        assert_int_equal(waiting.rc, 77);
        assert_int_equal(eddy_lock_locked(&lock), !deferred);
        if (!deferred)
            assert_int_equal(eddy_lock_release(&lock), 0);
        assert_true(is_unused(&lock.waiters));
        assert_int_equal(support_run(take_lock, &lock), 0);
        assert_int_equal(eddy_lock_release(&lock), 0);
    }
}

/* ---- another thread ---- */

typedef struct elsewhere {
    const thing *thing;
    int rc;
} elsewhere;

static void open_elsewhere(void *arg)
{
    elsewhere *self = arg;
    self->rc = self->thing->open(self->thing->primitive);
}

static int open_from_a_thread(void *arg)
{
    elsewhere self = {.thing = arg};
    eddyi_thread thread;
    meeting waiting[2];
    trace_clear();
    if (self.thing->calls == &lock_calls)
        assert_int_equal(eddy_lock_acquire(self.thing->primitive), 0);
    meet_all(waiting, 2, self.thing->calls, self.thing->primitive, false);
    yield_times(1);
    assert_int_equal(eddyi_thread_create(&thread, open_elsewhere, &self, "elsewhere"), 0);
    eddyi_thread_join(&thread);
    assert_int_equal(self.rc, EDDY_EWRONGTHREAD);
    for (int i = 0; i < 2; i++)
        assert_true(eddy_task_cancel(waiting[i].task));
    yield_times(2);
    assert_string_equal(trace_text(), "AB");
    part_all(waiting, 2);
    return 0;
}

static void waiters_cannot_be_woken_from_another_thread(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        things all;
        things_init(&all);
        thing self = thing_of(&all, kind);
        if (self.calls != &condition_calls)
            assert_int_equal(support_run(open_from_a_thread, &self), 0);
    }
}

int suite_sync_loops(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(HZ35_primitive_is_refused_to_another_loop_while_tasks_wait),
        cmocka_unit_test(lock_that_is_held_is_refused_to_another_loop),
        cmocka_unit_test(waiters_may_be_woken_while_their_loop_does_not_run),
        cmocka_unit_test(loop_that_closes_under_waiters_leaves_the_primitive_usable),
        cmocka_unit_test(lock_of_a_task_whose_loop_closes),
        cmocka_unit_test(waiters_cannot_be_woken_from_another_thread),
    };
    return cmocka_run_group_tests_name("primitives and loops", tests, NULL, NULL);
}
