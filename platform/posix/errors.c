/* errors.c: errno as an error code of eddy.
 * Touches errno's numbers. What is not listed is EDDY_ESYSTEM, with the system's number in the error record. */
#include "platform/posix/system.h"

#include <stddef.h>

#include <eddy/error.h>

static const struct {
    int os_error, code;
} map[] = {
    {EINVAL, EDDY_EINVAL},
    {ENOMEM, EDDY_ENOMEM},
    {EBUSY, EDDY_EBUSY},
    {ENOSYS, EDDY_ENOSYS},
    {EPERM, EDDY_EPERM},
    {EACCES, EDDY_EACCES},
    {EMFILE, EDDY_EMFILE},
    {ENFILE, EDDY_ENFILE},
    {ENOBUFS, EDDY_ENOBUFS},
    {EBADF, EDDY_EBADF},
    {EADDRINUSE, EDDY_EADDRINUSE},
    {EADDRNOTAVAIL, EDDY_EADDRNOTAVAIL},
    {EAFNOSUPPORT, EDDY_EAFNOSUPPORT},
    {EPROTONOSUPPORT, EDDY_EAFNOSUPPORT},
    {ECONNREFUSED, EDDY_ECONNREFUSED},
    {ECONNRESET, EDDY_ECONNRESET},
    {ECONNABORTED, EDDY_ECONNABORTED},
    {EPIPE, EDDY_EPIPE},
    {EHOSTUNREACH, EDDY_EHOSTUNREACH},
    {EHOSTDOWN, EDDY_EHOSTUNREACH},
    {ENETUNREACH, EDDY_ENETUNREACH},
    {ENETDOWN, EDDY_ENETDOWN},
    {ENOTCONN, EDDY_ENOTCONN},
    {EISCONN, EDDY_EISCONN},
    {EMSGSIZE, EDDY_EMSGSIZE},
    {ENAMETOOLONG, EDDY_ENAMETOOLONG},
    {ENOENT, EDDY_ENOENT},
    {EEXIST, EDDY_EEXIST},
    {EIO, EDDY_EIO},
    {ENOSPC, EDDY_ENOSPC},
    {EDQUOT, EDDY_ENOSPC},
    {EFBIG, EDDY_EFBIG},
    {EPROTO, EDDY_EPROTO},
    {EAGAIN, EDDY_EAGAIN},
    {EINTR, EDDY_EINTR},
    {ENOTSOCK, EDDY_ENOTSOCK},
    {EOPNOTSUPP, EDDY_EOPNOTSUPP},
    {ENODEV, EDDY_ENODEV},
    {ETIMEDOUT, EDDY_ETIMEDOUT},
    {EOVERFLOW, EDDY_EOVERFLOW},
#if EAGAIN != EWOULDBLOCK
    {EWOULDBLOCK, EDDY_EAGAIN},
#endif
};

int eddyi_error_from_system(int os_error)
{
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
        if (map[i].os_error == os_error)
            return map[i].code;
    return EDDY_ESYSTEM;
}
