/* origins.c: who made what, by the address of what was made: a table of chains, each origin a cell.
 * Touches cells and seam 2's unwinder. Only debug mode notes; forgetting and telling find nothing otherwise. */
#include "core/inspect/origins.h"

#include <stdio.h>
#include <string.h>

#include "core/base/memory.h"
#include "core/inspect/frames.h"

enum { BUCKETS = 1024, CALLS = 12, MOST_UNCLOSED = 64 };

typedef struct origin {
    eddyi_list link;
    const void *object;
    size_t count;
    uintptr_t addresses[CALLS];
} origin;

_Static_assert(sizeof(origin) <= EDDYI_CELL_SIZE, "an origin fits a cell");

/* Objects are aligned; the golden ratio spreads them (Knuth, volume 3, 6.4). */
static eddyi_list *bucket_of(const eddy_loop *loop, const void *object)
{
    uint64_t spread = (uint64_t)(uintptr_t)object * UINT64_C(0x9e3779b97f4a7c15);
    return &loop->origins[(spread >> 32) % BUCKETS];
}

static bool make_buckets(eddy_loop *loop)
{
    if (loop->origins != NULL)
        return true;
    loop->origins = eddyi_allocate(&loop->allocator, BUCKETS * sizeof *loop->origins);
    for (size_t i = 0; loop->origins != NULL && i < BUCKETS; i++)
        eddyi_list_init(&loop->origins[i]);
    return loop->origins != NULL;
}

bool eddyi_origin_note(eddy_loop *loop, const void *object, const void *above)
{
    origin *self = make_buckets(loop) ? eddyi_cell_take(loop) : NULL;
    if (self == NULL)
        return false;
    self->object = object;
    self->count = eddyi_unwind_here(above, self->addresses, CALLS);
    if (self->count > CALLS)
        self->count = CALLS;
    eddyi_list_append(bucket_of(loop, object), &self->link);
    loop->origin_count++;
    return true;
}

static origin *find(const eddy_loop *loop, const void *object)
{
    if (loop->origin_count == 0)
        return NULL;
    eddyi_list_each (link, bucket_of(loop, object)) {
        origin *self = EDDYI_LIST_ITEM(link, origin, link);
        if (self->object == object)
            return self;
    }
    return NULL;
}

void eddyi_origin_forget(eddy_loop *loop, const void *object)
{
    origin *self = find(loop, object);
    if (self == NULL)
        return;
    eddyi_list_remove(&self->link);
    eddyi_cell_give(loop, self);
    loop->origin_count--;
}

void eddyi_origins_free(eddy_loop *loop)
{
    eddyi_release(&loop->allocator, loop->origins);
    loop->origins = NULL;
}

/* ---- telling ---- */

static void tell_calls(eddyi_text *text, const eddyi_frames *frames)
{
    eddyi_symbols *symbols = NULL;
    (void)eddyi_symbols_open(&symbols);
    for (size_t i = 0; i < frames->count; i++) {
        eddy_frame frame;
        eddyi_frame_fill(&frame, symbols, frames->addresses[i]);
        bool own = strncmp(frame.function, "eddy_", 5) == 0 || strncmp(frame.function, "eddyi_", 6) == 0;
        if (own && i + 1 < frames->count)
            continue; /* the ways in which eddy's own functions make things */
        eddyi_text_add(text, "      ");
        eddyi_frame_tell(text, &frame);
    }
    eddyi_symbols_close(symbols);
}

void eddyi_origin_tell(const eddy_loop *loop, const void *object, eddyi_text *text)
{
    origin *self = find(loop, object);
    if (self == NULL || self->count == 0)
        return;
    eddyi_text_add(text, "    created at:\n");
    tell_calls(text, &(eddyi_frames){self->addresses, self->count, 0});
}

void eddyi_place_tell_here(eddyi_text *text, const void *above)
{
    uintptr_t addresses[CALLS];
    size_t count = eddyi_unwind_here(above, addresses, CALLS);
    tell_calls(text, &(eddyi_frames){addresses, count < CALLS ? count : CALLS, 0});
}

void eddyi_place_tell(eddyi_text *text, eddy_callback_fn fn)
{
    uintptr_t address;
    memcpy(&address, &fn, sizeof address);
    address++; /* as if it had made a call at its beginning */
    tell_calls(text, &(eddyi_frames){&address, 1, 0});
}

/* ---- what was not closed ---- */

static void report_unclosed(eddy_loop *loop, eddyi_closable *closable, const char *what)
{
    eddyi_text text;
    char message[64];
    eddyi_text_init(&text, &loop->allocator);
    eddyi_origin_tell(loop, closable, &text);
    (void)snprintf(message, sizeof message, "unclosed %s", what);
    eddy_exception_context context = {.size = sizeof context, .message = message, .text = text.data};
    eddy_loop_call_exception_handler(loop, &context);
    eddyi_text_free(&text);
}

/* A handler may close any of them, so the search begins anew after each report. */
static bool report_next(eddy_loop *loop)
{
    eddyi_list_each (link, &loop->closables) {
        eddyi_closable *closable = EDDYI_LIST_ITEM(link, eddyi_closable, link);
        const char *what =
            closable->unclosed != NULL && !closable->told ? closable->unclosed(closable) : NULL;
        closable->told = true;
        if (what != NULL) {
            report_unclosed(loop, closable, what);
            return true;
        }
    }
    return false;
}

void eddyi_closables_report(eddy_loop *loop)
{
    for (int i = 0; i < MOST_UNCLOSED && report_next(loop); i++)
        continue;
}
