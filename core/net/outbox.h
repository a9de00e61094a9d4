/* outbox.h: the datagrams of a protocol that are not sent yet.
 * Touches endpoint.h. What was taken is sent in order, each whole; the endpoint's `unsent` counts it. */
#ifndef EDDYI_OUTBOX_H
#define EDDYI_OUTBOX_H

#include "core/net/bytes.h"
#include "core/net/endpoint.h"

typedef struct eddyi_outbox {
    eddyi_endpoint *endpoint;
    void (*progress)(eddyi_endpoint *); /* something went, or nothing is left */
    /* A datagram could not be sent and is dropped. What is behind it waits for the next flush (U4). */
    void (*failed)(eddyi_endpoint *, int error);
    size_t count;
    size_t gathering; /* so much may be kept for a moment, to go together; then flush. 0: nothing */
    eddyi_bytes in_flight,
        waiting; /* what the kernel was given does not move; new ones go to the other row */
    eddyi_completion sent;
    eddyi_op send;
    eddyi_buffer buffer; /* of the op */
    eddyi_address to;
} eddyi_outbox;

void eddyi_outbox_init(eddyi_outbox *, eddyi_endpoint *, void (*progress)(eddyi_endpoint *),
                       void (*failed)(eddyi_endpoint *, int error));
/* Send it at once or keep a copy. `to` NULL: to the peer. EDDY_ENOMEM, EDDY_EMSGSIZE: it is not sent; other failures are told by `failed`. */
int eddyi_outbox_send(eddyi_outbox *, const void *data, size_t size, const eddyi_address *to);
void eddyi_outbox_flush(eddyi_outbox *);
void eddyi_outbox_take_back(eddyi_outbox *); /* the endpoint has failed: nothing more is to be sent */
void eddyi_outbox_shut(eddyi_outbox *);      /* the loop closes */
void eddyi_outbox_free(eddyi_outbox *);

#endif
