/* calls.c: what calls.h declares.
 * Touches sockets and fcntl. The C library is what they are made of. */
#include "darwin/calls.h"

#include <fcntl.h>
#include <stdbool.h>

#undef socket
#undef socketpair

static int settle(int fd, bool non_blocking, bool close_on_exec)
{
    if (fd >= 0 && non_blocking)
        (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    if (fd >= 0 && close_on_exec)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

int test_socket(int domain, int type, int protocol)
{
    int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    return settle(socket(domain, type & ~flags, protocol), type & SOCK_NONBLOCK, type & SOCK_CLOEXEC);
}

int test_socketpair(int domain, int type, int protocol, int ends[2])
{
    int flags = SOCK_NONBLOCK | SOCK_CLOEXEC, rc = socketpair(domain, type & ~flags, protocol, ends);
    for (int i = 0; rc == 0 && i < 2; i++)
        (void)settle(ends[i], type & SOCK_NONBLOCK, type & SOCK_CLOEXEC);
    return rc;
}

int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    return settle(accept(fd, address, size), flags & SOCK_NONBLOCK, flags & SOCK_CLOEXEC);
}

int pipe2(int ends[2], int flags)
{
    int rc = pipe(ends);
    for (int i = 0; rc == 0 && i < 2; i++)
        (void)settle(ends[i], flags & O_NONBLOCK, flags & O_CLOEXEC);
    return rc;
}
