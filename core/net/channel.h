/* channel.h: one connected descriptor and what is written to it but not yet sent: what streams and transports share.
 * Touches task.h. One send op; reading is the owner's. The descriptor is closed when no op is lent on it any more, and only once. */
#ifndef EDDYI_CHANNEL_H
#define EDDYI_CHANNEL_H

#include "core/net/bytes.h"
#include "core/net/marks.h"
#include "core/task/task.h"

enum eddyi_channel_state { EDDYI_CHANNEL_OPEN, EDDYI_CHANNEL_CLOSING, EDDYI_CHANNEL_CLOSED };

/* What it flows through. A pipe has one direction, and its end is closing it. */
enum eddyi_channel_way {
    EDDYI_WAY_SOCKET,
    EDDYI_WAY_READ_PIPE,
    EDDYI_WAY_WRITE_PIPE,
    EDDYI_WAY_FED /* there is no descriptor: what is read comes from elsewhere */
};

typedef struct eddyi_channel eddyi_channel;
typedef struct eddyi_outgoing eddyi_outgoing;

/* What an owner does when something happens. No user code: these run while results are handed out, too. */
typedef struct eddyi_channel_kind {
    /* So much is unsent that the owner may go on: at or below the low mark. Comes again with each progress. */
    void (*low)(eddyi_channel *);
    /* With TLS: the handshake is done, or there may be something to read. */
    void (*readable)(eddyi_channel *);
    /* It is closing or lost (then `error` is set): take the read back; `reading` false as soon as it is. May come twice. */
    void (*closing)(eddyi_channel *);
    /* The loop closes: take the read back now, whatever that takes. Nobody is woken. */
    void (*shut)(eddyi_channel *);
    /* The descriptor is closed. The last call: the owner may be freed in it. Nobody is woken while the loop closes. */
    void (*closed)(eddyi_channel *);
    /* What a server does to its clients. */
    void (*close)(eddyi_channel *);
    void (*abort)(eddyi_channel *);
    const char *name; /* "stream", "transport" */
} eddyi_channel_kind;

/* In the order of use: from the receive op on, with what an owner puts behind it, lies what every read and write touches. */
struct eddyi_channel {
    eddyi_closable closable;
    uint64_t close_timeout;     /* nanoseconds that its end may take; UINT64_MAX: no limit */
    struct eddy_server *server; /* that accepted it; NULL: none */
    eddyi_list of_server;       /* in the server's connections */
    const char *message;        /* of the error: TLS's reason, or NULL */
    eddyi_completion received;  /* the owner's, to go with `receive` */
    eddyi_op receive;           /* the owner's; of a pipe's writing end: waits for the reader to go */
    eddyi_descriptor descriptor;
    eddy_loop *loop;
    const eddyi_channel_kind *kind;
    uint8_t state; /* enum eddyi_channel_state */
    uint8_t way;   /* enum eddyi_channel_way */
    /* The owner's: it has a read out that must end before the descriptor is closed. Of a pipe's writing end: the op that waits for the reader to
     * go is lent. */
    bool reading;
    bool sending; /* the send op is lent */
    bool eof_wanted, eof_sent;
    bool made_non_blocking; /* others may share the open file: it is put back */
    bool terminal;          /* when its other end goes, a read fails; that is an end like any other */
    bool lost_nothing;      /* the reader of a pipe went, and nothing was unsent */
    bool last_words;        /* it is lost, but what is unsent says why: that goes out first */
    bool cut_off;           /* the loop closed before it had come to its own end */
    bool held;              /* it is worked on: closing it waits until that is over */
    int error;              /* that ended the connection; sticky */
    int os_error;
    eddyi_outgoing *outgoing;    /* made by the first write that cannot go at once */
    struct eddyi_secure *secure; /* its TLS; NULL: none */
    eddyi_op *file_op;           /* of a sendfile under way: nobody else writes; NULL: none is */
    eddyi_marks marks;
};

typedef struct eddyi_channel_settings {
    eddyi_marks marks;
    double close_timeout; /* seconds that what is unsent may hold a close up; 0: no limit */
    enum eddyi_channel_way way;
    bool terminal, made_non_blocking;
    bool fresh; /* as a descriptor's */
} eddyi_channel_settings;

static inline bool eddyi_channel_is_written(const eddyi_channel *channel)
{
    return channel->way == EDDYI_WAY_SOCKET || channel->way == EDDYI_WAY_WRITE_PIPE;
}

static inline bool eddyi_bad_limit(double seconds) /* negative, or not a number */
{
    return !(seconds >= 0);
}

/* A stream socket that somebody else made, to be taken over: it is made non-blocking. 0, or why it cannot. */
int eddyi_check_stream_socket(eddy_loop *, eddy_fd);
/* Take a connected descriptor over. On failure it stays the caller's. */
int eddyi_channel_open(eddyi_channel *, eddy_loop *, const eddyi_channel_kind *, eddy_fd,
                       const eddyi_channel_settings *);
size_t eddyi_channel_unsent(const eddyi_channel *);
/* Send what goes at once and keep a copy of the rest: 0, or an error, then the record's `partial` says how much was taken. */
int eddyi_channel_write(eddyi_channel *, const eddyi_buffer *buffers, size_t count, const char *operation);
int eddyi_channel_row(eddyi_channel *,
                      eddyi_bytes **row);  /* for TLS: where to put what is to be sent; EDDY_ENOMEM */
void eddyi_channel_flush(eddyi_channel *); /* send what is in the row, as it goes */
/* It was lost: record why for the caller, and return the code. */
int eddyi_channel_tell(const eddyi_channel *, const char *operation);
void eddyi_channel_write_eof(
    eddyi_channel *);                      /* after what is unsent; idempotent. Of a pipe: close it then */
void eddyi_channel_close(eddyi_channel *); /* after what is unsent; idempotent */
/* The connection is lost, or is to be: tell the owner, discard what is unsent, close. */
void eddyi_channel_fail(eddyi_channel *, int error, int os_error);
/* The same with the reason in words: a literal, or NULL. */
void eddyi_channel_fail_saying(eddyi_channel *, int error, const char *message);
/* The same, but the peer is told what is unsent, within close_timeout. */
void eddyi_channel_fail_telling(eddyi_channel *, int error, const char *message);
/* What goes on now (the end, the handshake of TLS) fails the channel unless it is over in so many nanoseconds; UINT64_MAX: it may take for
 * ever. In place of the limit before. The channel has a row of unsent bytes. */
void eddyi_channel_limit(eddyi_channel *, uint64_t delay);
void eddyi_channel_abort(eddyi_channel *);      /* fail it, as one's own wish */
void eddyi_channel_try_finish(eddyi_channel *); /* closing, and perhaps nothing is left to wait for */

int eddyi_channel_name(const eddyi_channel *, bool peer, char *text, size_t size); /* get_extra_info */

/* ---- pipe.c: the writing end of a pipe, which notices that nobody reads any more. Others are left alone ---- */

void eddyi_pipe_watch_reader(eddyi_channel *);
void eddyi_pipe_stop_watching(eddyi_channel *); /* all is sent or lost; the op may take a turn to come back */

void eddyi_server_forget(struct eddy_server *, eddyi_channel *); /* the channel is closed */

#endif
