/* test_sim_network.c: the simulated network behaves as TCP and UDP do: ports, backlog, half-close, reset, windows, datagrams, faults.
 * Touches the seam and sim.h. What the seed decides is run over many seeds, and each outcome must occur. */
#include "test_sim_bench.h"

enum { SEEDS = 60 };

/* ---- addresses ---- */

static eddy_fd bound_socket(bench *b, const char *host, const char *port, int reuse, int expected)
{
    eddy_fd fd;
    eddyi_address at = address_of(b, host, port);
    assert_int_equal(NET->socket(b->sim, &fd, NET->family(&at), EDDYI_SOCKET_STREAM), 0);
    assert_int_equal(NET->set_option(b->sim, fd, EDDYI_REUSE_PORT, reuse), 0);
    assert_int_equal(NET->bind(b->sim, fd, &at), expected);
    return fd;
}

static void a_port_is_taken_once_unless_it_is_shared(void **state)
{
    bench b;
    eddyi_address at;
    eddy_fd fds[10];
    (void)state;
    bench_open(&b, 1);
    fds[0] = bound_socket(&b, "127.0.0.1", "80", 0, 0);
    fds[1] = bound_socket(&b, "127.0.0.1", "80", 0, EDDY_EADDRINUSE);
    fds[2] = bound_socket(&b, "127.0.0.2", "80", 0, 0);
    fds[3] = bound_socket(&b, "0.0.0.0", "80", 0, EDDY_EADDRINUSE);
    fds[4] = bound_socket(&b, "::1", "80", 0, 0);
    fds[5] = bound_socket(&b, "127.0.0.1", "81", 1, 0);
    fds[6] = bound_socket(&b, "127.0.0.1", "81", 1, 0);
    fds[7] = bound_socket(&b, "127.0.0.1", "81", 0, EDDY_EADDRINUSE);
    fds[8] = bound_socket(&b, "127.0.0.1", "0", 0, 0);
    fds[9] = bound_socket(&b, "127.0.0.1", "0", 0, 0);
    assert_int_equal(NET->local_address(b.sim, fds[8], &at), 0);
    int port = NET->port(&at);
    assert_true(port >= 1024);
    assert_int_equal(NET->local_address(b.sim, fds[9], &at), 0);
    assert_int_not_equal(NET->port(&at), port);
    for (int i = 0; i < 10; i++) {
        assert_true(fds[i] >= 1000000);
        assert_int_equal(NET->close(b.sim, fds[i]), 0);
        assert_int_equal(NET->close(b.sim, fds[i]), EDDY_EBADF);
    }
    fds[0] = bound_socket(&b, "127.0.0.1", "80", 0, 0); /* free again */
    assert_int_equal(NET->close(b.sim, fds[0]), 0);
    bench_close(&b);
}

static void both_ends_know_each_other(void **state)
{
    bench b;
    pair p;
    eddyi_address here, there;
    (void)state;
    bench_open(&b, 1);
    open_pair(&b, &p);
    for (int i = 0; i < 2; i++) {
        eddy_fd one = i == 0 ? p.client.fd : p.server.fd, other = i == 0 ? p.server.fd : p.client.fd;
        assert_int_equal(NET->peer_address(b.sim, one, &there), 0);
        assert_int_equal(NET->local_address(b.sim, other, &here), 0);
        assert_int_equal(here.size, there.size);
        assert_memory_equal(here.bytes, there.bytes, here.size);
    }
    close_pair(&b, &p);
    bench_close(&b);
}

