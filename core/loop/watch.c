/* watch.c: add_reader and add_writer: a multi-shot POLL op for each direction of a descriptor that somebody else owns.
 * Touches io.c. A callback that is queued does not run once its watch was removed or replaced.
 *
 * A ready descriptor is reported in every wait as long as it holds (level-triggered), and the callback is queued at most
 * once an iteration. */
#include "core/loop/watch.h"

#include "core/task/task.h"

typedef struct watch watch;

enum { FIRST_BUCKETS = 16 };

typedef struct direction {
    eddyi_completion completion;
    eddyi_op op;
    eddyi_node node; /* queued while a call is due */
    watch *owner;
    eddy_callback_fn fn; /* NULL: nobody watches this direction */
    void *arg;
    eddyi_variables variables; /* the loop has them while the callback runs */
    bool *over;                /* then set when it is removed or replaced */
    bool lent;
} direction;

struct watch {
    eddyi_list link; /* in the bucket of its descriptor */
    eddy_loop *loop;
    eddyi_descriptor descriptor;
    direction reader, writer;
};

/* ---- by descriptor: numbers need not be small, so they are hashed ---- */

/* Multiplying by the golden ratio spreads neighbours; the high bits are the good ones (Knuth, volume 3, 6.4). */
static eddyi_list *bucket_of(eddy_loop *loop, eddy_fd fd)
{
    uint64_t spread = (uint64_t)fd * UINT64_C(0x9e3779b97f4a7c15);
    return &loop->watches.buckets[(spread >> 32) & (loop->watches.bucket_count - 1)];
}

/* As many buckets as watches, so that each holds about one. Too few because there was no memory are only slower. */
static int make_room(eddy_loop *loop)
{
    size_t size, wanted = loop->watches.bucket_count * 2, old_count = loop->watches.bucket_count;
    eddyi_list *old = loop->watches.buckets;
    if (loop->watches.count < old_count)
        return 0;
    if (wanted < FIRST_BUCKETS)
        wanted = FIRST_BUCKETS;
    eddyi_list *buckets = NULL;
    if (eddyi_multiply(&size, wanted, sizeof *buckets))
        buckets = eddyi_allocate(&loop->allocator, size);
    if (buckets == NULL)
        return old != NULL ? 0 : EDDY_ENOMEM;
    for (size_t i = 0; i < wanted; i++)
        eddyi_list_init(&buckets[i]);
    loop->watches.buckets = buckets;
    loop->watches.bucket_count = wanted;
    eddyi_list *link;
    for (size_t i = 0; i < old_count; i++)
        while ((link = eddyi_list_take(&old[i])) != NULL)
            eddyi_list_append(bucket_of(loop, EDDYI_LIST_ITEM(link, watch, link)->descriptor.fd), link);
    eddyi_release(&loop->allocator, old);
    return 0;
}

static watch *find(eddy_loop *loop, eddy_fd fd)
{
    if (loop->watches.count == 0)
        return NULL;
    eddyi_list_each (link, bucket_of(loop, fd)) {
        watch *w = EDDYI_LIST_ITEM(link, watch, link);
        if (w->descriptor.fd == fd)
            return w;
    }
    return NULL;
}

static void release_when_idle(watch *w)
{
    if (w->reader.fn != NULL || w->writer.fn != NULL || w->reader.lent || w->writer.lent)
        return;
    eddyi_ready_remove(w->loop, &w->reader.node);
    eddyi_ready_remove(w->loop, &w->writer.node);
    w->loop->ops->detach(w->loop->backend, &w->descriptor);
    eddyi_list_remove(&w->link);
    w->loop->watches.count--;
    eddyi_release(&w->loop->allocator, w);
}

static void direction_run(eddyi_node *node)
{
    direction *d = EDDYI_CONTAINER(node, direction, node);
    eddy_loop *loop = d->owner->loop;
    bool over = false;
    if (d->fn == NULL || loop->closed)
        return;
    loop->variables = d->variables;
    d->variables.word = 0;
    d->over = &over;
    d->fn(d->arg);
    if (over)
        return;
    d->over = NULL;
    d->variables = loop->variables;
    loop->variables.word = 0;
}

/* The callback is no longer wanted. Returns what it has, for the caller to drop at the end. */
static eddyi_variables forget_callback(direction *d)
{
    eddyi_variables variables = d->variables;
    d->fn = NULL;
    d->variables.word = 0;
    eddyi_ready_remove(d->owner->loop, &d->node);
    if (d->over != NULL)
        *d->over = true;
    d->over = NULL;
    return variables;
}

static void direction_ready(eddyi_completion *completion, const eddyi_result *result)
{
    direction *d = EDDYI_CONTAINER(completion, direction, completion);
    if (result->flags & EDDYI_LAST)
        d->lent = false;
    if (d->fn == NULL) {
        release_when_idle(d->owner);
        return;
    }
    if (result->value == EDDY_ECANCELED) { /* removed and added again before the cancel came back */
        eddyi_result now;
        d->lent = eddyi_io_submit(d->owner->loop, &d->op, &now) == EDDYI_PENDING;
        if (d->lent)
            return;
    }
    if (eddyi_list_empty(&d->node.link))
        eddyi_ready_push(d->owner->loop, &d->node);
}

