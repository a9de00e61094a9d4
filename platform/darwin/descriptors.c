/* descriptors.c: descriptors that are close-on-exec and non-blocking, where that takes several calls.
 * Touches socket, accept, pipe, fcntl. A child that another thread makes in between inherits one until it execs: eddy's own children close
 * all that they were not given. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/posix/quiet.h"
#include "platform/posix/system.h"

static int close_on_exec(int fd)
{
    return EDDYI_CALL(fcntl, -1, (fd, F_SETFD, FD_CLOEXEC));
}

static int give_up(int fd)
{
    int saved = errno;
    (void)close(fd); /* no EDDYI_CALL: whatever it says, it is gone */
    errno = saved;
    return -1;
}

static int settle(int fd)
{
    if (fd < 0)
        return -1;
    if (close_on_exec(fd) < 0 || EDDYI_CALL(fcntl, -1, (fd, F_SETFL, O_NONBLOCK)) < 0)
        return give_up(fd);
    eddyi_quiet_descriptor(fd, true);
    return fd;
}

int eddyi_open_socket(int domain, int type)
{
    return settle(EDDYI_CALL(socket, -1, (domain, type, 0)));
}

int eddyi_open_accepted(int listener)
{
    return settle(EDDYI_CALL_AS(accept4, accept, -1, (listener, NULL, NULL)));
}

int eddyi_open_pipe(int ends[2])
{
    if (EDDYI_CALL_AS(pipe2, pipe, -1, (ends)) < 0)
        return -1;
    if (close_on_exec(ends[0]) == 0 && close_on_exec(ends[1]) == 0)
        return 0;
    (void)give_up(ends[0]);
    return give_up(ends[1]);
}