static void a_gone_descriptor_is_refused(void **state)
{
    bench b;
    eddyi_descriptor old, fresh;
    char byte = 0;
    (void)state;
    bench_open(&b, 1);
    open_client(&b, &old);
    eddyi_descriptor second = {.fd = old.fd, .kind = EDDYI_STREAM};
    assert_int_equal(ops->attach(b.sim, &second), EDDY_EEXIST);
    assert_int_equal(NET->close(b.sim, old.fd), 0); /* behind the backend's back */
    open_client(&b, &fresh);
    assert_int_equal(fresh.fd, old.fd); /* the number is another socket's now */
    assert_int_equal(receive(&b, &old, &byte, 1), EDDY_EBADF);
    ops->detach(b.sim, &old);
    ops->detach(b.sim, &old);
    assert_int_equal(receive(&b, &fresh, &byte, 1), EDDY_ENOTCONN); /* and it is still attached */
    give_back(&b, &fresh);
    bench_close(&b);
}

/* ---- connecting ---- */

static void nobody_there_refuses_and_a_second_try_may_succeed(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bench b;
        eddyi_descriptor client, listener;
        eddyi_address at;
        bench_open(&b, seed);
        open_bound(&b, &listener, &at, EDDYI_LISTENER, 0);
        open_client(&b, &client);
        uint64_t before = ops->now(b.sim);
        assert_int_equal(connect_to(&b, &client, &at), EDDY_ECONNREFUSED);
        assert_true(ops->now(b.sim) >= before + 20000); /* there and back */
        assert_int_equal(NET->listen(b.sim, listener.fd, 1), 0);
        assert_int_equal(connect_to(&b, &client, &at), 0);
        assert_int_equal(connect_to(&b, &client, &at), EDDY_EISCONN);
        give_back(&b, &listener);
        give_back(&b, &client);
        bench_close(&b);
    }
}

static void a_full_backlog_makes_the_next_one_wait(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bench b;
        eddyi_descriptor listener, clients[3];
        eddyi_address at;
        bench_open(&b, seed);
        open_bound(&b, &listener, &at, EDDYI_LISTENER, 2);
        test_op connects[3];
        for (int i = 0; i < 3; i++) {
            open_client(&b, &clients[i]);
            connects[i] = make_op(&clients[i], EDDYI_CONNECT, NULL, 0);
            connects[i].address = at;
            submit(&b, &connects[i]);
        }
        pass(&b, 100 * MILLISECOND);
        assert_int_equal(connects[0].lent + connects[1].lent + connects[2].lent, 1);
        int64_t fd = run_op(&b, &listener, EDDYI_ACCEPT, NULL, 0);
        assert_true(fd >= 0);
        for (int i = 0; i < 3; i++) {
            finish(&b, &connects[i]);
            assert_int_equal(connects[i].value, 0);
        }
        assert_int_equal(NET->close(b.sim, (eddy_fd)fd), 0);
        give_back(&b, &listener);
        for (int i = 0; i < 3; i++)
            give_back(&b, &clients[i]);
        bench_close(&b);
    }
}

static void a_backlog_that_stays_full_is_a_timeout(void **state)
{
    bench b;
    eddyi_descriptor listener, clients[2];
    eddyi_address at;
    (void)state;
    bench_open(&b, 1);
    open_bound(&b, &listener, &at, EDDYI_LISTENER, 1);
    open_client(&b, &clients[0]);
    open_client(&b, &clients[1]);
    assert_int_equal(connect_to(&b, &clients[0], &at), 0);
    uint64_t before = ops->now(b.sim);
    assert_int_equal(connect_to(&b, &clients[1], &at), EDDY_ETIMEDOUT);
    uint64_t took = ops->now(b.sim) - before;
    assert_true(took >= 63 * SECOND && took < 64 * SECOND); /* 1 + 2 + 4 ... */
    give_back(&b, &clients[1]);
    give_back(&b, &listener);
    char byte = 0;
    assert_int_equal(receive(&b, &clients[0], &byte, 1), EDDY_ECONNRESET); /* nobody will ever take it */
    give_back(&b, &clients[0]);
    bench_close(&b);
}

