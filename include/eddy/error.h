/* error.h: every error code of eddy, the same number on every system, and the detail of the last failure.
 * Touches config.h only. A code is negative; >= 0 is success; numbers are never reused. */
#ifndef EDDY_ERROR_H
#define EDDY_ERROR_H

#include <eddy/config.h>

EDDY_BEGIN

/* X(name, number, text): the one list. asyncio's exceptions first, the operating system's errors from -100,
 * the resolver's from -200. */
#define EDDY_ERROR_MAP(X)                                                                                    \
    X(ECANCELED, -1, "cancelled")                                                                            \
    X(ETIMEDOUT, -2, "timed out")                                                                            \
    X(EINVALIDSTATE, -3, "operation is not allowed in this state")                                           \
    X(EINCOMPLETE, -4, "end of stream before the requested bytes")                                           \
    X(ELIMIT, -5, "separator not found within the limit")                                                    \
    X(EINTERRUPTED, -6, "interrupted from the keyboard")                                                     \
    X(ESTOPPED, -7, "loop stopped before the future completed")                                              \
    X(ECLOSED, -8, "closed")                                                                                 \
    X(ERUNNING, -9, "a loop is already running in this thread")                                              \
    X(ENOTASK, -10, "not inside a task")                                                                     \
    X(ENOLOOP, -11, "no running loop in this thread")                                                        \
    X(EWRONGTHREAD, -12, "called from a thread that is not the loop's")                                      \
    X(EWRONGLOOP, -13, "belongs to a different loop")                                                        \
    X(EFORKED, -14, "the loop belongs to the parent process")                                                \
    X(EBACKEND, -15, "no such backend in this build")                                                        \
    X(EDEADLK, -16, "waiting would never end")                                                               \
    X(EUNCLOSED, -17, "a scope was entered and never exited")                                                \
    X(EOVERFLOW, -18, "value too large")                                                                     \
    X(EQUEUEEMPTY, -19, "queue is empty")                                                                    \
    X(EQUEUEFULL, -20, "queue is full")                                                                      \
    X(EQUEUESHUTDOWN, -21, "queue is shut down")                                                             \
    X(EBROKENBARRIER, -22, "barrier is broken")                                                              \
    X(ESENDFILE, -23, "sendfile is not available for this")                                                  \
    X(ETLS, -40, "TLS failed")                                                                               \
    X(ECERTIFICATE, -41, "certificate is not to be trusted")                                                 \
    X(EHOSTNAME, -42, "certificate is for another host")                                                     \
    X(ETRUNCATED, -43, "end of stream without the end of TLS")                                               \
    X(EINVAL, -100, "invalid argument")                                                                      \
    X(ENOMEM, -101, "out of memory")                                                                         \
    X(EBUSY, -102, "already in use by another task")                                                         \
    X(ENOSYS, -103, "not supported here")                                                                    \
    X(EPERM, -104, "operation not permitted")                                                                \
    X(EACCES, -105, "permission denied")                                                                     \
    X(EMFILE, -106, "too many open descriptors in this process")                                             \
    X(ENFILE, -107, "too many open descriptors in the system")                                               \
    X(ENOBUFS, -108, "no buffer space available")                                                            \
    X(EBADF, -109, "bad descriptor")                                                                         \
    X(EADDRINUSE, -110, "address already in use")                                                            \
    X(EADDRNOTAVAIL, -111, "address not available")                                                          \
    X(EAFNOSUPPORT, -112, "address family not supported")                                                    \
    X(ECONNREFUSED, -113, "connection refused")                                                              \
    X(ECONNRESET, -114, "connection reset by peer")                                                          \
    X(ECONNABORTED, -115, "connection aborted")                                                              \
    X(EPIPE, -116, "the other end is closed")                                                                \
    X(EHOSTUNREACH, -117, "host unreachable")                                                                \
    X(ENETUNREACH, -118, "network unreachable")                                                              \
    X(ENETDOWN, -119, "network is down")                                                                     \
    X(ENOTCONN, -120, "not connected")                                                                       \
    X(EISCONN, -121, "already connected")                                                                    \
    X(EMSGSIZE, -122, "message too long")                                                                    \
    X(ENAMETOOLONG, -123, "name too long")                                                                   \
    X(ENOENT, -124, "no such file or directory")                                                             \
    X(EEXIST, -125, "file exists")                                                                           \
    X(EIO, -126, "input/output error")                                                                       \
    X(ENOSPC, -127, "no space left on device")                                                               \
    X(EFBIG, -128, "file too large")                                                                         \
    X(EPROTO, -129, "protocol error")                                                                        \
    X(EAGAIN, -130, "temporarily unavailable")                                                               \
    X(EINTR, -131, "interrupted by a signal")                                                                \
    X(ENOTSOCK, -132, "not a socket")                                                                        \
    X(EOPNOTSUPP, -133, "operation not supported on this descriptor")                                        \
    X(ENODEV, -134, "no such device")                                                                        \
    X(ESYSTEM, -135, "system error")                                                                         \
    X(ENOHOST, -200, "host or service not known")                                                            \
    X(ERESOLVE, -201, "temporary failure in name resolution")                                                \
    X(ERESOLVEFAIL, -202, "name resolution failed")

