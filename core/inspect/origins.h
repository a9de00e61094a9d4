/* origins.h: in debug mode, where a task, a future, a connection or a server was made (asyncio DB4).
 * Touches loop.h. An object has at most one; who frees it forgets it. */
#ifndef EDDYI_ORIGINS_H
#define EDDYI_ORIGINS_H

#include "core/inspect/text.h"

/* Keep who called the function in whose frame `above` lies. Without memory nothing is kept. False: nothing was. */
bool eddyi_origin_note(eddy_loop *loop, const void *object, const void *above);
void eddyi_origin_forget(eddy_loop *loop, const void *object);
/* Add "created at:" and the calls, innermost first, if that is known. */
void eddyi_origin_tell(const eddy_loop *loop, const void *object, eddyi_text *text);
void eddyi_origins_free(eddy_loop *loop);

/* Add the calls that lead to where `above` lies, innermost first; and one place that is no call: a function. */
void eddyi_place_tell_here(eddyi_text *text, const void *above);
void eddyi_place_tell(eddyi_text *text, eddy_callback_fn fn);

/* What its user opened and must close. */
static inline void eddyi_closable_add(eddy_loop *loop, eddyi_closable *closable)
{
    eddyi_list_append(&loop->closables, &closable->link);
    if ((loop->held & EDDYI_HELD_BY_DEBUG) != 0)
        (void)eddyi_origin_note(loop, closable, &loop);
}
static inline void eddyi_closable_remove(eddy_loop *loop, eddyi_closable *closable)
{
    eddyi_list_remove(&closable->link);
    if (loop->origin_count != 0)
        eddyi_origin_forget(loop, closable);
}
/* The loop closes: in debug mode those that were not closed are reported. */
void eddyi_closables_report(eddy_loop *loop);

#endif
