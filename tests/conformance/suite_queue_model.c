/* suite_queue_model.c: random puts, gets, joins, cancels and shutdowns: the library tells the same story as a model of asyncio's queue.
 * Touches the public API. Every item is seen exactly once: got, or thrown away. A failing seed is printed; it makes the same play again. */
#include "bodies.h"
#include "suite.h"

enum { SEEDS = 6000, SEEDS_AT_ONCE = 100, PLAYERS = 6, OPS = 112, EVENTS = 1024, ITEMS = PLAYERS * OPS };

enum op_kind { GET, PUT, GET_NOWAIT, PUT_NOWAIT, TASK_DONE, JOIN, YIELD, CANCEL, SHUTDOWN };

typedef struct op {
    enum op_kind kind;
    int a;
} op;

typedef struct script {
    op ops[OPS];
    int count;
} script;

/* Player 0 is the driver: never cancelled, and its script ends with what lets everybody else end. */
typedef struct play {
    script scripts[PLAYERS];
    eddy_queue_kind kind;
    size_t maxsize, item_size;
} play;

typedef struct event {
    int player, op, rc, item;
} event;

typedef struct story {
    event events[EVENTS];
    int count;
} story;

static void tell(story *told, int player, int number, int rc, int item)
{
    assert_true(told->count < EVENTS);
    told->events[told->count++] = (event){player, number, rc, rc == 0 ? item : 0};
}

/* No two items are equal, and their order is not that of their numbers. */
static int rank_of(int item)
{
    return item * 389 % 1009;
}

static int item_of(int player, int number)
{
    return player * OPS + number + 1;
}

/* ---- making a play ---- */

/* splitmix64, after Steele, Lea and Flood */
static uint32_t roll(uint64_t *state, uint32_t sides)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (uint32_t)((z ^ (z >> 31)) % sides);
}

static void add(script *s, enum op_kind kind, int a)
{
    assert_true(s->count < OPS);
    s->ops[s->count++] = (op){kind, a};
}

static void add_some(script *s, uint64_t *state, bool drives)
{
    static const enum op_kind of_players[] = {GET, GET, GET,        GET,        PUT,       PUT,  PUT,
                                              PUT, GET, GET_NOWAIT, PUT_NOWAIT, TASK_DONE, JOIN, YIELD};
    static const enum op_kind of_driver[] = {YIELD,      YIELD,      YIELD,      CANCEL,     CANCEL,   CANCEL,
                                             PUT_NOWAIT, PUT_NOWAIT, GET_NOWAIT, GET_NOWAIT, TASK_DONE};
    enum op_kind kind = drives ? of_driver[roll(state, 11)] : of_players[roll(state, 14)];
    add(s, kind, 1 + (int)roll(state, PLAYERS - 1));
}

static void make_play(play *p, uint64_t seed)
{
    uint64_t state = seed;
    memset(p, 0, sizeof *p);
    p->kind = (eddy_queue_kind)roll(&state, 3);
    p->maxsize = roll(&state, 4);
    p->item_size = roll(&state, 2) ? 0 : sizeof(int) * (1 + roll(&state, 3));
    for (int player = 1; player < PLAYERS; player++)
        for (uint32_t left = roll(&state, 9); left > 0; left--)
            add_some(&p->scripts[player], &state, false);
    script *driver = &p->scripts[0];
    uint32_t shutdown_at = roll(&state, 60);
    for (uint32_t i = 0, count = roll(&state, 36); i < count; i++) {
        if (i == shutdown_at)
            add(driver, SHUTDOWN, (int)roll(&state, 2));
        add_some(driver, &state, true);
    }
    for (int i = 0; i < 3; i++)
        add(driver, YIELD, 0);
    add(driver, SHUTDOWN, 1);
    while (driver->count < OPS)
        add(driver, TASK_DONE, 0);
}

/* ---- the model: what asyncio does, step by step ---- */

enum model_list { NOWHERE, GETTERS, PUTTERS, JOINERS, LISTS };

typedef struct model_player {
    int at;
    bool suspended; /* in its op */
    bool scheduled, ended;
    bool must_cancel, wait_cancelled;
    enum model_list list;
} model_player;

typedef struct line {
    int players[PLAYERS];
    int count;
} line;