enum {
#define EDDY_ERROR_ENUM(name, number, text) EDDY_##name = (number),
    EDDY_ERROR_MAP(EDDY_ERROR_ENUM)
#undef EDDY_ERROR_ENUM
        EDDY_EUSER = -10000 /* this number and all below it are the application's own */
};

enum { EDDY_ERROR_GROUP_MAX = 4 };

/* What asyncio carries inside an exception. Fixed size, so that it is there when memory is not. */
typedef struct eddy_error {
    int code;              /* EDDY_E..., or 0: nothing failed yet */
    int os_error;          /* the operating system's own number, 0 when it was not asked */
    const char *operation; /* what failed: "connect", "readexactly" ...; a literal, or NULL */
    const char *message;   /* the message given to cancel, TLS's own reason, or NULL */
    uint64_t partial;      /* EDDY_EINCOMPLETE: bytes that are there; a failed write: bytes that went out */
    uint64_t expected;     /* EDDY_EINCOMPLETE: bytes that were asked for, 0 for readuntil */
    uint64_t consumed;     /* EDDY_ELIMIT: bytes that can be read and surely hold no separator */
    uint32_t
        group_count; /* how many errors a task group ended with, or the attempts to connect; 0: neither */
    int group[EDDY_ERROR_GROUP_MAX]; /* the first of them, in the order in which they happened */
} eddy_error;

/**
 * The text of an error code, in English, without a newline. Never NULL.
 *
 * returns   a literal; for a number that is no code of eddy, a text that says so
 * thread    any
 * since     0.1
 */
EDDY_API const char *eddy_strerror(int code);

/**
 * The name of an error code: "EDDY_ECANCELED". Never NULL.
 *
 * returns   a literal; "EDDY_EUSER" for the application's own codes, "EDDY_E?" for an unknown one
 * thread    any
 * since     0.1
 */
EDDY_API const char *eddy_error_name(int code);

/**
 * The detail of the last failed call of the current task, or of this thread outside a task.
 *
 * Written by failures only, never by a success. The first failure is kept while clean-up fails too, until
 * the task awaits successfully again or `eddy_error_clear` is called.
 *
 * asyncio   the exception object
 * returns   never NULL; valid until the next failing call of this task
 * thread    any
 * since     0.1
 */
EDDY_API const eddy_error *eddy_last_error(void);

/**
 * Forget the last error, so that the next failure is recorded as the first.
 *
 * thread    any
 * since     0.1
 */
EDDY_API void eddy_error_clear(void);

EDDY_END

#endif
