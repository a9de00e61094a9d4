/* memory.c: the allocator seam over the C library's allocator, with injection in one place.
 * Touches the C library. The only file that calls malloc. */
#include "core/base/memory.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <eddy/error.h>
#include "core/base/inject.h"

static void *library_allocate(void *context, size_t size)
{
    (void)context;
    return malloc(size != 0 ? size : 1);
}

static void *library_reallocate(void *context, void *block, size_t size)
{
    (void)context;
    return realloc(block, size != 0 ? size : 1);
}

static void library_release(void *context, void *block)
{
    (void)context;
    free(block);
}

static const eddy_allocator library = {library_allocate, library_reallocate, library_release, NULL};
static eddy_allocator chosen = {library_allocate, library_reallocate, library_release, NULL};
static atomic_int loops_alive;

void eddyi_loops_alive_add(int count)
{
    atomic_fetch_add(&loops_alive, count);
}

bool eddyi_loops_are_alive(void)
{
    return atomic_load(&loops_alive) != 0;
}

bool eddyi_allocator_complete(const eddy_allocator *allocator)
{
    return allocator->allocate != NULL && allocator->reallocate != NULL && allocator->release != NULL;
}

int eddy_set_allocator(const eddy_allocator *allocator)
{
    if (allocator == NULL)
        allocator = &library;
    if (!eddyi_allocator_complete(allocator))
        return EDDY_EINVAL;
    if (eddyi_loops_are_alive())
        return EDDY_EBUSY;
    chosen = *allocator;
    return 0;
}

const eddy_allocator *eddyi_default_allocator(void)
{
    return &chosen;
}

static bool injected(void)
{
#ifdef EDDY_INJECT
    int ignored;
    return eddyi_inject_fails(EDDYI_INJECT_memory, &ignored);
#else
    return false;
#endif
}

static bool misaligned(const void *block)
{
    return ((uintptr_t)block & (_Alignof(max_align_t) - 1)) != 0;
}

/* Misaligned memory cannot be used, so it is none (fault M6). */
void *eddyi_allocate(const eddy_allocator *allocator, size_t size)
{
    void *block = injected() ? NULL : allocator->allocate(allocator->context, size);
    if (misaligned(block)) {
        allocator->release(allocator->context, block);
        return NULL;
    }
    return block;
}

void *eddyi_allocate_zero(const eddy_allocator *allocator, size_t size)
{
    void *block = eddyi_allocate(allocator, size);
    if (block != NULL)
        memset(block, 0, size);
    return block;
}

/* The old block is gone when the new one turns out to be misaligned: what it held moves on. If there is no aligned memory at all it stays
 * where it is, since nothing may be lost. */
static void *move_to_aligned(const eddy_allocator *allocator, void *moved, size_t size)
{
    void *block = eddyi_allocate(allocator, size);
    if (block == NULL)
        return moved;
    memcpy(block, moved, size);
    allocator->release(allocator->context, moved);
    return block;
}

void *eddyi_reallocate(const eddy_allocator *allocator, void *block, size_t size)
{
    if (block == NULL) /* holds nothing yet */
        return eddyi_allocate(allocator, size);
    if (injected())
        return NULL;
    void *moved = allocator->reallocate(allocator->context, block, size);
    return misaligned(moved) ? move_to_aligned(allocator, moved, size) : moved;
}

void eddyi_release(const eddy_allocator *allocator, void *block)
{
    if (block != NULL)
        allocator->release(allocator->context, block);
}
