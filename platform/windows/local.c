/* local.c: the files of local sockets: cleared before bind, known again at close.
 * Touches files and a socket that asks whether somebody listens. A file that is not surely a dead socket's is left alone. */
#include "core/base/memory.h"
#include "platform/windows/addresses.h"
#include "platform/windows/text.h"

#ifndef IO_REPARSE_TAG_AF_UNIX
#define IO_REPARSE_TAG_AF_UNIX 0x80000023
#endif

enum { LONGEST_PATH = 128 };

/* false: an unnamed one. The path ends with a zero byte: resolving saw to that. */
static bool path_of(const eddyi_address *address, wchar_t path[LONGEST_PATH])
{
    const eddyi_local_name *name = (const eddyi_local_name *)(const void *)address->bytes;
    bool has_path = address->size > offsetof(eddyi_local_name, sun_path) && name->sun_path[0] != '\0';
    return has_path && eddyi_text_widen_into(path, LONGEST_PATH, name->sun_path) > 0;
}

/* The file itself, not what it may lead to. */
static bool look(const wchar_t *path, BY_HANDLE_FILE_INFORMATION *found)
{
    /* no EDDYI_CALL: it only looks, and bind says what is wrong */
    HANDLE file = CreateFileW(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    bool known = GetFileInformationByHandle(file, found);
    (void)CloseHandle(file);
    return known;
}

static bool is_socket(const wchar_t *path)
{
    WIN32_FIND_DATAW data;
    HANDLE search = FindFirstFileW(path, &data);
    if (search == INVALID_HANDLE_VALUE)
        return false;
    (void)FindClose(search);
    return (data.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) &&
           data.dwReserved0 == IO_REPARSE_TAG_AF_UNIX;
}

/* Refused: its socket is closed. Anything else, an error too, and it may be somebody's. A connection to a local socket never waits for long: it
 * is made by the system, or refused. */
static bool is_dead(const eddyi_address *address, enum eddyi_socket_type type)
{
    eddy_fd fd;
    if (eddyi_platform_net.socket(NULL, &fd, EDDYI_FAMILY_UNIX, type) < 0)
        return false;
    int rc = EDDYI_CALL(connect, SOCKET_ERROR, ((SOCKET)fd, eddyi_sockaddr(address), (int)address->size));
    bool refused = rc < 0 && WSAGetLastError() == WSAECONNREFUSED;
    (void)closesocket((SOCKET)fd); /* no EDDYI_CALL: whatever it says, it is closed */
    return refused;
}

int eddyi_claim_file(eddyi_backend *backend, const eddyi_address *address, enum eddyi_socket_type type)
{
    wchar_t path[LONGEST_PATH];
    BY_HANDLE_FILE_INFORMATION found;
    (void)backend;
    if (!path_of(address, path) || !look(path, &found))
        return 0; /* bind says what is wrong with it */
    if (!is_socket(path) || !is_dead(address, type))
        return EDDY_EADDRINUSE;
    if (DeleteFileW(path) || GetLastError() == ERROR_FILE_NOT_FOUND)
        return 0;
    return eddyi_error_from_system(eddyi_last_error());
}

void eddyi_note_file(eddyi_backend *backend, const eddyi_address *address, eddyi_socket_file *out)
{
    wchar_t path[LONGEST_PATH];
    BY_HANDLE_FILE_INFORMATION found;
    (void)backend;
    *out = (eddyi_socket_file){0};
    if (!path_of(address, path) || !look(path, &found))
        return;
    out->address = *address;
    out->device = found.dwVolumeSerialNumber;
    out->inode = (uint64_t)found.nFileIndexHigh << 32 | found.nFileIndexLow;
}

void eddyi_remove_file(eddyi_backend *backend, const eddyi_socket_file *file)
{
    wchar_t path[LONGEST_PATH];
    eddyi_socket_file now;
    if (file->address.size == 0)
        return;
    eddyi_note_file(backend, &file->address, &now);
    if (now.address.size != 0 && now.device == file->device && now.inode == file->inode &&
        path_of(&file->address, path))
        (void)DeleteFileW(path);
}
