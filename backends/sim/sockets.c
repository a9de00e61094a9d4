/* sockets.c: sockets of the simulated network: made, bound, connected, shut, reset, closed.
 * Touches the allocator when a socket is made or attached, and nowhere else. */
#include <string.h>

#include "backends/sim/inside.h"

enum { SMALLEST_WINDOW = 8192, DATAGRAM_ROOM = 128 * 1024 };

sim_socket *eddyi_sim_find(eddyi_backend *sim, eddy_fd number)
{
    if (number < FIRST_NUMBER || (size_t)(number - FIRST_NUMBER) >= sim->capacity)
        return NULL;
    return sim->sockets[number - FIRST_NUMBER];
}

/* ---- making ---- */

static void arrived(eddyi_timer *timer);

static int grow_table(eddyi_backend *sim)
{
    size_t capacity = sim->capacity != 0 ? sim->capacity * 2 : 64;
    sim_socket **sockets = eddyi_reallocate(&sim->allocator, sim->sockets, capacity * sizeof(*sockets));
    if (sockets == NULL)
        return EDDY_ENOMEM;
    memset(sockets + sim->capacity, 0, (capacity - sim->capacity) * sizeof(*sockets));
    sim->sockets = sockets;
    sim->capacity = capacity;
    return 0;
}

static int find_number(eddyi_backend *sim, size_t *index)
{
    for (size_t i = 0; i < sim->capacity; i++)
        if (sim->sockets[i] == NULL) {
            *index = i;
            return 0;
        }
    *index = sim->capacity;
    return grow_table(sim);
}

static int make(eddyi_backend *sim, sim_socket **out, uint8_t type)
{
    size_t index;
    int rc = find_number(sim, &index);
    sim_socket *s = rc == 0 ? eddyi_allocate_zero(&sim->allocator, sizeof *s) : NULL;
    if (s == NULL)
        return EDDY_ENOMEM;
    uint64_t window = (uint64_t)SMALLEST_WINDOW << eddyi_sim_random(sim, 4);
    s->incoming.capacity = type == EDDYI_SOCKET_DATAGRAM ? (uint64_t)DATAGRAM_ROOM : window; /* to 64 KiB */
    s->incoming.data = eddyi_allocate(&sim->allocator, (size_t)s->incoming.capacity);
    if (s->incoming.data == NULL) {
        eddyi_release(&sim->allocator, s);
        return EDDY_ENOMEM;
    }
    s->sim = sim;
    s->number = FIRST_NUMBER + (eddy_fd)index;
    s->type = type;
    eddyi_timer_init(&s->arrival, arrived);
    eddyi_list_init(&s->backlog);
    eddyi_list_init(&s->link);
    sim->sockets[index] = s;
    sim->open++;
    *out = s;
    return 0;
}

static void destroy(sim_socket *s)
{
    eddyi_backend *sim = s->sim;
    sim->sockets[s->number - FIRST_NUMBER] = NULL;
    sim->open--;
    eddyi_timers_remove(&sim->timers, &s->arrival);
    eddyi_list_remove(&s->link);
    eddyi_release(&sim->allocator, s->incoming.data);
    eddyi_release(&sim->allocator, s);
}

size_t eddyi_sim_open_sockets(const eddyi_backend *sim)
{
    return sim->open;
}

int eddyi_sim_make_twin(sim_socket *s)
{
    if (s->twin != NULL || s->type != EDDYI_SOCKET_STREAM || s->state != SIM_FRESH)
        return 0;
    return make(s->sim, &s->twin, s->type);
}

void eddyi_sim_free_all(eddyi_backend *sim)
{
    for (size_t i = 0; i < sim->capacity; i++)
        if (sim->sockets[i] != NULL)
            destroy(sim->sockets[i]);
    eddyi_release(&sim->allocator, sim->sockets);
}

/* ---- addresses ---- */

static bool same_host(const sim_address *a, const sim_address *b)
{
    static const uint8_t any[16];
    if (a->family != b->family)
        return false;
    return memcmp(a->host, b->host, sizeof a->host) == 0 || memcmp(a->host, any, sizeof any) == 0 ||
           memcmp(b->host, any, sizeof any) == 0;
}

static bool taken(eddyi_backend *sim, const sim_socket *by, const sim_address *address)
{
    for (size_t i = 0; i < sim->capacity; i++) {
        const sim_socket *s = sim->sockets[i];
        if (s == NULL || s == by || !s->bound || s->type != by->type || s->state == SIM_CONNECTED)
            continue;
        if (s->local.port == address->port && same_host(&s->local, address) &&
            !(s->reuse_port && by->reuse_port))
            return true;
    }
    return false;
}

