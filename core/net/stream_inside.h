/* stream_inside.h: the inside of a stream, shared by the files of core/net.
 * Touches task.h. One receive op and one send op; a stream lives until it is closed and nobody refers to it. */
#ifndef EDDYI_STREAM_INSIDE_H
#define EDDYI_STREAM_INSIDE_H

#include <eddy/stream.h>
#include "core/task/task.h"

enum eddyi_stream_state { EDDYI_STREAM_OPEN, EDDYI_STREAM_CLOSING, EDDYI_STREAM_CLOSED };

/* What a stream flows through. A pipe has one direction, and its end is closing it. */
enum eddyi_stream_way { EDDYI_WAY_SOCKET, EDDYI_WAY_READ_PIPE, EDDYI_WAY_WRITE_PIPE };

/* Bytes in a row: [start, end) of `data`. */
typedef struct eddyi_bytes {
    char *data;
    size_t capacity, start, end;
} eddyi_bytes;

static inline size_t eddyi_bytes_size(const eddyi_bytes *bytes)
{
    return bytes->end - bytes->start;
}

struct eddy_stream {
    eddyi_closable closable;
    eddy_loop *loop;
    eddyi_descriptor descriptor;
    uint32_t references;
    uint8_t state;     /* enum eddyi_stream_state */
    uint8_t way;       /* enum eddyi_stream_way */
    bool reading;      /* a task is inside a read, and holds a reference */
    bool read_revoked; /* close took the read back from it */
    bool ended;        /* the peer's end was seen */
    bool sending;      /* the send op is lent */
    bool eof_wanted, eof_sent;
    int error; /* that ended the connection; sticky */
    int os_error;

    size_t limit, high_water, low_water;
    eddyi_op receive;
    eddyi_buffer receive_buffer;
    eddyi_completion revoked;         /* takes the place of the reader's when close takes the read back */
    eddyi_completion *revoked_reader; /* the reader's */
    eddyi_node reader_gone;           /* the loop closed under the reader: its reference is given back */
    eddyi_bytes incoming;
    size_t searched; /* of the incoming bytes: surely no separator begins before */
    size_t lent_out; /* handed out as a view: they go at the next read */

    eddyi_completion sent;
    eddyi_op send;
    eddyi_buffer send_buffer;
    eddyi_bytes in_flight; /* what the send op was given: does not move */
    eddyi_bytes outgoing;  /* written since */
    eddyi_list drainers;   /* stream_wait.link of tasks above the mark */
    eddyi_list closers;    /* ... of tasks in wait_closed */

    /* pipes only */
    bool terminal;          /* when its other end goes, a read fails; that is an end like any other */
    bool made_non_blocking; /* others may share the open file: it is put back */
    bool watching;          /* the op that waits for the reader to go is lent */
    bool lost_nothing;      /* the reader went, and nothing was unsent */
    eddyi_op watch;
    eddyi_completion watched;

    struct eddy_server *server; /* that accepted it; NULL: none */
    eddyi_list of_server;       /* in the server's connections */
};

typedef struct eddyi_stream_settings {
    size_t limit, high_water, low_water; /* 0: the default */
    enum eddyi_stream_way way;
    bool terminal, made_non_blocking;
} eddyi_stream_settings;

static inline size_t eddyi_stream_unsent(const eddy_stream *stream)
{
    return eddyi_bytes_size(&stream->in_flight) + eddyi_bytes_size(&stream->outgoing);
}

static inline uint8_t eddyi_stream_send_kind(const eddy_stream *stream)
{
    return stream->way == EDDYI_WAY_SOCKET ? EDDYI_SEND : EDDYI_WRITE;
}

/* Take a connected descriptor over. On failure it stays the caller's. */
int eddyi_stream_create(eddy_loop *, eddy_stream **out, eddy_fd fd, const eddyi_stream_settings *);
void eddyi_stream_fail(eddy_stream *, int error,
                       int os_error);        /* the connection is lost: tell everybody, close */
void eddyi_stream_try_finish(eddy_stream *); /* closing, and perhaps nothing is left to wait for */
void eddyi_stream_flush(eddy_stream *);
bool eddyi_pipe_stop_watching(eddy_stream *); /* false: the op comes back later, and tries to finish then */
/* Take an end of a pipe over whose settings are known. On failure it stays the caller's. */
int eddyi_pipe_stream_create(eddy_loop *, eddy_stream **out, eddy_fd fd, const eddyi_stream_settings *);
void eddyi_stream_wake_all(eddyi_list *waits, int result);
/* Wait in `list`. The caller holds a reference to `owner` meanwhile; should the loop close under it, let_go(owner) gives that back, for the
 * caller never returns. */
int eddyi_stream_wait(eddyi_list *list, const eddyi_wait_kind *kind, void *owner, void (*let_go)(void *));
int eddyi_stream_wait_drained(eddy_stream *);
extern const eddyi_wait_kind eddyi_wait_closed_kind, eddyi_serve_forever_kind, eddyi_wait_process_kind;

/* Room for `size` more bytes at the end. */
int eddyi_bytes_reserve(const eddy_allocator *, eddyi_bytes *, size_t size);
void eddyi_bytes_consume(const eddy_allocator *, eddyi_bytes *, size_t size);
void eddyi_bytes_free(const eddy_allocator *, eddyi_bytes *);

void eddyi_server_forget(struct eddy_server *, eddy_stream *); /* the stream is closed */

#endif
