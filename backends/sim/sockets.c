/* sockets.c: the table of simulated sockets: made, found by number or by address, destroyed.
 * Touches the allocator when a socket is made or attached, and nowhere else. Numbers are reused at once, the lowest first, as POSIX does. */
#include <string.h>

#include "backends/sim/inside.h"

enum { DATAGRAM_ROOM = 128 * 1024 };

/* ---- making ---- */

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
    while (sim->lowest_free < sim->capacity && sim->sockets[sim->lowest_free] != NULL)
        sim->lowest_free++;
    *index = sim->lowest_free;
    return *index < sim->capacity ? 0 : grow_table(sim);
}

/* 8 to 64 KiB, and from 1 KiB on while faults last. */
static uint64_t window(eddyi_backend *sim)
{
    return eddyi_sim_faulty(sim) ? UINT64_C(1024) << eddyi_sim_random(sim, 7)
                                 : UINT64_C(8192) << eddyi_sim_random(sim, 4);
}

int eddyi_sim_make_socket(eddyi_backend *sim, sim_socket **out, uint8_t type)
{
    size_t index;
    int rc = find_number(sim, &index);
    sim_socket *s = rc == 0 ? eddyi_allocate_zero(&sim->allocator, sizeof *s) : NULL;
    if (s == NULL)
        return EDDY_ENOMEM;
    s->incoming.capacity = type == EDDYI_SOCKET_DATAGRAM ? (uint64_t)DATAGRAM_ROOM : window(sim);
    s->incoming.data = eddyi_allocate(&sim->allocator, (size_t)s->incoming.capacity);
    if (s->incoming.data == NULL) {
        eddyi_release(&sim->allocator, s);
        return EDDY_ENOMEM;
    }
    s->sim = sim;
    s->number = FIRST_NUMBER + (eddy_fd)index;
    s->generation = ++sim->generation;
    s->type = type;
    s->hard = eddyi_sim_chance(sim, 50);
    eddyi_timer_init(&s->arrival, NULL);
    eddyi_timer_init(&s->farewell, NULL);
    eddyi_list_init(&s->backlog);
    eddyi_list_init(&s->link);
    sim->sockets[index] = s;
    eddyi_sim_note(sim, SIM_EVENT_OPENED, (uint64_t)s->number);
    *out = s;
    return 0;
}

void eddyi_sim_destroy_socket(sim_socket *s)
{
    eddyi_backend *sim = s->sim;
    size_t index = (size_t)(s->number - FIRST_NUMBER);
    if (s->twin != NULL)
        eddyi_sim_destroy_socket(s->twin);
    sim->sockets[index] = NULL;
    sim->lowest_free = index < sim->lowest_free ? index : sim->lowest_free;
    sim->given -= s->given;
    eddyi_timers_remove(&sim->timers, &s->arrival);
    eddyi_timers_remove(&sim->timers, &s->farewell);
    eddyi_list_remove(&s->link);
    while (eddyi_list_take(&s->backlog) != NULL)
        continue;
    eddyi_release(&sim->allocator, s->incoming.data);
    eddyi_release(&sim->allocator, s);
}

int eddyi_sim_make_twin(sim_socket *s)
{
    if (s->twin != NULL || s->type != EDDYI_SOCKET_STREAM || s->state != SIM_FRESH)
        return 0;
    return eddyi_sim_make_socket(s->sim, &s->twin, s->type);
}

void eddyi_sim_give(sim_socket *s)
{
    s->given = true;
    s->sim->given++;
}

size_t eddyi_sim_open_descriptors(const eddyi_backend *sim)
{
    return sim->given;
}

void eddyi_sim_free_all(eddyi_backend *sim)
{
    for (size_t i = 0; i < sim->capacity; i++)
        if (sim->sockets[i] != NULL)
            eddyi_sim_destroy_socket(sim->sockets[i]);
    eddyi_release(&sim->allocator, sim->sockets);
}

/* ---- finding ---- */

sim_socket *eddyi_sim_find(eddyi_backend *sim, eddy_fd number)
{
    if (number < FIRST_NUMBER || (size_t)(number - FIRST_NUMBER) >= sim->capacity)
        return NULL;
    return sim->sockets[number - FIRST_NUMBER];
}

sim_socket *eddyi_sim_socket_of(eddyi_backend *sim, const eddyi_descriptor *descriptor)
{
    sim_socket *s = descriptor->attached ? eddyi_sim_find(sim, descriptor->fd) : NULL;
    return s != NULL && s->generation == descriptor->generation && s->descriptor == descriptor ? s : NULL;
}

static bool is_any(const sim_address *address)
{
    static const uint8_t any[16];
    return memcmp(address->host, any, sizeof any) == 0;
}

bool eddyi_sim_same_host(const sim_address *a, const sim_address *b)
{
    return a->family == b->family &&
           (memcmp(a->host, b->host, sizeof a->host) == 0 || is_any(a) || is_any(b));
}

static bool answers_at(const sim_socket *s, const sim_address *address)
{
    return s->bound && s->local.port == address->port && eddyi_sim_same_host(&s->local, address);
}

bool eddyi_sim_port_taken(eddyi_backend *sim, const sim_socket *by, const sim_address *address)
{
    for (size_t i = 0; i < sim->capacity; i++) {
        const sim_socket *s = sim->sockets[i];
        if (s == NULL || s == by || s->type != by->type)
            continue;
        if (s->type == EDDYI_SOCKET_STREAM && s->state != SIM_FRESH && s->state != SIM_LISTENING)
            continue; /* a connection is told by both its ends */
        if (answers_at(s, address) && !(s->reuse_port && by->reuse_port))
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
        if (!eddyi_sim_port_taken(sim, s, &s->local)) {
            s->bound = true;
            return 0;
        }
    }
    s->local.port = 0;
    return EDDY_EADDRNOTAVAIL;
}

sim_socket *eddyi_sim_find_listener(eddyi_backend *sim, const sim_address *address)
{
    sim_socket *found = NULL;
    size_t candidates = 0;
    for (size_t i = 0; i < sim->capacity; i++) {
        sim_socket *s = sim->sockets[i];
        if (s == NULL || s->state != SIM_LISTENING || !answers_at(s, address))
            continue;
        if (eddyi_sim_random(sim, ++candidates) == 0) /* SO_REUSEPORT: any of the group */
            found = s;
    }
    return found;
}

/* One that is connected to the sender goes first, and one that is connected to another hears nothing. */
sim_socket *eddyi_sim_find_datagram_socket(eddyi_backend *sim, const sim_address *to, const sim_address *from)
{
    sim_socket *found = NULL;
    for (size_t i = 0; i < sim->capacity; i++) {
        sim_socket *s = sim->sockets[i];
        if (s == NULL || s->type != EDDYI_SOCKET_DATAGRAM || !answers_at(s, to))
            continue;
        if (s->state != SIM_CONNECTED)
            found = found != NULL ? found : s;
        else if (s->remote.port == from->port && eddyi_sim_same_host(&s->remote, from))
            return s;
    }
    return found;
}
