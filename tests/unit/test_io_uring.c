/* test_io_uring.c: what only the backend over io_uring has: rings that fill up or overflow, operations that a kernel lacks, rings of other threads.
 * Touches seam 1, the inside of the backend, injection and sockets of the system. Exits with 77 where the machine has no such ring. */
#include "unit/test_readiness_bench.h"

#include <poll.h>
#include <stdio.h>

#include "backends/io_uring/inside.h"

extern const eddyi_backend_ops eddyi_backend_io_uring;
static const eddyi_backend_ops *const uring = &eddyi_backend_io_uring;

enum { MANY = 200, HANGS = 2000 };

static bench open_with(uint32_t batch)
{
    bench b = {.ops = uring};
    eddyi_backend_config config = {.allocator = eddyi_default_allocator(), .batch = batch};
    assert_int_equal(uring->open(&b.backend, &config, &b.kinds), 0);
    assert_int_equal(b.kinds, (1u << EDDYI_KINDS) - 1);
    return b;
}

/* Of a backend that has done its work. */
static void close_clean(bench *b)
{
    assert_int_equal(b->backend->strays, 0);
    assert_int_equal(b->backend->handed, 0);
    bench_close(b);
}

typedef struct crowd { /* connected pairs, and one receive on each */
    int far[MANY];
    eddyi_descriptor near[MANY];
    trial receive[MANY];
    char in[MANY];
} crowd;

static void crowd_open(bench *b, crowd *c)
{
    for (int i = 0; i < MANY; i++) {
        int ends[2];
        local_pair(ends, SOCK_STREAM);
        attach(b, &c->near[i], ends[0], EDDYI_STREAM);
        c->far[i] = ends[1];
        trial_submit(b, &c->receive[i], &c->near[i], EDDYI_RECV, &c->in[i], 1);
        assert_true(c->receive[i].lent);
    }
}

static void crowd_send(crowd *c, int step)
{
    for (int i = 0; i < MANY; i += step) {
        char byte = (char)i;
        assert_int_equal(send(c->far[i], &byte, 1, 0), 1);
    }
}

static void crowd_close(bench *b, crowd *c)
{
    for (int i = 0; i < MANY; i++) {
        release(b, &c->near[i]);
        close(c->far[i]);
    }
}

/* Ask it to end; it may come back by the next wait only. */
static void ask_back(bench *b, trial *t)
{
    if (t->lent && b->ops->cancel(b->backend, &t->op, &t->result) == EDDYI_DONE)
        t->lent = false;
}

/* Y3: one entry, and room for a few answers. */
static void fault_Y3_rings_that_are_full_lose_nothing(void **state)
{
    static crowd c;
    (void)state;
    bench b = open_with(1);
    crowd_open(&b, &c);
    assert_int_equal(bench_wait(&b, 0, 64), 0);
    crowd_send(&c, 2);
    for (int i = 1; i < MANY; i += 2)
        ask_back(&b, &c.receive[i]);
    for (int i = 0; i < MANY; i++) {
        int64_t value = trial_finish(&b, &c.receive[i]);
        assert_int_equal(value, i % 2 == 0 ? 1 : EDDY_ECANCELED);
        if (value == 1)
            assert_int_equal(c.in[i], (char)i);
        assert_int_equal(c.receive[i].reports, 1);
    }
    crowd_close(&b, &c);
    close_clean(&b);
}

static void accept_crowd(bench *b, int clients)
{
    struct sockaddr_in at;
    int fds[MANY], accepted = 0;
    eddyi_descriptor listener;
    eddyi_result results[64];
    attach(b, &listener, loopback_listener(&at), EDDYI_LISTENER);
    eddyi_op op = {.descriptor = &listener, .kind = EDDYI_ACCEPT, .flags = EDDYI_MULTI};
    assert_int_equal(uring->submit(b->backend, &op, &results[0]), EDDYI_PENDING);
    assert_int_equal(uring->wait(b->backend, 0, results, 64), 0);
    for (int i = 0; i < clients; i++)
        fds[i] = loopback_client(&at);
    while (accepted < clients) {
        int count = uring->wait(b->backend, eddyi_clock_now() + HANGS * MILLISECOND, results, 64);
        assert_true(count > 0);
        for (int i = 0; i < count; i++) {
            assert_true(results[i].value >= 0);
            assert_int_equal(results[i].flags, 0);
            assert_true(fcntl((int)results[i].value, F_GETFD) & FD_CLOEXEC);
            assert_true(fcntl((int)results[i].value, F_GETFL) & O_NONBLOCK);
            close((int)results[i].value);
        }
        accepted += count;
    }
    assert_int_equal(accepted, clients);
    if (uring->cancel(b->backend, &op, results) == EDDYI_PENDING)
        assert_int_equal(uring->wait(b->backend, eddyi_clock_now() + HANGS * MILLISECOND, results, 64), 1);
    assert_int_equal(results[0].value, EDDY_ECANCELED);
    assert_int_equal(results[0].flags, EDDYI_LAST);
    for (int i = 0; i < clients; i++)
        close(fds[i]);
    release(b, &listener);
}

