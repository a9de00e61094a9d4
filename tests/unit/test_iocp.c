/* test_iocp.c: what only the completion port does: successes at once and by packet, memory that the kernel holds, packets of strangers, handles of others.
 * Touches seam 1, sockets, pipes, children and pages of the system. The races of cancels are in test_iocp_cancels.c. */
#include "unit/test_iocp_bench.h"

/* ---- W1 ---- */

typedef struct diary {
    int64_t values[64];
    int count, at_once;
} diary;

static void note(bench *b, diary *d, trial *t)
{
    submit(b, t);
    d->at_once += !t->lent;
    assert_true(d->count < 64);
    d->values[d->count++] = finish(b, t);
}

static void exchange(bench *b, diary *n)
{
    enum { ROUNDS = 5 };
    eddy_fd ends[2];
    eddyi_descriptor d;
    char in[16];
    trial t;
    socket_pair(ends);
    attach(b, &d, ends[0], EDDYI_STREAM);
    for (int i = 0; i < ROUNDS; i++) {
        send_now(ends[1], "question", 8);
        prepare(&t, &d, EDDYI_RECV, in, 5); /* is there already */
        note(b, n, &t);
        prepare(&t, &d, EDDYI_RECV, in + 5, sizeof in - 5);
        note(b, n, &t);
        assert_memory_equal(in, "question", 8);
        prepare(&t, &d, EDDYI_SEND, "answer", 6);
        note(b, n, &t);
        prepare(&t, &d, EDDYI_RECV, in, sizeof in); /* is not there */
        submit(b, &t);
        assert_true(t.lent);
        send_now(ends[1], "late", 4);
        n->values[n->count++] = finish(b, &t);
    }
    close_now(ends[1]);
    prepare(&t, &d, EDDYI_RECV, in, sizeof in);
    note(b, n, &t); /* the end */
    release(b, &d);
}

/* Connections that are in the queue before anybody asks, and one that comes later. */
static void accept_some(bench *b, diary *n)
{
    eddyi_address at;
    eddyi_descriptor listener;
    eddy_fd clients[3];
    trial t;
    attach(b, &listener, bound_socket(EDDYI_SOCKET_STREAM, &at), EDDYI_LISTENER);
    clients[0] = blocking_client(&at);
    clients[1] = blocking_client(&at);
    for (int i = 0; i < 3; i++) {
        prepare(&t, &listener, EDDYI_ACCEPT, NULL, 0);
        submit(b, &t);
        n->at_once += !t.lent;
        if (i == 2)
            clients[2] = blocking_client(&at);
        int64_t accepted = finish(b, &t);
        assert_true(accepted >= 0);
        n->values[n->count++] = 0;
        close_now((eddy_fd)accepted);
        close_now(clients[i]);
    }
    release(b, &listener);
}

static void read_pipe(bench *b, diary *n)
{
    eddy_fd ends[2];
    eddyi_descriptor in, out;
    char buffer[8];
    trial t;
    pipe_pair(ends);
    attach(b, &in, ends[0], EDDYI_PIPE);
    attach(b, &out, ends[1], EDDYI_PIPE);
    prepare(&t, &out, EDDYI_WRITE, "pipe", 4);
    note(b, n, &t);
    prepare(&t, &in, EDDYI_READ, buffer, sizeof buffer);
    note(b, n, &t);
    assert_memory_equal(buffer, "pipe", 4);
    release(b, &out);
    prepare(&t, &in, EDDYI_READ, buffer, sizeof buffer);
    note(b, n, &t); /* the end */
    release(b, &in);
}

static diary play(int how)
{
    diary n = {.count = 0};
    bench b = bench_open(how);
    exchange(&b, &n);
    accept_some(&b, &n);
    read_pipe(&b, &n);
    nothing_more(&b); /* a success that was told at once has no packet */
    bench_close(&b);
    return n;
}

static void fault_W1_success_at_once_and_by_packet_are_the_same(void **state)
{
    (void)state;
    diary at_once = play(SKIP), by_packet = play(NEVER_SKIP);
    assert_true(at_once.at_once >= 5);
    assert_in_range(by_packet.at_once, 0,
                    1); /* the pipe's end is an error of the call, which has no packet */
    assert_int_equal(at_once.count, by_packet.count);
    for (int i = 0; i < at_once.count; i++)
        assert_int_equal(at_once.values[i], by_packet.values[i]);
}

