/* attempt.c: one try of an op on a simulated socket.
 * Touches the socket and its peer. EDDY_EAGAIN means that nothing happened and it may be tried again. */
#include <string.h>

#include "backends/sim/inside.h"

static uint64_t total(const eddyi_buffer *buffers, uint32_t count)
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

int64_t eddyi_sim_receive_into(sim_socket *s, const eddyi_buffer *buffers, uint32_t count)
{
    sim_ring *ring = &s->incoming;
    uint64_t there = ring->visible - ring->read;
    uint64_t size = total(buffers, count);
    if (s->state == SIM_RESET)
        return EDDY_ECONNRESET;
    if (s->state != SIM_CONNECTED)
        return EDDY_ENOTCONN;
    if (size == 0)
        return 0;
    if (there == 0)
        return s->end_visible ? 0 : EDDY_EAGAIN;
    size = cut(s->sim, size < there ? size : there);
    uint64_t left = size;
    for (uint32_t i = 0; left > 0; i++) {
        uint64_t part = buffers[i].size < left ? buffers[i].size : left;
        eddyi_sim_ring_peek(ring, ring->read, buffers[i].data, part);
        ring->read += part;
        left -= part;
    }
    if (s->peer != NULL)
        eddyi_sim_pump(s->peer); /* there is room again */
    return (int64_t)size;
}

static int64_t attempt_recv(sim_socket *s, eddyi_op *op)
{
    if (eddyi_sim_fault(s->sim, 20) && s->peer != NULL && s->state == SIM_CONNECTED)
        eddyi_sim_reset(s);
    return eddyi_sim_receive_into(s, op->buffers, op->buffer_count);
}

static int64_t attempt_send(sim_socket *s, eddyi_op *op)
{
    if (s->state == SIM_RESET)
        return EDDY_ECONNRESET;
    if (s->state != SIM_CONNECTED)
        return EDDY_ENOTCONN;
    if (s->end_sent || s->peer == NULL)
        return EDDY_EPIPE;
    if (eddyi_sim_fault(s->sim, 20)) {
        eddyi_sim_reset(s);
        return EDDY_ECONNRESET;
    }
    sim_ring *ring = &s->peer->incoming;
    uint64_t size = total(op->buffers, op->buffer_count);
    uint64_t room = eddyi_sim_ring_free(ring);
    if (size == 0)
        return 0;
    if (room == 0)
        return EDDY_EAGAIN;
    size = cut(s->sim, size < room ? size : room);
    uint64_t left = size;
    for (uint32_t i = 0; left > 0; i++) {
        uint64_t part = op->buffers[i].size < left ? op->buffers[i].size : left;
        eddyi_sim_ring_put(ring, op->buffers[i].data, part);
        left -= part;
    }
    eddyi_sim_make_visible_later(s->peer);
    return (int64_t)size;
}

static int64_t attempt_accept(sim_socket *s)
{
    if (s->state != SIM_LISTENING)
        return EDDY_EINVAL;
    if (eddyi_list_empty(&s->backlog))
        return EDDY_EAGAIN;
    if (eddyi_sim_fault(s->sim, 4))
        return EDDY_EMFILE;
    return EDDYI_LIST_ITEM(eddyi_list_take(&s->backlog), sim_socket, link)->number;
}

static void join(sim_socket *client, const sim_address *to)
{
    sim_socket *server = client->twin;
    client->twin = NULL;
    client->peer = server;
    server->peer = client;
    static const uint8_t any[16];
    client->remote = *to;
    if (memcmp(client->local.host, any, sizeof any) ==
        0) /* the nearest of our addresses is the one we speak to */
        memcpy(client->local.host, to->host, sizeof any);
    server->local = *to;
    server->remote = client->local;
    server->bound = true;
    server->state = SIM_CONNECTED;
    client->way = eddyi_sim_delay(client->sim);
    eddyi_sim_knock_later(server, client->way);
}

