/* stack.c: address space for task stacks, and pages that fault.
 * Touches the system's mappings. What is reserved costs no memory before it is touched, and a guard that cannot be had is no error. */
#include "core/platform.h"

size_t eddyi_page_size(void)
{
    /* Fill in: the granularity of eddyi_pages_guard, a power of two. Asked often: remember it. */
    return 4096;
}

int eddyi_pages_reserve(void **out, size_t size)
{
    /* Fill in: readable, writable, zero when first touched, and not counted as used before. Where memory has to be committed, commit on a
     * fault or in steps; a whole stack at once makes a thousand tasks cost 256 MiB. EDDY_ENOMEM, and *out is not written. */
    (void)out;
    (void)size;
    return EDDY_ENOSYS;
}

void eddyi_pages_release(void *pages, size_t size)
{
    (void)pages; /* Fill in: all of what one eddyi_pages_reserve gave */
    (void)size;
}

void eddyi_pages_discard(void *pages, size_t size)
{
    (void)
        pages; /* Fill in: give the memory back, keep the address space and the guards; it reads as zero afterwards */
    (void)size;
}

/* Only where a page counts before it is touched: give most of it back, and add pages as it grows downwards. */
void eddyi_pages_as_stack(void *low, size_t size)
{
    (void)low;
    (void)size;
}

const void *eddyi_pages_of_stack(const void *low, size_t size)
{
    (void)size;
    return low;
}

enum eddyi_guard eddyi_pages_guard(void *pages, size_t size)
{
    (void)
        pages; /* Fill in: touching it faults. What is in force; EDDYI_GUARD_NONE is an answer, a canary stands in then */
    (void)size;
    return EDDYI_GUARD_NONE;
}

void eddyi_guards_released(size_t count)
{
    (void)
        count; /* Fill in: where the number of mappings is bounded, count guards here and in eddyi_pages_guard, and stop in time */
}

void eddyi_guard_limit(enum eddyi_guard most)
{
    (void)
        most; /* Fill in: no more than this from now on; EDDY_GUARD=light|protect|none of the environment says the same */
}

enum eddyi_guard eddyi_guard_probe(void)
{
    /* Fill in: what eddyi_pages_guard would use. Try it once: emulators say yes to what they do not do. */
    return EDDYI_GUARD_NONE;
}
