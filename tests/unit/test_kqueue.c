/* test_kqueue.c: what only kqueue does: what a request costs in system calls, changes that wait for the call that waits, ends with data.
 * Touches seam 1, injection and sockets of the system. */
#include "unit/test_readiness_bench.h"

#include <poll.h>
#include <sys/types.h>
#include <sys/event.h>

extern const eddyi_backend_ops eddyi_backend_kqueue;

static uint64_t calls(void)
{
    return eddyi_inject_count_of(EDDYI_INJECT_kevent);
}

/* The peer sends, we echo: one recv, one send and a share of one wait; nothing else is told to the kernel in between. */
static void echo_costs_one_receive_and_one_send(void **state)
{
    (void)state;
    enum { ROUNDS = 50, CONNECTIONS = 4 };
    int ends[CONNECTIONS][2];
    eddyi_descriptor d[CONNECTIONS];
    char in[CONNECTIONS][256], answer[256];
    trial t[CONNECTIONS];
    bench b = bench_open(&eddyi_backend_kqueue);
    eddyi_inject_start(NULL);
    for (int i = 0; i < CONNECTIONS; i++) {
        loopback_pair(ends[i]);
        attach(&b, &d[i], ends[i][0], EDDYI_STREAM);
        trial_submit(&b, &t[i], &d[i], EDDYI_RECV, in[i], sizeof in[i]);
    }
    assert_int_equal(calls(), CONNECTIONS); /* both filters by one call */
    for (int round = 0; round < ROUNDS; round++) {
        if (round == 1)
            eddyi_inject_start(NULL); /* warm: the first rounds found out what short reads prove */
        for (int i = 0; i < CONNECTIONS; i++)
            assert_int_equal(send(ends[i][1], "request", 7, 0), 7);
        for (int i = 0; i < CONNECTIONS; i++) {
            assert_int_equal(trial_finish(&b, &t[i]), 7);
            trial answered;
            trial_submit(&b, &answered, &d[i], EDDYI_SEND, in[i], 7);
            assert_false(answered.lent);
            assert_int_equal(answered.result.value, 7);
            trial_submit(&b, &t[i], &d[i], EDDYI_RECV, in[i], sizeof in[i]);
            assert_true(t[i].lent);
        }
        for (int i = 0; i < CONNECTIONS; i++) {
            ssize_t n = -1;
            while (n < 0)
                n = recv(ends[i][1], answer, sizeof answer, 0);
            assert_int_equal(n, 7);
        }
    }
#ifdef EV_OOBAND
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_recv), CONNECTIONS * (ROUNDS - 1));
#endif
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_send), CONNECTIONS * (ROUNDS - 1));
    assert_in_range(calls(), ROUNDS - 1, CONNECTIONS * (ROUNDS - 1));
    eddyi_inject_stop();
    for (int i = 0; i < CONNECTIONS; i++) {
        trial_cancel(&b, &t[i]);
        release(&b, &d[i]);
        close(ends[i][1]);
    }
    bench_close(&b);
}

static void poll_for(bench *b, trial *t, eddyi_descriptor *d, uint8_t events, uint8_t flags)
{
    *t = (trial){.lent = true};
    t->op = (eddyi_op){.descriptor = d, .kind = EDDYI_POLL, .events = events, .flags = flags, .waiter = t};
    if (b->ops->submit(b->backend, &t->op, &t->result) == EDDYI_DONE)
        t->lent = false;
}

