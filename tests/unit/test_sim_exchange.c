/* test_sim_exchange.c: random exchanges of bytes over several connections, with cancels at random moments, seed after seed.
 * Touches the seam and sim.h. `unit_test_sim_exchange SEED` replays one.
 *
 * Each side of each connection sends the bytes 0, 1, 2 ... of its own pattern in pieces and receives the other's. What a send says it took, and
 * nothing else, must arrive, in order, once, and then the end; only after a reset may the tail be missing. Each seed runs twice: the traces are equal. */
#include "test_sim_bench.h"

enum { SEEDS = 300, LINKS = 4, SIDES = 2 * LINKS, STEPS = 400, MOST = 6000 };

typedef struct side {
    eddyi_descriptor *descriptor;
    struct side *other;
    unsigned char out[MOST], in[MOST];
    test_op send, receive;
    uint64_t sent, received;
    bool closing, ended, broken, send_cancelled, receive_cancelled;
} side;

typedef struct
    tally { /* how often a cancel won, and how often the op did, for each direction; over all seeds */
    int receive_cancelled, receive_won, send_cancelled, send_won, resets, whole, at_once, later;
} tally;

typedef struct exchange {
    bench b;
    pair links[LINKS];
    side sides[SIDES];
    tally *t;
} exchange;

static unsigned char pattern(const side *s, uint64_t position)
{
    return (unsigned char)((position * 31 + (position >> 8)) ^ (uint64_t)(uintptr_t)s->descriptor->fd);
}

/* ---- what an op came to ---- */

static void sent(side *s, tally *t)
{
    if (s->send.value > 0)
        s->sent += (uint64_t)s->send.value;
    else if (s->send.value != EDDY_ECANCELED)
        s->broken = true;
    if (s->send_cancelled) {
        t->send_cancelled += s->send.value == EDDY_ECANCELED;
        t->send_won += s->send.value > 0;
    }
    assert_true(s->send.value > 0 || s->send.value == EDDY_ECANCELED || s->send.value == EDDY_ECONNRESET ||
                s->send.value == EDDY_EPIPE);
}

static void received(side *s, tally *t)
{
    for (int64_t i = 0; i < s->receive.value; i++)
        assert_int_equal(s->in[i], pattern(s->other, s->received + (uint64_t)i));
    if (s->receive.value > 0)
        s->received += (uint64_t)s->receive.value;
    else if (s->receive.value == 0)
        s->ended = true;
    else if (s->receive.value != EDDY_ECANCELED)
        s->broken = true;
    if (s->receive_cancelled) {
        t->receive_cancelled += s->receive.value == EDDY_ECANCELED;
        t->receive_won += s->receive.value > 0;
    }
    assert_true(s->receive.value >= 0 || s->receive.value == EDDY_ECANCELED ||
                s->receive.value == EDDY_ECONNRESET);
}

static void settle(exchange *e, side *s, test_op *o, void (*came_to)(side *, tally *))
{
    if (o->reports == 0 || o->lent)
        return;
    assert_int_equal(o->reports, 1); /* once */
    assert_true(o->flags & EDDYI_LAST);
    o->reports = 0;
    came_to(s, e->t);
}

static void settle_all(exchange *e)
{
    for (int i = 0; i < SIDES; i++) {
        settle(e, &e->sides[i], &e->sides[i].send, sent);
        settle(e, &e->sides[i], &e->sides[i].receive, received);
    }
}

/* ---- what a side may do next ---- */

static void start_send(exchange *e, side *s)
{
    size_t size = 1 + (size_t)draw(&e->b, MOST);
    for (size_t i = 0; i < size; i++)
        s->out[i] = pattern(s, s->sent + i);
    s->send = make_op(s->descriptor, EDDYI_SEND, s->out, size);
    s->send_cancelled = false;
    submit(&e->b, &s->send);
    e->t->at_once += !s->send.lent;
    e->t->later += s->send.lent;
}

static void start_receive(exchange *e, side *s)
{
    s->receive = make_op(s->descriptor, EDDYI_RECV, s->in, 1 + (size_t)draw(&e->b, MOST));
    s->receive_cancelled = false;
    submit(&e->b, &s->receive);
}

