/* stream_inside.h: the inside of a stream, shared by the files of core/net.
 * Touches channel.h. A stream is a channel that tasks read from; it lives until it is closed and nobody refers to it. */
#ifndef EDDYI_STREAM_INSIDE_H
#define EDDYI_STREAM_INSIDE_H

#include <eddy/stream.h>
#include "core/net/channel.h"

struct eddy_stream {
    /* First. Its `reading`: a task is inside a read, and holds a reference. Its `received` takes the place of that reader's completion when
     * close takes the read back. */
    eddyi_channel channel;
    uint32_t references;
    bool read_revoked; /* close took the read back from it */
    bool ended;        /* the peer's end was seen */
    bool woken_read; /* a task is inside a read that others wake, through TLS or fed; it holds a reference */
    size_t lent_out; /* handed out as a view: they go at the next read */
    eddyi_buffer receive_buffer;
    eddyi_bytes incoming;
    struct eddyi_feed *feed; /* where its bytes come from, when it has no descriptor; else NULL */
    size_t searched;         /* of the incoming bytes: surely no separator begins before */

    size_t limit;
    eddyi_completion *revoked_reader; /* the reader's */
    eddyi_node reader_gone;           /* the loop closed under the reader: its reference is given back */
    eddyi_list drainers;              /* stream_wait.link of tasks above the mark */
    eddyi_list closers;               /* ... of tasks in wait_closed */
};

typedef struct eddyi_stream_settings {
    size_t limit; /* 0: 64 KiB */
    eddyi_channel_settings channel;
} eddyi_stream_settings;

/* Take a connected descriptor over. On failure it stays the caller's. */
int eddyi_stream_create(eddy_loop *, eddy_stream **out, eddy_fd fd, const eddyi_stream_settings *);
/* ---- feed.c: streams with a `feed` ---- */

ptrdiff_t eddyi_feed_await(eddy_stream *,
                           const char *operation); /* more is there; 0: the end; < 0: an error */
void eddyi_feed_settle(eddy_stream *);             /* what the last read handed out has gone */
void eddyi_feed_taken(eddy_stream *);              /* a read has taken something */
size_t eddyi_feed_size(const eddy_stream *);       /* how much is there */
void eddyi_feed_closing(eddy_stream *);
void eddyi_feed_free(eddy_stream *);

void eddyi_stream_wake_all(eddyi_list *waits, int result);
/* Wait in `list`. The caller holds a reference to `owner` meanwhile; should the loop close under it, let_go(owner) gives that back, for the
 * caller never returns. */
int eddyi_stream_wait(eddyi_list *list, const eddyi_wait_kind *kind, void *owner, void (*let_go)(void *));
int eddyi_stream_wait_drained(eddy_stream *);
void eddyi_stream_let_go(void *stream);
extern const eddyi_wait_kind eddyi_wait_closed_kind, eddyi_serve_forever_kind, eddyi_handshake_kind,
    eddyi_wait_process_kind, eddyi_drain_kind, eddyi_secure_read_kind, eddyi_fed_read_kind;

#endif