/* Y3: an accept that goes on has more answers than the ring has room for. */
static void fault_Y3_answers_that_overflow_come_later(void **state)
{
    (void)state;
    bench b = open_with(1);
    accept_crowd(&b, 100);
    close_clean(&b);
}

static void refused_now_and_then(int number)
{
    static crowd c;
    const eddyi_inject_plan plan = {
        .percent = 50, .seed = 7, .calls = BIT_OF(io_uring_enter), .os_error = number};
    bench b = open_with(16);
    crowd_open(&b, &c);
    eddyi_inject_start(&plan);
    assert_true(bench_wait(&b, 0, 64) >= 0);
    crowd_send(&c, 1);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(trial_finish(&b, &c.receive[i]), 1);
    assert_true(eddyi_inject_failures() > 0);
    eddyi_inject_stop();
    crowd_close(&b, &c);
    close_clean(&b);
}

/* Y3: the kernel has no memory for a moment, or wants answers to be taken first. */
static void fault_Y3_kernel_that_cannot_just_now_is_asked_again(void **state)
{
    (void)state;
    refused_now_and_then(EAGAIN);
    refused_now_and_then(EBUSY);
    refused_now_and_then(EINTR);
}

static void receive_in_pieces(bench *b, eddyi_descriptor *d, int far)
{
    char one[2], two[2];
    eddyi_buffer pieces[3] = {{one, 0}, {one, 2}, {two, 2}};
    trial t = {.lent = true};
    t.op =
        (eddyi_op){.descriptor = d, .kind = EDDYI_RECV, .buffers = pieces, .buffer_count = 3, .waiter = &t};
    assert_int_equal(uring->submit(b->backend, &t.op, &t.result), EDDYI_PENDING);
    assert_int_equal(bench_wait(b, 0, 64), 0);
    assert_int_equal(send(far, "abc", 3, 0), 3);
    assert_int_equal(trial_finish(b, &t), 3);
    assert_memory_equal(one, "ab", 2);
    assert_memory_equal(two, "c", 1);
}

/* Y3 */
static void fault_Y3_operation_that_the_kernel_lacks_is_tried(void **state)
{
    (void)state;
    int ends[2];
    char in[8];
    eddyi_descriptor d;
    bench b = open_with(0);
    b.backend->operations = 0;
    accept_crowd(&b, 20);
    local_pair(ends, SOCK_STREAM);
    attach(&b, &d, ends[0], EDDYI_STREAM);
    eddyi_inject_start(NULL);
    trial t;
    trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
    assert_true(t.lent);
    assert_int_equal(bench_wait(&b, 0, 64), 0);
    assert_int_equal(send(ends[1], "abc", 3, 0), 3);
    assert_int_equal(trial_finish(&b, &t), 3);
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_recv), 2); /* tried, asked about, tried again */
    eddyi_inject_stop();
    receive_in_pieces(&b, &d, ends[1]);
    release(&b, &d);
    close(ends[1]);
    close_clean(&b);
}

static void fault_P16_missing_io_uring_is_told_by_probe(void **state)
{
    static const int numbers[] = {ENOSYS, EPERM}, codes[] = {EDDY_ENOSYS, EDDY_EPERM};
    (void)state;
    for (int i = 0; i < 2; i++) {
        const eddyi_inject_plan plan = {
            .fail_at = 1, .calls = BIT_OF(io_uring_setup), .os_error = numbers[i]};
        eddyi_inject_start(&plan);
        assert_int_equal(uring->probe(), codes[i]);
        eddyi_inject_stop();
    }
    assert_int_equal(uring->probe(), 0);
}

