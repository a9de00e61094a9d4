/* files.c: regular files, called on threads.
 * Touches the file system. Each may block; the system's number of a failure is in *os_error. */
#include "core/platform.h"

int eddyi_file_open(eddy_fd *out, const char *path, unsigned how, bool *positioned, int32_t *os_error)
{
    /* Fill in: `path` is UTF-8; `how` has EDDYI_FILE_... bits. Not inherited. *positioned: reads and writes may say where. A directory
     * is an error. */
    (void)out;
    (void)path;
    (void)how;
    (void)positioned;
    (void)os_error;
    return EDDY_ENOSYS;
}

int64_t eddyi_file_read(eddy_fd fd, void *data, size_t size, uint64_t offset, int32_t *os_error)
{
    (void)
        fd; /* Fill in: once; fewer bytes than asked are fine, 0 is the end of the file. UINT64_MAX: the system's own position */
    (void)data;
    (void)size;
    (void)offset;
    (void)os_error;
    return EDDY_ENOSYS;
}

int64_t eddyi_file_write(eddy_fd fd, const void *data, size_t size, uint64_t offset, int32_t *os_error)
{
    (void)fd;
    (void)data;
    (void)size;
    (void)offset;
    (void)os_error;
    return EDDY_ENOSYS;
}

int eddyi_file_sync(eddy_fd fd, int32_t *os_error)
{
    (void)fd;
    (void)os_error;
    return EDDY_ENOSYS;
}

int64_t eddyi_file_length(eddy_fd fd, int32_t *os_error)
{
    (void)fd;
    (void)os_error;
    return EDDY_ENOSYS;
}

int eddyi_file_close(eddy_fd fd)
{
    (void)fd;
    return EDDY_ENOSYS;
}
