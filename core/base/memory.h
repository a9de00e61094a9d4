/* memory.h: allocation through the allocator seam, checked sizes, and injection in one place.
 * Touches the C library only. Nothing in eddy calls malloc but memory.c. */
#ifndef EDDYI_MEMORY_H
#define EDDYI_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <eddy/memory.h>

const eddy_allocator *eddyi_default_allocator(void); /* what eddy_set_allocator set, or the C library's */

bool eddyi_allocator_complete(const eddy_allocator *); /* no function is missing */

bool eddyi_loops_are_alive(void);
void eddyi_loops_alive_add(int count); /* while any is alive the process's allocator may not change */

void *eddyi_allocate(const eddy_allocator *, size_t size);      /* not cleared */
void *eddyi_allocate_zero(const eddy_allocator *, size_t size); /* cleared */
void *eddyi_reallocate(const eddy_allocator *, void *block, size_t size);
void eddyi_release(const eddy_allocator *, void *block); /* NULL is fine */

static inline bool eddyi_multiply(size_t *out, size_t a, size_t b) /* false: overflow */
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

static inline bool eddyi_add(size_t *out, size_t a, size_t b) /* false: overflow */
{
    if (a > SIZE_MAX - b)
        return false;
    *out = a + b;
    return true;
}

/* The struct of which `pointer` points at `member`. */
#define EDDYI_CONTAINER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
