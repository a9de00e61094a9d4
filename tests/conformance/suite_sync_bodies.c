/* suite_sync_bodies.c: the meetings and plans of sync_bodies.h.
 * Touches the public API. Holds no state. */
#include <ctype.h>

#include "sync_bodies.h"

static int lock_enter(void *lock)
{
    return eddy_lock_acquire(lock);
}

static int lock_leave(void *lock)
{
    return eddy_lock_release(lock);
}

static int event_enter(void *event)
{
    return eddy_event_wait(event);
}

/* D1: however the wait ends, the lock is held. */
static int condition_enter(void *condition)
{
    int rc = eddy_condition_acquire(condition);
    if (rc < 0)
        return rc;
    rc = eddy_condition_wait(condition);
    assert_true(eddy_condition_locked(condition));
    if (rc < 0)
        assert_int_equal(eddy_condition_release(condition), 0);
    return rc;
}

static int condition_leave(void *condition)
{
    return eddy_condition_release(condition);
}

static int semaphore_enter(void *semaphore)
{
    return eddy_semaphore_acquire(semaphore);
}

static int semaphore_leave(void *semaphore)
{
    return eddy_semaphore_release(semaphore);
}

static int barrier_enter(void *barrier)
{
    return eddy_barrier_wait(barrier);
}

const sync_calls lock_calls = {lock_enter, lock_leave};
const sync_calls event_calls = {event_enter, NULL};
const sync_calls condition_calls = {condition_enter, condition_leave};
const sync_calls semaphore_calls = {semaphore_enter, semaphore_leave};
const sync_calls barrier_calls = {barrier_enter, NULL};

static void trace_entry(const meeting *self)
{
    if (self->letter == '\0')
        return;
    if (self->rc >= 0)
        trace(self->letter);
    else
        trace(self->rc == EDDY_ECANCELED ? (char)toupper((unsigned char)self->letter) : '!');
}

static int meeting_body(void *arg)
{
    meeting *self = arg;
    int rc = 0;
    self->rc = self->calls->enter(self->primitive);
    trace_entry(self);
    self->ended = self->rc < 0;
    if (self->rc < 0)
        return self->rc;
    if (self->inside != NULL)
        assert_true(++*self->inside <= self->most);
    for (int i = 0; i < self->stay && rc == 0; i++)
        rc = eddy_sleep(0);
    if (self->inside != NULL)
        --*self->inside;
    if (self->calls->leave != NULL && !self->keeps)
        assert_int_equal(self->calls->leave(self->primitive), 0);
    self->ended = true;
    return rc;
}

void meet(meeting *self)
{
    self->rc = 77;
    assert_int_equal(eddy_create_task(&self->task, meeting_body, self, NULL), 0);
}

void part(meeting *self)
{
    assert_true(eddy_task_done(self->task));
    eddy_task_release(self->task);
}

void meet_all(meeting *all, int count, const sync_calls *calls, void *primitive, bool keeps)
{
    for (int i = 0; i < count; i++) {
        all[i] = (meeting){
            .calls = calls, .primitive = primitive, .letter = (char)('a' + i), .keeps = keeps, .most = 1};
        meet(&all[i]);
    }
}

void part_all(meeting *all, int count)
{
    for (int i = 0; i < count; i++)
        part(&all[i]);
}

/* ---- plans ---- */

enum { LONGEST_PLAN = 32 };

/* Whatever stands behind the last yield would come after the end, so nothing is put there. */
static int insert_and_go_on(const char *plan, const char *left, plan_fn run)
{
    char longer[LONGEST_PLAN];
    size_t length = strlen(plan);
    int count = 0;
    if (*left == '\0') {
        run(plan);
        return 1;
    }
    assert_true(length + 2 <= sizeof longer);
    for (size_t at = 0; at < length; at++) {
        memcpy(longer, plan, at);
        longer[at] = *left;
        memcpy(longer + at + 1, plan + at, length - at + 1);
        count += insert_and_go_on(longer, left + 1, run);
    }
    if (*left >= '0' && *left <= '9')
        count += insert_and_go_on(plan, left + 1, run);
    return count;
}

int for_each_plan(int moments, const char *actions, int tasks, plan_fn run)
{
    char plan[LONGEST_PLAN] = "", left[LONGEST_PLAN];
    memset(plan, '.', (size_t)moments);
    assert_true(snprintf(left, sizeof left, "%s%.*s", actions, tasks, "0123456789") < LONGEST_PLAN);
    return insert_and_go_on(plan, left, run);
}

void walk_plan(const char *plan, meeting *all, void (*act)(char action, void *primitive), void *primitive)
{
    for (; *plan != '\0'; plan++) {
        if (*plan == '.') {
            yield_times(1);
            trace('.');
        } else if (*plan >= '0' && *plan <= '9') {
            (void)eddy_task_cancel(all[*plan - '0'].task);
        } else {
            act(*plan, primitive);
        }
    }
}

void settle(void)
{
    for (int i = 0; i < 12; i++) {
        yield_times(1);
        trace('.');
    }
}

bool is_unused(const eddy_waiters *waiters)
{
    return waiters->first == NULL && waiters->live == 0 && waiters->loop == NULL;
}
