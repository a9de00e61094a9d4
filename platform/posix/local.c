/* local.c: the files of local sockets: cleared before bind, known again at close.
 * Touches stat, unlink, and a socket that asks whether somebody listens. A file that is not surely a dead socket's is left alone. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/platform.h"
#include "platform/posix/addresses.h"
#include "platform/posix/system.h"

/* NULL: an abstract name, or none. The path ends with a zero byte: resolving saw to that. */
static const char *path_of(const eddyi_address *address)
{
    const struct sockaddr_un *name = (const struct sockaddr_un *)(const void *)address->bytes;
    bool has_path = address->size > offsetof(struct sockaddr_un, sun_path);
    return has_path && name->sun_path[0] != '\0' ? name->sun_path : NULL;
}

/* Refused: its socket is closed. Anything else, an error too, and it may be somebody's. */
static bool is_dead(const eddyi_address *address, enum eddyi_socket_type type)
{
    int kind = type == EDDYI_SOCKET_DATAGRAM ? SOCK_DGRAM : SOCK_STREAM;
    int fd = eddyi_open_socket(AF_UNIX, kind);
    if (fd < 0)
        return false;
    int rc = EDDYI_CALL(connect, -1, (fd, eddyi_sockaddr(address), (socklen_t)address->size));
    bool refused = rc < 0 && errno == ECONNREFUSED;
    (void)close(fd); /* no EDDYI_CALL: whatever it says, it is closed */
    return refused;
}

int eddyi_claim_file(eddyi_backend *backend, const eddyi_address *address, enum eddyi_socket_type type)
{
    struct stat found;
    const char *path = path_of(address);
    (void)backend;
    if (path == NULL || lstat(path, &found) < 0)
        return 0; /* bind says what is wrong with it */
    if (!S_ISSOCK(found.st_mode) || !is_dead(address, type))
        return EDDY_EADDRINUSE;
    return unlink(path) == 0 || errno == ENOENT ? 0 : eddyi_error_from_system(errno);
}

void eddyi_note_file(eddyi_backend *backend, const eddyi_address *address, eddyi_socket_file *out)
{
    struct stat found;
    const char *path = path_of(address);
    (void)backend;
    *out = (eddyi_socket_file){0};
    if (path == NULL || lstat(path, &found) < 0)
        return;
    out->address = *address;
    out->device = (uint64_t)found.st_dev;
    out->inode = (uint64_t)found.st_ino;
}

void eddyi_remove_file(eddyi_backend *backend, const eddyi_socket_file *file)
{
    struct stat found;
    const char *path = path_of(&file->address);
    (void)backend;
    if (path != NULL && lstat(path, &found) == 0 && (uint64_t)found.st_dev == file->device &&
        (uint64_t)found.st_ino == file->inode)
        (void)unlink(path);
}
