/* secure.h: a channel's TLS: the handshake, what is received, and the end, all driven by completions.
 * Touches channel.h and the engine. What a task or a transport wants is asked of the engine; what the engine needs is received here. */
#ifndef EDDYI_SECURE_H
#define EDDYI_SECURE_H

#include "core/net/channel.h"
#include "core/tls/tls.h"

enum eddyi_secure_state {
    EDDYI_SECURE_HANDSHAKE,
    EDDYI_SECURE_OPEN,
    EDDYI_SECURE_ENDING,
    EDDYI_SECURE_ENDED
};

typedef struct eddyi_secure {
    eddyi_channel *channel;
    eddy_tls_object *tls;
    eddyi_completion received;
    eddyi_op receive; /* the channel's `reading`: it is lent */
    eddyi_buffer buffer;
    size_t room;      /* most bytes to receive at once; grows when one receive fills it */
    eddyi_node step;  /* the handshake and the end go on from the ready queue: they call the application */
    eddyi_list waits; /* tasks that wait for the handshake, or for something to read */
    size_t
        answered; /* bytes that reading made us send since something was read: a peer may not make us talk for ever */
    uint8_t state; /* enum eddyi_secure_state */
} eddyi_secure;

typedef struct eddyi_secure_settings {
    eddy_tls_context *context; /* NULL: no TLS */
    const char *host, *server_hostname;
    double handshake_timeout, shutdown_timeout;
    eddy_tls_session *session;
} eddyi_secure_settings;

/* C2: TLS has other marks. */
static inline eddyi_marks eddyi_secure_marks(eddyi_marks marks, const eddyi_secure_settings *settings)
{
    enum { HIGH = 512 * 1024 };
    if (settings->context != NULL && marks.high_water == 0)
        marks.high_water = HIGH;
    return marks;
}

/* Whether they make sense: EDDY_EINVAL, EDDY_ENOSYS, or 0. */
int eddyi_secure_check(const eddyi_secure_settings *, bool server_side);
/* Begin TLS on an open channel; the handshake goes on by itself. On failure the channel is as it was. */
int eddyi_secure_start(eddyi_channel *, const eddyi_secure_settings *);
/* In a task: wait until the handshake is done; `owner` and let_go as in eddyi_stream_wait. Cancelled or failed: the channel is lost. */
int eddyi_secure_await(eddyi_channel *, void *owner, void (*let_go)(void *), const char *operation);
bool eddyi_secure_is_shaking(const eddyi_channel *); /* the handshake is not done */
/* What somebody else received before: it is the engine's now. < 0: the channel was lost. */
int eddyi_secure_take(eddyi_channel *, const void *data, size_t size);
void eddyi_secure_received(eddyi_channel *, const eddyi_result *,
                           const void *data); /* ... whose op has ended just now */
/* > 0 bytes; 0: the peer's end; EDDY_EAGAIN: nothing is there; else the channel was lost. */
int64_t eddyi_secure_read(eddyi_channel *, void *data, size_t size);
/* Have more received. True: there is more now, read again; false: the channel's kind is told, and tasks are woken, when there is. */
bool eddyi_secure_fill(eddyi_channel *);
int eddyi_secure_write(eddyi_channel *, const eddyi_buffer *buffers, size_t count, const char *operation);

/* ---- for channel.c ---- */

void eddyi_secure_close(eddyi_channel *);        /* it is closing: tell the peer, and wait for its end */
void eddyi_secure_lost(eddyi_channel *);         /* it failed: nothing more is received */
void eddyi_secure_shut(eddyi_channel *);         /* the loop closes */
void eddyi_secure_stop(eddyi_channel *);         /* its descriptor closes now */
void eddyi_secure_limit_passed(eddyi_channel *); /* the handshake, or the end, took too long */
bool eddyi_secure_is_ending(const eddyi_channel *);
void eddyi_secure_free(eddyi_channel *); /* with the owner's memory */

#endif