/* Older kernels lack the best way to run a ring. */
static void fault_P16_ring_is_run_as_the_kernel_can(void **state)
{
    (void)state;
    for (uint64_t refused = 0; refused < 3; refused++) {
        const eddyi_inject_plan plan = {.fail_at = refused > 0 ? 1 : 0,
                                        .fail_after_too = refused > 1,
                                        .calls = BIT_OF(io_uring_setup),
                                        .os_error = EINVAL};
        eddyi_ring ring;
        eddyi_inject_start(&plan);
        int rc = eddyi_ring_open(&ring, 4, true);
        eddyi_inject_stop();
        assert_int_equal(rc, refused < 2 ? 0 : EDDY_EINVAL);
        if (rc == 0) {
            assert_true(refused == 0 || !ring.deferred);
            eddyi_ring_close(&ring);
        }
    }
}

static void receives_are_the_kernels_own(void **state)
{
    (void)state;
    int ends[2];
    char in[8];
    eddyi_descriptor d;
    trial t;
    bench b = open_with(0);
    local_pair(ends, SOCK_STREAM);
    attach(&b, &d, ends[0], EDDYI_STREAM);
    assert_int_equal(send(ends[1], "a", 1, 0), 1);
    assert_int_equal(perform(&b, &d, EDDYI_RECV, in, sizeof in), 1);
    for (int i = 0; i < 10; i++) {
        eddyi_inject_start(NULL);
        trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
        assert_true(t.lent);
        assert_int_equal(send(ends[1], "abc", 3, 0), 3);
        assert_int_equal(trial_finish(&b, &t), 3);
        assert_memory_equal(in, "abc", 3);
        assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_io_uring_enter), 1);
        eddyi_inject_stop();
    }
    receive_in_pieces(&b, &d, ends[1]);
    release(&b, &d);
    close(ends[1]);
    close_clean(&b);
}

/* What is told to have been left behind is read at once, without the ring. */
static void rest_of_a_receive_is_read_at_once(void **state)
{
    (void)state;
    int ends[2];
    char in[2];
    eddyi_descriptor d;
    trial t;
    bench b = open_with(0);
    loopback_pair(ends);
    attach(&b, &d, ends[0], EDDYI_STREAM);
    trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
    assert_int_equal(bench_wait(&b, 0, 64), 0);
    assert_int_equal(send(ends[1], "abcde", 5, 0), 5);
    assert_int_equal(trial_finish(&b, &t), 2);
    trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
    assert_false(t.lent);
    assert_int_equal(t.result.value, 2);
    trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
    assert_false(t.lent);
    assert_int_equal(t.result.value, 1);
    assert_int_equal(in[0], 'e');
    trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
    assert_true(t.lent);
    trial_cancel(&b, &t); /* no wait has seen it: it is taken back in place */
    release(&b, &d);
    close(ends[1]);
    close_clean(&b);
}

static void kernel_that_accepts_one_by_one_is_asked_one_by_one(void **state)
{
    (void)state;
    bench b = open_with(0);
    accept_crowd(&b, 40);
    assert_false(b.backend->no_multishot);
    b.backend->no_multishot = true;
    accept_crowd(&b, 40);
    close_clean(&b);
}

/* It would be a mistake of the caller's, and says nothing about the kernel. */
static void what_is_no_listener_cannot_accept(void **state)
{
    (void)state;
    int ends[2];
    eddyi_descriptor d;
    eddyi_result results[4];
    bench b = open_with(0);
    loopback_pair(ends);
    attach(&b, &d, ends[0], EDDYI_LISTENER);
    eddyi_op op = {.descriptor = &d, .kind = EDDYI_ACCEPT, .flags = EDDYI_MULTI};
    assert_int_equal(uring->submit(b.backend, &op, results), EDDYI_PENDING);
    assert_int_equal(uring->wait(b.backend, eddyi_clock_now() + HANGS * MILLISECOND, results, 4), 1);
    assert_int_equal(results[0].value, EDDY_EINVAL);
    assert_int_equal(results[0].flags, EDDYI_LAST);
    assert_false(b.backend->no_multishot);
    release(&b, &d);
    close(ends[1]);
    close_clean(&b);
}

