/* pipes.c: what kind of thing a descriptor is, and whether it waits.
 * Touches descriptors of any kind. One that is refused is left as it was. */
#include "core/platform.h"

int eddyi_pipe_adopt(eddy_fd fd, bool *changed)
{
    /* Fill in: an enum eddyi_pipe_kind, and it does not block any more; *changed if it did. Files and directories are EDDY_EINVAL, what
     * is not open EDDY_EBADF. */
    (void)fd;
    (void)changed;
    return EDDY_ENOSYS;
}

void eddyi_pipe_give_back(eddy_fd fd)
{
    (void)fd; /* Fill in: blocking again: others may share the open file */
}

bool eddyi_pipe_reader_gone(eddy_fd fd)
{
    (void)fd; /* Fill in: ask without writing; not to know is not to be gone */
    return false;
}

int eddyi_pipe_create(eddy_fd ends[2], int ours)
{
    (void)
        ends; /* Fill in: neither is inherited; ends[ours] does not block, the other one is for a child and does. Backends also */
    (void)ours; /* wake themselves by one */
    return EDDY_ENOSYS;
}

int eddyi_null_device_open(eddy_fd *out)
{
    (void)out;
    return EDDY_ENOSYS;
}
