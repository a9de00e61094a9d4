/* datagram.c: one try of an op on a simulated datagram socket: a header and the bytes, whole or not at all.
 * Touches the socket and the one that the datagram goes to. Lost without a word where the queue is full, as on any network. */
#include <string.h>

#include "backends/sim/inside.h"

typedef struct datagram {
    uint64_t size;
    sim_address from;
} datagram;

static void deliver(sim_socket *target, const datagram *header, const eddyi_op *op)
{
    if (eddyi_sim_ring_free(&target->incoming) < header->size + sizeof *header)
        return;
    eddyi_sim_ring_put(&target->incoming, header, sizeof *header);
    for (uint32_t i = 0; i < op->buffer_count; i++)
        eddyi_sim_ring_put(&target->incoming, op->buffers[i].data, op->buffers[i].size);
    eddyi_sim_make_visible_later(target);
}

int64_t eddyi_sim_attempt_sendto(sim_socket *s, eddyi_op *op)
{
    enum { LARGEST = 65507 }; /* of UDP over IPv4, RFC 768 and RFC 791 */
    bool connected = s->state == SIM_CONNECTED;
    bool named = op->kind == EDDYI_SENDTO && op->address != NULL && op->address->size != 0;
    datagram header;
    memset(&header, 0, sizeof header);
    header.size = eddyi_sim_total(op->buffers, op->buffer_count);
    if (!named && !connected)
        return EDDY_ENOTCONN;
    sim_address to = named ? eddyi_sim_address_get(op->address) : s->remote;
    if (to.family != s->local.family)
        return EDDY_EAFNOSUPPORT;
    if (header.size > LARGEST)
        return EDDY_EMSGSIZE;
    if (!s->bound && eddyi_sim_bind_any_port(s) < 0)
        return EDDY_EADDRNOTAVAIL;
    header.from = s->local;
    static const uint8_t any[16];
    if (memcmp(s->local.host, any, sizeof any) == 0) /* the nearest of our addresses is the one we speak to */
        memcpy(header.from.host, to.host, sizeof any);
    sim_socket *target = eddyi_sim_find_datagram_socket(s->sim, &to, &header.from);
    if (target == NULL && connected && !named) { /* the port is closed, and who is connected hears of it */
        s->pending_error = EDDY_ECONNREFUSED;
        eddyi_sim_pump(s);
    }
    if (target == NULL || eddyi_sim_fault(s->sim, 2))
        return (int64_t)header.size;
    deliver(target, &header, op);
    if (eddyi_sim_fault(s->sim, 8)) /* some come twice */
        deliver(target, &header, op);
    return (int64_t)header.size;
}

int64_t eddyi_sim_attempt_recvfrom(sim_socket *s, eddyi_op *op)
{
    sim_ring *ring = &s->incoming;
    datagram header;
    int error = s->pending_error;
    s->pending_error = 0;
    if (error < 0)
        return error;
    if (ring->visible == ring->read)
        return EDDY_EAGAIN;
    eddyi_sim_ring_peek(ring, ring->read, &header, sizeof header);
    uint64_t from = ring->read + sizeof header;
    uint64_t left = header.size;
    for (uint32_t i = 0; i < op->buffer_count && left > 0; i++) {
        uint64_t part = op->buffers[i].size < left ? op->buffers[i].size : left;
        eddyi_sim_ring_peek(ring, from, op->buffers[i].data, part);
        eddyi_sim_note_bytes(s->sim, op->buffers[i].data, part);
        from += part;
        left -= part;
    }
    ring->read += sizeof header + header.size;
    if (op->address != NULL && op->kind == EDDYI_RECVFROM)
        eddyi_sim_address_put(op->address, &header.from);
    return op->kind == EDDYI_RECVFROM ? (int64_t)header.size : (int64_t)(header.size - left);
}
