/* test_readiness.c: the readiness layer over every poller of the build: trying, parking, fairness, loss and failure.
 * Touches seam 1 and sockets of the system. Runs each test on every poller of the build. */
#include "unit/test_readiness_bench.h"

#include <poll.h>

#define WAITS_OF_THE_KERNEL                                                                                  \
    (BIT_OF(epoll_wait) | BIT_OF(epoll_pwait2) | BIT_OF(select) | BIT_OF(poll) | BIT_OF(kevent))

static const eddyi_backend_ops *ops;

static int use_backend(void **state)
{
    ops = *state;
    return 0;
}

static uint64_t stale_of(bench *b)
{
    return eddyi_readiness_stale(b->backend);
}

static void reports_every_kind(void **state)
{
    (void)state;
    bench b = bench_open(ops);
    assert_int_equal(b.kinds, (1u << EDDYI_KINDS) - 1);
    eddyi_descriptor d = {.fd = -1};
    trial t;
    trial_submit(&b, &t, &d, EDDYI_KINDS, NULL, 0);
    assert_int_equal(t.result.value, EDDY_ENOSYS);
    trial_submit(&b, &t, &d, EDDYI_RECV, NULL, 0); /* not attached */
    assert_int_equal(t.result.value, EDDY_EBADF);
    bench_close(&b);
}