/* Twenty descriptors begin to be watched, and one call tells the kernel and waits. */
static void changes_go_with_the_call_that_waits(void **state)
{
    (void)state;
    enum { PAIRS = 20 };
    int ends[PAIRS][2];
    eddyi_descriptor d[PAIRS];
    trial t[PAIRS];
    bench b = bench_open(&eddyi_backend_kqueue);
    for (int i = 0; i < PAIRS; i++) {
        local_pair(ends[i], SOCK_STREAM);
        attach(&b, &d[i], ends[i][0], EDDYI_FOREIGN);
    }
    eddyi_inject_start(NULL);
    for (int i = 0; i < PAIRS; i++)
        poll_for(&b, &t[i], &d[i], EDDYI_IN, EDDYI_MULTI);
    assert_int_equal(calls(), 0);
    assert_int_equal(send(ends[7][1], "x", 1, 0), 1);
    assert_int_equal(bench_wait_for(&b, 2000 * MILLISECOND), 1);
    assert_int_equal(calls(), 1);
    assert_int_equal(t[7].reports, 1);
    eddyi_inject_stop();
    for (int i = 0; i < PAIRS; i++) {
        trial_cancel(&b, &t[i]);
        release(&b, &d[i]);
        close(ends[i][1]);
    }
    bench_close(&b);
}

/* More changes than a call has room for errors: the rest goes with further calls, and none waits meanwhile. */
static void more_changes_than_room_are_all_made(void **state)
{
    (void)state;
    enum { PAIRS = 5 };
    int ends[PAIRS][2];
    eddyi_descriptor d[PAIRS];
    trial t[PAIRS];
    bench b = {.ops = &eddyi_backend_kqueue};
    eddyi_backend_config config = {.allocator = eddyi_default_allocator(), .batch = 1};
    assert_int_equal(b.ops->open(&b.backend, &config, &b.kinds), 0);
    for (int i = 0; i < PAIRS; i++) {
        local_pair(ends[i], SOCK_STREAM);
        attach(&b, &d[i], ends[i][0], EDDYI_FOREIGN);
        poll_for(&b, &t[i], &d[i], EDDYI_IN, 0);
        assert_int_equal(send(ends[i][1], "x", 1, 0), 1);
    }
    for (int i = 0; i < PAIRS; i++)
        assert_int_equal(trial_finish(&b, &t[i]), EDDYI_IN);
    for (int i = 0; i < PAIRS; i++) {
        release(&b, &d[i]);
        close(ends[i][1]);
    }
    bench_close(&b);
}

