/* files.c: files, for the threads that may block on them.
 * Touches open, pread, pwrite, fsync, fstat. Nothing here waits for more than one call of the system's. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/platform.h"
#include "platform/posix/system.h"

static int failed(int32_t *os_error)
{
    *os_error = errno;
    return eddyi_error_from_system(errno);
}

int eddyi_file_open(eddy_fd *out, const char *path, unsigned how, bool *positioned, int32_t *os_error)
{
    enum { EVERYBODY = 0666 }; /* less the process's mask */
    int flags = O_CLOEXEC | O_NOCTTY, fd;
    if ((how & EDDYI_FILE_READS) && (how & EDDYI_FILE_WRITES))
        flags |= O_RDWR;
    else
        flags |= (how & EDDYI_FILE_WRITES) ? O_WRONLY : O_RDONLY;
    flags |= (how & EDDYI_FILE_MAKES) ? O_CREAT : 0;
    flags |= (how & EDDYI_FILE_EMPTIES) ? O_TRUNC : 0;
    flags |= (how & EDDYI_FILE_APPENDS) ? O_APPEND : 0;
    flags |= (how & EDDYI_FILE_NEW) ? O_EXCL : 0;
    do
        fd = EDDYI_CALL(open, -1, (path, flags, EVERYBODY));
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return failed(os_error);
    *positioned = lseek(fd, 0, SEEK_CUR) != -1;
    *out = fd;
    return 0;
}

int64_t eddyi_file_read(eddy_fd fd, void *data, size_t size, uint64_t offset, int32_t *os_error)
{
    ssize_t n;
    size = eddyi_limited(size);
    do
        n = offset == UINT64_MAX ? EDDYI_CALL(read, -1, ((int)fd, data, size))
                                 : EDDYI_CALL_AS(read, pread, -1, ((int)fd, data, size, (off_t)offset));
    while (n < 0 && errno == EINTR);
    return n >= 0 ? n : failed(os_error);
}

int64_t eddyi_file_write(eddy_fd fd, const void *data, size_t size, uint64_t offset, int32_t *os_error)
{
    ssize_t n;
    size = eddyi_limited(size);
    do
        n = offset == UINT64_MAX ? EDDYI_CALL(write, -1, ((int)fd, data, size))
                                 : EDDYI_CALL_AS(write, pwrite, -1, ((int)fd, data, size, (off_t)offset));
    while (n < 0 && errno == EINTR);
    return n >= 0 ? n : failed(os_error);
}

int eddyi_file_sync(eddy_fd fd, int32_t *os_error)
{
    int rc;
    do
        rc = fsync((int)fd);
    while (rc < 0 && errno == EINTR);
    return rc == 0 ? 0 : failed(os_error);
}

int64_t eddyi_file_length(eddy_fd fd, int32_t *os_error)
{
    struct stat found;
    return EDDYI_CALL(fstat, -1, ((int)fd, &found)) == 0 ? found.st_size : failed(os_error);
}

int eddyi_file_close(eddy_fd fd)
{
    return eddyi_platform_net.close(NULL, fd); /* the same rule: never retried */
}
