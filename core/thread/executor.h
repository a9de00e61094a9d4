/* executor.h: what the files of this folder share.
 * Touches core/task/task.h. Nothing here is seen outside the folder. */
#ifndef EDDYI_EXECUTOR_H
#define EDDYI_EXECUTOR_H

#include "core/task/task.h"

static inline bool eddyi_executor_valid(const eddy_executor *executor)
{
    return executor != NULL && executor->size >= sizeof *executor && executor->submit != NULL;
}

/* What a future and a thread's side own together: the last to let go frees it. Any thread. */
typedef struct eddyi_owned {
    atomic_uint owners;
    eddy_allocator allocator;
} eddyi_owned;

static inline void eddyi_owned_init(eddyi_owned *owned, unsigned owners, const eddy_allocator *allocator)
{
    atomic_init(&owned->owners, owners);
    owned->allocator = *allocator;
}

/* `memory` is what `owned` lies in. */
static inline void eddyi_disown(eddyi_owned *owned, void *memory)
{
    if (atomic_fetch_sub(&owned->owners, 1) != 1)
        return;
    eddy_allocator allocator = owned->allocator;
    eddyi_release(&allocator, memory);
}

/* The two halves of eddy_job_run. */
void eddyi_job_perform(eddyi_job *job);
void eddyi_job_bring_back(eddyi_job *job);

int eddyi_thread_pool_create(eddy_executor **out, const eddy_allocator *allocator,
                             const eddy_thread_pool_options *options);
/* The loop's default executor, made if need be. Not a new reference. EDDY_ECLOSED: it was shut down. */
int eddyi_default_executor(eddy_loop *loop, eddy_executor **out);

#endif
