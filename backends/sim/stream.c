/* stream.c: one try of an op on a simulated socket.
 * Touches the socket and its peer. EDDY_EAGAIN means that nothing happened and it may be tried again. */
#include "backends/sim/inside.h"

uint64_t eddyi_sim_total(const eddyi_buffer *buffers, uint32_t count)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += buffers[i].size;
    return sum;
}

/* A transfer may be cut anywhere, down to one byte. */
static uint64_t cut(eddyi_backend *sim, uint64_t size)
{
    if (size <= 1 || eddyi_sim_chance(sim, 60))
        return size;
    return eddyi_sim_chance(sim, 20) ? 1 : 1 + eddyi_sim_random(sim, size);
}

static bool is_broken(const sim_socket *s)
{
    return s->state == SIM_RESET || s->state == SIM_BROKEN;
}

/* ---- receiving ---- */

static void take_bytes(sim_socket *s, const eddyi_buffer *buffers, uint64_t size)
{
    sim_ring *ring = &s->incoming;
    for (uint64_t left = size; left > 0; buffers++) {
        uint64_t part = buffers->size < left ? buffers->size : left;
        eddyi_sim_ring_peek(ring, ring->read, buffers->data, part);
        eddyi_sim_note_bytes(s->sim, buffers->data, part);
        ring->read += part;
        left -= part;
    }
    if (s->peer != NULL)
        eddyi_sim_pump(s->peer); /* there is room again */
}

int64_t eddyi_sim_receive_into(sim_socket *s, const eddyi_buffer *buffers, uint32_t count)
{
    uint64_t size = eddyi_sim_total(buffers, count);
    if (s->state == SIM_CONNECTED && s->peer != NULL && eddyi_sim_fault(s->sim, 20))
        eddyi_sim_break(s);
    if (s->state != SIM_CONNECTED && !is_broken(s))
        return EDDY_ENOTCONN;
    uint64_t there = s->incoming.visible - s->incoming.read;
    if (size == 0)
        return 0;
    if (there == 0 && is_broken(s))
        return eddyi_sim_take_reset(s);
    if (there == 0)
        return s->end_visible ? 0 : EDDY_EAGAIN;
    size = cut(s->sim, size < there ? size : there);
    take_bytes(s, buffers, size);
    return (int64_t)size;
}

/* ---- sending ---- */

/* Bytes to a socket that was closed are taken until the reset that they cause comes back. */
static uint64_t room_to_send(const sim_socket *s)
{
    if (s->peer != NULL)
        return eddyi_sim_ring_free(&s->peer->incoming);
    return s->unheard < s->incoming.capacity ? s->incoming.capacity - s->unheard : 0;
}

static void give_bytes(sim_socket *s, const eddyi_buffer *buffers, uint64_t size)
{
    if (s->peer == NULL) {
        s->unheard += size;
        eddyi_sim_refuse_more(s);
        return;
    }
    for (uint64_t left = size; left > 0; buffers++) {
        uint64_t part = buffers->size < left ? buffers->size : left;
        eddyi_sim_ring_put(&s->peer->incoming, buffers->data, part);
        left -= part;
    }
    eddyi_sim_make_visible_later(s->peer);
}

static int64_t attempt_send(sim_socket *s, eddyi_op *op)
{
    if (s->state == SIM_CONNECTED && s->peer != NULL && !s->end_sent && eddyi_sim_fault(s->sim, 20))
        eddyi_sim_break(s);
    if (is_broken(s)) {
        int rc = eddyi_sim_take_reset(s);
        return rc < 0 ? rc : EDDY_EPIPE;
    }
    if (s->state != SIM_CONNECTED)
        return EDDY_ENOTCONN;
    if (s->end_sent)
        return EDDY_EPIPE;
    uint64_t size = eddyi_sim_total(op->buffers, op->buffer_count);
    uint64_t room = room_to_send(s);
    if (size == 0)
        return 0;
    if (room == 0)
        return EDDY_EAGAIN;
    size = cut(s->sim, size < room ? size : room);
    give_bytes(s, op->buffers, size);
    return (int64_t)size;
}

/* ---- connections ---- */