static void act(exchange *e, side *s)
{
    switch (draw(&e->b, 5)) {
    case 0:
        if (!s->send.lent && !s->closing && !s->broken)
            start_send(e, s);
        break;
    case 1:
        if (!s->receive.lent && !s->ended && !s->broken)
            start_receive(e, s);
        break;
    case 2:
        if (s->receive.lent) {
            s->receive_cancelled = true;
            cancel(&e->b, &s->receive);
        }
        break;
    case 3:
        if (s->send.lent && draw(&e->b, 2) == 0) {
            s->send_cancelled = true;
            cancel(&e->b, &s->send);
        }
        break;
    default:
        step_for(&e->b, draw(&e->b, 300000));
    }
}

/* ---- one seed ---- */

static void wind_up(exchange *e)
{
    eddyi_sim_calm(e->b.sim);
    for (int i = 0; i < SIDES; i++) {
        side *s = &e->sides[i];
        if (s->send.lent)
            cancel(&e->b, &s->send);
        s->send_cancelled = false;
        finish(&e->b, &s->send);
        settle_all(e);
        s->closing = true;
        (void)NET->shutdown(e->b.sim, s->descriptor->fd, EDDYI_SHUT_WRITE);
    }
    for (int i = 0; i < SIDES; i++) {
        side *s = &e->sides[i];
        finish(&e->b, &s->receive);
        settle_all(e);
        while (!s->ended && !s->broken) {
            start_receive(e, s);
            finish(&e->b, &s->receive);
            settle_all(e);
        }
    }
}

static void check_whole(exchange *e)
{
    for (int i = 0; i < SIDES; i++) {
        side *s = &e->sides[i];
        bool reset = s->broken || s->other->broken;
        e->t->resets += reset;
        e->t->whole += !reset;
        assert_true(s->received <= s->other->sent);
        if (!reset)
            assert_int_equal(s->received, s->other->sent);
    }
}

static uint64_t run_seed(uint64_t seed, uint32_t faults, tally *t)
{
    static exchange e; /* large, and every byte of it is set below */
    memset(&e, 0, sizeof e);
    e.t = t;
    bench_open(&e.b, seed);
    for (int i = 0; i < LINKS; i++)
        open_pair(&e.b, &e.links[i]);
    for (int i = 0; i < SIDES; i++) {
        e.sides[i].descriptor = i % 2 == 0 ? &e.links[i / 2].client : &e.links[i / 2].server;
        e.sides[i].other = &e.sides[i ^ 1];
    }
    eddyi_sim_set_faults(e.b.sim, faults);
    eddyi_inject_start(NULL);
    eddyi_inject_forbid_memory();
    for (int i = 0; i < STEPS; i++) {
        act(&e, &e.sides[draw(&e.b, SIDES)]);
        settle_all(&e);
    }
    wind_up(&e);
    eddyi_inject_allow_memory();
    assert_int_equal(eddyi_inject_forbidden_count(), 0);
    eddyi_inject_stop();
    check_whole(&e);
    for (int i = 0; i < LINKS; i++)
        close_pair(&e.b, &e.links[i]);
    uint64_t trace = eddyi_sim_trace(e.b.sim);
    bench_close(&e.b);
    return trace;
}

static uint32_t faults_of(uint64_t seed)
{
    return seed % 3 == 0 ? 0 : (uint32_t)(seed % 20);
}

static void seeds_of_an_exchange_lose_nothing_and_replay(void **state)
{
    static uint64_t traces[SEEDS];
    tally t = {0};
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        traces[seed] = run_seed(seed + 1, faults_of(seed), &t);
        assert_true(run_seed(seed + 1, faults_of(seed), &t) == traces[seed]);
        for (uint64_t k = 0; k < seed; k++)
            assert_true(traces[k] != traces[seed]);
    }
    /* Every outcome of every race must have occurred, or nothing was tested. */
    assert_true(t.receive_cancelled > SEEDS && t.receive_won > SEEDS);
    assert_true(t.send_cancelled > SEEDS / 3 && t.send_won > SEEDS);
    assert_true(t.resets > SEEDS && t.whole > SEEDS);
    assert_true(t.at_once > SEEDS && t.later > SEEDS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(seeds_of_an_exchange_lose_nothing_and_replay)};
    if (argc == 2) {
        tally t = {0};
        uint64_t seed = strtoull(argv[1], NULL, 10);
        printf("seed %s: trace %016llx\n", argv[1],
               (unsigned long long)run_seed(seed, faults_of(seed - 1), &t));
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
