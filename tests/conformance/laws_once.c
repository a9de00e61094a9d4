/* laws_once.c: the laws once, quiet and lent: every op is reported once, results come in an array and are kept when there
 * is no room, and what is lent is touched by nobody else. Touches the bench only. */
#include "conformance/laws_support.h"

#include "conformance/laws_tests.h"

enum { PAIRS = 6, ROUNDS = 200 };

/* After everything ended, nothing may be reported any more. */
static void nothing_more(law_bench *b)
{
    for (int i = 0; i < 3; i++)
        assert_int_equal(law_step_for(b, LAW_MILLISECOND), 0);
}

/* ---- once ---- */

static void count_bytes(law_op *o, const eddyi_result *result)
{
    uint64_t *received = o->context;
    if (result->value > 0)
        *received += (uint64_t)result->value;
}

static void each_once(law_bench *b)
{
    law_pair pairs[PAIRS];
    law_op receives[PAIRS];
    char in[PAIRS][8], out[8] = "abcdefg";
    uint64_t sent[PAIRS] = {0}, received[PAIRS] = {0};
    for (int i = 0; i < PAIRS; i++) {
        law_connect_pair(b, &pairs[i]);
        receives[i] = law_make(&pairs[i].near, EDDYI_RECV, in[i], sizeof in[i]);
        receives[i].each = count_bytes;
        receives[i].context = &received[i];
    }
    for (int round = 0; round < ROUNDS; round++) {
        int i = (int)law_random(b, PAIRS);
        if (!receives[i].lent)
            law_submit(b, &receives[i]);
        if (law_random(b, 2) == 0) {
            size_t size = 1 + (size_t)law_random(b, sizeof out);
            law_send_all(b, &pairs[i].far, out, size);
            sent[i] += size;
        }
        law_step(b, 0, 1 + (int)law_random(b, 4));
        for (int k = 0; k < PAIRS; k++)
            assert_true(receives[k].reports <= 1);
    }
    for (int i = 0; i < PAIRS; i++) {
        while (received[i] < sent[i]) {
            if (!receives[i].lent)
                law_submit(b, &receives[i]);
            law_finish(b, &receives[i]);
            assert_int_equal(receives[i].reports, 1);
            assert_true(receives[i].value > 0);
        }
        assert_int_equal(received[i], sent[i]);
        law_take_back(b, &receives[i]);
    }
    nothing_more(b);
    for (int i = 0; i < PAIRS; i++)
        law_release_pair(b, &pairs[i]);
}

void law_once_each_pending_op_is_reported_once(void **state)
{
    (void)state;
    law_run(each_once);
}

typedef struct accepted {
    eddy_fd fds[64];
    int count, lasts;
} accepted;

static void keep_accepted(law_op *o, const eddyi_result *result)
{
    accepted *a = o->context;
    a->lasts += (result->flags & EDDYI_LAST) != 0;
    if (result->value >= 0) {
        assert_true(a->count < 64);
        a->fds[a->count++] = (eddy_fd)result->value;
    }
}

static void multi_accept(law_bench *b)
{
    enum { CLIENTS = 40 };
    eddyi_descriptor listener, clients[CLIENTS];
    eddyi_address at;
    accepted a = {.count = 0};
    law_listen(b, &listener, &at);
    law_op accept = law_make(&listener, EDDYI_ACCEPT, NULL, 0);
    accept.op.flags = EDDYI_MULTI;
    accept.each = keep_accepted;
    accept.context = &a;
    law_submit(b, &accept);
    assert_true(accept.lent); /* a multi-shot op is always pending */
    for (int i = 0; i < CLIENTS; i++) {
        law_op connect = law_make(&clients[i], EDDYI_CONNECT, NULL, 0);
        law_client(b, &clients[i]);
        connect.address = at;
        law_submit(b, &connect);
        law_finish(b, &connect);
        assert_int_equal(connect.value, 0);
    }
    uint64_t limit = law_now(b) + LAW_PATIENCE;
    while (a.count < CLIENTS) {
        law_step(b, limit, LAW_ROOM);
        assert_true(law_now(b) < limit || a.count == CLIENTS);
    }
    assert_int_equal(a.lasts, 0);
    law_take_back(b, &accept);
    assert_int_equal(a.lasts, 1);
    assert_int_equal(accept.value, EDDY_ECANCELED);
    nothing_more(b);
    for (int i = 0; i < CLIENTS; i++) {
        law_release(b, &clients[i]);
        b->net->close(b->backend, a.fds[i]);
    }
    law_release(b, &listener);
}

void law_once_multi_accept_reports_each_connection_and_one_last(void **state)
{
    (void)state;
    law_run(multi_accept);
}

typedef struct picked {
    char text[256];
    size_t size;
    uint32_t lent_buffers; /* those we gave: a pick must be one of them */
    int lasts;
} picked;

