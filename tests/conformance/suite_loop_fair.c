/* suite_loop_fair.c: what is always ready leaves timers, I/O and other tasks their turn (P10, P11).
 * Touches the public API, and the numbers by which the loop shares. No test looks at how long anything took. */
#include "pair.h"
#include "suite.h"

#include "core/loop/loop.h"
#include "core/platform.h"

/* P10, P11: something that is always ready starves neither timers nor other tasks. */
static int spin(void *stop_now)
{
    while (!*(bool *)stop_now) {
        int rc = eddy_sleep(0);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void reschedule(void *arg)
{
    if (!*(bool *)arg)
        (void)eddy_loop_call_soon(eddy_get_running_loop(), NULL, reschedule, arg);
}

TASK_TEST(fault_P10_endless_rescheduling_does_not_starve_timers)
{
    bool stop_now = false;
    eddy_task *spinner;
    (void)arg;
    assert_int_equal(eddy_create_task(&spinner, spin, &stop_now, NULL), 0);
    reschedule(&stop_now);
    assert_int_equal(eddy_sleep(0.002), 0);
    stop_now = true;
    assert_int_equal(eddy_await(spinner, NULL), 0);
    eddy_task_release(spinner);
    return 0;
}

typedef struct busy {
    bool stop_now;
    int spins;
} busy;

static int spin_and_count(void *arg)
{
    busy *b = arg;
    while (!b->stop_now) {
        int rc = eddy_sleep(0);
        if (rc < 0)
            return rc;
        b->spins++;
    }
    return 0;
}

enum { PINGS = 50 };

static void ping_pong(stream_pair *pair)
{
    char byte;
    for (int i = 0; i < PINGS; i++) {
        assert_int_equal(eddy_stream_write(pair->client, "a", 1), 0);
        assert_int_equal(eddy_stream_read(pair->peer, &byte, 1), 1);
        assert_int_equal(eddy_stream_write(pair->peer, "b", 1), 0);
        assert_int_equal(eddy_stream_read(pair->client, &byte, 1), 1);
    }
}

/* I/O is looked after between so many steps at the latest, whatever is ready. */
TASK_TEST(fault_P10_endless_rescheduling_does_not_starve_io)
{
    busy b = {0};
    eddy_task *spinner;
    stream_pair pair;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_create_task(&spinner, spin_and_count, &b, NULL), 0);
    ping_pong(&pair);
    assert_true(b.spins > 0);
    if (!support_is_simulated()) /* there bytes travel in virtual time, which passes while nothing is ready */
        assert_true(b.spins < PINGS * 2 * EDDYI_STEPS_PER_POLL * 500);
    b.stop_now = true;
    assert_int_equal(eddy_await(spinner, NULL), 0);
    eddy_task_release(spinner);
    pair_close(&pair);
    return 0;
}

typedef struct flood {
    stream_pair pair;
    bool stop_now;
    long reads;
} flood;

static int pour(void *arg)
{
    static char bytes[16384];
    flood *f = arg;
    int rc = 0;
    while (rc == 0 && !f->stop_now)
        rc = eddy_stream_write(f->pair.client, bytes, sizeof bytes);
    return f->stop_now ? 0 : rc;
}

static int drain(void *arg)
{
    char bytes[512];
    flood *f = arg;
    ptrdiff_t got = 1;
    while (got > 0 && !f->stop_now) {
        got = eddy_stream_read(f->pair.peer, bytes, sizeof bytes);
        f->reads++;
    }
    return f->stop_now ? 0 : (int)got;
}

/* P11: a connection that is always ready leaves another its turn. */
TASK_TEST(fault_P11_flood_does_not_starve_a_ping)
{
    static flood f;
    eddy_task *tasks[2];
    stream_pair pair;
    (void)arg;
    f = (flood){0};
    pair_open(&pair, NULL, NULL);
    pair_open(&f.pair, NULL, NULL);
    assert_int_equal(eddy_create_task(&tasks[0], pour, &f, NULL), 0);
    assert_int_equal(eddy_create_task(&tasks[1], drain, &f, NULL), 0);
    ping_pong(&pair);
    assert_true(f.reads > 0);
    assert_true(f.reads < PINGS * 4L * EDDYI_STEPS_PER_POLL * EDDYI_IO_BUDGET);
    f.stop_now = true;
    pair_close(&f.pair);
    for (int i = 0; i < 2; i++) {
        int outcome;
        assert_int_equal(eddy_await(tasks[i], &outcome), 0);
        eddy_task_release(tasks[i]);
    }
    pair_close(&pair);
    return 0;
}

enum { LONG_STEPS = 400, LONG_STEP_NS = 300000 };

/* The loop's own clock is not asked: nothing but the length of the turn tells. */
static int compute(void *arg)
{
    (void)arg;
    for (int i = 0; i < LONG_STEPS / 2; i++) {
        uint64_t until = eddyi_clock_now() + LONG_STEP_NS;
        while (eddyi_clock_now() < until)
            continue;
        int rc = eddy_sleep(0);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* P11: after a few turns the backend is asked nearly every step, and not after 61 of them. Virtual time stands still meanwhile. */
TASK_TEST(fault_P11_long_steps_are_polled_after_more_often)
{
    stream_pair pair;
    eddy_task *tasks[2];
    eddy_loop_metrics before = {.size = sizeof before}, after = {.size = sizeof after};
    (void)arg;
    pair_open(&pair, NULL, NULL); /* something is lent to the backend */
    assert_int_equal(eddy_loop_get_metrics(eddy_get_running_loop(), &before), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(eddy_create_task(&tasks[i], compute, NULL, NULL), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(eddy_await(tasks[i], NULL), 0);
        eddy_task_release(tasks[i]);
    }
    assert_int_equal(eddy_loop_get_metrics(eddy_get_running_loop(), &after), 0);
    assert_true(support_is_simulated() || after.polls - before.polls >= LONG_STEPS / 4);
    pair_close(&pair);
    return 0;
}

int suite_loop_fair(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_P10_endless_rescheduling_does_not_starve_timers),
        cmocka_unit_test(fault_P10_endless_rescheduling_does_not_starve_io),
        cmocka_unit_test(fault_P11_flood_does_not_starve_a_ping),
        cmocka_unit_test(fault_P11_long_steps_are_polled_after_more_often),
    };
    return cmocka_run_group_tests_name("fairness of the loop", tests, NULL, NULL);
}