/* What ended it is told, even if it was asked to end before that was read from the ring: the system says so only once. */
static void error_that_came_before_the_cancel_is_told(void **state)
{
    enum { BOTH = 2 };
    (void)state;
    int ends[2];
    char in[BOTH];
    eddyi_descriptor d[BOTH];
    trial t[BOTH];
    const struct linger reset = {.l_onoff = 1};
    int far[BOTH];
    bench b = open_with(0);
    for (int i = 0; i < BOTH; i++) {
        loopback_pair(ends);
        attach(&b, &d[i], ends[0], EDDYI_STREAM);
        far[i] = ends[1];
        trial_submit(&b, &t[i], &d[i], EDDYI_RECV, &in[i], 1);
        assert_true(t[i].lent);
    }
    assert_int_equal(bench_wait(&b, 0, 64), 0);
    for (int i = 0; i < BOTH; i++) {
        assert_int_equal(setsockopt(far[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
        close(far[i]);
    }
    for (int i = 0; i < BOTH; i++) {
        struct pollfd near = {.fd = (int)d[i].fd, .events = POLLIN};
        assert_int_equal(poll(&near, 1, HANGS), 1); /* it has come */
    }
    assert_int_equal(bench_wait(&b, eddyi_clock_now() + HANGS * MILLISECOND, 1), 1);
    for (int i = 0; i < BOTH; i++) {
        ask_back(&b, &t[i]);
        assert_int_equal(trial_finish(&b, &t[i]), EDDY_ECONNRESET);
        release(&b, &d[i]);
    }
    close_clean(&b);
}

static void op_on_a_number_that_was_given_away_ends(void **state)
{
    (void)state;
    int ends[2], others[2];
    char in, other;
    eddyi_descriptor d, next;
    trial handed, queued;
    bench b = open_with(0);
    local_pair(ends, SOCK_STREAM);
    local_pair(others, SOCK_STREAM);
    attach(&b, &d, ends[0], EDDYI_STREAM);
    trial_submit(&b, &handed, &d, EDDYI_RECV, &in, 1);
    assert_int_equal(bench_wait(&b, 0, 64), 0);
    queued = (trial){.lent = true};
    queued.op = (eddyi_op){
        .descriptor = &d, .kind = EDDYI_POLL, .events = EDDYI_OUT, .flags = EDDYI_MULTI, .waiter = &queued};
    assert_int_equal(uring->submit(b.backend, &queued.op, &queued.result), EDDYI_PENDING);
    assert_int_equal(uring->attach(b.backend, &(eddyi_descriptor){.fd = ends[0]}), EDDY_EEXIST);
    assert_int_equal(dup2(others[0], ends[0]), ends[0]); /* closed and given away, behind our back */
    attach(&b, &next, ends[0], EDDYI_STREAM);
    assert_int_equal(trial_finish(&b, &handed), EDDY_EBADF);
    assert_int_equal(trial_finish(&b, &queued), EDDY_EBADF);
    assert_int_equal(send(others[1], "n", 1, 0), 1);
    assert_int_equal(perform(&b, &next, EDDYI_RECV, &other, 1), 1);
    trial_submit(&b, &handed, &d, EDDYI_RECV, &in, 1);
    assert_false(handed.lent);
    assert_int_equal(handed.result.value, EDDY_EBADF);
    uring->detach(b.backend, &d);
    release(&b, &next);
    close(ends[1]);
    close(others[0]);
    close(others[1]);
    close_clean(&b);
}

static void wait_that_has_nothing_to_ask_makes_no_call(void **state)
{
    (void)state;
    int ends[2];
    char in;
    eddyi_descriptor d;
    trial t;
    bench b = open_with(0);
    local_pair(ends, SOCK_STREAM);
    attach(&b, &d, ends[0], EDDYI_STREAM);
    trial_submit(&b, &t, &d, EDDYI_RECV, &in, 1);
    assert_int_equal(bench_wait(&b, 0, 64), 0);
    eddyi_inject_start(NULL);
    for (int i = 0; i < 100; i++)
        assert_int_equal(bench_wait(&b, 0, 64), 0);
    if (b.backend->ring.tells_work)
        assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_io_uring_enter), 0);
    eddyi_inject_stop();
    assert_int_equal(send(ends[1], "x", 1, 0), 1);
    while (t.lent) /* nor does it overlook what came */
        assert_true(bench_wait(&b, 0, 64) >= 0);
    assert_int_equal(t.result.value, 1);
    release(&b, &d);
    close(ends[1]);
    close_clean(&b);
}

typedef struct late_sender {
    atomic_bool go;
    int to;
} late_sender;

/* After whoever waits for it is asleep, most of the times. */
static void send_late(void *arg)
{
    late_sender *late = arg;
    while (!atomic_load(&late->go))
        eddyi_thread_yield();
    for (int i = 0; i < 100; i++)
        eddyi_thread_yield();
    assert_int_equal(send(late->to, "x", 1, 0), 1);
}

static void guest_that_sleeps_is_told(void **state)
{
    (void)state;
    int ends[2];
    char in;
    eddyi_descriptor d;
    trial t;
    bench b = open_with(0);
    struct pollfd told = {.fd = (int)uring->pollable(b.backend), .events = POLLIN};
    local_pair(ends, SOCK_STREAM);
    attach(&b, &d, ends[0], EDDYI_STREAM);
    for (int i = 0; i < 20; i++) {
        eddyi_thread thread;
        late_sender late = {.to = ends[1]};
        assert_int_equal(eddyi_thread_create(&thread, send_late, &late, "sender"), 0);
        trial_submit(&b, &t, &d, EDDYI_RECV, &in, 1);
        atomic_store(&late.go, true);
        while (t.lent) {
            assert_int_equal(poll(&told, 1, HANGS), 1);
            assert_true(bench_wait(&b, 0, 64) >= 0);
        }
        assert_int_equal(t.result.value, 1);
        eddyi_thread_join(&thread);
    }
    uring->wake(b.backend);
    assert_int_equal(poll(&told, 1, HANGS), 1);
    assert_int_equal(bench_wait(&b, 0, 64), 0);
    release(&b, &d);
    close(ends[1]);
    close_clean(&b);
}

/* Core sends from the caller's memory, and takes the op back at once if it would have to wait. */
static void op_is_taken_back_in_place_until_the_next_wait(void **state)
{
    static char bytes[1 << 16];
    (void)state;
    for (int guest = 0; guest < 2; guest++) {
        int ends[2];
        eddyi_descriptor d;
        trial t;
        bench b = open_with(0);
        if (guest)
            assert_true(uring->pollable(b.backend) >= 0);
        local_pair(ends, SOCK_STREAM);
        attach(&b, &d, ends[0], EDDYI_STREAM);
        do
            trial_submit(&b, &t, &d, EDDYI_SEND, bytes, sizeof bytes);
        while (!t.lent);
        trial_cancel(&b, &t);
        trial_submit(&b, &t, &d, EDDYI_SEND, bytes, sizeof bytes); /* known to be in vain */
        assert_true(t.lent);
        trial_cancel(&b, &t);
        release(&b, &d);
        close(ends[1]);
        close_clean(&b);
    }
}

static void guest_is_told_of_what_was_submitted_after_the_wait(void **state)
{
    (void)state;
    int ends[2];
    char in;
    eddyi_descriptor d;
    trial t;
    bench b = open_with(0);
    struct pollfd told = {.fd = (int)uring->pollable(b.backend), .events = POLLIN};
    local_pair(ends, SOCK_STREAM);
    attach(&b, &d, ends[0], EDDYI_STREAM);
    for (int i = 0; i < 3; i++) {
        trial_submit(&b, &t, &d, EDDYI_RECV, &in, 1);
        assert_true(t.lent);
        assert_int_equal(poll(&told, 1, HANGS), 1); /* there is something to hand over */
        assert_int_equal(bench_wait(&b, 0, 64), 0);
        assert_int_equal(poll(&told, 1, 0), 0); /* and no more */
        assert_int_equal(send(ends[1], "x", 1, 0), 1);
        assert_int_equal(poll(&told, 1, HANGS), 1);
        assert_int_equal(bench_wait(&b, 0, 64), 1);
        assert_int_equal(t.result.value, 1);
    }
    release(&b, &d);
    close(ends[1]);
    close_clean(&b);
}

/* ---- threads ---- */

static void wait_once(void *arg)
{
    bench *b = arg;
    assert_int_equal(bench_wait(b, 0, 64), 0);
}

static void wait_in_another_thread(bench *b)
{
    eddyi_thread thread;
    assert_int_equal(eddyi_thread_create(&thread, wait_once, b, "waiter"), 0);
    eddyi_thread_join(&thread);
}

static void ring_of_another_thread_is_replaced(void **state)
{
    static crowd c;
    (void)state;
    bench b = open_with(0);
    crowd_open(&b, &c);
    wait_in_another_thread(&b);
    assert_int_equal(b.backend->handed, MANY);
    for (int i = 0; i < MANY; i += 10)
        ask_back(&b, &c.receive[i]);
    crowd_send(&c, 1);
    int cancelled = 0, came = 0;
    for (int i = 0; i < MANY; i++) {
        int64_t value = trial_finish(&b, &c.receive[i]);
        assert_true(value == 1 || (i % 10 == 0 && value == EDDY_ECANCELED));
        *(value == 1 ? &came : &cancelled) += 1;
        if (value != 1)
            assert_int_equal(perform(&b, &c.near[i], EDDYI_RECV, &c.in[i], 1), 1);
        assert_int_equal(c.in[i], (char)i);
    }
    assert_true(came >= MANY - MANY / 10);
    wait_in_another_thread(&b);
    uring->wake(b.backend); /* the bell is on the new ring as well */
    assert_int_equal(bench_wait_for(&b, HANGS * MILLISECOND), 0);
    crowd_close(&b, &c);
    close_clean(&b);
}

/* No new ring can be had: an error, and what is pending comes back in place, for no kernel touches it any more. */
static void ring_that_cannot_be_replaced_is_a_hard_failure(void **state)
{
    static crowd c;
    (void)state;
    const eddyi_inject_plan plan = {.fail_at = 1, .fail_after_too = true, .calls = BIT_OF(io_uring_setup)};
    bench b = open_with(0);
    if (!b.backend->ring.deferred) {
        bench_close(&b);
        skip(); /* this kernel's rings are nobody's */
    }
    crowd_open(&b, &c);
    wait_in_another_thread(&b);
    crowd_send(&c, 1);
    eddyi_inject_start(&plan);
    assert_int_equal(bench_wait(&b, 0, 64), EDDY_ENOMEM);
    eddyi_inject_stop();
    assert_int_equal(bench_wait(&b, 0, 64), EDDY_EBADF);
    for (int i = 0; i < MANY; i++) {
        trial_cancel(&b, &c.receive[i]);
        assert_int_equal(recv((int)c.near[i].fd, &c.in[i], 1, 0), 1); /* nothing was taken */
    }
    crowd_close(&b, &c);
    bench_close(&b);
}

static int open_at_first;

static void no_descriptor_is_left(void **state)
{
    (void)state;
    assert_int_equal(open_descriptors(), open_at_first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_Y3_rings_that_are_full_lose_nothing),
        cmocka_unit_test(fault_Y3_answers_that_overflow_come_later),
        cmocka_unit_test(fault_Y3_kernel_that_cannot_just_now_is_asked_again),
        cmocka_unit_test(fault_Y3_operation_that_the_kernel_lacks_is_tried),
        cmocka_unit_test(fault_P16_missing_io_uring_is_told_by_probe),
        cmocka_unit_test(fault_P16_ring_is_run_as_the_kernel_can),
        cmocka_unit_test(receives_are_the_kernels_own),
        cmocka_unit_test(rest_of_a_receive_is_read_at_once),
        cmocka_unit_test(kernel_that_accepts_one_by_one_is_asked_one_by_one),
        cmocka_unit_test(what_is_no_listener_cannot_accept),
        cmocka_unit_test(error_that_came_before_the_cancel_is_told),
        cmocka_unit_test(op_on_a_number_that_was_given_away_ends),
        cmocka_unit_test(wait_that_has_nothing_to_ask_makes_no_call),
        cmocka_unit_test(guest_that_sleeps_is_told),
        cmocka_unit_test(op_is_taken_back_in_place_until_the_next_wait),
        cmocka_unit_test(guest_is_told_of_what_was_submitted_after_the_wait),
        cmocka_unit_test(ring_of_another_thread_is_replaced),
        cmocka_unit_test(ring_that_cannot_be_replaced_is_a_hard_failure),
        cmocka_unit_test(no_descriptor_is_left),
    };
    int rc = uring->probe();
    open_at_first = open_descriptors();
    if (rc < 0) {
        printf("skipped: this machine has no io_uring (%s)\n", eddy_strerror(rc));
        return 77;
    }
    return cmocka_run_group_tests_name("io_uring", tests, NULL, NULL);
}
