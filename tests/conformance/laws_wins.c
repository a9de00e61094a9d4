/* laws_wins.c: the laws wins and bounded: a cancel is a request, what completed is reported, and it ends soon either way.
 * Touches the bench only. Each race counts both outcomes, and fails when one of them never came. */
#include "conformance/laws_support.h"

#include <fcntl.h>
#include <unistd.h>

#include "conformance/laws_tests.h"

enum { RACES = 200 };

/* How often each side won, over all seeds: one seed of a simulated network may well know one outcome only. */
static int cancelled, won;

static void both_happened(void)
{
    assert_true(cancelled > 0);
    assert_true(won > 0);
    cancelled = won = 0;
}

/* Give the other side some time or none, by chance. */
static void some_time(law_bench *b)
{
    switch (law_random(b, 3)) {
    case 0:
        break;
    case 1:
        law_step(b, 0, LAW_ROOM);
        break;
    default:
        law_step_for(b, law_random(b, 300000));
    }
}

static void receive_race(law_bench *b)
{
    law_pair pair;
    unsigned char next_out = 0, next_in = 0, buffer[16], out[4];
    uint64_t sent = 0, received = 0;
    law_connect_pair(b, &pair);
    for (int i = 0; i < RACES; i++) {
        law_op receive = law_make(&pair.near, EDDYI_RECV, buffer, sizeof buffer);
        law_submit(b, &receive);
        size_t size = (size_t)law_random(b, sizeof out);
        for (size_t k = 0; k < size; k++)
            out[k] = next_out++;
        law_op send = law_make(&pair.far, EDDYI_SEND, out, size);
        if (size > 0) {
            law_submit(b, &send);
            some_time(b);
        }
        bool raced = receive.lent;
        if (raced)
            law_cancel(b, &receive);
        law_finish(b, &receive);
        law_finish(b, &send);
        if (size > 0) {
            assert_in_range(send.value, 1, size);
            next_out = (unsigned char)(next_out - (size - (size_t)send.value));
            sent += (uint64_t)send.value;
        }
        if (receive.value == EDDY_ECANCELED) {
            cancelled++;
            continue;
        }
        assert_in_range(receive.value, 1, sizeof buffer);
        won++;
        for (int64_t k = 0; k < receive.value; k++)
            assert_int_equal(buffer[k], next_in++);
        received += (uint64_t)receive.value;
    }
    while (received < sent) {
        law_receive_all(b, &pair.near, buffer, 1);
        assert_int_equal(buffer[0], next_in++);
        received++;
    }
    law_release_pair(b, &pair);
}

void law_wins_receive_race_loses_no_byte(void **state)
{
    (void)state;
    law_run(receive_race);
    both_happened();
}

static void accept_race(law_bench *b)
{
    eddyi_descriptor listener;
    eddyi_address at;
    law_listen(b, &listener, &at);
    for (int i = 0; i < RACES / 4; i++) {
        eddyi_descriptor client;
        law_client(b, &client);
        law_op accept = law_make(&listener, EDDYI_ACCEPT, NULL, 0);
        law_op connect = law_make(&client, EDDYI_CONNECT, NULL, 0);
        connect.address = at;
        bool first = law_random(b, 4) == 0; /* some networks connect before anybody could cancel */
        law_submit(b, &accept);
        if (first && accept.lent)
            law_cancel(b, &accept);
        law_submit(b, &connect);
        some_time(b);
        if (accept.lent)
            law_cancel(b, &accept);
        law_finish(b, &accept);
        law_finish(b, &connect);
        assert_int_equal(connect.value, 0);
        if (accept.value == EDDY_ECANCELED) { /* then the connection is still in the queue */
            cancelled++;
            accept.value = law_do(b, &listener, EDDYI_ACCEPT, NULL, 0);
        } else {
            won++;
        }
        assert_true(accept.value >= 0);
        b->net->close(b->backend, (eddy_fd)accept.value);
        law_release(b, &client);
    }
    law_release(b, &listener);
}

void law_wins_accept_race_loses_no_connection(void **state)
{
    (void)state;
    law_run(accept_race);
    both_happened();
}

typedef struct stream_check {
    unsigned char next;
    uint64_t bytes;
} stream_check;