/* More than the buffer holds, there before it is asked for and after: one result, and nothing is left of it. */
static void fault_W1_cut_datagrams_are_told_once(void **state)
{
    eddyi_address at, at_other;
    eddyi_descriptor d;
    char in[8];
    (void)state;
    bench b = bench_open(SKIP);
    attach(&b, &d, bound_socket(EDDYI_SOCKET_DATAGRAM, &at), EDDYI_DATAGRAM);
    eddy_fd other = bound_socket(EDDYI_SOCKET_DATAGRAM, &at_other);
    const struct sockaddr *to = (const struct sockaddr *)(const void *)at.bytes;
    for (int i = 0; i < 6; i++) {
        trial t;
        prepare(&t, &d, EDDYI_RECVFROM, in, sizeof in);
        if (i % 2 == 0)
            assert_int_equal(sendto((SOCKET)other, "twelve bytes", 12, 0, to, (int)at.size), 12);
        submit(&b, &t);
        if (i % 2 == 1)
            assert_int_equal(sendto((SOCKET)other, "twelve bytes", 12, 0, to, (int)at.size), 12);
        assert_int_equal(finish(&b, &t), sizeof in + 1);
        assert_memory_equal(in, "twelve b", sizeof in);
        assert_int_equal(t.address.size, at_other.size);
        assert_memory_equal(t.address.bytes, at_other.bytes, at_other.size);
        nothing_more(&b);
    }
    close_now(other);
    release(&b, &d);
    bench_close(&b);
}

/* ---- W3 ---- */

/* Closed with a receive outstanding: the op comes back by its packet and not before, and then nobody writes to it any more. */
static void fault_W3_memory_is_held_until_the_packet_is_taken(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        eddy_fd ends[2];
        eddyi_descriptor d;
        trial *t = page_take(NULL);
        char *in = page_take(NULL);
        bench b = bench_open(i % 2 ? SKIP : NEVER_SKIP);
        socket_pair(ends);
        attach(&b, &d, ends[0], EDDYI_STREAM);
        prepare(t, &d, EDDYI_RECV, in, 16);
        submit(&b, t);
        assert_true(t->lent);
        close_now(ends[0]); /* behind the backend's back */
        if (i % 4 >= 2)
            cancel(&b, t);
        assert_true(finish(&b, t) < 0);
        assert_int_equal(t->reports, 1);
        page_close(t);
        page_close(in);
        (void)send((SOCKET)ends[1], "too late", 8, 0);
        nothing_more(&b);
        eddyi_backend_iocp.detach(b.backend, &d);
        close_now(ends[1]);
        bench_close(&b);
        page_free(t);
        page_free(in);
    }
}

static void fault_W3_listener_closed_with_accepts_outstanding(void **state)
{
    eddyi_address at;
    eddyi_descriptor listener;
    trial t;
    (void)state;
    bench b = bench_open(SKIP);
    attach(&b, &listener, bound_socket(EDDYI_SOCKET_STREAM, &at), EDDYI_LISTENER);
    prepare(&t, &listener, EDDYI_ACCEPT, NULL, 0);
    t.op.flags = EDDYI_MULTI;
    submit(&b, &t);
    assert_int_equal(step(&b, 0), 0); /* now all are asked for */
    close_now(listener.fd);
    assert_int_equal(finish(&b, &t), EDDY_EBADF);
    assert_int_equal(t.reports, 1);
    nothing_more(&b);
    eddyi_backend_iocp.detach(b.backend, &listener);
    bench_close(&b);
}

/* ---- W4 ---- */

static int64_t poll_now(bench *b, eddyi_descriptor *d, uint8_t events)
{
    trial t;
    prepare(&t, d, EDDYI_POLL, NULL, 0);
    t.op.events = events;
    submit(b, &t);
    (void)step_for(b, 5 * MILLISECOND);
    return take_back(b, &t);
}

