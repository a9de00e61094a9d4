/* teller.c: when a protocol is called.
 * Touches the ready queue. The end waits for its turn in the loop's closables, so that a loop that closes tells it too. */
#include "core/net/teller.h"

static void tell_lost(eddyi_teller *teller)
{
    if (teller->lost)
        return;
    teller->lost = true;
    EDDYI_ALLOW_MEMORY(); /* it is user code, also while the loop closes */
    teller->kind->lost(teller);
    EDDYI_FORBID_MEMORY();
    eddyi_teller_release(teller);
}

/* Ended in the middle of it, the node is queued again. */
static void run(eddyi_node *node)
{
    eddyi_teller *teller = EDDYI_CONTAINER(node, eddyi_teller, node);
    if (teller->loop->closed)
        return;
    eddyi_teller_retain(teller);
    if (teller->ended)
        tell_lost(teller);
    else
        teller->kind->tell(teller);
    eddyi_teller_release(teller);
}

void eddyi_teller_init(eddyi_teller *teller, eddy_loop *loop, const eddyi_teller_kind *kind)
{
    *teller = (eddyi_teller){.kind = kind, .loop = loop, .references = 1};
    eddyi_node_init(&teller->node, run);
}

void eddyi_teller_retain(eddyi_teller *teller)
{
    teller->references++;
}

void eddyi_teller_release(eddyi_teller *teller)
{
    if (--teller->references == 0)
        teller->kind->free(teller);
}

void eddyi_teller_queue(eddyi_teller *teller)
{
    if (eddyi_list_empty(&teller->node.link))
        eddyi_ready_push(teller->loop, &teller->node);
}

/* ---- the end ---- */

void eddyi_teller_end(eddyi_teller *teller, eddyi_closable *last)
{
    teller->ended = true;
    if (teller->loop->closing) {
        eddyi_teller_lose(teller);
        return;
    }
    eddyi_list_append(&teller->loop->closables, &last->link);
    eddyi_teller_queue(teller);
}

void eddyi_teller_lose(eddyi_teller *teller)
{
    eddyi_ready_remove(teller->loop, &teller->node);
    tell_lost(teller);
}

/* ---- the marks ---- */

void eddyi_teller_pause_above(eddyi_teller *teller, size_t unsent, size_t high_water)
{
    if (teller->writing_paused || unsent <= high_water)
        return;
    teller->writing_paused = true;
    teller->kind->paused(teller);
}

void eddyi_teller_resume(eddyi_teller *teller)
{
    if (!teller->writing_paused)
        return;
    teller->resume_due = true;
    eddyi_teller_queue(teller);
}

void eddyi_teller_tell_resumed(eddyi_teller *teller)
{
    if (!teller->resume_due)
        return;
    teller->resume_due = false;
    if (!teller->writing_paused || teller->ended)
        return;
    teller->writing_paused = false;
    teller->kind->resumed(teller);
}

int eddyi_teller_check_protocol(const eddyi_teller *teller, const void *type)
{
    if (teller == NULL || type == NULL)
        return eddyi_fail(EDDY_EINVAL, "set_protocol");
    return teller->lost ? eddyi_fail(EDDY_ECLOSED, "set_protocol") : 0;
}
