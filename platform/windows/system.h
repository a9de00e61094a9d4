/* system.h: how Windows code calls the system: counted, through the injection table, with the thread's last error as the answer.
 * Touches the system's headers, and is the only place for what one compiler has and another has not. Winsock's error and GetLastError are the
 * same number. Every fallible call of platform/windows and the readiness backends is written with EDDYI_CALL. */
#ifndef EDDYI_WINDOWS_SYSTEM_H
#define EDDYI_WINDOWS_SYSTEM_H

#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00 /* Windows 10 */
#endif
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/calls.h"

#ifdef EDDY_INJECT
bool eddyi_refused(enum eddyi_inject_call call); /* true: the plan says so, and the last error is set */
#define EDDYI_REFUSED(call) (eddyi_calls_count(call), eddyi_refused(call))
#else
#define EDDYI_REFUSED(call) (eddyi_calls_count(call), false)
#endif
/* EDDYI_CALL(recv, SOCKET_ERROR, (socket, buffer, size, flags)): the call, or the failure value when the plan says so. */
#define EDDYI_CALL(name, failure, arguments) (EDDYI_REFUSED(EDDYI_INJECT_##name) ? (failure) : name arguments)
/* A call that counts as the one of POSIX that does the same: EDDYI_CALL_AS(mmap, VirtualAlloc, NULL, (...)). */
#define EDDYI_CALL_AS(kind, name, failure, arguments)                                                        \
    (EDDYI_REFUSED(EDDYI_INJECT_##kind) ? (failure) : name arguments)

/* The injection table may cut a transfer short; lengths are 32 bits here. */
static inline uint32_t eddyi_limited(size_t size)
{
    uint32_t most = INT32_MAX;
#ifdef EDDY_INJECT
    if (eddyi_inject_most_bytes() < most)
        most = eddyi_inject_most_bytes();
#endif
    return size < most ? (uint32_t)size : most;
}

/* A number of Windows or Winsock as an EDDY_E... code; EDDY_ESYSTEM when it has none. */

static inline int eddyi_last_error(void)
{
    return (int)GetLastError();
}

/* bell.c: a socket that is readable from a ring until it is silenced. Closed like any socket; rung by any thread. */
int eddyi_bell_open(intptr_t *out);
void eddyi_bell_ring(intptr_t bell);
void eddyi_bell_silence(intptr_t bell);

/* A function that runs before main: EDDYI_AT_LOAD(name) { ... }. */
#if defined(_MSC_VER) && !defined(__clang__)
#pragma section(".CRT$XCU", read)
#define EDDYI_AT_LOAD(name)                                                                                  \
    static void name(void);                                                                                  \
    __declspec(allocate(".CRT$XCU")) void (*name##_at_load)(void) = name;                                    \
    static void name(void)
#else
#define EDDYI_AT_LOAD(name) __attribute__((constructor)) static void name(void)
#endif

/* A function of a system library that older systems, or emulations, have not: NULL then. Cast to its own type. */
typedef void (*eddyi_any_fn)(void);
eddyi_any_fn eddyi_system_function(const wchar_t *library, const char *name);

#endif
