/* signals.c: add_signal_handler: a signal's handler notes it, the loop calls back in its turn.
 * Touches seam 2's signals and the backend's wake. In signal context only flags are set; what was noted is never lost, and a callback that was
 * removed does not run. */
#include "core/loop/signals.h"

#include "core/task/task.h"

typedef struct signal_handler {
    eddyi_list link; /* in loop->signals */
    eddyi_signal_watch watch;
    eddyi_node node; /* queued while a call is due */
    eddy_loop *loop;
    eddy_callback_fn fn;
    void *arg;
    atomic_bool came;
} signal_handler;

/* No wake-up is lost, as with the inbox: this writes `signalled`, then reads `sleeping`; the loop the other way round. */
void eddyi_signal_came(eddy_loop *loop)
{
    atomic_store(&loop->signalled, true);
    if (atomic_load(&loop->sleeping) && atomic_exchange(&loop->sleeping, false))
        loop->ops->wake(loop->backend);
}

static void in_signal_context(void *arg)
{
    signal_handler *self = arg;
    atomic_store(&self->came, true);
    eddyi_signal_came(self->loop);
}

static void call(eddyi_node *node)
{
    signal_handler *self = EDDYI_CONTAINER(node, signal_handler, node);
    if (!self->loop->closed)
        self->fn(self->arg);
}

void eddyi_signals_take_up(eddy_loop *loop)
{
    atomic_store(&loop->signalled, false); /* before the looking: what comes later is looked at again */
    if (loop->main_task != NULL && atomic_exchange(&loop->interrupted, false))
        eddy_task_cancel(loop->main_task);
    eddyi_list_each (link, &loop->signals) {
        signal_handler *self = EDDYI_LIST_ITEM(link, signal_handler, link);
        if (atomic_exchange(&self->came, false) && eddyi_list_empty(&self->node.link))
            eddyi_ready_push(loop, &self->node);
    }
}

static signal_handler *find(eddy_loop *loop, int signum)
{
    eddyi_list_each (link, &loop->signals) {
        signal_handler *self = EDDYI_LIST_ITEM(link, signal_handler, link);
        if (self->watch.number == signum)
            return self;
    }
    return NULL;
}

static int create(eddy_loop *loop, int signum, eddy_callback_fn fn, void *arg)
{
    signal_handler *self = eddyi_allocate_zero(&loop->allocator, sizeof *self);
    if (self == NULL)
        return EDDY_ENOMEM;
    self->loop = loop;
    self->fn = fn;
    self->arg = arg;
    self->watch.fn = in_signal_context;
    self->watch.arg = self;
    atomic_init(&self->came, false);
    eddyi_node_init(&self->node, call);
    int rc = eddyi_signal_watch_add(&self->watch, signum, false);
    if (rc < 0)
        eddyi_release(&loop->allocator, self);
    else
        eddyi_list_append(&loop->signals, &self->link);
    return rc;
}

static void destroy(signal_handler *self)
{
    eddy_loop *loop = self->loop;
    eddyi_signal_watch_remove(&self->watch);
    eddyi_ready_remove(loop, &self->node);
    eddyi_list_remove(&self->link);
    eddyi_release(&loop->allocator, self);
}

int eddy_loop_add_signal_handler(eddy_loop *loop, int signum, eddy_callback_fn fn, void *arg)
{
    int rc = eddyi_loop_usable(loop);
    if (rc == 0 && (fn == NULL || signum <= 0))
        rc = EDDY_EINVAL;
    else if (rc == 0 && loop->fork_generation != eddyi_fork_generation())
        rc = EDDY_EFORKED; /* its wake-up is the parent's */
    if (rc < 0)
        return eddyi_fail(rc, "add_signal_handler");
    signal_handler *self = find(loop, signum);
    if (self != NULL) {
        self->fn = fn;
        self->arg = arg;
        return 0;
    }
    rc = create(loop, signum, fn, arg);
    return rc < 0 ? eddyi_fail(rc, "add_signal_handler") : 0;
}

int eddy_loop_remove_signal_handler(eddy_loop *loop, int signum)
{
    signal_handler *self = loop != NULL && !loop->closed ? find(loop, signum) : NULL;
    if (self == NULL)
        return 0;
    destroy(self);
    return 1;
}

void eddyi_signals_close(eddy_loop *loop)
{
    while (!eddyi_list_empty(&loop->signals))
        destroy(EDDYI_LIST_ITEM(loop->signals.next, signal_handler, link));
}