typedef struct model {
    const play *played;
    model_player players[PLAYERS];
    line ready, waiting[LISTS];
    int items[ITEMS], count, unfinished;
    bool shut;
    story *told;
} model;

static void line_add(line *l, int player)
{
    assert_true(l->count < PLAYERS);
    l->players[l->count++] = player;
}

static int line_take(line *l, int index)
{
    int player = l->players[index];
    l->count--;
    memmove(&l->players[index], &l->players[index + 1], sizeof(int) * (size_t)(l->count - index));
    return player;
}

static void schedule(model *m, int player)
{
    m->players[player].scheduled = true;
    line_add(&m->ready, player);
}

static void wake_next(model *m, enum model_list list)
{
    if (m->waiting[list].count > 0)
        schedule(m, line_take(&m->waiting[list], 0));
}

static void wake_everybody(model *m, enum model_list list)
{
    while (m->waiting[list].count > 0)
        wake_next(m, list);
}

static bool model_full(const model *m)
{
    return m->played->maxsize != 0 && (size_t)m->count >= m->played->maxsize;
}

static int model_put(model *m, int item)
{
    if (m->shut)
        return EDDY_EQUEUESHUTDOWN;
    if (model_full(m))
        return EDDY_EQUEUEFULL;
    m->items[m->count++] = item;
    m->unfinished++;
    wake_next(m, GETTERS);
    return 0;
}

static int model_get(model *m, int *item)
{
    int index = 0;
    if (m->count == 0)
        return m->shut ? EDDY_EQUEUESHUTDOWN : EDDY_EQUEUEEMPTY;
    for (int i = 0; i < m->count; i++)
        if (m->played->kind == EDDY_QUEUE_LIFO ||
            (m->played->kind == EDDY_QUEUE_PRIORITY && rank_of(m->items[i]) < rank_of(m->items[index])))
            index = i;
    *item = m->items[index];
    m->count--;
    memmove(&m->items[index], &m->items[index + 1], sizeof(int) * (size_t)(m->count - index));
    wake_next(m, PUTTERS);
    return 0;
}

static int model_task_done(model *m)
{
    if (m->unfinished == 0)
        return EDDY_EINVALIDSTATE;
    if (--m->unfinished == 0)
        wake_everybody(m, JOINERS);
    return 0;
}

static int model_shutdown(model *m, bool immediate)
{
    m->shut = true;
    if (immediate) {
        for (; m->count > 0; m->count--)
            m->unfinished -= m->unfinished > 0;
        if (m->unfinished == 0)
            wake_everybody(m, JOINERS);
    }
    wake_everybody(m, GETTERS);
    wake_everybody(m, PUTTERS);
    return 0;
}

static int model_cancel(model *m, int player)
{
    model_player *p = &m->players[player];
    if (p->ended)
        return 0;
    if (p->scheduled || p->list == NOWHERE) {
        p->must_cancel = true;
        return 1;
    }
    line *l = &m->waiting[p->list];
    for (int i = 0; i < l->count; i++)
        if (l->players[i] == player)
            line_take(l, i--);
    p->wait_cancelled = true;
    schedule(m, player);
    return 1;
}

/* Its op goes on after a wait. True: the cancel is what the op comes to. */
static bool resume(model *m, model_player *p)
{
    bool cancelled = p->must_cancel || p->wait_cancelled;
    bool woken = !p->wait_cancelled;
    p->must_cancel = p->wait_cancelled = p->suspended = false;
    if (cancelled && woken && p->list == GETTERS && m->count > 0)
        wake_next(m, GETTERS);
    if (cancelled && woken && p->list == PUTTERS && !model_full(m))
        wake_next(m, PUTTERS);
    return cancelled;
}

static bool wait_in(model *m, int player, enum model_list list)
{
    model_player *p = &m->players[player];
    p->suspended = true;
    p->list = list;
    if (list == NOWHERE)
        schedule(m, player);
    else
        line_add(&m->waiting[list], player);
    return false;
}