static void second_op_of_a_direction_is_busy(void **state)
{
    (void)state;
    int ends[2];
    char in[4];
    eddyi_descriptor d;
    trial first, second;
    bench b = bench_open(ops);
    local_pair(ends, SOCK_STREAM);
    attach(&b, &d, ends[0], EDDYI_STREAM);
    trial_submit(&b, &first, &d, EDDYI_RECV, in, sizeof in);
    trial_submit(&b, &second, &d, EDDYI_RECV, in, sizeof in);
    assert_false(second.lent);
    assert_int_equal(second.result.value, EDDY_EBUSY);
    trial_cancel(&b, &first);
    assert_int_equal(b.ops->cancel(b.backend, &first.op, &first.result), EDDYI_DONE); /* not lent any more */
    assert_int_equal(first.result.value, EDDY_EINVALIDSTATE);
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

/* Where a passed descriptor lies, a read of a local socket stops short though there is more. */
static void short_read_of_a_local_socket_proves_nothing(void **state)
{
    (void)state;
    int ends[2];
    char in[64], byte = 'a';
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    eddyi_descriptor d;
    bench b = bench_open(ops);
    local_pair(ends, SOCK_STREAM);
    attach(&b, &d, ends[0], EDDYI_STREAM);
    trial t;
    trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
    struct iovec data = {&byte, 1};
    memset(&control, 0, sizeof control);
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    control.header = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &ends[1], sizeof(int));
    assert_int_equal(sendmsg(ends[1], &message, 0), 1);
    assert_int_equal(send(ends[1], "b", 1, 0), 1);
    size_t received = 0;
    for (;;) {
        int64_t n = trial_finish(&b, &t);
        assert_true(n > 0);
        received += (size_t)n;
        if (received == 2)
            break;
        trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
    }
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

static void urgent_byte_does_not_hide_what_follows(void **state)
{
    (void)state;
    int ends[2];
    char in[64];
    eddyi_descriptor d;
    bench b = bench_open(ops);
    loopback_pair(ends);
    attach(&b, &d, ends[0], EDDYI_STREAM);
    for (int round = 0; round < 3; round++) {
        trial t;
        trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
        assert_int_equal(send(ends[1], "ab", 2, 0), 2);
        assert_int_equal(send(ends[1], "!", 1, MSG_OOB), 1);
        assert_int_equal(send(ends[1], "cd", 2, 0), 2);
        for (size_t received = 0;;) {
            received += (size_t)trial_finish(&b, &t);
            if (received == 4)
                break;
            trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
        }
    }
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

static void one_byte_transfers_lose_nothing(void **state)
{
    (void)state;
    int ends[2];
    char in[32];
    eddyi_descriptor d;
    bench b = bench_open(ops);
    const eddyi_inject_plan plan = {.most_bytes = 1};
    loopback_pair(ends);
    attach(&b, &d, ends[0], EDDYI_STREAM);
    assert_int_equal(send(ends[1], "one by one", 10, 0), 10);
    eddyi_inject_start(&plan);
    for (int i = 0; i < 10; i++)
        assert_int_equal(perform(&b, &d, EDDYI_RECV, in, sizeof in), 1);
    eddyi_inject_stop();
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

static void listener_gives_others_their_turn(void **state)
{
    (void)state;
    enum { CLIENTS = 40 };
    struct sockaddr_in at;
    int clients[CLIENTS], accepted = 0;
    eddyi_descriptor listener;
    eddyi_result results[64];
    bench b = bench_open(ops);
    attach(&b, &listener, loopback_listener(&at), EDDYI_LISTENER);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = loopback_client(&at);
    eddyi_op op = {.descriptor = &listener, .kind = EDDYI_ACCEPT, .flags = EDDYI_MULTI};
    assert_int_equal(b.ops->submit(b.backend, &op, &results[0]), EDDYI_PENDING);
    while (accepted < CLIENTS) {
        int count = b.ops->wait(b.backend, eddyi_clock_now() + 2000 * MILLISECOND, results, 64);
        assert_in_range(count, 1, 16);
        for (int i = 0; i < count; i++) {
            assert_int_equal(results[i].flags, 0);
            assert_true(fcntl((int)results[i].value, F_GETFD) & FD_CLOEXEC);
            assert_true(fcntl((int)results[i].value, F_GETFL) & O_NONBLOCK);
            close((int)results[i].value);
        }
        accepted += count;
    }
    const eddyi_inject_plan plan = {
        .fail_at = 1, .fail_after_too = true, .calls = BIT_OF(accept4), .os_error = EMFILE};
    int late = loopback_client(&at);
    eddyi_inject_start(&plan);
    assert_int_equal(b.ops->wait(b.backend, eddyi_clock_now() + 2000 * MILLISECOND, results, 64), 1);
    eddyi_inject_stop();
    assert_int_equal(results[0].value, EDDY_EMFILE); /* no more of them: the caller shall breathe */
    assert_int_equal(results[0].flags, EDDYI_LAST);
    assert_int_equal(results[0].os_error, EMFILE);
    close(late);
    for (int i = 0; i < CLIENTS; i++)
        close(clients[i]);
    release(&b, &listener);
    bench_close(&b);
}

enum { IN_A_BURST = 60 };

/* Returns in how many waits. */
static int accept_all(bench *b, int connections)
{
    eddyi_result results[64];
    int waits = 0;
    for (int accepted = 0; accepted < connections; waits++) {
        int count = b->ops->wait(b->backend, eddyi_clock_now() + 2000 * MILLISECOND, results, 64);
        assert_in_range(count, 1, connections - accepted);
        for (int i = 0; i < count; i++)
            close((int)results[i].value);
        accepted += count;
    }
    return waits;
}

static void few_accepts_are_in_vain_and_bursts_take_few_waits(void **state)
{
    (void)state;
    struct sockaddr_in at;
    int clients[IN_A_BURST];
    eddyi_descriptor listener;
    eddyi_result now;
    bench b = bench_open(ops);
    attach(&b, &listener, loopback_listener(&at), EDDYI_LISTENER);
    eddyi_op op = {.descriptor = &listener, .kind = EDDYI_ACCEPT, .flags = EDDYI_MULTI};
    assert_int_equal(b.ops->submit(b.backend, &op, &now), EDDYI_PENDING);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < IN_A_BURST; i++)
            clients[i] = loopback_client(&at);
        assert_in_range(accept_all(&b, IN_A_BURST), IN_A_BURST / 16, round == 0 ? 9 : 25);
        for (int i = 0; i < IN_A_BURST; i++)
            close(clients[i]);
        eddyi_inject_start(NULL);
        for (int i = 0; i < 200; i++) {
            clients[0] = loopback_client(&at);
            assert_int_equal(accept_all(&b, 1), 1);
            close(clients[0]);
        }
        assert_in_range(eddyi_inject_count_of(EDDYI_INJECT_accept4), 200, 225);
        eddyi_inject_stop();
    }
    assert_int_equal(b.ops->cancel(b.backend, &op, &now), EDDYI_DONE);
    release(&b, &listener);
    bench_close(&b);
}

static void event_that_nobody_asked_for_is_told_once(void **state)
{
    (void)state;
    int ends[2];
    eddyi_descriptor d;
    trial t;
    char in[4];
    bench b = bench_open(ops);
    local_pair(ends, SOCK_STREAM);
    attach(&b, &d, ends[0], EDDYI_FOREIGN);
    trial_submit(&b, &t, &d, EDDYI_POLL, NULL, 0);
    trial_cancel(&b, &t);
    assert_int_equal(send(ends[1], "x", 1, 0), 1);
    eddyi_inject_start(NULL);
    assert_int_equal(bench_wait_for(&b, 30 * MILLISECOND), 0);
    uint64_t waits = kernel_waits();
    eddyi_inject_stop();
    assert_in_range(waits, 1, 4);
    trial_submit(&b, &t, &d, EDDYI_POLL, NULL, 0); /* it is not forgotten either */
    assert_int_equal(trial_finish(&b, &t), EDDYI_IN);
    assert_int_equal(recv(ends[0], in, sizeof in, 0), 1);
    trial_submit(&b, &t, &d, EDDYI_POLL, NULL, 0);
    assert_int_equal(bench_wait_for(&b, 2 * MILLISECOND), 0);
    assert_int_equal(send(ends[1], "x", 1, 0), 1);
    assert_int_equal(trial_finish(&b, &t), EDDYI_IN);
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

static void poll_of_both_directions_and_ends(void **state)
{
    (void)state;
    int ends[2];
    eddyi_descriptor d;
    bench b = bench_open(ops);
    local_pair(ends, SOCK_STREAM);
    attach(&b, &d, ends[0], EDDYI_FOREIGN);
    trial t = {.lent = true};
    t.op = (eddyi_op){.descriptor = &d, .kind = EDDYI_POLL, .events = EDDYI_IN | EDDYI_OUT, .waiter = &t};
    if (b.ops->submit(b.backend, &t.op, &t.result) == EDDYI_DONE)
        t.lent = false;
    assert_int_equal(trial_finish(&b, &t), EDDYI_OUT);
    close(ends[1]);
    t = (trial){.lent = true};
    t.op = (eddyi_op){
        .descriptor = &d, .kind = EDDYI_POLL, .events = EDDYI_IN, .flags = EDDYI_MULTI, .waiter = &t};
    assert_int_equal(b.ops->submit(b.backend, &t.op, &t.result), EDDYI_PENDING);
    for (int i = 1; i < 4; i++) {
        assert_int_equal(bench_wait_for(&b, 1000 * MILLISECOND), 1);
        assert_true(t.result.value & EDDYI_IN);
        assert_int_equal(t.reports, i);
    }
    trial_cancel(&b, &t);
    release(&b, &d);
    bench_close(&b);
}

static void datagrams_of_any_size_do_not_stop_reading(void **state)
{
    (void)state;
    int ends[2];
    char in[64];
    eddyi_descriptor d;
    bench b = bench_open(ops);
    local_pair(ends, SOCK_DGRAM);
    attach(&b, &d, ends[0], EDDYI_DATAGRAM);
    for (size_t size = 0; size < 5; size++)
        assert_int_equal(send(ends[1], "12345", size, 0), size);
    for (size_t size = 0; size < 5; size++)
        assert_int_equal(perform(&b, &d, EDDYI_RECVFROM, in, sizeof in), size);
    release(&b, &d);
    close(ends[1]);
    bench_close(&b);
}

/* How many of the `room` came, which the descriptor says are there. */
static int64_t receive_many(bench *b, eddyi_descriptor *d, uint32_t room)
{
    static char bytes[EDDYI_MOST_AT_ONCE];
    eddyi_buffer buffers[EDDYI_MOST_AT_ONCE];
    eddyi_address from[EDDYI_MOST_AT_ONCE];
    uint32_t lengths[EDDYI_MOST_AT_ONCE];
    eddyi_result now;
    for (size_t i = 0; i < EDDYI_MOST_AT_ONCE; i++)
        buffers[i] = (eddyi_buffer){&bytes[i], 1};
    eddyi_op op = {.descriptor = d,
                   .kind = EDDYI_RECVFROM,
                   .flags = EDDYI_MANY,
                   .buffers = buffers,
                   .buffer_count = room,
                   .address = from,
                   .lengths = lengths};
    assert_int_equal(b->ops->submit(b->backend, &op, &now), EDDYI_DONE);
    return now.value;
}

/* Where edges are told, without a call that asks whether more are there; a socket that has a peer is asked, for an error may have ended them. */
static void fewer_datagrams_than_there_was_room_for_were_all(void **state)
{
    (void)state;
    struct sockaddr_in here, there;
    eddyi_descriptor d;
    trial t;
    bench b = bench_open(ops);
    bool edge = strcmp(ops->name, "epoll") == 0 || strcmp(ops->name, "kqueue") == 0;
    int from = loopback_socket(&there, SOCK_DGRAM);
    attach(&b, &d, loopback_socket(&here, SOCK_DGRAM), EDDYI_DATAGRAM);
    assert_int_equal(connect(from, (struct sockaddr *)&here, sizeof here), 0);
    for (int has_peer = 0; has_peer < 2; has_peer++) {
        for (int i = 0; i < 3; i++)
            assert_int_equal(send(from, "x", 1, 0), 1);
        trial_submit(&b, &t, &d, EDDYI_POLL, NULL, 0);
        assert_int_equal(trial_finish(&b, &t), EDDYI_IN);
        assert_int_equal(receive_many(&b, &d, 2), 2);
        trial_submit(&b, &t, &d, EDDYI_POLL, NULL, 0); /* all the room was needed: there may be more */
        assert_false(t.lent);
        assert_int_equal(receive_many(&b, &d, EDDYI_MOST_AT_ONCE), 1);
        eddyi_inject_start(NULL);
        trial_submit(&b, &t, &d, EDDYI_POLL, NULL, 0);
        assert_true(t.lent);
        assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_poll), edge ? has_peer : 1);
        eddyi_inject_stop();
        assert_int_equal(send(from, "y", 1, 0), 1);
        assert_int_equal(trial_finish(&b, &t), EDDYI_IN);
        assert_int_equal(receive_many(&b, &d, EDDYI_MOST_AT_ONCE), 1);
        release(&b, &d);
        attach(&b, &d, loopback_socket(&here, SOCK_DGRAM), EDDYI_DATAGRAM);
        assert_int_equal(connect((int)d.fd, (struct sockaddr *)&there, sizeof there), 0);
        assert_int_equal(connect(from, (struct sockaddr *)&here, sizeof here), 0);
    }
    release(&b, &d);
    close(from);
    bench_close(&b);
}