/* Cancelled at any moment: either it is connected, or the server learns that nobody is there. */
static void a_cancelled_connect_leaves_nobody_waiting(void **state)
{
    int cancelled = 0, won = 0, unheard = 0, told = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 8 * SEEDS; seed++) {
        bench b;
        eddyi_descriptor listener, client, server;
        eddyi_address at;
        char byte = 0;
        bench_open(&b, seed);
        open_bound(&b, &listener, &at, EDDYI_LISTENER, 4);
        open_client(&b, &client);
        test_op connect = make_op(&client, EDDYI_CONNECT, NULL, 0);
        connect.address = at;
        submit(&b, &connect);
        pass(&b, draw(&b, 400000));
        take_back(&b, &connect);
        assert_true(connect.value == 0 || connect.value == EDDY_ECANCELED);
        won += connect.value == 0;
        cancelled += connect.value != 0;
        test_op accept = make_op(&listener, EDDYI_ACCEPT, NULL, 0);
        submit(&b, &accept);
        pass(&b, 10 * MILLISECOND);
        take_back(&b, &accept);
        assert_true(accept.value >= 0 || connect.value != 0);
        if (accept.value >= 0) {
            attach(&b, &server, (eddy_fd)accept.value, EDDYI_STREAM);
            if (connect.value != 0) {
                assert_int_equal(receive(&b, &server, &byte, 1), EDDY_ECONNRESET);
                told++;
            }
            give_back(&b, &server);
        } else {
            unheard++;
        }
        give_back(&b, &client);
        give_back(&b, &listener);
        bench_close(&b);
    }
    assert_true(cancelled > 0 && won > 0 && unheard > 0 && told > 0);
}

/* ---- ends ---- */

static void fault_S8_half_close_ends_one_direction_only(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bench b;
        pair p;
        char in[5000], out[5000];
        memset(out, 's', sizeof out);
        bench_open(&b, seed);
        open_pair(&b, &p);
        send_all(&b, &p.client, "request", 7);
        assert_int_equal(NET->shutdown(b.sim, p.client.fd, EDDYI_SHUT_WRITE), 0);
        assert_int_equal(run_op(&b, &p.client, EDDYI_SEND, "x", 1), EDDY_EPIPE);
        receive_all(&b, &p.server, in, 7);
        assert_memory_equal(in, "request", 7);
        assert_int_equal(receive(&b, &p.server, in, 1), 0);
        assert_int_equal(receive(&b, &p.server, in, 1), 0); /* and it stays */
        send_all(&b, &p.server, out, sizeof out);
        give_back(&b, &p.server);
        receive_all(&b, &p.client, in, sizeof in);
        assert_memory_equal(in, out, sizeof in);
        assert_int_equal(receive(&b, &p.client, in, 1), 0);
        give_back(&b, &p.client);
        bench_close(&b);
    }
}

static void fault_S9_graceful_close_delivers_everything_first(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bench b;
        pair p;
        char in[4000], out[4000];
        for (size_t i = 0; i < sizeof out; i++)
            out[i] = (char)i;
        bench_open(&b, seed);
        open_pair(&b, &p);
        send_all(&b, &p.client, out, sizeof out);
        give_back(&b, &p.client);
        receive_all(&b, &p.server, in, sizeof in);
        assert_memory_equal(in, out, sizeof in);
        assert_int_equal(receive(&b, &p.server, in, 1), 0);
        give_back(&b, &p.server);
        bench_close(&b);
    }
}

