/* transport_inside.h: the inside of a transport, shared by the files of core/net.
 * Touches channel.h. User code is called from one place, the transport's node in the ready queue; pause_writing alone is called inside a write. */
#ifndef EDDYI_TRANSPORT_INSIDE_H
#define EDDYI_TRANSPORT_INSIDE_H

#include <eddy/transport.h>
#include "core/net/channel.h"

struct eddy_transport {
    eddyi_channel channel;   /* first; its `reading`: the receive op is lent */
    eddy_protocol *protocol; /* NULL: the server's factory has not been asked yet */
    uint32_t references;     /* users', and one until connection_lost has returned */
    bool made;               /* connection_made was called */
    bool paused;             /* reading, by the user */
    bool readable;           /* there is something to read: `received` bytes, or the kernel has some */
    bool ended;              /* the peer's end was seen */
    bool writing_paused;     /* pause_writing was called last */
    bool resume_due;
    bool lost_told;
    eddyi_list drainers; /* stream_wait.link of tasks in sendfile that wait for what is unsent */
    eddyi_node node;     /* queued when something is to be told */

    eddyi_completion received;
    eddyi_op receive;
    eddyi_buffer buffer; /* of the receive op, where the backend has to be given one beforehand; else empty */
    size_t got;          /* bytes in it that are not delivered yet */
};

/* Take a connected stream socket over. On failure it stays the caller's. The caller sets the protocol and queues the node. */
int eddyi_transport_create(eddy_loop *, eddy_transport **out, eddy_fd fd, eddyi_marks);
void eddyi_transport_let_go(void *transport); /* a wait's reference */
void eddyi_transport_queue(eddy_transport *); /* have the node run, once */
/* The protocol, or the system, made going on impossible: reported, and the connection is lost. User code. */
void eddyi_transport_fatal(eddy_transport *, int code, const char *message);

/* The marks as set_write_buffer_limits takes them, SIZE_MAX: not given. EDDY_EINVAL leaves nothing certain in them. */
int eddyi_marks_complete(size_t *high, size_t *low);

int eddyi_server_make_protocol(eddy_server *, eddy_protocol **out); /* ask its factory. User code */

/* ---- transport_read.c ---- */

int eddyi_transport_prepare_reading(eddy_transport *); /* what reading will need is there; EDDY_ENOMEM */
void eddyi_transport_start_reading(eddy_transport *);  /* unless it is paused, ended, closing, or under way */
void eddyi_transport_stop_reading(
    eddy_transport *);                       /* take the op back; on completion backends it may take a turn */
void eddyi_transport_read(eddy_transport *); /* something is there: read once, and tell. User code */
void eddyi_transport_end_reading(eddy_transport *); /* give back what reading needed */

#endif
