/* sockets.c: eddyi_platform_net over Winsock.
 * Touches the socket calls. Every descriptor is non-blocking and not inherited from birth; nobody else may bind to an address that is ours. */
#include <string.h>

#include "platform/windows/addresses.h"

static int answer(int rc)
{
    return rc >= 0 ? rc : eddyi_error_from_system(eddyi_last_error());
}

/* Winsock calls a handle that is none no socket. */
static int answer_of(eddy_fd fd, int rc)
{
    if (rc >= 0 || eddyi_last_error() != WSAENOTSOCK)
        return answer(rc);
    SetLastError(ERROR_SUCCESS);
    return GetFileType((HANDLE)fd) == FILE_TYPE_UNKNOWN && GetLastError() != ERROR_SUCCESS ? EDDY_EBADF
                                                                                           : EDDY_ENOTSOCK;
}

/* ---- starting Winsock ---- */

static BOOL CALLBACK start(INIT_ONCE *once, void *result, void **unused)
{
    WSADATA data;
    (void)once;
    (void)unused;
    *(int *)result =
        WSAStartup(MAKEWORD(2, 2), &data); /* it is never given up: others may use it until the end */
    return *(int *)result == 0;
}

int eddyi_winsock(void)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    int result = 0;
    if (InitOnceExecuteOnce(&once, start, &result, NULL))
        return 0;
    return eddyi_error_from_system(result); /* the next one tries again */
}

/* ---- sockets ---- */

static int domain_of(enum eddyi_family family)
{
    switch (family) {
    case EDDYI_FAMILY_IPV6:
        return AF_INET6;
    case EDDYI_FAMILY_UNIX:
        return AF_UNIX;
    case EDDYI_FAMILY_OTHER:
        return -1; /* no socket has it: EDDY_EAFNOSUPPORT */
    default:
        return AF_INET;
    }
}

static int set_non_blocking(SOCKET socket, bool on)
{
    u_long value = on;
    return answer_of((eddy_fd)socket,
                     EDDYI_CALL_AS(fcntl, ioctlsocket, SOCKET_ERROR, (socket, (long)FIONBIO, &value)));
}

static int set_number(SOCKET socket, int level, int name, int value)
{
    return answer(
        EDDYI_CALL(setsockopt, SOCKET_ERROR, (socket, level, name, (const char *)&value, sizeof value)));
}

/* Who shares a port here can take another's connections: nobody does, unless the system must have it so. */
static int prepare(SOCKET socket, int domain)
{
    int rc = set_non_blocking(socket, true);
    if (rc == 0 && domain != AF_UNIX)
        rc = set_number(socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1);
    return rc;
}

static int net_socket(eddyi_backend *backend, eddy_fd *out, enum eddyi_family family,
                      enum eddyi_socket_type type)
{
    int domain = domain_of(family), kind = type == EDDYI_SOCKET_DATAGRAM ? SOCK_DGRAM : SOCK_STREAM;
    (void)backend;
    int rc = domain < 0 ? EDDY_EAFNOSUPPORT : eddyi_winsock();
    if (rc < 0)
        return rc;
    SOCKET made = EDDYI_CALL_AS(socket, WSASocketW, INVALID_SOCKET,
                                (domain, kind, 0, NULL, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT));
    if (made == INVALID_SOCKET)
        return answer(-1);
    rc = prepare(made, domain);
    if (rc < 0)
        (void)closesocket(made);
    else
        *out = (eddy_fd)made;
    return rc;
}

static int net_bind(eddyi_backend *backend, eddy_fd fd, const eddyi_address *address)
{
    (void)backend;
    int rc = EDDYI_CALL(bind, SOCKET_ERROR, ((SOCKET)fd, eddyi_sockaddr(address), (int)address->size));
    if (rc < 0 && eddyi_last_error() == WSAEACCES) /* so it says that another has it to himself */
        return EDDY_EADDRINUSE;
    return answer_of(fd, rc);
}

static int net_listen(eddyi_backend *backend, eddy_fd fd, int backlog)
{
    (void)backend;
    return answer_of(fd, EDDYI_CALL(listen, SOCKET_ERROR, ((SOCKET)fd, backlog)));
}

static int net_shutdown(eddyi_backend *backend, eddy_fd fd, int how)
{
    int ways = how == EDDYI_SHUT_READ ? SD_RECEIVE : how == EDDYI_SHUT_WRITE ? SD_SEND : SD_BOTH;
    (void)backend;
    return answer_of(fd, EDDYI_CALL(shutdown, SOCKET_ERROR, ((SOCKET)fd, ways)));
}

