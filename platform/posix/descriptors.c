/* descriptors.c: descriptors that are close-on-exec and non-blocking from birth, in one call each.
 * Touches socket, accept4, pipe2. No child of another thread can inherit one. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/posix/system.h"

int eddyi_open_socket(int domain, int type)
{
    return EDDYI_CALL(socket, -1, (domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int eddyi_open_accepted(int listener)
{
    return EDDYI_CALL(accept4, -1, (listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

int eddyi_open_pipe(int ends[2])
{
    return EDDYI_CALL(pipe2, -1, (ends, O_CLOEXEC));
}
