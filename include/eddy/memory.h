/* memory.h: the one allocator seam.
 * Touches config.h only. Every byte that eddy takes comes through here, and a failure is EDDY_ENOMEM. */
#ifndef EDDY_MEMORY_H
#define EDDY_MEMORY_H

#include <eddy/config.h>

EDDY_BEGIN

/* Where memory comes from. Blocks must be aligned for any type (as malloc's are); one that is not is given back, and the call ends
 * with EDDY_ENOMEM. */
typedef struct eddy_allocator {
    void *(*allocate)(void *context, size_t size);
    void *(*reallocate)(void *context, void *block, size_t size); /* block may be NULL */
    void (*release)(void *context, void *block);                  /* block may be NULL */
    void *context;
} eddy_allocator;

/**
 * Set the allocator of the whole process, before the first loop is made. A loop may have its own.
 *
 * takes     allocator: copied; NULL puts the C library's back
 * errors    EDDY_EINVAL a function is missing · EDDY_EBUSY loops are alive
 * thread    one, before others use eddy
 * since     0.1
 */
EDDY_API int eddy_set_allocator(const eddy_allocator *allocator);

EDDY_END

#endif
