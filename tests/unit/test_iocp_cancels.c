/* test_iocp_cancels.c: W2: ten thousand cancels against completions. No byte is lost, told twice or out of its order, and no memory is touched once its op
 * was told. Touches seam 1, sockets, pipes, threads and pages. Both outcomes are counted; a race that has one only is a failure. */
#include "unit/test_iocp_bench.h"

enum { LANES = 32, LARGEST = 64 };

static int cancelled, won, partly;

static void both_happened(int at_least)
{
    print_message("%d cancelled, %d won\n", cancelled, won);
    assert_true(cancelled >= at_least);
    assert_true(won >= at_least);
    cancelled = won = 0;
}

/* ---- somebody who writes by the main thread's leave, at no certain time ---- */

typedef struct writer {
    eddy_fd fd;
    bool is_pipe;
    HANDLE thread, leave; /* a semaphore: so many pieces may be written */
    atomic_bool over;
    uint64_t random;
    _Atomic(uint64_t) written;
} writer;

/* xorshift64, Marsaglia 2003 */
static uint64_t next_random(uint64_t *random, uint64_t below)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (*random >> 11) % below;
}

static unsigned char byte_at(uint64_t offset)
{
    return (unsigned char)(offset ^ offset >> 8);
}

static void dawdle(uint64_t *random)
{
    volatile uint64_t turns =
        next_random(random, 4) == 0 ? next_random(random, 20000) : next_random(random, 400);
    while (turns > 0)
        turns--;
}

static bool write_piece(writer *w, const unsigned char *piece, DWORD size)
{
    OVERLAPPED overlapped = {0};
    DWORD written = 0;
    if (!w->is_pipe)
        return send((SOCKET)w->fd, (const char *)piece, (int)size, 0) == (int)size;
    return (WriteFile((HANDLE)w->fd, piece, size, NULL, &overlapped) || GetLastError() == ERROR_IO_PENDING) &&
           GetOverlappedResult((HANDLE)w->fd, &overlapped, &written, TRUE) && written == size;
}

static DWORD WINAPI write_pieces(void *arg)
{
    writer *w = arg;
    unsigned char piece[LARGEST];
    while (WaitForSingleObject(w->leave, INFINITE) == WAIT_OBJECT_0 && !atomic_load(&w->over)) {
        DWORD size = 1 + (DWORD)next_random(&w->random, LARGEST);
        uint64_t offset = atomic_load(&w->written);
        for (DWORD i = 0; i < size; i++)
            piece[i] = byte_at(offset + i);
        dawdle(&w->random);
        if (!write_piece(w, piece, size))
            return 1;
        atomic_store(&w->written, offset + size);
    }
    return 0;
}

static void writer_start(writer *w, eddy_fd fd, bool is_pipe, LPTHREAD_START_ROUTINE write)
{
    *w = (writer){.fd = fd, .is_pipe = is_pipe, .random = 4711};
    w->leave = CreateSemaphoreW(NULL, 0, 1000000, NULL);
    assert_non_null(w->leave);
    w->thread = CreateThread(NULL, 0, write, w, 0, NULL);
    assert_non_null(w->thread);
}

static void writer_stop(writer *w)
{
    DWORD status = 1;
    atomic_store(&w->over, true);
    ReleaseSemaphore(w->leave, 1, NULL);
    assert_int_equal(WaitForSingleObject(w->thread, 10000), WAIT_OBJECT_0);
    assert_true(GetExitCodeThread(w->thread, &status));
    assert_int_equal(status, 0);
    CloseHandle(w->thread);
    CloseHandle(w->leave);
}

/* ---- receiving ---- */

/* The op at the beginning of one page, its buffer at the end of another: one byte too many would be a fault. */
typedef struct lane {
    trial *trial;
    unsigned char *page, *buffer;
} lane;

static void lane_open(lane *l)
{
    l->trial = page_take(l->trial);
    l->page = page_take(l->page);
    l->buffer = l->page + PAGE - LARGEST;
}

static void lane_close(lane *l)
{
    page_close(l->trial);
    page_close(l->page);
}

