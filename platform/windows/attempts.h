/* attempts.h: the parts of one try of an op: streams in attempt.c, datagrams in datagrams.c.
 * Touches the seam's types and Winsock's buffers. */
#ifndef EDDYI_WINDOWS_ATTEMPTS_H
#define EDDYI_WINDOWS_ATTEMPTS_H

#include "core/platform.h"
#include "platform/windows/system.h"

enum { EDDYI_MOST_BUFFERS = 64 };

/* The op's buffers as the system wants them, at most EDDYI_MOST_BUFFERS and 2 GiB; returns how many. Empty ones are left out. */
uint32_t eddyi_fill_buffers(WSABUF *out, const eddyi_op *op);

/* datagrams.c: RECVFROM and SENDTO, with or without EDDYI_MANY. */
int64_t eddyi_attempt_datagram(eddyi_op *op, int32_t *os_error);

#endif
