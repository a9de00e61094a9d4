/* test_faults.c: the kqueue backend over a kernel that behaves badly, and what the emulated kernel itself promises.
 * Touches seam 1, the emulation and sockets. Every fault is seen to have happened. */
#include "unit/test_readiness_bench.h"

#include <sys/event.h>

#include "faults.h"

extern const eddyi_backend_ops eddyi_backend_kqueue;

static int no_faults(void **state)
{
    (void)state;
    kqueue_faults_set(NULL);
    return 0;
}

/* ---- the emulation: points that were measured on real kernels ---- */

static struct kevent change(int fd, short filter, unsigned flags)
{
    return (struct kevent){.ident = (uintptr_t)fd, .filter = filter, .flags = (unsigned short)flags};
}

static void half_close_with_data_is_one_event(void **state)
{
    (void)state;
    int ends[2], queue = kqueue();
    struct kevent add, got[4];
    const struct timespec soon = {.tv_sec = 2};
    loopback_pair(ends);
    add = change(ends[0], EVFILT_READ, EV_ADD | EV_CLEAR);
    assert_int_equal(kevent(queue, &add, 1, NULL, 0, NULL), 0);
    assert_int_equal(send(ends[1], "four", 4, 0), 4);
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    int count;
    do
        count = kevent(queue, NULL, 0, got, 4, &soon); /* data and end may be two edges */
    while (count == 1 && !(got[0].flags & EV_EOF));
    assert_int_equal(count, 1);
    assert_int_equal(got[0].data, 4);
    close(queue);
    close(ends[0]);
    close(ends[1]);
}

static void clear_tells_new_data_only_and_is_not_dropped(void **state)
{
    (void)state;
    int ends[2], queue = kqueue();
    struct kevent add, got[4];
    const struct timespec at_once = {0};
    local_pair(ends, SOCK_STREAM);
    add = change(ends[0], EVFILT_READ, EV_ADD | EV_CLEAR);
    assert_int_equal(kevent(queue, &add, 1, NULL, 0, NULL), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(send(ends[1], "x", 1, 0), 1);
        assert_int_equal(kevent(queue, NULL, 0, got, 4, &at_once), 1);
        assert_int_equal(kevent(queue, NULL, 0, got, 4, &at_once), 0);
    }
    add = change(ends[0], EVFILT_READ, EV_ADD); /* tells once more, and keeps EV_CLEAR */
    assert_int_equal(kevent(queue, &add, 1, got, 4, &at_once), 1);
    assert_int_equal(kevent(queue, NULL, 0, got, 4, &at_once), 0);
    close(queue);
    close(ends[0]);
    close(ends[1]);
}

static void closing_takes_the_filters_along(void **state)
{
    (void)state;
    int ends[2], queue = kqueue();
    struct kevent add, gone, got[4];
    const struct timespec at_once = {0};
    local_pair(ends, SOCK_STREAM);
    add = change(ends[0], EVFILT_READ, EV_ADD);
    assert_int_equal(kevent(queue, &add, 1, NULL, 0, NULL), 0);
    int copy = dup(ends[0]);
    close(ends[0]);
    assert_int_equal(send(ends[1], "x", 1, 0), 1);
    assert_int_equal(kevent(queue, NULL, 0, got, 4, &at_once), 0);
    gone = change(ends[0], EVFILT_READ, EV_DELETE | EV_RECEIPT);
    assert_int_equal(kevent(queue, &gone, 1, got, 4, &at_once), 1);
    assert_int_equal(got[0].flags, EV_ERROR);
    assert_int_equal(got[0].data, ENOENT);
    close(copy);
    close(ends[1]);
    close(queue);
}

/* As many receipts as changes, and no event among them though there is room. */
static void receipts_come_alone(void **state)
{
    (void)state;
    int ends[2], queue = kqueue();
    struct kevent add[2], got[8];
    const struct timespec at_once = {0};
    local_pair(ends, SOCK_STREAM);
    add[0] = change(ends[0], EVFILT_READ, EV_ADD | EV_RECEIPT);
    add[1] = change(ends[0], EVFILT_WRITE, EV_ADD | EV_RECEIPT);
    assert_int_equal(kevent(queue, add, 2, got, 8, &at_once), 2);
    assert_int_equal(got[0].flags, EV_ERROR);
    assert_int_equal(got[1].data, 0);
    assert_int_equal(kevent(queue, NULL, 0, got, 8, &at_once), 1);
    assert_int_equal(got[0].filter, EVFILT_WRITE);
    close(queue);
    close(ends[0]);
    close(ends[1]);
}

/* ---- the backend ---- */

