/* connect.c: connecting a socket: ConnectEx for streams, at once for datagrams.
 * Touches the socket. ConnectEx wants a bound socket, and what it has connected must be told so before it is a socket as any other. */
#include "backends/iocp/inside.h"

#include <string.h>

/* No address is bound yet: to any one, by any port. Wine and Windows say WSAEINVAL of such a socket when they are asked for its name. */
static int bind_if_free(SOCKET socket, const eddyi_address *to)
{
    SOCKADDR_STORAGE any;
    int size = sizeof any;
    if (EDDYI_CALL(getsockname, SOCKET_ERROR, (socket, (struct sockaddr *)(void *)&any, &size)) == 0)
        return 0;
    if (eddyi_last_error() != WSAEINVAL)
        return SOCKET_ERROR;
    memset(&any, 0, sizeof any);
    ((struct sockaddr *)(void *)&any)->sa_family =
        ((const struct sockaddr *)(const void *)to->bytes)->sa_family;
    return EDDYI_CALL(bind, SOCKET_ERROR, (socket, (struct sockaddr *)(void *)&any, (int)to->size));
}

/* A client whose chosen port is the one that it connects to is connected to itself (RFC 793, simultaneous open). */
static bool connected_to_itself(SOCKET socket)
{
    SOCKADDR_STORAGE local, peer;
    int local_size = sizeof local, peer_size = sizeof peer;
    memset(&local, 0, sizeof local);
    memset(&peer, 0, sizeof peer);
    /* no EDDYI_CALL: without an answer it is not */
    return getsockname(socket, (struct sockaddr *)(void *)&local, &local_size) == 0 &&
           getpeername(socket, (struct sockaddr *)(void *)&peer, &peer_size) == 0 &&
           local_size == peer_size && memcmp(&local, &peer, (size_t)local_size) == 0;
}

void eddyi_iocp_connected(iocp_file *file, eddyi_op *op, DWORD error, eddyi_result *result)
{
    SOCKET socket = (SOCKET)file->fd;
    (void)op;
    if (error == ERROR_OPERATION_ABORTED)
        result->value = EDDY_ECANCELED;
    else if (error != 0)
        (void)eddyi_iocp_failed(result, error);
    else if (EDDYI_CALL(setsockopt, SOCKET_ERROR, (socket, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, NULL, 0)) !=
             0)
        (void)eddyi_iocp_failed(result, GetLastError());
    else if (connected_to_itself(socket))
        (void)eddyi_iocp_failed(result, WSAECONNREFUSED);
}

/* A datagram socket has nobody to wait for. Of the one peer that it has now it may hear that it is not there. */
static int connect_datagrams(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    BOOL on = TRUE;
    DWORD bytes;
    const struct sockaddr *to = (const struct sockaddr *)(const void *)op->address->bytes;
    if (EDDYI_CALL(connect, SOCKET_ERROR, ((SOCKET)file->fd, to, (int)op->address->size)) != 0)
        return eddyi_iocp_failed(result, GetLastError());
    (void)WSAIoctl((SOCKET)file->fd, SIO_UDP_CONNRESET, &on, sizeof on, NULL, 0, &bytes, NULL, NULL);
    return IOCP_DONE;
}

int eddyi_iocp_begin_connect(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    iocp_lent *lent = eddyi_iocp_lent_of(op);
    SOCKET socket = (SOCKET)file->fd;
    if (op->address == NULL)
        return eddyi_iocp_failed(result, WSAEINVAL);
    if (file->descriptor->kind == EDDYI_DATAGRAM)
        return connect_datagrams(file, op, result);
    if (bind_if_free(socket, op->address) != 0)
        return eddyi_iocp_failed(result, GetLastError());
    lent->overlapped = (OVERLAPPED){0};
    const struct sockaddr *to = (const struct sockaddr *)(const void *)op->address->bytes;
    BOOL ok = EDDYI_CALL_AS(connect, file->backend->connect, FALSE,
                            (socket, to, (int)op->address->size, NULL, 0, NULL, &lent->overlapped));
    return eddyi_iocp_begun(file, op, ok, result);
}