static void check_stream(law_op *o, const eddyi_result *result)
{
    stream_check *check = o->context;
    if (result->value <= 0)
        return;
    uint32_t index = result->flags >> 16;
    const unsigned char *bytes = o->buffers[index].data;
    for (int64_t i = 0; i < result->value; i++)
        assert_int_equal(bytes[i], check->next++);
    check->bytes += (uint64_t)result->value;
    o->op.free_buffers |= UINT32_C(1) << index;
    won++;
}

static void multi_receive_race(law_bench *b)
{
    law_pair pair;
    unsigned char buffers[2][4], out[8], next_out = 0;
    stream_check check = {0, 0};
    uint64_t sent = 0;
    law_connect_pair(b, &pair);
    law_op receive = law_make(&pair.near, EDDYI_RECV, buffers[0], sizeof buffers[0]);
    receive.buffers[1] = (eddyi_buffer){buffers[1], sizeof buffers[1]};
    receive.op.buffer_count = 2;
    receive.op.flags = EDDYI_MULTI | EDDYI_PICK_BUFFER;
    receive.op.free_buffers = 3;
    receive.each = check_stream;
    receive.context = &check;
    for (int i = 0; i < RACES; i++) {
        if (!receive.lent)
            law_submit(b, &receive);
        for (size_t k = 0; k < sizeof out; k++)
            out[k] = (unsigned char)(next_out + k);
        law_op send = law_make(&pair.far, EDDYI_SEND, out, 1 + (size_t)law_random(b, sizeof out));
        law_submit(b, &send);
        some_time(b);
        law_take_back(b, &receive);
        cancelled += receive.value == EDDY_ECANCELED;
        law_finish(b, &send);
        assert_true(send.value > 0);
        next_out = (unsigned char)(next_out + send.value);
        sent += (uint64_t)send.value;
    }
    uint64_t limit = law_now(b) + LAW_PATIENCE;
    law_submit(b, &receive);
    while (check.bytes < sent) {
        law_step(b, law_now(b) + LAW_MILLISECOND, LAW_ROOM);
        assert_true(law_now(b) < limit);
    }
    law_take_back(b, &receive);
    assert_int_equal(check.bytes, sent);
    law_release_pair(b, &pair);
}

void law_wins_multi_receive_race_loses_no_byte(void **state)
{
    (void)state;
    law_run(multi_receive_race);
    both_happened();
}

enum { CHUNK = 64 * 1024, SENDS = 150 };

static unsigned char byte_at(uint64_t offset)
{
    return (unsigned char)(offset * 7 >> 3);
}

static void compare(const unsigned char *in, int64_t count, uint64_t *received)
{
    for (int64_t i = 0; i < count; i++)
        if (in[i] != byte_at(*received + (uint64_t)i))
            fail_msg("byte %llu differs", (unsigned long long)*received + (unsigned long long)i);
    *received += count > 0 ? (uint64_t)count : 0;
}

/* Fill the connection until a send stays pending, cancel it by chance while the peer reads, and compare all bytes. */
static void send_race(law_bench *b)
{
    static unsigned char out[CHUNK], in[CHUNK];
    law_pair pair;
    uint64_t sent = 0, received = 0;
    law_connect_pair(b, &pair);
    for (int races = 0, i = 0; races < SENDS && i < 20 * SENDS; i++) {
        for (size_t k = 0; k < CHUNK; k++)
            out[k] = byte_at(sent + k);
        law_op send = law_make(&pair.near, EDDYI_SEND, out, CHUNK);
        law_submit(b, &send);
        if (send.lent)
            law_step_for(b, LAW_MILLISECOND / 2);
        bool waited = send.lent; /* until the peer reads */
        for (uint64_t reads = waited ? law_random(b, 8) : 0; reads > 0; reads--) {
            law_op receive = law_make(&pair.far, EDDYI_RECV, in, CHUNK);
            law_submit(b, &receive);
            some_time(b);
            law_take_back(b, &receive);
            compare(in, receive.value, &received);
        }
        law_take_back(b, &send);
        races += waited;
        if (send.value == EDDY_ECANCELED) {
            cancelled++;
            continue;
        }
        assert_in_range(send.value, 1, CHUNK);
        won += waited;
        sent += (uint64_t)send.value;
    }
    assert_int_equal(b->net->shutdown(b->backend, pair.near.fd, EDDYI_SHUT_WRITE), 0);
    for (int64_t n = 1; n > 0;) {
        n = law_do(b, &pair.far, EDDYI_RECV, in, CHUNK);
        assert_true(n >= 0);
        compare(in, n, &received);
    }
    assert_int_equal(received, sent);
    law_release_pair(b, &pair);
}

