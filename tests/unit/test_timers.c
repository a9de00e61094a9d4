/* test_timers.c: the timer structure against a naive list, over all scales of time.
 * Touches core/base/timers.h only. */
#include "support/support.h"

#include "core/base/timers.h"

enum { TIMERS = 300, SEEDS = 250, STEPS = 4000 }; /* a million operations in all */

typedef struct model_timer {
    eddyi_timer timer;
    uint64_t deadline, sequence; /* fresh: the delay, and when it was added */
    bool pending, fresh;
    struct model *model;
} model_timer;

typedef struct model {
    eddyi_timers timers;
    model_timer all[TIMERS];
    uint64_t random, now, sequence, fired, last_deadline, last_sequence;
} model;

static uint64_t draw(model *m, uint64_t below)
{
    m->random = m->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (m->random >> 11) % below;
}

static void add(model *m, model_timer *t, uint64_t deadline)
{
    t->deadline = deadline;
    t->sequence = m->sequence++;
    t->pending = true;
    eddyi_timers_add(&m->timers, &t->timer, deadline);
}

static void add_fresh(model *m, model_timer *t, uint64_t delay)
{
    t->deadline = delay;
    t->sequence = m->sequence++;
    t->pending = t->fresh = true;
    eddyi_timers_add_fresh(&m->timers, &t->timer, delay);
}

static void take_out(model *m, model_timer *t)
{
    eddyi_timers_remove(&m->timers, &t->timer);
    t->pending = t->fresh = false;
}

/* The clock was read: fresh ones count from now, and are behind all others of their moment, oldest first. */
static void settled(model *m)
{
    for (;;) {
        model_timer *oldest = NULL;
        for (int i = 0; i < TIMERS; i++)
            if (m->all[i].fresh && (oldest == NULL || m->all[i].sequence < oldest->sequence))
                oldest = &m->all[i];
        if (oldest == NULL)
            return;
        oldest->fresh = false;
        oldest->deadline += m->now;
        oldest->sequence = m->sequence++;
    }
}

/* T8: from inside a firing one, others of the same moment are removed and this one is armed anew. */
static void fired(eddyi_timer *timer)
{
    model_timer *t = EDDYI_CONTAINER(timer, model_timer, timer);
    model *m = t->model;
    assert_true(t->pending && !t->fresh);
    assert_true(t->deadline <= m->now); /* T1: never early */
    assert_true(t->deadline > m->last_deadline ||
                (t->deadline == m->last_deadline && (m->fired == 0 || t->sequence > m->last_sequence)));
    m->last_deadline = t->deadline;
    m->last_sequence = t->sequence;
    m->fired++;
    t->pending = false;
    if (draw(m, 4) == 0)
        take_out(m, &m->all[draw(m, TIMERS)]);
    if (draw(m, 3) == 0)
        add(m, t,
            m->now + draw(m, 2) * draw(m, 1000)); /* 0: once more in this very call, behind what is due */
}

static uint64_t first_deadline(const model *m)
{
    uint64_t first = UINT64_MAX;
    for (int i = 0; i < TIMERS; i++)
        if (m->all[i].pending && m->all[i].deadline < first)
            first = m->all[i].deadline;
    return first;
}

static void advance(model *m, uint64_t now)
{
    m->now = now;
    m->last_deadline = 0;
    m->last_sequence = 0;
    m->fired = 0;
    settled(m);
    eddyi_timers_fire(&m->timers, now);
    assert_true(first_deadline(m) > now); /* nothing that was due is left */
}

/* Never later than the first deadline; and exact when that lies within the lowest level of the wheel. */
static void look_ahead(model *m)
{
    uint64_t first = first_deadline(m), current = m->timers.current, tick = first >> EDDYI_TICK_SHIFT;
    uint64_t next = eddyi_timers_next(&m->timers);
    assert_true(next <= first);
    assert_true((next == UINT64_MAX) == (first == UINT64_MAX));
    if (tick <= current || tick / EDDYI_WHEEL_SLOTS == current / EDDYI_WHEEL_SLOTS)
        assert_true(next == first);
}

static void one_step(model *m, uint64_t scale)
{
    model_timer *t = &m->all[draw(m, TIMERS)];
    switch (draw(m, 5)) {
    case 0:
    case 1:
        if (!t->pending)
            add(m, t, m->now + draw(m, scale));
        break;
    case 2:
        if (!t->pending)
            add_fresh(m, t, draw(m, scale));
        break;
    case 3:
        take_out(m, t);
        break;
    default:
        m->now += draw(m, scale / 4 + 2);
        settled(m);
        eddyi_timers_settle(&m->timers, m->now);
        look_ahead(m);
        advance(m, m->now);
    }
}

