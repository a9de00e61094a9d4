/* stream_inside.h: the inside of a stream, shared by the files of core/net.
 * Touches channel.h. A stream is a channel that tasks read from; it lives until it is closed and nobody refers to it. */
#ifndef EDDYI_STREAM_INSIDE_H
#define EDDYI_STREAM_INSIDE_H

#include <eddy/stream.h>
#include "core/net/channel.h"

/* What a stream flows through. A pipe has one direction, and its end is closing it. */
enum eddyi_stream_way { EDDYI_WAY_SOCKET, EDDYI_WAY_READ_PIPE, EDDYI_WAY_WRITE_PIPE };

struct eddy_stream {
    /* First. Its `reading`: a task is inside a read, and holds a reference; of a pipe's writing end: the op that waits for the reader to
     * go is lent. */
    eddyi_channel channel;
    uint32_t references;
    uint8_t way;       /* enum eddyi_stream_way */
    bool terminal;     /* when its other end goes, a read fails; that is an end like any other */
    bool lost_nothing; /* the reader went, and nothing was unsent */
    bool read_revoked; /* close took the read back from it */
    bool ended;        /* the peer's end was seen */
    bool secure_read;  /* a task is inside a read through TLS; it holds a reference */

    size_t limit;
    eddyi_op receive; /* of a pipe's writing end: waits for the reader to go */
    eddyi_buffer receive_buffer;
    eddyi_completion reader_watched;
    eddyi_completion revoked;         /* takes the place of the reader's when close takes the read back */
    eddyi_completion *revoked_reader; /* the reader's */
    eddyi_node reader_gone;           /* the loop closed under the reader: its reference is given back */
    eddyi_bytes incoming;
    size_t searched; /* of the incoming bytes: surely no separator begins before */
    size_t lent_out; /* handed out as a view: they go at the next read */

    eddyi_list drainers; /* stream_wait.link of tasks above the mark */
    eddyi_list closers;  /* ... of tasks in wait_closed */
};

typedef struct eddyi_stream_settings {
    size_t limit; /* 0: 64 KiB */
    eddyi_marks marks;
    enum eddyi_stream_way way;
    bool terminal, made_non_blocking;
} eddyi_stream_settings;

/* Take a connected descriptor over. On failure it stays the caller's. */
int eddyi_stream_create(eddy_loop *, eddy_stream **out, eddy_fd fd, const eddyi_stream_settings *);
/* Take an end of a pipe over whose settings are known. On failure it stays the caller's. */
int eddyi_pipe_stream_create(eddy_loop *, eddy_stream **out, eddy_fd fd, const eddyi_stream_settings *);
void eddyi_pipe_stop_watching(eddy_stream *); /* on completion backends the op may take a turn to come back */
void eddyi_stream_wake_all(eddyi_list *waits, int result);
/* Wait in `list`. The caller holds a reference to `owner` meanwhile; should the loop close under it, let_go(owner) gives that back, for the
 * caller never returns. */
int eddyi_stream_wait(eddyi_list *list, const eddyi_wait_kind *kind, void *owner, void (*let_go)(void *));
int eddyi_stream_wait_drained(eddy_stream *);
void eddyi_stream_let_go(void *stream);
extern const eddyi_wait_kind eddyi_wait_closed_kind, eddyi_serve_forever_kind, eddyi_handshake_kind,
    eddyi_wait_process_kind, eddyi_drain_kind, eddyi_secure_read_kind;

#endif
