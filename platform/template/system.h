/* system.h: how code of this system calls it: counted, and through the injection table, so that a test can make every call fail.
 * Touches the counts and the injection table. Every call that can fail, of this folder and of the backends for this system, is an EDDYI_CALL. */
#ifndef EDDYI_TEMPLATE_SYSTEM_H
#define EDDYI_TEMPLATE_SYSTEM_H

#include "core/base/calls.h"

/* Fill in: where the system keeps the error of a call (errno, GetLastError, a return value), and say it in place of `last_error`:
 *
 *     #ifdef EDDY_INJECT
 *     #define EDDYI_REFUSED(call) (eddyi_calls_count(call), eddyi_inject_fails(call, &last_error))
 *     #else
 *     #define EDDYI_REFUSED(call) (eddyi_calls_count(call), false)
 *     #endif
 *     #define EDDYI_CALL(name, failure, arguments) \
 *         (EDDYI_REFUSED(EDDYI_INJECT_##name) ? (failure) : name arguments)
 *
 * A call that core/base/inject.h does not know is one more X(name) there. */

#endif