/* The attempt itself takes a round trip, so it is decided when it begins and told later: see ops.c. */
static int64_t attempt_connect(sim_socket *s, eddyi_op *op)
{
    sim_address to = eddyi_sim_address_get(op->address);
    if (s->state == SIM_CONNECTED)
        return EDDY_EISCONN;
    if (s->state != SIM_FRESH || s->twin == NULL || to.family != s->local.family)
        return EDDY_EINVAL;
    if (!s->bound) {
        int rc = eddyi_sim_bind_any_port(s);
        if (rc < 0)
            return rc;
    }
    if (eddyi_sim_fault(s->sim, 2))
        return eddyi_sim_chance(s->sim, 50) ? EDDY_ECONNREFUSED : EDDY_ETIMEDOUT;
    if (eddyi_sim_find_listener(s->sim, &to) == NULL)
        return EDDY_ECONNREFUSED;
    s->state = SIM_CONNECTED;
    join(s, &to);
    return 0;
}

static int64_t attempt_poll(const sim_socket *s, const eddyi_op *op)
{
    int64_t found = 0;
    bool broken = s->state == SIM_RESET;
    if (broken || s->end_visible || s->incoming.visible > s->incoming.read || !eddyi_list_empty(&s->backlog))
        found |= EDDYI_IN;
    if (broken || s->type == EDDYI_SOCKET_DATAGRAM ||
        (s->state == SIM_CONNECTED && (s->peer == NULL || eddyi_sim_ring_free(&s->peer->incoming) > 0)))
        found |= EDDYI_OUT;
    found &= op->events;
    return found != 0 ? found : EDDY_EAGAIN;
}

/* ---- datagrams: a header and the bytes ---- */

typedef struct datagram {
    uint64_t size;
    sim_address from;
} datagram;

static sim_socket *find_datagram_socket(eddyi_backend *sim, const sim_address *to)
{
    for (size_t i = 0; i < sim->capacity; i++) {
        sim_socket *s = sim->sockets[i];
        if (s != NULL && s->type == EDDYI_SOCKET_DATAGRAM && s->bound && s->local.port == to->port &&
            s->local.family == to->family)
            return s;
    }
    return NULL;
}

/* Lost without a word where nobody listens or the queue is full, as on any network. */
static int64_t attempt_sendto(sim_socket *s, eddyi_op *op)
{
    enum { LARGEST = 65507 }; /* of UDP over IPv4, RFC 768 and RFC 791 */
    sim_address to = op->address != NULL ? eddyi_sim_address_get(op->address) : s->remote;
    datagram header = {.size = total(op->buffers, op->buffer_count)};
    if (header.size > LARGEST)
        return EDDY_EMSGSIZE;
    if (!s->bound && eddyi_sim_bind_any_port(s) < 0)
        return EDDY_EADDRNOTAVAIL;
    header.from = s->local;
    sim_socket *target = find_datagram_socket(s->sim, &to);
    if (target == NULL || eddyi_sim_ring_free(&target->incoming) < header.size + sizeof header ||
        eddyi_sim_fault(s->sim, 2))
        return (int64_t)header.size;
    eddyi_sim_ring_put(&target->incoming, &header, sizeof header);
    for (uint32_t i = 0; i < op->buffer_count; i++)
        eddyi_sim_ring_put(&target->incoming, op->buffers[i].data, op->buffers[i].size);
    eddyi_sim_make_visible_later(target);
    return (int64_t)header.size;
}

static int64_t attempt_recvfrom(sim_socket *s, eddyi_op *op)
{
    sim_ring *ring = &s->incoming;
    datagram header;
    if (ring->visible == ring->read)
        return EDDY_EAGAIN;
    eddyi_sim_ring_peek(ring, ring->read, &header, sizeof header);
    uint64_t from = ring->read + sizeof header;
    uint64_t left = header.size;
    for (uint32_t i = 0; i < op->buffer_count && left > 0; i++) {
        uint64_t part = op->buffers[i].size < left ? op->buffers[i].size : left;
        eddyi_sim_ring_peek(ring, from, op->buffers[i].data, part);
        from += part;
        left -= part;
    }
    ring->read += sizeof header + header.size;
    if (op->address != NULL)
        eddyi_sim_address_put(op->address, &header.from);
    return (int64_t)(header.size - left);
}

int64_t eddyi_sim_attempt(sim_socket *s, eddyi_op *op)
{
    switch (op->kind) {
    case EDDYI_RECV:
        return attempt_recv(s, op);
    case EDDYI_SEND:
        return attempt_send(s, op);
    case EDDYI_RECVFROM:
        return attempt_recvfrom(s, op);
    case EDDYI_SENDTO:
        return attempt_sendto(s, op);
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
