/* endpoint.h: one datagram socket: opened, addressed, closed: what datagram transports and datagrams for tasks share.
 * Touches task.h. The descriptor is closed when no op is lent on it any more and nothing is unsent, and only once. */
#ifndef EDDYI_ENDPOINT_H
#define EDDYI_ENDPOINT_H

#include <eddy/datagram.h>
#include "core/task/task.h"

typedef struct eddyi_endpoint eddyi_endpoint;

enum eddyi_endpoint_state { EDDYI_ENDPOINT_OPEN, EDDYI_ENDPOINT_CLOSING, EDDYI_ENDPOINT_CLOSED };

/* What an owner does when something happens. No user code: these run while results are handed out, too. */
typedef struct eddyi_endpoint_kind {
    /* It is closing: take the read back; with `error` set the send, too. May come twice. */
    void (*closing)(eddyi_endpoint *);
    /* The loop closes: take both back now, whatever that takes. Nobody is woken. */
    void (*shut)(eddyi_endpoint *);
    /* The descriptor is closed. The last call: the owner may be freed in it. */
    void (*closed)(eddyi_endpoint *);
    const char *name; /* "datagram socket", "datagram transport" */
} eddyi_endpoint_kind;

struct eddyi_endpoint {
    eddyi_closable closable;
    eddy_loop *loop;
    const eddyi_endpoint_kind *kind;
    eddyi_descriptor descriptor;
    uint8_t state;         /* enum eddyi_endpoint_state */
    bool reading, sending; /* the owner's: it has an op out that must end before the descriptor is closed */
    bool connected;        /* `target` is the only peer */
    bool cut_off;          /* the loop closed before it had come to its own end */
    int error;             /* that ended it */
    size_t unsent;         /* the owner's; while it is not 0, closing waits */
    eddyi_address target;  /* of size 0: none */
};

/* A socket that was made as the options say, and belongs to nobody yet. */
typedef struct eddyi_datagram_socket {
    eddy_fd fd;
    bool connected;
    eddyi_address target;
} eddyi_datagram_socket;

/* In a task. On success the descriptor is the caller's. */
int eddyi_datagram_socket_open(eddyi_datagram_socket *out, const eddy_datagram_options *options);
/* The descriptor is given up: closed, or the caller's again when it was `sock`. */
void eddyi_datagram_socket_close(eddy_loop *, eddyi_datagram_socket *, const eddy_datagram_options *options);

/* Take the socket over. On failure it stays the caller's. */
int eddyi_endpoint_init(eddyi_endpoint *, eddy_loop *, const eddyi_endpoint_kind *,
                        const eddyi_datagram_socket *);
void eddyi_endpoint_close(eddyi_endpoint *);           /* after what is unsent; idempotent */
void eddyi_endpoint_fail(eddyi_endpoint *, int error); /* discard what is unsent, close */
void eddyi_endpoint_try_finish(eddyi_endpoint *);      /* closing, and perhaps nothing is left to wait for */
/* U3: where a datagram goes: *to is NULL for the only peer. EDDY_EINVAL, EDDY_ECLOSED. */
int eddyi_endpoint_address(const eddyi_endpoint *, const eddy_address **to);
int eddyi_endpoint_name(const eddyi_endpoint *, bool peer, eddy_address *out);

#endif
