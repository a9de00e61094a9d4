/* net.c: the network table of seam 2 over simulated sockets.
 * Touches the allocator in socket() only. Nothing here blocks, and what it does to a connection travels as on any network. */
#include "backends/sim/inside.h"

enum { MOST_WAITING = 4096 };

static int net_socket(eddyi_backend *sim, eddy_fd *out, enum eddyi_family family, enum eddyi_socket_type type)
{
    static const int refusals[] = {EDDY_EMFILE, EDDY_ENFILE, EDDY_ENOMEM, EDDY_ENOBUFS};
    sim_socket *s;
    if (family != EDDYI_FAMILY_IPV4 && family != EDDYI_FAMILY_IPV6)
        return EDDY_EAFNOSUPPORT;
    if (eddyi_sim_fault(sim, 4))
        return refusals[eddyi_sim_random(sim, sizeof refusals / sizeof refusals[0])];
    int rc = eddyi_sim_make_socket(sim, &s, (uint8_t)type);
    if (rc < 0)
        return rc;
    s->local.family = family == EDDYI_FAMILY_IPV4 ? SIM_IPV4 : SIM_IPV6;
    eddyi_sim_give(s);
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
    if (port != 0 && eddyi_sim_port_taken(sim, s, &wanted))
        return EDDY_EADDRINUSE;
    s->local = wanted;
    if (port == 0)
        return eddyi_sim_bind_any_port(s);
    s->bound = true;
    return 0;
}

static int net_listen(eddyi_backend *sim, eddy_fd number, int backlog)
{
    sim_socket *s = eddyi_sim_find(sim, number);
    if (s == NULL)
        return EDDY_EBADF;
    if (s->type != EDDYI_SOCKET_STREAM)
        return EDDY_EOPNOTSUPP;
    if (s->state != SIM_FRESH && s->state != SIM_LISTENING)
        return EDDY_EINVAL;
    int rc = s->bound ? 0 : eddyi_sim_bind_any_port(s);
    if (rc < 0)
        return rc;
    s->state = SIM_LISTENING;
    s->most_waiting = backlog < 1 ? 1 : backlog > MOST_WAITING ? MOST_WAITING : (uint32_t)backlog;
    return 0;
}

static int net_shutdown(eddyi_backend *sim, eddy_fd number, int how)
{
    sim_socket *s = eddyi_sim_find(sim, number);
    if (s == NULL)
        return EDDY_EBADF;
    if (s->state != SIM_CONNECTED || s->type != EDDYI_SOCKET_STREAM)
        return EDDY_ENOTCONN;
    if (how & EDDYI_SHUT_WRITE)
        eddyi_sim_send_end(s);
    if (how & EDDYI_SHUT_READ)
        s->end_visible = true;
    eddyi_sim_pump(s);
    return 0;
}

static int net_close(eddyi_backend *sim, eddy_fd number)
{
    eddyi_list *link;
    sim_socket *s = eddyi_sim_find(sim, number);
    if (s == NULL || !s->given)
        return EDDY_EBADF;
    eddyi_sim_note(sim, SIM_EVENT_CLOSED, (uint64_t)number);
    eddyi_sim_part(s);
    while ((link = eddyi_list_take(&s->backlog)) != NULL) { /* nobody will take them */
        sim_socket *waiting = EDDYI_LIST_ITEM(link, sim_socket, link);
        waiting->linger_reset = true;
        eddyi_sim_part(waiting);
        eddyi_sim_destroy_socket(waiting);
    }
    eddyi_sim_destroy_socket(s);
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
    sim_socket *s = eddyi_sim_find(sim, number);
    if (s == NULL)
        return EDDY_EBADF;
    *value = 0;
    if (option == EDDYI_NON_BLOCKING)
        *value = 1;
    else if (option == EDDYI_SOCKET_TYPE)
        *value = s->type;
    else if (option == EDDYI_SEND_BUFFER || option == EDDYI_RECEIVE_BUFFER)
        *value = (int)s->incoming.capacity;
    else if (option == EDDYI_SOCKET_ERROR && s->state == SIM_RESET)
        *value = eddyi_sim_take_reset(s);
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
    .name = eddyi_sim_name,
    .resolves_at_once = true,
};