/* Sockets are closed in one way, and everything else in another. */
static int net_close(eddyi_backend *backend, eddy_fd fd)
{
    (void)backend;
    /* no EDDYI_CALL: an injected failure must close too */
    int rc = closesocket((SOCKET)fd);
    if (rc < 0 && (eddyi_last_error() == WSAENOTSOCK || eddyi_last_error() == WSANOTINITIALISED))
        rc = CloseHandle((HANDLE)fd) ? 0 : -1;
    if (EDDYI_REFUSED(EDDYI_INJECT_close))
        rc = -1;
    return answer(rc);
}

/* ---- options ---- */

enum { NO_SUCH_OPTION = -1 };

static bool find_option(enum eddyi_socket_option option, int *level, int *name)
{
    static const struct {
        int level, name;
    } map[] = {
        [EDDYI_REUSE_ADDRESS] = {SOL_SOCKET, SO_REUSEADDR}, [EDDYI_REUSE_PORT] = {SOL_SOCKET, NO_SUCH_OPTION},
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

static int net_set_option(eddyi_backend *backend, eddy_fd fd, enum eddyi_socket_option option, int value)
{
    int level, name;
    struct linger linger = {.l_onoff = (u_short)(value != 0), .l_linger = 0};
    (void)backend;
    if (option == EDDYI_NON_BLOCKING)
        return set_non_blocking((SOCKET)fd, value != 0);
    if (!find_option(option, &level, &name))
        return EDDY_EINVAL;
    if (name == NO_SUCH_OPTION)
        return EDDY_ENOSYS;
    if (option ==
        EDDYI_REUSE_ADDRESS) /* what it means elsewhere holds here anyhow; here it would mean another thing */
        return set_number((SOCKET)fd, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1);
    if (option == EDDYI_LINGER_RESET)
        return answer(EDDYI_CALL(setsockopt, SOCKET_ERROR,
                                 ((SOCKET)fd, level, name, (const char *)&linger, sizeof linger)));
    return set_number((SOCKET)fd, level, name, value);
}

static int net_get_option(eddyi_backend *backend, eddy_fd fd, enum eddyi_socket_option option, int *value)
{
    int level, name, found = 0, size = sizeof found;
    (void)backend;
    if (option == EDDYI_NON_BLOCKING)
        return EDDY_ENOSYS; /* the system does not tell */
    if (!find_option(option, &level, &name) || option == EDDYI_LINGER_RESET)
        return EDDY_EINVAL;
    if (name == NO_SUCH_OPTION)
        return EDDY_ENOSYS;
    int rc = EDDYI_CALL(getsockopt, SOCKET_ERROR, ((SOCKET)fd, level, name, (char *)&found, &size));
    if (rc < 0)
        return answer_of(fd, rc);
    if (size == 1) /* some yes or no comes as one byte */
        found = *(const unsigned char *)&found;
    if (option == EDDYI_SOCKET_ERROR && found != 0)
        found = eddyi_error_from_system(found);
    if (option == EDDYI_SOCKET_TYPE)
        found = found == SOCK_DGRAM ? EDDYI_SOCKET_DATAGRAM : EDDYI_SOCKET_STREAM;
    *value = found;
    return 0;
}

/* ---- names ---- */

/* A socket that is not bound yet has no name here; elsewhere it is that of its family, all zero. */
static int unbound_name(eddy_fd fd, eddyi_address *out)
{
    WSAPROTOCOL_INFOW info;
    int size = sizeof info;
    /* no EDDYI_CALL: it cannot fail where getsockname knew the socket */
    if (getsockopt((SOCKET)fd, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&info, &size) != 0)
        return answer(-1);
    memset(out->bytes, 0, sizeof out->bytes);
    ((struct sockaddr *)(void *)out->bytes)->sa_family = (ADDRESS_FAMILY)info.iAddressFamily;
    out->size = (uint32_t)(info.iAddressFamily == AF_INET6  ? sizeof(struct sockaddr_in6)
                           : info.iAddressFamily == AF_INET ? sizeof(struct sockaddr_in)
                                                            : offsetof(eddyi_local_name, sun_path));
    return 0;
}

static int net_local_address(eddyi_backend *backend, eddy_fd fd, eddyi_address *out)
{
    int size = sizeof out->bytes;
    (void)backend;
    int rc =
        EDDYI_CALL(getsockname, SOCKET_ERROR, ((SOCKET)fd, (struct sockaddr *)(void *)out->bytes, &size));
    if (rc < 0 && eddyi_last_error() == WSAEINVAL)
        return unbound_name(fd, out);
    if (rc == 0)
        out->size = (uint32_t)size;
    return answer_of(fd, rc);
}

static int net_peer_address(eddyi_backend *backend, eddy_fd fd, eddyi_address *out)
{
    int size = sizeof out->bytes;
    (void)backend;
    int rc =
        EDDYI_CALL(getpeername, SOCKET_ERROR, ((SOCKET)fd, (struct sockaddr *)(void *)out->bytes, &size));
    if (rc == 0)
        out->size = (uint32_t)size;
    return answer_of(fd, rc);
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