void law_wins_send_race_sends_what_it_says(void **state)
{
    (void)state;
    law_run(send_race);
    both_happened();
}

/* ---- bounded ---- */

static void comes_back(law_bench *b, law_op *o)
{
    law_submit(b, o);
    if (!o->lent)
        return;
    law_step(b, 0, LAW_ROOM);
    uint64_t asked = law_now(b);
    if (o->lent)
        law_cancel(b, o);
    law_finish(b, o);
    assert_true(law_now(b) - asked < 1000 * LAW_MILLISECOND);
    assert_int_equal(o->reports, 1);
}

static void every_kind(law_bench *b)
{
    law_pair pair;
    eddyi_descriptor listener, datagram, client;
    eddyi_address at, at_datagram;
    char buffer[8];
    static char block[256 * 1024];
    law_listen(b, &listener, &at);
    law_connect_pair(b, &pair);
    law_datagram(b, &datagram, &at_datagram);
    for (int i = 0; i < 10; i++) {
        law_op accept = law_make(&listener, EDDYI_ACCEPT, NULL, 0);
        law_op receive = law_make(&pair.near, EDDYI_RECV, buffer, sizeof buffer);
        law_op receive_from = law_make(&datagram, EDDYI_RECVFROM, buffer, sizeof buffer);
        law_op poll = law_make(&pair.near, EDDYI_POLL, NULL, 0);
        poll.op.events = EDDYI_IN;
        law_op connect = law_make(&client, EDDYI_CONNECT, NULL, 0);
        connect.address = at;
        comes_back(b, &accept);
        assert_int_equal(accept.value, EDDY_ECANCELED);
        comes_back(b, &receive);
        assert_int_equal(receive.value, EDDY_ECANCELED);
        comes_back(b, &receive_from);
        assert_int_equal(receive_from.value, EDDY_ECANCELED);
        comes_back(b, &poll);
        assert_int_equal(poll.value, EDDY_ECANCELED);
        law_client(b, &client);
        comes_back(b, &connect);
        assert_true(connect.value == 0 || connect.value == EDDY_ECANCELED);
        law_release(b, &client);
        int64_t dead = 0; /* the connection may have been made nevertheless */
        for (;;) {
            law_op drain = law_make(&listener, EDDYI_ACCEPT, NULL, 0);
            law_submit(b, &drain);
            law_step_for(b, LAW_MILLISECOND);
            law_take_back(b, &drain);
            dead = drain.value;
            if (dead < 0)
                break;
            b->net->close(b->backend, (eddy_fd)dead);
        }
    }
    for (int i = 0; i < 200; i++) { /* until the peer's buffers are full, a send then waits */
        law_op send = law_make(&pair.near, EDDYI_SEND, block, sizeof block);
        comes_back(b, &send);
        if (send.value == EDDY_ECANCELED)
            break;
        assert_true(i < 199);
    }
    law_release(b, &datagram);
    law_release_pair(b, &pair);
    law_release(b, &listener);
}

void law_bounded_every_kind_comes_back_after_cancel(void **state)
{
    (void)state;
    law_run(every_kind);
}

static void pipe_read(law_bench *b)
{
    int ends[2];
    char buffer[8];
    eddyi_descriptor in, out;
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    law_attach(b, &in, ends[0], EDDYI_PIPE);
    law_attach(b, &out, ends[1], EDDYI_PIPE);
    for (int i = 0; i < 10; i++) {
        law_op read_op = law_make(&in, EDDYI_READ, buffer, sizeof buffer);
        comes_back(b, &read_op);
        assert_int_equal(read_op.value, EDDY_ECANCELED);
        assert_int_equal(law_do(b, &out, EDDYI_WRITE, "pipe", 4), 4);
        assert_int_equal(law_do(b, &in, EDDYI_READ, buffer, sizeof buffer), 4);
        assert_memory_equal(buffer, "pipe", 4);
    }
    law_op last = law_make(&in, EDDYI_READ, buffer, sizeof buffer);
    law_submit(b, &last);
    law_release(b, &out);
    law_finish(b, &last);
    assert_int_equal(last.value, 0);
    law_release(b, &in);
}

void law_bounded_pipe_read_comes_back_after_cancel(void **state)
{
    (void)state;
    if (law_needs_real("there are no pipes in a simulated network") &&
        law_needs(SUPPORT_READS_PIPES, "the backend reads no pipes"))
        law_run(pipe_read);
}
