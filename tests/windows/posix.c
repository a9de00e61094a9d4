/* posix.c: the few calls of POSIX that tests make, over Winsock and the C library.
 * Touches both. `read`, `write` and `close` take the place of the C library's, for sockets have numbers of their own. */
#include "windows/posix.h"

#include "support/results.h"

#include <direct.h>
#include <stdarg.h>
#include <string.h>

#undef setsockopt
#undef getsockopt
#undef access

int _CRT_glob = 0; /* an argument with a star in it is a pattern of tests, not of files */

static bool is_socket(int fd)
{
    int type, size = sizeof type;
    return getsockopt((SOCKET)fd, SOL_SOCKET, SO_TYPE, (char *)&type, &size) == 0;
}

int read(int fd, void *data, unsigned size)
{
    return is_socket(fd) ? recv((SOCKET)fd, data, (int)size, 0) : _read(fd, data, size);
}

int write(int fd, const void *data, unsigned size)
{
    return is_socket(fd) ? send((SOCKET)fd, data, (int)size, 0) : _write(fd, data, size);
}

/* The C library's numbers are small, and handles of what tests open are not. */
static bool is_handle(int fd)
{
    return fd >= 32;
}

int close(int fd)
{
    if (is_socket(fd))
        return closesocket((SOCKET)fd);
    if (is_handle(fd))
        return CloseHandle((HANDLE)(intptr_t)fd) ? 0 : -1;
    return _close(fd);
}

int dup(int fd)
{
    HANDLE copy, self = GetCurrentProcess();
    WSAPROTOCOL_INFOW info;
    if (!is_handle(fd))
        return _dup(fd);
    if (is_socket(fd)) { /* Winsock must know of it */
        if (WSADuplicateSocketW((SOCKET)fd, GetCurrentProcessId(), &info) != 0)
            return -1;
        return (int)WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0,
                               WSA_FLAG_OVERLAPPED);
    }
    return DuplicateHandle(self, (HANDLE)(intptr_t)fd, self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS)
               ? (int)(intptr_t)copy
               : -1;
}

int test_dup2(int from, int to)
{
    return is_handle(from) || is_handle(to) ? -1 : _dup2(from, to) == 0 ? to : -1;
}

/* What exists everywhere in POSIX, by its handle: this program, the root, and what swallows everything. */
int open(const char *path, int flags, ...)
{
    char self[MAX_PATH] = "";
    (void)flags;
    if (strcmp(path, "/proc/self/exe") == 0)
        GetModuleFileNameA(NULL, self, sizeof self);
    bool is_device = strncmp(path, "/dev/", 5) == 0;
    HANDLE file = CreateFileA(is_device         ? "NUL"
                              : self[0] != '\0' ? self
                                                : path,
                              GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                              FILE_FLAG_BACKUP_SEMANTICS, NULL);
    return file != INVALID_HANDLE_VALUE ? (int)(intptr_t)file : -1;
}

/* Events and threads have handles too: only what can be read or written counts. */
static bool is_descriptor(int fd)
{
    SetLastError(ERROR_SUCCESS);
    return fd > 0 && fd % 4 == 0 &&
           (GetFileType((HANDLE)(intptr_t)fd) != FILE_TYPE_UNKNOWN || GetLastError() == ERROR_SUCCESS);
}

int fcntl(int fd, int command, ...)
{
    if (command == F_GETFD)
        return is_descriptor(fd) ? 0 : -1;
    if (command == F_SETFL && is_socket(fd)) {
        u_long on = 1;
        return ioctlsocket((SOCKET)fd, (long)FIONBIO, &on);
    }
    if (command == F_DUPFD_CLOEXEC || command == F_DUPFD)
        return dup(fd);
    errno = EINVAL;
    return -1;
}

int pipe(int ends[2])
{
    return _pipe(ends, 64 * 1024, O_BINARY | O_NOINHERIT);
}