/* What was not read makes the close a reset: told at least once, and what had arrived is kept or lost. */
static void fault_S7_close_with_unread_bytes_resets_the_peer(void **state)
{
    int kept = 0, lost = 0, stays = 0, ends = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bench b;
        pair p;
        char in[4];
        bench_open(&b, seed);
        open_pair(&b, &p);
        send_all(&b, &p.client, "unread", 6);
        send_all(&b, &p.server, "abcd", 4);
        pass(&b, 10 * MILLISECOND);
        give_back(&b, &p.server);
        pass(&b, 10 * MILLISECOND);
        int64_t got = receive(&b, &p.client, in, sizeof in);
        kept += got > 0;
        lost += got == EDDY_ECONNRESET;
        while (got > 0)
            got = receive(&b, &p.client, in, sizeof in);
        assert_int_equal(got, EDDY_ECONNRESET);
        int64_t again = receive(&b, &p.client, in, sizeof in);
        int64_t sent = run_op(&b, &p.client, EDDYI_SEND, "x", 1);
        assert_true((again == EDDY_ECONNRESET && sent == EDDY_ECONNRESET) ||
                    (again == 0 && sent == EDDY_EPIPE));
        stays += again != 0;
        ends += again == 0;
        give_back(&b, &p.client);
        bench_close(&b);
    }
    assert_true(kept > 0 && lost > 0 && stays > 0 && ends > 0);
}

static void lingering_off_makes_every_close_a_reset(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bench b;
        pair p;
        char byte = 0;
        bench_open(&b, seed);
        open_pair(&b, &p);
        assert_int_equal(NET->set_option(b.sim, p.client.fd, EDDYI_LINGER_RESET, 1), 0);
        test_op pending = make_op(&p.server, EDDYI_RECV, &byte, 1);
        submit(&b, &pending);
        give_back(&b, &p.client);
        finish(&b, &pending);
        assert_int_equal(pending.value, EDDY_ECONNRESET);
        give_back(&b, &p.server);
        bench_close(&b);
    }
}

static void sending_to_a_closed_peer_is_found_out(void **state)
{
    int taken = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bench b;
        pair p;
        int64_t sent;
        bench_open(&b, seed);
        open_pair(&b, &p);
        give_back(&b, &p.server);
        for (int i = 0;; i++) {
            sent = run_op(&b, &p.client, EDDYI_SEND, "x", 1);
            if (sent < 0)
                break;
            taken++;
            assert_true(i < 100000);
        }
        assert_int_equal(sent, EDDY_ECONNRESET);
        give_back(&b, &p.client);
        bench_close(&b);
    }
    assert_true(taken > 0); /* the first are taken: nobody knows yet */
}

static void fault_S3_a_window_bounds_what_is_under_way(void **state)
{
    static char out[200 * 1024], in[sizeof out];
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bench b;
        pair p;
        size_t sent = 0;
        bench_open(&b, seed);
        open_pair(&b, &p);
        test_op send;
        for (;;) {
            send = make_op(&p.client, EDDYI_SEND, out, sizeof out);
            submit(&b, &send);
            pass(&b, 10 * MILLISECOND);
            if (send.lent)
                break;
            sent += (size_t)send.value;
            assert_true(sent <= 64 * 1024);
        }
        assert_true(sent >= 1024);
        receive_all(&b, &p.server, in, 1);
        finish(&b, &send); /* room again */
        assert_true(send.value >= 1);
        receive_all(&b, &p.server, in, sent - 1 + (size_t)send.value);
        close_pair(&b, &p);
        bench_close(&b);
    }
}

/* ---- multi-shot ---- */

typedef struct stream_log {
    char text[64];
    size_t size;
    int lasts;
} stream_log;

static void keep_picked(test_op *o)
{
    stream_log *log = o->context;
    uint32_t index = o->flags >> 16;
    log->lasts += (o->flags & EDDYI_LAST) != 0;
    if (o->value <= 0)
        return;
    assert_true(index < 2 && !(o->op.free_buffers & UINT32_C(1) << index));
    memcpy(log->text + log->size, o->buffers[index].data, (size_t)o->value);
    log->size += (size_t)o->value;
}

