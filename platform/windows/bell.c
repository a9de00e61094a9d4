/* bell.c: a socket that becomes readable when somebody in this process says so: what a pipe to oneself is elsewhere.
 * Touches one datagram socket, connected to its own address. So it hears nobody but itself: there is no moment at which another process could
 * come between, as between the two ends of a pair of connected sockets. */
#include <string.h>

#include "platform/windows/addresses.h"

int eddyi_bell_open(eddy_fd *out)
{
    eddyi_address own = {.size = sizeof(struct sockaddr_in)};
    struct sockaddr_in *name = (struct sockaddr_in *)(void *)own.bytes;
    const eddyi_net_ops *net = &eddyi_platform_net;
    eddy_fd fd;
    name->sin_family = AF_INET;
    name->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int rc = net->socket(NULL, &fd, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_DATAGRAM);
    if (rc < 0)
        return rc;
    rc = net->bind(NULL, fd, &own);
    if (rc == 0)
        rc = net->local_address(NULL, fd, &own);
    if (rc == 0 && EDDYI_CALL(connect, SOCKET_ERROR, ((SOCKET)fd, eddyi_sockaddr(&own), (int)own.size)) < 0)
        rc = eddyi_error_from_system(eddyi_last_error());
    if (rc < 0)
        (void)closesocket((SOCKET)fd);
    else
        *out = fd;
    return rc;
}

void eddyi_bell_ring(eddy_fd bell)
{
    DWORD saved = GetLastError();
    /* no EDDYI_CALL: on clean-up paths; where there is no room for it, one is there already */
    (void)send((SOCKET)bell, "", 1, 0);
    SetLastError(saved);
}

void eddyi_bell_silence(eddy_fd bell)
{
    char bytes[16];
    /* no EDDYI_CALL: nothing to be told */
    while (recv((SOCKET)bell, bytes, sizeof bytes, 0) >= 0 || WSAGetLastError() == WSAEMSGSIZE)
        continue;
}