static void poll_stream(bench *b)
{
    static char block[64 * 1024];
    eddy_fd ends[2];
    eddyi_descriptor d;
    char in[16];
    socket_pair(ends);
    attach(b, &d, ends[0], EDDYI_FOREIGN);
    assert_int_equal(poll_now(b, &d, EDDYI_IN), EDDY_ECANCELED);
    assert_int_equal(poll_now(b, &d, EDDYI_OUT), EDDYI_OUT);
    send_now(ends[1], "x", 1);
    assert_int_equal(poll_now(b, &d, EDDYI_IN), EDDYI_IN);
    assert_int_equal(poll_now(b, &d, EDDYI_IN), EDDYI_IN); /* as long as it holds */
    assert_int_equal(perform(b, &d, EDDYI_RECV, in, sizeof in), 1);
    assert_int_equal(poll_now(b, &d, EDDYI_IN), EDDY_ECANCELED);
    while (send((SOCKET)ends[0], block, sizeof block, 0) > 0)
        continue; /* it does not block */
    assert_int_equal(poll_now(b, &d, EDDYI_OUT), EDDY_ECANCELED);
    assert_int_equal(eddyi_platform_net.shutdown(NULL, ends[1], EDDYI_SHUT_WRITE), 0);
    assert_int_equal(poll_now(b, &d, EDDYI_IN), EDDYI_IN | EDDYI_END_IN);
    assert_int_equal(perform(b, &d, EDDYI_RECV, in, sizeof in), 0);
    assert_int_equal(eddyi_platform_net.set_option(NULL, ends[1], EDDYI_LINGER_RESET, 1), 0);
    close_now(ends[1]);
    assert_true(poll_now(b, &d, EDDYI_IN) & EDDYI_IN); /* a reset is told in both directions */
    assert_true(poll_now(b, &d, EDDYI_OUT) & EDDYI_OUT);
    release(b, &d);
}

static void poll_listener_and_datagrams(bench *b)
{
    eddyi_address at, to;
    eddyi_descriptor listener, datagrams;
    char in[4];
    attach(b, &listener, bound_socket(EDDYI_SOCKET_STREAM, &at), EDDYI_FOREIGN);
    assert_int_equal(poll_now(b, &listener, EDDYI_IN), EDDY_ECANCELED);
    eddy_fd client = blocking_client(&at);
    assert_int_equal(poll_now(b, &listener, EDDYI_IN), EDDYI_IN);
    int64_t accepted = perform(b, &listener, EDDYI_ACCEPT, NULL, 0);
    assert_true(accepted >= 0);
    assert_int_equal(poll_now(b, &listener, EDDYI_IN), EDDY_ECANCELED);
    close_now((eddy_fd)accepted);
    close_now(client);
    release(b, &listener);
    attach(b, &datagrams, bound_socket(EDDYI_SOCKET_DATAGRAM, &to), EDDYI_FOREIGN);
    assert_int_equal(poll_now(b, &datagrams, EDDYI_IN), EDDY_ECANCELED);
    assert_int_equal(sendto((SOCKET)datagrams.fd, "me", 2, 0, (const struct sockaddr *)(const void *)to.bytes,
                            (int)to.size),
                     2);
    assert_int_equal(poll_now(b, &datagrams, EDDYI_IN), EDDYI_IN);
    assert_int_equal(perform(b, &datagrams, EDDYI_RECVFROM, in, sizeof in), 2);
    release(b, &datagrams);
}

static void poll_connect(bench *b)
{
    eddyi_address at;
    eddyi_descriptor d;
    eddy_fd fd, listener = bound_socket(EDDYI_SOCKET_STREAM, &at);
    for (int i = 0; i < 2; i++) {
        trial t;
        assert_int_equal(eddyi_platform_net.socket(NULL, &fd, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM), 0);
        attach(b, &d, fd, EDDYI_FOREIGN);
        prepare(&t, &d, EDDYI_CONNECT, NULL, 0);
        t.address = at;
        submit(b, &t);
        assert_int_equal(finish(b, &t), i == 0 ? 0 : EDDY_ECONNREFUSED);
        release(b, &d);
        if (i == 0)
            close_now(listener);
    }
}

static void readiness(int how)
{
    bench b = bench_open(how);
    poll_stream(&b);
    poll_listener_and_datagrams(&b);
    poll_connect(&b);
    nothing_more(&b);
    bench_close(&b);
}

static void fault_W4_readiness_is_that_of_other_systems(void **state)
{
    (void)state;
    readiness(SKIP);
}

static void fault_W4_readiness_asked_through_a_socket_of_our_own(void **state)
{
    (void)state;
    readiness(ASK_THROUGH_SOCKET);
}

