/* datagrams.h: between attempt.c and what a system has for datagrams.
 * Touches the seam's types. A folder of a system replaces many.c of posix/. */
#ifndef EDDYI_POSIX_DATAGRAMS_H
#define EDDYI_POSIX_DATAGRAMS_H

#include "core/backend.h"

/* datagrams.c: RECVFROM and SENDTO, with or without EDDYI_MANY. */
int64_t eddyi_attempt_datagram(eddyi_op *op, int32_t *os_error);
int64_t eddyi_attempt_one_datagram(eddyi_op *op, int32_t *os_error);

/* many.c */
int64_t eddyi_attempt_many(eddyi_op *op, int32_t *os_error);
extern const int eddyi_true_length; /* flag of recvmsg: return the length of the whole datagram; 0: cannot */

#endif