static size_t count_pending(const model *m)
{
    size_t count = 0;
    for (int i = 0; i < TIMERS; i++)
        count += m->all[i].pending;
    return count;
}

static void fault_T8_random_adds_and_removes_match_a_list(void **state)
{
    static const uint64_t scales[] = {10,
                                      100000,
                                      50000000,
                                      UINT64_C(10000000000),
                                      UINT64_C(86400000000000),
                                      UINT64_C(3000000000000000),
                                      UINT64_C(100000000000000000)}; /* from ten nanoseconds to three years */
    static const uint64_t starts[] = {1, 1000000007, UINT64_C(1000000000000000000),
                                      UINT64_C(5000000000000000000)};
    static model m;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        m = (model){.random = seed, .now = starts[seed % 4]}; /* T5: the clock may start anywhere */
        eddyi_timers_init(&m.timers, m.now);
        for (int i = 0; i < TIMERS; i++) {
            eddyi_timer_init(&m.all[i].timer, fired);
            m.all[i].model = &m;
        }
        for (int i = 0; i < STEPS; i++)
            one_step(&m, scales[(seed + (uint64_t)i / 500) % 7]);
        assert_int_equal(m.timers.count, count_pending(&m));
        advance(&m, m.now + UINT64_C(100000000000000000)); /* T6: a leap of three years */
        for (int i = 0; i < TIMERS; i++)
            take_out(&m, &m.all[i]);
        assert_int_equal(m.timers.count, 0);
        assert_true(eddyi_timers_next(&m.timers) == UINT64_MAX);
    }
}

static int order[64];
static int ordered;

typedef struct numbered {
    eddyi_timer timer;
    int number;
} numbered;

static void note(eddyi_timer *timer)
{
    order[ordered++] = EDDYI_CONTAINER(timer, numbered, timer)->number;
}

static void equal_deadlines_fire_in_the_order_of_adding(void **state)
{
    eddyi_timers timers;
    numbered all[64];
    (void)state;
    for (uint64_t deadline = 5; deadline < UINT64_C(1) << 50; deadline *= 97) {
        eddyi_timers_init(&timers, 1);
        ordered = 0;
        for (int i = 0; i < 64; i++) {
            all[i].number = i;
            eddyi_timer_init(&all[i].timer, note);
            eddyi_timers_add(&timers, &all[i].timer, deadline);
        }
        eddyi_timers_fire(&timers, deadline - 1);
        assert_int_equal(ordered, 0);
        eddyi_timers_fire(&timers, deadline);
        assert_int_equal(ordered, 64);
        for (int i = 0; i < 64; i++)
            assert_int_equal(order[i], i);
    }
}

static void fresh_timers_count_from_when_they_are_settled(void **state)
{
    eddyi_timers timers;
    numbered a = {.number = 1}, b = {.number = 2}, never = {.number = 3};
    (void)state;
    eddyi_timers_init(&timers, 100);
    ordered = 0;
    eddyi_timer_init(&a.timer, note);
    eddyi_timer_init(&b.timer, note);
    eddyi_timer_init(&never.timer, note);
    eddyi_timers_add_fresh(&timers, &a.timer, 50);
    eddyi_timers_add_fresh(&timers, &b.timer, 50);
    eddyi_timers_add_fresh(&timers, &never.timer, UINT64_MAX);
    assert_true(eddyi_timers_have_fresh(&timers));
    eddyi_timers_remove(&timers, &a.timer);
    eddyi_timers_settle(&timers, 1000);
    assert_true(b.timer.deadline == 1050 && never.timer.deadline == UINT64_MAX);
    eddyi_timers_fire(&timers, 1049);
    assert_int_equal(ordered, 0);
    eddyi_timers_fire(&timers, 1050);
    assert_int_equal(ordered, 1);
    assert_int_equal(order[0], 2);
    eddyi_timers_remove(&timers, &never.timer);
    assert_int_equal(timers.count, 0);
}

