/* suite_faults.c: faults of the catalogue that belong to no one area: waking, time, flooding.
 * Touches the public API and counts system calls through the injection table. No test looks at how long anything took. */
#include "pair.h"
#include "suite.h"

#include "core/base/inject.h"
#include "core/loop/loop.h"

static uint64_t waits_of_the_kernel(void)
{
    return eddyi_inject_count_of(EDDYI_INJECT_epoll_pwait2) + eddyi_inject_count_of(EDDYI_INJECT_epoll_wait) +
           eddyi_inject_count_of(EDDYI_INJECT_select) + eddyi_inject_count_of(EDDYI_INJECT_kevent) +
           eddyi_inject_count_of(EDDYI_INJECT_poll) + eddyi_inject_count_of(EDDYI_INJECT_io_uring_enter);
}

/* T2: a wait of less than a millisecond sleeps; it neither spins nor asks twice. */
TASK_TEST(fault_T2_short_sleeps_do_not_spin)
{
    enum { SLEEPS = 50 };
    (void)arg;
    assert_int_equal(eddy_sleep(0.0003), 0);
    eddyi_inject_start(NULL);
    for (int i = 0; i < SLEEPS; i++)
        assert_int_equal(eddy_sleep(0.0003), 0);
    uint64_t waits = waits_of_the_kernel();
    eddyi_inject_stop();
    assert_true(waits <= 3 * SLEEPS);
    assert_true(waits >= SLEEPS || support_is_simulated());
    return 0;
}

typedef struct period {
    double start;
    int ticks;
    eddy_future *done;
} period;

enum { TICKS = 20 };
static const double step = 0.0005;

/* T3: a stall in the middle delays ticks, and moves none of the later ones. */
static void tick(void *arg)
{
    period *p = arg;
    eddy_loop *loop = eddy_get_running_loop();
    assert_true(eddy_loop_time(loop) >= p->start + p->ticks * step - 1e-6);
    if (++p->ticks == TICKS / 2) {
        double until = eddy_loop_time(loop) + 3 * step;
        while (eddy_loop_time(loop) < until)
            continue;
    }
    if (p->ticks == TICKS) {
        (void)eddy_future_set_result(p->done, 0);
        return;
    }
    assert_int_equal(eddy_loop_call_at(loop, NULL, p->start + p->ticks * step, tick, p), 0);
}

TASK_TEST(fault_T3_absolute_schedule_does_not_drift)
{
    eddy_loop *loop = eddy_get_running_loop();
    period p = {.start = eddy_loop_time(loop)};
    (void)arg;
    assert_int_equal(eddy_loop_create_future(loop, &p.done), 0);
    tick(&p);
    assert_int_equal(eddy_await_future(p.done, NULL), 0);
    assert_int_equal(p.ticks, TICKS);
    eddy_future_release(p.done);
    return 0;
}

static int sleep_a_day_and_a_bit(void *arg)
{
    eddy_loop *loop = eddy_get_running_loop();
    uint64_t before = eddyi_loop_now(loop);
    (void)arg;
    int rc = eddy_sleep(90000.000001);
    uint64_t slept = eddyi_loop_now(loop) - before;
    return rc < 0                                                                  ? rc
           : slept >= UINT64_C(90000000001000) && slept < UINT64_C(90000002000000) ? 0
                                                                                   : EDDY_EPROTO;
}

/* T5, T6: wherever the clock starts, and over a leap of more than a day, no nanosecond is lost and nothing is early. */
static void fault_T5_T6_any_start_of_the_clock_and_any_leap(void **state)
{
    (void)state;
    eddyi_running_loop = NULL;
    if (!support_is_simulated()) {
        (void)support_skip("only virtual time can leap");
        return;
    }
    for (uint64_t seed = 1; seed <= 30; seed++) {
        eddy_loop_options loop = {.size = sizeof loop, .backend = "sim", .seed = seed};
        eddy_run_options options = {.size = sizeof options, .loop = &loop};
        assert_int_equal(eddy_run(sleep_a_day_and_a_bit, NULL, &options), 0);
    }
}

/* P17: what is idle costs nothing: a round trip beside many idle connections makes as many calls as alone. */
TASK_TEST(fault_P17_idle_descriptors_cost_no_calls)
{
    enum { IDLE = 300 };
    static stream_pair idle[IDLE];
    stream_pair busy;
    char byte;
    (void)arg;
    if (support_is_simulated())
        return support_skip("there is no system call to fail or count");
    pair_open(&busy, NULL, NULL);
    for (int i = 0; i < IDLE; i++)
        pair_open(&idle[i], NULL, NULL);
    assert_int_equal(eddy_stream_write(busy.client, "x", 1), 0);
    assert_int_equal(eddy_stream_readexactly(busy.peer, &byte, 1), 1);
    eddyi_inject_start(NULL);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(eddy_stream_write(busy.client, "x", 1), 0);
        assert_int_equal(eddy_stream_read(busy.peer, &byte, 1), 1);
    }
    uint64_t calls = eddyi_inject_count();
    eddyi_inject_stop();
    assert_true(calls <= 20 * 6);
    for (int i = 0; i < IDLE; i++)
        pair_close(&idle[i]);
    pair_close(&busy);
    return 0;
}

/* S4: a flood that nobody reads stays with the kernel: eddy takes a byte only for a reader. */
TASK_TEST(fault_S4_flood_that_nobody_reads_is_not_buffered)
{
    stream_pair pair;
    static char flood[64 * 1024];
    (void)arg;
    pair_open(&pair, NULL, NULL);
    assert_int_equal(eddy_stream_write_nowait(pair.client, flood, 1), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(eddy_sleep(0), 0);
    long blocks = support_live_blocks();
    while (eddy_stream_write_buffer_size(pair.client) < sizeof flood)
        assert_int_equal(eddy_stream_write_nowait(pair.client, flood, sizeof flood), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(eddy_sleep(0), 0);
    assert_true(support_live_blocks() <= blocks + 3); /* the writer's own: its record and two rows of bytes */
    pair_close(&pair);
    return 0;
}

int suite_faults(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_T2_short_sleeps_do_not_spin),
        cmocka_unit_test(fault_T3_absolute_schedule_does_not_drift),
        cmocka_unit_test(fault_T5_T6_any_start_of_the_clock_and_any_leap),
        cmocka_unit_test(fault_P17_idle_descriptors_cost_no_calls),
        cmocka_unit_test(fault_S4_flood_that_nobody_reads_is_not_buffered),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
