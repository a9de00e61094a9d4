/* inbox.c: how other threads put work into a loop: a lock-free stack of nodes and at most one wake-up.
 * Touches the backend's wake. A node that was posted is run or discarded by the loop; one that was refused was not touched.
 *
 * No wake-up is lost (the sleeper and the poster each write before they read, in one total order): the poster pushes, then
 * reads `sleeping`; the loop sets `sleeping`, then reads the inbox. */
#include "core/loop/inbox.h"

static eddyi_node inbox_closed; /* its address in the head means: nobody will come */

int eddyi_loop_post(eddy_loop *loop, eddyi_node *node)
{
    if (loop->fork_generation != eddyi_fork_generation())
        return EDDY_EFORKED;
    atomic_fetch_add(&loop->wakers, 1);
    eddyi_node *head = atomic_load(&loop->inbox);
    do {
        if (head == &inbox_closed) {
            atomic_fetch_sub(&loop->wakers, 1);
            return EDDY_ECLOSED;
        }
        node->link.next = (eddyi_list *)(void *)head;
    } while (!atomic_compare_exchange_weak(&loop->inbox, &head, node));
    if (atomic_load(&loop->sleeping) && atomic_exchange(&loop->sleeping, false))
        loop->ops->wake(loop->backend);
    atomic_fetch_sub(&loop->wakers, 1);
    return 0;
}

bool eddyi_inbox_empty(eddy_loop *loop)
{
    return atomic_load(&loop->inbox) == NULL;
}

/* The stack holds the newest first; turn it round. */
static void push_in_order(eddy_loop *loop, eddyi_node *node)
{
    eddyi_node *oldest = NULL;
    while (node != NULL && node != &inbox_closed) {
        eddyi_node *next = (eddyi_node *)(void *)node->link.next;
        node->link.next = (eddyi_list *)(void *)oldest;
        oldest = node;
        node = next;
    }
    while (oldest != NULL) {
        eddyi_node *next = (eddyi_node *)(void *)oldest->link.next;
        eddyi_ready_push(loop, oldest);
        oldest = next;
    }
}

void eddyi_inbox_drain(eddy_loop *loop)
{
    if (atomic_load_explicit(&loop->inbox, memory_order_relaxed) != NULL)
        push_in_order(loop, atomic_exchange(&loop->inbox, NULL));
}

void eddyi_inbox_close(eddy_loop *loop)
{
    push_in_order(loop, atomic_exchange(&loop->inbox, &inbox_closed));
    /* A poster that saw the inbox open may still be about to wake the backend, which is closed next. */
    while (atomic_load(&loop->wakers) != 0)
        eddyi_thread_yield();
}
