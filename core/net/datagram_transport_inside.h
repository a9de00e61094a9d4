/* datagram_transport_inside.h: the inside of a datagram transport, shared by its two files.
 * Touches outbox.h. User code is called from one place, the transport's node in the ready queue; pause_writing alone inside sendto. */
#ifndef EDDYI_DATAGRAM_TRANSPORT_INSIDE_H
#define EDDYI_DATAGRAM_TRANSPORT_INSIDE_H

#include "core/net/marks.h"
#include "core/net/outbox.h"
#include "core/net/teller.h"

struct eddy_datagram_transport {
    eddyi_endpoint endpoint; /* first; its `reading`: the receive op is lent */
    eddyi_teller teller;
    eddyi_outbox outbox;
    eddy_datagram_protocol *protocol;
    bool readable;      /* there is something to receive: one lies in `buffer`, or the kernel has some */
    bool one_at_a_time; /* its datagrams may be very large */
    int send_error, receive_error; /* to be told */
    eddyi_marks marks;

    eddyi_completion received;
    eddyi_op receive;
    eddyi_buffer buffer; /* of the receive op, where the backend has to be given one beforehand; else empty */
    size_t got;          /* bytes in it */
    eddyi_address from;
};

/* ---- datagram_receive.c ---- */

int eddyi_datagram_prepare_receiving(
    eddy_datagram_transport *); /* what receiving will need is there; EDDY_ENOMEM */
void eddyi_datagram_start_receiving(eddy_datagram_transport *);
void eddyi_datagram_stop_receiving(eddy_datagram_transport *);
void eddyi_datagram_receive_some(eddy_datagram_transport *);          /* something is there. User code */
void eddyi_datagram_tell_error(eddy_datagram_transport *, int error); /* User code */
void eddyi_datagram_end_receiving(eddy_datagram_transport *);

#endif