static void fault_W4_socket_closed_under_its_poll_is_told(void **state)
{
    eddy_fd ends[2];
    eddyi_descriptor d;
    trial t;
    (void)state;
    bench b = bench_open(SKIP);
    socket_pair(ends);
    attach(&b, &d, ends[0], EDDYI_FOREIGN);
    prepare(&t, &d, EDDYI_POLL, NULL, 0);
    t.op.events = EDDYI_IN;
    submit(&b, &t);
    close_now(ends[0]);
    assert_true(finish(&b, &t) < 0);
    eddyi_backend_iocp.detach(b.backend, &d);
    close_now(ends[1]);
    bench_close(&b);
}

/* ---- W5 ---- */

/* It stays with its port; here its ops are tried, and no packet of them reaches the other port. */
static void fault_W5_socket_of_another_port_works_and_stays_there(void **state)
{
    eddy_fd ends[2];
    eddyi_descriptor d;
    char in[8];
    trial t;
    OVERLAPPED_ENTRY entry;
    ULONG found = 0;
    (void)state;
    bench b = bench_open(SKIP);
    HANDLE theirs = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    socket_pair(ends);
    assert_non_null(CreateIoCompletionPort((HANDLE)ends[0], theirs, 4711, 0));
    attach(&b, &d, ends[0], EDDYI_STREAM);
    prepare(&t, &d, EDDYI_RECV, in, sizeof in);
    submit(&b, &t);
    assert_true(t.lent);
    send_now(ends[1], "hello", 5);
    assert_int_equal(finish(&b, &t), 5);
    assert_memory_equal(in, "hello", 5);
    assert_int_equal(perform(&b, &d, EDDYI_SEND, "world", 5), 5);
    prepare(&t, &d, EDDYI_RECV, in, sizeof in);
    submit(&b, &t);
    assert_int_equal(take_back(&b, &t), EDDY_ECANCELED);
    assert_false(GetQueuedCompletionStatusEx(theirs, &entry, 1, &found, 0, FALSE));
    release(&b, &d);
    close_now(ends[1]);
    CloseHandle(theirs);
    bench_close(&b);
}

static void fault_W5_pipe_of_another_port_is_refused(void **state)
{
    eddy_fd ends[2];
    (void)state;
    bench b = bench_open(SKIP);
    HANDLE theirs = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    pipe_pair(ends);
    assert_non_null(CreateIoCompletionPort((HANDLE)ends[0], theirs, 4711, 0));
    eddyi_descriptor d = {.fd = ends[0], .kind = EDDYI_PIPE};
    assert_int_equal(eddyi_backend_iocp.attach(b.backend, &d), EDDY_EINVAL);
    assert_false(d.attached);
    CloseHandle((HANDLE)ends[0]);
    CloseHandle((HANDLE)ends[1]);
    CloseHandle(theirs);
    bench_close(&b);
}

/* As when a connection is made by one owner and used by the next: the port knows it still, or again, and no packet comes to nobody. */
static void attached_again_it_is_the_ports_again(void **state)
{
    static char file_name[MAX_PATH], folder[MAX_PATH];
    eddy_fd ends[2];
    eddyi_descriptor d;
    char in[16];
    (void)state;
    bench b = bench_open(SKIP);
    assert_in_range(GetTempPathA(MAX_PATH, folder), 1, MAX_PATH - 1);
    assert_true(GetTempFileNameA(folder, "edy", 0, file_name) != 0);
    HANDLE file = CreateFileA(file_name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                              FILE_FLAG_DELETE_ON_CLOSE, NULL);
    DWORD written;
    assert_true(WriteFile(file, "a whole file", 12, &written, NULL));
    socket_pair(ends);
    for (int i = 0; i < 4; i++) {
        trial t;
        attach(&b, &d, ends[0], EDDYI_STREAM);
        prepare(&t, &d, EDDYI_RECV, in, sizeof in);
        submit(&b, &t);
        assert_true(t.lent);
        send_now(ends[1], "again", 5);
        assert_int_equal(finish(&b, &t), 5);
        prepare(&t, &d, EDDYI_SENDFILE, "", 100); /* only the kernel can do that */
        t.op.offset = 2;
        t.op.file = (eddy_fd)file;
        submit(&b, &t);
        assert_int_equal(finish(&b, &t), 10);
        assert_int_equal(recv((SOCKET)ends[1], in, 10, MSG_WAITALL), 10);
        assert_memory_equal(in, "whole file", 10);
        eddyi_backend_iocp.detach(b.backend, &d);
    }
    close_now(ends[0]);
    close_now(ends[1]);
    for (int i = 0; i < 4; i++) { /* others that get the numbers */
        socket_pair(ends);
        attach(&b, &d, ends[0], EDDYI_STREAM);
        send_now(ends[1], "new", 3);
        assert_int_equal(perform(&b, &d, EDDYI_RECV, in, sizeof in), 3);
        release(&b, &d);
        close_now(ends[1]);
    }
    nothing_more(&b);
    CloseHandle(file);
    bench_close(&b);
}