/* Checks what was received, and that nothing else was written. */
static void check(const lane *l, int64_t value, uint64_t *received)
{
    int64_t count = value > 0 ? value : 0;
    assert_in_range(count, 0, LARGEST);
    for (int64_t i = 0; i < count; i++)
        assert_int_equal(l->buffer[i], byte_at(*received + (uint64_t)i));
    for (int64_t i = count; i < LARGEST; i++)
        assert_int_equal(l->buffer[i], 0xa5);
    *received += (uint64_t)count;
}

typedef struct race {
    bench b;
    eddyi_descriptor d;
    enum eddyi_op_kind kind;
    writer w;
    lane lanes[LANES];
    uint64_t random, received, leaves;
} race;

static void one_receive(race *r, int turn, int *cancels)
{
    lane *l = &r->lanes[turn % LANES]; /* the other lanes' memory stays closed */
    lane_open(l);
    trial *t = l->trial;
    prepare(t, &r->d, r->kind, l->buffer, LARGEST);
    submit(&r->b, t);
    if (t->lent && next_random(&r->random, 8) != 0)
        ReleaseSemaphore(r->w.leave, 1, NULL);
    dawdle(&r->random);
    if (t->lent && next_random(&r->random, 2) == 0)
        (void)step(&r->b, 0);
    bool raced = t->lent;
    if (raced) {
        cancel(&r->b, t);
        ++*cancels;
    }
    int64_t value = finish(&r->b, t);
    check(l, value, &r->received);
    if (raced && value == EDDY_ECANCELED)
        cancelled++;
    else
        assert_in_range(value, 1, LARGEST);
    won += raced && value > 0;
    lane_close(l);
}

static void race_close(race *r)
{
    for (int i = 0; i < LANES; i++) {
        if (r->lanes[i].trial != NULL)
            page_free(r->lanes[i].trial);
        if (r->lanes[i].page != NULL)
            page_free(r->lanes[i].page);
    }
    release(&r->b, &r->d);
    bench_close(&r->b);
}

static void receive_the_rest(race *r)
{
    unsigned char rest[LARGEST];
    while (r->received < atomic_load(&r->w.written)) {
        int64_t n = perform(&r->b, &r->d, r->kind, rest, sizeof rest);
        assert_in_range(n, 1, LARGEST);
        for (int64_t i = 0; i < n; i++)
            assert_int_equal(rest[i], byte_at(r->received + (uint64_t)i));
        r->received += (uint64_t)n;
    }
    assert_int_equal(r->received, atomic_load(&r->w.written));
    nothing_more(&r->b);
}

static void receive_races(int how, eddy_fd ends[2], enum eddyi_op_kind kind, int wanted)
{
    static race r;
    int cancels = 0;
    r = (race){.b = bench_open(how), .kind = kind, .random = 815};
    attach(&r.b, &r.d, ends[0], kind == EDDYI_READ ? EDDYI_PIPE : EDDYI_STREAM);
    writer_start(&r.w, ends[1], kind == EDDYI_READ, write_pieces);
    for (int turn = 0; cancels < wanted; turn++) {
        assert_true(turn < wanted * 20);
        one_receive(&r, turn, &cancels);
    }
    writer_stop(&r.w);
    receive_the_rest(&r);
    race_close(&r);
    close_now(ends[1]);
    both_happened(wanted / 100);
}

static void fault_W2_six_thousand_cancelled_receives_lose_no_byte(void **state)
{
    eddy_fd ends[2];
    (void)state;
    socket_pair(ends);
    receive_races(SKIP, ends, EDDYI_RECV, 6000);
}

static void fault_W2_two_thousand_with_every_success_by_packet(void **state)
{
    eddy_fd ends[2];
    (void)state;
    socket_pair(ends);
    receive_races(NEVER_SKIP, ends, EDDYI_RECV, 2000);
}

static void fault_W2_thousand_cancelled_reads_of_a_pipe_lose_no_byte(void **state)
{
    eddy_fd ends[2];
    (void)state;
    pipe_pair(ends);
    receive_races(SKIP, ends, EDDYI_READ, 1000);
}