static int64_t attempt_accept(sim_socket *s)
{
    if (s->state != SIM_LISTENING)
        return EDDY_EINVAL;
    if (eddyi_list_empty(&s->backlog))
        return EDDY_EAGAIN;
    if (eddyi_sim_fault(s->sim, 4))
        return eddyi_sim_chance(s->sim, 50) ? EDDY_EMFILE : EDDY_ENFILE;
    sim_socket *server = EDDYI_LIST_ITEM(eddyi_list_take(&s->backlog), sim_socket, link);
    s->waiting--;
    if (server->peer != NULL && eddyi_sim_fault(s->sim, 4)) { /* it died in the queue */
        eddyi_sim_break(server);
        eddyi_sim_destroy_socket(server);
        return EDDY_ECONNABORTED;
    }
    eddyi_sim_give(server);
    return server->number;
}

static int64_t begin_connect(sim_socket *s, const sim_address *to)
{
    if (to->family != s->local.family)
        return EDDY_EAFNOSUPPORT;
    if (!s->bound) {
        int rc = eddyi_sim_bind_any_port(s);
        if (rc < 0)
            return rc;
    }
    if (s->type == EDDYI_SOCKET_DATAGRAM) {
        s->remote = *to;
        s->state = SIM_CONNECTED;
        return 0;
    }
    if (s->twin == NULL)
        return EDDY_EINVAL;
    eddyi_sim_connect_begin(s, to);
    return EDDY_EAGAIN;
}

static int64_t attempt_connect(sim_socket *s, const eddyi_op *op)
{
    sim_address to = eddyi_sim_address_get(op->address);
    if (s->state == SIM_FRESH || (s->state == SIM_CONNECTED && s->type == EDDYI_SOCKET_DATAGRAM))
        return begin_connect(s, &to);
    if (s->state == SIM_CONNECTED)
        return EDDY_EISCONN;
    if (s->state != SIM_CONNECTING)
        return EDDY_EINVAL;
    if (!s->told)
        return EDDY_EAGAIN;
    s->state = s->verdict == 0 ? SIM_CONNECTED : SIM_FRESH;
    if (s->incoming.written > s->incoming.visible || s->end_written)
        eddyi_sim_make_visible_later(s);
    return s->verdict;
}

/* ---- readiness ---- */

static int64_t attempt_poll(const sim_socket *s, const eddyi_op *op)
{
    int64_t found = 0;
    bool broken = is_broken(s), datagrams = s->type == EDDYI_SOCKET_DATAGRAM;
    if (s->incoming.visible > s->incoming.read || s->pending_error < 0 || !eddyi_list_empty(&s->backlog))
        found |= EDDYI_IN;
    if (broken || s->end_visible)
        found |= EDDYI_IN | EDDYI_END_IN;
    if (datagrams || (s->state == SIM_CONNECTED && (s->end_sent || room_to_send(s) > 0)))
        found |= EDDYI_OUT;
    if (broken)
        found |= EDDYI_OUT | EDDYI_END_OUT;
    uint32_t asked = op->events;
    asked |= (asked & EDDYI_IN ? EDDYI_END_IN : 0u) | (asked & EDDYI_OUT ? EDDYI_END_OUT : 0u);
    found &= asked;
    return found != 0 ? found : EDDY_EAGAIN;
}

int64_t eddyi_sim_attempt(sim_socket *s, eddyi_op *op)
{
    bool datagrams = s->type == EDDYI_SOCKET_DATAGRAM;
    switch (op->kind) {
    case EDDYI_RECV:
        return datagrams ? eddyi_sim_attempt_recvfrom(s, op)
                         : eddyi_sim_receive_into(s, op->buffers, op->buffer_count);
    case EDDYI_SEND:
        return datagrams ? eddyi_sim_attempt_sendto(s, op) : attempt_send(s, op);
    case EDDYI_RECVFROM:
        return datagrams ? eddyi_sim_attempt_recvfrom(s, op) : EDDY_EOPNOTSUPP;
    case EDDYI_SENDTO:
        return datagrams ? eddyi_sim_attempt_sendto(s, op) : EDDY_EOPNOTSUPP;
    case EDDYI_ACCEPT:
        return attempt_accept(s);
    case EDDYI_CONNECT:
        return attempt_connect(s, op);
    case EDDYI_POLL:
        return attempt_poll(s, op);
    default:
        return EDDY_ENOSYS;
    }
}