/* T5: at the far end of the clock nothing wraps round: what is beyond it never fires. */
static void fault_T5_the_end_of_the_clock_is_for_ever(void **state)
{
    eddyi_timers timers;
    numbered soon = {.number = 1}, beyond = {.number = 2}, last = {.number = 3};
    const uint64_t start = UINT64_MAX - (UINT64_C(1) << 40);
    (void)state;
    eddyi_timers_init(&timers, start);
    ordered = 0;
    eddyi_timer_init(&soon.timer, note);
    eddyi_timer_init(&beyond.timer, note);
    eddyi_timer_init(&last.timer, note);
    eddyi_timers_add(&timers, &last.timer, UINT64_MAX - 1);
    eddyi_timers_add_fresh(&timers, &beyond.timer, UINT64_C(1) << 50);
    eddyi_timers_add(&timers, &soon.timer, start + 5000000000);
    eddyi_timers_settle(&timers, start);
    assert_true(beyond.timer.deadline == UINT64_MAX);
    assert_true(eddyi_timers_next(&timers) <= start + 5000000000);
    eddyi_timers_fire(&timers, start + 4999999999);
    assert_int_equal(ordered, 0);
    eddyi_timers_fire(&timers, UINT64_MAX - 2);
    assert_int_equal(ordered, 1);
    eddyi_timers_fire(&timers, UINT64_MAX - 1);
    assert_int_equal(ordered, 2);
    assert_true(order[0] == 1 && order[1] == 3);
    assert_true(eddyi_timers_next(&timers) == UINT64_MAX);
    assert_int_equal(timers.count, 1);
    eddyi_timers_remove(&timers, &beyond.timer);
}

/* T9: a million timeouts that never fire leave nothing behind. */
static void fault_T9_cancelled_timers_leave_nothing(void **state)
{
    enum { MANY = 1000000 };
    eddyi_timers timers;
    eddyi_timer *many = malloc(MANY * sizeof *many);
    (void)state;
    assert_non_null(many);
    eddyi_timers_init(&timers, 1);
    for (size_t i = 0; i < MANY; i++) {
        eddyi_timer_init(&many[i], note);
        eddyi_timers_add(&timers, &many[i], 1000000000 + i * 7919);
    }
    for (size_t i = 0; i < MANY; i++)
        eddyi_timers_remove(&timers, &many[(i * 7) % MANY]);
    for (size_t i = 0; i < MANY; i++)
        eddyi_timers_remove(&timers, &many[i]);
    assert_int_equal(timers.count, 0);
    for (int level = 0; level < EDDYI_WHEEL_LEVELS; level++)
        assert_true(timers.occupied[level] == 0);
    assert_null(timers.heap);
    free(many);
}

static void do_nothing(eddyi_timer *timer)
{
    (void)timer;
}

static void lateness_is_that_of_the_timers_that_fired(void **state)
{
    eddyi_timers timers;
    eddyi_timer three[3];
    (void)state;
    eddyi_timers_init(&timers, 100);
    for (int i = 0; i < 3; i++) {
        eddyi_timer_init(&three[i], do_nothing);
        eddyi_timers_add(&timers, &three[i], (uint64_t)(200 + 100 * i));
    }
    eddyi_timers_fire(&timers, 150);
    assert_int_equal(timers.lateness.count, 0);
    eddyi_timers_fire(&timers, 350); /* the first by 150, the second by 50 */
    assert_int_equal(timers.lateness.count, 2);
    assert_int_equal(timers.lateness.last_ns, 150);
    assert_int_equal(timers.lateness.max_ns, 150);
    assert_int_equal(timers.lateness.total_ns, 200);
    eddyi_timers_fire(&timers, 399);
    assert_int_equal(timers.lateness.last_ns, 150); /* nothing fired */
    eddyi_timers_fire(&timers, 400);
    assert_int_equal(timers.lateness.count, 3);
    assert_int_equal(timers.lateness.last_ns, 0);
    assert_int_equal(timers.lateness.max_ns, 150);
    assert_int_equal(timers.lateness.total_ns, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_T8_random_adds_and_removes_match_a_list),
        cmocka_unit_test(lateness_is_that_of_the_timers_that_fired),
        cmocka_unit_test(equal_deadlines_fire_in_the_order_of_adding),
        cmocka_unit_test(fresh_timers_count_from_when_they_are_settled),
        cmocka_unit_test(fault_T5_the_end_of_the_clock_is_for_ever),
        cmocka_unit_test(fault_T9_cancelled_timers_leave_nothing),
    };
    return cmocka_run_group_tests_name("timers", tests, NULL, NULL);
}
