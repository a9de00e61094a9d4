/* pipes.c: what kind of thing a descriptor is, and whether it waits.
 * Touches fstat, fcntl and poll. A descriptor that is refused is left as it was. */
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/platform.h"
#include "platform/posix/quiet.h"
#include "platform/posix/system.h"

static int kind_of(mode_t mode)
{
    if (S_ISFIFO(mode))
        return EDDYI_PIPE_PLAIN;
    if (S_ISSOCK(mode))
        return EDDYI_PIPE_SOCKET;
    return S_ISCHR(mode) ? EDDYI_PIPE_DEVICE : EDDY_EINVAL;
}

int eddyi_pipe_adopt(eddy_fd fd, bool *changed)
{
    struct stat status;
    if (fd < 0 || fd > INT32_MAX)
        return EDDY_EBADF;
    if (EDDYI_CALL(fstat, -1, ((int)fd, &status)) != 0)
        return eddyi_error_from_system(errno);
    int kind = kind_of(status.st_mode);
    if (kind < 0)
        return kind;
    bool was;
    int rc = eddyi_set_non_blocking((int)fd, true, &was);
    if (rc < 0)
        return rc;
    *changed = !was;
    return kind;
}

void eddyi_pipe_give_back(eddy_fd fd)
{
    int flags = fcntl((int)fd, F_GETFL); /* no EDDYI_CALL: nobody can be told */
    if (flags >= 0)
        (void)fcntl((int)fd, F_SETFL, flags & ~O_NONBLOCK);
    eddyi_quiet_descriptor((int)fd, false);
}

bool eddyi_pipe_reader_gone(eddy_fd fd)
{
    struct pollfd state = {.fd = (int)fd};
    /* no EDDYI_CALL: it only looks; not to know is not to be gone */
    return poll(&state, 1, 0) > 0 && (state.revents & (POLLERR | POLLHUP)) != 0;
}

int eddyi_pipe_create(eddy_fd ends[2], int ours)
{
    int made[2];
    if (eddyi_open_pipe(made) != 0)
        return eddyi_error_from_system(errno);
    if (EDDYI_CALL(fcntl, -1, (made[ours], F_SETFL, O_NONBLOCK)) < 0) {
        int rc = eddyi_error_from_system(errno);
        (void)close(made[0]); /* no EDDYI_CALL: ours */
        (void)close(made[1]); /* no EDDYI_CALL: ours */
        return rc;
    }
    eddyi_quiet_descriptor(made[ours], true);
    ends[0] = made[0];
    ends[1] = made[1];
    return 0;
}

int eddyi_null_device_open(eddy_fd *out)
{
    int fd = EDDYI_CALL(open, -1, ("/dev/null", O_RDWR | O_CLOEXEC));
    if (fd < 0)
        return eddyi_error_from_system(errno);
    *out = fd;
    return 0;
}
