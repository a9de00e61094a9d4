/* sockets.c: eddyi_platform_net over BSD sockets.
 * Touches the socket calls. Every descriptor is non-blocking, close-on-exec and free of SIGPIPE from birth. */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/platform.h"
#include "platform/posix/addresses.h"
#include "platform/posix/quiet.h"
#include "platform/posix/system.h"

static int answer(int rc)
{
    return rc >= 0 ? rc : eddyi_error_from_system(errno);
}

static int domain_of(enum eddyi_family family)
{
    switch (family) {
    case EDDYI_FAMILY_IPV6:
        return AF_INET6;
    case EDDYI_FAMILY_UNIX:
        return AF_UNIX;
    case EDDYI_FAMILY_OTHER:
        return AF_UNSPEC; /* no socket has it: EDDY_EAFNOSUPPORT */
    default:
        return AF_INET;
    }
}

static int net_socket(eddyi_backend *backend, eddy_fd *out, enum eddyi_family family,
                      enum eddyi_socket_type type)
{
    int kind = type == EDDYI_SOCKET_DATAGRAM ? SOCK_DGRAM : SOCK_STREAM;
    (void)backend;
    int fd = eddyi_open_socket(domain_of(family), kind);
    if (fd < 0)
        return answer(fd);
    *out = fd;
    return 0;
}

static int net_bind(eddyi_backend *backend, eddy_fd fd, const eddyi_address *address)
{
    (void)backend;
    return answer(EDDYI_CALL(bind, -1, ((int)fd, eddyi_sockaddr(address), (socklen_t)address->size)));
}

static int net_listen(eddyi_backend *backend, eddy_fd fd, int backlog)
{
    (void)backend;
    return answer(EDDYI_CALL(listen, -1, ((int)fd, backlog)));
}

static int net_shutdown(eddyi_backend *backend, eddy_fd fd, int how)
{
    int ways = how == EDDYI_SHUT_READ ? SHUT_RD : how == EDDYI_SHUT_WRITE ? SHUT_WR : SHUT_RDWR;
    (void)backend;
    return answer(EDDYI_CALL(shutdown, -1, ((int)fd, ways)));
}

static int net_close(eddyi_backend *backend, eddy_fd fd)
{
    (void)backend;
    /* Whatever it answers the descriptor is gone: a second try could close somebody else's. */
    int rc = close((int)fd); /* no EDDYI_CALL: an injected failure must close too */
    if (EDDYI_REFUSED(EDDYI_INJECT_close))
        rc = -1;
    return answer(rc);
}

/* ---- options ---- */

#ifdef SO_REUSEPORT
enum { REUSE_PORT = SO_REUSEPORT };
#else
enum { REUSE_PORT = -1 }; /* older systems have none */
#endif

static bool find_option(enum eddyi_socket_option option, int *level, int *name)
{
    static const struct {
        int level, name;
    } map[] = {
        [EDDYI_REUSE_ADDRESS] = {SOL_SOCKET, SO_REUSEADDR}, [EDDYI_REUSE_PORT] = {SOL_SOCKET, REUSE_PORT},
        [EDDYI_V6_ONLY] = {IPPROTO_IPV6, IPV6_V6ONLY},      [EDDYI_NO_DELAY] = {IPPROTO_TCP, TCP_NODELAY},
        [EDDYI_KEEP_ALIVE] = {SOL_SOCKET, SO_KEEPALIVE},    [EDDYI_BROADCAST] = {SOL_SOCKET, SO_BROADCAST},
        [EDDYI_LINGER_RESET] = {SOL_SOCKET, SO_LINGER},     [EDDYI_SEND_BUFFER] = {SOL_SOCKET, SO_SNDBUF},
        [EDDYI_RECEIVE_BUFFER] = {SOL_SOCKET, SO_RCVBUF},   [EDDYI_SOCKET_ERROR] = {SOL_SOCKET, SO_ERROR},
        [EDDYI_SOCKET_TYPE] = {SOL_SOCKET, SO_TYPE},
    };
    if ((size_t)option >= sizeof map / sizeof map[0] || option == EDDYI_NON_BLOCKING)
        return false;
    *level = map[option].level;
    *name = map[option].name;
    return true;
}