static void refused_connection_is_an_answer(void **state)
{
    (void)state;
    struct sockaddr_in at;
    eddyi_address address = {.size = sizeof at};
    bench b = bench_open(ops);
    int closed = loopback_listener(&at);
    close(closed);
    memcpy(address.bytes, &at, sizeof at);
    eddyi_descriptor d;
    attach(&b, &d, socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), EDDYI_STREAM);
    assert_int_equal(bench_wait_for(&b, MILLISECOND),
                     0); /* what the kernel says before connect does not count */
    trial t = {.lent = true};
    t.op = (eddyi_op){.descriptor = &d, .kind = EDDYI_CONNECT, .address = &address, .waiter = &t};
    if (b.ops->submit(b.backend, &t.op, &t.result) == EDDYI_DONE)
        t.lent = false;
    assert_int_equal(trial_finish(&b, &t), EDDY_ECONNREFUSED);
    assert_int_equal(t.result.os_error, ECONNREFUSED);
    release(&b, &d);
    bench_close(&b);
}

/* ---- loss ---- */

static void fault_P2_closed_and_number_reused(void **state)
{
    (void)state;
    int old[2], fresh[2];
    char in_old[4], in_fresh[4];
    eddyi_descriptor gone, heir;
    trial orphan, wanted;
    bench b = bench_open(ops);
    local_pair(old, SOCK_STREAM);
    local_pair(fresh, SOCK_STREAM);
    attach(&b, &gone, old[0], EDDYI_STREAM);
    trial_submit(&b, &orphan, &gone, EDDYI_RECV, in_old, sizeof in_old);
    int copy = dup(old[0]);                           /* keeps the old file alive */
    assert_int_equal(dup2(fresh[0], old[0]), old[0]); /* closed behind the loop's back, and reused */
    close(fresh[0]);
    attach(&b, &heir, old[0], EDDYI_STREAM);
    trial_submit(&b, &wanted, &heir, EDDYI_RECV, in_fresh, sizeof in_fresh);
    assert_int_equal(send(old[1], "old", 3, 0), 3);
    assert_int_equal(trial_finish(&b, &orphan), EDDY_EBADF); /* its file is not there under that number */
    assert_int_equal(orphan.reports, 1);
    assert_int_equal(bench_wait_for(&b, 2 * MILLISECOND), 0);
    assert_true(wanted.lent);
    assert_int_equal(send(fresh[1], "new!", 4, 0), 4);
    assert_int_equal(trial_finish(&b, &wanted), 4);
    assert_memory_equal(in_fresh, "new!", 4);
    assert_int_equal(perform(&b, &gone, EDDYI_RECV, in_old, sizeof in_old), EDDY_EBADF);
    b.ops->detach(b.backend, &gone); /* must not take the heir with it */
    trial_submit(&b, &wanted, &heir, EDDYI_RECV, in_fresh, sizeof in_fresh);
    assert_int_equal(send(fresh[1], "more", 4, 0), 4);
    assert_int_equal(trial_finish(&b, &wanted), 4);
    release(&b, &heir);
    close(copy);
    close(old[1]);
    close(fresh[1]);
    bench_close(&b);
}