static void multi_receive_picks_and_waits_when_none_is_free(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bench b;
        pair p;
        char buffers[2][3];
        stream_log log = {.size = 0};
        bench_open(&b, seed);
        open_pair(&b, &p);
        test_op many = make_op(&p.server, EDDYI_RECV, buffers[0], 3);
        many.buffers[1] = (eddyi_buffer){buffers[1], 3};
        many.op.buffer_count = 2;
        many.op.flags = EDDYI_MULTI | EDDYI_PICK_BUFFER;
        many.op.free_buffers = 3;
        many.each = keep_picked;
        many.context = &log;
        submit(&b, &many);
        assert_true(many.lent);
        send_all(&b, &p.client, "0123456789", 10);
        pass(&b, 20 * MILLISECOND);
        assert_int_equal(many.op.free_buffers, 0); /* both taken, nothing read beyond them */
        assert_true(log.size >= 2 && log.size <= 6 && many.lent);
        while (log.size < 10) {
            many.op.free_buffers = 3;
            pass(&b, MILLISECOND);
        }
        assert_memory_equal(log.text, "0123456789", 10);
        many.op.free_buffers = 3;
        give_back(&b, &p.client);
        finish(&b, &many);
        assert_int_equal(many.value, 0);
        assert_int_equal(log.lasts, 1);
        give_back(&b, &p.server);
        bench_close(&b);
    }
}

static void take_connection(test_op *o)
{
    if (o->value >= 0)
        assert_int_equal(NET->close(((bench *)o->context)->sim, (eddy_fd)o->value), 0);
}

static void multi_accept_may_report_between_cancel_and_end(void **state)
{
    int between = 0, none = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 4 * SEEDS; seed++) {
        bench b;
        eddyi_descriptor listener, client;
        eddyi_address at;
        bench_open(&b, seed);
        open_bound(&b, &listener, &at, EDDYI_LISTENER, 4);
        open_client(&b, &client);
        test_op accept = make_op(&listener, EDDYI_ACCEPT, NULL, 0);
        accept.op.flags = EDDYI_MULTI;
        accept.each = take_connection;
        accept.context = &b;
        submit(&b, &accept);
        test_op connect = make_op(&client, EDDYI_CONNECT, NULL, 0);
        connect.address = at;
        submit(&b, &connect);
        cancel(&b, &accept);
        bool pending = accept.lent;
        finish(&b, &accept);
        assert_int_equal(accept.value, EDDY_ECANCELED);
        between += pending && accept.reports == 2;
        none += accept.reports == 1;
        take_back(&b, &connect);
        give_back(&b, &listener);
        give_back(&b, &client);
        bench_close(&b);
    }
    assert_true(between > 0 && none > 0);
}

/* ---- datagrams ---- */

static void datagrams_are_whole_and_cut_to_the_buffer(void **state)
{
    static char big[65508];
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bench b;
        eddyi_descriptor from, to;
        eddyi_address at_from, at_to;
        char in[8];
        bench_open(&b, seed);
        open_bound(&b, &from, &at_from, EDDYI_DATAGRAM, 0);
        open_bound(&b, &to, &at_to, EDDYI_DATAGRAM, 0);
        for (size_t size = 0; size <= 8; size++) {
            test_op send = make_op(&from, EDDYI_SENDTO, "12345678", size);
            send.address = at_to;
            submit(&b, &send);
            finish(&b, &send);
            assert_int_equal(send.value, size);
            test_op receive_op = make_op(&to, EDDYI_RECVFROM, in, 6);
            submit(&b, &receive_op);
            finish(&b, &receive_op);
            assert_int_equal(receive_op.value, size);
            assert_memory_equal(in, "123456", size < 6 ? size : 6);
            assert_memory_equal(receive_op.address.bytes, at_from.bytes, at_from.size);
        }
        test_op send = make_op(&from, EDDYI_SENDTO, big, sizeof big);
        send.address = at_to;
        submit(&b, &send);
        finish(&b, &send);
        assert_int_equal(send.value, EDDY_EMSGSIZE);
        give_back(&b, &from);
        give_back(&b, &to);
        bench_close(&b);
    }
}

