/* sockets.c: the network table: sockets as core sees them.
 * Touches the system's sockets. Each is non-blocking, not inherited and without SIGPIPE from birth. */
#include "platform/template/addresses.h"

static int make_socket(eddyi_backend *backend, eddy_fd *out, enum eddyi_family family,
                       enum eddyi_socket_type type)
{
    /* Fill in: all flags in the one call where the system takes them; else right after it, and another thread may fork in between. An
     * IPv6 socket is IPv6 only, whatever the system's default. EDDY_EAFNOSUPPORT: no such family. */
    (void)backend;
    (void)out;
    (void)family;
    (void)type;
    return EDDY_ENOSYS;
}

static int bind_socket(eddyi_backend *backend, eddy_fd fd, const eddyi_address *address)
{
    (void)backend;
    (void)fd;
    (void)address;
    return EDDY_ENOSYS;
}

static int listen_at(eddyi_backend *backend, eddy_fd fd, int backlog)
{
    (void)backend;
    (void)fd;
    (void)backlog;
    return EDDY_ENOSYS;
}

static int shut(eddyi_backend *backend, eddy_fd fd, int how)
{
    (void)backend; /* Fill in: `how` is EDDYI_SHUT_READ, EDDYI_SHUT_WRITE or both */
    (void)fd;
    (void)how;
    return EDDY_ENOSYS;
}

static int close_socket(eddyi_backend *backend, eddy_fd fd)
{
    (void)backend; /* Fill in: once. Interrupted or failed, the number is gone: it may be another's by now */
    (void)fd;
    return EDDY_ENOSYS;
}

static int set_option(eddyi_backend *backend, eddy_fd fd, enum eddyi_socket_option option, int value)
{
    /* Fill in: EDDYI_REUSE_ADDRESS means "the address of a server that has just ended": where the system's option of that name lets
     * two live servers share a port, it does nothing. EDDY_ENOSYS for what the system does not have. */
    (void)backend;
    (void)fd;
    (void)option;
    (void)value;
    return EDDY_ENOSYS;
}

static int get_option(eddyi_backend *backend, eddy_fd fd, enum eddyi_socket_option option, int *value)
{
    (void)backend; /* Fill in: EDDYI_SOCKET_ERROR is an EDDY_E... code and clears it */
    (void)fd;
    (void)option;
    (void)value;
    return EDDY_ENOSYS;
}

static int local_address(eddyi_backend *backend, eddy_fd fd, eddyi_address *out)
{
    (void)backend;
    (void)fd;
    (void)out;
    return EDDY_ENOSYS;
}

static int peer_address(eddyi_backend *backend, eddy_fd fd, eddyi_address *out)
{
    (void)backend;
    (void)fd;
    (void)out;
    return EDDY_ENOSYS;
}

const eddyi_net_ops eddyi_platform_net = {
    .socket = make_socket,
    .bind = bind_socket,
    .listen = listen_at,
    .shutdown = shut,
    .close = close_socket,
    .set_option = set_option,
    .get_option = get_option,
    .local_address = local_address,
    .peer_address = peer_address,
    .resolve = eddyi_resolve,
    .family = eddyi_address_family,
    .port = eddyi_address_port,
    .format = eddyi_address_format,
    .name = eddyi_address_name,
    .claim_file = eddyi_claim_file,
    .note_file = eddyi_note_file,
    .remove_file = eddyi_remove_file,
};
