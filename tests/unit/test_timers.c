/* test_timers.c: the timer structure against a naive list, over all scales of time.
 * Touches core/base/timers.h only. */
#include "support/support.h"

#include "core/base/timers.h"

enum { TIMERS = 300, SEEDS = 40, STEPS = 4000 };

typedef struct model_timer {
    eddyi_timer timer;
    uint64_t deadline, sequence;
    bool pending;
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

/* T8: from inside a firing one, others of the same moment are removed and this one is armed anew. */
static void fired(eddyi_timer *timer)
{
    model_timer *t = EDDYI_CONTAINER(timer, model_timer, timer);
    model *m = t->model;
    assert_true(t->pending);
    assert_true(t->deadline <= m->now); /* T1: never early */
    assert_true(t->deadline > m->last_deadline ||
                (t->deadline == m->last_deadline && (m->fired == 0 || t->sequence > m->last_sequence)));
    m->last_deadline = t->deadline;
    m->last_sequence = t->sequence;
    m->fired++;
    t->pending = false;
    if (draw(m, 4) == 0) {
        model_timer *other = &m->all[draw(m, TIMERS)];
        eddyi_timers_remove(&m->timers, &other->timer);
        other->pending = false;
    }
    if (draw(m, 3) == 0)
        add(m, t, m->now + 1 + draw(m, 1000));
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
    eddyi_timers_fire(&m->timers, now);
    assert_true(first_deadline(m) > now); /* nothing that was due is left */
}

static void one_step(model *m, uint64_t scale)
{
    model_timer *t = &m->all[draw(m, TIMERS)];
    switch (draw(m, 4)) {
    case 0:
    case 1:
        if (!t->pending)
            add(m, t, m->now + draw(m, scale));
        break;
    case 2:
        eddyi_timers_remove(&m->timers, &t->timer);
        t->pending = false;
        break;
    default: {
        uint64_t next = eddyi_timers_next(&m->timers), first = first_deadline(m);
        assert_true(next <= first);
        if (first != UINT64_MAX && first >> EDDYI_TICK_SHIFT <= m->timers.current)
            assert_true(next == first); /* near: exact */
        advance(m, m->now + draw(m, scale / 2 + 2));
    }
    }
}

static void fault_T8_random_adds_and_removes_match_a_list(void **state)
{
    static const uint64_t scales[] = {
        10, 100000, 50000000, UINT64_C(10000000000), UINT64_C(86400000000000), UINT64_C(3000000000000000)};
    static const uint64_t starts[] = {1, 1000000007, UINT64_C(1000000000000000000),
                                      UINT64_C(9000000000000000000)};
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
            one_step(&m, scales[(seed + (uint64_t)i / 500) % 6]);
        advance(&m, m.now + UINT64_C(100000000000000000)); /* T6: a leap of three years */
        for (int i = 0; i < TIMERS; i++)
            eddyi_timers_remove(&m.timers, &m.all[i].timer);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_T8_random_adds_and_removes_match_a_list),
        cmocka_unit_test(equal_deadlines_fire_in_the_order_of_adding),
        cmocka_unit_test(fresh_timers_count_from_when_they_are_settled),
        cmocka_unit_test(fault_T9_cancelled_timers_leave_nothing),
    };
    return cmocka_run_group_tests_name("timers", tests, NULL, NULL);
}