/* False: it waits. */
static bool model_act(model *m, int player, bool again, int *rc, int *item)
{
    op o = m->played->scripts[player].ops[m->players[player].at];
    *item = item_of(player, m->players[player].at);
    switch (o.kind) {
    case GET:
    case GET_NOWAIT:
        *rc = model_get(m, item);
        return o.kind == GET && *rc == EDDY_EQUEUEEMPTY ? wait_in(m, player, GETTERS) : true;
    case PUT:
    case PUT_NOWAIT:
        *rc = model_put(m, *item);
        return o.kind == PUT && *rc == EDDY_EQUEUEFULL ? wait_in(m, player, PUTTERS) : true;
    case TASK_DONE:
        *rc = model_task_done(m);
        return true;
    case JOIN:
        *rc = 0;
        return !again && m->unfinished > 0 ? wait_in(m, player, JOINERS) : true;
    case YIELD:
        *rc = 0;
        return !again ? wait_in(m, player, NOWHERE) : true;
    case CANCEL:
        *rc = model_cancel(m, o.a);
        return true;
    default:
        *rc = model_shutdown(m, o.a != 0);
        return true;
    }
}

static void model_step(model *m, int player)
{
    model_player *p = &m->players[player];
    bool again = p->suspended;
    int rc = 0, item = 0;
    p->scheduled = false;
    if (!again && p->must_cancel) { /* before its first step: it never runs */
        p->ended = true;
        return;
    }
    if (again && resume(m, p)) {
        tell(m->told, player, p->at++, EDDY_ECANCELED, 0);
        again = false;
    }
    for (; p->at < m->played->scripts[player].count; p->at++, again = false) {
        if (!model_act(m, player, again, &rc, &item))
            return;
        tell(m->told, player, p->at, rc, item);
    }
    p->ended = true;
}

static void model_run(const play *p, story *told)
{
    model m = {.played = p, .told = told};
    told->count = 0;
    for (int player = 0; player < PLAYERS; player++)
        schedule(&m, player);
    while (m.ready.count > 0)
        model_step(&m, line_take(&m.ready, 0));
}

/* ---- the library ---- */

typedef struct stage {
    const play *played;
    eddy_queue *queue;
    eddy_task *tasks[PLAYERS];
    story told;
} stage;

typedef struct actor {
    stage *on;
    int player;
} actor;

static int times_seen[ITEMS];
static bool was_put[ITEMS];

static void see(int item)
{
    assert_in_range(item, 1, ITEMS - 1);
    times_seen[item]++;
}

static void throw_away_pointer(void *item)
{
    see((int)(intptr_t)item);
}

static void throw_away_copy(void *item)
{
    see(*(int *)item);
}

static int pointer_before(const void *a, const void *b, void *arg)
{
    assert_ptr_equal(arg, times_seen);
    return rank_of((int)(intptr_t)a) < rank_of((int)(intptr_t)b);
}

static int copy_before(const void *a, const void *b, void *arg)
{
    assert_ptr_equal(arg, times_seen);
    return rank_of(*(const int *)a) < rank_of(*(const int *)b);
}

static int put_item(stage *on, int item, bool waits)
{
    int copy[3] = {item, item, item}, rc;
    void *pointer = (void *)(intptr_t)item;
    if (on->played->item_size != 0)
        rc = waits ? eddy_queue_put_copy(on->queue, copy) : eddy_queue_put_copy_nowait(on->queue, copy);
    else
        rc = waits ? eddy_queue_put(on->queue, pointer) : eddy_queue_put_nowait(on->queue, pointer);
    if (rc == 0)
        was_put[item] = true;
    return rc;
}

static int get_item(stage *on, int *item, bool waits)
{
    int copy[3] = {0}, rc;
    void *pointer = NULL;
    if (on->played->item_size != 0) {
        rc = waits ? eddy_queue_get_copy(on->queue, copy) : eddy_queue_get_copy_nowait(on->queue, copy);
        *item = copy[0];
        for (size_t i = 1; i < on->played->item_size / sizeof(int); i++)
            assert_int_equal(copy[i], copy[0]);
    } else {
        rc = waits ? eddy_queue_get(on->queue, &pointer) : eddy_queue_get_nowait(on->queue, &pointer);
        *item = (int)(intptr_t)pointer;
    }
    if (rc == 0)
        see(*item);
    else
        assert_int_equal(*item, 0); /* written on success only */
    return rc;
}