/* One whose calls block would hold up the loop. */
static void pipe_that_blocks_is_refused(void **state)
{
    HANDLE in, out;
    (void)state;
    bench b = bench_open(SKIP);
    assert_true(CreatePipe(&in, &out, NULL, 0));
    eddyi_descriptor d = {.fd = (eddy_fd)in, .kind = EDDYI_PIPE};
    assert_int_equal(eddyi_backend_iocp.attach(b.backend, &d), EDDY_EINVAL);
    assert_false(d.attached);
    CloseHandle(in);
    CloseHandle(out);
    bench_close(&b);
}

/* ---- packets of strangers ---- */

/* Who has a copy of a socket of ours can make its packets come to our port: nobody believes them. */
static void packets_of_strangers_reach_nobody(void **state)
{
    eddy_fd ends[2];
    eddyi_descriptor d;
    HANDLE copy = NULL;
    OVERLAPPED overlapped = {0};
    char in[8];
    WSABUF buffer = {sizeof in, in};
    DWORD flags = 0;
    (void)state;
    bench b = bench_open(NEVER_SKIP);
    socket_pair(ends);
    attach(&b, &d, ends[0], EDDYI_STREAM);
    assert_true(DuplicateHandle(GetCurrentProcess(), (HANDLE)ends[0], GetCurrentProcess(), &copy, 0, FALSE,
                                DUPLICATE_SAME_ACCESS));
    for (int i = 0; i < 2; i++) { /* attached, and after its end */
        assert_true(WSARecv((SOCKET)copy, &buffer, 1, NULL, &flags, &overlapped, NULL) == 0 ||
                    WSAGetLastError() == WSA_IO_PENDING);
        send_now(ends[1], "stranger", 8);
        uint64_t limit = eddyi_clock_now() + PATIENCE;
        while (eddyi_iocp_strays(b.backend) == (uint64_t)i) {
            assert_int_equal(step_for(&b, 10 * MILLISECOND), 0);
            assert_true(eddyi_clock_now() < limit);
        }
        if (i == 0)
            release(&b, &d);
    }
    assert_int_equal(eddyi_iocp_strays(b.backend), 2);
    assert_true(CloseHandle(copy));
    close_now(ends[1]);
    bench_close(&b);
}

/* ---- handles that can only be waited for ---- */

static HANDLE start_child(void)
{
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION child;
    wchar_t program[MAX_PATH], line[] = L"child --end";
    assert_in_range(GetModuleFileNameW(NULL, program, MAX_PATH), 1, MAX_PATH - 1);
    assert_true(CreateProcessW(program, line, NULL, NULL, FALSE, 0, NULL, NULL, &start, &child));
    CloseHandle(child.hThread);
    return child.hProcess;
}

static void end_of_a_child_comes_through_the_port(void **state)
{
    (void)state;
    bench b = bench_open(SKIP);
    for (int i = 0; i < 10; i++) {
        eddyi_descriptor d;
        trial t;
        DWORD status;
        HANDLE child = start_child();
        attach(&b, &d, (eddy_fd)child, EDDYI_PIPE);
        prepare(&t, &d, EDDYI_POLL, NULL, 0);
        t.op.events = EDDYI_IN;
        submit(&b, &t);
        assert_int_equal(finish(&b, &t), EDDYI_IN);
        assert_true(GetExitCodeProcess(child, &status));
        assert_int_equal(status, 7);
        eddyi_backend_iocp.detach(b.backend, &d);
        CloseHandle(child);
    }
    bench_close(&b);
}