static void direction_init(direction *d, watch *owner, uint8_t events)
{
    d->completion.fn = direction_ready;
    d->owner = owner;
    eddyi_node_init(&d->node, direction_run);
    d->op = (eddyi_op){.descriptor = &owner->descriptor,
                       .kind = EDDYI_POLL,
                       .flags = EDDYI_MULTI,
                       .events = events,
                       .waiter = &d->completion};
}

static int create(eddy_loop *loop, eddy_fd fd, watch **out)
{
    int rc = make_room(loop);
    if (rc < 0)
        return rc;
    watch *w = eddyi_allocate_zero(&loop->allocator, sizeof *w);
    if (w == NULL)
        return EDDY_ENOMEM;
    w->loop = loop;
    w->descriptor.fd = fd;
    w->descriptor.kind = EDDYI_FOREIGN;
    direction_init(&w->reader, w, EDDYI_IN);
    direction_init(&w->writer, w, EDDYI_OUT);
    rc = loop->ops->attach(loop->backend, &w->descriptor);
    if (rc < 0) {
        eddyi_release(&loop->allocator, w);
        return rc == EDDY_EEXIST ? EDDY_EBUSY : rc;
    }
    eddyi_list_append(bucket_of(loop, fd), &w->link);
    loop->watches.count++;
    *out = w;
    return 0;
}

static int add(eddy_loop *loop, eddy_fd fd, bool writer, eddy_callback_fn fn, void *arg)
{
    eddyi_result now;
    int rc = eddyi_loop_usable(loop);
    if (rc == 0 && (fn == NULL || fd < 0))
        rc = EDDY_EINVAL;
    if (rc < 0)
        return eddyi_fail(rc, "add_reader");
    watch *w = find(loop, fd);
    if (w == NULL) {
        rc = create(loop, fd, &w);
        if (rc < 0)
            return eddyi_fail(rc, "add_reader");
    }
    direction *d = writer ? &w->writer : &w->reader;
    eddyi_variables captured = eddyi_variables_capture(loop);
    eddyi_variables replaced = forget_callback(d);
    d->fn = fn;
    d->arg = arg;
    d->variables = captured;
    if (!d->lent) {
        d->lent = true;
        if (eddyi_io_submit(loop, &d->op, &now) == EDDYI_DONE) {
            d->lent = false;
            captured = forget_callback(d);
            release_when_idle(w);
            eddyi_variables_drop(&captured);
            eddyi_variables_drop(&replaced);
            return eddyi_fail(now.value < 0 ? (int)now.value : EDDY_ENOSYS, "add_reader");
        }
    }
    eddyi_variables_drop(&replaced);
    return 0;
}

static int remove_direction(eddy_loop *loop, eddy_fd fd, bool writer)
{
    eddyi_result now;
    if (loop == NULL || loop->closed)
        return 0;
    watch *w = find(loop, fd);
    if (w == NULL)
        return 0;
    direction *d = writer ? &w->writer : &w->reader;
    if (d->fn == NULL)
        return 0;
    eddyi_variables variables = forget_callback(d);
    if (d->lent && eddyi_io_cancel(loop, &d->op, &now) == EDDYI_DONE)
        d->lent = false;
    release_when_idle(w);
    eddyi_variables_drop(&variables);
    return 1;
}

int eddy_loop_add_reader(eddy_loop *loop, eddy_fd fd, eddy_callback_fn fn, void *arg)
{
    return add(loop, fd, false, fn, arg);
}

int eddy_loop_add_writer(eddy_loop *loop, eddy_fd fd, eddy_callback_fn fn, void *arg)
{
    return add(loop, fd, true, fn, arg);
}

int eddy_loop_remove_reader(eddy_loop *loop, eddy_fd fd)
{
    return remove_direction(loop, fd, false);
}

int eddy_loop_remove_writer(eddy_loop *loop, eddy_fd fd)
{
    return remove_direction(loop, fd, true);
}

static void close_watch(watch *w)
{
    eddyi_variables of_reader = forget_callback(&w->reader);
    eddyi_variables of_writer = forget_callback(&w->writer);
    if (w->reader.lent)
        (void)eddyi_io_revoke(w->loop, &w->reader.op);
    if (w->writer.lent)
        (void)eddyi_io_revoke(w->loop, &w->writer.op);
    w->reader.lent = w->writer.lent = false;
    release_when_idle(w);
    eddyi_variables_drop(&of_reader);
    eddyi_variables_drop(&of_writer);
}

void eddyi_watches_close(eddy_loop *loop)
{
    for (size_t i = 0; i < loop->watches.bucket_count; i++)
        while (!eddyi_list_empty(&loop->watches.buckets[i]))
            close_watch(EDDYI_LIST_ITEM(loop->watches.buckets[i].next, watch, link));
    eddyi_release(&loop->allocator, loop->watches.buckets);
    loop->watches.buckets = NULL;
    loop->watches.bucket_count = 0;
}