/* ---- datagrams: each comes once and in its turn ---- */

static DWORD WINAPI write_numbers(void *arg)
{
    writer *w = arg;
    while (WaitForSingleObject(w->leave, INFINITE) == WAIT_OBJECT_0 && !atomic_load(&w->over)) {
        uint64_t number = atomic_load(&w->written);
        dawdle(&w->random);
        if (send((SOCKET)w->fd, (const char *)&number, sizeof number, 0) != sizeof number)
            return 1;
        atomic_store(&w->written, number + 1);
    }
    return 0;
}

static void check_number(const lane *l, int64_t value, uint64_t *received)
{
    uint64_t number;
    if (value == EDDY_ECANCELED)
        return;
    assert_int_equal(value, sizeof number);
    memcpy(&number, l->buffer, sizeof number);
    assert_int_equal(number, *received);
    ++*received;
}

static void one_number(race *r, int turn, int *cancels)
{
    enum { MOST_AHEAD = 32 }; /* few enough for the socket's buffer */
    lane *l = &r->lanes[turn % LANES];
    lane_open(l);
    trial *t = l->trial;
    prepare(t, &r->d, EDDYI_RECVFROM, l->buffer, LARGEST);
    submit(&r->b, t);
    if (r->leaves - r->received < MOST_AHEAD && next_random(&r->random, 8) != 0) {
        ReleaseSemaphore(r->w.leave, 1, NULL);
        r->leaves++;
    }
    dawdle(&r->random);
    bool raced = t->lent;
    if (raced) {
        cancel(&r->b, t);
        ++*cancels;
    }
    int64_t value = finish(&r->b, t);
    check_number(l, value, &r->received);
    cancelled += value == EDDY_ECANCELED;
    won += raced && value > 0;
    lane_close(l);
}

static void fault_W2_five_hundred_cancelled_datagrams_come_once(void **state)
{
    static race r;
    eddyi_address at;
    eddy_fd fd = bound_socket(EDDYI_SOCKET_DATAGRAM, &at), other;
    int cancels = 0;
    (void)state;
    r = (race){.b = bench_open(SKIP), .random = 77};
    attach(&r.b, &r.d, fd, EDDYI_DATAGRAM);
    assert_int_equal(eddyi_platform_net.socket(NULL, &other, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_DATAGRAM), 0);
    assert_int_equal(connect((SOCKET)other, (const struct sockaddr *)(const void *)at.bytes, (int)at.size),
                     0);
    writer_start(&r.w, other, false, write_numbers);
    for (int turn = 0; cancels < 500; turn++) {
        assert_true(turn < 10000);
        one_number(&r, turn, &cancels);
    }
    while (r.received < r.leaves) {
        lane *l = &r.lanes[0];
        lane_open(l);
        check_number(l, perform(&r.b, &r.d, EDDYI_RECVFROM, l->buffer, LARGEST), &r.received);
    }
    writer_stop(&r.w);
    race_close(&r);
    close_now(other);
    both_happened(5);
}

/* ---- sending: what was told is what the peer gets ---- */

enum {
    BUFFERED = 8 * PAGE,
    CHUNK = 64 * PAGE
}; /* the long sends go out in pieces, the short ones at once or not at all */

typedef struct reader {
    eddy_fd fd;
    HANDLE thread, leave, progress;
    uint64_t received;
} reader;

static DWORD WINAPI read_all(void *arg)
{
    static unsigned char in[BUFFERED];
    reader *r = arg;
    for (;;) {
        if (WaitForSingleObject(r->leave, INFINITE) != WAIT_OBJECT_0)
            return 1;
        int n = recv((SOCKET)r->fd, (char *)in, sizeof in, 0);
        if (n <= 0)
            return n == 0 ? 0 : 2;
        for (int i = 0; i < n; i++)
            if (in[i] != byte_at(r->received + (uint64_t)i))
                return 3;
        r->received += (uint64_t)n;
        SetEvent(r->progress);
    }
}

