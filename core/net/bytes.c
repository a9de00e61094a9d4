/* bytes.c: a growing row of bytes that is consumed from the front.
 * Touches the allocator. Consuming never allocates; a row that is empty and large is given back. */
#include "core/net/bytes.h"

#include <string.h>

#include <eddy/error.h>

enum { SMALLEST = 4096, KEPT_WHEN_EMPTY = 16384 };

static int grow(const eddy_allocator *allocator, eddyi_bytes *bytes, size_t needed)
{
    size_t capacity = bytes->capacity != 0 ? bytes->capacity : SMALLEST;
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    char *data = eddyi_reallocate(allocator, bytes->data, capacity);
    if (data == NULL)
        return EDDY_ENOMEM;
    bytes->data = data;
    bytes->capacity = capacity;
    return 0;
}

int eddyi_bytes_reserve(const eddy_allocator *allocator, eddyi_bytes *bytes, size_t size)
{
    size_t needed;
    if (bytes->capacity - bytes->end >= size)
        return 0;
    if (bytes->start > 0 &&
        bytes->start >= eddyi_bytes_size(bytes)) { /* moving costs no more than what was consumed */
        memmove(bytes->data, bytes->data + bytes->start, eddyi_bytes_size(bytes));
        bytes->end -= bytes->start;
        bytes->start = 0;
        if (bytes->capacity - bytes->end >= size)
            return 0;
    }
    if (!eddyi_add(&needed, bytes->end, size))
        return EDDY_EOVERFLOW;
    return grow(allocator, bytes, needed);
}

int eddyi_bytes_append(const eddy_allocator *allocator, eddyi_bytes *bytes, const void *data, size_t size)
{
    if (size == 0)
        return 0;
    int rc = eddyi_bytes_reserve(allocator, bytes, size);
    if (rc < 0)
        return rc;
    memcpy(bytes->data + bytes->end, data, size);
    bytes->end += size;
    return 0;
}

void eddyi_bytes_consume(const eddy_allocator *allocator, eddyi_bytes *bytes, size_t size)
{
    bytes->start += size;
    if (bytes->start < bytes->end)
        return;
    bytes->start = bytes->end = 0;
    if (bytes->capacity > KEPT_WHEN_EMPTY)
        eddyi_bytes_free(allocator, bytes);
}

void eddyi_bytes_free(const eddy_allocator *allocator, eddyi_bytes *bytes)
{
    eddyi_release(allocator, bytes->data);
    *bytes = (eddyi_bytes){0};
}