int eddyi_sim_bind_any_port(sim_socket *s)
{
    eddyi_backend *sim = s->sim;
    for (int tries = 0; tries <= LAST_PORT - FIRST_EPHEMERAL_PORT; tries++) {
        sim->next_port = sim->next_port >= LAST_PORT ? FIRST_EPHEMERAL_PORT : (uint16_t)(sim->next_port + 1);
        s->local.port = sim->next_port;
        if (!taken(sim, s, &s->local)) {
            s->bound = true;
            return 0;
        }
    }
    return EDDY_EADDRNOTAVAIL;
}

sim_socket *eddyi_sim_find_listener(eddyi_backend *sim, const sim_address *address)
{
    sim_socket *found = NULL;
    size_t candidates = 0;
    for (size_t i = 0; i < sim->capacity; i++) {
        sim_socket *s = sim->sockets[i];
        if (s == NULL || s->state != SIM_LISTENING || s->local.port != address->port ||
            !same_host(&s->local, address))
            continue;
        if (eddyi_sim_random(sim, ++candidates) == 0) /* SO_REUSEPORT: any of the group */
            found = s;
    }
    return found;
}

/* ---- bytes under way ---- */

void eddyi_sim_make_visible_later(sim_socket *s)
{
    if (eddyi_timer_pending(&s->arrival))
        return;
    s->arriving = s->incoming.written;
    eddyi_timers_add(&s->sim->timers, &s->arrival, s->sim->now + eddyi_sim_delay(s->sim));
}

static void arrived(eddyi_timer *timer)
{
    sim_socket *s = EDDYI_CONTAINER(timer, sim_socket, arrival);
    s->incoming.visible = s->arriving;
    eddyi_sim_note(s->sim, 1, (uint64_t)s->number ^ s->incoming.visible);
    if (s->incoming.visible < s->incoming.written)
        eddyi_sim_make_visible_later(s);
    else if (s->end_written)
        s->end_visible = true;
    eddyi_sim_pump(s);
}

static void knocked(eddyi_timer *timer)
{
    sim_socket *server = EDDYI_CONTAINER(timer, sim_socket, arrival);
    sim_socket *listener = eddyi_sim_find_listener(server->sim, &server->local);
    server->knocking = false;
    server->arrival.fire = arrived;
    if (listener == NULL) { /* closed in the meantime */
        eddyi_sim_reset(server);
        destroy(server);
        return;
    }
    eddyi_list_append(&listener->backlog, &server->link);
    if (server->incoming.written > server->incoming.visible || server->end_written)
        eddyi_sim_make_visible_later(server);
    eddyi_sim_pump(listener);
}

void eddyi_sim_knock_later(sim_socket *server, uint64_t delay)
{
    server->knocking = true;
    server->arrival.fire = knocked;
    eddyi_timers_add(&server->sim->timers, &server->arrival, server->sim->now + delay);
}

void eddyi_sim_forget_knock(sim_socket *server)
{
    server->peer->peer = NULL;
    destroy(server);
}

void eddyi_sim_reset(sim_socket *s)
{
    sim_socket *both[] = {s, s->peer};
    eddyi_sim_note(s->sim, 2, (uint64_t)s->number);
    for (int i = 0; i < 2; i++) {
        if (both[i] == NULL)
            continue;
        both[i]->state = SIM_RESET;
        both[i]->peer = NULL;
        both[i]->incoming.read = both[i]->incoming.visible = both[i]->incoming.written;
        eddyi_timers_remove(&s->sim->timers, &both[i]->arrival);
        eddyi_sim_pump(both[i]);
    }
}

/* ---- eddyi_net_ops ---- */

static int net_socket(eddyi_backend *sim, eddy_fd *out, enum eddyi_family family, enum eddyi_socket_type type)
{
    sim_socket *s;
    if (family != EDDYI_FAMILY_IPV4 && family != EDDYI_FAMILY_IPV6)
        return EDDY_EAFNOSUPPORT;
    if (eddyi_sim_fault(sim, 4))
        return EDDY_EMFILE;
    int rc = make(sim, &s, (uint8_t)type);
    if (rc < 0)
        return rc;
    s->local.family = family == EDDYI_FAMILY_IPV4 ? SIM_IPV4 : SIM_IPV6;
    *out = s->number;
    return 0;
}

static int net_bind(eddyi_backend *sim, eddy_fd number, const eddyi_address *address)
{
    sim_socket *s = eddyi_sim_find(sim, number);
    if (s == NULL)
        return EDDY_EBADF;
    sim_address wanted = eddyi_sim_address_get(address);
    if (s->bound || wanted.family != s->local.family)
        return EDDY_EINVAL;
    uint16_t port = wanted.port;
    if (port != 0 && taken(sim, s, &wanted))
        return EDDY_EADDRINUSE;
    s->local = wanted;
    s->bound = true;
    return port != 0 ? 0 : eddyi_sim_bind_any_port(s);
}