/* Closed first and detached afterwards, while a copy lives: the kernel goes on telling, and no call reaches the watch. */
static void live_copy(enum eddyi_descriptor_kind kind, bool remembers)
{
    int old[2], other[2], third[2];
    char in[4];
    eddyi_descriptor gone, living, heir;
    trial t, orphan, silent;
    int before = open_descriptors();
    bench b = bench_open(ops);
    local_pair(old, SOCK_STREAM);
    local_pair(other, SOCK_STREAM);
    attach(&b, &gone, old[0], kind);
    attach(&b, &living, other[0], kind);
    trial_submit(&b, &orphan, &gone, EDDYI_POLL, NULL, 0);
    trial_submit(&b, &t, &living, EDDYI_POLL, NULL, 0);
    int copy = dup(old[0]);
    close(old[0]);
    trial_cancel(&b, &orphan);
    b.ops->detach(b.backend, &gone);
    local_pair(third, SOCK_STREAM);
    attach(&b, &heir, third[0], kind); /* has the slot, and not the events */
    assert_int_equal(heir.slot, gone.slot);
    trial_submit(&b, &silent, &heir, EDDYI_POLL, NULL, 0);
    eddyi_inject_start(NULL);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(send(old[1], "x", 1, 0), 1);
        assert_int_equal(bench_wait_for(&b, 20 * MILLISECOND), 0);
    }
    uint64_t waits = kernel_waits();
    eddyi_inject_stop();
    assert_in_range(waits, 5, 20);
    if (remembers) {
        assert_true(stale_of(&b) >= 2);
        assert_int_equal(eddyi_readiness_renewals(b.backend), 1);
    }
    assert_true(t.lent);
    assert_int_equal(send(other[1], "x", 1, 0), 1); /* the living one was taken along */
    assert_int_equal(trial_finish(&b, &t) & EDDYI_IN, EDDYI_IN);
    assert_int_equal(recv(other[0], in, sizeof in, 0), 1);
    b.ops->wake(b.backend); /* and so was the wake */
    uint64_t start = eddyi_clock_now();
    assert_int_equal(bench_wait_for(&b, 2000 * MILLISECOND), 0);
    assert_true(eddyi_clock_now() - start < 1000 * MILLISECOND);
    trial_cancel(&b, &silent);
    release(&b, &heir);
    close(third[1]);
    release(&b, &living);
    close(copy);
    close(old[1]);
    close(other[1]);
    bench_close(&b);
    assert_int_equal(open_descriptors(), before);
}

