/* kind_queues.c: queues of all three kinds, with a limit and without, of pointers and of copies.
 * Touches the public API and the ledger. The ledger holds the same items: each comes out once, and it is the one whose turn it is. */
#include "random.h"

enum { QUEUES = 3, ITEMS = 2 * STEPS };
static struct {
    eddy_queue *queue;
    int items[ITEMS], count, unfinished;
    size_t limit;
    bool copies, shut;
    line getting, putting, joining;
} queues[QUEUES];
static int last_item;

/* Few ranks, so that some items are equal. */
static int rank_of(int item)
{
    return item * 389 % 7;
}

static int less(const void *a, const void *b, void *arg)
{
    int left, right;
    if (*(const bool *)arg) {
        memcpy(&left, a, sizeof left);
        memcpy(&right, b, sizeof right);
    } else {
        left = (int)(intptr_t)a;
        right = (int)(intptr_t)b;
    }
    return rank_of(left) < rank_of(right);
}

/* ---- the ledger's items ---- */

static void note_put(world *w, int i, int item)
{
    EXPECT(w, !queues[i].shut, "an item was put after a shutdown");
    EXPECT(w, queues[i].limit == 0 || (size_t)queues[i].count < queues[i].limit, "a full queue took an item");
    queues[i].items[queues[i].count++] = item;
    queues[i].unfinished++;
}

static bool is_next(int i, int at)
{
    if (i == EDDY_QUEUE_FIFO)
        return at == 0;
    if (i == EDDY_QUEUE_LIFO)
        return at == queues[i].count - 1;
    for (int k = 0; k < queues[i].count; k++)
        if (rank_of(queues[i].items[k]) < rank_of(queues[i].items[at]))
            return false;
    return true;
}

static void note_got(world *w, int i, int item)
{
    int at = 0;
    while (at < queues[i].count && queues[i].items[at] != item)
        at++;
    EXPECT(w, at < queues[i].count, "an item came out twice, or never went in");
    if (at == queues[i].count)
        return;
    EXPECT(w, is_next(i, at), "an item came out before its turn");
    queues[i].count--;
    memmove(&queues[i].items[at], &queues[i].items[at + 1], sizeof(int) * (size_t)(queues[i].count - at));
}

static void mark_done(world *w, int i)
{
    if (--queues[i].unfinished == 0)
        (void)line_promise(&queues[i].joining, ACTORS);
    EXPECT(w, eddy_queue_task_done(queues[i].queue) == 0, "an item could not be marked as done");
}

/* Who did not wait and was served before those who do: they look again, and the order among them is gone. */
static void leave(line *l, actor *me, bool granted)
{
    if (granted && !me->suspended && l->count > 1)
        l->unordered = true;
    line_leave(l, me, granted);
}

/* ---- steps ---- */

static int put(int i, bool waits, int item)
{
    eddy_queue *queue = queues[i].queue;
    void *pointer = (void *)(intptr_t)item;
    if (waits)
        return queues[i].copies ? eddy_queue_put_copy(queue, &item) : eddy_queue_put(queue, pointer);
    return queues[i].copies ? eddy_queue_put_copy_nowait(queue, &item)
                            : eddy_queue_put_nowait(queue, pointer);
}

static int get(int i, bool waits, int *item)
{
    eddy_queue *queue = queues[i].queue;
    void *pointer = NULL;
    int rc;
    if (queues[i].copies)
        return waits ? eddy_queue_get_copy(queue, item) : eddy_queue_get_copy_nowait(queue, item);
    rc = waits ? eddy_queue_get(queue, &pointer) : eddy_queue_get_nowait(queue, &pointer);
    *item = (int)(intptr_t)pointer;
    return rc;
}

static void expect_shut(world *w, int i, int rc)
{
    EXPECT(w, rc >= 0 || rc == EDDY_ECANCELED || (rc == EDDY_EQUEUESHUTDOWN && queues[i].shut),
           "a queue refused what it had no reason to refuse");
}

static int run_put(actor *me, int at)
{
    int i = me->w->script->steps[at].a, item = ++last_item;
    line *l = &queues[i].putting;
    line_join(l, me);
    await_begin(me, at, STRICT);
    int rc = await_end(me, put(i, true, item));
    expect_shut(me->w, i, rc);
    leave(l, me, rc == 0);
    if (rc == 0)
        note_put(me->w, i, item);
    line_heat(&queues[i].getting, me->w);
    return rc == EDDY_EQUEUESHUTDOWN ? 0 : rc;
}

static int run_get(actor *me, int at)
{
    const step *s = &me->w->script->steps[at];
    int item = 0;
    line *l = &queues[s->a].getting;
    line_join(l, me);
    await_begin(me, at, STRICT);
    int rc = await_end(me, get(s->a, true, &item));
    expect_shut(me->w, s->a, rc);
    leave(l, me, rc == 0);
    if (rc == 0)
        note_got(me->w, s->a, item);
    if (rc == 0 && s->b != 0)
        mark_done(me->w, s->a);
    line_heat(&queues[s->a].putting, me->w);
    return rc == EDDY_EQUEUESHUTDOWN ? 0 : rc;
}

