/* bytes.h: a growing row of bytes that is consumed from the front.
 * Touches the allocator. Consuming never allocates. */
#ifndef EDDYI_BYTES_H
#define EDDYI_BYTES_H

#include "core/base/memory.h"

/* [start, end) of `data`. */
typedef struct eddyi_bytes {
    char *data;
    size_t capacity, start, end;
} eddyi_bytes;

static inline size_t eddyi_bytes_size(const eddyi_bytes *bytes)
{
    return bytes->end - bytes->start;
}

/* Room for `size` more bytes at the end. */
int eddyi_bytes_reserve(const eddy_allocator *, eddyi_bytes *, size_t size);
int eddyi_bytes_append(const eddy_allocator *, eddyi_bytes *, const void *data, size_t size);
void eddyi_bytes_consume(const eddy_allocator *, eddyi_bytes *, size_t size);
void eddyi_bytes_free(const eddy_allocator *, eddyi_bytes *);

#endif