/* What was deleted is told once more, to a slot that has another owner by now: it is dropped, and counted. */
static void fault_P2_P8_stale_events_reach_nobody(void **state)
{
    (void)state;
    const kqueue_faults stale = {.stale = 100};
    uint64_t dropped = 0;
    bench b = bench_open(&eddyi_backend_kqueue);
    kqueue_faults_set(&stale);
    for (int i = 0; i < 20; i++) {
        int old[2], fresh[2];
        char in;
        eddyi_descriptor gone, heir;
        trial silent;
        local_pair(old, SOCK_STREAM);
        attach(&b, &gone, old[0], EDDYI_STREAM);
        release(&b, &gone);
        close(old[1]);
        local_pair(fresh, SOCK_STREAM); /* has the number and the slot */
        attach(&b, &heir, fresh[0], i % 2 ? EDDYI_STREAM : EDDYI_FOREIGN);
        assert_int_equal(heir.slot, gone.slot);
        trial_submit(&b, &silent, &heir, EDDYI_RECV, &in, 1);
        assert_int_equal(bench_wait_for(&b, MILLISECOND), 0);
        assert_true(silent.lent);
        dropped = eddyi_readiness_stale(b.backend);
        trial_cancel(&b, &silent);
        release(&b, &heir);
        close(fresh[1]);
    }
    assert_true(kqueue_stale_told() >= 20);
    assert_int_equal(dropped, kqueue_stale_told());
    bench_close(&b);
}

/* Changes that an interrupted call has made already are made again, and no wait ends early. */
static void fault_P6_interrupted_calls_that_made_their_changes(void **state)
{
    (void)state;
    const kqueue_faults faults = {.interrupt = 50, .batch = 1};
    enum { PAIRS = 6, ROUNDS = 50 };
    int ends[PAIRS][2];
    eddyi_descriptor d[PAIRS];
    bench b = bench_open(&eddyi_backend_kqueue);
    kqueue_faults_set(&faults);
    for (int i = 0; i < PAIRS; i++) {
        local_pair(ends[i], SOCK_STREAM);
        attach(&b, &d[i], ends[i][0], EDDYI_FOREIGN);
    }
    for (int round = 0; round < ROUNDS; round++) {
        trial t[PAIRS];
        char in;
        for (int i = 0; i < PAIRS; i++) {
            trial_submit(&b, &t[i], &d[i], EDDYI_POLL, NULL, 0);
            assert_true(t[i].lent);
        }
        for (int i = 0; i < PAIRS; i++)
            assert_int_equal(send(ends[i][1], "x", 1, 0), 1);
        for (int i = 0; i < PAIRS; i++) {
            assert_int_equal(trial_finish(&b, &t[i]), EDDYI_IN);
            assert_int_equal(recv(ends[i][0], &in, 1, 0), 1);
        }
        uint64_t deadline = eddyi_clock_now() + 100000;
        assert_int_equal(bench_wait(&b, deadline, 4), 0);
        assert_true(eddyi_clock_now() >= deadline);
    }
    for (int i = 0; i < PAIRS; i++) {
        release(&b, &d[i]);
        close(ends[i][1]);
    }
    bench_close(&b);
}

/* The wish changes back after an interrupted call had made the change: the kernel must be told again. */
static void fault_P6_change_of_mind_after_an_interrupted_change(void **state)
{
    (void)state;
    const kqueue_faults always = {.interrupt = 100};
    int ends[2];
    char in;
    eddyi_descriptor d;
    trial t;
    bench b = bench_open(&eddyi_backend_kqueue);
    local_pair(ends, SOCK_STREAM);
    attach(&b, &d, ends[0], EDDYI_FOREIGN);
    trial_submit(&b, &t, &d, EDDYI_POLL, NULL, 0);
    trial_cancel(&b, &t);
    assert_int_equal(send(ends[1], "x", 1, 0), 1);
    assert_int_equal(bench_wait(&b, 0, 4), 0); /* told, and nobody listens: no more of it is wanted */
    kqueue_faults_set(&always);
    assert_int_equal(bench_wait_for(&b, MILLISECOND), 0); /* that is said by calls that are interrupted */
    kqueue_faults_set(NULL);
    assert_int_equal(recv(ends[0], &in, 1, 0), 1);
    trial_submit(&b, &t, &d, EDDYI_POLL, NULL, 0);
    assert_true(t.lent);
    assert_int_equal(send(ends[1], "y", 1, 0), 1);
    assert_int_equal(trial_finish(&b, &t), EDDYI_IN);
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

static void fault_P16_kernel_without_user_events_wakes_by_a_pipe(void **state)
{
    (void)state;
    const kqueue_faults old = {.no_user = true};
    kqueue_faults_set(&old);
    bench b = bench_open(&eddyi_backend_kqueue);
    for (int i = 0; i < 10; i++) {
        b.ops->wake(b.backend);
        assert_int_equal(bench_wait_for(&b, 2000 * MILLISECOND), 0);
    }
    bench_close(&b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, no_faults)
    const struct CMUnitTest tests[] = {
        TEST(half_close_with_data_is_one_event),
        TEST(clear_tells_new_data_only_and_is_not_dropped),
        TEST(closing_takes_the_filters_along),
        TEST(receipts_come_alone),
        TEST(fault_P2_P8_stale_events_reach_nobody),
        TEST(fault_P6_interrupted_calls_that_made_their_changes),
        TEST(fault_P6_change_of_mind_after_an_interrupted_change),
        TEST(fault_P16_kernel_without_user_events_wakes_by_a_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
