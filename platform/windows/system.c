/* system.c: what the injection table answers in the numbers of Windows, and functions that not every system has.
 * Touches the last error. The table speaks errno, as tests do; the code under test must see what Winsock would say. */
#include "platform/windows/system.h"

#include <errno.h>

eddyi_any_fn eddyi_system_function(const wchar_t *library, const char *name)
{
    HMODULE module = GetModuleHandleW(library);
    return module != NULL ? (eddyi_any_fn)(uintptr_t)GetProcAddress(module, name) : NULL;
}

#ifdef EDDY_INJECT

static const struct {
    int number;
    DWORD os_error;
} map[] = {
    {ENOMEM, ERROR_NOT_ENOUGH_MEMORY},
    {EMFILE, WSAEMFILE},
    {ENFILE, ERROR_SHARING_BUFFER_EXCEEDED},
    {EADDRINUSE, WSAEADDRINUSE},
    {EADDRNOTAVAIL, WSAEADDRNOTAVAIL},
    {ECONNREFUSED, WSAECONNREFUSED},
    {ECONNRESET, WSAECONNRESET},
    {ECONNABORTED, WSAECONNABORTED},
    {EIO, ERROR_IO_DEVICE},
    {EAGAIN, WSAEWOULDBLOCK},
    {EWOULDBLOCK, WSAEWOULDBLOCK},
    {ENOSYS, ERROR_CALL_NOT_IMPLEMENTED},
    {EPERM, ERROR_PRIVILEGE_NOT_HELD},
    {EACCES, ERROR_ACCESS_DENIED},
    {EINTR, WSAEINTR},
    {EINVAL, WSAEINVAL},
    {EBADF, ERROR_INVALID_HANDLE},
    {ENOBUFS, WSAENOBUFS},
    {ENETUNREACH, WSAENETUNREACH},
    {ENETDOWN, WSAENETDOWN},
    {EHOSTUNREACH, WSAEHOSTUNREACH},
    {EMSGSIZE, WSAEMSGSIZE},
    {ENOTCONN, WSAENOTCONN},
    {EPIPE, ERROR_NO_DATA},
    {EOPNOTSUPP, WSAEOPNOTSUPP},
    {EAFNOSUPPORT, WSAEAFNOSUPPORT},
    {ENOSPC, ERROR_DISK_FULL},
    {ENOENT, ERROR_FILE_NOT_FOUND},
    {ECHILD, ERROR_INVALID_HANDLE},
    {ETIMEDOUT, WSAETIMEDOUT},
    {ENOPROTOOPT, WSAENOPROTOOPT},
};

bool eddyi_refused(enum eddyi_inject_call call)
{
    int number = 0;
    if (!eddyi_inject_fails(call, &number))
        return false;
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
        if (map[i].number == number) {
            SetLastError(map[i].os_error);
            return true;
        }
    SetLastError((DWORD)number);
    return true;
}

#endif