/* The call that was to make the change failed before it did. */
static void fault_P6_change_that_an_interrupted_call_did_not_make(void **state)
{
    (void)state;
    const eddyi_inject_plan plan = {.fail_at = 1, .calls = BIT_OF(kevent), .os_error = EINTR};
    int ends[2];
    eddyi_descriptor d;
    trial t;
    bench b = bench_open(&eddyi_backend_kqueue);
    local_pair(ends, SOCK_STREAM);
    attach(&b, &d, ends[0], EDDYI_FOREIGN);
    poll_for(&b, &t, &d, EDDYI_IN, 0);
    eddyi_inject_start(&plan);
    assert_int_equal(bench_wait(&b, 0, 4), 0);
    eddyi_inject_stop();
    assert_int_equal(send(ends[1], "x", 1, 0), 1);
    assert_int_equal(trial_finish(&b, &t), EDDYI_IN);
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

/* A number that was closed behind our back is another's: its change is refused, and nobody is told of the other's events. */
static void fault_P2_change_of_what_has_another_file_is_refused(void **state)
{
    (void)state;
    int old[2], other[2];
    eddyi_descriptor d;
    trial t;
    bench b = bench_open(&eddyi_backend_kqueue);
    local_pair(old, SOCK_STREAM);
    local_pair(other, SOCK_STREAM);
    attach(&b, &d, old[0], EDDYI_FOREIGN);
    assert_int_equal(dup2(other[0], old[0]), old[0]);
    poll_for(&b, &t, &d, EDDYI_IN, EDDYI_MULTI);
    eddyi_inject_start(NULL);
    assert_int_equal(trial_finish(&b, &t), EDDY_EBADF);
    assert_in_range(calls(), 1, 3);
    eddyi_inject_stop();
    assert_int_equal(t.reports, 1);
    poll_for(&b, &t, &d, EDDYI_IN, 0);
    assert_int_equal(trial_finish(&b, &t), EDDY_EBADF);
    release(&b, &d);
    close(old[1]);
    close(other[0]);
    close(other[1]);
    bench_close(&b);
}

/* Half closed with four bytes unread: they come first, then the end, and writing goes on. */
static void fault_P9_half_close_with_data_unread(void **state)
{
    (void)state;
    int ends[2];
    char in[16];
    eddyi_descriptor d;
    trial t;
    bench b = bench_open(&eddyi_backend_kqueue);
    loopback_pair(ends);
    attach(&b, &d, ends[0], EDDYI_STREAM);
    trial_submit(&b, &t, &d, EDDYI_RECV, in, 2);
    assert_true(t.lent);
    assert_int_equal(send(ends[1], "four", 4, 0), 4);
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    assert_int_equal(trial_finish(&b, &t), 2);
    assert_int_equal(perform(&b, &d, EDDYI_RECV, in + 2, sizeof in - 2), 2);
    assert_memory_equal(in, "four", 4);
    assert_int_equal(perform(&b, &d, EDDYI_RECV, in, sizeof in), 0);
    assert_int_equal(perform(&b, &d, EDDYI_SEND, in, 4), 4);
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

/* Kernels refuse to watch the writing of a pipe without a reader. It is told to who waits, as often as it is asked, and no call more. */
static void fault_P9_pipe_without_a_reader_is_told_to_the_writer(void **state)
{
    (void)state;
    int ends[2];
    eddyi_descriptor d;
    trial t;
    bench b = bench_open(&eddyi_backend_kqueue);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    close(ends[0]);
    attach(&b, &d, ends[1], EDDYI_FOREIGN);
    poll_for(&b, &t, &d, EDDYI_OUT, EDDYI_MULTI);
    for (int i = 1; i < 4; i++) {
        assert_int_equal(bench_wait_for(&b, 2000 * MILLISECOND), 1);
        assert_true(t.result.value & EDDYI_OUT);
        assert_int_equal(t.reports, i);
    }
    trial_cancel(&b, &t);
    eddyi_inject_start(NULL);
    assert_int_equal(bench_wait_for(&b, 20 * MILLISECOND), 0);
    assert_in_range(calls(), 1, 4);
    eddyi_inject_stop();
    release(&b, &d);
    bench_close(&b);
}

/* A queue can wait for a queue: that is how the end of a child is seen. It has nothing to write, and nobody is told that it had. */
static void queue_in_a_queue_is_read_and_never_written(void **state)
{
    (void)state;
    int ends[2], inner = kqueue();
    eddyi_descriptor d;
    trial in, out;
    struct kevent change;
    bench b = bench_open(&eddyi_backend_kqueue);
    assert_true(inner >= 0);
    local_pair(ends, SOCK_STREAM);
    EV_SET(&change, (uintptr_t)ends[0], EVFILT_READ, EV_ADD, 0, 0, 0);
    assert_int_equal(kevent(inner, &change, 1, NULL, 0, NULL), 0);
    attach(&b, &d, inner, EDDYI_FOREIGN);
    poll_for(&b, &in, &d, EDDYI_IN, 0);
    poll_for(&b, &out, &d, EDDYI_OUT, 0);
    assert_int_equal(bench_wait_for(&b, 5 * MILLISECOND), 0);
    assert_int_equal(send(ends[1], "x", 1, 0), 1);
    assert_int_equal(trial_finish(&b, &in), EDDYI_IN);
    assert_true(out.lent);
    trial_cancel(&b, &out);
    release(&b, &d);
    close(ends[0]);
    close(ends[1]);
    bench_close(&b);
}

/* Who polls the backend's descriptor sees what was asked for since. */
static void changes_show_on_the_pollable_at_once(void **state)
{
    (void)state;
    int ends[2];
    eddyi_descriptor d;
    trial t;
    bench b = bench_open(&eddyi_backend_kqueue);
    struct pollfd guest = {.fd = (int)b.ops->pollable(b.backend), .events = POLLIN};
    local_pair(ends, SOCK_STREAM);
    assert_int_equal(send(ends[1], "x", 1, 0), 1);
    attach(&b, &d, ends[0], EDDYI_FOREIGN);
    assert_int_equal(poll(&guest, 1, 0), 0);
    poll_for(&b, &t, &d, EDDYI_IN, EDDYI_MULTI);
    assert_int_equal(poll(&guest, 1, 2000), 1);
    assert_int_equal(bench_wait(&b, 0, 4), 1);
    trial_cancel(&b, &t);
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

static void fault_P16_missing_kqueue_is_told_by_probe(void **state)
{
    (void)state;
    const eddyi_inject_plan plan = {.fail_at = 1, .calls = BIT_OF(kqueue), .os_error = ENOSYS};
    assert_int_equal(eddyi_backend_kqueue.probe(), 0);
    eddyi_inject_start(&plan);
    int rc = eddyi_backend_kqueue.probe();
    eddyi_inject_stop();
    assert_int_equal(rc, EDDY_ENOSYS);
}

/* No EVFILT_USER: a pipe wakes. */
static void fault_P16_missing_user_events_fall_back_to_a_pipe(void **state)
{
    (void)state;
    const eddyi_inject_plan plan = {.fail_at = 1, .calls = BIT_OF(kevent), .os_error = EINVAL};
    int before = open_descriptors();
    eddyi_inject_start(&plan);
    bench b = bench_open(&eddyi_backend_kqueue);
    eddyi_inject_stop();
    for (int i = 0; i < 100; i++) {
        b.ops->wake(b.backend);
        b.ops->wake(b.backend);
        assert_int_equal(bench_wait_for(&b, 2000 * MILLISECOND), 0);
    }
    uint64_t deadline = eddyi_clock_now() + 2 * MILLISECOND;
    assert_int_equal(bench_wait(&b, deadline, 4), 0);
    assert_true(eddyi_clock_now() >= deadline); /* no wake is left */
    bench_close(&b);
    assert_int_equal(open_descriptors(), before);
}

static void full_kernel_is_told_by_attach_only(void **state)
{
    (void)state;
    const eddyi_inject_plan plan = {.fail_at = 1, .calls = BIT_OF(kevent), .os_error = ENOMEM};
    int ends[2];
    bench b = bench_open(&eddyi_backend_kqueue);
    local_pair(ends, SOCK_STREAM);
    eddyi_descriptor d = {.fd = ends[0], .kind = EDDYI_STREAM};
    eddyi_inject_start(&plan);
    int rc = b.ops->attach(b.backend, &d);
    eddyi_inject_stop();
    assert_int_equal(rc, EDDY_ENOMEM);
    assert_false(d.attached);
    attach(&b, &d, ends[0], EDDYI_STREAM);
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_costs_one_receive_and_one_send),
        cmocka_unit_test(changes_go_with_the_call_that_waits),
        cmocka_unit_test(more_changes_than_room_are_all_made),
        cmocka_unit_test(fault_P6_change_that_an_interrupted_call_did_not_make),
        cmocka_unit_test(fault_P2_change_of_what_has_another_file_is_refused),
        cmocka_unit_test(fault_P9_half_close_with_data_unread),
        cmocka_unit_test(fault_P9_pipe_without_a_reader_is_told_to_the_writer),
        cmocka_unit_test(queue_in_a_queue_is_read_and_never_written),
        cmocka_unit_test(changes_show_on_the_pollable_at_once),
        cmocka_unit_test(fault_P16_missing_kqueue_is_told_by_probe),
        cmocka_unit_test(fault_P16_missing_user_events_fall_back_to_a_pipe),
        cmocka_unit_test(full_kernel_is_told_by_attach_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