static void fault_U1_closed_port_is_told_once_to_who_is_connected(void **state)
{
    bench b;
    eddyi_descriptor one, other;
    eddyi_address at_one, at_other;
    char in[8];
    (void)state;
    bench_open(&b, 1);
    open_bound(&b, &one, &at_one, EDDYI_DATAGRAM, 0);
    open_bound(&b, &other, &at_other, EDDYI_DATAGRAM, 0);
    assert_int_equal(connect_to(&b, &one, &at_other), 0);
    give_back(&b, &other);
    test_op pending = make_op(&one, EDDYI_RECV, in, sizeof in);
    submit(&b, &pending);
    assert_int_equal(run_op(&b, &one, EDDYI_SEND, "lost", 4), 4);
    finish(&b, &pending);
    assert_int_equal(pending.value, EDDY_ECONNREFUSED);
    eddy_fd fd;
    assert_int_equal(NET->socket(b.sim, &fd, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_DATAGRAM), 0);
    assert_int_equal(NET->bind(b.sim, fd, &at_other), 0);
    attach(&b, &other, fd, EDDYI_DATAGRAM);
    assert_int_equal(connect_to(&b, &other, &at_one), 0);
    assert_int_equal(run_op(&b, &other, EDDYI_SEND, "here", 4), 4); /* it goes on receiving */
    assert_int_equal(receive(&b, &one, in, sizeof in), 4);
    assert_memory_equal(in, "here", 4);
    give_back(&b, &one);
    give_back(&b, &other);
    bench_close(&b);
}

/* ---- readiness ---- */

static void poll_tells_what_holds(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bench b;
        pair p;
        char byte = 0;
        bench_open(&b, seed);
        open_pair(&b, &p);
        test_op poll = make_op(&p.server, EDDYI_POLL, NULL, 0);
        poll.op.events = EDDYI_IN;
        submit(&b, &poll);
        pass(&b, 10 * MILLISECOND);
        assert_true(poll.lent);
        send_all(&b, &p.client, "x", 1);
        finish(&b, &poll);
        assert_int_equal(poll.value, EDDYI_IN);
        receive_all(&b, &p.server, &byte, 1);
        poll.op.events = EDDYI_OUT;
        submit(&b, &poll);
        finish(&b, &poll);
        assert_int_equal(poll.value, EDDYI_OUT);
        give_back(&b, &p.client);
        poll.op.events = EDDYI_IN;
        submit(&b, &poll);
        finish(&b, &poll);
        assert_int_equal(poll.value, EDDYI_IN | EDDYI_END_IN);
        give_back(&b, &p.server);
        bench_close(&b);
    }
}

/* ---- faults ---- */

typedef struct tally {
    int refused, timed_out, reset, aborted, out_of_numbers, no_memory, no_socket, fine;
} tally;

static void try_once(bench *b, tally *t, const eddyi_address *at, eddyi_descriptor *listener)
{
    eddyi_descriptor client = {.kind = EDDYI_STREAM}, server = {.kind = EDDYI_STREAM};
    char byte = 0;
    if (NET->socket(b->sim, &client.fd, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM) < 0) {
        t->no_socket++;
        return;
    }
    if (ops->attach(b->sim, &client) < 0) {
        t->no_memory++;
        assert_int_equal(NET->close(b->sim, client.fd), 0);
        return;
    }
    int64_t rc = connect_to(b, &client, at);
    t->refused += rc == EDDY_ECONNREFUSED;
    t->timed_out += rc == EDDY_ETIMEDOUT;
    if (rc == 0) {
        int64_t fd = run_op(b, listener, EDDYI_ACCEPT, NULL, 0);
        t->aborted += fd == EDDY_ECONNABORTED;
        for (; fd == EDDY_EMFILE || fd == EDDY_ENFILE; fd = run_op(b, listener, EDDYI_ACCEPT, NULL, 0))
            t->out_of_numbers++; /* it is still in the queue */
        if (fd >= 0) {
            server.fd = (eddy_fd)fd;
            if (ops->attach(b->sim, &server) == 0) {
                rc = run_op(b, &client, EDDYI_SEND, "x", 1);
                rc = rc == 1 ? receive(b, &server, &byte, 1) : rc;
                t->reset += rc == EDDY_ECONNRESET;
                t->fine += rc == 1;
            }
            ops->detach(b->sim, &server);
            assert_int_equal(NET->close(b->sim, server.fd), 0);
        }
    }
    give_back(b, &client);
}

