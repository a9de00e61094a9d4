/* datagram_transport_inside.h: the inside of a datagram transport, shared by its two files.
 * Touches outbox.h. User code is called from one place, the transport's node in the ready queue; pause_writing alone inside sendto. */
#ifndef EDDYI_DATAGRAM_TRANSPORT_INSIDE_H
#define EDDYI_DATAGRAM_TRANSPORT_INSIDE_H

#include "core/net/outbox.h"

struct eddy_datagram_transport {
    eddyi_endpoint endpoint; /* first; its `reading`: the receive op is lent */
    eddyi_outbox outbox;
    eddy_datagram_protocol *protocol;
    uint32_t references; /* users', and one until connection_lost has returned */
    bool made;           /* connection_made was called */
    bool readable;       /* there is something to receive: one lies in `buffer`, or the kernel has some */
    bool writing_paused; /* pause_writing was called last */
    bool resume_due;
    bool lost_told;
    bool one_at_a_time;            /* its datagrams may be very large */
    int send_error, receive_error; /* to be told */
    size_t high_water, low_water;
    eddyi_node node; /* queued when something is to be told */

    eddyi_completion received;
    eddyi_op receive;
    eddyi_buffer buffer; /* of the receive op, where the backend has to be given one beforehand; else empty */
    size_t got;          /* bytes in it */
    eddyi_address from;
};

void eddyi_datagram_transport_queue(eddy_datagram_transport *); /* have the node run, once */

/* ---- datagram_receive.c ---- */

int eddyi_datagram_prepare_receiving(
    eddy_datagram_transport *); /* what receiving will need is there; EDDY_ENOMEM */
void eddyi_datagram_start_receiving(eddy_datagram_transport *);
void eddyi_datagram_stop_receiving(eddy_datagram_transport *);
void eddyi_datagram_receive_some(eddy_datagram_transport *);          /* something is there. User code */
void eddyi_datagram_tell_error(eddy_datagram_transport *, int error); /* User code */
void eddyi_datagram_end_receiving(eddy_datagram_transport *);

#endif