static void handle_is_told_as_long_as_it_is_signalled(void **state)
{
    eddyi_descriptor d;
    trial t;
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    (void)state;
    bench b = bench_open(SKIP);
    attach(&b, &d, (eddy_fd)event, EDDYI_FOREIGN);
    assert_int_equal(poll_now(&b, &d, EDDYI_IN), EDDY_ECANCELED);
    assert_int_equal(poll_now(&b, &d, EDDYI_OUT), EDDY_EOPNOTSUPP);
    prepare(&t, &d, EDDYI_POLL, NULL, 0);
    t.op.events = EDDYI_IN;
    t.op.flags = EDDYI_MULTI;
    submit(&b, &t);
    assert_int_equal(step_for(&b, MILLISECOND), 0);
    SetEvent(event);
    uint64_t limit = eddyi_clock_now() + PATIENCE;
    while (t.reports < 5) {
        (void)step_for(&b, 10 * MILLISECOND);
        assert_true(eddyi_clock_now() < limit);
    }
    assert_int_equal(take_back(&b, &t), EDDY_ECANCELED);
    ResetEvent(event);
    assert_int_equal(poll_now(&b, &d, EDDYI_IN), EDDY_ECANCELED);
    eddyi_backend_iocp.detach(b.backend, &d);
    CloseHandle(event);
    bench_close(&b);
}

/* An event that resets itself keeps its signal for who waits for it. */
static void attach_takes_no_signal(void **state)
{
    eddyi_descriptor d;
    HANDLE event = CreateEventW(NULL, FALSE, TRUE, NULL);
    (void)state;
    bench b = bench_open(SKIP);
    attach(&b, &d, (eddy_fd)event, EDDYI_FOREIGN);
    eddyi_backend_iocp.detach(b.backend, &d);
    assert_int_equal(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
    CloseHandle(event);
    bench_close(&b);
}

static void handle_cancelled_against_its_signal(void **state)
{
    int cancelled = 0, won = 0;
    eddyi_descriptor d;
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    (void)state;
    bench b = bench_open(SKIP);
    attach(&b, &d, (eddy_fd)event, EDDYI_FOREIGN);
    for (int i = 0; i < 300 || ((cancelled == 0 || won == 0) && i < 5000); i++) {
        trial t;
        prepare(&t, &d, EDDYI_POLL, NULL, 0);
        t.op.events = EDDYI_IN;
        submit(&b, &t);
        SetEvent(event);
        for (volatile int turns = i % 10 * 2000; turns > 0;)
            turns--;
        int64_t value = take_back(&b, &t);
        cancelled += value == EDDY_ECANCELED;
        won += value == EDDYI_IN;
        assert_int_equal(cancelled + won, i + 1);
        ResetEvent(event);
    }
    assert_true(cancelled > 0);
    assert_true(won > 0);
    nothing_more(&b);
    eddyi_backend_iocp.detach(b.backend, &d);
    CloseHandle(event);
    bench_close(&b);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--end") == 0)
        return 7;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_W1_success_at_once_and_by_packet_are_the_same),
        cmocka_unit_test(fault_W1_cut_datagrams_are_told_once),
        cmocka_unit_test(fault_W3_memory_is_held_until_the_packet_is_taken),
        cmocka_unit_test(fault_W3_listener_closed_with_accepts_outstanding),
        cmocka_unit_test(fault_W4_readiness_is_that_of_other_systems),
        cmocka_unit_test(fault_W4_readiness_asked_through_a_socket_of_our_own),
        cmocka_unit_test(fault_W4_socket_closed_under_its_poll_is_told),
        cmocka_unit_test(fault_W5_socket_of_another_port_works_and_stays_there),
        cmocka_unit_test(fault_W5_pipe_of_another_port_is_refused),
        cmocka_unit_test(attached_again_it_is_the_ports_again),
        cmocka_unit_test(pipe_that_blocks_is_refused),
        cmocka_unit_test(packets_of_strangers_reach_nobody),
        cmocka_unit_test(end_of_a_child_comes_through_the_port),
        cmocka_unit_test(handle_is_told_as_long_as_it_is_signalled),
        cmocka_unit_test(attach_takes_no_signal),
        cmocka_unit_test(handle_cancelled_against_its_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