static int act(stage *on, op o, int *item)
{
    switch (o.kind) {
    case GET:
    case GET_NOWAIT:
        return get_item(on, item, o.kind == GET);
    case PUT:
    case PUT_NOWAIT:
        return put_item(on, *item, o.kind == PUT);
    case TASK_DONE:
        return eddy_queue_task_done(on->queue);
    case JOIN:
        return eddy_queue_join(on->queue);
    case YIELD:
        return eddy_sleep(0);
    case CANCEL:
        return eddy_task_cancel(on->tasks[o.a]);
    default:
        return eddy_queue_shutdown(on->queue, o.a != 0);
    }
}

static int acting(void *arg)
{
    actor *self = arg;
    const script *s = &self->on->played->scripts[self->player];
    for (int i = 0; i < s->count; i++) {
        int item = item_of(self->player, i);
        int rc = act(self->on, s->ops[i], &item);
        tell(&self->on->told, self->player, i, rc, item);
    }
    return 0;
}

static void perform(stage *on)
{
    actor actors[PLAYERS];
    eddy_queue_options options = {.size = sizeof options,
                                  .maxsize = on->played->maxsize,
                                  .kind = on->played->kind,
                                  .item_size = on->played->item_size,
                                  .less = on->played->item_size != 0 ? copy_before : pointer_before,
                                  .less_arg = times_seen,
                                  .item_release =
                                      on->played->item_size != 0 ? throw_away_copy : throw_away_pointer};
    assert_int_equal(eddy_queue_create(&on->queue, &options), 0);
    for (int player = 1; player < PLAYERS; player++) {
        actors[player] = (actor){on, player};
        assert_int_equal(eddy_create_task(&on->tasks[player], acting, &actors[player], NULL), 0);
    }
    actors[0] = (actor){on, 0};
    assert_int_equal(acting(&actors[0]), 0);
    for (int player = 1; player < PLAYERS; player++) {
        (void)!eddy_await(on->tasks[player], NULL);
        eddy_task_release(on->tasks[player]);
    }
    eddy_queue_release(on->queue);
}

/* ---- the same story ---- */

static void compare(uint64_t seed, const story *told, const story *expected)
{
    for (int i = 0; i < told->count && i < expected->count; i++) {
        const event *a = &told->events[i], *b = &expected->events[i];
        if (a->player != b->player || a->op != b->op || a->rc != b->rc || a->item != b->item)
            fail_msg("seed %llu, event %d: player %d op %d came to %s (item %d), the model's player %d op %d "
                     "to %s (item %d)",
                     (unsigned long long)seed, i, a->player, a->op, eddy_error_name(a->rc), a->item,
                     b->player, b->op, eddy_error_name(b->rc), b->item);
    }
    if (told->count != expected->count)
        fail_msg("seed %llu: %d events, the model's story has %d", (unsigned long long)seed, told->count,
                 expected->count);
}

static void run_seed(uint64_t seed)
{
    static stage on;
    static story expected;
    play p;
    make_play(&p, seed);
    memset(times_seen, 0, sizeof times_seen);
    memset(was_put, 0, sizeof was_put);
    on = (stage){.played = &p};
    perform(&on);
    model_run(&p, &expected);
    compare(seed, &on.told, &expected);
    for (int item = 0; item < ITEMS; item++)
        if (times_seen[item] != was_put[item])
            fail_msg("seed %llu: item %d was seen %d times", (unsigned long long)seed, item,
                     times_seen[item]);
}

static uint64_t first_seed;

static int run_some_seeds(void *arg)
{
    (void)arg;
    for (uint64_t i = 0; i < SEEDS_AT_ONCE; i++)
        run_seed(first_seed + i);
    return 0;
}

static void fault_C13_random_plays_tell_the_story_of_asyncio_and_each_item_is_seen_once(void **state)
{
    (void)state;
    for (first_seed = 1; first_seed < SEEDS; first_seed += SEEDS_AT_ONCE)
        support_run_test(run_some_seeds);
}

int suite_queue_model(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_C13_random_plays_tell_the_story_of_asyncio_and_each_item_is_seen_once),
    };
    return cmocka_run_group_tests_name("queue model", tests, NULL, NULL);
}
