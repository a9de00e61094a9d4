/* owned.h: memory that several own together: the last to let go gives it back.
 * Touches memory.h. Any thread may own and let go; who owns one part may make another owner. */
#ifndef EDDYI_OWNED_H
#define EDDYI_OWNED_H

#include <stdatomic.h>

#include "core/base/memory.h"

typedef struct eddyi_owned {
    atomic_uint owners;
    eddy_allocator allocator;
} eddyi_owned;

static inline void eddyi_owned_init(eddyi_owned *owned, unsigned owners, const eddy_allocator *allocator)
{
    atomic_init(&owned->owners, owners);
    owned->allocator = *allocator;
}

static inline void eddyi_own(eddyi_owned *owned)
{
    atomic_fetch_add(&owned->owners, 1);
}

/* The caller is the only owner, so nobody else can become one meanwhile. */
static inline bool eddyi_owned_alone(const eddyi_owned *owned)
{
    return atomic_load(&owned->owners) == 1;
}

/* True: that was the last owner, who calls eddyi_owned_free. */
static inline bool eddyi_disown_last(eddyi_owned *owned)
{
    return atomic_fetch_sub(&owned->owners, 1) == 1;
}

/* `memory` is what `owned` lies in. */
static inline void eddyi_owned_free(eddyi_owned *owned, void *memory)
{
    eddy_allocator allocator = owned->allocator;
    eddyi_release(&allocator, memory);
}

static inline void eddyi_disown(eddyi_owned *owned, void *memory)
{
    if (eddyi_disown_last(owned))
        eddyi_owned_free(owned, memory);
}

#endif