static void fault_P3_dup_keeps_open_file_alive(void **state)
{
    (void)state;
    bool remembers = strcmp(ops->name, "epoll") == 0;
    live_copy(EDDYI_FOREIGN, remembers);
    live_copy(EDDYI_STREAM, remembers);
}

/* ---- failure ---- */

static void fault_P7_poller_fails_hard(void **state)
{
    (void)state;
    static const struct {
        int os_error, code;
    } failures[] = {{ENOMEM, EDDY_ENOMEM}, {EINVAL, EDDY_EINVAL}, {EBADF, EDDY_EBADF}};
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        int ends[2];
        char in[4];
        eddyi_descriptor d;
        trial t;
        eddyi_result results[4];
        bench b = bench_open(ops);
        const eddyi_inject_plan plan = {.fail_at = 1,
                                        .fail_after_too = true,
                                        .calls = WAITS_OF_THE_KERNEL,
                                        .os_error = failures[i].os_error};
        local_pair(ends, SOCK_STREAM);
        attach(&b, &d, ends[0], EDDYI_STREAM);
        trial_submit(&b, &t, &d, EDDYI_RECV, in, sizeof in);
        eddyi_inject_start(&plan);
        int rc = b.ops->wait(b.backend, UINT64_MAX, results, 4);
        uint64_t waits = kernel_waits();
        eddyi_inject_stop();
        assert_int_equal(rc, failures[i].code);
        assert_int_equal(waits, 1); /* no second try, no spin */
        trial_cancel(&b, &t);
        release(&b, &d);
        close(ends[1]);
        bench_close(&b);
    }
}