static int run_put_nowait(actor *me, int at)
{
    int i = me->w->script->steps[at].a, item = ++last_item;
    bool full = queues[i].limit != 0 && (size_t)queues[i].count >= queues[i].limit;
    int rc = put(i, false, item);
    EXPECT(me->w,
           rc == (queues[i].shut ? EDDY_EQUEUESHUTDOWN
                  : full         ? EDDY_EQUEUEFULL
                                 : 0),
           "put_nowait did not say how the queue is");
    if (rc < 0)
        return 0;
    queues[i].putting.unordered = true;
    line_heat(&queues[i].getting, me->w);
    note_put(me->w, i, item);
    return 0;
}

static int run_get_nowait(actor *me, int at)
{
    const step *s = &me->w->script->steps[at];
    int item = 0, rc = get(s->a, false, &item);
    int empty = queues[s->a].shut ? EDDY_EQUEUESHUTDOWN : EDDY_EQUEUEEMPTY;
    EXPECT(me->w, rc == (queues[s->a].count == 0 ? empty : 0), "get_nowait did not say how the queue is");
    if (rc < 0)
        return 0;
    queues[s->a].getting.unordered = true;
    line_heat(&queues[s->a].putting, me->w);
    note_got(me->w, s->a, item);
    mark_done(me->w, s->a);
    return 0;
}

static int run_join(actor *me, int at)
{
    int i = me->w->script->steps[at].a;
    bool nothing_left = queues[i].unfinished == 0;
    line_join(&queues[i].joining, me);
    await_begin(me, at, STRICT);
    int rc = await_end(me, eddy_queue_join(queues[i].queue));
    EXPECT(me->w, rc < 0 || nothing_left || line_owes(&queues[i].joining, me),
           "a join ended while items were not dealt with");
    line_leave(&queues[i].joining, me, false);
    return rc;
}

static int run_shutdown(actor *me, int at)
{
    const step *s = &me->w->script->steps[at];
    queues[s->a].shut = true;
    if (s->b != 0) {
        queues[s->a].unfinished -= queues[s->a].count;
        queues[s->a].count = 0;
        if (queues[s->a].unfinished == 0)
            (void)line_promise(&queues[s->a].joining, ACTORS);
    }
    EXPECT(me->w, eddy_queue_shutdown(queues[s->a].queue, s->b != 0) == 0, "a queue could not be shut down");
    return 0;
}

/* ---- the kind ---- */

static int make(world *w)
{
    uint64_t state = w->script->seed ^ 55;
    last_item = 0;
    memset(queues, 0, sizeof queues);
    for (int i = 0; i < QUEUES; i++) {
        queues[i].limit = draw(&state, 4);
        queues[i].copies = draw(&state, 2) != 0;
        eddy_queue_options options = {.size = sizeof options,
                                      .maxsize = queues[i].limit,
                                      .kind = (eddy_queue_kind)i,
                                      .item_size = queues[i].copies ? sizeof(int) : 0,
                                      .less = less,
                                      .less_arg = &queues[i].copies};
        int rc = eddy_queue_create(&queues[i].queue, &options);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void check(world *w)
{
    for (int i = 0; i < QUEUES; i++)
        EXPECT(w, eddy_queue_qsize(queues[i].queue) == (size_t)queues[i].count,
               "a queue lost an item, or made one up");
}

static void check_idle(world *w)
{
    for (int i = 0; i < QUEUES; i++) {
        bool full = queues[i].limit != 0 && (size_t)queues[i].count >= queues[i].limit;
        EXPECT(w, queues[i].getting.count == 0 || (queues[i].count == 0 && !queues[i].shut),
               "a queue has an item and tasks wait for it");
        EXPECT(w, queues[i].putting.count == 0 || (full && !queues[i].shut),
               "a queue has room and tasks wait for it");
        EXPECT(w, queues[i].joining.count == 0 || queues[i].unfinished > 0,
               "all items are dealt with and tasks wait for that");
        EXPECT(w, !line_has_promises(&queues[i].joining), "a task waits in join, and it was over meanwhile");
    }
}

static void finish(world *w)
{
    check(w);
    for (int i = 0; i < QUEUES; i++)
        eddy_queue_release(queues[i].queue);
}

static const action actions[] = {
    {"put", run_put, 24, QUEUES, 1, LEAF},
    {"get", run_get, 26, QUEUES, 2, LEAF},
    {"put_nowait", run_put_nowait, 8, QUEUES, 1, LEAF},
    {"get_nowait", run_get_nowait, 6, QUEUES, 1, LEAF},
    {"join", run_join, 4, QUEUES, 1, LEAF},
    {"shutdown", run_shutdown, 1, QUEUES, 2, LEAF},
};

const kind kind_queues = {.name = "queues",
                          .actions = actions,
                          .action_count = 6,
                          .make = make,
                          .check = check,
                          .check_idle = check_idle,
                          .finish = finish};
