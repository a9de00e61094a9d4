/* transport_inside.h: the inside of a transport, shared by the files of core/net.
 * Touches channel.h. User code is called from one place, the transport's node in the ready queue; pause_writing alone is called inside a write. */
#ifndef EDDYI_TRANSPORT_INSIDE_H
#define EDDYI_TRANSPORT_INSIDE_H

#include <eddy/transport.h>
#include "core/net/channel.h"
#include "core/net/teller.h"

/* Memory of a transport's own to receive into. */
typedef struct eddyi_received {
    eddyi_buffer buffer; /* of the receive op */
    size_t got;          /* bytes in it that are not delivered yet */
    char data[16 * 1024];
} eddyi_received;

struct eddy_transport {
    eddyi_channel channel; /* first; its `reading`: the receive op is lent */
    eddyi_teller teller;
    eddy_protocol *protocol; /* NULL: the server's factory has not been asked yet */
    bool protocol_is_eddys;  /* and stays */
    bool paused;             /* reading, by the user */
    bool readable;           /* there is something to read: `got` bytes, or the kernel has some */
    bool ended;              /* the peer's end was seen */
    eddyi_list drainers;     /* stream_wait.link of tasks in sendfile that wait for what is unsent */
    eddyi_received *own;     /* where the backend has to be given memory beforehand; else NULL */
};

/* Take a connected descriptor over. On failure it stays the caller's. The caller sets the protocol and queues the teller. */
int eddyi_transport_create(eddy_loop *, eddy_transport **out, eddy_fd fd, const eddyi_channel_settings *);
void eddyi_transport_let_go(void *transport);   /* a wait's reference */
void eddyi_transport_discard(eddy_transport *); /* one that was never queued: closed, and nobody is told */
/* The protocol, or the system, made going on impossible: reported, and the connection is lost. User code. */
void eddyi_transport_fatal(eddy_transport *, int code, const char *message);

int eddyi_server_make_protocol(eddy_server *, eddy_protocol **out); /* ask its factory. User code */

/* ---- transport_read.c ---- */

int eddyi_transport_prepare_reading(
    eddy_transport *, enum eddyi_channel_way);        /* what reading will need is there; EDDY_ENOMEM */
void eddyi_transport_start_reading(eddy_transport *); /* unless it is paused, ended, closing, or under way */
void eddyi_transport_stop_reading(
    eddy_transport *); /* take the op back; on completion backends it may take a turn */
void eddyi_transport_received(eddyi_completion *, const eddyi_result *); /* the op has ended */
void eddyi_transport_read(eddy_transport *);        /* something is there: read once, and tell. User code */
void eddyi_transport_end_reading(eddy_transport *); /* give back what reading needed */

#endif