static int get_non_blocking(int fd, int *on)
{
    int flags = EDDYI_CALL(fcntl, -1, (fd, F_GETFL, 0));
    if (flags < 0)
        return answer(flags);
    *on = (flags & O_NONBLOCK) != 0;
    return 0;
}

static int net_set_option(eddyi_backend *backend, eddy_fd fd, enum eddyi_socket_option option, int value)
{
    int level, name;
    bool was;
    struct linger linger = {.l_onoff = value != 0, .l_linger = 0};
    const void *data = &value;
    socklen_t size = sizeof value;
    (void)backend;
    if (option == EDDYI_NON_BLOCKING)
        return eddyi_set_non_blocking((int)fd, value != 0, &was);
    if (!find_option(option, &level, &name))
        return EDDY_EINVAL;
    if (option == EDDYI_LINGER_RESET) {
        data = &linger;
        size = sizeof linger;
    }
    if (name == -1)
        return EDDY_ENOSYS;
    int rc = EDDYI_CALL(setsockopt, -1, ((int)fd, level, name, data, size));
    return rc < 0 && errno == ENOPROTOOPT ? EDDY_ENOSYS
                                          : answer(rc); /* the header knows it, the kernel does not */
}

static int net_get_option(eddyi_backend *backend, eddy_fd fd, enum eddyi_socket_option option, int *value)
{
    int level, name, found = 0;
    socklen_t size = sizeof found;
    (void)backend;
    if (option == EDDYI_NON_BLOCKING)
        return get_non_blocking((int)fd, value);
    if (!find_option(option, &level, &name) || option == EDDYI_LINGER_RESET)
        return EDDY_EINVAL;
    int rc = EDDYI_CALL(getsockopt, -1, ((int)fd, level, name, &found, &size));
    if (rc < 0)
        return answer(rc);
    if (option == EDDYI_SOCKET_ERROR && found != 0)
        found = eddyi_error_from_system(found);
    if (option == EDDYI_SOCKET_TYPE)
        found = found == SOCK_DGRAM ? EDDYI_SOCKET_DATAGRAM : EDDYI_SOCKET_STREAM;
    *value = found;
    return 0;
}

static int net_local_address(eddyi_backend *backend, eddy_fd fd, eddyi_address *out)
{
    socklen_t size = sizeof out->bytes;
    (void)backend;
    int rc = EDDYI_CALL(getsockname, -1, ((int)fd, (struct sockaddr *)(void *)out->bytes, &size));
    if (rc == 0)
        out->size = (uint32_t)size;
    return answer(rc);
}

static int net_peer_address(eddyi_backend *backend, eddy_fd fd, eddyi_address *out)
{
    socklen_t size = sizeof out->bytes;
    (void)backend;
    int rc = EDDYI_CALL(getpeername, -1, ((int)fd, (struct sockaddr *)(void *)out->bytes, &size));
    if (rc == 0)
        out->size = (uint32_t)size;
    return answer(rc);
}

const eddyi_net_ops eddyi_platform_net = {
    .socket = net_socket,
    .bind = net_bind,
    .listen = net_listen,
    .shutdown = net_shutdown,
    .close = net_close,
    .set_option = net_set_option,
    .get_option = net_get_option,
    .local_address = net_local_address,
    .peer_address = net_peer_address,
    .resolve = eddyi_resolve,
    .family = eddyi_address_family,
    .port = eddyi_address_port,
    .format = eddyi_address_format,
    .name = eddyi_address_name,
    .claim_file = eddyi_claim_file,
    .note_file = eddyi_note_file,
    .remove_file = eddyi_remove_file,
    .resolves_at_once = false,
};