static void keep_picked(law_op *o, const eddyi_result *result)
{
    picked *p = o->context;
    p->lasts += (result->flags & EDDYI_LAST) != 0;
    if (result->value <= 0)
        return;
    uint32_t index = result->flags >> 16, bit = UINT32_C(1) << index;
    assert_in_range(index, 0, 2);
    assert_true(p->lent_buffers & bit);
    assert_false(o->op.free_buffers & bit); /* the backend takes its bit */
    assert_in_range(result->value, 1, o->buffers[index].size);
    assert_true(p->size + (size_t)result->value <= sizeof p->text);
    memcpy(p->text + p->size, o->buffers[index].data, (size_t)result->value);
    p->size += (size_t)result->value;
    p->lent_buffers &= ~bit;
}

static void give_buffers(law_op *o, uint32_t bits)
{
    picked *p = o->context;
    p->lent_buffers |= bits;
    o->op.free_buffers |= bits;
}

static void multi_receive(law_bench *b)
{
    law_pair pair;
    char buffers[3][4];
    picked p = {.size = 0};
    static const char text[] = "multi-shot receive into picked buffers";
    law_connect_pair(b, &pair);
    law_op receive = law_make(&pair.near, EDDYI_RECV, buffers[0], sizeof buffers[0]);
    for (int i = 0; i < 3; i++)
        receive.buffers[i] = (eddyi_buffer){buffers[i], sizeof buffers[i]};
    receive.op.buffer_count = 3;
    receive.op.flags = EDDYI_MULTI | EDDYI_PICK_BUFFER;
    receive.each = keep_picked;
    receive.context = &p;
    give_buffers(&receive, 5); /* not the middle one */
    law_submit(b, &receive);
    assert_true(receive.lent);
    law_send_all(b, &pair.far, text, sizeof text);
    uint64_t limit = law_now(b) + LAW_PATIENCE;
    while (p.size < sizeof text) {
        law_step(b, law_now(b) + LAW_MILLISECOND, LAW_ROOM);
        assert_true(law_now(b) < limit);
        if (p.lent_buffers == 0) /* starved until now, and must go on without a new event */
            give_buffers(&receive, 1 + (uint32_t)law_random(b, 7));
    }
    assert_memory_equal(p.text, text, sizeof text);
    give_buffers(&receive, 1);
    assert_int_equal(p.lasts, 0);
    assert_int_equal(b->net->shutdown(b->backend, pair.far.fd, EDDYI_SHUT_WRITE), 0);
    law_finish(b, &receive);
    assert_int_equal(receive.value, 0);
    assert_int_equal(p.lasts, 1);
    nothing_more(b);
    law_release_pair(b, &pair);
}

void law_once_multi_receive_picks_free_buffers_and_ends_once(void **state)
{
    (void)state;
    law_run(multi_receive);
}

static void count_report(law_op *o, const eddyi_result *result)
{
    int *lasts = o->context;
    *lasts += (result->flags & EDDYI_LAST) != 0;
    if (result->value >= 0)
        assert_true(result->value & EDDYI_IN);
}

static void multi_poll(law_bench *b)
{
    law_pair pair;
    int lasts = 0;
    char byte;
    law_connect_pair(b, &pair);
    law_op poll = law_make(&pair.near, EDDYI_POLL, NULL, 0);
    poll.op.events = EDDYI_IN;
    poll.op.flags = EDDYI_MULTI;
    poll.each = count_report;
    poll.context = &lasts;
    law_submit(b, &poll);
    assert_int_equal(law_step_for(b, LAW_MILLISECOND), 0); /* does not hold yet */
    law_send_all(b, &pair.far, "x", 1);
    uint64_t limit = law_now(b) + LAW_PATIENCE;
    while (poll.reports < 5) {
        law_step(b, law_now(b) + LAW_MILLISECOND, LAW_ROOM);
        assert_true(law_now(b) < limit);
    }
    law_take_back(b, &poll);
    assert_int_equal(lasts, 1);
    law_receive_all(b, &pair.near, &byte, 1);
    lasts = 0;
    law_submit(b, &poll);
    nothing_more(b); /* held, and holds no more */
    law_take_back(b, &poll);
    assert_int_equal(lasts, 1);
    law_release_pair(b, &pair);
}

void law_once_multi_poll_reports_while_it_holds(void **state)
{
    (void)state;
    law_run(multi_poll);
}

static void datagrams(law_bench *b)
{
    eddyi_descriptor from, to;
    eddyi_address at_from, at_to;
    char in[16];
    law_datagram(b, &from, &at_from);
    law_datagram(b, &to, &at_to);
    for (size_t size = 0; size < 4; size++) {
        law_op receive = law_make(&to, EDDYI_RECVFROM, in, sizeof in);
        law_op send = law_make(&from, EDDYI_SENDTO, "abcdef", size);
        send.address = at_to;
        law_submit(b, &receive);
        law_submit(b, &send);
        law_finish(b, &send);
        law_finish(b, &receive);
        assert_int_equal(send.value, size);
        assert_int_equal(receive.value, size);
        assert_memory_equal(in, "abcdef", size);
        assert_int_equal(b->net->port(&receive.address), b->net->port(&at_from));
    }
    nothing_more(b);
    law_release(b, &from);
    law_release(b, &to);
}