static void fault_P6_half_of_all_waits_interrupted(void **state)
{
    (void)state;
    const eddyi_inject_plan plan = {
        .percent = 50, .seed = 7, .calls = WAITS_OF_THE_KERNEL, .os_error = EINTR};
    bench b = bench_open(ops);
    eddyi_inject_start(&plan);
    for (int i = 0; i < 200; i++) {
        uint64_t deadline = eddyi_clock_now() + 100000;
        assert_int_equal(bench_wait(&b, deadline, 4), 0);
        assert_true(eddyi_clock_now() >= deadline);
    }
    uint64_t failures = eddyi_inject_failures();
    eddyi_inject_stop();
    assert_true(failures > 20);
    bench_close(&b);
}

static long blocks;

static void *count_allocate(void *context, size_t size)
{
    int ignored;
    (void)context;
    if (eddyi_inject_fails(EDDYI_INJECT_memory, &ignored))
        return NULL;
    blocks++;
    return malloc(size);
}

static void *count_reallocate(void *context, void *block, size_t size)
{
    int ignored;
    (void)context;
    if (eddyi_inject_fails(EDDYI_INJECT_memory, &ignored))
        return NULL;
    blocks += block == NULL;
    return realloc(block, size);
}

static void count_release(void *context, void *block)
{
    (void)context;
    blocks -= block != NULL;
    free(block);
}

static void fault_P15_open_fails_half_way(void **state)
{
    (void)state;
    const eddy_allocator allocator = {count_allocate, count_reallocate, count_release, NULL};
    eddyi_backend_config config = {.allocator = &allocator};
    int before = open_descriptors();
    uint64_t failures = 1;
    for (uint64_t k = 1; failures > 0; k++) {
        for (int after_too = 0; after_too < 2; after_too++) {
            const eddyi_inject_plan plan = {.fail_at = k, .fail_after_too = after_too != 0};
            eddyi_backend *backend = NULL;
            uint32_t kinds;
            eddyi_inject_start(&plan);
            int rc = ops->open(&backend, &config, &kinds);
            failures = eddyi_inject_failures();
            eddyi_inject_stop();
            assert_int_equal(rc == 0, failures == 0);
            if (rc == 0)
                ops->close(backend);
            else
                assert_null(backend);
            assert_int_equal(blocks, 0);
            assert_int_equal(open_descriptors(), before);
        }
        assert_true(k < 100);
    }
}