static int net_listen(eddyi_backend *sim, eddy_fd number, int backlog)
{
    sim_socket *s = eddyi_sim_find(sim, number);
    (void)backlog;
    if (s == NULL)
        return EDDY_EBADF;
    if (s->type != EDDYI_SOCKET_STREAM || (s->state != SIM_FRESH && s->state != SIM_LISTENING))
        return EDDY_EINVAL;
    s->state = SIM_LISTENING;
    return s->bound ? 0 : eddyi_sim_bind_any_port(s);
}

static void send_end(sim_socket *s)
{
    if (s->end_sent || s->peer == NULL)
        return;
    s->end_sent = true;
    s->peer->end_written = true;
    eddyi_sim_make_visible_later(s->peer);
}

static int net_shutdown(eddyi_backend *sim, eddy_fd number, int how)
{
    sim_socket *s = eddyi_sim_find(sim, number);
    if (s == NULL)
        return EDDY_EBADF;
    if (s->state != SIM_CONNECTED)
        return EDDY_ENOTCONN;
    if (how & EDDYI_SHUT_WRITE)
        send_end(s);
    if (how & EDDYI_SHUT_READ) {
        s->end_visible = true;
        eddyi_sim_pump(s);
    }
    return 0;
}

/* As TCP: bytes that were not read, or a wish for it, make a close a reset (RFC 2525 section 2.17). */
static void part(sim_socket *s)
{
    sim_socket *peer = s->peer;
    if (peer == NULL)
        return;
    if (peer->knocking) {
        eddyi_sim_forget_knock(peer);
        return;
    }
    if (s->linger_reset || s->incoming.written > s->incoming.read) {
        eddyi_sim_reset(s);
        return;
    }
    send_end(s);
    peer->peer = NULL;
}

static int net_close(eddyi_backend *sim, eddy_fd number)
{
    eddyi_list *link;
    sim_socket *s = eddyi_sim_find(sim, number);
    if (s == NULL)
        return EDDY_EBADF;
    eddyi_sim_note(sim, 3, (uint64_t)number);
    part(s);
    if (s->twin != NULL)
        destroy(s->twin);
    while ((link = eddyi_list_take(&s->backlog)) != NULL) { /* nobody will take them */
        sim_socket *waiting = EDDYI_LIST_ITEM(link, sim_socket, link);
        if (waiting->peer != NULL)
            eddyi_sim_reset(waiting);
        destroy(waiting);
    }
    destroy(s);
    return 0;
}

static int net_set_option(eddyi_backend *sim, eddy_fd number, enum eddyi_socket_option option, int value)
{
    sim_socket *s = eddyi_sim_find(sim, number);
    if (s == NULL)
        return EDDY_EBADF;
    if (option == EDDYI_LINGER_RESET)
        s->linger_reset = value != 0;
    if (option == EDDYI_REUSE_PORT)
        s->reuse_port = value != 0;
    return option <= EDDYI_RECEIVE_BUFFER ? 0 : EDDY_EINVAL;
}

static int net_get_option(eddyi_backend *sim, eddy_fd number, enum eddyi_socket_option option, int *value)
{
    const sim_socket *s = eddyi_sim_find(sim, number);
    if (s == NULL)
        return EDDY_EBADF;
    *value = 0;
    if (option == EDDYI_SOCKET_TYPE)
        *value = s->type;
    else if (option == EDDYI_SEND_BUFFER || option == EDDYI_RECEIVE_BUFFER)
        *value = (int)s->incoming.capacity;
    return 0;
}

static int net_local_address(eddyi_backend *sim, eddy_fd number, eddyi_address *out)
{
    const sim_socket *s = eddyi_sim_find(sim, number);
    if (s == NULL)
        return EDDY_EBADF;
    eddyi_sim_address_put(out, &s->local);
    return 0;
}

static int net_peer_address(eddyi_backend *sim, eddy_fd number, eddyi_address *out)
{
    const sim_socket *s = eddyi_sim_find(sim, number);
    if (s == NULL)
        return EDDY_EBADF;
    if (s->state != SIM_CONNECTED)
        return EDDY_ENOTCONN;
    eddyi_sim_address_put(out, &s->remote);
    return 0;
}

const eddyi_net_ops eddyi_sim_net = {
    .socket = net_socket,
    .bind = net_bind,
    .listen = net_listen,
    .shutdown = net_shutdown,
    .close = net_close,
    .set_option = net_set_option,
    .get_option = net_get_option,
    .local_address = net_local_address,
    .peer_address = net_peer_address,
    .resolve = eddyi_sim_resolve,
    .family = eddyi_sim_family,
    .port = eddyi_sim_port,
    .format = eddyi_sim_format,
    .resolves_at_once = true,
};
