/* pipes.c: what kind of thing a descriptor is, and pipes whose end here does not block.
 * Touches named pipes. Anonymous ones of the system's block always; so ours have names, that nobody can guess, reach or take before us. */
#include <stdio.h>

#include "core/platform.h"
#include "platform/windows/system.h"

static bool is_socket(eddy_fd fd)
{
    int type, size = sizeof type;
    /* no EDDYI_CALL: it only looks */
    return getsockopt((SOCKET)fd, SOL_SOCKET, SO_TYPE, (char *)&type, &size) == 0;
}

/* `changed`: whether a descriptor waits is fixed when it is made here. */
int eddyi_pipe_adopt(eddy_fd fd, bool *changed)
{
    *changed = false;
    SetLastError(ERROR_SUCCESS);
    switch (EDDYI_CALL_AS(fstat, GetFileType, FILE_TYPE_UNKNOWN, ((HANDLE)fd))) {
    case FILE_TYPE_PIPE:
        return is_socket(fd) ? EDDYI_PIPE_SOCKET : EDDYI_PIPE_PLAIN;
    case FILE_TYPE_CHAR:
        return EDDYI_PIPE_DEVICE;
    case FILE_TYPE_DISK:
        return EDDY_EINVAL;
    default:
        return GetLastError() == ERROR_SUCCESS ? EDDY_EINVAL : eddyi_error_from_system(eddyi_last_error());
    }
}

void eddyi_pipe_give_back(eddy_fd fd)
{
    (void)fd;
}

bool eddyi_pipe_reader_gone(eddy_fd fd)
{
    DWORD ignored;
    /* no EDDYI_CALL: it only looks; not to know is not to be gone */
    if (PeekNamedPipe((HANDLE)fd, NULL, 0, NULL, &ignored, NULL))
        return false;
    DWORD number = GetLastError();
    return number == ERROR_BROKEN_PIPE || number == ERROR_NO_DATA || number == ERROR_PIPE_NOT_CONNECTED ||
           number == ERROR_BAD_PIPE;
}

enum { PIPE_SIZE = 64 * 1024, NAME_SIZE = 80 };

static void make_name(wchar_t name[NAME_SIZE])
{
    static atomic_uint made;
    LARGE_INTEGER ticks;
    (void)QueryPerformanceCounter(&ticks);
    (void)_snwprintf(name, NAME_SIZE, L"\\\\.\\pipe\\eddy-%lx-%x-%llx", GetCurrentProcessId(),
                     atomic_fetch_add(&made, 1), (unsigned long long)ticks.QuadPart);
    name[NAME_SIZE - 1] = L'\0';
}

/* One instance, the first of its name (else somebody else has made it), for nobody outside of this machine (W7). Both directions, so that our end
 * may look at the pipe whichever it uses: reading ends write nothing. */
static HANDLE make_our_end(const wchar_t *name)
{
    return EDDYI_CALL_AS(pipe2, CreateNamedPipeW, INVALID_HANDLE_VALUE,
                         (name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
                          PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1,
                          PIPE_SIZE, PIPE_SIZE, 0, NULL));
}

int eddyi_pipe_create(eddy_fd ends[2], int ours)
{
    wchar_t name[NAME_SIZE];
    make_name(name);
    HANDLE our = make_our_end(name);
    if (our == INVALID_HANDLE_VALUE)
        return eddyi_error_from_system(eddyi_last_error());
    /* The other end is the child's: it blocks, as programs expect of their standard streams. */
    DWORD access = ours == 1 ? GENERIC_READ | FILE_WRITE_ATTRIBUTES : GENERIC_WRITE | FILE_READ_ATTRIBUTES;
    HANDLE other = EDDYI_CALL_AS(open, CreateFileW, INVALID_HANDLE_VALUE,
                                 (name, access, 0, NULL, OPEN_EXISTING, 0, NULL));
    if (other == INVALID_HANDLE_VALUE) {
        int rc = eddyi_error_from_system(eddyi_last_error());
        (void)CloseHandle(our);
        return rc;
    }
    ends[ours] = (eddy_fd)our;
    ends[1 - ours] = (eddy_fd)other;
    return 0;
}

int eddyi_null_device_open(eddy_fd *out)
{
    HANDLE file = EDDYI_CALL_AS(open, CreateFileW, INVALID_HANDLE_VALUE,
                                (L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                 NULL, OPEN_EXISTING, 0, NULL));
    if (file == INVALID_HANDLE_VALUE)
        return eddyi_error_from_system(eddyi_last_error());
    *out = (eddy_fd)file;
    return 0;
}