static void every_fault_occurs_and_calm_ends_them(void **state)
{
    tally t = {0}, calm = {0};
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        bench b;
        eddyi_descriptor listener;
        eddyi_address at;
        bench_open_faulty(&b, seed, 50, 0);
        listener = (eddyi_descriptor){.fd = -1, .kind = EDDYI_LISTENER};
        at = address_of(&b, "127.0.0.1", "0");
        while (NET->socket(b.sim, &listener.fd, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM) < 0)
            t.no_socket++;
        assert_int_equal(NET->bind(b.sim, listener.fd, &at), 0);
        assert_int_equal(NET->listen(b.sim, listener.fd, 8), 0);
        assert_int_equal(NET->local_address(b.sim, listener.fd, &at), 0);
        while (ops->attach(b.sim, &listener) < 0)
            t.no_memory++;
        for (int i = 0; i < 20; i++)
            try_once(&b, &t, &at, &listener);
        eddyi_sim_calm(b.sim);
        for (int i = 0; i < 5; i++)
            try_once(&b, &calm, &at, &listener);
        give_back(&b, &listener);
        bench_close(&b);
    }
    assert_true(t.refused > 0 && t.timed_out > 0 && t.reset > 0 && t.aborted > 0);
    assert_true(t.out_of_numbers > 0 && t.no_memory > 0 && t.no_socket > 0 && t.fine > 0);
    assert_int_equal(calm.fine, 200 * 5);
}

static void faults_end_at_their_time(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bench b;
        eddy_fd fd;
        int failures = 0;
        bench_open_faulty(&b, seed, 100, SECOND);
        for (int i = 0; i < 100; i++) {
            int rc = NET->socket(b.sim, &fd, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
            failures += rc < 0;
            if (rc == 0)
                assert_int_equal(NET->close(b.sim, fd), 0);
        }
        assert_true(failures > 0);
        pass(&b, SECOND);
        for (int i = 0; i < 100; i++) {
            assert_int_equal(NET->socket(b.sim, &fd, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM), 0);
            assert_int_equal(NET->close(b.sim, fd), 0);
        }
        bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_is_taken_once_unless_it_is_shared),
        cmocka_unit_test(both_ends_know_each_other),
        cmocka_unit_test(a_gone_descriptor_is_refused),
        cmocka_unit_test(nobody_there_refuses_and_a_second_try_may_succeed),
        cmocka_unit_test(a_full_backlog_makes_the_next_one_wait),
        cmocka_unit_test(a_backlog_that_stays_full_is_a_timeout),
        cmocka_unit_test(a_cancelled_connect_leaves_nobody_waiting),
        cmocka_unit_test(fault_S8_half_close_ends_one_direction_only),
        cmocka_unit_test(fault_S9_graceful_close_delivers_everything_first),
        cmocka_unit_test(fault_S7_close_with_unread_bytes_resets_the_peer),
        cmocka_unit_test(lingering_off_makes_every_close_a_reset),
        cmocka_unit_test(sending_to_a_closed_peer_is_found_out),
        cmocka_unit_test(fault_S3_a_window_bounds_what_is_under_way),
        cmocka_unit_test(multi_receive_picks_and_waits_when_none_is_free),
        cmocka_unit_test(multi_accept_may_report_between_cancel_and_end),
        cmocka_unit_test(datagrams_are_whole_and_cut_to_the_buffer),
        cmocka_unit_test(fault_U1_closed_port_is_told_once_to_who_is_connected),
        cmocka_unit_test(poll_tells_what_holds),
        cmocka_unit_test(every_fault_occurs_and_calm_ends_them),
        cmocka_unit_test(faults_end_at_their_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