static void lost_watch_ends_the_op(void **state)
{
    (void)state;
    int ends[2];
    eddyi_descriptor d;
    trial t;
    bench b = bench_open(ops);
    local_pair(ends, SOCK_STREAM);
    attach(&b, &d, ends[0], EDDYI_FOREIGN);
    close(ends[0]); /* nobody took the number */
    t = (trial){.lent = true};
    t.op = (eddyi_op){
        .descriptor = &d, .kind = EDDYI_POLL, .events = EDDYI_IN, .flags = EDDYI_MULTI, .waiter = &t};
    assert_int_equal(b.ops->submit(b.backend, &t.op, &t.result), EDDYI_PENDING);
    assert_int_equal(trial_finish(&b, &t), EDDY_EBADF);
    assert_int_equal(t.result.flags, EDDYI_LAST);
    trial_submit(&b, &t, &d, EDDYI_POLL, NULL, 0);
    assert_int_equal(trial_finish(&b, &t), EDDY_EBADF);
    b.ops->detach(b.backend, &d);
    close(ends[1]);
    bench_close(&b);
}

static void kept_results_show_on_the_pollable(void **state)
{
    (void)state;
    enum { PAIRS = 3 };
    int ends[PAIRS][2];
    char in[PAIRS];
    eddyi_descriptor d[PAIRS];
    trial t[PAIRS];
    bench b = bench_open(ops);
    if (b.ops->pollable == NULL) {
        print_message("%s has nothing to poll\n", ops->name);
        bench_close(&b);
        return;
    }
    struct pollfd guest = {.fd = (int)b.ops->pollable(b.backend), .events = POLLIN};
    for (int i = 0; i < PAIRS; i++) {
        local_pair(ends[i], SOCK_STREAM);
        attach(&b, &d[i], ends[i][0], EDDYI_STREAM);
        trial_submit(&b, &t[i], &d[i], EDDYI_RECV, &in[i], 1);
    }
    while (bench_wait(&b, 0, 1) > 0 || poll(&guest, 1, 0) > 0)
        ;
    for (int i = 0; i < PAIRS; i++)
        assert_int_equal(send(ends[i][1], "x", 1, 0), 1);
    for (int i = 0; i < PAIRS; i++) {
        assert_int_equal(poll(&guest, 1, 1000), 1);
        assert_int_equal(bench_wait(&b, 0, 1), 1);
    }
    for (int i = 0; i < PAIRS; i++) {
        assert_int_equal(t[i].reports, 1);
        release(&b, &d[i]);
        close(ends[i][1]);
    }
    bench_close(&b);
}

static int run_on(const eddyi_backend_ops *backend)
{
#define ON_BACKEND(test)                                                                                     \
    {                                                                                                        \
#test, test, use_backend, NULL, (void *)(uintptr_t)backend                                           \
    }
    const struct CMUnitTest tests[] = {
        ON_BACKEND(reports_every_kind),
        ON_BACKEND(second_op_of_a_direction_is_busy),
        ON_BACKEND(short_read_of_a_local_socket_proves_nothing),
        ON_BACKEND(urgent_byte_does_not_hide_what_follows),
        ON_BACKEND(one_byte_transfers_lose_nothing),
        ON_BACKEND(listener_gives_others_their_turn),
        ON_BACKEND(few_accepts_are_in_vain_and_bursts_take_few_waits),
        ON_BACKEND(event_that_nobody_asked_for_is_told_once),
        ON_BACKEND(poll_of_both_directions_and_ends),
        ON_BACKEND(datagrams_of_any_size_do_not_stop_reading),
        ON_BACKEND(fewer_datagrams_than_there_was_room_for_were_all),
        ON_BACKEND(refused_connection_is_an_answer),
        ON_BACKEND(fault_P2_closed_and_number_reused),
        ON_BACKEND(fault_P3_dup_keeps_open_file_alive),
        ON_BACKEND(fault_P7_poller_fails_hard),
        ON_BACKEND(fault_P6_half_of_all_waits_interrupted),
        ON_BACKEND(fault_P15_open_fails_half_way),
        ON_BACKEND(lost_watch_ends_the_op),
        ON_BACKEND(kept_results_show_on_the_pollable),
    };
    return cmocka_run_group_tests_name(backend->name, tests, NULL, NULL);
}

int main(void)
{
    int failed = 0;
    for (size_t i = 0; eddyi_backends[i] != NULL; i++)
        if (eddyi_backends[i]->attach == eddyi_readiness_attach)
            failed += run_on(eddyi_backends[i]);
    return failed;
}