void law_once_datagrams_arrive_whole(void **state)
{
    (void)state;
    law_run(datagrams);
}

/* ---- quiet ---- */

static void kept(law_bench *b)
{
    law_pair pairs[PAIRS];
    law_op receives[PAIRS];
    char in[PAIRS];
    for (int i = 0; i < PAIRS; i++) {
        law_connect_pair(b, &pairs[i]);
        receives[i] = law_make(&pairs[i].near, EDDYI_RECV, &in[i], 1);
        law_submit(b, &receives[i]);
    }
    for (int i = 0; i < PAIRS; i++)
        law_send_all(b, &pairs[i].far, "x", 1);
    int reported = 0;
    for (int i = 0; i < PAIRS; i++)
        reported += receives[i].reports; /* some may have come while the others were sent */
    uint64_t limit = law_now(b) + LAW_PATIENCE;
    while (reported < PAIRS) {
        int count = law_step(b, limit, 1);
        assert_int_equal(count, 1); /* kept results come without blocking, one by one */
        reported += count;
    }
    nothing_more(b);
    for (int i = 0; i < PAIRS; i++) {
        assert_int_equal(receives[i].reports, 1);
        law_release_pair(b, &pairs[i]);
    }
}

void law_quiet_results_without_room_are_kept_and_rotate(void **state)
{
    (void)state;
    law_run(kept);
}

/* A descriptor whose two directions are always ready, another one too, and room for one result only. */
static void no_starving(law_bench *b)
{
    law_pair pairs[2];
    law_op polls[4];
    int lasts = 0;
    for (int i = 0; i < 2; i++) {
        law_connect_pair(b, &pairs[i]);
        law_send_all(b, &pairs[i].far, "x", 1);
        for (int k = 0; k < 2; k++) {
            law_op *poll = &polls[2 * i + k];
            *poll = law_make(&pairs[i].near, EDDYI_POLL, NULL, 0);
            poll->op.events = k == 0 ? EDDYI_IN : EDDYI_OUT;
            poll->op.flags = EDDYI_MULTI;
            poll->context = &lasts;
            law_submit(b, poll);
        }
    }
    for (int i = 0; i < 400; i++)
        law_step(b, law_now(b) + LAW_MILLISECOND, 1);
    for (int i = 0; i < 4; i++) {
        assert_true(polls[i].reports >= 20);
        law_take_back(b, &polls[i]);
    }
    for (int i = 0; i < 2; i++)
        law_release_pair(b, &pairs[i]);
}

void law_quiet_no_direction_starves_with_room_for_one(void **state)
{
    (void)state;
    law_run(no_starving);
}

/* ---- lent ---- */

static void left_alone(law_bench *b)
{
    law_pair pair;
    unsigned char buffer[8], poison[8];
    memset(poison, 0xa5, sizeof poison);
    law_connect_pair(b, &pair);
    for (int round = 0; round < 20; round++) {
        memset(buffer, 0xa5, sizeof buffer);
        law_op receive = law_make(&pair.near, EDDYI_RECV, buffer, 4);
        receive.buffers[1] = (eddyi_buffer){buffer + 4, 0};
        receive.op.buffer_count = 2;
        law_submit(b, &receive);
        if (receive.lent)
            law_cancel(b, &receive);
        law_finish(b, &receive);
        if (receive.value == EDDY_ECANCELED) /* it did nothing, and now it is ours again */
            assert_memory_equal(buffer, poison, sizeof buffer);
        memset(buffer, 0xa5, sizeof buffer);
        memset(&receive.op.scratch, 0xa5, sizeof receive.op.scratch);
        receive.op.next = NULL;
        law_send_all(b, &pair.far, "wxyz", 4);
        law_step_for(b, LAW_MILLISECOND); /* the data is there, and nobody may take it */
        assert_memory_equal(buffer, poison, sizeof buffer);
        assert_null(receive.op.next);
        law_receive_all(b, &pair.near, buffer, 4);
        assert_memory_equal(buffer, "wxyz", 4);
        assert_memory_equal(buffer + 4, poison, 4);
        memset(buffer, 0xa5, sizeof buffer);
        law_step_for(b, LAW_MILLISECOND);
        assert_memory_equal(buffer, poison, sizeof buffer);
    }
    law_release_pair(b, &pair);
}

void law_lent_buffers_and_array_are_left_alone(void **state)
{
    (void)state;
    law_run(left_alone);
}