static void one_send(race *r, reader *peer, unsigned char *chunk, uint64_t *sent, int *cancels)
{
    DWORD before;
    trial t;
    assert_true(VirtualProtect(chunk, CHUNK, PAGE_READWRITE, &before));
    for (size_t i = 0; i < CHUNK; i++)
        chunk[i] = byte_at(*sent + i);
    assert_true(VirtualProtect(chunk, CHUNK, PAGE_READONLY, &before));
    size_t size = next_random(&r->random, 2) == 0 ? CHUNK : BUFFERED;
    prepare(&t, &r->d, EDDYI_SEND, chunk, size);
    submit(&r->b, &t);
    if (t.lent && next_random(&r->random, 4) != 0)
        ReleaseSemaphore(peer->leave, 4, NULL);
    dawdle(&r->random);
    if (t.lent && next_random(&r->random, 4) == 0)
        (void)WaitForSingleObject(peer->progress, 1); /* some of it goes out */
    bool raced = t.lent;
    if (raced) {
        cancel(&r->b, &t);
        ++*cancels;
    }
    int64_t value = finish(&r->b, &t);
    assert_true(VirtualProtect(chunk, CHUNK, PAGE_NOACCESS, &before)); /* who reads it now reads nothing */
    if (value == EDDY_ECANCELED) {
        cancelled++;
        return;
    }
    assert_in_range(value, 1, size);
    *sent += (uint64_t)value;
    won += raced;
    partly += raced && value < (int64_t)size;
}

static void fault_W2_five_hundred_cancelled_sends_tell_what_went_out(void **state)
{
    enum { CHUNKS = 16 };
    static race r;
    eddy_fd ends[2];
    uint64_t sent = 0;
    int cancels = 0;
    DWORD status = 9;
    reader peer = {.leave = CreateSemaphoreW(NULL, 0, 1000000, NULL),
                   .progress = CreateEventW(NULL, FALSE, FALSE, NULL)};
    (void)state;
    unsigned char *chunks = VirtualAlloc(NULL, CHUNKS * CHUNK, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    assert_non_null(chunks);
    socket_pair(ends);
    assert_int_equal(eddyi_platform_net.set_option(NULL, ends[0], EDDYI_SEND_BUFFER, BUFFERED), 0);
    assert_int_equal(eddyi_platform_net.set_option(NULL, ends[1], EDDYI_RECEIVE_BUFFER, 2 * BUFFERED), 0);
    peer.fd = ends[1];
    r = (race){.b = bench_open(SKIP), .random = 99};
    attach(&r.b, &r.d, ends[0], EDDYI_STREAM);
    peer.thread = CreateThread(NULL, 0, read_all, &peer, 0, NULL);
    for (int turn = 0; cancels < 500; turn++) {
        assert_true(turn < 20000);
        one_send(&r, &peer, chunks + turn % CHUNKS * CHUNK, &sent, &cancels);
    }
    assert_int_equal(eddyi_platform_net.shutdown(NULL, ends[0], EDDYI_SHUT_WRITE), 0);
    ReleaseSemaphore(peer.leave, 900000, NULL);
    assert_int_equal(WaitForSingleObject(peer.thread, 20000), WAIT_OBJECT_0);
    assert_true(GetExitCodeThread(peer.thread, &status));
    assert_int_equal(status, 0);
    assert_int_equal(peer.received, sent);
    nothing_more(&r.b);
    CloseHandle(peer.thread);
    CloseHandle(peer.leave);
    CloseHandle(peer.progress);
    page_free(chunks);
    race_close(&r);
    close_now(ends[1]);
    both_happened(5);
    assert_true(partly >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_W2_six_thousand_cancelled_receives_lose_no_byte),
        cmocka_unit_test(fault_W2_two_thousand_with_every_success_by_packet),
        cmocka_unit_test(fault_W2_thousand_cancelled_reads_of_a_pipe_lose_no_byte),
        cmocka_unit_test(fault_W2_five_hundred_cancelled_datagrams_come_once),
        cmocka_unit_test(fault_W2_five_hundred_cancelled_sends_tell_what_went_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