/* By handles, and overlapped at both ends: for backends, and not for the C library. */
int pipe2(int ends[2], int flags)
{
    static int made;
    char name[64];
    (void)flags;
    snprintf(name, sizeof name, "\\\\.\\pipe\\eddy-test-%lu-%d", GetCurrentProcessId(), made++);
    HANDLE in =
        CreateNamedPipeA(name, PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
                         PIPE_TYPE_BYTE, 1, 65536, 65536, 0, NULL);
    HANDLE out = CreateFileA(name, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    ends[0] = (int)(intptr_t)in;
    ends[1] = (int)(intptr_t)out;
    return in != INVALID_HANDLE_VALUE && out != INVALID_HANDLE_VALUE ? 0 : -1;
}

static SOCKET bound(int type, struct sockaddr_in *name)
{
    int size = sizeof *name;
    SOCKET made = WSASocketW(AF_INET, type, 0, NULL, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    memset(name, 0, sizeof *name);
    name->sin_family = AF_INET;
    name->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (made == INVALID_SOCKET || bind(made, (struct sockaddr *)name, sizeof *name) != 0 ||
        getsockname(made, (struct sockaddr *)name, &size) != 0)
        abort();
    return made;
}

static void connect_both(SOCKET pair[2], int type)
{
    struct sockaddr_in one, other;
    SOCKET first = bound(type, &one), second = bound(type, &other);
    if (type == SOCK_DGRAM) {
        if (connect(first, (struct sockaddr *)&other, sizeof other) != 0 ||
            connect(second, (struct sockaddr *)&one, sizeof one) != 0)
            abort();
        pair[0] = first;
    } else {
        if (listen(first, 1) != 0 || connect(second, (struct sockaddr *)&one, sizeof one) != 0)
            abort();
        pair[0] = accept(first, NULL, NULL);
        (void)closesocket(first);
    }
    pair[1] = second;
}

int socketpair(int domain, int type, int protocol, int ends[2])
{
    SOCKET pair[2];
    WSADATA data;
    static bool started;
    (void)domain;
    (void)protocol;
    if (!started)
        started = WSAStartup(MAKEWORD(2, 2), &data) == 0;
    connect_both(pair, type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC));
    for (int i = 0; i < 2; i++) {
        u_long on = (type & SOCK_NONBLOCK) != 0;
        int yes = 1;
        (void)ioctlsocket(pair[i], (long)FIONBIO, &on);
        (void)setsockopt(pair[i], IPPROTO_TCP, TCP_NODELAY, (const char *)&yes, sizeof yes);
        ends[i] = (int)pair[i];
    }
    return 0;
}

int test_poll(struct pollfd *what, unsigned count, int milliseconds)
{
    return WSAPoll(what, count, milliseconds);
}

int setenv(const char *name, const char *value, int replace)
{
    (void)replace;
    return _putenv_s(name, value) == 0 ? 0 : -1;
}

int unsetenv(const char *name)
{
    return _putenv_s(name, "") == 0 ? 0 : -1;
}

int test_sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
    if (number != SIGINT && number != SIGTERM)
        return -1;
    void (*found)(int) = signal(number, action != NULL ? action->sa_handler : SIG_IGN);
    if (found != SIG_ERR && action == NULL)
        (void)signal(number, found);
    if (old != NULL)
        *old = (struct sigaction){.sa_handler = found};
    return found != SIG_ERR ? 0 : -1;
}

int test_setsockopt(int fd, int level, int name, const void *value, int size)
{
    return setsockopt((SOCKET)fd, level, name, value, size);
}

int test_getsockopt(int fd, int level, int name, void *value, int *size)
{
    return getsockopt((SOCKET)fd, level, name, value, size);
}

/* Files of tests lie in the current folder. */
static bool make_name(char *pattern)
{
    const char *base = strrchr(pattern, '/');
    if (base != NULL)
        memmove(pattern, base + 1, strlen(base));
    return _mktemp(pattern) != NULL;
}

char *mkdtemp(char *pattern)
{
    return make_name(pattern) && _mkdir(pattern) == 0 ? pattern : NULL;
}

int mkstemp(char *pattern)
{
    if (!make_name(pattern))
        return -1;
    HANDLE file =
        CreateFileA(pattern, GENERIC_READ | GENERIC_WRITE | DELETE,
                    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, CREATE_NEW, 0, NULL);
    return file != INVALID_HANDLE_VALUE ? _open_osfhandle((intptr_t)file, _O_RDWR | _O_BINARY) : -1;
}

int test_access(const char *path, int mode)
{
    return strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/dev/", 5) == 0 ? -1 : _access(path, mode);
}

int fnmatch(const char *pattern, const char *text, int flags)
{
    if (*pattern == '*') {
        for (; fnmatch(pattern + 1, text, flags) != 0; text++)
            if (*text == '\0')
                return FNM_NOMATCH;
        return 0;
    }
    if (*pattern == '\0' || *text == '\0')
        return *pattern == *text ? 0 : FNM_NOMATCH;
    return *pattern == '?' || *pattern == *text ? fnmatch(pattern + 1, text + 1, flags) : FNM_NOMATCH;
}
